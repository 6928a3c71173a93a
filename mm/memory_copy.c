/*
 * memory_copy.c - fork: the child's page tables.
 *
 * Idea:   Nothing is copied but page-table entries. A private page that could be
 *         written becomes read-only in both processes, and the first write by
 *         either copies it (do_wp_page). What the page cache can supply again by
 *         a fault is not copied at all; a swap entry's slot gets one user more.
 * Locks:  both mmap_locks for writing (the child's is nobody else's yet); the
 *         child's LOCK_PTE, then the parent's (_nested).
 * Above:  mm_struct.c (dup_mm).
 * Below:  rmap.c, pgtable.c, swapfile.c.   In Linux: part of mm/memory.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

/* What a table's copy is about; inputs first. */
struct pte_copy {
	struct vm_area_struct *dst, *src;
	bool cow;			/* private and writable, now or later */
	long rss[NR_MM_COUNTERS];	/* out */
};

static void copy_present_pte(struct pte_copy *c, pte_t *dst, pte_t *src, pte_t pte)
{
	struct page *page = vm_normal_page(pte);

	if (likely(page)) {
		get_page(page);
		page_dup_rmap(page);
		c->rss[mm_counter(page)]++;
	}
	if (c->cow && pte_write(pte)) {
		/* Atomic: another thread of the parent may be setting the dirty bit. */
		__atomic_fetch_and(&src->val, ~_PAGE_RW, __ATOMIC_SEQ_CST);
		pte = pte_wrprotect(pte);
	}
	if (c->src->vm_flags & VM_SHARED)
		pte = pte_mkclean(pte);
	set_pte(dst, pte_mkold(pte));
}

/* 0, or -ENOMEM: the slot's count is at its limit. */
static int copy_swap_pte(struct pte_copy *c, pte_t *dst, pte_t pte)
{
	int error = swap_duplicate(pte_to_swp_entry(pte));

	if (error)
		return error;
	c->rss[MM_SWAPENTS]++;
	set_pte(dst, pte);
	return 0;
}

static void add_rss(struct pte_copy *c)
{
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		if (c->rss[i])
			add_mm_counter(c->dst->vm_mm, (enum rss_counter)i, c->rss[i]);
}

/* The entries of one table. 0, -ENOMEM: the caller unmaps what was copied. */
static int copy_pte_range(struct pte_copy *c, pmd_t *src_pmd, unsigned long addr, unsigned long end)
{
	pmd_t *dst_pmd = pmd_alloc_walk(c->dst->vm_mm, addr);
	spinlock_t *dst_ptl, *src_ptl;
	pte_t *dst, *src;
	int error = 0;

	if (!dst_pmd || pte_alloc(c->dst->vm_mm, dst_pmd))
		return -ENOMEM;
	memset(c->rss, 0, sizeof(c->rss));
	dst_ptl = pte_lockptr(dst_pmd);
	src_ptl = pte_lockptr(src_pmd);
	dst = pte_offset(dst_pmd, addr);
	src = pte_offset(src_pmd, addr);
	spin_lock(dst_ptl);
	spin_lock_nested(src_ptl);
	for (; addr < end && !error; addr += PAGE_SIZE, dst++, src++) {
		pte_t pte = ptep_get(src);

		if (pte_none(pte))
			continue;
		if (pte_present(pte))
			copy_present_pte(c, dst, src, pte);
		else
			error = copy_swap_pte(c, dst, pte);
	}
	spin_unlock(src_ptl);
	add_rss(c);
	spin_unlock(dst_ptl);
	return error;
}

/* May the child start with nothing, because each page comes back by a fault? */
static bool can_be_refaulted(const struct vm_area_struct *vma)
{
	return !vma->anon_vma && !(vma->vm_flags & VM_PFNMAP);
}

/*
 * copy_page_range: the child's VMA @dst gets what the parent's @src has.
 *
 * => both mmap_locks held for writing; @dst is linked into its anon_vma already, so that reclaim
 * finds
 *    the pages in it from the first PTE on
 * => the caller flushes the parent's TLB: its private pages are read-only now
 * => 0, -ENOMEM; may sleep
 */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct pte_copy c = {
		.dst = dst,
		.src = src,
		.cow = (src->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE,
	};
	unsigned long addr = src->vm_start, next;
	pmd_t *pmd;
	int error;

	if (can_be_refaulted(src))
		return 0;
	while ((addr = next_present_pmd(src->vm_mm, addr, src->vm_end, &pmd)) < src->vm_end) {
		next = pmd_addr_end(addr, src->vm_end);
		error = copy_pte_range(&c, pmd, addr, next);
		if (error)
			return error;
		addr = next;
		cond_resched();
	}
	return 0;
}
