/*
 * tlb.c - address spaces on CPUs, and shootdowns.
 *
 * Idea:  tlb.h. A CPU enters ctx->cpus before it loads the table and leaves it
 *        after it has loaded another, so a flusher that has written its entries
 *        and then reads the set misses no one. User entries are not global: a
 *        batch of put-off flushes is made by reloading CR3 on all CPUs it names.
 * Locks: LOCK_TLB inside on_each_cpu_mask().   Above: mm/, kernel/sched.
 */
#include "kernel/x86/tlb.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/cross.h"
#include "kernel/x86/io.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/spinlock.h"

enum { FLUSH_ALL_ABOVE = 32 };	/* pages: then reloading CR3 is cheaper, as in Linux (33) */

static DEFINE_PER_CPU(struct tlb_context *, loaded_ctx) = &init_tlb_context;
static DEFINE_PER_CPU(bool, tlb_lazy);

struct flush {
	struct tlb_context *ctx;	/* NULL: kernel addresses */
	unsigned long start, end;	/* start == end: everything */
	bool retire;
};

static u64 this_cpu_bit(void)
{
	return 1UL << smp_processor_id();
}

/* => interrupts off */
static void load_context(struct tlb_context *next)
{
	struct tlb_context *prev = this_cpu_read(loaded_ctx);

	__atomic_fetch_or((u64 *)&next->cpus, this_cpu_bit(), __ATOMIC_SEQ_CST);
	write_cr3(next->pgd);
	this_cpu_write(loaded_ctx, next);
	__atomic_fetch_and((u64 *)&prev->cpus, ~this_cpu_bit(), __ATOMIC_SEQ_CST);
}

void switch_tlb_context(struct tlb_context *next)
{
	if (!next) {
		this_cpu_write(tlb_lazy, true);
		return;
	}
	this_cpu_write(tlb_lazy, false);
	if (next != this_cpu_read(loaded_ctx))
		load_context(next);
}

/* Kernel mappings are global: only a change of CR4.PGE flushes them all (SDM vol. 3, 4.10.4.1). */
static void flush_everything(void)
{
	u64 cr4 = read_cr4();

	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~(u64)CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

/* On each CPU concerned, interrupts off. */
static void do_flush(void *arg)
{
	const struct flush *f = arg;
	bool all = f->end - f->start > FLUSH_ALL_ABOVE * PAGE_SIZE || f->start == f->end;

	if (f->ctx) {
		if (this_cpu_read(loaded_ctx) != f->ctx)
			return;
		if (this_cpu_read(tlb_lazy) || f->retire) {
			load_context(&init_tlb_context);
			return;
		}
		if (all) {
			write_cr3(f->ctx->pgd);
			return;
		}
	} else if (all) {
		flush_everything();
		return;
	}
	for (unsigned long a = f->start; a < f->end; a += PAGE_SIZE)
		flush_tlb_local_page(a);
}

/* The user part of whatever is loaded. On each CPU concerned, interrupts off. */
static void flush_user_part(void *unused)
{
	if (this_cpu_read(tlb_lazy))
		load_context(&init_tlb_context);
	else
		write_cr3(this_cpu_read(loaded_ctx)->pgd);
}

static void flush_cpus(u64 mask, void (*fn)(void *), void *arg)
{
	unsigned long flags;

	if (mask & ~this_cpu_bit()) {
		cross_call(mask, fn, arg, CROSS_TLB);
		return;
	}
	if (!mask)
		return;
	flags = local_irq_save();
	fn(arg);
	local_irq_restore(flags);
}

static void flush_context(struct tlb_context *ctx, unsigned long start, unsigned long end,
			  bool retire)
{
	struct flush f = { .ctx = ctx, .start = start, .end = end, .retire = retire };

	smp_mb();	/* entries written before the set is read; pairs with load_context() */
	flush_cpus(__atomic_load_n((u64 *)&ctx->cpus, __ATOMIC_SEQ_CST), do_flush, &f);
}

void flush_tlb_page(struct tlb_context *ctx, unsigned long addr)
{
	addr &= PAGE_MASK;
	flush_context(ctx, addr, addr + PAGE_SIZE, false);
}

void flush_tlb_range(struct tlb_context *ctx, unsigned long start, unsigned long end)
{
	if (start < end)
		flush_context(ctx, start & PAGE_MASK, PAGE_ALIGN(end), false);
}

void flush_tlb_context(struct tlb_context *ctx)
{
	flush_context(ctx, 0, 0, false);
}

void tlb_batch_add(struct tlb_batch *batch, struct tlb_context *ctx)
{
	/* a locked instruction, so the set is read after the entry was cleared */
	ctx->deferred++;
	batch->cpus |= __atomic_load_n((u64 *)&ctx->cpus, __ATOMIC_SEQ_CST);
}

void tlb_batch_flush(struct tlb_batch *batch)
{
	flush_cpus(batch->cpus, flush_user_part, NULL);
	batch->cpus = 0;
}

/* The batch's owner may have flushed already, which nobody noted: then this is once too often. */
void tlb_settle(struct tlb_context *ctx)
{
	u32 deferred = ctx->deferred;

	if (likely(deferred == ctx->settled))
		return;
	flush_tlb_context(ctx);
	ctx->settled = deferred;
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	struct flush f = { .start = start & PAGE_MASK, .end = PAGE_ALIGN(end) };

	if (start < end)
		flush_cpus(online_mask(), do_flush, &f);
}

void tlb_context_retire(struct tlb_context *ctx)
{
	BUG_ON(ctx == &init_tlb_context);
	flush_context(ctx, 0, 0, true);
	BUG_ON(ctx->cpus);
}
