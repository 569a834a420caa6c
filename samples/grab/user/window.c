// SPDX-License-Identifier: GPL-2.0-only
#include <byteswap.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/xcb_icccm.h>
#include <xcb/xcb_keysyms.h>

#include "window.h"

#define KEY_Q		0x71	/* keysyms are ASCII here */

static const char *display_name(void)
{
	const char *name = getenv("DISPLAY");

	return name ? name : "";
}

/* A mask in the server's byte order, as if it were of a little-endian word. */
static uint32_t in_memory(const xcb_setup_t *setup, unsigned int bits, uint32_t mask)
{
	if (setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST)
		return mask;
	return bswap_32(mask) >> (32 - bits);
}

/* The first visual of this depth that says its colours by masks. */
static bool find_visual(struct window *w, const xcb_setup_t *setup, const xcb_format_t *format)
{
	xcb_depth_iterator_t depth = xcb_screen_allowed_depths_iterator(w->screen);

	for (; depth.rem; xcb_depth_next(&depth)) {
		xcb_visualtype_iterator_t it = xcb_depth_visuals_iterator(depth.data);

		for (; depth.data->depth == format->depth && it.rem; xcb_visualtype_next(&it)) {
			unsigned int bits = format->bits_per_pixel;

			if (it.data->_class != XCB_VISUAL_CLASS_TRUE_COLOR)
				continue;
			w->pixels = pixels_like(bits, in_memory(setup, bits, it.data->red_mask),
						in_memory(setup, bits, it.data->green_mask),
						in_memory(setup, bits, it.data->blue_mask));
			if (!w->pixels)
				continue;
			w->visual = it.data->visual_id;
			w->depth = format->depth;
			w->pad = format->scanline_pad;
			return true;
		}
	}
	return false;
}

static void choose_visual(struct window *w)
{
	/* 32 would be translucent: only where there is nothing else. */
	static const uint8_t depths[] = { 24, 16, 15, 30, 32 };
	const xcb_setup_t *setup = xcb_get_setup(w->conn);
	const xcb_format_t *formats = xcb_setup_pixmap_formats(setup);
	int nr = xcb_setup_pixmap_formats_length(setup);

	for (int i = 0; i < nr; i++)
		if (formats[i].depth == w->screen->root_depth &&
		    find_visual(w, setup, &formats[i]))
			return;
	for (size_t d = 0; d < sizeof(depths); d++)
		for (int i = 0; i < nr; i++)
			if (formats[i].depth == depths[d] && find_visual(w, setup, &formats[i]))
				return;
	errx(1, "the X server %s has no visual of true colour in 15, 16, 24 or 32 bits (its screen has depth %u)",
	     display_name(), w->screen->root_depth);
}

static xcb_atom_t atom(const struct window *w, const char *name)
{
	xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply(w->conn,
		xcb_intern_atom(w->conn, false, strlen(name), name), NULL);
	xcb_atom_t value = reply ? reply->atom : XCB_ATOM_NONE;

	free(reply);
	return value;
}

static void find_shm(struct window *w)
{
	const xcb_query_extension_reply_t *shm = xcb_get_extension_data(w->conn, &xcb_shm_id);
	xcb_shm_query_version_reply_t *version;

	if (!shm || !shm->present)
		errx(1, "the X server %s does not share memory (it has no MIT-SHM)",
		     display_name());
	w->completion = shm->first_event + XCB_SHM_COMPLETION;
	version = xcb_shm_query_version_reply(w->conn, xcb_shm_query_version(w->conn), NULL);
	w->takes_fd = version && (version->major_version > 1 || version->minor_version >= 2);
	free(version);
}

void window_connect(struct window *w)
{
	xcb_screen_iterator_t it;
	int number;

	*w = (struct window){ .conn = xcb_connect(NULL, &number) };
	if (xcb_connection_has_error(w->conn))
		errx(1, *display_name() ? "no X server answers as '%s': set DISPLAY" :
		     "DISPLAY is not set: which X server shall show it?", display_name());
	it = xcb_setup_roots_iterator(xcb_get_setup(w->conn));
	while (number-- && it.rem > 1)
		xcb_screen_next(&it);
	w->screen = it.data;
	choose_visual(w);
	find_shm(w);
}

unsigned int window_stride(const struct window *w, unsigned int width)
{
	return (width * w->pixels->bits + w->pad - 1) / w->pad * w->pad / 8;
}

bool window_takes(const struct window *w, const struct v4l2_pix_format *format)
{
	const struct pixel_format *p = pixels_of(format->pixelformat);
	unsigned int pixels;

	if (!p || p->bits != w->pixels->bits || p->red != w->pixels->red ||
	    p->green != w->pixels->green || p->blue != w->pixels->blue)
		return false;
	pixels = format->bytesperline * 8 / p->bits;
	return pixels >= format->width && pixels <= UINT16_MAX &&
	       window_stride(w, pixels) == format->bytesperline;
}

void window_open(struct window *w, unsigned int width, unsigned int height)
{
	static const char class[] = "grab-view\0Grab-view";
	xcb_colormap_t colormap = xcb_generate_id(w->conn);
	xcb_size_hints_t hints = {};

	w->width = width;
	w->height = height;
	xcb_create_colormap(w->conn, XCB_COLORMAP_ALLOC_NONE, colormap, w->screen->root,
			    w->visual);
	w->id = xcb_generate_id(w->conn);
	xcb_create_window(w->conn, w->depth, w->id, w->screen->root, 0, 0, width, height, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, w->visual,
			  XCB_CW_BORDER_PIXEL | XCB_CW_EVENT_MASK | XCB_CW_COLORMAP,
			  (uint32_t[]){ 0, XCB_EVENT_MASK_EXPOSURE | XCB_EVENT_MASK_KEY_PRESS,
					colormap });
	w->gc = xcb_generate_id(w->conn);
	xcb_create_gc(w->conn, w->gc, w->id, XCB_GC_GRAPHICS_EXPOSURES, (uint32_t[]){ 0 });

	w->net_wm_name = atom(w, "_NET_WM_NAME");
	w->utf8_string = atom(w, "UTF8_STRING");
	w->wm_protocols = atom(w, "WM_PROTOCOLS");
	w->wm_delete_window = atom(w, "WM_DELETE_WINDOW");
	xcb_icccm_set_wm_protocols(w->conn, w->id, w->wm_protocols, 1, &w->wm_delete_window);
	xcb_icccm_set_wm_class(w->conn, w->id, sizeof(class), class);
	/* The picture's size, no other. */
	xcb_icccm_size_hints_set_min_size(&hints, width, height);
	xcb_icccm_size_hints_set_max_size(&hints, width, height);
	xcb_icccm_set_wm_normal_hints(w->conn, w->id, &hints);
	xcb_map_window(w->conn, w->id);
}

void window_set_title(const struct window *w, const char *title)
{
	xcb_icccm_set_wm_name(w->conn, w->id, XCB_ATOM_STRING, 8, strlen(title), title);
	xcb_change_property(w->conn, XCB_PROP_MODE_REPLACE, w->id, w->net_wm_name,
			    w->utf8_string, 8, strlen(title), title);
}

static void check_attached(const struct window *w, xcb_void_cookie_t cookie, const char *what)
{
	xcb_generic_error_t *error = xcb_request_check(w->conn, cookie);

	if (error || xcb_connection_has_error(w->conn))
		errx(1, "the X server %s cannot map %s (error %d): is it on this machine, with the same IPC namespace?",
		     display_name(), what, error ? error->error_code : 0);
}

xcb_shm_seg_t window_attach_fd(const struct window *w, int fd)
{
	xcb_shm_seg_t segment = xcb_generate_id(w->conn);

	check_attached(w, xcb_shm_attach_fd_checked(w->conn, segment, fd, true),
		       "the driver's buffers");
	return segment;
}

xcb_shm_seg_t window_attach_new(const struct window *w, size_t size, void **mem)
{
	xcb_shm_seg_t segment = xcb_generate_id(w->conn);
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	if (id < 0)
		err(1, "shared memory of %zu bytes (see ipcs -lm)", size);
	*mem = shmat(id, NULL, 0);
	/* Linux attaches what is removed: so nothing stays, however this program ends. */
	shmctl(id, IPC_RMID, NULL);
	if (*mem == (void *)-1)
		err(1, "shared memory of %zu bytes", size);
	check_attached(w, xcb_shm_attach_checked(w->conn, segment, id, true),
		       "this program's shared memory");
	return segment;
}

void window_put(const struct window *w, xcb_shm_seg_t segment, unsigned int stride)
{
	xcb_shm_put_image(w->conn, w->id, w->gc, stride * 8 / w->pixels->bits, w->height, 0, 0,
			  w->width, w->height, 0, 0, w->depth, XCB_IMAGE_FORMAT_Z_PIXMAP, true,
			  segment, 0);
}

static bool is_q(const struct window *w, xcb_keycode_t code)
{
	xcb_key_symbols_t *keys = xcb_key_symbols_alloc(w->conn);
	bool q = xcb_key_symbols_get_keysym(keys, code, 0) == KEY_Q;

	xcb_key_symbols_free(keys);
	return q;
}

static enum window_event meaning(const struct window *w, const xcb_generic_event_t *event,
				 xcb_shm_seg_t *segment)
{
	uint8_t type = event->response_type & 0x7f;

	if (type == w->completion) {
		*segment = ((const xcb_shm_completion_event_t *)event)->shmseg;
		return WINDOW_SHOWN;
	}
	switch (type) {
	case 0:
		errx(1, "the X server refuses a request: error %u, request %u.%u",
		     ((const xcb_generic_error_t *)event)->error_code,
		     ((const xcb_generic_error_t *)event)->major_code,
		     ((const xcb_generic_error_t *)event)->minor_code);
	case XCB_KEY_PRESS:
		return is_q(w, ((const xcb_key_press_event_t *)event)->detail) ? WINDOW_QUIT :
		       WINDOW_NOTHING;
	case XCB_CLIENT_MESSAGE:
		return ((const xcb_client_message_event_t *)event)->data.data32[0] ==
		       w->wm_delete_window ? WINDOW_QUIT : WINDOW_NOTHING;
	case XCB_EXPOSE:
		/* The last of a series. */
		return ((const xcb_expose_event_t *)event)->count ? WINDOW_NOTHING :
		       WINDOW_EXPOSED;
	}
	return WINDOW_NOTHING;
}

enum window_event window_next(const struct window *w, xcb_shm_seg_t *segment)
{
	enum window_event what = WINDOW_NOTHING;
	xcb_generic_event_t *event;

	while (what == WINDOW_NOTHING && (event = xcb_poll_for_event(w->conn))) {
		what = meaning(w, event, segment);
		free(event);
	}
	if (xcb_connection_has_error(w->conn))
		errx(1, "the X server %s has closed the connection", display_name());
	return what;
}

void window_close(struct window *w)
{
	xcb_disconnect(w->conn);
	w->conn = NULL;
}
