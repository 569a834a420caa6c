// SPDX-License-Identifier: GPL-2.0-only
/* What a new buffer shall be made of. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "progress.h"
#include "setup.h"

bool parse_number(const char *text, long max, long *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*value = strtol(text, &end, 10);
	return !*end && *value <= max;
}

static int parse_node(const char *text, struct lend_setup *setup)
{
	long node = LEND_NODE_ANY;

	if (strcmp(text, "any") && !parse_number(text, INT_MAX, &node))
		return usage_error("\"%s\" is not a NUMA node; it is a number or \"any\"", text);
	setup->node = node;
	setup->flags |= LEND_SETUP_NODE;
	return 0;
}

static int parse_dma_bits(const char *text, struct lend_setup *setup)
{
	long bits;

	if (!parse_number(text, 64, &bits))
		return usage_error("\"%s\" is no number of address bits; it is 0 to 64", text);
	setup->dma_bits = bits;
	setup->flags |= LEND_SETUP_DMA_BITS;
	return 0;
}

static int parse_kind(int value, uint32_t *field, struct lend_setup *setup, uint32_t flag)
{
	if (value < 0)
		return usage_error("%s", lend_error());
	*field = value;
	setup->flags |= flag;
	return 0;
}

int setup_option(struct lend_setup *setup, int letter, const char *value)
{
	switch (letter) {
	case 'b':
		return parse_kind(lend_parse_backing(value), &setup->backing, setup,
				  LEND_SETUP_BACKING);
	case 'm':
		return parse_kind(lend_parse_map(value), &setup->map, setup, LEND_SETUP_MAP);
	case 'n':
		return parse_node(value, setup);
	default:
		return parse_dma_bits(value, setup);
	}
}

static uint64_t gathered(void *arg)
{
	const int *fd = arg;
	struct lend_info info;

	return lend_info(*fd, &info) ? 0 : info.memory;
}

int setup_alloc(int fd, const char *name, uint64_t size, const struct lend_setup *setup)
{
	struct progress progress = {
		.what = name,
		.total = size,
		.done = gathered,
		.arg = &fd,
	};
	int ret;

	progress_start(&progress);
	ret = lend_alloc(fd, size, setup->flags ? setup : NULL);
	progress_stop(&progress);
	return ret ? error("%s: %s", name, lend_error()) : 0;
}
