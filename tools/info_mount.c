// SPDX-License-Identifier: GPL-2.0-only
/* A mount: its totals, and the defaults of its files. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include "cmd.h"
#include "info_mount.h"
#include "json.h"
#include "mountinfo.h"

struct totals {
	uint64_t limit, used, free;	/* bytes */
	uint64_t files;
};

static bool read_totals(int fd, struct totals *totals)
{
	struct statfs st;

	if (fstatfs(fd, &st))
		return false;
	totals->limit = (uint64_t)st.f_blocks * st.f_bsize;
	totals->free = (uint64_t)st.f_bfree * st.f_bsize;
	totals->used = totals->limit - totals->free;
	totals->files = st.f_files - st.f_ffree - 1;	/* not the root */
	return true;
}

/* "rw,size=1k" as an object; words without a value are true */
static struct json_object *json_options(const char *options)
{
	struct json_object *object = json_object_new_object();
	char *copy = strdup(options), *rest = copy, *option, *value;

	while (rest && (option = strsep(&rest, ","))) {
		value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		if (value)
			json_add_string(object, option, value);
		else
			json_add_bool(object, option, true);
	}
	free(copy);
	return object;
}

static struct json_object *json_mount(const struct mountinfo *mount,
				      const struct totals *totals)
{
	struct json_object *object = json_object_new_object();

	json_add_string(object, "mount", mount->dir);
	json_add_u64(object, "limit", totals->limit);
	json_add_u64(object, "used", totals->used);
	json_add_u64(object, "free", totals->free);
	json_add_u64(object, "files", totals->files);
	json_object_object_add(object, "options", json_options(mount->options));
	return object;
}

static void print_mount(const struct mountinfo *mount, const struct totals *totals)
{
	puts(mount->dir);
	fact("limit", "%s", human(totals->limit));
	fact("used", "%s, %u %%", human(totals->used), percent(totals->used, totals->limit));
	fact("free", "%s", human(totals->free));
	fact("files", "%llu", (unsigned long long)totals->files);
	fact("options", "%s", mount->options);
}

int info_mount(int fd, const struct stat *st, struct json_object *array)
{
	struct mountinfo mount;
	struct totals totals;

	if (!read_totals(fd, &totals))
		return error("cannot ask for the totals of the mount: %m");
	if (!mountinfo_find(&mount, st->st_dev))
		return error("cannot find the mount in /proc/self/mountinfo");
	if (array)
		json_object_array_add(array, json_mount(&mount, &totals));
	else
		print_mount(&mount, &totals);
	mountinfo_free(&mount);
	return 0;
}
