// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "refused.h"

/* Another sentence than the one that is to come. */
void refused_begin(void)
{
	uint64_t size;

	check(lend_parse_size("nothing refused yet", &size) == -1);
	errno = 0;
}

void refused_end(const char *call, bool failure, int error, int expected,
		 const char *const *words)
{
	const char *sentence = lend_error();

	if (!failure)
		failed("%s succeeded, expected %s", call, strerrorname_np(expected));
	if (error != expected)
		failed("%s: %s, expected %s (\"%s\")", call, strerrorname_np(error),
		       strerrorname_np(expected), sentence);
	for (; *words; words++)
		if (!strstr(sentence, *words))
			failed("%s: \"%s\" lacks \"%s\"", call, sentence, *words);
}

static int entries(const char *path)
{
	struct dirent **list;
	int count = must(scandir(path, &list, NULL, NULL));

	for (int i = 0; i < count; i++)
		free(list[i]);
	free(list);
	return count;
}

static struct {
	uint64_t bytes, inodes;
	int descriptors, names;
} before;

int remember(void **state)
{
	(void)state;
	before.bytes = used_bytes();
	before.inodes = used_inodes();
	before.descriptors = entries("/proc/self/fd");
	before.names = entries(DIR);
	return 0;
}

/* The next test begins on clean ground whatever this one has left. */
static void sweep(void)
{
	must(close_range(3, ~0U, 0));
	if (system("find " DIR " -mindepth 1 -delete"))
		printf("# cannot empty " DIR "\n");
}

int nothing_left(void **state)
{
	int descriptors = entries("/proc/self/fd"), names = entries(DIR);

	(void)state;
	if (descriptors != before.descriptors || names != before.names)
		sweep();
	assert_int_equal(descriptors, before.descriptors);
	assert_int_equal(names, before.names);
	wait_for(used_bytes() == before.bytes && used_inodes() == before.inodes);
	return 0;
}

void give_up(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	must(syscall(SYS_capget, &header, data));
	data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
	must(syscall(SYS_capset, &header, data));
}
