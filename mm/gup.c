/*
 * gup.c - user pages, wanted by the kernel: populated in advance, or reached from another process.
 *
 * Idea:   The same faults that an access would cause, asked for by handle_mm_fault()
 *         directly. What is there already costs a look at its entry.
 * Locks:  mmap_lock for reading, taken here unless said otherwise; handle_mm_fault()
 *         may drop it (VM_FAULT_RETRY), and then the VMA is looked up again.
 * Above:  mlock.c, madvise.c, mmap.c (MAP_POPULATE), /proc, exec (the new stack), O_DIRECT.
 * Below:  memory.c, stack.c.   In Linux: mm/gup.c, and access_remote_vm of mm/memory.c.
 */
#include "mm/gup.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/swap.h"
#include "mm/vma.h"

/*
 * How many of the @nr pages from @addr on are there and allow the access? As far as one page table
 * tells, so 0 means that the first is not. Referenced into @pages if that is not NULL.
 */
static unsigned int follow_pages(struct mm_struct *mm, unsigned long addr, unsigned int nr,
				 bool write, struct page **pages)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	unsigned long end = pmd_addr_end(addr, addr + nr * PAGE_SIZE);
	spinlock_t *ptl;
	unsigned int n = 0;
	pte_t *ptep;

	ptep = pmd ? pte_offset_map_lock(mm, pmd, addr, &ptl) : NULL;
	if (!ptep)
		return 0;
	for (; addr < end; addr += PAGE_SIZE, n++) {
		pte_t pte = ptep_get(ptep + n);

		if (!pte_present(pte) || (write && !pte_write(pte)))
			break;
		if (pages)
			get_page(pages[n] = pte_page(pte));
	}
	pte_unmap_unlock(ptep, ptl);
	return n;
}

/*
 * As follow_pages(), for who wants pages to be there: to be asked for counts as a use of the page.
 */
static bool touch_page(struct mm_struct *mm, unsigned long addr, bool write)
{
	struct page *page;

	if (!follow_pages(mm, addr, 1, write, &page))
		return false;
	mark_page_accessed(page);
	put_page(page);
	return true;
}

/* Does the VMA allow it? As an access by the process itself would be judged. */
static bool vma_permits(const struct vm_area_struct *vma, bool write)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	/* x86 can read what it can execute or write */
	return vma->vm_flags & (write ? VM_WRITE : VM_ACCESS_FLAGS);
}

static int fault_error(vm_fault_t ret)
{
	return ret & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
}

/*
 * faultin_range: makes [*start, end) of @vma present; @flags: FAULT_FLAG_WRITE or 0.
 *
 * => mmap_lock for reading; *unlocked: it was dropped at *start, which was not served yet
 * => 0, -EFAULT, -ENOMEM, -EINTR (a fatal signal); *start: how far it came
 */
int faultin_range(struct vm_area_struct *vma, unsigned long *start, unsigned long end,
		  unsigned int flags, bool *unlocked)
{
	bool write = flags & FAULT_FLAG_WRITE;

	*unlocked = false;
	if (!vma_permits(vma, write))
		return -EFAULT;
	for (; *start < end; *start += PAGE_SIZE) {
		vm_fault_t ret;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		/* A second fault may be needed: from swap read-only, then the copy. */
		while (!touch_page(vma->vm_mm, *start, write)) {
			ret = handle_mm_fault(vma, *start, flags | FAULT_FLAG_ALLOW_RETRY, NULL);
			if (ret & VM_FAULT_RETRY) {
				*unlocked = true;
				return 0;
			}
			if (ret & VM_FAULT_ERROR)
				return fault_error(ret);
			if (fatal_signal_pending(current))
				return -EINTR;
		}
	}
	return 0;
}

/* The part of @vma in [*start, end), as mlock and MAP_POPULATE want it. */
static int populate_vma(struct vm_area_struct *vma, unsigned long *start, unsigned long end,
			bool *unlocked)
{
	unsigned int flags = 0;

	*unlocked = false;
	if (vma->vm_flags & VM_LOCKONFAULT) {
		*start = end;
		return 0;
	}
	/*
	 * A private page will be written to one day: break COW now. Of a shared file, nothing is
	 * made dirty in advance.
	 */
	if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	return faultin_range(vma, start, end, flags, unlocked);
}

int __mm_populate(unsigned long start, unsigned long len, bool ignore_errors)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr = start & PAGE_MASK, end = start + len;
	bool locked = false, unlocked;
	int error = 0;

	while (addr < end) {
		struct vm_area_struct *vma;
		unsigned long stop;

		if (!locked) {
			down_read(&mm->mmap_lock);
			locked = true;
		}
		vma = find_vma_intersection(mm, addr, end);
		if (!vma)
			break;
		stop = MIN(end, vma->vm_end);
		addr = MAX(addr, vma->vm_start);
		if (vma->vm_flags & (VM_IO | VM_PFNMAP)) {
			addr = stop;
			continue;
		}
		error = populate_vma(vma, &addr, stop, &unlocked);
		locked = !unlocked;
		if (error == -EINTR || (error && !ignore_errors))
			break;
		if (error)
			addr = stop;
		error = 0;
	}
	if (locked)
		up_read(&mm->mmap_lock);
	return error;
}

void mm_populate(unsigned long start, unsigned long len)
{
	__mm_populate(start, len, true);
}

/*
 * fault_in_user_range: as if current touched every page of the range. 0, -EFAULT (a hole, no
 * right).
 */
int fault_in_user_range(unsigned long addr, unsigned long len, bool write)
{
	struct mm_struct *mm = current->mm;
	unsigned long at = addr & PAGE_MASK, end = addr + len;
	bool unlocked;
	int error;

	while (at < end) {
		struct vm_area_struct *vma = lock_mm_and_find_vma(mm, at);

		if (!vma)
			return -EFAULT;
		error = faultin_range(vma, &at, MIN(end, vma->vm_end), write ? FAULT_FLAG_WRITE : 0,
				      &unlocked);
		if (!unlocked)
			up_read(&mm->mmap_lock);
		if (error)
			return -EFAULT;
	}
	return 0;
}

/*
 * May a tracer? Where the mapping could be given the right by mprotect; a write must not reach a
 * shared object that is mapped read-only: it goes to a private copy, or not at all.
 */
static bool vma_permits_force(const struct vm_area_struct *vma, bool write)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	if (!write)
		return vma->vm_flags & VM_MAYREAD;
	return (vma->vm_flags & (VM_MAYWRITE | VM_SHARED)) == VM_MAYWRITE;
}

/* Is the page at @addr anonymous and this process's alone, though its PTE says read-only? */
static bool follow_own_page(struct vm_area_struct *vma, unsigned long addr, struct page **page)
{
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmd = mm_find_pmd(mm, addr);
	spinlock_t *ptl;
	pte_t *ptep, pte;
	struct page *found;

	ptep = pmd ? pte_offset_map_lock(mm, pmd, addr, &ptl) : NULL;
	if (!ptep)
		return false;
	pte = ptep_get(ptep);
	found = pte_present(pte) && pte_dirty(pte) ? vm_normal_page(pte) : NULL;
	if (!(vma->vm_flags & VM_SOFTDIRTY) && !pte_soft_dirty(pte))
		found = NULL;		/* a fault makes it soft-dirty first */
	if (found && PageAnon(found) && page_test(found, PG_anon_exclusive))
		get_page(found);
	else
		found = NULL;
	pte_unmap_unlock(ptep, ptl);
	*page = found;
	return found;
}

struct page *get_user_page(struct vm_area_struct *vma, unsigned long addr, unsigned int how)
{
	bool write = how & FOLL_WRITE, force = false;
	struct page *page;

	if (!vma_permits(vma, write)) {
		force = how & FOLL_FORCE && vma_permits_force(vma, write);
		if (!force)
			return NULL;
	}
	while (!follow_pages(vma->vm_mm, addr, 1, write, &page) &&
	       !(force && write && follow_own_page(vma, addr, &page))) {
		vm_fault_t ret = handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0, NULL);

		if ((ret & VM_FAULT_ERROR) || fatal_signal_pending(current))
			return NULL;
	}
	return page;
}

/*
 * @nr pages of @vma from @addr on; what is there already is taken a page table at a time. How many.
 * => mmap_lock for reading; *unlocked: it was dropped, to wait for the next page
 */
static unsigned int pin_in_vma(struct vm_area_struct *vma, unsigned long addr, unsigned int nr,
			       bool write, struct page **pages, bool *unlocked)
{
	unsigned int flags = FAULT_FLAG_ALLOW_RETRY | (write ? FAULT_FLAG_WRITE : 0), n = 0, there;
	vm_fault_t ret;

	*unlocked = false;
	if (!vma_permits(vma, write))
		return 0;
	while (n < nr) {
		there = follow_pages(vma->vm_mm, addr + n * PAGE_SIZE, nr - n, write, pages + n);
		n += there;
		if (there)
			continue;
		if (fatal_signal_pending(current))
			break;
		ret = handle_mm_fault(vma, addr + n * PAGE_SIZE, flags, NULL);
		*unlocked = ret & VM_FAULT_RETRY;
		if (ret & (VM_FAULT_RETRY | VM_FAULT_ERROR))
			break;
	}
	return n;
}

/* gup.h */
int pin_user_pages(struct mm_struct *mm, unsigned long addr, unsigned int nr, bool write,
		   struct page **pages)
{
	unsigned int n = 0, got, want;
	bool unlocked;

	do {
		unsigned long at = addr + n * PAGE_SIZE;
		struct vm_area_struct *vma = at < TASK_SIZE ? lock_mm_and_find_vma(mm, at) : NULL;

		if (!vma)
			break;
		want = MIN(nr - n, (vma->vm_end - at) >> PAGE_SHIFT);
		got = pin_in_vma(vma, at, want, write, pages + n, &unlocked);
		if (!unlocked)
			up_read(&mm->mmap_lock);
		n += got;
	} while ((got == want || unlocked) && n < nr);
	return n;
}

/* Would a fault at @addr make a page of zeroes that nobody has asked for, or has it? */
static bool only_zeroes(struct vm_area_struct *vma, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	pte_t pte = { 0 };

	if (pmd && !pmd_none(*pmd))
		pte = ptep_get(pte_offset(pmd, addr));
	if (pte_none(pte))
		return !vma->vm_ops || !vma->vm_ops->fault;
	return pte_present(pte) && !vm_normal_page(pte);
}

struct page *get_dump_page(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	struct page *page = NULL;

	if (down_read_killable(&mm->mmap_lock))
		return NULL;
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start <= addr && !only_zeroes(vma, addr))
		page = get_user_page(vma, addr, FOLL_FORCE);
	up_read(&mm->mmap_lock);
	return page;
}

/* Part of one page: to or from @buf. The bytes done: @len or 0. */
static int access_one_page(struct mm_struct *mm, unsigned long addr, void *buf, int len,
			   unsigned int how)
{
	bool write = how & FOLL_WRITE;
	struct vm_area_struct *vma = lock_mm_and_find_vma(mm, addr);
	struct page *page;
	char *map;

	if (!vma)
		return 0;
	page = get_user_page(vma, addr & PAGE_MASK, how);
	up_read(&mm->mmap_lock);
	if (!page)
		return 0;
	map = kmap_local_page(page);
	if (write)
		memcpy(map + (addr & ~PAGE_MASK), buf, len);
	else
		memcpy(buf, map + (addr & ~PAGE_MASK), len);
	kunmap_local(map);
	if (write) {
		lock_page(page);	/* no PTE keeps truncate away any more */
		set_page_dirty(page);
		unlock_page(page);
	}
	put_page(page);
	return len;
}

/*
 * access_remote_vm: reads or (FOLL_WRITE) writes @len bytes of any process's memory, as far as its
 * rights allow, or a tracer's (FOLL_FORCE).
 *
 * => the caller holds a reference to @mm (mmget); may sleep. Bytes done: short where a page cannot
 * be had
 */
int access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		     unsigned int how)
{
	int done = 0;

	while (done < len) {
		int chunk =
			MIN((unsigned long)(len - done), PAGE_SIZE - ((addr + done) & ~PAGE_MASK));

		if (addr + done >= TASK_SIZE ||
		    !access_one_page(mm, addr + done, buf + done, chunk, how))
			break;
		done += chunk;
	}
	return done;
}
