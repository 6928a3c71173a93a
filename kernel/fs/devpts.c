/*
 * devpts.c - /dev/pts: a name for each pseudo terminal's slave.
 *
 * Idea:   one tree of device nodes, which every mount of type devpts shows; the driver
 *         (kernel/dev/pty.c) adds a name when a master is opened and takes it away when that
 *         is closed. Options say who owns new names and how they may be used.
 * Locks:  the root's i_rwsem for names; namespace_lock around mount and remount.
 * Above:  namespace.c, kernel/dev/pty.c.   Below: ramfs.c (simple_unlink), inode.c.
 *         In Linux: fs/devpts/inode.c, which has a tree of its own for each mount.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/devpts.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

#define PTMX_DEV MKDEV(5, 2)

static struct super_block *devpts_sb;	/* c: NULL: never mounted */
/* Guard: namespace_lock for writing, each read as it is. */
static struct { bool uid_given, gid_given; kuid_t uid; kgid_t gid; umode_t mode, ptmxmode; } opts =
	{ .mode = 0600 };

static const struct inode_operations node_operations = { .setattr = simple_setattr };
static const struct inode_operations dir_operations = { .setattr = simple_setattr };

/* A node @name in the root. 0, -ENOMEM */
static int add_node(const char *name, umode_t mode, kdev_t dev, unsigned long ino, struct inode **out)
{
	struct dentry *root = devpts_sb->s_root, *dentry;
	struct inode *inode;

	down_write(&root->d_inode->i_rwsem);
	dentry = d_alloc(root, name, strlen(name));
	inode = dentry ? new_inode(devpts_sb, S_IFCHR | mode) : NULL;
	if (inode) {
		inode->i_ino = ino;
		inode->i_op = &node_operations;
		init_special_inode(inode, dev);
		if (opts.uid_given)
			inode->i_uid = opts.uid;
		if (opts.gid_given)
			inode->i_gid = opts.gid;
		d_add(dentry, inode);
		*out = inode;
	}
	dput(dentry);
	up_write(&root->d_inode->i_rwsem);
	return inode ? 0 : -ENOMEM;
}

/* devpts.h */
int devpts_add(unsigned int index, kdev_t dev)
{
	struct inode *inode;
	char name[12];

	if (!devpts_sb)
		return -ENODEV;
	snprintf(name, sizeof(name), "%u", index);
	return add_node(name, opts.mode, dev, index + 3, &inode);
}

/* devpts.h */
void devpts_remove(unsigned int index)
{
	struct dentry *root = devpts_sb->s_root, *dentry;
	char name[12];

	snprintf(name, sizeof(name), "%u", index);
	down_write(&root->d_inode->i_rwsem);
	dentry = d_lookup(root, name, strlen(name));
	if (dentry)
		simple_unlink(root->d_inode, dentry);
	dput(dentry);
	up_write(&root->d_inode->i_rwsem);
}

/* "gid=5": 0, -EINVAL */
static int parse_option(char *option)
{
	char *value = strchr(option, '='), *rest;
	unsigned long n = 0;

	if (value) {
		*value++ = 0;
		n = simple_strtoul(value, &rest, strstr(option, "mode") ? 8 : 0);
	}
	if (!strcmp(option, "newinstance"))
		return 0;		/* Linux has ignored it since 4.7 */
	if (!value || rest == value || *rest || n > ~0u)
		return -EINVAL;
	if (!strcmp(option, "uid")) {
		opts.uid_given = true;
		opts.uid = n;
	} else if (!strcmp(option, "gid")) {
		opts.gid_given = true;
		opts.gid = n;
	} else if (!strcmp(option, "mode")) {
		opts.mode = n & S_IALLUGO;
	} else if (!strcmp(option, "ptmxmode")) {
		opts.ptmxmode = n & S_IALLUGO;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int parse_options(const char *data)
{
	char *copy = kstrdup(data ? data : "", GFP_KERNEL), *p, *comma;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (p = copy; p && !err; p = comma) {
		comma = strchr(p, ',');
		if (comma)
			*comma++ = 0;
		if (!*p)
			continue;
		err = parse_option(p);
		if (err)
			pr_err("devpts: unrecognized mount option \"%s\" or missing value\n", p);
	}
	kfree(copy);
	return err;
}

static int devpts_remount(struct super_block *sb, const char *data)
{
	struct dentry *ptmx;
	int err = parse_options(data);

	ptmx = d_lookup(sb->s_root, "ptmx", 4);
	if (ptmx && !err)
		ptmx->d_inode->i_mode = S_IFCHR | opts.ptmxmode;
	dput(ptmx);
	return err;
}

static void devpts_show_options(struct seq_file *m, struct super_block *sb)
{
	if (opts.uid_given)
		seq_printf(m, ",uid=%u", opts.uid);
	if (opts.gid_given)
		seq_printf(m, ",gid=%u", opts.gid);
	seq_printf(m, ",mode=%03o,ptmxmode=%03o", opts.mode, opts.ptmxmode);
}

static int devpts_mount(struct super_block *sb, const char *source, const char *data)
{
	struct inode *root, *ptmx;
	int err = parse_options(data);

	if (err)
		return err;
	root = new_inode(sb, S_IFDIR | 0755);
	if (!root)
		return -ENOMEM;
	root->i_op = &dir_operations;
	root->i_fop = &simple_dir_fops;
	root->i_nlink = 2;
	sb->s_magic = DEVPTS_SUPER_MAGIC;
	sb->s_singleton = true;
	sb->s_remount = devpts_remount;
	sb->s_show_options = devpts_show_options;
	sb->s_root = d_make_root(sb, root);
	if (!sb->s_root)
		return -ENOMEM;
	devpts_sb = sb;
	err = add_node("ptmx", opts.ptmxmode, PTMX_DEV, 2, &ptmx);
	if (!err)
		return 0;
	devpts_sb = NULL;
	dput(sb->s_root);
	return err;
}

static struct file_system_type devpts_type = {
	.name = "devpts", .nodev = true, .mount = devpts_mount,
};

/* devpts.h */
void devpts_init(void)
{
	register_filesystem(&devpts_type);
}
