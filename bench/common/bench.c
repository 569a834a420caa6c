// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

void die(const char *format, ...)
{
	const int err = errno;
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "%s%s\n", err ? ": " : "", err ? strerror(err) : "");
	exit(1);
}

static uint64_t now_by(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t now(void)
{
	return now_by(CLOCK_MONOTONIC_RAW);
}

uint64_t now_thread(void)
{
	return now_by(CLOCK_THREAD_CPUTIME_ID);
}

bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

bool has_cpu_flag(const char *flag)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[4096], word[32];
	bool found = false;

	snprintf(word, sizeof(word), " %s ", flag);
	while (!found && file && fgets(line, sizeof(line), file))
		found = !strncmp(line, "flags", 5) && strstr(line, word);
	if (file)
		fclose(file);
	return found;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret < 0 ? -1 : 0;
}
