/*
 * backing-dev.c - a disk's list of files with dirty pages, and the flusher that writes them.
 *
 * Idea:   each disk (partitions share their disk's) has a list of the mappings with dirty
 *         pages, the oldest first, and a kernel thread that walks it:
 *
 *           all dirty pages > background limit   it writes until they are below, or its own are gone
 *           a mapping dirty for 30 s             it writes that mapping
 *
 *         So a disk that is slow, or stuck, holds up its own flusher only. How much of the limit a
 *         disk may fill is its part of what all disks have written lately: counts that are
 *         halved, all at once, whenever their sum reaches a bound.
 * Locks:  bdi->lock guards the list; whoever writes a mapping from it names it (flushing), so that
 *         its owner can wait before freeing it (mapping_forget_dirty). bdi_lock: the list of disks.
 * Above:  main.c starts the threads, kernel/fs syncs, kernel/block registers disks.
 * Below:  page-writeback.c.   In Linux: mm/backing-dev.c, fs/fs-writeback.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"
#include "mm/backing-dev.h"
#include "mm/filemap.h"
#include "mm/vmstat.h"

static LIST_HEAD(bdi_list);				/* bdi_lock; entries stay */
static spinlock_t bdi_lock = SPINLOCK_INIT(LOCK_I_PAGES);
static _Atomic unsigned long all_written;		/* the sum of bdi->written, or a little off */
void (*flush_inodes)(struct backing_dev_info *bdi, u64 older);

static int dirty_expire_centisecs = 3000, dirty_writeback_centisecs = 500;	/* Linux's */

static void writeback_interval_set(void);
CTL_SYSCTL_INT("vm.dirty_expire_centisecs", dirty_expire_centisecs, 0, __INT_MAX__);
CTL_SYSCTL_INT("vm.dirty_writeback_centisecs", dirty_writeback_centisecs, 0, 0,
	       .after = writeback_interval_set);

#define NSEC_PER_CENTISEC (10 * NSEC_PER_MSEC)
#define WRITTEN_PERIOD 8192UL	/* pages that all disks write until the counts are halved: 32 MiB */
#define SMALLEST_SHARE 16	/* of the limit, as a divisor: a disk that has written nothing yet */

/* backing-dev.h */
void bdi_register(struct backing_dev_info *bdi)
{
	unsigned long flags;

	spin_lock_init(&bdi->lock, LOCK_I_PAGES);
	INIT_LIST_HEAD(&bdi->dirty_mappings);
	init_waitqueue_head(&bdi->flushing_wait);
	init_waitqueue_head(&bdi->wait);
	flags = spin_lock_irqsave(&bdi_lock);
	list_add_tail(&bdi->link, &bdi_list);
	spin_unlock_irqrestore(&bdi_lock, flags);
}

/* The device after @bdi (NULL: the first), or NULL. None ever goes. */
static struct backing_dev_info *next_bdi(struct backing_dev_info *bdi)
{
	struct list_head *next;
	unsigned long flags = spin_lock_irqsave(&bdi_lock);

	next = bdi ? bdi->link.next : bdi_list.next;
	spin_unlock_irqrestore(&bdi_lock, flags);
	return next == &bdi_list ? NULL : list_entry(next, struct backing_dev_info, link);
}

/* --- how fast a disk is --- */

static void halve_counts(void)
{
	struct backing_dev_info *bdi;
	unsigned long flags = spin_lock_irqsave(&bdi_lock);

	if (all_written >= WRITTEN_PERIOD) {
		unsigned long sum = 0;

		list_for_each_entry(bdi, &bdi_list, link) {
			bdi->written -= bdi->written / 2;
			sum += bdi->written;
		}
		all_written = sum;
	}
	spin_unlock_irqrestore(&bdi_lock, flags);
}

/* backing-dev.h. From interrupts: the halving is the flushers'. */
void bdi_count_written(struct address_space *mapping)
{
	mapping->bdi->written++;
	all_written++;
}

/*
 * bdi_share: by what the device has written lately, of what all have; no less than a 16th, from
 * which one begins that has written nothing.
 */
unsigned long bdi_share(struct backing_dev_info *bdi, unsigned long limit)
{
	unsigned long own = bdi->written, all = MAX((unsigned long)all_written, own);

	if (!all)
		return limit;
	return MAX(limit * own / all, limit / SMALLEST_SHARE);
}

/* --- the list of dirty mappings --- */

/* backing-dev.h */
void bdi_note_dirty(struct address_space *mapping)
{
	struct backing_dev_info *bdi = mapping->bdi;
	unsigned long flags = spin_lock_irqsave(&bdi->lock);

	if (list_empty(&mapping->link)) {
		mapping->dirtied_when = ktime_get_ns();
		list_add_tail(&mapping->link, &bdi->dirty_mappings);
	}
	spin_unlock_irqrestore(&bdi->lock, flags);
}

/*
 * Takes the first mapping off the list (if @older: only one dirty since before then), and keeps
 * it from being freed.
 * => NULL: none. release_flushing() afterwards.
 */
static struct address_space *take_dirty_mapping(struct backing_dev_info *bdi, u64 older)
{
	struct address_space *mapping = NULL;
	unsigned long flags;

	/* sync(2) and the flusher: one at a time; somebody else may have been woken, too */
	for (;;) {
		wait_event(bdi->flushing_wait, !READ_ONCE(bdi->flushing), "flusher");
		flags = spin_lock_irqsave(&bdi->lock);
		if (!bdi->flushing)
			break;
		spin_unlock_irqrestore(&bdi->lock, flags);
	}
	if (!list_empty(&bdi->dirty_mappings)) {
		mapping = list_first_entry(&bdi->dirty_mappings, struct address_space, link);
		if (older && mapping->dirtied_when > older)
			mapping = NULL;
	}
	if (mapping) {
		list_del_init(&mapping->link);
		bdi->flushing = mapping;
	}
	spin_unlock_irqrestore(&bdi->lock, flags);
	return mapping;
}

/* Back on the list, last, if it still has dirty pages. */
static void release_flushing(struct address_space *mapping)
{
	struct backing_dev_info *bdi = mapping->bdi;
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool dirty = xa_marked(&mapping->i_pages, PAGECACHE_TAG_DIRTY);

	spin_unlock_irqrestore(&mapping->i_lock, flags);
	if (dirty)
		bdi_note_dirty(mapping);
	flags = spin_lock_irqsave(&bdi->lock);
	bdi->flushing = NULL;
	spin_unlock_irqrestore(&bdi->lock, flags);
	wake_up_all(&bdi->flushing_wait);
}

/*
 * mapping_forget_dirty: its owner is about to free it, and its pages are gone: nobody else
 * holds on to it after this.
 */
void mapping_forget_dirty(struct address_space *mapping)
{
	struct backing_dev_info *bdi = mapping->bdi;
	bool busy = mapping_can_writeback(mapping);
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);

	/* Who has just taken the last page out (remove_mapping) has let go of the mapping, too. */
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	while (busy) {
		wait_event(bdi->flushing_wait, READ_ONCE(bdi->flushing) != mapping, "flusher");
		flags = spin_lock_irqsave(&bdi->lock);
		busy = bdi->flushing == mapping;	/* it was still on the list, and taken meanwhile */
		if (!busy && !list_empty(&mapping->link))
			list_del_init(&mapping->link);
		spin_unlock_irqrestore(&bdi->lock, flags);
	}
}

/* sync_dirty_mappings: writes all that is dirty now, and waits: sync(2). 0, or the first error. */
int sync_dirty_mappings(void)
{
	u64 start = ktime_get_ns();
	struct backing_dev_info *bdi;
	struct address_space *mapping;
	int error = 0;

	for (bdi = next_bdi(NULL); bdi; bdi = next_bdi(bdi)) {
		while ((mapping = take_dirty_mapping(bdi, start))) {
			int ret = filemap_write_and_wait(mapping);

			if (ret && !error)
				error = ret;
			release_flushing(mapping);
		}
	}
	return error;
}

/* --- the flusher --- */

/* backing-dev.h */
void bdi_wakeup(struct backing_dev_info *bdi)
{
	bdi->woken = true;
	wake_up(&bdi->wait);
}

/* backing-dev.h */
void wakeup_flusher_threads(void)
{
	for (struct backing_dev_info *bdi = next_bdi(NULL); bdi; bdi = next_bdi(bdi)) {
		bdi->write_all = true;
		bdi_wakeup(bdi);
	}
}

/* They look at the clock anew. */
static void writeback_interval_set(void)
{
	for (struct backing_dev_info *bdi = next_bdi(NULL); bdi; bdi = next_bdi(bdi))
		bdi_wakeup(bdi);
}

/*
 * Is there enough to write? All disks' pages together, or the device's own beyond its share: who
 * is held back because of that share waits for it to be written, whatever the others have.
 */
static bool over_background(struct backing_dev_info *bdi)
{
	unsigned long background, limit;

	global_dirty_limits(&background, &limit);
	return global_node_page_state(NR_FILE_DIRTY) > background ||
	       bdi->dirty > (long)bdi_share(bdi, background);
}

/*
 * Writes mappings that have been dirty since before @older (0: any), up to 1,024 pages of each
 * in turn.
 */
static void flush_mappings(struct backing_dev_info *bdi, u64 older, bool only_background)
{
	struct address_space *mapping;

	while ((!only_background || over_background(bdi)) &&
	       (mapping = take_dirty_mapping(bdi, older))) {
		struct writeback_control wbc = {.nr_to_write =
						    only_background ? 1024 : __LONG_MAX__};

		write_cache_pages(mapping, &wbc);
		release_flushing(mapping);
		halve_counts();
		cond_resched();
	}
}

/* backing-dev.h; started by main.c */
int flusher_thread(void *arg)
{
	struct backing_dev_info *bdi = arg;

	for (;;) {
		u64 now, expire = (u64)dirty_expire_centisecs * NSEC_PER_CENTISEC;
		s64 interval = dirty_writeback_centisecs
				   ? (unsigned int)dirty_writeback_centisecs * NSEC_PER_CENTISEC
				   : NSEC_PER_SEC * 3600;

		wait_event_interruptible_timeout(bdi->wait, bdi->woken, "flusher", interval);
		bdi->woken = false;
		if (atomic_exchange(&bdi->write_all, false))
			flush_mappings(bdi, ktime_get_ns(), false);
		flush_mappings(bdi, 0, true);
		now = ktime_get_ns();
		if (dirty_writeback_centisecs && now > expire) {
			if (flush_inodes)
				flush_inodes(bdi, now - expire);
			flush_mappings(bdi, now - expire, false);
		}
	}
}
