// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of what programs ask of the sample drivers fails in turn, alone and
 * then with all that follow: opening, buffers of every origin, the registers, streams.
 */
#include "device/device.h"
#include "grabber/grabber.h"
#include "sweep.h"

/* --- samples/edu */

static int open_edu(struct scene *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/edu-%s", slot());
	s->fd = open(path, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -1 : 0;
}

static void nothing(struct scene *s)
{
	(void)s;
}

static void close_it(struct scene *s)
{
	close(s->fd);
}

static int lent;

static void a_context(struct scene *s)
{
	s->fd = open_device(0);
}

static void with_lent(struct scene *s)
{
	a_context(s);
	lent = make_empty(LEND_BACKING_PAGES, 0);
	must(setup(lent, LEND_SETUP_DMA_BITS, 0, 28));
	must(ftruncate(lent, s->size));
}

static int add_new(struct scene *s)
{
	int fd = add_buffer(s->fd, 0, EDU_ALLOC, 0, NULL, s->size, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int add_lent(struct scene *s)
{
	return add_buffer(s->fd, 0, EDU_FD, lent, NULL, 0, 0);
}

static void not_there(struct scene *s)
{
	must_fail(drop_buffer(s->fd, 0), ENOENT);
}

static void drop_it(struct scene *s)
{
	must(drop_buffer(s->fd, 0));
	close(s->fd);
}

static void drop_lent(struct scene *s)
{
	drop_it(s);
	close(lent);
}

static int map_it(struct scene *s)
{
	s->mem = mmap(NULL, EDU_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	return s->mem == MAP_FAILED ? -1 : 0;
}

static void unmap_it(struct scene *s)
{
	check(get((registers *)s->mem, EDU_ID) == 0x010000ed);
	must(munmap(s->mem, EDU_REGISTERS_SIZE));
	close(s->fd);
}

/* --- samples/grab */

static struct stream stream;

static char board[64];

static void find_board(struct scene *s)
{
	char link[64];
	int fd = open_board(0);

	(void)s;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	board[must(readlink(link, board, sizeof(board) - 1))] = 0;
	close(fd);
}

static int open_grab(struct scene *s)
{
	s->fd = open(board, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -1 : 0;
}

static void a_board(struct scene *s)
{
	struct v4l2_format got;

	s->fd = open_board(0);
	must(try_format(s->fd, V4L2_PIX_FMT_GREY, 320, 240, &got));
}

/* One less than was asked for is no failure. */
static int ask_for_buffers(struct scene *s)
{
	unsigned int count = 3;

	return request(s->fd, V4L2_MEMORY_MMAP, &count);
}

static void without_buffers(struct scene *s)
{
	unsigned int count = 0;

	must(request(s->fd, V4L2_MEMORY_MMAP, &count));
	close(s->fd);
}

/* @backing says by which way. */
static void a_stream(struct scene *s)
{
	stream = open_stream(s->backing, V4L2_PIX_FMT_GREY, 320, 240, 2);
}

static int queue_first(struct scene *s)
{
	(void)s;
	return queue(&stream, 0);
}

/* It is queued if nothing but the last copy to the program failed: taken back. */
static void not_queued(struct scene *s)
{
	(void)s;
	must(turn(&stream, false));
}

static void end_stream(struct scene *s)
{
	(void)s;
	must(turn(&stream, false));
	close_stream(&stream);
}

/* Starting and stopping take nothing, so that they cannot fail. */
static void stream_on(void **state)
{
	unsigned long seen;

	(void)state;
	stream = open_stream(BY_MMAP, V4L2_PIX_FMT_GREY, 320, 240, 2);
	must(queue(&stream, 0));
	must(queue(&stream, 1));
	arm(1, 1000000);
	must(turn(&stream, true));
	must(turn(&stream, false));
	assert_false(disarm(&seen));
	assert_int_equal(seen, 0);
	close_stream(&stream);
}

#define BUFFER	{ .size = MiB + 3 * PAGE }
#define WAY(way) { .backing = way }

static struct sweep sweeps[] = {
	{ "edu: open", NULL, open_edu, nothing, close_it, {} },
	{ "edu: a new buffer", a_context, add_new, not_there, drop_it, BUFFER },
	{ "edu: a program's buffer", with_lent, add_lent, not_there, drop_lent, BUFFER },
	{ "edu: mmap of the registers", a_context, map_it, nothing, unmap_it, {} },
	{ "grab: open", find_board, open_grab, nothing, close_it, {} },
	{ "grab: buffers", a_board, ask_for_buffers, nothing, without_buffers, {} },
	{ "grab: own memory queued", a_stream, queue_first, not_queued, end_stream, WAY(BY_ANON) },
	{ "grab: lent memory queued", a_stream, queue_first, not_queued, end_stream, WAY(BY_LENT) },
	{ "grab: a dma-buf queued", a_stream, queue_first, not_queued, end_stream, WAY(BY_DMABUF) },
};

static int begin(void **state)
{
	load_driver(state);
	load_grab(state);
	return sweep_set_up(state);
}

static int end(void **state)
{
	sweep_tear_down(state);
	unload_grab(state);
	return unload_driver(state);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(sweeps) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++)
		tests[i] = (struct CMUnitTest){ sweeps[i].name, sweep, NULL, NULL, &sweeps[i] };
	tests[ARRAY_SIZE(sweeps)] = (struct CMUnitTest)cmocka_unit_test(stream_on);
	return run_able("samples_fail", tests, ARRAY_SIZE(tests), begin, end);
}
