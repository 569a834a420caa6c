// SPDX-License-Identifier: GPL-2.0-only
/* lend umount */
#include <errno.h>
#include <getopt.h>
#include <lend.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "cmd.h"
#include "users.h"

static const char usage[] =
"usage: lend umount [DIR]\n"
"Unmount the file system from /dev/lend, LEND_DIR or DIR. All of its buffers go.\n"
"Where something is still open or mapped it is refused, and said by whom.\n"
"\n"
"  -h, --help  print this\n";

static int busy(const char *dir)
{
	struct users users;
	struct stat st;

	error("%s", lend_error());
	if (stat(dir, &st))
		return EXIT_FAILURE;
	users_find(&users, st.st_dev, 0);
	users_print(stderr, &users);
	users_free(&users);
	return EXIT_FAILURE;
}

int cmd_umount(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help",	no_argument,	NULL,	'h' },
		{ 0 }
	};
	const char *dir;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c != 'h')
			return usage_hint();
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (argc - optind > 1)
		return usage_error("more than one directory");

	dir = optind < argc ? argv[optind] : lend_dir();
	if (!lend_umount(dir))
		return EXIT_SUCCESS;
	return errno == EBUSY ? busy(dir) : error("%s", lend_error());
}
