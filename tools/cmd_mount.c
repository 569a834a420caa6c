// SPDX-License-Identifier: GPL-2.0-only
/* lend mount */
#include <errno.h>
#include <getopt.h>
#include <lend.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cmd.h"

static const char usage[] =
"usage: lend mount [-o OPTION[,OPTION...]] [DIR]\n"
"Mount the file system, on /dev/lend or LEND_DIR if no DIR is given. A missing\n"
"directory is made, a missing module is loaded.\n"
"\n"
"  -o, --options LIST  what follows, separated by commas\n"
"        size=SIZE        memory all buffers may take: 512m, 2g, 25% (50%) of RAM\n"
"        mode=OCTAL       permissions of the top directory (0755)\n"
"        uid=N, gid=N     owner of the top directory (0)\n"
"        backing=KIND     folios (default), pages, contig, vmalloc\n"
"        map=WAY          auto (default), fault, insert, pfn\n"
"        node=N|any       NUMA node of the buffers (any)\n"
"        dma_bits=N       buffers below 2^N (0: anywhere)\n"
"  -h, --help          print this\n";

static void load_module(void)
{
	char *const args[] = { "modprobe", "lend", NULL };
	pid_t pid;

	fflush(stdout);
	if (!posix_spawnp(&pid, args[0], NULL, NULL, args, environ))
		waitpid(pid, NULL, 0);	/* its own words are on stderr */
}

int cmd_mount(int argc, char **argv)
{
	static const struct option options[] = {
		{ "options",	required_argument,	NULL,	'o' },
		{ "help",	no_argument,		NULL,	'h' },
		{ 0 }
	};
	const char *dir, *fs_options = NULL;
	int c, ret;

	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) >= 0) {
		switch (c) {
		case 'o':
			if (fs_options)
				return usage_error("-o is given twice");
			fs_options = optarg;
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
	dir = argv[optind];

	ret = lend_mount(dir, fs_options);
	if (ret && errno == ENODEV) {
		load_module();
		ret = lend_mount(dir, fs_options);
	}
	return ret ? error("%s", lend_error()) : EXIT_SUCCESS;
}
