/*
 * mempolicy.c - from which nodes pages come: a task's policy, a mapping's, or the nearest.
 */
#include "mm/mempolicy.h"

struct page *alloc_pages_current(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order, numa_node_id(), NULL);
}

struct page *vma_alloc_page_policy(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr)
{
	return __alloc_pages(gfp, 0, numa_node_id(), NULL);
}
