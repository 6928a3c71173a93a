/*
 * loop_internal.h - a loop device, as its two files see it.
 *
 * Locks: by letter: s lock (LOCK_LOOP)   i io (LOCK_LOOP_IO)   b bdev.lock   c set once
 */
#pragma once

#include "kernel/abi/loop.h"
#include "kernel/block/block.h"
#include "kernel/sched/mutex.h"

struct file;

struct loop_device {
	struct block_device bdev;
	unsigned int number;		/* c */
	struct list_head link;		/* loop_ctl_lock */
	struct mutex lock;		/* settings: one change at a time */
	struct mutex io;		/* the worker has it for each request */
	/* changed under both, read under either */
	struct file *file;		/* s i: a reference; NULL: not bound */
	loff_t offset;			/* s i: where the disk begins in the file */
	loff_t sizelimit;		/* s: bytes; 0: to the file's end */
	u32 flags;			/* s: LO_FLAGS_* */
	u8 name[LO_NAME_SIZE], crypt_name[LO_NAME_SIZE];	/* s: what SET_STATUS said */
	struct list_head queue;		/* b: requests for the worker */
	struct wait_queue_head wait;	/* the worker sleeps here */
	bool has_flusher, threads;	/* s: the flusher runs; and the worker */
};

/* loop.c */
extern const struct block_device_operations loop_ops;
int loop_worker(void *lo);		/* a kernel thread's function */
/* The worker uses @file (NULL: none) from @offset on, from the next request on. => lo->lock held */
struct file *loop_set_file(struct loop_device *lo, struct file *file, loff_t offset);
/* loop_ctl.c: ops of loop_ops */
long loop_ioctl(struct block_device *bdev, bool write, unsigned int cmd, unsigned long arg);
void loop_release(struct block_device *disk);
