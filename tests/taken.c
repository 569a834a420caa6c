// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one processor takes away with MADV_DONTNEED, page tables and all, is mapped
 * again for another that is about to use it: by itself or through the kernel.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <time.h>

#include "common.h"

#define SIZE	(2 * HUGE)
#define ROUNDS	200
#define LEAST	5	/* however slow the machine is */

static const struct {
	uint32_t backing, map;
} kinds[] = {
	{ LEND_BACKING_FOLIOS, LEND_MAP_FAULT }, { LEND_BACKING_FOLIOS, LEND_MAP_INSERT },
	{ LEND_BACKING_PAGES, LEND_MAP_FAULT }, { LEND_BACKING_PAGES, LEND_MAP_INSERT },
	{ LEND_BACKING_VMALLOC, LEND_MAP_INSERT },
};

static atomic_bool over;

static void *take_away(void *mem)
{
	while (!over)
		if (madvise(mem, SIZE, MADV_DONTNEED))
			return mem;
	return NULL;
}

static void mapped_again(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		int fd = make_buffer(SIZE, kinds[k].backing, kinds[k].map);
		char *mem = map_buffer(fd, SIZE), byte;
		pthread_t thread;
		void *refused;
		time_t end;

		fill_pattern(mem, SIZE, 5);
		over = false;
		check(!pthread_create(&thread, NULL, take_away, mem));
		end = time(NULL) + 10;
		for (unsigned int i = 0; i < ROUNDS && (i < LEAST || time(NULL) < end); i++) {
			size_t at = i * 37 % (SIZE / PAGE) * PAGE;
			struct iovec to = { &byte, 1 }, from = { mem + at, 1 };

			byte = ~mem[at];
			/* From Linux 5.14 on. */
			check(!madvise(mem, SIZE, MADV_POPULATE_READ) || errno == EINVAL);
			check(must(process_vm_readv(getpid(), &to, 1, &from, 1, 0)) == 1);
			check(byte == mem[at]);
		}
		over = true;
		pthread_join(thread, &refused);
		check(!refused && has_pattern(mem, SIZE, 5));
		munmap(mem, SIZE);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
