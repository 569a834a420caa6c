/* SPDX-License-Identifier: GPL-2.0-only */
/* Every way to write to memory that a process has a descriptor and a mapping of. */
#ifndef LEND_TESTS_ROUTES_H
#define LEND_TESTS_ROUTES_H

#include "../common/common.h"

#define AT	(5 * PAGE)
#define MARK	'W'

/* -1 and errno, or the mark was written at AT. @mem is mapped, to read at least. */
typedef long route_fn(int fd, char *mem);

enum {
	FILES = 1,	/* for files of lend alone, not dma-bufs of them */
	PINS = 2,	/* not of memory that is mapped by page frame number */
};

extern const struct route {
	const char *name;
	route_fn *go;
	int error;		/* with a descriptor that is open for reading */
	unsigned int flags;
} routes[];
extern const size_t nr_routes;

route_fn by_proc_mem, by_ptrace;

/* What the routes read from, full of marks, and a driver: as root. */
void open_sources(void);
void close_sources(void);

#endif
