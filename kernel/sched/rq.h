/*
 * rq.h - a CPU's run queue; for the scheduler's own files only.
 */
#pragma once

#include "kernel/sched/task.h"

/*
 * Guards: r the queue's lock   a atomic, any CPU reads   o its own CPU, interrupts off   c set
 * once
 */
struct rq {
	spinlock_t lock;		/* LOCK_RUNQUEUE, interrupts off */
	int cpu;			/* c */
	struct task_struct *curr;	/* r; a for a hint */
	struct task_struct *idle;	/* c */
	/* r, a: on the queue, the running one included, idle left out */
	unsigned int nr_running;
	unsigned long load;		/* r: sum of their weights */
	u64 clock;			/* r: ns, read when the queue was locked last */
	u64 min_vruntime;		/* r: never goes back */
	struct rb_root_cached fair;	/* r: waiting tasks by vruntime */
	struct list_head realtime;	/* r: waiting SCHED_FIFO and SCHED_RR tasks, best first */
	/* r: ns: this period's start, and how long real-time tasks have run in it */
	u64 rt_period_start, rt_time;
	/* o: the task switched from may not run here: to be moved */
	struct task_struct *push;
	u64 nr_switches;		/* r */
	/* r: may be negative: tasks wake elsewhere; the sum counts */
	long nr_uninterruptible;
	int nr_iowait;			/* a */
	/* time */
	u64 idle_since, idle_ns;	/* r: ns */
	u64 iowait_ns;			/* r: the part of idle_ns with tasks waiting for a disk */
	u64 user_ns, nice_ns, system_ns;	/* o: by ticks */
	/* o: when it last was in the scheduler or in user mode; the watchdog */
	u64 last_seen;
	u64 last_bark;			/* o */
};
DECLARE_PER_CPU(struct rq, runqueues);

static inline struct rq *this_rq(void) { return this_cpu_ptr(runqueues); }
static inline struct rq *cpu_rq(int cpu) { return per_cpu_ptr(runqueues, cpu); }
static inline bool is_idle_task(const struct task_struct *t) { return t->flags & PF_IDLE; }
static inline bool is_realtime(const struct task_struct *t) { return t->se.rt_priority > 0; }
extern _Atomic u64 idle_cpus;		/* a: bit n: CPU n runs its idle task; a hint */

/* fair.c. => rq->lock held */
void update_curr(struct rq *rq);		/* charges curr up to rq->clock */
void enqueue_task(struct rq *rq, struct task_struct *t);
void dequeue_task(struct rq *rq, struct task_struct *t);	/* it sleeps. @t may be curr */
/* it will be queued again at once; wakers wait */
void detach_task(struct rq *rq, struct task_struct *t);
/* prev: still queued, or it is gone */
struct task_struct *pick_next_task(struct rq *rq, struct task_struct *prev);
void place_woken(struct rq *rq, struct task_struct *t, int from_cpu);
void place_new(struct rq *rq, struct task_struct *t);
void place_yielded(struct rq *rq);
bool should_preempt(struct rq *rq, struct task_struct *t);	/* @t, just queued, against curr */
void tick_curr(struct rq *rq);
unsigned long weight_of(const struct task_struct *t);
/* balance.c */
/* where to put a task that wakes or is new; no lock */
int select_cpu(struct task_struct *t, int prev_cpu);
bool allowed_on(const struct task_struct *t, int cpu);
/* => rq->lock held; takes one from a busier queue */
bool pull_task(struct rq *rq);
void kick_idle_cpu(struct rq *rq);
/* sched.c. => rq->lock held */
void resched_curr(struct rq *rq);
struct rq *task_rq_lock(struct task_struct *t, unsigned long *flags);
/* stat.c */
void account_tick(struct rq *rq, u64 ns, bool user);
void loadavg_init(void);
/* watchdog.c */
void watchdog_tick(struct rq *rq, u64 now, bool user);
