// SPDX-License-Identifier: GPL-2.0-only
/*
 * The board's inside: a thread is its processor. It knows memory by addresses on the
 * bus, which on this bus are physical ones.
 */
#include <linux/highmem.h>
#include <linux/kfifo.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "../../kernel/compat/mm.h"
#include "board.h"
#include "picture.h"

struct list {
	u64 address, blocks;
};

struct done {
	u64 time;
	u32 sequence, bytes;
};

struct board {
	void (*interrupt)(void *data);
	void *data;
	struct task_struct *thread;
	wait_queue_head_t wait;

	spinlock_t lock;	/* of the following */
	bool busy;		/* from BOARD_RUN to BOARD_STOPPED */
	u64 regs[BOARD_REGISTERS];
	DECLARE_KFIFO(lists, struct list, BOARD_LISTS);
	DECLARE_KFIFO(done, struct done, BOARD_LISTS);

	/* The thread's own, while it runs. */
	struct picture *pic;
	u64 begin, last;
	u32 sequence, frames;
};

static u64 reg(struct board *board, enum board_register reg)
{
	return READ_ONCE(board->regs[reg]);
}

static bool running(struct board *board)
{
	return reg(board, BOARD_CONTROL) & BOARD_RUN;
}

/* Is it the turn of those that come every so often? */
static bool each(struct board *board, enum board_register which, u32 number)
{
	u32 n = reg(board, which);

	return n && !(number % n);
}

static void raise(struct board *board, u64 events)
{
	unsigned long flags;

	spin_lock_irqsave(&board->lock, flags);
	board->regs[BOARD_EVENTS] |= events;
	spin_unlock_irqrestore(&board->lock, flags);
	local_irq_save(flags);
	board->interrupt(board->data);
	local_irq_restore(flags);
}

/* --- memory */

/* Where in a list the board is. */
struct cursor {
	struct list list;
	u64 address, left;
};

static void *map(u64 address)
{
	unsigned long pfn = PHYS_PFN(address);

	return pfn_valid(pfn) ? kmap_local_page(pfn_to_page(pfn)) + offset_in_page(address) : NULL;
}

static bool next_block(struct cursor *at)
{
	struct board_block *block;

	if (!at->list.blocks)
		return false;
	block = map(at->list.address);
	if (!block)
		return false;
	at->address = le64_to_cpu(block->address);
	at->left = le64_to_cpu(block->length);
	kunmap_local(block);
	at->list.address += sizeof(*block);
	at->list.blocks--;
	return true;
}

/* Writes to where the cursor is; as much of it as there are blocks for. */
static u32 put(struct cursor *at, const void *data, u32 length)
{
	u32 done, piece;
	void *to;

	for (done = 0; done < length; done += piece) {
		while (!at->left)
			if (!next_block(at))
				return done;
		piece = min3((u64)length - done, at->left,
			     (u64)(PAGE_SIZE - offset_in_page(at->address)));
		to = map(at->address);
		if (!to)
			return done;
		memcpy(to, data + done, piece);
		kunmap_local(to);
		at->address += piece;
		at->left -= piece;
	}
	return done;
}

/* --- frames */

static u32 write_frame(struct board *board, struct cursor *at, u64 time)
{
	const struct picture *pic = board->pic;
	u32 bytes = picture_bytes(pic), y, line, done;
	const u32 size = sizeof(struct grab_stamp);
	struct grab_stamp stamp;

	picture_stamp(pic, board->sequence, time, &stamp);
	if (each(board, BOARD_SHORT, board->frames + 1))
		bytes /= 2;
	done = put(at, &stamp, size);
	if (done < size)
		return done;
	done += put(at, picture_line(pic, 0, board->sequence) + size, pic->line - size);
	for (y = 1; done == y * pic->line && done < bytes && running(board); y++) {
		line = min(pic->line, bytes - done);
		done += put(at, picture_line(pic, y, board->sequence), line);
	}
	return done;
}

static u32 write_stamp(struct board *board, struct cursor *at, u64 time)
{
	struct grab_stamp stamp = {
		.magic = cpu_to_le32(GRAB_MAGIC),
		.sequence = cpu_to_le32(board->sequence),
		.time = cpu_to_le64(time),
	};

	put(at, &stamp, sizeof(stamp));
	return picture_bytes(board->pic);
}

static void make_frame(struct board *board, struct list list)
{
	struct done done = { .time = ktime_get_ns(), .sequence = board->sequence };
	struct cursor at = { .list = list };
	unsigned long flags;
	bool now;

	if (reg(board, BOARD_CONTROL) & BOARD_STAMP_ONLY)
		done.bytes = write_stamp(board, &at, done.time);
	else
		done.bytes = write_frame(board, &at, done.time);
	board->sequence++;
	board->frames++;
	board->last = done.time;
	/* One that was cut off is nobody's. */
	if (!running(board))
		return;
	spin_lock_irqsave(&board->lock, flags);
	kfifo_put(&board->done, done);
	now = !board->regs[BOARD_LATE] || each(board, BOARD_LATE, board->frames) ||
	      kfifo_is_empty(&board->lists);
	spin_unlock_irqrestore(&board->lock, flags);
	if (now)
		raise(board, BOARD_FRAME);
}

static void lose(struct board *board, u32 frames)
{
	unsigned long flags;

	spin_lock_irqsave(&board->lock, flags);
	board->regs[BOARD_LOST] += frames;
	spin_unlock_irqrestore(&board->lock, flags);
	board->sequence += frames;
}

static bool stalled(struct board *board)
{
	u32 after = reg(board, BOARD_STALL);

	return after && board->frames >= after;
}

static void sleep_until(struct board *board, u64 due)
{
	u64 now = ktime_get_ns();

	if (now < due)
		wait_event_interruptible_hrtimeout(board->wait, !running(board),
						   ns_to_ktime(due - now));
}

/* Waits until a frame is due; those that were due in the meantime are lost. */
static void wait_for_turn(struct board *board)
{
	u64 interval = reg(board, BOARD_INTERVAL), turn;

	if (!interval || reg(board, BOARD_CONTROL) & BOARD_PATIENT) {
		sleep_until(board, board->last + interval);
		wait_event_interruptible(board->wait, !running(board) ||
					 !kfifo_is_empty(&board->lists));
		return;
	}
	sleep_until(board, board->begin + board->sequence * interval);
	if (!running(board))
		return;
	turn = div64_u64(ktime_get_ns() - board->begin, interval);
	if (turn > board->sequence)
		lose(board, turn - board->sequence);
}

/* The list for the next frame; false: no more frames. */
static bool next_list(struct board *board, struct list *list)
{
	unsigned long flags;
	bool got;

	for (;;) {
		wait_event_interruptible(board->wait, !stalled(board) || !running(board));
		wait_for_turn(board);
		if (!running(board))
			return false;
		if (!each(board, BOARD_DROP, board->sequence + 1)) {
			spin_lock_irqsave(&board->lock, flags);
			got = kfifo_get(&board->lists, list);
			spin_unlock_irqrestore(&board->lock, flags);
			if (got)
				return true;
		}
		lose(board, 1);
		cond_resched();
	}
}

static void run(struct board *board)
{
	unsigned long flags;
	struct list list;

	board->pic = picture_new(reg(board, BOARD_FORMAT), reg(board, BOARD_WIDTH),
				 reg(board, BOARD_HEIGHT));
	if (!board->pic) {
		raise(board, BOARD_ERROR);
		wait_event_interruptible(board->wait, !running(board));
	}
	board->sequence = 0;
	board->frames = 0;
	/* A frame takes its time, the first one, too. */
	board->last = ktime_get_ns();
	board->begin = board->last + reg(board, BOARD_INTERVAL);
	while (board->pic && next_list(board, &list))
		make_frame(board, list);

	picture_free(board->pic);
	spin_lock_irqsave(&board->lock, flags);
	kfifo_reset(&board->lists);
	WRITE_ONCE(board->busy, false);
	spin_unlock_irqrestore(&board->lock, flags);
	raise(board, BOARD_STOPPED);
}

static bool told_to_run(struct board *board)
{
	/* With it comes what board_write() wrote before. */
	return smp_load_acquire(&board->busy);
}

static int processor(void *arg)
{
	struct board *board = arg;

	while (!kthread_should_stop()) {
		wait_event_interruptible(board->wait, told_to_run(board) || kthread_should_stop());
		if (told_to_run(board))
			run(board);
	}
	return 0;
}

/* --- what the driver sees */

u64 board_read(struct board *board, enum board_register which)
{
	struct done done = {};
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&board->lock, flags);
	if (!kfifo_peek(&board->done, &done))
		done = (struct done){};
	switch (which) {
	case BOARD_DONE:
		value = kfifo_len(&board->done);
		break;
	case BOARD_DONE_SEQUENCE:
		value = done.sequence;
		break;
	case BOARD_DONE_BYTES:
		value = done.bytes;
		break;
	case BOARD_DONE_TIME:
		value = done.time;
		break;
	default:
		value = board->regs[which];
	}
	spin_unlock_irqrestore(&board->lock, flags);
	return value;
}

void board_write(struct board *board, enum board_register which, u64 value)
{
	struct list list;
	unsigned long flags;

	spin_lock_irqsave(&board->lock, flags);
	switch (which) {
	case BOARD_CONTROL:
		WRITE_ONCE(board->regs[which], value);
		if (value & BOARD_RUN && !board->busy) {
			board->regs[BOARD_LOST] = 0;
			board->regs[BOARD_EVENTS] = 0;
			kfifo_reset(&board->done);
			/* The thread looks without the lock: by then it must find all this. */
			smp_store_release(&board->busy, true);
		}
		break;
	case BOARD_LIST_BLOCKS:
		list = (struct list){ board->regs[BOARD_LIST_ADDRESS], value };
		kfifo_put(&board->lists, list);
		break;
	case BOARD_EVENTS:
		board->regs[which] &= ~value;
		break;
	case BOARD_DONE:
		kfifo_skip(&board->done);
		break;
	default:
		WRITE_ONCE(board->regs[which], value);
	}
	spin_unlock_irqrestore(&board->lock, flags);
	wake_up(&board->wait);
}

struct board *board_plug_in(void (*interrupt)(void *data), void *data)
{
	struct board *board = kzalloc(sizeof(*board), GFP_KERNEL);
	int err;

	if (!board)
		return ERR_PTR(-ENOMEM);
	board->interrupt = interrupt;
	board->data = data;
	init_waitqueue_head(&board->wait);
	spin_lock_init(&board->lock);
	INIT_KFIFO(board->lists);
	INIT_KFIFO(board->done);
	board->thread = kthread_run(processor, board, "grab-board");
	if (IS_ERR(board->thread)) {
		err = PTR_ERR(board->thread);
		kfree(board);
		return ERR_PTR(err);
	}
	return board;
}

void board_pull_out(struct board *board)
{
	kthread_stop(board->thread);
	kfree(board);
}
