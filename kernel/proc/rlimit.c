/*
 * rlimit.c - resource limits and usage.
 *
 * Idea: CPU time is exact (the scheduler's nanoseconds); how it divides into
 *       user and system time is known from the tick only, so the tick's split is
 *       scaled to the exact sum, as Linux does.
 * Locks:  siglock for a process's limits and sums; tasklist_lock for its threads.
 * Above:  the system call table, exit, /proc.   In Linux: kernel/sys.c, kernel/sched/cputime.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cpu_timers.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/memory.h"
#include "mm/mmap.h"

#define NR_OPEN_MAX 1048576UL	/* fs.nr_open: no process may have more descriptors */

/* --- CPU time --- */

/* @a * @b / @c by the CPU's 128-bit product. => b <= c, so the quotient fits */
static u64 scale(u64 a, u64 b, u64 c)
{
	u64 low, high;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "rm"(b) : "cc");
	__asm__("divq %2" : "+a"(low), "+d"(high) : "rm"(c) : "cc");
	return low;
}

void task_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
	u64 total = task_sched_runtime(t), u = t->times.utime, s = t->times.stime;

	if (!s) {
		*utime = total;
		*stime = 0;
	} else if (!u) {
		*utime = 0;
		*stime = total;
	} else {
		*stime = scale(total, s, u + s);
		*utime = total - *stime;
	}
}

void thread_group_cputime_locked(struct task_struct *t, u64 *utime, u64 *stime)
{
	struct task_struct *o;
	u64 u, s;

	*utime = t->signal->times.utime;
	*stime = t->signal->times.stime;
	for_each_thread(t, o) {
		task_cputime(o, &u, &s);
		*utime += u;
		*stime += s;
	}
}

void thread_group_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
	unsigned long flags;

	if (lock_task_sighand(t, &flags)) {
		thread_group_cputime_locked(t, utime, stime);
		unlock_task_sighand(t, flags);
	} else {
		*utime = t->signal->times.utime;
		*stime = t->signal->times.stime;
	}
}

/* --- usage --- */

static void add_thread_usage(struct rusage *r, const struct task_struct *t)
{
	r->ru_nvcsw += t->nvcsw;
	r->ru_nivcsw += t->nivcsw;
	r->ru_minflt += t->min_flt;
	r->ru_majflt += t->maj_flt;
}

static void add_group_usage(struct rusage *r, struct task_struct *t)
{
	const struct signal_struct *sig = t->signal;
	struct task_struct *o;
	unsigned long flags;

	if (lock_task_sighand(t, &flags)) {
		for_each_thread(t, o)
			add_thread_usage(r, o);
		unlock_task_sighand(t, flags);
	}
	r->ru_nvcsw += sig->nvcsw;
	r->ru_nivcsw += sig->nivcsw;
	r->ru_minflt += sig->min_flt;
	r->ru_majflt += sig->maj_flt;
}

void note_peak_rss(struct signal_struct *sig, struct mm_struct *mm)
{
	sig->maxrss = MAX(sig->maxrss, mm->hiwater_rss);
	sig->maxrss = MAX(sig->maxrss, get_mm_rss(mm));
}

static unsigned long peak_rss(struct task_struct *t)
{
	unsigned long pages = t->signal->maxrss;
	struct mm_struct *mm = get_task_mm(t);

	if (mm) {
		pages = MAX(pages, mm->hiwater_rss);
		pages = MAX(pages, get_mm_rss(mm));
		mmput(mm);
	}
	return pages;
}

int getrusage(struct task_struct *t, int who, struct rusage *r)
{
	const struct signal_struct *sig = t->signal;
	u64 utime = 0, stime = 0;
	unsigned long pages = 0;

	memset(r, 0, sizeof(*r));
	if (who == RUSAGE_THREAD) {
		task_cputime(t, &utime, &stime);
		add_thread_usage(r, t);
		pages = peak_rss(t);
	}
	if (who == RUSAGE_SELF || who == RUSAGE_BOTH) {
		thread_group_cputime(t, &utime, &stime);
		add_group_usage(r, t);
		pages = peak_rss(t);
	}
	if (who == RUSAGE_CHILDREN || who == RUSAGE_BOTH) {
		utime += sig->ctimes.utime;
		stime += sig->ctimes.stime;
		r->ru_nvcsw += sig->cnvcsw;
		r->ru_nivcsw += sig->cnivcsw;
		r->ru_minflt += sig->cmin_flt;
		r->ru_majflt += sig->cmaj_flt;
		pages = MAX(pages, sig->cmaxrss);
	}
	r->ru_utime = ns_to_timeval(utime);
	r->ru_stime = ns_to_timeval(stime);
	r->ru_maxrss = pages << (PAGE_SHIFT - 10);
	return 0;
}

long sys_getrusage(int who, struct rusage __user *ur)
{
	struct rusage r;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	getrusage(current, who, &r);
	return copy_to_user(ur, &r, sizeof(r)) ? -EFAULT : 0;
}

static long ns_to_clock_t(u64 ns) { return ns / (NSEC_PER_SEC / USER_HZ); }

long sys_times(struct tms __user *ubuf)
{
	const struct signal_struct *sig = current->signal;
	struct tms t;
	u64 utime, stime;

	if (ubuf) {
		thread_group_cputime(current, &utime, &stime);
		t.tms_utime = ns_to_clock_t(utime);
		t.tms_stime = ns_to_clock_t(stime);
		t.tms_cutime = ns_to_clock_t(sig->ctimes.utime);
		t.tms_cstime = ns_to_clock_t(sig->ctimes.stime);
		if (copy_to_user(ubuf, &t, sizeof(t)))
			return -EFAULT;
	}
	return ns_to_clock_t(ktime_get_ns());
}

/* --- limits --- */

/* @item NULL: only read. 0, -EINVAL, -EPERM. */
static int do_prlimit(struct task_struct *t, unsigned int resource, const struct rlimit *item,
		      struct rlimit *old)
{
	struct rlimit *rlim;
	unsigned long flags;
	bool alive;
	int err = 0;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (item && item->rlim_cur > item->rlim_max)
		return -EINVAL;
	if (item && resource == RLIMIT_NOFILE && item->rlim_max > NR_OPEN_MAX)
		return -EPERM;
	rlim = &t->signal->rlim[resource];
	/*
	 * Not by task_lock(t->group_leader): only its signal_struct stays while @t is held. Of a dead
	 * one nobody changes the limits any more.
	 */
	alive = lock_task_sighand(t, &flags);
	if (item && !alive)
		err = -ESRCH;
	else if (item && item->rlim_max > rlim->rlim_max && !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	if (!err && old)
		*old = *rlim;
	if (!err && item) {
		WRITE_ONCE(rlim->rlim_cur, item->rlim_cur);
		WRITE_ONCE(rlim->rlim_max, item->rlim_max);
		if (resource == RLIMIT_CPU)
			cpu_timers_update(t->signal);
	}
	if (alive)
		unlock_task_sighand(t, flags);
	return err;
}

long sys_getrlimit(unsigned int resource, struct rlimit __user *ur)
{
	struct rlimit r;
	int err = do_prlimit(current, resource, NULL, &r);

	if (err)
		return err;
	return copy_to_user(ur, &r, sizeof(r)) ? -EFAULT : 0;
}

long sys_setrlimit(unsigned int resource, const struct rlimit __user *ur)
{
	struct rlimit r;

	if (copy_from_user(&r, ur, sizeof(r)))
		return -EFAULT;
	return do_prlimit(current, resource, &r, NULL);
}

static bool may_prlimit(struct task_struct *t)
{
	const struct cred *me = current->cred, *you;
	bool same;

	if (t->signal == current->signal)
		return true;
	you = get_task_cred(t);
	same = me->uid == you->euid && me->uid == you->suid && me->uid == you->uid &&
	       me->gid == you->egid && me->gid == you->sgid && me->gid == you->gid;
	put_cred(you);
	return same || capable(CAP_SYS_RESOURCE);
}

long sys_prlimit64(kpid_t pid, unsigned int resource, const struct rlimit __user *unew,
		   struct rlimit __user *uold)
{
	struct rlimit item, old;
	struct task_struct *t;
	int err;

	if (unew && copy_from_user(&item, unew, sizeof(item)))
		return -EFAULT;
	t = pid ? find_get_task(pid) : get_task_struct(current);
	if (!t)
		return -ESRCH;
	err = may_prlimit(t) ? do_prlimit(t, resource, unew ? &item : NULL, uold ? &old : NULL)
			     : -EPERM;
	put_task_struct(t);
	if (err)
		return err;
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

/* --- /proc/<pid>/limits --- */

static const struct { const char *name, *unit; } limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", NULL },
	[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void show_limit(struct seq_file *m, unsigned long value)
{
	if (value == RLIM_INFINITY)
		seq_printf(m, "%-20s ", "unlimited");
	else
		seq_printf(m, "%-20lu ", value);
}

static int limits_show(struct seq_file *m, struct task_struct *t)
{
	seq_printf(
		m,
		"Limit                     Soft Limit           Hard Limit           Units     \n");
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit r;

		do_prlimit(t, i, NULL, &r);
		seq_printf(m, "%-25s ", limit_names[i].name);
		show_limit(m, r.rlim_cur);
		show_limit(m, r.rlim_max);
		if (limit_names[i].unit)
			seq_printf(m, "%-10s\n", limit_names[i].unit);
		else
			seq_putc(m, '\n');
	}
	return 0;
}
CTL_PID_FILE("limits", .mode = 0444, .show = limits_show);
