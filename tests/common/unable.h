/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests that this kernel cannot pass, by the list in tests/unable. */
#ifndef LEND_TESTS_UNABLE_H
#define LEND_TESTS_UNABLE_H

/* Is the running kernel that version or a later one? */
bool kernel_from(unsigned int major, unsigned int minor);

/* As cmocka's, but those listed for this kernel are skipped. */
int run_able(const char *group, const struct CMUnitTest *tests, size_t nr,
	     CMFixtureFunction set_up, CMFixtureFunction tear_down);

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, set_up, tear_down) \
	run_able(#tests, tests, sizeof(tests) / sizeof((tests)[0]), set_up, tear_down)
#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(name, tests, set_up, tear_down) \
	run_able(name, tests, sizeof(tests) / sizeof((tests)[0]), set_up, tear_down)

#endif
