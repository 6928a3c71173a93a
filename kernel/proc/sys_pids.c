/*
 * sys_pids.c - who am I: process numbers, groups, sessions.
 *
 * Locks:  tasklist_lock: a process's group and session, and its parent.
 * Above:  the system call table.   In Linux: kernel/sys.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"

long sys_getpid(void) { return current->tgid; }
long sys_gettid(void) { return current->pid; }

long sys_getppid(void)
{
	long pid;

	read_lock(&tasklist_lock);
	pid = current->real_parent->tgid;
	read_unlock(&tasklist_lock);
	return pid;
}

long sys_getpgrp(void) { return current->signal->pgrp; }

/* What @field of process @pid is. */
static long of_process(kpid_t pid, bool session)
{
	struct task_struct *t;
	long id = -ESRCH;

	if (!pid)
		return session ? current->signal->session : current->signal->pgrp;
	read_lock(&tasklist_lock);
	t = find_task_by_pid(pid);
	if (t)
		id = session ? t->signal->session : t->signal->pgrp;
	read_unlock(&tasklist_lock);
	return id;
}

long sys_getpgid(kpid_t pid) { return of_process(pid, false); }
long sys_getsid(kpid_t pid) { return of_process(pid, true); }

/* => tasklist_lock. Is there a group @pgid in session @session? */
static bool group_in_session(kpid_t pgid, kpid_t session)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgid && p->signal->session == session)
			return true;
	return false;
}

/* => tasklist_lock. POSIX's rules for setpgid(). */
static int setpgid_error(const struct task_struct *p, kpid_t pgid)
{
	const struct task_struct *leader = current->group_leader;

	if (!p)
		return -ESRCH;
	if (!thread_group_leader(p))
		return -EINVAL;
	if (p->real_parent->signal == leader->signal) {		/* a child of ours */
		if (p->signal->session != leader->signal->session)
			return -EPERM;
		if (!(p->flags & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != leader) {
		return -ESRCH;
	}
	if (p->signal->session_leader)
		return -EPERM;
	if (pgid != p->pid && !group_in_session(pgid, leader->signal->session))
		return -EPERM;
	return 0;
}

long sys_setpgid(kpid_t pid, kpid_t pgid)
{
	struct task_struct *p;
	int err;

	if (!pid)
		pid = current->tgid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	write_lock(&tasklist_lock);
	p = find_task_by_pid(pid);
	err = setpgid_error(p, pgid);
	if (!err)
		p->signal->pgrp = pgid;
	write_unlock(&tasklist_lock);
	return err;
}

long sys_setsid(void)
{
	struct task_struct *leader = current->group_leader, *p;
	kpid_t session = leader->pid;
	long ret = -EPERM;

	write_lock(&tasklist_lock);
	if (leader->signal->session_leader)
		goto out;
	for_each_process(p)	/* a group of that number lives on, left by us */
		if (p->signal->pgrp == session)
			goto out;
	leader->signal->session_leader = true;
	leader->signal->pgrp = leader->signal->session = session;
	spin_lock_irq(&current->sighand->siglock);
	leader->signal->tty = NULL;
	spin_unlock_irq(&current->sighand->siglock);
	ret = session;
out:
	write_unlock(&tasklist_lock);
	return ret;
}
