// SPDX-License-Identifier: GPL-2.0-only
/* lend - make, look at, test and remove buffers of kernel memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"

static const struct {
	const char *name;
	const char *full_name;	/* the prefix of its errors */
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "mount",	"lend mount",	cmd_mount,	"mount the file system" },
	{ "umount",	"lend umount",	cmd_umount,	"unmount it" },
	{ "create",	"lend create",	cmd_create,	"make buffers" },
	{ "info",	"lend info",	cmd_info,	"tell all about buffers and the mount" },
	{ "ls",		"lend ls",	cmd_ls,		"list buffers" },
	{ "explain",	"lend explain",	cmd_explain,	"tell what mappings are, and are good for" },
	{ "memtest",	"lend memtest",	cmd_memtest,	"test the memory of a buffer" },
	{ "rm",		"lend rm",	cmd_rm,		"remove the names of buffers" },
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("usage: lend COMMAND [ARGUMENT...]\n"
	      "Buffers of kernel memory, as files of the file system lend.\n\n", out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\n"
	      "  --help     print this; \"lend COMMAND --help\" tells more\n"
	      "  --version  print the version\n\n"
	      "Names without a slash are in /dev/lend, or where LEND_DIR says.\n", out);
}

static int flush(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return error("cannot write the output: %m");
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return flush(EXIT_SUCCESS);
	}
	if (!strcmp(name, "--version")) {
		puts("lend " LEND_VERSION);
		return flush(EXIT_SUCCESS);
	}
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(name, commands[i].name))
			continue;
		command = commands[i].full_name;
		argv[1] = (char *)command;	/* for getopt's messages */
		return flush(commands[i].run(argc - 1, argv + 1));
	}
	if (*name)
		fprintf(stderr, "lend: no command \"%s\"\n\n", name);
	usage(stderr);
	return EXIT_USAGE;
}
