/*
 * clear_refs.c - which pages are used, or written, from now on? /proc/<pid>/clear_refs.
 *
 * Idea:   what is written there chooses what to forget.
 *           1, 2, 3  who was used: the accessed bits of all, anonymous, files' pages
 *           4        who was written: the soft-dirty bits (bit 55 of pagemap)
 *           5        the peak of Rss
 *         The CPU's own dirty bit is reclaim's, and cannot be cleared for a watcher's sake. So each
 *         entry has a second one, which a fault sets. To see the next write, clearing takes
 *         the right to write away:
 *
 *           writable, soft-dirty ──4──▶ read-only ──a write faults──▶ writable, soft-dirty
 *
 *         The page is one's own, so nothing is copied. A swap entry keeps the bit. A mapping that
 *         came since has no entries whose bits could be asked: VM_SOFTDIRTY says that all of it
 *         counts as written. A machine where nobody writes 4 never takes one of these faults.
 * Locks:  mmap_lock: for reading; 4: for writing, since VMAs change. LOCK_PTE a table at a time.
 * Above:  kernel/fs/proc serves the file.
 * Below:  pgtable.c, vma.c.   In Linux: fs/proc/task_mmu.c; its document admin-guide/mm/soft-dirty.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

enum clear_refs { CLEAR_REFS_ALL = 1, CLEAR_REFS_ANON, CLEAR_REFS_MAPPED, CLEAR_REFS_SOFT_DIRTY,
		  CLEAR_REFS_MM_HIWATER_RSS };

/* The page counts as not used since now. => ptl held */
static void clear_young(pte_t *ptep)
{
	pte_t pte = ptep_get(ptep);
	struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

	if (!page)
		return;
	/* The CPU may set the dirty bit at the same time. */
	__atomic_fetch_and(&ptep->val, ~_PAGE_ACCESSED, __ATOMIC_SEQ_CST);
	page_clear(page, PG_referenced);
}

/* The page, or slot, counts as not written since now. => ptl held. True: TLBs may know better */
static bool clear_soft_dirty(pte_t *ptep)
{
	pte_t pte = ptep_get(ptep);

	if (pte_none(pte))
		return false;
	if (!pte_present(pte)) {
		set_pte(ptep, pte_swp_clear_soft_dirty(pte));
		return false;
	}
	pte = ptep_get_and_clear(ptep);		/* the CPU sets no bit while it is out */
	set_pte(ptep, pte_wrprotect(pte_clear_soft_dirty(pte)));
	return pte_write(pte);
}

/*
 * All entries of @vma. => mmap_lock as clear_refs_mm() took it; may sleep
 * Rights that were taken away are so for every CPU before the table's lock is dropped: who finds a
 * read-only entry (migrate.c) may rely on it.
 */
static void clear_refs_vma(struct vm_area_struct *vma, enum clear_refs type)
{
	unsigned long addr = vma->vm_start, next;
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmd;

	while ((addr = next_present_pmd(mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		spinlock_t *ptl = pte_lockptr(pmd);
		pte_t *ptep = pte_offset(pmd, addr);
		unsigned long start = addr;
		bool flush = false;

		next = pmd_addr_end(addr, vma->vm_end);
		spin_lock(ptl);
		for (; addr < next; addr += PAGE_SIZE, ptep++) {
			if (type == CLEAR_REFS_SOFT_DIRTY)
				flush |= clear_soft_dirty(ptep);
			else
				clear_young(ptep);
		}
		if (flush)
			flush_tlb_range(&mm->tlb, start, next);
		spin_unlock(ptl);
		cond_resched();
	}
}

/* Is @type about @vma? */
static bool concerns(const struct vm_area_struct *vma, enum clear_refs type)
{
	switch (type) {
	case CLEAR_REFS_ANON:
		return !vma->vm_mapping;
	case CLEAR_REFS_MAPPED:
		return vma->vm_mapping;
	case CLEAR_REFS_SOFT_DIRTY:
		return !(vma->vm_flags & VM_PFNMAP);
	default:
		return true;
	}
}

/* 0, -EINTR: killed while it waited for the lock. */
static int lock_for(struct mm_struct *mm, enum clear_refs type)
{
	if (type == CLEAR_REFS_SOFT_DIRTY)
		return down_write_killable(&mm->mmap_lock);
	return down_read_killable(&mm->mmap_lock);
}

static void unlock_for(struct mm_struct *mm, enum clear_refs type)
{
	if (type == CLEAR_REFS_SOFT_DIRTY)
		up_write(&mm->mmap_lock);
	else
		up_read(&mm->mmap_lock);
}

/* 0, -EINTR */
static int clear_refs_mm(struct mm_struct *mm, enum clear_refs type)
{
	struct vm_area_struct *vma;

	if (lock_for(mm, type))
		return -EINTR;
	if (type == CLEAR_REFS_MM_HIWATER_RSS) {
		mm->hiwater_rss = get_mm_rss(mm);
		unlock_for(mm, type);
		return 0;
	}
	for_each_vma(mm, vma) {
		if (type == CLEAR_REFS_SOFT_DIRTY && (vma->vm_flags & VM_SOFTDIRTY)) {
			vma->vm_flags &= ~VM_SOFTDIRTY;
			vma_set_page_prot(vma);		/* shared: new entries are read-only */
		}
		if (concerns(vma, type))
			clear_refs_vma(vma, type);
	}
	if (type != CLEAR_REFS_SOFT_DIRTY)
		flush_tlb_context(&mm->tlb);
	unlock_for(mm, type);
	return 0;
}

#define MAX_INPUT 12		/* more is not taken */

static kssize_t clear_refs_write(struct task_struct *task, char *buf, size_t len)
{
	struct mm_struct *mm;
	int type, err;

	len = MIN(len, (size_t)MAX_INPUT);
	buf[len] = 0;
	err = kstrtoint(strim(buf), 10, &type);
	if (err)
		return err;
	if (type < CLEAR_REFS_ALL || type > CLEAR_REFS_MM_HIWATER_RSS)
		return -EINVAL;
	mm = get_task_mm(task);
	if (!mm)
		return len;
	err = clear_refs_mm(mm, (enum clear_refs)type);
	mmput(mm);
	return err ? err : (kssize_t)len;
}
CTL_PID_FILE("clear_refs", .mode = 0200, .write = clear_refs_write);
