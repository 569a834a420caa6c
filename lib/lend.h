/* SPDX-License-Identifier: MIT */
/*
 * liblend - buffers of kernel memory, as files of the file system "lend".
 *
 * A buffer is a file and its handle is a file descriptor: close(2) drops it,
 * munmap(2) undoes lend_map(), read(2), write(2), sendfile(2) and the rest work.
 * The memory goes back when the last name, descriptor, mapping and pin is gone.
 *
 * Errors: a function that returns int gives -1, one that returns a pointer NULL;
 * errno is set, and lend_error() is a sentence for people: what was wrong, with
 * which value, and what to do about it. Success leaves the sentence as it was.
 *
 * Paths: a path without a slash names a file in lend_dir(). Any other path, and
 * "." and "..", is used as it is. Every descriptor made here is close-on-exec.
 *
 * Sizes, offsets and lengths are in bytes. All functions may be called from any
 * thread at any time.
 *
 * Where the mount or the file is not of lend, errno is ENOTTY. What open(2),
 * linkat(2) and ioctl(2) give for paths, permissions and bad descriptors
 * (EACCES, EBADF, ENOENT, EMFILE, ...) is passed on and not repeated below.
 */
#ifndef LEND_H
#define LEND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/lend.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * lend_error() - what went wrong last in this thread
 *
 * Return: the sentence of the last failure, "" if there was none. It belongs to
 * the library and stays until the thread's next failure.
 */
const char *lend_error(void);

/**
 * lend_dir() - where lend is mounted
 *
 * Return: the environment's LEND_DIR (ignored in set-user-ID programs), or else
 * "/dev/lend". Not to be freed.
 */
const char *lend_dir(void);

/* Making and opening */

/**
 * lend_create() - make a buffer
 * @path: its name; NULL: it has none, and lives as long as it is open or mapped
 * @mode: permissions, as of open(2), less the umask
 * @size: bytes; kept to the byte, while memory comes in whole pages
 * @setup: what memory it is made of: set .flags to LEND_SETUP_* for every field
 *	that is meant (.size is filled in here); NULL: the mount's defaults
 *
 * The name appears when all of the memory is there, zeroed, so nobody ever sees
 * a half-made buffer, and after a failure or a SIGKILL nothing is left.
 * Gathering and zeroing gigabytes takes its time; a signal handler ends it.
 *
 * Return: a descriptor open for reading and writing, to be closed by the caller.
 * Errors: EEXIST: @path exists. EINVAL: @size is 0, or @setup names a kind
 * that does not exist or a pair that cannot be. EFBIG: @size is beyond 2^63 or
 * RLIMIT_FSIZE. ENOSPC: more than is left of the mount's size=. ENOMEM: not that
 * much memory, or not in one run, or more than RLIMIT_MEMLOCK. ENXIO: no such
 * NUMA node, or one without memory. ERANGE: dma_bits below any memory. EINTR: a
 * signal handler ran.
 */
int lend_create(const char *path, mode_t mode, uint64_t size,
		const struct lend_setup *setup);

/**
 * lend_open() - open a buffer that has a name
 * @path: its name
 * @flags: O_RDONLY, O_WRONLY or O_RDWR, and others of open(2) but O_CREAT
 *
 * Return: a descriptor, to be closed by the caller.
 * Errors: EINVAL: O_CREAT. ENOTTY: the file is not on lend.
 */
int lend_open(const char *path, int flags);

/**
 * lend_unlink() - remove a buffer's name
 * @path: its name
 *
 * The memory stays for whoever has it open or mapped.
 *
 * Return: 0.
 * Errors: EISDIR: a directory. ENOTTY: the file is not on lend.
 */
int lend_unlink(const char *path);

/**
 * lend_check() - is a descriptor from elsewhere one of lend?
 * @fd: any descriptor; remains the caller's
 *
 * Return: 0 if it is.
 * Errors: ENOTTY: it is of another file system, or of none.
 */
int lend_check(int fd);

/**
 * lend_size() - the size of a buffer
 *
 * Return: bytes, 0 for a file that has no memory yet.
 */
int64_t lend_size(int fd);

/*
 * lend_create() in steps, for whoever wants to watch or to fill the buffer
 * before it gets its name.
 */

/**
 * lend_tmpfile() - an empty, nameless file
 * @path: the name it shall get from lend_link(), checked now to spare work that
 *	would be in vain; NULL: it stays nameless, in lend_dir()
 * @mode: as of lend_create()
 *
 * Return: a descriptor open for reading and writing, to be closed by the caller.
 * Errors: EEXIST: @path exists. EINVAL: it is no name for a file.
 */
int lend_tmpfile(const char *path, mode_t mode);

/**
 * lend_alloc() - give an empty file its memory
 * @fd: open for writing
 * @size: as of lend_create(), and so are the errors
 * @setup: likewise
 *
 * Meanwhile lend_info() in another thread tells in .memory how much there is;
 * .bytes is 0 until all is. After a failure the file is empty again.
 *
 * Return: 0.
 * Errors: EBADF: @fd is not open for writing. EBUSY: it has memory already, of
 * another size or while @setup was given.
 */
int lend_alloc(int fd, uint64_t size, const struct lend_setup *setup);

/**
 * lend_link() - give a nameless file a name
 * @fd: from lend_tmpfile() or lend_create()
 * @path: the name, on the same mount
 *
 * Return: 0.
 * Errors: EEXIST: @path exists. EXDEV: @path is on another mount.
 */
int lend_link(int fd, const char *path);

/* Using */

/**
 * lend_map() - map a buffer
 * @offset: where in the buffer, a multiple of the page size
 * @length: 0: as far as the buffer goes
 * @prot: PROT_READ, PROT_WRITE of mmap(2)
 * @flags: flags of mmap(2), such as MAP_PRIVATE or MAP_POPULATE; without
 *	MAP_PRIVATE the mapping is MAP_SHARED
 *
 * The kernel chooses an address that suits 2 MiB entries. Undone by munmap(2)
 * with the length, which is lend_size() - @offset for @length 0.
 *
 * Return: the address.
 * Errors: EACCES: @prot is more than the descriptor is open for. EINVAL: @offset
 * is odd, or the buffer is of map=pfn and cannot be mapped MAP_PRIVATE. ENXIO:
 * beyond the end, or empty. EPERM: PROT_EXEC. ENOMEM: no address space left.
 */
void *lend_map(int fd, uint64_t offset, size_t length, int prot, int flags);

/**
 * lend_info() - all about a buffer
 * @info: filled in; .size needs no value
 *
 * Return: 0.
 */
int lend_info(int fd, struct lend_info *info);

/**
 * lend_runs() - the physical runs of a buffer, in file order
 * @count: the number of them
 *
 * Return: an array, to be freed by the caller with free(3); not NULL, but of
 * no element, when the file is empty.
 * Errors: EPERM: without CAP_SYS_RAWIO. ENOMEM.
 */
struct lend_phys_run *lend_runs(int fd, size_t *count);

/**
 * lend_sync() - make a range visible to the CPU or to the device behind it
 * @offset: first byte
 * @length: 0: as far as the buffer goes
 * @flags: LEND_SYNC_FOR_CPU, LEND_SYNC_FOR_DEVICE or both
 *
 * Return: 0.
 * Errors: EINVAL: @flags, or an empty range. ENXIO: beyond the end. EOVERFLOW:
 * @offset + @length wraps. What the driver that has hooked itself to it says.
 */
int lend_sync(int fd, uint64_t offset, uint64_t length, uint32_t flags);

/**
 * lend_dmabuf() - share a buffer with devices
 * @fd: open for reading and writing, since devices do both; remains the caller's
 * @flags: O_RDONLY, O_WRONLY or O_RDWR: what the dma-buf may be mapped for
 *
 * What comes back is what V4L2, DRM, InfiniBand and others take by the name of
 * dma-buf. It keeps the memory alone, and the mount, as an open file does. Around
 * accesses of the CPU goes DMA_BUF_IOCTL_SYNC, see <linux/dma-buf.h>. A mapping of
 * it is that of lend_map(), but for the address, which suits 2 MiB entries by
 * chance only.
 *
 * Return: a descriptor, to be closed by the caller.
 * Errors: EBADF: @fd is not open for both. EINVAL: @flags. ENODATA: the file is
 * empty.
 */
int lend_dmabuf(int fd, int flags);

/* Passing on */

/**
 * lend_send() - pass a buffer to another process
 * @sock: a connected UNIX socket
 * @fd: remains the caller's; the receiver gets a descriptor of its own, with
 *	the same rights
 *
 * One byte of data goes with it. Never raises SIGPIPE.
 *
 * Return: 0.
 * Errors: those of sendmsg(2).
 */
int lend_send(int sock, int fd);

/**
 * lend_recv() - receive a buffer from another process
 * @sock: a connected UNIX socket; the peer uses lend_send()
 *
 * Return: a descriptor that has passed lend_check(), to be closed by the caller.
 * Errors: ECONNRESET: the peer has closed. EPROTO: a message without exactly one
 * descriptor. ENOTTY: not of lend. Those of recvmsg(2). What was received is
 * closed again.
 */
int lend_recv(int sock);

/* Mounting */

/**
 * lend_mount() - mount the file system
 * @dir: where; made if it is missing; NULL: lend_dir()
 * @options: "size=1G,backing=contig", see lend(5); NULL: the defaults
 *
 * The mount is nosuid, nodev and noexec.
 *
 * Return: 0.
 * Errors: EBUSY: lend is mounted there already. ENODEV: the kernel has no lend,
 * its module is not loaded. EINVAL: an option; the sentence is the kernel's own.
 * EPERM: without CAP_SYS_ADMIN.
 */
int lend_mount(const char *dir, const char *options);

/**
 * lend_umount() - unmount the file system
 * @dir: where; NULL: lend_dir()
 *
 * Return: 0.
 * Errors: EBUSY: something is open or mapped. EINVAL: no lend is mounted there.
 * EPERM: without CAP_SYS_ADMIN.
 */
int lend_umount(const char *dir);

/* Words */

/**
 * lend_backing_name() - "folios", "pages", ... for enum lend_backing
 * lend_map_name() - "auto", "fault", ... for enum lend_map
 *
 * Return: a word of the library's, "unknown" for what it does not know.
 */
const char *lend_backing_name(uint32_t backing);
const char *lend_map_name(uint32_t map);

/**
 * lend_parse_backing() - enum lend_backing of a word
 * lend_parse_map() - enum lend_map of a word
 *
 * Return: the value.
 * Errors: EINVAL: no such word.
 */
int lend_parse_backing(const char *word);
int lend_parse_map(const char *word);

/**
 * lend_why() - a reason in words
 * @why: LEND_WHY_* bits; the lowest one set is meant
 *
 * To say all of them: for (w = info.why; w; w &= w - 1) puts(lend_why(w));
 *
 * Return: a sentence of the library's: what was not possible, what to change.
 */
const char *lend_why(uint32_t why);

/**
 * lend_parse_size() - read a size: 4096, 64M, 1.5GiB
 * @text: digits, at will with B; or digits, at will with a fraction, and K, M, G,
 *	T, P or E (powers of 1024, either case), at will with "iB"; nothing else
 * @size: bytes, a fraction of a byte dropped
 *
 * Return: 0.
 * Errors: EINVAL: not a size. ERANGE: 2^63 or more.
 */
int lend_parse_size(const char *text, uint64_t *size);

#define LEND_SIZE_LEN	16

/**
 * lend_format_size() - write a size for people: "17 bytes", "64 MiB", "1.5 GiB"
 * @buf: at least LEND_SIZE_LEN chars
 *
 * Return: @buf.
 */
char *lend_format_size(uint64_t size, char *buf);

#ifdef __cplusplus
}
#endif

#endif /* LEND_H */
