/*
 * highmem.h - short windows onto pages that the direct map does not cover.
 */
#pragma once

#include "kernel/lib/page_ops.h"
#include "kernel/x86/page.h"
#include "mm/mm_types.h"
#include "mm/page-flags.h"

/*
 * => any context; unmapped in reverse order; stays valid if the task sleeps (it stays on its CPU
 * meanwhile),
 *    which at most KMAP_SLEEP_DEPTH windows may do.
 *    A low page costs nothing: its address in the direct map.
 */
#define KMAP_SLEEP_DEPTH 4
/* => pfn >= max_low_pfn; through kmap_local_pfn() */
void *kmap_high_pfn(unsigned long pfn);
void kunmap_high(const void *addr);
static inline void *kmap_local_pfn(unsigned long pfn)
{
	return pfn < max_low_pfn ? phys_to_virt((phys_addr_t)pfn << PAGE_SHIFT)
				 : kmap_high_pfn(pfn);
}
static inline void *kmap_local_page(const struct page *page)
{
	return kmap_local_pfn(page_to_pfn(page));
}
static inline void kunmap_local(const void *addr)
{
	if ((unsigned long)addr >= KMAP_BASE && (unsigned long)addr < KERNEL_BASE)
		kunmap_high(addr);
}
void kmap_init(void);				/* => paging_init(), mm_init_zones() done */
static inline void clear_highpage(struct page *page)
{
	void *p = kmap_local_page(page);

	clear_page(p);
	kunmap_local(p);
}
void copy_highpage(struct page *to, struct page *from);
void zero_user_segment(struct page *page, unsigned int start, unsigned int end);
