// SPDX-License-Identifier: GPL-2.0-only
/* lend info */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lend.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd.h"
#include "info_mount.h"
#include "json.h"
#include "users.h"

static const char usage[] =
"usage: lend info [--runs] [--json] [FILE...]\n"
"Tell all about buffers: what memory they are, how it is mapped, who uses them.\n"
"Of a directory, or without FILE, tell about the mount: totals and defaults.\n"
"\n"
"  -r, --runs  list the physical runs too (root)\n"
"      --json  print JSON\n"
"  -h, --help  print this\n";

/* All that is known of one buffer. */
struct facts {
	const char *name;
	struct lend_info info;
	struct users users;
	struct lend_phys_run *runs;	/* with --runs */
	size_t run_count;
};

static void print_kind(const struct lend_info *info)
{
	if (!info->memory) {
		fact("memory", "none yet: \"truncate -s SIZE\" makes it %s",
		     lend_backing_name(info->backing));
		return;
	}
	fact("memory", "%s, %s (%llu bytes)", lend_backing_name(info->backing),
	     human(info->memory), (unsigned long long)info->memory);
	if (info->bytes != info->memory)
		fact("size", "%llu bytes", (unsigned long long)info->bytes);
	fact("2 MiB folios", "%s, %u %%", human(info->huge), percent(info->huge, info->memory));
	fact("runs", "%llu, the longest %s", (unsigned long long)info->runs,
	     human(info->longest));
	if (info->flags & LEND_INFO_KERNEL_ADDR)
		fact("kernel", "sees it at one address");
}

static void print_limits(const struct lend_info *info)
{
	if (info->node != LEND_NODE_ANY)
		fact("node", "%d", info->node);
	if (info->dma_bits)
		fact("dma_bits", "%u", info->dma_bits);
}

static void print_charge(const struct lend_info *info)
{
	struct passwd *user = getpwuid(info->uid);

	if (info->flags & LEND_INFO_MEMCG)
		fact("charged to", "the memory cgroup of its creator");
	if (info->flags & LEND_INFO_MEMLOCK)
		fact("charged to", "RLIMIT_MEMLOCK of %s (uid %u)",
		     user ? user->pw_name : "a user without a name", info->uid);
	if (!(info->flags & (LEND_INFO_MEMCG | LEND_INFO_MEMLOCK)))
		fact("charged to", "the mount's size= only");
}

static void print_use(const struct facts *facts)
{
	const struct lend_info *info = &facts->info;
	struct user_sum sum = users_sum(&facts->users);

	fact("mappings", "%llu", (unsigned long long)info->mappings);
	if (sum.mapped && info->map == LEND_MAP_PFN)
		fact("mapped now", "%s, all of it, by page frame number", human(sum.mapped));
	else if (sum.mapped)
		fact("mapped now", "%s of %s touched, %u %% of it by 2 MiB entries",
		     human(sum.resident), human(sum.mapped), percent(sum.huge, sum.resident));
	fact("held", "%llu references of mappings and pins on its pages",
	     (unsigned long long)info->held);
	fact("pinned", "%s", human(info->pinned));
	if (info->exports)
		fact("dma-bufs", "%llu", (unsigned long long)info->exports);
}

static void print_why(uint32_t why)
{
	for (; why; why &= why - 1)
		printf("  %s\n", lend_why(why));
}

static void print_runs(const struct facts *facts)
{
	struct table table = { .align = "rrr" };
	const struct lend_phys_run *run;

	table_add(&table, "  OFFSET");
	table_add(&table, "PHYSICAL");
	table_add(&table, "LENGTH");
	for (run = facts->runs; run < facts->runs + facts->run_count; run++) {
		table_addf(&table, "0x%llx", (unsigned long long)run->offset);
		table_addf(&table, "0x%llx", (unsigned long long)run->phys);
		table_addf(&table, "0x%llx", (unsigned long long)run->length);
	}
	table_print_free(&table);
}

static void print_facts(const struct facts *facts)
{
	const struct lend_info *info = &facts->info;
	bool pinnable = info->flags & LEND_INFO_PINNABLE;

	puts(facts->name);
	print_kind(info);
	print_limits(info);
	fact("map", "%s%s", lend_map_name(info->map),
	     info->flags & LEND_INFO_HUGE ? ", by 2 MiB entries where aligned" : "");
	if (info->memory) {
		fact("pinnable", "%s",
		     pinnable ? "yes: O_DIRECT, io_uring, RDMA work on mappings" : "no");
		print_charge(info);
		print_use(facts);
	}
	print_why(info->why);
	users_print(stdout, &facts->users);
	if (facts->runs)
		print_runs(facts);
}

static struct json_object *json_facts(const struct facts *facts)
{
	struct user_sum sum = users_sum(&facts->users);
	struct json_object *object = json_buffer(facts->name, &facts->info);

	json_add_u64(object, "mapped_bytes", sum.mapped);
	json_add_u64(object, "mapped_resident", sum.resident);
	json_add_u64(object, "mapped_huge", sum.huge);
	json_object_object_add(object, "users", json_users(&facts->users));
	json_add_bool(object, "users_complete", !facts->users.partial);
	if (facts->runs)
		json_object_object_add(object, "physical_runs",
				       json_runs(facts->runs, facts->run_count));
	return object;
}

static int gather(struct facts *facts, int fd, const struct stat *st, bool runs)
{
	if (lend_info(fd, &facts->info))
		return error("%s", lend_error());
	if (runs) {
		facts->runs = lend_runs(fd, &facts->run_count);
		if (!facts->runs)
			return error("%s", lend_error());
	}
	users_find(&facts->users, st->st_dev, st->st_ino);
	return 0;
}

/* Tell about one file, on @array if there is one. */
static int tell(const char *name, bool runs, struct json_object *array)
{
	struct facts facts = { .name = name };
	struct stat st;
	int fd, ret;

	fd = lend_open(name, O_RDONLY);
	if (fd < 0)
		return error("%s", lend_error());
	if (fstat(fd, &st))
		ret = error("%s: %m", name);
	else if (S_ISDIR(st.st_mode))
		ret = info_mount(fd, &st, array);
	else
		ret = gather(&facts, fd, &st, runs);
	close(fd);

	if (!ret && !S_ISDIR(st.st_mode)) {
		if (array)
			json_object_array_add(array, json_facts(&facts));
		else
			print_facts(&facts);
	}
	users_free(&facts.users);
	free(facts.runs);
	return ret;
}

static int tell_all(char **names, bool runs, bool json)
{
	struct json_object *array = json ? json_object_new_array() : NULL;
	char *mount[] = { (char *)lend_dir(), NULL };
	int status = EXIT_SUCCESS;

	if (!*names)
		names = mount;
	for (; *names; names++) {
		if (tell(*names, runs, array))
			status = EXIT_FAILURE;
		else if (names[1] && !json)
			putchar('\n');
	}
	if (json)
		json_print_put(array);
	return status;
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs",	no_argument,	NULL,	'r' },
		{ "json",	no_argument,	NULL,	'j' },
		{ "help",	no_argument,	NULL,	'h' },
		{ 0 }
	};
	bool runs = false, json = false;
	int c;

	while ((c = getopt_long(argc, argv, "rh", options, NULL)) >= 0) {
		switch (c) {
		case 'r':
			runs = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return usage_hint();
		}
	}
	return tell_all(argv + optind, runs, json);
}
