/*
 * mempolicy.h - from which nodes a task's, and a mapping's, pages come.
 */
#pragma once

#include "mm/mm_types.h"
#include "mm/page_alloc.h"

/* A page for @addr of @vma, by its policy, else the task's. => as alloc_pages() */
struct page *vma_alloc_page_policy(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr);
static inline struct page *vma_alloc_page(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr)
{
	if (likely(nr_online_nodes == 1))
		return __alloc_pages(gfp, 0, 0, NULL);
	return vma_alloc_page_policy(gfp, vma, addr);
}
