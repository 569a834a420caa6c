// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <json-c/json.h>
#include <lend.h>

#include "report.h"

struct report {
	const struct options *o;
	const struct column *columns;
	size_t nr;
	struct json_object *all, *rows, *left_out;
};

struct spread {
	double median, min, max;
	/* How far the middle half of the runs is apart. */
	double middle;
};

static const char *clock_unit(const struct report *r)
{
	return r->o->counting ? "instructions" : "ns";
}

static const char *unit_of(const struct report *r, size_t column)
{
	return r->columns[column].unit ? r->columns[column].unit : clock_unit(r);
}

static void add_string(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

static struct json_object *add_array(struct json_object *to, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(to, key, array);
	return array;
}

/* The processor by its own name. */
static void processor(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], *colon;

	snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(name, size, "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

static struct json_object *machine(void)
{
	struct json_object *object = json_object_new_object();
	struct utsname name;
	char cpu[128];

	uname(&name);
	processor(cpu, sizeof(cpu));
	add_string(object, "kernel", name.release);
	add_string(object, "processor", cpu);
	json_object_object_add(object, "processors",
			       json_object_new_int64(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_object_add(object, "memory",
			       json_object_new_int64(sysconf(_SC_PHYS_PAGES) * (int64_t)PAGE));
	return object;
}

static void print_head(const struct report *r, const char *title)
{
	printf("%s, in %s\n%-23s %9s", title, clock_unit(r), "", "");
	for (size_t i = 0; i < r->nr; i++)
		printf(" %11s", r->columns[i].name);
	printf("%s\n%-23s %9s", r->o->runs > 1 ? "   spread" : "", "memory", "size");
	for (size_t i = 0; i < r->nr; i++)
		printf(" %11s", r->columns[i].unit ? r->columns[i].unit : "");
	printf("%s\n", r->o->runs > 1 ? "        %" : "");
	fflush(stdout);
}

struct report *report_begin(const struct options *o, const char *title,
			    const struct column *columns, size_t nr)
{
	struct report *r = calloc(1, sizeof(*r));
	struct json_object *array;

	if (!r)
		die("no memory");
	*r = (struct report){
		.o = o, .columns = columns, .nr = nr, .all = json_object_new_object(),
	};
	add_string(r->all, "benchmark", program_invocation_short_name);
	add_string(r->all, "title", title);
	add_string(r->all, "clock", clock_unit(r));
	json_object_object_add(r->all, "runs", json_object_new_int(o->runs));
	json_object_object_add(r->all, "machine", machine());
	array = add_array(r->all, "columns");
	for (size_t i = 0; i < nr; i++) {
		struct json_object *column = json_object_new_object();

		add_string(column, "name", columns[i].name);
		add_string(column, "unit", unit_of(r, i));
		json_object_array_add(array, column);
	}
	r->rows = add_array(r->all, "rows");
	r->left_out = add_array(r->all, "left_out");
	print_head(r, title);
	return r;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* False: none of the runs has it. */
static bool spread_of(const struct figures *runs, unsigned int nr, size_t column,
		      struct spread *spread)
{
	double sorted[MAX_RUNS];
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (!isnan(runs[i].of[column]))
			sorted[n++] = runs[i].of[column];
	if (!n)
		return false;
	qsort(sorted, n, sizeof(sorted[0]), compare);
	*spread = (struct spread){
		.median = sorted[n / 2], .min = sorted[0], .max = sorted[n - 1],
		.middle = sorted[3 * n / 4] - sorted[n / 4],
	};
	return true;
}

static struct json_object *json_spread(const struct spread *spread)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "median", json_object_new_double(spread->median));
	json_object_object_add(object, "min", json_object_new_double(spread->min));
	json_object_object_add(object, "max", json_object_new_double(spread->max));
	return object;
}

static void print_figure(double value)
{
	if (value == (double)(int64_t)value || value >= 100)
		printf(" %11.0f", value);
	else
		printf(" %11.2f", value);
}

void report_row(struct report *r, const char *memory, size_t size, const struct figures *runs,
		unsigned int nr)
{
	struct json_object *row = json_object_new_object(), *values = json_object_new_object();
	char text[LEND_SIZE_LEN];
	double largest = 0, wide = 0;

	add_string(row, "memory", memory);
	json_object_object_add(row, "size", json_object_new_int64(size));
	printf("%-23s %9s", memory, lend_format_size(size, text));
	for (size_t i = 0; i < r->nr; i++) {
		struct spread spread;

		if (!spread_of(runs, nr, i, &spread)) {
			printf(" %11s", "-");
			json_object_object_add(values, r->columns[i].name, NULL);
			continue;
		}
		print_figure(spread.median);
		json_object_object_add(values, r->columns[i].name, json_spread(&spread));
		/* The spread of what matters: of the largest figure. */
		if (spread.median > largest) {
			largest = spread.median;
			wide = spread.middle / spread.median;
		}
	}
	if (r->o->runs > 1)
		printf(" %8.0f", 100 * wide);
	printf("\n");
	fflush(stdout);
	json_object_object_add(row, "values", values);
	json_object_array_add(r->rows, row);
}

void report_left_out(struct report *r, const char *memory, size_t size, const char *why)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "memory", memory);
	json_object_object_add(object, "size", json_object_new_int64(size));
	add_string(object, "why", why);
	/* Each run of it says the same. */
	for (size_t i = 0; i < json_object_array_length(r->left_out); i++) {
		if (json_object_equal(object, json_object_array_get_idx(r->left_out, i))) {
			json_object_put(object);
			return;
		}
	}
	json_object_array_add(r->left_out, object);
}

static const char *string_of(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static bool said_before(const struct report *r, size_t nr)
{
	struct json_object *it = json_object_array_get_idx(r->left_out, nr);

	for (size_t i = 0; i < nr; i++) {
		struct json_object *other = json_object_array_get_idx(r->left_out, i);

		if (!strcmp(string_of(it, "memory"), string_of(other, "memory")) &&
		    !strcmp(string_of(it, "why"), string_of(other, "why")))
			return true;
	}
	return false;
}

static void print_left_out(const struct report *r)
{
	const size_t nr = json_object_array_length(r->left_out);

	for (size_t i = 0; i < nr; i++) {
		struct json_object *it = json_object_array_get_idx(r->left_out, i);

		if (!i)
			printf("left out:\n");
		if (!said_before(r, i))
			printf("  %s: %s\n", string_of(it, "memory"), string_of(it, "why"));
	}
	printf("\n");
}

int report_end(struct report *r)
{
	int status = 0;

	print_left_out(r);
	if (r->o->json && json_object_to_file_ext(r->o->json, r->all, JSON_C_TO_STRING_PRETTY)) {
		fprintf(stderr, "%s: %s: cannot be written: %s\n", program_invocation_short_name,
			r->o->json, strerror(errno));
		status = 1;
	}
	json_object_put(r->all);
	free(r);
	return status;
}
