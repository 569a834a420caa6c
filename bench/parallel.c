// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one process gets done a second, and what all processors together do, each with a
 * process and buffers of its own: locks that they share keep the one from being a
 * multiple of the other.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

#define MAX_PROCESSES	64
#define LASTS		300000000ULL

enum { CREATE_1, CREATE_ALL, CREATE_GAIN, MAP_1, MAP_ALL, MAP_GAIN };

static const struct column columns[] = {
	[CREATE_1] = { "create, 1", "MiB/s" }, [CREATE_ALL] = { "create, all", "MiB/s" },
	[CREATE_GAIN] = { "create gain", "times" },
	[MAP_1] = { "map, 1", "MiB/s" }, [MAP_ALL] = { "map, all", "MiB/s" },
	[MAP_GAIN] = { "map gain", "times" },
};

/* Seen by all processes. */
struct race {
	atomic_int ready;
	atomic_bool go;
	double mib[MAX_PROCESSES];
	char why[sizeof(((struct area *)0)->why)];
};

/* Creates and destroys. */
static int create(struct area *area)
{
	if (area_get(area))
		return -1;
	/* What comes on first touch is not there before. */
	if (area->of->anonymous) {
		if (area_map(area, 0))
			return -1;
		area_touch(area);
		area_unmap(area);
	}
	area_put(area);
	return 0;
}

/* Maps what is there, writes to each page, unmaps. */
static int map(struct area *area)
{
	if (area_map(area, 0))
		return -1;
	area_touch(area);
	area_unmap(area);
	return 0;
}

/* On one processor; MiB a second. */
static int runner(struct race *race, int nr, struct area area, int (*round)(struct area *))
{
	cpu_set_t cpus;
	uint64_t start, end;
	size_t done = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&cpus);
	CPU_SET(nr, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (round == map && area_get(&area))
		goto failed;
	/* One that is not measured. */
	if (round(&area))
		goto failed;
	atomic_fetch_add(&race->ready, 1);
	while (!atomic_load(&race->go))
		sched_yield();
	start = now();
	do {
		if (round(&area))
			goto failed;
		done++;
		end = now();
	} while (end - start < LASTS);
	race->mib[nr] = 1e9 * done * area.size / MiB / (end - start);
	return 0;
failed:
	strcpy(race->why, area.why);
	return 1;
}

/* What @nr processes do together; NAN: one of them could not. */
static double run(struct area *area, int nr, int (*round)(struct area *))
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[MAX_PROCESSES];
	double sum = 0;
	int status, failed = 0;

	if (race == MAP_FAILED)
		die("mmap");
	fflush(stdout);
	for (int i = 0; i < nr; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i])
			_exit(runner(race, i, *area, round));
	}
	/* Those that failed are never ready. */
	while (atomic_load(&race->ready) < nr && !race->why[0])
		usleep(1000);
	atomic_store(&race->go, true);
	for (int i = 0; i < nr; i++) {
		waitpid(pids[i], &status, 0);
		failed |= status;
		sum += race->mib[i];
	}
	if (failed)
		area_fail(area, "%d at once: %s", nr, race->why);
	munmap(race, sizeof(*race));
	return failed ? NAN : sum;
}

static void measure(struct area *area, int cpus, struct figures *f)
{
	f->of[CREATE_1] = run(area, 1, create);
	f->of[CREATE_ALL] = run(area, cpus, create);
	f->of[CREATE_GAIN] = f->of[CREATE_ALL] / f->of[CREATE_1];
	f->of[MAP_1] = NAN;
	f->of[MAP_ALL] = NAN;
	f->of[MAP_GAIN] = NAN;
	if (area->of->anonymous)
		return;
	f->of[MAP_1] = run(area, 1, map);
	f->of[MAP_ALL] = run(area, cpus, map);
	f->of[MAP_GAIN] = f->of[MAP_ALL] / f->of[MAP_1];
}

static void bench(struct report *r, const struct options *o, int cpus, const struct memory *m,
		  size_t size)
{
	struct figures runs[MAX_RUNS];
	struct area area;

	/* It is refilled behind who takes from it, sooner or later. */
	if (m->ops == &reserve_ops) {
		report_left_out(r, m->name, size, "there is no telling how much is left of it");
		return;
	}
	/* Memory set up for all at once. */
	if (memory_up(&area, m, cpus * size)) {
		report_left_out(r, m->name, size, area.why);
		return;
	}
	area.size = size;
	for (unsigned int i = 0; i < o->runs && !area.why[0]; i++)
		measure(&area, cpus, &runs[i]);
	if (area.why[0])
		report_left_out(r, m->name, size, area.why);
	else
		report_row(r, m->name, size, runs, o->runs);
	memory_down(m);
}

int main(int argc, char **argv)
{
	const int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "What one process and one on each processor get done at the same time: create\n"
		      "and destroy, and map, write to each page, unmap. Of anonymous memory, create is\n"
		      "all of that.", "64K,4M");
	r = report_begin(&o, "By one processor and by all of them", columns, ARRAY_SIZE(columns));
	if (cpus < 2)
		report_left_out(r, "all", 0, "this machine has one processor only");
	for (size_t i = 0; i < o.nr_sizes && cpus > 1; i++)
		for (const struct memory *m = all_memories(o.path); m->name; m++)
			if (wanted(&o, m))
				bench(r, &o, cpus < MAX_PROCESSES ? cpus : MAX_PROCESSES, m,
				      o.sizes[i]);
	return report_end(r);
}
