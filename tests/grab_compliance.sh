#!/bin/bash
# The checker of V4L2 drivers, and its tool, on boards with memory of each kind.
set -u

dir=${LEND_MODULES:-.}
memory=/sys/module/grab/parameters/memory
log=$(mktemp)
trap 'rm -f "$log"; rmmod grab lend-vb2' EXIT

node() { echo /dev/"$(basename /sys/bus/platform/devices/grab."$1"/video4linux/video*)"; }

number=0
check() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		tr '\r' '\n' <"$log" | grep -aE 'warn|fail|FAIL|error' | head -20 | sed 's/^/# /'
		tail -n 3 "$log" | sed 's/^/# /'
	fi
}

# shellcheck source=tests/common/tap.sh
. "$(dirname "$0")/common/tap.sh"

# What Debian 12's checker says of the kernel, whatever the driver. From 6.8 on it takes
# a field of struct v4l2_create_buffers for reserved that is in use. The videobuf2 of
# 5.10 reports no event to epoll, as with vivid, and keeps hints about caches in the
# flags of dma-bufs.
known='^$' failures=0 dmabufs='DMABUF (select): OK'
if kernel_from 6.8; then
	known='check_0\(crbufs.reserved' failures=1
elif ! kernel_from 5.11; then
	known='\(1002\): ret == 0|captureBufs|NO_CACHE_INVALIDATE|setupDmaBuf' failures=3 dmabufs=''
fi

# No failure but those, no warning.
complies() {
	local failed
	failed=$(sed -n 's/.*Failed: \([0-9]*\),.*/\1/p' "$log")
	grep -aq "$dmabufs" "$log" && grep -aq 'Warnings: 0$' "$log" &&
		! grep -a 'fail: ' "$log" | grep -avEq "$known" &&
		[ "$failed" ] && [ "$failed" -le "$failures" ]
}

echo "1..15"
modprobe -a videodev videobuf2-v4l2
insmod "$dir/lend-vb2.ko" && insmod "$dir/grab.ko" boards=2
check $? "the modules are loaded"
first=$(node 0) second=$(node 1)
# A busy machine may lose frames, and the checker warns of each.
v4l2-ctl -d "$first" -c wait_for_buffers=1
# It starts the board by read() twice, and wants to find no frame yet either time.
v4l2-ctl -d "$first" --set-parm 5 >"$log" 2>&1

for kind in pages folios contig; do
	echo $kind >$memory
	v4l2-compliance -d "$first" -s 10 -e "$second" >"$log" 2>&1
	complies
	check $? "v4l2-compliance, $kind"
	for way in mmap user "dmabuf --export-device $second"; do
		# shellcheck disable=SC2086
		v4l2-ctl -d "$first" --stream-$way --stream-count=10 >"$log" 2>&1 &&
			[ "$(grep -ao '<' "$log" | wc -l)" = 10 ]
		check $? "v4l2-ctl --stream-${way%% *}, $kind"
	done
done
! echo kernel >"$memory" 2>"$log" && [ "$(cat "$memory")" = contig ]
check $? "memory of another kind is refused"
timeout $((60 * ${LEND_SLOWER:-1})) head -c 6144000 "$first" >"$log" && [ "$(wc -c <"$log")" = 6144000 ]
check $? "read by a program that knows no video"
