// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies a file through QEMU's edu device and verifies it; or has the device compute
 * a factorial.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lend.h>

#include "libedu.h"

static const char usage[] =
"usage: edu-dma [OPTION...] SOURCE TARGET\n"
"       edu-dma [OPTION...] --factorial N\n"
"\n"
"Copies the file SOURCE to the new file TARGET by DMA: from memory into the device,\n"
"from the device into other memory, 4095 bytes at a time, and compares.\n"
"\n"
"  --device FILE   the device (the first /dev/edu-*)\n"
"  --direct        start DMA by writing the device's registers (CAP_SYS_RAWIO),\n"
"                  instead of asking the driver\n"
"  --memory KIND   alloc: of the driver; user: this program's own, pinned;\n"
"                  fd: a buffer of /dev/lend within the device's reach (alloc)\n"
"  --factorial N   print N! modulo 2^32 (CAP_SYS_RAWIO)\n"
"\n"
"Exit status: 0; 1 if something failed or the copy differs; 2 if this line is wrong.\n";

__attribute__((noreturn, format(printf, 2, 3)))
static void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("edu-dma: ", stderr);
	vfprintf(stderr, format, args);
	fputs(status == 2 ? "\ntry edu-dma --help\n" : "\n", stderr);
	va_end(args);
	exit(status);
}

static char *map(int fd, size_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		die(1, "mmap of %zu bytes: %s", size, strerror(errno));
	return mem;
}

/* Memory for the device, as buffer number @number. */
static char *get_memory(int edu, const char *kind, unsigned int number, size_t size)
{
	/* What the device reaches without an IOMMU. */
	struct lend_setup setup = {
		.flags = LEND_SETUP_BACKING | LEND_SETUP_DMA_BITS,
		.backing = LEND_BACKING_CONTIG, .dma_bits = 28,
	};
	char *mem = NULL;
	int fd, err = 0;

	if (!strcmp(kind, "alloc")) {
		mem = edu_alloc(edu, number, size);
		err = mem ? 0 : -1;
	} else if (!strcmp(kind, "fd")) {
		fd = lend_create(NULL, 0600, size, &setup);
		if (fd < 0)
			die(1, "%s", lend_error());
		mem = map(fd, size);
		err = edu_add_fd(edu, number, fd, 0);
		close(fd);
	} else {
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		err = mem == MAP_FAILED ? -1 : edu_add_user(edu, number, mem, size, 0);
	}
	if (err)
		die(1, "no %zu bytes of memory (%s) for the device: %s", size, kind,
		    errno == ERANGE ? "it reaches 256 MiB only, and there is no IOMMU" :
		    strerror(errno));
	return mem;
}

static void copy(int edu, volatile void *regs, const char *kind, const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	struct stat st;
	char *source, *target;
	size_t size;

	if (in < 0 || fstat(in, &st))
		die(1, "%s: %s", from, strerror(errno));
	size = st.st_size;
	if (!S_ISREG(st.st_mode) || !size)
		die(1, "%s: not a file with something in it", from);
	source = get_memory(edu, kind, 0, size);
	target = get_memory(edu, kind, 1, size);
	for (size_t done = 0; done < size;) {
		ssize_t some = read(in, source + done, size - done);

		if (some <= 0)
			die(1, "%s: %s", from, some ? strerror(errno) : "became shorter");
		done += some;
	}

	for (size_t at = 0; at < size; at += EDU_MEMORY_SIZE) {
		size_t length = size - at < EDU_MEMORY_SIZE ? size - at : EDU_MEMORY_SIZE;

		if (edu_move(edu, regs, 0, at, length, 0) ||
		    edu_move(edu, regs, 1, at, length, EDU_TO_MEMORY))
			die(1, "DMA at byte %zu: %s", at, strerror(errno));
	}
	for (size_t at = 0; at < size; at++)
		if (source[at] != target[at])
			die(1, "byte %zu came back as %#x instead of %#x", at,
			    (unsigned char)target[at], (unsigned char)source[at]);

	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	for (size_t done = 0; out >= 0 && done < size;) {
		ssize_t some = write(out, target + done, size - done);

		if (some < 0)
			die(1, "%s: %s", to, strerror(errno));
		done += some;
	}
	if (out < 0 || close(out))
		die(1, "%s: %s", to, strerror(errno));
	printf("%zu bytes through the device and back, all the same\n", size);
}

static volatile void *get_registers(int edu)
{
	volatile void *regs = edu_registers(edu);

	if (!regs)
		die(1, "cannot map the registers: %s",
		    errno == EPERM ? "it takes CAP_SYS_RAWIO" :
		    errno == EBUSY ? "another program has them" : strerror(errno));
	return regs;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "direct", no_argument, NULL, 'r' },
		{ "memory", required_argument, NULL, 'm' },
		{ "factorial", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *device = NULL, *memory = "alloc", *number = NULL;
	bool direct = false;
	unsigned long n;
	uint32_t result;
	int c, edu;
	char *end;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			device = optarg;
			break;
		case 'r':
			direct = true;
			break;
		case 'm':
			memory = optarg;
			break;
		case 'f':
			number = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("try edu-dma --help\n", stderr);
			return 2;
		}
	}
	if (argc - optind != (number ? 0 : 2))
		die(2, number ? "--factorial takes no files" : "it takes SOURCE and TARGET");
	if (strcmp(memory, "alloc") && strcmp(memory, "fd") && strcmp(memory, "user"))
		die(2, "--memory %s: not alloc, fd or user", memory);
	errno = 0;
	n = number ? strtoul(number, &end, 10) : 0;
	if (number && (errno || *end || end == number || *number == '-' || n > UINT32_MAX))
		die(2, "--factorial %s: not a number of 32 bits", number);

	edu = edu_open(device);
	if (edu < 0)
		die(1, "%s: %s", device ? device : "/dev/edu-*", strerror(errno));
	if (number) {
		if (edu_factorial(edu, get_registers(edu), n, &result))
			die(1, "the device is lost: %s", strerror(errno));
		printf("%u\n", result);
	} else {
		copy(edu, direct ? get_registers(edu) : NULL, memory, argv[optind],
		     argv[optind + 1]);
	}
	return 0;
}
