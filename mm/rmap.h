/*
 * rmap.h - from a page to every PTE that maps it.
 */
#pragma once

#include "mm/mm_types.h"
#include "mm/page-flags.h"

/* One for a family of forks: every VMA that may hold pages of it. */
struct anon_vma {
	struct rw_semaphore rwsem;	/* LOCK_ANON_VMA */
	_Atomic int refcount;		/* a: VMAs and rmap walkers */
	struct list_head vmas;		/* rwsem: vma->anon_vma_node */
};
/*
 * vma->anon_id says which VMAs of an address space may merge though they have pages: those that
 * were one when the first came, or neighbours that took the same anon_vma. After a fork each of the
 * child's VMAs is a family of its own, with this bit, and new memory does not join it.
 */
#define ANON_ID_FORKED 1UL
void anon_vma_init(void);				/* its slab cache */
int __anon_vma_prepare(struct vm_area_struct *vma);
/* before the first anonymous page: 0, -ENOMEM. mmap_lock for reading. */
static inline int anon_vma_prepare(struct vm_area_struct *vma)
{
	return likely(vma->anon_vma) ? 0 : __anon_vma_prepare(vma);
}
/* a VMA copied from another joins its anon_vma */
void anon_vma_link(struct vm_area_struct *vma);
void anon_vma_unlink(struct vm_area_struct *vma);
/* => ptl held. The page's mapcount, rss-independent statistics (NR_ANON_MAPPED, NR_FILE_MAPPED). */
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long addr);
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long addr);
void page_add_file_rmap(struct page *page);
void page_dup_rmap(struct page *page);			/* fork */
void page_remove_rmap(struct page *page);
/* Tests and clears the accessed bits. => page locked, or off the LRU with a reference. */
int page_referenced(struct page *page, bool is_locked, unsigned long *vm_flags);
/*
 * => page locked. true: no PTE is left. TLBs forget at tlb_batch_flush(@tlb): until then it stays
 * locked.
 */
bool try_to_unmap(struct page *page, struct tlb_batch *tlb);
/* What a walk does at each VMA that may have the page, at @addr: false ends it. */
struct rmap_walk {
	bool (*visit)(struct page *page, struct vm_area_struct *vma, unsigned long addr,
		      struct rmap_walk *walk);
	struct tlb_batch *tlb;		/* try_to_unmap: gathers the flushes */
	unsigned long vm_flags;		/* out, page_referenced: of the VMAs that used it */
	int count;			/* out: PTEs found young, or dirty */
};
/* => a file's page is locked: its mapping stays. May sleep. */
void rmap_walk(struct page *page, struct rmap_walk *walk);
/* write-protects all PTEs of a shared file page: how many were dirty */
int page_mkclean(struct page *page);
/* -EFAULT (as unsigned) if it is not in it */
unsigned long vma_address(struct page *page, struct vm_area_struct *vma);
/*
 * Moves @vma's borders, or its page offset: => between the two, no walk sees it half changed.
 * mmap_lock for writing.
 */
void vma_rmap_lock(struct vm_area_struct *vma);
void vma_rmap_unlock(struct vm_area_struct *vma);
/* A VMA with a file joins and leaves the list of those that map it. */
void vma_link_file(struct vm_area_struct *vma);
void unlink_file_vma(struct vm_area_struct *vma);
/* The PTE that maps @page at @addr, locked; NULL if none does. pte_unmap_unlock() it. */
pte_t *page_check_address(struct page *page, struct mm_struct *mm, unsigned long addr,
			  spinlock_t **ptl);
