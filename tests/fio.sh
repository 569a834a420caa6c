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
status=0 failed=0 pid='' job=()
# shellcheck source=tests/common/tap.sh
. "$(dirname "$0")/common/tap.sh"

explain() {
	printf '# fio ended with %s\n' "$status"
	head -n 5 "$work/errors" | sed 's/^/# /'
	sed 's/^/# /' "$work/jobs"
}

clean_up() {
	[ -z "$pid" ] || kill "$pid"
	dmsetup resume lend-fio
	wait
	umount "$mnt"
	dmsetup remove lend-fio
	rm -rf "$work" "$memory" "$memory".*
} >/dev/null 2>&1
trap clean_up EXIT

# What is the same in all jobs, which are run one after the other.
common=(--direct=1 --verify=crc32c --do_verify=1 --verify_fatal=1 --disk_util=0
	--output-format=json --stonewall)

# add_jobs NAME MEMORY ENGINE...: for run_fio, each with a file of its own; NAME may be empty
add_jobs() {
	local name=$1 memory=$2 engine
	for engine in "${@:3}"; do
		job+=(--name="$name$engine" --filename="$mnt/$name$engine" --ioengine="$engine"
			--mem="$memory")
		case $engine in
		libaio) job+=(--rw=randwrite --bs=64k --size=4m --iodepth=8) ;;
		io_uring) job+=(--rw=write --bs=1m --size=8m --iodepth=4) ;;
		psync) job+=(--rw=write --bs=4k --size=1m) ;;
		esac
	done
}

# Runs the jobs, with what $@ says for the last of them; fio takes long to start here.
# It writes what went wrong into the same file, before the JSON.
run_fio() {
	fio "${common[@]}" --output="$work/output" "${job[@]}" "$@" >"$work/errors" 2>&1
	status=$?
	job=()
	sed '/^{/,$d' "$work/output" >>"$work/errors"
	sed -n '/^{/,$p' "$work/output" | jq -r '.jobs[] | "\(.jobname) error \(.error) " +
		"wrote \(.write.io_bytes) read \(.read.io_bytes)"' >"$work/jobs"
	failed=$(grep -vc ' error 0 ' "$work/jobs")
}

# ended NR: with so many failed jobs, which fio's status is
ended() { [ "$status" -eq "$1" ] && [ "$failed" -eq "$1" ]; }

# verified JOB BYTES: as much was written, and read back right
verified() { ended "$failed" && grep -qx "$1 error 0 wrote $2 read $2" "$work/jobs"; }

# refused JOB ERRNO: nothing was written, for this reason
refused() { ended "$failed" && grep -q "^$1 error $2 wrote 0 " "$work/jobs"; }

# fio's last block is what its memory begins with, for fio has no other memory
# last_block_in MEMORY JOB
last_block_in() {
	cmp -s <(tail -c 4096 "$mnt/$2") <(head -c 4096 "$1") &&
		[ "$(head -c 4096 "$1" | tr -d '\0' | wc -c)" -gt 0 ]
}

# lend_memory KIND WAY FILE
lend_memory() {
	rm -f "$3"
	lend create --size 8M --backing "$1" --map "$2" "$3"
}

info() { lend info --json "$memory" | jq -e "$1" >/dev/null; }

wait_for() {
	local tries
	for ((tries = 600 * ${LEND_SLOWER:-1}; tries; tries--)); do
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
		lend_memory $kind $way "$memory.$kind.$way"
		add_jobs $kind.$way. "mmapshared:$memory.$kind.$way" libaio io_uring psync
	done
done
run_fio
is 'no job failed' ended 0
for kind in folios pages contig vmalloc; do
	for way in fault insert; do
		is "$kind, $way: libaio, 64 KiB, 8 in flight" verified $kind.$way.libaio $((4 << 20))
		is "$kind, $way: io_uring, 1 MiB, 4 in flight" verified $kind.$way.io_uring $((8 << 20))
		is "$kind, $way: psync, 4 KiB" verified $kind.$way.psync $((1 << 20))
		is "$kind, $way: fio's memory is the file's" \
			last_block_in "$memory.$kind.$way" $kind.$way.psync
	done
done
rm -f "$memory".*

# --- what cannot be: EFAULT is 14, EOPNOTSUPP is 95
for kind in folios pages contig vmalloc; do
	lend_memory $kind pfn "$memory.$kind"
	add_jobs $kind. "mmapshared:$memory.$kind" libaio io_uring psync
done
add_jobs buffered. "mmapshared:$memory.folios" psync
run_fio --direct=0
is 'pfn: each job failed but the last' ended 12
for kind in folios pages contig vmalloc; do
	is "$kind, pfn: libaio: EFAULT" refused $kind.libaio 14
	is "$kind, pfn: io_uring: EFAULT" refused $kind.io_uring 14
	is "$kind, pfn: psync: EFAULT" refused $kind.psync 14
done
is 'pfn without direct I/O' verified buffered.psync $((1 << 20))
rm -f "$memory".*

# Linux 6.5 is the first to register mapped files.
lend_memory folios auto "$memory"
add_jobs '' "mmapshared:$memory" io_uring
run_fio --fixedbufs=1
if kernel_from 6.5; then
	is 'io_uring with registered buffers' verified io_uring $((8 << 20))
else
	is 'io_uring with registered buffers: EOPNOTSUPP' refused io_uring 95
fi
add_jobs '' malloc io_uring
run_fio --fixedbufs=1
is '... which are right with memory of its own' verified io_uring $((8 << 20))

# --- its other way to map a file
add_jobs '' "mmaphuge:$memory" psync
run_fio
is 'mmaphuge' verified psync $((1 << 20))
is '... in the memory of the file' last_block_in "$memory" psync

# --- seen while it runs: the disk does not answer, and fio waits with it in flight
dmsetup suspend --nolockfs lend-fio
add_jobs '' "mmapshared:$memory" io_uring
run_fio &
pid=$! job=()
in_flight() {
	info '.[0].mappings == 1 and .[0].held > 0 and ([.[0].users[].command] | index("fio"))'
}
is 'lend shows fio while it runs' wait_for in_flight
dmsetup resume lend-fio
wait "$pid"
pid=''
add_jobs '' malloc io_uring
run_fio --verify_only
is '... and what it wrote is on the disk' verified io_uring $((8 << 20))
is 'nothing of it is held afterwards' info '.[0].mappings == 0 and .[0].held == 0'

echo "1..$count"
