/*
 * rcu.c - waiting for readers that take no lock.
 *
 * Idea:   synchronize_rcu() asks every other CPU for one moment in which nothing of the kernel's
 *         is under way there: a task switch, or a tick that interrupted a program. It sets a
 *         flag on each, makes it reschedule (which wakes it if it is idle, and gets it out of a
 *         program), and sleeps until the last has answered. The caller's own CPU runs the
 *         caller, so it has no reader.
 * Locks:  rcu_mutex (LOCK_RCU, sleeps): one such question at a time.
 * Above:  cgroup.c, and whoever frees what task_css() gives out.   Below: sched.c asks
 *         rcu_quiescent() at each switch.   In Linux: kernel/rcu/ (much grown since).
 */
#include "kernel/sched/mutex.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"

DEFINE_PER_CPU(int, rcu_readers);
DEFINE_PER_CPU(bool, rcu_asked);	/* a: set by the one who asks, cleared by its CPU */
static DEFINE_MUTEX(rcu_mutex, LOCK_RCU);
static DECLARE_WAIT_QUEUE_HEAD(rcu_wait);
static _Atomic int rcu_unanswered;	/* a: CPUs that have not passed such a point yet */

/*
 * rcu.h. On the CPU that was asked, in no reader: from schedule(), after it has given up its queue's
 * lock. The one who asks sets the flag, then asks for the reschedule under that lock: either
 * before schedule() took it, then the flag is seen here; or after, then there is another switch to
 * come. (Looked at before the lock it could be missed by a CPU that goes idle, for ever.)
 */
void rcu_answer(void)
{
	this_cpu_write(rcu_asked, false);
	/* What this CPU's readers did is done before the one who waits goes on. */
	if (!--rcu_unanswered)
		wake_up(&rcu_wait);
}

/* rcu.h */
void synchronize_rcu(void)
{
	int cpu, me;

	might_sleep();
	mutex_lock(&rcu_mutex);
	rcu_unanswered = 1;		/* ours: nobody ends the wait while we still ask */
	me = smp_processor_id();	/* until we sleep we stay here */
	for_each_online_cpu(cpu) {
		if (cpu == me)
			continue;
		rcu_unanswered++;
		__atomic_store_n(per_cpu_ptr(rcu_asked, cpu), true, __ATOMIC_SEQ_CST);
		resched_cpu(cpu);
	}
	if (--rcu_unanswered)
		wait_event(rcu_wait, !rcu_unanswered, "synchronize_rcu");
	mutex_unlock(&rcu_mutex);
}
