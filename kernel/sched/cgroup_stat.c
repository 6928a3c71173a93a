/*
 * cgroup_stat.c - the CPU time of a group.
 *
 * Idea:   nothing is counted as tasks run: each task knows its own time, and what it was when it
 *         came into its group. The difference is the group's while it stays, and is written
 *         down as it leaves. So a reader walks the tasks, and a task switch costs nothing.
 * Locks:  tasklist_lock: a task is on the list or its time is written down, never neither.
 *         cgroup_tree_lock for what is written down.
 * Above:  cpu.stat (kernel/fs/cgroup2_core.c).   In Linux: kernel/cgroup/rstat.c.
 */
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/sched.h"

static void times_of(struct task_struct *t, struct cgroup_times *times)
{
	times->runtime = task_sched_runtime(t);
	times->utime = READ_ONCE(t->times.utime);
	times->stime = READ_ONCE(t->times.stime);
}

static void add_difference(struct cgroup_times *sum, const struct cgroup_times *now,
			   const struct cgroup_times *base)
{
	sum->runtime += now->runtime - base->runtime;
	sum->utime += now->utime - base->utime;
	sum->stime += now->stime - base->stime;
}

/* cgroup_internal.h */
void cgroup_leave_times(struct task_struct *t)
{
	struct cgroup *cg = t->cgroup;
	struct cgroup_times now;
	unsigned long flags;

	times_of(t, &now);
	flags = spin_lock_irqsave(&cgroup_tree_lock);
	while (cg->dead)	/* a zombie's: its group's sum has gone to the parent already */
		cg = cg->parent;
	add_difference(&cg->past, &now, &t->cgroup_base);
	t->cgroup_base = now;
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
}

static bool lives_below(struct cgroup *cg, const struct cgroup *top)
{
	while (cg && cg != top)
		cg = cg->parent;
	return cg;
}

/* cgroup_internal.h */
void cgroup_cpu_times(struct cgroup *cg, struct cgroup_times *sum)
{
	static const struct cgroup_times none;
	struct cgroup_times now;
	struct task_struct *p, *t;
	struct cgroup *pos;

	*sum = none;
	if (!cg->parent) {	/* the whole machine, interrupts and what the dead used included */
		cpu_times_total(&sum->utime, &sum->stime);
		sum->runtime = sum->utime + sum->stime;
		return;
	}
	read_lock(&tasklist_lock);
	for_each_process(p)
		for_each_thread(p, t)
			if (lives_below(t->cgroup, cg)) {
				times_of(t, &now);
				add_difference(sum, &now, &t->cgroup_base);
			}
	cgroup_for_each_pre(pos, cg)
		add_difference(sum, &pos->past, &none);
	read_unlock(&tasklist_lock);
}
