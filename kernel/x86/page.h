/*
 * page.h - between physical and virtual addresses of the kernel.
 *
 * Idea: two linear maps: the direct map (low memory) and the image. A kernel
 *       pointer lies in one of them; others (vmalloc, kmap) have no such inverse.
 * Locks: none.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

/* => @v in the direct map or the kernel image */
static __always_inline phys_addr_t virt_to_phys(const void *v)
{
	unsigned long a = (unsigned long)v;

	return a >= KERNEL_BASE ? a - KERNEL_BASE : a - DIRECT_BASE;
}
/* => @p in low memory */
static __always_inline void *phys_to_virt(phys_addr_t p)
{
	return (void *)(p + DIRECT_BASE);
}

/* linker.ld */
extern char __kernel_start[], __kernel_end[], __text_start[], __text_end[], __init_text_start[],
	__init_text_end[];
extern char __rodata_start[], __rodata_end[], __data_start[], __data_end[], __bss_start[],
	__bss_end[];
/* init.data and init.bss: freed with init.text after boot */
extern char __init_start[], __init_end[];
extern char __percpu_start[], __percpu_end[];

static inline bool kernel_text_address(unsigned long addr)
{
	return addr >= (unsigned long)__text_start && addr < (unsigned long)__init_text_end;
}
