// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module goes and comes back, over and over, while others mount it, open its heap and
 * use what they get: it goes only when nobody has anything of it.
 */
#include <linux/dma-heap.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "kernel.h"

#define MODPROBE	"/proc/sys/kernel/modprobe"
#define MOUNT		"/run/lend-test.unload"
#define SIZE		(HUGE + PAGE)
#define LOADS		100
#define USES		20

/* Shared by all. */
static struct {
	atomic_bool over;
	atomic_uint heap, mount;	/* how often each was there and was used */
} *place;

/* It is not there, or just going. */
static void is_away(void)
{
	check(errno == ENOENT || errno == ENODEV || errno == ENXIO);
}

static void use(int fd, uint64_t seed)
{
	char *mem = map_buffer(fd, SIZE);

	close(fd);
	fill_pattern(mem, SIZE, seed);
	check(has_pattern(mem, SIZE, seed));
	must(munmap(mem, SIZE));
}

static void use_heap(void)
{
	struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open("/dev/dma_heap/lend", O_RDWR | O_CLOEXEC);

	if (heap < 0)
		return is_away();
	must(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	close(heap);
	use(data.fd, 1);
	place->heap++;
}

static void use_mount(void)
{
	int fd;

	if (mount("lend", MOUNT, "lend", 0, NULL))
		return is_away();
	fd = must(open(MOUNT, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	must(ftruncate(fd, SIZE));
	use(fd, 2);
	wait_for(!umount(MOUNT));
	place->mount++;
}

/* With pauses, or it would never go. */
static int over_and_over(void *what)
{
	void (*once)(void) = what;
	unsigned int seed = getpid();

	while (!place->over) {
		once();
		usleep(rand_r(&seed) % 10000);
	}
	return 0;
}

static bool is_gone(unsigned int *refused)
{
	if (!syscall(SYS_delete_module, "lend", O_NONBLOCK))
		return true;
	check(errno == EWOULDBLOCK);
	++*refused;
	return false;
}

static void beside_users(void **state)
{
	unsigned int loads = 0, refused = 0;
	pid_t users[2];

	(void)state;
	users[0] = spawn(over_and_over, use_heap);
	users[1] = spawn(over_and_over, use_mount);
	while (loads < LOADS || refused < USES || place->heap < USES || place->mount < USES) {
		load_module("lend");
		loads++;
		usleep(loads % 8 * 1000);
		wait_for(is_gone(&refused));
		for (int i = 0; i < 2; i++)
			check(!has_ended(users[i]));
	}
	place->over = true;
	check(reap(users[0]) == 0);
	check(reap(users[1]) == 0);
	printf("# gone %u times, %u times not; heap used %u times, mount %u times\n", loads,
	       refused, place->heap, place->mount);
}

static char modprobe[256];

/* Whoever mounts what is not there waits for no program that would load it. */
static int set_up(void **state)
{
	FILE *file = fopen(MODPROBE, "re");

	(void)state;
	check(file && fgets(modprobe, sizeof(modprobe), file));
	fclose(file);
	write_text(MODPROBE, "\n");
	place = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(mkdir(MOUNT, 0700));
	unload_lend();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place->over = true;
	umount(MOUNT);		/* of a test that failed */
	must(rmdir(MOUNT));
	load_lend();
	write_text(MODPROBE, modprobe);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beside_users),
	};

	return cmocka_run_group_tests_name("unload", tests, set_up, tear_down);
}
