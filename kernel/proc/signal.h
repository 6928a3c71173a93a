/*
 * signal.h - delivering signals to current. Sending them is kernel/sched/signal.h.
 *
 * Locks:  sighand->siglock.
 */
#pragma once

#include "kernel/abi/signal.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/ptregs.h"

/* What a program may change of RFLAGS: CF PF AF ZF SF TF DF OF RF AC. */
#define USER_FLAGS 0x50dd5UL

/* One signal on its way to a handler. */
struct ksignal {
	int sig;
	struct k_sigaction ka;		/* a copy: SA_RESETHAND may have changed the original */
	struct siginfo info;
};

/*
 * The next signal with a handler, its default actions done on the way. false: none. May not return
 * (fatal).
 */
bool get_signal(struct ksignal *ksig);
/* => siglock; @t exits: true: it was the last to stop */
bool leave_group_stop(struct task_struct *t);
void clear_jobctl_pending(struct task_struct *t);	/* => siglock */
void restore_saved_sigmask(void);		/* what sigsuspend or ppoll had set aside */
bool unhandled_signal(struct task_struct *t, int sig);	/* no handler, not ignored: it will kill */
/* execve: all handlers to default; @force_default: ignored ones too. */
void flush_signal_handlers(struct sighand_struct *sighand, bool force_default);
long do_no_restart_syscall(struct restart_block *rb);

/* sigframe.c. 0, or -EFAULT: the stack is no good. */
int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs);

/* sigaltstack(2)'s rules; the frame's, too: sigframe.c. */
static inline bool on_sig_stack(unsigned long sp)
{
	if (current->sas_ss_flags & SS_AUTODISARM)
		return false;
	return sp > current->sas_ss_sp && sp - current->sas_ss_sp <= current->sas_ss_size;
}
static inline int sas_ss_flags(unsigned long sp)
{
	return !current->sas_ss_size ? SS_DISABLE : on_sig_stack(sp) ? SS_ONSTACK : 0;
}
/* either may be NULL. 0, -EPERM, -EINVAL, -ENOMEM */
int do_sigaltstack(const stack_t *ss, stack_t *old, unsigned long sp);
