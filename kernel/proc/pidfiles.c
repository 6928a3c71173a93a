/*
 * pidfiles.c - files of /proc/<pid>: status, stat, cmdline and others.
 *
 * Idea: Linux's formats to the letter. A line whose truth Brink does not know
 *       (speculation, seccomp filters) is left out rather than made up.
 * Locks:  siglock for signals, task_lock for files and fs, a reference for the mm.
 * Above:  kernel/fs serves the section.   In Linux: fs/proc/array.c, fs/proc/base.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/mount.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/fork.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/cpuset.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/slab.h"
#include "mm/task_mmu.h"

#define NODE_WORDS 32		/* Linux's MAX_NUMNODES / 32 on x86-64 */

static const char *state_name(char c)
{
	switch (c) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 't': return "t (tracing stop)";
	case 'Z': return "Z (zombie)";
	case 'X': return "X (dead)";
	case 'I': return "I (idle)";
	}
	return "R (running)";
}

/* What of a task's signals is shown, taken at one moment. */
struct signal_view {
	u64 pending, shared, blocked, ignored, caught;
	int num_threads;
	unsigned int queued;
};

static void view_signals(struct task_struct *t, struct signal_view *v)
{
	unsigned long flags;

	memset(v, 0, sizeof(*v));
	if (!lock_task_sighand(t, &flags))
		return;
	v->pending = t->pending.signal;
	v->shared = t->signal->shared_pending.signal;
	v->blocked = t->blocked;
	v->num_threads = t->signal->nr_threads;
	v->queued = t->signal->nr_sigqueue;
	for (int i = 0; i < NSIG; i++) {
		sighandler_t handler = t->sighand->action[i].sa.sa_handler;

		if (handler == SIG_IGN)
			v->ignored |= 1UL << i;
		else if (handler != SIG_DFL)
			v->caught |= 1UL << i;
	}
	unlock_task_sighand(t, flags);
}

static kpid_t parent_pid(struct task_struct *t)
{
	kpid_t pid;

	read_lock(&tasklist_lock);
	pid = t->exit_state == EXIT_DEAD ? 0 : t->real_parent->tgid;
	read_unlock(&tasklist_lock);
	return pid;
}

static kpid_t tracer_pid(struct task_struct *t)
{
	kpid_t pid;

	read_lock(&tasklist_lock);
	pid = t->ptrace ? t->parent->pid : 0;
	read_unlock(&tasklist_lock);
	return pid;
}

/* --- status --- */

static void status_name(struct seq_file *m, struct task_struct *t)
{
	char comm[TASK_COMM_LEN];
	int umask = -1;

	task_lock(t);
	memcpy(comm, t->comm, sizeof(comm));
	if (t->fs)
		umask = t->fs->umask;
	task_unlock(t);
	seq_puts(m, "Name:\t");
	seq_escape(m, comm, "\n\\");
	seq_putc(m, '\n');
	if (umask >= 0)
		seq_printf(m, "Umask:\t%#04o\n", umask);
}

static void status_ids(struct seq_file *m, struct task_struct *t, const struct cred *cred)
{
	unsigned int max_fds = 0;

	task_lock(t);
	if (t->files)
		max_fds = t->files->max_fds;
	task_unlock(t);
	seq_printf(m, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   state_name(task_state_char(t)), t->tgid, t->pid, parent_pid(t), tracer_pid(t));
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid, cred->suid, cred->fsuid);
	seq_printf(m, "Gid:\t%u\t%u\t%u\t%u\n", cred->gid, cred->egid, cred->sgid, cred->fsgid);
	seq_printf(m, "FDSize:\t%u\nGroups:\t", max_fds);
	for (int i = 0; i < cred->group_info->ngroups; i++)
		seq_printf(m, "%s%u", i ? " " : "", cred->group_info->gid[i]);
	seq_printf(m, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", t->tgid, t->pid,
		   t->signal->pgrp, t->signal->session);
}

static void status_signals(struct seq_file *m, struct task_struct *t)
{
	struct signal_view v;

	view_signals(t, &v);
	seq_printf(m, "Threads:\t%d\nSigQ:\t%u/%lu\n", v.num_threads, v.queued,
		   task_rlimit(t, RLIMIT_SIGPENDING));
	seq_printf(m,
		   "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%"
		   "016lx\n",
		   (unsigned long)v.pending, (unsigned long)v.shared, (unsigned long)v.blocked,
		   (unsigned long)v.ignored, (unsigned long)v.caught);
}

static void status_caps(struct seq_file *m, const struct cred *cred)
{
	seq_printf(m,
		   "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%"
		   "016lx\n",
		   (unsigned long)cred->cap_inheritable, (unsigned long)cred->cap_permitted,
		   (unsigned long)cred->cap_effective, (unsigned long)cred->cap_bset,
		   (unsigned long)cred->cap_ambient);
	seq_printf(m, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", cred->no_new_privs);
}

static void status_placement(struct seq_file *m, struct task_struct *t)
{
	unsigned long cpus = t->cpus_allowed & ((1UL << nr_cpus_possible) - 1);
	nodemask_t mems = task_mems_allowed(t);

	seq_printf(m, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t%*pbl\n", cpus, nr_cpus_possible,
		   &cpus);
	seq_puts(m, "Mems_allowed:\t");
	for (int i = 1; i < NODE_WORDS; i++)
		seq_puts(m, "00000000,");
	seq_printf(m, "%08lx\nMems_allowed_list:\t%*pbl\n", mems.bits, nodemask_list(&mems));
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", t->nvcsw,
		   t->nivcsw);
}

static int status_show(struct seq_file *m, struct task_struct *t)
{
	const struct cred *cred = get_task_cred(t);
	struct mm_struct *mm = get_task_mm(t);

	status_name(m, t);
	status_ids(m, t, cred);
	if (mm) {
		task_mem(m, mm);
		mmput(mm);
		seq_printf(m, "CoreDumping:\t%d\nTHP_enabled:\t0\n",
			   !!READ_ONCE(t->signal->core_state));
	}
	status_signals(m, t);
	status_caps(m, cred);
	status_placement(m, t);
	put_cred(cred);
	return 0;
}
CTL_PID_FILE("status", .mode = 0444, .show = status_show);

/* --- stat: one line of numbers, proc(5) --- */

/* f: start_code end_code start_stack, then from start_data on */
struct mm_view { unsigned long vsize, rss, f[11]; };

static void view_mm(struct task_struct *t, struct mm_view *v, bool permitted)
{
	struct mm_struct *mm = get_task_mm(t);

	memset(v, 0, sizeof(*v));
	if (!mm)
		return;
	v->vsize = mm->total_vm << PAGE_SHIFT;
	v->rss = get_mm_rss(mm);
	v->f[0] = v->f[1] = 1;	/* Linux shows 1 to those who may not know */
	if (permitted) {
		const unsigned long f[] = { mm->start_code, mm->end_code, mm->start_stack,
					    mm->start_data, mm->end_data, mm->start_brk,
					    mm->arg_start,  mm->arg_end,  mm->env_start,
					    mm->env_end };

		memcpy(v->f, f, sizeof(f));
	}
	mmput(mm);
}

static unsigned long ticks(u64 ns) { return ns / (NSEC_PER_SEC / USER_HZ); }

static u32 encode_dev(kdev_t dev)
{
	u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

/* => @whole: of the process, else of the thread */
static void stat_usage(struct seq_file *m, struct task_struct *t, bool whole)
{
	const struct signal_struct *sig = t->signal;
	struct rusage r;
	u64 utime, stime;

	getrusage(t, whole ? RUSAGE_SELF : RUSAGE_THREAD, &r);
	if (whole)
		thread_group_cputime(t, &utime, &stime);
	else
		task_cputime(t, &utime, &stime);
	seq_printf(m, " %lu %lu %lu %lu %lu %lu %ld %ld", (unsigned long)r.ru_minflt, sig->cmin_flt,
		   (unsigned long)r.ru_majflt, sig->cmaj_flt, ticks(utime), ticks(stime),
		   (long)ticks(sig->ctimes.utime), (long)ticks(sig->ctimes.stime));
}

static int stat_priority(const struct task_struct *t)
{
	return t->se.rt_priority ? -1 - t->se.rt_priority : 20 + t->static_nice;
}

static int stat_show(struct seq_file *m, struct task_struct *t)
{
	unsigned int exec = task_exec_id(t);
	bool permitted = ptrace_may_access(t);
	char comm[TASK_COMM_LEN], state = task_state_char(t);
	struct signal_struct *sig = t->signal;
	struct signal_view s;
	struct mm_view v;
	struct tty_struct *tty = READ_ONCE(sig->tty);	/* its memory stays, the pointer need not */
	kpid_t tpgid = tty ? tty_foreground_pgrp(tty) : -1;

	view_signals(t, &s);
	view_mm(t, &v, permitted);
	if (permitted && task_exec_id(t) != exec)	/* that of another program, perhaps */
		view_mm(t, &v, permitted = false);
	task_lock(t);
	memcpy(comm, t->comm, sizeof(comm));
	task_unlock(t);
	seq_printf(m, "%d (%s) %c %d %d %d %d %d %u", t->pid, comm, state, parent_pid(t), sig->pgrp,
		   sig->session, (int)encode_dev(tty_devnum(tty)), tpgid, t->flags);
	stat_usage(m, t, thread_group_leader(t));
	seq_printf(m, " %d %d %d 0 %lu %lu %lu %lu", stat_priority(t), t->static_nice,
		   s.num_threads, ticks(t->start_time), v.vsize, v.rss, task_rlimit(t, RLIMIT_RSS));
	seq_printf(m, " %lu %lu %lu 0 0", v.f[0], v.f[1], v.f[2]);
	seq_printf(m, " %lu %lu %lu %lu %d 0 0", (unsigned long)s.pending & 0x7fffffff,
		   (unsigned long)s.blocked & 0x7fffffff, (unsigned long)s.ignored & 0x7fffffff,
		   (unsigned long)s.caught & 0x7fffffff, permitted && state != 'R');
	seq_printf(m, " %d %d %d %d 0 0 0", t->exit_signal, t->cpu, t->se.rt_priority, t->policy);
	for (int i = 3; i < 10; i++)
		seq_printf(m, " %lu", v.f[i]);
	seq_printf(m, " %d\n", permitted ? t->exit_code : 0);
	return 0;
}
CTL_PID_FILE("stat", .mode = 0444, .show = stat_show);

/* --- pieces of its memory --- */

/* Bytes [start, end) of @mm; with @to_nul only up to the first 0 (it included). */
static int show_memory(struct seq_file *m, struct mm_struct *mm, unsigned long start,
		       unsigned long end, bool to_nul)
{
	char *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	while (start < end && !m->overflow) {
		int n = access_remote_vm(mm, start, buf, MIN(end - start, PAGE_SIZE), 0);
		char *nul = n > 0 && to_nul ? memchr(buf, 0, n) : NULL;

		if (n <= 0)
			break;
		if (nul)
			n = nul + 1 - buf;
		seq_write(m, buf, n);
		if (nul)
			break;
		start += n;
	}
	kfree(buf);
	return 0;
}

/*
 * The arguments; a program that has overwritten them (setproctitle) may run over into its
 * environment.
 */
static int cmdline_show(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);
	char last = 0;
	int err = 0;

	if (!mm)
		return 0;
	if (mm->arg_end > mm->arg_start) {
		access_remote_vm(mm, mm->arg_end - 1, &last, 1, 0);
		if (last && mm->env_start == mm->arg_end)
			err = show_memory(m, mm, mm->arg_start, mm->env_end, true);
		else
			err = show_memory(m, mm, mm->arg_start, mm->arg_end, false);
	}
	mmput(mm);
	return err;
}
CTL_PID_FILE("cmdline", .mode = 0444, .show = cmdline_show);

static int environ_show(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);
	int err;

	if (!mm)
		return 0;
	err = show_memory(m, mm, mm->env_start, mm->env_end, false);
	mmput(mm);
	return err;
}
CTL_PID_FILE("environ", .mode = 0400, .show = environ_show, .needs_ptrace = true);

static int auxv_show(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);
	unsigned int n = 0;

	if (!mm)
		return 0;
	while (n + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[n])
		n += 2;
	seq_write(m, mm->auxv, (n + 2) * sizeof(long));	/* AT_NULL too */
	mmput(mm);
	return 0;
}
CTL_PID_FILE("auxv", .mode = 0400, .show = auxv_show, .needs_ptrace = true);

/* --- small ones --- */

static int comm_show(struct seq_file *m, struct task_struct *t)
{
	char comm[TASK_COMM_LEN];

	task_lock(t);
	memcpy(comm, t->comm, sizeof(comm));
	task_unlock(t);
	seq_puts(m, comm);
	seq_putc(m, '\n');
	return 0;
}

static kssize_t comm_write(struct task_struct *t, char *buf, size_t len)
{
	if (t->signal != current->signal)
		return -EINVAL;
	set_task_comm(t, buf);		/* with its newline, if there is one: so does Linux */
	return len;
}
CTL_PID_FILE("comm", .mode = 0644, .show = comm_show, .write = comm_write);

static int personality_show(struct seq_file *m, struct task_struct *t)
{
	seq_printf(m, "%08x\n", t->personality);
	return 0;
}
CTL_PID_FILE("personality", .mode = 0400, .show = personality_show, .needs_ptrace = true);
