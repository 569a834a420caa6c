#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs that know nothing of the frame grabber capture from it: every byte that they
# save is what the board wrote. Two at a time, each at a board of its own.
set -u
dir=${LEND_MODULES:-.}
verify=$(dirname "$0")/../build/user/samples/grab-verify
memory=/sys/module/grab/parameters/memory
work=$(mktemp -d /tmp/lend.grab.XXXXXX)
frames=3 width=320 height=240
count=0
trap 'wait; rm -rf "$work"; rmmod grab lend-vb2' EXIT

node() { echo /dev/"$(basename /sys/bus/platform/devices/grab."$1"/video4linux/video*)"; }

# verified NAME FORMAT DESCRIPTION: as many frames as wanted, one after the other, all right
verified() {
	count=$((count + 1))
	if "$verify" --no-loss --json --size ${width}x$height --format "$2" "$work/$1" \
		>"$work/json" 2>"$work/errors" && jq -e ".[0].good == $frames" "$work/json" >/dev/null; then
		echo "ok $count - $3"
	else
		echo "not ok $count - $3"
		cat "$work/json" "$work/errors" "$work/$1.log" | head -n 20 | sed 's/^/# /'
	fi
	rm -f "$work/$1"
}

# The names that each program has for a format.
declare -A ffmpeg=([GREY]=gray [YUYV]=yuyv422 [RGB3]=rgb24 [XR24]=bgr0)
declare -A gst=([GREY]=GRAY8 [YUYV]=YUY2 [RGB3]=RGB [XR24]=BGRx)

# with_ffmpeg BOARD FORMAT NAME
with_ffmpeg() {
	ffmpeg -nostdin -hide_banner -f v4l2 -input_format "${ffmpeg[$2]}" \
		-video_size ${width}x$height -i "$1" -frames:v $frames -c copy -f rawvideo \
		"$work/$3" >"$work/$3.log" 2>&1
}

# with_gst BOARD FORMAT NAME IO-MODE [ELEMENT...]
with_gst() {
	gst-launch-1.0 v4l2src device="$1" num-buffers=$frames io-mode="$4" ! \
		"video/x-raw,format=${gst[$2]},width=$width,height=$height" ! "${@:5}" \
		filesink location="$work/$3" >"$work/$3.log" 2>&1
}

# with_v4l2_ctl BOARD FORMAT NAME
with_v4l2_ctl() {
	v4l2-ctl -d "$1" --set-fmt-video=width=$width,height=$height,pixelformat="$2" \
		--stream-mmap --stream-count=$frames --stream-to="$work/$3" >"$work/$3.log" 2>&1
}

# with_head BOARD FORMAT NAME: what has the format already
with_head() {
	head -c "$(v4l2-ctl -d "$1" --get-fmt-video |
		awk -v frames=$frames '/Size Image/ { print $NF * frames }')" "$1" \
		>"$work/$3" 2>"$work/$3.log"
}

modprobe -a videodev videobuf2-v4l2 && insmod "$dir/lend-vb2.ko" &&
	insmod "$dir/grab.ko" boards=2 || exit 1
first=$(node 0) second=$(node 1)
for board in "$first" "$second"; do
	# A busy machine loses none.
	v4l2-ctl -d "$board" -c wait_for_buffers=1
done

kinds=(pages folios contig pages) kind=0
for format in YUYV RGB3 XR24 GREY; do
	echo "${kinds[kind]}" >$memory
	with_ffmpeg "$first" $format ffmpeg &
	with_gst "$second" $format gst mmap &
	wait
	verified ffmpeg $format "ffmpeg, $format, ${kinds[kind]}"
	verified gst $format "GStreamer, mmap, $format, ${kinds[kind]}"
	with_v4l2_ctl "$first" $format ctl
	verified ctl $format "v4l2-ctl, $format, ${kinds[kind]}"
	with_head "$first" $format head
	verified head $format "head, by read(), $format, ${kinds[kind]}"
	kind=$((kind + 1))
done

with_gst "$first" XR24 rw rw &
# The board writes into the memory of the element that comes next: one that has a use for it.
with_gst "$second" RGB3 userptr userptr videoconvert ! video/x-raw,format=BGR ! \
	videoconvert ! video/x-raw,format=RGB ! &
wait
verified rw XR24 "GStreamer, read(), XR24"
verified userptr RGB3 "GStreamer, memory of its own, by way of BGR, RGB3"
with_gst "$first" YUYV dmabuf dmabuf
verified dmabuf YUYV "GStreamer, dma-bufs, YUYV"

echo "1..$count"
