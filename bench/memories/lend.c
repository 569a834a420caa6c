// SPDX-License-Identifier: GPL-2.0-only
/* lend by plain system calls, as a program that wants speed makes them; its reserve; its library. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lend.h>

#include "memory.h"

static int missing(struct area *area)
{
	return area_fail(area, "%s: %s (modprobe lend && lend mount)", lend_dir(),
			 errno == EOPNOTSUPP ? "lend is not mounted there" : strerror(errno));
}

static int get(struct area *area)
{
	struct lend_setup setup = {
		.size = sizeof(setup),
		.flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = area->of->backing,
		.map = area->of->map,
	};
	int err;

	area->fd = open(lend_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (area->fd < 0)
		return missing(area);
	if ((!area->of->backing || !ioctl(area->fd, LEND_IOC_SETUP, &setup)) &&
	    !ftruncate(area->fd, area->size))
		return 0;
	err = errno;
	area_put(area);
	return area_fail(area, "cannot get the memory: %s", strerror(err));
}

const struct memory_ops lend_ops = { .get = get };

/* What is in the reserve to be lent; 0 without one. */
static size_t reserve_free(void)
{
	FILE *file = fopen("/sys/module/lend/parameters/reserve_free", "re");
	size_t bytes = 0;

	if (file) {
		if (fscanf(file, "%zu", &bytes) != 1)
			bytes = 0;
		fclose(file);
	}
	return bytes;
}

/* In bench/run's machine lend is loaded anew for it; on others it has one, or has not. */
static int load(size_t reserve)
{
	char command[512];

	if (!getenv("LEND_MODULES"))
		return 0;
	snprintf(command, sizeof(command), "umount %s && rmmod lend && "
		 "insmod $LEND_MODULES/lend.ko reserve=%zu && mount -t lend lend %s",
		 lend_dir(), reserve, lend_dir());
	return system(command);
}

static int reserve_up(struct area *area)
{
	const int status = load(area->size);

	if (!status && reserve_free() >= area->size)
		return 0;
	return area_fail(area, "its reserve has %zu MiB (modprobe lend reserve=%zum)",
			 reserve_free() / MiB, area->size / MiB);
}

static void reserve_down(void)
{
	if (load(0))
		die("lend cannot be loaded again");
}

/* What came back has been zeroed. */
static int reserve_ready(struct area *area)
{
	for (int tries = 0; tries < 6000 && reserve_free() < area->size; tries++)
		usleep(10000);
	return reserve_free() >= area->size ? 0 : area_fail(area, "others use its reserve");
}

const struct memory_ops reserve_ops = {
	.set_up = reserve_up, .tear_down = reserve_down, .ready = reserve_ready, .get = get,
};

static int get_by_library(struct area *area)
{
	area->fd = lend_create(NULL, 0600, area->size, NULL);
	return area->fd < 0 ? area_fail(area, "%s", lend_error()) : 0;
}

const struct memory_ops library_ops = { .get = get_by_library };
