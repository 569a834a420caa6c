// SPDX-License-Identifier: GPL-2.0-only
/* What lend explain says, as JSON: the keys are documented in lend(1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "explain.h"
#include "json.h"
#include "uses.h"
#include "vmflags.h"

static void add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text && *text ? json_object_new_string(text) : NULL);
}

static struct json_object *json_flag(const char *code)
{
	const struct vmflag *flag = vmflag_find(code);
	struct json_object *object = json_object_new_object();
	char two[3];

	snprintf(two, sizeof(two), "%.2s", code);
	json_add_string(object, "flag", two);
	json_add_string(object, "name", flag->name);
	json_add_string(object, "meaning", flag->meaning);
	return object;
}

static struct json_object *json_flags(const struct vma *vma)
{
	struct json_object *array = json_object_new_array();
	const char *at;

	for (at = vma->flags; *at; at += at[2] ? 3 : 2)
		json_object_array_add(array, json_flag(at));
	return array;
}

static struct json_object *json_term(size_t term)
{
	struct json_object *object = json_object_new_object();

	json_add_string(object, "name", terms[term].name);
	json_add_string(object, "then", terms[term].then);
	json_add_string(object, "now", terms[term].now);
	return object;
}

static struct json_object *json_terms(const struct mapping *m)
{
	struct json_object *array = json_object_new_array(), *object;
	char *here;
	size_t i;

	for (i = 0; i < TERMS; i++) {
		object = json_term(i);
		if (m) {
			here = term_here(m, i);
			json_add_string(object, "here", here);
			free(here);
		}
		json_object_array_add(array, object);
	}
	return array;
}

/* What is not known is null. */
static struct json_object *json_pages(const struct phys *phys)
{
	struct json_object *object, *flags;
	size_t i;

	if (!phys->pagemap)
		return NULL;
	object = json_object_new_object();
	json_add_u64(object, "scanned", phys->scanned);
	json_add_u64(object, "present", phys->present);
	json_add_u64(object, "swapped", phys->swapped);
	json_add_u64(object, "file", phys->file);
	json_add_u64(object, "exclusive", phys->exclusive);
	json_object_object_add(object, "runs", phys->addresses ?
			       json_object_new_uint64(phys->runs) : NULL);
	json_object_object_add(object, "longest_run", phys->addresses ?
			       json_object_new_uint64(phys->longest) : NULL);
	if (!phys->addresses || !phys->flags) {
		json_object_object_add(object, "mapped_max", NULL);
		json_object_object_add(object, "flags", NULL);
		return object;
	}
	json_add_u64(object, "mapped_max", phys->mapped_max);
	flags = json_object_new_object();
	for (i = 0; i < PAGE_FLAGS; i++)
		json_add_u64(flags, page_flags[i].key, phys->with[i]);
	json_object_object_add(object, "flags", flags);
	return object;
}

static struct json_object *json_uses(const struct mapping *m)
{
	struct json_object *object = json_object_new_object(), *use;
	struct verdict v;
	size_t i;

	for (i = 0; i < use_count; i++) {
		use_judge(&uses[i], m, &v);
		use = json_object_new_object();
		json_add_string(use, "title", uses[i].title);
		json_add_string(use, "verdict", outcome_name(v.outcome));
		add_text(use, "errno", v.err ? strerrorname_np(v.err) : NULL);
		add_text(use, "flag", v.flag);
		json_object_object_add(use, "flag_set",
				       v.flag ? json_object_new_boolean(v.flag_set) : NULL);
		add_text(use, "why", v.why);
		add_text(use, "instead", v.instead);
		json_object_object_add(object, uses[i].key, use);
	}
	return object;
}

static struct json_object *json_mapping(const struct mapping *m)
{
	struct json_object *object = json_object_new_object();
	const struct vma *vma = &m->vma;
	char *what = mapping_what(m);

	json_object_object_add(object, "pid", m->process->pid ?
			       json_object_new_int(m->process->pid) : NULL);
	add_text(object, "command", m->process->command);
	json_add_address(object, "start", vma->start);
	json_add_address(object, "end", vma->end);
	json_add_u64(object, "size", vma_size(vma));
	json_add_u64(object, "offset", vma->offset);
	json_add_string(object, "perms", vma->perms);
	add_text(object, "name", vma->name);
	json_add_string(object, "kind", kind_name(m->kind));
	json_add_string(object, "what", what);
	free(what);
	add_text(object, "file_system", m->fs);
	add_text(object, "backing", m->has_info ? lend_backing_name(m->info.backing) : NULL);
	add_text(object, "map", m->has_info ? lend_map_name(m->info.map) : NULL);
	json_add_u64(object, "resident", vma->resident);
	json_add_u64(object, "huge", vma->huge);
	json_add_u64(object, "anonymous", vma->anonymous);
	json_add_u64(object, "swapped", vma->swapped);
	json_add_u64(object, "locked", vma->locked);
	json_add_u64(object, "page_size", vma->page_size);
	json_add_bool(object, "pinnable_to_read", pinnable(m, false));
	json_add_bool(object, "pinnable_to_write", pinnable(m, true));
	json_object_object_add(object, "flags", json_flags(vma));
	json_object_object_add(object, "terms", json_terms(m));
	json_object_object_add(object, "pages", json_pages(&m->phys));
	json_object_object_add(object, "uses", json_uses(m));
	return object;
}

static struct json_object *json_unseen(const struct explanation *explanation)
{
	struct unseen unseen = explain_unseen(explanation);
	struct json_object *array = json_object_new_array();

	if (unseen.kind)
		json_object_array_add(array, json_object_new_string("kind"));
	if (unseen.addresses)
		json_object_array_add(array, json_object_new_string("physical runs"));
	if (unseen.page_flags)
		json_object_array_add(array, json_object_new_string("page flags"));
	if (unseen.processes)
		json_object_array_add(array, json_object_new_string("processes"));
	return array;
}

void explain_print_json(const struct explanation *explanation)
{
	struct json_object *object = json_object_new_object(), *array;
	size_t i;

	json_add_string(object, "kernel", kernel_release());
	json_object_object_add(object, "pid", explanation->process ?
			       json_object_new_int(explanation->process->pid) : NULL);
	add_text(object, "command", explanation->process ? explanation->process->command : NULL);
	add_text(object, "file", explanation->file);
	json_object_object_add(object, "buffer", explanation->has_info ?
			       json_buffer(explanation->file, &explanation->info) : NULL);
	array = json_object_new_array();
	for (i = 0; i < explanation->count && !explanation->imagined; i++)
		json_object_array_add(array, json_mapping(&explanation->list[i]));
	json_object_object_add(object, "mappings", array);
	json_object_object_add(object, "if_mapped", explanation->imagined && explanation->count ?
			       json_mapping(explanation->list) : NULL);
	json_object_object_add(object, "unseen", json_unseen(explanation));
	json_print_put(object);
}

static void print_terms_json(void)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < vmflag_count; i++)
		json_object_array_add(array, json_flag(vmflags[i].code));
	json_object_object_add(object, "flags", array);
	json_object_object_add(object, "terms", json_terms(NULL));
	json_print_put(object);
}

void explain_print_terms(bool json)
{
	size_t i;

	if (json) {
		print_terms_json();
		return;
	}
	puts("Flags of mappings, in VmFlags of /proc/PID/smaps:");
	for (i = 0; i < vmflag_count; i++)
		printf("  %s  %-16s %s\n", vmflags[i].code, vmflags[i].name, vmflags[i].meaning);
	puts("\nWhat became of old names:");
	for (i = 0; i < TERMS; i++)
		printf("  %s\n    then:  %s.\n    today: %s.\n", terms[i].name, terms[i].then,
		       terms[i].now);
}
