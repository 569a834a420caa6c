// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "execute.h"
#include "fuzz.h"

void corpus_add(struct corpus *corpus, const struct sequence *seq, const char *name)
{
	if (corpus->nr == corpus->room) {
		corpus->room = corpus->room ? 2 * corpus->room : 64;
		corpus->seq = reallocarray(corpus->seq, corpus->room, sizeof(*corpus->seq));
		corpus->name = reallocarray(corpus->name, corpus->room, sizeof(*corpus->name));
		if (!corpus->seq || !corpus->name)
			abort();
	}
	corpus->seq[corpus->nr] = *seq;
	corpus->name[corpus->nr++] = strdup(name);
}

void corpus_free(struct corpus *corpus)
{
	for (unsigned int i = 0; i < corpus->nr; i++)
		free(corpus->name[i]);
	free(corpus->name);
	free(corpus->seq);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int corpus_load(struct corpus *corpus, const char *dir)
{
	struct dirent **entries;
	int nr = scandir(dir, &entries, is_visible, alphasort), err = 0;

	if (nr < 0) {
		fprintf(stderr, "lend-fuzz: %s cannot be listed: %s\n", dir, strerror(errno));
		return -1;
	}
	for (int i = 0; i < nr; i++) {
		struct sequence seq;
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (!err)
			err = read_sequence(path, &seq);
		if (!err)
			corpus_add(corpus, &seq, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* The shortest first: what they reach the longer ones need not. */
static const struct corpus *sorted;

static int by_length(const void *a, const void *b)
{
	const unsigned int *one = a, *other = b;

	return (int)sorted->seq[*one].nr - (int)sorted->seq[*other].nr;
}

int corpus_reduce(struct corpus *corpus, const char *to)
{
	unsigned int *order = calloc(corpus->nr + 1, sizeof(*order)), kept = 0;
	int err = 0;

	if (!order)
		abort();
	for (unsigned int i = 0; i < corpus->nr; i++)
		order[i] = i;
	sorted = corpus;
	qsort(order, corpus->nr, sizeof(*order), by_length);
	cover_forget();
	for (unsigned int i = 0; i < corpus->nr && !err; i++) {
		const struct sequence *seq = &corpus->seq[order[i]];
		struct verdict verdict;
		char path[4096];

		execute(seq, &verdict);
		if (verdict.wrong)
			fprintf(stderr, "lend-fuzz: %s: %s\n", corpus->name[order[i]], verdict.text);
		if (!cover_end() || verdict.wrong)
			continue;
		snprintf(path, sizeof(path), "%s/%s", to, corpus->name[order[i]]);
		err = write_sequence(path, seq, NULL);
		kept++;
	}
	printf("%u of %u sequences reach all %u places\n", kept, corpus->nr, cover_total());
	free(order);
	return err;
}
