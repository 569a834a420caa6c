// SPDX-License-Identifier: GPL-2.0-only
/* lend rm */
#include <getopt.h>
#include <lend.h>
#include <stdio.h>
#include <stdlib.h>
#include "cmd.h"

static const char usage[] =
"usage: lend rm NAME...\n"
"Remove the names of buffers. The memory goes back when the last user is gone\n"
"as well.\n"
"\n"
"  -h, --help  print this\n";

int cmd_rm(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help",	no_argument,	NULL,	'h' },
		{ 0 }
	};
	int c, status = EXIT_SUCCESS;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c != 'h')
			return usage_hint();
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (optind == argc)
		return usage_error("no name given");

	for (; optind < argc; optind++)
		if (lend_unlink(argv[optind]))
			status = error("%s", lend_error());
	return status;
}
