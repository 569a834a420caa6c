// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fails memory allocations of one task, on a kernel built without fault
 * injection: kprobes at the entries of the allocators make the chosen calls
 * return as if there were no memory.
 *
 * /dev/lend_fail: write "N" and the N-th allocation from there on of the writing
 * task fails, "N COUNT" and so do those after it, COUNT in all; write "0" to
 * stop, or close it. Read says how many allocations there were since and how
 * many of them were failed, "17 1\n", and stops too.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

static struct task_struct *victim;	/* compared, never followed */
static unsigned long first, count, seen, hits;
static bool spared;			/* the victim, for the moment */

/* What a failing allocator does instead of its work: nothing. */
static notrace noinline void just_return(void)
{
	asm volatile("");
}

NOKPROBE_SYMBOL(just_return);

struct allocator {
	struct kprobe probe;
	int kind;
	bool probed;
	int gfp_arg;			/* which argument has the GFP flags; -1 for none */
	unsigned long failure;		/* what it returns without memory */
};

/* Where the probe is a breakpoint, its handler runs as that of an NMI does. */
static bool by_interrupt(void)
{
	return in_serving_softirq() || hardirq_count() > (in_nmi() ? HARDIRQ_OFFSET : 0);
}

NOKPROBE_SYMBOL(by_interrupt);

static int on_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct allocator *a = container_of(probe, struct allocator, probe);
	gfp_t gfp = a->gfp_arg < 0 ? 0 :
		    (__force gfp_t)regs_get_kernel_argument(regs, a->gfp_arg);

	if (current != READ_ONCE(victim) || spared || by_interrupt())
		return 0;
	/* Movable memory is the program's own, touched by chance; NOFAIL means it. */
	if (gfp & (__GFP_NOFAIL | __GFP_MOVABLE))
		return 0;
	seen++;
	if (seen < first || seen - first >= count)
		return 0;
	hits++;
	regs_set_return_value(regs, a->failure);
	instruction_pointer_set(regs, (unsigned long)just_return);
	return 1;
}

NOKPROBE_SYMBOL(on_entry);

/* Does nothing, but a probe that has one may change where the kernel goes on. */
static void after_entry(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

NOKPROBE_SYMBOL(after_entry);

/* Kernels have them under several names: of each kind there must be one. */
enum kind { PAGES, KMALLOC, CACHE, VMAP, CONTIG, KINDS };

#define ALLOCATOR(of, name, arg, value) {				\
		.probe = {						\
			.symbol_name = name,				\
			.pre_handler = on_entry,			\
			.post_handler = after_entry,			\
		},							\
		.kind = of,						\
		.gfp_arg = arg,						\
		.failure = value,					\
	}

/* From 6.11 on a bucket may come between size and flags. */
#define BUCKET IS_ENABLED(CONFIG_SLAB_BUCKETS)

static struct allocator allocators[] = {
	ALLOCATOR(PAGES, "__alloc_pages", 0, 0),
	ALLOCATOR(PAGES, "__alloc_pages_noprof", 0, 0),
	ALLOCATOR(PAGES, "__alloc_frozen_pages_noprof", 0, 0),
	ALLOCATOR(PAGES, "__alloc_pages_nodemask", 0, 0),
	ALLOCATOR(PAGES, "__alloc_pages_bulk", 0, 0),
	ALLOCATOR(PAGES, "alloc_pages_bulk_noprof", 0, 0),
	ALLOCATOR(KMALLOC, "__kmalloc", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_noprof", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_node", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_node_noprof", 1 + BUCKET, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_track_caller", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_node_track_caller", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_node_track_caller_noprof", 1 + BUCKET, 0),
	ALLOCATOR(KMALLOC, "kmalloc_trace", 1, 0),
	ALLOCATOR(KMALLOC, "kmalloc_node_trace", 1, 0),
	ALLOCATOR(KMALLOC, "kmem_cache_alloc_trace", 1, 0),
	ALLOCATOR(KMALLOC, "kmem_cache_alloc_node_trace", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_cache_noprof", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_cache_node_noprof", 1, 0),
	ALLOCATOR(KMALLOC, "kmalloc_order", 1, 0),
	ALLOCATOR(KMALLOC, "kmalloc_large", 1, 0),
	ALLOCATOR(KMALLOC, "kmalloc_large_node", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_large_noprof", 1, 0),
	ALLOCATOR(KMALLOC, "__kmalloc_large_node_noprof", 1, 0),
	ALLOCATOR(KMALLOC, "kvmalloc_node", 1, 0),
	ALLOCATOR(KMALLOC, "__kvmalloc_node_noprof", -1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc", 1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_noprof", 1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_lru", 2, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_lru_noprof", 2, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_node", 1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_node_noprof", 1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_bulk", 1, 0),
	ALLOCATOR(CACHE, "kmem_cache_alloc_bulk_noprof", 1, 0),
	ALLOCATOR(VMAP, "vmap", -1, 0),
	ALLOCATOR(CONTIG, "alloc_contig_range", -1, -ENOMEM),
	ALLOCATOR(CONTIG, "alloc_contig_range_noprof", -1, -ENOMEM),
};

/*
 * The DMA API's checks switch themselves off where they have no memory: to them nothing
 * fails, neither by this module nor by the kernel's fail-nth.
 */
static unsigned int set_nth(unsigned int nth)
{
	unsigned int before = 0;

#ifdef CONFIG_FAULT_INJECTION
	before = current->fail_nth;
	current->fail_nth = nth;
#endif
	return before;
}

NOKPROBE_SYMBOL(set_nth);

static int on_checks_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	unsigned int *nth = (unsigned int *)instance->data;

	/* In the middle of another, which is spared until its own end. Nothing fails here. */
	if (by_interrupt())
		return 1;
	*nth = set_nth(0);
	if (current == READ_ONCE(victim))
		spared = true;
	return 0;
}

NOKPROBE_SYMBOL(on_checks_entry);

static int on_checks_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	unsigned int *nth = (unsigned int *)instance->data;

	set_nth(*nth);
	if (current == READ_ONCE(victim))
		spared = false;
	return 0;
}

NOKPROBE_SYMBOL(on_checks_return);

#define CHECKS(name) {							\
		.kp.symbol_name = name,					\
		.entry_handler = on_checks_entry,			\
		.handler = on_checks_return,				\
		.data_size = sizeof(unsigned int),			\
	}

static struct kretprobe checks[] = {
	CHECKS("debug_dma_alloc_coherent"),
	CHECKS("debug_dma_map_page"),
	CHECKS("debug_dma_map_phys"),
	CHECKS("debug_dma_map_resource"),
	CHECKS("debug_dma_map_sg"),
};

static bool checks_probed[ARRAY_SIZE(checks)];

static void stop(void)
{
	WRITE_ONCE(victim, NULL);
}

static ssize_t fail_write(struct file *file, const char __user *user, size_t len, loff_t *pos)
{
	unsigned long n, nr = 1;
	char text[32] = {};

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, len))
		return -EFAULT;
	if (sscanf(text, "%lu %lu", &n, &nr) < 1)
		return -EINVAL;

	stop();
	first = n;
	count = nr;
	seen = 0;
	hits = 0;
	spared = false;
	if (n)
		WRITE_ONCE(victim, current);
	return len;
}

/* Reading ends the count, so that it does not count its own allocations. */
static ssize_t fail_read(struct file *file, char __user *user, size_t len, loff_t *pos)
{
	char text[48];

	stop();
	scnprintf(text, sizeof(text), "%lu %lu\n", seen, hits);
	return simple_read_from_buffer(user, len, pos, text, strlen(text));
}

static int fail_release(struct inode *inode, struct file *file)
{
	stop();
	return 0;
}

static const struct file_operations fail_fops = {
	.owner = THIS_MODULE,
	.read = fail_read,
	.write = fail_write,
	.release = fail_release,
};

static struct miscdevice fail_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_fail",
	.fops = &fail_fops,
};

static void unregister_all(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (allocators[i].probed)
			unregister_kprobe(&allocators[i].probe);
	for (i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks_probed[i])
			unregister_kretprobe(&checks[i]);
}

/*
 * Behind the place where a function is traced. A probe upon that is armed by ftrace, for a
 * moment by a breakpoint; another processor that meets it a little later (seen on emulated
 * ones) takes it for one of kprobes, which has no instruction to go on with.
 */
static kprobe_opcode_t *behind_tracing(kprobe_opcode_t *addr)
{
	static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	if (!memcmp(addr, endbr, sizeof(endbr)))
		addr += sizeof(endbr);
	if (!memcmp(addr, nop, sizeof(nop)))
		addr += sizeof(nop);
	return addr;
}

static int probe_at(struct kprobe *probe)
{
	struct kprobe look = {
		.symbol_name = probe->symbol_name, .flags = KPROBE_FLAG_DISABLED,
	};
	int err = register_kprobe(&look);

	if (err)
		return err;
	probe->addr = behind_tracing(look.addr);
	probe->symbol_name = NULL;
	unregister_kprobe(&look);
	return register_kprobe(probe);
}

static int register_checks(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		err = register_kretprobe(&checks[i]);
		if (err == -ENOENT)
			continue;
		if (err) {
			pr_err("lend_fail: no probe at %s: %d\n", checks[i].kp.symbol_name, err);
			return err;
		}
		checks_probed[i] = true;
	}
	return 0;
}

static int register_all(void)
{
	unsigned int kinds = 0;
	int i, err;

	err = register_checks();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		struct allocator *a = &allocators[i];
		const char *name = a->probe.symbol_name;

		err = probe_at(&a->probe);
		if (err == -ENOENT)
			continue;
		if (err) {
			pr_err("lend_fail: no probe at %s: %d\n", name, err);
			return err;
		}
		a->probed = true;
		kinds |= BIT(a->kind);
	}
	if (kinds != BIT(KINDS) - 1) {
		pr_err("lend_fail: kinds of allocators found: %x\n", kinds);
		return -ENOENT;
	}
	return 0;
}

static int __init fail_init(void)
{
	int err = register_all();

	if (!err)
		err = misc_register(&fail_device);
	if (err)
		unregister_all();
	return err;
}

static void __exit fail_exit(void)
{
	misc_deregister(&fail_device);
	unregister_all();
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("Fails chosen memory allocations of a task");
MODULE_LICENSE("GPL");
