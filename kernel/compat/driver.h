/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What else drivers use, as today's kernels have it: for the samples and the tests.
 */
#ifndef LEND_COMPAT_DRIVER_H
#define LEND_COMPAT_DRIVER_H

#include <linux/eventfd.h>

#ifndef LEND_HAVE_EVENTFD_ONE
#define eventfd_signal(ctx) eventfd_signal(ctx, 1)
#endif

#endif
