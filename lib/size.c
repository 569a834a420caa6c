// SPDX-License-Identifier: MIT
/* Sizes, as people write them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

static const char letters[] = "KMGTPE";

static int not_a_size(const char *text)
{
	return lend_fail(EINVAL, "\"%s\" is not a size; "
			 "one is written like 4096, 64M or 1.5GiB", text);
}

/* log2 of the unit that @p spells to its end, or -1 */
static int unit_shift(const char *p)
{
	const char *letter;

	if (!*p || !strcmp(p, "B"))
		return 0;
	letter = strchr(letters, toupper((unsigned char)*p));
	if (!letter || (p[1] && strcmp(p + 1, "iB")))
		return -1;
	return 10 * (letter - letters + 1);
}

int lend_parse_size(const char *text, uint64_t *size)
{
	unsigned __int128 whole = 0, part = 0, scale = 1, bytes;
	const char *p = text;
	int shift;

	if (!isdigit((unsigned char)*p))
		return not_a_size(text);
	for (; isdigit((unsigned char)*p); p++)
		if (whole <= INT64_MAX)
			whole = whole * 10 + (*p - '0');
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return not_a_size(text);
		for (; isdigit((unsigned char)*p); p++) {
			if (scale < 10000000000000000000u) {	/* finer than a byte of an EiB */
				part = part * 10 + (*p - '0');
				scale *= 10;
			}
		}
	}
	shift = unit_shift(p);
	if (shift < 0 || (scale > 1 && !shift))
		return not_a_size(text);

	bytes = (whole << shift) + (part << shift) / scale;
	if (bytes > INT64_MAX)
		return lend_fail(ERANGE, "the size %s does not fit: 8 EiB and more "
				 "cannot be", text);
	*size = bytes;
	return 0;
}

char *lend_format_size(uint64_t size, char *buf)
{
	uint64_t unit = 1024;
	int i = 0;

	if (size < unit) {
		snprintf(buf, LEND_SIZE_LEN, size == 1 ? "%u byte" : "%u bytes",
			 (unsigned int)size);
		return buf;
	}
	while ((double)size / unit >= 1023.95) {	/* rounded it would be 1024.0 */
		unit *= 1024;
		i++;
	}
	snprintf(buf, LEND_SIZE_LEN, "%.*f %ciB", size % unit ? 1 : 0,
		 (double)size / unit, letters[i]);
	return buf;
}
