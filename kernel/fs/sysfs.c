/*
 * sysfs.c - /sys, small and true: CPUs, and what others put there by
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
#include "kernel/x86/percpu.h"

static DEFINE_MUTEX(sysfs_lock, LOCK_SYSFS);
static struct super_block *sysfs_sb;	/* c: NULL until sysfs_init() */

struct super_block *sysfs_tree(void) { return sysfs_sb; }

/* What @change does to the disk's files; disks that come before sysfs get theirs in sysfs_init(). */
static void change_bdev(struct block_device *bdev,
			void (*change)(struct super_block *sb, struct block_device *bdev))
{
	mutex_lock(&sysfs_lock);
	if (sysfs_sb)
		change(sysfs_sb, bdev);
	mutex_unlock(&sysfs_lock);
}

/* sysfs.h */
void sysfs_add_block_device(struct block_device *bdev)
{
	change_bdev(bdev, sysfs_add_bdev_files);
}

/* sysfs.h */
void sysfs_remove_block_device(struct block_device *bdev)
{
	change_bdev(bdev, sysfs_remove_bdev_files);
}

/* sysfs.h */
void sysfs_add_bdev_group(struct block_device *bdev)
{
	change_bdev(bdev, sysfs_add_bdev_group_files);
}

/* sysfs.h */
void sysfs_remove_bdev_group(struct block_device *bdev)
{
	change_bdev(bdev, sysfs_remove_bdev_group_files);
}

static void add_device(struct block_device *bdev, void *arg) { sysfs_add_block_device(bdev); }

/* Where another file system is mounted: empty for ever. */
static void add_mount_point(struct super_block *sb, const char *path)
{
	struct inode *inode = tree_add(sb, path, S_IFDIR | 0555, NULL, NULL);

	if (inode)
		inode->i_op = &fixed_dir_operations;
}

static int sysfs_mount(struct super_block *sb, const char *source, const char *data)
{
	int err = tree_mount(sb, SYSFS_MAGIC);

	if (err)
		return err;
	tree_add_ctl_files(sb, "/sys/");
	sysfs_add_topology(sb);
	tree_add(sb, "block", S_IFDIR | 0755, NULL, NULL);
	tree_add(sb, "kernel", S_IFDIR | 0755, NULL, NULL);
	add_mount_point(sb, "kernel/tracing");
	add_mount_point(sb, "fs/cgroup");
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
