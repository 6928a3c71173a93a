/*
 * backing-dev.h - a disk, as far as write-back is concerned.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/spinlock.h"
#include "mm/mm_types.h"

/*
 * One a disk; its partitions share it. Guards: l lock   a atomic   c set once
 */
struct backing_dev_info {
	spinlock_t lock;			/* LOCK_I_PAGES; never with an i_lock, either way round */
	struct list_head dirty_mappings;	/* l: oldest first */
	struct address_space *flushing;		/* l: somebody writes it: do not free it */
	struct wait_queue_head flushing_wait;	/* flushing changed */
	struct wait_queue_head wait;		/* the flusher sleeps here */
	_Atomic bool woken;			/* a: there is something to do */
	_Atomic bool write_all;			/* a: all that is dirty now, not only what is too much */
	_Atomic long dirty, writeback;		/* a: pages */
	_Atomic unsigned long written;		/* a: pages; halved now and then, with everybody's */
	struct list_head link;			/* bdi_lock: all of them */
};

/* An empty one joins the others. => before the first of its mappings; it stays for ever */
void bdi_register(struct backing_dev_info *bdi);
/* The flusher of the device in its argument: a kernel thread's function. Never returns. */
int flusher_thread(void *bdi);
/* There is something to write. Any context. */
void bdi_wakeup(struct backing_dev_info *bdi);
/* Somebody needs clean pages: every flusher writes all that is dirty now. Any context. */
void wakeup_flusher_threads(void);
/* @mapping has a dirty page: its device's flusher is to know. Any context, no i_lock held. */
void bdi_note_dirty(struct address_space *mapping);
/* A page of @mapping was written. Any context. */
void bdi_count_written(struct address_space *mapping);
/* How much of @limit pages is this device's: see balance_dirty_pages_ratelimited(). */
unsigned long bdi_share(struct backing_dev_info *bdi, unsigned long limit);
/* c: kernel/fs: the device's inodes dirty since before @older (ns) go into its pages. */
extern void (*flush_inodes)(struct backing_dev_info *bdi, u64 older);
