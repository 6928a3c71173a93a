/*
 * signal.h - sending signals. Delivery to handlers is kernel/proc/signal.c.
 *
 * Locks:  sighand->siglock (irqsave). Callers of the _info forms hold a
 *         reference to the task or tasklist_lock. A signal to a process whose
 *         last reference of sighand is gone is silently dropped (-ESRCH).
 */
#pragma once

#include "kernel/sched/task.h"

struct sigqueue;
/*
 * @info NULL: SEND_SIG_NOINFO (from the kernel, SI_KERNEL). @group: to the process. 0, -ESRCH,
 * -EAGAIN.
 */
int send_signal(int sig, const struct siginfo *info, struct task_struct *t, bool group);
/* to current; unblocks and unignores it */
int force_sig_fault(int sig, int code, unsigned long addr);
int force_sig(int sig);
/* -ESRCH if it is empty. Not from interrupts. */
int kill_pgrp(kpid_t pgrp, int sig, const struct siginfo *info);
int do_send_sig_info_group(struct task_struct *t, int sig);	/* SI_KERNEL, to the process */
void kill_all_signals_flush(struct sigpending *p);	/* frees the queued siginfos */
static inline bool signal_pending(struct task_struct *t)
{
	return unlikely(t->tif & TIF_SIGPENDING);
}
static inline bool fatal_signal_pending(struct task_struct *t)
{
	return signal_pending(t) && t->pending.signal & (1UL << (SIGKILL - 1));
}
void recalc_sigpending(void);			/* => siglock held; for current */
/* KILL and STOP are never blocked. Signals to the process that we do not take any more are others'. */
void set_current_blocked(u64 set);
void signal_wake_up(struct task_struct *t, bool fatal);	/* => siglock held */
/* A timer's signal (SI_TIMER) is taken: timer_create(2)'s next period. => siglock held. c */
extern void (*timer_signal_taken)(struct siginfo *info);
/* Takes the next deliverable signal of current not in @mask. => siglock held. 0: none. */
int dequeue_signal(u64 mask, struct siginfo *info);
/* Takes the signals of @mask out of @p with their siginfos. => siglock held */
void flush_sigqueue_mask(u64 mask, struct sigpending *p);
/* handler is SIG_IGN, or SIG_DFL and that ignores. => siglock */
bool signal_ignored(struct task_struct *t, int sig);
/*
 * As send_signal. => siglock held; @force: SIGNAL_UNKILLABLE does not protect (the kernel's own
 * SIGKILL).
 */
int send_signal_locked(int sig, const struct siginfo *info, struct task_struct *t, bool group,
		       bool force);

/* signalfds: open ones, and where they wait for any signal to anybody. */
extern _Atomic int signalfd_users;
extern struct wait_queue_head signalfd_wait;

/* task->jobctl; Linux's bits. */
enum { JOBCTL_STOP_SIGMASK = 0xffff, JOBCTL_STOP_DEQUEUED = 1 << 16, JOBCTL_STOP_PENDING = 1 << 17,
       JOBCTL_STOP_CONSUME = 1 << 18, JOBCTL_TRAP_STOP = 1 << 19, JOBCTL_TRAP_FREEZE = 1 << 23,
       JOBCTL_PTRACE_FROZEN = 1 << 24,	/* its tracer looks: not even SIGKILL wakes it now */
       JOBCTL_PENDING_MASK = JOBCTL_STOP_PENDING | JOBCTL_TRAP_STOP };

/* What default actions do; signal(7). */
static inline bool sig_in(int sig, u64 set)
{
	return sig > 0 && sig < SIGRTMIN && (set >> (sig - 1)) & 1;
}
#define SIG_SET_ONLY (1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1))
#define SIG_SET_STOP (1UL << (SIGSTOP - 1) | 1UL << (SIGTSTP - 1) | 1UL << (SIGTTIN - 1) | 1UL << (SIGTTOU - 1))
#define SIG_SET_COREDUMP                                                                           \
	(1UL << (SIGQUIT - 1) | 1UL << (SIGILL - 1) | 1UL << (SIGTRAP - 1) |                       \
	 1UL << (SIGABRT - 1) | 1UL << (SIGFPE - 1) | 1UL << (SIGSEGV - 1) | 1UL << (SIGBUS - 1) | \
	 1UL << (SIGSYS - 1) | 1UL << (SIGXCPU - 1) | 1UL << (SIGXFSZ - 1))
#define SIG_SET_IGNORE (1UL << (SIGCONT - 1) | 1UL << (SIGCHLD - 1) | 1UL << (SIGWINCH - 1) | 1UL << (SIGURG - 1))
static inline bool sig_kernel_only(int sig) { return sig_in(sig, SIG_SET_ONLY); }
static inline bool sig_kernel_stop(int sig) { return sig_in(sig, SIG_SET_STOP); }
static inline bool sig_kernel_coredump(int sig) { return sig_in(sig, SIG_SET_COREDUMP); }
static inline bool sig_kernel_ignore(int sig) { return sig_in(sig, SIG_SET_IGNORE); }
static inline u64 sigmask(int sig) { return 1UL << (sig - 1); }
/* The lock of a task that may be exiting: NULL if it has no sighand any more. */
struct sighand_struct *lock_task_sighand(struct task_struct *t, unsigned long *flags);
void unlock_task_sighand(struct task_struct *t, unsigned long flags);
