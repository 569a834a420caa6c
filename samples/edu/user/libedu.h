/* SPDX-License-Identifier: MIT */
/*
 * What a program needs to use the edu device. Functions give -1 or NULL with errno
 * set when they fail; <edu_uapi.h> says which ones.
 */
#ifndef LIBEDU_H
#define LIBEDU_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../edu_uapi.h"

/* A descriptor of the device: of @path, or of the first one there is (NULL). */
int edu_open(const char *path);

/* New memory that the device reaches, mapped; munmap(2) gives it back after edu_drop(). */
void *edu_alloc(int edu, unsigned int buffer, size_t size);
/* A buffer of lend, a program's own memory; @flags: EDU_READ_ONLY or 0. */
int edu_add_fd(int edu, unsigned int buffer, int fd, unsigned int flags);
int edu_add_user(int edu, unsigned int buffer, const void *mem, size_t size, unsigned int flags);
int edu_drop(int edu, unsigned int buffer);

/* Waits for the next interrupt; their number so far. */
int edu_wait(int edu, uint32_t *interrupts);

/*
 * Moves @length bytes between byte @offset of a buffer and the beginning of the
 * device's memory (at most EDU_MEMORY_SIZE), and waits. @regs: the registers, to start
 * it from here; NULL: the driver starts it. Returns 0.
 */
int edu_move(int edu, volatile void *regs, unsigned int buffer, uint64_t offset, size_t length,
	     unsigned int flags);

/* The registers; from then on the device is this context's alone. */
volatile void *edu_registers(int edu);

static inline uint32_t edu_get(volatile void *regs, size_t at)
{
	return *(volatile uint32_t *)((volatile char *)regs + at);
}

static inline void edu_set(volatile void *regs, size_t at, uint32_t value)
{
	*(volatile uint32_t *)((volatile char *)regs + at) = value;
}

/* The device's answer: n! modulo 2^32. */
int edu_factorial(int edu, volatile void *regs, uint32_t n, uint32_t *result);

#endif
