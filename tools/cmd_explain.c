// SPDX-License-Identifier: GPL-2.0-only
/* lend explain */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lend.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "cmd.h"
#include "explain.h"

static const char usage[] =
"usage: lend explain [--json] PID [ADDRESS]\n"
"       lend explain [--json] FILE\n"
"       lend explain [--json] --terms\n"
"Tell what mappings are, lend's or not: their flags and what each means, their\n"
"pages, and for each zero-copy use whether it works, or what forbids it and what to\n"
"do instead. Of a process, a line for each mapping; of an address in it, all about\n"
"the mapping that holds it; of a file, all about each mapping of it. A number is a\n"
"process, ./123 is a file.\n"
"\n"
"  -t, --terms  only what the flags mean, and what became of old names\n"
"      --json   print JSON\n"
"  -h, --help   print this\n";

/* A process and its mappings, which the explanation points to. */
struct source {
	struct process process;
	struct vmas vmas;
};

static void add_source(struct explanation *explanation, const struct source *source, bool pages)
{
	size_t i;

	for (i = 0; i < source->vmas.count; i++) {
		explanation->list = grow(explanation->list, explanation->count + 1,
					 sizeof(*explanation->list));
		mapping_read(&explanation->list[explanation->count++], &source->process,
			     &source->vmas.list[i], pages);
	}
}

/* The process may be gone, or not ours to look at. */
static int cannot_read(pid_t pid)
{
	if (errno == ENOENT || errno == ESRCH)
		return error("there is no process %d", pid);
	if (errno == EACCES || errno == EPERM)
		return error("process %d is not yours to look at; root can", pid);
	return error("process %d: %m", pid);
}

static bool holds(const struct vma *vma, uint64_t address)
{
	return vma->start <= address && address < vma->end;
}

static const char *describe(const struct vma *vma, char text[PATH_MAX])
{
	snprintf(text, PATH_MAX, "0x%llx-0x%llx%s%s", (unsigned long long)vma->start,
		 (unsigned long long)vma->end, *vma->name ? " " : "", vma->name);
	return text;
}

/* Keep the one mapping that holds @address. */
static int choose(struct source *source, uint64_t address)
{
	const struct vma *below = NULL, *above = NULL;
	struct vmas *vmas = &source->vmas;
	char text[2][PATH_MAX];
	struct vma found;
	size_t i;

	for (i = 0; i < vmas->count && vmas->list[i].end <= address; i++)
		below = &vmas->list[i];
	if (i < vmas->count && !holds(&vmas->list[i], address))
		above = &vmas->list[i];
	if (i == vmas->count || above)
		return error("no mapping of process %d (%s) holds 0x%llx; the nearest are %s below "
			     "and %s above", source->process.pid, source->process.command,
			     (unsigned long long)address, below ? describe(below, text[0]) : "none",
			     above ? describe(above, text[1]) : "none");
	found = vmas->list[i];
	vmas->list[i] = vmas->list[0];
	vmas->list[0] = found;
	for (i = 1; i < vmas->count; i++)
		free(vmas->list[i].name);
	vmas->count = 1;
	return 0;
}

static int explain_process(pid_t pid, const uint64_t *address, bool json)
{
	struct source source;
	struct explanation explanation = { .process = &source.process };
	int ret = 0;

	if (!process_read(&source.process, pid) || !vmas_read(&source.vmas, pid, NULL, NULL))
		return cannot_read(pid);
	if (!source.vmas.count)
		ret = error("process %d (%s) has no memory: it is a thread of the kernel, or has ended",
			    pid, source.process.command);
	else if (address)
		ret = choose(&source, *address);
	if (!ret) {
		add_source(&explanation, &source, json || address);
		if (json)
			explain_print_json(&explanation);
		else if (address)
			explain_print_full(&explanation);
		else
			explain_print_table(&explanation);
	}
	free(explanation.list);
	vmas_free(&source.vmas);
	return ret;
}

/* A file, and how its mappings are recognized. */
struct target {
	struct stat st;
	bool by_name;		/* the file system has other numbers in maps than in stat */
	char path[PATH_MAX];
};

static bool is_of(const struct vma *vma, const void *arg)
{
	const struct target *target = arg;

	if (target->by_name && !strcmp(vma->name, target->path))
		return true;
	return vma->dev == target->st.st_dev && vma->ino == target->st.st_ino;
}

/* Sources stay where they are: mappings point to them. */
struct sources {
	struct source **list;
	size_t count;
};

static void find_mappings(struct sources *sources, struct explanation *explanation,
			  const struct target *target)
{
	struct source source, *kept;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t pid;

	if (!proc) {
		explanation->partial = true;
		return;
	}
	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (pid <= 0 || pid == getpid())
			continue;
		if (!process_read(&source.process, pid) ||
		    !vmas_read(&source.vmas, pid, is_of, target)) {
			explanation->partial |= errno == EACCES || errno == EPERM;
			continue;
		}
		if (!source.vmas.count)
			continue;
		kept = grow(NULL, 1, sizeof(*kept));
		*kept = source;
		sources->list = grow(sources->list, sources->count + 1, sizeof(*sources->list));
		sources->list[sources->count++] = kept;
		add_source(explanation, kept, true);
	}
	closedir(proc);
}

static void free_sources(struct sources *sources)
{
	size_t i;

	for (i = 0; i < sources->count; i++) {
		vmas_free(&sources->list[i]->vmas);
		free(sources->list[i]);
	}
	free(sources->list);
}

static int find_target(struct target *target, const char *name)
{
	char path[PATH_MAX];
	struct statfs fs;

	/* As everywhere in this tool. */
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s/%s", lend_dir(), name);
	if (!*name || stat(path, &target->st) || statfs(path, &fs) ||
	    !realpath(path, target->path)) {
		errno = *name ? errno : ENOENT;
		return error("%s: %m", path);
	}
	if (S_ISDIR(target->st.st_mode))
		return error("%s is a directory; take a file in it", path);
	target->by_name = fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC;
	return 0;
}

static void read_info(struct explanation *explanation, const char *path)
{
	int fd = lend_open(path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return;
	explanation->has_info = !lend_info(fd, &explanation->info);
	close(fd);
}

static bool is_lend(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == LEND_SUPER_MAGIC;
}

static int explain_file(const char *name, bool json)
{
	struct explanation explanation = { 0 };
	struct sources sources = { 0 };
	struct process nobody;
	struct target target;
	int ret;

	ret = find_target(&target, name);
	if (ret)
		return ret;
	explanation.file = target.path;
	if (is_lend(target.path)) {
		read_info(&explanation, target.path);
		if (!explanation.has_info)
			return error("%s", lend_error());
	}
	find_mappings(&sources, &explanation, &target);
	if (!explanation.count && explanation.has_info) {
		explanation.imagined = true;
		if (explanation.info.memory) {
			process_read(&nobody, getpid());	/* whoever asks may map it */
			nobody.pid = 0;
			*nobody.command = '\0';
			explanation.list = grow(NULL, 1, sizeof(*explanation.list));
			explanation.count = 1;
			mapping_imagine(explanation.list, &nobody, target.path, &target.st,
					&explanation.info);
		}
	}
	if (!explanation.count && !explanation.imagined)
		ret = error("%s is not a file of lend, and no process %smaps it", target.path,
			    explanation.partial ? "that may be looked at " : "");
	else if (json)
		explain_print_json(&explanation);
	else
		explain_print_full(&explanation);
	free(explanation.list);
	free_sources(&sources);
	return ret;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* As maps prints them, at will with 0x. */
static bool parse_address(const char *text, uint64_t *address)
{
	char *end;

	if (!strchr("0123456789abcdefABCDEF", *text))
		return false;
	errno = 0;
	*address = strtoull(text, &end, 16);
	return *text && !*end && !errno;
}

static int explain(int argc, char **argv, bool json)
{
	uint64_t address = 0;
	unsigned long pid;

	if (!argc)
		return usage_error("no process and no file given");
	if (argc > 2)
		return usage_error("more than a process and an address");
	if (!is_number(*argv)) {
		if (argc > 1)
			return usage_error("\"%s\" is not the number of a process, so \"%s\" is no "
					   "address in it", argv[0], argv[1]);
		return explain_file(*argv, json);
	}
	if (argc > 1 && !parse_address(argv[1], &address))
		return usage_error("\"%s\" is not an address: 7f0123456000, 0x7f0123456000", argv[1]);
	errno = 0;
	pid = strtoul(*argv, NULL, 10);
	if (errno || !pid || pid > INT_MAX)
		return error("there is no process %s", *argv);
	return explain_process(pid, argc > 1 ? &address : NULL, json);
}

int cmd_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "terms",	no_argument,	NULL,	't' },
		{ "json",	no_argument,	NULL,	'j' },
		{ "help",	no_argument,	NULL,	'h' },
		{ 0 }
	};
	bool json = false, only_terms = false;
	int c;

	while ((c = getopt_long(argc, argv, "th", options, NULL)) >= 0) {
		switch (c) {
		case 't':
			only_terms = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return usage_hint();
		}
	}
	if (!only_terms)
		return explain(argc - optind, argv + optind, json);
	if (optind < argc)
		return usage_error("--terms is about no process and no file");
	explain_print_terms(json);
	return EXIT_SUCCESS;
}
