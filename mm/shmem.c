/*
 * shmem.c - memory that processes share: a page cache whose backing store is swap.
 *
 * Idea:   an object is an address_space (AS_SWAPBACKED). Its pages stand on the
 *         anonymous LRU lists; when reclaim writes one, its place in i_pages is
 *         taken by a value entry that names the swap slot:
 *
 *            i_pages[n]:  nothing ──first touch──> page ⇄ value (swap entry)
 *
 *         A missing page is zeroes. A clean page may be dropped: it was never
 *         written to, so zeroes it is again. MAP_SHARED | MAP_ANONYMOUS mappings have an object
 *         each, counted by their VMAs; a tmpfs file's inode holds one just as well: all
 *         functions here take an address_space.
 * Locks:  page lock, then i_lock. swaplist_lock guards the list of objects that may have
 *         pages in swap; swapoff names the one it works on, so that its owner waits before
 *         freeing it.
 * Above:  mmap.c, memory.c (vm_ops), filemap.c, pageout.c (writepage), swapon.c.
 * Below:  swap_state.c, filemap.c.   In Linux: mm/shmem.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/mempolicy.h"
#include "mm/page_alloc.h"
#include "mm/shmem.h"
#include "mm/slab.h"
#include "mm/swap_state.h"
#include "mm/util.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

#define WALK_BATCH 1024			/* pages looked at under one i_lock, interrupts off */

static LIST_HEAD(swaplist);			/* swaplist_lock: mappings, by link */
/* Never taken with an i_lock held or the other way round; irqsave, as its rank is taken in interrupts. */
static spinlock_t swaplist_lock = SPINLOCK_INIT(LOCK_I_PAGES);
static struct address_space *unusing;		/* swaplist_lock: swapoff is at work on it */
static DECLARE_WAIT_QUEUE_HEAD(unusing_wait);

const struct address_space_operations shmem_aops = { .writepage = shmem_writepage };

static void *entry_to_value(swp_entry_t entry) { return xa_mk_value(entry.val); }
static swp_entry_t value_to_entry(const void *value) { return (swp_entry_t){ xa_to_value(value) }; }

static void account_shmem(struct page *page, struct address_space *mapping, long n)
{
	if (n > 0)
		mapping->nrpages++;
	else
		mapping->nrpages--;
	mod_page_state(page, NR_FILE_PAGES, n);
	mod_page_state(page, NR_SHMEM, n);
}

/* --- charging: each page or swap entry of a mapping with AS_PAGE_ACCOUNTED --- */

static bool pool_take(struct shmem_pool *pool)
{
	unsigned long max = pool->max;

	if (pool->used++ < max || !max)
		return true;
	pool->used--;
	return false;
}

/* One page more: of the file system's size, and of what may be committed. 0, -ENOSPC */
static int charge_page(struct address_space *mapping)
{
	struct shmem_inode_info *info = mapping->shmem;

	if (!(mapping->flags & AS_PAGE_ACCOUNTED))
		return 0;
	if (security_vm_enough_memory_mm(current->mm, 1))
		return -ENOSPC;
	if (!info || pool_take(info->pool))
		return 0;
	vm_unacct_memory(1);
	return -ENOSPC;
}

/*
 * shmem_uncharge: one page (or swap entry) fewer. filemap.c calls it for each page that leaves
 * for good: truncated, or reclaimed because nobody ever wrote to it.
 */
void shmem_uncharge(struct address_space *mapping)
{
	if (!(mapping->flags & AS_PAGE_ACCOUNTED))
		return;
	vm_unacct_memory(1);
	if (mapping->shmem)
		WARN_ON(mapping->shmem->pool->used-- == 0);
}

/* @n pages more are in swap. => i_lock held */
static void account_swapped(struct address_space *mapping, long n)
{
	if (mapping->shmem)
		mapping->shmem->swapped += n;
}

/* --- out to swap --- */

static void note_swapped(struct address_space *mapping)
{
	unsigned long flags;
	flags = spin_lock_irqsave(&swaplist_lock);
	if (list_empty(&mapping->link))
		list_add_tail(&mapping->link, &swaplist);
	spin_unlock_irqrestore(&swaplist_lock, flags);
}

/*
 * The page's place in its object is taken by @entry. => locked, in the swap cache already; the
 * object's reference goes
 */
static void replace_by_entry(struct page *page, swp_entry_t entry)
{
	struct address_space *mapping = page->mapping;
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	/* in place */
	void *old = xa_store(&mapping->i_pages, page->index, entry_to_value(entry), GFP_NOWAIT);

	BUG_ON(old != page);
	page->mapping = NULL;
	account_shmem(page, mapping, -1);
	account_swapped(mapping, 1);
	/* From here on the owner need not wait for our page lock: the mapping may be gone. */
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	put_page(page);
}

/*
 * shmem_writepage: reclaim wants the page: from its object into the swap cache, and on its way
 * to disk.
 *
 * => locked, unmapped, its dirty bit cleared. 0: the write has begun, unlocked;
 *    AOP_WRITEPAGE_ACTIVATE: it cannot be written, still locked
 */
int shmem_writepage(struct page *page, struct writeback_control *wbc)
{
	swp_entry_t entry = { 0 };

	VM_BUG_ON_PAGE(!page_test(page, PG_locked) || PageSwapCache(page), page);
	if (!page_mapped(page))
		entry = get_swap_page(page);
	if (!entry.val)
		goto redirty;
	if (add_to_swap_cache(page, entry, __GFP_HIGH | __GFP_NOWARN)) {
		swapcache_free(entry);
		goto redirty;
	}
	if (swap_duplicate(entry))	/* the object's use of the slot */
		BUG();			/* a fresh slot's count has room */
	note_swapped(page->mapping);
	replace_by_entry(page, entry);
	return swap_writepage(page, wbc);
redirty:
	set_page_dirty(page);
	if (wbc->for_reclaim)
		return AOP_WRITEPAGE_ACTIVATE;
	unlock_page(page);
	return 0;
}

/* --- in again --- */

/*
 * The page of @entry takes its place at @index back. => locked, in the swap cache. False:
 * something else is there now.
 */
static bool replace_entry(struct address_space *mapping, unsigned long index, swp_entry_t entry,
			  struct page *page)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool ours = xa_load(&mapping->i_pages, index) == entry_to_value(entry);

	if (ours) {
		xa_store(&mapping->i_pages, index, page, GFP_NOWAIT);	/* in place */
		get_page(page);
		page->mapping = mapping;
		page->index = index;
		account_shmem(page, mapping, 1);
		account_swapped(mapping, -1);
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return ours;
}

/*
 * Brings the page of @entry back to @index. => 0: *pagep is locked, with a reference; -EAGAIN:
 * somebody else was first, look again; -ENOMEM, -EIO. *major is set if it had to be read.
 */
static int shmem_swapin(struct address_space *mapping, unsigned long index, swp_entry_t entry,
			struct page **pagep, bool *major)
{
	struct page *page = lookup_swap_cache(entry);
	int error = -EAGAIN;

	if (unlikely(swp_is_lost(entry)))
		return -EIO;
	if (!page) {
		*major = true;
		page = swapin_readahead(entry, mapping_gfp(mapping), NULL);
	}
	if (!page)
		return swap_slot_count_locked_hint(entry) ? -ENOMEM : -EAGAIN;
	lock_page(page);
	if (!PageSwapCache(page) || page->private != entry.val)
		goto fail;
	error = -EIO;
	if (!page_test(page, PG_uptodate))
		goto fail;
	wait_on_page_writeback(page);
	error = -EAGAIN;
	if (!replace_entry(mapping, index, entry, page))
		goto fail;
	delete_from_swap_cache(page);
	set_page_dirty(page);		/* memory holds the only copy now */
	swap_free(entry);
	*pagep = page;
	return 0;
fail:
	unlock_page(page);
	put_page(page);
	return error;
}

/* --- getting a page --- */

/*
 * A page of zeroes for @index, which has none. 0: locked, with a reference; -EEXIST: somebody
 * was first; -ENOSPC: the file system or the commit limit is full; -ENOMEM
 */
static int make_page(struct address_space *mapping, unsigned long index, struct vm_fault *vmf,
		     struct page **pagep)
{
	struct page *page;
	int error = charge_page(mapping);

	if (error)
		return error;
	page = vma_alloc_page(mapping_gfp(mapping) | __GFP_ZERO, vmf ? vmf->vma : NULL,
			      vmf ? vmf->address : 0);
	error = -ENOMEM;
	if (page) {
		page_set(page, PG_uptodate);
		error = add_to_page_cache_lru(page, mapping, index, GFP_KERNEL);
	}
	if (!error) {
		*pagep = page;
		return 0;
	}
	if (page)
		put_page(page);
	shmem_uncharge(mapping);
	return error;
}

/* What stands at @index: a page with a reference, a value, or NULL. */
static void *get_entry(struct address_space *mapping, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	void *entry = xa_load(&mapping->i_pages, index);

	if (entry && !xa_is_value(entry))
		get_page(entry);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return entry;
}

bool shmem_swap_entry(struct address_space *mapping, unsigned long index, swp_entry_t *entry)
{
	bool swapped = false;
	unsigned long flags;
	void *found;

	if (!(mapping->flags & AS_SWAPBACKED))
		return false;
	flags = spin_lock_irqsave(&mapping->i_lock);
	found = xa_load(&mapping->i_pages, index);
	swapped = xa_is_value(found);
	if (swapped)
		*entry = value_to_entry(found);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return swapped;
}

/*
 * The next swap entry among the WALK_BATCH things from *index on, which moves to it or behind them.
 * False: none, and if *index is beyond @last now, nor will there be.
 */
static bool find_swapped(struct address_space *mapping, unsigned long *index, unsigned long last,
			 swp_entry_t *entry)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool swapped = false;

	for (int n = 0; n < WALK_BATCH && *index <= last && !swapped; n++) {
		void *found = xa_find(&mapping->i_pages, index, last);

		swapped = xa_is_value(found);
		if (swapped)
			*entry = value_to_entry(found);
		else
			*index = found ? *index + 1 : last + 1;
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return swapped;
}

/* shmem.h */
bool shmem_next_swapped(struct address_space *mapping, unsigned long *index, unsigned long last,
			swp_entry_t *entry)
{
	if (!(mapping->flags & AS_SWAPBACKED) || list_empty(&mapping->link))
		return false;
	last = MIN(last, ~0UL - 1);
	while (*index <= last)
		if (find_swapped(mapping, index, last, entry))
			return true;
	return false;
}

/* @vmf: the fault it is for, whose mapping may have a policy; NULL: none */
static int getpage(struct address_space *mapping, unsigned long index, struct vm_fault *vmf,
		   struct page **pagep, bool create, bool *major)
{
	*pagep = NULL;
	for (;;) {
		void *entry = get_entry(mapping, index);
		int error;

		if (entry && !xa_is_value(entry)) {
			struct page *page = entry;

			error = lock_page_killable(page);
			if (!error && page->mapping == mapping) {
				*pagep = page;
				return 0;
			}
			if (!error)
				unlock_page(page);	/* it went to swap, or was truncated */
			put_page(page);
			if (error)
				return error;
			continue;
		}
		if (!entry && !create)
			return 0;
		error = entry ? shmem_swapin(mapping, index, value_to_entry(entry), pagep, major) :
				make_page(mapping, index, vmf, pagep);
		if (error != -EAGAIN && error != -EEXIST)
			return error;
		cond_resched();
	}
}

/*
 * shmem_getpage: the page at @index: locked, up to date, with a reference.
 *
 * => @create: a missing one is made (zeroes); otherwise *pagep is NULL for a hole
 * => 0, -ENOMEM, -ENOSPC, -EIO (swap could not be read), -EINTR (a fatal signal). May sleep.
 */
int shmem_getpage(struct address_space *mapping, unsigned long index, struct page **pagep,
		  bool create)
{
	bool major = false;

	return getpage(mapping, index, NULL, pagep, create, &major);
}

/* --- truncation and holes --- */

/* The page leaves its object for good. => locked, unlocked on return; the reference goes */
static void drop_locked_page(struct address_space *mapping, struct page *page)
{
	if (page_mapped(page))
		unmap_mapping_pages(mapping, page->index, 1, false);
	cancel_dirty_page(page);
	delete_from_page_cache(page);
	unlock_page(page);
	put_page(page);
}

/* One page goes. False: it was not there any more; it may be in swap now. */
static bool drop_page(struct address_space *mapping, struct page *page)
{
	lock_page(page);
	if (page->mapping == mapping) {
		drop_locked_page(mapping, page);
		return true;
	}
	unlock_page(page);
	put_page(page);
	return false;
}

/*
 * The next thing from *index to @last: a page, with a reference; or an entry, erased, in *entry.
 * False: the end.
 */
static bool take_next(struct address_space *mapping, unsigned long *index, unsigned long last,
		      struct page **page, swp_entry_t *entry)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	void *found = xa_find(&mapping->i_pages, index, last);

	*page = NULL;
	entry->val = 0;
	if (xa_is_value(found)) {
		*entry = value_to_entry(found);
		xa_erase(&mapping->i_pages, *index);
		account_swapped(mapping, -1);
	} else if (found) {
		get_page(found);
		*page = found;
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return found != NULL;
}

/* The device could not read the page at @index: who wants it from now on gets -EIO or SIGBUS. */
static void entry_is_lost(struct address_space *mapping, unsigned long index, swp_entry_t entry)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool ours = xa_load(&mapping->i_pages, index) == entry_to_value(entry);

	if (ours)	/* in place: needs no memory */
		xa_store(&mapping->i_pages, index, entry_to_value(swp_lost_entry()), GFP_NOWAIT);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	if (ours)
		swap_free(entry);
}

/*
 * The page at @index, locked, with a reference, brought back from swap if it is there: for who cannot
 * do without, so no signal ends it and no limit refuses it. NULL: a hole, or the device cannot read
 * it; then nobody will see again what was in it.
 */
static struct page *bring_page(struct address_space *mapping, unsigned long index)
{
	struct page *page, *held;
	swp_entry_t entry;
	void *found;
	bool major;
	int error;

	while ((found = get_entry(mapping, index))) {
		if (!xa_is_value(found)) {
			page = found;
			lock_page(page);
			if (page->mapping == mapping)
				return page;
			unlock_page(page);	/* it went to swap */
			put_page(page);
			continue;
		}
		entry = value_to_entry(found);
		if (swp_is_lost(entry))
			break;
		/* in the swap cache first, where our reference keeps it until it is back */
		held = read_swap_cache_async(entry, mapping_gfp(mapping) | __GFP_NOFAIL, NULL, 0);
		swap_kick_all();
		error = shmem_swapin(mapping, index, entry, &page, &major);
		if (held)
			put_page(held);
		if (!error)
			return page;
		if (error == -EIO)
			entry_is_lost(mapping, index, entry);
		cond_resched();
	}
	return NULL;
}

/* Zeroes from byte @from up to @end, within one page; a hole stays one. */
static void zero_part(struct address_space *mapping, loff_t from, loff_t end)
{
	struct page *page = from < end ? bring_page(mapping, from >> PAGE_SHIFT) : NULL;

	if (!page)
		return;
	zero_user_segment(page, from & ~PAGE_MASK, ((end - 1) & ~PAGE_MASK) + 1);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
}

/* Nothing of it is in swap any more: swapoff lets go of it. */
static void forget_swapped(struct address_space *mapping)
{
	bool busy = true;

	while (busy) {
		unsigned long flags;

		wait_event(unusing_wait, READ_ONCE(unusing) != mapping, "swapoff");
		flags = spin_lock_irqsave(&swaplist_lock);
		busy = unusing == mapping;	/* swapoff came to it meanwhile */
		if (!busy && !list_empty(&mapping->link))
			list_del_init(&mapping->link);
		spin_unlock_irqrestore(&swaplist_lock, flags);
	}
}

/* The pages @start to @last go, and their entries. */
static void drop_range(struct address_space *mapping, unsigned long start, unsigned long last)
{
	unsigned long index = start;
	swp_entry_t entry;
	struct page *page;

	while (index <= last && take_next(mapping, &index, last, &page, &entry)) {
		bool gone = true;

		if (page) {
			gone = drop_page(mapping, page);	/* else: look there again */
		} else {
			free_swap_and_cache(entry);
			shmem_uncharge(mapping);
		}
		if (gone && index++ == ~0UL)
			break;
		cond_resched();
	}
}

/*
 * shmem_truncate: pages and swap entries beyond byte @from go; the tail of the page it lies in
 * is zeroed.
 *
 * => @from 0: also the last use of an object before its owner frees it
 */
void shmem_truncate(struct address_space *mapping, loff_t from)
{
	unsigned long start = DIV_ROUND_UP((unsigned long)from, PAGE_SIZE);

	zero_part(mapping, from, (loff_t)(start << PAGE_SHIFT));
	drop_range(mapping, start, ~0UL);
	if (from == 0)
		forget_swapped(mapping);
}

/*
 * shmem_punch_hole: the bytes [from, end) read as zeroes; whole pages and their swap slots are
 * given back.
 *
 * => 0 <= from < end; the caller has unmapped the whole pages. May sleep
 */
void shmem_punch_hole(struct address_space *mapping, loff_t from, loff_t end)
{
	unsigned long first = DIV_ROUND_UP((unsigned long)from, PAGE_SIZE);
	unsigned long beyond = (unsigned long)end >> PAGE_SHIFT;	/* the first page that stays */

	BUG_ON(from < 0 || from >= end);
	if (first > beyond) {		/* within one page */
		zero_part(mapping, from, end);
		return;
	}
	zero_part(mapping, from, (loff_t)(first << PAGE_SHIFT));
	zero_part(mapping, (loff_t)(beyond << PAGE_SHIFT), end);
	if (first < beyond)
		drop_range(mapping, first, beyond - 1);
}

/* shmem.h */
void shmem_drop_unused(struct address_space *mapping, unsigned long index)
{
	/* who is killed does not read back what went to swap: it stays */
	struct page *page = fatal_signal_pending(current) ? find_lock_page(mapping, index) :
							    bring_page(mapping, index);
	bool used;
	char *map;

	if (!page)
		return;
	map = kmap_local_page(page);
	used = page_mapped(page) || memchr_inv(map, 0, PAGE_SIZE);
	kunmap_local(map);
	if (!used) {
		drop_locked_page(mapping, page);
		return;
	}
	unlock_page(page);
	put_page(page);
}

/* shmem_next_page: for SEEK_DATA and SEEK_HOLE: shmem.h. */
unsigned long shmem_next_page(struct address_space *mapping, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	void *found = xa_find(&mapping->i_pages, &index, ~0UL);

	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return found ? index : ~0UL;
}

/* --- faults --- */

static bool beyond_end(struct address_space *mapping, unsigned long index)
{
	return index >= DIV_ROUND_UP((unsigned long)READ_ONCE(*mapping->i_size), PAGE_SIZE);
}

/* shmem_fault: as filemap_fault(). VM_FAULT_SIGBUS, too, if the file system is full. */
vm_fault_t shmem_fault(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_mapping;
	bool major = false;
	int error;

	if (beyond_end(mapping, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	error = getpage(mapping, vmf->pgoff, vmf, &vmf->page, true, &major);
	if (major) {
		count_vm_event(PGMAJFAULT);
		count_memcg_event_mm(vmf->vma->vm_mm, PGMAJFAULT);
	}
	if (error == -EINTR)
		return VM_FAULT_NOPAGE;		/* it is dying: back to the signal */
	if (error)
		return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	/* Truncate may have passed here before the page was made: it must not stay. */
	if (unlikely(beyond_end(mapping, vmf->pgoff))) {
		drop_locked_page(mapping, vmf->page);
		return VM_FAULT_SIGBUS;
	}
	return VM_FAULT_LOCKED | (major ? VM_FAULT_MAJOR : 0);
}

/* --- swapoff --- */

/* Brings all pages of @mapping that lie in area @type back. 0 or -errno */
static int unuse_mapping(struct address_space *mapping, unsigned int type)
{
	unsigned long index = 0;

	for (;;) {
		unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
		void *found = xa_find(&mapping->i_pages, &index, ~0UL);
		struct page *page;
		bool major;
		int error;

		spin_unlock_irqrestore(&mapping->i_lock, flags);
		if (!found)
			return 0;
		if (!xa_is_value(found) || swp_type(value_to_entry(found)) != type) {
			index++;
			continue;
		}
		error = shmem_swapin(mapping, index, value_to_entry(found), &page, &major);
		if (!error) {
			unlock_page(page);
			put_page(page);
		} else if (error == -EIO) {
			entry_is_lost(mapping, index, value_to_entry(found));
		} else if (error != -EAGAIN) {
			return error;
		}
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
}

/*
 * The mapping after @prev on the list (NULL: the first), held until the next call. A new one
 * that joins meanwhile is last.
 */
static struct address_space *next_swapped(struct address_space *prev)
{
	unsigned long flags;
	struct address_space *next = NULL;

	flags = spin_lock_irqsave(&swaplist_lock);
	if (!prev && !list_empty(&swaplist))
		next = list_first_entry(&swaplist, struct address_space, link);
	else if (prev && !list_is_last(&prev->link, &swaplist) && !list_empty(&prev->link))
		next = list_next_entry(prev, link);
	unusing = next;
	spin_unlock_irqrestore(&swaplist_lock, flags);
	wake_up_all(&unusing_wait);
	return next;
}

/*
 * shmem_unuse_type: swapoff of area @type: true, or false and *error. => swapon_mutex held: one
 * at a time
 */
bool shmem_unuse_type(unsigned int type, int *error)
{
	unsigned long flags;
	struct address_space *mapping = next_swapped(NULL);

	*error = 0;
	while (mapping && !*error) {
		*error = unuse_mapping(mapping, type);
		if (!*error)
			mapping = next_swapped(mapping);
	}
	if (*error) {
		flags = spin_lock_irqsave(&swaplist_lock);
		unusing = NULL;
		spin_unlock_irqrestore(&swaplist_lock, flags);
		wake_up_all(&unusing_wait);
	}
	return !*error;
}

/* --- objects: MAP_SHARED | MAP_ANONYMOUS, and System V segments --- */

struct shmem_object {
	struct address_space mapping;
	loff_t size;			/* c: bytes */
	_Atomic int users;		/* a: VMAs, and a segment's owner; the last frees it */
	unsigned long charged;		/* c: pages charged to overcommit as a whole */
	unsigned long ino;		/* c: what /proc/<pid>/maps shows */
};

/* shmem.h */
struct shmem_object *shmem_object_new(loff_t size, bool noreserve)
{
	static _Atomic unsigned long last_ino = 1024;
	unsigned long pages = size >> PAGE_SHIFT;
	struct shmem_object *object;

	if (!noreserve && security_vm_enough_memory_mm(current->mm, pages))
		return NULL;
	object = kzalloc(sizeof(*object), GFP_KERNEL);
	if (!object) {
		if (!noreserve)
			vm_unacct_memory(pages);
		return NULL;
	}
	address_space_init(&object->mapping, NULL, &shmem_aops, &object->size);
	object->mapping.flags = AS_SWAPBACKED | (noreserve ? AS_PAGE_ACCOUNTED : 0);
	object->size = size;
	object->charged = noreserve ? 0 : pages;
	object->users = 1;
	object->ino = ++last_ino;
	return object;
}

/* shmem.h */
void shmem_object_get(struct shmem_object *object)
{
	object->users++;
}

/* shmem.h */
void shmem_object_put(struct shmem_object *object)
{
	if (--object->users)
		return;
	shmem_truncate(&object->mapping, 0);
	BUG_ON(object->mapping.nrpages || !list_empty(&object->mapping.i_mmap));
	xa_destroy(&object->mapping.i_pages);
	vm_unacct_memory(object->charged);
	kfree(object);
}

/* shmem.h */
struct address_space *shmem_object_mapping(struct shmem_object *object)
{
	return &object->mapping;
}

/* shmem.h */
void shmem_object_pages(struct shmem_object *object, unsigned long *present, unsigned long *swapped)
{
	swp_entry_t entry;

	*present = READ_ONCE(object->mapping.nrpages);
	*swapped = 0;
	for (unsigned long i = 0; shmem_next_swapped(&object->mapping, &i, ~0UL, &entry); i++)
		++*swapped;
}

/* shmem.h. Reclaim moves its pages to the unevictable list as it meets them; back they are led. */
void shmem_object_lock(struct shmem_object *object, bool lock)
{
	struct page *page;

	if (lock) {
		object->mapping.flags |= AS_UNEVICTABLE;
		return;
	}
	object->mapping.flags &= ~(unsigned long)AS_UNEVICTABLE;
	for (unsigned long i = 0; (i = shmem_next_page(&object->mapping, i)) != ~0UL; i++) {
		page = find_lock_page(&object->mapping, i);
		if (page) {
			count_vm_event(UNEVICTABLE_PGSCANNED);
			check_move_unevictable_page(page);
			unlock_page(page);
			put_page(page);
		}
		cond_resched();
	}
}

static struct shmem_object *vma_object(struct vm_area_struct *vma)
{
	return container_of(vma->vm_mapping, struct shmem_object, mapping);
}

static void object_open(struct vm_area_struct *vma)
{
	shmem_object_get(vma_object(vma));
}

static void object_close(struct vm_area_struct *vma)
{
	shmem_object_put(vma_object(vma));
}

static void object_show_name(struct vm_area_struct *vma, struct seq_file *m)
{
	seq_puts(m, "/dev/zero (deleted)");
}

static void object_identify(struct vm_area_struct *vma, kdev_t *dev, unsigned long *ino)
{
	*dev = 1;			/* 00:01, the kernel's own tmpfs */
	*ino = vma_object(vma)->ino;
}

static const struct vm_operations_struct shmem_object_vm_ops = {
	.open = object_open,
	.close = object_close,
	.fault = shmem_fault,
	.show_name = object_show_name,
	.identify = object_identify,
};

/*
 * shmem_zero_setup: @vma shall be shared anonymous memory: gives it an object of its own.
 *
 * => vm_flags, vm_start and vm_end are set, no page is mapped. 0, -ENOMEM (overcommit says no,
 *    or no memory)
 */
int shmem_zero_setup(struct vm_area_struct *vma)
{
	struct shmem_object *object =
		shmem_object_new(vma->vm_end - vma->vm_start, vma->vm_flags & VM_NORESERVE);

	if (!object)
		return -ENOMEM;
	vma->vm_mapping = &object->mapping;
	vma->vm_ops = &shmem_object_vm_ops;
	return 0;
}
