/*
 * sysfs.c - /sys, small and true: CPUs, block devices, and what others put there by
 * CTL_FILE("/sys/…").
 *
 * Locks:  a directory's entries are added by the boot and by drivers' probes, one at a time
 * (sysfs_lock).
 * Above:  devfs.c tells of devices; mount(2).   Below: proc_generic.c.   In Linux: fs/sysfs,
 * drivers/base.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/block/block.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/percpu.h"

static DEFINE_MUTEX(sysfs_lock, LOCK_OPEN);
static struct super_block *sysfs_sb;	/* c: NULL until sysfs_init() */

struct super_block *sysfs_tree(void) { return sysfs_sb; }

struct bdev_attr { const char *name; void (*show)(struct seq_file *m, struct block_device *bdev); };

static void size_show(struct seq_file *m, struct block_device *bdev)
{
	seq_printf(m, "%lu\n", (unsigned long)bdev->capacity);
}
static void ro_show(struct seq_file *m, struct block_device *bdev)
{
	seq_printf(m, "%d\n", bdev->read_only);
}
static void dev_show(struct seq_file *m, struct block_device *bdev)
{
	seq_printf(m, "%u:%u\n", MAJOR(bdev->dev), MINOR(bdev->dev));
}
static const struct bdev_attr bdev_attrs[] = {
	{ "dev", dev_show }, { "ro", ro_show }, { "size", size_show },
};

/* Which attribute it is, the name says; which device, i_private. */
static int bdev_attr_show(struct text_file *t)
{
	const struct dentry *d = t->entry;

	for (unsigned int i = 0; i < ARRAY_SIZE(bdev_attrs); i++)
		if (bdev_attrs[i].name[0] == d->d_name[0])
			bdev_attrs[i].show(&t->m, d->d_inode->i_private);
	return 0;
}

static int bdev_attr_open(struct inode *inode, struct file *file)
{
	return text_open(file, bdev_attr_show, file->f_path.dentry, NULL);
}

static const struct file_operations bdev_attr_fops = {
	.open = bdev_attr_open, .release = text_release, .read = text_read,
};

/* sysfs.h */
void sysfs_add_block_device(struct block_device *bdev)
{
	char path[64];

	if (!sysfs_sb)
		return;
	mutex_lock(&sysfs_lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(bdev_attrs); i++) {
		snprintf(path, sizeof(path), "block/%s/%s", bdev->name, bdev_attrs[i].name);
		if (!tree_add(sysfs_sb, path, S_IFREG | 0444, &bdev_attr_fops, bdev))
			pr_warn("sysfs: no memory for %s\n", path);
	}
	mutex_unlock(&sysfs_lock);
}
static void add_device(struct block_device *bdev, void *arg) { sysfs_add_block_device(bdev); }

static int sysfs_mount(struct super_block *sb, const char *source, const char *data)
{
	int err = tree_mount(sb, SYSFS_MAGIC);

	if (err)
		return err;
	tree_add_ctl_files(sb, "/sys/");
	sysfs_add_topology(sb);
	tree_add(sb, "block", S_IFDIR | 0755, NULL, NULL);
	tree_add(sb, "kernel", S_IFDIR | 0755, NULL, NULL);
	tree_add(sb, "kernel/tracing", S_IFDIR | 0755, NULL, NULL);	/* to mount tracefs on */
	tree_add(sb, "fs/cgroup", S_IFDIR | 0555, NULL, NULL);	/* where cgroup2 is mounted */
	return 0;
}

static struct file_system_type sysfs_type = { .name = "sysfs",
					      .nodev = true,
					      .mount = sysfs_mount };

/* fs.h */
void sysfs_init(void)
{
	struct vfsmount *mnt;

	register_filesystem(&sysfs_type);
	mnt = kern_mount(&sysfs_type);
	BUG_ON(IS_ERR(mnt));
	sysfs_sb = mnt->mnt_sb;
	for_each_block_device(add_device, NULL);
}
