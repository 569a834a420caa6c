// SPDX-License-Identifier: GPL-2.0-only
/* lend create */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lend.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd.h"
#include "json.h"
#include "progress.h"
#include "setup.h"

#define COPY_CHUNK	(8UL << 20)
#define MODE_UNSET	((mode_t)-1)

static const char usage[] =
"usage: lend create --size SIZE | --from FILE [OPTION...] NAME...\n"
"Make buffers. A name without a slash is in /dev/lend, or where LEND_DIR says.\n"
"\n"
"  -s, --size SIZE      4096, 64M, 1.5G, 1TiB: powers of 1024\n"
"  -f, --from FILE      as large as FILE, with its contents\n"
SETUP_USAGE
"  -M, --mode OCTAL     permissions (0666 less the umask)\n"
"      --json           print what was made\n"
"  -h, --help           print this\n"
"\n"
"What is not given is as the mount has it, see lend(5).\n";

struct request {
	uint64_t size;
	const char *from;
	int from_fd;
	mode_t mode;
	struct lend_setup setup;
	struct json_object *made;	/* an array, or NULL */
};

static uint64_t copied(void *arg)
{
	return atomic_load((atomic_ullong *)arg);
}

/* Read the file into the mapping; returns 0, or -1 with errno, 0 for a short file. */
static int read_all(int from, char *to, uint64_t size, atomic_ullong *done)
{
	uint64_t at = 0, chunk;
	ssize_t len;

	while (at < size) {
		chunk = size - at < COPY_CHUNK ? size - at : COPY_CHUNK;
		len = pread(from, to + at, chunk, at);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0) {
			if (!len)
				errno = 0;
			return -1;
		}
		at += len;
		atomic_store(done, at);
	}
	return 0;
}

static int fill(int fd, const char *name, const struct request *request)
{
	atomic_ullong done = 0;
	struct progress progress = {
		.what = name,
		.total = request->size,
		.done = copied,
		.arg = &done,
	};
	char *to;
	int ret;

	to = lend_map(fd, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!to)
		return error("%s: %s", name, lend_error());
	progress_start(&progress);
	ret = read_all(request->from_fd, to, request->size, &done);
	progress_stop(&progress);
	if (ret && errno)
		error("%s: cannot read %s: %m", name, request->from);
	else if (ret)
		error("%s: %s has become shorter while it was read", name, request->from);
	munmap(to, request->size);
	return ret;
}

static int report(int fd, const char *name, const struct request *request)
{
	struct lend_info info;

	if (lend_info(fd, &info))
		return error("%s: %s", name, lend_error());
	if (info.why & LEND_WHY_FRAGMENTED)
		fprintf(stderr, "%s: %s: %s of %s are in 2 MiB folios. %s\n", command, name,
			human(info.huge), human(info.memory), lend_why(LEND_WHY_FRAGMENTED));
	if (request->made)
		json_object_array_add(request->made, json_buffer(name, &info));
	return 0;
}

/* Until it has its name, whatever goes wrong leaves nothing behind. */
static int create(const char *name, const struct request *request)
{
	int fd, ret = -1;

	fd = lend_tmpfile(name, request->mode == MODE_UNSET ? 0666 : request->mode);
	if (fd < 0)
		return error("%s", lend_error());
	if (setup_alloc(fd, name, request->size, &request->setup) ||
	    (request->from && fill(fd, name, request)))
		goto out;
	if (request->mode != MODE_UNSET && fchmod(fd, request->mode)) {
		error("%s: cannot set mode %04o: %m", name, request->mode);
		goto out;
	}
	if (lend_link(fd, name)) {
		error("%s", lend_error());
		goto out;
	}
	ret = report(fd, name, request);
out:
	close(fd);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int parse_mode(const char *text, mode_t *mode)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 8);
	if (*text < '0' || *text > '7' || *end || value > 0777)
		return usage_error("\"%s\" is not a mode; it is octal, 0000 to 0777", text);
	*mode = value;
	return 0;
}

/* Open --from and take its size. */
static int open_from(struct request *request)
{
	struct stat st;
	off_t size;

	request->from_fd = open(request->from, O_RDONLY | O_CLOEXEC);
	if (request->from_fd < 0)
		return error("cannot open %s: %m", request->from);
	if (fstat(request->from_fd, &st))
		return error("cannot ask for the size of %s: %m", request->from);
	if (S_ISDIR(st.st_mode))
		return error("%s is a directory", request->from);
	size = lseek(request->from_fd, 0, SEEK_END);
	if (size < 0 || (!size && !S_ISREG(st.st_mode)))
		return error("%s has no size that can be known ahead", request->from);
	if (!size)
		return error("%s is empty, and a buffer has at least one byte", request->from);
	request->size = size;
	return 0;
}

static int create_all(struct request *request, char **names)
{
	int status = EXIT_SUCCESS;

	if (request->from && open_from(request))
		return EXIT_FAILURE;
	signal(SIGXFSZ, SIG_IGN);	/* EFBIG can be explained, a signal cannot */
	for (; *names; names++)
		if (create(*names, request))
			status = EXIT_FAILURE;
	if (request->made)
		json_print_put(request->made);
	return status;
}

int cmd_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size",	required_argument,	NULL,	's' },
		{ "from",	required_argument,	NULL,	'f' },
		SETUP_OPTIONS,
		{ "mode",	required_argument,	NULL,	'M' },
		{ "json",	no_argument,		NULL,	'j' },
		{ "help",	no_argument,		NULL,	'h' },
		{ 0 }
	};
	struct request request = { .mode = MODE_UNSET };
	bool json = false, size = false;
	int c, bad = 0;

	while (!bad && (c = getopt_long(argc, argv, "s:f:M:h" SETUP_LETTERS, options, NULL)) >= 0) {
		switch (c) {
		case 's':
			size = true;
			if (lend_parse_size(optarg, &request.size))
				bad = usage_error("%s", lend_error());
			break;
		case 'f':
			request.from = optarg;
			break;
		case 'b':
		case 'm':
		case 'n':
		case 'd':
			bad = setup_option(&request.setup, c, optarg);
			break;
		case 'M':
			bad = parse_mode(optarg, &request.mode);
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			bad = usage_hint();
		}
	}
	if (bad)
		return bad;
	if (size == !!request.from)
		return usage_error("one of --size and --from is needed, and not both");
	if (optind == argc)
		return usage_error("no name given");
	if (json)
		request.made = json_object_new_array();
	return create_all(&request, argv + optind);
}
