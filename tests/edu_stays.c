// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a device was told of stays where it is, with nobody but the driver
 * holding it: through want of memory, swapping, compaction and munmap.
 */
#include "device/device.h"
#include "pressure.h"

#define SIZE	(4 * MiB)
#define PIECE	2048UL

static void through_hard_times(void **state)
{
	int edu = open_device(0), fd;
	char *mem = alloc_buffer(edu, 0, SIZE, &fd);
	struct edu_address told = get_address(edu, 0, 0);
	uint64_t at;

	(void)state;
	fill_pattern(mem, SIZE, 1 << 20);
	at = physical(mem);
	move(edu, 0, 0, PIECE, 0);
	must(munmap(mem, SIZE));
	check(get_info(fd).mappings == 0 && get_info(fd).held == 0);

	swap_on();
	swap_out();
	compact();

	/* The device finds it there, and what it writes is seen. */
	move(edu, 0, SIZE - PIECE, PIECE, EDU_TO_MEMORY);
	move(edu, 0, SIZE / 2, PIECE, 0);
	move(edu, 0, PIECE, PIECE, EDU_TO_MEMORY);
	swap_off();

	mem = map_buffer(fd, SIZE);
	check(mem[0] == mem[SIZE - PIECE] && physical(mem) == at);
	check(get_address(edu, 0, 0).address == told.address);
	check(has_pattern(mem, PIECE, 1 << 20));
	check(has_pattern(mem + PIECE, PIECE, (1 << 20) + SIZE / 2 / sizeof(uint64_t)));
	check(has_pattern(mem + SIZE - PIECE, PIECE, 1 << 20));
	check(has_pattern(mem + 2 * PIECE, SIZE - 3 * PIECE,
			  (1 << 20) + 2 * PIECE / sizeof(uint64_t)));
	must(munmap(mem, SIZE));
	close(fd);
	close(edu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_hard_times),
	};

	return cmocka_run_group_tests_name("edu: memory stays", tests, load_driver, unload_driver);
}
