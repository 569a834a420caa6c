/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share. They speak to the kernel by plain system calls, so that
 * a fault of the library cannot hide one of the module.
 */
#ifndef LEND_TESTS_COMMON_H
#define LEND_TESTS_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/lend.h>

#define DIR	"/dev/lend"
#define KiB	1024UL
#define MiB	(1024UL * KiB)
#define GiB	(1024UL * MiB)
#define PAGE	4096UL
#define HUGE	(2 * MiB)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Fails the test; in a child of spawn(), ends it with status 99. cmocka's own
 * assertions may not be used in a child: they would go on with the next test there.
 */
void failed(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Must hold, in a child too. */
#define check(cond) do {							\
	if (!(cond))								\
		failed("%s:%d: not so: %s", __FILE__, __LINE__, #cond);		\
} while (0)

/* The call must succeed; says which one and why if it does not. Yields its value. */
#define must(call) __extension__({						\
	__typeof__(call) must_ret = (call);					\
	if (must_ret == (__typeof__(call))-1)					\
		failed("%s: %s", #call, strerror(errno));			\
	must_ret; })

/* The call must fail with this errno. */
#define must_fail(call, error) do {						\
	errno = 0;								\
	if ((long)(call) != -1)							\
		failed("%s succeeded, expected %s", #call, #error);		\
	if (errno != (error))							\
		failed("%s: %s, expected %s", #call, strerror(errno), #error); \
} while (0)

/* All kinds, for tests that go through them. */
extern const uint32_t backings[4];
extern const uint32_t maps[3];		/* without auto */
const char *backing_name(uint32_t backing);
const char *map_name(uint32_t map);

/* A nameless file of this kind; 0 keeps the default. Fails the test if it cannot be had. */
int make_empty(uint32_t backing, uint32_t map);
/* Of an empty file; 0 leaves it to the mount. */
void set_kind(int fd, uint32_t backing, uint32_t map);
int make_buffer(size_t size, uint32_t backing, uint32_t map);
struct lend_info get_info(int fd);

/* Shared and writable, all of it, by default. */
void *map_buffer(int fd, size_t size);
/* The same where there is nothing else: it takes page tables of every level of its own. */
void *map_far(int fd, size_t size);

/* All pages of private memory there, as MADV_POPULATE_WRITE does on Linux 5.14 and later. */
void fault_in(void *mem, size_t size);

/* Fills, and tells whether it still is: word i is seed + i. */
void fill_pattern(void *mem, size_t size, uint64_t seed);
bool has_pattern(const void *mem, size_t size, uint64_t seed);

/* A value in bytes of one line of /proc/self/smaps for the mapping at @addr, e.g. "FilePmdMapped". */
size_t smaps_bytes(const void *addr, const char *field);

/* Its flags, e.g. "rd wr sh mr mw me ms de dd"; static buffer. */
const char *smaps_flags(const void *addr);

/* Physical address of the page mapped at @addr (it must be present), by /proc/self/pagemap. */
uint64_t physical(const void *addr);
/* What that file says of the page. */
uint64_t pagemap_entry(const void *addr);

/* Minor faults of this thread so far. */
long minor_faults(void);

/* Blocks and inodes in use on the mount, from statfs. */
uint64_t used_bytes(void);
uint64_t used_inodes(void);

/* A number of /proc/meminfo in bytes, e.g. "MemAvailable". */
size_t meminfo(const char *field);

/* How many times longer everything may take on this kernel. */
int slower(void);

/* Waits until @cond holds; fails the test after a minute. */
#define wait_for(cond) do {							\
	int wait_left = 6000 * slower();					\
	while (!(cond)) {							\
		if (!wait_left--)						\
			failed("did not come true within a minute: %s", #cond); \
		usleep(10000);							\
	}									\
} while (0)

/* What poll() says of @fd, as soon as it is one of @events or an error; 0 after a minute. */
short wait_events(int fd, short events);

/* Runs @fn(arg) in a child; its return value is the exit status. Returns the pid. */
pid_t spawn(int (*fn)(void *arg), void *arg);

/* Waits for the child; its exit status, or 128 + signal. */
int reap(pid_t pid);
/* Has the child ended? It remains to be waited for. */
bool has_ended(pid_t pid);

/* Sends a descriptor over a UNIX socket, takes one from it. */
void send_fd(int sock, int fd);
int recv_fd(int sock);

#include "unable.h"

#endif
