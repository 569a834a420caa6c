// SPDX-License-Identifier: GPL-2.0-only
/* Find out what a mapping is, and say it. */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "cmd.h"
#include "mapping.h"
#include "mountinfo.h"

#ifndef SECRETMEM_MAGIC
#define SECRETMEM_MAGIC	0x5345434d
#endif

/* The word for programs, and the words for people. */
static const struct {
	const char *name, *words;
} kinds[KINDS] = {
	[KIND_LEND]	 = { "lend", "lend memory" },
	[KIND_ANONYMOUS] = { "anonymous", "anonymous memory" },
	[KIND_HEAP]	 = { "heap", "the heap, anonymous memory" },
	[KIND_STACK]	 = { "stack", "a stack, anonymous memory" },
	[KIND_FILE]	 = { "file", "page cache of a file" },
	[KIND_SHMEM]	 = { "shmem", "shared memory (tmpfs, memfd or System V)" },
	[KIND_HUGETLB]	 = { "hugetlb", "huge pages of hugetlbfs" },
	[KIND_DEVICE]	 = { "device", "a device's registers or memory, by page frame number" },
	[KIND_DRIVER]	 = { "driver", "memory of a driver's" },
	[KIND_DMABUF]	 = { "dma-buf", "a dma-buf" },
	[KIND_SECRET]	 = { "secret", "secret memory (memfd_secret)" },
	[KIND_VDSO]	 = { "vdso", "the kernel's code for programs (vdso)" },
	[KIND_VVAR]	 = { "vvar", "the kernel's variables for the vdso" },
	[KIND_VSYSCALL]	 = { "vsyscall", "the old entry for system calls, emulated" },
};

const char *kind_name(enum kind kind)
{
	return kinds[kind].name;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What is mapped as a file: by the kernel's own link if we may, else by its name. */
struct backing {
	int fd;			/* O_PATH, or -1 */
	struct stat st;
	struct statfs fs;
};

static bool look_at(struct backing *file, const char *path)
{
	file->fd = open(path, O_PATH | O_CLOEXEC);
	if (file->fd < 0)
		return false;
	if (!fstat(file->fd, &file->st) && !fstatfs(file->fd, &file->fs))
		return true;
	close(file->fd);
	file->fd = -1;
	return false;
}

/* A name may mean another file by now, or here. Overlays have devices of their own. */
static bool is_same(const struct backing *file, const struct vma *vma)
{
	return file->st.st_ino == vma->ino &&
	       (file->st.st_dev == vma->dev || file->fs.f_type == OVERLAYFS_SUPER_MAGIC);
}

static bool find_file(struct backing *file, const struct mapping *mapping)
{
	const struct vma *vma = &mapping->vma;
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", mapping->process->pid,
		 (unsigned long long)vma->start, (unsigned long long)vma->end);
	if (look_at(file, path))
		return true;
	if (*vma->name != '/' || !look_at(file, vma->name))
		return false;
	if (is_same(file, vma))
		return true;
	close(file->fd);
	file->fd = -1;
	return false;
}

static void set_fs(struct mapping *mapping, dev_t dev)
{
	struct mountinfo mount;

	if (mountinfo_find(&mount, dev))
		snprintf(mapping->fs, sizeof(mapping->fs), "%s", mount.type);
	mountinfo_free(&mount);
}

static void read_info(struct mapping *mapping, int path_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	mapping->has_info = !lend_info(fd, &mapping->info);
	close(fd);
}

/* The file behind a mapping tells best. */
static bool kind_of_file(struct mapping *mapping)
{
	struct backing file;
	bool known = true;

	if (!find_file(&file, mapping)) {
		set_fs(mapping, mapping->vma.dev);
		if (!strcmp(mapping->fs, "lend"))
			mapping->kind = KIND_LEND;
		else if (!strcmp(mapping->fs, "tmpfs"))
			mapping->kind = KIND_SHMEM;
		else
			return false;
		return true;
	}
	switch ((unsigned int)file.fs.f_type) {
	case LEND_SUPER_MAGIC:
		mapping->kind = KIND_LEND;
		strcpy(mapping->fs, "lend");
		read_info(mapping, file.fd);
		break;
	case HUGETLBFS_MAGIC:
		mapping->kind = KIND_HUGETLB;
		break;
	case DMA_BUF_MAGIC:
		mapping->kind = KIND_DMABUF;
		break;
	case SECRETMEM_MAGIC:
		mapping->kind = KIND_SECRET;
		break;
	case TMPFS_MAGIC:	/* of devtmpfs, too */
		mapping->kind = KIND_SHMEM;
		known = S_ISREG(file.st.st_mode);
		break;
	default:
		known = false;
	}
	if (!known && S_ISREG(file.st.st_mode)) {
		set_fs(mapping, file.st.st_dev);
		if (!*mapping->fs)
			set_fs(mapping, mapping->vma.dev);
	} else if (!known && S_ISCHR(file.st.st_mode)) {
		mapping->kind = KIND_DRIVER;
		known = !vma_has(&mapping->vma, "pf") && !vma_has(&mapping->vma, "io");
	}
	close(file.fd);
	return known;
}

static enum kind kind_of_name(const struct vma *vma)
{
	static const struct {
		const char *begin;
		enum kind kind;
	} names[] = {
		{ "[heap]", KIND_HEAP },
		{ "[stack", KIND_STACK },
		{ "[vdso]", KIND_VDSO },
		{ "[vvar", KIND_VVAR },
		{ "[vsyscall]", KIND_VSYSCALL },
		{ "[anon_shmem:", KIND_SHMEM },
		{ "/memfd:", KIND_SHMEM },
		{ "/SYSV", KIND_SHMEM },
		{ "/dev/zero (deleted)", KIND_SHMEM },
		{ "/dmabuf:", KIND_DMABUF },
		{ "/secretmem", KIND_SECRET },
		{ "anon_inode:", KIND_DRIVER },
		{ "socket:", KIND_DRIVER },
		{ "/dev/zero", KIND_ANONYMOUS },	/* private, so without a device */
	};
	size_t i;

	if (vma_has(vma, "ht"))
		return KIND_HUGETLB;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(vma->name, names[i].begin))
			return names[i].kind;
	return *vma->name == '/' ? KIND_FILE : KIND_ANONYMOUS;
}

void mapping_read(struct mapping *mapping, const struct process *process,
		  const struct vma *vma, bool pages)
{
	*mapping = (struct mapping){ .process = process, .vma = *vma };
	mapping->kind = kind_of_name(vma);
	if (*vma->name == '/' && mapping->kind == KIND_FILE && !kind_of_file(mapping))
		mapping->kind = vma_has(vma, "pf") || vma_has(vma, "io") ? KIND_DEVICE :
				begins(vma->name, "/dev/") ? KIND_DRIVER : KIND_FILE;
	if (mapping->kind == KIND_DRIVER && (vma_has(vma, "pf") || vma_has(vma, "io")))
		mapping->kind = KIND_DEVICE;
	if (pages)
		phys_read(&mapping->phys, process->pid, vma);
}

void mapping_imagine(struct mapping *mapping, const struct process *process,
		     const char *name, const struct stat *st, const struct lend_info *info)
{
	struct vma *vma = &mapping->vma;

	*mapping = (struct mapping){
		.process = process,
		.kind = KIND_LEND,
		.fs = "lend",
		.has_info = true,
		.info = *info,
		.vma = {
			.end = info->memory,
			.perms = "rw-s",
			.dev = st->st_dev,
			.ino = st->st_ino,
			.name = (char *)name,
			.page_size = sysconf(_SC_PAGESIZE),
		},
	};
	snprintf(vma->flags, sizeof(vma->flags), "rd wr sh mr mw ms%s de dd%s",
		 info->map == LEND_MAP_PFN ? " pf io" : "",
		 info->map != LEND_MAP_PFN && !(info->flags & LEND_INFO_HUGE) ? " mm" : "");
}

char *mapping_what(const struct mapping *mapping)
{
	const struct vma *vma = &mapping->vma;
	bool shared = vma_has(vma, "ms") || vma->perms[3] == 's';
	const char *how = shared ? "shared" : "private: what it writes goes into copies of its own";
	char *text;
	int len;

	if (mapping->kind == KIND_LEND && mapping->has_info)
		len = asprintf(&text, "lend memory: %s, mapped by %s; %s",
			       lend_backing_name(mapping->info.backing),
			       lend_map_name(mapping->info.map), how);
	else if (mapping->kind == KIND_FILE && *mapping->fs)
		len = asprintf(&text, "page cache of a file on %s; %s", mapping->fs, how);
	else if (vma_has_file(vma))
		len = asprintf(&text, "%s; %s", kinds[mapping->kind].words, how);
	else
		len = asprintf(&text, "%s", kinds[mapping->kind].words);
	if (len < 0)
		exit(error("out of memory"));
	return text;
}
