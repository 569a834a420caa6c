// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/prctl.h>

#include "command.h"
#include "kernel.h"
#include "system.h"
#include "told.h"

#define NAME	"explained"
#define SIZE	(4 * MiB)

static int make_named(uint32_t map, size_t size)
{
	int fd = make_empty(0, map);
	char path[64];

	if (size)
		must(ftruncate(fd, size));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, path, AT_FDCWD, DIR "/" NAME, AT_SYMLINK_FOLLOW));
	return fd;
}

static int hold(void *arg)
{
	char *mem = map_buffer(*(int *)arg, SIZE);

	memset(mem, 1, SIZE);
	raise(SIGSTOP);
	return 0;
}

static pid_t stopped(int (*fn)(void *arg), void *arg)
{
	pid_t pid = spawn(fn, arg);
	int status;

	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

static void assert_same_uses(struct json_object *a, struct json_object *b)
{
	assert_string_equal(json_object_to_json_string(member(a, "uses")),
			    json_object_to_json_string(member(b, "uses")));
}

/* A file of lend: as it would be mapped; then by all who do, and that is the same. */
static void lend_file(void **state)
{
	uint32_t ways[] = { LEND_MAP_FAULT, LEND_MAP_INSERT, LEND_MAP_PFN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = make_named(ways[i], SIZE);
		struct lend_info info = get_info(fd);
		struct json_object *before = told(NAME), *after, *mappings, *mapping;
		pid_t pids[2];

		assert_string_equal(text_of(before, "file"), DIR "/" NAME);
		assert_int_equal(number_of(before, "buffer.runs"), info.runs);
		assert_string_equal(text_of(before, "buffer.map"), map_name(ways[i]));
		assert_int_equal(json_object_array_length(member(before, "mappings")), 0);
		assert_null(member(before, "if_mapped.pid"));

		for (size_t j = 0; j < ARRAY_SIZE(pids); j++)
			pids[j] = stopped(hold, &fd);
		after = told(DIR "/" NAME);
		assert_null(member(after, "if_mapped"));
		mappings = member(after, "mappings");
		assert_int_equal(json_object_array_length(mappings), ARRAY_SIZE(pids));
		for (size_t j = 0; j < ARRAY_SIZE(pids); j++) {
			mapping = json_object_array_get_idx(mappings, j);
			assert_true(number_of(mapping, "pid") == (uint64_t)pids[0] ||
				    number_of(mapping, "pid") == (uint64_t)pids[1]);
			assert_same_uses(mapping, member(before, "if_mapped"));
			end(pids[j]);
		}
		json_object_put(before);
		json_object_put(after);
		close(fd);
		must(unlink(DIR "/" NAME));
	}
}

static void empty_file(void **state)
{
	struct json_object *object;
	int fd = make_named(0, 0);

	(void)state;
	object = told(NAME);
	assert_int_equal(number_of(object, "buffer.memory"), 0);
	assert_null(member(object, "if_mapped"));
	json_object_put(object);
	assert_int_equal(shell("lend explain " NAME " | grep -q 'none yet.*truncate -s'"), 0);
	close(fd);
	must(unlink(DIR "/" NAME));
}

/* Any other file: of this program's own there is a mapping, on an overlay, too. */
static void other_file(void **state)
{
	char path[256];
	struct json_object *object, *mapping;
	bool found = false;

	(void)state;
	path[must(readlink("/proc/self/exe", path, sizeof(path) - 1))] = '\0';
	object = told("%s", path);
	assert_null(member(object, "buffer"));
	for (size_t i = 0; i < json_object_array_length(member(object, "mappings")); i++) {
		mapping = json_object_array_get_idx(member(object, "mappings"), i);
		assert_string_equal(text_of(mapping, "kind"), "file");
		assert_string_equal(text_of(mapping, "name"), path);
		found |= number_of(mapping, "pid") == (uint64_t)getpid();
	}
	assert_true(found);
	json_object_put(object);
}

static int as_nobody(void *arg)
{
	struct json_object *object, *mapping;
	char *own = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *mem = map_buffer(*(int *)arg, SIZE);
	char arguments[64];

	memset(own, 1, SIZE);
	memset(mem, 1, SIZE);
	become(NOBODY);
	must(prctl(PR_SET_DUMPABLE, 1));

	object = told_of(getpid(), own);
	mapping = only_mapping(object);
	check(!strcmp(text_of(mapping, "kind"), "anonymous"));
	check(number_of(mapping, "pages.present") == SIZE);
	check(!member(mapping, "pages.runs") && !member(mapping, "pages.flags"));
	check(json_object_array_length(member(object, "unseen")) == 2);
	check(!strcmp(use_of(mapping, "direct_read", "verdict"), "works"));
	json_object_put(object);

	/* Nobody may not read the buffer itself, but sees that it is one. */
	object = told_of(getpid(), mem);
	mapping = only_mapping(object);
	check(!strcmp(text_of(mapping, "kind"), "lend") && !*text_of(mapping, "backing"));
	check(json_object_array_length(member(object, "unseen")) == 3);
	json_object_put(object);
	snprintf(arguments, sizeof(arguments), "%d %p", getpid(), mem);
	check(shell("lend explain %s | grep -qx 'Root would also see: the kind of lend memory, "
		    "physical runs, flags of the pages.'", arguments) == 0);

	refuses(1, "1", "process 1 is not yours", "root can");
	refuses(1, "--json 1 0x1000", "process 1 is not yours", "root can");
	refuses(1, "/etc/passwd", "/etc/passwd is not a file of lend",
		"no process that may be looked at maps it");
	return 0;
}

static void nobody(void **state)
{
	int fd = make_named(0, SIZE);

	(void)state;
	assert_int_equal(reap(spawn(as_nobody, &fd)), 0);
	close(fd);
	must(unlink(DIR "/" NAME));
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void gone(void **state)
{
	pid_t pid = spawn(nothing, NULL);
	char arguments[32];
	siginfo_t info;

	(void)state;
	/* Ended, and still there by its number; then not even that. */
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	snprintf(arguments, sizeof(arguments), "%d", pid);
	refuses(1, arguments, "has no memory", "has ended");
	reap(pid);
	refuses(1, arguments, "there is no process ", arguments);
	snprintf(arguments, sizeof(arguments), "--json %d", pid);
	refuses(1, arguments, "there is no process");
	refuses(1, "2", "kthreadd", "thread of the kernel");
	refuses(1, "0", "there is no process 0");
	refuses(1, "99999999999999999999", "there is no process 99999999999999999999");
}

static void no_mapping(void **state)
{
	char *mem = must(mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0));
	char arguments[64], below[32], above[32];

	(void)state;
	must(mprotect(mem, PAGE, PROT_READ));
	must(mprotect(mem + 2 * PAGE, PAGE, PROT_READ));
	must(munmap(mem + PAGE, PAGE));
	snprintf(arguments, sizeof(arguments), "%d %p", getpid(), mem + PAGE + 8);
	snprintf(below, sizeof(below), "-%p", mem + PAGE);
	snprintf(above, sizeof(above), "and %p-", mem + 2 * PAGE);
	refuses(1, arguments, "no mapping of process", "(explain)", below, above);
	snprintf(arguments, sizeof(arguments), "--json %d %p", getpid(), mem + PAGE);
	refuses(1, arguments, below, above);
	snprintf(arguments, sizeof(arguments), "%d 10", getpid());
	refuses(1, arguments, "nearest are none below");
	snprintf(arguments, sizeof(arguments), "%d fffffffffffffff0", getpid());
	refuses(1, arguments, "below and none above");
	must(munmap(mem, PAGE));
	must(munmap(mem + 2 * PAGE, PAGE));
}

static void bad_words(void **state)
{
	(void)state;
	refuses(2, "", "no process and no file given", "--help");
	refuses(2, "1 2 3", "more than a process and an address");
	refuses(2, "1 zz", "\"zz\" is not an address");
	refuses(2, "1 0x", "\"0x\" is not an address");
	refuses(2, "1 ''", "\"\" is not an address");
	refuses(2, "1 -- -1", "\"-1\" is not an address");
	refuses(2, "1 12345678901234567", "is not an address");
	refuses(2, "ring 7f00", "\"ring\" is not the number of a process");
	refuses(2, "--terms 1", "--terms is about no process");
	refuses(1, "missing", DIR "/missing: No such file or directory");
	refuses(1, "--json missing", DIR "/missing: No such file or directory");
	refuses(1, "./123", "./123: No such file or directory");
	refuses(1, "''", "No such file or directory");
	refuses(1, "/tmp", "/tmp is a directory");
	refuses(1, "/etc/passwd", "/etc/passwd is not a file of lend, and no process maps it");
	refuses(1, "--json /etc/passwd", "/etc/passwd is not a file of lend");
}

/* Every flag that this kernel shows of any process is one that is known. */
static void terms(void **state)
{
	struct json_object *object = told("--terms");
	char *line = NULL, *word, *rest;
	size_t room = 0, seen = 0;
	FILE *pipe;

	(void)state;
	assert_int_equal(json_object_array_length(member(object, "terms")), 5);
	check(json_object_array_length(member(object, "flags")) > 30);
	pipe = popen("cat /proc/[0-9]*/smaps 2>/dev/null | sed -n 's/^VmFlags: //p' | sort -u", "re");
	check(pipe);
	while (getline(&line, &room, pipe) > 0)
		for (rest = line; (word = strtok_r(rest, " \n", &rest)); seen++) {
			char look_for[32];

			snprintf(look_for, sizeof(look_for), "\"flag\": \"%s\"", word);
			if (!strstr(json_object_to_json_string_ext(member(object, "flags"),
								   JSON_C_TO_STRING_SPACED), look_for))
				failed("flag %s is not explained", word);
		}
	check(seen > 20);
	free(line);
	pclose(pipe);
	json_object_put(object);
	assert_int_equal(shell("lend explain --terms | grep -q 'VM_RESERVED'"), 0);
}

const struct CMUnitTest command_tests[] = {
	TEST(lend_file),
	TEST(empty_file),
	TEST(other_file),
	TEST(nobody),
	TEST(gone),
	TEST(no_mapping),
	TEST(bad_words),
	TEST(terms),
};

const size_t command_test_count = ARRAY_SIZE(command_tests);
