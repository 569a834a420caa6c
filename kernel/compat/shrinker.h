/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shrinkers, made and registered in one step.
 */
#ifndef LEND_COMPAT_SHRINKER_H
#define LEND_COMPAT_SHRINKER_H

#include <linux/shrinker.h>
#include <linux/slab.h>

typedef unsigned long (*lend_shrink_fn)(struct shrinker *shrinker, struct shrink_control *sc);

#ifndef LEND_HAVE_SHRINKER_ALLOC
static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* Return: the shrinker, or NULL without memory. */
static inline struct shrinker *lend_shrinker_register(const char *name, lend_shrink_fn count,
						      lend_shrink_fn scan)
{
	struct shrinker *shrinker = shrinker_alloc(0, name);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
#if defined(LEND_HAVE_SHRINKER_ALLOC)
	shrinker_register(shrinker);
#else
#ifdef LEND_HAVE_SHRINKER_NAME
	if (register_shrinker(shrinker, "%s", name)) {
#else
	if (register_shrinker(shrinker)) {
#endif
		kfree(shrinker);
		return NULL;
	}
#endif
	return shrinker;
}

/* NULL is fine. */
static inline void lend_shrinker_unregister(struct shrinker *shrinker)
{
	if (shrinker)
		shrinker_free(shrinker);
}

#endif
