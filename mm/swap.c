/*
 * swap.c - the LRU lists: how a page gets on one, moves on it, and leaves it.
 *
 * Idea:   every page that reclaim may take stands on one of five lists of its
 *         node and memory cgroup (a lruvec). lru_lock is hot, so a page first goes into a small batch of its
 *         CPU; a full batch is emptied under one lock acquisition:
 *
 *           fault ──> batch (15) ──> inactive ⇄ active        unevictable
 *                                       │                     (mlocked, ramfs)
 *                                       └──> shrink_list.c takes from the tail
 *
 *         PG_lru says "on a list". Whoever clears it, by an atomic test-and-clear,
 *         owns page->lru and the right to take the page off: reclaim
 *         (isolate), the last put_page (release), or a batch that moves it.
 * Locks:  LOCK_LRU (irqsave: a write's end rotates pages). Batches belong to
 *         their CPU and are touched with interrupts off.
 * Above:  memory.c, filemap.c add; shrink_list.c scans; mmu_gather.c releases.
 * Below:  page_alloc.c, vmstat.c.   In Linux: mm/swap.c, mm/mm_inline.h.
 */
#include "kernel/lib/bug.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp.h"
#include "mm/debug.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

/*
 * Why pages wait in a batch. The order is that of draining: a page must be on a list before it
 * can move.
 */
enum lru_batch_kind {
	BATCH_ADD,
	BATCH_ROTATE,
	BATCH_ACTIVATE,
	BATCH_DEACTIVATE_FILE,
	BATCH_DEACTIVATE,
	BATCH_LAZYFREE,
	NR_BATCHES
};

/* Guard: its CPU, interrupts off. Each entry holds a reference. */
struct lru_batch {
	unsigned int nr;
	struct page *pages[LRU_BATCH];
};
static DEFINE_PER_CPU(struct lru_batch[NR_BATCHES], lru_batches);

/* Flags that a page must not carry into the free lists. */
#define PG_LRU_STATE                                                                               \
	(PG_active | PG_referenced | PG_workingset | PG_unevictable | PG_mlocked | PG_reclaim |    \
	 PG_readahead | PG_swapbacked | PG_uptodate | PG_dirty | PG_error | PG_anon_exclusive |    \
	 PG_waiters)

static inline enum lru_list lru_of_flags(unsigned long flags)
{
	/* not PG_mlocked: that may be set while it is on another list */
	if (flags & PG_unevictable)
		return LRU_UNEVICTABLE;
	if (flags & PG_swapbacked)
		return flags & PG_active ? LRU_ACTIVE_ANON : LRU_INACTIVE_ANON;
	return flags & PG_active ? LRU_ACTIVE_FILE : LRU_INACTIVE_FILE;
}

/* page_lru: the list that a page's flags name. */
enum lru_list page_lru(const struct page *page) { return lru_of_flags(page->flags); }

/*
 * update_lru_size: @pages more (or fewer) of zone @zid on list @lru: the lruvec's own count,
 * the node's and the zone's.
 *
 * => lru_lock held
 */
void update_lru_size(struct lruvec *lruvec, enum lru_list lru, enum zone_type zid, long pages)
{
	lruvec->lru_zone_size[zid][lru] += pages;
	BUG_ON((long)lruvec->lru_zone_size[zid][lru] < 0);
	mod_lruvec_state(lruvec, (enum node_stat_item)(NR_INACTIVE_ANON + lru), pages);
	mod_zone_page_state(&lruvec->pgdat->node_zones[zid],
			    (enum zone_stat_item)(NR_ZONE_INACTIVE_ANON + lru), pages);
}

/*
 * A run of pages that join or leave lists: lru_lock is taken once for those of one lruvec, and
 * the counters are told once of those that are alike. A batch is nearly always 15 pages of one
 * zone bound for one list.
 */
struct size_run {
	struct lruvec *lruvec;		/* whose lock is held; NULL: none */
	unsigned long flags;		/* the interrupts' state before */
	enum lru_list lru;
	enum zone_type zid;
	long pages;
};

static void size_run_flush(struct size_run *run)
{
	if (run->pages)
		update_lru_size(run->lruvec, run->lru, run->zid, run->pages);
	run->pages = 0;
}

/* The run's end, or that of its part in one lruvec. */
static void size_run_unlock(struct size_run *run)
{
	if (!run->lruvec)
		return;
	size_run_flush(run);
	spin_unlock_irqrestore(&run->lruvec->lru_lock, run->flags);
	run->lruvec = NULL;
}

/* @page comes next: its lruvec is the one that is locked. */
static inline void size_run_lock(struct size_run *run, struct page *page)
{
	struct lruvec *lruvec = page_lruvec(page);

	if (likely(lruvec == run->lruvec))
		return;
	size_run_unlock(run);
	run->flags = spin_lock_irqsave(&lruvec->lru_lock);
	run->lruvec = lruvec;
}

/* A page with @flags joined (@n 1) or left (-1) its list. */
static inline void size_run_add(struct size_run *run, enum lru_list lru, unsigned long flags, long n)
{
	enum zone_type zid = (enum zone_type)(flags >> PG_ZONE_SHIFT & 0xf);

	if (unlikely(run->lru != lru || run->zid != zid))
		size_run_flush(run);
	run->lru = lru;
	run->zid = zid;
	run->pages += n;
}

/*
 * add_page_to_lru_list: to the young end (the head). => lru_lock held, PG_lru set by the
 * caller, who owned it.
 *
 * PG_lru may be gone again by now: it is cleared without the lock by who isolates the page next
 * (isolate_lru_page, a batch on another CPU), and he then waits for the lock to take it off.
 */
void add_page_to_lru_list(struct page *page, struct lruvec *lruvec)
{
	enum lru_list lru = page_lru(page);

	VM_BUG_ON_PAGE(page_count(page) <= 0, page);
	update_lru_size(lruvec, lru, page_zonenum(page), 1);
	list_add(&page->lru, &lruvec->lists[lru]);
}

/* add_page_to_lru_list_tail: to the old end, where reclaim looks first. => as above */
void add_page_to_lru_list_tail(struct page *page, struct lruvec *lruvec)
{
	enum lru_list lru = page_lru(page);

	VM_BUG_ON_PAGE(page_count(page) <= 0, page);
	update_lru_size(lruvec, lru, page_zonenum(page), 1);
	list_add_tail(&page->lru, &lruvec->lists[lru]);
}

/* del_page_from_lru_list: => lru_lock held; the page is on the list that its flags name. */
void del_page_from_lru_list(struct page *page, struct lruvec *lruvec)
{
	list_del(&page->lru);
	update_lru_size(lruvec, page_lru(page), page_zonenum(page), -1);
}

/*
 * Locks the lruvec of @page, keeping @locked if it is that one already.
 * => interrupts saved in *flags by the first call of a series (locked NULL)
 */
static inline struct lruvec *relock_lruvec(struct page *page, struct lruvec *locked,
					   unsigned long *flags)
{
	struct lruvec *lruvec = page_lruvec(page);

	if (likely(lruvec == locked))
		return locked;
	if (locked)
		spin_unlock_irqrestore(&locked->lru_lock, *flags);
	*flags = spin_lock_irqsave(&lruvec->lru_lock);
	return lruvec;
}

/* --- leaving for good --- */

/*
 * The last reference is gone and the page is off its list: what it still counts for, and clean
 * flags.
 */
static void clear_lru_state(struct page *page)
{
	if (unlikely(page_test(page, PG_mlocked))) {
		/* Freed while mlocked: munmap and truncate need not munlock first. */
		mod_zone_page_state(page_zone(page), NR_MLOCK, -1);
		count_vm_event(UNEVICTABLE_PGCLEARED);
	}
	VM_BUG_ON_PAGE(page_mapped(page), page);
	VM_BUG_ON_PAGE(page_test(page, PG_locked | PG_writeback | PG_swapcache), page);
	page_clear(page, PG_LRU_STATE);
	page->mapping = NULL;		/* anonymous pages keep theirs to the end */
}

/* A block of more than one page: never on an LRU list. */
static void put_compound(struct page *page)
{
	unsigned int order = page[1].private;

	page->_refcount = 1;
	__free_pages(page, order);
}

/*
 * put_page: drops a reference; the last one takes the page off its list and frees it.
 *
 * => any context
 */
void put_page(struct page *page)
{
	VM_BUG_ON_PAGE(page_count(page) <= 0, page);
	if (!put_page_testzero(page))
		return;
	if (unlikely(page_test(page, PG_head))) {
		put_compound(page);
		return;
	}
	if (page_test(page, PG_lru)) {
		struct lruvec *lruvec = page_lruvec(page);
		unsigned long flags = spin_lock_irqsave(&lruvec->lru_lock);

		/* Reclaim cannot have it: isolation starts with get_page_unless_zero(). */
		VM_BUG_ON_PAGE(!page_test(page, PG_lru), page);
		page_clear(page, PG_lru);
		del_page_from_lru_list(page, lruvec);
		spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	}
	clear_lru_state(page);
	free_unref_page(page);		/* its group is paid back there, a user's page or the kernel's */
}

/*
 * release_pages: put_page() for @nr pages, with lru_lock taken once for all of
 * them and one trip to the allocator. munmap and exit free through here.
 *
 * => any context
 */
void release_pages(struct page **pages, int nr)
{
	struct size_run run = { .lruvec = NULL };
	struct uncharge_gather ug = { .nr = 0 };
	LIST_HEAD(to_free);

	for (int i = 0; i < nr; i++) {
		struct page *page = pages[i];

		VM_BUG_ON_PAGE(page_count(page) <= 0, page);
		if (!put_page_testzero(page))
			continue;
		if (unlikely(page_test(page, PG_head))) {
			put_compound(page);
			continue;
		}
		if (page_test(page, PG_lru)) {
			size_run_lock(&run, page);
			page_clear(page, PG_lru);
			list_del(&page->lru);
			size_run_add(&run, page_lru(page), page->flags, -1);
		}
		clear_lru_state(page);
		if (unlikely(page->memcg) && !page_is_kmem(page))
			uncharge_gather_page(&ug, page);
		list_add(&page->lru, &to_free);
	}
	size_run_unlock(&run);
	uncharge_flush(&ug);
	if (!list_empty(&to_free))
		free_unref_page_list(&to_free);
}

/* --- the batches: what happens to each page when its batch is emptied. => lru_lock held --- */

/* A page that is, or was, mlocked gets PG_lru. */
static __noinline void add_unevictable(struct page *page)
{
	bool was_unevictable = page_test(page, PG_unevictable);

	/*
	 * It was munlocked while it stood on no list: only an anonymous page's mlock made it
	 * unevictable.
	 */
	if (was_unevictable && !page_test(page, PG_mlocked) && PageAnon(page)) {
		page_clear(page, PG_unevictable);
		count_vm_event(UNEVICTABLE_PGRESCUED);
	}
	if (page_evictable(page)) {
		page_set(page, PG_lru);
		return;
	}
	page_clear(page, PG_active);
	page_set(page, PG_lru | PG_unevictable);
	if (!was_unevictable)
		count_vm_event(UNEVICTABLE_PGCULLED);
}

/*
 * A new page joins its list. It is nobody else's yet, or in a cache whose owner does not touch
 * page->lru.
 */
static inline void lru_add_fn(struct page *page, struct size_run *run)
{
	unsigned long flags;
	enum lru_list lru;

	VM_BUG_ON_PAGE(page_test(page, PG_lru), page);
	if (likely(page_evictable(page)))
		page_set(page, PG_lru);
	else
		add_unevictable(page);
	flags = page->flags;
	lru = lru_of_flags(flags);
	size_run_add(run, lru, flags, 1);
	list_add(&page->lru, &run->lruvec->lists[lru]);
}

static void lru_rotate_fn(struct page *page, struct lruvec *lruvec)
{
	if (!page_evictable(page))
		return;
	del_page_from_lru_list(page, lruvec);
	page_clear(page, PG_active);
	add_page_to_lru_list_tail(page, lruvec);
	count_vm_event(PGROTATED);
}

static void lru_activate_fn(struct page *page, struct lruvec *lruvec)
{
	if (page_test(page, PG_active) || !page_evictable(page))
		return;
	del_page_from_lru_list(page, lruvec);
	page_set(page, PG_active);
	add_page_to_lru_list(page, lruvec);
	count_vm_event(PGACTIVATE);
	count_memcg_events(lruvec->memcg, PGACTIVATE, 1);
}

static void lru_deactivate_fn(struct page *page, struct lruvec *lruvec)
{
	if (!page_test(page, PG_active) || !page_evictable(page))
		return;
	del_page_from_lru_list(page, lruvec);
	page_clear(page, PG_active | PG_referenced);
	add_page_to_lru_list(page, lruvec);
	count_vm_event(PGDEACTIVATE);
	count_memcg_events(lruvec->memcg, PGDEACTIVATE, 1);
}

/*
 * A page of a file that was to be dropped and could not be. Clean, it is the next to go; dirty, it
 * goes to the tail when it has been written (PG_reclaim).
 */
static void lru_deactivate_file_fn(struct page *page, struct lruvec *lruvec)
{
	bool active = page_test(page, PG_active);

	if (!page_evictable(page) || page_mapped(page))
		return;
	del_page_from_lru_list(page, lruvec);
	page_clear(page, PG_active | PG_referenced);
	if (page_test(page, PG_dirty | PG_writeback)) {
		page_set(page, PG_reclaim);
		add_page_to_lru_list(page, lruvec);
	} else {
		add_page_to_lru_list_tail(page, lruvec);
		count_vm_event(PGROTATED);
	}
	if (active) {
		count_vm_event(PGDEACTIVATE);
		count_memcg_events(lruvec->memcg, PGDEACTIVATE, 1);
	}
}

/*
 * MADV_FREE: without PG_swapbacked an anonymous page counts as clean file memory, dropped
 * unless written to.
 */
static void lru_lazyfree_fn(struct page *page, struct lruvec *lruvec)
{
	if (!PageAnon(page) || !page_test(page, PG_swapbacked) || PageSwapCache(page) ||
	    !page_evictable(page))
		return;
	del_page_from_lru_list(page, lruvec);
	page_clear(page, PG_active | PG_referenced | PG_swapbacked);
	add_page_to_lru_list(page, lruvec);
	count_vm_event(PGLAZYFREE);
	count_memcg_events(lruvec->memcg, PGLAZYFREE, 1);
}

static void move_one(enum lru_batch_kind kind, struct page *page, struct lruvec *lruvec)
{
	switch (kind) {
	case BATCH_ROTATE:
		lru_rotate_fn(page, lruvec);
		break;
	case BATCH_ACTIVATE:
		lru_activate_fn(page, lruvec);
		break;
	case BATCH_DEACTIVATE_FILE:
		lru_deactivate_file_fn(page, lruvec);
		break;
	case BATCH_DEACTIVATE:
		lru_deactivate_fn(page, lruvec);
		break;
	case BATCH_LAZYFREE:
		lru_lazyfree_fn(page, lruvec);
		break;
	default:
		BUG();
	}
}

/*
 * New pages: one lock, one counter update for the run. A page that only the batch still holds
 * is not added at all.
 */
static void drain_add(struct lru_batch *batch)
{
	struct size_run run = { .lruvec = NULL };

	for (unsigned int i = 0, nr = batch->nr; i < nr; i++) {
		struct page *page = batch->pages[i];

		if (page_count(page) == 1)
			continue;	/* freed meanwhile; nobody can find it any more */
		size_run_lock(&run, page);
		lru_add_fn(page, &run);
	}
	size_run_unlock(&run);
}

/* Pages that move between lists: each only if nobody has isolated it meanwhile. */
static void drain_move(enum lru_batch_kind kind, struct lru_batch *batch)
{
	struct lruvec *locked = NULL;
	unsigned long flags = 0;

	for (unsigned int i = 0; i < batch->nr; i++) {
		struct page *page = batch->pages[i];

		if (!page_test_and_clear(page, PG_lru))
			continue;
		locked = relock_lruvec(page, locked, &flags);
		page_set(page, PG_lru);		/* ours while lru_lock is held */
		move_one(kind, page, locked);
	}
	if (locked)
		spin_unlock_irqrestore(&locked->lru_lock, flags);
}

/* Empties one batch of this CPU. => interrupts off */
static __noinline void drain_batch(enum lru_batch_kind kind, struct lru_batch *batch)
{
	unsigned int nr = batch->nr;

	if (!nr)
		return;
	if (kind == BATCH_ADD)
		drain_add(batch);
	else
		drain_move(kind, batch);
	batch->nr = 0;
	release_pages(batch->pages, nr);
}

/* @page goes into this CPU's batch @kind, which is emptied when it is full. */
static inline void batch_page(enum lru_batch_kind kind, struct page *page)
{
	unsigned long flags;
	struct lru_batch *batch;

	get_page(page);
	flags = local_irq_save();
	batch = &(*this_cpu_ptr(lru_batches))[kind];
	batch->pages[batch->nr++] = page;
	if (batch->nr == LRU_BATCH)
		drain_batch(kind, batch);
	local_irq_restore(flags);
}

/*
 * lru_cache_add: a new page is to join the list that its flags name.
 *
 * => it is on no list and in no batch; the caller holds a reference and keeps it
 */
void lru_cache_add(struct page *page)
{
	VM_BUG_ON_PAGE(page_test(page, PG_lru), page);
	VM_BUG_ON_PAGE(page_test(page, PG_active) && page_test(page, PG_unevictable), page);
	batch_page(BATCH_ADD, page);
}

/*
 * lru_cache_add_inactive_or_unevictable: a new anonymous page of @vma; locked memory goes where
 * reclaim does not look.
 */
void lru_cache_add_inactive_or_unevictable(struct page *page, struct vm_area_struct *vma)
{
	if (unlikely((vma->vm_flags & (VM_LOCKED | VM_IO | VM_PFNMAP)) == VM_LOCKED) &&
	    !page_test_and_set(page, PG_mlocked)) {
		mod_zone_page_state(page_zone(page), NR_MLOCK, 1);
		count_vm_event(UNEVICTABLE_PGMLOCKED);
	}
	lru_cache_add(page);
}

/* activate_page: to the active list, soon. => the caller holds a reference */
void activate_page(struct page *page)
{
	if (page_test(page, PG_lru) && !page_test(page, PG_active) && page_evictable(page))
		batch_page(BATCH_ACTIVATE, page);
}

/* deactivate_page: MADV_COLD: to the inactive list, soon. => the caller holds a reference */
void deactivate_page(struct page *page)
{
	if (page_test(page, PG_lru) && page_test(page, PG_active) && page_evictable(page))
		batch_page(BATCH_DEACTIVATE, page);
}

/*
 * deactivate_file_page: drop_caches or POSIX_FADV_DONTNEED would have dropped it, but it is dirty
 * or in use: reclaim shall find it early. => the caller holds a reference
 */
void deactivate_file_page(struct page *page)
{
	if (page_test(page, PG_lru) && page_evictable(page) && !page_mapped(page))
		batch_page(BATCH_DEACTIVATE_FILE, page);
}

/* mark_page_lazyfree: MADV_FREE of an anonymous page. => the caller holds a reference */
void mark_page_lazyfree(struct page *page)
{
	if (page_test(page, PG_lru) && PageAnon(page) && page_test(page, PG_swapbacked) &&
	    !PageSwapCache(page) && page_evictable(page))
		batch_page(BATCH_LAZYFREE, page);
}

/*
 * rotate_reclaimable_page: reclaim asked for this write; the page is clean now, so it goes to
 * the tail, where the next scan frees it.
 *
 * => any context, interrupts included
 */
void rotate_reclaimable_page(struct page *page)
{
	if (page_test(page, PG_lru) && !page_test(page, PG_locked | PG_dirty) &&
	    page_evictable(page))
		batch_page(BATCH_ROTATE, page);
}

/* A page touched twice before it left the batch: it will join the active list from there. */
static void activate_in_batch(struct page *page)
{
	unsigned long flags = local_irq_save();
	struct lru_batch *batch = &(*this_cpu_ptr(lru_batches))[BATCH_ADD];

	for (int i = (int)batch->nr - 1; i >= 0; i--)
		if (batch->pages[i] == page) {
			page_set(page, PG_active);
			break;
		}
	local_irq_restore(flags);
}

/*
 * mark_page_accessed: one use more, by read(2) or a fault.
 *
 *     inactive, unreferenced  ->  inactive, referenced
 *     inactive, referenced    ->  active, unreferenced
 *     active, unreferenced    ->  active, referenced
 */
void mark_page_accessed(struct page *page)
{
	if (!page_test(page, PG_referenced)) {
		page_set(page, PG_referenced);
	} else if (page_test(page, PG_unevictable)) {
		/* It stays where it is. */
	} else if (!page_test(page, PG_active)) {
		if (page_test(page, PG_lru))
			activate_page(page);
		else
			activate_in_batch(page);
		page_clear(page, PG_referenced);
		workingset_activation(page);
	}
}

/* --- draining --- */

static void drain_this_cpu(void *unused)
{
	unsigned long flags = local_irq_save();
	struct lru_batch *batches = *this_cpu_ptr(lru_batches);

	for (int kind = 0; kind < NR_BATCHES; kind++)
		if (batches[kind].nr)
			drain_batch((enum lru_batch_kind)kind, &batches[kind]);
	local_irq_restore(flags);
}

/* lru_add_drain: empties this CPU's batches, so that their pages can be isolated and counted. */
void lru_add_drain(void)
{
	drain_this_cpu(NULL);
}

/* lru_add_drain_all: every CPU's. => may sleep; no spinlock held */
void lru_add_drain_all(void)
{
	on_each_cpu(drain_this_cpu, NULL);
}

/* --- taking a page off, and putting it back --- */

/*
 * isolate_lru_page: takes the page off its list.
 *
 * => the caller holds a reference; on success there is one more, for putback_lru_page()
 * => false: it is on no list (in a batch, isolated by somebody else, or no user's page)
 */
bool isolate_lru_page(struct page *page)
{
	struct lruvec *lruvec;
	unsigned long flags;

	VM_BUG_ON_PAGE(!page_count(page), page);
	if (!page_test_and_clear(page, PG_lru))
		return false;
	get_page(page);
	lruvec = page_lruvec(page);
	flags = spin_lock_irqsave(&lruvec->lru_lock);
	del_page_from_lru_list(page, lruvec);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	return true;
}

/*
 * putback_lru_page: undoes isolate_lru_page(): to the list that the flags name now, and drops
 * its reference.
 */
void putback_lru_page(struct page *page)
{
	lru_cache_add(page);
	put_page(page);
}

/* --- what reclaim costs: feeds get_scan_count()'s balance between anonymous and file pages --- */

/* Pages on the four lists that reclaim looks at, of the group with all below it. */
static unsigned long reclaimable_size(struct lruvec *lruvec)
{
	unsigned long size = 0;

	for (int item = NR_INACTIVE_ANON; item <= NR_ACTIVE_FILE; item++)
		size += lruvec_page_state(lruvec, (enum node_stat_item)item);
	return size;
}

/*
 * lru_note_cost: reclaiming from this family caused @pages of I/O or refaults, here and so in
 * each group above. Old costs fade: both are halved once they exceed a quarter of the lists.
 */
void lru_note_cost(struct lruvec *lruvec, bool file, unsigned long pages)
{
	for (; lruvec; lruvec = parent_lruvec(lruvec)) {
		unsigned long flags = spin_lock_irqsave(&lruvec->lru_lock);

		if (file)
			lruvec->file_cost += pages;
		else
			lruvec->anon_cost += pages;
		if (lruvec->file_cost + lruvec->anon_cost > reclaimable_size(lruvec) / 4) {
			lruvec->file_cost /= 2;
			lruvec->anon_cost /= 2;
		}
		spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	}
}

/* lru_note_cost_page: a page of the working set came back. */
void lru_note_cost_page(struct page *page)
{
	lru_note_cost(page_lruvec(page), page_is_file_lru(page), 1);
}
