// SPDX-License-Identifier: GPL-2.0-only
#include <grp.h>

#include "mounts.h"
#include "system.h"

void become(uid_t uid)
{
	must(setgroups(0, NULL));
	must(setresgid(uid, uid, uid));
	must(setresuid(uid, uid, uid));
}

int shell(const char *format, ...)
{
	char line[2048];
	va_list args;
	int status;

	va_start(args, format);
	check((size_t)vsnprintf(line, sizeof(line), format, args) < sizeof(line));
	va_end(args);
	fflush(NULL);
	status = must(system(line));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

uint64_t allocated_bytes(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	uint64_t pages, sum = 0;
	char name[64];

	check(file);
	while (fscanf(file, "%63s %lu", name, &pages) == 2)
		if (!strncmp(name, "pgalloc_", 8))
			sum += pages;
	fclose(file);
	check(sum);
	return sum * PAGE;
}

int clean(void **state)
{
	unmount_leftovers();
	return nothing_left(state);
}
