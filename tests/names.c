// SPDX-License-Identifier: GPL-2.0-only
/* A buffer as a name: directories, owners, permissions, and the programs of a shell user. */
#include <sys/sysmacros.h>
#include <time.h>

#include "common.h"
#include "system.h"

#define A DIR "/a"
#define B DIR "/b"
#define D DIR "/d"

static struct stat stat_at(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st;
}

static int make_file(const char *path, size_t size)
{
	int fd = must(open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));

	must(ftruncate(fd, size));
	return fd;
}

/* A name more, a name less: the memory does not mind. */
static void link_rename_unlink(void **state)
{
	uint64_t before = used_bytes();
	int fd = make_file(A, MiB), other;
	ino_t ino = stat_at(A).st_ino;

	(void)state;
	check(write(fd, "mine", 4) == 4);
	must(link(A, B));
	check(stat_at(B).st_ino == ino && stat_at(B).st_nlink == 2);
	must_fail(link(A, B), EEXIST);
	must(unlink(A));
	must_fail(open(A, O_RDWR), ENOENT);
	check(stat_at(B).st_nlink == 1);

	must(rename(B, A));
	check(stat_at(A).st_ino == ino);
	must_fail(rename(B, A), ENOENT);
	other = make_file(B, PAGE);
	must_fail(renameat2(AT_FDCWD, A, AT_FDCWD, B, RENAME_NOREPLACE), EEXIST);
	close(other);
	must(rename(A, B));		/* over another, which goes */
	check(stat_at(B).st_ino == ino && stat_at(B).st_size == MiB);
	check(used_bytes() == before + MiB);

	must(unlink(B));
	must_fail(unlink(B), ENOENT);
	check(used_bytes() == before + MiB);
	close(fd);
	check(used_bytes() == before);
	must_fail(link("/proc/self/exe", A), EXDEV);
}

static void nameless_and_named(void **state)
{
	int fd = make_buffer(MiB, 0, 0), never;
	char self[64];
	struct stat st;

	(void)state;
	must(fstat(fd, &st));
	check(st.st_nlink == 0);
	check(write(fd, "here", 4) == 4);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, self, AT_FDCWD, A, AT_SYMLINK_FOLLOW));
	check(stat_at(A).st_nlink == 1 && stat_at(A).st_ino == st.st_ino);
	must_fail(linkat(AT_FDCWD, self, AT_FDCWD, A, AT_SYMLINK_FOLLOW), EEXIST);
	must(unlink(A));
	close(fd);

	never = must(open(DIR, O_TMPFILE | O_EXCL | O_RDWR, 0600));
	snprintf(self, sizeof(self), "/proc/self/fd/%d", never);
	must_fail(linkat(AT_FDCWD, self, AT_FDCWD, A, AT_SYMLINK_FOLLOW), ENOENT);
	close(never);
	must_fail(open(DIR, O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

static void directories(void **state)
{
	nlink_t links = stat_at(DIR).st_nlink;

	(void)state;
	must(mkdir(D, 0750));
	check(S_ISDIR(stat_at(D).st_mode) && (stat_at(D).st_mode & 07777) == 0750);
	check(stat_at(D).st_nlink == 2 && stat_at(DIR).st_nlink == links + 1);
	must_fail(mkdir(D, 0750), EEXIST);
	must(mkdir(D "/e", 0750));
	close(make_file(D "/f", PAGE));
	must_fail(rmdir(D), ENOTEMPTY);
	must_fail(unlink(D), EISDIR);
	must_fail(rmdir(D "/f"), ENOTDIR);
	must_fail(open(D, O_RDWR), EISDIR);
	must_fail(rename(D, D "/e/d"), EINVAL);
	must(rename(D "/f", A));
	must(rename(A, D "/e/f"));
	must(rename(D "/e", DIR "/e"));
	check(stat_at(DIR).st_nlink == links + 2 && stat_at(D).st_nlink == 2);
	must(rmdir(D));
	must(unlink(DIR "/e/f"));
	must(rmdir(DIR "/e"));
	must_fail(rmdir(DIR "/e"), ENOENT);
	check(stat_at(DIR).st_nlink == links);
	/* Buffers and directories, nothing else. */
	must_fail(symlink("x", A), EPERM);
	must_fail(mkfifo(A, 0600), EPERM);
	must_fail(mknod(A, S_IFCHR | 0600, makedev(1, 3)), EPERM);
}

static void owners_modes_times(void **state)
{
	struct timespec when[2] = { { 1000, 5 }, { 2000, 123456789 } };
	mode_t mask = umask(027);
	int fd = must(open(A, O_CREAT | O_EXCL | O_RDWR, 0666));

	(void)state;
	umask(mask);
	check((stat_at(A).st_mode & 07777) == 0640);
	check(stat_at(A).st_uid == 0 && stat_at(A).st_gid == 0);
	must(ftruncate(fd, PAGE));
	must(chmod(A, 0464));
	check((stat_at(A).st_mode & 07777) == 0464);
	must(fchmod(fd, 04755));
	must(chown(A, 1, 2));
	check(stat_at(A).st_uid == 1 && stat_at(A).st_gid == 2);
	check((stat_at(A).st_mode & 07777) == 0755);	/* a new owner: no longer set-uid */
	must(utimensat(AT_FDCWD, A, when, 0));
	check(stat_at(A).st_atim.tv_sec == 1000 && stat_at(A).st_atim.tv_nsec == 5);
	check(stat_at(A).st_mtim.tv_sec == 2000 && stat_at(A).st_mtim.tv_nsec == 123456789);
	check(stat_at(A).st_size == PAGE);
	must_fail(access("/dev/lend/a/b", F_OK), ENOTDIR);
	close(fd);

	/* Nothing here runs, whatever its mode. */
	must_fail(execl(A, A, NULL), EACCES);
	must(unlink(A));
}

static void long_names(void **state)
{
	char name[5000], path[6000];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	snprintf(path, sizeof(path), DIR "/%s", name);
	close(make_file(path, PAGE));
	must(link(path, A));
	must(unlink(A));
	must(unlink(path));

	name[255] = 'n';
	name[256] = 0;
	snprintf(path, sizeof(path), DIR "/%s", name);
	close(make_file(A, PAGE));
	must_fail(open(path, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
	must_fail(mkdir(path, 0700), ENAMETOOLONG);
	must_fail(link(A, path), ENAMETOOLONG);
	must_fail(rename(A, path), ENAMETOOLONG);
	must_fail(unlink(path), ENAMETOOLONG);
	must(unlink(A));

	/* Each name short enough, the path as a whole not. */
	memset(name, '/', sizeof(name));
	name[4999] = 0;
	snprintf(path, sizeof(path), DIR "%s", name);
	must_fail(open(path, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
}

static int without_permission(void *arg)
{
	const struct timespec then[2] = { { 1, 0 }, { 1, 0 } };
	int fd = *(int *)arg;

	become(NOBODY);
	must_fail(open(A, O_RDONLY), EACCES);
	must_fail(open(A, O_WRONLY), EACCES);
	must_fail(truncate(A, PAGE), EACCES);
	must_fail(open(DIR "/mine", O_CREAT | O_RDWR, 0600), EACCES);
	must_fail(open(DIR, O_TMPFILE | O_RDWR, 0600), EACCES);
	must_fail(mkdir(DIR "/mine", 0700), EACCES);
	must_fail(unlink(A), EACCES);
	must_fail(rename(A, DIR "/mine"), EACCES);
	must_fail(chmod(A, 0666), EPERM);
	must_fail(chown(A, NOBODY, -1), EPERM);
	must_fail(utimensat(AT_FDCWD, A, then, 0), EPERM);

	/* What is readable may be read, not written; what was handed over open is open. */
	close(must(open(B, O_RDONLY)));
	must_fail(open(B, O_RDWR), EACCES);
	must_fail(open(B, O_WRONLY | O_TRUNC), EACCES);
	check(write(fd, "x", 1) == 1);

	/* In a directory of its own it may do all of it. */
	close(make_file(D "/mine", PAGE));
	must(chmod(D "/mine", 0644));
	must(rename(D "/mine", D "/his"));
	must_fail(unlink(D "/root"), EPERM);	/* but not to others: it is sticky */
	check(stat_at(D "/his").st_uid == NOBODY && stat_at(D "/his").st_gid == NOBODY);
	close(must(open(D "/his", O_RDWR)));
	must(unlink(D "/his"));
	return 0;
}

static void permissions(void **state)
{
	int fd = make_file(A, MiB);

	(void)state;
	close(make_file(B, PAGE));
	must(chmod(B, 0644));
	must(mkdir(D, 0700));
	must(chmod(D, 01777));
	close(make_file(D "/root", PAGE));
	check(reap(spawn(without_permission, &fd)) == 0);
	check(stat_at(A).st_size == MiB && (stat_at(A).st_mode & 07777) == 0600);
	close(fd);
	must(unlink(A));
	must(unlink(B));
	must(unlink(D "/root"));
	must(rmdir(D));
}

/* The rest of the line in /proc/self/maps for the mapping at @addr; static buffer. */
static const char *name_in_maps(const void *addr)
{
	FILE *file = fopen("/proc/self/maps", "re");
	static char line[5000];
	const char *name = NULL;
	uintptr_t start, end;
	int at;

	check(file);
	while (!name && fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &start, &end, &at) == 2 &&
		    start == (uintptr_t)addr)
			name = line + at;
	fclose(file);
	check(name);
	line[strcspn(line, "\n")] = 0;
	return name;
}

static void maps_tell_the_name(void **state)
{
	int fd = make_file(A, MiB), nameless = make_buffer(MiB, 0, 0);
	char expected[64];
	struct stat st;
	void *mem;

	(void)state;
	mem = map_buffer(fd, MiB);
	check(!strcmp(name_in_maps(mem), A));
	must(rename(A, B));
	check(!strcmp(name_in_maps(mem), B));
	must(unlink(B));
	check(!strcmp(name_in_maps(mem), B " (deleted)"));
	munmap(mem, MiB);
	close(fd);

	must(fstat(nameless, &st));
	snprintf(expected, sizeof(expected), DIR "/#%lu (deleted)", st.st_ino);
	mem = map_buffer(nameless, MiB);
	check(!strcmp(name_in_maps(mem), expected));
	munmap(mem, MiB);
	close(nameless);
}

static struct statfs fs_of(const char *path)
{
	struct statfs st;

	must(statfs(path, &st));
	return st;
}

/* Whole pages are counted, and df says the same. */
static void free_space(void **state)
{
	struct statfs before = fs_of(DIR), now;
	int fd = make_file(A, MiB + 1);

	(void)state;
	now = fs_of(A);
	check(now.f_type == LEND_SUPER_MAGIC && now.f_bsize == PAGE && now.f_namelen == 255);
	check(now.f_blocks == before.f_blocks && now.f_files == before.f_files);
	check(now.f_bfree == before.f_bfree - 257 && now.f_bavail == now.f_bfree);
	check(now.f_ffree == before.f_ffree - 1);
	check(shell("test $(df --output=used -B4096 %s | tail -1) = %lu", DIR,
		    now.f_blocks - now.f_bfree) == 0);
	check(shell("test $(df --output=avail -B4096 %s | tail -1) = %lu", DIR, now.f_bfree) == 0);
	check(shell("test $(df --output=iavail %s | tail -1) = %lu", DIR, now.f_ffree) == 0);
	check(shell("test $(df --output=fstype %s | tail -1) = lend", A) == 0);
	must(unlink(A));
	check(fs_of(DIR).f_bfree == now.f_bfree && fs_of(DIR).f_ffree == now.f_ffree);
	close(fd);
	check(fs_of(DIR).f_bfree == before.f_bfree && fs_of(DIR).f_ffree == before.f_ffree);
}

/*
 * Programs that have never heard of lend. $real is a file of no round size, $size its
 * size; a and b are buffers of that size.
 */
static const char *const lines[] = {
	"truncate -s $size a b",
	"[ $(stat -c %s:%b:%B:%o a) = $size:$((($size + 4095) / 4096 * 8)):512:4096 ]",
	"set $(du -B1 a) && [ $1 = $((($size + 4095) / 4096 * 4096)) ]",
	"cp $real a && cmp $real a && [ \"$(sha256sum <a)\" = \"$(sha256sum <$real)\" ]",
	"cp a b && cmp a b",
	"cp a /tmp/back && cmp a /tmp/back && rm /tmp/back",
	"cat $real >a && cat a | cmp - $real",
	"dd if=$real of=a bs=64k && cmp $real a",
	"dd if=/dev/zero of=a bs=1000 count=3 seek=1 conv=notrunc && ! cmp $real a",
	"dd if=$real of=a bs=1000 count=3 seek=1 skip=1 conv=notrunc && cmp $real a",
	"dd if=$real of=b bs=4k oflag=direct && cmp $real b",
	"dd if=b iflag=direct of=a oflag=direct,dsync bs=12345 && cmp a b",
	"mkdir d && mv a d && ln d/a c && rm -r d && mv c a && cmp a $real",
	"fallocate -l 1M f && truncate -r f g && [ $(stat -c %s g) = 1048576 ] && rm f g",
	"chmod 640 a && chown 1:2 a && touch -d @981173106 a &&"
		" [ $(stat -c %a:%u:%g:%Y a) = 640:1:2:981173106 ]",
	/* What does not fit is refused, in words that a user knows. */
	"! cat $real /bin/ls >a 2>/tmp/err && grep 'No space left' /tmp/err && cmp a $real",
	"! truncate -s +1 a 2>/tmp/err && grep busy /tmp/err && cmp a $real",
	"! fallocate -p -l 4096 a 2>/tmp/err && grep 'un\\?supported' /tmp/err",
	"! cp $real new 2>/tmp/err && grep 'No space left' /tmp/err && rm new",
	"! ln -s a s 2>/tmp/err && grep 'not permitted' /tmp/err",
	"chmod 755 a && ! ./a 2>/tmp/err && grep 'Permission denied' /tmp/err",
	"rm a b && [ -z \"$(ls -A)\" ]",
};

static void programs(void **state)
{
	char size[32];
	struct stat st;

	(void)state;
	must(stat("/bin/ls", &st));
	snprintf(size, sizeof(size), "%ld", st.st_size);
	must(setenv("size", size, 1));
	must(setenv("real", "/bin/ls", 1));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (shell("exec >/tmp/all 2>&1; cd " DIR "; %s", lines[i]))
			failed("%s", lines[i]);
}

/* Where the source has holes, cp skips them: what was there before must not show. */
static void cp_of_holes(void **state)
{
	(void)state;
	check(shell("cd " DIR " && truncate -s 4M a /tmp/holes &&"
		    " echo middle | dd of=/tmp/holes bs=1M seek=2 conv=notrunc status=none &&"
		    " tr '\\0' x </dev/zero | head -c 4M >a && cp /tmp/holes a") == 0);
	check(shell("cmp -s /tmp/holes " A " && rm /tmp/holes") == 0);
	must(unlink(A));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(link_rename_unlink),
		clean_test(nameless_and_named),
		clean_test(directories),
		clean_test(owners_modes_times),
		clean_test(long_names),
		clean_test(permissions),
		clean_test(maps_tell_the_name),
		clean_test(free_space),
		clean_test(programs),
		clean_test(cp_of_holes),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
