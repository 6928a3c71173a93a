/*
 * psi_internal.h - the scheduler's calls into psi.c, and what psi.c and psi_trigger.c share.
 */
#pragma once

#include "kernel/sched/psi.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/memlayout.h"

/* The states whose time is measured, in the order of enum psi_res: some, full. */
enum psi_state {
	PSI_IO_SOME, PSI_IO_FULL, PSI_MEM_SOME, PSI_MEM_FULL, PSI_CPU_SOME, PSI_CPU_FULL,
	NR_PSI_STATES,
	PSI_NONIDLE = NR_PSI_STATES, NR_PSI_TIMES
};
/* Two who add up what happened since they looked last. */
enum psi_reader { PSI_AVGS, PSI_POLL, NR_PSI_READERS };

/*
 * A group on one CPU.
 * Guards: r that CPU's run queue lock   s r, and read anywhere by the sequence count
 *         p psi_group.lock
 */
struct psi_group_cpu {
	u64 counts;			/* r: how many tasks run, wait …: psi.c's lanes */
	u32 seq;			/* r for writing: odd while the s fields change */
	u32 mask;			/* s: bit n: state n lasts now */
	u64 start;			/* s: ns: since when */
	u64 times[NR_PSI_TIMES];	/* s: ns: spent in each state before that */
	u64 seen[NR_PSI_READERS][NR_PSI_TIMES];	/* p: what each reader has taken account of */
};

/* Guards: c set once   p lock   a atomic */
struct psi_group {
	struct psi_group *parent;	/* c: NULL: the machine */
	struct psi_group_cpu *cpus;	/* c: one for each possible CPU */
	bool off;			/* cgroup_mutex: cgroup.pressure: counts, but in no state */
	spinlock_t lock;		/* LOCK_PSI, irqsave */
	u64 total[NR_PSI_READERS][NR_PSI_STATES];	/* p: ns */
	/* averages */
	bool avgs_armed;		/* a: avgs_timer is, or will see what has just changed */
	struct timer_list avgs_timer;
	u64 avg_total[NR_PSI_STATES];	/* p: as far as the averages know */
	u64 avg_last, avg_next;		/* p: ns: last update, time of the next */
	unsigned long avg[NR_PSI_STATES][3];	/* p: per cent, 11 bits of fraction; 10, 60, 300 s */
	/* triggers */
	bool poll_armed;		/* a: as avgs_armed, for poll_timer */
	u32 poll_states;		/* p for writing: states that a trigger waits for */
	struct timer_list poll_timer;
	struct list_head triggers;	/* p */
	u64 poll_period, poll_until;	/* p: ns: a tenth of the shortest window; then it stops */
	u64 poll_total[NR_PSI_STATES];	/* p: at the last look */
};
extern struct psi_group psi_system;

/* bits of task->psi_flags: as what it is counted. Guard: its run queue's lock */
enum psi_task_flags { TSK_RUNNING = 1, TSK_IOWAIT = 2, TSK_MEMSTALL = 4 };

/* --- sched.c's calls. => the run queue locked, its clock read --- */
void psi_enqueue(struct rq *rq, struct task_struct *t);	/* it can run, on @rq's CPU */
void psi_dequeue(struct rq *rq, struct task_struct *t);	/* it goes to another CPU */
/* rq->curr is @next already. @prev may have gone to sleep or be on its way elsewhere. */
void psi_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next);
/* Its group changes: from psi_leave() to psi_join() it is counted nowhere. */
void psi_leave(struct rq *rq, struct task_struct *t);
void psi_join(struct rq *rq, struct task_struct *t);

/* --- between psi.c and psi_trigger.c --- */
/* Adds what happened on all CPUs to total[@reader]; the states there were. => group->lock */
u32 psi_collect(struct psi_group *group, enum psi_reader reader);
void psi_poll(struct timer_list *timer);
static inline enum psi_state psi_state_of(enum psi_res res, bool full) { return res * 2 + full; }
