// SPDX-License-Identifier: GPL-2.0-only
/* What a buffer shall be is taken over as a whole, whoever changes it at that moment. */
#include <signal.h>

#include "common.h"
#include "mounts.h"
#include "system.h"

#define ROUNDS	20000

/* Two wishes that differ in all that they say, and in the limit of the mount. */
static const struct {
	const char *options;
	struct lend_setup setup;
} wishes[2] = {
	{ "size=1g,backing=pages,map=insert,node=0,dma_bits=64", {
		.size = sizeof(struct lend_setup), .flags = 15, .backing = LEND_BACKING_PAGES,
		.map = LEND_MAP_INSERT, .node = 0, .dma_bits = 64,
	} },
	{ "size=0,backing=vmalloc,map=pfn,node=any,dma_bits=0", {
		.size = sizeof(struct lend_setup), .flags = 15, .backing = LEND_BACKING_VMALLOC,
		.map = LEND_MAP_PFN, .node = LEND_NODE_ANY, .dma_bits = 0,
	} },
};

static bool is(const struct lend_info *info, const struct lend_setup *setup)
{
	return info->backing == setup->backing && info->map == setup->map &&
	       info->node == setup->node && info->dma_bits == setup->dma_bits;
}

static void check_whole(int fd)
{
	struct lend_info info = get_info(fd);

	if (!is(&info, &wishes[0].setup) && !is(&info, &wishes[1].setup))
		failed("backing %u, map %u, node %d, dma_bits %u: of two wishes", info.backing,
		       info.map, info.node, info.dma_bits);
}

static int remounting(void *dir)
{
	for (unsigned long i = 0;; i++)
		must(mount(NULL, dir, NULL, MS_REMOUNT, wishes[i % 2].options));
}

static int setting_up(void *fd)
{
	for (unsigned long i = 0;; i++)
		must(ioctl(*(int *)fd, LEND_IOC_SETUP, &wishes[i % 2].setup));
}

static void end(pid_t child)
{
	must(kill(child, SIGKILL));
	check(reap(child) == 128 + SIGKILL);
}

static void remounted(void **state)
{
	char *dir = mount_lend(wishes[0].options);
	pid_t child = spawn(remounting, dir);
	struct statfs fs;

	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		int fd = new_file(dir);

		check_whole(fd);
		close(fd);
		must(statfs(dir, &fs));
		check(fs.f_blocks);
	}
	end(child);
	unmount_lend(dir);
}

static void set_up(void **state)
{
	int fd = make_empty(0, 0);
	pid_t child;

	(void)state;
	must(ioctl(fd, LEND_IOC_SETUP, &wishes[0].setup));
	child = spawn(setting_up, &fd);
	for (int i = 0; i < ROUNDS; i++)
		check_whole(fd);
	end(child);
	close(fd);
}

/* What the mount shows of itself, read while it is changed. */
static void shown(void **state)
{
	char *dir = mount_lend(wishes[0].options), line[4096];
	pid_t child = spawn(remounting, dir);

	(void)state;
	for (int i = 0; i < ROUNDS / 100; i++) {
		FILE *file = fopen("/proc/self/mountinfo", "re");

		check(file);
		while (fgets(line, sizeof(line), file))
			if (strstr(line, dir) && !strstr(line, "pages,map=insert,node=0,dma_bits=64") &&
			    !strstr(line, "backing=vmalloc,map=pfn\n"))
				failed("%s", line);
		fclose(file);
	}
	end(child);
	unmount_lend(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(remounted),
		clean_test(set_up),
		clean_test(shown),
	};

	return cmocka_run_group_tests_name("wishes", tests, NULL, NULL);
}
