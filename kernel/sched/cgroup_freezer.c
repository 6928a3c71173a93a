/*
 * cgroup_freezer.c - stopping all tasks of a group where they return to user mode; and killing them.
 *
 * Idea:   freezing is a request to each task (JOBCTL_TRAP_FREEZE), which it finds where signals are
 *         taken: there it counts itself as frozen and sleeps until the request is gone. A
 *         system call that waits is interrupted as by a signal that nobody handles, and
 *         goes on afterwards. A stopped task counts as frozen, since it runs no program. A
 *         group is frozen if all tasks in it and below are.
 * Locks:  cgroup_mutex; siglock for the request; cgroup_tree_lock for the counts.
 * Above:  kernel/fs/cgroup2_core.c; kernel/proc/signal.c traps.   Below: signal.c.
 *         In Linux: kernel/cgroup/freezer.c.
 */
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"

/* --- who is frozen --- */

/* => cgroup_tree_lock */
static bool all_frozen(struct cgroup *cg)
{
	struct cgroup *pos;

	cgroup_for_each_pre(pos, cg)
		if (!pos->e_freeze || pos->nr_frozen != pos->nr_tasks)
			return false;
	return true;
}

/* cgroup_internal.h */
void cgroup_update_frozen(struct cgroup *cg)
{
	for (; cg; cg = cg->parent) {
		bool now = all_frozen(cg);

		if (now != cg->frozen) {
			cg->frozen = now;
			cg->frozen_news = true;
		}
	}
}

/* cgroup_internal.h. => a reference to @cg, no lock; the news were noted under the lock */
void cgroup_notify_frozen(struct cgroup *cg)
{
	for (; cg; cg = cg->parent)
		if (READ_ONCE(cg->frozen_news) &&
		    __atomic_exchange_n(&cg->frozen_news, false, __ATOMIC_ACQ_REL))
			cgroup_file_notify(&cg->events_file);
}

static void count_frozen(bool frozen)
{
	unsigned long flags;
	struct cgroup *cg;

	if (current->cgroup_frozen == frozen)
		return;
	flags = spin_lock_irqsave(&cgroup_tree_lock);
	cg = current->cgroup;
	cg->users++;			/* it may be moved as soon as the lock is free */
	current->cgroup_frozen = frozen;
	cg->nr_frozen += frozen ? 1 : -1;
	if (cg->e_freeze)
		cgroup_update_frozen(cg);
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	cgroup_notify_frozen(cg);
	cgroup_put_users(cg);
}

/* cgroup.h */
void cgroup_enter_frozen(void)
{
	count_frozen(true);
}

/* cgroup.h */
void cgroup_leave_frozen(bool always)
{
	if (always || !(READ_ONCE(current->jobctl) & JOBCTL_TRAP_FREEZE))
		count_frozen(false);
}

/* --- the request --- */

/* cgroup_internal.h */
void cgroup_freeze_task(struct task_struct *t, bool on)
{
	unsigned long flags;

	if (t->flags & PF_KTHREAD || !lock_task_sighand(t, &flags))
		return;
	if (on) {
		t->jobctl |= JOBCTL_TRAP_FREEZE;
		signal_wake_up(t, false);
	} else {
		t->jobctl &= ~(unsigned int)JOBCTL_TRAP_FREEZE;
		if (t->cgroup_frozen)
			try_to_wake_up(t, TASK_INTERRUPTIBLE);
	}
	unlock_task_sighand(t, flags);
}

/* The tasks of @cg itself; one that comes by fork or by a move later is told there. */
static void freeze_tasks(struct cgroup *cg, bool on)
{
	struct task_struct *t;

	read_lock(&tasklist_lock);
	list_for_each_entry(t, &cg->tasks, cg_list)
		if (!READ_ONCE(t->cgroup_exited))
			cgroup_freeze_task(t, on);
	read_unlock(&tasklist_lock);
}

/* cgroup_internal.h */
void cgroup_freeze(struct cgroup *cg, bool on)
{
	struct cgroup *pos;
	bool changed = false;

	if (cg->freeze == on)
		return;
	cg->freeze = on;
	cgroup_for_each_pre(pos, cg) {
		bool e_freeze = pos->freeze || pos->parent->e_freeze;
		unsigned long flags;

		if (e_freeze == pos->e_freeze)
			continue;
		flags = spin_lock_irqsave(&cgroup_tree_lock);
		pos->e_freeze = e_freeze;
		cgroup_update_frozen(pos);
		spin_unlock_irqrestore(&cgroup_tree_lock, flags);
		freeze_tasks(pos, e_freeze);
		cgroup_notify_frozen(pos);
		changed = true;
	}
	/* A group above decides: no news will ever come, and who waits for some must not wait for ever. */
	if (!changed)
		cgroup_file_notify(&cg->events_file);
}

/* --- kill --- */

/*
 * cgroup_internal.h. One pass is enough: a fork that is under way either has its child on the list
 * already, or will find the signal before it puts it there.
 */
void cgroup_kill(struct cgroup *cg)
{
	/* As from a program: init, in whatever group it is, is not killed. */
	const struct siginfo info = { .si_signo = SIGKILL, .si_code = SI_USER };
	struct task_struct *p;
	struct cgroup *up;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		if (p->flags & PF_KTHREAD)
			continue;
		for (up = READ_ONCE(p->cgroup); up && up != cg; up = up->parent)
			;
		if (up)
			send_signal(SIGKILL, &info, p, true);
	}
	read_unlock(&tasklist_lock);
}
