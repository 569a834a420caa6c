#!/bin/bash
# Debian's stress-ng and trinity, which were not written for lend, are let loose on its
# files by a user without privileges. What they do is theirs; what must hold is that
# the kernel's log stays clean and that everything is given back, which tests/run
# looks at, and that lend still works beside and after them.
set -u

if [ "${1-}" = --help ]; then
	cat <<'EOT'
usage: tests/stressors.sh

Runs stressors of stress-ng that use a directory, and trinity with files of lend as
its victims, each for a bounded time. Inside the machine: vm/run -- tests/run stressors
EOT
	exit
fi

seed=${STRESSORS_SEED:-1}
seconds=${STRESSORS_SECONDS:-4}
calls=${STRESSORS_CALLS:-3000}
dir=/dev/lend/stressors
work=$(mktemp -d)
chmod 777 "$work"

# Those whose files are made as lend's are: a size first, then bytes within it; or that
# need no bytes at all. Their verdict is asked for. Not meant: what seeks or writes
# beyond the end, changes a size or leaves holes (mmap --mmap-file, seek, fallocate,
# iomix), which lend refuses, and must refuse.
sized=(rmap fault mincore splice)
names=(dentry dir dirdeep rename link chmod utime getdent fstat)
files=(dup flock file-ioctl)

number=0 failed=0
result() {
	local verdict=ok
	number=$((number + 1))
	[ "$1" -eq 0 ] || verdict='not ok' failed=1
	echo "$verdict $number - $2"
}

as_user() {
	(cd "$work" && exec setpriv --reuid 12345 --regid 12345 --clear-groups --no-new-privs "$@")
}

# What a buffer says after all that is what it said before.
check_lend() {
	sha256sum <"$dir/witness"
}

stress_ng() {
	as_user stress-ng --seed "$seed" --verify --metrics-brief --temp-path "$dir" \
		--msync-bytes 1M --hdd-bytes 1M "$@" 2>&1
}

has_run() {
	awk -v name="$1" '/metrc:|info:/ && $4 == name && $5 > 0 { found = 1 }
		END { exit !found }' "$log"
}

# Whether each stressor has done something, and all of them are content. One that a busy
# machine has kept from running has time enough by itself.
stress() {
	local name args=() log=$work/stress.log
	for name; do args+=(--"$name" 1); done
	stress_ng --timeout "$seconds" "${args[@]}" >"$log"
	local status=$?
	for name; do
		has_run "$name" || stress_ng --timeout $((60 * ${LEND_SLOWER:-1})) --"$name" 1 --"$name"-ops 1 >>"$log" ||
			status=$?
		has_run "$name"
		result $? "stress-ng: $name has run"
	done
	! grep -E 'fail:|error:' "$log" | sed 's/^/# /' | grep .
	result $? "stress-ng: nothing failed"
	result "$status" "stress-ng: status $status"
	[ "$status" -eq 0 ] || sed 's/^/# /' "$log"
}

trinity_calls=(mmap mremap mprotect madvise msync mincore mlock remap_file_pages
	read pread64 preadv write pwrite64 pwritev lseek ftruncate fallocate fsync
	sync_file_range fadvise64 readahead ioctl fcntl flock splice tee vmsplice sendfile
	copy_file_range newfstat fchmod)

trinities() {
	local call args=() log=$work/trinity.log i
	for call in "${trinity_calls[@]}"; do args+=(-c "$call"); done
	mkdir -m 777 "$dir/victims"
	for i in folios pages contig vmalloc; do
		lend create --size 1M --backing "$i" "$dir/victims/$i" 2>"$work/create" || cat "$work/create"
	done
	chmod 666 "$dir"/victims/*
	# It loses its way among randomized addresses as soon as it has victims, on any files.
	as_user timeout -k 5 $((120 * ${LEND_SLOWER:-1})) setarch -R trinity -q -q -l off -C 2 -N "$calls" \
		--disable-fds=sockets,pipes,perf,epoll,eventfd,timerfd,testfile,memfd,drm \
		-s "$seed" -V "$dir/victims" "${args[@]}" >"$log" 2>&1
	local status=$?
	result "$status" "trinity: status $status"
	grep -q 'Added [1-9].* filenames' "$log" && grep -q 'Ran .*Successes: [1-9]' "$log"
	result $? "trinity: calls on its victims succeeded"
	grep -oE 'Ran [0-9]+ syscalls.*' "$log" | sed 's/^/# /'
	[ "$status" -eq 0 ] || tail -n 20 "$log" | sed 's/^/# /'
}

mkdir -m 1777 "$dir"
truncate -s 1M "$dir/witness"
head -c 1M /dev/urandom | dd of="$dir/witness" conv=notrunc status=none bs=64k
chmod 600 "$dir/witness"
ulimit -l 262144
witness=$(check_lend)

stress "${sized[@]}" "${names[@]}" "${files[@]}"
trinities

[ "$(check_lend)" = "$witness" ]
result $? "a buffer of another user is as it was"
! pgrep -u 12345 >/dev/null
result $? "no process is left"
rm -rf "$dir" "$work"
echo "1..$number"
exit $failed
