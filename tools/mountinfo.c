// SPDX-License-Identifier: GPL-2.0-only
/* Find a mount in /proc/self/mountinfo, see proc_pid_mountinfo(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "mountinfo.h"

/* Undo the octal escapes of blanks, in place. */
static void unescape(char *text)
{
	char *out = text;
	unsigned int octal;

	while (*text) {
		if (*text == '\\' && sscanf(text + 1, "%3o", &octal) == 1) {
			*out++ = octal;
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

void mountinfo_free(struct mountinfo *mount)
{
	free(mount->dir);
	free(mount->type);
	free(mount->options);
	*mount = (struct mountinfo){ 0 };
}

/* 36 35 98:0 /root /dir rw,noatime opt:1 - type source rw,size=1k */
static bool parse(char *line, struct mountinfo *mount, dev_t *dev)
{
	char *rest = strstr(line, " - ");
	unsigned int maj, min;

	mountinfo_free(mount);
	if (!rest || sscanf(line, "%*d %*d %u:%u %*s %ms", &maj, &min, &mount->dir) != 3 ||
	    sscanf(rest, " - %ms %*s %ms", &mount->type, &mount->options) != 2)
		return false;
	*dev = makedev(maj, min);
	unescape(mount->dir);
	return true;
}

bool mountinfo_find(struct mountinfo *mount, dev_t dev)
{
	struct mountinfo candidate = { 0 };
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	bool found = false;
	size_t room = 0;
	dev_t its_dev;

	*mount = (struct mountinfo){ 0 };
	if (!file)
		return false;
	while (getline(&line, &room, file) > 0) {
		if (!parse(line, &candidate, &its_dev) || its_dev != dev)
			continue;
		mountinfo_free(mount);
		*mount = candidate;
		candidate = (struct mountinfo){ 0 };
		found = true;
	}
	mountinfo_free(&candidate);
	free(line);
	fclose(file);
	return found;
}
