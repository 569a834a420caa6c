// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"
#include "world.h"

static char dir[] = "/tmp/lend-fuzz.XXXXXX";
static struct common *common;
static struct statfs untouched;
static int kernel_log = -1;
static unsigned int slower = 1;		/* times, on a kernel with checkers */

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "lend-fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

void execute_set_up(void)
{
	const char *factor = getenv("LEND_SLOWER");
	sigset_t child;
	char options[40];

	if (factor && atoi(factor) > 0)
		slower = atoi(factor);
	must(mkdtemp(dir), "a directory in /tmp");
	snprintf(options, sizeof(options), "size=%lum,mode=1777", MOUNT_SIZE / MiB);
	/* Only this program sees the mount, and it goes with it. */
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
	     "a mount namespace (this takes root)");
	must(!mount("lend", dir, "lend", 0, options), "mounting lend (is the module loaded?)");
	must(!statfs(dir, &untouched), "statfs");

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	must(common != MAP_FAILED, "shared memory");

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kernel_log >= 0)
		lseek(kernel_log, 0, SEEK_END);
}

void execute_tear_down(void)
{
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

static void found(struct verdict *v, const char *class, const char *format, ...)
{
	va_list args;

	if (v->wrong)
		return;
	v->wrong = true;
	snprintf(v->class, sizeof(v->class), "%s", class);
	va_start(args, format);
	vsnprintf(v->text, sizeof(v->text), format, args);
	va_end(args);
}

/* What the kernel has said since the last time that it says of errors alone. */
static void look_at_log(struct verdict *v)
{
	char record[8192];
	ssize_t got;

	while (kernel_log >= 0) {
		const char *text;
		int level;

		got = read(kernel_log, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue;	/* the oldest were overwritten */
		if (got <= 0)
			break;
		record[got] = '\0';
		level = atoi(record) & 7;
		text = strchr(record, ';');
		if (text && (level <= 3 || (level == 4 && strstr(text, "WARNING"))))
			found(v, "the kernel's log", "the kernel says: %.900s", text + 1);
	}
}

static bool all_given_back(void)
{
	struct statfs now;

	return !statfs(dir, &now) && now.f_bfree == untouched.f_bfree &&
	       now.f_ffree == untouched.f_ffree;
}

static void look_at_rest(struct verdict *v, unsigned int nr)
{
	int tries = 1000 * slower;
	char path[100];

	for (unsigned int i = 0; i < NR_NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%c", dir, 'a' + i);
		unlink(path);
	}
	while (!all_given_back() && --tries)
		usleep(10000);
	if (!tries) {
		struct statfs now;

		v->call = nr;
		statfs(dir, &now);
		found(v, "left", "%ld pages and %ld files are left when everybody is gone",
		      (long)(untouched.f_bfree - now.f_bfree),
		      (long)(untouched.f_ffree - now.f_ffree));
		untouched = now;
	}
}

/* Waits for it and for all that it has started. */
static void wait_for(pid_t pid, struct verdict *v, unsigned int nr)
{
	struct timespec limit = { .tv_sec = 60 * slower };
	bool late = false;
	int status = 0, other;
	sigset_t child;
	pid_t done;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
		if (sigtimedwait(&child, NULL, &limit) == -1 && errno == EAGAIN) {
			late = true;
			break;
		}
	}
	kill(-pid, SIGKILL);
	if (!done)
		waitpid(pid, &status, 0);
	while (waitpid(-1, &other, 0) > 0)
		;
	if (common->wrong) {
		v->call = common->call;
		found(v, common->class, "%s", common->text);
	}
	if (late) {
		v->call = nr;
		found(v, "late", "not done after %ld seconds", (long)limit.tv_sec);
	} else if (WIFSIGNALED(status)) {
		v->call = nr;
		found(v, "signal", "the process died of signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status) > 1) {
		exit(2);
	}
}

void execute(const struct sequence *seq, struct verdict *verdict)
{
	pid_t pid;

	*verdict = (struct verdict){ .call = seq->nr };
	memset(common, 0, sizeof(*common));
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		cover_begin();
		_exit(run_world(common, dir, seq));
	}
	setpgid(pid, pid);
	wait_for(pid, verdict, seq->nr);
	look_at_rest(verdict, seq->nr);
	look_at_log(verdict);
}
