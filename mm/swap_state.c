/*
 * swap_state.c - the swap cache: pages that have a slot in swap.
 *
 * Idea:   a page on its way out or in must be findable by its slot, so that
 *         two processes that fault on one slot get one page, and a fault
 *         during a write-out takes the page back instead of reading:
 *
 *           memory ──add_to_swap──> swap cache ──swap_writepage──> disk
 *             ^                       │    ^                        │
 *             └──do_swap_page─────────┘    └──swapin_readahead──────┘
 *
 *         One address_space an area, indexed by slot. The cache's claim on a slot
 *         is a bit of its count (SWAP_HAS_CACHE, swapfile.c), taken BEFORE the page is
 *         inserted and dropped AFTER it is removed; who finds the bit but no page waits a moment.
 * Locks:  the page lock for joining and leaving; i_lock (LOCK_I_PAGES) inside.
 * Above:  pageout.c (out), memory.c, shmem.c and swapon.c (in).
 * Below:  swapfile.c (slots), page_io.c (transfers).   In Linux: mm/swap_state.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memcontrol.h"
#include "mm/mempolicy.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

struct address_space swapper_spaces[MAX_SWAPFILES];
static const struct address_space_operations swap_aops = { .writepage = swap_writepage };

/* 2^3 slots are read at once; Linux's default (2 below 16 MiB) */
int page_cluster = 3;
CTL_SYSCTL_INT("vm.page-cluster", page_cluster, 0, __INT_MAX__);

#define MAX_READAHEAD_SHIFT 6		/* 64 slots, however large vm.page-cluster is */
/* since the last decision; starts with some credit, as in Linux */
static _Atomic int readahead_hits = 4;

/* swap_cache_init: the areas' locks and caches. => before the first swapon and fault */
void swap_cache_init(void)
{
	for (int type = 0; type < MAX_SWAPFILES; type++) {
		address_space_init(&swapper_spaces[type], NULL, &swap_aops, NULL);
		swapper_spaces[type].flags = AS_SWAP;
		spin_lock_init(&swap_info[type].lock, LOCK_SWAP_AREA);
		INIT_LIST_HEAD(&swap_info[type].avail);
	}
}

/*
 * page_mapping: the cache that a page is in: a file's, shmem's, the swap cache; NULL for an
 * anonymous page outside it.
 */
struct address_space *page_mapping(const struct page *page)
{
	if (unlikely(PageSwapCache(page)))
		return swap_address_space((swp_entry_t){ page->private });
	return PageAnon(page) ? NULL : page->mapping;
}

/* --- joining and leaving --- */

static void account_swap_cache(struct page *page, struct address_space *cache, long n)
{
	if (n > 0)
		cache->nrpages++;
	else
		cache->nrpages--;
	/* The node counts them with the page cache; a group, as what they are. */
	mod_node_page_state(page_pgdat(page), NR_FILE_PAGES, n);
	mod_page_state(page, NR_SWAPCACHE, n);
}

/*
 * The page takes its place in the cache; *shadow: what stood there, or NULL.
 * => locked, the slot's SWAP_HAS_CACHE is ours. 0, -ENOMEM, -EEXIST
 */
static int insert_page(struct page *page, swp_entry_t entry, gfp_t gfp, void **shadow)
{
	struct address_space *cache = swap_address_space(entry);
	struct xa_reserve reserve = XA_RESERVE_INIT;
	void *old;

	VM_BUG_ON_PAGE(!page_test(page, PG_locked) || PageSwapCache(page) ||
			   !page_test(page, PG_swapbacked),
		       page);
	do {
		unsigned long flags = spin_lock_irqsave(&cache->i_lock);

		old = xa_load(&cache->i_pages, swp_offset(entry));
		if (old && !xa_is_value(old)) {
			spin_unlock_irqrestore(&cache->i_lock, flags);
			xa_reserve_free(&reserve);
			return -EEXIST;
		}
		old = xa_store_reserved(&cache->i_pages, swp_offset(entry), page, &reserve);
		if (!xa_is_err(old)) {
			get_page(page);
			page->private = entry.val;
			page_set(page, PG_swapcache);
			account_swap_cache(page, cache, 1);
		}
		spin_unlock_irqrestore(&cache->i_lock, flags);
	} while (xa_is_err(old) && xa_reserve_fill(&reserve, gfp));
	xa_reserve_free(&reserve);
	*shadow = xa_is_err(old) ? NULL : old;
	return xa_is_err(old) ? -ENOMEM : 0;
}

/*
 * add_to_swap_cache: the page becomes findable by @entry.
 *
 * => locked; the slot's SWAP_HAS_CACHE is the caller's, and stays so on failure
 * => 0, -ENOMEM, -EEXIST
 */
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp)
{
	void *shadow;

	return insert_page(page, entry, gfp, &shadow);
}

/*
 * add_to_swap: an anonymous page gets a slot, so that it can be unmapped and written.
 *
 * => locked, up to date, not in the cache. False: no slot, or no memory for the cache's tree
 * => Reclaim calls this with PF_MEMALLOC: the tree's nodes may come from the reserves
 */
bool add_to_swap(struct page *page)
{
	swp_entry_t entry;

	VM_BUG_ON_PAGE(!page_test(page, PG_uptodate), page);
	entry = get_swap_page(page);
	if (!entry.val)
		return false;
	if (add_to_swap_cache(page, entry, __GFP_HIGH | __GFP_NOWARN)) {
		swapcache_free(entry);
		return false;
	}
	/*
	 * The slot's content is garbage until the page is written, even if no PTE was dirty
	 * (MADV_FREE taken back).
	 */
	set_page_dirty(page);
	return true;
}

/*
 * remove_from_swap_cache_locked: the page leaves; @shadow (or NULL) takes its place.
 *
 * => locked, clean of writeback; i_lock held. The cache's reference and the slot's claim are
 *    the caller's to drop.
 */
void remove_from_swap_cache_locked(struct page *page, void *shadow)
{
	swp_entry_t entry = { page->private };
	struct address_space *cache = swap_address_space(entry);
	void *old;

	VM_BUG_ON_PAGE(!PageSwapCache(page) || page_test(page, PG_writeback), page);
	if (shadow)
		/* in place: needs no memory */
		old = xa_store(&cache->i_pages, swp_offset(entry), shadow, GFP_NOWAIT);
	else
		old = xa_erase(&cache->i_pages, swp_offset(entry));
	BUG_ON(old != page);
	page_clear(page, PG_swapcache);
	page->private = 0;
	account_swap_cache(page, cache, -1);
}

/*
 * delete_from_swap_cache: the page leaves, and the cache's claim on its slot goes. => locked,
 * not under writeback
 */
void delete_from_swap_cache(struct page *page)
{
	swp_entry_t entry = { page->private };
	struct address_space *cache = swap_address_space(entry);
	unsigned long flags;

	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	flags = spin_lock_irqsave(&cache->i_lock);
	remove_from_swap_cache_locked(page, NULL);
	spin_unlock_irqrestore(&cache->i_lock, flags);
	swapcache_free(entry);
	put_page(page);
}

/*
 * clear_shadow_from_swap_cache: the slot becomes free, so what was known about its page is
 * void. => area's lock held
 */
void clear_shadow_from_swap_cache(swp_entry_t entry)
{
	struct address_space *cache = swap_address_space(entry);
	unsigned long flags = spin_lock_irqsave(&cache->i_lock);

	if (xa_is_value(xa_load(&cache->i_pages, swp_offset(entry))))
		xa_erase(&cache->i_pages, swp_offset(entry));
	spin_unlock_irqrestore(&cache->i_lock, flags);
}

/* Pages in the cache; over all areas. */
unsigned long total_swapcache_pages(void)
{
	return global_node_page_state(NR_SWAPCACHE);
}

/*
 * free_pages_and_swap_cache: drops a reference of each of @nr pages that left page tables. A
 * page that is now only the swap cache's gives its slot back.
 */
void free_pages_and_swap_cache(struct page **pages, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct page *page = pages[i];

		if (likely(!PageSwapCache(page)) || page_mapped(page) || !trylock_page(page))
			continue;
		try_to_free_swap(page);
		unlock_page(page);
	}
	release_pages(pages, nr);
}

/* --- looking up and reading in --- */

/*
 * lookup_swap_cache: the page of @entry, with a reference; NULL. Counts what readahead was good
 * for.
 */
struct page *lookup_swap_cache(swp_entry_t entry)
{
	struct page *page;

	if (unlikely(swp_is_lost(entry)))
		return NULL;
	page = find_get_page(swap_address_space(entry), swp_offset(entry));
	if (page && page_test(page, PG_readahead) && page_test_and_clear(page, PG_readahead)) {
		count_vm_event(SWAP_RA_HIT);
		readahead_hits++;
	}
	return page;
}

/*
 * The cache's claim is somebody else's, who has not inserted its page yet, or removed it and
 * not dropped the claim.
 */
static void wait_for_claim(void)
{
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(NSEC_PER_MSEC, "swap cache");
}

/*
 * A fresh page in the cache for @entry, whose claim we hold; locked, not yet read. NULL: no
 * memory, claim dropped.
 */
static struct page *insert_fresh(struct page *page, swp_entry_t entry, gfp_t gfp)
{
	void *shadow;
	int error;

	page_set(page, PG_locked | PG_swapbacked);
	mem_cgroup_swapin_charge(page, entry, &error, gfp);
	if (error || insert_page(page, entry, gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE), &shadow)) {
		swapcache_free(entry);
		page_clear(page, PG_locked | PG_swapbacked);
		put_page(page);
		return NULL;
	}
	if (shadow)
		workingset_refault(page, shadow);
	lru_cache_add(page);
	return page;
}

/*
 * The cache's page for @entry, made if there is none. *fresh: it was made: locked, and its read
 * is to be started.
 * => a reference; NULL: no memory, or the slot is free
 */
static struct page *find_or_insert(swp_entry_t entry, gfp_t gfp, struct vm_area_struct *vma,
				   unsigned long addr, bool *fresh)
{
	struct page *page, *spare = NULL;
	int error;

	*fresh = false;
	if (unlikely(swp_is_lost(entry)))
		return NULL;
	for (;;) {
		page = find_get_page(swap_address_space(entry), swp_offset(entry));
		if (page)
			break;
		if (!swap_slot_count_locked_hint(entry))
			break;
		if (!spare) {
			spare = vma_alloc_page(gfp, vma, addr);
			if (!spare)
				break;
		}
		error = swapcache_prepare(entry);
		if (!error) {
			page = insert_fresh(spare, entry, gfp);
			*fresh = page != NULL;
			return page;
		}
		if (error != -EEXIST)
			break;
		wait_for_claim();
	}
	if (spare)
		put_page(spare);
	return page;
}

/*
 * read_swap_cache_async: the page of @entry, its read started if it was not there.
 *
 * => a reference, not locked by us (locked until it is read); NULL: no memory, or the slot is
 *    free. May sleep.
 */
struct page *read_swap_cache_async(swp_entry_t entry, gfp_t gfp, struct vm_area_struct *vma,
				   unsigned long addr)
{
	bool fresh;
	struct page *page = find_or_insert(entry, gfp, vma, addr, &fresh);

	if (fresh)
		swap_readpage(page, false);
	return page;
}

/*
 * How many slots to read: as many again as the last readahead's hits say are useful, at least
 * half of the last number, at most 2^page-cluster. Without hits, and off the beaten track, just
 * the one.
 */
static unsigned long readahead_slots(unsigned long offset)
{
	static unsigned long prev_offset;	/* heuristics: races do no harm */
	static unsigned int last_slots;
	unsigned long max = 1UL << MIN(page_cluster, MAX_READAHEAD_SHIFT), slots;
	int hits;

	if (max <= 1)
		return 1;
	hits = atomic_exchange(&readahead_hits, 0);
	if (hits == 0 && offset != prev_offset + 1 && offset + 1 != prev_offset)
		slots = 1;
	else
		slots = MAX(roundup_pow_of_two(hits + 2), 4UL);
	prev_offset = offset;
	slots = MIN(MAX(slots, last_slots / 2UL), max);
	last_slots = slots;
	return slots;
}

/* A neighbour of the wanted slot: worth a try that costs nothing but a page. */
static void read_ahead_slot(swp_entry_t entry, gfp_t gfp)
{
	struct page *page;
	bool fresh;

	if (!swap_slot_count_locked_hint(entry))
		return;
	page = find_or_insert(entry, gfp | __GFP_NORETRY | __GFP_NOWARN, NULL, 0, &fresh);
	if (!page)
		return;
	if (fresh) {
		page_set(page, PG_readahead);
		count_vm_event(SWAP_RA);
		swap_readpage(page, false);
	}
	put_page(page);
}

/*
 * swapin_readahead: the page of @entry and, since they are likely wanted next, of the slots
 * around it. In the order of the slots, so that the device sees one transfer.
 *
 * => @vmf: the fault it is for, may be NULL
 * => a reference, not locked by us; NULL: no memory, or the slot is free. May sleep.
 */
struct page *swapin_readahead(swp_entry_t entry, gfp_t gfp, struct vm_fault *vmf)
{
	unsigned long offset = swp_offset(entry), slots = readahead_slots(offset);
	unsigned long start = offset & ~(slots - 1);
	struct page *page = NULL;

	for (unsigned long i = start ? start : 1; i < start + slots; i++) {
		if (i == offset)
			page = read_swap_cache_async(entry, gfp, vmf ? vmf->vma : NULL,
						     vmf ? vmf->address : 0);
		else
			read_ahead_slot(swp_entry(swp_type(entry), i), gfp);
	}
	swap_kick_all();
	return page;
}
