/*
 * watchdog.c - noticing what hangs, and showing what everybody does.
 *
 * Idea: a CPU whose ticks find it in the kernel, without having been in the
 *       scheduler or in user mode for 20 s, is stuck: it says so itself. A
 *       task in state D for 120 s is hung: a work item looks at all tasks
 *       every now and then. Both say what they wait for in words.
 * Locks:  tasklist_lock for reading, in the worker; nothing in the tick.
 * Above:  sysrq t, l.   In Linux: kernel/watchdog.c, kernel/hung_task.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/smp.h"

static int watchdog_thresh = 10;	/* s; a soft lockup is twice that, as in Linux */
#define FOREVER (1UL << 30)	/* s */
static unsigned long hung_task_timeout = 120;	/* s; 0: off */
static int hung_task_warnings = 10;	/* reports left; -1: no end */
CTL_SYSCTL_INT("kernel.watchdog_thresh", watchdog_thresh, 0, 60);
CTL_SYSCTL_ULONG("kernel.hung_task_timeout_secs", hung_task_timeout, 0, __LONG_MAX__ / 250);
CTL_SYSCTL_INT("kernel.hung_task_warnings", hung_task_warnings, -1, INT32_MAX);

/* --- stuck CPUs --- */

/* rq.h. Interrupts off. */
void watchdog_tick(struct rq *rq, u64 now, bool user)
{
	u64 limit = 2 * (u64)READ_ONCE(watchdog_thresh) * NSEC_PER_SEC, stuck;

	if (user || is_idle_task(current)) {
		rq->last_seen = now;
		return;
	}
	stuck = now - rq->last_seen;
	if (!limit || stuck < limit / 4)
		return;
	/* Long but well-behaved work passes cond_resched(): make that go through the scheduler. */
	set_tif(current, TIF_NEED_RESCHED);
	if (stuck < limit || now - rq->last_bark < limit)
		return;
	rq->last_bark = now;
	pr_emerg("watchdog: BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]\n", rq->cpu,
		 (unsigned int)(stuck / NSEC_PER_SEC), current->comm, current->pid);
	dump_stack();
}

/* --- hung tasks --- */

static void report_hung(struct task_struct *t, u64 now)
{
	pr_err("INFO: task %s:%d blocked for more than %lu seconds.\n", t->comm, t->pid,
	       (unsigned long)((now - t->wait_since) / NSEC_PER_SEC));
	pr_err("\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.\n");
	show_task(t);
}

static void check_hung_tasks(struct work_struct *work)
{
	u64 now = ktime_get_ns(), limit = MIN(READ_ONCE(hung_task_timeout), FOREVER) * NSEC_PER_SEC;
	struct task_struct *p, *t;

	if (!limit)
		return;
	read_lock(&tasklist_lock);
	for_each_process(p) {
		for_each_thread(p, t) {
			/*
			 * wait_since may be younger than now; of one still on its CPU it is the
			 * last wait's.
			 */
			if (t->__state != TASK_UNINTERRUPTIBLE || t->on_cpu ||
			    (s64)(now - t->wait_since) < (s64)limit)
				continue;
			if (!hung_task_warnings)
				break;
			if (hung_task_warnings > 0)
				hung_task_warnings--;
			report_hung(t, now);
		}
	}
	read_unlock(&tasklist_lock);
}

static struct work_struct hung_work = WORK_INIT(hung_work, check_hung_tasks);
static struct timer_list hung_timer;

static void hung_tick(struct timer_list *timer)
{
	schedule_work(&hung_work);
	mod_timer(timer, timer->expires + 30 * NSEC_PER_SEC);
}

/* sched.h */
void watchdog_init(void)
{
	timer_setup(&hung_timer, hung_tick);
	mod_timer(&hung_timer, ktime_get_ns() + 30 * NSEC_PER_SEC);
}

/* --- showing tasks --- */

/*
 * sched.h. => tasklist_lock held, or a reference. The task may run on meanwhile: a picture, no
 * proof.
 */
void show_task(struct task_struct *t)
{
	const char *what = READ_ONCE(t->wchan);
	u64 waited = ktime_get_ns() - t->wait_since;

	pr_info("task:%-15.15s state:%c stack:%5d pid:%5d ppid:%6d flags:0x%08x\n", t->comm,
		task_state_char(t), 0, t->pid, t->real_parent ? t->real_parent->tgid : 0, t->flags);
	if (t->on_cpu) {
		pr_info("  runs on CPU %d\n", t->cpu);
		return;
	}
	if (t->__state)
		pr_info("  waits for %s, %lu.%03lu s\n", what ? what : "an event",
			(unsigned long)(waited / NSEC_PER_SEC),
			(unsigned long)(waited / NSEC_PER_MSEC % 1000));
	if (CHECKS)
		lockcheck_show_held(t);
	if (!t->exit_state)
		show_stack_of(t->stack, t->kernel_rsp);
}

/* sched.h */
void show_state(void)
{
	struct task_struct *p, *t;

	pr_info("  task                        PC stack   pid father\n");
	read_lock(&tasklist_lock);
	for_each_process(p)
		for_each_thread(p, t)
			show_task(t);
	read_unlock(&tasklist_lock);
}

/* sched.h */
void show_all_cpus(void)
{
	trigger_all_cpu_backtrace();
}
