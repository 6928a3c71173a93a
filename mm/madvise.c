/*
 * madvise.c - what a process says about its memory: needed, not needed, cold.
 *
 * Idea:   Two kinds of advice. Some only sets flags of VMAs for later (fork, readahead,
 *         core dumps). Some acts on the pages now: DONTNEED drops them, FREE allows
 *         reclaim to drop them, COLD and PAGEOUT hand them to reclaim early, WILLNEED
 *         starts reading, POPULATE faults them in. All go over the range VMA by VMA;
 *         holes are passed over and reported in the end.
 * Locks:  mmap_lock, for writing if VMAs change, for reading else; LOCK_PTE.
 * Above:  kernel/proc (madvise(2)).
 * Below:  vma.c, zap.c, gup.c, swap.c, vmscan.c.   In Linux: mm/madvise.c (without KSM and huge
 * pages: EINVAL).
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/swapfile.h"
#include "mm/vma.h"
#include "mm/vmscan.h"

/* Which lock an advice needs; ADVICE_UNKNOWN: none that we have. */
enum advice_kind { ADVICE_UNKNOWN, ADVICE_FLAGS, ADVICE_PAGES, ADVICE_POPULATE };

static enum advice_kind advice_kind(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP: case MADV_DODUMP: case MADV_WIPEONFORK: case MADV_KEEPONFORK:
		return ADVICE_FLAGS;
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_COLD: case MADV_PAGEOUT:
		return ADVICE_PAGES;
	case MADV_POPULATE_READ: case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	default:
		return ADVICE_UNKNOWN;
	}
}

static bool vma_is_private_anon(const struct vm_area_struct *vma) { return !vma->vm_ops; }

/* --- flags --- */

/* What @advice makes of @vma's flags. 0, -EINVAL: it does not fit this VMA. */
static int advised_flags(const struct vm_area_struct *vma, int advice, unsigned long *flags)
{
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VM_RAND_READ) | VM_SEQ_READ;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~VM_SEQ_READ) | VM_RAND_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return vma->vm_flags & VM_IO ? -EINVAL : 0;
	case MADV_WIPEONFORK:
		*flags |= VM_WIPEONFORK;
		return vma->vm_file || (vma->vm_flags & VM_SHARED) ? -EINVAL : 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	default:	/* MADV_DODUMP */
		*flags &= ~VM_DONTDUMP;
		return vma->vm_flags & VM_SPECIAL ? -EINVAL : 0;
	}
}

/*
 * => mmap_lock for writing. 0, -EINVAL, -EAGAIN (no memory, too many VMAs); *vmap covers the part
 * afterwards
 */
static int madvise_update_vma(struct vm_area_struct **vmap, unsigned long start, unsigned long end,
			      int advice)
{
	struct vm_area_struct *vma = *vmap;
	unsigned long flags = vma->vm_flags;
	int error = advised_flags(vma, advice, &flags);

	if (error || flags == vma->vm_flags)
		return error;
	error = vma_carve(&vma, start, end);
	if (error)
		return error == -ENOMEM ? -EAGAIN : error;
	vma->vm_flags = flags;
	*vmap = vma_merge(vma);
	return 0;
}

/* --- pages: what happens to the entries of a range --- */

/*
 * One walk. @visit sees each entry that is not empty, under the table's lock; @table_done runs
 * after each, without.
 */
struct madvise_walk {
	struct vm_area_struct *vma;
	void (*visit)(struct madvise_walk *w, pte_t *ptep, pte_t pte, unsigned long addr);
	void (*table_done)(struct madvise_walk *w);
	bool flush;			/* entries lost bits that TLBs may still have */
	struct list_head pages;		/* PAGEOUT: isolated */
};

static void madvise_walk_range(struct madvise_walk *w, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = w->vma->vm_mm;
	unsigned long addr = start, next;
	pmd_t *pmd;

	while ((addr = next_present_pmd(mm, addr, end, &pmd)) < end) {
		spinlock_t *ptl = pte_lockptr(pmd);
		pte_t *ptep = pte_offset(pmd, addr);
		unsigned long at = addr;

		next = pmd_addr_end(addr, end);
		spin_lock(ptl);
		tlb_settle(&mm->tlb);
		for (; at < next; at += PAGE_SIZE, ptep++) {
			pte_t pte = ptep_get(ptep);

			if (!pte_none(pte))
				w->visit(w, ptep, pte, at);
		}
		/* Before reclaim can look at the entries, so that it sees writes from now on. */
		if (w->flush)
			flush_tlb_range(&mm->tlb, addr, next);
		w->flush = false;
		spin_unlock(ptl);
		if (w->table_done)
			w->table_done(w);
		addr = next;
		cond_resched();
	}
}

/* May a page be given up on this process' word alone? */
static bool page_is_private_here(struct page *page) { return page_mapcount(page) == 1; }

static void free_visit(struct madvise_walk *w, pte_t *ptep, pte_t pte, unsigned long addr)
{
	struct page *page;

	if (!pte_present(pte)) {	/* swapped out: what is there is not wanted back */
		set_pte(ptep, (pte_t){ 0 });
		add_mm_counter(w->vma->vm_mm, MM_SWAPENTS, -1);
		free_swap_and_cache(pte_to_swp_entry(pte));
		return;
	}
	page = vm_normal_page(pte);
	if (!page || !PageAnon(page))
		return;
	if (PageSwapCache(page) || page_test(page, PG_dirty)) {
		if (!trylock_page(page))
			return;
		if (!page_is_private_here(page) ||
		    (PageSwapCache(page) && !try_to_free_swap(page))) {
			unlock_page(page);
			return;
		}
		page_clear(page, PG_dirty);
		unlock_page(page);
	} else if (!page_is_private_here(page)) {
		return;
	}
	if (pte_young(pte) || pte_dirty(pte)) {
		pte = ptep_get_and_clear(ptep);
		set_pte(ptep, pte_mkclean(pte_mkold(pte)));
		w->flush = true;
	}
	mark_page_lazyfree(page);
}

/* COLD and PAGEOUT: forget that it was used. The page, or NULL: not ours to judge. */
static struct page *make_old(struct madvise_walk *w, pte_t *ptep, pte_t pte)
{
	struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

	if (!page || !page_is_private_here(page))
		return NULL;
	if (pte_young(pte)) {
		__atomic_fetch_and(&ptep->val, ~_PAGE_ACCESSED, __ATOMIC_SEQ_CST);
		w->flush = true;	/* else the next use sets no bit */
	}
	page_clear(page, PG_referenced);
	return page;
}

static void cold_visit(struct madvise_walk *w, pte_t *ptep, pte_t pte, unsigned long addr)
{
	struct page *page = make_old(w, ptep, pte);

	if (page)
		deactivate_page(page);
}

static void pageout_visit(struct madvise_walk *w, pte_t *ptep, pte_t pte, unsigned long addr)
{
	struct page *page = make_old(w, ptep, pte);

	if (!page || !isolate_lru_page(page))
		return;
	if (page_evictable(page))
		list_add(&page->lru, &w->pages);
	else
		putback_lru_page(page);
}

static void pageout_table_done(struct madvise_walk *w)
{
	if (!list_empty(&w->pages))
		reclaim_pages(&w->pages);
}

/* --- pages: the advices --- */

static int madvise_dontneed(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			    int advice)
{
	unsigned long forbidden = VM_PFNMAP | (advice == MADV_DONTNEED_LOCKED ? 0 : VM_LOCKED);

	if (vma->vm_flags & forbidden)
		return -EINVAL;
	zap_page_range(vma, start, end - start);
	return 0;
}

static int madvise_free(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct madvise_walk w = { .vma = vma, .visit = free_visit };

	if ((vma->vm_flags & (VM_PFNMAP | VM_LOCKED)) || !vma_is_private_anon(vma))
		return -EINVAL;
	lru_add_drain();
	update_hiwater_rss(vma->vm_mm);
	madvise_walk_range(&w, start, end);
	return 0;
}

static int madvise_cold(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			bool pageout)
{
	struct madvise_walk w = {
		.vma = vma,
		.visit = pageout ? pageout_visit : cold_visit,
		.table_done = pageout ? pageout_table_done : NULL,
		.pages = LIST_HEAD_INIT(w.pages),
	};

	if (vma->vm_flags & (VM_LOCKED | VM_PFNMAP))
		return -EINVAL;
	/* as with mincore: when the page is read again is nobody's business but a writer's */
	if (pageout && vma->vm_ops && vma->vm_ops->may_mincore && !vma->vm_ops->may_mincore(vma))
		return 0;
	lru_add_drain();
	madvise_walk_range(&w, start, end);
	return 0;
}

/*
 * Starts reading what is in swap. No lock on the table: an entry that goes meanwhile is not there
 * to be read.
 */
static void willneed_swap(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	unsigned long addr = start;
	pmd_t *pmd;

	while ((addr = next_present_pmd(vma->vm_mm, addr, end, &pmd)) < end) {
		unsigned long next = pmd_addr_end(addr, end);

		for (; addr < next; addr += PAGE_SIZE) {
			pte_t pte = ptep_get(pte_offset(pmd, addr));
			struct page *page;

			if (!pte_is_swap(pte))
				continue;
			page = read_swap_cache_async(pte_to_swp_entry(pte), GFP_HIGHUSER_MOVABLE,
						     vma, addr);
			if (page)
				put_page(page);
		}
		cond_resched();
	}
	swap_kick_all();
	lru_add_drain();
}

/* The same for shared memory, whose swap entries stand in its own tree. */
static void willneed_shmem(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	unsigned long index = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	unsigned long last = index + ((end - start) >> PAGE_SHIFT) - 1;
	swp_entry_t entry;

	for (; index <= last && shmem_next_swapped(vma->vm_mapping, &index, last, &entry); index++) {
		struct page *page = read_swap_cache_async(entry, GFP_HIGHUSER_MOVABLE, NULL, 0);

		if (page)
			put_page(page);
		cond_resched();
	}
	swap_kick_all();
	lru_add_drain();
}

static void willneed_file(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct address_space *mapping = vma->vm_mapping;
	unsigned long index = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	unsigned long pages = DIV_ROUND_UP((u64)READ_ONCE(*mapping->i_size), PAGE_SIZE);

	for (; start < end && index < pages && !fatal_signal_pending(current);
	     start += PAGE_SIZE, index++) {
		struct page *page = find_get_page(mapping, index);

		if (page)
			put_page(page);
		else
			page_cache_sync_readahead(mapping, index);
		cond_resched();
	}
}

static int madvise_willneed(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	if (vma_is_private_anon(vma) || vma->anon_vma)
		willneed_swap(vma, start, end);
	if (vma->vm_mapping && (vma->vm_mapping->flags & AS_SWAPBACKED))
		willneed_shmem(vma, start, end);
	/* with a device to read from */
	if (vma->vm_mapping && (vma->vm_mapping->flags & AS_DIRTY_ACCOUNTED))
		willneed_file(vma, start, end);
	return 0;
}

/*
 * A hole in shared memory or a tmpfs file; elsewhere -EOPNOTSUPP. => mmap_lock held for reading; of a
 * file it is dropped meanwhile, so @vma may be gone
 */
static int madvise_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct address_space *mapping = vma->vm_mapping;
	unsigned long first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	unsigned long pages = (end - start) >> PAGE_SHIFT;

	if ((vma->vm_flags & VM_LOCKED) || !vma->vm_mapping)
		return -EINVAL;
	/* who may write, not who does just now: a read-only mapping of a file open for writing will do */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	if (!(mapping->flags & AS_SWAPBACKED))
		return -EOPNOTSUPP;
	if (vma->vm_ops->remove)
		return vma->vm_ops->remove(vma, (loff_t)(first << PAGE_SHIFT),
					   (loff_t)((first + pages) << PAGE_SHIFT));
	unmap_mapping_pages(mapping, first, pages, false);
	shmem_punch_hole(mapping, (loff_t)(first << PAGE_SHIFT),
			 (loff_t)((first + pages) << PAGE_SHIFT));
	return 0;
}

/* One VMA's part. *vmap covers it afterwards. */
static int madvise_vma(struct vm_area_struct **vmap, unsigned long start, unsigned long end,
		       int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return madvise_dontneed(*vmap, start, end, advice);
	case MADV_FREE:
		return madvise_free(*vmap, start, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return madvise_cold(*vmap, start, end, advice == MADV_PAGEOUT);
	case MADV_WILLNEED:
		return madvise_willneed(*vmap, start, end);
	case MADV_REMOVE:
		return madvise_remove(*vmap, start, end);
	default:
		return madvise_update_vma(vmap, start, end, advice);
	}
}

/* => mmap_lock. Goes on over holes: -ENOMEM in the end. */
static int madvise_walk_vmas(struct mm_struct *mm, unsigned long start, unsigned long end,
			     int advice)
{
	int unmapped = 0;

	while (start < end) {
		struct vm_area_struct *vma = find_vma(mm, start);
		unsigned long stop;
		int error;

		if (!vma)
			return -ENOMEM;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
			if (start >= end)
				break;
		}
		stop = MIN(vma->vm_end, end);
		error = madvise_vma(&vma, start, stop, advice);
		if (error)
			return error;
		start = stop;
	}
	return unmapped;
}

/* POPULATE_READ, POPULATE_WRITE. => no lock held */
static int madvise_populate(struct mm_struct *mm, unsigned long start, unsigned long end,
			    bool write)
{
	bool unlocked;
	int error = 0;

	while (start < end) {
		struct vm_area_struct *vma;

		down_read(&mm->mmap_lock);
		vma = find_vma(mm, start);
		if (!vma || start < vma->vm_start) {
			error = -ENOMEM;
		} else if ((vma->vm_flags & (VM_IO | VM_PFNMAP)) ||
			   !(vma->vm_flags & (write ? VM_WRITE : VM_READ))) {
			error = -EINVAL;	/* such a mapping cannot be populated so */
		} else {
			error = faultin_range(vma, &start, MIN(end, vma->vm_end),
					      write ? FAULT_FLAG_WRITE : 0, &unlocked);
			if (unlocked)
				continue;
		}
		up_read(&mm->mmap_lock);
		if (error)
			break;
	}
	return error;
}

/*
 * do_madvise: madvise(2), and process_madvise(2) for one range of another's @mm.
 *
 * => no lock held; a reference to @mm; POPULATE is for current's own
 * => 0; -EINVAL, -ENOMEM (a hole), -EAGAIN, -EINTR, -EACCES, -EFAULT
 */
int do_madvise(struct mm_struct *mm, unsigned long start, size_t len_in, int advice)
{
	enum advice_kind kind = advice_kind(advice);
	unsigned long len = PAGE_ALIGN(len_in), end = start + len;
	int error;

	if (kind == ADVICE_UNKNOWN || (start & ~PAGE_MASK) || (len_in && !len) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	if (kind == ADVICE_POPULATE)
		return madvise_populate(mm, start, end, advice == MADV_POPULATE_WRITE);
	if (kind == ADVICE_PAGES) {
		down_read(&mm->mmap_lock);
		error = madvise_walk_vmas(mm, start, end, advice);
		up_read(&mm->mmap_lock);
		return error;
	}
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = madvise_walk_vmas(mm, start, end, advice);
	up_write(&mm->mmap_lock);
	return error;
}
