// SPDX-License-Identifier: GPL-2.0-only
/* What lend explain says, as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "explain.h"
#include "uses.h"
#include "vmflags.h"

#define LINE_WIDTH	92

/* Words, wrapped; all lines but the first are indented. @column: where the first begins. */
static void wrap(int indent, int column, const char *text)
{
	while (*text) {
		int len = strcspn(text, " ");

		if (column > indent && column + 1 + len > LINE_WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", len, text);
		column += len;
		text += len + (text[len] == ' ');
	}
	putchar('\n');
}

static void item(const char *head, const char *text)
{
	int indent = 18;

	printf("    %-13s ", head);
	wrap(indent, indent, text);
}

struct unseen explain_unseen(const struct explanation *explanation)
{
	struct unseen unseen = { .processes = explanation->partial };
	size_t i;

	for (i = 0; i < explanation->count; i++) {
		const struct mapping *m = &explanation->list[i];

		if (explanation->imagined)
			continue;
		unseen.addresses |= m->phys.present && !m->phys.addresses;
		unseen.page_flags |= m->phys.present && !m->phys.flags;
		unseen.kind |= m->kind == KIND_LEND && !m->has_info;
	}
	return unseen;
}

static void print_unseen(const struct explanation *explanation)
{
	struct unseen unseen = explain_unseen(explanation);
	const char *comma = "";

	if (!unseen.addresses && !unseen.page_flags && !unseen.processes && !unseen.kind)
		return;
	printf("Root would also see:");
	if (unseen.kind)
		printf(" the kind of lend memory"), comma = ",";
	if (unseen.addresses)
		printf("%s physical runs", comma), comma = ",";
	if (unseen.page_flags)
		printf("%s flags of the pages", comma), comma = ",";
	if (unseen.processes)
		printf("%s processes of other users", comma);
	puts(".");
}

bool pinnable(const struct mapping *mapping, bool written)
{
	struct verdict verdict;

	use_judge(&uses[written ? 0 : 1], mapping, &verdict);
	return verdict.outcome == WORKS;
}

static void add_pinnable(struct table *table, const struct mapping *m)
{
	struct verdict verdict;

	use_judge(&uses[1], m, &verdict);
	if (pinnable(m, true))
		table_add(table, "yes");
	else if (pinnable(m, false))
		table_add(table, "to be read");
	else if (!verdict.flag)
		table_add(table, outcome_name(verdict.outcome));
	else
		table_addf(table, "no: %s%s", verdict.flag_set ? "" : "not ", verdict.flag);
}

void explain_print_table(const struct explanation *explanation)
{
	static const char *const header[] = {
		"ADDRESS", "SIZE", "RESIDENT", "HUGE", "PERMS", "PINNABLE", "WHAT",
	};
	struct table table = { .align = "rrrrlll" };
	const struct mapping *m;
	size_t i;

	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		table_add(&table, header[i]);
	for (m = explanation->list; m < explanation->list + explanation->count; m++) {
		table_addf(&table, "0x%llx", (unsigned long long)m->vma.start);
		table_add(&table, human(vma_size(&m->vma)));
		table_add(&table, human(m->vma.resident));
		table_addf(&table, "%u %%", percent(m->vma.huge, m->vma.resident));
		table_add(&table, m->vma.perms);
		add_pinnable(&table, m);
		table_addf(&table, "%s%s%s%s%s", kind_name(m->kind),
			   m->has_info ? " " : *m->fs && m->kind != KIND_LEND ? " on " : "",
			   m->has_info ? lend_backing_name(m->info.backing) :
			   m->kind != KIND_LEND ? m->fs : "", *m->vma.name ? ": " : "", m->vma.name);
	}
	printf("%d (%s)\n", explanation->process->pid, explanation->process->command);
	table_print_free(&table);
	print_unseen(explanation);
}

static void print_memory(const struct mapping *m)
{
	const struct vma *vma = &m->vma;

	fact("size", "%s, %s of it resident, %u %% of that by huge entries", human(vma_size(vma)),
	     human(vma->resident), percent(vma->huge, vma->resident));
	if (vma->anonymous && vma_has_file(vma))
		fact("copies", "%s written by this process alone", human(vma->anonymous));
	if (vma->swapped)
		fact("swapped", "%s", human(vma->swapped));
	if (vma->locked)
		fact("locked", "%s", human(vma->locked));
}

static void print_pages(const struct phys *phys)
{
	size_t i;

	if (!phys->present)
		return;
	fact("pages", "%s present, %s only here, %s of files or shared", human(phys->present),
	     human(phys->exclusive), human(phys->file));
	if (phys->addresses)
		fact("physical", "%llu runs, the longest %s", (unsigned long long)phys->runs,
		     human(phys->longest));
	if (!phys->addresses || !phys->flags)
		return;
	fact("mapped", "by at most %llu entries a page", (unsigned long long)phys->mapped_max);
	for (i = 0; i < PAGE_FLAGS; i++)
		if (phys->with[i])
			fact("", "%s %s: %s", human(phys->with[i]), page_flags[i].key,
			     page_flags[i].meaning);
}

static void print_flags(const struct vma *vma)
{
	const struct vmflag *flag;
	const char *at;
	char head[32];

	puts("  flags");
	for (at = vma->flags; *at; at += at[2] ? 3 : 2) {
		flag = vmflag_find(at);
		printf("    %.2s  ", at);
		snprintf(head, sizeof(head), "%s", flag->name);
		printf("%-16s ", head);
		wrap(25, 25, flag->meaning);
	}
}

static bool same(const struct verdict *a, const struct verdict *b)
{
	return a->outcome == b->outcome && a->err == b->err && !strcmp(a->why, b->why) &&
	       (a->instead == b->instead ||
		(a->instead && b->instead && !strcmp(a->instead, b->instead)));
}

/* Uses that share a verdict share a paragraph. */
static void print_uses(const struct mapping *m)
{
	struct verdict verdicts[use_count];
	bool said[use_count];
	size_t i, j;
	char *text;
	size_t len;
	FILE *out;

	for (i = 0; i < use_count; i++) {
		use_judge(&uses[i], m, &verdicts[i]);
		said[i] = false;
	}
	puts("  uses");
	for (i = 0; i < use_count; i++) {
		const struct verdict *v = &verdicts[i];

		if (said[i])
			continue;
		out = open_memstream(&text, &len);
		if (!out)
			exit(error("out of memory"));
		for (j = i; j < use_count; j++) {
			if (said[j] || !same(v, &verdicts[j]))
				continue;
			said[j] = true;
			fprintf(out, "%s%s", j > i ? "; " : "", uses[j].title);
		}
		if (*v->why)
			fprintf(out, ": %s%s%s", v->err ? strerrorname_np(v->err) : "",
				v->err ? ", " : "", v->why);
		if (v->flag)
			fprintf(out, " (%s is %s)", v->flag, v->flag_set ? "set" : "missing");
		if (v->instead)
			fprintf(out, ". Instead: %s", v->instead);
		fclose(out);
		item(outcome_name(v->outcome), text);
		free(text);
	}
}

static const char *yes(const struct mapping *m, const char *flag)
{
	return vma_has(&m->vma, flag) ? "set" : "not set";
}

char *term_here(const struct mapping *m, size_t term)
{
	const struct phys *phys = &m->phys;
	const char *key = term == TERM_PG_RESERVED ? "reserved" : "locked";
	char *text = NULL;
	int len = 0;
	size_t i;

	switch (term) {
	case TERM_VM_RESERVED:
		len = asprintf(&text, "de is %s, dd is %s here", yes(m, "de"), yes(m, "dd"));
		break;
	case TERM_VM_LOCKED:
		len = asprintf(&text, "lo is %s here", yes(m, "lo"));
		break;
	case TERM_VM_IO:
		len = asprintf(&text, "io is %s here", yes(m, "io"));
		break;
	default:
		if (!phys->addresses || !phys->flags) {
			len = asprintf(&text, "not known of the pages here");
			break;
		}
		for (i = 0; strcmp(page_flags[i].key, key); i++)
			;
		len = asprintf(&text, "%s of %s here", human(phys->with[i]), human(phys->present));
	}
	if (len < 0)
		exit(error("out of memory"));
	return text;
}

static void print_terms(const struct mapping *m)
{
	char *text, *here;
	size_t i;

	puts("  old names");
	for (i = 0; i < TERMS; i++) {
		here = term_here(m, i);
		if (asprintf(&text, "%s. Today: %s", here, terms[i].now) < 0)
			exit(error("out of memory"));
		item(terms[i].name, text);
		free(text);
		free(here);
	}
}

static void print_mapping(const struct mapping *m)
{
	const struct process *process = m->process;
	char *what = mapping_what(m);

	if (process->pid)
		printf("%d (%s) 0x%llx-0x%llx %s%s%s\n", process->pid, process->command,
		       (unsigned long long)m->vma.start, (unsigned long long)m->vma.end,
		       m->vma.perms, *m->vma.name ? " " : "", m->vma.name);
	else
		printf("%s, if it is mapped\n", m->vma.name);
	fact("what", "%s", what);
	free(what);
	if (vma_has_file(&m->vma))
		fact("offset", "%llu in the file", (unsigned long long)m->vma.offset);
	if (process->pid) {
		print_memory(m);
		print_pages(&m->phys);
	} else {
		fact("size", "%s", human(vma_size(&m->vma)));
	}
	print_flags(&m->vma);
	print_terms(m);
	print_uses(m);
}

static void print_buffer(const struct explanation *explanation)
{
	const struct lend_info *info = &explanation->info;
	uint32_t why;

	puts(explanation->file);
	if (!info->memory) {
		fact("memory", "none yet, so nothing can be mapped: \"truncate -s SIZE\" makes it %s",
		     lend_backing_name(info->backing));
		return;
	}
	fact("memory", "%s, %s, mapped by %s", lend_backing_name(info->backing),
	     human(info->memory), lend_map_name(info->map));
	fact("runs", "%llu, the longest %s", (unsigned long long)info->runs, human(info->longest));
	fact("2 MiB folios", "%s, %u %%", human(info->huge), percent(info->huge, info->memory));
	for (why = info->why; why; why &= why - 1) {
		fputs("  ", stdout);
		wrap(2, 2, lend_why(why));
	}
}

void explain_print_full(const struct explanation *explanation)
{
	size_t i;

	if (explanation->has_info)
		print_buffer(explanation);
	if (explanation->imagined)
		puts("  Nobody maps it.");
	for (i = 0; i < explanation->count; i++) {
		if (i || explanation->has_info)
			putchar('\n');
		print_mapping(&explanation->list[i]);
	}
	print_unseen(explanation);
}
