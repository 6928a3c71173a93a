/*
 * tlb.h - the TLB of the unit tests' machine: the host's mappings are it.
 *
 * Idea: a kernel entry is written to a table of machine.c and shows only once
 *       it is flushed, as on the machine: then the host's mmap follows it.
 * Locks: none.
 */
#pragma once

#include "kernel/lib/types.h"

struct tlb_context {
	phys_addr_t pgd;
	_Atomic u64 cpus;
};

extern struct tlb_context init_tlb_context;

void switch_tlb_context(struct tlb_context *next);
void flush_tlb_page(struct tlb_context *ctx, unsigned long addr);
void flush_tlb_range(struct tlb_context *ctx, unsigned long start, unsigned long end);
void flush_tlb_context(struct tlb_context *ctx);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
void flush_tlb_local_page(unsigned long addr);
void tlb_context_retire(struct tlb_context *ctx);
