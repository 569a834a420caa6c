/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of many kinds, lend's and others'. */
#ifndef LEND_TESTS_PLACES_H
#define LEND_TESTS_PLACES_H

#include "common.h"

#define PLACE_SIZE	(4 * MiB)
#define ROOM		(256 * KiB)	/* of the heap and the stack */

struct place {
	const char *name;
	const char *kind;		/* what lend explain must call it */
	void (*make)(struct place *place);
	long arg[2];

	/* made */
	char *mem;
	size_t size;
	int fd;				/* or -1 */
};

extern struct place places[];
extern const size_t place_count;

/* ROOM and a page of the main thread's stack, lent by main(). */
extern char *stack_room;

/* Map it; all that can be written has a pattern, all that can be read was read. */
void place_make(struct place *place);
void place_unmake(struct place *place);

/* Its file once more. */
int place_reopen(const struct place *place, int flags);

/* The names of files that are left by a process which has made places and died. */
void places_unlink(void);

/* What some of them need of the machine, once: huge pages, an ext4, a swap device. */
int places_set_up(void **state);
int places_tear_down(void **state);

/* Is this flag of smaps set? */
bool place_has(const struct place *place, const char *flag);

#endif
