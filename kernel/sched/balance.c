/*
 * balance.c - which CPU a task runs on.
 *
 * Idea: a task that wakes goes to its last CPU if that is idle, else to any
 *       idle one, else stays. A CPU about to idle takes a waiting task from
 *       the fullest queue; a CPU whose tick finds tasks waiting wakes an idle
 *       CPU to do so; and two busy CPUs even out at the tick. Load is counted
 *       in tasks: a teaching kernel has no heavier measure.
 * Locks:  one run queue's lock is held, the other is only tried, so the order
 *         of the two does not matter.
 * Above:  sched.c.   In Linux: load_balance() and its kin in kernel/sched/fair.c.
 */
#include "kernel/sched/psi_internal.h"
#include "kernel/sched/sched.h"

_Atomic u64 idle_cpus;

/* rq.h */
bool allowed_on(const struct task_struct *t, int cpu)
{
	return t->cpus_allowed >> cpu & 1;
}

static u64 online_cpus(void)
{
	return nr_cpus >= 64 ? ~0UL : (1UL << nr_cpus) - 1;
}

/* The least busy of the CPUs that @t may use. */
static int least_busy(const struct task_struct *t, int fallback)
{
	unsigned int best = ~0U;
	int cpu, choice = fallback;

	for_each_online_cpu(cpu) {
		unsigned int n = READ_ONCE(cpu_rq(cpu)->nr_running);

		if (allowed_on(t, cpu) && n < best) {
			best = n;
			choice = cpu;
		}
	}
	return choice;
}

/* rq.h */
int select_cpu(struct task_struct *t, int prev_cpu)
{
	u64 idle;

	if (nr_cpus == 1 || t->migrate_disabled)
		return prev_cpu;
	idle = idle_cpus & t->cpus_allowed & online_cpus();
	if (idle >> prev_cpu & 1)
		return prev_cpu;
	if (idle)
		return __builtin_ctzl(idle);
	return allowed_on(t, prev_cpu) ? prev_cpu : least_busy(t, prev_cpu);
}

/* A waiting task of @from that may move to @to. => both locked */
static struct task_struct *movable(struct rq *from, int to)
{
	struct rb_node *node;
	struct task_struct *t;

	list_for_each_entry(t, &from->realtime, se.rt_node)
		if (allowed_on(t, to) && !t->migrate_disabled)
			return t;
	for (node = rb_first_cached(&from->fair); node; node = rb_next(node)) {
		t = rb_entry(node, struct task_struct, se.run_node);
		if (allowed_on(t, to) && !t->migrate_disabled)
			return t;
	}
	return NULL;
}

/* rq.h. True: a task came. */
bool pull_task(struct rq *rq)
{
	struct rq *busiest = NULL;
	unsigned int most = rq->nr_running + 1;
	struct task_struct *t;
	int cpu;

	for_each_online_cpu(cpu) {
		unsigned int n = READ_ONCE(cpu_rq(cpu)->nr_running);

		if (n > most) {
			most = n;
			busiest = cpu_rq(cpu);
		}
	}
	if (!busiest || !spin_trylock(&busiest->lock))
		return false;
	t = movable(busiest, rq->cpu);
	/* on_cpu: just preempted there and not off its stack yet. */
	if (t && !t->on_cpu) {
		if (busiest->clock < rq->clock)
			busiest->clock = rq->clock;
		detach_task(busiest, t);
		psi_dequeue(busiest, t);
		t->se.vruntime += rq->min_vruntime - busiest->min_vruntime;
		t->cpu = rq->cpu;
		enqueue_task(rq, t);
		psi_enqueue(rq, t);
	} else {
		t = NULL;
	}
	spin_unlock(&busiest->lock);
	return t != NULL;
}

/* rq.h: from the tick of a CPU with tasks waiting */
void kick_idle_cpu(struct rq *rq)
{
	u64 idle = idle_cpus & online_cpus();

	if (idle)
		resched_cpu(__builtin_ctzl(idle));
}
