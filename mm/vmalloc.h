/*
 * vmalloc.h - kernel memory that is contiguous in addresses only, with a guard page after each
 * area.
 */
#pragma once

#include "kernel/x86/memlayout.h"
#include "mm/gfp.h"

void vmalloc_init(void);		/* => kmem_cache_init() done */
void *vmalloc(unsigned long size);	/* page aligned; NULL; may sleep */
void *vzalloc(unsigned long size);
/* pages may come from HighMem if gfp says so */
void *vmalloc_gfp(unsigned long size, gfp_t gfp);
void vfree(const void *addr);		/* may sleep */
void vfree_atomic(void *addr);		/* any context: soon, by the worker */
enum { VFREE_BATCH = 32 };
/* at most VFREE_BATCH, flushed together; may sleep */
void vfree_many(void *const *addrs, unsigned int n);
static inline bool is_vmalloc_addr(const void *addr)
{
	return (unsigned long)addr - VMALLOC_BASE < VMALLOC_SIZE;
}
void *ioremap(phys_addr_t phys, unsigned long size);	/* a device's registers, uncached; NULL */
void iounmap(void *addr);
/*
 * RAM as ordinary cached memory, wherever it lies (a low one costs nothing); NULL. Not necessarily
 * page aligned.
 */
void *memremap(phys_addr_t phys, unsigned long size);
void memunmap(void *addr);
struct page *vmalloc_to_page(const void *addr);
/*
 * Kernel stacks, with a guard page below; cached in a small per-CPU stock. Accounted as
 * KernelStack.
 */
unsigned long alloc_kernel_stack(void);	/* lowest address; 0 without memory; may sleep */
void free_kernel_stack(unsigned long stack);	/* any context; not the stack in use */
/* Its lowest word holds STACK_END_MAGIC until it overflows. */
#define STACK_END_MAGIC 0x57ac6e9d57ac6e9dUL
unsigned long vmalloc_used_kb(void);
