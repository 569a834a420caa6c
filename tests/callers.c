// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of 32 bits get the same answers from a 64-bit kernel as those of 64: one
 * source, callers_parts/answers.c, asks everything, and the two of it are compared.
 */
#include <libgen.h>

#include "mounts.h"
#include "says.h"
#include "system.h"

/* What a program of so many bits is told. */
static char *answers(unsigned int bits)
{
	char *dir = mount_lend("size=64m"), *name, path[512], exe[256] = "", *text;
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/lend-test.answers%u", bits);
	check(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	name = dirname(exe);
	assert_int_equal(shell("%s/callers_parts/answers%u %s >%s", name, bits, dir, path), 0);
	assert_int_equal(used_bytes_of(dir), 0);
	unmount_lend(dir);

	must(stat(path, &st));
	text = calloc(1, st.st_size + 1);
	file = fopen(path, "re");
	check(text && file && fread(text, 1, st.st_size, file) == (size_t)st.st_size);
	fclose(file);
	return text;
}

static unsigned int lines(const char *text)
{
	unsigned int count = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

static void same_answers(void **state)
{
	char *wide = answers(64), *narrow = answers(32);

	(void)state;
	shell("diff /tmp/lend-test.answers64 /tmp/lend-test.answers32 | head -20 >&2");
	assert_true(!strcmp(wide, narrow));
	assert_true(lines(wide) > 1000);
	free(narrow);
	free(wide);
}

/* They ask what they are meant to, and most of it is refused; all of that would prove little. */
static void right_answers(void **state)
{
	static const char *const expected[] = {
		"ftruncate 0x1000: 0\nits end: 4096\n",
		"ftruncate 0x100000000: ENOSPC\nits end: 0\n",
		"ftruncate 0xffffffffffffffff: EINVAL\n",
		"fallocate 0x1000, 0x1: 0\nits end: 4097\n",
		"got a line for \n", "pread at 0x100000000: 0\n", "pwrite at 0x100000000: ENOSPC\n",
		"page at 0x1ff000 has 0x1ff000\n", "mmap at 0x100000000: ENXIO\n",
		"mmap at 0x100001000: ENXIO\n", "process_vm_readv: 4\n", "SETUP f, 1: ERANGE\n",
		"SETUP f, 3: 0\n", "SETUP f, 4: ENXIO\n",
		"request 5, short: ENOTTY\n", "SYNC 0, 0x1000: 0\n",
		"SYNC 0xffffffffffffffff, 0x1: EOVERFLOW\n", "DMABUF 80002: 0\n",
		"map of the dma-buf: 0\nits end: 8192\nits sync: 0\n", "heap 0x1000: 0\n",
	};
	char *text = answers(32);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (!strstr(text, expected[i]))
			failed("no answer is '%s'", expected[i]);
	free(text);
}

static int tear_down(void **state)
{
	(void)state;
	unlink("/tmp/lend-test.answers32");
	unlink("/tmp/lend-test.answers64");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(same_answers),
		clean_test(right_answers),
	};

	return cmocka_run_group_tests_name("callers", tests, NULL, tear_down);
}
