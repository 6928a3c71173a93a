/*
 * sysfs.h - what appears in /sys as devices do.
 */
#pragma once

struct block_device;
void sysfs_add_block_device(struct block_device *bdev);
