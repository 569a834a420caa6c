// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the design promises about memory that others get a hand on: each test is one
 * promise, and beside each refusal stands what does work. Which other groups prove
 * the rest is in docs/testing.md.
 */
#include <sys/prctl.h>

#include "common/maker.h"
#include "security_parts/security.h"

void become_user(uid_t uid)
{
	become(uid);
	must(prctl(PR_SET_DUMPABLE, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(read_only_descriptors),
		clean_test(read_only_dmabufs),
		clean_test(read_only_stays),
		clean_test(private_copies),
		clean_test(private_copies_in_a_race),
		clean_test(no_executable_mapping),
		clean_test(no_read_implies_exec),
		clean_test(no_program_runs),
		clean_test(no_physical_address),
		clean_test(namespace_mounts),
		clean_test(namespace_owners),
		clean_test(namespace_addresses),
		clean_test(namespace_memlock),
		clean_test(namespace_cgroup),
	};

	return cmocka_run_group_tests_name("security", tests, maker_set_up, maker_tear_down);
}
