/*
 * sysfs.h - what appears in /sys as devices do.
 */
#pragma once

struct block_device;
struct seq_file;
struct super_block;
void sysfs_add_block_device(struct block_device *bdev);
struct super_block *sysfs_tree(void);
/* sysfs_topology.c: CPUs and nodes; the links between them once all CPUs are up. */
void sysfs_add_topology(struct super_block *sb);
void sysfs_link_cpus(void);
/* Files of a driver's own, in a directory of the disk's: bdev->group. All c. */
struct bdev_attr {
	const char *name;
	unsigned int where;		/* enum where, of sysfs_block.c's own */
	void (*show)(struct seq_file *m, struct block_device *bdev);
	int (*store)(struct block_device *bdev, const char *text);	/* 0, -errno; NULL: read-only */
};
struct bdev_group {
	const char *name;
	const struct bdev_attr *attrs;
	unsigned int n;
};
/* They come and go with the disk's medium. May sleep. */
void sysfs_add_bdev_group(struct block_device *bdev);
void sysfs_remove_bdev_group(struct block_device *bdev);
void sysfs_remove_block_device(struct block_device *bdev);	/* a partition */
/* sysfs_block.c: the files below block/. => called by the two above */
void sysfs_add_bdev_files(struct super_block *sb, struct block_device *bdev);
void sysfs_remove_bdev_files(struct super_block *sb, struct block_device *bdev);
void sysfs_add_bdev_group_files(struct super_block *sb, struct block_device *bdev);
void sysfs_remove_bdev_group_files(struct super_block *sb, struct block_device *bdev);
