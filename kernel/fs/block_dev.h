/*
 * block_dev.h - who uses a block device's page cache.
 */
#pragma once

#include "kernel/lib/types.h"

struct block_device;
struct file;

/* One opener more (a file, a mount): the device's pages stay. 0, -ENXIO (it went). May sleep. */
int blkdev_get(struct block_device *bdev);
/* One fewer: with the last, dirty pages are written and all are dropped. May sleep. */
void blkdev_put(struct block_device *bdev);
/* How much of @len bytes may be written at @pos. -EPERM: it is read-only; -ENOSPC: it ends before that */
kssize_t blkdev_room(const struct file *file, loff_t pos, size_t len);
/* rescan_partitions() while nobody opens one. May sleep. */
int blkdev_rescan(struct block_device *disk);
/* The disk cannot be found any more, until block_set_hidden(). 0; -EBUSY: somebody has it open. */
int blkdev_hide(struct block_device *disk);
