/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of lend info that is about a mount. */
#ifndef LEND_INFO_MOUNT_H
#define LEND_INFO_MOUNT_H

#include <sys/stat.h>
#include <json-c/json.h>

/* Tell about the mount of the directory @fd, on @array if there is one. */
int info_mount(int fd, const struct stat *st, struct json_object *array);

#endif /* LEND_INFO_MOUNT_H */
