/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sequence of calls, as the fuzzer makes, runs, keeps and cuts it. As text it is
 * a call a line, "mmap map=0 fd=1 offset=0x1000 length=8192 prot=read|write"; what
 * is not named is 0, and # begins a comment.
 */
#ifndef LEND_FUZZ_SEQUENCE_H
#define LEND_FUZZ_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MAX_ARGS	8
#define MAX_CALLS	64

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct call {
	unsigned int op;		/* of operations */
	uint64_t arg[MAX_ARGS];
};

struct sequence {
	unsigned int nr;
	struct call call[MAX_CALLS];
};

struct word {
	const char *name;		/* NULL ends them */
	uint64_t value;
};

enum kind {
	NOTHING,
	DESCRIPTOR, MAPPING, NAME,	/* a slot */
	NUMBER,				/* of any magnitude */
	BYTE,
	COUNT,				/* of calls */
	FLAGS,				/* words, any of them */
	CHOICE,				/* one of the words, or else a number */
};

struct argument {
	const char *name;
	enum kind kind;
	const struct word *words;
};

struct world;

/* What a line may say. */
struct operation {
	const char *name;
	unsigned int weight;		/* how often it comes */
	void (*run)(struct world *w, const uint64_t *arg);
	struct argument args[MAX_ARGS + 1];
};

extern const struct operation operations[];
extern const unsigned int nr_operations;

/* Its number; nr_operations if there is none. */
unsigned int operation_named(const char *name);

/* Slots of a kind of argument; 0 if it is none. */
unsigned int slots_of(enum kind kind);

void print_call(FILE *to, const struct call *call);
void print_sequence(FILE *to, const struct sequence *seq);

/* 0, or -1 and a sentence on standard error. */
int read_sequence(const char *path, struct sequence *seq);
int write_sequence(const char *path, const struct sequence *seq, const char *comment);

#endif
