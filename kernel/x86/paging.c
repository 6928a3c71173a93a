/*
 * paging.c - the kernel's page tables.
 *
 * Idea:  see paging.h. A table is reached through the direct map; until
 *        paging_init() loads its own, the boot tables' direct map of the first
 *        4 GiB serves. Three kinds of permission for the image, and the same
 *        for its pages' other address in the direct map, so that what is
 *        executable can be written nowhere.
 * Locks: see paging.h.
 * Above: kernel/main.c, mm/.   Source: SDM vol. 3, 4.5.
 */
#include "kernel/x86/paging.h"
#include "boot/boot_info.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"
#include "kernel/x86/page.h"
#include "kernel/x86/process.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/tlb.h"

#define PAGE_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
enum level { LEVEL_PTE, LEVEL_PMD, LEVEL_PUD, LEVEL_PGD };

u64 supported_pte_mask = ~0UL;
u64 *kernel_pgd;
struct tlb_context init_tlb_context;
void *(*early_alloc)(u64 size, u64 align);

static phys_addr_t alloc_table_early(void)
{
	return virt_to_phys(early_alloc(PAGE_SIZE, PAGE_SIZE));
}
phys_addr_t (*alloc_kernel_table)(void) = alloc_table_early;

static unsigned long level_size(enum level level)
{
	return PAGE_SIZE << (9 * level);
}
static unsigned int index_of(unsigned long va, enum level level)
{
	return va >> (PAGE_SHIFT + 9 * level) & (PTRS_PER_TABLE - 1);
}
static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & PTE_PFN_MASK);
}

/* The next table below *@entry, made if it is not there. NULL without memory. */
static u64 *descend(u64 *entry)
{
	u64 none = 0;
	phys_addr_t table;

	if (likely(*entry))
		return table_of(*entry);
	table = alloc_kernel_table();
	if (!table)
		return NULL;
	/*
	 * Another CPU may have been first: its table counts, ours stays unused (never seen at
	 * boot).
	 */
	if (!__atomic_compare_exchange_n(entry, &none, table | PAGE_TABLE, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		pr_warn("paging: a kernel page table was made twice\n");
	return table_of(*entry);
}

/* The entry of @va at @level. => no larger page in the way */
static u64 *entry_for(unsigned long va, enum level level)
{
	u64 *table = kernel_pgd;

	for (enum level l = LEVEL_PGD; l > level; l--) {
		u64 *entry = &table[index_of(va, l)];

		BUG_ON(l < LEVEL_PGD && (*entry & _PAGE_PSE));
		table = descend(entry);
		if (!table)
			return NULL;
	}
	return &table[index_of(va, level)];
}

u64 *kernel_pte(unsigned long va)
{
	return entry_for(va, LEVEL_PTE);
}

int map_kernel_page(unsigned long va, phys_addr_t pa, u64 prot)
{
	u64 *entry = entry_for(va, LEVEL_PTE);

	if (!entry)
		return -ENOMEM;
	BUG_ON(*entry);
	WRITE_ONCE(*entry, (pa | prot) & supported_pte_mask);
	return 0;
}

int map_kernel_range(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot)
{
	for (unsigned long done = 0; done < size; done += PAGE_SIZE)
		if (map_kernel_page(va + done, pa + done, prot))
			return -ENOMEM;
	return 0;
}

/* Maps [va, va + size) in pages of @level. */
static int map_large(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot,
		     enum level level)
{
	for (unsigned long done = 0; done < size; done += level_size(level)) {
		u64 *entry = entry_for(va + done, level);

		if (!entry)
			return -ENOMEM;
		BUG_ON(*entry);
		*entry = ((pa + done) | prot | _PAGE_PSE) & supported_pte_mask;
	}
	return 0;
}

int map_kernel_range_large(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot)
{
	BUG_ON((va | pa | size) & (level_size(LEVEL_PMD) - 1));
	return map_large(va, pa, size, prot, LEVEL_PMD);
}

/* The entry that maps @va, a leaf of any size, or NULL. */
static u64 *find_leaf(unsigned long va, enum level *level)
{
	u64 *table = kernel_pgd;

	for (enum level l = LEVEL_PGD;; l--) {
		u64 *entry = &table[index_of(va, l)];

		if (!(*entry & _PAGE_PRESENT))
			return NULL;
		if (l == LEVEL_PTE || (*entry & _PAGE_PSE)) {
			*level = l;
			return entry;
		}
		table = table_of(*entry);
	}
}

phys_addr_t unmap_kernel_page(unsigned long va)
{
	enum level level;
	u64 *entry = find_leaf(va, &level);

	if (!entry)
		return 0;
	BUG_ON(level != LEVEL_PTE);
	return __atomic_exchange_n(entry, 0, __ATOMIC_SEQ_CST) & PTE_PFN_MASK;
}

bool kernel_va_to_phys(unsigned long va, phys_addr_t *pa)
{
	enum level level;
	u64 *entry;

	if (va < DIRECT_BASE || !kernel_pgd)
		return false;
	entry = find_leaf(va, &level);
	if (!entry)
		return false;
	*pa = (*entry & PTE_PFN_MASK & ~(level_size(level) - 1)) | (va & (level_size(level) - 1));
	return true;
}

/* What may be done with the image's page at @va. 0: nothing, a guard page. */
static u64 image_prot(unsigned long va)
{
	if (va < (unsigned long)__init_text_end)
		return PAGE_KERNEL_ROX;
	if (va < (unsigned long)__rodata_end)
		return PAGE_KERNEL_RO;
	if (va == (unsigned long)boot_stack - PAGE_SIZE)
		return 0;
	return PAGE_KERNEL;
}

static void map_image(void)
{
	for (unsigned long va = (unsigned long)__kernel_start; va < (unsigned long)__kernel_end;
	     va += PAGE_SIZE) {
		u64 prot = image_prot(va);

		if (prot)
			BUG_ON(map_kernel_page(va, va - KERNEL_BASE, prot));
	}
}

/*
 * The direct map's permission for one page: the image's text and rodata stay read-only here, too.
 */
static u64 direct_prot(phys_addr_t pa)
{
	if (pa >= virt_to_phys(__kernel_start) && pa < virt_to_phys(__rodata_end))
		return PAGE_KERNEL_RO;
	return PAGE_KERNEL;
}

static bool overlaps_readonly(phys_addr_t pa, unsigned long size)
{
	return pa < virt_to_phys(__rodata_end) && pa + size > virt_to_phys(__kernel_start);
}

/* Maps [start, end) at DIRECT_BASE in the largest pages that fit. */
static void map_direct(phys_addr_t start, phys_addr_t end)
{
	enum level largest = cpu_has(X86_GBPAGES) ? LEVEL_PUD : LEVEL_PMD, level;

	while (start < end) {
		for (level = largest; level > LEVEL_PTE; level--)
			if (!(start & (level_size(level) - 1)) &&
			    end - start >= level_size(level) &&
			    !overlaps_readonly(start, level_size(level)))
				break;
		if (level == LEVEL_PTE)
			BUG_ON(map_kernel_page(start + DIRECT_BASE, start, direct_prot(start)));
		else
			BUG_ON(map_large(start + DIRECT_BASE, start, level_size(level), PAGE_KERNEL,
					 level));
		start += level_size(level);
	}
}

/* RAM below @limit, neighbours joined, in whole pages; all of the first MiB (BIOS, VGA). */
static void map_all_direct(phys_addr_t limit)
{
	phys_addr_t done = MIN(limit, (phys_addr_t)1 << 20);

	map_direct(0, done);
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_region *r = &boot_info.mem[i];
		phys_addr_t start = MAX(ALIGN_DOWN(r->start, PAGE_SIZE), done);
		phys_addr_t end = MIN(ALIGN_UP(r->start + r->size, PAGE_SIZE), limit);

		if ((r->type != BOOT_MEM_RAM && r->type != BOOT_MEM_ACPI) || start >= end)
			continue;
		while (i + 1 < boot_info.nr_mem && boot_info.mem[i + 1].type == r->type &&
		       boot_info.mem[i + 1].start == end) {
			i++;
			end = MIN(end + ALIGN_DOWN(boot_info.mem[i].size, PAGE_SIZE), limit);
		}
		map_direct(start, end);
		done = end;
	}
}

/* Every top entry that will ever be used gets its table now: processes copy them once. */
static void populate_top(unsigned long va, unsigned long size)
{
	for (unsigned long end = va + size - 1;; va += level_size(LEVEL_PGD)) {
		BUG_ON(!descend(&kernel_pgd[index_of(va, LEVEL_PGD)]));
		if (index_of(va, LEVEL_PGD) == index_of(end, LEVEL_PGD))
			break;
	}
}

void paging_init(unsigned long max_low_pfn)
{
	phys_addr_t pgd = alloc_kernel_table();

	kernel_pgd = phys_to_virt(pgd);
	init_tlb_context.pgd = pgd;
	populate_top(VMALLOC_BASE, VMALLOC_SIZE);
	populate_top(VMEMMAP_BASE, level_size(LEVEL_PGD));
	populate_top(KMAP_BASE, level_size(LEVEL_PGD));
	map_image();
	map_all_direct((phys_addr_t)max_low_pfn << PAGE_SHIFT);
	write_cr3(pgd);
}

void *map_fixed_device(phys_addr_t phys, unsigned long size)
{
	static unsigned long next = FIXMAP_BASE;	/* one CPU, at boot */
	unsigned long offset = phys & (PAGE_SIZE - 1), va = next;

	size = ALIGN_UP(size + offset, PAGE_SIZE);
	if (next + size > FIXMAP_BASE + FIXMAP_SIZE / 2 ||
	    map_kernel_range(va, phys - offset, size, PAGE_KERNEL_NOCACHE))
		return NULL;
	next += size;
	return (void *)(va + offset);
}
