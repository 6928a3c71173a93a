/*
 * rmap.c - from a page to every page-table entry that maps it.
 *
 * Idea:   A page does not list its PTEs. It names an object, and the object
 *         lists the VMAs that may map its pages; where in a VMA the page would
 *         be follows from its index:
 *
 *            page->mapping ──> anon_vma ──> VMA (parent)   address = vm_start +
 *            page->index                ──> VMA (child)      (index - vm_pgoff) pages
 *
 *            page->mapping ──> address_space ──> VMAs of every process that maps the file
 *
 *         The candidate PTE is looked at, under its lock: it maps the page or it
 *         doesn't. One anon_vma serves a family of forks (a child's VMA joins its
 *         parent's), so a page is found wherever fork has copied its PTE.
 *         An anon_vma lives as long as a VMA is in it. A walker that comes from a
 *         page gets its reference under a hashed spinlock, which the last VMA to
 *         leave takes as well: a page that is mapped has an anon_vma that lives.
 * Locks:  LOCK_I_MMAP or LOCK_ANON_VMA for the list, then LOCK_PTE.
 * Above:  pageout.c tests and unmaps; memory.c, zap.c, memory_copy.c add and remove.
 * Below:  pgtable.c, swapfile.c.   In Linux: mm/rmap.c (one level of anon_vma here, a tree there).
 */
#include "mm/rmap.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/swapfile.h"
#include "mm/vmstat.h"

static struct kmem_cache *anon_vma_cache;	/* c */

/* Guards the step of a refcount from 0 to 1 and back; by the anon_vma's address. */
#define REF_LOCKS 16
static spinlock_t ref_locks[REF_LOCKS];

static spinlock_t *ref_lock(const struct anon_vma *av)
{
	return &ref_locks[((unsigned long)av >> 6) % REF_LOCKS];
}

/* anon_vma_init: once, after kmem_cache_init(). */
void anon_vma_init(void)
{
	anon_vma_cache = kmem_cache_create("anon_vma", sizeof(struct anon_vma), 0,
					   SLAB_PANIC | SLAB_ACCOUNT, NULL);
	for (int i = 0; i < REF_LOCKS; i++)
		spin_lock_init(&ref_locks[i], LOCK_PGD);
}

static struct anon_vma *anon_vma_alloc(void)
{
	struct anon_vma *av = kmem_cache_alloc(anon_vma_cache, GFP_KERNEL_ACCOUNT);

	if (!av)
		return NULL;
	init_rwsem(&av->rwsem, LOCK_ANON_VMA);
	av->refcount = 1;
	INIT_LIST_HEAD(&av->vmas);
	return av;
}

/* Drops a reference; the last one frees, unless a walker was quicker (see page_get_anon_vma). */
static void put_anon_vma(struct anon_vma *av)
{
	spinlock_t *lock = ref_lock(av);
	int old = av->refcount;
	bool last;

	while (old > 1)
		if (atomic_compare_exchange_weak(&av->refcount, &old, old - 1))
			return;
	spin_lock(lock);
	last = atomic_fetch_sub(&av->refcount, 1) == 1;
	spin_unlock(lock);
	if (!last)
		return;
	BUG_ON(!list_empty(&av->vmas));
	kmem_cache_free(anon_vma_cache, av);
}

/*
 * page_get_anon_vma: the anon_vma of @page with a reference, NULL if the page is not mapped any
 * more.
 *
 * => @page is anonymous, and cannot be freed (locked, or a reference is held)
 * While it is mapped, a VMA that maps it holds the anon_vma. An unmapper drops the
 * mapcount first and the anon_vma later, the last time under ref_lock: so if the
 * page is still mapped under that lock, the anon_vma has not gone.
 */
static struct anon_vma *page_get_anon_vma(struct page *page)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);
	struct anon_vma *av = (struct anon_vma *)(mapping & ~PAGE_MAPPING_ANON);
	spinlock_t *lock = ref_lock(av);

	if (!(mapping & PAGE_MAPPING_ANON))
		return NULL;
	spin_lock(lock);
	/* In this order: page_add_anon_rmap() sets the mapping before it counts. */
	if (page_mapped(page) && (unsigned long)READ_ONCE(page->mapping) == mapping)
		av->refcount++;
	else
		av = NULL;
	spin_unlock(lock);
	return av;
}

/* --- VMAs join and leave --- */

static void anon_vma_add(struct anon_vma *av, struct vm_area_struct *vma)
{
	down_write(&av->rwsem);
	list_add_tail(&vma->anon_vma_node, &av->vmas);
	up_write(&av->rwsem);
}

/*
 * May pages of both live in one anon_vma? Neighbours that differ in rights only may be merged one
 * day.
 */
static bool anon_vma_compatible(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	return a->vm_end == b->vm_start && a->vm_mapping == b->vm_mapping &&
	       a->vm_file == b->vm_file && !((a->vm_flags ^ b->vm_flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) &&
	       b->vm_pgoff == a->vm_pgoff + (b->vm_start - a->vm_start) / PAGE_SIZE;
}

/* A neighbour whose anon_vma @vma may share, or NULL. */
static struct vm_area_struct *find_mergeable_anon_vma(struct vm_area_struct *vma)
{
	struct list_head *head = &vma->vm_mm->mmap_list;
	struct vm_area_struct *near;

	if (!list_is_last(&vma->vm_list, head)) {
		near = list_next_entry(vma, vm_list);
		if (near->anon_vma && !(near->anon_id & ANON_ID_FORKED) &&
		    anon_vma_compatible(vma, near))
			return near;
	}
	if (!list_is_first(&vma->vm_list, head)) {
		near = list_prev_entry(vma, vm_list);
		if (near->anon_vma && !(near->anon_id & ANON_ID_FORKED) &&
		    anon_vma_compatible(near, vma))
			return near;
	}
	return NULL;
}

/*
 * __anon_vma_prepare: anon_vma_prepare() where @vma has no anon_vma yet: it gets one.
 *
 * => mmap_lock held for reading at least: a neighbour's anon_vma cannot go
 * => 0, -ENOMEM; may sleep
 */
int __anon_vma_prepare(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct anon_vma *av, *fresh = NULL;
	struct vm_area_struct *near = find_mergeable_anon_vma(vma);

	if (near)
		av = near->anon_vma;
	else
		av = fresh = anon_vma_alloc();
	if (!av)
		return -ENOMEM;
	down_write(&av->rwsem);
	spin_lock(&mm->page_table_lock);
	if (!vma->anon_vma) {	/* or another thread's fault came first */
		vma->anon_vma = av;
		vma->anon_id = near ? near->anon_id : (unsigned long)av;
		list_add_tail(&vma->anon_vma_node, &av->vmas);
		if (!fresh)
			av->refcount++;
		fresh = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	up_write(&av->rwsem);
	if (fresh)
		put_anon_vma(fresh);
	return 0;
}

/*
 * anon_vma_link: @vma, a copy of another VMA (fork, split, mremap) with its
 * anon_vma pointer copied, becomes a member of that anon_vma.
 *
 * => the VMA it was copied from is still in it; mmap_lock held for writing
 */
void anon_vma_link(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;

	if (!av)
		return;
	av->refcount++;
	anon_vma_add(av, vma);
}

/* anon_vma_unlink: @vma leaves; its pages are unmapped, or mapped by another VMA of the family. */
void anon_vma_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;

	if (!av)
		return;
	down_write(&av->rwsem);
	list_del(&vma->anon_vma_node);
	up_write(&av->rwsem);
	vma->anon_vma = NULL;
	vma->anon_id = 0;
	put_anon_vma(av);
}

void vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_mapping;

	if (!mapping)
		return;
	down_write(&mapping->i_mmap_rwsem);
	list_add_tail(&vma->i_mmap_node, &mapping->i_mmap);
	up_write(&mapping->i_mmap_rwsem);
}

void unlink_file_vma(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_mapping;

	if (!mapping)
		return;
	down_write(&mapping->i_mmap_rwsem);
	list_del(&vma->i_mmap_node);
	up_write(&mapping->i_mmap_rwsem);
}

void vma_rmap_lock(struct vm_area_struct *vma)
{
	if (vma->vm_mapping)
		down_write(&vma->vm_mapping->i_mmap_rwsem);
	if (vma->anon_vma)
		down_write(&vma->anon_vma->rwsem);
}

void vma_rmap_unlock(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		up_write(&vma->anon_vma->rwsem);
	if (vma->vm_mapping)
		up_write(&vma->vm_mapping->i_mmap_rwsem);
}

/* --- mapcounts: => the page table's lock is held --- */

/* page_add_new_anon_rmap: a page that nobody else has seen gets its first PTE. */
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long addr)
{
	BUG_ON(!vma->anon_vma);
	page->index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	page->mapping = (void *)((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON);
	page->_mapcount = 0;
	page_set(page, PG_swapbacked | PG_uptodate | PG_anon_exclusive);
	mod_page_state(page, NR_ANON_MAPPED, 1);
}

/*
 * page_add_anon_rmap: one PTE more for an anonymous page; of one from swap it may be the first. =>
 * page locked.
 */
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long addr)
{
	BUG_ON(!vma->anon_vma || !page_test(page, PG_locked));
	if (!page_mapped(page)) {
		/*
		 * Fresh from the swap device, or long unmapped: its old anon_vma may be gone. All
		 * who have
		 * its swap entry are of one family, so this VMA's anon_vma finds them all.
		 */
		page->index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
		WRITE_ONCE(page->mapping,
			   (void *)((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON));
	}
	if (atomic_fetch_add(&page->_mapcount, 1) == -1)
		mod_page_state(page, NR_ANON_MAPPED, 1);
}

void page_add_file_rmap(struct page *page)
{
	if (atomic_fetch_add(&page->_mapcount, 1) == -1)
		mod_page_state(page, NR_FILE_MAPPED, 1);
}

/*
 * page_dup_rmap: fork copies the PTE. An anonymous page is shared from now on: a write must copy
 * it.
 */
void page_dup_rmap(struct page *page)
{
	if (PageAnon(page) && page_test(page, PG_anon_exclusive))
		page_clear(page, PG_anon_exclusive);
	page->_mapcount++;
}

/*
 * page_remove_rmap: a PTE that mapped @page has gone. page->mapping stays until the page is freed.
 */
void page_remove_rmap(struct page *page)
{
	int old = atomic_fetch_sub(&page->_mapcount, 1);

	BUG_ON(old < 0);
	if (old == 0)
		mod_page_state(page, PageAnon(page) ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
}

/* --- walks --- */

/*
 * vma_address: where @page would be in @vma; -EFAULT if it lies outside. => the object's lock
 * held.
 */
unsigned long vma_address(struct page *page, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start + ((page->index - vma->vm_pgoff) << PAGE_SHIFT);

	if (page->index < vma->vm_pgoff || addr < vma->vm_start || addr >= vma->vm_end)
		return -EFAULT;
	return addr;
}

pte_t *page_check_address(struct page *page, struct mm_struct *mm, unsigned long addr,
			  spinlock_t **ptl)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	pte_t *ptep, pte;

	if (!pmd || pmd_none(*pmd))
		return NULL;
	/*
	 * A look without the lock first: most VMAs of a family have copied, or never had, the
	 * page.
	 */
	ptep = pte_offset(pmd, addr);
	pte = ptep_get(ptep);
	if (!pte_present(pte) || pte_pfn(pte) != page_to_pfn(page))
		return NULL;
	*ptl = pte_lockptr(pmd);
	spin_lock(*ptl);
	pte = ptep_get(ptep);
	if (pte_present(pte) && pte_pfn(pte) == page_to_pfn(page))
		return ptep;
	spin_unlock(*ptl);
	return NULL;
}

static void rmap_walk_anon(struct page *page, struct rmap_walk *walk)
{
	struct anon_vma *av = page_get_anon_vma(page);
	struct vm_area_struct *vma;

	if (!av)
		return;
	down_read(&av->rwsem);
	list_for_each_entry(vma, &av->vmas, anon_vma_node) {
		unsigned long addr = vma_address(page, vma);

		if (addr != (unsigned long)-EFAULT && !walk->visit(page, vma, addr, walk))
			break;
		if (!page_mapped(page))
			break;
	}
	up_read(&av->rwsem);
	put_anon_vma(av);
}

static void rmap_walk_file(struct page *page, struct rmap_walk *walk)
{
	struct address_space *mapping = page->mapping;
	struct vm_area_struct *vma;

	if (!mapping)		/* truncated */
		return;
	down_read(&mapping->i_mmap_rwsem);
	list_for_each_entry(vma, &mapping->i_mmap, i_mmap_node) {
		unsigned long addr = vma_address(page, vma);

		if (addr != (unsigned long)-EFAULT && !walk->visit(page, vma, addr, walk))
			break;
		if (!page_mapped(page))
			break;
	}
	up_read(&mapping->i_mmap_rwsem);
}

void rmap_walk(struct page *page, struct rmap_walk *walk)
{
	if (PageAnon(page))
		rmap_walk_anon(page, walk);
	else
		rmap_walk_file(page, walk);
}

/*
 * Clears the accessed bit. No flush: a stale one costs accuracy only, and x86 Linux leaves it as
 * well.
 */
static bool page_referenced_one(struct page *page, struct vm_area_struct *vma, unsigned long addr,
				struct rmap_walk *walk)
{
	spinlock_t *ptl;
	pte_t *pte = page_check_address(page, vma->vm_mm, addr, &ptl);

	if (!pte)
		return true;
	if (vma->vm_flags & VM_LOCKED) {	/* it stays, however old it is */
		pte_unmap_unlock(pte, ptl);
		walk->vm_flags |= VM_LOCKED;
		return false;
	}
	if (pte_young(ptep_get(pte))) {
		__atomic_fetch_and(&pte->val, ~_PAGE_ACCESSED, __ATOMIC_SEQ_CST);
		/* Read once from front to back: its use says nothing about another use. */
		if (!(vma->vm_flags & VM_SEQ_READ)) {
			walk->count++;
			walk->vm_flags |= vma->vm_flags;
		}
	}
	pte_unmap_unlock(pte, ptl);
	return true;
}

/*
 * page_referenced: how many PTEs of @page were used since the last call; tests and clears their
 * bits.
 *
 * => page locked (@is_locked), or off the LRU with a reference held
 * => *vm_flags: of the VMAs through which it was used; VM_LOCKED: the page must stay
 * => may sleep. A busy file page counts as used.
 */
int page_referenced(struct page *page, bool is_locked, unsigned long *vm_flags)
{
	struct rmap_walk walk = { .visit = page_referenced_one };
	bool we_locked = false;

	*vm_flags = 0;
	if (!page_mapped(page))
		return 0;
	if (!is_locked && !PageAnon(page)) {
		we_locked = trylock_page(page);
		if (!we_locked)
			return 1;
	}
	rmap_walk(page, &walk);
	if (we_locked)
		unlock_page(page);
	*vm_flags = walk.vm_flags;
	return walk.count;
}

/* --- unmapping --- */

/*
 * Puts @page's swap entry where @pte was. False, and @pte is back: no count left, or too late to
 * throw it away.
 */
static bool unmap_to_swap(struct page *page, struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	swp_entry_t entry = { .val = page->private };
	pte_t swp = swp_entry_to_pte(entry);

	if (swap_duplicate(entry) < 0) {
		set_pte(ptep, pte);
		return false;
	}
	add_mm_counter(mm, MM_ANONPAGES, -1);
	add_mm_counter(mm, MM_SWAPENTS, 1);
	page_clear(page, PG_anon_exclusive);
	set_pte(ptep, pte_soft_dirty(pte) ? pte_swp_mksoft_dirty(swp) : swp);
	return true;
}

/*
 * MADV_FREE: dropped if it is still clean; written since: it is an ordinary page again. Somebody else
 * who has a reference may be about to write (access_remote_vm), and make it dirty then: it stays.
 */
static bool unmap_lazyfree(struct page *page, struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	bool dirty = page_test(page, PG_dirty);

	if (dirty || page_count(page) != page_mapcount(page) + 1) {
		set_pte(ptep, pte);
		if (dirty)
			page_set(page, PG_swapbacked);
		return false;
	}
	add_mm_counter(mm, MM_ANONPAGES, -1);
	return true;
}

/* What replaces the PTE of @page. False: the PTE was put back, the page must stay. */
static bool replace_pte(struct page *page, struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	if (!PageAnon(page)) {
		add_mm_counter(mm, mm_counter(page), -1);
		return true;
	}
	if (PageSwapCache(page))
		return unmap_to_swap(page, mm, ptep, pte);
	if (!page_test(page, PG_swapbacked))
		return unmap_lazyfree(page, mm, ptep, pte);
	set_pte(ptep, pte);	/* anonymous, and no slot: nowhere to go */
	return false;
}

/* One PTE. False ends the walk: the page stays mapped here. */
static bool try_to_unmap_one(struct page *page, struct vm_area_struct *vma, unsigned long addr,
			     struct rmap_walk *walk)
{
	struct mm_struct *mm = vma->vm_mm;
	spinlock_t *ptl;
	pte_t *ptep = page_check_address(page, mm, addr, &ptl), pte;

	if (!ptep)
		return true;
	if (vma->vm_flags & VM_LOCKED) {
		mlock_vma_page(page);
		pte_unmap_unlock(ptep, ptl);
		return false;
	}
	update_hiwater_rss(mm);
	pte = ptep_get_and_clear(ptep);
	tlb_batch_add(walk->tlb, &mm->tlb);
	/*
	 * A CPU that has the entry in its TLB as dirty may write on until the flush; a clean one
	 * would look here, and fault.
	 */
	if (pte_dirty(pte))
		set_page_dirty(page);
	if (!replace_pte(page, mm, ptep, pte)) {
		pte_unmap_unlock(ptep, ptl);
		return false;
	}
	page_remove_rmap(page);
	pte_unmap_unlock(ptep, ptl);
	put_page(page);		/* the PTE's reference; the caller has its own */
	return true;
}

/*
 * try_to_unmap: takes every PTE of @page away: swap entries replace those of an
 * anonymous page, nothing those of a file's (it can be read again).
 *
 * => page locked, off the LRU, the caller holds a reference; an anonymous page is in
 *    the swap cache (or lazily freed)
 * => may sleep on the rmap locks
 * => true: no PTE is left; false: one is locked in memory, or has no way out
 * => either way some TLBs may still have entries: tlb_batch_flush(@tlb) before the page is
 *    unlocked (a fault would map it again, with other rights), written or freed
 */
bool try_to_unmap(struct page *page, struct tlb_batch *tlb)
{
	struct rmap_walk walk = { .visit = try_to_unmap_one, .tlb = tlb };

	BUG_ON(!page_test(page, PG_locked));
	rmap_walk(page, &walk);
	return !page_mapped(page);
}

static bool page_mkclean_one(struct page *page, struct vm_area_struct *vma, unsigned long addr,
			     struct rmap_walk *walk)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	spinlock_t *ptl;
	pte_t *ptep, pte;

	if (!(vma->vm_flags & VM_SHARED) || !pmd || pmd_none(*pmd))
		return true;
	/* No look without the lock: zap.c may have taken the entry out, and is about to say that it was dirty. */
	ptl = pte_lockptr(pmd);
	ptep = pte_offset(pmd, addr);
	spin_lock(ptl);
	pte = ptep_get(ptep);
	if (pte_present(pte) && pte_pfn(pte) == page_to_pfn(page) && (pte_dirty(pte) || pte_write(pte))) {
		pte = ptep_get_and_clear(ptep);
		flush_tlb_page(&vma->vm_mm->tlb, addr);
		set_pte(ptep, pte_mkclean(pte_wrprotect(pte)));
		walk->count++;
	}
	pte_unmap_unlock(ptep, ptl);
	return true;
}

/*
 * page_mkclean: before a shared file page is written back: its PTEs become clean and
 * read-only, so that the next write faults and makes it dirty again.
 *
 * => page locked. How many PTEs could have been written through.
 */
int page_mkclean(struct page *page)
{
	struct rmap_walk walk = { .visit = page_mkclean_one };

	BUG_ON(!page_test(page, PG_locked));
	if (page_mapped(page) && !PageAnon(page))
		rmap_walk_file(page, &walk);
	return walk.count;
}
