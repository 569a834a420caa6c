// SPDX-License-Identifier: GPL-2.0-only
/* The board's switches, as V4L2 controls. */
#include "controls.h"
#include "driver.h"

static int set_control(struct v4l2_ctrl *ctrl)
{
	struct grab *grab = container_of(ctrl->handler, struct grab, controls);

	switch (ctrl->id) {
	case GRAB_CID_DROP:
		board_write(grab->board, BOARD_DROP, ctrl->val);
		break;
	case GRAB_CID_SHORT:
		board_write(grab->board, BOARD_SHORT, ctrl->val);
		break;
	case GRAB_CID_STALL:
		board_write(grab->board, BOARD_STALL, ctrl->val);
		break;
	case GRAB_CID_LATE:
		board_write(grab->board, BOARD_LATE, ctrl->val);
		break;
	}
	/* The others are looked at when streaming begins. */
	return 0;
}

static int get_control(struct v4l2_ctrl *ctrl)
{
	struct grab *grab = container_of(ctrl->handler, struct grab, controls);

	ctrl->val = min_t(u64, board_read(grab->board, BOARD_LOST), S32_MAX);
	return 0;
}

static const struct v4l2_ctrl_ops ops = {
	.s_ctrl = set_control,
	.g_volatile_ctrl = get_control,
};

#define SWITCH(id_, name_) {							\
	.ops = &ops, .id = id_, .name = name_, .type = V4L2_CTRL_TYPE_BOOLEAN,	\
	.max = 1, .step = 1,							\
}

#define NUMBER(id_, name_, max_, flags_) {					\
	.ops = &ops, .id = id_, .name = name_, .type = V4L2_CTRL_TYPE_INTEGER,	\
	.max = max_, .step = 1, .flags = flags_,				\
}

static const struct v4l2_ctrl_config numbers[] = {
	NUMBER(GRAB_CID_DROP, "Drop Each", 1000, 0),
	NUMBER(GRAB_CID_SHORT, "Short Each", 1000, 0),
	NUMBER(GRAB_CID_STALL, "Stall After", 1000, 0),
	NUMBER(GRAB_CID_LATE, "Interrupt Each", BOARD_LISTS, 0),
	NUMBER(GRAB_CID_LOST, "Frames Lost", S32_MAX,
	       V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE),
};

static const struct v4l2_ctrl_config free_running =
	SWITCH(GRAB_CID_FREE_RUNNING, "Free Running");
static const struct v4l2_ctrl_config patient = SWITCH(GRAB_CID_PATIENT, "Wait For Buffers");
static const struct v4l2_ctrl_config stamp_only = SWITCH(GRAB_CID_STAMP_ONLY, "Stamp Only");

int grab_add_controls(struct grab *grab)
{
	struct v4l2_ctrl_handler *handler = &grab->controls;
	size_t i;

	v4l2_ctrl_handler_init(handler, ARRAY_SIZE(numbers) + 3);
	grab->free_running = v4l2_ctrl_new_custom(handler, &free_running, NULL);
	grab->patient = v4l2_ctrl_new_custom(handler, &patient, NULL);
	grab->stamp_only = v4l2_ctrl_new_custom(handler, &stamp_only, NULL);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		v4l2_ctrl_new_custom(handler, &numbers[i], NULL);
	grab->v4l2.ctrl_handler = handler;
	return handler->error;
}
