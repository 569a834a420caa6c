// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs of every kind of memory: by the CPU, by a device that imports them, at
 * the kernel's address.
 */
#include <linux/dma-buf.h>

#include "dmabuf.h"
#include "kernel.h"
#include "table.h"

/* Both mappings are the same memory, and have its size. */
static const char *mapped(struct subject *s, long arg)
{
	int dmabuf = make_dmabuf(s->fd);
	const char *word = "works";
	char *mem;

	(void)arg;
	check(must(lseek(dmabuf, 0, SEEK_END)) == SIZE);
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	if (mem == MAP_FAILED) {
		word = outcome(-1, "");
	} else {
		if (memcmp(mem, s->mem, SIZE))
			word = "other bytes";
		/* It is one of the file's mappings, whatever it was made by. */
		if (get_info(s->fd).mappings != 2)
			word = "not the file's";
		memset(mem, 0x5a, SIZE);
		for (size_t at = 0; at < SIZE; at += PAGE)
			if (s->mem[at] != 0x5a)
				word = "lost";
		munmap(mem, SIZE);
	}
	close(dmabuf);
	return word;
}

/* At an address that suits them 2 MiB folios are mapped as the file maps them. */
static const char *mapped_aligned(struct subject *s, long arg)
{
	int dmabuf = make_dmabuf(s->fd);
	char *room = must(mmap(NULL, SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *at = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));
	struct lend_info info = get_info(s->fd);
	size_t huge;

	(void)arg;
	must(mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, dmabuf, 0));
	memset(at, 1, SIZE);
	huge = smaps_bytes(at, "FilePmdMapped");
	munmap(room, SIZE + HUGE);
	close(dmabuf);
	return huge == (info.flags & LEND_INFO_HUGE ? info.huge : 0) ? "works" : "4 KiB entries";
}

/* The scatter list is the memory, in order, in entries that the device can take. */
static bool is_the_memory(const struct importer_list *list, int fd, uint32_t longest)
{
	size_t nr;
	struct lend_phys_run *runs = get_runs(fd, &nr);
	uint64_t at = 0;

	for (uint64_t i = 0; i < list->count; i++) {
		const struct importer_entry *entry = &list->entry[i];
		uint64_t last = at + entry->length - 1;

		/* Without an IOMMU the device's address is the physical one. */
		if (entry->length > longest || last >= SIZE ||
		    phys_at(runs, nr, at) != entry->dma ||
		    phys_at(runs, nr, last) != entry->dma + entry->length - 1)
			break;
		at += entry->length;
	}
	free(runs);
	return at == SIZE;
}

static const char *imported(struct subject *s, long longest)
{
	int dmabuf = make_dmabuf(s->fd), importer = import(dmabuf, longest);
	struct importer_list *list = import_list(importer);
	const char *word = is_the_memory(list, s->fd, longest) ? "works" : "other memory";

	free(list);
	close(importer);
	close(dmabuf);
	return word;
}

static const char *kernel_address(struct subject *s, long arg)
{
	int dmabuf = make_dmabuf(s->fd), importer = import(dmabuf, UINT32_MAX);
	const char *word = "works";

	(void)arg;
	fill_pattern(s->mem, SIZE, 77);
	if (!import_has_pattern(importer, 77))
		word = "lost";
	s->mem[SIZE - 1] ^= 1;
	if (import_has_pattern(importer, 77))
		word = "other memory";
	close(importer);
	close(dmabuf);
	return word;
}

static const char *cpu_access(struct subject *s, long arg)
{
	int dmabuf = make_dmabuf(s->fd), importer = import(dmabuf, 64 * KiB);
	struct dma_buf_sync start = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct dma_buf_sync end = { DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };
	int ret = ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &start);

	(void)arg;
	ret = ret ? ret : ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &end);
	close(importer);
	close(dmabuf);
	return intact(s) ? outcome(ret, "works") : "lost";
}

static const struct operation operations[] = {
	{ "mapped by its descriptor", mapped, 0, EVERY("works") },
	{ "mapped at an aligned address, by 2 MiB where it has them", mapped_aligned, 0,
	  EVERY("works") },
	{ "imported by a device", imported, UINT32_MAX, EVERY("works") },
	{ "imported, entries of 64 KiB at most", imported, 64 * KiB, EVERY("works") },
	{ "imported, entries of 4 KiB at most", imported, PAGE, EVERY("works") },
	{ "imported, at a kernel address", kernel_address, 0, EVERY("works") },
	{ "DMA_BUF_IOCTL_SYNC while imported", cpu_access, 0, EVERY("works") },
};

static const struct table table = {
	.title = "dma-buf",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = load_importer,
	.tear_down = unload_importer,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
