// SPDX-License-Identifier: GPL-2.0-only
/*
 * An X server maps lent memory by MIT-SHM's attach by descriptor: a program draws
 * into its own mapping and the server shows that, without a byte in between.
 * Screenshots are taken the ordinary way, through the socket.
 */
#include <xcb/shm.h>

#include "process.h"
#include "table.h"
#include "xserver/xserver.h"

#define WIDTH	640
#define HEIGHT	480
#define PIXELS	(WIDTH * HEIGHT)

/* The picture's place in the segment: over the end of a 2 MiB folio. */
#define AT	(HUGE - PIXELS * 2 - 20)

static struct xserver x;
static xcb_connection_t *conn;
static xcb_screen_t *screen;
static xcb_gcontext_t gc;

static int start_server(void **state)
{
	(void)state;
	xserver_start(&x, "640x480x24", NULL);
	conn = x.conn;
	screen = x.screen;
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
	xserver_stop(&x);
	return 0;
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

	check(get_info(s->fd).mappings == 1 && !process_maps(x.pid, s->fd));
	check(!strcmp(attach(segment, s->fd, false), "attached"));
	check(get_info(s->fd).mappings == 2 && process_maps(x.pid, s->fd));
	return segment;
}

static void detach_subject(struct subject *s, xcb_shm_seg_t segment)
{
	xcb_shm_detach(conn, segment);
	xserver_sync(&x);
	check(get_info(s->fd).mappings == 1 && !process_maps(x.pid, s->fd));
}

static const uint32_t *screenshot(void)
{
	return xserver_screenshot(&x, PIXELS * 4);
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
	xserver_sync(&x);
	for (unsigned int i = 0; i < PIXELS; i++) {
		unsigned int column = i % WIDTH, row = i / WIDTH;
		bool inner = column >= 10 && column < 40 && row >= 20 && row < 60;

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
