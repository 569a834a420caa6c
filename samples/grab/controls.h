/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Controls that only this board has. Each is 0 unless somebody sets it. */
#ifndef GRAB_CONTROLS_H
#define GRAB_CONTROLS_H

#include <linux/v4l2-controls.h>

#define GRAB_CID_BASE		(V4L2_CID_USER_BASE | 0xe000)

/* From the next start on: frames come as fast as they can and there are buffers. */
#define GRAB_CID_FREE_RUNNING	(GRAB_CID_BASE + 0)
/* Only the stamp is written, without crc: what is measured is everything but the board. */
#define GRAB_CID_STAMP_ONLY	(GRAB_CID_BASE + 1)

/* At any time: how the board misbehaves. */
#define GRAB_CID_DROP		(GRAB_CID_BASE + 2)	/* each Nth frame is lost */
#define GRAB_CID_SHORT		(GRAB_CID_BASE + 3)	/* each Nth ends in the middle */
#define GRAB_CID_STALL		(GRAB_CID_BASE + 4)	/* none comes after the Nth */
#define GRAB_CID_LATE		(GRAB_CID_BASE + 5)	/* only each Nth is told of */

/* From the next start on: a frame waits until there is a buffer, and is not lost. */
#define GRAB_CID_PATIENT	(GRAB_CID_BASE + 7)

/* Read only: frames lost since streaming began. */
#define GRAB_CID_LOST		(GRAB_CID_BASE + 6)

#endif
