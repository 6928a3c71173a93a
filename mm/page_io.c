/*
 * page_io.c - pages to and from a swap device.
 *
 * Idea:   the transfer is asynchronous in both directions and tells of its end
 *         from an interrupt: a write by ending PG_writeback, a read by setting
 *         PG_uptodate and unlocking. Where the slot lies is the area's
 *         struct swap_device's business (kernel/block). Nothing is allocated here.
 * Locks:  the page: locked on entry; PG_writeback keeps it in the swap cache while it is written.
 * Above:  pageout.c, shmem.c write; swap_state.c reads.
 * Below:  struct swap_device_ops.   In Linux: mm/page_io.c.
 */
#include "kernel/lib/printk.h"
#include "kernel/sched/psi.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/swap_state.h"
#include "mm/vmstat.h"

/* "Read-error on swap-device (254:0:1234)": major, minor and the disk's 512-byte sector. */
static void report_error(const char *what, struct page *page)
{
	swp_entry_t entry = { page->private };
	u64 pos;
	struct swap_device *dev = swap_area_device(entry, &pos);

	printk_ratelimited(KERN_ALERT "%s-error on swap-device (%u:%u:%llu)\n", what, dev->id >> 20,
			   dev->id & 0xfffff, (unsigned long long)dev->ops->sector(dev->dev, pos));
}

/*
 * A write ended. Any context. After an error the only good copy is in memory: the page is dirty
 * again, so reclaim cannot drop it.
 */
static void end_swap_write(struct page *page, int error)
{
	if (error) {
		page_set(page, PG_error | PG_dirty);
		report_error("Write", page);
		page_clear(page, PG_reclaim);
	}
	end_page_writeback(page);
}

/* A read ended. Any context. Without PG_uptodate whoever waits for the page gets SIGBUS. */
static void end_swap_read(struct page *page, int error)
{
	if (error) {
		page_set(page, PG_error);
		report_error("Read", page);
	} else {
		page_set(page, PG_uptodate);
	}
	unlock_page(page);
}

/*
 * swap_writepage: starts the write of a page of the swap cache to its slot.
 *
 * => locked, PG_dirty cleared; unlocks it. 0: an error is told by the page
 * => swap_kick_all() when the caller has handed over its last page
 */
int swap_writepage(struct page *page, struct writeback_control *wbc)
{
	u64 pos;
	struct swap_device *dev;
	int error;

	VM_BUG_ON_PAGE(!page_test(page, PG_locked) || !PageSwapCache(page), page);
	if (try_to_free_swap(page)) {
		unlock_page(page);	/* its last user went meanwhile */
		return 0;
	}
	dev = swap_area_device((swp_entry_t){ page->private }, &pos);
	set_page_writeback(page);
	unlock_page(page);
	count_vm_event(PSWPOUT);
	error = dev->ops->rw_page(dev->dev, page, pos, true, end_swap_write);
	if (error)
		end_swap_write(page, error);
	return 0;
}

/*
 * swap_readpage: starts the read of a page of the swap cache from its slot.
 *
 * => locked, not up to date; unlocked when the read has ended
 * => @synchronous: waits for that. 0, or -EIO at once
 */
int swap_readpage(struct page *page, bool synchronous)
{
	/* A page that was in use not long ago: the disk's time is lost for want of memory. */
	bool stall = page_test(page, PG_workingset), outer;
	u64 pos;
	struct swap_device *dev;
	int error;

	VM_BUG_ON_PAGE(!page_test(page, PG_locked) || !PageSwapCache(page) ||
			   page_test(page, PG_uptodate),
		       page);
	dev = swap_area_device((swp_entry_t){ page->private }, &pos);
	count_vm_event(PSWPIN);
	if (unlikely(stall))
		psi_memstall_enter(&outer);
	error = dev->ops->rw_page(dev->dev, page, pos, false, end_swap_read);
	if (error) {
		end_swap_read(page, error);
	} else if (synchronous) {
		swap_kick_all();	/* the page may be back, and the area gone: not @dev's */
		wait_on_page_locked(page);
	}
	if (unlikely(stall))
		psi_memstall_leave(&outer);
	return error;
}
