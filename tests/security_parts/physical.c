// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <sys/socket.h>

#include "../common/dmabuf.h"
#include "../common/kernel.h"
#include "security.h"

/* What a user without privileges has: two descriptors. And where the memory is. */
struct secret {
	int sock;
	uint64_t phys;
};

/* Does a text have this number as a word, in whatever base? */
static bool tells(const char *path, uint64_t number)
{
	FILE *file = fopen(path, "re");
	char word[64];
	size_t length = 0;
	bool found = false;
	int c;

	check(file);
	do {
		c = getc(file);
		if (c != EOF && isxdigit(c)) {
			word[length] = (char)c;
			length += length < sizeof(word) - 1;
			continue;
		}
		word[length] = 0;
		if (length && (strtoul(word, NULL, 16) == number ||
			       strtoul(word, NULL, 10) == number))
			found = true;
		length = 0;
	} while (c != EOF);
	fclose(file);
	return found;
}

static bool holds(const void *bytes, size_t size, uint64_t number)
{
	for (size_t at = 0; at + sizeof(number) <= size; at += 4)
		if (!memcmp((const char *)bytes + at, &number, sizeof(number)))
			return true;
	return false;
}

static int look_everywhere(void *arg)
{
	static const char *const texts[] = {
		"/proc/self/maps", "/proc/self/smaps", "/proc/self/mountinfo",
	};
	const struct secret *s = arg;
	struct lend_phys_run run = { .phys = 1 };
	struct lend_runs runs = { .size = sizeof(runs), .runs = (uintptr_t)&run, .count = 1 };
	struct lend_info info;
	char path[64], *mem;
	int fds[2];

	become_user(NOBODY);
	fds[0] = recv_fd(s->sock);
	fds[1] = recv_fd(s->sock);
	must_fail(ioctl(fds[0], LEND_IOC_RUNS, &runs), EPERM);
	check(run.phys == 1 && runs.count == 1 && !runs.offset);
	info = get_info(fds[0]);
	check(!holds(&info, sizeof(info), s->phys) && !holds(&info, sizeof(info), s->phys / PAGE));

	mem = map_buffer(fds[0], SIZE);
	mem[0] = 1;
	check(pagemap_entry(mem) >> 63 && !(pagemap_entry(mem) & ((1ULL << 55) - 1)));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (tells(texts[i], s->phys))
			failed("%s tells %#lx", texts[i], s->phys);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fds[i]);
		if (tells(path, s->phys))
			failed("%s tells %#lx", path, s->phys);
	}
	return 0;
}

/* Who may ask gets it; nobody else, by whatever there is to be read; nor the kernel's log. */
void no_physical_address(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_buffer(SIZE, backings[b], 0), dmabuf = make_dmabuf(fd), socks[2];
		struct lend_phys_run *runs;
		struct secret secret;
		size_t nr;
		pid_t pid;

		runs = get_runs(fd, &nr);
		secret.phys = runs[0].phys;
		free(runs);
		check(secret.phys);
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
		secret.sock = socks[1];
		pid = spawn(look_everywhere, &secret);
		send_fd(socks[0], fd);
		send_fd(socks[0], dmabuf);
		assert_int_equal(reap(pid), 0);
		must(shell("dmesg >/tmp/lend-test.log"));
		assert_false(tells("/tmp/lend-test.log", secret.phys));
		must(unlink("/tmp/lend-test.log"));
		close(socks[0]);
		close(socks[1]);
		close(dmabuf);
		wait_for(!get_info(fd).exports);
		close(fd);
	}
}
