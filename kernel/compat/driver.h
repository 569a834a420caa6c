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

/* What a driver's .mmap is called and given in its newest form. */
#ifdef LEND_HAVE_MMAP_PREPARE
#define LEND_MMAP mmap_prepare
#define LEND_MMAP_ARGS struct vm_area_desc *vma
#define LEND_MMAP_FILE (vma->file)
#define lend_mmap_newest lend_mmap_prepare
#define lend_mmap_newest_readonly lend_mmap_prepare_readonly
#else
#define LEND_MMAP mmap
#define LEND_MMAP_ARGS struct file *file, struct vm_area_struct *vma
#define LEND_MMAP_FILE file
#define lend_mmap_newest lend_mmap
#define lend_mmap_newest_readonly lend_mmap_readonly
#endif

#endif
