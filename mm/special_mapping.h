/*
 * special_mapping.h - mappings that the kernel makes in a program's address space.
 */
#pragma once

#include "mm/mm_types.h"

/*
 * A private mapping of @pages at @addr, which @ops serves: fault, may_split and show_name.
 *
 * => mmap_lock for writing; the range is free
 * => 0, -ENOMEM
 */
int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned long pages,
			    unsigned long vm_flags, const struct vm_operations_struct *ops);
int special_mapping_may_split(struct vm_area_struct *vma);	/* vm_ops->may_split: never */
/*
 * vm_ops->fault's answer in a VM_PFNMAP mapping: the page frame is mapped as the VMA's rights say,
 * and not counted. => mmap_lock for reading; the page table is there
 */
vm_fault_t vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn);
