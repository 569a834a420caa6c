// SPDX-License-Identifier: GPL-2.0-only
/* Columns that line up: each as wide as its widest cell. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"

static void take(struct table *table, char *cell)
{
	if (!cell)
		exit(error("out of memory"));
	table->cells = grow(table->cells, table->count + 1, sizeof(*table->cells));
	table->cells[table->count++] = cell;
}

void table_add(struct table *table, const char *cell)
{
	take(table, strdup(cell));
}

void table_addf(struct table *table, const char *fmt, ...)
{
	va_list args;
	char *cell;

	va_start(args, fmt);
	if (vasprintf(&cell, fmt, args) < 0)
		cell = NULL;
	va_end(args);
	take(table, cell);
}

void table_print_free(struct table *table)
{
	size_t columns = strlen(table->align), i, column;
	int width[columns], len;

	memset(width, 0, sizeof(width));
	for (i = 0; i < table->count; i++) {
		len = strlen(table->cells[i]);
		if (len > width[i % columns])
			width[i % columns] = len;
	}
	for (i = 0; i < table->count; i++) {
		column = i % columns;
		if (table->align[column] == 'r')
			printf("%*s", width[column], table->cells[i]);
		else if (column + 1 < columns)
			printf("%-*s", width[column], table->cells[i]);
		else
			fputs(table->cells[i], stdout);
		fputs(column + 1 < columns ? "  " : "\n", stdout);
		free(table->cells[i]);
	}
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
}
