// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libedu.h"

int edu_open(const char *path)
{
	glob_t found = {};
	int fd;

	if (path)
		return open(path, O_RDWR | O_CLOEXEC);
	if (glob("/dev/edu-*", 0, NULL, &found)) {
		errno = ENODEV;
		return -1;
	}
	fd = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
	globfree(&found);
	return fd;
}

void *edu_alloc(int edu, unsigned int buffer, size_t size)
{
	struct edu_add ask = { .buffer = buffer, .kind = EDU_ALLOC, .size = size };
	int fd = ioctl(edu, EDU_IOC_ADD, &ask);
	void *mem;

	if (fd < 0)
		return NULL;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mem != MAP_FAILED)
		return mem;
	edu_drop(edu, buffer);
	return NULL;
}

int edu_add_fd(int edu, unsigned int buffer, int fd, unsigned int flags)
{
	struct edu_add ask = { .buffer = buffer, .kind = EDU_FD, .flags = flags, .fd = fd };

	return ioctl(edu, EDU_IOC_ADD, &ask);
}

int edu_add_user(int edu, unsigned int buffer, const void *mem, size_t size, unsigned int flags)
{
	struct edu_add ask = {
		.buffer = buffer, .kind = EDU_USER, .flags = flags,
		.addr = (uintptr_t)mem, .size = size,
	};

	return ioctl(edu, EDU_IOC_ADD, &ask);
}

int edu_drop(int edu, unsigned int buffer)
{
	__u32 number = buffer;

	return ioctl(edu, EDU_IOC_DROP, &number);
}

int edu_wait(int edu, uint32_t *interrupts)
{
	return read(edu, interrupts, sizeof(*interrupts)) == sizeof(*interrupts) ? 0 : -1;
}

static int start_by_driver(int edu, unsigned int buffer, uint64_t offset, size_t length,
			   size_t where, unsigned int flags)
{
	struct edu_dma ask = {
		.buffer = buffer, .flags = flags, .offset = offset, .length = length,
		.where = where,
	};

	return ioctl(edu, EDU_IOC_DMA, &ask);
}

/* The same from here: the driver only says where the device sees the buffer. */
static int start_here(int edu, volatile void *regs, unsigned int buffer, uint64_t offset,
		      size_t length, size_t where, unsigned int flags)
{
	struct edu_address at = { .buffer = buffer, .offset = offset };
	uint32_t device = EDU_MEMORY + where, command = EDU_DMA_RUN | EDU_DMA_IRQ;

	if (ioctl(edu, EDU_IOC_ADDRESS, &at))
		return -1;
	if (length > at.left)
		length = at.left;
	if (flags & EDU_TO_MEMORY)
		command |= EDU_DMA_TO_MEMORY;
	edu_set(regs, EDU_DMA_SOURCE, flags & EDU_TO_MEMORY ? device : at.address);
	edu_set(regs, EDU_DMA_TARGET, flags & EDU_TO_MEMORY ? at.address : device);
	edu_set(regs, EDU_DMA_COUNT, length);
	edu_set(regs, EDU_DMA_COMMAND, command);
	return length;
}

int edu_move(int edu, volatile void *regs, unsigned int buffer, uint64_t offset, size_t length,
	     unsigned int flags)
{
	uint32_t interrupts;
	size_t done = 0;

	while (done < length) {
		int some = regs ? start_here(edu, regs, buffer, offset + done, length - done,
					     done, flags) :
			   start_by_driver(edu, buffer, offset + done, length - done, done, flags);

		if (some < 0 || edu_wait(edu, &interrupts))
			return -1;
		done += some;
	}
	return 0;
}

volatile void *edu_registers(int edu)
{
	void *regs = mmap(NULL, EDU_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, edu, 0);

	return regs == MAP_FAILED ? NULL : regs;
}

int edu_factorial(int edu, volatile void *regs, uint32_t n, uint32_t *result)
{
	uint32_t interrupts;

	edu_set(regs, EDU_STATUS, EDU_STATUS_IRQ);
	edu_set(regs, EDU_FACTORIAL, n);
	do {
		if (edu_wait(edu, &interrupts))
			return -1;
	} while (edu_get(regs, EDU_STATUS) & EDU_STATUS_COMPUTING);
	*result = edu_get(regs, EDU_FACTORIAL);
	edu_set(regs, EDU_STATUS, 0);
	return 0;
}
