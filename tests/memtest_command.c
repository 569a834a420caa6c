// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command `lend memtest`, as it is typed. Its bad memory is a word of which another
 * process sets or clears a bit all the time: a bit that is stuck.
 */
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "kernel.h"
#include "system.h"

#define NAME	"memtest"
#define PATH	DIR "/" NAME
#define OUT	"/tmp/memtest.out"
#define ERR	"/tmp/memtest.err"

/* --- running it */

static const char *text_of(const char *path)
{
	static char texts[2][64 * KiB];
	char *text = texts[!strcmp(path, OUT)];
	int fd = must(open(path, O_RDONLY));

	text[must(read(fd, text, sizeof(texts[0]) - 1))] = '\0';
	must(close(fd));
	return text;
}

/* Its exit status; @words must be in the output or the errors, which are apart. */
static void expect(int status, const char *out, const char *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void expect(int status, const char *out, const char *err, const char *format, ...)
{
	char line[512];
	va_list args;
	int got;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	got = shell("%s >" OUT " 2>" ERR " </dev/null", line);
	if (got != status || !strstr(text_of(OUT), out) || !strstr(text_of(ERR), err) ||
	    (!*out && *text_of(OUT)) || (!*err && *text_of(ERR)))
		failed("%s: status %d, expected %d\noutput (\"%s\"):\n%serrors (\"%s\"):\n%s",
		       line, got, status, out, text_of(OUT), err, text_of(ERR));
}

/* What was printed last, as JSON, must make this filter of jq true. */
static void json_holds(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void json_holds(const char *format, ...)
{
	char filter[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(filter, sizeof(filter), format, args);
	va_end(args);
	if (shell("jq -e '%s' " OUT " >/dev/null", filter))
		failed("not so: %s\nof %s", filter, text_of(OUT));
}

/* --- a buffer, and its bad bit */

static int new_buffer(size_t size, uint32_t backing, uint32_t map)
{
	struct lend_setup s = {
		.size = sizeof(s), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = backing, .map = map,
	};
	int fd = must(open(PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));

	must(ioctl(fd, LEND_IOC_SETUP, &s));
	must(ftruncate(fd, size));
	return fd;
}

static void remove_buffer(int fd)
{
	must(close(fd));
	must(unlink(PATH));
}

struct stuck {
	int fd;
	uint64_t offset;
	unsigned int bit;
	bool at;
	atomic_bool *started;
};

/* Processes that a test which fails would leave at work. */
static pid_t bad_bit, started;

static int stick(void *arg)
{
	const struct stuck *stuck = arg;
	size_t size = must(lseek(stuck->fd, 0, SEEK_END));
	_Atomic uint64_t *word = (void *)((char *)map_buffer(stuck->fd, size) + stuck->offset);

	atomic_store(stuck->started, true);
	for (;;) {
		if (stuck->at)
			atomic_fetch_or(word, 1ULL << stuck->bit);
		else
			atomic_fetch_and(word, ~(1ULL << stuck->bit));
	}
}

static void make_bad(struct stuck *stuck)
{
	stuck->started = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	bad_bit = spawn(stick, stuck);
	wait_for(atomic_load(stuck->started));
	must(munmap(stuck->started, PAGE));
}

static void make_good(void)
{
	pid_t pid = bad_bit;

	bad_bit = 0;
	must(kill(pid, SIGKILL));
	check(reap(pid) == 128 + SIGKILL);
}

/* --- what it finds */

/* At its offset, at its physical address, by kind of memory and way of mapping. */
static void bad_word(void **state)
{
	const size_t size = 128 * KiB;

	(void)state;
	for (size_t cell = 0; cell < ARRAY_SIZE(backings) * ARRAY_SIZE(maps); cell++) {
		struct stuck stuck = {
			.fd = new_buffer(size, backings[cell / ARRAY_SIZE(maps)],
					 maps[cell % ARRAY_SIZE(maps)]),
			.offset = cell % 2 ? size - 8 - cell * PAGE : cell * PAGE + 0x10 * cell,
			.bit = 5 * cell, .at = cell % 2,
		};
		unsigned long wrong = 1UL << stuck.bit, phys, expected = stuck.at ? 0 : ~0UL;
		struct lend_phys_run *runs;
		size_t nr;

		runs = get_runs(stuck.fd, &nr);
		phys = phys_at(runs, nr, stuck.offset);
		free(runs);
		make_bad(&stuck);
		expect(1, "bad_words", "", "lend memtest --force --loops 0 --stop --threads 2 "
		       "--pattern solid --json " NAME);
		json_holds("(.bad_words | length == 1 and (.[0] | .offset == %lu and "
			   ".phys == \"0x%lx\" and .expected == \"0x%lx\" and "
			   ".read == \"0x%lx\" and .xor == \"0x%lx\" and .wrong_bits == .xor and "
			   ".pattern == \"solid\" and .loop >= 1 and .thread == %d and "
			   ".bad_reads >= 1)) and .bad_reads == .bad_words[0].bad_reads and "
			   ".other_bad_reads == 0 and (.interrupted | not)",
			   stuck.offset, phys, expected, expected ^ wrong, wrong,
			   stuck.offset < size / 2 ? 1 : 2);
		make_good();
		remove_buffer(stuck.fd);
	}
}

/* In words, too; and without the right to know it, no physical address. */
static void bad_word_in_words(void **state)
{
	struct stuck stuck = { .offset = 0x12348, .bit = 20, .at = true };
	char line[256];
	struct lend_phys_run *runs;
	unsigned long phys;
	size_t nr;

	(void)state;
	stuck.fd = new_buffer(256 * KiB, LEND_BACKING_PAGES, LEND_MAP_INSERT);
	runs = get_runs(stuck.fd, &nr);
	phys = phys_at(runs, nr, stuck.offset);
	free(runs);
	make_bad(&stuck);
	snprintf(line, sizeof(line), "bad word at 0x12348, physical 0x%lx: expected 0x0000000000000000, "
		 "read 0x0000000000100000, xor 0x0000000000100000 (solid, loop ", phys);
	expect(1, line, "", "lend memtest -F -l 0 -x -p solid -t 1 " NAME);
	check(strstr(text_of(OUT), ", thread 1)\n"));
	snprintf(line, sizeof(line), " 0x12348  0x%lx    0x100000  ", phys);
	check(strstr(text_of(OUT), line));
	expect(1, "bad word at 0x12348, physical", "", "lend memtest -F -l 0 -x -p solid -q " NAME);
	check(!strncmp(text_of(OUT), "bad word", 8) && strchr(text_of(OUT), '\n')[1] == '\0');

	expect(1, "bad word at 0x12348, physical address unknown: expected", "",
	       "setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio "
	       "lend memtest -F -l 0 -x -p solid " NAME);
	check(strstr(text_of(OUT), "these take CAP_SYS_RAWIO"));
	expect(1, "bad_words", "", "setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio "
	       "lend memtest -F -l 0 -x -p solid --json " NAME);
	json_holds(".bad_words[0] | .phys == null and .offset == %lu", stuck.offset);
	make_good();
	expect(0, "", "", "lend memtest -F -q -p solid " NAME);
	remove_buffer(stuck.fd);
}

/* --- good memory */

/* One of its own, of each kind; nothing of it is left (see TEST). */
static void own_buffer(void **state)
{
	FILE *all = fopen(OUT ".all", "we");

	(void)state;
	check(all);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		for (size_t m = 0; m < ARRAY_SIZE(maps); m++) {
			expect(0, "bad_words", "", "lend memtest --json --size 100K --backing %s "
			       "--map %s --node 0 --dma-bits 40 --pattern address --threads 3",
			       backing_name(backings[b]), map_name(maps[m]));
			fputs(text_of(OUT), all);
		}
	}
	must(fclose(all));
	must(rename(OUT ".all", OUT));
	json_holds("[., inputs] | (map(\"\\(.backing) \\(.map)\") | unique | length) == 12 and "
		   "all(.[]; .node == 0 and .dma_bits == 40 and .size == 102400 and "
		   ".memory == 102400 and .threads == 3 and .loops_done == 1 and "
		   ".bad_reads == 0 and .bad_words == [] and .patterns == [\"address\"] and "
		   ".bytes_accessed == 4 * .memory and (.interrupted | not) and "
		   ".seconds > 0 and .bytes_per_second > 0)");
	expect(0, "result        no bad word\n", "", "lend memtest -s 16K");
	check(strstr(text_of(OUT), "patterns      address solid checkerboard walking-ones "
		     "walking-zeroes random moving-inversions march-c bit-flip block-sequential\n"));
	check(strstr(text_of(OUT), "flushed by clflush"));
	check(strstr(text_of(OUT), "done          1 loop, "));
	check(strstr(text_of(OUT), " MiB/s\n"));
	expect(0, "", "", "lend memtest -q -s 16K -p random");
}

/* One of somebody's: all of its last page is tested, and all is zero in the end. */
static void whole_buffer(void **state)
{
	int fd = new_buffer(2 * PAGE + 1, LEND_BACKING_FOLIOS, LEND_MAP_AUTO);
	char *mem = map_buffer(fd, 3 * PAGE);

	(void)state;
	fill_pattern(mem, 2 * PAGE, 1);
	expect(0, "loops_done", "",
	       "lend memtest -F -p random -p address -l 2 -S 0x123 -t 8 --json " PATH);
	json_holds(".name == \"" PATH "\" and .size == 8193 and .memory == 12288 and .seed == \"0x123\" "
		   "and .patterns == [\"random\", \"address\"] and .loops_done == 2 and "
		   ".threads == 3 and .bytes_accessed == 2 * 8 * .memory");
	for (size_t i = 0; i < 3 * PAGE; i++)
		check(!mem[i]);
	expect(0, "loop 2: 0 bad reads so far\n", "", "lend memtest -F -p random -l 2 " NAME);

	/* A bad bit beyond the end of the file is found. */
	struct stuck stuck = { .fd = fd, .offset = 3 * PAGE - 8, .bit = 63, .at = true };

	make_bad(&stuck);

	expect(1, "bad word at 0x2ff8, ", "", "lend memtest -F -p solid -l 0 -x " NAME);
	make_good();
	must(munmap(mem, 3 * PAGE));
	remove_buffer(fd);
}

static void listed(void **state)
{
	char names[16][32], *entry;
	size_t count = 0;

	(void)state;
	expect(0, "(van de Goor, March C-)\n", "", "lend memtest --list");
	for (entry = strtok((char *)text_of(OUT), "\n"); entry; entry = strtok(NULL, "\n")) {
		check(count < ARRAY_SIZE(names));
		check(sscanf(entry, "%31s", names[count++]) == 1);
	}
	check(count == 10);
	while (count--) {
		char line[64];

		snprintf(line, sizeof(line), "  patterns      %s\n", names[count]);
		expect(0, line, "", "lend memtest -s 4K --pattern %s", names[count]);
		check(strstr(text_of(OUT), "  threads       1\n"));
	}
}

/* --- ended by a signal */

struct run {
	int out;
	char text[256 * KiB];
	size_t length;
};

static struct run run;

static void read_on(void)
{
	ssize_t got;

	if (!wait_events(run.out, POLLIN))
		failed("no word for too long after: %s", run.text);
	check(run.length < sizeof(run.text) - 1);
	got = read(run.out, run.text + run.length, sizeof(run.text) - 1 - run.length);
	if (got <= 0)		/* the end; of a terminal it is EIO */
		failed("ended too soon: %s", run.text);
	run.length += got;
	run.text[run.length] = '\0';
}

static void until(const char *words)
{
	time_t began = time(NULL);

	while (!strstr(run.text, words)) {
		if (time(NULL) - began > 100 * slower())
			failed("no \"%s\" in: %.800s", words, run.text);
		read_on();
	}
}

static void start(const char *const *argv, bool terminal)
{
	int pipe_ends[2];

	run.length = 0;
	run.text[0] = '\0';
	if (terminal) {
		started = must(forkpty(&run.out, NULL, NULL, NULL));
	} else {
		must(pipe2(pipe_ends, O_CLOEXEC));
		run.out = pipe_ends[0];
		started = must(fork());
		if (started == 0)
			dup2(pipe_ends[1], STDOUT_FILENO);
		else
			must(close(pipe_ends[1]));
	}
	if (!started) {
		execvp("lend", (char *const *)argv);
		_exit(99);
	}
}

/* The rest of what it says, and its status. */
static int end(void)
{
	ssize_t got;

	while ((got = read(run.out, run.text + run.length, sizeof(run.text) - 1 - run.length)) > 0)
		run.length += got;
	run.text[run.length] = '\0';
	must(close(run.out));
	got = reap(started);
	started = 0;
	return got;
}

#define START(terminal, ...) \
	start((const char *const []){ "lend", "memtest", __VA_ARGS__, NULL }, terminal)

/* Endless: that is how it ends. Otherwise it has no result, but a report. */
static void interrupted(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		START(false, "--size", "64K", "--loops", "0", "--pattern", "random");
		until("loop 2: 0 bad reads so far\n");
		must(kill(started, signals[i]));
		check(end() == 0);
		check(strstr(run.text, " loops (interrupted), "));
		check(strstr(run.text, "result        no bad word\n"));

		START(false, "--size", "64K", "--loops", "1000000", "--pattern", "random");
		until("loop 1: 0 bad reads so far\n");
		must(kill(started, signals[i]));
		check(end() == 128 + signals[i]);
		check(strstr(run.text, " (interrupted), "));
	}
	START(false, "--size", "64K", "--loops", "0", "--pattern", "random", "--json");
	must(kill(started, SIGKILL));	/* whenever: nothing is left then either, see TEST */
	check(end() == 128 + SIGKILL);
}

static void interrupted_when_bad(void **state)
{
	struct stuck stuck = { .offset = 0x8008, .bit = 1, .at = false };

	(void)state;
	stuck.fd = new_buffer(64 * KiB, LEND_BACKING_CONTIG, LEND_MAP_PFN);
	make_bad(&stuck);
	START(false, "--force", "--loops", "0", "--pattern", "solid", NAME);
	until("bad word at 0x8008, ");
	must(kill(started, SIGINT));
	check(end() == 1);
	check(strstr(run.text, "(interrupted)") && strstr(run.text, " bad read"));
	make_good();
	remove_buffer(stuck.fd);
}

/* On a terminal: a bar with rate and time left; ^C takes it away. */
static void bar(void **state)
{
	(void)state;
	START(true, "--size", "256K", "--loops", "100000", "--threads", "1");
	until(" left\033[K");
	check(strstr(run.text, "\ra new buffer [") && strstr(run.text, "/s, "));
	check(strstr(run.text, "] ") && strstr(run.text, " % "));
	check(must(write(run.out, "\003", 1)) == 1);
	check(end() == 128 + SIGINT);
	check(strstr(run.text, "\r\033[K") && strstr(run.text, "(interrupted)"));

	/* Of an endless one it is the loop's; --quiet has none. */
	START(true, "--size", "64M", "--loops", "0");
	until(" GiB, ");
	check(must(write(run.out, "\003", 1)) == 1);
	check(end() == 128 + SIGINT);
	START(true, "--size", "32M", "--quiet", "--pattern", "solid", "--threads", "1");
	check(end() == 0 && !run.length);
}

/* --- refused */

static int nothing_done(void)
{
	int fd = open(PATH, O_RDWR | O_CLOEXEC);

	check(fd >= 0 && file_has_pattern(fd, 64 * KiB, 7));
	return close(fd);
}

/* What others use is left alone, whoever they are and however they do it. */
static void in_use(void **state)
{
	int fd = new_buffer(64 * KiB, LEND_BACKING_FOLIOS, LEND_MAP_AUTO), dmabuf;
	struct lend_dmabuf request = { .size = sizeof(request), .flags = O_RDWR | O_CLOEXEC };
	void *mem;

	(void)state;
	write_pattern(fd, 64 * KiB, 7);
	expect(2, "", "(memtest_command) has it open as descriptor", "lend memtest " NAME);
	dmabuf = must(ioctl(fd, LEND_IOC_DMABUF, &request));
	mem = map_buffer(fd, 64 * KiB);
	must(close(fd));
	expect(2, "", "(memtest_command) maps 64 KiB", "lend memtest " NAME);
	check(strstr(text_of(ERR), NAME " is in use, and its contents would be destroyed"));
	must(munmap(mem, 64 * KiB));
	expect(2, "", "1 dma-bufs of it exist", "lend memtest " NAME);
	check(!strstr(text_of(ERR), "memtest_command"));
	nothing_done();
	expect(0, "no bad word", "", "lend memtest --force -p solid " NAME);
	must(close(dmabuf));
	expect(0, "no bad word", "", "lend memtest -p solid " NAME);
	must(unlink(PATH));
}

/* A mapping of somebody whose /proc we may not read counts as well. */
static void in_use_unseen(void **state)
{
	int fd = new_buffer(64 * KiB, LEND_BACKING_FOLIOS, LEND_MAP_AUTO);
	void *mem = map_buffer(fd, 64 * KiB);

	(void)state;
	write_pattern(fd, 64 * KiB, 7);
	must(fchmod(fd, 0666));
	must(close(fd));
	expect(2, "", "is in use", "setpriv --reuid 65534 --clear-groups lend memtest " NAME);
	nothing_done();
	must(munmap(mem, 64 * KiB));
	expect(0, "no bad word", "", "setpriv --reuid 65534 --clear-groups lend memtest -p solid " NAME);
	must(unlink(PATH));
}

static void refusals(void **state)
{
	static const struct {
		const char *args, *words;
	} cells[] = {
		{ "",				"one of FILE and --size is needed" },
		{ "-s 4K x",			"one of FILE and --size is needed" },
		{ "x y",			"more than one file" },
		{ "--backing contig x",		"with --size only" },
		{ "--node 0 x",			"with --size only" },
		{ "-s 4K --backing gold",	"\"gold\"" },
		{ "-s 4K --map sideways",	"\"sideways\"" },
		{ "-s 4K --node x",		"\"x\" is not a NUMA node" },
		{ "-s 4K --dma-bits 65",	"\"65\"" },
		{ "-s 0",			"0 bytes" },
		{ "-s 1M1",			"1M1" },
		{ "-s 1E",			"limited to" },
		{ "-s 4K --node 77",		"node 77 is not there" },
		{ "-s 4K --loops -1",		"\"-1\" is no number of loops" },
		{ "-s 4K --loops 2147483648",	"\"2147483648\" is no number of loops" },
		{ "-s 4K --loops 99999999999999999999", "is no number of loops" },
		{ "-s 4K --threads 0",		"\"0\" is no number of threads; it is 1 to 4096" },
		{ "-s 4K --threads 4097",	"is no number of threads" },
		{ "-s 4K --threads two",	"\"two\" is no number of threads" },
		{ "-s 4K --pattern goldfish",	"\"goldfish\" is no pattern; \"lend memtest --list\"" },
		{ "-s 4K --pattern ''",		"\"\" is no pattern" },
		{ "-s 4K --seed -1",		"\"-1\" is no seed" },
		{ "-s 4K --seed 0x10000000000000000", "is no seed" },
		{ "-s 4K --seed 12x",		"\"12x\" is no seed" },
		{ "-s 4K --nonsense",		"\"lend memtest --help\" tells" },
		{ "nothing-there",		"No such file" },
		{ DIR,				"irectory" },
		{ "/tmp",			"irectory" },
		{ OUT ".foreign",		"is not on a lend file system" },
		{ "memtest.empty",		"has no memory yet" },
	};

	(void)state;
	must(shell("echo precious >" OUT ".foreign; : >" DIR "/memtest.empty"));
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		expect(2, "", cells[i].words, "lend memtest %s", cells[i].args);
	check(shell("grep -qx precious " OUT ".foreign") == 0);
	must(unlink(DIR "/memtest.empty"));
	must(unlink(OUT ".foreign"));
	must(close(new_buffer(64 * KiB, LEND_BACKING_FOLIOS, LEND_MAP_AUTO)));
	expect(2, "", "Permission denied", "setpriv --reuid 65534 --clear-groups lend memtest " NAME);
	must(chmod(PATH, 0666));
	expect(2, "", "cannot write the output", "bash -c 'lend memtest -p solid " NAME " >/dev/full'");
	expect(2, "", "cannot have 2 threads", "setpriv --reuid 65533 --clear-groups bash -c "
	       "'ulimit -u 1; exec lend memtest -F -q -p solid -t 2 " NAME "'");
	must(unlink(PATH));
}

static int ended(void **state)
{
	if (started > 0)
		kill(started, SIGKILL);
	if (bad_bit > 0)
		kill(bad_bit, SIGKILL);
	while (wait(NULL) > 0)
		;
	started = bad_bit = 0;
	return nothing_left(state);
}

#define ended_test(fn) cmocka_unit_test_setup_teardown(fn, remember, ended)

static int tidy(void **state)
{
	(void)state;
	unlink(OUT);
	unlink(OUT ".all");
	unlink(ERR);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ended_test(bad_word),
		ended_test(bad_word_in_words),
		ended_test(own_buffer),
		ended_test(whole_buffer),
		ended_test(listed),
		ended_test(interrupted),
		ended_test(interrupted_when_bad),
		ended_test(bar),
		ended_test(in_use),
		ended_test(in_use_unseen),
		ended_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}
