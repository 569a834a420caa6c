// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer that knows lend's interface: sequences of calls by chance, each answer
 * compared with what must hold.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"
#include "fuzz.h"
#include "random.h"
#include "world.h"

#define FOUND	1
#define FAILED	2

static const char usage[] =
"usage: lend-fuzz [OPTION...]\n"
"       lend-fuzz run FILE...\n"
"       lend-fuzz minimize FILE\n"
"       lend-fuzz reduce FROM TO\n"
"\n"
"Makes sequences of calls upon files of lend by chance, runs each in a process of\n"
"its own, and compares all answers with what must hold. What goes wrong is cut down\n"
"to the calls that it takes, and written to a file. As root, with the module loaded.\n"
"\n"
"  --seed N         the same sequences as with this seed (by the clock)\n"
"  --runs N         so many sequences, then an end (no limit)\n"
"  --time SECONDS   no new sequence after that (no limit)\n"
"  --calls N        in a sequence, at most (20)\n"
"  --beside         two processes at once in each, on two processors (in one of 6)\n"
"  --corpus DIR     run these first, and change them; may be repeated\n"
"  --out DIR        for what goes wrong, and for sequences that reached places of the\n"
"                   module that none had reached, where the kernel has KCOV (.)\n"
"  --print          ... not into files but as lines \"@ NAME LINE\"; \"@! NAME\" begins one\n"
"  --break          test of the fuzzer: it takes bytes that are written through\n"
"                   mappings for lost\n"
"\n"
"run       run the sequences of these files, one after the other\n"
"minimize  print what a failing sequence can be cut down to\n"
"reduce    copy to the folder TO the fewest sequences of FROM that reach all that\n"
"          those of FROM do (takes KCOV)\n"
"\n"
"Exit status: 0 nothing went wrong, 1 something did, 2 it could not be tried.\n";

static struct options {
	uint64_t seed, runs, time;
	unsigned int calls;
	bool beside, print;
	const char *out;
} options = { .runs = UINT64_MAX, .time = UINT64_MAX, .calls = 20, .out = "." };

/* --- what is kept */

static void keep(const char *name, const struct sequence *seq, const char *comment)
{
	char path[4096], *text = NULL, *rest, *line;
	size_t length;
	FILE *to;

	if (!options.print) {
		snprintf(path, sizeof(path), "%s/%s", options.out, name);
		if (write_sequence(path, seq, comment))
			exit(FAILED);
		return;
	}
	to = open_memstream(&text, &length);
	if (!to)
		exit(FAILED);
	print_sequence(to, seq);
	fclose(to);
	printf("@! %s\n", name);
	if (comment)
		printf("@ %s # %s\n", name, comment);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		printf("@ %s %s\n", name, line);
	fflush(stdout);
	free(text);
}

static void tell(const char *name, const struct sequence *seq, const struct verdict *verdict)
{
	if (verdict->call < seq->nr) {
		printf("%s: call %u: ", name, verdict->call + 1);
		print_call(stdout, &seq->call[verdict->call]);
		printf("%s: %s\n", name, verdict->text);
	} else {
		printf("%s: in the end: %s\n", name, verdict->text);
	}
	fflush(stdout);
}

/* --- by chance */

static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void report(const struct sequence *seq, const struct verdict *verdict, uint64_t run)
{
	struct sequence less = *seq;
	char name[64], comment[300];

	snprintf(name, sizeof(name), "wrong-%#lx-%lu", options.seed, run);
	snprintf(comment, sizeof(comment), "%.250s", verdict->text);
	comment[strcspn(comment, "\n")] = '\0';
	tell(name, seq, verdict);
	keep(name, seq, comment);
	printf("%s: cutting down %u calls\n", name, seq->nr);
	fflush(stdout);
	if (!minimize(&less)) {
		printf("%s: does not go wrong again\n", name);
		return;
	}
	strcat(name, "-cut");
	keep(name, &less, comment);
	printf("%s: %u calls are left:\n", name, less.nr);
	print_sequence(stdout, &less);
}

static void next_sequence(struct sequence *seq, const struct corpus *corpus)
{
	bool beside = options.beside || !random_below(6);

	if (!options.beside && corpus->nr && random_below(3)) {
		*seq = corpus->seq[random_below(corpus->nr)];
		mutate(seq, &corpus->seq[random_below(corpus->nr)]);
	} else {
		random_sequence(seq, options.calls, beside);
	}
}

static void progress(uint64_t runs, uint64_t calls, uint64_t start, const struct corpus *corpus)
{
	printf("%lu s: %lu sequences, %lu calls, %u places of the module, %u kept\n",
	       seconds() - start, runs, calls, cover_total(), corpus->nr);
	fflush(stdout);
}

static int fuzz(struct corpus *corpus)
{
	uint64_t start = seconds(), told = start, runs = 0, calls = 0;
	unsigned int given = corpus->nr;
	struct verdict verdict = {};
	struct sequence seq;

	printf("seed %#lx%s\n", options.seed, cover_set_up() ? "" : ", without KCOV");
	fflush(stdout);
	random_seed(options.seed);
	while (!verdict.wrong && (runs < given || runs - given < options.runs) &&
	       seconds() - start < options.time) {
		if (runs < given)
			seq = corpus->seq[runs];
		else
			next_sequence(&seq, corpus);
		if (options.print)
			keep("last", &seq, NULL);
		execute(&seq, &verdict);
		runs++;
		calls += seq.nr;
		if (verdict.wrong) {
			report(&seq, &verdict, runs);
		} else if (cover_end() && runs > given) {
			char name[64];

			snprintf(name, sizeof(name), "new-%#lx-%lu", options.seed, runs);
			corpus_add(corpus, &seq, name);
			keep(name, &seq, NULL);
		}
		if (seconds() - told >= 10) {
			told = seconds();
			progress(runs, calls, start, corpus);
		}
	}
	progress(runs, calls, start, corpus);
	return verdict.wrong ? FOUND : 0;
}

/* --- files */

static int run_files(char **paths)
{
	struct verdict verdict;
	struct sequence seq;
	int status = 0;

	for (; *paths; paths++) {
		if (read_sequence(*paths, &seq))
			return FAILED;
		execute(&seq, &verdict);
		if (verdict.wrong) {
			tell(*paths, &seq, &verdict);
			status = FOUND;
		}
	}
	return status;
}

static int minimize_file(const char *path)
{
	struct sequence seq;

	if (read_sequence(path, &seq))
		return FAILED;
	if (!minimize(&seq)) {
		fprintf(stderr, "lend-fuzz: nothing goes wrong in %s\n", path);
		return FAILED;
	}
	print_sequence(stdout, &seq);
	return 0;
}

static int reduce(const char *from, const char *to)
{
	struct corpus corpus = {};
	int status = 0;

	if (!cover_set_up()) {
		fprintf(stderr, "lend-fuzz: this kernel has no KCOV (/sys/kernel/debug/kcov)\n");
		return FAILED;
	}
	if (corpus_load(&corpus, from) || corpus_reduce(&corpus, to))
		status = FAILED;
	corpus_free(&corpus);
	return status;
}

/* --- the command line */

static int wrong_usage(const char *what, const char *value)
{
	fprintf(stderr, "lend-fuzz: %s '%s'\ntry lend-fuzz --help\n", what, value);
	return FAILED;
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end && *text != '-';
}

static int command(char **words, unsigned int nr, struct corpus *corpus)
{
	if (!nr)
		return fuzz(corpus);
	if (!strcmp(words[0], "run"))
		return run_files(words + 1);
	if (!strcmp(words[0], "minimize"))
		return minimize_file(words[1]);
	return reduce(words[1], words[2]);
}

static bool is_command(char **words, unsigned int nr)
{
	return !nr || (!strcmp(words[0], "run") && nr > 1) ||
	       (!strcmp(words[0], "minimize") && nr == 2) || (!strcmp(words[0], "reduce") && nr == 3);
}

int main(int argc, char **argv)
{
	enum { SEED = 256, RUNS, TIME, CALLS, BESIDE, CORPUS, OUT, PRINT, BREAK };
	static const struct option long_options[] = {
		{ "seed", required_argument, NULL, SEED }, { "runs", required_argument, NULL, RUNS },
		{ "time", required_argument, NULL, TIME }, { "calls", required_argument, NULL, CALLS },
		{ "beside", no_argument, NULL, BESIDE }, { "corpus", required_argument, NULL, CORPUS },
		{ "out", required_argument, NULL, OUT }, { "print", no_argument, NULL, PRINT },
		{ "break", no_argument, NULL, BREAK }, { "help", no_argument, NULL, 'h' }, {},
	};
	struct corpus corpus = {};
	uint64_t value = 0;
	int option, status;

	options.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option >= SEED && option <= CALLS && !number(optarg, &value))
			return wrong_usage("not a number:", optarg);
		switch (option) {
		case SEED:
			options.seed = value;
			break;
		case RUNS:
			options.runs = value;
			break;
		case TIME:
			options.time = value;
			break;
		case CALLS:
			if (!value || value > MAX_CALLS)
				return wrong_usage("calls are 1 to 64, not", optarg);
			options.calls = value;
			break;
		case BESIDE:
			options.beside = true;
			break;
		case CORPUS:
			if (corpus_load(&corpus, optarg))
				return FAILED;
			break;
		case OUT:
			options.out = optarg;
			break;
		case PRINT:
			options.print = true;
			break;
		case BREAK:
			believe_nonsense = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("try lend-fuzz --help\n", stderr);
			return FAILED;
		}
	}
	if (!is_command(argv + optind, argc - optind))
		return wrong_usage("not a command, or not with so many files:", argv[optind]);
	execute_set_up();
	status = command(argv + optind, argc - optind, &corpus);
	execute_tear_down();
	corpus_free(&corpus);
	return status;
}
