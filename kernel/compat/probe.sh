#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints a -D flag for each feature that the kernel's headers have, and keeps a
# log of what was asked and answered.
# usage: probe.sh KERNEL_SOURCE_DIR LOG_FILE
set -eu
include=$1/include/linux
log=$2
: > "$log"

# have NAME HEADER REGEX: is there a line like this?
have() {
	if grep -qE "$3" "$include/$2" 2>/dev/null; then
		echo "$1: yes ($2: $3)" >> "$log"
		echo "-DLEND_HAVE_$1"
	else
		echo "$1: no ($2: $3)" >> "$log"
	fi
}

have VM_FLAGS_SET	mm.h	'\bvm_flags_set\('
have MNT_IDMAP		fs.h	'int \(\*create\) ?\(struct mnt_idmap \*'
have INODE_INIT_TS	fs.h	'\bsimple_inode_init_ts\('
have SET_CTIME		fs.h	'\binode_set_ctime_current\('
have COPY_SPLICE_READ	fs.h	'\bcopy_splice_read\('
have IMPORT_NS_STRING	module.h	'define MODULE_IMPORT_NS\(ns\)[[:space:]]+MODULE_INFO\(import_ns, ns\)'
have MM_GET_AREA	sched/mm.h	'\bmm_get_unmapped_area\('
