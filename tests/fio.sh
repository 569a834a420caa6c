#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fio, which knows nothing of lend, with its I/O memory in a file of it: direct I/O
# on ext4, each engine, every byte verified by fio itself. Runs in the machine.
set -u
device=/dev/mapper/lend-fio
memory=/dev/lend/fio.memory
work=$(mktemp -d /tmp/lend.fio.XXXXXX)
mnt=$work/mnt
export DM_DISABLE_UDEV=1	# nobody else makes the nodes
status=0 pid=
# shellcheck source=tests/common/tap.sh
. "$(dirname "$0")/common/tap.sh"

explain() {
	printf '# fio ended with %s\n' "$status"
	head -n 5 "$work/errors" | sed 's/^/# /'
	grep -aE '"(jobname|error|io_bytes)"' "$work/json" | sed 's/^/# /'
}

clean_up() {
	[ -z "$pid" ] || kill "$pid"
	dmsetup resume lend-fio
	wait
	umount "$mnt"
	dmsetup remove lend-fio
	rm -rf "$work" "$memory"
} >/dev/null 2>&1
trap clean_up EXIT

# What is the same in all runs: three engines, one after the other, one file each.
common=(--direct=1 --verify=crc32c --do_verify=1 --verify_fatal=1 --disk_util=0
	--output-format=json --stonewall)
aio=(--name=libaio --filename="$mnt/libaio" --ioengine=libaio --rw=randwrite
	--bs=64k --size=4m --iodepth=8)
uring=(--name=io_uring --filename="$mnt/io_uring" --ioengine=io_uring --rw=write
	--bs=1m --size=8m --iodepth=4)
sync=(--name=psync --filename="$mnt/psync" --ioengine=psync --rw=write --bs=4k --size=1m)

# fio writes what went wrong into the same file, before the JSON.
run_fio() {
	fio "${common[@]}" --mem="$1" --output="$work/output" "${@:2}" >"$work/errors" 2>&1
	status=$?
	sed -n '/^{/,$p' "$work/output" >"$work/json"
	sed '/^{/,$d' "$work/output" >>"$work/errors"
}

json() { jq -e "$1" "$work/json" >/dev/null; }

# verified JOB BYTES: as much was written, and read back right
verified() {
	[ "$status" -eq 0 ] && json ".jobs[] | select(.jobname == \"$1\") |
		.error == 0 and .write.io_bytes == $2 and .read.io_bytes == $2"
}

# refused JOB ERRNO: nothing was written, for this reason; fio counts the jobs that failed
refused() {
	json ".jobs | length == $status" && json ".jobs[] | select(.jobname == \"$1\") |
		.error == $2 and .write.io_bytes == 0"
}

# fio's last block is what its memory begins with, for fio has no other memory
last_block_in_memory() {
	cmp -s <(tail -c 4096 "$mnt/psync") <(head -c 4096 "$memory") &&
		[ "$(head -c 4096 "$memory" | tr -d '\0' | wc -c)" -gt 0 ]
}

# lend KIND WAY
lend_memory() {
	rm -f "$memory"
	lend create --size 8M --backing "$1" --map "$2" "$memory"
}

info() { lend info --json "$memory" | jq -e "$1" >/dev/null; }

wait_for() {
	local tries
	for ((tries = 600; tries; tries--)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

modprobe dm-mod &&
	dmsetup create lend-fio --table "0 $(blockdev --getsz /dev/vda) linear /dev/vda 0" &&
	mkfs.ext4 -q -F "$device" && mkdir "$mnt" && mount "$device" "$mnt" || exit 1

for kind in folios pages contig vmalloc; do
	for way in fault insert; do
		lend_memory $kind $way
		run_fio "mmapshared:$memory" "${aio[@]}" "${uring[@]}" "${sync[@]}"
		is "$kind, $way: libaio, 64 KiB, 8 in flight" verified libaio $((4 << 20))
		is "$kind, $way: io_uring, 1 MiB, 4 in flight" verified io_uring $((8 << 20))
		is "$kind, $way: psync, 4 KiB" verified psync $((1 << 20))
		is "$kind, $way: fio's memory is the file's" last_block_in_memory
	done
done

# --- what cannot be: EFAULT is 14, EOPNOTSUPP is 95
for kind in folios pages contig vmalloc; do
	lend_memory $kind pfn
	run_fio "mmapshared:$memory" "${aio[@]}" "${uring[@]}" "${sync[@]}"
	is "$kind, pfn: libaio: EFAULT" refused libaio 14
	is "$kind, pfn: io_uring: EFAULT" refused io_uring 14
	is "$kind, pfn: psync: EFAULT" refused psync 14
done
run_fio "mmapshared:$memory" "${sync[@]}" --direct=0
is 'pfn without direct I/O' verified psync $((1 << 20))

lend_memory folios auto
run_fio "mmapshared:$memory" "${uring[@]}" --fixedbufs=1
# Linux 6.5 is the first to register mapped files.
if kernel_from 6.5; then
	is 'io_uring with registered buffers' verified io_uring $((8 << 20))
else
	is 'io_uring with registered buffers: EOPNOTSUPP' refused io_uring 95
fi
run_fio malloc "${uring[@]}" --fixedbufs=1
is '... which are right with memory of its own' verified io_uring $((8 << 20))

# --- its other way to map a file
run_fio "mmaphuge:$memory" "${sync[@]}"
is 'mmaphuge' verified psync $((1 << 20))
is '... in the memory of the file' last_block_in_memory

# --- seen while it runs: the disk does not answer, and fio waits with it in flight
dmsetup suspend --nolockfs lend-fio
run_fio "mmapshared:$memory" "${uring[@]}" &
pid=$!
in_flight() {
	info '.[0].mappings == 1 and .[0].held > 0 and ([.[0].users[].command] | index("fio"))'
}
is 'lend shows fio while it runs' wait_for in_flight
dmsetup resume lend-fio
wait "$pid"
pid=
run_fio malloc "${uring[@]}" --verify_only
is '... and what it wrote is on the disk' verified io_uring $((8 << 20))
is 'nothing of it is held afterwards' info '.[0].mappings == 0 and .[0].held == 0'

echo "1..$count"
