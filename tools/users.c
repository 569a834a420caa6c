// SPDX-License-Identifier: GPL-2.0-only
/* Look for a file's users in all processes, as fuser(1) does. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd.h"
#include "users.h"
#include "vma.h"

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

static bool is_of(const struct vma *vma, const void *search)
{
	return matches(search, vma->dev, vma->ino);
}

static void add_mappings(const struct search *search)
{
	struct user *user;
	struct vmas vmas;
	size_t i;

	if (!vmas_read(&vmas, search->pid, is_of, search)) {
		note_failure(search);
		return;
	}
	for (i = 0; i < vmas.count; i++) {
		const struct vma *vma = &vmas.list[i];

		user = add_user(search, USER_MAPPING);
		user->start = vma->start;
		user->end = vma->end;
		user->offset = vma->offset;
		strcpy(user->perms, vma->perms);
		user->resident = vma->resident;
		user->huge = vma->huge;
	}
	vmas_free(&vmas);
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
