// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file system: mounting, its options, its inodes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "../compat/fs.h"
#include "face.h"

#define DEFAULT_MODE 0755

enum lend_param {
	opt_size, opt_mode, opt_uid, opt_gid, opt_backing, opt_map, opt_node, opt_dma_bits,
};

static const struct fs_parameter_spec lend_params[] = {
	fsparam_string("size", opt_size),
	fsparam_u32oct("mode", opt_mode),
	fsparam_u32("uid", opt_uid),
	fsparam_u32("gid", opt_gid),
	fsparam_string("backing", opt_backing),
	fsparam_string("map", opt_map),
	fsparam_string("node", opt_node),
	fsparam_u32("dma_bits", opt_dma_bits),
	{}
};

/* 0 is no limit, as for tmpfs. */
static int parse_size(struct fs_context *fc, const char *text, unsigned long *npages)
{
	u64 size;
	int err = lend_parse_size(text, &size);

	if (err == -EFBIG)
		return invalfc(fc, "size=%s is more than a file can have", text);
	if (err)
		return invalfc(fc, "size=%s is not a size: try 512m, 2g or 50%%", text);
	*npages = DIV_ROUND_UP(size, PAGE_SIZE);
	return 0;
}

static int lend_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct lend_mount *mount = fc->fs_private;
	const struct lend_backing_ops *backing;
	const struct lend_map_ops *map;
	struct fs_parse_result result;
	kuid_t uid;
	kgid_t gid;
	int node;
	int opt = fs_parse(fc, lend_params, param, &result);

	if (opt < 0)
		return opt;

	switch (opt) {
	case opt_size:
		return parse_size(fc, param->string, &mount->pages.max);
	case opt_mode:
		if (result.uint_32 & ~07777)
			return invalfc(fc, "mode=%o has more than permission bits", result.uint_32);
		mount->mode = result.uint_32;
		return 0;
	case opt_uid:
		uid = make_kuid(current_user_ns(), result.uint_32);
		if (!uid_valid(uid))
			return invalfc(fc, "uid=%u is not valid", result.uint_32);
		mount->uid = uid;
		return 0;
	case opt_gid:
		gid = make_kgid(current_user_ns(), result.uint_32);
		if (!gid_valid(gid))
			return invalfc(fc, "gid=%u is not valid", result.uint_32);
		mount->gid = gid;
		return 0;
	case opt_backing:
		backing = lend_backing_by_name(param->string);
		if (!backing)
			return invalfc(fc, "backing=%s: take folios, pages, contig or vmalloc",
				       param->string);
		mount->spec.backing = backing;
		return 0;
	case opt_map:
		map = lend_map_by_name(param->string);
		if (!map)
			return invalfc(fc, "map=%s: take auto, fault, insert or pfn",
				       param->string);
		mount->spec.map = map;
		return 0;
	case opt_node:
		if (!strcmp(param->string, "any"))
			node = LEND_NODE_ANY;
		else if (kstrtoint(param->string, 10, &node) || node < 0)
			return invalfc(fc, "node=%s: take a number, or any", param->string);
		mount->spec.node = node;
		return 0;
	case opt_dma_bits:
		if (result.uint_32 > 64)
			return invalfc(fc, "dma_bits=%u: take 0 to 64", result.uint_32);
		mount->spec.dma_bits = result.uint_32;
		return 0;
	}
	return -EINVAL;
}

static int check_spec(struct fs_context *fc, const struct lend_spec *spec)
{
	int err = lend_spec_check(spec);

	if (err == -ENXIO)
		errorfc(fc, "node=%d has no memory", spec->node);
	if (err == -ERANGE)
		errorfc(fc, "dma_bits=%u: no memory of this machine lies below", spec->dma_bits);
	return err;
}

static int lend_show_options(struct seq_file *m, struct dentry *root)
{
	struct lend_mount *mount = lend_mount_of(root->d_sb);
	struct lend_spec spec = lend_spec_read(&mount->spec);

	seq_printf(m, ",size=%luk,mode=%o", READ_ONCE(mount->pages.max) << (PAGE_SHIFT - 10),
		   mount->mode);
	if (!uid_eq(mount->uid, GLOBAL_ROOT_UID))
		seq_printf(m, ",uid=%u", from_kuid_munged(&init_user_ns, mount->uid));
	if (!gid_eq(mount->gid, GLOBAL_ROOT_GID))
		seq_printf(m, ",gid=%u", from_kgid_munged(&init_user_ns, mount->gid));
	seq_printf(m, ",backing=%s,map=%s", spec.backing->name, spec.map->name);
	if (spec.node != LEND_NODE_ANY)
		seq_printf(m, ",node=%d", spec.node);
	if (spec.dma_bits)
		seq_printf(m, ",dma_bits=%u", spec.dma_bits);
	return 0;
}

static int lend_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct lend_mount *mount = lend_mount_of(dentry->d_sb);
	unsigned long used = atomic_long_read(&mount->pages.used);
	unsigned long inodes = atomic_long_read(&mount->inodes.used);
	unsigned long max = READ_ONCE(mount->pages.max);

	buf->f_type = LEND_SUPER_MAGIC;
	buf->f_bsize = PAGE_SIZE;
	buf->f_namelen = NAME_MAX;
	buf->f_blocks = max ? max : totalram_pages();
	buf->f_bfree = buf->f_blocks - min_t(u64, used, buf->f_blocks);
	buf->f_bavail = buf->f_bfree;
	buf->f_files = mount->inodes.max;
	buf->f_ffree = mount->inodes.max - inodes;
	buf->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	return 0;
}

static void lend_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	lend_limit_sub(&lend_mount_of(inode->i_sb)->inodes, 1);
	if (S_ISREG(inode->i_mode))
		lend_buffer_destroy(lend_inode_buffer(inode));
}

static const struct super_operations lend_super_ops = {
	.statfs = lend_statfs,
	.drop_inode = inode_just_drop,
	.evict_inode = lend_evict_inode,
	.show_options = lend_show_options,
};

/**
 * lend_new_inode() - make a file or a directory
 * @sb: the mount
 * @dir: where, or NULL for the root
 * @mode: type and permissions
 *
 * Return: the inode, or ERR_PTR(-ENOSPC) or ERR_PTR(-ENOMEM).
 */
struct inode *lend_new_inode(struct super_block *sb, const struct inode *dir, umode_t mode)
{
	struct lend_mount *mount = lend_mount_of(sb);
	struct lend_buffer *buf = NULL;
	struct inode *inode;

	if (!lend_limit_add(&mount->inodes, 1))
		return ERR_PTR(-ENOSPC);
	if (S_ISREG(mode)) {
		buf = lend_buffer_create(&mount->spec);
		if (!buf)
			goto no_buffer;
	}
	inode = new_inode(sb);
	if (!inode)
		goto no_inode;

	inode->i_ino = get_next_ino();
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	simple_inode_init_ts(inode);
	if (S_ISREG(mode)) {
		inode->i_private = buf;
		buf->mapping = inode->i_mapping;
		inode->i_op = &lend_file_iops;
		inode->i_fop = &lend_file_fops;
		inode->i_mapping->a_ops = &lend_aops;
		/* Low zone: tells NUMA balancing that it has no place to move pages to. */
		mapping_set_gfp_mask(inode->i_mapping, GFP_DMA);
	} else {
		inode->i_op = &lend_dir_iops;
		inode->i_fop = &simple_dir_operations;
		inc_nlink(inode);
	}
	return inode;

no_inode:
	lend_buffer_destroy(buf);
no_buffer:
	lend_limit_sub(&mount->inodes, 1);
	return ERR_PTR(-ENOMEM);
}

static int lend_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct lend_mount *mount = fc->fs_private;
	struct inode *root;
	int err = check_spec(fc, &mount->spec);

	if (err)
		return err;

	fc->fs_private = NULL;
	sb->s_fs_info = mount;		/* freed by lend_kill_sb() */
	sb->s_magic = LEND_SUPER_MAGIC;
	sb->s_op = &lend_super_ops;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_time_gran = 1;
	/* No mapping of lent memory is ever executable. */
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;

	root = lend_new_inode(sb, NULL, S_IFDIR | mount->mode);
	if (IS_ERR(root))
		return PTR_ERR(root);
	root->i_uid = mount->uid;
	root->i_gid = mount->gid;
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int lend_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, lend_fill_super);
}

/* A smaller size than what is in use is refused; files keep what they are. */
static int lend_reconfigure(struct fs_context *fc)
{
	struct lend_mount *mount = lend_mount_of(fc->root->d_sb);
	struct lend_mount *new = fc->fs_private;
	unsigned long used = atomic_long_read(&mount->pages.used);
	unsigned long max = new->pages.max;
	int err = check_spec(fc, &new->spec);

	if (err)
		return err;
	/* mount(8) repeats the present ones. */
	if (new->mode != mount->mode || !uid_eq(new->uid, mount->uid) ||
	    !gid_eq(new->gid, mount->gid))
		return invalfc(fc, "mode=, uid= and gid= are set once: use chmod and chown");
	if (max && used > max)
		return invalfc(fc, "size=%luk is less than the %luk in use",
			       max << (PAGE_SHIFT - 10), used << (PAGE_SHIFT - 10));
	WRITE_ONCE(mount->pages.max, max);
	lend_spec_write(&mount->spec, &new->spec);
	return 0;
}

static void lend_free_fc(struct fs_context *fc)
{
	kfree(fc->fs_private);
}

static const struct fs_context_operations lend_context_ops = {
	.free = lend_free_fc,
	.parse_param = lend_parse_param,
	.get_tree = lend_get_tree,
	.reconfigure = lend_reconfigure,
};

static int lend_init_fs_context(struct fs_context *fc)
{
	struct lend_mount *mount = kzalloc(sizeof(*mount), GFP_KERNEL);

	if (!mount)
		return -ENOMEM;

	if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE) {
		const struct lend_mount *present = lend_mount_of(fc->root->d_sb);

		mount->spec = lend_spec_read(&present->spec);
		mount->pages.max = READ_ONCE(present->pages.max);
		mount->mode = present->mode;
		mount->uid = present->uid;
		mount->gid = present->gid;
	} else {
		lend_spec_init(&mount->spec);
		mount->pages.max = totalram_pages() / 2;
		mount->inodes.max = totalram_pages() / 2;
		mount->mode = DEFAULT_MODE;
		mount->uid = GLOBAL_ROOT_UID;
		mount->gid = GLOBAL_ROOT_GID;
	}
	if (fc->sb_flags & SB_KERNMOUNT) {
		/* The kernel's own: not of whoever happens to be the first to need it. */
		mount->pages.max = 0;
		fc->global = true;
	}
	fc->fs_private = mount;
	fc->ops = &lend_context_ops;
	return 0;
}

static void lend_kill_sb(struct super_block *sb)
{
	struct lend_mount *mount = lend_mount_of(sb);

	lend_kill_names(sb);
	kfree(mount);
}

struct file_system_type lend_fs_type = {
	.owner = THIS_MODULE,
	.name = "lend",
	.init_fs_context = lend_init_fs_context,
	.parameters = lend_params,
	.kill_sb = lend_kill_sb,
};
