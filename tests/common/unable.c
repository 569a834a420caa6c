// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <sys/utsname.h>

#include "common.h"

#define LIST "tests/unable"

bool kernel_from(unsigned int major, unsigned int minor)
{
	unsigned int ours[2];
	struct utsname name;

	must(uname(&name));
	check(sscanf(name.release, "%u.%u", &ours[0], &ours[1]) == 2);
	return ours[0] > major || (ours[0] == major && ours[1] >= minor);
}

static void unable(void **state)
{
	(void)state;
	skip();
}

/* A line of the list: what it speaks of on this kernel is not run. */
static void take_out(char *line, struct CMUnitTest *tests, size_t nr)
{
	char *rest = line, *kernel = strsep(&rest, "\t"), *group = strsep(&rest, "\t");
	char *name = strsep(&rest, "\t");
	struct utsname us;

	must(uname(&us));
	if (*line == '#' || !name || fnmatch(kernel, us.release, 0) ||
	    strcmp(group, program_invocation_short_name))
		return;
	for (size_t i = 0; i < nr; i++)
		if (!fnmatch(name, tests[i].name, 0))
			tests[i] = (struct CMUnitTest){ .name = tests[i].name, .test_func = unable };
}

int run_able(const char *group, const struct CMUnitTest *tests, size_t nr,
	     CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	struct CMUnitTest *able = calloc(nr, sizeof(*able));
	FILE *list = fopen(LIST, "re");
	char *line = NULL;
	size_t size = 0;
	int failures;

	check(able && list);
	memcpy(able, tests, nr * sizeof(*able));
	while (getline(&line, &size, list) != -1)
		take_out(line, able, nr);
	free(line);
	fclose(list);
	failures = _cmocka_run_group_tests(group, able, nr, set_up, tear_down);
	free(able);
	return failures;
}
