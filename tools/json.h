/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts as JSON: sizes are in bytes, addresses are strings "0x...". */
#ifndef LEND_JSON_H
#define LEND_JSON_H

#include <json-c/json.h>
#include <lend.h>
#include "users.h"

void json_add_u64(struct json_object *object, const char *key, uint64_t value);
void json_add_string(struct json_object *object, const char *key, const char *value);
void json_add_bool(struct json_object *object, const char *key, bool value);
void json_add_address(struct json_object *object, const char *key, uint64_t address);

/* What the kernel tells about a buffer; to be put or added elsewhere. */
struct json_object *json_buffer(const char *name, const struct lend_info *info);

struct json_object *json_users(const struct users *users);
struct json_object *json_runs(const struct lend_phys_run *runs, size_t count);

/* Print @object and put it. */
void json_print_put(struct json_object *object);

#endif /* LEND_JSON_H */
