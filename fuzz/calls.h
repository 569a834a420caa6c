/* SPDX-License-Identifier: GPL-2.0-only */
/* What the operations do; their arguments stand in operations.c. */
#ifndef LEND_FUZZ_CALLS_H
#define LEND_FUZZ_CALLS_H

#include "world.h"

/* files.c: names, descriptors, bytes */
void call_open(struct world *w, const uint64_t *arg);
void call_close(struct world *w, const uint64_t *arg);
void call_dup(struct world *w, const uint64_t *arg);
void call_reopen(struct world *w, const uint64_t *arg);
void call_ftruncate(struct world *w, const uint64_t *arg);
void call_truncate(struct world *w, const uint64_t *arg);
void call_fallocate(struct world *w, const uint64_t *arg);
void call_link(struct world *w, const uint64_t *arg);
void call_unlink(struct world *w, const uint64_t *arg);
void call_rename(struct world *w, const uint64_t *arg);
void call_chmod(struct world *w, const uint64_t *arg);

/* bytes.c: by system call */
void call_read(struct world *w, const uint64_t *arg);
void call_write(struct world *w, const uint64_t *arg);
void call_seek(struct world *w, const uint64_t *arg);
void call_fsync(struct world *w, const uint64_t *arg);
void call_copy(struct world *w, const uint64_t *arg);
void call_splice(struct world *w, const uint64_t *arg);
void call_fill(struct world *w, const uint64_t *arg);
void call_gift(struct world *w, const uint64_t *arg);
void call_drain(struct world *w, const uint64_t *arg);

/* requests.c */
void call_setup(struct world *w, const uint64_t *arg);
void call_info(struct world *w, const uint64_t *arg);
void call_runs(struct world *w, const uint64_t *arg);
void call_sync(struct world *w, const uint64_t *arg);
void call_dmabuf(struct world *w, const uint64_t *arg);
void call_dmabuf_sync(struct world *w, const uint64_t *arg);
void call_ioctl(struct world *w, const uint64_t *arg);

/* mappings.c */
void call_mmap(struct world *w, const uint64_t *arg);
void call_munmap(struct world *w, const uint64_t *arg);
void call_mprotect(struct world *w, const uint64_t *arg);
void call_mremap(struct world *w, const uint64_t *arg);
void call_madvise(struct world *w, const uint64_t *arg);
void call_msync(struct world *w, const uint64_t *arg);
void call_mlock(struct world *w, const uint64_t *arg);

/* access.c: bytes of mappings */
void call_touch(struct world *w, const uint64_t *arg);
void call_process_vm(struct world *w, const uint64_t *arg);
void call_proc_mem(struct world *w, const uint64_t *arg);
void call_direct(struct world *w, const uint64_t *arg);
void catch_faults(void);

/* processes.c */
void call_fork(struct world *w, const uint64_t *arg);
void call_beside(struct world *w, const uint64_t *arg);
void call_send(struct world *w, const uint64_t *arg);
void call_receive(struct world *w, const uint64_t *arg);
void call_become(struct world *w, const uint64_t *arg);
void run_calls(struct world *w);
void wait_for_beside(struct world *w);

#endif
