// SPDX-License-Identifier: MIT
/* Why memory was not to be had: what the kernel's errno meant just now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/capability.h>
#include "internal.h"

#define ALL_FLAGS	(LEND_SETUP_BACKING | LEND_SETUP_MAP | \
			 LEND_SETUP_NODE | LEND_SETUP_DMA_BITS)
#define NODES_WITH_MEMORY	"/sys/devices/system/node/has_memory"

/* What was asked, the mount's defaults included. */
struct wish {
	int fd;
	uint64_t size;
	struct lend_info info;
};

static void hint_setup(const struct lend_setup *setup, char *hint)
{
	if (setup->flags & ~ALL_FLAGS)
		snprintf(hint, LEND_HINT_LEN, ": flags 0x%x are not known",
			 setup->flags & ~ALL_FLAGS);
	else if (setup->flags & LEND_SETUP_BACKING &&
		 (!setup->backing || setup->backing > LEND_BACKING_VMALLOC))
		snprintf(hint, LEND_HINT_LEN, ": there is no backing number %u", setup->backing);
	else if (setup->flags & LEND_SETUP_MAP &&
		 (!setup->map || setup->map > LEND_MAP_PFN))
		snprintf(hint, LEND_HINT_LEN, ": there is no way of mapping number %u", setup->map);
	else
		snprintf(hint, LEND_HINT_LEN, ": the kernel has no such combination, "
			 "or a field is set whose LEND_SETUP_* flag is not");
}

static void hint_limit(const struct wish *wish, char *hint)
{
	char limit[LEND_SIZE_LEN], avail[LEND_SIZE_LEN];
	struct statfs st;

	if (fstatfs(wish->fd, &st))
		return;
	snprintf(hint, LEND_HINT_LEN, ": the mount is limited to %s (%s free); "
		 "remount it with a larger size=, or remove buffers",
		 lend_format_size((uint64_t)st.f_blocks * st.f_bsize, limit),
		 lend_format_size((uint64_t)st.f_bfree * st.f_bsize, avail));
}

static void hint_file_size(const struct wish *wish, char *hint)
{
	char text[LEND_SIZE_LEN];
	struct rlimit limit;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < wish->size)
		snprintf(hint, LEND_HINT_LEN, ": this process may make files of up to %s "
			 "(RLIMIT_FSIZE, \"ulimit -f\")",
			 lend_format_size(limit.rlim_cur, text));
}

static void hint_node(const struct wish *wish, char *hint)
{
	FILE *file = fopen(NODES_WITH_MEMORY, "re");
	char nodes[64] = "";

	if (file) {
		if (fgets(nodes, sizeof(nodes), file))
			nodes[strcspn(nodes, "\n")] = '\0';
		fclose(file);
	}
	snprintf(hint, LEND_HINT_LEN, ": NUMA node %d is not there, or has no memory; "
		 "nodes with memory: %s", wish->info.node,
		 *nodes ? nodes : "0");
}

static int may_lock_any_amount(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, data) &&
	       data[0].effective & (1U << CAP_IPC_LOCK);
}

/* The limit on what this process may lock, UINT64_MAX for none. */
static uint64_t lock_limit(void)
{
	struct rlimit limit;

	if (may_lock_any_amount() || getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

/*
 * What the machine can spare: MemAvailable less the reserve of 1/32 that lend
 * leaves alone. UINT64_MAX when unknown.
 */
static uint64_t spare(void)
{
	unsigned long long total = 0, avail = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");
	int found = 0;

	if (!file)
		return UINT64_MAX;
	while (found < 2 && fgets(line, sizeof(line), file))
		found += sscanf(line, "MemTotal: %llu", &total) == 1 ||
			 sscanf(line, "MemAvailable: %llu", &avail) == 1;
	fclose(file);
	if (found < 2)
		return UINT64_MAX;
	return avail > total / 32 ? (avail - total / 32) * 1024 : 0;
}

static void hint_memory(const struct wish *wish, char *hint)
{
	char text[LEND_SIZE_LEN];
	uint64_t lock = lock_limit(), rest = spare();

	if (wish->size > lock)
		snprintf(hint, LEND_HINT_LEN, ": this user may lock %s (RLIMIT_MEMLOCK); "
			 "raise \"ulimit -l\", or run with CAP_IPC_LOCK",
			 lend_format_size(lock, text));
	else if (wish->size > rest)
		snprintf(hint, LEND_HINT_LEN, ": the machine can spare %s (MemAvailable less "
			 "a reserve); ask for less, or end what uses memory",
			 lend_format_size(rest, text));
	else if (wish->info.dma_bits)
		snprintf(hint, LEND_HINT_LEN, ": not that much is free below 2^%u; "
			 "ask for less, or for more dma_bits if the device allows it",
			 wish->info.dma_bits);
	else if (wish->info.node != LEND_NODE_ANY)
		snprintf(hint, LEND_HINT_LEN, ": not that much is free on node %d; "
			 "see /sys/devices/system/node/node%d/meminfo",
			 wish->info.node, wish->info.node);
	else if (wish->info.backing == LEND_BACKING_CONTIG)
		snprintf(hint, LEND_HINT_LEN, ": no run that long could be cleared, because "
			 "pages that cannot be moved are scattered over memory; "
			 "ask for less or right after boot, or take backing=folios");
	else if (lock != UINT64_MAX)
		snprintf(hint, LEND_HINT_LEN, ": together with this user's other buffers it may be "
			 "over %s (RLIMIT_MEMLOCK), or the memory cgroup is full",
			 lend_format_size(lock, text));
	else
		snprintf(hint, LEND_HINT_LEN, ": the memory cgroup of this process may be full "
			 "(memory.max), or memory has become short meanwhile");
}

const char *lend_explain(int err, int fd, uint64_t size, const struct lend_setup *setup,
			 char hint[LEND_HINT_LEN])
{
	struct wish wish = { .fd = fd, .size = size };

	*hint = '\0';
	if (lend_info(fd, &wish.info))
		goto out;
	if (setup && setup->flags & LEND_SETUP_NODE)
		wish.info.node = setup->node;	/* it may not have been taken */
	if (setup && setup->flags & LEND_SETUP_DMA_BITS)
		wish.info.dma_bits = setup->dma_bits;

	switch (err) {
	case EBUSY:
		snprintf(hint, LEND_HINT_LEN, ": it has its memory already, and kind and size "
			 "are for good; make another buffer");
		break;
	case EFBIG:
		hint_file_size(&wish, hint);
		break;
	case EINTR:
		snprintf(hint, LEND_HINT_LEN, ": a signal came while memory was being gathered; "
			 "nothing is kept");
		break;
	case EINVAL:
		if (setup)
			hint_setup(setup, hint);
		break;
	case ENOMEM:
		hint_memory(&wish, hint);
		break;
	case ENOSPC:
		hint_limit(&wish, hint);
		break;
	case ENXIO:
		hint_node(&wish, hint);
		break;
	case ERANGE:
		snprintf(hint, LEND_HINT_LEN, ": no memory of this machine is below 2^%u; "
			 "ask for more dma_bits", wish.info.dma_bits);
		break;
	}
out:
	errno = err;
	return hint;
}
