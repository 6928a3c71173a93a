/*
 * posix_timers.c - alarms: setitimer, alarm, and timer_create's timers.
 *
 * Idea: each is a timer of kernel/sched whose function sends a signal from the
 *       timer interrupt and arms itself again if it is periodic. A timer's
 *       signal is sent only once until it is taken; the expiries in between are
 *       its overrun, told by timer_getoverrun(2).
 * Locks:  siglock guards the list and the fields; the function takes it inside
 *         send_signal(). A timer is stopped (del_timer_sync) without siglock held.
 *         ITIMER_VIRTUAL and ITIMER_PROF are left out (EINVAL): no per-tick CPU accounting of
 *         limits.
 * Above:  the system call table; exit and exec.   In Linux: kernel/time/posix-timers.c, itimer.c.
 */
#include "kernel/proc/posix_timers.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/lib/string.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

/* However short a period is, programs get to run between two interrupts. */
#define SHORTEST_PERIOD_NS (20 * NSEC_PER_USEC)

/* A periodic timer's next time, in its function. How many periods have gone by unnoticed. */
static u64 rearm(struct timer_list *timer, u64 interval)
{
	u64 now = ktime_get_ns(), soonest = now + SHORTEST_PERIOD_NS, missed;

	missed = timer->expires + interval < soonest
			 ? (soonest - timer->expires - 1) / interval
			 : 0;
	mod_timer(timer, timer->expires + (missed + 1) * interval);
	return missed;
}

/* --- ITIMER_REAL and alarm() --- */

void it_real_fn(struct timer_list *timer)
{
	struct signal_struct *sig = container_of(timer, struct signal_struct, real_timer);
	struct siginfo info = { .si_signo = SIGALRM, .si_code = SI_KERNEL };

	send_signal(SIGALRM, &info, sig->leader, true);
	if (sig->it_real_incr)
		rearm(timer, sig->it_real_incr);
}

static void read_real_timer(struct itimerval *value)
{
	struct signal_struct *sig = current->signal;
	u64 now = ktime_get_ns(), left = 0;

	if (timer_pending(&sig->real_timer))
		left = sig->real_timer.expires > now ? sig->real_timer.expires - now
						     : NSEC_PER_USEC;
	value->it_interval = ns_to_timeval(sig->it_real_incr);
	value->it_value = ns_to_timeval(left);
}

static void set_real_timer(u64 value, u64 interval)
{
	struct signal_struct *sig = current->signal;

	sig->it_real_incr = 0;		/* so that it does not arm itself while it is stopped */
	del_timer_sync(&sig->real_timer);
	sig->it_real_incr = interval;
	if (value)
		mod_timer(&sig->real_timer, ktime_get_ns() + value);
}

long sys_getitimer(int which, struct itimerval __user *uvalue)
{
	struct itimerval value;

	if (which != ITIMER_REAL)
		return -EINVAL;
	read_real_timer(&value);
	return copy_to_user(uvalue, &value, sizeof(value)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const struct itimerval __user *uvalue, struct itimerval __user *uold)
{
	struct itimerval value = { }, old;

	if (uvalue && copy_from_user(&value, uvalue, sizeof(value)))
		return -EFAULT;
	if (which != ITIMER_REAL || !timeval_valid(&value.it_value) ||
	    !timeval_valid(&value.it_interval))
		return -EINVAL;
	read_real_timer(&old);
	set_real_timer(timeval_to_ns(&value.it_value),
		       value.it_value.tv_sec | value.it_value.tv_usec
			       ? timeval_to_ns(&value.it_interval)
			       : 0);
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

/* Whole seconds, rounded: at least 1 if any time is left. */
long sys_alarm(unsigned int seconds)
{
	struct itimerval old;

	read_real_timer(&old);
	set_real_timer((u64)seconds * NSEC_PER_SEC, 0);
	if ((!old.it_value.tv_sec && old.it_value.tv_usec) || old.it_value.tv_usec >= 500000)
		old.it_value.tv_sec++;
	return old.it_value.tv_sec;
}

/* --- timer_create --- */

/* Guards: s siglock   c set once */
struct k_timer {
	struct list_head list;		/* s: posix_timers->list */
	int id;				/* c */
	int clock;			/* c */
	struct timer_list timer;
	u64 interval;			/* s: ns */
	int overrun;			/* s: expiries beyond the signal on its way */
	int notify, signo;		/* c: SIGEV_* */
	sigval_t value;			/* c */
	struct signal_struct *sig;	/* c */
	/* c: a reference; SIGEV_THREAD_ID's thread, else the leader */
	struct task_struct *target;
};

struct posix_timers {
	struct list_head list;		/* s */
	int next_id;			/* s */
};

static bool still_queued(struct k_timer *kt)
{
	struct sigpending *p =
		kt->notify == SIGEV_THREAD_ID ? &kt->target->pending : &kt->sig->shared_pending;

	return READ_ONCE(p->signal) & sigmask(kt->signo);
}

/* In the timer interrupt. */
static void posix_timer_fn(struct timer_list *timer)
{
	struct k_timer *kt = container_of(timer, struct k_timer, timer);
	struct siginfo info = { .si_signo = kt->signo, .si_code = SI_TIMER };

	if (kt->notify != SIGEV_NONE && still_queued(kt)) {
		kt->overrun++;
	} else if (kt->notify != SIGEV_NONE) {
		info.si_tid = kt->id;
		info.si_overrun = 0;
		info.si_value = kt->value;
		kt->overrun = 0;
		send_signal(kt->signo, &info, kt->target, kt->notify != SIGEV_THREAD_ID);
	}
	if (kt->interval)
		kt->overrun += MIN(rearm(timer, kt->interval), (u64)(INT32_MAX - kt->overrun));
}

static struct k_timer *find_timer_locked(int id)
{
	struct posix_timers *pt = current->signal->posix_timers;
	struct k_timer *kt;

	if (pt)
		list_for_each_entry(kt, &pt->list, list)
			if (kt->id == id)
				return kt;
	return NULL;
}

/* A thread of ours by its number, or the leader: a reference; NULL. */
static struct task_struct *event_target(const sigevent_t *ev)
{
	struct task_struct *t = current->group_leader;

	if (ev->sigev_notify != SIGEV_THREAD_ID)
		return get_task_struct(t);
	t = find_get_task(ev->sigev_notify_thread_id);
	if (t && t->signal != current->signal) {
		put_task_struct(t);
		t = NULL;
	}
	return t;
}

static bool event_valid(const sigevent_t *ev)
{
	if (ev->sigev_notify == SIGEV_NONE)
		return true;
	return (ev->sigev_notify == SIGEV_SIGNAL || ev->sigev_notify == SIGEV_THREAD ||
		ev->sigev_notify == SIGEV_THREAD_ID) &&
	       ev->sigev_signo > 0 && ev->sigev_signo <= NSIG;
}

/* Links @kt under a fresh number. -ENOMEM */
static int add_timer(struct k_timer *kt)
{
	struct posix_timers *fresh = NULL;
	struct signal_struct *sig = current->signal;

	if (!sig->posix_timers) {
		fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		INIT_LIST_HEAD(&fresh->list);
		fresh->next_id = 0;
	}
	spin_lock_irq(&current->sighand->siglock);
	if (!sig->posix_timers) {
		sig->posix_timers = fresh;
		fresh = NULL;
	}
	kt->id = sig->posix_timers->next_id++;
	list_add_tail(&kt->list, &sig->posix_timers->list);
	spin_unlock_irq(&current->sighand->siglock);
	kfree(fresh);
	return 0;
}

static void free_timer(struct k_timer *kt)
{
	kt->interval = 0;
	del_timer_sync(&kt->timer);
	put_task_struct(kt->target);
	kfree(kt);
}

long sys_timer_create(int clock, sigevent_t __user *uevent, int __user *uid)
{
	sigevent_t ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct k_timer *kt;
	int err;

	if (!clock_can_sleep(clock))
		return -EINVAL;
	if (uevent && copy_from_user(&ev, uevent, sizeof(ev)))
		return -EFAULT;
	if (!event_valid(&ev))
		return -EINVAL;
	kt = kzalloc(sizeof(*kt), GFP_KERNEL);
	if (!kt)
		return -EAGAIN;
	timer_setup(&kt->timer, posix_timer_fn);
	kt->clock = clock;
	kt->notify = ev.sigev_notify;
	kt->signo = ev.sigev_signo;
	kt->sig = current->signal;
	kt->target = event_target(&ev);
	if (!kt->target) {
		kfree(kt);
		return -EINVAL;
	}
	err = add_timer(kt);
	if (err) {
		put_task_struct(kt->target);
		kfree(kt);
		return -EAGAIN;
	}
	kt->value = ev.sigev_value;
	if (!uevent)
		kt->value.sival_int = kt->id;
	if (put_user(kt->id, uid)) {
		sys_timer_delete(kt->id);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(int id)
{
	struct k_timer *kt;

	spin_lock_irq(&current->sighand->siglock);
	kt = find_timer_locked(id);
	if (kt)
		list_del(&kt->list);
	spin_unlock_irq(&current->sighand->siglock);
	if (!kt)
		return -EINVAL;
	free_timer(kt);
	return 0;
}

static void read_timer(const struct k_timer *kt, struct itimerspec *value)
{
	u64 now = ktime_get_ns(), left = 0;

	if (timer_pending(&kt->timer))
		left = kt->timer.expires > now ? kt->timer.expires - now : 1;
	value->it_interval = ns_to_timespec(kt->interval);
	value->it_value = ns_to_timespec(left);
}

long sys_timer_gettime(int id, struct itimerspec __user *uvalue)
{
	struct itimerspec value;
	struct k_timer *kt;

	spin_lock_irq(&current->sighand->siglock);
	kt = find_timer_locked(id);
	if (kt)
		read_timer(kt, &value);
	spin_unlock_irq(&current->sighand->siglock);
	if (!kt)
		return -EINVAL;
	return copy_to_user(uvalue, &value, sizeof(value)) ? -EFAULT : 0;
}

long sys_timer_getoverrun(int id)
{
	struct k_timer *kt;
	long overrun;

	spin_lock_irq(&current->sighand->siglock);
	kt = find_timer_locked(id);
	overrun = kt ? kt->overrun : -EINVAL;
	spin_unlock_irq(&current->sighand->siglock);
	return overrun;
}

/* When it goes off first, on CLOCK_MONOTONIC. */
static u64 first_expiry(const struct k_timer *kt, int flags, const struct timespec *ts)
{
	s64 ns = timespec_to_ns(ts), offset;

	if (!(flags & TIMER_ABSTIME))
		return ktime_get_ns() + ns;
	offset = clock_offset(kt->clock);
	return ns > offset ? ns - offset : 1;
}

long sys_timer_settime(int id, int flags, const struct itimerspec __user *uvalue,
		       struct itimerspec __user *uold)
{
	struct itimerspec value, old;
	struct k_timer *kt;

	if (copy_from_user(&value, uvalue, sizeof(value)))
		return -EFAULT;
	if (!timespec_valid(&value.it_value) || !timespec_valid(&value.it_interval))
		return -EINVAL;
	spin_lock_irq(&current->sighand->siglock);
	kt = find_timer_locked(id);
	if (kt) {
		read_timer(kt, &old);
		kt->interval = 0;
		del_timer(&kt->timer);
		kt->overrun = 0;
		if (value.it_value.tv_sec || value.it_value.tv_nsec) {
			kt->interval = timespec_to_ns(&value.it_interval);
			mod_timer(&kt->timer, first_expiry(kt, flags, &value.it_value));
		}
	}
	spin_unlock_irq(&current->sighand->siglock);
	if (!kt)
		return -EINVAL;
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

void exit_itimers(struct signal_struct *sig)
{
	struct posix_timers *pt = sig->posix_timers;
	struct k_timer *kt, *n;

	if (!pt)
		return;
	sig->posix_timers = NULL;	/* no other thread is left */
	list_for_each_entry_safe(kt, n, &pt->list, list)
		free_timer(kt);
	kfree(pt);
}
