// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>

#include "device.h"

#define DEVICES "/sys/bus/pci/devices"

static bool is_device(const char *dir)
{
	char path[300], text[2][16] = {};
	FILE *file;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, i ? "device" : "vendor");
		file = fopen(path, "re");
		check(file && fgets(text[i], sizeof(text[i]), file));
		fclose(file);
	}
	return !strcmp(text[0], "0x1234\n") && !strcmp(text[1], "0x11e8\n");
}

const char *slot(void)
{
	static char name[32];
	glob_t found;

	if (!name[0]) {
		check(!glob(DEVICES "/*", 0, NULL, &found));
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (is_device(found.gl_pathv[i]))
				snprintf(name, sizeof(name), "%s", strrchr(found.gl_pathv[i], '/') + 1);
		globfree(&found);
	}
	if (!name[0])
		failed("no edu device in this machine: vm/run --device edu");
	return name;
}

bool has_iommu(void)
{
	char path[300];

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", slot());
	return !access(path, F_OK);
}

int load_driver(void **state)
{
	(void)state;
	load_module("edu");
	return 0;
}

int unload_driver(void **state)
{
	(void)state;
	unload_module("edu");
	return 0;
}

int open_device(int flags)
{
	char path[300];

	snprintf(path, sizeof(path), "/dev/edu-%s", slot());
	return must(open(path, O_RDWR | O_CLOEXEC | flags));
}

int add_buffer(int edu, unsigned int number, uint32_t kind, int fd, const void *mem, size_t size,
	       uint32_t flags)
{
	struct edu_add ask = {
		.buffer = number, .kind = kind, .flags = flags, .fd = fd,
		.addr = (uintptr_t)mem, .size = size,
	};

	return ioctl(edu, EDU_IOC_ADD, &ask);
}

int drop_buffer(int edu, uint32_t number)
{
	return ioctl(edu, EDU_IOC_DROP, &number);
}

char *alloc_buffer(int edu, unsigned int number, size_t size, int *fd)
{
	int lent = must(add_buffer(edu, number, EDU_ALLOC, 0, NULL, size, 0));
	char *mem = map_buffer(lent, size);

	if (fd)
		*fd = lent;
	else
		close(lent);
	return mem;
}

struct edu_address get_address(int edu, unsigned int number, uint64_t offset)
{
	struct edu_address ask = { .buffer = number, .offset = offset };

	must(ioctl(edu, EDU_IOC_ADDRESS, &ask));
	return ask;
}

int start_dma(int edu, unsigned int number, uint64_t offset, uint64_t length, uint64_t where,
	      uint32_t flags)
{
	struct edu_dma ask = {
		.buffer = number, .flags = flags, .offset = offset, .length = length,
		.where = where,
	};

	return ioctl(edu, EDU_IOC_DMA, &ask);
}

uint32_t next_interrupt(int edu)
{
	uint32_t count;

	check(wait_events(edu, POLLIN) == POLLIN);
	check(must(read(edu, &count, sizeof(count))) == sizeof(count));
	return count;
}

void move(int edu, unsigned int number, uint64_t offset, uint64_t length, uint32_t flags)
{
	check(must(start_dma(edu, number, offset, length, 0, flags)) == (int)length);
	next_interrupt(edu);
}

registers *map_registers(int edu)
{
	return must(mmap(NULL, EDU_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, edu, 0));
}

uint32_t get(registers *regs, size_t at)
{
	return *(volatile uint32_t *)(regs + at);
}

void set(registers *regs, size_t at, uint32_t value)
{
	*(volatile uint32_t *)(regs + at) = value;
}

void start_here(registers *regs, uint64_t address, size_t length, bool to_memory)
{
	set(regs, EDU_DMA_SOURCE, to_memory ? EDU_MEMORY : address);
	set(regs, EDU_DMA_TARGET, to_memory ? address : EDU_MEMORY);
	set(regs, EDU_DMA_COUNT, length);
	set(regs, EDU_DMA_COMMAND,
	    EDU_DMA_RUN | EDU_DMA_IRQ | (to_memory ? EDU_DMA_TO_MEMORY : 0));
}

static int touch_it(void *mem)
{
	(void)*(volatile uint32_t *)mem;
	return 0;
}

int touch(volatile void *mem)
{
	return reap(spawn(touch_it, (void *)mem));
}
