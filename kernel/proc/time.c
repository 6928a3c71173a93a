/*
 * time.c - clocks and sleeping.
 *
 * Idea: everything is CLOCK_MONOTONIC in nanoseconds (kernel/x86/clock.h); the
 *       other clocks are that plus an offset, or a task's CPU time. What the vDSO
 *       (kernel/vdso) answers without us it answers in the same way.
 * Locks:  none.
 * Above:  the system call table.   Below: clock.c, schedule_timeout_ns().   In Linux: kernel/time/.
 */
#include "kernel/proc/time.h"
#include "kernel/abi/errno.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"

/* Linux's: in 30 years of running the clock does not overflow. */
#define SETTOD_SEC_MAX (KTIME_MAX / NSEC_PER_SEC - 30L * 365 * 24 * 3600)

static struct timezone sys_tz;	/* a: the time page has it as well */

/* pthread_getcpuclockid(3), clock_getcpuclockid(3). */
static int cpu_clock_now(int clock, u64 *ns)
{
	kpid_t pid = ~(clock >> 3);
	struct task_struct *t;
	u64 u, s;

	if ((clock & CPUCLOCK_KIND) == CPUCLOCK_KIND)
		return -EINVAL;
	t = pid ? find_get_task(pid) : get_task_struct(current);
	if (!t)
		return -EINVAL;
	if (clock & CPUCLOCK_PERTHREAD && t->signal != current->signal) {
		put_task_struct(t);
		return -EINVAL;
	}
	if (clock & CPUCLOCK_PERTHREAD)
		task_cputime(t, &u, &s);
	else
		thread_group_cputime(t, &u, &s);
	put_task_struct(t);
	*ns = (clock & CPUCLOCK_KIND) == CPUCLOCK_VIRT ? u : u + s;
	return 0;
}

int clock_now(int clock, u64 *ns)
{
	u64 u, s;

	switch (clock) {
	case CLOCK_REALTIME_COARSE:
		*ns = ktime_get_coarse_real_ns();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = ktime_coarse(ktime_get_ns());
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = ktime_get_real_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = ktime_get_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		thread_group_cputime(current, &u, &s);
		*ns = u + s;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = task_sched_runtime(current);
		return 0;
	}
	return clock < 0 ? cpu_clock_now(clock, ns) : -EINVAL;
}

bool clock_can_sleep(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

s64 clock_offset(int clock)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM)
		return ktime_get_real_ns() - ktime_get_ns();
	return 0;
}

long sys_clock_gettime(int clock, struct timespec __user *uts)
{
	struct timespec ts;
	u64 ns;
	int err = clock_now(clock, &ns);

	if (err)
		return err;
	ts = ns_to_timespec(ns);
	return copy_to_user(uts, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* time.h */
int set_real_time(s64 ns)
{
	if (ns / NSEC_PER_SEC >= SETTOD_SEC_MAX || ns < (s64)ktime_get_ns())
		return -EINVAL;
	ktime_set_real_ns(ns);
	return 0;
}

long sys_clock_settime(int clock, const struct timespec __user *uts)
{
	struct timespec ts;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	return capable(CAP_SYS_TIME) ? set_real_time(timespec_to_ns(&ts)) : -EPERM;
}

long sys_clock_getres(int clock, struct timespec __user *uts)
{
	bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
	struct timespec ts = { 0, coarse ? TICK_NSEC : 1 };
	u64 ns;
	int err = clock_now(clock, &ns);

	if (err || !uts)
		return err;
	return copy_to_user(uts, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_gettimeofday(struct timeval __user *utv, struct timezone __user *utz)
{
	struct timeval tv = ns_to_timeval(ktime_get_real_ns());

	if (utv && copy_to_user(utv, &tv, sizeof(tv)))
		return -EFAULT;
	return utz && copy_to_user(utz, &sys_tz, sizeof(sys_tz)) ? -EFAULT : 0;
}

static void set_timezone(const struct timezone *tz)
{
	sys_tz = *tz;
	clock_set_timezone((u32)tz->tz_minuteswest | (u64)(u32)tz->tz_dsttime << 32);
}

long sys_settimeofday(const struct timeval __user *utv, const struct timezone __user *utz)
{
	struct timeval tv;
	struct timezone tz;

	if (utv && copy_from_user(&tv, utv, sizeof(tv)))
		return -EFAULT;
	if (utz && copy_from_user(&tz, utz, sizeof(tz)))
		return -EFAULT;
	if (utv && !timeval_valid(&tv))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	/* no place on Earth is further from Greenwich */
	if (utz && (tz.tz_minuteswest > 15 * 60 || tz.tz_minuteswest < -15 * 60))
		return -EINVAL;
	if (utz)
		set_timezone(&tz);
	return utv ? set_real_time(timeval_to_ns(&tv)) : 0;
}

long sys_time(s64 __user *ut)
{
	s64 now = ktime_get_real_ns() / NSEC_PER_SEC;

	return ut && put_user(now, ut) ? -EFAULT : now;
}

/* --- sleeping --- */

/* Until @deadline (CLOCK_MONOTONIC). 0, or -ERESTART_RESTARTBLOCK on a signal. */
static int hrtimer_nanosleep(u64 deadline)
{
	u64 now;

	for (;;) {
		current->__state = TASK_INTERRUPTIBLE;
		now = ktime_get_ns();
		if (now >= deadline || signal_pending(current))
			break;
		schedule_timeout_ns(MIN(deadline - now, (u64)KTIME_MAX), "hrtimer_nanosleep");
	}
	current->__state = TASK_RUNNING;
	return now >= deadline ? 0 : -ERESTART_RESTARTBLOCK;
}

/* What is left goes to the caller, and restart_syscall(2) sleeps on. */
static long sleep_and_report(u64 deadline, struct timespec __user *rem);

static long nanosleep_restart(struct restart_block *rb)
{
	return sleep_and_report(rb->expires, (struct timespec *)rb->args[0]);
}

static long sleep_and_report(u64 deadline, struct timespec __user *rem)
{
	struct timespec left;
	u64 now;

	if (!hrtimer_nanosleep(deadline))
		return 0;
	if (rem) {
		now = ktime_get_ns();
		left = ns_to_timespec(now < deadline ? deadline - now : 0);
		if (copy_to_user(rem, &left, sizeof(left)))
			return -EFAULT;
	}
	current->restart_block.fn = nanosleep_restart;
	current->restart_block.expires = deadline;
	current->restart_block.args[0] = (unsigned long)rem;
	return -ERESTART_RESTARTBLOCK;
}

static int get_timespec(struct timespec *ts, const struct timespec __user *uts)
{
	if (copy_from_user(ts, uts, sizeof(*ts)))
		return -EFAULT;
	return timespec_valid(ts) ? 0 : -EINVAL;
}

long sys_nanosleep(const struct timespec __user *req, struct timespec __user *rem)
{
	struct timespec ts;
	int err = get_timespec(&ts, req);

	return err ? err : sleep_and_report(ktime_get_ns() + timespec_to_ns(&ts), rem);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec __user *req,
			 struct timespec __user *rem)
{
	struct timespec ts;
	s64 offset, ns;
	u64 dummy;
	int err;

	if (!clock_can_sleep(clock))	/* CPU-time clocks: not supported here */
		return clock_now(clock, &dummy) ? -EINVAL : -EOPNOTSUPP;
	err = get_timespec(&ts, req);
	if (err)
		return err;
	ns = timespec_to_ns(&ts);
	if (!(flags & TIMER_ABSTIME))
		return sleep_and_report(ktime_get_ns() + ns, rem);
	offset = clock_offset(clock);
	err = hrtimer_nanosleep(ns > offset ? ns - offset : 0);
	return err ? -ERESTARTNOHAND : 0;
}
