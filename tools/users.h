/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a file or a whole file system, found in /proc. */
#ifndef LEND_USERS_H
#define LEND_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define COMMAND_LEN	16

enum user_how {
	USER_MAPPING,
	USER_DESCRIPTOR,
	USER_DIRECTORY,		/* has it as its working or root directory */
};

struct user {
	pid_t pid;
	char command[COMMAND_LEN];
	enum user_how how;
	int fd;			/* USER_DESCRIPTOR */
	uint64_t start, end;	/* USER_MAPPING: addresses */
	uint64_t offset;	/* in the file */
	char perms[5];		/* "rw-s" */
	uint64_t resident;	/* bytes in page tables now */
	uint64_t huge;		/* of those, by 2 MiB entries */
};

struct users {
	struct user *list;
	size_t count;
	bool partial;		/* some processes could not be looked at */
};

/* Find all but this process; @ino 0 means any file on @dev. */
void users_find(struct users *users, dev_t dev, ino_t ino);
void users_free(struct users *users);

/* Bytes mapped, in page tables, and there by 2 MiB entries, of all mappings. */
struct user_sum {
	uint64_t mapped, resident, huge;
};

struct user_sum users_sum(const struct users *users);

/* A line for each of them. */
void users_print(FILE *out, const struct users *users);

#endif /* LEND_USERS_H */
