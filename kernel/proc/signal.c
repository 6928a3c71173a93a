/*
 * signal.c - what happens on the way back to user space: signals are taken,
 *            handlers' frames set up, interrupted system calls restarted.
 *
 * Idea:
 *      entry.asm --TIF work--> exit_to_user_mode_work
 *                                 ├─ need_resched: schedule
 *                                 └─ get_signal ─┬─ ignored: next
 *                                                ├─ stop: sleep until SIGCONT
 *                                                ├─ fatal: do_group_exit
 *                                                └─ handler: sigframe.c
 *
 *       A system call that a signal interrupted returned -ERESTART*; here it
 *       becomes -EINTR, or the program is set back to its SYSCALL instruction.
 * Locks:  siglock; tasklist_lock (before it) to tell the parent.
 * Above:  entry.asm, through upcalls.h.
 * Below:  dequeue_signal().   In Linux: kernel/signal.c, arch/x86/kernel/signal.c.
 */
#include "kernel/proc/signal.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/unistd.h"
#include "kernel/lib/bug.h"
#include "kernel/proc/coredump.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/ptrace.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/trace_sched.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"
#include "mm/memcontrol.h"

/* SDM vol. 1, 3.4.3: a handler starts without them. */
#define HANDLER_FLAGS_CLEARED (1UL << 8 /* TF */ | 1UL << 10 /* DF */ | 1UL << 16 /* RF */)
#define SYSCALL_INSN_LEN 2
#define JOBCTL_STOP_MASK ((unsigned int)(JOBCTL_STOP_SIGMASK | JOBCTL_STOP_DEQUEUED | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME))

long do_no_restart_syscall(struct restart_block *rb) { return -EINTR; }

/* --- masks --- */

void restore_saved_sigmask(void)
{
	if (test_tif(current, TIF_RESTORE_SIGMASK)) {
		clear_tif(current, TIF_RESTORE_SIGMASK);
		set_current_blocked(current->saved_sigmask);
	}
}

bool unhandled_signal(struct task_struct *t, int sig)
{
	sighandler_t handler = t->sighand->action[sig - 1].sa.sa_handler;

	return t->tgid == 1 || handler == SIG_IGN || handler == SIG_DFL;
}

void flush_signal_handlers(struct sighand_struct *sighand, bool force_default)
{
	for (int i = 0; i < NSIG; i++) {
		struct sigaction *sa = &sighand->action[i].sa;

		if (force_default || sa->sa_handler != SIG_IGN)
			sa->sa_handler = SIG_DFL;
		sa->sa_flags = 0;
		sa->sa_restorer = 0;
		sa->sa_mask = 0;
	}
}

/* --- group stop: every thread stops, the last one tells the parent --- */

void clear_jobctl_pending(struct task_struct *t)
{
	t->jobctl &= ~JOBCTL_STOP_MASK;
}

/* => siglock. @t has to stop with the group; false: it is dying. */
static bool set_jobctl_stop(struct task_struct *t, int sig)
{
	if (fatal_signal_pending(t) || t->flags & PF_EXITING)
		return false;
	t->jobctl &= ~JOBCTL_STOP_SIGMASK;
	t->jobctl |= sig | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
	return true;
}

/* => siglock. @t has stopped (or left); true: all have. */
static bool participate_group_stop(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	bool consume = t->jobctl & JOBCTL_STOP_CONSUME;

	clear_jobctl_pending(t);
	if (!consume)
		return false;
	if (sig->group_stop_count > 0)
		sig->group_stop_count--;
	if (sig->group_stop_count || sig->flags & SIGNAL_STOP_STOPPED)
		return false;
	sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_STOP_STOPPED;
	return true;
}

bool leave_group_stop(struct task_struct *t)
{
	return t->jobctl & JOBCTL_STOP_PENDING && participate_group_stop(t);
}

/* => siglock. The first thread to take stop signal @signr tells all others. */
static void start_group_stop(int signr)
{
	struct signal_struct *sig = current->signal;
	struct task_struct *t;

	if (!(sig->flags & SIGNAL_STOP_STOPPED))
		sig->group_exit_code = signr;
	sig->group_stop_count = set_jobctl_stop(current, signr);
	for_each_thread(current, t)
		if (t != current && !(t->__state & TASK_STOPPED) && set_jobctl_stop(t, signr)) {
			sig->group_stop_count++;
			signal_wake_up(t, false);
		}
}

/*
 * => siglock, dropped. A traced thread stops with the others, but for its tracer. If it is the last
 * one, the parent hears that all have stopped.
 */
static void stop_traced(void)
{
	int sig = current->jobctl & JOBCTL_STOP_SIGMASK;

	if (participate_group_stop(current)) {
		spin_unlock_irq(&current->sighand->siglock);
		read_lock(&tasklist_lock);
		if (ptrace_reparented(current->group_leader))
			do_notify_parent_cldstop(current, CLD_STOPPED);
		read_unlock(&tasklist_lock);
		spin_lock_irq(&current->sighand->siglock);
	}
	ptrace_group_stop(sig);
	spin_unlock_irq(&current->sighand->siglock);
}

/*
 * => siglock. true: it has stopped, and been continued; the lock was dropped. false: a SIGCONT
 * came first.
 */
static bool do_signal_stop(int signr)
{
	bool notify;

	if (!(current->jobctl & JOBCTL_STOP_PENDING)) {
		if (!(current->jobctl & JOBCTL_STOP_DEQUEUED) ||
		    current->signal->flags & SIGNAL_GROUP_EXIT || current->signal->group_exec_task)
			return false;
		start_group_stop(signr);
	}
	if (unlikely(current->ptrace)) {
		stop_traced();
		return true;
	}
	set_special_state(TASK_STATE_STOPPED);
	notify = participate_group_stop(current);
	spin_unlock_irq(&current->sighand->siglock);
	if (notify) {
		read_lock(&tasklist_lock);
		do_notify_parent_cldstop(current, CLD_STOPPED);
		read_unlock(&tasklist_lock);
	}
	cgroup_enter_frozen();		/* as far as cgroup.freeze goes it is */
	schedule_waiting("do_signal_stop");
	return true;
}

/* => siglock, dropped. Sleeps as its group is frozen; whatever wakes it looks here again. */
static void do_freezer_trap(void)
{
	current->__state = TASK_INTERRUPTIBLE;
	clear_tif(current, TIF_SIGPENDING);
	spin_unlock_irq(&current->sighand->siglock);
	cgroup_enter_frozen();
	schedule_waiting("get_signal");
	current->__state = TASK_RUNNING;
}

/*
 * => siglock. The thread that finds the group stopped or continued since the parent last heard
 * tells it.
 */
static bool tell_parent_of_change(void)
{
	struct signal_struct *sig = current->signal;
	const unsigned int mask = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED;
	int why;

	if (likely(!(sig->flags & mask)))
		return false;
	why = sig->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	sig->flags &= ~mask;
	spin_unlock_irq(&current->sighand->siglock);
	read_lock(&tasklist_lock);
	do_notify_parent_cldstop(current, why);
	read_unlock(&tasklist_lock);
	return true;
}

/* --- taking a signal --- */

enum verdict { NEXT, RELOCK, DELIVER, FATAL };

/* => siglock; RELOCK: dropped. What becomes of signal @sig, just dequeued. */
static enum verdict judge_signal(int sig, struct ksignal *ksig)
{
	struct k_sigaction *ka = &current->sighand->action[sig - 1];

	TRACE(signal_deliver, .sig = sig, .errno = ksig->info.si_errno, .code = ksig->info.si_code,
	      .sa_handler = (unsigned long)ka->sa.sa_handler, .sa_flags = ka->sa.sa_flags);
	if (ka->sa.sa_handler == SIG_IGN)
		return NEXT;
	if (ka->sa.sa_handler != SIG_DFL) {
		ksig->ka = *ka;
		if (ka->sa.sa_flags & SA_ONESHOT)
			ka->sa.sa_handler = SIG_DFL;
		return DELIVER;
	}
	if (sig_kernel_ignore(sig))
		return NEXT;
	if (current->signal->flags & SIGNAL_UNKILLABLE && !sig_kernel_only(sig))
		return NEXT;
	if (!sig_kernel_stop(sig))
		return FATAL;
	if (sig != SIGSTOP) {
		bool orphaned;

		/* The terminal's stop signals do nothing where no shell could continue us. */
		spin_unlock_irq(&current->sighand->siglock);
		orphaned = is_current_pgrp_orphaned();
		spin_lock_irq(&current->sighand->siglock);
		if (orphaned)
			return NEXT;
	}
	return do_signal_stop(sig) ? RELOCK : NEXT;
}

/* => siglock, also at return but for RELOCK. ksig->sig: the signal, 0: none. */
static enum verdict next_signal(struct ksignal *ksig)
{
	for (;;) {
		enum verdict v;

		if (current->signal->flags & SIGNAL_GROUP_EXIT ||
		    current->signal->group_exec_task) {
			current->pending.signal &= ~sigmask(SIGKILL);
			recalc_sigpending();
			ksig->sig = SIGKILL;
			TRACE(signal_deliver, .sig = SIGKILL);
			return FATAL;
		}
		if (current->jobctl & JOBCTL_STOP_PENDING && do_signal_stop(0))
			return RELOCK;
		if (unlikely(current->jobctl & JOBCTL_TRAP_STOP)) {
			ptrace_trap_stop();
			continue;
		}
		if (unlikely(current->jobctl & JOBCTL_TRAP_FREEZE)) {
			do_freezer_trap();
			return RELOCK;
		}
		if (unlikely(current->cgroup_frozen))
			cgroup_leave_frozen(true);
		ksig->sig = dequeue_signal(current->blocked, &ksig->info);
		if (!ksig->sig)
			return DELIVER;
		if (unlikely(current->ptrace) && ksig->sig != SIGKILL) {
			ksig->sig = ptrace_signal(ksig->sig, &ksig->info);
			if (!ksig->sig)
				continue;
		}
		v = judge_signal(ksig->sig, ksig);
		if (v != NEXT)
			return v;
	}
}

bool get_signal(struct ksignal *ksig)
{
	enum verdict v;

	do {
		spin_lock_irq(&current->sighand->siglock);
		v = tell_parent_of_change() ? RELOCK : next_signal(ksig);
	} while (v == RELOCK);
	spin_unlock_irq(&current->sighand->siglock);
	if (v == FATAL) {
		current->flags |= PF_SIGNALED;
		if (sig_kernel_coredump(ksig->sig))
			do_coredump(&ksig->info);
		do_group_exit(ksig->sig);
	}
	return ksig->sig;
}

/* --- the way back to user space --- */

static void restart_at_syscall(struct pt_regs *regs, u64 nr)
{
	regs->rax = nr;
	regs->rip -= SYSCALL_INSN_LEN;
}

/* No handler runs: the interrupted system call goes on as if nothing had been. */
static void restart_without_handler(struct pt_regs *regs)
{
	if ((s64)regs->orig_rax < 0)
		return;
	switch ((s64)regs->rax) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		restart_at_syscall(regs, regs->orig_rax);
		break;
	case -ERESTART_RESTARTBLOCK:
		restart_at_syscall(regs, __NR_restart_syscall);
		break;
	}
}

static void restart_with_handler(struct pt_regs *regs, unsigned long sa_flags)
{
	if ((s64)regs->orig_rax < 0)
		return;
	switch ((s64)regs->rax) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		regs->rax = -EINTR;
		break;
	case -ERESTARTSYS:
		if (!(sa_flags & SA_RESTART)) {
			regs->rax = -EINTR;
			break;
		}
		/* fallthrough */
	case -ERESTARTNOINTR:
		restart_at_syscall(regs, regs->orig_rax);
		break;
	}
}

/*
 * The frame does not fit on the stack: SIGSEGV, which cannot be caught if it was SIGSEGV already.
 */
static void force_sigsegv(int sig)
{
	if (sig == SIGSEGV) {
		spin_lock_irq(&current->sighand->siglock);
		current->sighand->action[SIGSEGV - 1].sa.sa_handler = SIG_DFL;
		spin_unlock_irq(&current->sighand->siglock);
	}
	force_sig(SIGSEGV);
}

static void handle_signal(struct ksignal *ksig, struct pt_regs *regs)
{
	bool stepped = unlikely(current->ptrace) && ptrace_forced_trap_flag();
	u64 blocked;

	restart_with_handler(regs, ksig->ka.sa.sa_flags);
	if (setup_rt_frame(ksig, regs)) {
		force_sigsegv(ksig->sig);
		return;
	}
	regs->rflags &= ~HANDLER_FLAGS_CLEARED;
	clear_tif(current, TIF_RESTORE_SIGMASK);	/* the mask to restore is in the frame */
	blocked = current->blocked | ksig->ka.sa.sa_mask;
	if (!(ksig->ka.sa.sa_flags & SA_NODEFER))
		blocked |= sigmask(ksig->sig);
	set_current_blocked(blocked);
	if (current->sas_ss_flags & SS_AUTODISARM) {
		current->sas_ss_sp = current->sas_ss_size = 0;
		current->sas_ss_flags = SS_DISABLE;
	}
	if (unlikely(stepped))
		ptrace_notify_handler();
}

static void do_signal(struct pt_regs *regs)
{
	struct ksignal ksig;

	if (get_signal(&ksig)) {
		handle_signal(&ksig, regs);
		return;
	}
	restart_without_handler(regs);
	restore_saved_sigmask();
}

/* What was put off until no lock is held: paying for memory over a group's high mark. */
static void resume_user_mode_work(void)
{
	clear_tif(current, TIF_NOTIFY_RESUME);
	mem_cgroup_handle_over_high();
}

/* upcalls.h. entry.asm calls it again as long as there is work. */
void exit_to_user_mode_work(struct pt_regs *regs)
{
	unsigned int tif = current->tif;

	if (tif & TIF_NEED_RESCHED)
		schedule();
	if (tif & TIF_NOTIFY_RESUME)
		resume_user_mode_work();
	if (tif & TIF_SIGPENDING)
		do_signal(regs);
	else if (tif & TIF_RESTORE_SIGMASK)
		restore_saved_sigmask();
}
