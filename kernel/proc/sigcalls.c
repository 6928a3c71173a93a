/*
 * sigcalls.c - the system calls about a process's own signals: handlers, masks, waiting.
 *
 * Locks:  siglock.
 * Above:  the system call table.   Below: signal.c.   In Linux: kernel/signal.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

#define SA_KNOWN_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
			SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER)

/* Setting a signal to be ignored also throws away those that wait. => siglock */
static void discard_pending(int sig)
{
	struct task_struct *t;

	flush_sigqueue_mask(sigmask(sig), &current->signal->shared_pending);
	for_each_thread(current, t)
		flush_sigqueue_mask(sigmask(sig), &t->pending);
}

static int do_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction *sa;

	if (sig < 1 || sig > NSIG || (act && sig_kernel_only(sig)))
		return -EINVAL;
	sa = &current->sighand->action[sig - 1].sa;
	spin_lock_irq(&current->sighand->siglock);
	*old = *sa;
	if (act) {
		*sa = *act;
		sa->sa_flags &= SA_KNOWN_FLAGS;
		sa->sa_mask &= ~SIG_SET_ONLY;
		if (sa->sa_handler == SIG_IGN ||
		    (sa->sa_handler == SIG_DFL && sig_kernel_ignore(sig)))
			discard_pending(sig);
	}
	spin_unlock_irq(&current->sighand->siglock);
	return 0;
}

long sys_rt_sigaction(int sig, const struct sigaction __user *uact, struct sigaction __user *uold,
		      size_t size)
{
	struct sigaction act, old;
	int err;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (uact && copy_from_user(&act, uact, sizeof(act)))
		return -EFAULT;
	err = do_sigaction(sig, uact ? &act : NULL, &old);
	if (!err && uold && copy_to_user(uold, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

long sys_rt_sigprocmask(int how, const sigset_t __user *uset, sigset_t __user *uold, size_t size)
{
	u64 set, old = current->blocked;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (uset) {
		if (get_user(set, uset))
			return -EFAULT;
		set &= ~SIG_SET_ONLY;
		switch (how) {
		case SIG_BLOCK: set_current_blocked(old | set); break;
		case SIG_UNBLOCK: set_current_blocked(old & ~set); break;
		case SIG_SETMASK: set_current_blocked(set); break;
		default: return -EINVAL;
		}
	}
	return uold && put_user(old, uold) ? -EFAULT : 0;
}

long sys_rt_sigpending(sigset_t __user *uset, size_t size)
{
	u64 set;

	if (size > sizeof(sigset_t))
		return -EINVAL;
	spin_lock_irq(&current->sighand->siglock);
	set = (current->pending.signal | current->signal->shared_pending.signal) & current->blocked;
	spin_unlock_irq(&current->sighand->siglock);
	return copy_to_user(uset, &set, size) ? -EFAULT : 0;
}

/* The signal, or 0: none of @want yet. */
static int try_dequeue(u64 want, struct siginfo *info)
{
	int sig;

	spin_lock_irq(&current->sighand->siglock);
	sig = dequeue_signal(~want, info);
	spin_unlock_irq(&current->sighand->siglock);
	return sig;
}

/*
 * Waits with @want unblocked, so that they wake us. real_blocked tells a sender
 * that they are blocked really: an ignored one is kept, not thrown away.
 */
static int sigtimedwait_slow(u64 want, struct siginfo *info, s64 ns)
{
	int sig;

	spin_lock_irq(&current->sighand->siglock);
	current->real_blocked = current->blocked;
	current->blocked &= ~want;
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
	if (!signal_pending(current)) {
		current->__state = TASK_INTERRUPTIBLE;
		if (ns < 0)
			schedule_waiting("sigtimedwait");
		else
			schedule_timeout_ns(ns, "sigtimedwait");
	}
	current->__state = TASK_RUNNING;
	spin_lock_irq(&current->sighand->siglock);
	current->blocked = current->real_blocked;
	current->real_blocked = 0;
	sig = dequeue_signal(~want, info);
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
	return sig;
}

long sys_rt_sigtimedwait(const sigset_t __user *uset, struct siginfo __user *uinfo,
			 const struct timespec __user *uts, size_t size)
{
	struct siginfo info;
	struct timespec ts;
	s64 ns = -1;
	u64 want;
	int sig;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(want, uset) || (uts && copy_from_user(&ts, uts, sizeof(ts))))
		return -EFAULT;
	want &= ~SIG_SET_ONLY;
	if (uts) {
		if (!timespec_valid(&ts))
			return -EINVAL;
		ns = timespec_to_ns(&ts);
	}
	sig = try_dequeue(want, &info);
	if (!sig && ns)
		sig = sigtimedwait_slow(want, &info, ns);
	if (!sig)
		return ns >= 0 && !signal_pending(current) ? -EAGAIN : ns == 0 ? -EAGAIN : -EINTR;
	return uinfo && copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : sig;
}

static long wait_for_signal(const char *what)
{
	for (;;) {
		current->__state = TASK_INTERRUPTIBLE;
		if (signal_pending(current))
			break;
		schedule_waiting(what);
	}
	current->__state = TASK_RUNNING;
	return -ERESTARTNOHAND;
}

long sys_pause(void) { return wait_for_signal("pause"); }

long sys_rt_sigsuspend(const sigset_t __user *uset, size_t size)
{
	u64 set;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(set, uset))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_current_blocked(set);
	wait_for_signal("sigsuspend");
	set_tif(current, TIF_RESTORE_SIGMASK);
	return -ERESTARTNOHAND;
}

long sys_restart_syscall(void)
{
	return current->restart_block.fn(&current->restart_block);
}
