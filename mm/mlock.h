/*
 * mlock.h - pages that must stay in memory. (The system calls: mmap.h.)
 */
#pragma once

#include "mm/mm_types.h"

/*
 * => a PTE of a VM_LOCKED VMA maps @page (or did until now), its table's lock held, or the page
 * locked.
 */
/* to the unevictable list; counts NR_MLOCK, once a page */
void mlock_vma_page(struct page *page);
/* back; reclaim finds it again if another VMA has it locked */
void munlock_vma_page(struct page *page);
bool can_do_mlock(void);			/* may current lock anything at all */
/* 0, or -EAGAIN: @len more bytes with @flags pass RLIMIT_MEMLOCK. => mmap_lock held. */
int mlock_future_check(struct mm_struct *mm, unsigned long flags, unsigned long len);
