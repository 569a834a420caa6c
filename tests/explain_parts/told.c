// SPDX-License-Identifier: GPL-2.0-only
#include "told.h"

static char *output_of(const char *command, int *status)
{
	FILE *pipe = popen(command, "re");
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	size_t got;

	check(pipe && text);
	while ((got = fread(text + size, 1, room - size - 1, pipe)) > 0) {
		size += got;
		if (size + 1 == room) {
			room *= 2;
			text = realloc(text, room);
			check(text);
		}
	}
	text[size] = '\0';
	*status = pclose(pipe);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
	return text;
}

struct json_object *told(const char *format, ...)
{
	char arguments[512], command[1024];
	struct json_object *object;
	va_list args;
	char *text;
	int status;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	snprintf(command, sizeof(command), "lend explain --json %s 2>&1", arguments);
	text = output_of(command, &status);
	object = json_tokener_parse(text);
	if (status || !object)
		failed("lend explain --json %s: status %d, \"%s\"", arguments, status, text);
	free(text);
	return object;
}

struct json_object *told_of(pid_t pid, const void *mem)
{
	return told("%d %p", pid, mem);
}

struct json_object *only_mapping(struct json_object *object)
{
	struct json_object *array = member(object, "mappings");

	if (json_object_array_length(array) != 1)
		failed("%zu mappings, expected 1", json_object_array_length(array));
	return json_object_array_get_idx(array, 0);
}

struct json_object *member(struct json_object *object, const char *path)
{
	char copy[128], *rest = copy, *key;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((key = strsep(&rest, ".")))
		if (!json_object_object_get_ex(object, key, &object))
			failed("no \"%s\" of \"%s\" in what lend explain tells", key, path);
	return object;
}

const char *text_of(struct json_object *object, const char *path)
{
	struct json_object *value = member(object, path);

	return value ? json_object_get_string(value) : "";
}

uint64_t number_of(struct json_object *object, const char *path)
{
	struct json_object *value = member(object, path);

	if (!json_object_is_type(value, json_type_int))
		failed("\"%s\" is no number", path);
	return json_object_get_uint64(value);
}

const char *flags_of(struct json_object *mapping)
{
	struct json_object *array = member(mapping, "flags");
	static char flags[256];
	size_t i;

	*flags = '\0';
	for (i = 0; i < json_object_array_length(array); i++) {
		struct json_object *flag = json_object_array_get_idx(array, i);

		strcat(strcat(flags, i ? " " : ""), text_of(flag, "flag"));
		check(strncmp(text_of(flag, "name"), "VM_", 3) == 0);
	}
	return flags;
}

const char *use_of(struct json_object *mapping, const char *use, const char *field)
{
	char path[96];

	snprintf(path, sizeof(path), "uses.%s.%s", use, field);
	return text_of(mapping, path);
}

void refused_with(int status, const char *arguments, const char *const *words)
{
	char command[1024], *text;
	int got;

	snprintf(command, sizeof(command), "lend explain %s 2>/dev/null", arguments);
	text = output_of(command, &got);
	if (got != status || *text)
		failed("lend explain %s: status %d, expected %d; prints \"%s\"", arguments, got, status,
		       text);
	free(text);

	snprintf(command, sizeof(command), "lend explain %s 2>&1", arguments);
	text = output_of(command, &got);
	if (strncmp(text, "lend explain: ", 14))
		failed("lend explain %s: \"%s\" does not begin with its name", arguments, text);
	for (; *words; words++)
		if (!strstr(text, *words))
			failed("lend explain %s: \"%s\" lacks \"%s\"", arguments, text, *words);
	free(text);
}
