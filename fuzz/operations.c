// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface that the fuzzer knows: each call, its arguments and their words.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/dma-buf.h>

#include "calls.h"

#define END { NULL, 0 }

static const struct word accesses[] = {
	{ "rdwr", O_RDWR }, { "rdonly", O_RDONLY }, { "wronly", O_WRONLY }, { "none", 3 }, END,
};

static const struct word open_flags[] = {
	{ "creat", O_CREAT }, { "excl", O_EXCL }, { "trunc", O_TRUNC }, { "append", O_APPEND },
	{ "direct", O_DIRECT }, { "sync", O_SYNC }, { "dsync", O_DSYNC }, { "noatime", O_NOATIME },
	{ "nonblock", O_NONBLOCK }, { "tmpfile", O_DIRECTORY }, END,
};

static const struct word fallocate_modes[] = {
	{ "keep_size", FALLOC_FL_KEEP_SIZE }, { "punch_hole", FALLOC_FL_PUNCH_HOLE },
	{ "collapse", FALLOC_FL_COLLAPSE_RANGE }, { "zero", FALLOC_FL_ZERO_RANGE },
	{ "insert", FALLOC_FL_INSERT_RANGE }, { "unshare", FALLOC_FL_UNSHARE_RANGE }, END,
};

static const struct word rename_flags[] = {
	{ "noreplace", 1 }, { "exchange", 2 }, { "whiteout", 4 }, END,
};

static const struct word rw_flags[] = {
	{ "hipri", RWF_HIPRI }, { "dsync", RWF_DSYNC }, { "sync", RWF_SYNC },
	{ "nowait", RWF_NOWAIT }, { "append", RWF_APPEND }, { "noappend", 0x20 },
	{ "atomic", 0x40 }, { "dontcache", 0x80 }, END,
};

static const struct word whences[] = {
	{ "set", SEEK_SET }, { "cur", SEEK_CUR }, { "end", SEEK_END }, { "data", SEEK_DATA },
	{ "hole", SEEK_HOLE }, END,
};

static const struct word syncs[] = {
	{ "fsync", 0 }, { "fdatasync", 1 }, { "range", 7 }, END,
};

static const struct word copies[] = { { "copy_file_range", 0 }, { "sendfile", 1 }, END };
static const struct word gifts[] = { { "gift", 8 }, END };

static const struct word setup_flags[] = {
	{ "backing", LEND_SETUP_BACKING }, { "map", LEND_SETUP_MAP }, { "node", LEND_SETUP_NODE },
	{ "dma_bits", LEND_SETUP_DMA_BITS }, END,
};

static const struct word backings[] = {
	{ "unset", 0 }, { "folios", LEND_BACKING_FOLIOS }, { "pages", LEND_BACKING_PAGES },
	{ "contig", LEND_BACKING_CONTIG }, { "vmalloc", LEND_BACKING_VMALLOC }, END,
};

static const struct word maps[] = {
	{ "unset", 0 }, { "auto", LEND_MAP_AUTO }, { "fault", LEND_MAP_FAULT },
	{ "insert", LEND_MAP_INSERT }, { "pfn", LEND_MAP_PFN }, END,
};

static const struct word nodes[] = { { "0", 0 }, { "any", UINT64_MAX }, { "1", 1 }, END };
static const struct word bits[] = {
	{ "0", 0 }, { "32", 32 }, { "24", 24 }, { "31", 31 }, { "64", 64 }, { "65", 65 }, END,
};

/* Sizes of structures: right, then too short, then too long. */
#define SIZES(type, name) \
	static const struct word name[] = {					\
		{ "right", sizeof(struct type) }, { "right", sizeof(struct type) },	\
		{ "short", sizeof(struct type) - 4 }, { "long", sizeof(struct type) + 8 },	\
		{ "page", PAGE }, { "more", PAGE + 1 }, END,			\
	}

SIZES(lend_setup, setup_sizes);
SIZES(lend_info, info_sizes);
SIZES(lend_runs, runs_sizes);
SIZES(lend_sync, sync_sizes);
SIZES(lend_dmabuf, dmabuf_sizes);

static const struct word places[] = {
	{ "fine", 0 }, { "fine", 0 }, { "nowhere", 1 }, { "odd", 2 }, { "kernel", 3 },
	{ "at_the_end", 4 }, { "dirty", 0x100 }, END,
};

static const struct word sync_flags[] = {
	{ "for_cpu", LEND_SYNC_FOR_CPU }, { "for_device", LEND_SYNC_FOR_DEVICE }, END,
};

static const struct word dmabuf_flags[] = {
	{ "rdwr", O_RDWR }, { "wronly", O_WRONLY }, { "cloexec", O_CLOEXEC }, END,
};

static const struct word dmabuf_syncs[] = {
	{ "read", DMA_BUF_SYNC_READ }, { "write", DMA_BUF_SYNC_WRITE }, { "end", DMA_BUF_SYNC_END },
	END,
};

static const struct word prots[] = {
	{ "read", PROT_READ }, { "write", PROT_WRITE }, { "read", PROT_READ },
	{ "write", PROT_WRITE }, { "exec", PROT_EXEC }, END,
};

static const struct word map_flags[] = {
	{ "shared", MAP_SHARED }, { "private", MAP_PRIVATE }, { "populate", MAP_POPULATE },
	{ "nonblock", MAP_NONBLOCK }, { "noreserve", MAP_NORESERVE }, { "locked", MAP_LOCKED },
	{ "stack", MAP_STACK }, { "sync", MAP_SYNC }, END,
};

static const struct word map_places[] = {
	{ "fixed", 0 }, { "anywhere", 1 }, { "hinted", 2 }, { "oddly", 3 }, END,
};

static const struct word mremap_flags[] = {
	{ "maymove", MREMAP_MAYMOVE }, { "fixed", MREMAP_FIXED }, { "dontunmap", 4 }, END,
};

static const struct word advice[] = {
	{ "normal", MADV_NORMAL }, { "random", MADV_RANDOM }, { "sequential", MADV_SEQUENTIAL },
	{ "willneed", MADV_WILLNEED }, { "dontneed", MADV_DONTNEED }, { "free", MADV_FREE },
	{ "remove", MADV_REMOVE }, { "dontfork", MADV_DONTFORK }, { "dofork", MADV_DOFORK },
	{ "wipeonfork", MADV_WIPEONFORK }, { "keeponfork", MADV_KEEPONFORK },
	{ "mergeable", MADV_MERGEABLE }, { "unmergeable", MADV_UNMERGEABLE },
	{ "hugepage", MADV_HUGEPAGE }, { "nohugepage", MADV_NOHUGEPAGE },
	{ "dontdump", MADV_DONTDUMP }, { "dodump", MADV_DODUMP }, { "cold", MADV_COLD },
	{ "pageout", MADV_PAGEOUT }, { "populate_read", 22 }, { "populate_write", 23 },
	{ "dontneed_locked", 24 }, { "collapse", 25 }, { "guard_install", 102 },
	{ "guard_remove", 103 }, END,
};

static const struct word msync_flags[] = {
	{ "sync", MS_SYNC }, { "async", MS_ASYNC }, { "invalidate", MS_INVALIDATE }, END,
};

static const struct word locks[] = {
	{ "munlock", 0 }, { "mlock", 1 }, { "onfault", 2 }, END,
};

static const struct word directions[] = { { "read", 0 }, { "write", 1 }, END };
static const struct word users[] = { { "root", 0 }, { "nobody", 1 }, END };

#define FD	{ "fd", DESCRIPTOR }
#define TO	{ "to", DESCRIPTOR }
#define MAP	{ "map", MAPPING }
#define FROM	{ "from", NUMBER }
#define OFFSET	{ "offset", NUMBER }
#define LENGTH	{ "length", NUMBER }
#define WRITE	{ "way", CHOICE, directions }
#define VALUE	{ "byte", BYTE }
#define WHERE	{ "where", CHOICE, places }
#define SIZE(of) { "size", CHOICE, of }

const struct operation operations[] = {
	{ "open", 8, call_open, { FD, { "name", NAME }, { "access", CHOICE, accesses },
		{ "flags", FLAGS, open_flags } } },
	{ "close", 3, call_close, { FD } },
	{ "dup", 2, call_dup, { FD, TO } },
	{ "reopen", 2, call_reopen, { FD, TO, { "access", CHOICE, accesses } } },
	{ "ftruncate", 8, call_ftruncate, { FD, { "size", NUMBER } } },
	{ "truncate", 2, call_truncate, { { "name", NAME }, { "size", NUMBER } } },
	{ "fallocate", 3, call_fallocate, { FD, { "mode", FLAGS, fallocate_modes }, OFFSET,
		LENGTH } },
	{ "link", 1, call_link, { { "name", NAME }, { "to", NAME } } },
	{ "unlink", 2, call_unlink, { { "name", NAME } } },
	{ "rename", 1, call_rename, { { "name", NAME }, { "to", NAME },
		{ "flags", FLAGS, rename_flags } } },
	{ "chmod", 1, call_chmod, { FD, { "mode", NUMBER } } },

	{ "read", 5, call_read, { FD, OFFSET, LENGTH, { "flags", FLAGS, rw_flags } } },
	{ "write", 7, call_write, { FD, OFFSET, LENGTH, VALUE, { "flags", FLAGS, rw_flags } } },
	{ "seek", 2, call_seek, { FD, OFFSET, { "whence", CHOICE, whences } } },
	{ "fsync", 1, call_fsync, { FD, { "how", CHOICE, syncs }, OFFSET, LENGTH } },
	{ "copy", 3, call_copy, { FD, TO, OFFSET, { "at", NUMBER }, LENGTH,
		{ "how", CHOICE, copies } } },
	{ "splice", 2, call_splice, { FD, OFFSET, LENGTH } },
	{ "fill", 2, call_fill, { FD, OFFSET, LENGTH } },
	{ "gift", 3, call_gift, { MAP, FROM, LENGTH, { "flags", FLAGS, gifts } } },
	{ "drain", 2, call_drain, { LENGTH } },

	{ "setup", 8, call_setup, { FD, SIZE(setup_sizes), { "flags", FLAGS, setup_flags },
		{ "backing", CHOICE, backings }, { "map", CHOICE, maps }, { "node", CHOICE, nodes },
		{ "dma_bits", CHOICE, bits }, WHERE } },
	{ "info", 3, call_info, { FD, SIZE(info_sizes), WHERE } },
	{ "runs", 3, call_runs, { FD, SIZE(runs_sizes), { "flags", FLAGS, gifts }, OFFSET,
		{ "count", NUMBER }, { "reserved", FLAGS, gifts }, WHERE } },
	{ "sync", 3, call_sync, { FD, SIZE(sync_sizes), { "flags", FLAGS, sync_flags }, OFFSET,
		LENGTH, WHERE } },
	{ "dmabuf", 5, call_dmabuf, { FD, TO, SIZE(dmabuf_sizes), { "flags", FLAGS, dmabuf_flags },
		WHERE } },
	{ "dmabuf_sync", 2, call_dmabuf_sync, { FD, { "flags", FLAGS, dmabuf_syncs } } },
	{ "ioctl", 1, call_ioctl, { FD, { "nr", NUMBER }, WHERE } },

	{ "mmap", 12, call_mmap, { MAP, FD, OFFSET, LENGTH, { "prot", FLAGS, prots },
		{ "flags", FLAGS, map_flags }, { "place", CHOICE, map_places } } },
	{ "munmap", 3, call_munmap, { MAP, FROM, LENGTH } },
	{ "mprotect", 5, call_mprotect, { MAP, FROM, LENGTH, { "prot", FLAGS, prots } } },
	{ "mremap", 4, call_mremap, { MAP, FROM, { "old", NUMBER }, { "new", NUMBER },
		{ "flags", FLAGS, mremap_flags }, { "to", MAPPING } } },
	{ "madvise", 8, call_madvise, { MAP, FROM, LENGTH, { "advice", CHOICE, advice } } },
	{ "msync", 1, call_msync, { MAP, FROM, LENGTH, { "flags", FLAGS, msync_flags } } },
	{ "mlock", 2, call_mlock, { MAP, FROM, LENGTH, { "how", CHOICE, locks } } },

	{ "touch", 12, call_touch, { MAP, { "at", NUMBER }, WRITE, VALUE } },
	{ "process_vm", 3, call_process_vm, { MAP, FROM, LENGTH, WRITE, VALUE } },
	{ "proc_mem", 3, call_proc_mem, { MAP, FROM, LENGTH, WRITE, VALUE } },
	{ "direct", 4, call_direct, { MAP, FROM, LENGTH, WRITE, VALUE } },

	{ "fork", 3, call_fork, { { "calls", COUNT } } },
	{ "beside", 0, call_beside, { { "calls", COUNT } } },
	{ "send", 2, call_send, { FD } },
	{ "receive", 2, call_receive, { FD } },
	{ "become", 1, call_become, { { "who", CHOICE, users } } },
};

const unsigned int nr_operations = ARRAY_SIZE(operations);
