/*
 * gup.h - user pages, wanted by the kernel: faulted in without an access. (access_remote_vm:
 * memory.h.)
 */
#pragma once

#include "mm/mm_types.h"

/*
 * Faults in [start, end) of @vma as a user's accesses would. => mmap_lock for reading. 0; -EFAULT,
 * -ENOMEM, -EINTR; *unlocked: it was dropped, look the VMA up again. Goes on from *start.
 */
int faultin_range(struct vm_area_struct *vma, unsigned long *start, unsigned long end,
		  unsigned int flags, bool *unlocked);
/* best effort: MAP_POPULATE, MAP_LOCKED, brk */
void mm_populate(unsigned long start, unsigned long len);
/* 0, -ENOMEM (a hole), -EFAULT, … Takes current's lock */
int __mm_populate(unsigned long start, unsigned long len, bool ignore_errors);
/* How a page is wanted. FOLL_FORCE: a tracer's hand, which the rights of the mapping do not hold. */
enum { FOLL_WRITE = 1, FOLL_FORCE = 0x10 };
/*
 * The page at @addr, referenced; made present (and for FOLL_WRITE one's own, and writable).
 * => mmap_lock held for reading, kept. NULL: -EFAULT.
 */
struct page *get_user_page(struct vm_area_struct *vma, unsigned long addr, unsigned int how);
/*
 * @mm's @nr pages from @addr on, each with a reference; for @write its own, and writable: who
 * changes one marks it dirty afterwards. => may sleep; no mmap_lock held
 * => how many: fewer than @nr where one cannot be had, or a fatal signal came
 */
int pin_user_pages(struct mm_struct *mm, unsigned long addr, unsigned int nr, bool write,
		   struct page **pages);
/*
 * The page at @addr for a core file, referenced. NULL: nothing is there that is worth its room (never
 * touched, the page of zeroes, a device), or it cannot be had. Takes mmap_lock; may sleep
 */
struct page *get_dump_page(struct mm_struct *mm, unsigned long addr);
