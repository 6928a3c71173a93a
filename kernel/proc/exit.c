/*
 * exit.c - a task ends: it gives back what it has, finds its children a new
 *          parent, tells its own, and stays a zombie until it is waited for.
 *
 * Idea:
 *      do_exit --> exit_mm, files, fs --> exit_notify --> schedule(), for ever
 *                                            |
 *               a thread, or a parent that does not care: release_task() at once
 *               else: EXIT_ZOMBIE until wait4() (wait.c) calls release_task()
 *
 * Locks:  tasklist_lock for writing in exit_notify() and release_task(), siglock inside.
 * Above:  system calls, fatal signals (signal.c).
 * Below:  mmput(), put_files_struct(), send_signal().   In Linux: kernel/exit.c.
 */
#include "kernel/proc/exit.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/coredump.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/posix_timers.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/sem.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/trace_sched.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"

/* --- process groups that lose their last link to a job-control shell: POSIX 3.264 --- */

/* => tasklist_lock. No member of @pgrp but @ignored has a parent outside it in the same session. */
static bool will_become_orphaned_pgrp(kpid_t pgrp, const struct task_struct *ignored)
{
	struct task_struct *p;

	for_each_process(p) {
		const struct signal_struct *up = p->real_parent->signal;

		if (p->signal->pgrp != pgrp || p == ignored ||
		    (p->exit_state && thread_group_empty(p)) || p->real_parent->tgid == 1)
			continue;
		if (up->pgrp != pgrp && up->session == p->signal->session)
			return false;
	}
	return true;
}

static bool has_stopped_jobs(kpid_t pgrp)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp && p->signal->flags & SIGNAL_STOP_STOPPED)
			return true;
	return false;
}

bool is_current_pgrp_orphaned(void)
{
	bool orphaned;

	read_lock(&tasklist_lock);
	orphaned = will_become_orphaned_pgrp(current->signal->pgrp, NULL);
	read_unlock(&tasklist_lock);
	return orphaned;
}

/*
 * @t leaves (or, with @parent, its parent does): if that orphans its group and a
 * member is stopped, nobody could continue it: SIGHUP and SIGCONT.
 */
static void kill_orphaned_pgrp(struct task_struct *t, struct task_struct *parent)
{
	const struct task_struct *ignored = parent ? NULL : t;
	kpid_t pgrp = t->signal->pgrp;
	struct task_struct *p;

	if (!parent)
		parent = t->real_parent;
	if (parent->signal->pgrp == pgrp || parent->signal->session != t->signal->session)
		return;
	if (!has_stopped_jobs(pgrp) || !will_become_orphaned_pgrp(pgrp, ignored))
		return;
	for_each_process(p)
		if (p->signal->pgrp == pgrp) {
			send_signal(SIGHUP, NULL, p, true);
			send_signal(SIGCONT, NULL, p, true);
		}
}

/* --- telling the parent --- */

static void fill_child_info(struct siginfo *info, struct task_struct *t)
{
	u64 utime, stime;

	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_pid = t->pid;
	info->si_uid = t->cred->uid;
	thread_group_cputime(t, &utime, &stime);
	info->si_utime = utime / (NSEC_PER_SEC / USER_HZ);
	info->si_stime = stime / (NSEC_PER_SEC / USER_HZ);
}

static void wake_up_parent(struct task_struct *t, struct task_struct *parent)
{
	wake_up_key(&parent->signal->wait_chldexit, TASK_INTERRUPTIBLE, 0, t);
}

bool do_notify_parent(struct task_struct *t, int sig)
{
	struct task_struct *parent = t->parent;
	struct siginfo info;
	bool autoreap = false;
	unsigned long flags;

	do_notify_pidfd(t);
	if (parent->flags & PF_KTHREAD || parent == &init_task || sig < 0)
		return true;	/* kernel threads do not wait */
	fill_child_info(&info, t);
	info.si_signo = sig;
	info.si_status = t->exit_code & 0x7f;
	if (t->exit_code & 0x80)
		info.si_code = CLD_DUMPED;
	else if (t->exit_code & 0x7f)
		info.si_code = CLD_KILLED;
	else
		info.si_code = CLD_EXITED, info.si_status = t->exit_code >> 8;
	/* a tracer waits, whatever it does with the signal */
	if (sig == SIGCHLD && !t->ptrace && lock_task_sighand(parent, &flags)) {
		const struct sigaction *sa = &parent->sighand->action[SIGCHLD - 1].sa;

		autoreap = sa->sa_handler == SIG_IGN || sa->sa_flags & SA_NOCLDWAIT;
		if (sa->sa_handler == SIG_IGN)
			sig = 0;
		unlock_task_sighand(parent, flags);
	}
	if (sig > 0 && sig <= NSIG)
		send_signal(sig, &info, parent, true);
	wake_up_parent(t, parent);
	return autoreap;
}

/* SIGCHLD for a child that lives, unless the parent does not want those; waiters look again. */
static void send_cldstop(struct task_struct *t, struct task_struct *parent, struct siginfo *info)
{
	unsigned long flags;
	bool send = false;

	if (lock_task_sighand(parent, &flags)) {
		const struct sigaction *sa = &parent->sighand->action[SIGCHLD - 1].sa;

		send = sa->sa_handler != SIG_IGN && !(sa->sa_flags & SA_NOCLDSTOP);
		unlock_task_sighand(parent, flags);
	}
	if (send)
		send_signal(SIGCHLD, info, parent, true);
	wake_up_parent(t, parent);
}

void do_notify_parent_cldstop(struct task_struct *t, int why)
{
	struct siginfo info;

	fill_child_info(&info, t->group_leader);
	info.si_code = why;
	info.si_status = why == CLD_CONTINUED ? SIGCONT : t->signal->group_exit_code & 0x7f;
	send_cldstop(t, t->group_leader->real_parent, &info);
}

void do_notify_tracer(struct task_struct *t, int why)
{
	struct siginfo info;

	fill_child_info(&info, t);
	info.si_code = why;
	info.si_status = t->exit_code & 0x7f;
	send_cldstop(t, t->parent, &info);
}

/* --- orphans --- */

static struct task_struct *find_alive_thread(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread(p, t)
		if (!(t->flags & PF_EXITING))
			return t;
	return NULL;
}

/* Who inherits @father's children: another thread, the nearest subreaper, init. */
static struct task_struct *find_new_reaper(struct task_struct *father)
{
	struct task_struct *p, *t = find_alive_thread(father);

	if (t)
		return t;
	for (p = father->real_parent; p != &init_task; p = p->real_parent) {
		if (!p->signal->is_child_subreaper)
			continue;
		t = find_alive_thread(p);
		if (t)
			return t;
	}
	p = find_task_by_pid(1);
	t = p ? find_alive_thread(p) : NULL;
	return t ? t : p;
}

/* A zombie whose new parent does not want it goes onto @dead. */
static void reparent_leader(struct task_struct *father, struct task_struct *p,
			    struct list_head *dead)
{
	if (p->exit_state == EXIT_DEAD)
		return;
	p->exit_signal = SIGCHLD;
	if (p->exit_state == EXIT_ZOMBIE && thread_group_empty(p) && !p->ptrace &&
	    do_notify_parent(p, p->exit_signal)) {
		p->exit_state = EXIT_DEAD;
		list_move(&p->sibling, dead);
	}
	kill_orphaned_pgrp(p, father);
}

static void forget_original_parent(struct task_struct *father, struct list_head *dead)
{
	struct task_struct *reaper, *p, *t, *n;
	bool same_group;

	if (list_empty(&father->children))
		return;
	reaper = find_new_reaper(father);
	same_group = reaper->signal == father->signal;
	list_for_each_entry(p, &father->children, sibling)
		for_each_thread(p, t) {
			t->real_parent = reaper;
			if (!t->ptrace)
				t->parent = reaper;
			if (t->pdeath_signal)
				send_signal(t->pdeath_signal, NULL, t, true);
		}
	list_for_each_entry_safe(p, n, &father->children, sibling)
		if (!same_group)
			reparent_leader(father, p, dead);
	list_splice_tail_init(&father->children, &reaper->children);
}

/* --- release --- */

/* @t's share of what the process has used, kept for who asks later. => siglock held */
static void add_usage_to_group(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	u64 utime, stime;

	task_cputime(t, &utime, &stime);
	sig->times.utime += utime;
	sig->times.stime += stime;
	sig->min_flt += t->min_flt;
	sig->maj_flt += t->maj_flt;
	sig->nvcsw += t->nvcsw;
	sig->nivcsw += t->nivcsw;
	add_task_io(&sig->io, &t->io);
}

/* => tasklist_lock for writing */
static void exit_signal_locked(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	struct sighand_struct *sighand = t->sighand;

	spin_lock_irq(&sighand->siglock);
	add_usage_to_group(t);
	if (!thread_group_leader(t) && sig->notify_count > 0 && !--sig->notify_count)
		wake_up_process(sig->group_exec_task);
	sig->nr_threads--;
	list_del_init(&t->thread_node);
	kill_all_signals_flush(&t->pending);
	if (thread_group_leader(t))
		kill_all_signals_flush(&sig->shared_pending);
	if (sig->leader == t)
		sig->leader = NULL;
	t->sighand = NULL;	/* the memory stays until the last reference of a thread goes */
	spin_unlock_irq(&sighand->siglock);
}

void release_task(struct task_struct *t)
{
	while (t) {
		struct task_struct *leader = t->group_leader, *next = NULL;

		t->cred->user->processes--;
		cgroup_release_begin();
		write_lock(&tasklist_lock);
		if (thread_group_leader(t)) {
			list_del_init(&t->tasks);
			list_del_init(&t->sibling);
		}
		detach_pid(t);
		nr_threads--;
		if (unlikely(t->ptrace))
			ptrace_unlink(t);
		exit_signal_locked(t);
		/* The last thread of a group whose leader died before it: now the leader can go. */
		if (leader != t && thread_group_empty(leader) &&
		    leader->exit_state == EXIT_ZOMBIE &&
		    do_notify_parent(leader, leader->exit_signal)) {
			leader->exit_state = EXIT_DEAD;
			next = leader;
		}
		cgroup_release_end(t);
		write_unlock(&tasklist_lock);
		free_pid(t->pid);
		put_task_struct(t);
		t = next;
	}
}

/* --- do_exit's steps --- */

/* Signals for the process that this thread might have taken: another one must look. */
static void retarget_shared_pending(struct task_struct *t)
{
	u64 pending = t->signal->shared_pending.signal & ~t->blocked;
	struct task_struct *o;

	if (!pending)
		return;
	for_each_thread(t, o)
		if (!(o->flags & PF_EXITING) && pending & ~o->blocked)
			signal_wake_up(o, false);
}

static void exit_signals(struct task_struct *t)
{
	bool stopped = false;

	if (thread_group_empty(t) || t->signal->flags & SIGNAL_GROUP_EXIT) {
		t->flags |= PF_EXITING;
		return;
	}
	spin_lock_irq(&t->sighand->siglock);
	t->flags |= PF_EXITING;
	if (signal_pending(t)) {
		retarget_shared_pending(t);
		stopped = leave_group_stop(t);
	}
	spin_unlock_irq(&t->sighand->siglock);
	if (stopped) {
		read_lock(&tasklist_lock);
		do_notify_parent_cldstop(t, CLD_STOPPED);
		read_unlock(&tasklist_lock);
	}
}

static void exit_mm(struct task_struct *t)
{
	struct mm_struct *mm = t->mm;

	exit_mm_release(t, mm);
	task_lock(t);
	t->mm_was_private = get_dumpable(mm) != SUID_DUMP_USER;
	t->mm = NULL;
	t->active_mm = NULL;
	/* the page tables stay loaded, lazily; mmput retires them before they go */
	t->tlb = NULL;
	t->vmacache = NULL;
	task_unlock(t);
	mm_update_next_owner(mm, t);
	mmput(mm);
	if (test_tif(t, TIF_MEMDIE))
		exit_oom_victim();
}

static void exit_files(struct task_struct *t)
{
	struct files_struct *files = t->files;
	struct fs_struct *fs = t->fs;

	task_lock(t);
	t->files = NULL;
	task_unlock(t);
	if (files)
		put_files_struct(files);
	task_lock(t);
	t->fs = NULL;
	task_unlock(t);
	if (fs)
		put_fs_struct(fs);
}

/* The last thread: the process's timers, its peak size; init must not get here. */
static void exit_group(struct task_struct *t, long code)
{
	struct signal_struct *sig = t->signal;

	if (t->tgid == 1)
		panic("Attempted to kill init! exitcode=0x%08x\n",
		      sig->group_exit_code ? (u32)sig->group_exit_code : (u32)code);
	sig->it_real_incr = 0;
	del_timer_sync(&sig->real_timer);
	exit_itimers(sig);
	if (t->mm)
		note_peak_rss(sig, t->mm);
}

/* Whom does the end of @t concern? True: nobody will wait for it. => tasklist_lock for writing */
static bool notify_end(struct task_struct *t)
{
	bool last = thread_group_leader(t) && thread_group_empty(t);

	/* A tracer waits for each thread; as the real parent it also gets the signal it asked for. */
	if (unlikely(t->ptrace))
		return do_notify_parent(t, last && !ptrace_reparented(t) ? t->exit_signal : SIGCHLD);
	return thread_group_leader(t) ? last && do_notify_parent(t, t->exit_signal) : true;
}

static void exit_notify(struct task_struct *t, bool group_dead)
{
	struct list_head dead, traced;
	struct task_struct *p, *n;
	bool autoreap;

	INIT_LIST_HEAD(&dead);
	INIT_LIST_HEAD(&traced);
	write_lock(&tasklist_lock);
	if (unlikely(!list_empty(&t->ptraced)))
		exit_ptrace(&traced);
	forget_original_parent(t, &dead);
	if (group_dead)
		kill_orphaned_pgrp(t->group_leader, NULL);
	t->exit_state = EXIT_ZOMBIE;
	autoreap = notify_end(t);
	if (autoreap)
		t->exit_state = EXIT_DEAD;
	if (t->signal->notify_count < 0)	/* de_thread() waits for the leader */
		wake_up_process(t->signal->group_exec_task);
	write_unlock(&tasklist_lock);
	list_for_each_entry_safe(p, n, &traced, ptrace_entry) {
		list_del_init(&p->ptrace_entry);
		release_task(p);
	}
	list_for_each_entry_safe(p, n, &dead, sibling) {
		list_del_init(&p->sibling);
		release_task(p);
	}
	if (autoreap)
		release_task(t);
}

void do_exit(long code)
{
	struct task_struct *t = current;
	bool group_dead;

	if (unlikely(t->pid == 0))
		panic("Attempted to kill the idle task!");
	coredump_task_exit(t);
	ptrace_event(PTRACE_EVENT_EXIT, code);
	exit_signals(t);
	group_dead = --t->signal->live == 0;
	if (group_dead)
		exit_group(t, code);
	t->exit_code = code;
	if (trace_enabled(sched_process_exit))
		trace_task_exit(t);
	if (t->mm)
		exit_mm(t);
	else if (t->vfork_done)
		WARN_ON(1);
	exit_sem(t);
	exit_files(t);
	if (group_dead && t->signal->session_leader)
		disassociate_ctty(true);
	cgroup_exit(t);
	exit_notify(t, group_dead);
	do_task_dead();
}

int zap_other_threads(struct task_struct *p)
{
	struct task_struct *t;
	int count = 0;

	p->signal->group_stop_count = 0;
	for_each_thread(p, t) {
		if (t == p)
			continue;
		clear_jobctl_pending(t);
		count++;
		if (t->exit_state)
			continue;
		t->pending.signal |= sigmask(SIGKILL);
		signal_wake_up(t, true);
	}
	return count;
}

void do_group_exit(int code)
{
	struct signal_struct *sig = current->signal;

	spin_lock_irq(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT) {
		code = sig->group_exit_code;
	} else if (sig->group_exec_task) {
		code = 0;	/* another thread's execve kills us */
	} else {
		sig->group_exit_code = code;
		sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		if (!thread_group_empty(current))
			zap_other_threads(current);
	}
	spin_unlock_irq(&current->sighand->siglock);
	do_exit(code);
}

long sys_exit(int code) { do_exit((code & 0xff) << 8); }
long sys_exit_group(int code) { do_group_exit((code & 0xff) << 8); }
