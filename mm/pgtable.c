/*
 * pgtable.c - making, finding and freeing page tables.
 *
 * Idea:   Four levels, each a page of 512 entries in low memory, so that every
 *         table is reached through the direct map:
 *
 *            pgd ──> pud ──> pmd ──> pte ──> page
 *           512 GiB  1 GiB   2 MiB   4 KiB   what one entry spans
 *
 *         A process' upper half of the pgd is a copy of the kernel's, made once:
 *         the kernel's own tables below it are shared by all (kernel/x86/paging.c).
 * Locks:  mm->page_table_lock (LOCK_PGD) to hang a table in; page->ptl of a pte
 *         table (LOCK_PTE) for its entries. Tables are freed only under
 *         mmap_lock for writing, after rmap can find their VMAs no longer.
 * Above:  memory.c, memory_copy.c, zap.c, rmap.c, mprotect.c, mremap.c.
 * Below:  page_alloc.c.   In Linux: mm/memory.c, mm/pgtable-generic.c, arch/x86/mm/pgtable.c.
 */
#include "mm/pgtable.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/paging.h"
#include "mm/debug.h"
#include "mm/mmu_gather.h"
#include "mm/page_alloc.h"
#include "mm/vmstat.h"

#define KERNEL_HALF (PTRS_PER_TABLE / 2)	/* first pgd entry of the kernel */
#define TABLE_FLAGS (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)

/*
 * vm_get_page_prot: the hardware's rights for @vm_flags.
 *
 * => a private mapping never gets the write bit: its first write faults and copies
 * => no right at all is _PAGE_PROTNONE: the CPU sees "not present", we see a page
 */
pgprot_t vm_get_page_prot(unsigned long vm_flags)
{
	u64 prot = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED;

	if (!(vm_flags & VM_ACCESS_FLAGS))
		return (pgprot_t){ _PAGE_PROTNONE | _PAGE_ACCESSED };
	if ((vm_flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		prot |= _PAGE_RW;
	if (!(vm_flags & VM_EXEC))
		prot |= _PAGE_NX;
	return (pgprot_t){ prot };
}

/* A zeroed table for @mm, counted; NULL without memory. May sleep. */
static struct page *table_alloc(struct mm_struct *mm)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return NULL;
	page_set(page, PG_table);
	page->pt_mm = mm;
	spin_lock_init(&page->ptl, LOCK_PTE);
	mm->pgtables_bytes += PAGE_SIZE;
	mod_page_state(page, NR_PAGETABLE, 1);
	return page;
}

/* Takes back what table_alloc() did, but for the page itself: its freeing is the caller's. */
static void table_uncount(struct mm_struct *mm, struct page *page)
{
	BUG_ON(!page_test(page, PG_table));
	page_clear(page, PG_table);
	page->pt_mm = NULL;
	mm->pgtables_bytes -= PAGE_SIZE;
	mod_page_state(page, NR_PAGETABLE, -1);
}

/*
 * Hangs a fresh table into @entry, unless another thread of the process was first.
 * 0, -ENOMEM (as -1).
 */
static __noinline int table_install(struct mm_struct *mm, u64 *entry)
{
	struct page *page = table_alloc(mm);

	if (!page)
		return -1;
	spin_lock(&mm->page_table_lock);
	if (!*entry) {
		/*
		 * The zeroes of the table are visible before the table is: x86 keeps stores in
		 * order.
		 */
		WRITE_ONCE(*entry, page_to_phys(page) | TABLE_FLAGS);
		page = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (page) {
		table_uncount(mm, page);
		__free_page(page);
	}
	return 0;
}

/* The entry for @addr in the table that @entry names, @shift being the entry's span. */
static inline u64 *table_entry(u64 entry, unsigned long addr, int shift)
{
	return (u64 *)phys_to_virt(entry & PTE_PFN_MASK) + (addr >> shift & (PTRS_PER_TABLE - 1));
}

static inline u64 *pgd_entry(struct mm_struct *mm, unsigned long addr)
{
	return (u64 *)phys_to_virt(mm->tlb.pgd) + (addr >> PGD_SHIFT & (PTRS_PER_TABLE - 1));
}

/* mm_find_pmd: the pmd of @addr, which may be empty; NULL if an upper table is missing. */
pmd_t *mm_find_pmd(struct mm_struct *mm, unsigned long addr)
{
	u64 *pgd = pgd_entry(mm, addr), *pud;

	if (!*pgd)
		return NULL;
	pud = table_entry(*pgd, addr, PUD_SHIFT);
	return *pud ? (pmd_t *)table_entry(*pud, addr, PMD_SHIFT) : NULL;
}

/* The tables above @addr's pmd, where they are missing. */
static __noinline pmd_t *make_upper_tables(struct mm_struct *mm, unsigned long addr)
{
	u64 *pgd = pgd_entry(mm, addr), *pud;

	BUG_ON(addr >= TASK_SIZE);
	if (!*pgd && table_install(mm, pgd))
		return NULL;
	pud = table_entry(*pgd, addr, PUD_SHIFT);
	if (!*pud && table_install(mm, pud))
		return NULL;
	return (pmd_t *)table_entry(*pud, addr, PMD_SHIFT);
}

/*
 * pmd_alloc_walk: the pmd of @addr, with the tables above it made where they are missing.
 *
 * => mmap_lock held; may sleep
 * => NULL without memory
 */
pmd_t *pmd_alloc_walk(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	VM_BUG_ON(addr >= TASK_SIZE);
	return likely(pmd) ? pmd : make_upper_tables(mm, addr);
}

/* __pte_alloc: gives the empty @pmd a table. => mmap_lock held; may sleep. 0, -ENOMEM. */
int __pte_alloc(struct mm_struct *mm, pmd_t *pmd)
{
	return table_install(mm, &pmd->val) ? -ENOMEM : 0;
}

/*
 * pte_offset_map_lock: the PTE of @addr with its lock taken; NULL, and nothing locked, if there is
 * no table.
 */
pte_t *pte_offset_map_lock(struct mm_struct *mm, pmd_t *pmd, unsigned long addr, spinlock_t **ptl)
{
	if (pmd_none(*pmd))
		return NULL;
	*ptl = pte_lockptr(pmd);
	spin_lock(*ptl);
	return pte_offset(pmd, addr);
}

/*
 * next_present_pmd: for walks over long, mostly empty ranges: the first address
 * at or after @addr that has a pte table.
 *
 * => @end if there is none before it; then *pmd is not set
 * => mmap_lock held
 */
unsigned long next_present_pmd(struct mm_struct *mm, unsigned long addr, unsigned long end,
			       pmd_t **pmd)
{
	while (addr < end) {
		u64 *pgd = pgd_entry(mm, addr), *pud;
		pmd_t *p;

		if (!*pgd) {
			addr = (addr + PGD_SIZE) & ~(PGD_SIZE - 1);
			continue;
		}
		pud = table_entry(*pgd, addr, PUD_SHIFT);
		if (!*pud) {
			addr = (addr + PUD_SIZE) & ~(PUD_SIZE - 1);
			continue;
		}
		p = (pmd_t *)table_entry(*pud, addr, PMD_SHIFT);
		if (!pmd_none(*p)) {
			*pmd = p;
			return addr;
		}
		addr = (addr + PMD_SIZE) & ~(PMD_SIZE - 1);
	}
	return end;
}

/* pgd_alloc: a top table with the kernel's half in it; NULL without memory. May sleep. */
pgd_t *pgd_alloc(void)
{
	u64 *pgd = __get_free_pages(GFP_KERNEL_ACCOUNT, 0);

	if (!pgd)
		return NULL;
	memset(pgd, 0, KERNEL_HALF * sizeof(*pgd));
	memcpy(pgd + KERNEL_HALF, kernel_pgd + KERNEL_HALF,
	       (PTRS_PER_TABLE - KERNEL_HALF) * sizeof(*pgd));
	return (pgd_t *)pgd;
}

/*
 * pgd_free: => no CPU has it loaded (tlb_context_retire()), its user half is empty (asserted for
 * entry 0).
 */
void pgd_free(pgd_t *pgd)
{
	BUG_ON(pgd[0].val);
	free_pages_address(pgd, 0);
}

/* What free_pgtables() hands down: tables must lie within [floor, ceiling) to go. */
struct table_range {
	struct mmu_gather *tlb;
	unsigned long floor, ceiling;
};

/* Frees the table below @entry, if what it spans from @addr on has no other user. */
static void free_table(struct table_range *r, u64 *entry, unsigned long addr, int shift)
{
	unsigned long span = 1UL << shift, start = addr & ~(span - 1);
	struct page *page;

	if (start < r->floor || start + span > r->ceiling)
		return;
	page = pfn_to_page((*entry & PTE_PFN_MASK) >> PAGE_SHIFT);
	WRITE_ONCE(*entry, 0);
	table_uncount(r->tlb->mm, page);
	tlb_remove_table(r->tlb, page);
}

/* The tables below one entry, whose span is 1 << @shift; pte tables have nothing below. */
static void free_level(struct table_range *r, u64 table, unsigned long addr, unsigned long end,
		       int shift)
{
	unsigned long span = 1UL << shift, next;

	for (; addr < end; addr = next) {
		u64 *entry = table_entry(table, addr, shift);

		next = (addr + span) & ~(span - 1);
		if (!*entry)
			continue;
		if (shift > PMD_SHIFT)
			free_level(r, *entry, addr, MIN(next, end), shift - 9);
		free_table(r, entry, addr, shift);
	}
}

/*
 * free_pgtables: frees the tables of [start, end) that lie wholly within [floor, ceiling),
 * the hole around the range in which no VMA is left.
 *
 * => mmap_lock held for writing (or the last user of the mm); all PTEs in the range are empty
 * => the range's VMAs are unlinked from rmap: nobody else can be walking here
 */
void free_pgtables(struct mmu_gather *tlb, struct mm_struct *mm, unsigned long start,
		   unsigned long end, unsigned long floor, unsigned long ceiling)
{
	struct table_range r = { .tlb = tlb, .floor = floor, .ceiling = ceiling };

	BUG_ON(floor > start || ceiling < end);
	free_level(&r, mm->tlb.pgd, start, end, PGD_SHIFT);
}
