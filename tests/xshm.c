// SPDX-License-Identifier: GPL-2.0-only
/*
 * An X server maps lent memory by MIT-SHM's attach by descriptor: a program draws
 * into its own mapping and the server shows that, without a byte in between.
 * Screenshots are taken the ordinary way, through the socket.
 */
#include <signal.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include "process.h"
#include "table.h"

#define WIDTH	640
#define HEIGHT	480
#define PIXELS	(WIDTH * HEIGHT)

/* The picture's place in the segment: over the end of a 2 MiB folio. */
#define AT	(HUGE - PIXELS * 2 - 20)

static pid_t server;
static xcb_connection_t *conn;
static xcb_screen_t *screen;
static xcb_gcontext_t gc;

/* Writes the number of its display to the descriptor when it is up. */
static int run_server(void *arg)
{
	int fd = *(int *)arg, null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	must(fcntl(fd, F_SETFD, 0));
	must(dup2(null, STDOUT_FILENO));
	must(dup2(null, STDERR_FILENO));
	execlp("Xvfb", "Xvfb", "-displayfd", number, "-screen", "0", "640x480x24",
	       "-nolisten", "tcp", "-noreset", NULL);
	return 1;
}

static int start_server(void **state)
{
	char display[16] = ":";
	size_t length = 1;
	int up[2];

	(void)state;
	must(pipe2(up, O_CLOEXEC));
	server = spawn(run_server, &up[1]);
	close(up[1]);
	do {
		check(length < sizeof(display) - 1);
		check(must(read(up[0], display + length, 1)) == 1);
	} while (display[length++] != '\n');
	close(up[0]);
	display[length - 1] = 0;

	conn = xcb_connect(display, NULL);
	check(!xcb_connection_has_error(conn));
	screen = xcb_setup_roots_iterator(xcb_get_setup(conn)).data;
	check(screen->root_depth == 24);
	check(screen->width_in_pixels == WIDTH && screen->height_in_pixels == HEIGHT);
	gc = xcb_generate_id(conn);
	/* No event but those that are asked for. */
	xcb_create_gc(conn, gc, screen->root, XCB_GC_GRAPHICS_EXPOSURES, (uint32_t[]){ 0 });
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	xcb_disconnect(conn);
	must(kill(server, SIGKILL));
	check(reap(server) == 128 + SIGKILL);
	return 0;
}

/* All requests so far are done. */
static void sync_server(void)
{
	free(xcb_get_input_focus_reply(conn, xcb_get_input_focus(conn), NULL));
}

/* "attached", or the name of the error. */
static const char *attach(xcb_shm_seg_t segment, int fd, bool read_only)
{
	/* The library closes what it has sent. */
	xcb_generic_error_t *error = xcb_request_check(conn,
		xcb_shm_attach_fd_checked(conn, segment, must(dup(fd)), read_only));
	const char *word = "attached";

	if (error)
		word = error->error_code == XCB_ACCESS ? "BadAccess" :
		       error->error_code == XCB_ALLOC ? "BadAlloc" :
		       error->error_code == XCB_MATCH ? "BadMatch" : "another error";
	free(error);
	return word;
}

static xcb_shm_seg_t attach_subject(struct subject *s)
{
	xcb_shm_seg_t segment = xcb_generate_id(conn);

	check(get_info(s->fd).mappings == 1 && !process_maps(server, s->fd));
	check(!strcmp(attach(segment, s->fd, false), "attached"));
	check(get_info(s->fd).mappings == 2 && process_maps(server, s->fd));
	return segment;
}

static void detach_subject(struct subject *s, xcb_shm_seg_t segment)
{
	xcb_shm_detach(conn, segment);
	sync_server();
	check(get_info(s->fd).mappings == 1 && !process_maps(server, s->fd));
}

/* The screen, whole; the same until the next one is taken. */
static const uint32_t *screenshot(void)
{
	static xcb_get_image_reply_t *shot;

	free(shot);
	shot = xcb_get_image_reply(conn, xcb_get_image(conn, XCB_IMAGE_FORMAT_Z_PIXMAP,
				   screen->root, 0, 0, WIDTH, HEIGHT, ~0), NULL);
	check(shot && xcb_get_image_data_length(shot) == PIXELS * 4);
	return (const uint32_t *)xcb_get_image_data(shot);
}

/* The highest byte of a pixel is nobody's at this depth. */
static bool same(const uint32_t *a, const uint32_t *b)
{
	for (size_t i = 0; i < PIXELS; i++)
		if ((a[i] ^ b[i]) & 0xffffff)
			return false;
	return true;
}

/* Another picture each time, and each pixel another than before. */
static void draw(uint32_t *pixels)
{
	static uint32_t seed;

	seed += 0x010307;
	for (size_t i = 0; i < PIXELS; i++)
		pixels[i] = i * 27 + seed;
}

/* What is not the picture is as it was. */
static bool rest_intact(const struct subject *s)
{
	for (size_t i = 0; i < SIZE; i++) {
		if (i == AT)
			i += PIXELS * 4;
		if (s->mem[i] != pattern_byte(i))
			return false;
	}
	return true;
}

static void fill(xcb_drawable_t drawable, uint32_t colour, xcb_rectangle_t where)
{
	xcb_change_gc(conn, gc, XCB_GC_FOREGROUND, &colour);
	xcb_poly_fill_rectangle(conn, drawable, gc, 1, &where);
}

/* Puts the picture on the screen; back when the server has read it. */
static void put(xcb_shm_seg_t segment)
{
	uint8_t completion = xcb_get_extension_data(conn, &xcb_shm_id)->first_event +
			     XCB_SHM_COMPLETION;
	xcb_generic_event_t *event;

	xcb_shm_put_image(conn, screen->root, gc, WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT, 0, 0,
			  24, XCB_IMAGE_FORMAT_Z_PIXMAP, true, segment, AT);
	xcb_flush(conn);
	event = xcb_wait_for_event(conn);
	check(event && (event->response_type & 0x7f) == completion);
	check(((xcb_shm_completion_event_t *)event)->shmseg == segment);
	free(event);
}

static const char *shown(struct subject *s, long arg)
{
	uint32_t *pixels = (uint32_t *)(s->mem + AT);
	xcb_shm_seg_t segment = attach_subject(s);
	const char *word = "works";

	(void)arg;
	for (int i = 0; i < 2; i++) {
		draw(pixels);
		if (same(screenshot(), pixels))
			word = "there before";
		put(segment);
		if (!same(screenshot(), pixels))
			word = "another picture";
	}
	if (!rest_intact(s))
		word = "outside";
	detach_subject(s, segment);
	return word;
}

static const char *grabbed(struct subject *s, long arg)
{
	xcb_shm_seg_t segment = attach_subject(s);
	const char *word = "works";

	(void)arg;
	for (int i = 0; i < 16; i++)
		fill(screen->root, 0xf0a + i * 0x0e0b0f,
		     (xcb_rectangle_t){ i * 40, i * 30, WIDTH - i * 40, HEIGHT - i * 30 });
	free(xcb_shm_get_image_reply(conn, xcb_shm_get_image(conn, screen->root, 0, 0, WIDTH,
				     HEIGHT, ~0, XCB_IMAGE_FORMAT_Z_PIXMAP, segment, AT), NULL));
	if (!same(screenshot(), (uint32_t *)(s->mem + AT)))
		word = "another picture";
	if (!rest_intact(s))
		word = "outside";
	detach_subject(s, segment);
	return word;
}

/* The server's own drawing is stores into lent memory, and the program's is a pixmap. */
static const char *pixmap(struct subject *s, long arg)
{
	uint32_t *pixels = (uint32_t *)(s->mem + AT);
	xcb_shm_seg_t segment = attach_subject(s);
	xcb_pixmap_t id = xcb_generate_id(conn);
	const char *word = "works";

	(void)arg;
	xcb_shm_create_pixmap(conn, id, screen->root, WIDTH, HEIGHT, 24, segment, AT);
	fill(id, 0x123456, (xcb_rectangle_t){ 0, 0, WIDTH, HEIGHT });
	fill(id, 0xabcdef, (xcb_rectangle_t){ 10, 20, 30, 40 });
	sync_server();
	for (unsigned int i = 0; i < PIXELS; i++) {
		unsigned int x = i % WIDTH, y = i / WIDTH;
		bool inner = x >= 10 && x < 40 && y >= 20 && y < 60;

		if ((pixels[i] & 0xffffff) != (inner ? 0xabcdef : 0x123456))
			word = "not drawn";
	}
	draw(pixels);
	xcb_copy_area(conn, id, screen->root, gc, 0, 0, 0, 0, WIDTH, HEIGHT);
	if (!same(screenshot(), pixels))
		word = "another picture";
	if (!rest_intact(s))
		word = "outside";
	xcb_free_pixmap(conn, id);
	detach_subject(s, segment);
	return word;
}

/* The server may show what it may not write. */
static const char *read_only(struct subject *s, long arg)
{
	xcb_shm_seg_t segment = xcb_generate_id(conn);
	const char *word;
	char path[64];
	int fd;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	word = attach(segment, fd, false);
	check(get_info(s->fd).mappings == 1);
	check(!strcmp(attach(segment, fd, true), "attached"));
	draw((uint32_t *)(s->mem + AT));
	put(segment);
	if (!same(screenshot(), (uint32_t *)(s->mem + AT)))
		word = "another picture";
	detach_subject(s, segment);
	close(fd);
	return word;
}

static const char *empty(struct subject *s, long arg)
{
	int fd = make_empty(s->backing, s->map);
	const char *word = attach(xcb_generate_id(conn), fd, false);

	(void)arg;
	check(get_info(fd).mappings == 0);
	close(fd);
	return word;
}

static const char *killed(struct subject *s, long arg)
{
	(void)arg;
	attach_subject(s);
	stop_server(NULL);
	check(get_info(s->fd).mappings == 1);
	start_server(NULL);
	return intact(s) ? "given back" : "lost";
}

static const struct operation operations[] = {
	{ "MIT-SHM: the server shows it", shown, 0, EVERY("works") },
	{ "MIT-SHM: the server copies the screen into it", grabbed, 0, EVERY("works") },
	{ "MIT-SHM: a pixmap in it", pixmap, 0, EVERY("works") },
	{ "MIT-SHM: a read-only descriptor, to be written", read_only, 0, EVERY("BadAccess") },
	{ "MIT-SHM: an empty file", empty, 0, EVERY("BadMatch") },
	{ "MIT-SHM: the server is killed", killed, 0, EVERY("given back") },
};

static const struct table table = {
	.title = "An X server maps it",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = start_server,
	.tear_down = stop_server,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
