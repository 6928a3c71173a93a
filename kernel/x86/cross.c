/*
 * cross.c - function calls between CPUs.
 *
 * Idea:  one call at a time in the system: its function, and two sets of CPUs:
 *        todo (not begun) and busy (not finished). A CPU claims its bit of todo
 *        once, whether the IPI or its own waiting loop got there first.
 * Locks: cross_lock (LOCK_TLB), taken by polling: a waiter serves the call in
 *        progress, so it may even wait with interrupts off.
 * Above: tlb.c, smp.c.
 */
#include "kernel/x86/cross.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/spinlock.h"

static int cross_lock;			/* 1: taken */
static struct {
	void (*fn)(void *);		/* cross_lock */
	void *arg;
} call;
static u64 todo, busy;			/* a: bit n: CPU n */

u64 online_mask(void)
{
	return (1UL << READ_ONCE(nr_cpus)) - 1;
}

static void serve(void)
{
	u64 bit = 1UL << smp_processor_id();
	unsigned long flags;

	if (!(__atomic_load_n(&todo, __ATOMIC_ACQUIRE) & bit))
		return;
	flags = local_irq_save();
	if (__atomic_fetch_and(&todo, ~bit, __ATOMIC_SEQ_CST) & bit) {
		call.fn(call.arg);
		__atomic_fetch_and(&busy, ~bit, __ATOMIC_SEQ_CST);
	}
	local_irq_restore(flags);
}

static void handle_ipi(struct pt_regs *regs)
{
	serve();
}

void cross_init(void)
{
	set_system_vector(VECTOR_CALL, handle_ipi);
	set_system_vector(VECTOR_TLB, handle_ipi);
}

static void send(u64 mask, enum cross_kind kind)
{
	for (int cpu = 0; mask; cpu++, mask >>= 1)
		if (mask & 1)
			apic_send_ipi(cpu, kind == CROSS_TLB ? VECTOR_TLB : VECTOR_CALL);
}

void cross_call(u64 mask, void (*fn)(void *), void *arg, enum cross_kind kind)
{
	unsigned long flags;
	u64 self, others;

	mask &= online_mask();
	while (__atomic_exchange_n(&cross_lock, 1, __ATOMIC_ACQUIRE))
		do {
			serve();
			cpu_relax();
		} while (READ_ONCE(cross_lock));
	self = 1UL << smp_processor_id();	/* the holder does not sleep, so it stays here */
	others = mask & ~self;
	call.fn = fn;
	call.arg = arg;
	__atomic_store_n(&busy, others, __ATOMIC_SEQ_CST);
	__atomic_store_n(&todo, others, __ATOMIC_SEQ_CST);
	send(others, kind);
	if (mask & self) {
		flags = local_irq_save();
		fn(arg);
		local_irq_restore(flags);
	}
	while (__atomic_load_n(&busy, __ATOMIC_ACQUIRE) && !READ_ONCE(panic_in_progress))
		cpu_relax();
	__atomic_store_n(&cross_lock, 0, __ATOMIC_RELEASE);
}

void on_each_cpu_mask(u64 mask, void (*fn)(void *), void *arg)
{
	cross_call(mask, fn, arg, CROSS_CALL);
}

void on_each_cpu(void (*fn)(void *), void *arg)
{
	cross_call(~0UL, fn, arg, CROSS_CALL);
}

void smp_call_function(void (*fn)(void *), void *arg, bool wait)
{
	cross_call(~(1UL << smp_processor_id()), fn, arg, CROSS_CALL);
}
