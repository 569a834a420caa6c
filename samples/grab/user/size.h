/* SPDX-License-Identifier: GPL-2.0-only */
/* A size of frames, as people write it. */
#ifndef GRAB_SIZE_H
#define GRAB_SIZE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Reads "640x480", neither of them 0 nor above @most; or says that it is no such thing. */
static inline bool read_size(const char *text, uint32_t most, uint32_t *width, uint32_t *height)
{
	char rest;

	return strspn(text, "0123456789x") == strlen(text) && strlen(text) <= 11 &&
	       sscanf(text, "%ux%u%c", width, height, &rest) == 2 && *width && *height &&
	       *width <= most && *height <= most;
}

#endif
