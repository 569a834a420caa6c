// SPDX-License-Identifier: GPL-2.0-only
/* Mounting: every option, what it does to files, and what is refused. */
#include "common.h"
#include "mounts.h"
#include "system.h"

static void defaults(void **state)
{
	char *dir = mount_lend(NULL);
	struct lend_info info;
	struct stat st;
	struct statfs fs;
	int fd = new_file(dir);

	(void)state;
	must(stat(dir, &st));
	check(st.st_uid == 0 && st.st_gid == 0 && (st.st_mode & 07777) == 0755);
	must(statfs(dir, &fs));
	check(fs.f_blocks * PAGE / 1024 == meminfo("MemTotal") / PAGE / 2 * PAGE / 1024);
	check_shown(dir, "rw,size=%luk,mode=755,backing=folios,map=auto", fs.f_blocks * 4);
	info = get_info(fd);
	check(info.backing == LEND_BACKING_FOLIOS && info.map == LEND_MAP_AUTO);
	check(info.node == LEND_NODE_ANY && info.dma_bits == 0);
	close(fd);
	unmount_lend(dir);
}

static void all_options(void **state)
{
	char *dir = mount_lend("size=64m,mode=2750,uid=12,gid=34,backing=pages,map=fault,"
			       "node=0,dma_bits=32");
	struct lend_phys_run runs[1024];
	struct lend_runs list = {
		.size = sizeof(list), .runs = (uintptr_t)runs, .count = ARRAY_SIZE(runs),
	};
	struct lend_info info;
	struct statfs fs;
	struct stat st;
	int fd = new_file(dir);

	(void)state;
	check_shown(dir, "rw,size=65536k,mode=2750,uid=12,gid=34,backing=pages,map=fault,"
		    "node=0,dma_bits=32");
	must(stat(dir, &st));
	check(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 02750);
	must(statfs(dir, &fs));
	check(fs.f_blocks * PAGE == 64 * MiB && fs.f_bfree == fs.f_blocks);

	/* Files are their creator's, in the directory's group where that is set-gid. */
	must(fstat(fd, &st));
	check(st.st_uid == 0 && st.st_gid == 34);
	must(ftruncate(fd, 4 * MiB));
	info = get_info(fd);
	check(info.backing == LEND_BACKING_PAGES && info.map == LEND_MAP_FAULT);
	check(info.node == 0 && info.dma_bits == 32);
	must(ioctl(fd, LEND_IOC_RUNS, &list));
	for (uint32_t i = 0; i < list.count; i++)
		check(runs[i].phys + runs[i].length <= 1UL << 32);
	close(fd);
	unmount_lend(dir);
}

static void every_kind(void **state)
{
	static const char *const map_names[] = { "auto", "fault", "insert", "pfn" };

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		for (size_t m = 0; m < ARRAY_SIZE(map_names); m++) {
			struct lend_info info;
			char options[64], *dir;
			int fd;

			snprintf(options, sizeof(options), "size=8m,backing=%s,map=%s",
				 backing_name(backings[b]), map_names[m]);
			dir = mount_lend(options);
			check_shown(dir, "rw,size=8192k,mode=755,backing=%s,map=%s",
				    backing_name(backings[b]), map_names[m]);
			fd = new_file(dir);
			must(ftruncate(fd, 4 * MiB));
			info = get_info(fd);
			check(info.backing == backings[b]);
			check(m ? info.map == LEND_MAP_AUTO + m : info.map != LEND_MAP_AUTO);
			munmap(map_buffer(fd, 4 * MiB), 4 * MiB);
			close(fd);
			unmount_lend(dir);
		}
	}
}

static void sizes(void **state)
{
	uint64_t ram = meminfo("MemTotal") / PAGE;
	struct {
		const char *text;
		uint64_t pages;
	} good[] = {
		{ "size=1", 1 }, { "size=4096", 1 }, { "size=4097", 2 }, { "size=20k", 5 },
		{ "size=1M", 256 }, { "size=1g", 1 << 18 }, { "size=2T", 1 << 29 },
		{ "size=25%", (ram * PAGE * 25 / 100 + PAGE - 1) / PAGE }, { "size=100%", ram },
		{ "size=0", 0 }, { "size=7e", 7UL << 48 }, { "size=1m,size=2m", 512 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char *dir = mount_lend(good[i].text);
		struct statfs fs;

		check_shown(dir, "rw,size=%luk,mode=755,backing=folios,map=auto",
			    good[i].pages * 4);
		must(statfs(dir, &fs));
		check(fs.f_blocks == (good[i].pages ? good[i].pages : ram));
		unmount_lend(dir);
	}
}

static const struct refusal {
	const char *option;
	int error;
	const char *words;
} refusals[] = {
	{ "sise=1m", EINVAL, "Unknown parameter 'sise'" },
	{ "Size=1m", EINVAL, "Unknown parameter 'Size'" },
	{ "huge", EINVAL, "Unknown parameter 'huge'" },
	{ "size", EINVAL, "size" },
	{ "size=", EINVAL, "size" },
	{ "size=banana", EINVAL, "size=banana is not a size: try" },
	{ "size=-1", EINVAL, "size=-1 is not a size" },
	{ "size= 1m", EINVAL, "is not a size" },
	{ "size=1mb", EINVAL, "size=1mb is not a size" },
	{ "size=1m%", EINVAL, "size=1m% is not a size" },
	{ "size=101%", EINVAL, "size=101% is not a size" },
	{ "size=%", EINVAL, "is not a size" },
	{ "size=0%", EINVAL, "size=0% is not a size" },
	{ "size=8e", EINVAL, "size=8e is more than" },
	{ "size=16e", EINVAL, "size=16e" },
	{ "size=18446744073709551616", EINVAL, "size=18446744073709551616" },
	{ "size=99999999999999999999g", EINVAL, "size=99999999999999999999g" },
	{ "mode", EINVAL, "mode" },
	{ "mode=", EINVAL, "mode" },
	{ "mode=8", EINVAL, "mode" },
	{ "mode=rwx", EINVAL, "mode" },
	{ "mode=10755", EINVAL, "mode=10755 has more than permission bits" },
	{ "uid=", EINVAL, "uid" },
	{ "uid=root", EINVAL, "uid" },
	{ "uid=-1", EINVAL, "uid" },
	{ "uid=4294967295", EINVAL, "uid=4294967295 is not valid" },
	{ "uid=4294967296", EINVAL, "uid" },
	{ "gid=staff", EINVAL, "gid" },
	{ "gid=-1", EINVAL, "gid" },
	{ "gid=4294967295", EINVAL, "gid=4294967295 is not valid" },
	{ "backing", EINVAL, "backing" },
	{ "backing=", EINVAL, "backing" },
	{ "backing=gold", EINVAL, "backing=gold: take folios, pages, contig or vmalloc" },
	{ "backing=Pages", EINVAL, "backing=Pages: take" },
	{ "backing=pages ", EINVAL, "backing=pages : take" },
	{ "backing=1", EINVAL, "backing=1: take" },
	{ "map=", EINVAL, "map" },
	{ "map=gold", EINVAL, "map=gold: take auto, fault, insert or pfn" },
	{ "map=2", EINVAL, "map=2: take" },
	{ "node=", EINVAL, "node" },
	{ "node=x", EINVAL, "node=x: take a number, or any" },
	{ "node=-1", EINVAL, "node=-1: take a number, or any" },
	{ "node=0x0", EINVAL, "node=0x0: take" },
	{ "node=99999999999", EINVAL, "node=99999999999: take" },
	{ "node=99", ENXIO, "node=99 has no memory" },
	{ "node=2147483647", ENXIO, "node=2147483647 has no memory" },
	{ "dma_bits=", EINVAL, "dma_bits" },
	{ "dma_bits=x", EINVAL, "dma_bits" },
	{ "dma_bits=-1", EINVAL, "dma_bits" },
	{ "dma_bits=65", EINVAL, "dma_bits=65: take 0 to 64" },
	{ "dma_bits=1", ERANGE, "dma_bits=1: no memory of this machine lies below" },
	{ "dma_bits=12", ERANGE, "dma_bits=12: no memory of this machine lies below" },
};

/* In the words that `lend mount` shows: EINVAL on the spot, the others when it is mounted. */
static void refused_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];
		int context = must(fsopen("lend", FSOPEN_CLOEXEC));

		if (r->error != EINVAL)
			must(set_option(context, r->option));
		errno = 0;
		if (r->error == EINVAL ? set_option(context, r->option) != -1 :
		    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != -1)
			failed("%s was taken", r->option);
		if (errno != r->error)
			failed("%s: %s, expected %s", r->option, strerror(errno),
			       strerror(r->error));
		check_message(context, r->option, r->words);
		close(context);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(defaults),
		clean_test(all_options),
		clean_test(every_kind),
		clean_test(sizes),
		clean_test(refused_options),
	};

	return cmocka_run_group_tests_name("mount", tests, NULL, NULL);
}
