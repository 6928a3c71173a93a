/*
 * timer.h - timers in nanoseconds of CLOCK_MONOTONIC, and the tick.
 *
 * Idea: each CPU has a queue ordered by expiry (timer.c); the local APIC's
 *       one-shot timer is set for the earlier of the first timer and the tick,
 *       and an idle CPU has no tick. Functions run in the timer interrupt.
 * Locks:  LOCK_TIMER inside; functions run without it, with interrupts off.
 */
#pragma once

#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"

#define HZ 250				/* the tick, as Debian's kernel */
#define USER_HZ 100			/* clock_t of /proc and times(2) */
#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL
#define TICK_NSEC (NSEC_PER_SEC / HZ)

struct task_struct;

struct timer_list {
	struct rb_node node;
	u64 expires;			/* ns, CLOCK_MONOTONIC */
	void (*function)(struct timer_list *t);
	int cpu;			/* a: whose queue, or one of: */
};
enum { TIMER_NO_CPU = -1, TIMER_MOVING = -2 };	/* never queued; between two queues */

void timer_setup(struct timer_list *t, void (*function)(struct timer_list *));
/* (re)arms, on this CPU; any context, may race itself */
void mod_timer(struct timer_list *t, u64 expires);
/* true: it was pending. The function may still be running. */
bool del_timer(struct timer_list *t);
/* and it is not running when this returns; not from interrupts */
bool del_timer_sync(struct timer_list *t);
bool timer_pending(const struct timer_list *t);

/*
 * c: kernel/proc/cpu_timers.c. The tick has found @t, whose process has signal->cpu_timers set; in
 * the interrupt, without locks.
 */
extern void (*cpu_timers_tick)(struct task_struct *t);

/* sched.c: this CPU leaves idle, where its tick may have lapsed. => interrupts off */
void tick_restart(void);
