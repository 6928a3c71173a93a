/*
 * page-writeback.c - dirty pages of files on disk: counting them, writing them, holding back
 * who makes too many.
 *
 * Idea:   a mapping whose pages have a home on a disk (AS_DIRTY_ACCOUNTED) marks the dirty ones in
 *         its xarray; its disk counts them (backing-dev.c, whose flusher writes them). Who makes
 *         pages dirty faster than his disk takes them sleeps when there are too many:
 *
 *           0 ── background limit ────── middle of both ────── limit
 *                the flushers write      who writes to a disk that has more
 *                                        than its share, sleeps
 *
 *         ramfs, shmem and anonymous pages are dirty too, but go nowhere (or to swap, by
 *         reclaim): they are not counted here.
 * Locks:  page lock, then i_lock.
 * Above:  filemap.c, memory.c (PTEs' dirty bits), backing-dev.c, kernel/fs (fsync).
 * Below:  a_ops->writepage, rmap.c.   In Linux: mm/page-writeback.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/errseq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "mm/backing-dev.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/rmap.h"
#include "mm/vmstat.h"

/*
 * Linux's defaults. The ratio of a pair counts while its bytes are 0; writing one zeroes the other.
 */
static int dirty_ratio = 20, dirty_background_ratio = 10;
static unsigned long dirty_bytes, dirty_background_bytes;

static void dirty_ratio_set(void) { dirty_bytes = 0; }
static void dirty_bytes_set(void) { if (dirty_bytes) dirty_ratio = 0; }
static void background_ratio_set(void) { dirty_background_bytes = 0; }
static void background_bytes_set(void) { if (dirty_background_bytes) dirty_background_ratio = 0; }
/* A limit in pages is 32 bits wide, in Linux; its sum wraps for the last page of all. */
static int countable_in_pages(long *bytes)
{
	unsigned long pages = ((unsigned long)*bytes + PAGE_SIZE - 1) / PAGE_SIZE;

	return pages > UINT32_MAX ? -ERANGE : 0;
}

CTL_SYSCTL_INT("vm.dirty_ratio", dirty_ratio, 0, 100, .after = dirty_ratio_set);
CTL_SYSCTL_INT("vm.dirty_background_ratio", dirty_background_ratio, 0, 100,
	       .after = background_ratio_set);
CTL_SYSCTL_ULONG("vm.dirty_bytes", dirty_bytes, 2 * PAGE_SIZE, -1, .check = countable_in_pages,
		 .after = dirty_bytes_set);
CTL_SYSCTL_ULONG("vm.dirty_background_bytes", dirty_background_bytes, 1, -1,
		 .check = countable_in_pages, .after = background_bytes_set);

#define BALANCE_RATELIMIT 32		/* pages a CPU dirties between looks at the limits */
#define BALANCE_PAUSE (20 * NSEC_PER_MSEC)
#define GROUP_PAUSES 50			/* 1 s */

/* --- the dirty bit --- */

static void account_dirty(struct address_space *mapping, struct page *page, long n)
{
	mapping->bdi->dirty += n;
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
		/*
		 * Who takes a mapping away need not have the page's lock: a write may have cleared the bit
		 * by now, and its mark: a mark on a clean page would stay, and go to its shadow.
		 */
		if (page_test(page, PG_dirty))
			xa_set_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_DIRTY);
		account_dirty(mapping, page, 1);
		mod_page_state(page, NR_DIRTIED, 1);
		current->io.write_bytes += PAGE_SIZE;
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	bdi_note_dirty(mapping);
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
		account_dirty(mapping, page, -1);
	return true;
}

/* cancel_dirty_page: its content is thrown away (truncate). => locked */
void cancel_dirty_page(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	unsigned long flags;

	if (!page_test_and_clear(page, PG_dirty) || !mapping || !mapping_can_writeback(mapping))
		return;
	account_dirty(mapping, page, -1);
	current->io.cancelled_write_bytes += PAGE_SIZE;
	flags = spin_lock_irqsave(&mapping->i_lock);
	xa_clear_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_DIRTY);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
}

/* --- writing a mapping --- */

/* The first page from *index to @last with @tag, with a reference; NULL. */
static struct page *next_tagged(struct address_space *mapping, unsigned long *index,
				unsigned long last, xa_mark_t tag)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	struct page *page =
	    *index <= last ? xa_find_marked(&mapping->i_pages, index, last, tag) : NULL;

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

/*
 * The last page that the mapping has now, at most @last. Who writes, or waits for, what is dirty goes
 * so far and no further: who makes the file longer meanwhile may do so for ever.
 */
static unsigned long last_page_now(struct address_space *mapping, unsigned long last)
{
	loff_t size = mapping->i_size ? READ_ONCE(*mapping->i_size) : __LONG_MAX__;

	return MIN(last, size > 0 ? (unsigned long)(size - 1) >> PAGE_SHIFT : 0);
}

/*
 * Pages behind the end, up to @last, that somebody has left dirty there: they have no place, so
 * writepage only makes them clean. Where the file has come that far meanwhile it is its
 * writer's turn.
 */
static void clean_beyond_end(struct address_space *mapping, struct writeback_control *wbc,
			     unsigned long index, unsigned long last)
{
	struct page *page;

	while (wbc->nr_to_write > 0 &&
	       (page = next_tagged(mapping, &index, last, PAGECACHE_TAG_DIRTY))) {
		bool beyond = index > last_page_now(mapping, last);

		if (beyond)
			write_one(mapping, page, wbc);
		put_page(page);
		if (!beyond)
			return;
		index++;
		cond_resched();
	}
}

/* As write_cache_pages(), of pages @index to @to. */
static int write_page_range(struct address_space *mapping, struct writeback_control *wbc,
			    unsigned long index, unsigned long to)
{
	unsigned long last = last_page_now(mapping, to);
	struct page *page;
	int error = 0;

	wbc->batch = mapping->a_ops->send != NULL;
	while (wbc->nr_to_write > 0 &&
	       (page = next_tagged(mapping, &index, last, PAGECACHE_TAG_DIRTY))) {
		int ret = write_one(mapping, page, wbc);

		if (ret && !error)
			error = ret;
		put_page(page);
		index++;
		cond_resched();
	}
	clean_beyond_end(mapping, wbc, MAX(index, last + 1), to);
	send_open(mapping, wbc);
	return error;
}

/* filemap.h */
int write_cache_pages(struct address_space *mapping, struct writeback_control *wbc)
{
	return write_page_range(mapping, wbc, 0, ~0UL);
}

/* filemap.h */
void mapping_set_error(struct address_space *mapping, int error)
{
	mapping->flags |= error == -ENOSPC ? AS_ENOSPC : AS_EIO;
	errseq_set(&mapping->wb_err, error);
	if (mapping->sb_err)
		errseq_set(mapping->sb_err, error);
}

/* filemap.h */
void filemap_wait_range(struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct page *page;

	if (!mapping_can_writeback(mapping))
		return;
	last = last_page_now(mapping, last);
	while (first <= last && (page = next_tagged(mapping, &first, last, PAGECACHE_TAG_WRITEBACK))) {
		wait_on_page_writeback(page);
		put_page(page);
		if (first++ == last)
			break;
		cond_resched();
	}
}

/* filemap.h. A page keeps its dirty mark until it has the other one. */
bool mapping_is_clean(struct address_space *mapping)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool clean = !xa_marked(&mapping->i_pages, PAGECACHE_TAG_DIRTY) &&
		     !xa_marked(&mapping->i_pages, PAGECACHE_TAG_WRITEBACK);

	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return clean;
}

/* filemap.h */
void filemap_start_range(struct address_space *mapping, unsigned long first, unsigned long last,
			 bool sync_all)
{
	struct writeback_control wbc = { .nr_to_write = __LONG_MAX__, .sync_all = sync_all };

	if (mapping_can_writeback(mapping))
		write_page_range(mapping, &wbc, first, last);
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
	filemap_wait_range(mapping, 0, ~0UL);
	if (mapping->flags & (AS_EIO | AS_ENOSPC)) {
		if (!error)
			error = mapping->flags & AS_ENOSPC ? -ENOSPC : -EIO;
		mapping->flags &= ~(AS_EIO | AS_ENOSPC);
	}
	return error;
}

/*
 * filemap_write_range: what is dirty of pages @first to @last is on disk when this returns.
 * => the mapping stays. 0, or an error of writepage; what the disk could not write stays noted in
 *    the mapping, for fsync(2) to tell
 */
int filemap_write_range(struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct writeback_control wbc = { .nr_to_write = __LONG_MAX__, .sync_all = true };
	int error;

	if (!mapping_can_writeback(mapping))
		return 0;
	error = write_page_range(mapping, &wbc, first, last);
	filemap_wait_range(mapping, first, last);
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

/* Halfway between the two limits: where a writer is held back. */
static unsigned long setpoint(unsigned long background, unsigned long limit)
{
	return (background + limit) / 2;
}

/*
 * Must who writes to @bdi wait? Wakes its flusher if there is enough to write. What is dirty
 * elsewhere does not hold a loop device's worker: it may be what waits for the worker.
 */
static bool over_limits(struct backing_dev_info *bdi)
{
	unsigned long background, limit, dirty = nr_dirty_or_writeback();
	long own = bdi->dirty + bdi->writeback;

	global_dirty_limits(&background, &limit);
	if (dirty > background)
		bdi_wakeup(bdi);
	if (current->flags & PF_LOCAL_THROTTLE)
		return own > (long)setpoint(background, limit);
	return dirty > setpoint(background, limit) &&
	       own > (long)bdi_share(bdi, setpoint(background, limit));
}

/*
 * The same for current's group, whose share of the limits is as large as its part of the memory
 * that may be dirty: reclaim for its limit must find pages that are clean.
 */
static bool group_over_limits(void)
{
	unsigned long background, limit, dirty, dirtyable, memory = dirtyable_memory();

	if (likely(!memcg_groups) || (current->flags & PF_LOCAL_THROTTLE) ||
	    !mem_cgroup_dirty_state(&dirty, &dirtyable) || dirtyable >= memory)
		return false;
	global_dirty_limits(&background, &limit);
	background = background * dirtyable / memory;
	limit = limit * dirtyable / memory;
	if (dirty > background)
		wakeup_flusher_threads();
	return dirty > setpoint(background, limit);
}

/*
 * balance_dirty_pages_ratelimited: the caller made a page of @mapping dirty. Over the limit it
 * sleeps until the flusher has caught up: so a writer is as fast as the disk. The limit is shared
 * out among the disks by how much each has written lately (bdi_share()): a slow one's pages
 * do not fill it up for those who write to a fast one.
 *
 * => no lock but the inode's; a fatal signal ends the wait
 */
void balance_dirty_pages_ratelimited(struct address_space *mapping)
{
	static _Atomic unsigned int calls;

	if (!mapping_can_writeback(mapping) || ++calls % BALANCE_RATELIMIT)
		return;
	for (int pauses = 0; !fatal_signal_pending(current); pauses++) {
		/* Others of the group may dirty as fast as the disk writes: not for ever. */
		if (!over_limits(mapping->bdi) &&
		    (pauses >= GROUP_PAUSES || !group_over_limits()))
			break;
		current->__state = TASK_KILLABLE;
		current->in_iowait = true;
		schedule_timeout_ns(BALANCE_PAUSE, "balance_dirty_pages");
		current->in_iowait = false;
	}
}
