/*
 * page_lock.c - waiting for a page: its lock, and the end of its write.
 *
 * Idea:   a page is too small for a lock of its own, so PG_locked is a bit and
 *         the waiters sleep on one of 64 queues, chosen by the page's address.
 *         PG_waiters tells whether anybody sleeps, so that unlocking a page nobody waits for is
 *         one atomic operation. Waking clears PG_waiters in that same operation and wakes all of
 *         this page's sleepers: after it the page is not touched, for it may
 *         be freed at once. A sleeper who finds the bit still set sets PG_waiters again.
 * Locks:  this is LOCK_PAGE. Inside: LOCK_WAITQ. Unlocking works in any context.
 * Above:  filemap.c, pageout.c, swap_state.c, memory.c, I/O completions.
 * Below:  kernel/sched's wait queues.   In Linux: mm/filemap.c (folio_wait_bit_common).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/hash.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/backing-dev.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

#define WAIT_TABLE_BITS 6
static struct wait_queue_head page_wait_table[1 << WAIT_TABLE_BITS];

/* pagecache_init: => before anything can sleep on a page */
void pagecache_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(page_wait_table); i++)
		init_waitqueue_head(&page_wait_table[i]);
}

static struct wait_queue_head *page_waitqueue(const struct page *page)
{
	return &page_wait_table[hash_ptr(page, WAIT_TABLE_BITS)];
}

/* A sleeper; @key of the wake-up says for which page it is. */
struct page_wait {
	struct wait_queue_entry entry;
	struct page *page;
};

static int page_wake_function(struct wait_queue_entry *entry, unsigned int mode, int sync,
			      void *key)
{
	struct page_wait *wait = container_of(entry, struct page_wait, entry);

	return wait->page == key ? autoremove_wake_function(entry, mode, sync, key) : 0;
}

/* Clears @bit and wakes whoever waits for this page. The page may be gone when this returns. */
static void clear_bit_and_wake(struct page *page, unsigned long bit)
{
	struct wait_queue_head *wq = page_waitqueue(page);
	unsigned long old = atomic_fetch_and(&page->flags, ~(bit | PG_waiters));

	if (unlikely(old & PG_waiters))
		wake_up_key(wq, TASK_NORMAL | TASK_WAKEKILL, 0, page);
}

/*
 * Sleeps until @bit is clear, and sets it again if @take: then it is the caller's lock.
 * => 0, or -EINTR if @state is TASK_KILLABLE and a fatal signal is pending
 */
static int wait_for_bit(struct page *page, unsigned long bit, int state, bool take,
			const char *what)
{
	struct wait_queue_head *wq = page_waitqueue(page);
	struct page_wait wait = { .page = page };
	/* It was in use and thrown out, and is being read back: time lost for want of memory. */
	bool stall = bit == PG_locked && !page_test(page, PG_uptodate) &&
		     page_test(page, PG_workingset), outer;
	int error = 0;

	if (unlikely(stall))
		psi_memstall_enter(&outer);
	init_wait(&wait.entry);
	wait.entry.func = page_wake_function;
	for (;;) {
		prepare_to_wait(wq, &wait.entry, state);
		page_set(page, PG_waiters);	/* before the test: a wake-up from now on sees it */
		if (take ? !page_test_and_set(page, bit) : !page_test(page, bit))
			break;
		if (signal_pending_state(state)) {
			error = -EINTR;
			break;
		}
		io_schedule_waiting(what);
	}
	finish_wait(wq, &wait.entry);
	if (unlikely(stall))
		psi_memstall_leave(&outer);
	return error;
}

/* trylock_page: true: it is ours now. */
bool trylock_page(struct page *page)
{
	return !page_test_and_set(page, PG_locked);
}

/* lock_page: => a reference is held; may sleep, uninterruptible */
void lock_page(struct page *page)
{
	might_sleep();
	if (!trylock_page(page))
		wait_for_bit(page, PG_locked, TASK_UNINTERRUPTIBLE, true, "page lock");
}

/* lock_page_killable: 0, or -EINTR on a fatal signal. */
int lock_page_killable(struct page *page)
{
	might_sleep();
	return trylock_page(page) ? 0
				  : wait_for_bit(page, PG_locked, TASK_KILLABLE, true, "page lock");
}

/*
 * unlock_page: => any context; the page may be gone when this returns, unless the caller has a
 * reference
 */
void unlock_page(struct page *page)
{
	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	clear_bit_and_wake(page, PG_locked);
}

/* wait_on_page_locked: until whoever reads it in is done. => a reference is held */
void wait_on_page_locked(struct page *page)
{
	if (page_test(page, PG_locked))
		wait_for_bit(page, PG_locked, TASK_UNINTERRUPTIBLE, false, "page read");
}

/*
 * wait_on_page_migration: until migrate.c is done with @page, which is mapped by a PTE.
 *
 * => @ptl, that PTE's lock, is held, and dropped. No reference: it would keep the page from moving
 */
void wait_on_page_migration(struct page *page, spinlock_t *ptl)
{
	struct page_wait wait = { .page = page };
	bool moving;

	init_wait(&wait.entry);
	wait.entry.func = page_wake_function;
	prepare_to_wait(page_waitqueue(page), &wait.entry, TASK_UNINTERRUPTIBLE);
	page_set(page, PG_waiters);
	moving = page_test(page, PG_migrating);
	spin_unlock(ptl);	/* from here on @page is a number only */
	if (moving)
		schedule_waiting("page migration");
	finish_wait(page_waitqueue(page), &wait.entry);
}

/*
 * wait_on_page_writeback: until it is on disk. A swap page's write may be one that reclaim still
 * gathers neighbours for: it is sent. => a reference is held
 */
void wait_on_page_writeback(struct page *page)
{
	if (!page_test(page, PG_writeback))
		return;
	if (PageSwapCache(page))
		swap_kick_all();
	wait_for_bit(page, PG_writeback, TASK_UNINTERRUPTIBLE, false, "page writeback");
}

/*
 * set_page_writeback: a write of the page begins. => locked. True: it was under writeback already.
 */
bool set_page_writeback(struct page *page)
{
	struct address_space *mapping = page_mapping(page);

	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	if (page_test_and_set(page, PG_writeback))
		return true;
	if (mapping && mapping_can_writeback(mapping)) {
		unsigned long flags = spin_lock_irqsave(&mapping->i_lock);

		mapping->bdi->writeback++;
		xa_set_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_WRITEBACK);
		if (!page_test(page, PG_dirty))
			xa_clear_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_DIRTY);
		spin_unlock_irqrestore(&mapping->i_lock, flags);
	}
	mod_page_state(page, NR_WRITEBACK, 1);
	mod_zone_page_state(page_zone(page), NR_ZONE_WRITE_PENDING, 1);
	return false;
}

/*
 * end_page_writeback: the page is on disk (or never will be: PG_error).
 *
 * => any context. If reclaim asked for the write the page goes to the list's tail, to be freed
 *    next.
 */
void end_page_writeback(struct page *page)
{
	struct address_space *mapping = page_mapping(page);

	VM_BUG_ON_PAGE(!page_test(page, PG_writeback), page);
	/* the cache's reference may go as soon as the bit is clear */
	get_page(page);
	if (page_test(page, PG_reclaim)) {
		page_clear(page, PG_reclaim);
		rotate_reclaimable_page(page);
	}
	if (mapping && mapping_can_writeback(mapping)) {
		unsigned long flags = spin_lock_irqsave(&mapping->i_lock);

		xa_clear_mark(&mapping->i_pages, page->index, PAGECACHE_TAG_WRITEBACK);
		mapping->bdi->writeback--;
		bdi_count_written(mapping);
		spin_unlock_irqrestore(&mapping->i_lock, flags);
	}
	mod_page_state(page, NR_WRITEBACK, -1);
	mod_zone_page_state(page_zone(page), NR_ZONE_WRITE_PENDING, -1);
	mod_page_state(page, NR_WRITTEN, 1);
	clear_bit_and_wake(page, PG_writeback);
	acct_reclaim_writeback(page);
	put_page(page);
}
