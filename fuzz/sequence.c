// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sequence.h"
#include "world.h"

unsigned int operation_named(const char *name)
{
	unsigned int op = 0;

	while (op < nr_operations && strcmp(operations[op].name, name))
		op++;
	return op;
}

unsigned int slots_of(enum kind kind)
{
	switch (kind) {
	case DESCRIPTOR:
		return NR_DESCRIPTORS;
	case MAPPING:
		return NR_MAPPINGS;
	case NAME:
		return NR_NAMES;
	default:
		return 0;
	}
}

/* --- to text */

static void print_number(FILE *to, uint64_t value)
{
	fprintf(to, value < 10000 ? "%" PRIu64 : "%#" PRIx64, value);
}

static void print_flags(FILE *to, const struct word *word, uint64_t value)
{
	const char *between = "";

	for (; word->name; word++)
		if (word->value && (value & word->value) == word->value) {
			fprintf(to, "%s%s", between, word->name);
			value &= ~word->value;
			between = "|";
		}
	if (value) {
		fputs(between, to);
		print_number(to, value);
	}
}

static void print_choice(FILE *to, const struct word *word, uint64_t value)
{
	while (word->name && word->value != value)
		word++;
	if (word->name)
		fputs(word->name, to);
	else
		print_number(to, value);
}

void print_call(FILE *to, const struct call *call)
{
	const struct operation *op = &operations[call->op];

	fputs(op->name, to);
	for (unsigned int i = 0; op->args[i].name; i++) {
		const struct argument *arg = &op->args[i];

		/* Of a choice 0 has a name, which says more than nothing. */
		if (!call->arg[i] && arg->kind != CHOICE && !slots_of(arg->kind))
			continue;
		fprintf(to, " %s=", arg->name);
		if (arg->kind == FLAGS)
			print_flags(to, arg->words, call->arg[i]);
		else if (arg->kind == CHOICE)
			print_choice(to, arg->words, call->arg[i]);
		else
			print_number(to, call->arg[i]);
	}
	fputc('\n', to);
}

void print_sequence(FILE *to, const struct sequence *seq)
{
	for (unsigned int i = 0; i < seq->nr; i++)
		print_call(to, &seq->call[i]);
}

int write_sequence(const char *path, const struct sequence *seq, const char *comment)
{
	FILE *to = fopen(path, "we");

	if (to && comment)
		fprintf(to, "# %s\n", comment);
	if (to)
		print_sequence(to, seq);
	if (!to || fclose(to)) {
		fprintf(stderr, "lend-fuzz: %s cannot be written: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

/* --- from text */

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

/* Words and numbers with | between them. */
static bool parse_value(char *text, const struct word *words, uint64_t *value)
{
	char *rest, *part;

	*value = 0;
	for (part = strtok_r(text, "|", &rest); part; part = strtok_r(NULL, "|", &rest)) {
		const struct word *word = words;
		uint64_t number;

		while (word && word->name && strcmp(word->name, part))
			word++;
		if (word && word->name)
			number = word->value;
		else if (!parse_number(part, &number))
			return false;
		*value |= number;
	}
	return true;
}

/* What is wrong with the line, or NULL. */
static const char *parse_call(char *line, struct call *call)
{
	static char problem[200];
	char *rest, *part = strtok_r(line, " \t", &rest);
	const struct operation *op;

	*call = (struct call){ .op = operation_named(part) };
	if (call->op == nr_operations) {
		snprintf(problem, sizeof(problem), "no call is named '%s'", part);
		return problem;
	}
	op = &operations[call->op];
	while ((part = strtok_r(NULL, " \t", &rest))) {
		char *value = strchr(part, '=');
		unsigned int i = 0;

		if (value)
			*value++ = '\0';
		while (op->args[i].name && strcmp(op->args[i].name, part))
			i++;
		if (!value || !op->args[i].name) {
			snprintf(problem, sizeof(problem), "%s has no argument '%s='", op->name,
				 part);
			return problem;
		}
		if (!parse_value(value, op->args[i].words, &call->arg[i])) {
			snprintf(problem, sizeof(problem), "%s= of %s cannot be '%s'", part,
				 op->name, value);
			return problem;
		}
		if (slots_of(op->args[i].kind) && call->arg[i] >= slots_of(op->args[i].kind)) {
			snprintf(problem, sizeof(problem), "%s= of %s is less than %u", part,
				 op->name, slots_of(op->args[i].kind));
			return problem;
		}
	}
	return NULL;
}

int read_sequence(const char *path, struct sequence *seq)
{
	FILE *from = fopen(path, "re");
	unsigned int number = 0;
	char line[512];
	int err = 0;

	seq->nr = 0;
	if (!from) {
		fprintf(stderr, "lend-fuzz: %s cannot be opened: %s\n", path, strerror(errno));
		return -1;
	}
	while (!err && fgets(line, sizeof(line), from)) {
		const char *problem = NULL;

		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		if (seq->nr == MAX_CALLS)
			problem = "a sequence has at most 64 calls";
		else
			problem = parse_call(line, &seq->call[seq->nr]);
		if (problem) {
			fprintf(stderr, "lend-fuzz: %s:%u: %s\n", path, number, problem);
			err = -1;
		}
		seq->nr++;
	}
	fclose(from);
	return err;
}
