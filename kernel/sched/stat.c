/*
 * stat.c - where the time went: per-CPU times, the load average, /proc/stat.
 *
 * Idea: user and system time are what the tick found; idle time is measured,
 *       since an idle CPU has no tick. The load average is Linux's: tasks that
 *       run or wait uninterruptibly, sampled every 5 s and smoothed over 1, 5
 *       and 15 minutes in fixed point with 11 bits of fraction.
 * Locks:  a run queue's for a consistent idle time; else plain reads.
 * In Linux: kernel/sched/cputime.c, loadavg.c, fs/proc/stat.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/irq.h"

void (*cpu_timers_tick)(struct task_struct *t);

/* rq.h */
void account_tick(struct rq *rq, u64 ns, bool user)
{
	struct task_struct *t = current;

	if (is_idle_task(t))
		return;
	if (!user) {
		t->times.stime += ns;
		rq->system_ns += ns;
	} else {
		t->times.utime += ns;
		if (t->static_nice > 0)
			rq->nice_ns += ns;
		else
			rq->user_ns += ns;
	}
	if (unlikely(READ_ONCE(t->signal->cpu_timers)))
		cpu_timers_tick(t);
}

struct cpu_times { u64 user, nice, system, idle, iowait; };

static void read_times(int cpu, struct cpu_times *ct)
{
	struct rq *rq = cpu_rq(cpu);
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	u64 idle_now = is_idle_task(rq->curr) ? ktime_get_ns() - rq->idle_since : 0;

	ct->user = rq->user_ns;
	ct->nice = rq->nice_ns;
	ct->system = rq->system_ns;
	ct->iowait = rq->iowait_ns + (rq->nr_iowait ? idle_now : 0);
	ct->idle = rq->idle_ns + idle_now - ct->iowait;
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* sched.h */
void cpu_times_total(u64 *user, u64 *system)
{
	struct cpu_times ct;
	int cpu;

	*user = *system = 0;
	for_each_online_cpu(cpu) {
		read_times(cpu, &ct);
		*user += ct.user + ct.nice;
		*system += ct.system;
	}
}

/* sched.h */
u64 idle_time_ns(int cpu)
{
	struct cpu_times ct;

	read_times(cpu, &ct);
	return ct.idle + ct.iowait;
}

/* sched.h */
unsigned long nr_running(void)
{
	unsigned long n = 0;
	int cpu;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_running);
	return n;
}

/* sched.h */
unsigned long nr_context_switches(void)
{
	unsigned long n = 0;
	int cpu;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_switches);
	return n;
}

/* sched.h */
unsigned long nr_iowait(void)
{
	unsigned long n = 0;
	int cpu;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_iowait);
	return n;
}

/* --- load average --- */

enum { FSHIFT = 11, FIXED_1 = 1 << FSHIFT };
/* FIXED_1 * e^(-5 s / 1, 5, 15 min) */
static const unsigned long exp_n[3] = { 1884, 2014, 2037 };
static const u64 load_interval = 5 * NSEC_PER_SEC;
static unsigned long avenrun[3];	/* a: the timer writes */
static struct timer_list load_timer;

static long nr_active(void)
{
	long n = nr_running();
	int cpu;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_uninterruptible);
	return n;
}

static void sample_load(struct timer_list *timer)
{
	/* The CPUs are not looked at at one moment: a task that moves may be missed, and the sum be -1. */
	unsigned long active = MAX(nr_active(), 0L) * FIXED_1;

	for (int i = 0; i < 3; i++) {
		unsigned long load = avenrun[i] * exp_n[i] + active * (FIXED_1 - exp_n[i]);

		/* upwards it is rounded up, or it would never get there */
		if (active >= avenrun[i])
			load += FIXED_1 - 1;
		avenrun[i] = load / FIXED_1;
	}
	mod_timer(timer, timer->expires + load_interval);
}

/* rq.h */
void loadavg_init(void)
{
	timer_setup(&load_timer, sample_load);
	mod_timer(&load_timer, ktime_get_ns() + load_interval);
}

/* sched.h */
void get_avenrun(unsigned long loads[3])
{
	for (int i = 0; i < 3; i++)
		loads[i] = READ_ONCE(avenrun[i]);
}

static int loadavg_show(struct seq_file *m)
{
	unsigned long loads[3];

	get_avenrun(loads);
	for (int i = 0; i < 3; i++) {
		unsigned long l = loads[i] + FIXED_1 / 200;	/* to the nearest hundredth */

		seq_printf(m, "%lu.%02lu ", l >> FSHIFT, ((l & (FIXED_1 - 1)) * 100) >> FSHIFT);
	}
	seq_printf(m, "%lu/%d %d\n", nr_running(), nr_tasks(), last_pid_used());
	return 0;
}
CTL_FILE("/proc/loadavg", .mode = 0444, .show = loadavg_show);

/* --- /proc/stat, /proc/uptime --- */

static void show_times(struct seq_file *m, const struct cpu_times *ct)
{
	const u64 tick = NSEC_PER_SEC / USER_HZ;
	const u64 columns[] = { ct->user, ct->nice, ct->system, ct->idle, ct->iowait };

	for (unsigned int i = 0; i < ARRAY_SIZE(columns); i++)
		seq_put_decimal_ull(m, " ", columns[i] / tick);
	/*
	 * Interrupts are not told apart from what they interrupt; nothing is stolen, there are no
	 * guests.
	 */
	seq_puts(m, " 0 0 0 0 0\n");
}

/* sched.h */
void sched_stat_lines(struct seq_file *m)
{
	struct cpu_times sum = { 0 }, ct;
	int cpu;

	for_each_online_cpu(cpu) {
		read_times(cpu, &ct);
		sum.user += ct.user;
		sum.nice += ct.nice;
		sum.system += ct.system;
		sum.idle += ct.idle;
		sum.iowait += ct.iowait;
	}
	seq_puts(m, "cpu ");
	show_times(m, &sum);
	for_each_online_cpu(cpu) {
		read_times(cpu, &ct);
		seq_printf(m, "cpu%d", cpu);
		show_times(m, &ct);
	}
	seq_printf(m,
		   "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %lu\nprocs_blocked "
		   "%lu\n",
		   (unsigned long)irq_total(), nr_context_switches(),
		   (unsigned long)((ktime_get_real_ns() - ktime_get_ns()) / NSEC_PER_SEC),
		   nr_forks(), nr_running(), nr_iowait());
}

static int stat_show(struct seq_file *m)
{
	sched_stat_lines(m);
	return 0;
}
CTL_FILE("/proc/stat", .mode = 0444, .show = stat_show);

static void show_hundredths(struct seq_file *m, u64 ns, char end)
{
	seq_printf(m, "%lu.%02lu%c", (unsigned long)(ns / NSEC_PER_SEC),
		   (unsigned long)(ns / (NSEC_PER_SEC / 100) % 100), end);
}

static int uptime_show(struct seq_file *m)
{
	u64 idle = 0;
	int cpu;

	for_each_online_cpu(cpu)
		idle += idle_time_ns(cpu);
	show_hundredths(m, ktime_get_ns(), ' ');
	show_hundredths(m, idle, '\n');
	return 0;
}
CTL_FILE("/proc/uptime", .mode = 0444, .show = uptime_show);
