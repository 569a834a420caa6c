/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a buffer shall be. All that comes from outside is checked here, once.
 */
#ifndef LEND_CORE_SPEC_H
#define LEND_CORE_SPEC_H

#include <linux/mm_types.h>
#include <linux/types.h>
#include <uapi/linux/lend.h>

struct lend_buffer;
struct lend_extents;
struct lend_fill;

/**
 * struct lend_backing_ops - where memory comes from
 * @name: as in the mount option backing=
 * @id: enum lend_backing
 * @fill_slice: append exactly @npages zeroed pages to @mem, or fail; what was
 *	appended before a failure is given back by the caller. Called from several
 *	CPUs at once, with different lists, 2 MiB-aligned slices of one buffer.
 * @fill_whole: the same for a whole buffer at a time. Of those that can be asked for
 *	by name, one of the two is set.
 * @attach: optional: give the gathered memory one kernel address
 * @detach: undo @attach
 * @release: optional: give the memory back; without it, folio by folio
 * @revoked: optional: all mappings are gone for good; may be called again
 * @reserved: it takes from the reserve first
 *
 * All run in process context, may sleep, hold no lock but the file's own.
 * A backing never knows how its memory is mapped.
 */
struct lend_backing_ops {
	const char *name;
	u32 id;
	int (*fill_slice)(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages);
	int (*fill_whole)(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages);
	int (*attach)(struct lend_buffer *buf);
	void (*detach)(struct lend_buffer *buf);
	void (*release)(struct lend_buffer *buf);
	void (*revoked)(struct lend_buffer *buf);
	bool reserved;
};

/**
 * struct lend_map_ops - how memory reaches page tables
 * @name: as in the mount option map=
 * @id: enum lend_map
 * @pinnable: what it maps can be pinned
 * @huge: it maps 2 MiB folios by one entry
 * @revocable: it maps by faults alone, which lend_buffer_revoke() can wait for
 * @shared: there are no private mappings of it
 * @vm_ops: of its VMAs, with lend_vma_open and lend_vma_close in them
 * @huge_vm_ops: instead of @vm_ops in shared mappings where the buffer has 2 MiB
 *	folios, or NULL
 * @mmap: optional: what else makes @vma a mapping of @buf; its range is checked
 *	already, and its flags, vm_ops and vm_private_data are set. Called under
 *	the mmap lock for writing. What it has mapped before a failure is unmapped
 *	by the caller.
 */
struct lend_map_ops {
	const char *name;
	u32 id;
	bool pinnable;
	bool huge;
	bool revocable;
	bool shared;
	const struct vm_operations_struct *vm_ops;
	const struct vm_operations_struct *huge_vm_ops;
	int (*mmap)(struct lend_buffer *buf, struct vm_area_struct *vma);
};

/* Listed in main.c, which alone knows them all; ended by NULL. */
extern const struct lend_backing_ops *const lend_backings[];
extern const struct lend_map_ops *const lend_maps[];

/**
 * struct lend_spec - a checked wish
 * @backing: where the memory shall come from
 * @map: how it shall be mapped
 * @node: the only NUMA node it may come from, or LEND_NODE_ANY
 * @near: the node it comes from first; NUMA_NO_NODE: the creator's
 * @dma_bits: all of it below 2^dma_bits; 0 for no limit
 */
struct lend_spec {
	const struct lend_backing_ops *backing;
	const struct lend_map_ops *map;
	int node;
	int near;
	unsigned int dma_bits;
};

const struct lend_backing_ops *lend_backing_by_id(u32 id);
const struct lend_backing_ops *lend_backing_by_name(const char *name);
const struct lend_map_ops *lend_map_by_id(u32 id);
const struct lend_map_ops *lend_map_by_name(const char *name);

void lend_spec_init(struct lend_spec *spec);
struct lend_spec lend_spec_read(const struct lend_spec *spec);
void lend_spec_write(struct lend_spec *spec, const struct lend_spec *new);
int lend_spec_change(struct lend_spec *spec, const struct lend_setup *setup);
int lend_spec_check(const struct lend_spec *spec);
int lend_parse_size(const char *text, u64 *bytes);
int lend_zone_gfp(unsigned int dma_bits, gfp_t *gfp);

#endif
