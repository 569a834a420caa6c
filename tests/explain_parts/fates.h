/* SPDX-License-Identifier: GPL-2.0-only */
/* What was told of a mapping, compared with what becomes of it. */
#ifndef LEND_TESTS_FATES_H
#define LEND_TESTS_FATES_H

#include "places.h"
#include "told.h"

/* "works", or the errno's name. */
const char *name_of(int error);

/* What was told of the use @key must be that its outcome is @error, 0 for none. */
void compare(const struct place *place, struct json_object *mapping, const char *key, int error);

void try_fork(struct place *place, struct json_object *mapping);
void try_mlock(const struct place *place, struct json_object *mapping);
void try_stay(const struct place *place, struct json_object *mapping);

#endif
