// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of mappings: touched, and reached by other parts of the kernel.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

#define MOST	MiB

static sigjmp_buf fault;
static volatile sig_atomic_t catching;

static void on_fault(int sig)
{
	if (!catching) {
		signal(sig, SIG_DFL);
		return;
	}
	catching = 0;
	siglongjmp(fault, sig);
}

void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* 0, or the signal. */
static int touch(volatile char *addr, bool write, char *byte)
{
	int sig = sigsetjmp(fault, 0);

	if (sig)
		return sig;
	catching = 1;
	if (write)
		*addr = *byte;
	else
		*byte = *addr;
	catching = 0;
	return 0;
}

/* map at write byte */
void call_touch(struct world *w, const uint64_t *arg)
{
	char byte = ours(arg[3]);
	bool allowed;
	struct span s;
	uint8_t page;
	int sig;

	if (!span_of(w, arg[0], arg[1], 1, &s))
		return;
	page = s.m->page[s.first];
	sig = touch(s.addr, arg[2] & 1, &byte);
	if (page & PAGE_UNSURE) {
		if (!sig && arg[2] & 1)
			written_through(w, &s, 1, byte);
		return;
	}
	/* The processor cannot write what it cannot read. */
	allowed = page & (arg[2] & 1 ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC);
	if (sig == SIGBUS)
		wrong(w, "SIGBUS inside of a file");
	if (!sig != allowed)
		wrong(w, sig ? "what is mapped cannot be reached" :
			       "what is not to be reached can be");
	if (sig)
		return;
	if (!(arg[2] & 1))
		check_through(w, &s, &byte, 1);
	else if (!believe_nonsense)
		written_through(w, &s, 1, byte);
}

/* What a call that copies from or to a mapping gave, and what it says of the mapping. */
static void copied(struct world *w, const struct span *s, ssize_t done, bool to_mapping,
		   bool forced, uint8_t byte)
{
	if (done <= 0 || (uint64_t)done > s->length)
		return;
	if (to_mapping) {
		if (!forced && none_has(s, PAGE_UNSURE | PROT_WRITE))
			wrong(w, "written to what is not writable");
		written_through(w, s, done, byte);
	} else {
		check_through(w, s, w->scratch, done);
	}
}

static bool prepared(struct world *w, const uint64_t *arg, struct span *s, uint64_t most)
{
	if (!span_of(w, arg[0], arg[1], arg[2] > most ? arg[2] % most : arg[2], s))
		return false;
	if (arg[3] & 1)
		memset(w->scratch, ours(arg[4]), s->length);
	return true;
}

/* map from length write byte: by process_vm_* */
void call_process_vm(struct world *w, const uint64_t *arg)
{
	struct iovec own, other;
	struct span s;
	ssize_t done;

	if (!prepared(w, arg, &s, MOST))
		return;
	own = (struct iovec){ w->scratch, s.length };
	other = (struct iovec){ s.addr, s.length };
	if (arg[3] & 1)
		done = process_vm_writev(getpid(), &own, 1, &other, 1, 0);
	else
		done = process_vm_readv(getpid(), &own, 1, &other, 1, 0);
	may(w, done, EFAULT, EPERM, ENOMEM);
	copied(w, &s, done, arg[3] & 1, false, ours(arg[4]));
}

/* map from length write byte: by /proc, as debuggers do, which may ignore PROT_* */
void call_proc_mem(struct world *w, const uint64_t *arg)
{
	struct span s;
	ssize_t done;
	int fd;

	if (!prepared(w, arg, &s, MOST))
		return;
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;		/* without privileges */
	if (arg[3] & 1)
		done = pwrite(fd, w->scratch, s.length, (uintptr_t)s.addr);
	else
		done = pread(fd, w->scratch, s.length, (uintptr_t)s.addr);
	may(w, done, EIO, EFAULT, ENOMEM, EPERM);
	close(fd);
	if (done > 0 && s.m->shared && arg[3] & 1 && none_has(&s, PAGE_UNSURE | PROT_WRITE) &&
	    any_lent(&s))
		wrong(w, "a debugger wrote through a shared mapping that is not writable");
	copied(w, &s, done, arg[3] & 1, true, ours(arg[4]));
}

/* map from length write byte: what a disk reads and writes without a copy */
void call_direct(struct world *w, const uint64_t *arg)
{
	struct span s;
	ssize_t done;

	if (w->disk < 0 || !prepared(w, arg, &s, MOST) || s.length > MOST)
		return;
	if (!(arg[3] & 1)) {
		done = pwrite(w->disk, s.addr, s.length & ~511ULL, 0);
	} else {
		/* What the mapping is to be given lies there first. */
		if (pwrite(w->disk, w->scratch, s.length & ~511ULL, 0) < 0)
			return;
		done = pread(w->disk, s.addr, s.length & ~511ULL, 0);
	}
	may(w, done, EFAULT, EINVAL, ENOMEM, EIO, EEXIST);
	if (!(arg[3] & 1) && done > 0) {
		if (pread(w->disk, w->scratch, done, 0) != done)
			wrong(w, "the disk cannot be read");
	}
	/* Two who use the disk see each other's bytes. */
	if (alone(w))
		copied(w, &s, done, arg[3] & 1, false, ours(arg[4]));
}
