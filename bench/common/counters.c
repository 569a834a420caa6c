// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "counters.h"

#define DTLB_READ_MISS \
	(PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_READ << 8 |	\
	 PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

/* One group: both count the same time. */
static int open_counter(uint32_t type, uint64_t config, int group)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = type, .config = config,
		.disabled = group < 0, .exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
}

void counters_open(struct counters *c)
{
	*c = (struct counters){ .misses = -1 };
	c->cycles = open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, -1);
	if (c->cycles >= 0)
		c->misses = open_counter(PERF_TYPE_HW_CACHE, DTLB_READ_MISS, c->cycles);
	if (c->misses >= 0)
		return;
	snprintf(c->why, sizeof(c->why), "perf_event_open: %s: %s", strerror(errno),
		 errno == EACCES || errno == EPERM ?
		 "lower kernel.perf_event_paranoid" : "this machine does not count them");
	counters_close(c);
}

void counters_close(struct counters *c)
{
	if (c->cycles >= 0)
		close(c->cycles);
	if (c->misses >= 0)
		close(c->misses);
	c->cycles = -1;
	c->misses = -1;
}

void counters_start(struct counters *c)
{
	if (c->cycles < 0)
		return;
	ioctl(c->cycles, PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP);
	ioctl(c->cycles, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
}

static double count(int fd)
{
	uint64_t value;

	return fd >= 0 && read(fd, &value, sizeof(value)) == sizeof(value) ? (double)value : NAN;
}

void counters_stop(struct counters *c, double *misses, double *cycles)
{
	if (c->cycles >= 0)
		ioctl(c->cycles, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
	*misses = count(c->misses);
	*cycles = count(c->cycles);
}
