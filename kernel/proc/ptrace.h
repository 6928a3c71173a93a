/*
 * ptrace.h - one process that watches another: where the watched one stops.
 *
 * Locks:  who traces whom changes under tasklist_lock for writing, with siglock for task->ptrace.
 */
#pragma once

#include "kernel/abi/ptrace.h"
#include "kernel/sched/task.h"

/* task->ptrace: 0, or PT_PTRACED and more. The tracer's options stand from PT_OPT_SHIFT on. */
enum {
	PT_PTRACED = 1,
	PT_OPT_SHIFT = 3,
	PT_SEIZED = 1 << 16,		/* by PTRACE_SEIZE: nothing is sent, stops are events */
	PT_FORCED_TF = 1 << 17,		/* the trap flag is the tracer's, not the program's */
};

static inline bool ptrace_event_enabled(const struct task_struct *t, int event)
{
	return t->ptrace & (1U << (PT_OPT_SHIFT + event));
}
/* Does somebody else than its parent's process trace @t? => tasklist_lock */
static inline bool ptrace_reparented(const struct task_struct *t)
{
	return t->parent->signal != t->real_parent->signal;
}

/*
 * current stops and tells its tracer @why (CLD_TRAPPED, CLD_STOPPED) with @code for wait4. => siglock,
 * which is dropped meanwhile. Returns the signal that the tracer gives it; @code if nobody traces it
 * or it was killed.
 */
int ptrace_stop(int code, int why, unsigned long message, struct siginfo *info);
/* => siglock. What the tracer makes of @sig, just taken from the queue: a signal, or 0. */
int ptrace_signal(int sig, struct siginfo *info);
/* => siglock. JOBCTL_TRAP_STOP was asked for by PTRACE_INTERRUPT. */
void ptrace_trap_stop(void);
/* => siglock. A group stop of a traced thread, by @sig. */
void ptrace_group_stop(int sig);
/* One of PTRACE_EVENT_*, if the tracer wants to hear of it. No lock. */
void ptrace_event(int event, unsigned long message);
void ptrace_notify_exec(kpid_t old_pid);
/* Stopped at the first instruction of a signal handler: current is single-stepped. No lock. */
void ptrace_notify_handler(void);
bool ptrace_forced_trap_flag(void);	/* it was on; it is off now */
/*
 * system calls with TIF_SYSCALL_WORK; enter: false: the tracer does not want it done, rax is set
 */
bool ptrace_syscall_enter(struct pt_regs *regs);
void ptrace_syscall_exit(struct pt_regs *regs);

/* fork: @child is born; @trace: by current's tracer. => tasklist_lock for writing, current's siglock */
void ptrace_init_task(struct task_struct *child, bool trace);
/* => tasklist_lock for writing. @t is on its own again (and goes on, if it was stopped). */
void ptrace_unlink(struct task_struct *t);
/*
 * current exits: whom it traced is let go (or killed). => tasklist_lock for writing. Threads and
 * children that are dead by that go onto @dead by their ptrace_entry.
 */
void exit_ptrace(struct list_head *dead);
/* current is traced: may its tracer trace anybody? => tasklist_lock */
bool tracer_has_rights(void);

/* ptrace_regs.c; => @t is stopped. 0, -EIO, -EFAULT */
int ptrace_peek_user(struct task_struct *t, unsigned long addr, u64 *value);
int ptrace_poke_user(struct task_struct *t, unsigned long addr, u64 value);
/* A core's, too. => @t does not run, or is current with its bases saved */
void task_user_regs(struct task_struct *t, struct user_regs_struct *to);
int ptrace_get_regs(struct task_struct *t, void __user *to, size_t len);
int ptrace_set_regs(struct task_struct *t, const void __user *from, size_t len);
long ptrace_syscall_info(struct task_struct *t, size_t size, void __user *to);
void set_single_step(struct task_struct *t, bool on);
