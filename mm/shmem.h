/*
 * shmem.h - shared anonymous memory: a page cache whose backing store is swap.
 */
#pragma once

#include "mm/mm_types.h"

struct writeback_control;

extern const struct address_space_operations shmem_aops;
/* The page at @index, locked, up to date (zeroed, swapped in): 0, -ENOMEM, -EIO, -EINTR. */
int shmem_getpage(struct address_space *mapping, unsigned long index, struct page **pagep,
		  bool create);
/* Is the page at @index in swap? Then *entry is where. */
bool shmem_swap_entry(struct address_space *mapping, unsigned long index, swp_entry_t *entry);
vm_fault_t shmem_fault(struct vm_fault *vmf);
/*
 * For MAP_SHARED | MAP_ANONYMOUS: an object of its own, counted by its VMAs. Sets vm_ops,
 * vm_mapping, accounts. 0, -ENOMEM.
 */
int shmem_zero_setup(struct vm_area_struct *vma);
void shmem_truncate(struct address_space *mapping, loff_t from);
int shmem_writepage(struct page *page, struct writeback_control *wbc);
/* swapoff: brings all pages of an area back; false: *error says why not */
bool shmem_unuse_type(unsigned int type, int *error);
