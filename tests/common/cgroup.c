// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"
#include "kernel.h"

struct attempt {
	int fd;
	size_t size;
};

uint64_t cgroup(const char *name, const char *key)
{
	char path[128], line[128];
	FILE *file;
	uint64_t value;

	snprintf(path, sizeof(path), CGROUP "/%s", name);
	file = fopen(path, "re");
	check(file);
	do {
		if (!fgets(line, sizeof(line), file))
			failed("no '%s' in %s", key, path);
	} while (strncmp(line, key, strlen(key)));
	fclose(file);
	check(sscanf(line + strlen(key), "%lu", &value) == 1);
	return value;
}

static int fill_in_cgroup(void *arg)
{
	const struct attempt *try = arg;

	write_textf(CGROUP "/cgroup.procs", "%d", getpid());
	return ftruncate(try->fd, try->size) ? errno : 0;
}

int attempt_in_cgroup(int fd, size_t size)
{
	struct attempt try = { .fd = fd, .size = size };

	return reap(spawn(fill_in_cgroup, &try));
}
