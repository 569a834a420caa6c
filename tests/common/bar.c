// SPDX-License-Identifier: GPL-2.0-only
#include "bar.h"

bool read_bar(const char *device, unsigned int nr, struct bar *bar)
{
	char path[300];
	uint64_t end;
	FILE *file;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/resource", device);
	file = fopen(path, "re");
	check(file);
	for (unsigned int i = 0; i <= nr; i++)
		check(fscanf(file, "%lx %lx %*x", &bar->start, &end) == 2);
	fclose(file);
	snprintf(bar->device, sizeof(bar->device), "%s", device);
	bar->nr = nr;
	bar->size = end - bar->start + 1;
	return end;
}

unsigned int id_of(const char *device)
{
	unsigned int vendor, product;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/vendor", device);
	file = fopen(path, "re");
	check(file && fscanf(file, "%x", &vendor) == 1);
	fclose(file);
	snprintf(path, sizeof(path), PCI_DEVICES "%s/device", device);
	file = fopen(path, "re");
	check(file && fscanf(file, "%x", &product) == 1);
	fclose(file);
	return vendor << 16 | product;
}

char *map_sysfs(const struct bar *bar)
{
	char path[300], *mem;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/resource%u", bar->device, bar->nr);
	fd = must(open(path, O_RDWR | O_SYNC | O_CLOEXEC));
	mem = map_buffer(fd, bar->size);
	close(fd);
	return mem;
}

const char *memtype(const struct bar *bar)
{
	FILE *file = fopen("/sys/kernel/debug/x86/pat_memtype_list", "re");
	static char type[32];
	char line[128], found[32];

	check(file);
	type[0] = 0;
	while (fgets(line, sizeof(line), file)) {
		uint64_t start, end;

		if (sscanf(line, "PAT: [mem %lx-%lx] %31s", &start, &end, found) == 3 &&
		    start == bar->start && end == bar->start + bar->size)
			strcpy(type, found);
	}
	fclose(file);
	return type;
}
