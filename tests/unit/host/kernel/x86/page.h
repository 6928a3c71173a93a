/*
 * page.h - between physical and virtual addresses of the unit tests' machine.
 *
 * Idea: as kernel/x86/page.h, but the kernel image in the fake RAM is empty: the
 *       linker script's symbols are made up, so that what mm/ reserves for it
 *       and frees of it after boot is somewhere.
 * Locks: none.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

static inline phys_addr_t virt_to_phys(const void *v)
{
	unsigned long a = (unsigned long)v;

	return a >= KERNEL_BASE ? a - KERNEL_BASE : a - DIRECT_BASE;
}
static inline void *phys_to_virt(phys_addr_t p) { return (void *)(p + DIRECT_BASE); }

#define HOST_IMAGE(offset) ((char *)(KERNEL_BASE + KERNEL_PHYS + (offset)))
#define __kernel_start HOST_IMAGE(0)
#define __text_start HOST_IMAGE(0)
#define __text_end HOST_IMAGE(0x80000)
#define __init_text_start HOST_IMAGE(0x80000)
#define __init_text_end HOST_IMAGE(0x88000)
#define __rodata_start HOST_IMAGE(0x88000)
#define __rodata_end HOST_IMAGE(0xa0000)
#define __data_start HOST_IMAGE(0xa0000)
#define __data_end HOST_IMAGE(0xc0000)
#define __init_start HOST_IMAGE(0xc0000)
#define __init_end HOST_IMAGE(0xc8000)
#define __bss_start HOST_IMAGE(0xc8000)
#define __bss_end HOST_IMAGE(0x100000)
#define __kernel_end HOST_IMAGE(0x100000)

static inline bool kernel_text_address(unsigned long addr)
{
	return addr >= (unsigned long)__text_start && addr < (unsigned long)__init_text_end;
}
