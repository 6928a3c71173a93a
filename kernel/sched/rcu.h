/*
 * rcu.h - freeing what readers without a lock may still look at.
 *
 * Idea:  the kernel is not preempted, so a reader that does not sleep is gone from its CPU by the
 *        next task switch. A writer unpublishes, waits until every CPU has been through schedule(),
 *        and frees.
 * In Linux: Documentation/RCU/whatisRCU.rst ("classic RCU").
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/spinlock.h"

/* Readers now on this CPU: counted by CHECKS kernels only, which complain if one sleeps. */
DECLARE_PER_CPU(int, rcu_readers);

/* No sleeping in between; nests, in interrupts too. Costs nothing without CHECKS. */
static inline void rcu_read_lock(void)
{
	if (CHECKS)
		this_cpu_inc(rcu_readers);
}
static inline void rcu_read_unlock(void)
{
	if (CHECKS)
		this_cpu_dec(rcu_readers);
}
/* Every reader that had begun has ended. => sleeps (LOCK_RCU); no spinlock held */
void synchronize_rcu(void);

/* The scheduler's side: somebody waits for this CPU to pass a point without readers. */
DECLARE_PER_CPU(bool, rcu_asked);
void rcu_answer(void);
static inline void rcu_quiescent(void)
{
	if (unlikely(this_cpu_read(rcu_asked)))
		rcu_answer();
}
