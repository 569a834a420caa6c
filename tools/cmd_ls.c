// SPDX-License-Identifier: GPL-2.0-only
/* lend ls */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lend.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd.h"
#include "json.h"

static const char usage[] =
"usage: lend ls [--json] [DIR]\n"
"List the buffers in DIR; without it in /dev/lend, or where LEND_DIR says.\n"
"A dash stands for what only those who may read a buffer can know.\n"
"\n"
"      --json  print JSON\n"
"  -h, --help  print this\n";

/* A name in the listing, and what may be known of it. */
struct entry {
	const char *name;
	struct stat st;
	struct lend_info info;
	bool known;		/* info is filled in */
};

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

/* False for one that has just gone. */
static bool look(int dir, const char *name, struct entry *entry)
{
	int fd;

	*entry = (struct entry){ .name = name };
	if (fstatat(dir, name, &entry->st, AT_SYMLINK_NOFOLLOW))
		return false;
	if (!S_ISREG(entry->st.st_mode))
		return true;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		entry->known = !lend_info(fd, &entry->info);
		close(fd);
	}
	return true;
}

static const char *owner(uid_t uid, char number[16])
{
	struct passwd *user = getpwuid(uid);

	if (user)
		return user->pw_name;
	snprintf(number, 16, "%u", uid);
	return number;
}

static void add_row(struct table *table, const struct entry *entry)
{
	char number[16];

	table_addf(table, "%04o", entry->st.st_mode & 07777);
	table_add(table, owner(entry->st.st_uid, number));
	if (S_ISREG(entry->st.st_mode))
		table_add(table, human(entry->st.st_size));
	else
		table_add(table, "-");
	if (entry->known) {
		table_add(table, lend_backing_name(entry->info.backing));
		table_add(table, lend_map_name(entry->info.map));
		table_addf(table, "%llu", (unsigned long long)entry->info.mappings);
	} else {
		table_add(table, "-");
		table_add(table, "-");
		table_add(table, "-");
	}
	table_addf(table, "%s%s", entry->name, S_ISDIR(entry->st.st_mode) ? "/" : "");
}

static void add_header(struct table *table)
{
	static const char *const names[] = {
		"MODE", "OWNER", "SIZE", "BACKING", "MAP", "MAPPINGS", "NAME",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_add(table, names[i]);
}

static struct json_object *json_entry(const struct entry *entry)
{
	struct json_object *object;
	char mode[8];

	if (entry->known) {
		object = json_buffer(entry->name, &entry->info);
	} else {
		object = json_object_new_object();
		json_add_string(object, "name", entry->name);
		if (S_ISREG(entry->st.st_mode))
			json_add_u64(object, "size", entry->st.st_size);
	}
	json_add_bool(object, "directory", S_ISDIR(entry->st.st_mode));
	json_add_u64(object, "uid", entry->st.st_uid);
	json_add_u64(object, "gid", entry->st.st_gid);
	snprintf(mode, sizeof(mode), "%04o", entry->st.st_mode & 07777);
	json_add_string(object, "mode", mode);
	return object;
}

static void list(int dir, struct dirent **names, int count, bool json)
{
	struct json_object *array = json ? json_object_new_array() : NULL;
	struct table table = { .align = "llrllrl" };
	struct entry entry;
	int i;

	if (!json && count)
		add_header(&table);
	for (i = 0; i < count; i++) {
		if (!look(dir, names[i]->d_name, &entry))
			continue;
		if (json)
			json_object_array_add(array, json_entry(&entry));
		else
			add_row(&table, &entry);
	}
	if (json)
		json_print_put(array);
	else
		table_print_free(&table);
}

static int list_dir(const char *path, bool json)
{
	struct dirent **names;
	int dir, count, i;

	dir = lend_open(path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return error("%s", lend_error());
	count = scandirat(dir, ".", &names, not_dots, alphasort);
	if (count < 0) {
		error("cannot read %s: %m", path);
		close(dir);
		return EXIT_FAILURE;
	}
	list(dir, names, count, json);
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	close(dir);
	return EXIT_SUCCESS;
}

int cmd_ls(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json",	no_argument,	NULL,	'j' },
		{ "help",	no_argument,	NULL,	'h' },
		{ 0 }
	};
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return usage_hint();
		}
	}
	if (argc - optind > 1)
		return usage_error("more than one directory");
	return list_dir(optind < argc ? argv[optind] : lend_dir(), json);
}
