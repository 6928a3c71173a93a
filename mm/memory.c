/*
 * memory.c - the page fault itself: what is missing, and how it comes.
 *
 * Idea:   handle_mm_fault() looks at the page-table entry that stopped the CPU;
 *         what it finds there names the case, and each case is one function:
 *
 *            nothing there    anonymous memory   do_anonymous_page   zero page, or a fresh page
 *                             a file, read       do_read_fault       the page cache's page
 *                             a file, private    do_cow_fault        a copy of it
 *                             a file, shared     do_shared_fault     the page itself, made dirty
 *            a swap entry                        do_swap_page        from swap cache or device
 *            a read-only page, written to        do_wp_page          ours alone: reuse; else copy
 *
 *         Each follows one pattern: look without the table's lock, get what may
 *         sleep (memory, I/O), take the lock, look whether the entry is still
 *         the same, and only then change it. If it is not, somebody else was
 *         first: undo, return 0, and the CPU tries again.
 * Locks:  mmap_lock for reading, then LOCK_PAGE (from swap, from files), then the
 *         page table's LOCK_PTE.
 * Above:  fault.c, gup.c.
 * Below:  rmap.c, swap_state.c, filemap.c (by vm_ops), swap.c, page_alloc.c.
 *         In Linux: mm/memory.c, which zap.c and memory_copy.c are parts of as well.
 */
#include "mm/memory.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/mempolicy.h"
#include "mm/mlock.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/userfaultfd.h"
#include "mm/vmstat.h"

/* As the OOM report shows them: 0x140dca with __GFP_ZERO, 0x140cca without. */
#define GFP_USER_PAGE (GFP_HIGHUSER_MOVABLE | __GFP_COMP)

struct page *zero_page;

/* mem_init_zero_page: after mem_init(). */
void mem_init_zero_page(void)
{
	if (zero_page)
		return;
	zero_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	BUG_ON(!zero_page);
	page_set(zero_page, PG_reserved);
}

/* update_hiwater_rss: before pages go: what they were is the peak, if it is one. */
void update_hiwater_rss(struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm);

	if (mm->hiwater_rss < rss)
		mm->hiwater_rss = rss;
}

void update_hiwater_vm(struct mm_struct *mm)
{
	if (mm->hiwater_vm < mm->total_vm)
		mm->hiwater_vm = mm->total_vm;
}

static inline bool vma_is_anonymous(const struct vm_area_struct *vma) { return !vma->vm_ops; }

static inline pte_t maybe_mkwrite(pte_t pte, const struct vm_area_struct *vma)
{
	return likely(vma->vm_flags & VM_WRITE) ? pte_mkwrite(pte) : pte;
}

/*
 * Takes the lock of the entry's table; true if the entry is still @vmf->orig_pte. Locked either
 * way.
 */
static inline bool lock_same_pte(struct vm_fault *vmf)
{
	vmf->ptl = pte_lockptr(vmf->pmd);
	vmf->pte = pte_offset(vmf->pmd, vmf->address);
	spin_lock(vmf->ptl);
	return likely(ptep_get(vmf->pte).val == vmf->orig_pte.val);
}

/*
 * The OOM reaper has emptied, or is emptying, this address space: nothing may look like zeroes
 * that was data.
 */
static inline bool address_space_unstable(const struct mm_struct *mm)
{
	return unlikely(mm->flags & MMF_UNSTABLE);
}

/* A fresh page's first PTE. => ptl held, the entry empty or replaced just now */
static void map_new_anon_page(struct vm_fault *vmf, struct page *page, pte_t pte)
{
	page_add_new_anon_rmap(page, vmf->vma, vmf->address);
	lru_cache_add_inactive_or_unevictable(page, vmf->vma);
	set_pte(vmf->pte, pte);
}

/* --- nothing there: anonymous --- */

/* A read: the shared page of zeroes, which nobody counts. */
static vm_fault_t map_zero_page(struct vm_fault *vmf)
{
	pte_t pte = pte_mkspecial(mk_pte(zero_page, vmf->vma->vm_page_prot));
	vm_fault_t ret = 0;

	if (!lock_same_pte(vmf))
		;		/* another thread's fault was first */
	else if (address_space_unstable(vmf->vma->vm_mm))
		ret = VM_FAULT_SIGBUS;
	else
		set_pte(vmf->pte, pte_wrprotect(pte));
	spin_unlock(vmf->ptl);
	return ret;
}

static vm_fault_t do_anonymous_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page;
	vm_fault_t ret = 0;

	if (unlikely(vma->vm_flags & (VM_SHARED | VM_UFFD_MISSING)))
		/* shared: a file's mapping whose owner has no operations */
		return vma->vm_flags & VM_SHARED ? VM_FAULT_SIGBUS : handle_userfault(vmf);
	if (pte_alloc(vma->vm_mm, vmf->pmd))
		return VM_FAULT_OOM;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return map_zero_page(vmf);
	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	page = vma_alloc_page(GFP_USER_PAGE | __GFP_ZERO, vma, vmf->address);
	if (!page)
		return VM_FAULT_OOM;
	if (unlikely(mem_cgroup_charge(page, vma->vm_mm, GFP_KERNEL))) {
		put_page(page);
		return VM_FAULT_OOM;
	}
	if (!lock_same_pte(vmf))	/* another thread's fault was first */
		goto unlock_free;
	if (address_space_unstable(vma->vm_mm)) {
		ret = VM_FAULT_SIGBUS;
		goto unlock_free;
	}
	add_mm_counter(vma->vm_mm, MM_ANONPAGES, 1);
	map_new_anon_page(vmf, page,
			  maybe_mkwrite(pte_mkdirty(mk_pte(page, vma->vm_page_prot)), vma));
	spin_unlock(vmf->ptl);
	/* The allocation's reference is the PTE's now. */
	return 0;

unlock_free:
	spin_unlock(vmf->ptl);
	put_page(page);
	return ret;
}

/* memory.h */
int mfill_anon_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	struct vm_fault vmf = { .vma = vma, .address = addr };
	int err = 0;

	vmf.pmd = pmd_alloc_walk(vma->vm_mm, addr);
	if (!vmf.pmd || pte_alloc(vma->vm_mm, vmf.pmd))
		return -ENOMEM;
	if (page && (anon_vma_prepare(vma) || mem_cgroup_charge(page, vma->vm_mm, GFP_KERNEL)))
		return -ENOMEM;
	if (!lock_same_pte(&vmf)) {		/* the same: none */
		err = -EEXIST;
	} else if (address_space_unstable(vma->vm_mm)) {
		err = -EFAULT;
	} else if (page) {
		add_mm_counter(vma->vm_mm, MM_ANONPAGES, 1);
		map_new_anon_page(&vmf, page,
				  maybe_mkwrite(pte_mkdirty(mk_pte(page, vma->vm_page_prot)), vma));
	} else {
		set_pte(vmf.pte, pte_wrprotect(pte_mkspecial(mk_pte(zero_page, vma->vm_page_prot))));
	}
	spin_unlock(vmf.ptl);
	return err;
}

/* --- a read-only page, written to --- */

/* The page is ours alone: it becomes writable. => ptl held, dropped */
static void wp_page_reuse(struct vm_fault *vmf)
{
	pte_t pte = maybe_mkwrite(pte_mkyoung(pte_mkdirty(vmf->orig_pte)), vmf->vma);

	set_pte(vmf->pte, pte);
	spin_unlock(vmf->ptl);
	count_vm_event(PGREUSE);
}

/* A page to copy @old to, or a zeroed one if there is no @old. Copied; NULL without memory. */
static struct page *alloc_copy(struct vm_fault *vmf, struct page *old)
{
	struct page *page = vma_alloc_page(old ? GFP_USER_PAGE : GFP_USER_PAGE | __GFP_ZERO,
					   vmf->vma, vmf->address);

	if (!page)
		return NULL;
	if (unlikely(mem_cgroup_charge(page, vmf->vma->vm_mm, GFP_KERNEL))) {
		put_page(page);
		return NULL;
	}
	if (old)
		copy_highpage(page, old);
	return page;
}

/* The counters and maps when @old (NULL: the zero page) gives way to a copy of ours. => ptl held */
static void wp_replace_old(struct vm_fault *vmf, struct page *old)
{
	struct mm_struct *mm = vmf->vma->vm_mm;

	if (!old) {
		add_mm_counter(mm, MM_ANONPAGES, 1);
	} else if (!PageAnon(old)) {
		add_mm_counter(mm, mm_counter(old), -1);
		add_mm_counter(mm, MM_ANONPAGES, 1);
	}
	/* No CPU may still read the old page once the new one is there to be written. */
	ptep_get_and_clear(vmf->pte);
	flush_tlb_page(&mm->tlb, vmf->address);
}

/*
 * A copy replaces @old, on which @vmf's caller has a reference that goes here.
 * => no lock held
 */
static vm_fault_t wp_page_copy(struct vm_fault *vmf, struct page *old)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page;

	if (unlikely(anon_vma_prepare(vma)))
		goto oom;
	page = alloc_copy(vmf, old);
	if (!page)
		goto oom;
	if (!lock_same_pte(vmf) || address_space_unstable(vma->vm_mm)) {
		/* Another thread copied it, or reclaim took it; or all of this is being reaped. */
		spin_unlock(vmf->ptl);
		put_page(page);
		if (old)
			put_page(old);
		return address_space_unstable(vma->vm_mm) ? VM_FAULT_SIGBUS : 0;
	}
	wp_replace_old(vmf, old);
	map_new_anon_page(vmf, page,
			  maybe_mkwrite(pte_mkdirty(mk_pte(page, vma->vm_page_prot)), vma));
	if (old) {
		/* After the new PTE stands: whoever finds the old page unmapped may reuse it. */
		page_remove_rmap(old);
		if (unlikely(vma->vm_flags & VM_LOCKED))
			munlock_vma_page(old);
	}
	spin_unlock(vmf->ptl);
	if (old) {
		put_page(old);	/* the PTE's reference */
		put_page(old);	/* ours */
	}
	return 0;

oom:
	if (old)
		put_page(old);
	return VM_FAULT_OOM;
}

/*
 * Whether no other process has @page: no PTE, no swap entry. => page locked, ptl held.
 * A page of the swap cache leaves it: its copy on the device will be out of date.
 */
static bool page_is_ours_alone(struct page *page)
{
	if (PageSwapCache(page))
		return reuse_swap_page(page);
	return page_mapcount(page) == 1;
}

/* An anonymous page, read-only since a fork or since it came from swap. => ptl held, dropped */
static vm_fault_t wp_page_anon(struct vm_fault *vmf, struct page *page)
{
	if (page_test(page, PG_anon_exclusive)) {
		wp_page_reuse(vmf);
		return 0;
	}
	if (trylock_page(page)) {
		bool ours = page_is_ours_alone(page);

		if (ours)
			page_set(page, PG_anon_exclusive);
		unlock_page(page);
		if (ours) {
			wp_page_reuse(vmf);
			return 0;
		}
	}
	get_page(page);
	spin_unlock(vmf->ptl);
	return wp_page_copy(vmf, page);
}

/*
 * Asks the file's owner whether @page may be written (space, a frozen file). VM_FAULT_LOCKED: yes,
 * locked.
 */
static vm_fault_t do_page_mkwrite(struct vm_fault *vmf, struct page *page)
{
	vm_fault_t ret;

	vmf->page = page;
	ret = vmf->vma->vm_ops->page_mkwrite(vmf);
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE))
		return ret;
	if (!(ret & VM_FAULT_LOCKED)) {
		lock_page(page);
		if (!page->mapping) {	/* truncated meanwhile */
			unlock_page(page);
			return VM_FAULT_NOPAGE;
		}
		ret |= VM_FAULT_LOCKED;
	}
	return ret;
}

/*
 * A shared page has become writable: it is dirty from now on. => page locked, unlocked here; no
 * spinlock
 */
static void fault_dirty_shared_page(struct vm_fault *vmf, struct page *page)
{
	struct address_space *mapping = vmf->vma->vm_mapping;
	bool dirtied = set_page_dirty(page);

	unlock_page(page);
	if (mapping && (dirtied || vmf->vma->vm_ops->page_mkwrite))
		balance_dirty_pages_ratelimited(mapping);
}

/* A shared file mapping, read-only so that the first write be noticed. => ptl held, dropped */
static vm_fault_t wp_page_shared(struct vm_fault *vmf, struct page *page)
{
	const struct vm_operations_struct *ops = vmf->vma->vm_ops;
	vm_fault_t ret = 0;

	if (!page) {		/* a device's memory: nothing to keep track of */
		wp_page_reuse(vmf);
		return 0;
	}
	get_page(page);
	spin_unlock(vmf->ptl);
	if (ops && ops->page_mkwrite)
		ret = do_page_mkwrite(vmf, page);
	else
		lock_page(page);
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) {
		put_page(page);
		return ret & VM_FAULT_ERROR;
	}
	if (!lock_same_pte(vmf)) {
		spin_unlock(vmf->ptl);
		unlock_page(page);
	} else {
		wp_page_reuse(vmf);
		fault_dirty_shared_page(vmf, page);
	}
	put_page(page);
	return 0;
}

/* do_wp_page: => ptl held and dropped; the entry is present and read-only, the VMA is writable. */
static vm_fault_t do_wp_page(struct vm_fault *vmf)
{
	struct page *page = vm_normal_page(vmf->orig_pte);

	if (page && unlikely(page_test(page, PG_migrating))) {
		wait_on_page_migration(page, vmf->ptl);
		return 0;		/* it is somewhere else now: look again */
	}
	if ((vmf->vma->vm_flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		return wp_page_shared(vmf, page);
	if (page && PageAnon(page))
		return wp_page_anon(vmf, page);
	if (page)
		get_page(page);
	spin_unlock(vmf->ptl);
	return wp_page_copy(vmf, page);
}

/* --- a swap entry --- */

/*
 * The page of @entry, from the cache or (major) from the device, with a reference. NULL: no
 * memory.
 */
static struct page *get_swapped_page(struct vm_fault *vmf, swp_entry_t entry, vm_fault_t *ret)
{
	struct page *page = lookup_swap_cache(entry);

	if (page)
		return page;
	page = swapin_readahead(entry, GFP_USER_PAGE, vmf);
	if (page) {
		*ret |= VM_FAULT_MAJOR;
		count_vm_event(PGMAJFAULT);
		count_memcg_event_mm(vmf->vma->vm_mm, PGMAJFAULT);
	}
	return page;
}

/*
 * Locks @page. It is being read, perhaps for long: a first try waits without mmap_lock and
 * asks to be called again (false, VM_FAULT_RETRY, the lock and the reference dropped).
 */
static bool lock_page_or_retry(struct vm_fault *vmf, struct page *page)
{
	if (trylock_page(page))
		return true;
	if ((vmf->flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_TRIED)) != FAULT_FLAG_ALLOW_RETRY) {
		lock_page(page);
		return true;
	}
	up_read(&vmf->vma->vm_mm->mmap_lock);
	wait_on_page_locked(page);
	put_page(page);
	return false;
}

/* No page could be had: no memory, or the entry went while we tried. */
static vm_fault_t swapin_failed(struct vm_fault *vmf)
{
	bool same = lock_same_pte(vmf);

	spin_unlock(vmf->ptl);
	return same ? VM_FAULT_OOM : 0;
}

/* The entry becomes a PTE. => page locked and up to date, ptl held and the entry unchanged */
static void map_swapped_page(struct vm_fault *vmf, struct page *page, swp_entry_t entry)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t pte = mk_pte(page, vma->vm_page_prot);
	bool ours = false;

	if (pte_soft_dirty(vmf->orig_pte))
		pte = pte_mksoft_dirty(pte);

	add_mm_counter(vma->vm_mm, MM_ANONPAGES, 1);
	add_mm_counter(vma->vm_mm, MM_SWAPENTS, -1);
	/* Not mapped yet, one swap entry: a write by the only owner needs no second fault. */
	if ((vmf->flags & FAULT_FLAG_WRITE) && reuse_swap_page(page)) {
		pte = maybe_mkwrite(pte_mkdirty(pte), vma);
		vmf->flags &= ~FAULT_FLAG_WRITE;
		ours = true;
	}
	page_add_anon_rmap(page, vma, vmf->address);
	if (ours)
		page_set(page, PG_anon_exclusive);
	set_pte(vmf->pte, pte);
	vmf->orig_pte = pte;
	swap_free(entry);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_vma_page(page);
}

/*
 * do_swap_page: the page that reclaim has written out comes back.
 *
 * => mmap_lock held for reading; dropped if VM_FAULT_RETRY is returned
 */
static vm_fault_t do_swap_page(struct vm_fault *vmf)
{
	swp_entry_t entry = pte_to_swp_entry(vmf->orig_pte);
	vm_fault_t ret = 0;
	struct page *page;

	if (unlikely(swp_is_lost(entry)))
		return VM_FAULT_SIGBUS;		/* swapoff could not read it */
	if (unlikely(anon_vma_prepare(vmf->vma)))
		return VM_FAULT_OOM;
	page = get_swapped_page(vmf, entry, &ret);
	if (!page)
		return swapin_failed(vmf);
	if (!lock_page_or_retry(vmf, page))
		return ret | VM_FAULT_RETRY;
	/*
	 * Between look-up and lock another fault may have freed the slot, and somebody else filled
	 * it.
	 */
	if (unlikely(!PageSwapCache(page) || page->private != entry.val))
		goto unlock_page;
	if (!lock_same_pte(vmf))
		goto unlock_pte;
	if (unlikely(!page_test(page, PG_uptodate))) {	/* the device could not read it */
		ret = VM_FAULT_SIGBUS;
		goto unlock_pte;
	}
	map_swapped_page(vmf, page, entry);
	/*
	 * A copy on the device that need not be written again is worth its slot, unless slots are
	 * short.
	 */
	if (PageSwapCache(page) && (mem_cgroup_swap_full(page) || page_test(page, PG_mlocked)))
		try_to_free_swap(page);
	unlock_page(page);
	if (vmf->flags & FAULT_FLAG_WRITE) {	/* shared with a relative: copy it */
		ret |= do_wp_page(vmf);		/* drops ptl */
		return ret & VM_FAULT_ERROR ? ret & VM_FAULT_ERROR : ret;
	}
	spin_unlock(vmf->ptl);
	return ret;	/* the cache look-up's reference is the PTE's now */

unlock_pte:
	spin_unlock(vmf->ptl);
unlock_page:
	unlock_page(page);
	put_page(page);
	return ret;
}

/* --- nothing there: a file --- */

/*
 * vmf->page: from the page cache or wherever the owner has it, locked and referenced unless the
 * result says otherwise.
 */
static vm_fault_t fetch_page(struct vm_fault *vmf)
{
	vm_fault_t ret = vmf->vma->vm_ops->fault(vmf);

	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY))
		return ret;
	BUG_ON(!vmf->page);
	if (!(ret & VM_FAULT_LOCKED)) {
		lock_page(vmf->page);
		ret |= VM_FAULT_LOCKED;
	}
	return ret;
}

/* A page of a file gets a PTE. => ptl held, the entry empty; the page referenced and locked */
static void map_file_page(struct vm_area_struct *vma, struct page *page, pte_t *ptep, bool write)
{
	pte_t pte = mk_pte(page, vma->vm_page_prot);

	if (write)
		pte = maybe_mkwrite(pte_mkdirty(pte), vma);
	add_mm_counter(vma->vm_mm, mm_counter(page), 1);
	page_add_file_rmap(page);
	set_pte(ptep, pte);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_vma_page(page);
}

/*
 * 64 KiB around a read of a file: what is in the page cache there is mapped along (Linux's
 * fault_around_bytes).
 */
#define FAULT_AROUND_PAGES 16UL

/* Maps one page of the window, if it is there, whole and idle. */
static void fault_around_one(struct vm_fault *vmf, pte_t *pte, unsigned long pgoff,
			     unsigned long end_pgoff)
{
	struct address_space *mapping = vmf->vma->vm_mapping;
	struct page *page;

	if (!pte_none(ptep_get(pte)))
		return;
	page = find_get_page(mapping, pgoff);
	if (!page)
		return;
	if (!trylock_page(page))
		goto put;
	/* Locked, so it stays in the file; the file may have become shorter. */
	if (page->mapping == mapping && page_test(page, PG_uptodate) &&
	    !page_test(page, PG_readahead) && pgoff < end_pgoff) {
		map_file_page(vmf->vma, page, pte, false);
		unlock_page(page);
		return;
	}
	unlock_page(page);
put:
	put_page(page);
}

/* True if the page that faulted is mapped now. */
static bool do_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *mapping = vma->vm_mapping;
	unsigned long addr =
		MAX(vmf->address & ~(FAULT_AROUND_PAGES * PAGE_SIZE - 1), vma->vm_start);
	unsigned long end =
		MIN((vmf->address | (FAULT_AROUND_PAGES * PAGE_SIZE - 1)) + 1, vma->vm_end);
	unsigned long pgoff = vmf->pgoff - ((vmf->address - addr) >> PAGE_SHIFT), end_pgoff;
	pte_t *pte = pte_offset(vmf->pmd, addr);
	bool done;

	end_pgoff = DIV_ROUND_UP((u64)READ_ONCE(*mapping->i_size), PAGE_SIZE);
	vmf->ptl = pte_lockptr(vmf->pmd);
	spin_lock(vmf->ptl);
	for (; addr < end; addr += PAGE_SIZE, pte++, pgoff++)
		fault_around_one(vmf, pte, pgoff, end_pgoff);
	done = !pte_none(ptep_get(pte_offset(vmf->pmd, vmf->address)));
	spin_unlock(vmf->ptl);
	return done;
}

static vm_fault_t do_read_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret;

	/* What was reaped may have been a private copy: the file's page is not what was there. */
	if (address_space_unstable(vma->vm_mm) && !(vma->vm_flags & VM_SHARED))
		return VM_FAULT_SIGBUS;
	if (vma->vm_mapping && vma->vm_mapping->nrpages > 1 && do_fault_around(vmf))
		return 0;
	ret = fetch_page(vmf);
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY))
		return ret;
	if (lock_same_pte(vmf)) {
		map_file_page(vma, vmf->page, vmf->pte, false);
		spin_unlock(vmf->ptl);
		unlock_page(vmf->page);
		return ret;
	}
	spin_unlock(vmf->ptl);
	unlock_page(vmf->page);
	put_page(vmf->page);
	return ret;
}

static vm_fault_t do_cow_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *copy;
	vm_fault_t ret;

	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	copy = vma_alloc_page(GFP_USER_PAGE, vma, vmf->address);
	if (!copy)
		return VM_FAULT_OOM;
	if (unlikely(mem_cgroup_charge(copy, vma->vm_mm, GFP_KERNEL))) {
		put_page(copy);
		return VM_FAULT_OOM;
	}
	ret = fetch_page(vmf);
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) {
		put_page(copy);
		return ret;
	}
	copy_highpage(copy, vmf->page);
	unlock_page(vmf->page);
	put_page(vmf->page);
	if (!lock_same_pte(vmf) || address_space_unstable(vma->vm_mm)) {
		spin_unlock(vmf->ptl);
		put_page(copy);
		return address_space_unstable(vma->vm_mm) ? VM_FAULT_SIGBUS : ret;
	}
	add_mm_counter(vma->vm_mm, MM_ANONPAGES, 1);
	map_new_anon_page(
		vmf, copy,
		maybe_mkwrite(pte_mkdirty(mk_pte(copy, vma->vm_page_prot)), vma));
	spin_unlock(vmf->ptl);
	return ret;
}

static vm_fault_t do_shared_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret = fetch_page(vmf), allowed;
	struct page *page = vmf->page;

	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY))
		return ret;
	if (vma->vm_ops->page_mkwrite) {
		unlock_page(page);
		allowed = do_page_mkwrite(vmf, page);
		if (allowed & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) {
			put_page(page);
			return allowed;
		}
	}
	if (!lock_same_pte(vmf)) {
		spin_unlock(vmf->ptl);
		unlock_page(page);
		put_page(page);
		return ret;
	}
	map_file_page(vma, page, vmf->pte, true);
	spin_unlock(vmf->ptl);
	fault_dirty_shared_page(vmf, page);
	return ret;
}

static vm_fault_t do_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;

	if (!vma->vm_ops->fault)
		return VM_FAULT_SIGBUS;
	if (pte_alloc(vma->vm_mm, vmf->pmd))
		return VM_FAULT_OOM;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return do_read_fault(vmf);
	if (!(vma->vm_flags & VM_SHARED))
		return do_cow_fault(vmf);
	return do_shared_fault(vmf);
}

/* --- the fork in the road --- */

/* The entry is present, and yet the CPU stopped. */
static vm_fault_t handle_present_pte(struct vm_fault *vmf)
{
	u64 bits = _PAGE_ACCESSED;

	if (!lock_same_pte(vmf)) {
		spin_unlock(vmf->ptl);
		return 0;
	}
	if (vmf->flags & FAULT_FLAG_WRITE) {
		if (!pte_write(vmf->orig_pte))
			return do_wp_page(vmf);
		bits |= _PAGE_DIRTY;
	}
	/* Atomic: another thread's CPU may be setting the dirty bit of a writable entry just now. */
	if ((vmf->orig_pte.val & bits) != bits)
		__atomic_fetch_or(&vmf->pte->val, bits, __ATOMIC_SEQ_CST);
	/* Else another thread has just done what was needed; this CPU's TLB may not know. */
	flush_tlb_local_page(vmf->address);
	spin_unlock(vmf->ptl);
	return 0;
}

static vm_fault_t handle_pte_fault(struct vm_fault *vmf)
{
	vmf->orig_pte.val = 0;
	if (!pmd_none(*vmf->pmd))
		vmf->orig_pte = ptep_get(pte_offset(vmf->pmd, vmf->address));
	if (pte_none(vmf->orig_pte))
		return vma_is_anonymous(vmf->vma) ? do_anonymous_page(vmf) : do_fault(vmf);
	if (!pte_present(vmf->orig_pte))
		return do_swap_page(vmf);
	return handle_present_pte(vmf);
}

/* Whose fault it was: getrusage's minor and major. A retried one waited for I/O. */
static inline void mm_account_fault(unsigned int flags, vm_fault_t ret)
{
	if (ret & (VM_FAULT_ERROR | VM_FAULT_RETRY))
		return;
	if (unlikely((ret & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED)))
		current->maj_flt++;
	else
		current->min_flt++;
}

/*
 * handle_mm_fault: brings what @vma has at @address, for reading or (FAULT_FLAG_WRITE) writing.
 *
 * => mmap_lock held for reading; dropped only if VM_FAULT_RETRY is returned
 * => the VMA allows the access
 * => VM_FAULT_OOM, _SIGBUS: it could not
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			   struct pt_regs *regs)
{
	struct task_struct *task = current;
	struct vm_fault vmf;		/* each case sets what it adds */
	vm_fault_t ret;

	VM_BUG_ON(address < vma->vm_start || address >= vma->vm_end);
	count_vm_event(PGFAULT);
	count_memcg_event_mm(vma->vm_mm, PGFAULT);
	if (flags & FAULT_FLAG_USER)
		task->in_user_fault = true;
	vmf.vma = vma;
	vmf.address = address & PAGE_MASK;
	vmf.real_address = address;
	vmf.pgoff = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
	vmf.flags = flags;
	vmf.page = NULL;
	vmf.pmd = pmd_alloc_walk(vma->vm_mm, vmf.address);
	ret = likely(vmf.pmd) ? handle_pte_fault(&vmf) : VM_FAULT_OOM;
	task->in_user_fault = false;
	mm_account_fault(flags, ret);
	return ret;
}
