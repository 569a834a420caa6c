// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common.h"

/* A machine that goes down takes what was not written yet along. */
__attribute__((constructor)) static void write_by_the_line(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

const uint32_t backings[4] = {
	LEND_BACKING_FOLIOS, LEND_BACKING_PAGES, LEND_BACKING_CONTIG, LEND_BACKING_VMALLOC,
};

const uint32_t maps[3] = { LEND_MAP_FAULT, LEND_MAP_INSERT, LEND_MAP_PFN };

const char *backing_name(uint32_t backing)
{
	static const char *const names[] = { "default", "folios", "pages", "contig", "vmalloc" };

	return names[backing];
}

const char *map_name(uint32_t map)
{
	static const char *const names[] = { "default", "auto", "fault", "insert", "pfn" };

	return names[map];
}

static bool in_child;

void failed(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (in_child) {
		fprintf(stderr, "# in a child: %s\n", text);
		_exit(99);
	}
	fail_msg("%s", text);
	abort();
}

void set_kind(int fd, uint32_t backing, uint32_t map)
{
	struct lend_setup setup = {
		.size = sizeof(setup),
		.flags = (backing ? LEND_SETUP_BACKING : 0) | (map ? LEND_SETUP_MAP : 0),
		.backing = backing,
		.map = map,
	};

	must(ioctl(fd, LEND_IOC_SETUP, &setup));
}

int make_empty(uint32_t backing, uint32_t map)
{
	int fd = must(open(DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	set_kind(fd, backing, map);
	return fd;
}

int make_buffer(size_t size, uint32_t backing, uint32_t map)
{
	int fd = make_empty(backing, map);

	must(ftruncate(fd, size));
	return fd;
}

struct lend_info get_info(int fd)
{
	struct lend_info info = { .size = sizeof(info) };

	must(ioctl(fd, LEND_IOC_INFO, &info));
	return info;
}

void *map_buffer(int fd, size_t size)
{
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
}

void *map_far(int fd, size_t size)
{
	return must(mmap((void *)(16UL << 40), size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0));
}

void fault_in(void *mem, size_t size)
{
	must(mlock(mem, size));
	must(munlock(mem, size));
}

void fill_pattern(void *mem, size_t size, uint64_t seed)
{
	uint64_t *word = mem;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = seed + i;
}

bool has_pattern(const void *mem, size_t size, uint64_t seed)
{
	const uint64_t *word = mem;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		if (word[i] != seed + i)
			return false;
	return true;
}

/* Calls for each line of the smaps entry that holds @addr, until @line says true. */
static bool smaps_walk(const void *addr, bool (*line)(const char *text, void *arg), void *arg)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	bool inside = false, found = false;
	char text[512];

	check(file);
	while (!found && fgets(text, sizeof(text), file)) {
		uintptr_t start, end;

		if (sscanf(text, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)addr >= start && (uintptr_t)addr < end;
		else if (inside)
			found = line(text, arg);
	}
	fclose(file);
	return found;
}

struct field {
	const char *name;
	size_t kib;
};

static bool is_field(const char *text, void *arg)
{
	struct field *field = arg;
	size_t len = strlen(field->name);

	if (strncmp(text, field->name, len) || text[len] != ':')
		return false;
	field->kib = strtoul(text + len + 1, NULL, 10);
	return true;
}

size_t smaps_bytes(const void *addr, const char *name)
{
	struct field field = { .name = name };

	if (!smaps_walk(addr, is_field, &field))
		failed("no %s for %p in smaps", name, addr);
	return field.kib * KiB;
}

static char vmflags[256];

static bool is_flags(const char *text, void *arg)
{
	(void)arg;
	if (strncmp(text, "VmFlags:", 8))
		return false;
	snprintf(vmflags, sizeof(vmflags), "%s", text + 8);
	vmflags[strcspn(vmflags, "\n")] = 0;
	return true;
}

const char *smaps_flags(const void *addr)
{
	if (!smaps_walk(addr, is_flags, NULL))
		failed("no VmFlags for %p in smaps", addr);
	return vmflags;
}

uint64_t pagemap_entry(const void *addr)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	uint64_t entry;

	check(must(pread(fd, &entry, 8, (uintptr_t)addr / PAGE * 8)) == 8);
	close(fd);
	return entry;
}

uint64_t physical(const void *addr)
{
	uint64_t entry = pagemap_entry(addr);

	if (!(entry >> 63 & 1))
		failed("%p is not present", addr);
	return (entry & ((1ULL << 55) - 1)) * PAGE + (uintptr_t)addr % PAGE;
}

long minor_faults(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_THREAD, &usage));
	return usage.ru_minflt;
}

static struct statfs mount_statfs(void)
{
	struct statfs st;

	must(statfs(DIR, &st));
	return st;
}

uint64_t used_bytes(void)
{
	struct statfs st = mount_statfs();

	return (st.f_blocks - st.f_bfree) * st.f_bsize;
}

uint64_t used_inodes(void)
{
	struct statfs st = mount_statfs();

	return st.f_files - st.f_ffree;
}

size_t meminfo(const char *name)
{
	struct field field = { .name = name };
	FILE *file = fopen("/proc/meminfo", "re");
	bool found = false;
	char text[256];

	check(file);
	while (!found && fgets(text, sizeof(text), file))
		found = is_field(text, &field);
	fclose(file);
	if (!found)
		failed("no %s in meminfo", name);
	return field.kib * KiB;
}

int slower(void)
{
	const char *times = getenv("LEND_SLOWER");

	return times ? atoi(times) : 1;
}

short wait_events(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	must(poll(&pfd, 1, 60000 * slower()));
	return pfd.revents;
}

pid_t spawn(int (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = must(fork());
	if (!pid) {
		in_child = true;
		/* cmocka catches these and would run its next test here. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		_exit(fn(arg));
	}
	return pid;
}

int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			failed("waitpid: %s", strerror(errno));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool has_ended(pid_t pid)
{
	siginfo_t info = {};

	must(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
	return info.si_pid;
}

void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	check(must(sendmsg(sock, &msg, 0)) == 1);
}

int recv_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	check(must(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) == 1);
	check(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}
