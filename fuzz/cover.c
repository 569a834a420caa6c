// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage by KCOV: the debug kernel writes down each place of the module that the
 * calls of one task come by, and of no other code.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kcov.h>

#include "execute.h"

#define ENTRIES	(256 * 1024)
#define PLACES	(64 * 1024)	/* of a table; the module has a few thousand */

static int fd = -1;
static _Atomic unsigned long *seen;	/* how many, and then each */
static unsigned long places[PLACES];
static unsigned int nr_places;

bool cover_set_up(void)
{
	fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (ioctl(fd, KCOV_INIT_TRACE, ENTRIES)) {
		close(fd);
		fd = -1;
		return false;
	}
	seen = mmap(NULL, ENTRIES * sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (seen == MAP_FAILED) {
		close(fd);
		fd = -1;
	}
	return fd >= 0;
}

void cover_begin(void)
{
	if (fd >= 0 && !ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		atomic_store(&seen[0], 0);
}

static bool add(unsigned long place)
{
	unsigned int i = place * 0x9e3779b97f4a7c15 >> 48;

	for (; places[i % PLACES]; i++)
		if (places[i % PLACES] == place)
			return false;
	places[i % PLACES] = place;
	nr_places++;
	return true;
}

unsigned int cover_end(void)
{
	unsigned int new = 0;
	unsigned long nr;

	if (fd < 0)
		return 0;
	nr = atomic_load(&seen[0]);
	for (unsigned long i = 1; i <= nr && i < ENTRIES && nr_places < PLACES / 2; i++)
		new += add(seen[i]);
	return new;
}

unsigned int cover_total(void)
{
	return nr_places;
}

void cover_forget(void)
{
	memset(places, 0, sizeof(places));
	nr_places = 0;
}
