/*
 * mmap.c - a process asks for addresses, and gives them back: mmap, munmap, brk, the stack's
 * growth.
 *
 * Idea:   mmap(2) promises; memory comes with the first touch (memory.c). So a
 *         call here finds a hole, checks limits and the overcommit account, and
 *         puts a VMA into the tree. Top-down, as Linux lays a process out:
 *
 *            0x10000   program, data | heap (brk) ->        <- mmap_base | gap | stack
 *
 *         Holes are looked for from the top. To keep a process with tens of
 *         thousands of VMAs from walking them all each time, the mm remembers where
 *         the last search ended, and how large the holes above that were.
 * Locks:  mmap_lock for writing, taken by the vm_* functions, brk and the callers of
 *         do_mmap and do_munmap.
 * Above:  kernel/proc (system calls, exec), fault.c (stack).
 * Below:  vma.c, zap.c, pgtable.c, util.c (overcommit), shmem.c.   In Linux: mm/mmap.c, mm/util.c,
 * arch/x86/mm/mmap.c.
 */
#define pr_fmt(fmt) "mmap: " fmt
#include "mm/mmap.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmu_gather.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/util.h"
#include "mm/vma.h"

#define CAP_SYS_RAWIO 17

unsigned long mmap_min_addr = MMAP_MIN_ADDR;

static int may_set_min_addr(long *value)
{
	return mm_capable_current(CAP_SYS_RAWIO) ? 0 : -EPERM;
}
CTL_SYSCTL_ULONG("vm.mmap_min_addr", mmap_min_addr, 0, 0, .check = may_set_min_addr);

int randomize_va_space = 2;	/* 1: stack and mappings, 2: the heap as well */
CTL_SYSCTL_INT("kernel.randomize_va_space", randomize_va_space, 0, 0);

static int set_norandmaps(const char *value)
{
	randomize_va_space = 0;
	return 0;
}
CTL_PARAM("norandmaps", set_norandmaps);

static int set_stack_guard_gap(const char *value)
{
	unsigned long pages;

	if (kstrtoul(value, 10, &pages))
		return -EINVAL;
	stack_guard_gap = pages << PAGE_SHIFT;
	return 0;
}
CTL_PARAM("stack_guard_gap", set_stack_guard_gap);

/* --- layout --- */

#define MMAP_RND_BITS 28			/* Linux's default for 64-bit programs */
#define STACK_RND_MASK 0x3fffffUL		/* pages: 16 GiB */
#define BRK_RND_RANGE (1UL << 30)
#define MAP_32BIT_RND_RANGE (32UL << 20)

unsigned long randomize_stack_top(unsigned long top)
{
	if (!randomize_va_space)
		return top;
	return PAGE_ALIGN(top) - ((get_random_long() & STACK_RND_MASK) << PAGE_SHIFT);
}

unsigned long arch_randomize_brk(unsigned long brk)
{
	if (randomize_va_space != 2)
		return brk;
	return PAGE_ALIGN(brk) + (get_random_below(BRK_RND_RANGE >> PAGE_SHIFT) << PAGE_SHIFT);
}

/*
 * mm_pick_mmap_layout: where mappings go: downwards from below the room that the stack may
 * take, or, for a stack without limit, upwards from a third of the address space.
 *
 * => exec, before the first mapping
 */
void mm_pick_mmap_layout(struct mm_struct *mm, unsigned long stack_rlimit, bool randomize)
{
	const unsigned long gap_min = 128UL << 20, gap_max = TASK_SIZE / 6 * 5;
	unsigned long rnd =
		randomize ? (get_random_long() & ((1UL << MMAP_RND_BITS) - 1)) << PAGE_SHIFT : 0;
	unsigned long pad = stack_guard_gap + (randomize ? STACK_RND_MASK << PAGE_SHIFT : 0);
	unsigned long gap = stack_rlimit;

	mm->mmap_legacy = stack_rlimit == RLIM_INFINITY;
	if (mm->mmap_legacy) {
		mm->mmap_base = PAGE_ALIGN(TASK_SIZE / 3) + rnd;
	} else {
		if (gap + pad > gap)
			gap += pad;
		gap = gap < gap_min ? gap_min : gap > gap_max ? gap_max : gap;
		mm->mmap_base = PAGE_ALIGN(TASK_SIZE - gap - rnd);
	}
	mm->hole_cache = mm->mmap_base;
	mm->hole_max = 0;
}

/* --- holes --- */

/* A hole that ends at @top is there, or grew: look at it next time. */
static void note_hole(struct mm_struct *mm, unsigned long top)
{
	if (top > mm->hole_cache)
		mm->hole_cache = MIN(top, mm->mmap_base);
}

/* The highest @len free bytes below mmap_base; -ENOMEM. */
static unsigned long unmapped_area_topdown(struct mm_struct *mm, unsigned long len)
{
	struct vm_area_struct *above, *below;
	unsigned long top, bottom;

	if (len <= mm->hole_max) {	/* one that was passed over before may do: from the top */
		mm->hole_cache = mm->mmap_base;
		mm->hole_max = 0;
	}
	top = mm->hole_cache;
	above = find_vma_prev(mm, top - 1, &below);
	if (above)
		top = MIN(top, vm_start_gap(above));
	for (;; below = vma_prev(below)) {
		bottom = below ? MAX(below->vm_end, mmap_min_addr) : mmap_min_addr;
		if (top > bottom && top - bottom >= len)
			break;
		if (top > bottom)
			mm->hole_max = MAX(mm->hole_max, top - bottom);
		if (!below)
			return -ENOMEM;
		top = vm_start_gap(below);
	}
	mm->hole_cache = top - len;
	return top - len;
}

/* The lowest @len free bytes in [@from, @end); -ENOMEM. */
static unsigned long unmapped_area_bottomup(struct mm_struct *mm, unsigned long from,
					    unsigned long end, unsigned long len)
{
	unsigned long addr = PAGE_ALIGN(MAX(from, mmap_min_addr));
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (mmap_min_addr >= end)
		return -ENOMEM;
	for (; len <= end && end - len >= addr; vma = vma_next(vma)) {
		if (!vma || addr + len <= vm_start_gap(vma))
			return addr;
		addr = vma->vm_end;
	}
	return -ENOMEM;
}

/* Is [addr, addr + len) free, guard gaps included, and below @end? */
static bool hint_is_free(struct mm_struct *mm, unsigned long addr, unsigned long len,
			 unsigned long end)
{
	struct vm_area_struct *vma, *prev;

	if (len > end || end - len < addr || addr < mmap_min_addr)
		return false;
	vma = find_vma_prev(mm, addr, &prev);
	return (!vma || addr + len <= vm_start_gap(vma)) && (!prev || addr >= prev->vm_end);
}

/*
 * MAP_32BIT: in the second GiB, upwards from a place in its first 32 MiB, for code whose jumps
 * reach no further.
 */
static unsigned long unmapped_area_32bit(struct mm_struct *mm, unsigned long hint,
					 unsigned long len)
{
	unsigned long from = 1UL << 30;

	if (hint && hint_is_free(mm, hint, len, 2UL << 30))
		return hint;
	if (randomize_va_space)
		from += get_random_below(MAP_32BIT_RND_RANGE >> PAGE_SHIFT) << PAGE_SHIFT;
	return unmapped_area_bottomup(mm, from, 2UL << 30, len);
}

/*
 * get_unmapped_area: where a mapping of @len goes: at @addr if MAP_FIXED, there or elsewhere
 * without.
 *
 * => @len page aligned. Address, or -ENOMEM, -EINVAL, -EPERM (below mmap_min_addr)
 */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags)
{
	unsigned long found;

	if (len > TASK_SIZE)
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > TASK_SIZE - len)
			return -ENOMEM;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
		if (addr < mmap_min_addr && !mm_capable_current(CAP_SYS_RAWIO))
			return -EPERM;
		return addr;
	}
	addr = PAGE_ALIGN(addr);
	if (flags & MAP_32BIT)
		return unmapped_area_32bit(mm, addr, len);
	if (addr && hint_is_free(mm, addr, len, TASK_SIZE))
		return addr;
	if (mm->mmap_legacy)
		return unmapped_area_bottomup(mm, mm->mmap_base, TASK_SIZE, len);
	found = unmapped_area_topdown(mm, len);
	/* Nothing below the stack: perhaps above it (a low stack limit leaves much there). */
	return IS_ERR((void *)found) ? unmapped_area_bottomup(mm, TASK_SIZE / 3, TASK_SIZE, len)
				     : found;
}

/* --- mmap --- */

/* A hint below the limit is taken to mean the limit. */
static unsigned long round_hint_to_min(unsigned long hint)
{
	hint &= PAGE_MASK;
	return hint && hint < mmap_min_addr ? PAGE_ALIGN(mmap_min_addr) : hint;
}

static unsigned long calc_vm_flags(const struct mmap_request *req, const struct mm_struct *mm)
{
	unsigned long flags =
		mm->def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_SOFTDIRTY |
		req->extra_vm_flags;

	flags |= (req->prot & PROT_READ ? VM_READ : 0) | (req->prot & PROT_WRITE ? VM_WRITE : 0) |
		 (req->prot & PROT_EXEC ? VM_EXEC : 0);
	return flags | (req->flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) |
	       (req->flags & MAP_LOCKED ? VM_LOCKED : 0);
}

/* What a file allows. 0 or -errno; *vm_flags completed. */
static int check_file_mapping(const struct mmap_request *req, unsigned long *vm_flags)
{
	unsigned long pages = req->len >> PAGE_SHIFT;

	if (req->max_pages && (pages > req->max_pages || req->pgoff > req->max_pages - pages))
		return -EOVERFLOW;
	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (req->flags & ~LEGACY_MAP_MASK & ~(MAP_FIXED_NOREPLACE | MAP_SHARED_VALIDATE))
			return -EOPNOTSUPP;
		/* fall through */
	case MAP_SHARED:
		if ((req->prot & PROT_WRITE) && !req->file_writable)
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!req->file_writable)
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		/* fall through */
	case MAP_PRIVATE:
		if (!req->file_readable)
			return -EACCES;
		if (req->file_noexec) {
			if (*vm_flags & VM_EXEC)
				return -EPERM;
			*vm_flags &= ~VM_MAYEXEC;
		}
		if (!req->setup)
			return -ENODEV;
		return *vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int check_anon_mapping(struct mmap_request *req, unsigned long addr, unsigned long *vm_flags)
{
	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		req->pgoff = 0;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE:
		req->pgoff = addr >> PAGE_SHIFT;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Locking, and what the object allows. 0 or -errno; *vm_flags completed. */
static int check_mapping(struct mm_struct *mm, struct mmap_request *req, unsigned long addr,
			 unsigned long *vm_flags)
{
	int error;

	if ((req->flags & MAP_LOCKED) && !can_do_mlock())
		return -EPERM;
	error = mlock_future_check(mm, *vm_flags, req->len);
	if (error)
		return error;
	return req->file ? check_file_mapping(req, vm_flags)
			 : check_anon_mapping(req, addr, vm_flags);
}

/* Pages of [start, end) that are mapped now: MAP_FIXED will replace them. */
static unsigned long count_vma_pages_range(struct mm_struct *mm, unsigned long start,
					   unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	unsigned long pages = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		pages += (MIN(vma->vm_end, end) - MAX(vma->vm_start, start)) >> PAGE_SHIFT;
	return pages;
}

/* Fills @vma, which is in no tree, with what @req maps. 0 or -errno. */
static int vma_attach_object(struct vm_area_struct *vma, struct mmap_request *req)
{
	int error = 0;

	if (req->file) {
		vma->vm_mapping = req->mapping;
		error = req->setup(vma, req->file);
	} else if (vma->vm_flags & VM_SHARED) {
		error = shmem_zero_setup(vma);
	}
	if (!error)
		vma_set_page_prot(vma);
	return error;
}

/*
 * A new VMA, or a neighbour that grows. The range is free, checked and charged. 0, -ENOMEM, the
 * file's -errno.
 */
static int mmap_new_vma(struct mm_struct *mm, struct mmap_request *req, unsigned long addr,
			unsigned long vm_flags)
{
	struct vm_area_struct want = {
		.vm_start = addr, .vm_end = addr + req->len, .vm_mm = mm, .vm_flags = vm_flags,
		.vm_pgoff = req->pgoff, .vm_file = req->file, .vm_mapping = req->mapping,
	};
	struct vm_area_struct *vma;
	int error;

	if ((req->file || !(vm_flags & VM_SHARED)) && vma_expand(mm, &want))
		return 0;
	vma = vm_area_alloc(mm);
	if (!vma)
		return -ENOMEM;
	vma->vm_start = want.vm_start;
	vma->vm_end = want.vm_end;
	vma->vm_flags = vm_flags;
	vma->vm_pgoff = req->pgoff;
	error = vma_attach_object(vma, req);
	if (error) {
		vm_area_free(vma);
		return error;
	}
	link_vma(mm, vma);
	return 0;
}

/* Maps what was checked: limits, the account, the VMA. Address or -errno. */
static unsigned long mmap_region(struct mm_struct *mm, struct mmap_request *req, unsigned long addr,
				 unsigned long vm_flags)
{
	unsigned long pages = req->len >> PAGE_SHIFT;
	int error;

	if (!may_expand_vm(mm, vm_flags, pages) &&
	    !may_expand_vm(mm, vm_flags, pages - count_vma_pages_range(mm, addr, addr + req->len)))
		goto no_memory;
	if (find_vma_intersection(mm, addr, addr + req->len) && do_munmap(mm, addr, req->len))
		goto no_memory;
	if (accountable_mapping(vm_flags)) {
		if (security_vm_enough_memory_mm(mm, pages))
			goto no_memory;
		vm_flags |= VM_ACCOUNT;
	}
	error = mmap_new_vma(mm, req, addr, vm_flags);
	if (error) {
		if (vm_flags & VM_ACCOUNT)
			vm_unacct_memory(pages);
		goto fail;
	}
	vm_stat_account(mm, vm_flags, pages);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	return addr;
no_memory:
	error = -ENOMEM;
fail:
	note_hole(mm, addr + req->len);	/* it was found, and stays one */
	return error;
}

/*
 * do_mmap: mmap(2) with the file already looked at.
 *
 * => mmap_lock held for writing; may sleep
 * => the address, or -errno, in the order in which Linux finds mistakes
 * => @req->populate: fault the range in when the lock is dropped
 */
unsigned long do_mmap(struct mm_struct *mm, struct mmap_request *req)
{
	unsigned long addr = req->addr, vm_flags;
	int error;

	req->populate = false;
	if (!req->len)
		return -EINVAL;
	if (req->flags & MAP_FIXED_NOREPLACE)
		req->flags |= MAP_FIXED;
	if (!(req->flags & MAP_FIXED))
		addr = round_hint_to_min(addr);
	req->len = PAGE_ALIGN(req->len);
	if (!req->len)
		return -ENOMEM;
	if (req->pgoff + (req->len >> PAGE_SHIFT) < req->pgoff)
		return -EOVERFLOW;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	addr = get_unmapped_area(mm, addr, req->len, req->flags);
	if (IS_ERR((void *)addr))
		return addr;
	if ((req->flags & MAP_FIXED_NOREPLACE) && find_vma_intersection(mm, addr, addr + req->len))
		return -EEXIST;
	vm_flags = calc_vm_flags(req, mm);
	error = check_mapping(mm, req, addr, &vm_flags);
	if (error) {
		note_hole(mm, addr + req->len);	/* it was found, and stays one */
		return error;
	}
	if ((req->flags & MAP_NORESERVE) && sysctl_overcommit_memory != OVERCOMMIT_NEVER)
		vm_flags |= VM_NORESERVE;
	addr = mmap_region(mm, req, addr, vm_flags);
	req->populate = !IS_ERR((void *)addr) &&
			((vm_flags & VM_LOCKED_MASK) == VM_LOCKED ||
			 (req->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE);
	return addr;
}

/* vm_mmap: do_mmap() for current, with its lock, and MAP_POPULATE's work. Address or -errno. */
unsigned long vm_mmap(struct mmap_request *req)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	addr = do_mmap(mm, req);
	up_write(&mm->mmap_lock);
	if (req->populate)
		mm_populate(addr, req->len);
	return addr;
}

/* --- munmap --- */

/*
 * Empties [start, end): pages, then the page tables that nobody else needs. @first … are the VMAs
 * that were there, chained by vm_list in @gone; @prev and @next are what is left around them.
 */
static void unmap_region(struct mm_struct *mm, struct list_head *gone, struct vm_area_struct *prev,
			 struct vm_area_struct *next)
{
	struct vm_area_struct *vma = list_first_entry(gone, struct vm_area_struct, vm_list);
	unsigned long start = vma->vm_start,
		      end = list_last_entry(gone, struct vm_area_struct, vm_list)->vm_end;
	struct mmu_gather tlb;

	update_hiwater_rss(mm);
	tlb_gather_mmu(&tlb, mm, false);
	list_for_each_entry(vma, gone, vm_list)
		unmap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
	/* rmap must not come this way any more when the tables go. */
	list_for_each_entry(vma, gone, vm_list) {
		unlink_file_vma(vma);
		anon_vma_unlink(vma);
	}
	free_pgtables(&tlb, mm, start, end, prev ? prev->vm_end : 0, next ? next->vm_start : ~0UL);
	tlb_finish_mmu(&tlb);
	/* No page is left to a batch's reference; of which that is the last, it never joins a list. */
	lru_add_drain();
}

/* What was counted for a VMA is given back. */
static void uncount_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	unsigned long pages = vma_pages(vma);

	if (vma->vm_flags & VM_ACCOUNT)
		vm_unacct_memory(pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm -= pages;
	vm_stat_account(mm, vma->vm_flags, -(long)pages);
}

/*
 * Cuts the VMAs at @start and @end, so that whole ones are to go; *first is the first. 0, -ENOMEM,
 * -EINVAL (vma_may_split).
 */
static int split_at_borders(struct mm_struct *mm, struct vm_area_struct **first,
			    unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = *first, *last;
	int error;

	if (start > vma->vm_start) {
		/* A hole in one VMA makes two of it: only that can pass the limit for good. */
		if (end < vma->vm_end && mm->map_count >= sysctl_max_map_count)
			return -ENOMEM;
		error = split_vma_unlimited(vma, start, true);
		if (error)
			return error;
	}
	last = find_vma(mm, end - 1);
	if (last && last->vm_start < end && end < last->vm_end) {
		error = split_vma_unlimited(last, end, true);
		if (error)
			return error;
		*first = find_vma(mm, start);	/* the new part, if both cuts were in one */
	}
	return 0;
}

/*
 * do_munmap: nothing is mapped in [start, start + len) any more.
 *
 * => mmap_lock held for writing; may sleep
 * => 0; -EINVAL; -ENOMEM: a VMA could not be split, and nothing was unmapped
 */
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	struct vm_area_struct *vma, *next, *prev;
	unsigned long end;
	LIST_HEAD(gone);
	int error;

	if ((start & ~PAGE_MASK) || start > TASK_SIZE || len > TASK_SIZE - start)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	end = start + len;
	if (!len)
		return -EINVAL;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	error = split_at_borders(mm, &vma, start, end);
	if (error)
		return error;
	/* From here on nothing can fail. */
	update_hiwater_vm(mm);
	prev = vma_prev(vma);
	for (; vma && vma->vm_start < end; vma = next) {
		next = vma_next(vma);
		vma_tree_remove(mm, vma);
		list_add_tail(&vma->vm_list, &gone);
		uncount_vma(mm, vma);
	}
	note_hole(mm, vma ? vm_start_gap(vma) : TASK_SIZE);
	unmap_region(mm, &gone, prev, vma);
	list_for_each_entry_safe(vma, next, &gone, vm_list) {
		list_del_init(&vma->vm_list);
		remove_vma(vma);
	}
	return 0;
}

int vm_munmap(unsigned long start, size_t len)
{
	struct mm_struct *mm = current->mm;
	int error;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = do_munmap(mm, start, len);
	up_write(&mm->mmap_lock);
	return error;
}
