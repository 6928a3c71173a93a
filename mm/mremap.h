/*
 * mremap.h - moving page-table entries.
 */
#pragma once

#include "mm/mm_types.h"

/*
 * What @vma maps in [old_addr, old_addr + len) is mapped by @new_vma at @new_addr instead.
 * => mmap_lock for writing; the ranges do not overlap, or the move goes downwards within one VMA.
 * => bytes moved: less than @len without memory for tables
 */
unsigned long move_page_tables(struct vm_area_struct *vma, unsigned long old_addr,
			       struct vm_area_struct *new_vma, unsigned long new_addr,
			       unsigned long len);
