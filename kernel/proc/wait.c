/*
 * wait.c - wait4(2) and waitid(2): what became of my children?
 *
 * Idea: do_wait() looks at each child of each thread of the process for
 *       something to report - died, stopped, continued - and sleeps on
 *       wait_chldexit until one has changed.
 * Locks:  tasklist_lock for reading while looking; a zombie is claimed by
 *         changing its exit_state atomically, since two threads may find it.
 * Above:  the system call table.   Below: release_task().   In Linux: kernel/exit.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/wait.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

/* Inputs first. */
struct wait_opts {
	int type;			/* P_ALL, P_PID, P_PGID, P_PIDFD */
	kpid_t id;
	const struct task_struct *task;	/* P_PIDFD: the leader; NULL: gone */
	int options;			/* W* */
	bool want_rusage;
	int notask_error;		/* out: -ECHILD until an eligible child is seen */
	int status, code, uid;		/* out: wait4's word; CLD_* */
	kpid_t pid;			/* out */
	struct rusage rusage;		/* out */
};

static bool eligible_child(const struct wait_opts *wo, bool traced, const struct task_struct *p)
{
	if (wo->type == P_PID && p->pid != wo->id)
		return false;
	if (wo->type == P_PGID && p->signal->pgrp != wo->id)
		return false;
	if (wo->type == P_PIDFD && p != wo->task)
		return false;
	if (traced || wo->options & __WALL)
		return true;
	return (p->exit_signal != SIGCHLD) == !!(wo->options & (int)__WCLONE);
}

/* What is common to all reports. => tasklist_lock; drops it. Returns the pid. */
static int report(struct wait_opts *wo, struct task_struct *p, int code, int status)
{
	const struct cred *cred;

	get_task_struct(p);
	current->__state = TASK_RUNNING;	/* what follows may sleep */
	read_unlock(&tasklist_lock);
	cred = get_task_cred(p);
	wo->uid = cred->uid;
	put_cred(cred);
	wo->pid = p->pid;
	wo->code = code;
	wo->status = status;
	if (wo->want_rusage)
		getrusage(p, RUSAGE_BOTH, &wo->rusage);
	put_task_struct(p);
	return wo->pid;
}

/* A dead child's times become part of the parent's "children". */
static void add_child_usage(struct task_struct *p)
{
	struct signal_struct *up = current->signal, *sig = p->signal;
	u64 utime, stime;

	thread_group_cputime(p, &utime, &stime);
	spin_lock_irq(&current->sighand->siglock);
	up->ctimes.utime += utime + sig->ctimes.utime;
	up->ctimes.stime += stime + sig->ctimes.stime;
	up->cmin_flt += p->min_flt + sig->min_flt + sig->cmin_flt;
	up->cmaj_flt += p->maj_flt + sig->maj_flt + sig->cmaj_flt;
	up->cnvcsw += p->nvcsw + sig->nvcsw + sig->cnvcsw;
	up->cnivcsw += p->nivcsw + sig->nivcsw + sig->cnivcsw;
	add_task_io(&up->io, &p->io);	/* Linux keeps no sum of children's apart */
	add_task_io(&up->io, &sig->io);
	up->cmaxrss = MAX(up->cmaxrss, sig->maxrss);
	up->cmaxrss = MAX(up->cmaxrss, sig->cmaxrss);
	spin_unlock_irq(&current->sighand->siglock);
}

/*
 * A tracer that is not the parent has seen @p's end: it is the parent's turn. => no lock; @p is ours
 * (EXIT_TRACE). True: nobody will wait for it.
 */
static bool hand_to_parent(struct task_struct *p)
{
	bool dead;

	write_lock(&tasklist_lock);
	ptrace_unlink(p);
	dead = thread_group_empty(p) && do_notify_parent(p, p->exit_signal);
	p->exit_state = dead ? EXIT_DEAD : EXIT_ZOMBIE;
	write_unlock(&tasklist_lock);
	return dead;
}

/* 0: not this one (another thread was faster, or nobody asked). Else the pid, lock dropped. */
static int wait_task_zombie(struct wait_opts *wo, struct task_struct *p)
{
	bool handed = ptrace_reparented(p) && thread_group_leader(p);
	int expected = EXIT_ZOMBIE, status, code, pid;

	if (!(wo->options & WEXITED))
		return 0;
	status = p->signal->flags & SIGNAL_GROUP_EXIT ? p->signal->group_exit_code : p->exit_code;
	code = status & 0x80 ? CLD_DUMPED : status & 0x7f ? CLD_KILLED : CLD_EXITED;
	if (wo->options & WNOWAIT)
		return report(wo, p, code, status);
	if (!__atomic_compare_exchange_n(&p->exit_state, &expected,
					 handed ? EXIT_TRACE : EXIT_DEAD, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return 0;
	if (!handed && thread_group_leader(p))
		add_child_usage(p);
	pid = report(wo, p, code, status);	/* @p stays: it is ours now */
	if (!handed || hand_to_parent(p))
		release_task(p);
	return pid;
}

/* A thread that we trace has stopped, and was not reported yet. */
static int wait_task_traced(struct wait_opts *wo, struct task_struct *p)
{
	unsigned long flags;
	int status = 0;

	if (!(p->__state & TASK_TRACED) || !lock_task_sighand(p, &flags))
		return 0;
	if (p->__state & TASK_TRACED)
		status = p->exit_code;
	if (status && !(wo->options & WNOWAIT))
		p->exit_code = 0;
	unlock_task_sighand(p, flags);
	return status ? report(wo, p, CLD_TRAPPED, status << 8 | 0x7f) : 0;
}

static int wait_task_stopped(struct wait_opts *wo, bool traced, struct task_struct *p)
{
	unsigned long flags;
	int status = 0;

	if (traced)
		return wait_task_traced(wo, p);
	if (!(wo->options & WUNTRACED) || !(p->signal->flags & SIGNAL_STOP_STOPPED))
		return 0;
	if (!lock_task_sighand(p, &flags))
		return 0;
	if (p->signal->flags & SIGNAL_STOP_STOPPED)
		status = p->signal->group_exit_code;	/* the signal; 0 once it was reported */
	if (status && !(wo->options & WNOWAIT))
		p->signal->group_exit_code = 0;
	unlock_task_sighand(p, flags);
	return status ? report(wo, p, CLD_STOPPED, status << 8 | 0x7f) : 0;
}

static int wait_task_continued(struct wait_opts *wo, struct task_struct *p)
{
	unsigned long flags;
	bool hit;

	if (!(wo->options & WCONTINUED) || !(p->signal->flags & SIGNAL_STOP_CONTINUED))
		return 0;
	if (!lock_task_sighand(p, &flags))
		return 0;
	hit = p->signal->flags & SIGNAL_STOP_CONTINUED;
	if (hit && !(wo->options & WNOWAIT))
		p->signal->flags &= ~SIGNAL_STOP_CONTINUED;
	unlock_task_sighand(p, flags);
	return hit ? report(wo, p, CLD_CONTINUED, 0xffff) : 0;
}

/* Dead, and its process with it? A leader that died before its threads is not dead for us yet. */
static bool wholly_dead(const struct task_struct *p)
{
	return p->exit_state == EXIT_ZOMBIE && (!thread_group_leader(p) || thread_group_empty(p));
}

/* @traced: we trace it. => tasklist_lock for reading; not 0: dropped. */
static int wait_consider_task(struct wait_opts *wo, bool traced, struct task_struct *p)
{
	int ret;

	if (p->exit_state == EXIT_DEAD || !eligible_child(wo, traced, p))
		return 0;
	/* Its tracer is taking note of its end: the parent comes after. */
	if (p->exit_state == EXIT_TRACE) {
		if (!traced)
			wo->notask_error = 0;
		return 0;
	}
	/* A child that another process traces is not seen to stop, nor to end before that one saw it. */
	if (p->ptrace && !traced)
		traced = !ptrace_reparented(p);
	if (wholly_dead(p) && (traced || !p->ptrace)) {
		ret = wait_task_zombie(wo, p);
		if (ret || READ_ONCE(p->exit_state) == EXIT_DEAD)
			return ret;
		wo->notask_error = 0;
		return 0;
	}
	wo->notask_error = 0;
	ret = wait_task_stopped(wo, traced, p);
	return ret ? ret : wait_task_continued(wo, p);
}

/* One look at all children. Not 0: found, the lock is dropped. */
static int look_at_children(struct wait_opts *wo)
{
	struct task_struct *t, *p;

	for_each_thread(current, t) {
		if (wo->options & __WNOTHREAD && t != current)
			continue;
		list_for_each_entry(p, &t->children, sibling) {
			int ret = wait_consider_task(wo, false, p);

			if (ret)
				return ret;
		}
		list_for_each_entry(p, &t->ptraced, ptrace_entry) {
			int ret = wait_consider_task(wo, true, p);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* The pid, 0 (WNOHANG), or -ECHILD, -ERESTARTSYS. */
static long do_wait(struct wait_opts *wo)
{
	struct wait_queue_head *wq = &current->signal->wait_chldexit;
	struct wait_queue_entry wait;
	long ret;

	init_wait(&wait);
	for (;;) {
		prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
		wo->notask_error = -ECHILD;
		read_lock(&tasklist_lock);
		ret = look_at_children(wo);
		if (ret)
			break;
		read_unlock(&tasklist_lock);
		ret = wo->notask_error;
		if (ret || wo->options & WNOHANG)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		schedule_waiting("do_wait");
	}
	finish_wait(wq, &wait);
	return ret;
}

long sys_wait4(kpid_t upid, int __user *status, int options, struct rusage __user *ru)
{
	struct wait_opts wo = { .want_rusage = ru };
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | (int)__WCLONE | __WALL))
		return -EINVAL;
	if (upid == INT32_MIN)
		return -ESRCH;
	wo.type = upid == -1 ? P_ALL : upid > 0 ? P_PID : P_PGID;
	wo.id = upid > 0 ? upid : upid == 0 ? current->signal->pgrp : -upid;
	wo.options = options | WEXITED;
	ret = do_wait(&wo);
	if (ret <= 0)
		return ret;
	if (status && put_user(wo.status, status))
		return -EFAULT;
	if (ru && copy_to_user(ru, &wo.rusage, sizeof(*ru)))
		return -EFAULT;
	return ret;
}

/* waitid's siginfo has the plain exit status or the signal. */
static int info_status(const struct wait_opts *wo)
{
	switch (wo->code) {
	case CLD_EXITED:
	case CLD_STOPPED:
		return wo->status >> 8 & 0xff;
	case CLD_TRAPPED:
		return wo->status >> 8;
	case CLD_CONTINUED:
		return SIGCONT;
	}
	return wo->status & 0x7f;
}

/* waitid(P_PIDFD): as do_wait(); -EBADF. One that does not block answers -EAGAIN instead of 0. */
static long wait_pidfd(struct wait_opts *wo, int fd)
{
	bool nonblock = false;
	struct task_struct *task;
	unsigned int flags;
	long ret = pidfd_get_task_or_gone(fd, &task, &flags);

	if (ret)
		return ret;
	wo->task = task;
	if (flags & O_NONBLOCK && !(wo->options & WNOHANG)) {
		nonblock = true;
		wo->options |= WNOHANG;
	}
	ret = do_wait(wo);
	if (task)
		put_task_struct(task);
	return !ret && nonblock ? -EAGAIN : ret;
}

long sys_waitid(int which, kpid_t upid, struct siginfo __user *uinfo, int options,
		struct rusage __user *ru)
{
	struct wait_opts wo = { .type = which, .id = upid, .options = options, .want_rusage = ru };
	struct siginfo info;
	long ret;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			(int)__WCLONE | __WALL) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if ((which != P_ALL && which != P_PID && which != P_PGID && which != P_PIDFD) ||
	    (which == P_PID && upid <= 0) || ((which == P_PGID || which == P_PIDFD) && upid < 0))
		return -EINVAL;
	if (which == P_PGID && !upid)
		wo.id = current->signal->pgrp;
	ret = which == P_PIDFD ? wait_pidfd(&wo, upid) : do_wait(&wo);
	if (ret > 0 && ru && copy_to_user(ru, &wo.rusage, sizeof(*ru)))
		return -EFAULT;
	if (ret < 0 || !uinfo)
		return ret < 0 ? ret : 0;
	memset(&info, 0, sizeof(info));
	if (ret > 0) {
		info.si_signo = SIGCHLD;
		info.si_code = wo.code;
		info.si_pid = wo.pid;
		info.si_uid = wo.uid;
		info.si_status = info_status(&wo);
	}
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}
