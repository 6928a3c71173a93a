/*
 * devfs.c - device files: who drives a number, and the tree "devtmpfs" that shows them.
 *
 * Idea:   a driver registers one (major, minor) with its file operations and a
 *         name. Opening any node with that number, in any file system, goes to
 *         the driver. The name appears in the one devtmpfs tree, which is made
 *         of ramfs inodes and may be mounted anywhere (usually /dev).
 * Locks:  chrdevs_lock, the table; the root directory's i_rwsem, the tree.
 * Above:  kernel/dev's drivers, kernel/block through block_device_added.
 *         In Linux: fs/char_dev.c, drivers/base/devtmpfs.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/block/block.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mem.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

/* All c. */
struct chrdev {
	struct list_head link;		/* chrdevs_lock */
	kdev_t dev;
	const struct file_operations *fops;
	void *private;
	umode_t mode;
	bool all_minors;		/* and no node */
	char name[32];
};

static DEFINE_MUTEX(chrdevs_lock, LOCK_OPEN);
static LIST_HEAD(chrdevs);
static struct vfsmount *devtmpfs_mnt;	/* c: NULL until devfs_init() */

static struct chrdev *find_chrdev(kdev_t dev)
{
	struct chrdev *c, *found = NULL;

	mutex_lock(&chrdevs_lock);
	list_for_each_entry(c, &chrdevs, link)
		if (c->dev == dev || (c->all_minors && MAJOR(c->dev) == MAJOR(dev)))
			found = c;
	mutex_unlock(&chrdevs_lock);
	return found;			/* never unregistered */
}

static int chrdev_open(struct inode *inode, struct file *file)
{
	struct chrdev *c = find_chrdev(inode->i_rdev);

	if (!c)
		return -ENXIO;
	file->f_op = c->fops;
	file->private_data = c->private;
	return c->fops->open ? c->fops->open(inode, file) : 0;
}
const struct file_operations def_chr_fops = { .open = chrdev_open };

/* A node in the devtmpfs tree; one that is there already stays. */
static void make_node(const char *name, umode_t mode, kdev_t dev)
{
	struct dentry *root, *dentry;
	struct inode *inode;

	if (!devtmpfs_mnt)
		return;			/* devfs_init() makes up for it */
	root = devtmpfs_mnt->mnt_root;
	down_write(&root->d_inode->i_rwsem);
	dentry = d_lookup(root, name, strlen(name));
	if (!dentry) {
		dentry = d_alloc(root, name, strlen(name));
		inode = dentry ? ramfs_get_inode(root->d_sb, NULL, mode, dev) : NULL;
		if (inode) {
			inode->i_uid = 0;
			inode->i_gid = 0;
			d_add(dentry, inode);
		} else {
			pr_warn("devtmpfs: no memory for %s\n", name);
		}
	}
	dput(dentry);
	up_write(&root->d_inode->i_rwsem);
}

/* fs.h */
int register_chrdev(unsigned int major, unsigned int minor, const char *name, umode_t mode,
		    const struct file_operations *fops, void *private)
{
	struct chrdev *c;

	if (find_chrdev(MKDEV(major, minor)))
		return -EBUSY;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->dev = MKDEV(major, minor);
	c->fops = fops;
	c->private = private;
	c->mode = mode;
	strscpy(c->name, name, sizeof(c->name));
	mutex_lock(&chrdevs_lock);
	list_add_tail(&c->link, &chrdevs);
	mutex_unlock(&chrdevs_lock);
	make_node(name, S_IFCHR | mode, c->dev);
	return 0;
}

/* Takes it away again, whoever has it open. */
static void remove_node(const char *name)
{
	struct dentry *root, *dentry;

	if (!devtmpfs_mnt)
		return;
	root = devtmpfs_mnt->mnt_root;
	down_write(&root->d_inode->i_rwsem);
	dentry = d_lookup(root, name, strlen(name));
	if (dentry)
		simple_unlink(root->d_inode, dentry);
	dput(dentry);
	up_write(&root->d_inode->i_rwsem);
}

static void remove_block_device(struct block_device *bdev)
{
	remove_node(bdev->name);
	sysfs_remove_block_device(bdev);
}

/* fs.h */
int register_chrdev_major(unsigned int major, const struct file_operations *fops)
{
	struct chrdev *c;

	if (find_chrdev(MKDEV(major, 0)))
		return -EBUSY;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->dev = MKDEV(major, 0);
	c->fops = fops;
	c->all_minors = true;
	mutex_lock(&chrdevs_lock);
	list_add_tail(&c->link, &chrdevs);
	mutex_unlock(&chrdevs_lock);
	return 0;
}

static void add_block_device(struct block_device *bdev)
{
	make_node(bdev->name, S_IFBLK | 0600, bdev->dev);
	sysfs_add_block_device(bdev);
}
static void add_block_device_arg(struct block_device *bdev, void *arg) { add_block_device(bdev); }

static int devtmpfs_mount(struct super_block *sb, const char *source, const char *data)
{
	sb->s_magic = TMPFS_MAGIC;
	sb->s_singleton = true;
	sb->s_root = d_make_root(sb, ramfs_get_inode(sb, NULL, S_IFDIR | 0755, 0));
	return sb->s_root ? 0 : -ENOMEM;
}

static struct file_system_type devtmpfs_type = {
	.name = "devtmpfs", .nodev = true, .mount = devtmpfs_mount,
};

/* fs.h */
void devfs_init(void)
{
	struct chrdev *c;

	register_filesystem(&devtmpfs_type);
	devtmpfs_mnt = kern_mount(&devtmpfs_type);
	BUG_ON(IS_ERR(devtmpfs_mnt));
	mem_devices_init();
	list_for_each_entry(c, &chrdevs, link)	/* registered before there was a tree */
		if (!c->all_minors)
			make_node(c->name, S_IFCHR | c->mode, c->dev);
	block_device_added = add_block_device;
	block_device_removed = remove_block_device;
	for_each_block_device(add_block_device_arg, NULL);
}
