// SPDX-License-Identifier: GPL-2.0-only
#include <sys/syscall.h>

#include "dmabuf.h"
#include "maker.h"

int maker_set_up(void **state)
{
	(void)state;
	load_module("lend_maker");
	return 0;
}

int maker_tear_down(void **state)
{
	(void)state;
	unload_module("lend_maker");
	return 0;
}

int maker_and_importer(void **state)
{
	load_importer(state);
	return maker_set_up(state);
}

int neither_maker_nor_importer(void **state)
{
	unload_importer(state);
	return maker_tear_down(state);
}

int open_maker(void)
{
	return must(open("/dev/lend_maker", O_RDWR | O_CLOEXEC));
}

int make_drivers(size_t size, uint32_t backing)
{
	int maker = open_maker();

	must(ask(maker, MAKER_ALLOC, .length = size, .backing = backing, .text = "lent-by-driver"));
	return maker;
}

int take_memory(const void *mem, size_t length, bool write)
{
	int maker = open_maker();

	must(ask(maker, MAKER_FROM_USER, .addr = (uintptr_t)mem, .length = length, .flags = write));
	return maker;
}

int to_fd(int maker, int flags)
{
	return must(ask(maker, MAKER_TO_FD, .flags = flags | O_CLOEXEC));
}

void driver_read(int maker, void *to, size_t offset, size_t length)
{
	must(ask(maker, MAKER_READ, .addr = (uintptr_t)to, .offset = offset, .length = length));
}

void driver_write(int maker, const void *from, size_t offset, size_t length)
{
	must(ask(maker, MAKER_WRITE, .addr = (uintptr_t)from, .offset = offset, .length = length));
}

bool driver_has_pattern(int maker, size_t size, uint64_t seed)
{
	char *copy = malloc(size);
	bool has;

	check(copy);
	driver_read(maker, copy, 0, size);
	has = has_pattern(copy, size, seed);
	free(copy);
	return has;
}

char *map_driver(int maker, size_t size)
{
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, maker, 0));
}

unsigned int users_of_lend(void)
{
	FILE *file = fopen("/sys/module/lend/refcnt", "re");
	unsigned int users;

	check(file);
	check(fscanf(file, "%u", &users) == 1);
	fclose(file);
	return users;
}

static int read_it(void *arg)
{
	return *(volatile char *)arg & 0;
}

int probe_read(volatile char *addr)
{
	return reap(spawn(read_it, (void *)addr));
}

static int write_it(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

int probe_write(volatile char *addr)
{
	return reap(spawn(write_it, (void *)addr));
}
