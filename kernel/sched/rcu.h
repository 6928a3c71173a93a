/*
 * rcu.h - freeing what readers without a lock may still look at.
 *
 * Idea:  the kernel is not preempted, so a reader that does not sleep is gone from its CPU by the
 *        next task switch. A writer unpublishes, waits until every CPU has switched (or was found
 *        in user space or idle), and frees.
 * In Linux: Documentation/RCU/whatisRCU.rst ("classic RCU").
 */
#pragma once

/* No sleeping in between; CHECKS kernels tell. Costs nothing else. */
void rcu_read_lock(void);
void rcu_read_unlock(void);
/* Every reader that had begun has ended. => sleeps; no spinlock held */
void synchronize_rcu(void);
