// SPDX-License-Identifier: GPL-2.0-only
/*
 * Video devices capture into lent memory and put frames out of it, by user
 * pointer and by dma-buf. What was captured is compared with what read() gets
 * from the same device, what was put out with what the device shows.
 */
#include <linux/dma-buf.h>

#include "dmabuf.h"
#include "kernel.h"
#include "table.h"
#include "vivid.h"

#define CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUTPUT	V4L2_BUF_TYPE_VIDEO_OUTPUT

#define ROUNDS	8

/* Where frames go: from a page's middle, over the end of a 2 MiB folio, up to the buffer's end. */
static const size_t offsets[] = { 1004, HUGE - FRAME / 2 - 300, SIZE - FRAME };

#define NR	ARRAY_SIZE(offsets)

/* The test picture. */
static char picture[NR_DEVICES][FRAME];

/* All but the frames is as it was. */
static bool rest_intact(const struct subject *s)
{
	for (size_t i = 0; i < SIZE; i++) {
		for (size_t f = 0; f < NR; f++)
			if (i == offsets[f])
				i += FRAME;
		if (i < SIZE && s->mem[i] != pattern_byte(i))
			return false;
	}
	return true;
}

static const char *capture(struct subject *s, long arg)
{
	struct video v = video_open(ANY_MEMORY, CAPTURE, V4L2_MEMORY_USERPTR);
	const char *word = "works";

	(void)arg;
	must(video_request(&v, NR));
	for (unsigned int i = 0; i < NR; i++)
		if (video_queue(&v, i, s->mem + offsets[i])) {
			word = outcome(-1, "");
			goto close;
		}
	check(get_info(s->fd).held);
	must(video_stream(&v, true));
	for (int round = 0; round < ROUNDS; round++) {
		unsigned int i = video_dequeue(&v);
		char *frame = s->mem + offsets[i];

		if (memcmp(frame, picture[ANY_MEMORY], FRAME))
			word = "wrong picture";
		memset(frame, 0, FRAME);
		must(video_queue(&v, i, frame));
	}
	must(video_stream(&v, false));
	if (!rest_intact(s))
		word = "outside";
close:
	close(v.fd);
	return word;
}

/* The device holds the memory itself. */
static const char *capture_unmapped(struct subject *s, long arg)
{
	struct video v = video_open(ANY_MEMORY, CAPTURE, V4L2_MEMORY_USERPTR);
	static char frame[FRAME];
	const char *word;

	(void)arg;
	/* Linux 5.10's does not begin with a single one. */
	must(video_request(&v, 2));
	word = outcome(video_queue(&v, 0, s->mem + offsets[0]), "works");
	if (!strcmp(word, "works")) {
		must(video_queue(&v, 1, s->mem + offsets[1]));
		must(munmap(s->mem, SIZE));
		check(get_info(s->fd).held);
		must(video_stream(&v, true));
		check(pread(s->fd, frame, FRAME, offsets[video_dequeue(&v)]) == FRAME);
		if (memcmp(frame, picture[ANY_MEMORY], FRAME))
			word = "wrong picture";
	}
	close(v.fd);
	return word;
}

/* A picture for each round. */
static void draw(char *frame, int round)
{
	for (size_t i = 0; i < FRAME; i++)
		frame[i] = pattern_byte(i + round * PAGE);
}

/* At last: until then it is what was shown before, or noise. */
static void wait_shown(int device, int round)
{
	static char drawn[FRAME], seen[FRAME];

	draw(drawn, round);
	wait_for((video_look(device, seen), !memcmp(drawn, seen, FRAME)));
}

/*
 * The device is done with a frame when the next one is there, and goes on showing
 * the last.
 */
static const char *output(struct subject *s, long arg)
{
	struct video v = video_open(ANY_MEMORY, OUTPUT, V4L2_MEMORY_USERPTR);
	const char *word = "works";

	(void)arg;
	must(video_request(&v, NR));
	video_loop(ANY_MEMORY, true);
	for (int round = 0; round < ROUNDS; round++) {
		char *frame = s->mem + offsets[round % NR];

		draw(frame, round);
		if (video_queue(&v, round % NR, frame)) {
			word = outcome(-1, "");
			break;
		}
		if (!round)
			must(video_stream(&v, true));
		else
			check(video_dequeue(&v) == (round - 1) % NR);
		/* Linux 5.10's does not begin before the second. */
		if (round)
			wait_shown(ANY_MEMORY, round);
	}
	video_loop(ANY_MEMORY, false);
	close(v.fd);
	return word;
}

static void cpu_access(int dmabuf, uint64_t flags)
{
	must(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &(struct dma_buf_sync){ flags }));
}

/*
 * A dma-buf, which alone holds its memory. Single pages may by chance lie one after
 * the other, but here the first frame of them must not be in one run.
 */
static int make_held(const struct subject *s)
{
	bool single = s->backing == LEND_BACKING_PAGES || s->backing == LEND_BACKING_VMALLOC;
	struct lend_phys_run *runs;
	int fd, dmabuf, next;
	bool in_one;
	size_t nr;

	for (fd = make_buffer(SIZE, s->backing, s->map);; fd = next) {
		runs = get_runs(fd, &nr);
		in_one = runs[0].length >= FRAME;
		free(runs);
		if (!single || !in_one)
			break;
		next = make_buffer(SIZE, s->backing, s->map);
		close(fd);
	}
	check(in_one == !single);
	dmabuf = make_dmabuf(fd);
	close(fd);
	return dmabuf;
}

static const char *capture_dmabuf(struct subject *s, long device)
{
	struct video v = video_open(device, CAPTURE, V4L2_MEMORY_DMABUF);
	uint64_t used = used_bytes();
	int dmabuf[2] = { make_held(s), make_held(s) };
	char *mem[2];
	const char *word;
	bool taken;

	for (int i = 0; i < 2; i++) {
		mem[i] = map_buffer(dmabuf[i], SIZE);
		memcpy(mem[i], s->mem, SIZE);
	}
	must(video_request(&v, 2));
	word = outcome(video_queue_dmabuf(&v, 0, dmabuf[0]), "works");
	taken = !strcmp(word, "works");
	if (taken) {
		must(video_queue_dmabuf(&v, 1, dmabuf[1]));
		must(video_stream(&v, true));
	}
	for (int round = 0; taken && round < ROUNDS; round++) {
		unsigned int i = video_dequeue(&v);

		cpu_access(dmabuf[i], DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
		if (memcmp(mem[i], picture[device], FRAME))
			word = "wrong picture";
		if (memcmp(mem[i] + FRAME, s->mem + FRAME, SIZE - FRAME))
			word = "outside";
		memset(mem[i], 0, FRAME);
		cpu_access(dmabuf[i], DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
		must(video_queue_dmabuf(&v, i, dmabuf[i]));
	}
	for (int i = 0; i < 2; i++) {
		munmap(mem[i], SIZE);
		close(dmabuf[i]);
	}
	/* The device holds it; until it is let go. */
	check((used_bytes() > used) == taken);
	close(v.fd);
	check(used_bytes() == used);
	return word;
}

static const char *output_dmabuf(struct subject *s, long device)
{
	struct video v = video_open(device, OUTPUT, V4L2_MEMORY_DMABUF);
	int dmabuf[2] = { make_held(s), make_held(s) };
	const char *word = "works";

	must(video_request(&v, 2));
	video_loop(device, true);
	for (int round = 0; round < ROUNDS; round++) {
		int here = dmabuf[round % 2];
		char *mem = map_buffer(here, SIZE);

		cpu_access(here, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
		draw(mem, round);
		cpu_access(here, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
		munmap(mem, SIZE);
		if (video_queue_dmabuf(&v, round % 2, here)) {
			word = outcome(-1, "");
			break;
		}
		if (!round)
			must(video_stream(&v, true));
		else
			check(video_dequeue(&v) == (round - 1) % 2U);
		if (round)
			wait_shown(device, round);
	}
	video_loop(device, false);
	close(v.fd);
	close(dmabuf[0]);
	close(dmabuf[1]);
	return word;
}

static int set_up(void **state)
{
	struct video v;

	(void)state;
	vivid_load();
	v = video_open(ONE_RUN, CAPTURE, V4L2_MEMORY_USERPTR);
	must_fail(video_request(&v, NR), EINVAL);
	close(v.fd);
	for (int device = 0; device < NR_DEVICES; device++) {
		video_look(device, picture[device]);
		/* It is a picture: its rows differ. */
		check(memcmp(picture[device], picture[device] + FRAME / 2, FRAME / HEIGHT));
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vivid_unload();
	return 0;
}

/* A frame is smaller than a folio; pages from all over are not for this device. */
#define KINDS		"works", "EFAULT", "works", "EFAULT"
#define OF_ONE_RUN	{ KINDS, KINDS, KINDS }, false

static const struct operation operations[] = {
	{ "V4L2 USERPTR: capture", capture, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "V4L2 USERPTR: capture, unmapped before the frame comes", capture_unmapped, 0,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "V4L2 USERPTR: output", output, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "V4L2 DMABUF: capture", capture_dmabuf, ANY_MEMORY, EVERY("works") },
	{ "V4L2 DMABUF: output", output_dmabuf, ANY_MEMORY, EVERY("works") },
	{ "V4L2 DMABUF: capture, each frame in one run", capture_dmabuf, ONE_RUN, OF_ONE_RUN },
	{ "V4L2 DMABUF: output, each frame in one run", output_dmabuf, ONE_RUN, OF_ONE_RUN },
};

static const struct table table = {
	.title = "Video",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = set_up,
	.tear_down = tear_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
