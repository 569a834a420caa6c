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

/* A line of the list: does it speak of this test on this kernel? */
static bool speaks_of(char *line, const char *release, const char *test)
{
	char *rest = line, *kernel = strsep(&rest, "\t"), *group = strsep(&rest, "\t");
	char *name = strsep(&rest, "\t");

	return *line != '#' && name && !strncmp(release, kernel, strlen(kernel)) &&
	       !strcmp(group, program_invocation_short_name) && !fnmatch(name, test, 0);
}

static bool is_unable(const char *test)
{
	bool found = false;
	struct utsname name;
	char *line = NULL;
	size_t size = 0;
	FILE *list = fopen(LIST, "re");

	check(list);
	must(uname(&name));
	while (!found && getline(&line, &size, list) != -1)
		found = speaks_of(line, name.release, test);
	free(line);
	fclose(list);
	return found;
}

static void unable(void **state)
{
	(void)state;
	skip();
}

int run_able(const char *group, const struct CMUnitTest *tests, size_t nr,
	     CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	struct CMUnitTest *able = calloc(nr, sizeof(*able));
	int failures;

	check(able);
	for (size_t i = 0; i < nr; i++) {
		able[i] = tests[i];
		if (is_unable(tests[i].name))
			able[i] = (struct CMUnitTest){ .name = tests[i].name, .test_func = unable };
	}
	failures = _cmocka_run_group_tests(group, able, nr, set_up, tear_down);
	free(able);
	return failures;
}
