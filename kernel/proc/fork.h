/*
 * fork.h - making tasks.
 */
#pragma once

#include "kernel/sched/task.h"

/* What is wanted; inputs only. */
struct kernel_clone_args {
	u64 flags;			/* CLONE_*, without the signal */
	int __user *parent_tid, *child_tid;
	int __user *pidfd;		/* CLONE_PIDFD */
	int exit_signal;
	unsigned long stack;		/* the child's user stack pointer; 0: as the parent's */
	unsigned long tls;
	int cgroup;			/* CLONE_INTO_CGROUP: a descriptor of its directory */
	int (*fn)(void *);		/* a kernel thread's function, else NULL */
	void *fn_arg;
	const char *name;		/* a kernel thread's */
	int trace;			/* PTRACE_EVENT_* that current's tracer wants to see; 0 */
};

/*
 * What signal_struct needs besides, kernel/proc's own. The signal handlers live
 * as long as it does, so a sender who holds a task reference never meets freed ones.
 */
struct process {
	struct signal_struct signal;
	struct sighand_struct *sighand;	/* c while signal lives; exec may replace it */
};
static inline struct process *process_of(struct signal_struct *sig)
{
	return container_of(sig, struct process, signal);
}

/* a reference (sigcnt) goes; the last frees it. Not from interrupts */
void put_signal_struct(struct signal_struct *sig);

/* caches, max_threads, limits of init_task; => slab, cpu_init_boot(), cred_init() */
void fork_init(void);
/*
 * A thread that runs fn(arg) and then exits with its value - or goes to user space, if fn did an
 * execve. ERR_PTR.
 */
struct task_struct *kernel_thread(int (*fn)(void *), void *arg, const char *name);
/* CPU @cpu's idle task, its stack in ->stack; NULL without memory */
struct task_struct *fork_idle(int cpu);
/* pid 2: the parent of the kernel threads started after it */
int kthreadd(void *unused);
long kernel_clone(struct kernel_clone_args *args);	/* the new pid or -errno */

/*
 * The user address space goes (exit) or is exchanged (exec): robust futexes, clear_child_tid,
 * vfork's parent.
 */
void exit_mm_release(struct task_struct *t, struct mm_struct *mm);
void exec_mm_release(struct task_struct *t, struct mm_struct *mm);
struct sighand_struct *alloc_sighand(void);	/* count 1, actions not set; NULL */
void put_sighand(struct sighand_struct *sighand);
struct fpu_state *alloc_fpu_state(void);	/* NULL */
void set_task_comm(struct task_struct *t, const char *name);

extern int nr_threads;			/* tasklist_lock: idle tasks left out */
extern unsigned long total_forks;	/* tasklist_lock */
extern int max_threads;			/* kernel.threads-max */
