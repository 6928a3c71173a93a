/*
 * fair.c - who runs next: the fair share by weight, and real-time tasks before it.
 *
 * Idea: each task has a virtual run time that advances more slowly the
 *       heavier (nicer to itself) it is; the one that is furthest behind runs
 *       next. Waiting tasks stand in a tree by vruntime, the running one is
 *       outside it. A sleeper comes back a little behind the others, never
 *       far, so it gets the CPU soon but cannot save up. Real-time tasks are a
 *       list by priority that is served first.
 * Locks:  the run queue's, held by every caller.
 * Above:  sched.c.   In Linux: kernel/sched/fair.c, rt.c.
 */
#include "kernel/abi/sched.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched.h"

enum { NICE_0_WEIGHT = 1024, IDLE_WEIGHT = 3 };

/* Linux's defaults on one CPU; they grow with 1 + log2(CPUs). */
enum { LATENCY_NS = 6000000, MIN_GRANULARITY_NS = 750000, WAKEUP_GRANULARITY_NS = 1000000,
       RR_SLICE_NS = 100000000 };

static u64 scaled(u64 ns)
{
	return ns * (64 - __builtin_clzl(nr_cpus));
}

/* Each step of nice is a quarter more or less: 10 % of CPU time between two tasks. */
unsigned long weight_of(const struct task_struct *t)
{
	u64 w = NICE_0_WEIGHT << 10;	/* with ten bits of fraction */

	if (t->policy == SCHED_IDLE)
		return IDLE_WEIGHT;
	for (int n = t->static_nice; n < 0; n++)
		w = w * 5 / 4;
	for (int n = t->static_nice; n > 0; n--)
		w = w * 4 / 5;
	return w >> 10;
}

static inline u64 virtual_time(u64 ns, const struct task_struct *t)
{
	return likely(t->se.weight == NICE_0_WEIGHT) ? ns : ns * NICE_0_WEIGHT / t->se.weight;
}
static inline bool before(u64 a, u64 b) { return (s64)(a - b) < 0; }
static inline struct task_struct *task_of(struct rb_node *node)
{
	return rb_entry(node, struct task_struct, se.run_node);
}
static inline struct task_struct *leftmost(const struct rq *rq)
{
	struct rb_node *node = rb_first_cached(&rq->fair);

	return node ? task_of(node) : NULL;
}

/* min_vruntime follows the task furthest behind. */
static void update_min_vruntime(struct rq *rq)
{
	const struct task_struct *curr = rq->curr, *first = leftmost(rq);
	u64 v;

	if (curr->se.on_rq == QUEUED && !is_idle_task(curr) && !is_realtime(curr)) {
		v = curr->se.vruntime;
		if (first && before(first->se.vruntime, v))
			v = first->se.vruntime;
	} else if (first) {
		v = first->se.vruntime;
	} else {
		return;
	}
	if (before(rq->min_vruntime, v))
		rq->min_vruntime = v;
}

/* --- the real-time tasks' share --- */

/*
 * Of each period real-time tasks get so much if others wait: one that never sleeps does not keep
 * its CPU from everybody for ever. Runtime -1: no limit.
 */
static int rt_period_us = 1000000, rt_runtime_us = 950000;
CTL_SYSCTL_INT("kernel.sched_rt_period_us", rt_period_us, 1, INT32_MAX);
CTL_SYSCTL_INT("kernel.sched_rt_runtime_us", rt_runtime_us, -1, INT32_MAX);

/* Have they had it, and is there anybody to leave the rest to? */
static bool rt_throttled(struct rq *rq)
{
	if (rq->clock - rq->rt_period_start >= (u64)rt_period_us * NSEC_PER_USEC) {
		rq->rt_period_start = rq->clock;
		rq->rt_time = 0;
	}
	return rt_runtime_us >= 0 && rq->rt_time >= (u64)rt_runtime_us * NSEC_PER_USEC &&
	       rq->fair.rb_leftmost;
}

/* rq.h */
void update_curr(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	u64 delta = rq->clock - curr->se.exec_start;

	if ((s64)delta <= 0)
		return;
	curr->se.exec_start = rq->clock;
	curr->se.sum_exec_runtime += delta;
	if (is_realtime(curr))
		rq->rt_time += delta;
	if (is_idle_task(curr) || is_realtime(curr))
		return;
	curr->se.vruntime += virtual_time(delta, curr);
	update_min_vruntime(rq);
}

/* --- the queue of those who wait --- */

static void insert_fair(struct rq *rq, struct task_struct *t)
{
	struct rb_node **link = &rq->fair.rb_root.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (before(t->se.vruntime, task_of(parent)->se.vruntime)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&t->se.run_node, parent, link);
	rb_insert_color_cached(&t->se.run_node, &rq->fair, first);
}

/* Behind those of the same priority; @front: before them (it was preempted). */
static void insert_realtime(struct rq *rq, struct task_struct *t, bool front)
{
	struct list_head *pos;

	list_for_each(pos, &rq->realtime) {
		const struct task_struct *other = list_entry(pos, struct task_struct, se.rt_node);

		if (other->se.rt_priority < t->se.rt_priority ||
		    (front && other->se.rt_priority == t->se.rt_priority))
			break;
	}
	list_add_tail(&t->se.rt_node, pos);
}

static void insert_waiting(struct rq *rq, struct task_struct *t, bool front)
{
	if (is_realtime(t))
		insert_realtime(rq, t, front);
	else
		insert_fair(rq, t);
}

static void remove_waiting(struct rq *rq, struct task_struct *t)
{
	if (is_realtime(t))
		list_del_init(&t->se.rt_node);
	else
		rb_erase_cached(&t->se.run_node, &rq->fair);
}

/* rq.h. => @t does not run */
void enqueue_task(struct rq *rq, struct task_struct *t)
{
	if (CHECKS)
		BUG_ON(t->se.on_rq == QUEUED || t == rq->curr);
	insert_waiting(rq, t, false);
	WRITE_ONCE(t->se.on_rq, QUEUED);
	rq->nr_running++;
	rq->load += t->se.weight;
}

static void take_off(struct rq *rq, struct task_struct *t, enum on_rq state)
{
	if (CHECKS)
		BUG_ON(t->se.on_rq != QUEUED);
	if (t != rq->curr)
		remove_waiting(rq, t);
	WRITE_ONCE(t->se.on_rq, state);
	rq->nr_running--;
	rq->load -= t->se.weight;
}

/* rq.h */
void dequeue_task(struct rq *rq, struct task_struct *t)
{
	take_off(rq, t, OFF_RQ);
}

/* rq.h */
void detach_task(struct rq *rq, struct task_struct *t)
{
	take_off(rq, t, MIGRATING);
}

/*
 * A real-time task that was preempted stands before its equals; one that used up its slice, or
 * yielded, behind them.
 */
static bool goes_on(struct task_struct *prev)
{
	if (unlikely(prev->se.yielded)) {
		prev->se.yielded = false;
		return false;
	}
	return prev->policy == SCHED_FIFO ||
	       prev->se.sum_exec_runtime - prev->se.prev_sum < RR_SLICE_NS;
}

/* rq.h. The result is out of the tree. */
struct task_struct *pick_next_task(struct rq *rq, struct task_struct *prev)
{
	struct task_struct *next;

	if (prev->se.on_rq == QUEUED) {
		if (rq->nr_running == 1) {
			prev->se.yielded = false;	/* there was nobody to yield to */
			return prev;
		}
		insert_waiting(rq, prev, goes_on(prev));
	}
	if (!list_empty(&rq->realtime) && !rt_throttled(rq))
		next = list_first_entry(&rq->realtime, struct task_struct, se.rt_node);
	else
		next = leftmost(rq);
	if (!next)
		return rq->idle;
	remove_waiting(rq, next);
	return next;
}

/* --- where a task comes in --- */

/* rq.h. Half a latency behind at most: it runs soon, but what it did not use is gone. */
void place_woken(struct rq *rq, struct task_struct *t, int from_cpu)
{
	u64 earliest = rq->min_vruntime - LATENCY_NS / 2;

	if (from_cpu != rq->cpu)	/* each queue counts from its own zero */
		t->se.vruntime += rq->min_vruntime - READ_ONCE(cpu_rq(from_cpu)->min_vruntime);
	if (before(t->se.vruntime, earliest))
		t->se.vruntime = earliest;
}

/* rq.h. One slice ahead: a fork bomb does not crowd out its parents. */
void place_new(struct rq *rq, struct task_struct *t)
{
	t->se.vruntime = rq->min_vruntime + virtual_time(MIN_GRANULARITY_NS, t);
}

/* rq.h: curr goes behind all others */
void place_yielded(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	struct rb_node *last = rb_last(&rq->fair.rb_root);

	if (is_realtime(curr))
		curr->se.yielded = true;
	else if (last && before(curr->se.vruntime, task_of(last)->se.vruntime))
		curr->se.vruntime = task_of(last)->se.vruntime + 1;
}

/* --- preemption --- */

/* rq.h */
bool should_preempt(struct rq *rq, struct task_struct *t)
{
	const struct task_struct *curr = rq->curr;

	if (is_idle_task(curr))
		return true;
	if (is_realtime(t) || is_realtime(curr))
		return t->se.rt_priority > curr->se.rt_priority &&
		       (is_realtime(curr) || !rt_throttled(rq));
	if (t->policy == SCHED_IDLE || t->policy == SCHED_BATCH)
		return false;
	if (curr->policy == SCHED_IDLE)
		return true;
	return before(t->se.vruntime + virtual_time(scaled(WAKEUP_GRANULARITY_NS), t),
		      curr->se.vruntime);
}

/* How long curr may run while others wait. */
static u64 time_slice(const struct rq *rq)
{
	u64 period = MAX(scaled(LATENCY_NS), rq->nr_running * scaled(MIN_GRANULARITY_NS));

	return period * rq->curr->se.weight / rq->load;
}

/* rq.h: at each tick */
void tick_curr(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	u64 ran = curr->se.sum_exec_runtime - curr->se.prev_sum;

	if (rq->nr_running < 2)
		return;
	if (!is_realtime(curr)) {
		if ((!list_empty(&rq->realtime) && !rt_throttled(rq)) || ran > time_slice(rq))
			resched_curr(rq);
	} else if (rt_throttled(rq)) {
		resched_curr(rq);
	} else if (curr->policy == SCHED_RR && ran >= RR_SLICE_NS) {
		resched_curr(rq);
	}
}
