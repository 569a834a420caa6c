// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <arpa/inet.h>
#include <sys/shm.h>
#include <sys/socket.h>

#include "places.h"
#include "kernel.h"
#include "system.h"

#define EXT4_DIR	"/tmp/lend.explain.ext4"
#define EXT4_FILE	EXT4_DIR "/file"
#define TMPFS_FILE	"/tmp/lend.explain.file"
#define BIOS_AT		0xe0000
#define BIOS_SIZE	(128 * KiB)
#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"

#define RW	(PROT_READ | PROT_WRITE)

static void map(struct place *place, size_t size, int prot, int flags, off_t offset)
{
	place->size = size;
	place->mem = must(mmap(NULL, size, prot, flags, place->fd, offset));
}

static void lent(struct place *place)
{
	place->fd = make_buffer(PLACE_SIZE, place->arg[0], place->arg[1]);
	map(place, PLACE_SIZE, RW, MAP_SHARED, 0);
}

/* As the importer of a dma-buf maps it. */
static void lent_dmabuf(struct place *place)
{
	struct lend_dmabuf request = { sizeof(request), O_RDWR | O_CLOEXEC };
	int fd;

	place->fd = make_buffer(PLACE_SIZE, place->arg[0], place->arg[1]);
	fd = must(ioctl(place->fd, LEND_IOC_DMABUF, &request));
	place->size = PLACE_SIZE;
	place->mem = must(mmap(NULL, PLACE_SIZE, RW, MAP_SHARED, fd, 0));
	close(fd);
}

static void lent_private(struct place *place)
{
	place->fd = make_buffer(PLACE_SIZE, place->arg[0], place->arg[1]);
	map(place, PLACE_SIZE, RW, MAP_PRIVATE, 0);
}

int place_reopen(const struct place *place, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", place->fd);
	return must(open(path, flags | O_CLOEXEC));
}

static void reopen_readonly(struct place *place)
{
	int fd = place_reopen(place, O_RDONLY);

	close(place->fd);
	place->fd = fd;
}

static void lent_readonly(struct place *place)
{
	place->fd = make_buffer(PLACE_SIZE, 0, 0);
	reopen_readonly(place);
	map(place, PLACE_SIZE, PROT_READ, MAP_SHARED, 0);
}

static void lent_protected(struct place *place)
{
	lent(place);
	must(mprotect(place->mem, place->size, place->arg[0] ? PROT_READ : PROT_NONE));
}

static void anonymous(struct place *place)
{
	int flags = MAP_ANONYMOUS | (place->arg[0] ? MAP_SHARED : MAP_PRIVATE);

	map(place, PLACE_SIZE, RW, flags, 0);
	if (!place->arg[0])
		must(madvise(place->mem, place->size, MADV_NOHUGEPAGE));
	if (place->arg[1])
		must(madvise(place->mem, place->size, place->arg[1]));
}

static void anonymous_huge(struct place *place)
{
	char *mem = must(mmap(NULL, PLACE_SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *aligned = (char *)(((uintptr_t)mem + HUGE - 1) & ~(HUGE - 1));

	munmap(mem, PLACE_SIZE + HUGE);
	place->size = PLACE_SIZE;
	place->mem = must(mmap(aligned, PLACE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			       MAP_FIXED_NOREPLACE, -1, 0));
	must(madvise(place->mem, place->size, MADV_HUGEPAGE));
}

/* Written first, then as wanted. */
static void anonymous_protected(struct place *place)
{
	map(place, PLACE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	/* Of a huge page that may not be read smaps tells nothing. */
	must(madvise(place->mem, place->size, MADV_NOHUGEPAGE));
	fill_pattern(place->mem, place->size, 1);
	must(mprotect(place->mem, place->size, place->arg[0]));
}

static void locked(struct place *place)
{
	map(place, PLACE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	must(mlock(place->mem, place->size));
}

static void memory_file(struct place *place)
{
	place->fd = must(memfd_create("lend.explain", MFD_CLOEXEC | place->arg[0]));
	must(ftruncate(place->fd, PLACE_SIZE));
	map(place, PLACE_SIZE, RW, place->arg[1], 0);
}

static void system_v(struct place *place)
{
	int id = must(shmget(IPC_PRIVATE, PLACE_SIZE, 0600));

	place->mem = shmat(id, NULL, 0);
	check(place->mem != (void *)-1);
	place->size = PLACE_SIZE;
	must(shmctl(id, IPC_RMID, NULL));
}

/* arg[0]: on ext4, or on tmpfs; arg[1]: MAP_SHARED, MAP_PRIVATE, or 0: read-only. */
static void named_file(struct place *place)
{
	char path[64];

	snprintf(path, sizeof(path), "%s%ld", place->arg[0] ? EXT4_FILE : TMPFS_FILE, place->arg[1]);
	place->fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	must(ftruncate(place->fd, PLACE_SIZE));
	write_text(path, "lend");
	if (!place->arg[1])
		reopen_readonly(place);
	map(place, PLACE_SIZE, place->arg[1] ? RW : PROT_READ,
	    place->arg[1] ? place->arg[1] : MAP_SHARED, 0);
}

/* What no page allocator ever had: below 1 MiB /dev/mem may be mapped. */
static void bios(struct place *place)
{
	place->fd = must(open("/dev/mem", O_RDWR | O_CLOEXEC | O_SYNC));
	map(place, BIOS_SIZE, RW, MAP_SHARED, BIOS_AT);
}

/* A driver's pages, inserted one by one. */
static void packet_ring(struct place *place)
{
	struct tpacket_req ring = {
		.tp_block_size = 64 * KiB,
		.tp_block_nr = 16,
		.tp_frame_size = 2048,
		.tp_frame_nr = 16 * 32,
	};

	place->fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	must(setsockopt(place->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)));
	map(place, 16 * 64 * KiB, RW, MAP_SHARED, 0);
}

/* In use is the rest of it. */
static void heap(struct place *place)
{
	uintptr_t brk = (uintptr_t)must(sbrk(ROOM + PAGE));

	place->mem = (char *)((brk + PAGE - 1) & ~(PAGE - 1));
	place->size = ROOM;
}

char *stack_room;

static void stack(struct place *place)
{
	place->mem = (char *)(((uintptr_t)stack_room + PAGE - 1) & ~(PAGE - 1));
	place->size = ROOM;
}

/* One that every process has, by its name in maps. */
static void found(struct place *place)
{
	static const char *const names[] = { "[vdso]", "[vvar]" };
	FILE *file = fopen("/proc/self/maps", "re");
	uintptr_t start, end;
	char line[512];

	check(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, names[place->arg[0]]) &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2) {
			place->mem = (char *)start;
			place->size = end - start;
		}
	fclose(file);
	check(place->mem);
}

#define LENT(name, backing, way) \
	{ "lend " name, "lend", lent, { LEND_BACKING_##backing, LEND_MAP_##way } }

struct place places[] = {
	LENT("folios fault", FOLIOS, FAULT),
	LENT("pages fault", PAGES, FAULT),
	LENT("contig fault", CONTIG, FAULT),
	LENT("vmalloc fault", VMALLOC, FAULT),
	LENT("folios insert", FOLIOS, INSERT),
	LENT("pages insert", PAGES, INSERT),
	LENT("contig insert", CONTIG, INSERT),
	LENT("vmalloc insert", VMALLOC, INSERT),
	LENT("folios pfn", FOLIOS, PFN),
	LENT("pages pfn", PAGES, PFN),
	LENT("contig pfn", CONTIG, PFN),
	LENT("vmalloc pfn", VMALLOC, PFN),
	{ "lend folios, by a dma-buf", "lend", lent_dmabuf, { LEND_BACKING_FOLIOS, LEND_MAP_FAULT } },
	{ "lend pages, by a dma-buf", "lend", lent_dmabuf, { LEND_BACKING_PAGES, LEND_MAP_PFN } },
	{ "lend folios, private", "lend", lent_private, { LEND_BACKING_FOLIOS, LEND_MAP_FAULT } },
	{ "lend pages, private", "lend", lent_private, { LEND_BACKING_PAGES, LEND_MAP_INSERT } },
	{ "lend of a read-only descriptor", "lend", lent_readonly },
	{ "lend, mprotect(PROT_READ)", "lend", lent_protected, { 1 } },
	{ "lend, mprotect(PROT_NONE)", "lend", lent_protected, { 0 } },
	{ "anonymous", "anonymous", anonymous },
	{ "anonymous, MADV_DONTFORK", "anonymous", anonymous, { 0, MADV_DONTFORK } },
	{ "anonymous, MADV_WIPEONFORK", "anonymous", anonymous, { 0, MADV_WIPEONFORK } },
	{ "anonymous, MADV_DONTDUMP", "anonymous", anonymous, { 0, MADV_DONTDUMP } },
	{ "anonymous, MADV_RANDOM", "anonymous", anonymous, { 0, MADV_RANDOM } },
	{ "anonymous huge", "anonymous", anonymous_huge },
	{ "anonymous read-only", "anonymous", anonymous_protected, { PROT_READ } },
	{ "anonymous write-only", "anonymous", anonymous_protected, { PROT_WRITE } },
	{ "anonymous PROT_NONE", "anonymous", anonymous_protected, { PROT_NONE } },
	{ "anonymous, mlock", "anonymous", locked },
	{ "shared anonymous", "shmem", anonymous, { 1 } },
	{ "memfd", "shmem", memory_file, { 0, MAP_SHARED } },
	{ "memfd private", "shmem", memory_file, { 0, MAP_PRIVATE } },
	{ "System V", "shmem", system_v },
	{ "tmpfs", "shmem", named_file, { 0, MAP_SHARED } },
	{ "tmpfs read-only", "shmem", named_file, { 0, 0 } },
	{ "ext4", "file", named_file, { 1, MAP_SHARED } },
	{ "ext4 private", "file", named_file, { 1, MAP_PRIVATE } },
	{ "ext4 read-only", "file", named_file, { 1, 0 } },
	{ "hugetlb", "hugetlb", memory_file, { MFD_HUGETLB, MAP_SHARED } },
	{ "hugetlb private", "hugetlb", memory_file, { MFD_HUGETLB, MAP_PRIVATE } },
	{ "/dev/mem", "device", bios },
	{ "packet ring", "driver", packet_ring },
	{ "heap", "heap", heap },
	{ "stack", "stack", stack },
	{ "vdso", "vdso", found, { 0 } },
	{ "vvar", "vvar", found, { 1 } },
};

const size_t place_count = ARRAY_SIZE(places);

bool place_has(const struct place *place, const char *flag)
{
	return strstr(smaps_flags(place->mem), flag);
}

void place_make(struct place *place)
{
	volatile char sum = 0;
	bool reads;

	place->fd = -1;
	place->mem = NULL;
	place->make(place);
	if (place->make == found || place->make == bios || place->make == packet_ring)
		return;
	if (place_has(place, "wr") && place->make != anonymous_protected)
		fill_pattern(place->mem, place->size, 1);
	reads = place_has(place, "rd");
	for (size_t i = 0; reads && i < place->size; i += PAGE)
		sum += place->mem[i];
}

void places_unlink(void)
{
	for (int i = 0; i <= MAP_PRIVATE; i++) {
		char path[64];

		snprintf(path, sizeof(path), EXT4_FILE "%d", i);
		unlink(path);
		snprintf(path, sizeof(path), TMPFS_FILE "%d", i);
		unlink(path);
	}
}

void place_unmake(struct place *place)
{
	if (place->make == heap)
		must(brk(place->mem));
	else if (place->make != stack && place->make != found)
		must(munmap(place->mem, place->size));
	if (place->fd >= 0)
		close(place->fd);
	places_unlink();
}

int places_set_up(void **state)
{
	(void)state;
	write_text(HUGE_PAGES, "4");
	/* The rest of the disk is for direct I/O. */
	check(shell("mkfs.ext4 -q -F /dev/vda 64M && mkdir " EXT4_DIR " &&"
		    " mount /dev/vda " EXT4_DIR) == 0);
	check(shell("modprobe zram && echo 64M >/sys/block/zram0/disksize &&"
		    " mkswap -q /dev/zram0 && swapon /dev/zram0") == 0);
	return 0;
}

int places_tear_down(void **state)
{
	(void)state;
	check(shell("swapoff /dev/zram0 && echo 1 >/sys/block/zram0/reset && rmmod zram") == 0);
	check(shell("umount " EXT4_DIR " && rmdir " EXT4_DIR) == 0);
	write_text(HUGE_PAGES, "0");
	return 0;
}
