// SPDX-License-Identifier: GPL-2.0-only
/*
 * lend explain, word by word: for mappings of many kinds each use that it has a
 * verdict on is tried by its real interface, and what comes out must be what was told.
 */
#include <elf.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>

#include "explain_parts/command.h"
#include "explain_parts/fates.h"
#include "explain_parts/places.h"
#include "explain_parts/told.h"
#include "explain_parts/uses.h"
#include "kernel.h"
#include "ring.h"
#include "system.h"

#define PIECE	(64 * KiB)	/* enough to try a use on */

static const struct {
	const char *key;
	int (*try)(void *mem, size_t size);
	size_t size;
} uses[] = {
	{ "direct_write", do_direct_write, PIECE },
	{ "direct_read", do_direct_read, PIECE },
	{ "io_uring_write", do_io_uring_write, PIECE },
	{ "io_uring_read", do_io_uring_read, PIECE },
	{ "io_uring_fixed", do_io_uring_fixed, PIECE },
	{ "aio_write", do_aio_write, PIECE },
	{ "aio_read", do_aio_read, PIECE },
	{ "vmsplice", do_vmsplice, PIECE },
	{ "msg_zerocopy", do_msg_zerocopy, PIECE },
	{ "xdp_umem", do_xdp_umem, PIECE },
	{ "rdma", do_rdma, PIECE },
	{ "v4l2_userptr", do_v4l2_userptr, V4L2_SIZE },
	{ "process_vm_readv", do_process_vm_readv, PIECE },
	{ "process_vm_writev", do_process_vm_writev, PIECE },
	{ "ptrace_peek", do_ptrace_peek, PIECE },
	{ "ptrace_poke", do_ptrace_poke, PIECE },
	{ "futex", do_futex, PIECE },
};

static void try_dmabuf(const struct place *place, struct json_object *mapping)
{
	struct lend_dmabuf request = { sizeof(request), O_RDWR | O_CLOEXEC };
	int fd = place_reopen(place, O_RDWR), dmabuf = ioctl(fd, LEND_IOC_DMABUF, &request);

	compare(place, mapping, "dma_buf", dmabuf < 0 ? errno : 0);
	close(dmabuf);
	close(fd);
}

static void try_uses(const struct place *place, struct json_object *mapping)
{
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		/* The BIOS and small mappings of the kernel's hold no picture. */
		if (uses[i].size > place->size && uses[i].try == do_v4l2_userptr)
			continue;
		compare(place, mapping, uses[i].key, uses[i].try(place->mem,
			uses[i].size < place->size ? uses[i].size : place->size));
	}
}

/* What is told of the mapping itself is what smaps, pagemap and lend say of it. */
static void compare_facts(const struct place *place, struct json_object *mapping)
{
	char flags[256];
	const char *mem = place->mem;
	size_t hugetlb = smaps_bytes(mem, "Shared_Hugetlb") + smaps_bytes(mem, "Private_Hugetlb");

	assert_string_equal(text_of(mapping, "kind"), place->kind);
	snprintf(flags, sizeof(flags), " %s ", flags_of(mapping));
	assert_string_equal(flags, smaps_flags(mem));
	/* What is told is parsed on the heap and the stack. */
	if (!strcmp(place->kind, "heap") || !strcmp(place->kind, "stack"))
		return;
	assert_int_equal(number_of(mapping, "resident"), smaps_bytes(mem, "Rss") + hugetlb);
	assert_int_equal(number_of(mapping, "huge"), smaps_bytes(mem, "AnonHugePages") + hugetlb +
			 smaps_bytes(mem, "ShmemPmdMapped") + smaps_bytes(mem, "FilePmdMapped"));
	assert_int_equal(number_of(mapping, "anonymous"), smaps_bytes(mem, "Anonymous"));
	assert_int_equal(number_of(mapping, "locked"), smaps_bytes(mem, "Locked"));
	if (place_has(place, "pf")) {
		assert_int_equal(number_of(mapping, "pages.present"), 0);
		return;
	}
	assert_int_equal(number_of(mapping, "pages.present"), number_of(mapping, "resident"));
	if (number_of(mapping, "resident"))
		assert_int_equal(number_of(mapping, "pages.flags.reserved"),
				 strcmp(place->kind, "vdso") ? 0 : number_of(mapping, "resident"));
}

static void compare_with_lend(const struct place *place, struct json_object *mapping)
{
	struct lend_info info = get_info(place->fd);

	assert_string_equal(text_of(mapping, "backing"), backing_name(info.backing));
	assert_string_equal(text_of(mapping, "map"), map_name(info.map));
	assert_string_equal(text_of(mapping, "file_system"), "lend");
	if (!(info.flags & LEND_INFO_PINNABLE) || !place_has(place, "rd") || !place_has(place, "ms"))
		return;
	assert_int_equal(number_of(mapping, "pages.runs"), info.runs);
	assert_int_equal(number_of(mapping, "pages.longest_run"), info.longest);
	assert_int_equal(number_of(mapping, "pages.flags.lru"), 0);
}

static void words(void **state)
{
	struct place *place = *state;
	struct json_object *told_all, *mapping;

	place_make(place);
	told_all = told_of(getpid(), place->mem);
	mapping = only_mapping(told_all);
	compare_facts(place, mapping);
	if (!strcmp(place->kind, "lend")) {
		compare_with_lend(place, mapping);
		try_dmabuf(place, mapping);
	}
	try_uses(place, mapping);
	try_fork(place, mapping);
	try_mlock(place, mapping);
	try_stay(place, mapping);
	json_object_put(told_all);
	place_unmake(place);
}

/* Maps all there is, and waits to be killed. */
static int map_everything(void *arg)
{
	(void)arg;
	must(setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }));
	for (size_t i = 0; i < place_count; i++)
		place_make(&places[i]);
	raise(SIGSTOP);
	return 0;
}

/* How much of each mapping is in a core dump, by its program headers. */
static uint64_t dumped(const char *core, uint64_t start, uint64_t *size)
{
	const Elf64_Ehdr *header = (const void *)core;
	const Elf64_Phdr *segment = (const void *)(core + header->e_phoff);

	for (int i = 0; i < header->e_phnum; i++, segment++)
		if (segment->p_type == PT_LOAD && segment->p_vaddr == start) {
			*size = segment->p_memsz;
			return segment->p_filesz;
		}
	failed("no segment at 0x%lx", start);
}

static void compare_dump(const char *core, struct json_object *mapping)
{
	uint64_t start = strtoull(text_of(mapping, "start"), NULL, 16), size;
	const char *verdict = use_of(mapping, "core_dump", "verdict");
	uint64_t got = dumped(core, start, &size);
	uint64_t want = !strcmp(verdict, "works") ? size : 0;

	if (!strcmp(text_of(mapping, "kind"), "vsyscall"))
		return;
	assert_int_equal(size, number_of(mapping, "size"));
	if (got != want && !(strstr(use_of(mapping, "core_dump", "why"), "first page") && got == PAGE))
		failed("%s %s (%s): told \"%s %s\", %lu of %lu bytes are dumped", text_of(mapping, "kind"),
		       text_of(mapping, "name"), flags_of(mapping), verdict,
		       use_of(mapping, "core_dump", "why"), got, size);
}

/* All mappings of a process at once: told with all details, and dumped as told. */
static void core_dump(void **state)
{
	static const char path[] = "/tmp/lend.explain.core";
	struct json_object *told_all, *mappings;
	pid_t pid = spawn(map_everything, NULL);
	size_t kinds = 0;
	struct stat st;
	char *core;
	int fd, status;

	(void)state;
	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	told_all = told("%d", pid);
	assert_int_equal(number_of(told_all, "pid"), pid);
	assert_string_equal(text_of(told_all, "command"), "explain");
	mappings = member(told_all, "mappings");
	check(json_object_array_length(mappings) > place_count);

	check(shell("cat /proc/sys/kernel/core_pattern >/tmp/lend.explain.pattern &&"
		    " echo %s >/proc/sys/kernel/core_pattern", path) == 0);
	kill(pid, SIGABRT);
	kill(pid, SIGCONT);
	check(reap(pid) == 128 + SIGABRT);
	check(shell("cat /tmp/lend.explain.pattern >/proc/sys/kernel/core_pattern") == 0);

	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	must(fstat(fd, &st));
	core = must(mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0));
	for (size_t i = 0; i < json_object_array_length(mappings); i++) {
		struct json_object *mapping = json_object_array_get_idx(mappings, i);

		compare_dump(core, mapping);
		kinds += !strcmp(text_of(mapping, "kind"), "lend");
	}
	check(kinds == 19);
	munmap(core, st.st_size);
	close(fd);
	json_object_put(told_all);
	must(unlink(path));
	must(unlink("/tmp/lend.explain.pattern"));
	places_unlink();
}

/* Without CAP_IPC_LOCK, what is pinned for long counts against RLIMIT_MEMLOCK. */
static int limited(void *arg)
{
	struct place place = { .name = "limited", .kind = "anonymous", .size = PLACE_SIZE };
	struct json_object *told_all, *mapping;
	static const struct {
		const char *key;
		int (*try)(void *mem, size_t size);
	} rows[] = {
		{ "io_uring_fixed", do_io_uring_fixed },
		{ "msg_zerocopy", do_msg_zerocopy },
		{ "xdp_umem", do_xdp_umem },
		{ "rdma", do_rdma },
		{ "direct_write", do_direct_write },
	};

	(void)arg;
	give_up(CAP_IPC_LOCK);
	must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ MiB, MiB }));
	place.mem = must(mmap(NULL, place.size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	/* A huge page would count whole. */
	must(madvise(place.mem, place.size, MADV_NOHUGEPAGE));
	memset(place.mem, 1, place.size);
	told_all = told_of(getpid(), place.mem);
	mapping = only_mapping(told_all);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int all = rows[i].try(place.mem, place.size), some = rows[i].try(place.mem, PIECE);
		bool is_limited = rows[i].try != do_direct_write;

		if (some || !all == is_limited || is_limited !=
		    !strcmp(use_of(mapping, rows[i].key, "verdict"), "depends"))
			failed("%s: all %s, some %s, told %s", rows[i].key, name_of(all), name_of(some),
			       use_of(mapping, rows[i].key, "verdict"));
		compare(&place, mapping, rows[i].key, all);
	}
	compare(&place, mapping, "mlock", mlock(place.mem, place.size) ? errno : 0);
	check(mlock(place.mem, place.size) < 0);
	return 0;
}

static void limit(void **state)
{
	(void)state;
	check(reap(spawn(limited, NULL)) == 0);
}

static int set_up(void **state)
{
	/* Not within a test, which would seem to leave it behind. */
	keep_ring();
	places_set_up(state);
	return devices_set_up();
}

static int tear_down(void **state)
{
	devices_tear_down();
	return places_tear_down(state);
}

int main(void)
{
	char room[ROOM + PAGE];
	struct CMUnitTest tests[place_count + 2 + command_test_count];
	size_t nr = 0;

	stack_room = memset(room, 1, sizeof(room));
	for (; nr < place_count; nr++)
		tests[nr] = (struct CMUnitTest){ places[nr].name, words, remember, nothing_left, &places[nr] };
	tests[nr++] = (struct CMUnitTest)TEST(core_dump);
	tests[nr++] = (struct CMUnitTest)TEST(limit);
	for (size_t i = 0; i < command_test_count; i++)
		tests[nr++] = command_tests[i];
	return run_able("explain", tests, nr, set_up, tear_down);
}
