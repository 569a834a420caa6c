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
have MNT_USERNS		fs.h	'int \(\*create\) ?\(struct user_namespace \*'
have MKDIR_DENTRY	fs.h	'struct dentry \*\(\*mkdir\)'
have TMPFILE_FILE	fs.h	'finish_open_simple\('
have PERSISTENT		dcache.h	'\bd_make_persistent\('
have INODE_JUST_DROP	fs.h	'\binode_just_drop\('
have CREATING_PATH	namei.h	'\bstart_creating_path\('
have DIRTY_FOLIO	fs.h	'\(\*dirty_folio\)'
have INODE_INIT_TS	fs.h	'\bsimple_inode_init_ts\('
have SET_CTIME		fs.h	'\binode_set_ctime_current\('
have COPY_SPLICE_READ	fs.h	'\bcopy_splice_read\('
have IOSYS_MAP		dma-buf.h	'struct iosys_map'
have IMPORT_NS_STRING	module.h	'define MODULE_IMPORT_NS\(ns\)[[:space:]]+MODULE_INFO\(import_ns, ns\)'
have FOLIO		mm_types.h	'^struct folio \{'
have VMA_SET_FILE	mm.h	'\bvma_set_file\('
have KMAP_LOCAL		highmem-internal.h	'\bkmap_local_page\('
have MEMCG_DATA		mm_types.h	'\bmemcg_data;'
have ALLOC_BULK		gfp.h	'\b__?alloc_pages_bulk'
have ALLOC_BULK_LIST	gfp.h	'struct list_head \*page_list'
have ALLOC_NODEMASK	gfp.h	'\b__alloc_pages_nodemask\('
have ACR_FLAGS		gfp.h	'\bacr_flags_t alloc_flags'
# Told by a neighbour: the flag that keeps it from doing so.
have CONTIG_INIT		gfp_types.h	'define __GFP_SKIP_ZERO'
have INSERT_FOLIO_PMD	huge_mm.h	'\bvmf_insert_folio_pmd\('
have FOLLOW_PFNMAP	mm.h	'\bfollow_pfnmap_start\('
have PFN_T		pfn_t.h		'.'
have MMAP_PREPARE	mm_types.h	'^struct vm_area_desc \{'
have MAP_UNLOCKED	dma-buf.h	'\bdma_buf_map_attachment_unlocked\('
have VMAP_UNLOCKED	dma-buf.h	'\bdma_buf_vmap_unlocked\('
have VB2_MEMOPS_BUFFER	../media/videobuf2-core.h	'\(\*vaddr\)\(struct vb2_buffer \*vb'
have VB2_MAX_BUFFERS	../media/videobuf2-core.h	'\bmax_num_buffers;'
have VB2_WAIT_PREPARE	../media/videobuf2-v4l2.h	'\bvb2_ops_wait_prepare\('
have MM_GET_AREA	sched/mm.h	'\bmm_get_unmapped_area\('
have FILE_GET_AREA	sched/mm.h	'\bmm_get_unmapped_area\(struct file '
have MF_STATS		mmzone.h	'\bmf_stats;'
have SHRINKER_ALLOC	shrinker.h	'\bshrinker_alloc\('
have SHRINKER_NAME	shrinker.h	'register_shrinker\(struct shrinker \*shrinker,$'
have EVENTFD_ONE	eventfd.h	'eventfd_signal\(struct eventfd_ctx \*ctx\)'
