/*
 * mremap.c - a mapping grows, shrinks, or moves with its pages.
 *
 * Idea:   Shrinking is an unmapping, growing in place moves the end of a VMA, and if
 *         there is no room, a new VMA is made elsewhere and the page-table entries
 *         are moved over: not a byte is copied.
 *
 *            old:  [pte pte pte] ──────┐  each entry: cleared there, flushed, set here,
 *            new:            [pte pte pte ...]  under both tables' locks
 *
 *         A page's index stays, and so does vm_pgoff of the moved VMA: rmap finds the
 *         page at the new address. The rmap locks are held while entries move, so a
 *         walk cannot miss one between the two places.
 * Locks:  mmap_lock for writing, the rmap locks, two LOCK_PTE (by address).
 * Above:  kernel/proc (mremap(2)), stack.c (exec).
 * Below:  vma.c, mmap.c, pgtable.c.   In Linux: mm/mremap.c.
 */
#include "mm/mremap.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/util.h"
#include "mm/userfaultfd.h"
#include "mm/vma.h"

static void lock_two(spinlock_t *a, spinlock_t *b)
{
	if (a == b) {
		spin_lock(a);
		return;
	}
	spin_lock(a < b ? a : b);
	spin_lock_nested(a < b ? b : a);
}

static void unlock_two(spinlock_t *a, spinlock_t *b)
{
	spin_unlock(a);
	if (a != b)
		spin_unlock(b);
}

/* Entries of one old table and one new one. => both tables there; the new entries empty */
static void move_ptes(struct vm_area_struct *vma, pmd_t *old_pmd, unsigned long old_addr,
		      unsigned long len, pmd_t *new_pmd, unsigned long new_addr)
{
	spinlock_t *old_ptl = pte_lockptr(old_pmd), *new_ptl = pte_lockptr(new_pmd);
	pte_t *old = pte_offset(old_pmd, old_addr), *new = pte_offset(new_pmd, new_addr);
	bool flush = false;

	lock_two(old_ptl, new_ptl);
	tlb_settle(&vma->vm_mm->tlb);
	for (unsigned long done = 0; done < len; done += PAGE_SIZE, old++, new++) {
		pte_t pte = ptep_get(old);

		if (pte_none(pte))
			continue;
		pte = ptep_get_and_clear(old);	/* the CPU may have set a bit since */
		flush |= pte_present(pte);
		/* What lies at the new address was not there before: it counts as written. */
		set_pte(new, pte_present(pte) ? pte_mksoft_dirty(pte) : pte_swp_mksoft_dirty(pte));
	}
	/*
	 * Before the locks go: a page could otherwise be unmapped at its new place and freed, and
	 * still be reached at the old.
	 */
	if (flush)
		flush_tlb_range(&vma->vm_mm->tlb, old_addr, old_addr + len);
	unlock_two(old_ptl, new_ptl);
}

unsigned long move_page_tables(struct vm_area_struct *vma, unsigned long old_addr,
			       struct vm_area_struct *new_vma, unsigned long new_addr,
			       unsigned long len)
{
	unsigned long start = old_addr, end = old_addr + len;
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *old_pmd, *new_pmd;

	while ((old_addr = next_present_pmd(mm, old_addr, end, &old_pmd)) < end) {
		unsigned long to = new_addr + (old_addr - start);
		unsigned long extent = pmd_addr_end(old_addr, end) - old_addr;

		/* As far as one table goes, on both sides. */
		extent = MIN(extent, pmd_addr_end(to, new_addr + len) - to);
		new_pmd = pmd_alloc_walk(mm, to);
		if (!new_pmd || pte_alloc(mm, new_pmd))
			return old_addr - start;
		vma_rmap_lock(vma);
		move_ptes(vma, old_pmd, old_addr, extent, new_pmd, to);
		vma_rmap_unlock(vma);
		old_addr += extent;
		cond_resched();
	}
	return len;
}

/* What one mremap(2) is about; inputs first. */
struct mremap {
	struct mm_struct *mm;
	unsigned long addr, old_len, new_len, flags, new_addr;	/* in, lengths page aligned */
	struct vm_area_struct *vma;	/* found */
	unsigned long charged;		/* pages of commit charge taken for the growth */
	unsigned long populate;		/* out: address of locked memory to fault in, 0: none */
};

/* A copy of the VMA for the new place, linked; NULL without memory. */
static struct vm_area_struct *copy_vma(struct mremap *m, unsigned long pgoff)
{
	struct vm_area_struct *vma = vm_area_dup(m->vma);

	if (!vma)
		return NULL;
	if (unlikely(vma->userfaultfd))
		userfaultfd_forget(vma);
	vma->vm_start = m->new_addr;
	vma->vm_end = m->new_addr + m->new_len;
	vma->vm_pgoff = pgoff;
	if (vma->vm_ops && vma->vm_ops->open)
		vma->vm_ops->open(vma);
	anon_vma_link(vma);
	link_vma(m->mm, vma);
	return vma;
}

/*
 * Where pages of the moved part are counted from: nobody knows an untouched anonymous VMA's old
 * place.
 */
static unsigned long moved_pgoff(const struct mremap *m)
{
	const struct vm_area_struct *vma = m->vma;

	if (!vma->vm_ops && !vma->vm_mapping && !vma->anon_vma)
		return m->new_addr >> PAGE_SHIFT;
	return vma->vm_pgoff + ((m->addr - vma->vm_start) >> PAGE_SHIFT);
}

/* The old range goes, or with MREMAP_DONTUNMAP stays, empty. */
static void unmap_old(struct mremap *m)
{
	struct vm_area_struct *vma = m->vma;
	unsigned long pages = m->old_len >> PAGE_SHIFT, flags = vma->vm_flags;

	if (m->flags & MREMAP_DONTUNMAP) {
		if (flags & VM_LOCKED)
			m->mm->locked_vm -= vma_pages(vma);
		vma->vm_flags &= ~VM_LOCKED_MASK;
		return;
	}
	/*
	 * do_munmap() gives back the charge of the old range, which is the new one's now; if it
	 * fails for
	 * want of memory the old range stays, empty, and both need it. Either way it is taken once
	 * more.
	 */
	do_munmap(m->mm, m->addr, m->old_len);
	if (flags & VM_ACCOUNT)
		vm_acct_memory((long)pages);
}

/* The new place is chosen and free; m->charged is taken. Address or -errno. */
static unsigned long move_vma(struct mremap *m)
{
	struct vm_area_struct *vma = m->vma, *new_vma;
	unsigned long flags = vma->vm_flags, moved;

	if (vma->vm_end - vma->vm_start != m->old_len && vma_may_split(vma))
		return -EINVAL;		/* a part of what stays whole */
	/* Splits at both ends may come on top of the new VMA. */
	if (m->mm->map_count >= sysctl_max_map_count - 3)
		return -ENOMEM;
	new_vma = copy_vma(m, moved_pgoff(m));
	if (!new_vma)
		return -ENOMEM;
	vm_stat_account(m->mm, flags, (long)(m->new_len >> PAGE_SHIFT));
	if (flags & VM_LOCKED)
		m->mm->locked_vm += m->new_len >> PAGE_SHIFT;
	moved = move_page_tables(vma, m->addr, new_vma, m->new_addr, m->old_len);
	if (moved < m->old_len) {
		/* Back again: the old tables are all still there. */
		move_page_tables(new_vma, m->new_addr, vma, m->addr, moved);
		new_vma->vm_flags &= ~VM_ACCOUNT;	/* the caller gives the charge back */
		do_munmap(m->mm, m->new_addr, m->new_len);
		return -ENOMEM;
	}
	unmap_old(m);
	vma_merge(new_vma);
	if (flags & VM_LOCKED)
		m->populate = m->new_addr;
	return m->new_addr;
}

/*
 * May the VMA become what is asked? The growth is charged. 0, -EFAULT, -EINVAL, -EAGAIN, -ENOMEM.
 */
static int vma_to_resize(struct mremap *m)
{
	struct vm_area_struct *vma = find_vma(m->mm, m->addr);
	unsigned long pgoff, growth = (m->new_len - m->old_len) >> PAGE_SHIFT;

	if (!vma || vma->vm_start > m->addr)
		return -EFAULT;
	m->vma = vma;
	if (!m->old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE))) {
		pr_warn_once("%s (%d): attempted to duplicate a private mapping with mremap.  This "
			     "is not supported.\n",
			     current->comm, current->pid);
		return -EINVAL;
	}
	if ((m->flags & MREMAP_DONTUNMAP) && (vma->vm_flags & VM_SPECIAL))
		return -EINVAL;
	if (m->old_len > vma->vm_end - m->addr)
		return -EFAULT;
	if (m->new_len == m->old_len && !(m->flags & MREMAP_DONTUNMAP))
		return 0;
	pgoff = vma->vm_pgoff + ((m->addr - vma->vm_start) >> PAGE_SHIFT);
	if (pgoff + (m->new_len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_SPECIAL)
		return -EFAULT;
	if (m->flags & MREMAP_DONTUNMAP)
		growth = m->new_len >> PAGE_SHIFT;	/* both places count from now on */
	/* (What DONTUNMAP leaves behind is not locked any more.) */
	if (!(m->flags & MREMAP_DONTUNMAP) &&
	    mlock_future_check(m->mm, vma->vm_flags, growth << PAGE_SHIFT))
		return -EAGAIN;
	if (!may_expand_vm(m->mm, vma->vm_flags, growth))
		return -ENOMEM;
	if (vma->vm_flags & VM_ACCOUNT) {
		if (security_vm_enough_memory_mm(m->mm, (long)growth))
			return -ENOMEM;
		m->charged = growth;
	}
	return 0;
}

/* MREMAP_FIXED and MREMAP_DONTUNMAP. Address or -errno. */
static unsigned long mremap_to(struct mremap *m)
{
	unsigned long addr;
	int error;

	if ((m->new_addr & ~PAGE_MASK) || m->new_len > TASK_SIZE ||
	    m->new_addr > TASK_SIZE - m->new_len)
		return -EINVAL;
	if (m->addr + m->old_len > m->new_addr && m->new_addr + m->new_len > m->addr)
		return -EINVAL;		/* they overlap */
	if (m->mm->map_count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;
	if (m->flags & MREMAP_FIXED) {
		error = do_munmap(m->mm, m->new_addr, m->new_len);
		if (error)
			return error;
	}
	if (m->old_len > m->new_len) {
		error = do_munmap(m->mm, m->addr + m->new_len, m->old_len - m->new_len);
		if (error)
			return error;
		m->old_len = m->new_len;
	}
	error = vma_to_resize(m);
	if (error)
		return error;
	addr = get_unmapped_area(m->mm, m->new_addr, m->new_len,
				 m->flags & MREMAP_FIXED ? MAP_FIXED : 0);
	if (IS_ERR((void *)addr))
		return addr;
	m->new_addr = addr;
	return move_vma(m);
}

/* Is the space right behind the VMA free, as far as needed? */
static bool vma_expandable(const struct mremap *m)
{
	unsigned long end = m->addr + m->new_len;
	struct vm_area_struct *next = vma_next(m->vma);

	if (m->vma->vm_end != m->addr + m->old_len || end < m->addr || end > TASK_SIZE)
		return false;
	return !next || end <= vm_start_gap(next);
}

/* => vma_expandable(); charged */
static void expand_in_place(struct mremap *m)
{
	struct vm_area_struct *vma = m->vma;
	unsigned long pages = (m->new_len - m->old_len) >> PAGE_SHIFT;

	vma_set_range(vma, vma->vm_start, m->addr + m->new_len, vma->vm_pgoff);
	vm_stat_account(m->mm, vma->vm_flags, (long)pages);
	if (vma->vm_flags & VM_LOCKED) {
		m->mm->locked_vm += pages;
		m->populate = m->addr + m->old_len;
	}
	vma_merge(vma);
}

/* Larger, in place or elsewhere. Address or -errno. */
static unsigned long mremap_grow(struct mremap *m)
{
	int error = vma_to_resize(m);

	if (error)
		return error;
	if (vma_expandable(m)) {
		expand_in_place(m);
		return m->addr;
	}
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	m->new_addr = get_unmapped_area(m->mm, 0, m->new_len, 0);
	if (IS_ERR((void *)m->new_addr))
		return m->new_addr;
	return move_vma(m);
}

static unsigned long mremap_locked(struct mremap *m)
{
	struct vm_area_struct *vma = find_vma(m->mm, m->addr);
	int error;

	if (!vma || vma->vm_start > m->addr)
		return -EFAULT;
	if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return mremap_to(m);
	if (m->old_len >= m->new_len) {
		if (m->old_len == m->new_len)
			return m->addr;
		error = do_munmap(m->mm, m->addr + m->new_len, m->old_len - m->new_len);
		return error ? (unsigned long)error : m->addr;
	}
	return mremap_grow(m);
}

/*
 * do_mremap: mremap(2). The address; -EINVAL, -EFAULT (nothing there), -ENOMEM, -EAGAIN (locked
 * memory), -EINTR.
 */
unsigned long do_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
			unsigned long flags, unsigned long new_addr)
{
	struct mremap m = {
		.mm = current->mm,
		.addr = addr,
		.old_len = PAGE_ALIGN(old_len),
		.new_len = PAGE_ALIGN(new_len),
		.flags = flags,
		.new_addr = new_addr,
	};
	unsigned long result;

	if (flags & ~(unsigned long)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && (!(flags & MREMAP_MAYMOVE) || old_len != new_len))
		return -EINVAL;
	if ((addr & ~PAGE_MASK) || !m.new_len)
		return -EINVAL;
	if (down_write_killable(&m.mm->mmap_lock))
		return -EINTR;
	result = mremap_locked(&m);
	if (IS_ERR((void *)result))
		vm_unacct_memory((long)m.charged);
	up_write(&m.mm->mmap_lock);
	if (m.populate && !IS_ERR((void *)result))
		mm_populate(m.populate, result + m.new_len - m.populate);
	return result;
}
