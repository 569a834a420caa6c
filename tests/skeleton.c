// SPDX-License-Identifier: GPL-2.0-only
/*
 * The skeleton driver of examples/skeleton, built as those are that live outside of
 * lend, does what it is copied for.
 */
#include <glob.h>
#include <signal.h>
#include <sys/syscall.h>

#include "maker.h"
#include "system.h"

#define SIZE	(4 * MiB)
#define DRIVER	"/sys/bus/pci/drivers/skeleton/"
#define OTHER	"1b36 0007"	/* sdhci-pci of QEMU, of which tests/groups asks for one */

static int open_skeleton(void)
{
	return must(open("/dev/skeleton", O_RDWR | O_CLOEXEC));
}

/* It holds what it made, and lends it. */
static void lends(void **state)
{
	int fd = open_skeleton();
	char *mem = map_buffer(fd, SIZE), *again;

	(void)state;
	assert_int_equal(probe_read(mem), 0);
	for (size_t at = 0; at < SIZE; at += PAGE)
		assert_int_equal(mem[at], 0);
	assert_int_equal(smaps_bytes(mem, "FilePmdMapped"), SIZE);
	fill_pattern(mem, SIZE, 1);
	must(munmap(mem, SIZE));
	close(fd);

	fd = open_skeleton();
	again = map_buffer(fd, SIZE);
	assert_true(has_pattern(again, SIZE, 1));
	must_fail(mmap(NULL, SIZE + PAGE, PROT_READ, MAP_SHARED, fd, 0), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0), EPERM);
	must(munmap(again, SIZE));
	close(fd);
}

/* The name of the device it is bound to; static buffer. */
static const char *bound(void)
{
	static char name[32];
	glob_t found;

	name[0] = 0;
	if (!glob(DRIVER "*:*", 0, NULL, &found))
		snprintf(name, sizeof(name), "%.31s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return name;
}

/* The device goes while programs have the driver's file open and mapped, and comes back. */
static void device_goes(void **state)
{
	int fd = open_skeleton();
	char *mem = map_buffer(fd, SIZE), *next, device[32];

	(void)state;
	mem[0] = 1;
	strcpy(device, bound());
	write_text(DRIVER "unbind", device);
	must_fail(access("/dev/skeleton", F_OK), ENOENT);
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	must_fail(syscall(SYS_delete_module, "skeleton", O_NONBLOCK), EWOULDBLOCK);

	/* The new buffer is another one. */
	write_text(DRIVER "bind", device);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	close(fd);
	fd = open_skeleton();
	next = map_buffer(fd, PAGE);
	assert_int_equal(*next, 0);
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	close(fd);
	must(munmap(next, PAGE));
	must(munmap(mem, SIZE));
}

/* A second device is refused, and the first has what it had. */
static void one_device(void **state)
{
	int fd = open_skeleton();
	char *mem = map_buffer(fd, SIZE), *again, device[32];

	(void)state;
	fill_pattern(mem, SIZE, 2);
	strcpy(device, bound());
	write_text(DRIVER "new_id", OTHER);
	assert_string_equal(bound(), device);
	close(fd);
	fd = open_skeleton();
	again = map_buffer(fd, SIZE);
	assert_true(has_pattern(again, SIZE, 2));
	write_text(DRIVER "remove_id", OTHER);
	close(fd);
	must(munmap(again, SIZE));
	must(munmap(mem, SIZE));
}

/* Unloaded while it is mapped: that holds lend, not the driver. */
static void module_goes(void **state)
{
	unsigned int users;
	int fd = open_skeleton();
	char *mem = map_buffer(fd, SIZE);

	(void)state;
	mem[0] = 1;
	must_fail(syscall(SYS_delete_module, "skeleton", O_NONBLOCK), EWOULDBLOCK);
	close(fd);
	unload_module("skeleton");
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	users = users_of_lend();
	must(munmap(mem, SIZE));
	wait_for(users_of_lend() < users);
	load_module("skeleton");
}

static int set_up(void **state)
{
	(void)state;
	load_module("skeleton");
	return bound()[0] ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	unload_module("skeleton");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lends),
		cmocka_unit_test(device_goes),
		cmocka_unit_test(one_device),
		cmocka_unit_test(module_goes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
