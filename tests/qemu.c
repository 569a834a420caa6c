// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory as all the memory of a virtual machine: QEMU's file backend opens
 * the file, and the firmware runs in it.
 */
#include "kernel.h"
#include "process.h"
#include "table.h"

#define OPTIONS	"memory-backend-file,id=lent,share=on,size=%lu,mem-path=%s%s"

/* The firmware works below 1 MiB and at the end. */
#define KEPT	(1 * MiB)
#define KEPT_TO	(2 * MiB)

#define NAME	DIR "/lend.qemu"

static char debug[] = "/tmp/lend.qemu.debug", errors[] = "/tmp/lend.qemu.errors",
	    dump[] = "/tmp/lend.qemu.dump";

struct machine {
	char memory[256];	/* options of the backend */
	char *option;		/* the last one of the command line, or NULL */
	pid_t pid;
	int monitor[2];		/* a pipe: its end, ours */
};

static int run_qemu(void *arg)
{
	struct machine *m = arg;
	int out = must(open(errors, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600));
	char file[64];

	must(dup2(m->monitor[0], STDIN_FILENO));
	must(dup2(out, STDOUT_FILENO));
	must(dup2(out, STDERR_FILENO));
	snprintf(file, sizeof(file), "file,id=debug,path=%s", debug);
	execlp("qemu-system-x86_64", "qemu-system-x86_64", "-accel", "tcg", "-nodefaults",
	       "-display", "none", "-monitor", "stdio", "-m", "4M",
	       "-object", m->memory, "-machine", "pc,memory-backend=lent",
	       "-chardev", file, "-device", "isa-debugcon,iobase=0x402,chardev=debug",
	       m->option, NULL);
	return 1;
}

/* All of its memory is @size bytes of the file @path, with @more to say about it. */
static struct machine start(const char *path, size_t size, const char *more, char *option)
{
	struct machine m = { .option = option };

	unlink(debug);
	unlink(errors);
	snprintf(m.memory, sizeof(m.memory), OPTIONS, size, path, more);
	must(pipe2(m.monitor, O_CLOEXEC));
	m.pid = spawn(run_qemu, &m);
	close(m.monitor[0]);
	return m;
}

/* The machine's view of its memory, by QEMU, is the file's contents. */
static bool dumped(int fd)
{
	static char seen[SIZE - KEPT], is[SIZE - KEPT];
	int file = must(open(dump, O_RDONLY | O_CLOEXEC));

	check(read(file, seen, sizeof(seen)) == sizeof(seen));
	close(file);
	check(pread(fd, is, sizeof(is), KEPT) == sizeof(is));
	return !memcmp(seen, is, sizeof(is));
}

/* The firmware has copied itself into memory, below 1 MiB. */
static bool has_firmware(int fd)
{
	static char low[1 * MiB];

	check(pread(fd, low, sizeof(low), 0) == sizeof(low));
	return memmem(low, sizeof(low), "SeaBIOS (version", 16);
}

/* With a dump of its memory from KEPT on. */
static void quit(struct machine *m)
{
	check(dprintf(m->monitor[1], "stop\npmemsave %lu %lu \"%s\"\nquit\n", KEPT,
		      SIZE - KEPT, dump) > 0);
	close(m->monitor[1]);
	check(reap(m->pid) == 0);
}

/* Why QEMU has ended by itself. */
static const char *refusal(struct machine *m)
{
	close(m->monitor[1]);
	check(reap(m->pid) == 1);
	return file_says(errors, "does not match 'size'") ? "too small" : "refused";
}

/* Until the firmware finds nothing to start; @fd is the file, mapped here @here times. */
static const char *run_firmware(struct machine *m, int fd, unsigned int here)
{
	wait_for(file_says(debug, "No bootable device.") || has_ended(m->pid));
	if (has_ended(m->pid))
		return refusal(m);

	check(process_maps(m->pid, fd));
	check(get_info(fd).mappings == here + 1);
	check(has_firmware(fd));
	quit(m);
	check(get_info(fd).mappings == here);
	return dumped(fd) ? "works" : "other memory";
}

static const char *by_descriptor(const struct subject *s)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), s->fd);
	return path;
}

static const char *sized(struct subject *s, long arg)
{
	struct machine m = start(by_descriptor(s), SIZE, "", NULL);
	const char *word = run_firmware(&m, s->fd, 1);

	(void)arg;
	/* What was there before it is there for the machine. */
	for (size_t i = KEPT; i < KEPT_TO; i++)
		if (s->mem[i] != pattern_byte(i))
			word = "lost";
	return word;
}

/* QEMU gives the file its size, and touches all of it; the machine itself need not run. */
static const char *empty(struct subject *s, long arg)
{
	struct subject own = { .fd = make_empty(s->backing, s->map) };
	const char *word = "works";
	struct machine m;

	(void)arg;
	must(linkat(AT_FDCWD, by_descriptor(&own), AT_FDCWD, NAME, AT_SYMLINK_FOLLOW));
	m = start(NAME, SIZE, ",prealloc=on", "-S");
	/*
	 * The monitor answers when all is touched. Without MADV_POPULATE_WRITE (before 5.14)
	 * that is to read a byte of each page and write it back, which undoes what others
	 * write in between.
	 */
	check(dprintf(m.monitor[1], "info status\n") > 0);
	wait_for(file_says(errors, "VM status: paused") || has_ended(m.pid));
	if (has_ended(m.pid)) {
		word = refusal(&m);
	} else {
		check(process_maps(m.pid, own.fd));
		check(get_info(own.fd).mappings == 1);
		check(get_info(own.fd).memory == SIZE);
		write_pattern(own.fd, SIZE, 1);
		quit(&m);
		if (!dumped(own.fd) || !file_has_pattern(own.fd, SIZE, 1))
			word = "other memory";
	}
	must(unlink(NAME));
	close(own.fd);
	return word;
}

/* QEMU looks at the size alone, so that one kind will do. */
static int more_than_the_file(void **state)
{
	struct subject s = { .fd = make_buffer(SIZE, 0, 0) };
	struct machine m = start(by_descriptor(&s), 2 * SIZE, "", "-S");

	(void)state;
	check(!strcmp(refusal(&m), "too small"));
	close(s.fd);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(debug);
	unlink(errors);
	unlink(dump);
	return 0;
}

static const struct operation operations[] = {
	{ "QEMU: all the memory of a machine", sized, 0, EVERY("works") },
	{ "QEMU: an empty file, with prealloc=on", empty, 0, EVERY("works") },
};

static const struct table table = {
	.title = "Virtual machines",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = more_than_the_file,
	.tear_down = tear_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
