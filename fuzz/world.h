/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sequence runs in, and what the fuzzer knows of it: the model that each
 * answer of the kernel is compared with.
 */
#ifndef LEND_FUZZ_WORLD_H
#define LEND_FUZZ_WORLD_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/lend.h>

#include "sequence.h"

#define PAGE		4096UL
#define MiB		(1024UL * 1024)
#define MOUNT_SIZE	(24 * MiB)	/* of all files of a sequence */
#define WINDOW		(32 * MiB)	/* of addresses of a mapping */

#define NR_DESCRIPTORS	8
#define NR_MAPPINGS	6
#define NR_NAMES	4
#define NR_BUFFERS	24
#define NR_BESIDE	4
#define NR_SENT		16

/* A file of lend, known by its inode. */
struct buffer {
	_Atomic ino_t ino;
	_Atomic uint64_t size;		/* once it has memory */
	_Atomic uint32_t map;		/* LEND_MAP_*, from then on */
};

/* What all processes of a sequence share. */
struct common {
	atomic_bool racing;		/* two of them run at once: contents may be either's */
	atomic_uint started;		/* those who wait for one another */
	struct buffer buffer[NR_BUFFERS];

	/* The first answer that was wrong. */
	atomic_bool wrong;
	unsigned int call;
	char class[64];			/* which kind of wrong: stays when numbers change */
	char text[256];
};

enum face { CLOSED, LEND_FILE, DMABUF };

struct descriptor {
	enum face face;
	int fd;
	int access;			/* O_RDONLY, O_WRONLY, O_RDWR */
	int buffer;			/* -1: more than are kept account of */
};

/* Of a page of a mapping, besides PROT_*. */
#define PAGE_LENT	0x08		/* of the buffer; else reserved addresses */
#define PAGE_PRIVATE	0x10		/* written privately: contents are its own */
#define PAGE_UNSURE	0x20		/* a call went half way: any answer will do */
#define PAGE_NO_FORK	0x40

struct mapping {
	char *base;			/* NULL: none */
	size_t nr;			/* pages */
	uint64_t offset;		/* in the buffer */
	int buffer;
	bool shared, may_write;
	uint8_t page[WINDOW / PAGE];
};

struct world {
	struct common *common;
	const char *dir;		/* of the names */
	const struct sequence *seq;
	unsigned int at, end;		/* the call that runs; where this process ends */
	bool root;			/* privileged */
	char *shadow;			/* what is in the buffers, WINDOW of each */
	char *scratch;			/* room for a whole buffer */
	char *arena;			/* addresses of mappings, WINDOW of each */
	struct descriptor fd[NR_DESCRIPTORS];
	struct mapping map[NR_MAPPINGS];
	int pipes[2], sockets[2], disk;
	int sent[NR_SENT];		/* buffers of descriptors in the socket */
	unsigned int nr_sent, nr_received;
	pid_t beside[NR_BESIDE];
	unsigned int nr_beside;
};

/* What the self-test has the model believe: that writes through mappings get lost. */
extern bool believe_nonsense;

/* --- world.c: made, run through, ended */

int run_world(struct common *common, const char *dir, const struct sequence *seq);

/* Ends the process: the kernel's answer was wrong. The format tells the kind of wrong. */
void wrong(struct world *w, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* The call that gave -1 may do so with one of these. */
#define may(w, ret, ...) check_errno(w, ret, (const int[]){ __VA_ARGS__, 0 })
void check_errno(struct world *w, long ret, const int *errnos);

/* --- model.c */

/* An empty slot of descriptors takes @fd; what was there is closed. */
void put_descriptor(struct world *w, unsigned int slot, int fd);
struct descriptor *lend_file(struct world *w, uint64_t slot);	/* NULL if it is no such */
bool readable(const struct descriptor *d);
bool writable(const struct descriptor *d);

/* The buffer of an open file of lend; looks whether size and blocks are as they must be. */
int know_buffer(struct world *w, int fd);
uint64_t size_of(struct world *w, int buffer);
uint64_t memory_of(struct world *w, int buffer);	/* whole pages */
bool alone(struct world *w);

/* Bytes that went into a buffer, or came out of it. */
uint8_t ours(uint64_t byte);
void written(struct world *w, int buffer, uint64_t offset, uint64_t length, uint8_t byte);
void learned(struct world *w, int buffer, uint64_t offset, const char *data, uint64_t length);
void check_bytes(struct world *w, int buffer, uint64_t offset, const char *data,
		 uint64_t length);
void check_ours(struct world *w, const char *data, uint64_t length);
void zeroed(struct world *w, int buffer);
char *shadow_of(struct world *w, int buffer);

/* --- pages.c: the model of mappings */

/* A range of a mapping as a call is given it: inside, or such that it must be refused. */
struct span {
	struct mapping *m;
	char *addr;
	uint64_t length;
	size_t first, nr;		/* pages that it touches */
	bool proper;			/* the kernel has nothing against the range itself */
};

bool span_of(struct world *w, uint64_t slot, uint64_t from, uint64_t length, struct span *s);
bool any_lent(const struct span *s);
bool all_have(const struct span *s, uint8_t flags);
bool none_has(const struct span *s, uint8_t flags);
void set_pages(struct mapping *m, size_t first, size_t nr, uint8_t clear, uint8_t set);

/* Takes addresses back to nothing but reserved ones. */
void reserve(char *addr, size_t length);
void drop_mapping(struct world *w, unsigned int slot);
char *window(struct world *w, unsigned int slot);

/* Bytes written through a mapping by @done of a span's; by someone who may ignore PROT_*. */
void written_through(struct world *w, const struct span *s, uint64_t done, uint8_t byte);
void check_through(struct world *w, const struct span *s, const char *data, uint64_t done);

#endif
