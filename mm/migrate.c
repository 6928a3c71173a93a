/*
 * migrate.c - a page's content moves to another frame; its users notice nothing.
 *
 * Idea:   the page is locked and isolated, so that neither reclaim nor a file's
 *         truncation meets it. Then, while it stays readable where it is:
 *
 *            1. every PTE becomes read-only
 *               one flush of what CPUs remember:  the content stands still
 *            2. the content is copied
 *            3. the page cache (or swap cache) gets the new page in the old one's place
 *            4. PTE by PTE, the new frame replaces the old one
 *               one flush:                        nobody reads the old one any more
 *            5. the old page, which nobody has, is freed
 *
 *         This is done for up to 32 pages together, so that a flush, which interrupts each CPU
 *         that runs the program, is paid twice for all of them.
 *
 *         Whoever wants to write meanwhile faults, finds PG_migrating (on the old frame or, after 4,
 *         on the new one) and waits, without a reference; the first write afterwards finds the
 *         page to be his. mprotect() leaves a locked page read-only for that reason. Between 3
 *         and the last flush both frames are in use, with one content that nobody changes. Linux
 *         empties the PTEs instead (migration entries) and lets readers wait, too.
 *
 *         A page with a reference that is nobody's PTE, cache or list (somebody is just reading it
 *         through get_user_page) is not moved; it is tried again later.
 * Locks:  the page locks: of a group of pages only the first is waited for, others are tried;
 *         then rmap's and LOCK_PTE; i_lock around step 3.
 * Above:  mbind.c, kernel/proc (move_pages, migrate_pages), cpuset.c.
 * Below:  rmap.c, swap.c, page_alloc.c.   In Linux: mm/migrate.c.
 */
#include "mm/migrate.h"

#include "kernel/abi/errno.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/tlb.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/vma.h"
#include "mm/vmstat.h"

#define MIGRATE_PASSES 10	/* Linux's: so often is a busy page asked again */
#define MIGRATE_GROUP 32	/* pages that share their flushes */

/* What goes over with the content; PG_anon_exclusive is settled by whoever writes first. */
#define MOVED_FLAGS (PG_referenced | PG_uptodate | PG_active | PG_workingset | PG_error | \
		     PG_swapbacked | PG_unevictable | PG_readahead)

/* --- steps 1 and 4: PTEs --- */

struct migrate_walk {
	struct rmap_walk walk;		/* first: rmap.c hands it back */
	struct page *new;
	struct tlb_batch *tlb;		/* what CPUs may remember; the caller flushes it */
};

static bool protect_one(struct page *page, struct vm_area_struct *vma, unsigned long addr,
			struct rmap_walk *walk)
{
	struct migrate_walk *m = (struct migrate_walk *)walk;
	spinlock_t *ptl;
	pte_t *ptep = page_check_address(page, vma->vm_mm, addr, &ptl), pte;

	if (!ptep)
		return true;
	pte = ptep_get(ptep);
	/* Also if it is read-only: fork and mprotect make it so first and flush later. */
	tlb_batch_add(m->tlb, &vma->vm_mm->tlb);
	if (pte_write(pte) || (pte_dirty(pte) && !PageAnon(page))) {
		pte = ptep_get_and_clear(ptep);		/* the CPU sets no bit while it is out */
		if (!PageAnon(page) && pte_dirty(pte)) {
			set_page_dirty(page);
			pte = pte_mkclean(pte);
		}
		set_pte(ptep, pte_wrprotect(pte));
	}
	pte_unmap_unlock(ptep, ptl);
	return true;
}

/* The new frame in the old one's place, with the same rights; rss counts stay. */
static bool replace_one(struct page *old, struct vm_area_struct *vma, unsigned long addr,
			struct rmap_walk *walk)
{
	struct migrate_walk *m = (struct migrate_walk *)walk;
	spinlock_t *ptl;
	pte_t *ptep = page_check_address(old, vma->vm_mm, addr, &ptl), pte;

	if (!ptep)
		return true;
	pte = ptep_get_and_clear(ptep);
	VM_BUG_ON_PAGE(pte_write(pte), old);
	tlb_batch_add(m->tlb, &vma->vm_mm->tlb);
	get_page(m->new);
	if (PageAnon(old))
		page_add_anon_rmap(m->new, vma, addr);
	else
		page_add_file_rmap(m->new);
	pte.val = (pte.val & ~PTE_PFN_MASK) | (u64)page_to_pfn(m->new) << PAGE_SHIFT;
	set_pte(ptep, pte);
	page_remove_rmap(old);
	pte_unmap_unlock(ptep, ptl);
	put_page(old);		/* the PTE's reference; the list's is still there */
	return true;
}

static void walk_ptes(struct page *page, struct migrate_walk *m)
{
	if (page_mapped(page))
		rmap_walk(page, &m->walk);
}

/*
 * A fork may copy a PTE to where the walk has been already: until none is left. => the old page is
 * in no cache any more, so nobody else maps it
 */
static void replace_ptes(struct page *old, struct page *new, struct tlb_batch *tlb)
{
	while (page_mapped(old)) {
		struct migrate_walk m = { .walk.visit = replace_one, .new = new, .tlb = tlb };

		walk_ptes(old, &m);
		cond_resched();
	}
}

/* --- step 3: the cache --- */

/* The node's counts that follow a page of a cache. => i_lock held */
static void move_cache_counts(struct page *old, struct page *new, struct address_space *mapping)
{
	bool swap = PageSwapCache(old);
	enum node_stat_item items[3] = { NR_FILE_PAGES };
	unsigned int n = 1;

	if (swap)
		items[n++] = NR_SWAPCACHE;
	else if (page_test(old, PG_swapbacked))
		items[n++] = NR_SHMEM;
	if (!swap && page_test(old, PG_dirty) && mapping_can_writeback(mapping)) {
		items[n++] = NR_FILE_DIRTY;
		mod_zone_page_state(page_zone(old), NR_ZONE_WRITE_PENDING, -1);
		mod_zone_page_state(page_zone(new), NR_ZONE_WRITE_PENDING, 1);
	}
	for (unsigned int i = 0; i < n; i++) {
		mod_page_state(old, items[i], -1);
		mod_page_state(new, items[i], 1);
	}
}

/*
 * References that @page has if only PTEs, its cache and our list know it.
 */
static int expected_count(struct page *page, struct address_space *mapping)
{
	return 1 + page_mapcount(page) + (mapping ? 1 : 0);
}

/* True: @new stands where @old stood, with its reference. False: somebody holds @old. */
static bool replace_in_cache(struct page *old, struct page *new, struct address_space *mapping)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool swap = PageSwapCache(old), dirty = page_test(old, PG_dirty);
	unsigned long at = swap ? swp_offset((swp_entry_t){ old->private }) : old->index;
	void *was;

	if (page_count(old) != expected_count(old, mapping)) {
		spin_unlock_irqrestore(&mapping->i_lock, flags);
		return false;
	}
	move_cache_counts(old, new, mapping);
	get_page(new);
	new->index = old->index;
	new->private = old->private;
	if (!PageAnon(old))
		new->mapping = old->mapping;
	page_set(new, (swap ? PG_swapcache : 0) | (dirty ? PG_dirty : 0));
	was = xa_store(&mapping->i_pages, at, new, GFP_NOWAIT);	/* in place: marks stay */
	BUG_ON(was != old);
	old->private = 0;
	if (!PageAnon(old))
		WRITE_ONCE(old->mapping, NULL);
	page_clear(old, PG_swapcache | PG_dirty);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	put_page(old);		/* the cache's */
	return true;
}

/* --- one page --- */

static void count_isolated(struct page *page, long n)
{
	mod_page_state(page, page_is_file_lru(page) ? NR_ISOLATED_FILE : NR_ISOLATED_ANON, n);
}

static void move_flags(struct page *old, struct page *new)
{
	page_set(new, old->flags & MOVED_FLAGS);
	if (page_test(old, PG_dirty) && PageAnon(old))
		page_set(new, PG_dirty);
	old->memcg = NULL;		/* the charge is the new one's now */
	if (page_test_and_clear(old, PG_mlocked)) {
		mod_zone_page_state(page_zone(old), NR_MLOCK, -1);
		if (!page_test_and_set(new, PG_mlocked))
			mod_zone_page_state(page_zone(new), NR_MLOCK, 1);
	}
	page_clear(old, PG_active | PG_unevictable | PG_dirty);
}

/*
 * Steps 4 and 5 need the reverse map of @old, whose mapping a cache's replacement has cleared: for
 * the walks it is put back. => old locked; nobody finds it through the cache
 */
static void replace_file_ptes(struct page *old, struct page *new, struct address_space *mapping,
			      struct tlb_batch *tlb)
{
	old->mapping = mapping;
	replace_ptes(old, new, tlb);
	WRITE_ONCE(old->mapping, NULL);
}

/* --- a group of pages --- */

/* One page on its way. */
struct migration {
	struct page *old, *new;		/* both locked from lock_group() on */
	int error;			/* 0, or -EAGAIN: @old stays where it is */
};

/* A page of a file's cache (or of shmem, unless it is in the swap cache). */
static bool is_file_page(const struct page *page)
{
	return !PageAnon(page) && !PageSwapCache(page);
}

/* Step 1. => old locked and isolated. The PTEs are read-only once @tlb has been flushed. */
static void begin_move(struct migration *mig, struct tlb_batch *tlb)
{
	struct migrate_walk m = { .walk.visit = protect_one, .tlb = tlb };
	struct page *old = mig->old;
	struct address_space *mapping = page_mapping(old);
	bool file = is_file_page(old);

	/* A page without a mapping was truncated: it is on its way out. */
	if ((file && !mapping) || (!PageSwapCache(old) && old->private) ||
	    (file && (mapping->flags & AS_LOWMEM) && page_is_highmem(mig->new))) {
		mig->error = -EAGAIN;
		return;
	}
	page_set(old, PG_migrating);
	page_clear(old, PG_anon_exclusive);
	walk_ptes(old, &m);
}

/*
 * Steps 2 to 4. => no CPU can write to the old page. CPUs may go on reading it until @tlb is flushed
 */
static void move_to_new_page(struct migration *mig, struct tlb_batch *tlb)
{
	struct page *old = mig->old, *new = mig->new;
	struct address_space *mapping = page_mapping(old);
	bool file = is_file_page(old);

	mig->error = -EAGAIN;
	if (page_count(old) != expected_count(old, mapping))
		return;
	copy_highpage(new, old);
	page_set(new, (old->flags & (PG_swapbacked | PG_uptodate)) | PG_migrating);
	new->memcg = old->memcg;	/* both, while counts go from one to the other */
	if (mapping && !replace_in_cache(old, new, mapping)) {
		new->memcg = NULL;
		return;
	}
	if (file)
		replace_file_ptes(old, new, mapping, tlb);
	else
		replace_ptes(old, new, tlb);
	count_isolated(old, -1);
	move_flags(old, new);
	mig->error = 0;
}

/*
 * Step 5, or @old is as it was, and goes to @again. => neither CPU nor PTE knows the one that goes
 */
static void end_move(struct migration *mig, struct list_head *again)
{
	struct page *old = mig->old, *new = mig->new;

	/* before unlock_page() wakes those who wait */
	page_clear(old, PG_migrating);
	page_clear(new, PG_migrating);
	if (mig->error) {
		page_clear(new, PG_locked | MOVED_FLAGS | PG_swapbacked);
		put_page(new);
		unlock_page(old);
		list_add_tail(&old->lru, again);
		return;
	}
	unlock_page(new);
	lru_cache_add(new);
	put_page(new);			/* the allocation's: PTEs and cache have theirs */
	unlock_page(old);
	put_page(old);			/* the list's: the last */
}

/*
 * Takes up to MIGRATE_GROUP pages off @from and finds frames for them. Those without one go to
 * @again; those that all others let go of are counted in *@moved. How many are in @group.
 */
static unsigned int gather_group(struct list_head *from, struct migration group[],
				 new_page_t get_new, void *arg, struct list_head *again, int *moved)
{
	unsigned int n = 0;

	while (n < MIGRATE_GROUP && !list_empty(from)) {
		struct page *page = list_first_entry(from, struct page, lru), *new;

		list_del(&page->lru);
		cond_resched();
		if (page_count(page) == 1) {
			count_isolated(page, -1);
			putback_lru_page(page);
			++*moved;
			continue;
		}
		new = get_new(page, arg);
		if (new)
			group[n++] = (struct migration){ .old = page, .new = new };
		else
			list_add_tail(&page->lru, again);
	}
	return n;
}

/*
 * Locks the pages of @group, up to one for which we would have to wait: who holds locks must not,
 * since others lock several pages, too, in an order of their own. That one and those behind it go
 * back to the head of @from. How many are left: at least one, if there was one
 */
static unsigned int lock_group(struct migration group[], unsigned int n, struct list_head *from)
{
	unsigned int locked = 0;

	if (n) {
		lock_page(group[0].old);
		wait_on_page_writeback(group[0].old);
		for (locked = 1; locked < n && trylock_page(group[locked].old); locked++) {
			if (page_test(group[locked].old, PG_writeback)) {
				unlock_page(group[locked].old);
				break;
			}
		}
	}
	for (unsigned int i = 0; i < locked; i++)
		page_set(group[i].new, PG_locked);
	for (unsigned int i = n; i > locked; i--) {
		put_page(group[i - 1].new);
		list_add(&group[i - 1].old->lru, from);
	}
	return locked;
}

/* Tries a group of @from's pages once. How many are gone; the others are on @again, or on @from. */
static int migrate_group(struct list_head *from, new_page_t get_new, void *arg,
			 struct list_head *again)
{
	struct migration group[MIGRATE_GROUP];
	struct tlb_batch tlb = { 0 };
	int moved = 0;
	unsigned int n = gather_group(from, group, get_new, arg, again, &moved);

	n = lock_group(group, n, from);
	for (unsigned int i = 0; i < n; i++)
		begin_move(&group[i], &tlb);
	tlb_batch_flush(&tlb);
	for (unsigned int i = 0; i < n; i++)
		if (!group[i].error)
			move_to_new_page(&group[i], &tlb);
	tlb_batch_flush(&tlb);
	for (unsigned int i = 0; i < n; i++) {
		moved += !group[i].error;
		end_move(&group[i], again);
	}
	return moved;
}

/* --- many --- */

bool isolate_for_migration(struct page *page, struct list_head *list)
{
	if (!isolate_lru_page(page))
		return false;
	count_isolated(page, 1);
	list_add_tail(&page->lru, list);
	return true;
}

void putback_movable_pages(struct list_head *pages)
{
	while (!list_empty(pages)) {
		struct page *page = list_first_entry(pages, struct page, lru);

		list_del(&page->lru);
		count_isolated(page, -1);
		putback_lru_page(page);
	}
}

int migrate_pages(struct list_head *from, new_page_t get_new, void *arg)
{
	int failed = 0, moved = 0;

	for (int pass = 0; pass < MIGRATE_PASSES && !list_empty(from); pass++) {
		LIST_HEAD(again);

		if (pass)
			lru_add_drain_all();	/* batches hold references */
		while (!list_empty(from))
			moved += migrate_group(from, get_new, arg, &again);
		list_splice(&again, from);
		if (fatal_signal_pending(current))
			break;
	}
	for (struct list_head *pos = from->next; pos != from; pos = pos->next)
		failed++;
	count_vm_events(PGMIGRATE_SUCCESS, moved);
	count_vm_events(PGMIGRATE_FAIL, failed);
	return failed;
}

struct page *alloc_migration_target(struct page *old, void *arg)
{
	return alloc_pages_node(*(int *)arg, GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOWARN, 0);
}

/* --- an address space's pages --- */

bool vma_migratable(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_IO | VM_PFNMAP));
}

/* Isolates @vma's pages that lie on @node. => mmap_lock held */
static void queue_vma_pages(struct vm_area_struct *vma, int node, bool all, struct list_head *list)
{
	unsigned long addr = vma->vm_start, next;
	pmd_t *pmd;

	while ((addr = next_present_pmd(vma->vm_mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		spinlock_t *ptl;
		pte_t *ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);

		next = pmd_addr_end(addr, vma->vm_end);
		for (; ptep && addr < next; addr += PAGE_SIZE, ptep++) {
			pte_t pte = ptep_get(ptep);
			struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

			if (page && !page_test(page, PG_reserved) && page_to_nid(page) == node &&
			    (all || page_mapcount(page) == 1))
				isolate_for_migration(page, list);
		}
		if (ptep)
			spin_unlock(ptl);
		addr = next;
		cond_resched();
	}
}

/* All of @mm's pages on @source to @dest. How many stayed. */
static long migrate_to_node(struct mm_struct *mm, int source, int dest, bool all)
{
	struct vm_area_struct *vma;
	LIST_HEAD(pages);
	long failed;

	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	for_each_vma(mm, vma)
		if (vma_migratable(vma))
			queue_vma_pages(vma, source, all, &pages);
	up_read(&mm->mmap_lock);
	failed = migrate_pages(&pages, alloc_migration_target, &dest);
	putback_movable_pages(&pages);
	return failed;
}

/*
 * A node whose pages go to one that is yet to be emptied comes later, so that none is moved twice:
 * of a ring the first.
 */
static int pick_source(nodemask_t left, nodemask_t from, nodemask_t to)
{
	int source;

	for_each_node_mask(source, left)
		if (!node_isset(node_remap(source, from, to), left))
			return source;
	return first_node(left);
}

long do_migrate_pages(struct mm_struct *mm, nodemask_t from, nodemask_t to, bool all)
{
	nodemask_t left = NODE_MASK_NONE;
	long failed = 0;
	int source;

	for_each_node_mask(source, nodes_and(from, (nodemask_t){ (1UL << nr_online_nodes) - 1 })) {
		/* Of sets of different size, what is in the target already stays. */
		if (nodes_weight(from) != nodes_weight(to) && node_isset(source, to))
			continue;
		if (node_remap(source, from, to) != source)
			node_set(source, &left);
	}
	lru_add_drain_all();
	while (!nodes_empty(left)) {
		long n;

		source = pick_source(left, from, to);
		left.bits &= ~(1UL << source);
		n = migrate_to_node(mm, source, node_remap(source, from, to), all);
		if (n < 0)
			return n;
		failed += n;
	}
	return failed;
}

/* Nothing is mapped there yet: of private memory nothing exists, of a file there may be a page. */
static int untouched(const struct vm_area_struct *vma)
{
	return vma->vm_mapping ? -ENOENT : -EFAULT;
}

/* What becomes of the page at an address. => mmap_lock and the table's lock held */
static int queue_pte(const struct vm_area_struct *vma, pte_t pte, int node, bool all,
		     struct list_head *list)
{
	struct page *page;

	if (pte_none(pte))
		return untouched(vma);
	if (!pte_present(pte))
		return -ENOENT;
	page = vm_normal_page(pte);
	if (!page || page_test(page, PG_reserved))
		return -EFAULT;		/* the zero page */
	if (node == NUMA_NO_NODE || page_to_nid(page) == node)
		return page_to_nid(page);
	if (page_mapcount(page) > 1 && !all)
		return -EACCES;
	return isolate_for_migration(page, list) ? PAGE_QUEUED : -EBUSY;
}

int queue_page_for_node(struct mm_struct *mm, unsigned long addr, int node, bool all,
			struct list_head *list)
{
	struct vm_area_struct *vma;
	int result;

	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	vma = find_vma_intersection(mm, addr, addr + 1);
	if (!vma || (node != NUMA_NO_NODE && !vma_migratable(vma))) {
		result = -EFAULT;
	} else {
		pmd_t *pmd = mm_find_pmd(mm, addr);
		spinlock_t *ptl;
		pte_t *ptep = pmd && !pmd_none(*pmd) ? pte_offset_map_lock(mm, pmd, addr, &ptl)
						     : NULL;

		result = untouched(vma);
		if (ptep) {
			result = queue_pte(vma, ptep_get(ptep), node, all, list);
			spin_unlock(ptl);
		}
	}
	up_read(&mm->mmap_lock);
	return result;
}

int migrate_pages_to_node(struct list_head *pages, int node)
{
	int failed = list_empty(pages) ? 0 : migrate_pages(pages, alloc_migration_target, &node);

	putback_movable_pages(pages);
	return failed;
}
