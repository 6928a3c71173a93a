/*
 * cpu_timers.c - signals that come when a process has used so much CPU time.
 *
 * Idea:   The tick sees every task that runs. A process that wants to hear of its CPU time has
 *         signal->cpu_timers set, and then each tick of one of its threads adds up what all have
 *         used and compares: nothing is precise to less than a tick, as on Linux, and a process
 *         that wants nothing pays for one test.
 *
 *            RLIMIT_CPU       soft limit: SIGXCPU, and once more each second; hard limit: SIGKILL
 *            ITIMER_VIRTUAL   user time:             SIGVTALRM
 *            ITIMER_PROF      user and system time:  SIGPROF
 *            timer_create     posix_timers.c keeps them and says when they are due
 *
 * Locks:  siglock, in the tick's interrupt.
 * Above:  setitimer, setrlimit, fork; the tick through cpu_timers_tick.
 * Below:  rlimit.c's sums, posix_timers.c.   In Linux: kernel/time/posix-cpu-timers.c, itimer.c.
 */
#include "kernel/proc/cpu_timers.h"
#include "kernel/abi/resource.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/posix_timers.h"
#include "kernel/proc/time.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timer.h"

static struct cpu_itimer *itimer(struct signal_struct *sig, int which)
{
	return &sig->it_cpu[which - ITIMER_VIRTUAL];
}

/* What ITIMER_VIRTUAL or ITIMER_PROF counts. => siglock held */
static u64 itimer_clock(struct task_struct *t, int which)
{
	u64 utime, stime;

	thread_group_cputime_locked(t, &utime, &stime);
	return which == ITIMER_VIRTUAL ? utime : utime + stime;
}

void cpu_timers_update(struct signal_struct *sig)
{
	bool wanted = sig->rlim[RLIMIT_CPU].rlim_cur != RLIM_INFINITY || sig->it_cpu[0].expires ||
		      sig->it_cpu[1].expires || posix_cpu_timers_armed(sig);

	WRITE_ONCE(sig->cpu_timers, wanted);
}

void cpu_itimer_get(int which, struct itimerval *value)
{
	struct cpu_itimer *it = itimer(current->signal, which);
	u64 now, left = 0;

	spin_lock_irq(&current->sighand->siglock);
	if (it->expires) {	/* due, and the tick has not seen it: soon */
		now = itimer_clock(current, which);
		left = it->expires > now ? it->expires - now : TICK_NSEC;
	}
	value->it_interval = ns_to_timeval(it->interval);
	spin_unlock_irq(&current->sighand->siglock);
	value->it_value = ns_to_timeval(left);
}

/* A tick more than asked: the one that is under way does not count. */
void cpu_itimer_set(int which, u64 value, u64 interval)
{
	struct signal_struct *sig = current->signal;
	struct cpu_itimer *it = itimer(sig, which);

	spin_lock_irq(&current->sighand->siglock);
	it->interval = interval;
	it->expires = value ? itimer_clock(current, which) + value + TICK_NSEC : 0;
	cpu_timers_update(sig);
	spin_unlock_irq(&current->sighand->siglock);
}

/* --- in the tick, siglock held --- */

static void check_itimer(struct task_struct *t, struct cpu_itimer *it, u64 now, int signo)
{
	if (!it->expires || now < it->expires)
		return;
	it->expires = it->interval ? it->expires + it->interval : 0;
	send_signal_locked(signo, NULL, t, true, true);
}

/* The soft limit moves on by a second each time that it is passed: /proc/<pid>/limits shows it. */
static void check_limit(struct task_struct *t, u64 now)
{
	struct rlimit *limit = &t->signal->rlim[RLIMIT_CPU];
	u64 seconds = now / NSEC_PER_SEC;

	if (limit->rlim_cur == RLIM_INFINITY)
		return;
	if (limit->rlim_max != RLIM_INFINITY && seconds >= limit->rlim_max) {
		send_signal_locked(SIGKILL, NULL, t, true, true);
	} else if (seconds >= limit->rlim_cur) {
		send_signal_locked(SIGXCPU, NULL, t, true, true);
		WRITE_ONCE(limit->rlim_cur, limit->rlim_cur + 1);
	}
}

/* kernel/sched/timer.h */
static void run_cpu_timers(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	unsigned long flags;
	u64 utime, stime;

	if (!lock_task_sighand(t, &flags))
		return;
	thread_group_cputime_locked(t, &utime, &stime);
	check_itimer(t, itimer(sig, ITIMER_VIRTUAL), utime, SIGVTALRM);
	check_itimer(t, itimer(sig, ITIMER_PROF), utime + stime, SIGPROF);
	posix_cpu_timers_expire(sig, utime, stime);
	check_limit(t, utime + stime);
	cpu_timers_update(sig);
	unlock_task_sighand(t, flags);
}

void cpu_timers_init(void) { cpu_timers_tick = run_cpu_timers; }
