/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the group `security`: what the design promises to whoever lends memory. */
#ifndef LEND_TESTS_SECURITY_H
#define LEND_TESTS_SECURITY_H

#include "../common/system.h"

#define SIZE	(4 * MiB)

/* For good, so in a child: a user without privileges who may look at himself in /proc. */
void become_user(uid_t uid);

/* read_only.c: nothing is written by way of a descriptor that is open for reading. */
void read_only_descriptors(void **state);
void read_only_dmabufs(void **state);
void read_only_stays(void **state);
void private_copies(void **state);
void private_copies_in_a_race(void **state);

/* executable.c */
void no_executable_mapping(void **state);
void no_read_implies_exec(void **state);
void no_program_runs(void **state);

/* physical.c */
void no_physical_address(void **state);

/* namespaces.c: root of a user namespace is the user that made it. */
void namespace_mounts(void **state);
void namespace_owners(void **state);
void namespace_addresses(void **state);
void namespace_memlock(void **state);
void namespace_cgroup(void **state);

#endif
