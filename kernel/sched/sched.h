/*
 * sched.h - the scheduler's interface. In Linux: include/linux/sched.h, kernel/sched/.
 *
 * Locks:  schedule() is called with no spinlock held (checked with CHECKS).
 */
#pragma once

#include "kernel/sched/task.h"

struct seq_file;

void sched_init(void);				/* run queues, init_task on CPU 0 */
void init_idle(struct task_struct *idle, int cpu);	/* @idle is CPU @cpu's idle task */
/* gives up the CPU; current->__state says whether to sleep */
void schedule(void);
void cond_resched_slow(void);
/* Lets another task run if one should; for loops. => may sleep. */
static inline void cond_resched(void)
{
	if (unlikely(current->tif & TIF_NEED_RESCHED))
		cond_resched_slow();
}
void yield_cpu(void);				/* sched_yield(2) */
/* true: it slept in one of @state; any context */
bool try_to_wake_up(struct task_struct *t, unsigned int state);
bool wake_up_process(struct task_struct *t);	/* TASK_NORMAL */
/* Until @t, which is about to sleep and which nobody wakes, is off its CPU: its registers are saved. */
void wait_task_inactive(struct task_struct *t);
void wake_up_new_task(struct task_struct *t);	/* first time on a run queue */
void sched_fork(struct task_struct *child);	/* initialises the scheduler's part from current */
void sched_exec(void);
void set_user_nice(struct task_struct *t, int nice);
int sched_setaffinity_mask(struct task_struct *t, u64 mask);	/* -EINVAL if no CPU is left */
void resched_cpu(int cpu);			/* that CPU looks for another task soon */
void sched_stat_lines(struct seq_file *m);	/* the cpu, intr, ctxt … lines of /proc/stat */
unsigned long nr_running(void);			/* all CPUs */
unsigned long nr_context_switches(void);
void get_avenrun(unsigned long loads[3]);	/* FSHIFT 11 fixed point */
u64 task_sched_runtime(struct task_struct *t);	/* ns so far, the present slice included */
u64 idle_time_ns(int cpu);
void cpu_times_total(u64 *user, u64 *system);	/* ns, all CPUs, by ticks */
/* TASK_DEAD or stopped: only its own waker may end it */
void set_special_state(unsigned int state);
/* the last switch; drops the scheduler's reference */
void do_task_dead(void) __noreturn;
/* SCHED_FIFO and SCHED_RR (1 … 99), SCHED_NORMAL, SCHED_BATCH, SCHED_IDLE (0). 0 or -EINVAL. */
int sched_set_policy(struct task_struct *t, int policy, int rt_priority);
/* schedule_waiting(), counted as waiting for a disk */
void io_schedule_waiting(const char *what);
unsigned long nr_iowait(void);
unsigned long nr_forks(void);			/* tasks ever made */
void migrate_disable(void);			/* nests */
void migrate_enable(void);
char task_state_char(const struct task_struct *t);	/* R S D T t Z X I */

/* CHECKS: complains, with a backtrace, if called where sleeping is forbidden. */
void might_sleep(void);
/* sysrq t and the watchdog: who waits for what, for how long, with which locks. */
void show_state(void);
void show_task(struct task_struct *t);		/* one task of it */
void watchdog_init(void);			/* the hung-task check; => workqueue runs */
/* sysrq l: where every CPU is. */
void show_all_cpus(void);
