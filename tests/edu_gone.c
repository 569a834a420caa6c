// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample's device taken away, its programs killed and its module unloaded, in the
 * middle of DMA: nobody loses more than the device, and everything is given back.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "device/device.h"

#define LENGTH 4000

/* Every buffer and every mapping of registers is a file of lend's, and holds it. */
static int users_of_lend(void)
{
	FILE *file = fopen("/sys/module/lend/refcnt", "re");
	int users;

	check(file && fscanf(file, "%d", &users) == 1);
	fclose(file);
	return users;
}

/* Fills the device's memory; DMA works, so this says that all is well, too. */
static void fill_device(uint64_t seed)
{
	int edu = open_device(0);
	char *mem = alloc_buffer(edu, 0, PAGE, NULL);

	fill_pattern(mem, PAGE, seed);
	move(edu, 0, 0, LENGTH, 0);
	munmap(mem, PAGE);
	close(edu);
}

static const char *node(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "/dev/edu-%s", slot());
	return path;
}

static bool has_node(void)
{
	return !access(node(), F_OK);
}

/* Two ways of losing the device, and of having it again; NULL stands for the slot. */
struct loss {
	const char *take, *take_what;
	const char *give, *give_what;
	int again;			/* errno of taking it twice */
};

static const struct loss removal = {
	"/sys/bus/pci/devices/%s/remove", "1", "/sys/bus/pci/rescan", "1", ENOENT,
};
static const struct loss unbinding = {
	"/sys/bus/pci/drivers/edu/unbind", NULL, "/sys/bus/pci/drivers/edu/bind", NULL, ENODEV,
};

static int write_to(const char *format, const char *text)
{
	char path[300];
	int fd, ret;

	snprintf(path, sizeof(path), format, slot());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = write(fd, text ?: slot(), strlen(text ?: slot()));
	close(fd);
	return ret < 0 ? -1 : 0;
}

/* The interrupt of the last DMA may come in between. */
static int read_until_gone(void *arg)
{
	uint32_t count;

	while (read(*(int *)arg, &count, sizeof(count)) == sizeof(count))
		;
	return errno == ENODEV ? 0 : 1;
}

static bool sleeps_in_read(pid_t pid)
{
	char path[64], text[64] = {};
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	return !strncmp(text, "0 ", 2);
}

/* The context is of no use any more, in whatever way. */
static void check_gone(int edu, int events, int lent, char *mem)
{
	struct pollfd pfd = { .fd = edu, .events = POLLIN };
	uint64_t told;
	uint32_t count;

	check(must(poll(&pfd, 1, 0)) == 1 && pfd.revents == (POLLERR | POLLHUP));
	check(must(read(events, &told, sizeof(told))) == sizeof(told));
	must_fail(read(edu, &count, sizeof(count)), ENODEV);
	must_fail(start_dma(edu, 0, 0, 8, 0, 0), ENODEV);
	must_fail(add_buffer(edu, 1, EDU_ALLOC, 0, NULL, PAGE, 0), ENODEV);
	must_fail(drop_buffer(edu, 0), ENODEV);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, edu, 0), ENODEV);
	check(touch(mem) == 128 + SIGBUS);
	must_fail(pread(lent, &count, 4, 0), ENODEV);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, lent, 0), ENODEV);
	check(get_info(lent).flags & LEND_INFO_REVOKED);
}

/* Mapped, waited for, and in the middle of a DMA that the driver or the program started. */
static void lose(const struct loss *loss, bool direct)
{
	int users = users_of_lend(), edu = open_device(0), lent;
	int events = must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	int own = make_empty(LEND_BACKING_CONTIG, 0);
	char *mem = alloc_buffer(edu, 0, 2 * PAGE, &lent), *mine;
	pid_t reader = spawn(read_until_gone, &edu);
	registers *regs = NULL;
	uint32_t count;

	must(setup(own, LEND_SETUP_DMA_BITS, 0, 28));
	must(ftruncate(own, PAGE));
	mine = map_buffer(own, PAGE);
	strcpy(mine, "not the driver's");
	must(add_buffer(edu, 7, EDU_FD, own, NULL, 0, 0));
	must(ioctl(edu, EDU_IOC_EVENTFD, &events));
	mem[0] = 1;
	wait_for(sleeps_in_read(reader));
	if (direct) {
		regs = map_registers(edu);
		do {
			start_here(regs, get_address(edu, 0, 0).address, LENGTH, true);
		} while (!(get(regs, EDU_DMA_COMMAND) & EDU_DMA_RUN));
	} else {
		check(must(start_dma(edu, 0, 0, LENGTH, 0, EDU_TO_MEMORY)) == LENGTH);
	}

	must(write_to(loss->take, loss->take_what));
	check(!has_node());
	must_fail(write_to(loss->take, loss->take_what), loss->again);
	check(reap(reader) == 0);
	check_gone(edu, events, lent, mem);
	if (direct)
		check(touch(regs) == 128 + SIGBUS);
	/* A program's own buffer is no longer the device's, and still the program's. */
	check(!strcmp(mine, "not the driver's"));

	must(write_to(loss->give, loss->give_what));
	wait_for(has_node());
	must_fail(read(edu, &count, sizeof(count)), ENODEV);
	fill_device(5);
	close(edu);
	close(lent);
	close(events);
	close(own);
	munmap(mem, 2 * PAGE);
	munmap(mine, PAGE);
	if (direct)
		munmap((void *)regs, EDU_REGISTERS_SIZE);
	wait_for(users_of_lend() == users);
}

static void removed_in_driver_dma(void **state)
{
	(void)state;
	lose(&removal, false);
}

static void removed_in_program_dma(void **state)
{
	(void)state;
	lose(&removal, true);
}

static void unbound_in_driver_dma(void **state)
{
	(void)state;
	lose(&unbinding, false);
}

static void unbound_in_program_dma(void **state)
{
	(void)state;
	lose(&unbinding, true);
}

/* While nobody has it open, too. */
static void removed_idle(void **state)
{
	(void)state;
	must(write_to(removal.take, removal.take_what));
	must_fail(write_to(removal.take, removal.take_what), removal.again);
	must(write_to(removal.give, removal.give_what));
	wait_for(has_node());
	fill_device(6);
}

struct victim {
	int sock;
	bool direct;
};

static int be_killed(void *arg)
{
	const struct victim *victim = arg;
	int edu = open_device(0), lent = must(add_buffer(edu, 0, EDU_ALLOC, 0, NULL, PAGE, 0));

	if (victim->direct)
		start_here(map_registers(edu), get_address(edu, 0, 0).address, LENGTH, true);
	else
		check(must(start_dma(edu, 0, 0, LENGTH, 0, EDU_TO_MEMORY)) == LENGTH);
	send_fd(victim->sock, lent);
	for (;;)
		pause();
}

/* The DMA has ended before the program's memory can go anywhere. */
static void kill_in_dma(bool direct, uint64_t seed)
{
	int users = users_of_lend(), pair[2], lent;
	struct victim victim = { .direct = direct };
	char *mem;
	pid_t pid;

	fill_device(seed);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	victim.sock = pair[1];
	pid = spawn(be_killed, &victim);
	lent = recv_fd(pair[0]);
	mem = map_buffer(lent, PAGE);
	must(kill(pid, SIGKILL));
	check(reap(pid) == 128 + SIGKILL);
	check(has_pattern(mem, LENGTH, seed));

	fill_device(seed + 1);
	check(has_pattern(mem, LENGTH, seed));
	munmap(mem, PAGE);
	close(lent);
	close(pair[0]);
	close(pair[1]);
	wait_for(users_of_lend() == users);
}

static void killed_in_driver_dma(void **state)
{
	(void)state;
	kill_in_dma(false, 1UL << 40);
}

static void killed_in_program_dma(void **state)
{
	(void)state;
	kill_in_dma(true, 2UL << 40);
}

#define UNBINDINGS	20
#define USES		10

/* Shared by who uses the device and who takes it away. */
static struct {
	atomic_bool over;
	atomic_uint whole;		/* uses from end to end */
} *place;

/* Gone, or the other's for the moment: that is an answer. */
static int no_use(void)
{
	check(errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == EBUSY);
	return 0;
}

static int use_once(void *arg)
{
	int edu, lent;
	registers *regs;
	char *mem;

	(void)arg;
	edu = open(node(), O_RDWR | O_CLOEXEC);
	if (edu < 0)
		return no_use();
	lent = add_buffer(edu, 0, EDU_ALLOC, 0, NULL, PAGE, 0);
	if (lent < 0)
		return no_use();
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, lent, 0);
	if (mem == MAP_FAILED)
		return no_use();
	mem[PAGE - 1] = 1;
	if (start_dma(edu, 0, 0, LENGTH, 0, EDU_TO_MEMORY) < 0)
		return no_use();
	regs = mmap(NULL, EDU_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, edu, 0);
	if (regs == MAP_FAILED)
		return no_use();
	get(regs, 0);
	check(mem[PAGE - 1] == 1);
	place->whole++;
	return 0;
}

/* Registers that are cut while they are used are SIGBUS. */
static int use_over_and_over(void *arg)
{
	while (!place->over) {
		int status = reap(spawn(use_once, arg));

		check(!status || status == 128 + SIGBUS);
	}
	return 0;
}

/* At whatever moment of opening, adding, mapping, touching, DMA and closing. */
static void unbound_in_use(void **state)
{
	int users = users_of_lend();
	pid_t pid[2];

	(void)state;
	place = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < 2; i++)
		pid[i] = spawn(use_over_and_over, NULL);
	for (int i = 0; i < UNBINDINGS || place->whole < USES; i++) {
		/* Who maps registers waits for a DMA: in the end there is time for a whole use. */
		usleep(i >= UNBINDINGS && i % 4 == 3 ? 300000 * slower() : i % 16 * 1000);
		for (int j = 0; j < 2; j++)
			check(!has_ended(pid[j]));
		must(write_to(unbinding.take, unbinding.take_what));
		check(!has_node());
		must(write_to(unbinding.give, unbinding.give_what));
		wait_for(has_node());
	}
	place->over = true;
	for (int i = 0; i < 2; i++)
		check(reap(pid[i]) == 0);
	printf("# used from end to end %u times\n", place->whole);
	munmap(place, PAGE);
	fill_device(8);
	wait_for(users_of_lend() == users);
}

static void unload_refused(void **state)
{
	int edu = open_device(0);
	char *mem = alloc_buffer(edu, 0, PAGE, NULL);
	registers *regs = map_registers(edu);

	(void)state;
	strcpy(mem, "still here");
	check(touch(regs) == 0);
	must_fail(syscall(SYS_delete_module, "edu", O_NONBLOCK), EAGAIN);
	check(touch(regs) == 0);
	/* The mappings hold lend, not its user. */
	close(edu);
	unload_module("edu");
	must_fail(syscall(SYS_delete_module, "lend", O_NONBLOCK), EAGAIN);
	check(!strcmp(mem, "still here"));
	check(touch(regs) == 128 + SIGBUS);
	load_module("edu");
	fill_device(7);
	check(!strcmp(mem, "still here"));
	check(touch(regs) == 128 + SIGBUS);
	munmap(mem, PAGE);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_in_driver_dma),
		cmocka_unit_test(removed_in_program_dma),
		cmocka_unit_test(unbound_in_driver_dma),
		cmocka_unit_test(unbound_in_program_dma),
		cmocka_unit_test(removed_idle),
		cmocka_unit_test(killed_in_driver_dma),
		cmocka_unit_test(killed_in_program_dma),
		cmocka_unit_test(unbound_in_use),
		cmocka_unit_test(unload_refused),
	};

	return cmocka_run_group_tests(tests, load_driver, unload_driver);
}
