/*
 * block_dev.h - who uses a block device's page cache.
 */
#pragma once

struct block_device;

/* One opener more (a file, a mount): the device's pages stay. 0, -ENXIO (it went). May sleep. */
int blkdev_get(struct block_device *bdev);
/* One fewer: with the last, dirty pages are written and all are dropped. May sleep. */
void blkdev_put(struct block_device *bdev);
/* rescan_partitions() while nobody opens one. May sleep. */
int blkdev_rescan(struct block_device *disk);
/* The disk cannot be found any more, until block_set_hidden(). 0; -EBUSY: somebody has it open. */
int blkdev_hide(struct block_device *disk);
