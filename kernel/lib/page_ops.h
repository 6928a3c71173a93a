/*
 * page_ops.h - clearing and copying a whole page.
 *
 * Idea: by quadwords. Under software emulation `rep stosb` costs a step for
 *       every byte, `rep stosq` one for every eight (DESIGN.md, section 7).
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

/* => @page: page-aligned, mapped and writable. */
static __always_inline void clear_page(void *page)
{
	unsigned long n = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+c"(n), "+D"(page) : "a"(0UL) : "memory");
}
static __always_inline void copy_page(void *to, const void *from)
{
	unsigned long n = PAGE_SIZE / 8;

	__asm__ volatile("rep movsq" : "+c"(n), "+D"(to), "+S"(from) :: "memory");
}
