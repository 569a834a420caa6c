// SPDX-License-Identifier: GPL-2.0-only
/*
 * Video devices capture into lent memory and put frames out of it, by user
 * pointer and by dma-buf. What was captured is compared with what read() gets
 * from the same device, what was put out with what the device shows.
 */
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
	must(video_request(&v, 1));
	word = outcome(video_queue(&v, 0, s->mem + offsets[0]), "works");
	if (!strcmp(word, "works")) {
		must(munmap(s->mem, SIZE));
		check(get_info(s->fd).held);
		must(video_stream(&v, true));
		video_dequeue(&v);
		check(pread(s->fd, frame, FRAME, offsets[0]) == FRAME);
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

static bool shown(int device, int round)
{
	static char drawn[FRAME], seen[FRAME];

	draw(drawn, round);
	video_look(device, seen);
	return !memcmp(drawn, seen, FRAME);
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
		if (!shown(ANY_MEMORY, round))
			word = "wrong picture";
	}
	video_loop(ANY_MEMORY, false);
	close(v.fd);
	return word;
}

static int set_up(void **state)
{
	(void)state;
	vivid_load();
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

static const struct operation operations[] = {
	{ "V4L2 USERPTR: capture", capture, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "V4L2 USERPTR: capture, unmapped before the frame comes", capture_unmapped, 0,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "V4L2 USERPTR: output", output, 0, EVERY_BUT_PFN("works", "EFAULT") },
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
