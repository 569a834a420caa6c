/* SPDX-License-Identifier: GPL-2.0-only */
/* What the board writes, line by line, with hardly any work a byte. */
#ifndef GRAB_PICTURE_H
#define GRAB_PICTURE_H

#include "frame.h"

/**
 * struct picture - what is the same for all frames while the board runs
 * @fourcc: the format
 * @width: pixels
 * @height: lines
 * @depth: bytes a pixel
 * @line: bytes a line
 * @row: the row of pixels that all lines are parts of, a period longer than a line
 * @crc: of the line with each even phase, for itself
 * @shift: what as many zero bytes as a line has make of a crc, by each of its bytes
 */
struct picture {
	u32 fourcc, width, height, depth, line;
	u8 *row;
	u32 crc[GRAB_PERIOD / 2];
	u32 shift[4][256];
};

struct picture *picture_new(u32 fourcc, u32 width, u32 height);
void picture_free(struct picture *pic);

static inline u32 picture_bytes(const struct picture *pic)
{
	return pic->line * pic->height;
}

/* Line @y of frame @sequence, but for the stamp. */
static inline const u8 *picture_line(const struct picture *pic, u32 y, u32 sequence)
{
	return pic->row + grab_phase(0, y, sequence) * pic->depth;
}

void picture_stamp(const struct picture *pic, u32 sequence, u64 time, struct grab_stamp *stamp);

#endif
