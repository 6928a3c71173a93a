/*
 * pgtable.h - page-table entries: what the bits say, and walking to them.
 *
 * Idea: distinct types for the four levels. A PTE is one of
 *         none     0
 *         present  a page frame and its permissions (SDM vol. 3, 4.5)
 *         swap     not present: area and slot (swp_entry_t), bits chosen so that the CPU ignores
 *         them
 * Locks:  reading: mmap_lock or ptl. Writing a PTE: the ptl of its table (page->ptl). Upper
 * levels: mm->page_table_lock.
 */
#pragma once

#include "kernel/x86/page.h"
#include "kernel/x86/pte_bits.h"
#include "mm/mm_types.h"

/* Beside the CPU's own bits (kernel/x86/pte_bits.h), ours: */
#define _PAGE_PROTNONE	(1UL << 8)	/* with PRESENT clear: a PROT_NONE page that is there */
#define _PAGE_SPECIAL	(1UL << 9)	/* not counted (the zero page, devices) */
#define _PAGE_SOFT_DIRTY (1UL << 11)	/* written to since clear_refs was last told 4 */
#define _PAGE_SWP_SOFT_DIRTY (1UL << 1)	/* the same in a swap entry, where bit 11 is the slot's */
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PGD_SIZE (1UL << PGD_SHIFT)

extern u64 supported_pte_mask;	/* c: without _PAGE_NX if the CPU has none (kernel/x86) */

static inline bool pte_none(pte_t pte) { return !pte.val; }
static inline bool pte_present(pte_t pte) { return pte.val & (_PAGE_PRESENT | _PAGE_PROTNONE); }
static inline bool pte_is_swap(pte_t pte) { return pte.val && !pte_present(pte); }
static inline bool pte_write(pte_t pte) { return pte.val & _PAGE_RW; }
static inline bool pte_dirty(pte_t pte) { return pte.val & _PAGE_DIRTY; }
static inline bool pte_young(pte_t pte) { return pte.val & _PAGE_ACCESSED; }
static inline bool pte_special(pte_t pte) { return pte.val & _PAGE_SPECIAL; }
static inline unsigned long pte_pfn(pte_t pte) { return (pte.val & PTE_PFN_MASK) >> PAGE_SHIFT; }
static inline struct page *pte_page(pte_t pte) { return pfn_to_page(pte_pfn(pte)); }
static inline pte_t mk_pte(struct page *page, pgprot_t prot)
{
	return (pte_t){ ((u64)page_to_pfn(page) << PAGE_SHIFT | prot.val) & supported_pte_mask };
}
static inline pte_t pte_mkwrite(pte_t pte) { pte.val |= _PAGE_RW; return pte; }
static inline pte_t pte_wrprotect(pte_t pte) { pte.val &= ~_PAGE_RW; return pte; }
/*
 * A write was noticed: soft-dirty as well. (The CPU sets the dirty bit alone: who wants to hear of
 * the next write takes the right to write away.)
 */
static inline pte_t pte_mkdirty(pte_t pte)
{
	pte.val |= _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
	return pte;
}
static inline pte_t pte_mkclean(pte_t pte) { pte.val &= ~_PAGE_DIRTY; return pte; }
static inline pte_t pte_mkyoung(pte_t pte) { pte.val |= _PAGE_ACCESSED; return pte; }
static inline pte_t pte_mkold(pte_t pte) { pte.val &= ~_PAGE_ACCESSED; return pte; }
static inline pte_t pte_mkspecial(pte_t pte) { pte.val |= _PAGE_SPECIAL; return pte; }
static inline pte_t pte_mksoft_dirty(pte_t pte) { pte.val |= _PAGE_SOFT_DIRTY; return pte; }
static inline pte_t pte_clear_soft_dirty(pte_t pte) { pte.val &= ~_PAGE_SOFT_DIRTY; return pte; }
static inline pte_t pte_swp_mksoft_dirty(pte_t pte) { pte.val |= _PAGE_SWP_SOFT_DIRTY; return pte; }
static inline pte_t pte_swp_clear_soft_dirty(pte_t pte)
{
	pte.val &= ~_PAGE_SWP_SOFT_DIRTY;
	return pte;
}
/* Of either kind of entry. */
static inline bool pte_soft_dirty(pte_t pte)
{
	return pte.val & (pte_present(pte) ? _PAGE_SOFT_DIRTY : _PAGE_SWP_SOFT_DIRTY);
}
static inline pte_t ptep_get(pte_t *ptep) { return (pte_t){ READ_ONCE(ptep->val) }; }
static inline void set_pte(pte_t *ptep, pte_t pte) { WRITE_ONCE(ptep->val, pte.val); }
/* Atomic against the CPU's setting of accessed and dirty bits. */
static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	return (pte_t){ __atomic_exchange_n(&ptep->val, 0, __ATOMIC_SEQ_CST) };
}
/* Swap entries in a PTE; swp_entry_t itself is made in swapfile.h. Bit 0 and 8 stay clear. */
#define SWP_PTE_OFFSET_SHIFT 9
#define SWP_PTE_TYPE_SHIFT 59
static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return (pte_t){ (entry.val >> 58) << SWP_PTE_TYPE_SHIFT | (entry.val & ((1UL << 50) - 1))
									  << SWP_PTE_OFFSET_SHIFT };
}
static inline swp_entry_t pte_to_swp_entry(pte_t pte)
{
	return (swp_entry_t){ (pte.val >> SWP_PTE_TYPE_SHIFT) << 58 |
			      (pte.val >> SWP_PTE_OFFSET_SHIFT & ((1UL << 50) - 1)) };
}

/* never writable for private mappings: COW first */
pgprot_t vm_get_page_prot(unsigned long vm_flags);

/* pgtable.c. Tables are in low memory, refcounted by their mm (pgtables_bytes). */
pgd_t *pgd_alloc(void);				/* with the kernel's half; NULL */
void pgd_free(pgd_t *pgd);
/* Finds the table, or NULL. */
/* NULL, or a pmd that may be empty */
pmd_t *mm_find_pmd(struct mm_struct *mm, unsigned long addr);
/* makes upper tables; NULL without memory; may sleep */
pmd_t *pmd_alloc_walk(struct mm_struct *mm, unsigned long addr);
static inline bool pmd_none(pmd_t pmd) { return !pmd.val; }
int __pte_alloc(struct mm_struct *mm, pmd_t *pmd);
/* makes the pte table if there is none: 0, -ENOMEM; mmap_lock held; may sleep */
static inline int pte_alloc(struct mm_struct *mm, pmd_t *pmd)
{
	return likely(!pmd_none(*pmd)) ? 0 : __pte_alloc(mm, pmd);
}
static inline struct page *pmd_page(pmd_t pmd)
{
	return pfn_to_page((pmd.val & PTE_PFN_MASK) >> PAGE_SHIFT);
}
static inline spinlock_t *pte_lockptr(pmd_t *pmd) { return &pmd_page(*pmd)->ptl; }
/* => pmd not empty; its table in the direct map */
static inline pte_t *pte_offset(pmd_t *pmd, unsigned long addr)
{
	return (pte_t *)phys_to_virt(pmd->val & PTE_PFN_MASK) +
	       (addr >> PAGE_SHIFT & (PTRS_PER_TABLE - 1));
}
/* Where the table that maps @addr ends, or @end if that comes first. */
static inline unsigned long pmd_addr_end(unsigned long addr, unsigned long end)
{
	unsigned long next = (addr + PMD_SIZE) & ~(PMD_SIZE - 1);

	return next < end ? next : end;
}
/*
 * The next address whose pmd exists, from @addr on and below @end; @end if there is none. *pmd is
 * its entry.
 */
unsigned long next_present_pmd(struct mm_struct *mm, unsigned long addr, unsigned long end,
			       pmd_t **pmd);
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	const u64 keep = PTE_PFN_MASK | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL |
			 _PAGE_SOFT_DIRTY | _PAGE_PCD | _PAGE_PWT;

	return (pte_t){ (pte.val & keep) | (prot.val & ~keep & supported_pte_mask) |
			(prot.val & _PAGE_ACCESSED) };
}
/* NULL if the pmd is empty. Takes *ptl. */
pte_t *pte_offset_map_lock(struct mm_struct *mm, pmd_t *pmd, unsigned long addr, spinlock_t **ptl);
static inline void pte_unmap_unlock(pte_t *pte, spinlock_t *ptl) { spin_unlock(ptl); }
/* Frees the tables of [start, end) that no VMA uses any more, within [floor, ceiling). */
struct mmu_gather;
void free_pgtables(struct mmu_gather *tlb, struct mm_struct *mm, unsigned long start,
		   unsigned long end, unsigned long floor, unsigned long ceiling);
