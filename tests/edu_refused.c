// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the sample driver's programs may not: DMA beyond their buffers or the device,
 * buffers that are none, memory that is not theirs. Beside each refusal what works.
 */
#include "device/device.h"

static const uint64_t huge = UINT64_MAX - 7;

static void ranges(void **state)
{
	int edu = open_device(0), other = open_device(0);
	char *mem = alloc_buffer(edu, 3, PAGE + 10, NULL);

	(void)state;
	/* The buffer ends at its size, not with its last page. */
	must_fail(start_dma(edu, 3, PAGE, 11, 0, 0), ENXIO);
	must_fail(start_dma(edu, 3, PAGE + 10, 1, 0, 0), ENXIO);
	must_fail(start_dma(edu, 3, 1UL << 40, 1, 0, 0), ENXIO);
	check(must(start_dma(edu, 3, PAGE, 10, 0, 0)) == 10);
	check(next_interrupt(edu) == 1);
	/* The device's memory. */
	must_fail(start_dma(edu, 3, 0, 1, EDU_MEMORY_SIZE, 0), ENXIO);
	must_fail(start_dma(edu, 3, 0, EDU_MEMORY_SIZE, 1, 0), ENXIO);
	must_fail(start_dma(edu, 3, 0, 10, 1UL << 32, 0), ENXIO);
	check(must(start_dma(edu, 3, 0, 10, EDU_MEMORY_SIZE - 10, EDU_TO_MEMORY)) == 10);
	check(next_interrupt(edu) == 2);
	/* Sums that wrap, nothing, and what does not exist. */
	must_fail(start_dma(edu, 3, huge, 8, 0, 0), EOVERFLOW);
	must_fail(start_dma(edu, 3, 0, 8, huge, 0), EOVERFLOW);
	must_fail(start_dma(edu, 3, 8, huge, 0, 0), EOVERFLOW);
	must_fail(start_dma(edu, 3, 0, UINT64_MAX, 0, 0), ENXIO);
	must_fail(start_dma(edu, 3, 0, 0, 0, 0), EINVAL);
	must_fail(start_dma(edu, 3, 0, 8, 0, 2), EINVAL);
	must_fail(start_dma(edu, 2, 0, 8, 0, 0), ENOENT);
	must_fail(start_dma(edu, EDU_BUFFERS, 0, 8, 0, 0), ENOENT);
	must_fail(start_dma(edu, UINT32_MAX, 0, 8, 0, 0), ENOENT);
	must_fail(drop_buffer(edu, 2), ENOENT);
	/* Another context's buffer. */
	must_fail(start_dma(other, 3, 0, 8, 0, 0), ENOENT);
	must_fail(drop_buffer(other, 3), ENOENT);
	close(other);
	must_fail(drop_buffer(edu, UINT32_MAX), ENOENT);
	munmap(mem, PAGE + 10);
	close(edu);
}

static void addresses(void **state)
{
	int edu = open_device(0);
	struct edu_address ask = { .buffer = 0, .reserved = 1 };

	(void)state;
	must(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, 2 * PAGE, 0));
	must_fail(ioctl(edu, EDU_IOC_ADDRESS, &ask), EINVAL);
	ask = (struct edu_address){ .buffer = 0, .offset = 2 * PAGE };
	must_fail(ioctl(edu, EDU_IOC_ADDRESS, &ask), ENXIO);
	ask.offset = huge;
	must_fail(ioctl(edu, EDU_IOC_ADDRESS, &ask), ENXIO);
	ask = (struct edu_address){ .buffer = 1 };
	must_fail(ioctl(edu, EDU_IOC_ADDRESS, &ask), ENOENT);
	check(get_address(edu, 0, 2 * PAGE - 1).left == 1);
	close(edu);
}

static void requests(void **state)
{
	int edu = open_device(0), n = 0;

	(void)state;
	must_fail(ioctl(edu, _IO('E', 99), &n), ENOTTY);
	must_fail(ioctl(edu, _IO('T', 0), &n), ENOTTY);
	must_fail(ioctl(edu, _IOW('E', 0, char[8000]), &n), ENOTTY);
	must_fail(ioctl(edu, EDU_IOC_ADD, NULL), EFAULT);
	must_fail(ioctl(edu, EDU_IOC_DMA, (void *)huge), EFAULT);
	n = -2;
	must_fail(ioctl(edu, EDU_IOC_EVENTFD, &n), EBADF);
	must_fail(add_buffer(edu, EDU_BUFFERS, EDU_ALLOC, 0, NULL, PAGE, 0), EINVAL);
	must_fail(add_buffer(edu, 0, 0, 0, NULL, PAGE, 0), EINVAL);
	must_fail(add_buffer(edu, 0, 4, 0, NULL, PAGE, 0), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, PAGE, 2), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, 0, 0), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 1, NULL, PAGE, 0), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, &n, PAGE, 0), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, UINT64_MAX, 0), EFBIG);
	/* More than there is below the device's limit, or in its addresses. */
	/* Whatever keeps dma_map_sgtable() from it, up to Linux 5.14 it says EINVAL. */
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, 512 * MiB, 0),
		  has_iommu() && !kernel_from(5, 15) ? EINVAL : ENOMEM);
	must(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, PAGE, 0));
	must_fail(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, PAGE, 0), EBUSY);
	close(edu);
}

/* A buffer that the device reaches without help. */
static int low_buffer(size_t size)
{
	int fd = make_empty(LEND_BACKING_CONTIG, 0);

	must(setup(fd, LEND_SETUP_DMA_BITS, 0, 28));
	must(ftruncate(fd, size));
	return fd;
}

static void descriptors(void **state)
{
	int edu = open_device(0), lent = low_buffer(PAGE), empty = make_empty(0, 0);
	int file = must(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	int readonly;
	char path[64];

	(void)state;
	must(ftruncate(file, PAGE));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", lent);
	readonly = must(open(path, O_RDONLY | O_CLOEXEC));
	must_fail(add_buffer(edu, 0, EDU_FD, file, NULL, 0, 0), EMEDIUMTYPE);
	must_fail(add_buffer(edu, 0, EDU_FD, edu, NULL, 0, 0), EMEDIUMTYPE);
	must_fail(add_buffer(edu, 0, EDU_FD, -1, NULL, 0, 0), EBADF);
	must_fail(add_buffer(edu, 0, EDU_FD, empty, NULL, 0, 0), ENODATA);
	must_fail(add_buffer(edu, 0, EDU_FD, readonly, NULL, 0, 0), EBADF);
	must_fail(add_buffer(edu, 0, EDU_FD, lent, NULL, PAGE, 0), EINVAL);

	must(add_buffer(edu, 0, EDU_FD, readonly, NULL, 0, EDU_READ_ONLY));
	must_fail(start_dma(edu, 0, 0, 8, 0, EDU_TO_MEMORY), EACCES);
	check(must(start_dma(edu, 0, 0, 8, 0, 0)) == 8);
	check(next_interrupt(edu) == 1);
	/* The same memory as another buffer, which may be written. */
	must(add_buffer(edu, 1, EDU_FD, lent, NULL, 0, 0));
	check(must(start_dma(edu, 1, 0, 8, 0, EDU_TO_MEMORY)) == 8);
	check(next_interrupt(edu) == 2);
	close(readonly);
	close(lent);
	close(file);
	close(empty);
	close(edu);
}

static void user_memory(void **state)
{
	int edu = open_device(0), zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	size_t size = has_iommu() ? 16 * PAGE : REACH + MiB;
	char *mem = must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0));
	char *gone = mem + size;

	(void)state;
	must_fail(add_buffer(edu, 0, EDU_USER, 0, NULL, PAGE, 0), EFAULT);
	must_fail(add_buffer(edu, 0, EDU_USER, 0, mem, 0, 0), EINVAL);
	must_fail(add_buffer(edu, 0, EDU_USER, 0, (void *)huge, PAGE, 0), EOVERFLOW);
	must_fail(add_buffer(edu, 0, EDU_USER, 1, mem, PAGE, 0), EINVAL);
	/* With a hole; may not be written; cannot be pinned. */
	munmap(gone - PAGE, PAGE);
	must_fail(add_buffer(edu, 0, EDU_USER, 0, gone - 2 * PAGE, 2 * PAGE, 0), EFAULT);
	must(mprotect(mem, 4 * PAGE, PROT_READ));
	must_fail(add_buffer(edu, 0, EDU_USER, 0, mem, PAGE, 0), EFAULT);
	must_fail(add_buffer(edu, 0, EDU_USER, 0, (void *)map_registers(edu), PAGE, 0), EFAULT);
	close(edu);

	edu = open_device(0);
	must(mprotect(mem, 4 * PAGE, PROT_READ | PROT_WRITE));
	if (has_iommu()) {
		fill_pattern(mem, 2 * PAGE, 9);
		must(mprotect(mem, 2 * PAGE, PROT_READ));
		must(add_buffer(edu, 0, EDU_USER, 0, mem + 5, PAGE, EDU_READ_ONLY));
		must(add_buffer(edu, 1, EDU_USER, 0, mem + 3 * PAGE - 50, PAGE, 0));
		move(edu, 0, 0, 3000, 0);
		move(edu, 1, 0, 3000, EDU_TO_MEMORY);
		check(!memcmp(mem + 5, mem + 3 * PAGE - 50, 3000));
		must_fail(start_dma(edu, 1, PAGE - 1, 2, 0, 0), ENXIO);
	} else {
		/* More than lies below the limit, so some of it lies above. */
		must_fail(add_buffer(edu, 0, EDU_USER, 0, mem, size - PAGE, 0), ERANGE);
	}
	munmap(mem, size);
	close(zero);
	close(edu);
}

/* Scattered memory, a part of which is beyond the device's reach; what the file is not. */
static void unsuitable(void **state)
{
	int edu = open_device(0), lent;

	(void)state;
	if (!has_iommu()) {
		lent = make_buffer(REACH + MiB, LEND_BACKING_PAGES, 0);
		must_fail(add_buffer(edu, 0, EDU_FD, lent, NULL, 0, 0), ERANGE);
		close(lent);
	}
	must_fail(write(edu, "x", 1), EINVAL);
	must_fail(lseek(edu, 0, SEEK_SET), ESPIPE);
	must_fail(ftruncate(edu, 0), EINVAL);
	close(edu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(addresses),
		cmocka_unit_test(requests),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(user_memory),
		cmocka_unit_test(unsuitable),
	};

	return cmocka_run_group_tests(tests, load_driver, unload_driver);
}
