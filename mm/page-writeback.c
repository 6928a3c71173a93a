/*
 * page-writeback.c - dirty pages of files on disk: counting them, writing them, holding back
 * who makes too many.
 *
 * Idea:   a mapping whose pages have a home on a disk (AS_DIRTY_ACCOUNTED) is
 *         on a list while it has dirty pages, which its xarray marks. The
 *         flusher thread walks the list:
 *
 *           dirty > background limit   writes until it is below
 *           dirty for 30 s             writes that mapping
 *           dirty > limit              whoever writes, sleeps until it is below the middle of both
 *
 *         ramfs, shmem and anonymous pages are dirty too, but go nowhere (or to swap, by
 *         reclaim): they are not counted here.
 * Locks:  dirty_lock guards the list; the flusher names the mapping it works on, so that
 *         its owner can wait before freeing it (mapping_forget_dirty). Page lock, then i_lock.
 * Above:  filemap.c, memory.c (PTEs' dirty bits), kernel/fs (fsync, sync).
 * Below:  a_ops->writepage, rmap.c.   In Linux: mm/page-writeback.c, fs/fs-writeback.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/errseq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/rmap.h"
#include "mm/vmstat.h"

static LIST_HEAD(dirty_mappings);		/* dirty_lock: oldest first */
/* Never taken with an i_lock held or the other way round. */
static spinlock_t dirty_lock = SPINLOCK_INIT(LOCK_I_PAGES);
static struct address_space *flushing;		/* dirty_lock: do not free it */
static DECLARE_WAIT_QUEUE_HEAD(flushing_wait);	/* flushing changed */
static DECLARE_WAIT_QUEUE_HEAD(flusher_wait);
static _Atomic bool flusher_woken;
void (*flush_inodes)(u64 older);

/*
 * Linux's defaults. The ratio of a pair counts while its bytes are 0; writing one zeroes the other.
 */
static int dirty_ratio = 20, dirty_background_ratio = 10;
static unsigned long dirty_bytes, dirty_background_bytes;
static int dirty_expire_centisecs = 3000, dirty_writeback_centisecs = 500;

static void dirty_ratio_set(void) { dirty_bytes = 0; }
static void dirty_bytes_set(void) { if (dirty_bytes) dirty_ratio = 0; }
static void background_ratio_set(void) { dirty_background_bytes = 0; }
static void background_bytes_set(void) { if (dirty_background_bytes) dirty_background_ratio = 0; }
static void writeback_interval_set(void) { wakeup_flusher_threads(); }
CTL_SYSCTL_INT("vm.dirty_ratio", dirty_ratio, 0, 100, .after = dirty_ratio_set);
CTL_SYSCTL_INT("vm.dirty_background_ratio", dirty_background_ratio, 0, 100,
	       .after = background_ratio_set);
CTL_SYSCTL_ULONG("vm.dirty_bytes", dirty_bytes, 2 * PAGE_SIZE, __LONG_MAX__,
		 .after = dirty_bytes_set);
CTL_SYSCTL_ULONG("vm.dirty_background_bytes", dirty_background_bytes, 1, __LONG_MAX__,
		 .after = background_bytes_set);
CTL_SYSCTL_INT("vm.dirty_expire_centisecs", dirty_expire_centisecs, 0, __INT_MAX__);
CTL_SYSCTL_INT("vm.dirty_writeback_centisecs", dirty_writeback_centisecs, 0, __INT_MAX__,
	       .after = writeback_interval_set);

#define NSEC_PER_CENTISEC (10 * NSEC_PER_MSEC)
#define BALANCE_RATELIMIT 32		/* pages a CPU dirties between looks at the limits */
#define BALANCE_PAUSE (20 * NSEC_PER_MSEC)

/* --- the dirty bit --- */

/* The mapping has its first dirty page: the flusher is to know. */
static void note_dirty_mapping(struct address_space *mapping)
{
	unsigned long flags = spin_lock_irqsave(&dirty_lock);

	if (list_empty(&mapping->link)) {
		mapping->dirtied_when = ktime_get_ns();
		list_add_tail(&mapping->link, &dirty_mappings);
	}
	spin_unlock_irqrestore(&dirty_lock, flags);
}

static void account_dirty(struct page *page, long n)
{
	mod_page_state(page, NR_FILE_DIRTY, n);
	mod_zone_page_state(page_zone(page), NR_ZONE_WRITE_PENDING, n);
}

/*
 * set_page_dirty: memory is newer than what backs it.
 *
 * => the page cannot be truncated meanwhile: it is locked, or mapped by a PTE whose lock is held
 * => true: it was clean
 */
bool set_page_dirty(struct page *page)
{
	struct address_space *mapping = page_mapping(page);

	if (mapping && mapping->a_ops && mapping->a_ops->dirty_page)
		return mapping->a_ops->dirty_page(mapping, page);
	return set_page_dirty_nobuffers(page);
}

/* set_page_dirty_nobuffers: the same, without asking the mapping's owner. */
bool set_page_dirty_nobuffers(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	unsigned long flags;

	if (page_test(page, PG_dirty) || page_test_and_set(page, PG_dirty))
		return false;
	if (!mapping || !mapping_can_writeback(mapping))
		return true;
	flags = spin_lock_irqsave(&mapping->i_lock);
	if (page->mapping == mapping) {
		xa_set_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_DIRTY);
		account_dirty(page, 1);
		mod_page_state(page, NR_DIRTIED, 1);
		current->io.write_bytes += PAGE_SIZE;
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	note_dirty_mapping(mapping);
	return true;
}

/*
 * clear_page_dirty_for_io: the page is about to be written. Its PTEs lose their write
 * permission first, so that a write after this makes it dirty again.
 *
 * => locked. True: it was dirty.
 */
bool clear_page_dirty_for_io(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	bool accounted = mapping && mapping_can_writeback(mapping);

	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	if (accounted && page_mapped(page) && page_mkclean(page))
		set_page_dirty(page);
	if (!page_test_and_clear(page, PG_dirty))
		return false;
	if (accounted)
		account_dirty(page, -1);
	return true;
}

/* cancel_dirty_page: its content is thrown away (truncate). => locked */
void cancel_dirty_page(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	unsigned long flags;

	if (!page_test_and_clear(page, PG_dirty) || !mapping || !mapping_can_writeback(mapping))
		return;
	account_dirty(page, -1);
	current->io.cancelled_write_bytes += PAGE_SIZE;
	flags = spin_lock_irqsave(&mapping->i_lock);
	xa_clear_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_DIRTY);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
}

/* --- writing a mapping --- */

/* The next page with @tag at or after *index, with a reference; NULL. */
static struct page *next_tagged(struct address_space *mapping, unsigned long *index, xa_mark_t tag)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	struct page *page = xa_find_marked(&mapping->i_pages, index, ~0UL, tag);

	if (page && !xa_is_value(page))
		get_page(page);
	else
		page = NULL;
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return page;
}

/* What writepage left open goes: nobody may wait for a page in it, and find it never sent. */
static void send_open(struct address_space *mapping, struct writeback_control *wbc)
{
	if (wbc->open)
		mapping->a_ops->send(&wbc->open);
}

/* Writes @page if it is still a dirty one of @mapping. 0 or -errno. 1 page fewer in wbc. */
static int write_one(struct address_space *mapping, struct page *page,
		     struct writeback_control *wbc)
{
	if (!trylock_page(page)) {
		send_open(mapping, wbc);
		lock_page(page);
	}
	if (page->mapping == mapping && wbc->sync_all && page_test(page, PG_writeback)) {
		send_open(mapping, wbc);
		wait_on_page_writeback(page);
	}
	if (page->mapping != mapping || page_test(page, PG_writeback) ||
	    !clear_page_dirty_for_io(page)) {
		unlock_page(page);
		return 0;
	}
	wbc->nr_to_write--;
	return mapping->a_ops->writepage(page, wbc);
}

/* Up to wbc->nr_to_write dirty pages, in the file's order. 0, or the first error. */
static int write_cache_pages(struct address_space *mapping, struct writeback_control *wbc)
{
	unsigned long index = 0;
	struct page *page;
	int error = 0;

	wbc->batch = mapping->a_ops->send != NULL;
	while (wbc->nr_to_write > 0 && (page = next_tagged(mapping, &index, PAGECACHE_TAG_DIRTY))) {
		int ret = write_one(mapping, page, wbc);

		if (ret && !error)
			error = ret;
		put_page(page);
		index++;
		cond_resched();
	}
	send_open(mapping, wbc);
	return error;
}

/* filemap.h */
void mapping_set_error(struct address_space *mapping, int error)
{
	mapping->flags |= error == -ENOSPC ? AS_ENOSPC : AS_EIO;
	errseq_set(&mapping->wb_err, error);
}

static void wait_for_writeback(struct address_space *mapping)
{
	unsigned long index = 0;
	struct page *page;

	while ((page = next_tagged(mapping, &index, PAGECACHE_TAG_WRITEBACK))) {
		wait_on_page_writeback(page);
		put_page(page);
		index++;
		cond_resched();
	}
}

/*
 * filemap_write_and_wait: everything dirty in @mapping is on disk when this returns: fsync(2).
 * => the mapping stays. 0, or the first error since the last call.
 */
int filemap_write_and_wait(struct address_space *mapping)
{
	struct writeback_control wbc = { .nr_to_write = __LONG_MAX__, .sync_all = true };
	int error;

	if (!mapping_can_writeback(mapping))
		return 0;
	error = write_cache_pages(mapping, &wbc);
	wait_for_writeback(mapping);
	if (mapping->flags & (AS_EIO | AS_ENOSPC)) {
		if (!error)
			error = mapping->flags & AS_ENOSPC ? -ENOSPC : -EIO;
		mapping->flags &= ~(AS_EIO | AS_ENOSPC);
	}
	return error;
}

/* --- the list of dirty mappings --- */

/*
 * Takes the first mapping off the list (if @older: only one dirty since before then), and keeps
 * it from being freed.
 * => NULL: none. release_flushing() afterwards.
 */
static struct address_space *take_dirty_mapping(u64 older)
{
	struct address_space *mapping = NULL;
	unsigned long flags;

	/* sync(2) and the flusher: one at a time */
	wait_event(flushing_wait, !READ_ONCE(flushing), "flusher");
	flags = spin_lock_irqsave(&dirty_lock);
	if (!flushing && !list_empty(&dirty_mappings)) {
		mapping = list_first_entry(&dirty_mappings, struct address_space, link);
		if (older && mapping->dirtied_when > older)
			mapping = NULL;
	}
	if (mapping) {
		list_del_init(&mapping->link);
		flushing = mapping;
	}
	spin_unlock_irqrestore(&dirty_lock, flags);
	return mapping;
}

/* Back on the list, last, if it still has dirty pages. */
static void release_flushing(struct address_space *mapping)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool dirty = xa_marked(&mapping->i_pages, PAGECACHE_TAG_DIRTY);

	spin_unlock_irqrestore(&mapping->i_lock, flags);
	if (dirty)
		note_dirty_mapping(mapping);
	flags = spin_lock_irqsave(&dirty_lock);
	flushing = NULL;
	spin_unlock_irqrestore(&dirty_lock, flags);
	wake_up_all(&flushing_wait);
}

/*
 * mapping_forget_dirty: its owner is about to free it, and its pages are gone: nobody else
 * holds on to it after this.
 */
void mapping_forget_dirty(struct address_space *mapping)
{
	unsigned long flags;

	if (!mapping_can_writeback(mapping))
		return;
	wait_event(flushing_wait, READ_ONCE(flushing) != mapping, "flusher");
	flags = spin_lock_irqsave(&dirty_lock);
	if (!list_empty(&mapping->link))
		list_del_init(&mapping->link);
	spin_unlock_irqrestore(&dirty_lock, flags);
}

/* sync_dirty_mappings: writes all that is dirty now, and waits: sync(2). 0, or the first error. */
int sync_dirty_mappings(void)
{
	u64 start = ktime_get_ns();
	struct address_space *mapping;
	int error = 0;

	while ((mapping = take_dirty_mapping(start))) {
		int ret = filemap_write_and_wait(mapping);

		if (ret && !error)
			error = ret;
		release_flushing(mapping);
	}
	return error;
}

/* --- limits --- */

/* Pages that could become dirty: free ones and file pages, less what the zones keep back. */
static unsigned long dirtyable_memory(void)
{
	unsigned long pages = global_zone_page_state(NR_FREE_PAGES) +
			      global_node_page_state(NR_INACTIVE_FILE) +
			      global_node_page_state(NR_ACTIVE_FILE),
		      reserve = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		reserve += high_wmark_pages(zone);
	return pages > reserve ? pages - reserve : 1;
}

/* global_dirty_limits: from how many dirty pages on the flusher writes, and who dirties waits. */
void global_dirty_limits(unsigned long *background, unsigned long *limit)
{
	unsigned long memory = dirtyable_memory();

	*limit = dirty_bytes ? DIV_ROUND_UP(dirty_bytes, PAGE_SIZE) : memory * dirty_ratio / 100;
	*background = dirty_background_bytes ? DIV_ROUND_UP(dirty_background_bytes, PAGE_SIZE) :
					       memory * dirty_background_ratio / 100;
	if (*background >= *limit)
		*background = *limit / 2;
}

static unsigned long nr_dirty_or_writeback(void)
{
	return global_node_page_state(NR_FILE_DIRTY) + global_node_page_state(NR_WRITEBACK);
}

/*
 * balance_dirty_pages_ratelimited: the caller made a page of @mapping dirty. Over the limit it
 * sleeps until the flusher has caught up: so a writer is as fast as the disk.
 *
 * => no lock but the inode's; a fatal signal ends the wait
 */
void balance_dirty_pages_ratelimited(struct address_space *mapping)
{
	static _Atomic unsigned int calls;
	unsigned long background, limit;

	if (!mapping_can_writeback(mapping) || ++calls % BALANCE_RATELIMIT)
		return;
	for (;;) {
		unsigned long dirty = nr_dirty_or_writeback();

		global_dirty_limits(&background, &limit);
		if (dirty > background)
			wakeup_flusher_threads();
		if (dirty <= (background + limit) / 2 || fatal_signal_pending(current))
			return;
		current->__state = TASK_KILLABLE;
		current->in_iowait = true;
		schedule_timeout_ns(BALANCE_PAUSE, "balance_dirty_pages");
		current->in_iowait = false;
	}
}

/* --- the flusher --- */

/* wakeup_flusher_threads: there is something to write. Any context. */
void wakeup_flusher_threads(void)
{
	flusher_woken = true;
	wake_up(&flusher_wait);
}

static bool over_background(void)
{
	unsigned long background, limit;

	global_dirty_limits(&background, &limit);
	return global_node_page_state(NR_FILE_DIRTY) > background;
}

/*
 * Writes mappings that have been dirty since before @older (0: any), up to 1,024 pages of each
 * in turn.
 */
static void flush_mappings(u64 older, bool only_background)
{
	struct address_space *mapping;

	while ((!only_background || over_background()) && (mapping = take_dirty_mapping(older))) {
		struct writeback_control wbc = {.nr_to_write =
						    only_background ? 1024 : __LONG_MAX__};

		write_cache_pages(mapping, &wbc);
		release_flushing(mapping);
		cond_resched();
	}
}

/* flusher_thread: "kworker/u:flush"; started by main.c. Never returns. */
int flusher_thread(void *unused)
{
	for (;;) {
		u64 now, expire = (u64)dirty_expire_centisecs * NSEC_PER_CENTISEC;
		s64 interval = dirty_writeback_centisecs
				   ? dirty_writeback_centisecs * NSEC_PER_CENTISEC
				   : NSEC_PER_SEC * 3600;

		wait_event_interruptible_timeout(flusher_wait, flusher_woken, "flusher", interval);
		flusher_woken = false;
		flush_mappings(0, true);
		now = ktime_get_ns();
		if (dirty_writeback_centisecs && now > expire) {
			if (flush_inodes)
				flush_inodes(now - expire);
			flush_mappings(now - expire, false);
		}
	}
}
