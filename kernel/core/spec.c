// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "spec.h"

#define SETUP_FLAGS (LEND_SETUP_BACKING | LEND_SETUP_MAP | LEND_SETUP_NODE | LEND_SETUP_DMA_BITS)

const struct lend_backing_ops *lend_backing_by_id(u32 id)
{
	const struct lend_backing_ops *const *p = lend_backings;

	while (*p && (*p)->id != id)
		p++;
	return *p;
}

const struct lend_backing_ops *lend_backing_by_name(const char *name)
{
	const struct lend_backing_ops *const *p = lend_backings;

	while (*p && strcmp((*p)->name, name))
		p++;
	return *p;
}

const struct lend_map_ops *lend_map_by_id(u32 id)
{
	const struct lend_map_ops *const *p = lend_maps;

	while (*p && (*p)->id != id)
		p++;
	return *p;
}

const struct lend_map_ops *lend_map_by_name(const char *name)
{
	const struct lend_map_ops *const *p = lend_maps;

	while (*p && strcmp((*p)->name, name))
		p++;
	return *p;
}

/**
 * lend_spec_init() - what a buffer is when nobody says anything
 * @spec: set to 2 MiB folios from any node, mapped as is best
 */
void lend_spec_init(struct lend_spec *spec)
{
	*spec = (struct lend_spec) {
		.backing = lend_backing_by_id(LEND_BACKING_FOLIOS),
		.map = lend_map_by_id(LEND_MAP_AUTO),
		.node = LEND_NODE_ANY,
		.near = NUMA_NO_NODE,
	};
}

/* Others read a wish while its owner changes it, which is rare. */
static DEFINE_SEQLOCK(changes);

/**
 * lend_spec_read() - what a wish is at one moment
 * @spec: a mount's or an empty buffer's, which may be about to change
 *
 * Return: all of it as it was, or all of it as it is now.
 */
struct lend_spec lend_spec_read(const struct lend_spec *spec)
{
	struct lend_spec seen;
	unsigned int seq;

	do {
		seq = read_seqbegin(&changes);
		seen = *spec;
	} while (read_seqretry(&changes, seq));
	return seen;
}

/**
 * lend_spec_write() - change a wish as a whole
 * @spec: which; two writers of one must not meet
 * @new: what it becomes
 */
void lend_spec_write(struct lend_spec *spec, const struct lend_spec *new)
{
	write_seqlock(&changes);
	*spec = *new;
	write_sequnlock(&changes);
}

/**
 * lend_spec_change() - take over what user space asks for
 * @spec: changed only on success
 * @setup: as it came
 *
 * Return: 0, or -EINVAL, -ENXIO or -ERANGE as <linux/lend.h> has them.
 */
int lend_spec_change(struct lend_spec *spec, const struct lend_setup *setup)
{
	struct lend_spec new = *spec;
	int err;

	if (setup->flags & ~SETUP_FLAGS)
		return -EINVAL;

	if (setup->flags & LEND_SETUP_BACKING)
		new.backing = lend_backing_by_id(setup->backing);
	else if (setup->backing)
		return -EINVAL;

	if (setup->flags & LEND_SETUP_MAP)
		new.map = lend_map_by_id(setup->map);
	else if (setup->map)
		return -EINVAL;

	if (setup->flags & LEND_SETUP_NODE)
		new.node = setup->node;
	else if (setup->node)
		return -EINVAL;

	if (setup->flags & LEND_SETUP_DMA_BITS)
		new.dma_bits = setup->dma_bits;
	else if (setup->dma_bits)
		return -EINVAL;

	err = lend_spec_check(&new);
	if (!err)
		lend_spec_write(spec, &new);
	return err;
}

/**
 * lend_spec_check() - can a buffer be like this at all on this machine?
 * @spec: a wish; NULL ops stand for names that do not exist
 *
 * Return: 0, -EINVAL for a kind that does not exist or an address of more than 64
 * bits, -ENXIO for such a node,
 * -ERANGE when no memory is below the DMA limit.
 */
int lend_spec_check(const struct lend_spec *spec)
{
	gfp_t gfp;

	if (!spec->backing || !spec->map || spec->dma_bits > 64)
		return -EINVAL;

	if (spec->node != LEND_NODE_ANY &&
	    (spec->node < 0 || spec->node >= MAX_NUMNODES || !node_state(spec->node, N_MEMORY))) {
		pr_info_ratelimited("node=%d has no memory: take one of %*pbl\n",
				    spec->node, nodemask_pr_args(&node_states[N_MEMORY]));
		return -ENXIO;
	}

	if (lend_zone_gfp(spec->dma_bits, &gfp)) {
		pr_info_ratelimited("dma_bits=%u: no zone of this machine's memory lies below 2^%u\n",
				    spec->dma_bits, spec->dma_bits);
		return -ERANGE;
	}
	return 0;
}

/**
 * lend_zone_gfp() - the zone modifier that keeps allocations below a limit
 * @dma_bits: the limit is 2^dma_bits; 0 for none
 * @gfp: out: 0, GFP_DMA32 or GFP_DMA
 *
 * The zones' real ends are looked at, so that a limit above all memory costs
 * nothing, whatever its value.
 *
 * Return: 0, or -ERANGE when even the lowest zone reaches beyond the limit.
 */
int lend_zone_gfp(unsigned int dma_bits, gfp_t *gfp)
{
	unsigned long end[ZONE_NORMAL + 1] = {};
	int nid, zt;

	*gfp = 0;
	if (!dma_bits || dma_bits >= BITS_PER_LONG)
		return 0;

	for_each_online_node(nid)
		for (zt = 0; zt <= ZONE_NORMAL; zt++)
			if (populated_zone(&NODE_DATA(nid)->node_zones[zt]))
				end[zt] = max(end[zt],
					      zone_end_pfn(&NODE_DATA(nid)->node_zones[zt]));

	for (zt = ZONE_NORMAL; zt >= 0; zt--) {
		if (!end[zt])
			continue;
		if (((u64)end[zt] << PAGE_SHIFT) <= BIT_ULL(dma_bits))
			break;
	}
	if (zt < 0)
		return -ERANGE;
#ifdef CONFIG_ZONE_DMA
	if (zt == ZONE_DMA)
		*gfp = GFP_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	if (zt == ZONE_DMA32)
		*gfp = GFP_DMA32;
#endif
	return 0;
}

/**
 * lend_parse_size() - how much memory is asked for
 * @text: bytes, with one of the units k to e, as 512m; or a part of RAM, as 50%
 * @bytes: out
 *
 * Return: 0, -EINVAL if that is no size, -EFBIG if no file can be as large.
 */
int lend_parse_size(const char *text, u64 *bytes)
{
	static const char units[] = "kmgtpe";
	size_t len = strspn(text, "0123456789");
	const char *unit = strchrnul(units, tolower(text[len]));
	char digits[20] = {};
	u64 size;

	if (len >= sizeof(digits))
		return -EFBIG;
	memcpy(digits, text, len);
	if (kstrtou64(digits, 10, &size))
		return -EINVAL;

	if (!strcmp(text + len, "%") && size && size <= 100)
		size = mult_frac((u64)totalram_pages() << PAGE_SHIFT, size, (u64)100);
	else if (text[len] && *unit && !text[len + 1])
		size = check_shl_overflow(size, 10 * (unit - units + 1), &size) ? U64_MAX : size;
	else if (text[len])
		return -EINVAL;

	if (size > MAX_LFS_FILESIZE)
		return -EFBIG;
	*bytes = size;
	return 0;
}
