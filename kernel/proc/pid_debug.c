/*
 * pid_debug.c - what a task is doing in the kernel, and what it has moved: /proc/<pid>/wchan, stack,
 *               syscall, sched and io.
 *
 * Idea:   a task that does not run has its registers on its kernel stack: the frames say where it
 *         sleeps, the topmost pt_regs which system call it is in. It may wake up meanwhile; the
 *         walk stays inside its stack, which our reference to that keeps.
 * Locks:  siglock for the sums of a process's threads; else plain reads.
 * Above:  kernel/fs serves the section.   In Linux: fs/proc/base.c, kernel/sched/debug.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/ksyms.h"
#include "kernel/x86/page.h"
#include "kernel/x86/process.h"
#include "kernel/x86/ptregs.h"

#define MAX_FRAMES 64

static bool task_sleeps(const struct task_struct *t)
{
	return t != current && READ_ONCE(t->__state) != TASK_RUNNING && !READ_ONCE(t->on_cpu);
}

/* --- wchan: the function that waits --- */

/* Those that everybody sleeps through. */
static bool is_scheduler(const char *name)
{
	static const char *const names[] = {
		"schedule", "schedule_from", "schedule_waiting", "io_schedule_waiting",
		"schedule_timeout_ns", "wait_for_completion", "wait_for_completion_killable",
		"mutex_lock", "mutex_lock_slow", "down_read", "down_write", "down_read_killable",
		"down_write_killable",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* "0" as Linux for who runs, or may not be looked at. */
static int wchan_show(struct seq_file *m, struct task_struct *t)
{
	const char *found = "0";
	bool look = ptrace_may_access(t) && try_get_task_stack(t);

	for (unsigned int n = 0; n < MAX_FRAMES && look && task_sleeps(t); n++) {
		unsigned long addr = stack_caller(t->stack, t->kernel_rsp, n);
		const char *name = addr ? ksym_lookup(addr - 1, NULL, NULL) : NULL;

		if (!name)
			break;
		if (!is_scheduler(name)) {
			found = name;
			break;
		}
	}
	if (look)
		put_task_stack(t);
	seq_puts(m, found);
	return 0;
}
CTL_PID_FILE("wchan", .mode = 0444, .show = wchan_show);

/* --- stack: all of them --- */

static int stack_show(struct seq_file *m, struct task_struct *t)
{
	bool below = false;		/* past those that everybody sleeps through */

	if (!m->reader_capable)
		return -EACCES;
	if (!try_get_task_stack(t))
		return 0;
	for (unsigned int n = 0; n < MAX_FRAMES && task_sleeps(t); n++) {
		unsigned long addr = stack_caller(t->stack, t->kernel_rsp, n);
		const char *name = addr ? ksym_lookup(addr - 1, NULL, NULL) : NULL;

		if (!name)
			break;
		below |= !is_scheduler(name);
		if (below)
			seq_printf(m, "[<0>] %pB\n", (void *)addr);
	}
	put_task_stack(t);
	return 0;
}
CTL_PID_FILE("stack", .mode = 0400, .show = stack_show, .needs_ptrace = true);

/* --- syscall: which one it is in --- */

static int syscall_show(struct seq_file *m, struct task_struct *t)
{
	const struct pt_regs *r;

	if (t != current && !task_sleeps(t)) {	/* who reads of itself is in read(2), and says so */
		seq_puts(m, "running\n");
		return 0;
	}
	/* a kernel thread never came from user mode, and a zombie will not go there again */
	if (t->flags & PF_KTHREAD || !try_get_task_stack(t)) {
		seq_puts(m, "-1 0x0 0x0\n");
		return 0;
	}
	r = (const struct pt_regs *)(t->stack + KSTACK_SIZE) - 1;
	if ((long)r->orig_rax < 0)
		seq_printf(m, "-1 0x%lx 0x%lx\n", (unsigned long)r->rsp, (unsigned long)r->rip);
	else
		seq_printf(m, "%ld 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n",
			   (long)r->orig_rax, (unsigned long)r->rdi, (unsigned long)r->rsi,
			   (unsigned long)r->rdx, (unsigned long)r->r10, (unsigned long)r->r8,
			   (unsigned long)r->r9, (unsigned long)r->rsp, (unsigned long)r->rip);
	put_task_stack(t);
	return 0;
}
CTL_PID_FILE("syscall", .mode = 0400, .show = syscall_show, .needs_ptrace = true);

/* --- sched: the scheduler's view, Linux's names for what is the same here --- */

static void sched_number(struct seq_file *m, const char *name, u64 v)
{
	seq_printf(m, "%-45s:%21lu\n", name, (unsigned long)v);
}
/* in milliseconds */
static void sched_time(struct seq_file *m, const char *name, u64 ns)
{
	seq_printf(m, "%-45s:%14lu.%06lu\n", name, (unsigned long)(ns / NSEC_PER_MSEC),
		   (unsigned long)(ns % NSEC_PER_MSEC));
}

static int sched_show(struct seq_file *m, struct task_struct *t)
{
	char comm[TASK_COMM_LEN];

	task_lock(t);
	memcpy(comm, t->comm, sizeof(comm));
	task_unlock(t);
	seq_printf(m, "%s (%d, #threads: %d)\n", comm, t->pid, t->signal->nr_threads);
	seq_puts(m, "-------------------------------------------------------------------\n");
	sched_time(m, "se.exec_start", t->se.exec_start);
	sched_time(m, "se.vruntime", t->se.vruntime);
	sched_time(m, "se.sum_exec_runtime", t->se.sum_exec_runtime);
	sched_number(m, "nr_switches", t->nvcsw + t->nivcsw);
	sched_number(m, "nr_voluntary_switches", t->nvcsw);
	sched_number(m, "nr_involuntary_switches", t->nivcsw);
	sched_number(m, "se.load.weight", t->se.weight);
	sched_number(m, "policy", t->policy);
	sched_number(m, "prio",
		     t->se.rt_priority ? 99 - t->se.rt_priority : 120 + t->static_nice);
	return 0;
}
CTL_PID_FILE("sched", .mode = 0444, .show = sched_show, .needs_ptrace = true);

/* --- io --- */

/* A leader's is its process's: dead threads' and those that live. */
static int io_show(struct seq_file *m, struct task_struct *t)
{
	struct task_io sum = t->io;
	struct task_struct *thread;
	unsigned long flags;

	if (thread_group_leader(t) && lock_task_sighand(t, &flags)) {
		sum = t->signal->io;
		for_each_thread(t, thread)
			add_task_io(&sum, &thread->io);
		unlock_task_sighand(t, flags);
	}
	seq_printf(m, "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\n", (unsigned long)sum.rchar,
		   (unsigned long)sum.wchar, (unsigned long)sum.syscr, (unsigned long)sum.syscw);
	seq_printf(m, "read_bytes: %lu\nwrite_bytes: %lu\ncancelled_write_bytes: %lu\n",
		   (unsigned long)sum.read_bytes, (unsigned long)sum.write_bytes,
		   (unsigned long)sum.cancelled_write_bytes);
	return 0;
}
CTL_PID_FILE("io", .mode = 0400, .show = io_show, .needs_ptrace = true);
