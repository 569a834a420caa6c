// SPDX-License-Identifier: GPL-2.0-only
#include "says.h"
#include "system.h"

const char *file_text(const char *path)
{
	static char texts[2][16 * KiB];
	static unsigned int next;
	char *text = texts[next++ % 2];
	int fd = must(open(path, O_RDONLY | O_CLOEXEC));

	text[must(read(fd, text, sizeof(texts[0]) - 1))] = '\0';
	must(close(fd));
	return text;
}

static bool as_expected(const char *text, const char *words)
{
	return *words ? strstr(text, words) != NULL : !*text;
}

void said(const char *line, int got, int status, const char *out, const char *err)
{
	const char *output = file_text(OUT), *errors = file_text(ERR);

	if (got != status || !as_expected(output, out) || !as_expected(errors, err))
		failed("%s: status %d, expected %d\noutput (\"%s\"):\n%serrors (\"%s\"):\n%s",
		       line, got, status, out, output, err, errors);
}

void says(int status, const char *out, const char *err, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	check((size_t)vsnprintf(line, sizeof(line), format, args) < sizeof(line));
	va_end(args);
	said(line, shell("{ %s; } >" OUT " 2>" ERR, line), status, out, err);
}

void json_holds(const char *format, ...)
{
	char filter[1024];
	va_list args;

	va_start(args, format);
	check((size_t)vsnprintf(filter, sizeof(filter), format, args) < sizeof(filter));
	va_end(args);
	if (shell("jq -e '%s' " OUT " >/dev/null", filter))
		failed("not so: %s\nof %s", filter, file_text(OUT));
}
