/* SPDX-License-Identifier: GPL-2.0-only */
/* What `lend explain` tells, taken apart. */
#ifndef LEND_TESTS_TOLD_H
#define LEND_TESTS_TOLD_H

#include <json-c/json.h>

#include "common.h"

/*
 * The JSON of `lend explain --json` with these arguments, to be put; it must
 * succeed and say nothing on standard error.
 */
struct json_object *told(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same of the mapping of process @pid that holds @mem. */
struct json_object *told_of(pid_t pid, const void *mem);

/* The only mapping there is in it. */
struct json_object *only_mapping(struct json_object *told);

/* A member, which must be there, by path: "pages.runs". */
struct json_object *member(struct json_object *object, const char *path);
/* Its string, "" if it is null. */
const char *text_of(struct json_object *object, const char *path);
uint64_t number_of(struct json_object *object, const char *path);

/* The flags as smaps prints them: "rd wr sh". Static buffer. */
const char *flags_of(struct json_object *mapping);

/* uses.USE.FIELD */
const char *use_of(struct json_object *mapping, const char *use, const char *field);

/*
 * What the tool says, on either stream, in place of an explanation: it must exit
 * with @status, print nothing on standard output, and each of @words on the other.
 */
void refused_with(int status, const char *arguments, const char *const *words);
#define refuses(status, arguments, ...) \
	refused_with(status, arguments, (const char *const[]){ __VA_ARGS__, NULL })

#endif
