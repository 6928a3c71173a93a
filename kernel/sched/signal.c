/*
 * signal.c - sending signals.
 *
 * Idea: a signal is a bit in the pending set of a thread or of its process,
 *       with a siginfo while memory lasts. Sending decides three things:
 *       whether it matters at all (an ignored signal is dropped, SIGCONT and
 *       the stop signals cancel each other), where it waits, and which thread
 *       to wake: one that does not block it. A fatal signal without a core
 *       dump ends the process here: every thread gets SIGKILL.
 * Locks:  sighand->siglock, irqsave; the group's thread list is stable under it.
 * Above:  kernel/proc delivers to handlers, stops, exits.   In Linux: kernel/signal.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/trace_sched.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/smp.h"

/* A period of setitimer(2) may be a microsecond: programs get to run between two interrupts. */
#define SHORTEST_ALARM_NS (20 * NSEC_PER_USEC)

/* One queued siginfo. */
struct sigqueue {
	struct list_head list;		/* siglock: sigpending.list */
	struct siginfo info;
	struct signal_struct *charged;	/* c: whose nr_sigqueue counts it */
};

/* --- locking a task's signals --- */

/* signal.h */
struct sighand_struct *lock_task_sighand(struct task_struct *t, unsigned long *flags)
{
	for (;;) {
		struct sighand_struct *sighand = READ_ONCE(t->sighand);

		if (!sighand)
			return NULL;
		*flags = spin_lock_irqsave(&sighand->siglock);
		if (likely(sighand == t->sighand))
			return sighand;
		spin_unlock_irqrestore(&sighand->siglock, *flags);
	}
}

/* signal.h */
void unlock_task_sighand(struct task_struct *t, unsigned long flags)
{
	spin_unlock_irqrestore(&t->sighand->siglock, flags);
}

/* --- queued siginfos --- */

/* @override: from the kernel, the limit does not count. NULL: no memory, or over the limit. */
static struct sigqueue *sigqueue_alloc(struct task_struct *t, bool override)
{
	struct signal_struct *sig = t->signal;
	struct sigqueue *q;

	if (!override && (unsigned long)sig->nr_sigqueue >= task_rlimit(t, RLIMIT_SIGPENDING))
		return NULL;
	q = sched_alloc ? sched_alloc(sizeof(*q), 0) : NULL;
	if (q) {
		INIT_LIST_HEAD(&q->list);
		q->charged = sig;
		sig->nr_sigqueue++;
	}
	return q;
}

static void sigqueue_free(struct sigqueue *q)
{
	q->charged->nr_sigqueue--;
	sched_free(q);
}

/* signal.h */
void kill_all_signals_flush(struct sigpending *p)
{
	flush_sigqueue_mask(~0UL, p);
}

/* signal.h */
void flush_sigqueue_mask(u64 mask, struct sigpending *p)
{
	struct sigqueue *q, *next;

	if (!(p->signal & mask))
		return;
	p->signal &= ~mask;
	list_for_each_entry_safe(q, next, &p->list, list) {
		if (!(mask & sigmask(q->info.si_signo)))
			continue;
		list_del(&q->list);
		sigqueue_free(q);
	}
}

/* From all threads and the process. => siglock held */
static void flush_group(struct task_struct *p, u64 mask)
{
	struct task_struct *t;

	flush_sigqueue_mask(mask, &p->signal->shared_pending);
	for_each_thread(p, t)
		flush_sigqueue_mask(mask, &t->pending);
}

/* --- waking --- */

/* signal.h */
void signal_wake_up(struct task_struct *t, bool fatal)
{
	bool kill = fatal && !(t->jobctl & JOBCTL_PTRACE_FROZEN);

	set_tif(t, TIF_SIGPENDING);
	if (!try_to_wake_up(t, TASK_INTERRUPTIBLE | (kill ? TASK_WAKEKILL : 0)) &&
	    t != current && t->on_cpu)
		/* it may run in user mode: look at it soon */
		smp_send_reschedule(READ_ONCE(t->cpu));
}

/* signal.h */
void recalc_sigpending(void)
{
	struct task_struct *t = current;

	if ((t->pending.signal | t->signal->shared_pending.signal) & ~t->blocked ||
	    t->jobctl & (JOBCTL_PENDING_MASK | JOBCTL_TRAP_FREEZE))
		set_tif(t, TIF_SIGPENDING);
	else
		clear_tif(t, TIF_SIGPENDING);
}

/* signal.h */
void set_current_blocked(u64 set)
{
	struct task_struct *t;
	u64 stolen;

	set &= ~SIG_SET_ONLY;
	if (current->blocked == set)
		return;
	spin_lock_irq(&current->sighand->siglock);
	/* Signals to the process that we will not take any more: another thread may. */
	stolen = current->signal->shared_pending.signal & set & ~current->blocked;
	if (stolen && current->signal->nr_threads > 1)
		for_each_thread(current, t)
			if (t != current && !(t->flags & PF_EXITING) && stolen & ~t->blocked)
				signal_wake_up(t, false);
	current->blocked = set;
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
}

/* wait.h */
bool signal_pending_state(int state)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(current))
		return false;
	return state & TASK_INTERRUPTIBLE || fatal_signal_pending(current);
}

/* --- does it matter? --- */

static sighandler_t handler_of(const struct task_struct *t, int sig)
{
	return t->sighand->action[sig - 1].sa.sa_handler;
}

/* signal.h */
bool signal_ignored(struct task_struct *t, int sig)
{
	sighandler_t handler = handler_of(t, sig);

	return handler == SIG_IGN || (handler == SIG_DFL && sig_kernel_ignore(sig));
}

/* Dropped at once? A blocked signal is kept: its handler may change before it is unblocked. */
static bool dropped(int sig, struct task_struct *t, bool force)
{
	if ((t->blocked | t->real_blocked) & sigmask(sig))
		return false;
	if (t->ptrace && sig != SIGKILL)
		return false;	/* its tracer may want to see it */
	/* init is protected, except from what the kernel itself forces. */
	if (t->signal->flags & SIGNAL_UNKILLABLE && handler_of(t, sig) == SIG_DFL &&
	    !(force && sig_kernel_only(sig)))
		return true;
	return signal_ignored(t, sig);
}

/*
 * A stopped process goes on; its parent is told by the first of its threads to run (kernel/proc).
 */
static void continue_group(struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	struct task_struct *t;
	unsigned int why = 0;

	flush_group(p, SIG_SET_STOP);
	for_each_thread(p, t) {
		t->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME | JOBCTL_STOP_SIGMASK |
			       JOBCTL_STOP_DEQUEUED);
		try_to_wake_up(t, TASK_STOPPED);
	}
	if (sig->flags & SIGNAL_STOP_STOPPED)
		why = SIGNAL_CLD_CONTINUED;
	else if (sig->group_stop_count)
		why = SIGNAL_CLD_STOPPED;
	if (why) {
		sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | why | SIGNAL_STOP_CONTINUED;
		sig->group_stop_count = 0;
		sig->group_exit_code = 0;
		/*
		 * The parent must be told even if SIGCONT is ignored: some thread passes by there.
		 */
		signal_wake_up(p->signal->leader, false);
	}
}

/* The side effects of sending @sig; false: there is nothing to send. => siglock held */
static bool prepare_signal(int sig, struct task_struct *t, bool force)
{
	if (t->signal->flags & SIGNAL_GROUP_EXIT)	/* it dies already; its core can be cut short */
		return t->signal->core_state && sig == SIGKILL;
	if (sig_kernel_stop(sig))
		flush_group(t, sigmask(SIGCONT));
	else if (sig == SIGCONT)
		continue_group(t);
	return !dropped(sig, t, force);
}

/* --- whom to wake --- */

static bool wants_signal(int sig, struct task_struct *t)
{
	if (t->blocked & sigmask(sig) || t->flags & PF_EXITING)
		return false;
	if (sig == SIGKILL)
		return true;
	if (t->__state & (TASK_STOPPED | TASK_TRACED))
		return false;
	return t == current || !signal_pending(t);
}

static struct task_struct *choose_thread(int sig, struct task_struct *p, bool group)
{
	struct task_struct *t;

	if (wants_signal(sig, p))
		return p;
	if (group)
		for_each_thread(p, t)
			if (wants_signal(sig, t))
				return t;
	return NULL;
}

static bool is_fatal(int sig, struct task_struct *p, struct task_struct *t)
{
	if ((p->signal->flags & SIGNAL_GROUP_EXIT && !p->signal->core_state) ||
	    t->real_blocked & sigmask(sig))
		return false;
	if (p->signal->flags & SIGNAL_UNKILLABLE && !sig_kernel_only(sig))
		return false;
	if (sig == SIGKILL)
		return true;
	return !t->ptrace && handler_of(p, sig) == SIG_DFL && !sig_kernel_ignore(sig) &&
	       !sig_kernel_stop(sig) && !sig_kernel_coredump(sig);
}

/* The bit is set: wake who shall take it. => siglock held */
static void complete_signal(int sig, struct task_struct *p, bool group)
{
	struct signal_struct *signal = p->signal;
	struct task_struct *t = choose_thread(sig, p, group), *other;

	if (!t)
		return;		/* they will find it when they unblock it */
	if (!is_fatal(sig, p, t)) {
		signal_wake_up(t, sig == SIGKILL);
		return;
	}
	signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
	signal->group_exit_code = sig;
	signal->group_stop_count = 0;
	for_each_thread(p, other) {
		other->jobctl &= ~(JOBCTL_PENDING_MASK | JOBCTL_STOP_CONSUME);
		other->pending.signal |= sigmask(SIGKILL);
		signal_wake_up(other, true);
	}
}

/* --- sending --- */

static void fill_info(struct siginfo *to, int sig, const struct siginfo *info)
{
	if (info)
		*to = *info;
	else
		*to = (struct siginfo){ .si_signo = sig, .si_code = SI_KERNEL };
}

_Atomic int signalfd_users;
DECLARE_WAIT_QUEUE_HEAD(signalfd_wait);

/*
 * Queues @sig, or says why not. => siglock held; *result: enum trace_signal_result. 0 or -EAGAIN.
 */
static int queue_signal(int sig, const struct siginfo *info, struct task_struct *t, bool group,
			int *result)
{
	struct sigpending *pending = group ? &t->signal->shared_pending : &t->pending;
	bool override = sig < SIGRTMIN && (!info || info->si_code >= 0);
	struct sigqueue *q;

	*result = TRACE_SIGNAL_ALREADY_PENDING;
	if (sig < SIGRTMIN && pending->signal & sigmask(sig))
		return 0;		/* ordinary signals do not queue up */
	*result = TRACE_SIGNAL_DELIVERED;
	/* SIGKILL needs no siginfo: nobody will see it. */
	q = sig == SIGKILL ? NULL : sigqueue_alloc(t, override);
	if (q) {
		fill_info(&q->info, sig, info);
		list_add_tail(&q->list, &pending->list);
	} else if (sig >= SIGRTMIN && info && info->si_code != SI_USER) {
		*result = TRACE_SIGNAL_OVERFLOW_FAIL;
		return -EAGAIN;		/* sigqueue(3) promised to deliver it */
	} else if (sig != SIGKILL) {
		*result = TRACE_SIGNAL_LOSE_INFO;
	}
	pending->signal |= sigmask(sig);
	complete_signal(sig, t, group);
	if (unlikely(signalfd_users))
		wake_up_key(&signalfd_wait, TASK_NORMAL, 0, (void *)1UL /* EPOLLIN */);
	return 0;
}

/* signal.h */
int send_signal_locked(int sig, const struct siginfo *info, struct task_struct *t, bool group,
		       bool force)
{
	int result = TRACE_SIGNAL_IGNORED, ret = 0;

	if (prepare_signal(sig, t, force))
		ret = queue_signal(sig, info, t, group, &result);
	if (trace_enabled(signal_generate))
		trace_signal(sig, t, info ? info->si_errno : 0, info ? info->si_code : SI_KERNEL,
			     group, result);
	return ret;
}

/* signal.h. @sig 0 only asks whether there is somebody. */
int send_signal(int sig, const struct siginfo *info, struct task_struct *t, bool group)
{
	unsigned long flags;
	int ret = 0;

	if (!lock_task_sighand(t, &flags))
		return -ESRCH;
	if (sig)
		ret = send_signal_locked(sig, info, t, group, !info);
	unlock_task_sighand(t, flags);
	return ret;
}

/* signal.h */
int do_send_sig_info_group(struct task_struct *t, int sig)
{
	return send_signal(sig, NULL, t, true);
}

/* To current, now: neither blocking nor ignoring helps, and init has no protection. */
static int force_info(const struct siginfo *info)
{
	struct task_struct *t = current;
	struct k_sigaction *action;
	unsigned long flags;
	int sig = info->si_signo, ret;

	if (!lock_task_sighand(t, &flags))
		return -ESRCH;
	action = &t->sighand->action[sig - 1];
	if (action->sa.sa_handler == SIG_IGN || t->blocked & sigmask(sig)) {
		action->sa.sa_handler = SIG_DFL;
		t->blocked &= ~sigmask(sig);
	}
	if (action->sa.sa_handler == SIG_DFL && !t->ptrace)
		t->signal->flags &= ~SIGNAL_UNKILLABLE;
	ret = send_signal_locked(sig, info, t, false, true);
	recalc_sigpending();
	unlock_task_sighand(t, flags);
	return ret;
}

/* signal.h */
int force_sig_fault(int sig, int code, unsigned long addr)
{
	struct siginfo info = { .si_signo = sig, .si_code = code, .si_addr = (void *)addr };

	return force_info(&info);
}

/* signal.h */
int force_sig(int sig)
{
	struct siginfo info = { .si_signo = sig, .si_code = SI_KERNEL };

	return force_info(&info);
}

/* signal.h. Succeeds if one member could be sent to. */
int kill_pgrp(kpid_t pgrp, int sig, const struct siginfo *info)
{
	struct task_struct *p;
	int ret = -ESRCH;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		int err;

		if (p->signal->pgrp != pgrp)
			continue;
		err = send_signal(sig, info, p, true);
		if (ret)
			ret = err;
	}
	read_unlock(&tasklist_lock);
	return ret;
}

/* --- receiving --- */

/* Faults first: they belong to the instruction that is about to run again. */
static int next_signal(const struct sigpending *p, u64 mask)
{
	const u64 synchronous = 1UL << (SIGSEGV - 1) | 1UL << (SIGBUS - 1) | 1UL << (SIGILL - 1) |
				1UL << (SIGTRAP - 1) | 1UL << (SIGFPE - 1) | 1UL << (SIGSYS - 1);
	u64 set = p->signal & ~mask;

	if (set & synchronous)
		set &= synchronous;
	return set ? __builtin_ctzl(set) + 1 : 0;
}

/* Takes the first queued siginfo of @sig; the bit stays if there is another one. */
static void collect(struct sigpending *p, int sig, struct siginfo *info)
{
	struct sigqueue *q, *next, *first = NULL;
	bool more = false;

	list_for_each_entry_safe(q, next, &p->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		p->signal &= ~sigmask(sig);
	if (!first) {	/* it found no memory: all that is known is its number */
		*info = (struct siginfo){ .si_signo = sig, .si_code = SI_USER };
		return;
	}
	*info = first->info;
	list_del(&first->list);
	sigqueue_free(first);
}

void (*timer_signal_taken)(struct siginfo *info);

/* The process takes its SIGALRM: only now a periodic setitimer(2) goes on. => siglock */
static void real_timer_taken(struct signal_struct *sig)
{
	struct timer_list *timer = &sig->real_timer;
	u64 now = ktime_get_ns(), missed;

	if (!sig->it_real_incr || timer_pending(timer))
		return;
	missed = now > timer->expires ? (now - timer->expires) / sig->it_real_incr : 0;
	mod_timer(timer, MAX(timer->expires + (missed + 1) * sig->it_real_incr,
			     now + SHORTEST_ALARM_NS));
}

/* signal.h */
int dequeue_signal(u64 mask, struct siginfo *info)
{
	struct task_struct *t = current;
	struct sigpending *p = &t->pending;
	int sig = next_signal(p, mask);

	if (!sig) {
		p = &t->signal->shared_pending;
		sig = next_signal(p, mask);
	}
	if (sig) {
		collect(p, sig, info);
		if (unlikely(info->si_code == SI_TIMER))
			timer_signal_taken(info);
		if (unlikely(sig == SIGALRM) && p != &t->pending)
			real_timer_taken(t->signal);
		/* SIGCONT takes this back if it comes before the stop */
		if (sig_kernel_stop(sig))
			t->jobctl |= JOBCTL_STOP_DEQUEUED;
	}
	recalc_sigpending();
	return sig;
}
