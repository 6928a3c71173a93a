/*
 * tlb.h - which address space each CPU has loaded, and making them forget.
 *
 * Idea: struct tlb_context is the machine's part of an mm: its top page table
 *       and the set of CPUs that may cache its entries. A kernel thread keeps
 *       the last one loaded ("lazy"); a shootdown that finds a CPU lazy makes
 *       it load the kernel's own table instead and drop out of the set.
 * Locks:  cpus is atomic. A shootdown waits for the answers with interrupts
 *         on; callers hold no irq-safe lock.
 * Above:  mm/mmu_gather.c, mm/memory.c …; kernel/sched switches.
 */
#pragma once

#include "kernel/lib/types.h"

struct tlb_context {
	phys_addr_t pgd;	/* c: physical address of the top table */
	_Atomic u64 cpus;	/* a: bit n: CPU n may have entries */
	_Atomic u32 deferred;	/* a: flushes put off so far: tlb_batch_add() */
	_Atomic u32 settled;	/* a: of those, made up for by tlb_settle() */
};

/*
 * CPUs that must forget user entries before the pages behind these are written or used anew.
 * Starts as { 0 }.
 */
struct tlb_batch {
	u64 cpus;
};

extern struct tlb_context init_tlb_context;	/* the kernel's own table, no user part */

/* Loads @next on this CPU. => interrupts off, from the scheduler's switch. NULL: stay, lazily. */
void switch_tlb_context(struct tlb_context *next);
/* => may be called with spinlocks that no interrupt takes held; returns when all CPUs did it. */
void flush_tlb_page(struct tlb_context *ctx, unsigned long addr);
/* > 32 pages: all */
void flush_tlb_range(struct tlb_context *ctx, unsigned long start, unsigned long end);
void flush_tlb_context(struct tlb_context *ctx);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
/*
 * Many unmapped pages, one round of interrupts: an entry of @ctx has been cleared and its flush is
 * put
 * off until tlb_batch_flush().
 * => tlb_batch_add(): under the lock of the entry's table
 * => tlb_settle(): under that lock, by whoever finds an entry empty and concludes that no TLB has
 * it
 */
void tlb_batch_add(struct tlb_batch *batch, struct tlb_context *ctx);
void tlb_batch_flush(struct tlb_batch *batch);
void tlb_settle(struct tlb_context *ctx);
/* This CPU only: for a fault's own stale entry (spurious faults, permissions that grew). */
static inline void flush_tlb_local_page(unsigned long addr)
{
	__asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory");
}
/* Before @ctx's tables are freed: no CPU, lazy or not, has it loaded when this returns. */
void tlb_context_retire(struct tlb_context *ctx);
