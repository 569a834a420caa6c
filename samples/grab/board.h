/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a capture board, since QEMU has none: what the driver sees of it are its
 * registers and its interrupt, and nothing else. The board is told blocks of memory,
 * by their addresses on the bus, and writes frames into them: see frame.h.
 *
 * A frame goes into a list of blocks. The list lies in memory, too, in one run; its
 * address and then its length are written to the board, which has room for BOARD_LISTS
 * of them. It works them off in their order, one a frame, and raises its interrupt.
 * Where there is no list when a frame is due, the frame is lost.
 */
#ifndef GRAB_BOARD_H
#define GRAB_BOARD_H

#include <linux/bits.h>
#include <linux/types.h>

#define BOARD_LISTS 64

/* One entry of a list, anywhere in memory, to the byte. */
struct board_block {
	__le64 address;
	__le64 length;
};

enum board_register {
	BOARD_CONTROL,		/* BOARD_RUN, and how */
	BOARD_FORMAT,		/* as V4L2_PIX_FMT_*; up to BOARD_INTERVAL: while it is idle */
	BOARD_WIDTH,
	BOARD_HEIGHT,
	BOARD_INTERVAL,		/* ns from frame to frame; 0: as fast as it can */

	BOARD_LIST_ADDRESS,
	BOARD_LIST_BLOCKS,	/* how many; now the board has it, and nothing may change */

	BOARD_EVENTS,		/* read: what the interrupt is for; write: that was seen */
	BOARD_DONE,		/* read: frames that are; write: the first of them was seen */
	BOARD_DONE_SEQUENCE,	/* and of the first: */
	BOARD_DONE_BYTES,	/* fewer than a frame has: it, or its list, is short */
	BOARD_DONE_TIME,	/* ns, CLOCK_MONOTONIC */
	BOARD_LOST,		/* frames that were not, since it runs */

	/* How it misbehaves; 0: not at all. */
	BOARD_DROP,		/* each Nth frame is lost */
	BOARD_SHORT,		/* each Nth ends in the middle */
	BOARD_STALL,		/* none comes after the Nth */
	BOARD_LATE,		/* the interrupt comes with each Nth only, or when all are done */

	BOARD_REGISTERS
};

/* BOARD_CONTROL. When it is taken away the board ends in the middle of a frame. */
#define BOARD_RUN		BIT(0)
#define BOARD_STAMP_ONLY	BIT(1)	/* the picture is left out, for measuring */
#define BOARD_PATIENT		BIT(2)	/* a frame waits for its list, and is not lost */

/* BOARD_EVENTS. Once it has stopped it touches no memory, and has forgotten its lists. */
#define BOARD_FRAME		BIT(0)
#define BOARD_STOPPED		BIT(1)
#define BOARD_ERROR		BIT(2)	/* it cannot make such frames */

struct board;

/* @interrupt is called with interrupts off. */
struct board *board_plug_in(void (*interrupt)(void *data), void *data);
/* It is idle. */
void board_pull_out(struct board *board);

/* Any context. */
u64 board_read(struct board *board, enum board_register reg);
void board_write(struct board *board, enum board_register reg, u64 value);

#endif
