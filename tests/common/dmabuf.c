// SPDX-License-Identifier: GPL-2.0-only
#include "dmabuf.h"
#include "kernel.h"

int load_importer(void **state)
{
	(void)state;
	load_module("lend_importer");
	return 0;
}

int unload_importer(void **state)
{
	(void)state;
	unload_module("lend_importer");
	return 0;
}

int try_export(int fd, uint32_t flags)
{
	struct lend_dmabuf ask = { .size = sizeof(ask), .flags = flags };

	return ioctl(fd, LEND_IOC_DMABUF, &ask);
}

int make_dmabuf(int fd)
{
	return must(try_export(fd, O_RDWR | O_CLOEXEC));
}

int import(int dmabuf, uint32_t longest)
{
	struct importer_attach ask = { .fd = dmabuf, .longest = longest };
	int importer = must(open("/dev/lend_importer", O_RDWR | O_CLOEXEC));

	must(ioctl(importer, IMPORTER_ATTACH, &ask));
	return importer;
}

struct importer_list *import_list(int importer)
{
	struct importer_list *list = malloc(sizeof(*list));

	check(list);
	must(ioctl(importer, IMPORTER_LIST, list));
	check(list->count <= IMPORTER_ENTRIES);
	return list;
}

bool import_has_pattern(int importer, uint64_t seed)
{
	uint64_t address;

	must(ioctl(importer, IMPORTER_VMAP, &address));
	check(address);
	if (!ioctl(importer, IMPORTER_CHECK, &seed))
		return true;
	check(errno == ENODATA);
	return false;
}
