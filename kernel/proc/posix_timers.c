/*
 * posix_timers.c - alarms: setitimer, alarm, and timer_create's timers.
 *
 * Idea: each is a timer of kernel/sched whose function sends a signal from the
 *       timer interrupt. While that signal waits to be taken another one would tell
 *       nothing new: so a periodic timer rests until then, and begins its next period as
 *       the signal is taken (dequeue_signal). What a program does not take costs nothing,
 *       however short its periods. The expiries in between are the overrun.
 * Locks:  siglock guards the list and the fields; the function takes it. A timer is
 *         stopped (del_timer_sync) without siglock held.
 *         ITIMER_VIRTUAL and ITIMER_PROF are cpu_timers.c's; a timer on a CPU clock is never
 *         queued: the tick comes by (posix_cpu_timers_expire).
 * Above:  the system call table; exit and exec.   In Linux: kernel/time/posix-timers.c, itimer.c.
 */
#include "kernel/proc/posix_timers.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cpu_timers.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

/* However short a period is, programs get to run between two interrupts. */
#define SHORTEST_PERIOD_NS (20 * NSEC_PER_USEC)
/* A signal that nobody takes: an ignored one now, later perhaps not. */
#define UNHEARD_PERIOD_NS (10 * NSEC_PER_MSEC)
#define UNHEARD_DOUBLINGS 7	/* … and so far apart at last: 1.28 s */

/* How many whole periods of @interval lie between @expires and now. */
static u64 periods_since(u64 expires, u64 interval, u64 now)
{
	return now > expires && interval ? (now - expires) / interval : 0;
}

/* --- ITIMER_REAL and alarm() --- */

/* The next period after its last expiry, but not before @least from now. => siglock */
static void next_real_period(struct signal_struct *sig, u64 least)
{
	struct timer_list *timer = &sig->real_timer;
	u64 now = ktime_get_ns(), interval = sig->it_real_incr;
	u64 next = timer->expires + (periods_since(timer->expires, interval, now) + 1) * interval;

	mod_timer(timer, MAX(next, now + least));
}

/*
 * In the timer interrupt. The leader may be replaced by an execve just now; it is not freed before
 * this ends (replace_leader).
 */
void it_real_fn(struct timer_list *timer)
{
	struct signal_struct *sig = container_of(timer, struct signal_struct, real_timer);
	struct siginfo info = { .si_signo = SIGALRM, .si_code = SI_KERNEL };
	struct task_struct *leader = READ_ONCE(sig->leader);
	unsigned long flags;

	if (!leader || !lock_task_sighand(leader, &flags))
		return;
	send_signal_locked(SIGALRM, &info, leader, true, false);
	if (sig->it_real_incr && !(sig->shared_pending.signal & sigmask(SIGALRM)))
		next_real_period(sig, UNHEARD_PERIOD_NS);
	unlock_task_sighand(leader, flags);
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

	spin_lock_irq(&current->sighand->siglock);
	sig->it_real_incr = 0;		/* so that it does not arm itself while it is stopped */
	spin_unlock_irq(&current->sighand->siglock);
	del_timer_sync(&sig->real_timer);
	spin_lock_irq(&current->sighand->siglock);
	sig->it_real_incr = interval;
	if (value)
		mod_timer(&sig->real_timer, ktime_get_ns() + value);
	spin_unlock_irq(&current->sighand->siglock);
}

long sys_getitimer(int which, struct itimerval __user *uvalue)
{
	struct itimerval value;

	if ((unsigned int)which > ITIMER_PROF)
		return -EINVAL;
	if (which == ITIMER_REAL)
		read_real_timer(&value);
	else
		cpu_itimer_get(which, &value);
	return copy_to_user(uvalue, &value, sizeof(value)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const struct itimerval __user *uvalue, struct itimerval __user *uold)
{
	struct itimerval value = { }, old;
	u64 first, interval;

	if (uvalue && copy_from_user(&value, uvalue, sizeof(value)))
		return -EFAULT;
	if ((unsigned int)which > ITIMER_PROF || !timeval_valid(&value.it_value) ||
	    !timeval_valid(&value.it_interval))
		return -EINVAL;
	first = timeval_to_ns(&value.it_value);
	interval = first ? timeval_to_ns(&value.it_interval) : 0;
	if (which == ITIMER_REAL) {
		read_real_timer(&old);
		set_real_timer(first, interval);
	} else {
		cpu_itimer_get(which, &old);
		cpu_itimer_set(which, first, interval);
	}
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
	bool cpu;			/* c: its clock is CPU time, of … */
	struct task_struct *measured;	/* c: … this thread, a reference; NULL: the process */
	bool armed;			/* s */
	bool queued;			/* s: a signal waits that stands for ->expires */
	unsigned int unheard;		/* s: how often it was looked for since, in vain */
	u64 expires;			/* s: ns, CLOCK_MONOTONIC or CPU time: the next expiry, or the last if queued */
	u64 interval;			/* s: ns */
	int overrun;			/* s: expiries beyond the last signal that was taken */
	int notify, signo;		/* c: SIGEV_* */
	sigval_t value;			/* c */
	struct signal_struct *sig;	/* c */
	/* c: a reference; SIGEV_THREAD_ID's thread, else the leader */
	struct task_struct *target;
};

struct posix_timers {
	struct list_head list;		/* s */
	int next_id;			/* s */
	unsigned int count;		/* s */
};

/* --- on CPU clocks --- */

/* What @kt's clock says if its process has used @utime and @stime. */
static u64 cpu_clock_of(const struct k_timer *kt, u64 utime, u64 stime)
{
	bool virt = kt->clock < 0 && (kt->clock & CPUCLOCK_KIND) == CPUCLOCK_VIRT;

	if (kt->measured)
		task_cputime(kt->measured, &utime, &stime);
	return virt ? utime : utime + stime;
}

/* The time by @kt's clock; CLOCK_MONOTONIC for all that are no CPU clocks. => siglock; ours */
static u64 timer_now(const struct k_timer *kt)
{
	u64 utime = 0, stime = 0;

	if (likely(!kt->cpu))
		return ktime_get_ns();
	if (!kt->measured)
		thread_group_cputime_locked(current, &utime, &stime);
	return cpu_clock_of(kt, utime, stime);
}

/* => siglock. The tick looks at a CPU clock's timer without being told when. */
static void start_timer(struct k_timer *kt, u64 when)
{
	if (!kt->cpu)
		mod_timer(&kt->timer, when);
}

/* Finds out whose time @kt->clock is. 0; -EINVAL: no such clock, or another process's */
static int bind_clock(struct k_timer *kt)
{
	int clock = kt->clock;
	kpid_t pid = ~(clock >> 3);
	struct task_struct *t;
	bool ours;

	if (clock_can_sleep(clock))
		return 0;
	kt->cpu = true;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return 0;
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		kt->measured = get_task_struct(current);
		return 0;
	}
	if (clock >= 0 || (clock & CPUCLOCK_KIND) == CPUCLOCK_KIND)
		return -EINVAL;
	t = pid ? find_get_task(pid) : get_task_struct(current);
	ours = t && t->signal == current->signal;
	if (ours && clock & CPUCLOCK_PERTHREAD)
		kt->measured = t;
	else if (t)
		put_task_struct(t);
	return ours ? 0 : -EINVAL;
}

/* --- expiry --- */

/* Is its signal pending, whoever sent it? => siglock */
static bool signal_waits(const struct k_timer *kt)
{
	const struct sigpending *p =
		kt->notify == SIGEV_THREAD_ID ? &kt->target->pending : &kt->sig->shared_pending;

	return p->signal & sigmask(kt->signo);
}

/* To the first period that ends after @now. How many have ended. => siglock, periodic */
static int forward(struct k_timer *kt, u64 now)
{
	u64 missed = periods_since(kt->expires, kt->interval, now);

	kt->expires += (missed + 1) * kt->interval;
	return MIN(missed, (u64)INT32_MAX);
}

/* It looks again later, and ever later: a signal can be flushed, or merged with another's. */
static void look_later(struct k_timer *kt, u64 now)
{
	u64 rest = UNHEARD_PERIOD_NS << MIN(kt->unheard++, (unsigned int)UNHEARD_DOUBLINGS);

	start_timer(kt, MAX(kt->expires + kt->interval, now + rest));
}

/* It is due. => siglock */
static void expire(struct k_timer *kt, u64 now)
{
	struct siginfo info = { .si_signo = kt->signo, .si_code = SI_TIMER };
	bool first = !signal_waits(kt);

	info.si_tid = kt->id;
	info.si_value = kt->value;
	if (first)
		send_signal_locked(kt->signo, &info, kt->target, kt->notify != SIGEV_THREAD_ID, false);
	if (!kt->interval) {
		kt->armed = false;
		return;
	}
	kt->queued = signal_waits(kt);
	if (kt->queued) {
		look_later(kt, now);
		return;
	}
	kt->overrun = forward(kt, now);		/* ignored */
	start_timer(kt, MAX(kt->expires, now + UNHEARD_PERIOD_NS));
}

/* In the timer interrupt. */
static void posix_timer_fn(struct timer_list *timer)
{
	struct k_timer *kt = container_of(timer, struct k_timer, timer);
	u64 now = ktime_get_ns();
	unsigned long flags;

	if (!lock_task_sighand(kt->target, &flags))
		return;			/* the thread it was for is dead */
	if (kt->armed && kt->expires > now)
		mod_timer(timer, kt->expires);	/* set anew as it went off */
	else if (kt->armed && kt->queued && signal_waits(kt))
		look_later(kt, now);
	else if (kt->armed)
		expire(kt, now);
	unlock_task_sighand(kt->target, flags);
}

static bool cpu_timer_armed(const struct k_timer *kt)
{
	return kt->cpu && kt->armed && kt->notify != SIGEV_NONE;
}

/* posix_timers.h */
bool posix_cpu_timers_armed(const struct signal_struct *sig)
{
	const struct k_timer *kt;

	if (sig->posix_timers)
		list_for_each_entry(kt, &sig->posix_timers->list, list)
			if (cpu_timer_armed(kt))
				return true;
	return false;
}

/* posix_timers.h */
void posix_cpu_timers_expire(struct signal_struct *sig, u64 utime, u64 stime)
{
	struct k_timer *kt;
	u64 now;

	if (!sig->posix_timers)
		return;
	list_for_each_entry(kt, &sig->posix_timers->list, list) {
		if (!cpu_timer_armed(kt) || (kt->queued && signal_waits(kt)))
			continue;
		now = cpu_clock_of(kt, utime, stime);
		if (kt->expires <= now && kt->target->sighand)	/* else that thread is dead */
			expire(kt, now);
	}
}

/* dequeue_signal(): current takes a timer's signal, and the next period begins. => siglock */
static void signal_taken(struct siginfo *info)
{
	struct posix_timers *pt = current->signal->posix_timers;
	struct k_timer *kt;
	u64 now;

	if (!pt)
		return;
	list_for_each_entry(kt, &pt->list, list) {
		if (kt->id != info->si_tid)
			continue;
		kt->overrun = 0;
		if (kt->queued) {
			now = timer_now(kt);
			kt->queued = false;
			kt->unheard = 0;
			kt->overrun = forward(kt, now);
			start_timer(kt, MAX(kt->expires, now + SHORTEST_PERIOD_NS));
		}
		info->si_overrun = kt->overrun;
		return;
	}
}

/* posix_timers.h */
void posix_timers_init(void)
{
	timer_signal_taken = signal_taken;
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

/*
 * Links @kt under a fresh number, *id: from then on another thread may delete it. -EAGAIN: no memory, or
 * as many as signals may be queued: each stands for one.
 */
static int add_timer(struct k_timer *kt, bool number_is_value, int *id)
{
	struct posix_timers *fresh = NULL, *pt;
	struct signal_struct *sig = current->signal;
	int err = -EAGAIN;

	if (!sig->posix_timers) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
		if (!fresh)
			return -EAGAIN;
		INIT_LIST_HEAD(&fresh->list);
	}
	spin_lock_irq(&current->sighand->siglock);
	if (!sig->posix_timers) {
		sig->posix_timers = fresh;
		fresh = NULL;
	}
	pt = sig->posix_timers;
	if (pt->count < rlimit(RLIMIT_SIGPENDING)) {
		pt->count++;
		*id = kt->id = pt->next_id;
		pt->next_id = pt->next_id == INT32_MAX ? 0 : pt->next_id + 1;
		if (number_is_value)
			kt->value.sival_int = kt->id;
		list_add_tail(&kt->list, &pt->list);
		err = 0;
	}
	spin_unlock_irq(&current->sighand->siglock);
	kfree(fresh);
	return err;
}

/* => off the list and not armed any more, or nobody else is left */
static void free_timer(struct k_timer *kt)
{
	del_timer_sync(&kt->timer);
	if (kt->target)
		put_task_struct(kt->target);
	if (kt->measured)
		put_task_struct(kt->measured);
	kfree(kt);
}

long sys_timer_create(int clock, sigevent_t __user *uevent, int __user *uid)
{
	sigevent_t ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct k_timer *kt;
	int err, id;

	if (uevent && copy_from_user(&ev, uevent, sizeof(ev)))
		return -EFAULT;
	if (!event_valid(&ev))
		return -EINVAL;
	kt = kzalloc(sizeof(*kt), GFP_KERNEL_ACCOUNT);
	if (!kt)
		return -EAGAIN;
	timer_setup(&kt->timer, posix_timer_fn);
	kt->clock = clock;
	kt->notify = ev.sigev_notify;
	kt->signo = ev.sigev_signo;
	kt->sig = current->signal;
	kt->target = event_target(&ev);
	kt->value = ev.sigev_value;
	err = kt->target ? bind_clock(kt) : -EINVAL;
	if (!err)
		err = add_timer(kt, !uevent, &id);
	if (err) {
		free_timer(kt);
		return err;
	}
	if (put_user(id, uid)) {
		sys_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(int id)
{
	struct k_timer *kt;

	spin_lock_irq(&current->sighand->siglock);
	kt = find_timer_locked(id);
	if (kt) {
		list_del(&kt->list);
		kt->armed = false;
		current->signal->posix_timers->count--;
	}
	spin_unlock_irq(&current->sighand->siglock);
	if (!kt)
		return -EINVAL;
	free_timer(kt);
	return 0;
}

static void read_timer(const struct k_timer *kt, struct itimerspec *value)
{
	u64 now = timer_now(kt), next = kt->expires, left = 0;

	/* A signal that waits, or none that is wanted: the period goes on as if it had been taken. */
	if (kt->interval && (kt->queued || kt->notify == SIGEV_NONE) && next <= now)
		next += (periods_since(next, kt->interval, now) + 1) * kt->interval;
	if (kt->armed && (next > now || kt->notify != SIGEV_NONE))
		left = next > now ? next - now : 1;
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

/* When it goes off first, on its CPU clock or on CLOCK_MONOTONIC. */
static u64 first_expiry(const struct k_timer *kt, int flags, const struct timespec *ts)
{
	s64 ns = timespec_to_ns(ts), offset;

	if (!(flags & TIMER_ABSTIME))
		return timer_now(kt) + ns;
	if (kt->cpu)
		return ns;
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
		del_timer(&kt->timer);
		kt->armed = value.it_value.tv_sec || value.it_value.tv_nsec;
		kt->queued = false;
		kt->unheard = 0;
		kt->overrun = 0;
		kt->interval = kt->armed ? timespec_to_ns(&value.it_interval) : 0;
		kt->expires = kt->armed ? first_expiry(kt, flags, &value.it_value) : 0;
		if (kt->armed && kt->notify != SIGEV_NONE)
			start_timer(kt, kt->expires);
		cpu_timers_update(kt->sig);
	}
	spin_unlock_irq(&current->sighand->siglock);
	if (!kt)
		return -EINVAL;
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

void exit_itimers(struct signal_struct *sig)
{
	struct posix_timers *pt;
	struct k_timer *kt, *n;

	/* No thread makes more, but the tick looks here as long as one of them is on its way out. */
	spin_lock_irq(&current->sighand->siglock);
	pt = sig->posix_timers;
	sig->posix_timers = NULL;
	spin_unlock_irq(&current->sighand->siglock);
	if (!pt)
		return;
	list_for_each_entry_safe(kt, n, &pt->list, list)
		free_timer(kt);
	kfree(pt);
}
