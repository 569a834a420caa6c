// SPDX-License-Identifier: GPL-2.0-only
/*
 * A board that reaches 32 bits of addresses, in a machine that has more memory than
 * that. The driver's buffers lie within its reach; memory of programs that does not is
 * captured into by way of the kernel's bounce buffers, which is seen only if every frame
 * is handed over as the DMA API asks for.
 */
#include <linux/dma-buf.h>

#include "grabber/grabber.h"

#define ABOVE	(4 * GiB)

static bool reached(const struct stream *s, unsigned int index)
{
	for (size_t at = 0; at < s->length; at += PAGE) {
		*(volatile char *)(s->mem[index] + at) = 0;
		if (physical(s->mem[index] + at) >= ABOVE)
			return false;
	}
	return true;
}

/* Of a dma-buf the program says when it looks. */
static void access_begins(const struct stream *s, unsigned int index, bool begins)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_RW | (begins ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END),
	};

	if (s->dmabuf[index] >= 0)
		must(ioctl(s->dmabuf[index], DMA_BUF_IOCTL_SYNC, &sync));
}

static void capture(struct stream *s)
{
	start(s);
	for (int i = 0; i < 10; i++) {
		struct v4l2_buffer buf = dequeue(s);

		access_begins(s, buf.index, true);
		check(buf.sequence == s->next++);
		check_buffer(s, &buf);
		memset(s->mem[buf.index], 0, s->length);
		access_begins(s, buf.index, false);
		must(queue(s, buf.index));
	}
	must(turn(s, false));
}

static void drivers_own(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
		struct stream s;

		set_memory(memory_names[m]);
		s = open_stream(BY_MMAP, V4L2_PIX_FMT_XBGR32, 320, 240, 4);
		for (unsigned int i = 0; i < s.count; i++)
			check(reached(&s, i));
		capture(&s);
		close_stream(&s);
	}
}

/* The more so as the machine gives its high memory first. */
static void beyond_reach(enum source source)
{
	struct stream s = open_stream(source, V4L2_PIX_FMT_XBGR32, 320, 240, 4);
	unsigned int beyond = 0;

	for (unsigned int i = 0; i < s.count; i++)
		beyond += !reached(&s, i);
	print_message("# %s: %u of %u frames beyond the reach\n", source_names[source], beyond,
		      s.count);
	check(beyond);
	capture(&s);
	close_stream(&s);
}

static void programs_own(void **state)
{
	(void)state;
	beyond_reach(BY_ANON);
	beyond_reach(BY_SHM);
	beyond_reach(BY_LENT);
}

static void dmabuf(void **state)
{
	(void)state;
	beyond_reach(BY_DMABUF);
}

static int reach_32(void **state)
{
	(void)state;
	check(load_reaching(16));
	check(load_reaching(65));
	check(!load_reaching(32));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drivers_own),
		cmocka_unit_test(programs_own),
		cmocka_unit_test(dmabuf),
	};

	return cmocka_run_group_tests(tests, reach_32, unload_grab);
}
