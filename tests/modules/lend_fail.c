// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fails one memory allocation of one task, on a kernel built without fault
 * injection: kprobes at the entries of the allocators make the chosen call
 * return as if there were no memory.
 *
 * /dev/lend_fail: write "N" and the N-th allocation from there on of the writing
 * task fails, write "0" to stop; read says how many allocations there were since
 * and whether one was failed: "17 1\n".
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kprobes.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

static struct task_struct *victim;	/* compared, never followed */
static unsigned long wanted, seen;
static bool hit;

/* What a failing allocator does instead of its work: nothing. */
static notrace noinline void just_return(void)
{
	asm volatile("");
}

struct allocator {
	struct kprobe probe;
	int gfp_arg;			/* which argument has the GFP flags; -1 for none */
	unsigned long failure;		/* what it returns without memory */
};

static int on_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct allocator *a = container_of(probe, struct allocator, probe);
	gfp_t gfp = a->gfp_arg < 0 ? 0 :
		    (__force gfp_t)regs_get_kernel_argument(regs, a->gfp_arg);

	/* Movable memory is the program's own, touched by chance; NOFAIL means it. */
	if (current != READ_ONCE(victim) || !in_task() || gfp & (__GFP_NOFAIL | __GFP_MOVABLE))
		return 0;
	if (++seen != wanted)
		return 0;
	hit = true;
	regs_set_return_value(regs, a->failure);
	instruction_pointer_set(regs, (unsigned long)just_return);
	return 1;
}

#define ALLOCATOR(name, arg, value) {					\
		.probe = { .symbol_name = name, .pre_handler = on_entry },	\
		.gfp_arg = arg,						\
		.failure = value,					\
	}

static struct allocator allocators[] = {
	ALLOCATOR("__alloc_pages", 0, 0),
	ALLOCATOR("__alloc_pages_bulk", 0, 0),
	ALLOCATOR("__kmalloc", 1, 0),
	ALLOCATOR("__kmalloc_node", 1, 0),
	ALLOCATOR("kmalloc_trace", 1, 0),
	ALLOCATOR("kmem_cache_alloc", 1, 0),
	ALLOCATOR("kmem_cache_alloc_lru", 2, 0),
	ALLOCATOR("kmem_cache_alloc_node", 1, 0),
	ALLOCATOR("kvmalloc_node", 1, 0),
	ALLOCATOR("vmap", -1, 0),
	ALLOCATOR("alloc_contig_range", -1, -ENOMEM),
};

static ssize_t fail_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	unsigned long n;
	int err = kstrtoul_from_user(user, count, 0, &n);

	if (err)
		return err;
	WRITE_ONCE(victim, NULL);
	wanted = n;
	seen = 0;
	hit = false;
	if (n)
		WRITE_ONCE(victim, current);
	return count;
}

/* Reading ends the count, so that it does not count its own allocations. */
static ssize_t fail_read(struct file *file, char __user *user, size_t count, loff_t *pos)
{
	char text[32];
	int len;

	WRITE_ONCE(victim, NULL);
	len = scnprintf(text, sizeof(text), "%lu %d\n", seen, hit);
	return simple_read_from_buffer(user, count, pos, text, len);
}

static const struct file_operations fail_fops = {
	.owner = THIS_MODULE,
	.read = fail_read,
	.write = fail_write,
};

static struct miscdevice fail_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_fail",
	.fops = &fail_fops,
};

static int __init fail_init(void)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(allocators) && !err; i++) {
		err = register_kprobe(&allocators[i].probe);
		if (err)
			pr_info("lend_fail: no probe at %s: %d\n",
				allocators[i].probe.symbol_name, err);
	}
	if (!err)
		err = misc_register(&fail_device);
	if (err)
		while (--i >= 0)
			unregister_kprobe(&allocators[i].probe);
	return err;
}

static void __exit fail_exit(void)
{
	int i;

	misc_deregister(&fail_device);
	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		unregister_kprobe(&allocators[i].probe);
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("Fails a chosen memory allocation of a task");
MODULE_LICENSE("GPL");
