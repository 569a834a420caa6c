// SPDX-License-Identifier: GPL-2.0-only
/* Look for a file's users in all processes, as fuser(1) does. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "cmd.h"
#include "users.h"

#define PROC_PATH_LEN	64

struct search {
	struct users *users;
	dev_t dev;
	ino_t ino;
	pid_t pid;
};

static bool matches(const struct search *search, dev_t dev, ino_t ino)
{
	return dev == search->dev && (!search->ino || ino == search->ino);
}

/* Gone processes are no news; ones we may not look at are. */
static void note_failure(const struct search *search)
{
	if (errno == EACCES || errno == EPERM)
		search->users->partial = true;
}

static FILE *open_proc(const struct search *search, const char *name)
{
	char path[PROC_PATH_LEN];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", search->pid, name);
	file = fopen(path, "re");
	if (!file)
		note_failure(search);
	return file;
}

static struct user *add_user(const struct search *search, enum user_how how)
{
	struct users *users = search->users;
	struct user *user;
	FILE *comm;

	users->list = grow(users->list, users->count + 1, sizeof(*users->list));
	user = &users->list[users->count++];
	*user = (struct user){ .pid = search->pid, .how = how };

	comm = open_proc(search, "comm");
	if (comm) {
		if (fgets(user->command, sizeof(user->command), comm))
			user->command[strcspn(user->command, "\n")] = '\0';
		fclose(comm);
	}
	return user;
}

/* The first line of a mapping in maps and smaps. */
static bool parse_mapping(const char *line, struct user *user, dev_t *dev, ino_t *ino)
{
	unsigned long long start, end, offset, inode;
	unsigned int maj, min;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu",
		   &start, &end, user->perms, &offset, &maj, &min, &inode) != 7)
		return false;
	user->start = start;
	user->end = end;
	user->offset = offset;
	*dev = makedev(maj, min);
	*ino = inode;
	return true;
}

static bool has_mapping(const struct search *search)
{
	FILE *maps = open_proc(search, "maps");
	struct user mapping;
	char *line = NULL;
	bool found = false;
	size_t room = 0;
	dev_t dev;
	ino_t ino;

	if (!maps)
		return false;
	while (!found && getline(&line, &room, maps) > 0)
		found = parse_mapping(line, &mapping, &dev, &ino) && matches(search, dev, ino);
	free(line);
	fclose(maps);
	return found;
}

static void add_mappings(const struct search *search)
{
	struct user mapping, *user = NULL;
	unsigned long long kib;
	char *line = NULL;
	size_t room = 0;
	FILE *smaps;
	dev_t dev;
	ino_t ino;

	if (!has_mapping(search))
		return;
	smaps = open_proc(search, "smaps");	/* slow, so only where it pays */
	if (!smaps)
		return;
	while (getline(&line, &room, smaps) > 0) {
		if (parse_mapping(line, &mapping, &dev, &ino)) {
			user = NULL;
			if (!matches(search, dev, ino))
				continue;
			user = add_user(search, USER_MAPPING);
			user->start = mapping.start;
			user->end = mapping.end;
			user->offset = mapping.offset;
			strcpy(user->perms, mapping.perms);
		} else if (user && sscanf(line, "Rss: %llu kB", &kib) == 1) {
			user->resident = kib * 1024;
		} else if (user && sscanf(line, "FilePmdMapped: %llu kB", &kib) == 1) {
			user->huge = kib * 1024;
		}
	}
	free(line);
	fclose(smaps);
}

static void add_descriptors(const struct search *search)
{
	char path[PROC_PATH_LEN];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", search->pid);
	dir = opendir(path);
	if (!dir) {
		note_failure(search);
		return;
	}
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && !fstatat(dirfd(dir), entry->d_name, &st, 0) &&
		    matches(search, st.st_dev, st.st_ino))
			add_user(search, USER_DESCRIPTOR)->fd = atoi(entry->d_name);
	closedir(dir);
}

static void add_directory(const struct search *search, const char *name)
{
	char path[PROC_PATH_LEN];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/%s", search->pid, name);
	if (!stat(path, &st) && matches(search, st.st_dev, st.st_ino))
		add_user(search, USER_DIRECTORY);
}

void users_find(struct users *users, dev_t dev, ino_t ino)
{
	struct search search = { .users = users, .dev = dev, .ino = ino };
	struct dirent *entry;
	DIR *proc;

	*users = (struct users){ 0 };
	proc = opendir("/proc");
	if (!proc) {
		users->partial = true;
		return;
	}
	while ((entry = readdir(proc))) {
		search.pid = atoi(entry->d_name);
		if (search.pid <= 0 || search.pid == getpid())
			continue;
		add_mappings(&search);
		add_descriptors(&search);
		add_directory(&search, "cwd");
		add_directory(&search, "root");
	}
	closedir(proc);
}

void users_free(struct users *users)
{
	free(users->list);
	*users = (struct users){ 0 };
}

struct user_sum users_sum(const struct users *users)
{
	const struct user *user;
	struct user_sum sum = { 0 };

	for (user = users->list; user < users->list + users->count; user++) {
		if (user->how != USER_MAPPING)
			continue;
		sum.mapped += user->end - user->start;
		sum.resident += user->resident;
		sum.huge += user->huge;
	}
	return sum;
}

void users_print(FILE *out, const struct users *users)
{
	const struct user *user;

	for (user = users->list; user < users->list + users->count; user++) {
		fprintf(out, "  %d (%s) ", user->pid, user->command);
		switch (user->how) {
		case USER_MAPPING:
			fprintf(out, "maps %s at 0x%llx (%s), %s touched, "
				"%u %% of it by 2 MiB entries\n",
				human(user->end - user->start), (unsigned long long)user->start,
				user->perms, human(user->resident),
				percent(user->huge, user->resident));
			break;
		case USER_DESCRIPTOR:
			fprintf(out, "has it open as descriptor %d\n", user->fd);
			break;
		case USER_DIRECTORY:
			fprintf(out, "has its working or root directory there\n");
			break;
		}
	}
	if (users->partial)
		fprintf(out, "  (processes of other users could not be looked at; root can)\n");
}
