// SPDX-License-Identifier: GPL-2.0-only
/* Read /proc/PID/smaps, see proc_pid_smaps(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "cmd.h"
#include "vma.h"

/* 7f00-7f10 rw-s 00000000 00:14 42      /dev/lend/x */
bool vma_parse(const char *line, struct vma *vma, const char **name)
{
	unsigned long long start, end, offset, inode;
	unsigned int maj, min;
	int used = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu%n", &start, &end, vma->perms,
		   &offset, &maj, &min, &inode, &used) != 7)
		return false;
	vma->start = start;
	vma->end = end;
	vma->offset = offset;
	vma->dev = makedev(maj, min);
	vma->ino = inode;
	*name = line + used + strspn(line + used, " ");
	return true;
}

/* "Rss:      12 kB" */
static void parse_field(const char *line, struct vma *vma)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {
		{ "Rss",		offsetof(struct vma, resident) },
		{ "Shared_Hugetlb",	offsetof(struct vma, resident) },
		{ "Private_Hugetlb",	offsetof(struct vma, resident) },
		{ "Shared_Hugetlb",	offsetof(struct vma, huge) },
		{ "Private_Hugetlb",	offsetof(struct vma, huge) },
		{ "AnonHugePages",	offsetof(struct vma, huge) },
		{ "ShmemPmdMapped",	offsetof(struct vma, huge) },
		{ "FilePmdMapped",	offsetof(struct vma, huge) },
		{ "Anonymous",		offsetof(struct vma, anonymous) },
		{ "Swap",		offsetof(struct vma, swapped) },
		{ "Locked",		offsetof(struct vma, locked) },
		{ "KernelPageSize",	offsetof(struct vma, page_size) },
	};
	unsigned long long kib;
	char name[32];
	size_t i;

	if (!strncmp(line, "VmFlags: ", 9)) {
		line += 9;
		snprintf(vma->flags, sizeof(vma->flags), "%.*s",
			 (int)strcspn(line, "\n"), line);
		for (i = strlen(vma->flags); i && vma->flags[i - 1] == ' '; i--)
			vma->flags[i - 1] = '\0';
		return;
	}
	if (sscanf(line, "%31[^:]: %llu kB", name, &kib) != 2)
		return;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(name, fields[i].name))
			*(uint64_t *)((char *)vma + fields[i].at) += kib * 1024;
}

static FILE *open_maps(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* smaps walks the page tables of every mapping, so ask maps first. */
static bool has_wanted(pid_t pid, bool (*wanted)(const struct vma *vma, const void *arg),
		       const void *arg)
{
	FILE *maps = open_maps(pid, "maps");
	struct vma vma = { 0 };
	bool found = false;
	char *line = NULL;
	const char *name;
	size_t room = 0;

	if (!maps)
		return true;	/* smaps will say why */
	while (!found && getline(&line, &room, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!vma_parse(line, &vma, &name))
			continue;
		vma.name = (char *)name;
		found = wanted(&vma, arg);
	}
	free(line);
	fclose(maps);
	return found;
}

static struct vma *add(struct vmas *vmas, const struct vma *vma)
{
	struct vma *added;

	vmas->list = grow(vmas->list, vmas->count + 1, sizeof(*vmas->list));
	added = &vmas->list[vmas->count++];
	*added = *vma;
	added->name = strdup(vma->name);
	if (!added->name)
		exit(error("out of memory"));
	return added;
}

bool vmas_read(struct vmas *vmas, pid_t pid,
	       bool (*wanted)(const struct vma *vma, const void *arg), const void *arg)
{
	struct vma *vma = NULL;
	char *line = NULL;
	size_t room = 0;
	FILE *smaps;
	int err;

	*vmas = (struct vmas){ 0 };
	if (wanted && !has_wanted(pid, wanted, arg))
		return true;
	smaps = open_maps(pid, "smaps");
	if (!smaps)
		return false;
	errno = 0;
	while (getline(&line, &room, smaps) > 0) {
		struct vma next = { 0 };
		const char *name;

		if (!vma_parse(line, &next, &name)) {
			if (vma)
				parse_field(line, vma);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		next.name = (char *)name;
		vma = !wanted || wanted(&next, arg) ? add(vmas, &next) : NULL;
	}
	err = ferror(smaps) ? errno : 0;
	free(line);
	fclose(smaps);
	if (err)
		vmas_free(vmas);
	errno = err;
	return !err;
}

void vmas_free(struct vmas *vmas)
{
	size_t i;

	for (i = 0; i < vmas->count; i++)
		free(vmas->list[i].name);
	free(vmas->list);
	*vmas = (struct vmas){ 0 };
}

bool vma_has(const struct vma *vma, const char *flag)
{
	const char *at;

	for (at = vma->flags; *at; at += at[2] ? 3 : 2)
		if (!strncmp(at, flag, 2))
			return true;
	return false;
}
