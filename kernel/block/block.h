/*
 * block.h - block devices and their requests.
 *
 * Idea: a request is a run of sectors and a list of page segments, with a
 *       function that is called when it ends. A driver takes requests through
 *       submit() and completes them from its interrupt. Requests come from a
 *       pool set aside per device, so that swap-out needs no memory; a caller
 *       who finds the pool empty sleeps until one ends.
 * Locks:  LOCK_BLOCK inside (irqsave).
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/wait.h"
#include "mm/backing-dev.h"
#include "mm/mm_types.h"

#define SECTOR_SHIFT 9
#define BLK_MAX_SEGMENTS 64
#define BLK_MAX_BYTES (128 * PAGE_SIZE)	/* in one request; more than 64 pages if some lie side by side */
/* requests set aside per device: 64 x 64 pages, 16 MiB in flight */
#define BLK_POOL_SIZE 64
#define BLK_MIN_REQUESTS 4		/* as on Linux */

struct blk_segment { struct page *page; u32 offset, len; };	/* bytes; len a multiple of 512 */

struct blk_request {
	struct list_head link;		/* driver's or pool's */
	struct block_device *bdev;
	enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH } op;
	sector_t sector;
	unsigned int nr_segments, nr_bytes;
	struct blk_segment segments[BLK_MAX_SEGMENTS];
	int error;			/* out: 0 or -errno */
	/* any context; req goes back to the pool after it */
	void (*end_io)(struct blk_request *req);
	void *private;
	void *swap_done;		/* swap_dev.c: whom to tell, page by page */
	u64 start_ns;
	unsigned int driver_slot;	/* the driver's, while it has the request */
};

struct block_device_operations {
	/* Takes the request (it is the driver's until blk_end_request). => may be called with
	 * interrupts off; never sleeps. false: queue full, kept by the block layer. */
	/* => bdev->lock held, so it must not end the request itself */
	bool (*submit)(struct block_device *bdev, struct blk_request *req);
	/* tell the device; many submits, one kick. => bdev->lock not held; any context */
	void (*kick)(struct block_device *bdev);
	/* A command that no other device knows; @write: it was opened for writing. May be NULL. */
	long (*ioctl)(struct block_device *bdev, bool write, unsigned int cmd, unsigned long arg);
	/* Nobody uses the disk or a part of it any more. => no lock held; may be NULL */
	void (*release)(struct block_device *disk);
};

struct block_device {
	const struct block_device_operations *ops;
	void *driver;
	char name[16];			/* "vda" */
	kdev_t dev;
	sector_t capacity;		/* a: 512-byte sectors */
	bool read_only;
	bool write_cache;		/* c: BLK_FLUSH means something */
	bool on_demand;			/* c: its pool and flusher come with its medium: blk_alloc_pool() */
	bool stacked;			/* c: its requests are done by a task, with pages of its own */
	bool solid_state;		/* nothing in it turns */
	bool no_partscan;		/* its partition table is not looked at */
	unsigned int minors;		/* c: numbers set aside for it and its partitions; 0: 16 */
	unsigned int block_size;	/* the smallest unit that programs are told of; 0: 512 */
	char sysfs_target[48];		/* kernel/fs/sysfs_block.c: where /sys/dev/block/7:0 leads */
	const struct bdev_group *group;	/* c: more files in /sys (kernel/fs/sysfs.h); may be NULL */
	_Atomic bool gone;		/* a: the device vanished: requests end with -EIO */
	struct list_head link;		/* all devices */
	/* its pages: reading /dev/vda goes through the page cache */
	struct address_space mapping;
	struct backing_dev_info bdi;	/* a disk's; partitions use @whole's */
	loff_t size;			/* bytes */
	void *holder;			/* who has it exclusively (swap): bd_claim() */
	/* fs/block_dev.c's lock: open files; the last drops the pages */
	int openers;
	int disk_openers;		/* the same lock: of a disk and its partitions together */
	unsigned int max_segments;
	/* LOCK_BLOCK: free requests; those the driver had no room for */
	struct list_head pool, pending;
	unsigned int nr_requests;	/* LOCK_BLOCK: so many of the pool may be in use: blk_set_nr_requests() */
	unsigned int requests_used;	/* LOCK_BLOCK */
	unsigned int in_flight;
	spinlock_t lock;
	struct wait_queue_head wait;	/* for a free request */
	/* LOCK_BLOCK: /proc/diskstats, by enum op */
	u64 nr_ios[2], nr_sectors[2], nr_ns[2], nr_merges[2];
	u64 nr_flushes, flush_ns;
	/* LOCK_BLOCK, a disk's: writes that have ended; how many had when the last flush was sent */
	u64 writes_ended, writes_flushed;
	u64 busy_ns, busy_since;	/* LOCK_BLOCK: time with anything in flight */
	struct blk_request *requests;	/* c: the pool's memory */
	/*
	 * A partition has a struct of its own: its pages, holder and statistics. Its requests are
	 * its disk's: pool, lock and ops are those of @whole. genhd.c
	 */
	struct block_device *whole;	/* c: the disk; a disk's own address for itself */
	sector_t start;			/* c while not hidden: where it begins on the disk */
	unsigned int partno;		/* c: 0: a whole disk */
	bool hidden;			/* devices_lock: there is no such partition (any more) */
	unsigned int part_holders;	/* lock: partitions of this disk that have a holder */
};

void block_init(void);
void bdev_cache_init(void);		/* bdev_cache.c: "Buffers" of /proc/meminfo */
/* name, dev, capacity, ops, driver set; 0, -ENOMEM, -EEXIST. Prints a line; makes /dev/<name>
 * through fs's devfs hook. */
int register_block_device(struct block_device *bdev);
/* The requests of a disk that was registered without (on_demand). Once. 0, -ENOMEM */
int blk_alloc_pool(struct block_device *bdev);
/* How many may be in use at a time: 0, or -EINVAL if the pool has not as many. BLK_MIN_REQUESTS are
 * the least. May be called at any time; who has one keeps it. */
int blk_set_nr_requests(struct block_device *bdev, unsigned long n);
/* every request, queued or later, ends with -EIO */
void block_device_gone(struct block_device *bdev);

/* --- genhd.c: partitions --- */
/*
 * Reads the partition table and makes a device of each partition; those that were there before go.
 * => nobody opens one meanwhile (fs/block_dev.c's lock, or boot). 0; -EBUSY: one is in use; -EIO,
 *    -ENOMEM. May sleep
 */
int rescan_partitions(struct block_device *disk);
/* ioctl(BLKPG): bytes, both a multiple of 512. => as above. 0, -EINVAL, -EBUSY, -ENXIO, -ENOMEM */
int bdev_add_partition(struct block_device *disk, unsigned int partno, u64 start, u64 length);
int bdev_del_partition(struct block_device *disk, unsigned int partno);
int bdev_resize_partition(struct block_device *disk, unsigned int partno, u64 start, u64 length);
/* blkdev.c: into the list: a disk at its end, a partition behind its disk and those before it */
void block_list_add(struct block_device *bdev);
struct block_device *block_find_partition(struct block_device *disk, unsigned int partno);
void block_set_hidden(struct block_device *bdev, bool hidden);
static inline unsigned int bdev_block_size(const struct block_device *bdev)
{
	return READ_ONCE(bdev->whole->block_size) ?: 1U << SECTOR_SHIFT;
}
struct block_device *blkdev_get_by_dev(kdev_t dev);	/* NULL */
struct block_device *blkdev_get_by_name(const char *name);
/*
 * may sleep; segments, end_io, private empty. What the caller keeps open (blk_keep_open) is sent before
 * it sleeps: if each of 64 tasks kept one and waited for another, no one would come.
 */
struct blk_request *blk_get_request(struct block_device *bdev);
/* NULL if the pool is empty; any context */
struct blk_request *blk_try_get_request(struct block_device *bdev);
void blk_put_request(struct blk_request *req);		/* back unused */
static inline unsigned int blk_request_bytes(const struct blk_request *req)
{
	return req->nr_bytes;
}
/* Adds a run of bytes of @page; false: no segment is left. */
bool blk_add_page(struct blk_request *req, struct page *page, u32 offset, u32 len);
/* Adds them to the last segment if they follow it; false: they do not. => there is a segment */
bool blk_extend_segment(struct blk_request *req, struct page *page, u32 offset, u32 len);
/*
 * The same if they only follow it in memory, maybe on another page: for a request whose end_io looks
 * at no segment. => there is a segment. false: they do not, the disk takes pages only
 * (a stacked one), or the request has BLK_MAX_BYTES.
 */
bool blk_extend_run(struct blk_request *req, struct page *page, u32 offset, u32 len);
void blk_submit(struct blk_request *req);		/* and blk_kick() later */
/* *open, a variable of this task's, is @req until blk_send(): more may join it. => *open was NULL */
void blk_keep_open(struct blk_request **open, struct blk_request *req);
void blk_send(struct blk_request **open);	/* what is open goes, with a kick; *open is NULL then */
void blk_kick(struct block_device *bdev);
/* One transfer within a page (len a multiple of 512), waited for. */
/* 0, -EIO; may sleep */
int blk_rw_sync(struct block_device *bdev, bool write, sector_t sector, struct page *page,
		u32 offset, u32 len);
/* What was written before reaches the medium, out of the device's cache: 0, -EIO; may sleep */
int blk_flush_sync(struct block_device *bdev);
/* drivers: any context, no lock of LOCK_BLOCK or above held */
void blk_end_request(struct blk_request *req, int error);
/* drivers, after some requests ended: there is room again */
void blk_run_pending(struct block_device *bdev);
/* the medium grew or shrank; logged */
void blk_set_capacity(struct block_device *bdev, sector_t sectors);
/* What /proc/diskstats and /sys/block/vda/stat show; [0] reads, [1] writes. */
struct disk_stats {
	unsigned long long ios[2], merges[2], sectors[2], ms[2], busy_ms, total_ms, flushes, flush_ms;
	unsigned int in_flight;
};
void block_device_stats(struct block_device *bdev, struct disk_stats *s);
int bd_claim(struct block_device *bdev, void *holder);	/* 0, -EBUSY */
void bd_release(struct block_device *bdev);
void for_each_block_device(void (*fn)(struct block_device *bdev, void *arg), void *arg);
extern void (*block_device_added)(struct block_device *bdev);	/* c: fs/devfs: makes the node */
extern void (*block_device_removed)(struct block_device *bdev);	/* c: fs/devfs: and takes it away */
extern const struct address_space_operations blkdev_aops;	/* bdev_cache.c: bdev->mapping's */
/* swap_dev.c: claims the device (-EBUSY) and fills @dev for mm's do_swapon. */
struct swap_device;
/* do_swapon() gives it back (ops->release) if it fails, and at swapoff. 0, -EBUSY, -ENOMEM,
 * -EIO (gone). */
int swap_device_for_bdev(struct block_device *bdev, struct swap_device *dev);
/* A run of a swap file's pages, in the order of the slots: all of them, without gaps. */
struct swap_extent { unsigned long first, pages; sector_t sector; };
/*
 * The same for a file on @bdev. @extents (kvmalloc'ed) are taken over; @release(@arg) is called at
 * swapoff, or if do_swapon() fails. Fills ops, dev, id. 0, -ENOMEM, -EIO: nothing is taken over.
 */
int swap_device_for_extents(struct block_device *bdev, struct swap_extent *extents, unsigned int n,
			    void (*release)(void *arg), void *arg, struct swap_device *dev);
