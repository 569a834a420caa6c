// SPDX-License-Identifier: GPL-2.0-only
/* Facts as JSON. */
#include <stdio.h>
#include "json.h"

void json_add_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void json_add_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void json_add_address(struct json_object *object, const char *key, uint64_t address)
{
	char text[sizeof("0x0123456789abcdef")];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	json_add_string(object, key, text);
}

static struct json_object *json_why(uint32_t why)
{
	struct json_object *array = json_object_new_array();

	for (; why; why &= why - 1)
		json_object_array_add(array, json_object_new_string(lend_why(why)));
	return array;
}

struct json_object *json_buffer(const char *name, const struct lend_info *info)
{
	struct json_object *buffer = json_object_new_object();

	json_add_string(buffer, "name", name);
	json_add_u64(buffer, "size", info->bytes);
	json_add_u64(buffer, "memory", info->memory);
	json_add_string(buffer, "backing", lend_backing_name(info->backing));
	json_add_string(buffer, "map", lend_map_name(info->map));
	json_object_object_add(buffer, "node", info->node == LEND_NODE_ANY ? NULL :
			       json_object_new_int(info->node));
	json_add_u64(buffer, "dma_bits", info->dma_bits);
	json_add_u64(buffer, "huge", info->huge);
	json_add_u64(buffer, "runs", info->runs);
	json_add_u64(buffer, "longest_run", info->longest);
	json_add_bool(buffer, "pinnable", info->flags & LEND_INFO_PINNABLE);
	json_add_bool(buffer, "huge_mappable", info->flags & LEND_INFO_HUGE);
	json_add_bool(buffer, "kernel_address", info->flags & LEND_INFO_KERNEL_ADDR);
	json_add_bool(buffer, "charged_to_memcg", info->flags & LEND_INFO_MEMCG);
	json_object_object_add(buffer, "charged_to_memlock_of_uid",
			       info->flags & LEND_INFO_MEMLOCK ?
			       json_object_new_uint64(info->uid) : NULL);
	json_add_u64(buffer, "mappings", info->mappings);
	json_add_u64(buffer, "held", info->held);
	json_add_u64(buffer, "pinned", info->pinned);
	json_add_u64(buffer, "dmabufs", info->exports);
	json_object_object_add(buffer, "why", json_why(info->why));
	return buffer;
}

static struct json_object *json_user(const struct user *user)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "pid", json_object_new_int(user->pid));
	json_add_string(object, "command", user->command);
	switch (user->how) {
	case USER_MAPPING:
		json_add_string(object, "how", "mapping");
		json_add_address(object, "start", user->start);
		json_add_address(object, "end", user->end);
		json_add_u64(object, "offset", user->offset);
		json_add_string(object, "perms", user->perms);
		json_add_u64(object, "resident", user->resident);
		json_add_u64(object, "huge", user->huge);
		break;
	case USER_DESCRIPTOR:
		json_add_string(object, "how", "descriptor");
		json_object_object_add(object, "fd", json_object_new_int(user->fd));
		break;
	case USER_DIRECTORY:
		json_add_string(object, "how", "directory");
		break;
	}
	return object;
}

struct json_object *json_users(const struct users *users)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < users->count; i++)
		json_object_array_add(array, json_user(&users->list[i]));
	return array;
}

struct json_object *json_runs(const struct lend_phys_run *runs, size_t count)
{
	struct json_object *array = json_object_new_array(), *run;
	size_t i;

	for (i = 0; i < count; i++) {
		run = json_object_new_object();
		json_add_u64(run, "offset", runs[i].offset);
		json_add_address(run, "phys", runs[i].phys);
		json_add_u64(run, "length", runs[i].length);
		json_object_array_add(array, run);
	}
	return array;
}

void json_print_put(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
