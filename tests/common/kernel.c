// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mount.h>
#include <sys/syscall.h>

#include "kernel.h"

void load_module(const char *name)
{
	const char *dir = getenv("LEND_MODULES");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : ".", name);
	/* A test that failed before may have held it open until its process ended. */
	syscall(SYS_delete_module, name, O_NONBLOCK);
	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	must(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
}

void unload_module(const char *name)
{
	must(syscall(SYS_delete_module, name, O_NONBLOCK));
}

void load_lend(void)
{
	load_module("lend");
	must(mount("lend", DIR, "lend", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

void unload_lend(void)
{
	wait_for(!umount(DIR) || errno == EINVAL);
	wait_for(!syscall(SYS_delete_module, "lend", O_NONBLOCK));
}

cpu_set_t stay_here(void)
{
	cpu_set_t before, here;
	int cpu = must(sched_getcpu());

	must(sched_getaffinity(0, sizeof(before), &before));
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	must(sched_setaffinity(0, sizeof(here), &here));
	return before;
}

void move_again(cpu_set_t before)
{
	must(sched_setaffinity(0, sizeof(before), &before));
}

struct lend_phys_run *get_runs(int fd, size_t *nr)
{
	struct lend_info info = get_info(fd);
	struct lend_phys_run *runs = calloc(info.runs + 1, sizeof(*runs));
	struct lend_runs req = { .size = sizeof(req) };

	check(runs);
	*nr = 0;
	while (req.offset < info.memory) {
		req.runs = (uintptr_t)(runs + *nr);
		req.count = info.runs - *nr < 100 ? info.runs - *nr : 100;
		must(ioctl(fd, LEND_IOC_RUNS, &req));
		check(req.count);
		*nr += req.count;
	}
	check(*nr == info.runs);
	return runs;
}

uint64_t phys_at(const struct lend_phys_run *runs, size_t nr, uint64_t offset)
{
	size_t low = 0;

	while (nr - low > 1) {
		size_t mid = low + (nr - low) / 2;

		if (runs[mid].offset <= offset)
			low = mid;
		else
			nr = mid;
	}
	check(offset - runs[low].offset < runs[low].length);
	return runs[low].phys + (offset - runs[low].offset);
}

int setup(int fd, uint32_t flags, int32_t node, uint32_t dma_bits)
{
	struct lend_setup s = {
		.size = sizeof(s), .flags = flags, .node = node, .dma_bits = dma_bits,
	};

	return ioctl(fd, LEND_IOC_SETUP, &s);
}

static char chunk[256 * KiB];

bool file_has_pattern(int fd, size_t size, uint64_t seed)
{
	for (size_t done = 0; done < size;) {
		size_t want = size - done < sizeof(chunk) ? size - done : sizeof(chunk);
		size_t got = must(pread(fd, chunk, want, done));

		if (got != want || !has_pattern(chunk, got, seed + done / 8))
			return false;
		done += got;
	}
	return true;
}

void write_pattern(int fd, size_t size, uint64_t seed)
{
	for (size_t done = 0; done < size;) {
		size_t want = size - done < sizeof(chunk) ? size - done : sizeof(chunk);

		fill_pattern(chunk, want, seed + done / 8);
		check((size_t)must(pwrite(fd, chunk, want, done)) == want);
		done += want;
	}
}

void write_text(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	check(must(write(fd, text, strlen(text))) == (ssize_t)strlen(text));
	close(fd);
}

void write_textf(const char *path, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	check(vasprintf(&text, format, args) >= 0);
	va_end(args);
	write_text(path, text);
	free(text);
}

void hard_offline(uint64_t phys)
{
	int fd = must(open("/sys/devices/system/memory/hard_offline_page", O_WRONLY | O_CLOEXEC));

	dprintf(fd, "%#lx", phys);
	close(fd);
}

uint64_t vmstat(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "re");
	uint64_t value = 0;
	bool found = false;
	char key[64];

	check(file);
	while (!found && fscanf(file, "%63s %lu", key, &value) == 2)
		found = !strcmp(key, name);
	fclose(file);
	if (!found)
		failed("no %s in vmstat", name);
	return value;
}

size_t on_cpu_lists(int node)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	size_t pages = 0, count;
	char text[256];
	int at = -1;

	check(file);
	while (fgets(text, sizeof(text), file)) {
		sscanf(text, "Node %d, zone", &at);
		if (sscanf(text, " count: %zu", &count) == 1 && (node < 0 || node == at))
			pages += count;
	}
	fclose(file);
	return pages * PAGE;
}

/* From Linux 5.14 on; before, the lists have less than a MiB anyway. */
static void set_cpu_lists(const char *fraction)
{
	if (kernel_from(5, 14))
		write_text("/proc/sys/vm/percpu_pagelist_high_fraction", fraction);
}

void limit_cpu_lists(void)
{
	set_cpu_lists("100000");
}

void unlimit_cpu_lists(void)
{
	set_cpu_lists("0");
}

size_t available(void)
{
	return meminfo("MemAvailable") + on_cpu_lists(-1);
}

static uint64_t limit;

static void limit_mount(uint64_t bytes)
{
	char options[64];

	snprintf(options, sizeof(options), "size=%lu", bytes);
	must(mount("lend", DIR, NULL, MS_REMOUNT, options));
}

void lift_limit(void)
{
	struct statfs st;

	must(statfs(DIR, &st));
	limit = st.f_blocks * st.f_bsize;
	limit_mount(0);
}

void restore_limit(void)
{
	limit_mount(limit);
}
