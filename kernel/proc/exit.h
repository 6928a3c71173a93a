/*
 * exit.h - the end of tasks, and of waiting for them.
 */
#pragma once

#include "kernel/abi/resource.h"
#include "kernel/sched/task.h"

void do_exit(long code) __noreturn;		/* this thread; @code as wait4's status */
void do_group_exit(int code) __noreturn;	/* the whole process */
/* => siglock held. All other threads of current get SIGKILL; how many there are. */
int zap_other_threads(struct task_struct *t);
/* a dead task leaves the tables; not under tasklist_lock */
void release_task(struct task_struct *t);
/*
 * => tasklist_lock held. SIGCHLD (or @sig) to the parent of dead @t; true: it does not want to
 * wait, reap @t.
 */
bool do_notify_parent(struct task_struct *t, int sig);
/* => tasklist_lock held. CLD_STOPPED, CLD_CONTINUED to @t's parent. */
void do_notify_parent_cldstop(struct task_struct *t, int why);
/* => tasklist_lock held. @t, which is traced, stops as @why says. */
void do_notify_tracer(struct task_struct *t, int why);
bool is_current_pgrp_orphaned(void);

static inline bool thread_group_empty(const struct task_struct *t)
{
	return t->signal->nr_threads == 1;
}

/*
 * rlimit.c: CPU time in ns. task_cputime: of one thread, the tick's split scaled to what it really
 * ran.
 */
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime);
/* Of the process, dead threads included. => @t is referenced */
void thread_group_cputime(struct task_struct *t, u64 *utime, u64 *stime);
/* => siglock held */
void thread_group_cputime_locked(struct task_struct *t, u64 *utime, u64 *stime);
/* an mm goes: its peak is the process's */
void note_peak_rss(struct signal_struct *sig, struct mm_struct *mm);
int getrusage(struct task_struct *t, int who, struct rusage *r);
