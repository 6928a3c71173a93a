/*
 * lockcheck.c - the lock order, checked at each acquisition (make CHECKS=1).
 *
 * Idea: a spinlock is never held across a switch, so the spinlocks held are a
 *       stack of the CPU, one for its task and one for an interrupt on top of
 *       it; the sleeping locks are a stack of the task. A new lock's rank must
 *       be above all held ones. A rank that interrupts take must never be
 *       held with interrupts on. The first mistake is reported with the places
 *       that took the locks held and a backtrace of the one that took too much.
 * Locks:  none; each stack has one writer.
 * Above:  kernel/x86/spinlock.h, spinlock.c, mutex.c, rwsem.c, sched.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/percpu.h"

enum { MAX_SPIN = CHECKS ? 16 : 1, MAX_SLEEPING = ARRAY_SIZE(((struct held_sleeping *)0)->locks) };

struct held_spins {
	unsigned int n;
	struct held_lock locks[MAX_SPIN];
};
static DEFINE_PER_CPU(struct held_spins, task_spins);	/* its CPU */
static DEFINE_PER_CPU(struct held_spins, irq_spins);	/* its CPU, in interrupts */
static bool told;					/* a: one report is enough */
/* a: by rank: an interrupt took it, and where; it was taken with interrupts on, and where */
static unsigned long in_irq[LOCK_MAX], irqs_on[LOCK_MAX];

static struct held_spins *my_spins(void)
{
	return in_interrupt() ? this_cpu_ptr(irq_spins) : this_cpu_ptr(task_spins);
}

static void show_stack_of_locks(const struct held_lock *locks, unsigned int n)
{
	while (n-- > 0)
		pr_err("  holds %pS, rank %u, taken at %pS\n", locks[n].lock, locks[n].rank,
		       (void *)locks[n].ip);
}

/* lockcheck.h */
void lockcheck_show_held(const struct task_struct *t)
{
	if (MAX_SLEEPING)
		show_stack_of_locks(t->held.locks, t->held.n);
}

static void report(const char *what, const void *lock, enum lock_rank rank)
{
	const struct held_spins *s = this_cpu_ptr(irq_spins);

	if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	pr_err("======================================================\n");
	pr_err("WARNING: %s: lock %pS, rank %u (kernel/lib/lock_rank.h)\n", what, lock, rank);
	pr_err("%s/%d on CPU %d:\n", current->comm, current->pid, smp_processor_id());
	show_stack_of_locks(s->locks, s->n);
	s = this_cpu_ptr(task_spins);
	show_stack_of_locks(s->locks, s->n);
	lockcheck_show_held(current);
	dump_stack();
}

/*
 * A rank that interrupts take, held with interrupts on: the interrupt would wait for what it
 * interrupted.
 */
static void check_irq_use(const void *lock, enum lock_rank rank, unsigned long ip)
{
	unsigned long *use = in_interrupt()    ? &in_irq[rank]
			     : irqs_disabled() ? NULL
					       : &irqs_on[rank];

	if (!use || *use)
		return;
	*use = ip;
	if (in_irq[rank] && irqs_on[rank]) {
		report("interrupt-unsafe use", lock, rank);
		pr_err("  in an interrupt at %pS, with interrupts on at %pS\n",
		       (void *)in_irq[rank], (void *)irqs_on[rank]);
	}
}

static void check_order(const struct held_lock *locks, unsigned int n, const void *lock,
			enum lock_rank rank, bool nested)
{
	for (unsigned int i = 0; i < n; i++) {
		if (locks[i].lock == lock && !nested)
			report("taken twice", lock, rank);
		else if (locks[i].rank > rank || (locks[i].rank == rank && !nested))
			report("wrong lock order", lock, rank);
	}
}

static void push(const void *lock, enum lock_rank rank, unsigned long ip)
{
	struct held_spins *s = my_spins();

	if (s->n < MAX_SPIN)
		s->locks[s->n] = (struct held_lock){ .lock = lock, .ip = ip, .rank = rank };
	s->n++;
	if (s->n > MAX_SPIN)
		report("too many locks", lock, rank);
}

/* kernel/x86/spinlock.h */
void lockcheck_acquire(const void *lock, enum lock_rank rank, bool nested)
{
	unsigned long ip = (unsigned long)__builtin_return_address(0), flags;
	const struct held_spins *s;

	race_delay();
	flags = local_irq_save();
	s = my_spins();

	check_order(s->locks, MIN(s->n, (unsigned int)MAX_SPIN), lock, rank, nested);
	push(lock, rank, ip);
	local_irq_restore(flags);
	check_irq_use(lock, rank, ip);
}

/* kernel/x86/spinlock.h */
void lockcheck_trylocked(const void *lock, enum lock_rank rank)
{
	unsigned long flags = local_irq_save();

	push(lock, rank, (unsigned long)__builtin_return_address(0));
	local_irq_restore(flags);
}

/* The newest entry of @lock goes; false: there is none. */
static bool pop(struct held_lock *locks, unsigned int *n, unsigned int max, const void *lock)
{
	for (unsigned int i = MIN(*n, max); i-- > 0;) {
		if (locks[i].lock != lock)
			continue;
		for (; i + 1 < MIN(*n, max); i++)
			locks[i] = locks[i + 1];
		(*n)--;
		return true;
	}
	return false;
}

/* kernel/x86/spinlock.h */
void lockcheck_release(const void *lock)
{
	unsigned long flags = local_irq_save();
	struct held_spins *s = my_spins();

	if (!pop(s->locks, &s->n, MAX_SPIN, lock))
		report("release of a lock not held", lock, LOCK_NONE);
	local_irq_restore(flags);
}

/* --- sleeping locks --- */

/* lockcheck.h */
void lockcheck_sleeping_acquire(const void *lock, enum lock_rank rank, enum lockcheck_how how,
				unsigned long ip)
{
	struct held_sleeping *h = &current->held;
	unsigned int max = MAX_SLEEPING, n = MIN(h->n, max);

	race_delay();
	if (!max)
		return;
	if (how != LOCKCHECK_TRIED)
		check_order(h->locks, n, lock, rank, how == LOCKCHECK_NESTED);
	if (n < max)
		h->locks[n] = (struct held_lock){ .lock = lock, .ip = ip, .rank = rank };
	if (++h->n > max)
		report("too many locks", lock, rank);
}

/*
 * lockcheck.h. A lock may be given up by another task than its taker's (a page's, a read lock
 * handed on).
 */
void lockcheck_sleeping_release(const void *lock)
{
	struct held_sleeping *h = &current->held;

	if (MAX_SLEEPING && !pop(h->locks, &h->n, MAX_SLEEPING, lock))
		report("release of a lock not held", lock, LOCK_NONE);
}

/* --- sleeping --- */

/* lockcheck.h */
void lockcheck_schedule(void)
{
	if (this_cpu_ptr(task_spins)->n)
		report("sleeping while holding a spinlock", NULL, LOCK_NONE);
	else if (in_interrupt())
		report("sleeping in an interrupt", NULL, LOCK_NONE);
	else if (this_cpu_read(rcu_readers))
		report("sleeping between rcu_read_lock() and rcu_read_unlock()", NULL, LOCK_NONE);
}

/* sched.h */
void might_sleep(void)
{
	/* Before the first fork there is nobody to sleep for: boot may ask with GFP_KERNEL. */
	if (!CHECKS || !nr_forks())
		return;
	lockcheck_schedule();
	if (irqs_disabled())
		report("sleeping with interrupts off", NULL, LOCK_NONE);
	else if (current->preempt_depth)
		report("sleeping in an atomic section", NULL, LOCK_NONE);
}
