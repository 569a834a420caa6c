// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>

#include "mounts.h"

#define PATTERN "/run/lend-test.XXXXXX"

char *mount_lend(const char *options)
{
	char *dir = strdup(PATTERN);

	check(dir && mkdtemp(dir));
	must(mount("test", dir, "lend", 0, options));
	return dir;
}

void unmount_lend(char *dir)
{
	must(umount(dir));
	must(rmdir(dir));
	free(dir);
}

void unmount_leftovers(void)
{
	glob_t found;

	if (glob("/run/lend-test.*", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		print_error("left behind: %s\n", found.gl_pathv[i]);
		umount2(found.gl_pathv[i], MNT_DETACH);
		rmdir(found.gl_pathv[i]);
	}
	globfree(&found);
}

int new_file(const char *dir)
{
	return must(open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

const char *in(const char *dir, const char *name)
{
	static char dir_path[256];

	snprintf(dir_path, sizeof(dir_path), "%s/%s", dir, name);
	return dir_path;
}

uint64_t used_bytes_of(const char *dir)
{
	struct statfs st;

	must(statfs(dir, &st));
	return (st.f_blocks - st.f_bfree) * st.f_bsize;
}

/* What /proc/self/mountinfo shows of the mount's options; static buffer. */
static const char *shown(const char *dir)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	static char line[1024];
	const char *options = NULL;
	char at[256];

	check(file);
	while (!options && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %255s", at) == 1 && !strcmp(at, dir))
			options = strstr(line, " - lend test ");
	fclose(file);
	check(options);
	line[strcspn(line, "\n")] = 0;
	return options + strlen(" - lend test ");
}

void check_shown(const char *dir, const char *format, ...)
{
	char expected[256];
	va_list args;

	va_start(args, format);
	vsnprintf(expected, sizeof(expected), format, args);
	va_end(args);
	if (strcmp(shown(dir), expected))
		failed("%s is mounted with %s, expected %s", dir, shown(dir), expected);
}

int set_option(int context, const char *option)
{
	const char *value = strchr(option, '=');
	char key[64];

	if (!value)
		return fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
	snprintf(key, sizeof(key), "%.*s", (int)(value - option), option);
	return fsconfig(context, FSCONFIG_SET_STRING, key, value + 1, 0);
}

void check_message(int context, const char *option, const char *words)
{
	char text[512];
	ssize_t length = read(context, text, sizeof(text) - 1);

	if (length < 0)
		failed("%s: refused without a message", option);
	text[length] = 0;
	if (strncmp(text, "e lend: ", 8) || !strstr(text, words))
		failed("%s: the message is '%s', expected '%s'", option, text, words);
}

int remount(const char *dir, const char *option, const char *words)
{
	int context = must(fspick(AT_FDCWD, dir, FSPICK_CLOEXEC)), error;
	int ret = option ? set_option(context, option) : 0;

	if (!ret)
		ret = fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	error = errno;
	if (ret)
		check_message(context, option, words);
	close(context);
	errno = error;
	return ret;
}
