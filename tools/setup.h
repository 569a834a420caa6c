/* SPDX-License-Identifier: GPL-2.0-only */
/* What a new buffer shall be made of, as options say it, and making it. */
#ifndef LEND_SETUP_H
#define LEND_SETUP_H

#include <lend.h>
#include <stdbool.h>
#include <stdint.h>

/* Options of getopt_long(3); their letters are "b:m:n:d:". */
#define SETUP_LETTERS	"b:m:n:d:"
#define SETUP_OPTIONS							\
	{ "backing",	required_argument,	NULL,	'b' },		\
	{ "map",	required_argument,	NULL,	'm' },		\
	{ "node",	required_argument,	NULL,	'n' },		\
	{ "dma-bits",	required_argument,	NULL,	'd' }
#define SETUP_USAGE							\
	"  -b, --backing KIND   folios, pages, contig, vmalloc\n"	\
	"  -m, --map WAY        auto, fault, insert, pfn\n"		\
	"  -n, --node N         all of it on this NUMA node, or \"any\"\n" \
	"  -d, --dma-bits N     all of it below 2^N, 0 for anywhere\n"

/* Take one of them. Returns 0, or the exit status for a wrong value. */
int setup_option(struct lend_setup *setup, int letter, const char *value);

/* A decimal number of at most @max, which is below LONG_MAX. */
bool parse_number(const char *text, long max, long *value);

/* Give an empty file its memory, with a bar; returns 0, or says what went wrong. */
int setup_alloc(int fd, const char *name, uint64_t size, const struct lend_setup *setup);

#endif /* LEND_SETUP_H */
