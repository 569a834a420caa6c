// SPDX-License-Identifier: GPL-2.0-only
#include <sys/sysmacros.h>

#include "process.h"

bool process_maps(pid_t pid, int fd)
{
	char path[64], line[512], wanted[64];
	bool found = false;
	struct stat st;
	FILE *file;

	must(fstat(fd, &st));
	snprintf(wanted, sizeof(wanted), " %02x:%02x %lu ", major(st.st_dev), minor(st.st_dev),
		 st.st_ino);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	check(file);
	while (fgets(line, sizeof(line), file))
		found |= strstr(line, wanted) != NULL;
	fclose(file);
	return found;
}

bool file_says(const char *path, const char *words)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, words);
	if (file)
		fclose(file);
	return found;
}
