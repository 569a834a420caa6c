/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/self/mountinfo tells about a mount. */
#ifndef LEND_MOUNTINFO_H
#define LEND_MOUNTINFO_H

#include <stdbool.h>
#include <sys/types.h>

struct mountinfo {
	char *dir;
	char *type;	/* "ext4" */
	char *options;	/* those of the file system */
};

/* The last mount of the file system @dev. */
bool mountinfo_find(struct mountinfo *mount, dev_t dev);
void mountinfo_free(struct mountinfo *mount);

#endif /* LEND_MOUNTINFO_H */
