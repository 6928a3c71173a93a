/*
 * sysfs.h - what appears in /sys as devices do.
 */
#pragma once

struct block_device;
struct super_block;
void sysfs_add_block_device(struct block_device *bdev);
struct super_block *sysfs_tree(void);
/* sysfs_topology.c: CPUs and nodes; the links between them once all CPUs are up. */
void sysfs_add_topology(struct super_block *sb);
void sysfs_link_cpus(void);
void sysfs_remove_block_device(struct block_device *bdev);	/* a partition */
/* sysfs_block.c: the files below block/. => called by the two above */
void sysfs_add_bdev_files(struct super_block *sb, struct block_device *bdev);
void sysfs_remove_bdev_files(struct super_block *sb, struct block_device *bdev);
