// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs killed, the board taken away and misbehaving in the middle of a stream:
 * nobody loses more than frames, and everything is given back.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#include "grabber/grabber.h"
#include "maker.h"

#define WIDTH	320U
#define HEIGHT	64U

static struct stream open_wide(enum source source)
{
	return open_stream(source, V4L2_PIX_FMT_YUYV, WIDTH, HEIGHT, 4);
}

static void check_works(unsigned int frames)
{
	struct stream s = open_wide(BY_MMAP);

	start(&s);
	while (frames--)
		must(queue(&s, next_frame(&s)));
	close_stream(&s);
}

/* Nothing writes there any more: a stream from one end to the other of another's. */
static void check_quiet(const char *mem, size_t length)
{
	char *before = malloc(length);

	check(before);
	memcpy(before, mem, length);
	check_works(20);
	check(!memcmp(before, mem, length));
	free(before);
}

/* --- killed */

struct victim {
	enum source source;
	int ready[2];
	char *shared;			/* where its frames go, for us to see */
	size_t length;
};

/* Streams for ever. */
static int be_killed(void *arg)
{
	struct victim *victim = arg;
	struct stream s = open_wide(victim->source);
	unsigned int frames = 0;

	if (victim->shared) {
		s.memory = V4L2_MEMORY_USERPTR;
		for (unsigned int i = 0; i < s.count; i++)
			s.mem[i] = victim->shared + i * s.length;
	}
	start(&s);
	for (;;) {
		must(queue(&s, next_frame(&s)));
		if (++frames == 8)
			check(write(victim->ready[1], "", 1) == 1);
	}
}

static void killed(void **state)
{
	size_t length = 4 * WIDTH * HEIGHT * 2;
	unsigned int users = users_of_lend();
	uint64_t used = used_bytes();

	(void)state;
	for (enum source source = 0; source < SOURCES; source++) {
		struct victim victim = { .source = source };
		pid_t pid;
		char byte;

		if (source == BY_SHM)
			victim.shared = must(mmap(NULL, length, PROT_READ | PROT_WRITE,
						  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
		must(pipe2(victim.ready, O_CLOEXEC));
		pid = spawn(be_killed, &victim);
		close(victim.ready[1]);
		check(must(read(victim.ready[0], &byte, 1)) == 1);
		must(kill(pid, SIGKILL));
		check(reap(pid) == 128 + SIGKILL);
		if (victim.shared) {
			check_quiet(victim.shared, length);
			munmap(victim.shared, length);
		}
		check_works(6);
		close(victim.ready[0]);
	}
	wait_for(users_of_lend() == users && used_bytes() == used);
}

/* --- unbound */

static void bind_board(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/grab/%s", what);
	write_text(path, "grab.0");
}

/* Whoever waits for a frame wakes. */
static void *wait_for_frame(void *arg)
{
	struct v4l2_buffer buf = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	const struct stream *s = arg;

	buf.memory = s->memory;
	while (!ioctl(s->fd, VIDIOC_DQBUF, &buf))
		;
	return (void *)(long)errno;
}

static void check_gone(struct stream *s)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	struct v4l2_format got;
	unsigned int count = 0;

	check(must(poll(&pfd, 1, 0)) == 1 && pfd.revents & POLLERR);
	must_fail(queue(s, 0), ENODEV);
	must_fail(turn(s, true), ENODEV);
	must_fail(turn(s, false), ENODEV);
	must_fail(try_format(s->fd, V4L2_PIX_FMT_GREY, 64, 48, &got), ENODEV);
	must_fail(request(s->fd, s->memory, &count), ENODEV);
	must_fail(read(s->fd, &got, sizeof(got)), ENODEV);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, s->fd, 0), ENODEV);
}

static void unbound(void **state)
{
	unsigned int users = users_of_lend();
	uint64_t used = used_bytes();

	(void)state;
	for (enum source source = 0; source < SOURCES; source++) {
		struct stream s = open_wide(source);
		pthread_t waits;
		void *result;

		start(&s);
		for (int i = 0; i < 4; i++)
			must(queue(&s, next_frame(&s)));
		/* All frames are its own now, and soon there will be none. */
		check(!pthread_create(&waits, NULL, wait_for_frame, &s));
		bind_board("unbind");
		check(!pthread_join(waits, &result));
		check((long)result == EINVAL || (long)result == ENODEV);
		check(try_board(0, 0) == -1);
		check_gone(&s);
		/* The memory is the program's own now. */
		for (unsigned int i = 0; i < s.count; i++)
			memset(s.mem[i], i, s.length);

		bind_board("bind");
		check_gone(&s);
		for (unsigned int i = 0; i < s.count; i++)
			check_quiet(s.mem[i], s.length);
		close_stream(&s);
	}
	wait_for(users_of_lend() == users && used_bytes() == used);
}

static void unbound_in_read(void **state)
{
	static char frame[WIDTH * HEIGHT * 2];
	int fd = open_board(0);
	struct v4l2_format got;

	(void)state;
	must(try_format(fd, V4L2_PIX_FMT_YUYV, WIDTH, HEIGHT, &got));
	check(must(read(fd, frame, sizeof(frame))) == sizeof(frame));
	bind_board("unbind");
	must_fail(read(fd, frame, sizeof(frame)), ENODEV);
	bind_board("bind");
	must_fail(read(fd, frame, sizeof(frame)), ENODEV);
	check_works(4);
	close(fd);
}

/* The driver stays as long as it is open; the frames longer. */
static void unload(void **state)
{
	struct stream s = open_wide(BY_MMAP);

	(void)state;
	start(&s);
	check(next_frame(&s) == 0);
	must_fail(syscall(SYS_delete_module, "grab", O_NONBLOCK), EAGAIN);
	must_fail(syscall(SYS_delete_module, "lend_vb2", O_NONBLOCK), EAGAIN);
	check(next_frame(&s) == 1);
	close(s.fd);
	unload_grab(NULL);
	must_fail(syscall(SYS_delete_module, "lend", O_NONBLOCK), EAGAIN);
	check(check_frame(s.mem[0], &s.pix) == 0);
	check(check_frame(s.mem[1], &s.pix) == 1);
	load_grab(NULL);
	check_works(4);
	check(check_frame(s.mem[1], &s.pix) == 1);
	for (int i = 0; i < 4; i++)
		must(munmap(s.mem[i], s.length));
}

/* --- misbehaving */

static void drops(void **state)
{
	static const uint32_t come[] = { 0, 1, 3, 4, 6, 7, 9, 10 };
	struct stream s = open_wide(BY_MMAP);

	(void)state;
	set_control(s.fd, GRAB_CID_DROP, 3);
	start(&s);
	for (size_t i = 0; i < ARRAY_SIZE(come); i++) {
		struct v4l2_buffer buf = dequeue(&s);

		check(buf.sequence == come[i]);
		check_buffer(&s, &buf);
		must(queue(&s, buf.index));
	}
	check(get_control(s.fd, GRAB_CID_LOST) >= 3);
	set_control(s.fd, GRAB_CID_DROP, 0);
	close_stream(&s);
}

static void short_frames(void **state)
{
	struct stream s = open_wide(BY_MMAP);

	(void)state;
	set_control(s.fd, GRAB_CID_SHORT, 2);
	start(&s);
	for (uint32_t i = 0; i < 8; i++) {
		struct v4l2_buffer buf = dequeue(&s);

		check(buf.sequence == i);
		if (i % 2) {
			check(buf.flags & V4L2_BUF_FLAG_ERROR);
			check(buf.bytesused == s.length / 2);
		} else {
			check_buffer(&s, &buf);
		}
		must(queue(&s, buf.index));
	}
	set_control(s.fd, GRAB_CID_SHORT, 0);
	close_stream(&s);
}

/* A board that gives up can be stopped, and started again; or goes on where it was. */
static void stalls(void **state)
{
	struct stream s = open_wide(BY_MMAP);
	struct v4l2_buffer buf = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = s.memory };

	(void)state;
	set_control(s.fd, GRAB_CID_STALL, 5);
	for (int round = 0; round < 2; round++) {
		start(&s);
		for (int i = 0; i < 5; i++)
			must(queue(&s, next_frame(&s)));
		must(fcntl(s.fd, F_SETFL, O_NONBLOCK));
		must_fail(ioctl(s.fd, VIDIOC_DQBUF, &buf), EAGAIN);
		must(fcntl(s.fd, F_SETFL, 0));
		if (!round)
			must(turn(&s, false));
	}
	set_control(s.fd, GRAB_CID_STALL, 0);
	for (int i = 0; i < 5; i++)
		must(queue(&s, next_frame(&s)));
	close_stream(&s);

	/* Taken away while it has given up. */
	s = open_wide(BY_MMAP);
	set_control(s.fd, GRAB_CID_STALL, 1);
	start(&s);
	next_frame(&s);
	bind_board("unbind");
	check_gone(&s);
	bind_board("bind");
	close_stream(&s);
	check_works(4);
}

/* Of four frames one interrupt tells: they come at once, and none is forgotten. */
static void late(void **state)
{
	struct stream s = open_wide(BY_MMAP);

	(void)state;
	set_control(s.fd, GRAB_CID_LATE, 4);
	start(&s);
	for (int round = 0; round < 3; round++) {
		unsigned int held[4];

		for (int i = 0; i < 4; i++) {
			held[i] = next_frame(&s);
			/* The others are there. */
			must(fcntl(s.fd, F_SETFL, O_NONBLOCK));
		}
		must(fcntl(s.fd, F_SETFL, 0));
		for (int i = 0; i < 4; i++)
			must(queue(&s, held[i]));
	}
	/* Later than there are buffers: then with the last. */
	set_control(s.fd, GRAB_CID_LATE, 64);
	for (int i = 0; i < 4; i++)
		next_frame(&s);
	set_control(s.fd, GRAB_CID_LATE, 0);
	close_stream(&s);
}

/* All at once, by several threads of one stream and by other programs. */
static bool over;

static void *start_and_stop(void *arg)
{
	for (int i = 0; i < 200; i++) {
		turn(arg, true);
		turn(arg, false);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *give_and_take(void *arg)
{
	const struct stream *s = arg;
	struct v4l2_buffer buf = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = s->memory };
	struct v4l2_exportbuffer export = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		for (unsigned int i = 0; i < s->count; i++)
			queue(s, i);
		ioctl(s->fd, VIDIOC_DQBUF, &buf);
		if (!ioctl(s->fd, VIDIOC_EXPBUF, &export))
			close(export.fd);
	}
	return NULL;
}

static void *ask_anew(void *arg)
{
	const struct stream *s = arg;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		unsigned int count = 4;

		request(s->fd, s->memory, &count);
	}
	return NULL;
}

static void all_at_once(void **state)
{
	void *(*const threads[])(void *) = { start_and_stop, give_and_take, ask_anew };
	unsigned int users = users_of_lend();
	pthread_t thread[3];
	struct stream s;

	(void)state;
	for (int by_user = 0; by_user < 2; by_user++) {
		over = false;
		s = open_wide(by_user ? BY_ANON : BY_MMAP);
		must(fcntl(s.fd, F_SETFL, O_NONBLOCK));
		for (int i = 0; i < 3; i++)
			check(!pthread_create(&thread[i], NULL, threads[i], &s));
		for (int i = 0; i < 3; i++)
			check(!pthread_join(thread[i], NULL));
		close_stream(&s);
		check_works(4);
	}
	wait_for(users_of_lend() == users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed),
		cmocka_unit_test(unbound),
		cmocka_unit_test(unbound_in_read),
		cmocka_unit_test(unload),
		cmocka_unit_test(drops),
		cmocka_unit_test(short_frames),
		cmocka_unit_test(stalls),
		cmocka_unit_test(late),
		cmocka_unit_test(all_at_once),
	};

	return cmocka_run_group_tests(tests, load_grab, unload_grab);
}
