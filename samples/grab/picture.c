// SPDX-License-Identifier: GPL-2.0-only
#include <linux/crc32.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "picture.h"

/* The crc of two pieces one after the other, the second of a line's length. */
static u32 append(const struct picture *pic, u32 crc, u32 line)
{
	return pic->shift[0][crc & 0xff] ^ pic->shift[1][crc >> 8 & 0xff] ^
	       pic->shift[2][crc >> 16 & 0xff] ^ pic->shift[3][crc >> 24] ^ line;
}

/**
 * picture_new() - prepare frames
 * @fourcc: one that grab_depth() knows
 * @width: pixels, even; a line holds a stamp
 * @height: lines
 *
 * Return: what they have in common; NULL without memory or for what makes no frame.
 */
struct picture *picture_new(u32 fourcc, u32 width, u32 height)
{
	u32 depth = grab_depth(fourcc), line, bytes, i, bit, phase;
	struct picture *pic;

	if (!depth || width % 2 || check_mul_overflow(width, depth, &line) ||
	    line < sizeof(struct grab_stamp) || !height || check_mul_overflow(line, height, &bytes))
		return NULL;
	pic = kvzalloc(sizeof(*pic), GFP_KERNEL);
	if (!pic)
		return NULL;
	pic->fourcc = fourcc;
	pic->width = width;
	pic->height = height;
	pic->depth = depth;
	pic->line = line;
	pic->row = kvzalloc(line + GRAB_PERIOD * depth, GFP_KERNEL);
	if (!pic->row) {
		kvfree(pic);
		return NULL;
	}
	/* A line of zeroes, still. Appending it is linear: that of each bit gives that of all. */
	for (i = 0; i < 4; i++)
		for (bit = 0; bit < 8; bit++)
			pic->shift[i][1 << bit] = crc32_le(1U << (8 * i + bit), pic->row, line);
	for (i = 0; i < 4; i++)
		for (bit = 1; bit < 256; bit++)
			pic->shift[i][bit] = pic->shift[i][bit & (bit - 1)] ^
					     pic->shift[i][bit & -bit];

	grab_row(pic->row, fourcc, 0, width + GRAB_PERIOD);
	for (phase = 0; phase < GRAB_PERIOD; phase += 2)
		pic->crc[phase / 2] = ~crc32_le(~0, pic->row + phase * depth, line);
	return pic;
}

void picture_free(struct picture *pic)
{
	if (pic)
		kvfree(pic->row);
	kvfree(pic);
}

/* The stamp of a frame, and with it the crc of all of it, before a byte is written. */
void picture_stamp(const struct picture *pic, u32 sequence, u64 time, struct grab_stamp *stamp)
{
	const u8 *first = picture_line(pic, 0, sequence);
	u32 y, crc;

	*stamp = (struct grab_stamp){
		.magic = cpu_to_le32(GRAB_MAGIC),
		.sequence = cpu_to_le32(sequence),
		.time = cpu_to_le64(time),
		.width = cpu_to_le16(pic->width),
		.height = cpu_to_le16(pic->height),
		.fourcc = cpu_to_le32(pic->fourcc),
		.bytes = cpu_to_le32(picture_bytes(pic)),
	};
	crc = crc32_le(~0, (u8 *)stamp, sizeof(*stamp));
	crc = ~crc32_le(crc, first + sizeof(*stamp), pic->line - sizeof(*stamp));
	for (y = 1; y < pic->height; y++)
		crc = append(pic, crc, pic->crc[grab_phase(0, y, sequence) / 2]);
	stamp->crc32 = cpu_to_le32(crc);
}
