// SPDX-License-Identifier: GPL-2.0-only
/* What of a process has a say in what its mappings can be used for. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include "mapping.h"

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

static void read_limit(struct process *process)
{
	FILE *file = open_proc(process->pid, "limits");
	unsigned long long soft;
	char line[128];

	process->memlock = UINT64_MAX;
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Max locked memory %llu", &soft) == 1)
			process->memlock = soft;
	fclose(file);
}

static void read_capabilities(struct process *process)
{
	FILE *file = open_proc(process->pid, "status");
	unsigned long long effective;
	char line[128];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			process->may_lock = effective >> CAP_IPC_LOCK & 1;
	fclose(file);
}

bool process_read(struct process *process, pid_t pid)
{
	FILE *file = open_proc(pid, "comm");

	*process = (struct process){ .pid = pid };
	if (!file)
		return false;
	if (fgets(process->command, sizeof(process->command), file))
		process->command[strcspn(process->command, "\n")] = '\0';
	fclose(file);

	read_limit(process);
	read_capabilities(process);
	file = open_proc(pid, "coredump_filter");
	if (file) {
		process->filter_known = fscanf(file, "%x", &process->core_filter) == 1;
		fclose(file);
	}
	return true;
}
