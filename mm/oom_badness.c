/*
 * oom_badness.c - how bad is it, in pages? The rules by which a victim is chosen.
 *
 * Idea:   a policy is one function from a process to points; who has most, dies.
 *         vm.oom_badness_policy (Brink's own sysctl) names the one in force:
 *
 *           modern      what its death gives back: rss + swap + page tables;
 *                       Linux since 2.6.36, and as in 6.1
 *           root-bonus  the same, root's processes get 3% off; Linux 2.6.36 to 4.16
 *           classic     size of the address space, children, run time, nice, root: Linux 2.6 up
 *           to 2.6.35
 *
 *         A fourth is a function and a line in the table. Who never dies is no policy's
 *         business: init, kernel threads, oom_score_adj -1000, memory that was reaped, a vfork
 *         child (killing it frees nothing of its parent's).
 * Locks:  the caller's tasklist_lock (reading); task_lock of the thread whose mm is looked at.
 * Above:  oom_kill.c, oom_adj.c (/proc/<pid>/oom_score).   In Linux: mm/oom_kill.c (oom_badness).
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/x86/clock.h"
#include "mm/int_sqrt.h"
#include "mm/memory.h"
#include "mm/oom_kill.h"
#include "mm/swapfile.h"
#include "mm/util.h"

#define NEVER (-__LONG_MAX__ - 1L)

kuid_t (*task_uid_hook)(struct task_struct *task);

/* oom_task_uid: the user whom the report names. */
kuid_t oom_task_uid(struct task_struct *task)
{
	return task_uid_hook ? task_uid_hook(task) : 0;
}

/* Whom a policy judges. */
struct candidate {
	struct task_struct *task;	/* the thread that has the memory; task_lock held */
	struct mm_struct *mm;
	unsigned long totalpages;
	/* only if the policy wants them; found before the lock is taken */
	bool root, raw_io;
	long children;			/* half of what its children use */
};

/* => task_lock is not held: reading credentials takes it */
static void find_privileges(struct task_struct *task, struct candidate *c)
{
	c->root = mm_capable ? mm_capable(task, CAP_SYS_ADMIN) : oom_task_uid(task) == 0;
	c->raw_io = mm_capable && mm_capable(task, CAP_SYS_RAWIO);
}

/* --- modern --- */

/* Pages that come back if everybody lets go of @mm. */
static long mm_size(struct mm_struct *mm)
{
	return get_mm_rss(mm) + get_mm_counter(mm, MM_SWAPENTS) + mm->pgtables_bytes / PAGE_SIZE;
}

/*
 * oom_score_adj is thousandths of all memory: +500 counts as if the process used half of it more.
 */
static long adj_points(const struct candidate *c)
{
	return (long)c->task->signal->oom_score_adj * (long)(c->totalpages / 1000);
}

static long modern_points(const struct candidate *c)
{
	return mm_size(c->mm) + adj_points(c);
}

/* --- root-bonus --- */

/* Root's processes are likely to be important: 3% off their own use, before the adjustment. */
static long root_bonus_points(const struct candidate *c)
{
	long points = mm_size(c->mm);

	if (c->root)
		points -= points * 3 / 100;
	return points + adj_points(c);
}

/* --- classic --- */

/*
 * Half of what each child uses counts for its parent: so that a fork bomb's root is found. =>
 * tasklist_lock held; task_lock is not: it keeps each child's mm there
 */
static long children_points(struct task_struct *task)
{
	const struct mm_struct *own = READ_ONCE(task->mm);
	/* not task->group_leader: who reads a dead thread's oom_score holds the thread only */
	struct task_struct *leader = task->signal->leader, *child;
	long points = 0;

	if (!leader)
		return 0;
	list_for_each_entry(child, &leader->children, sibling) {
		task_lock(child);
		if (child->mm && child->mm != own)
			points += child->mm->total_vm / 2 + 1;
		task_unlock(child);
	}
	return points;
}

/* A process that has worked long is worth more than one that has just begun. */
static long divide_by_age(struct task_struct *task, long points)
{
	u64 cpu_ns = task->times.utime + task->times.stime, now = ktime_get_ns();
	/* in units of 8 s, as 2.6 counted */
	unsigned long cpu = cpu_ns / (8 * NSEC_PER_SEC);
	unsigned long run =
	    now > task->start_time ? (now - task->start_time) / (1024 * NSEC_PER_SEC) : 0;
	unsigned long root = int_sqrt(cpu);

	if (root)
		points /= root;
	root = int_sqrt(int_sqrt(run));
	return root ? points / root : points;
}

/* oom_adj of old: a shift. */
static long shift_by_adj(struct task_struct *task, long points)
{
	int adj = task->signal->oom_score_adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;

	if (adj > 0)
		return (points ? points : 1) << adj;
	return points >> -adj;
}

static long classic_points(const struct candidate *c)
{
	long points = c->mm->total_vm + c->children;

	points = divide_by_age(c->task, points);
	if (c->task->static_nice > 0)
		points *= 2;		/* its owner said that it can wait */
	if (c->root)
		points /= 4;
	if (c->raw_io)
		points /= 4;		/* killing it may leave hardware in a mess */
	return shift_by_adj(c->task, points);
}

/* --- the table --- */

static const struct badness_policy {
	const char *name;
	long (*points)(const struct candidate *c);
	bool wants_privileges, wants_children;
} policies[] = {
	{ "modern", modern_points, false, false },
	{ "root-bonus", root_bonus_points, true, false },
	{ "classic", classic_points, true, true },
};
static const struct badness_policy *policy = &policies[0];

static kssize_t policy_write(const struct ctl_sysctl *ctl, char *buf, size_t len)
{
	const char *name = strim(buf);

	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++)
		if (!strcmp(policies[i].name, name)) {
			policy = &policies[i];
			return len;
		}
	return -EINVAL;
}

static int policy_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%s\n", policy->name);
	return 0;
}
CTL_SYSCTL("vm.oom_badness_policy", .mode = 0644, .type = CTL_STRING, .write = policy_write,
	   .show = policy_show);

/* A vfork child runs in its parent's memory until it executes something. */
static bool in_vfork(struct task_struct *task)
{
	return task->vfork_done && task->real_parent->mm == task->mm;
}

/*
 * oom_badness: the points of the process that @task leads.
 *
 * => tasklist_lock held for reading; @totalpages: all memory and swap that the OOM is about
 * => LONG_MIN: it must not be chosen
 */
long oom_badness(struct task_struct *task, unsigned long totalpages)
{
	const struct badness_policy *rule = READ_ONCE(policy);
	struct candidate c = { .totalpages = totalpages };
	struct task_struct *t;
	long points;

	if (oom_unkillable_task(task))
		return NEVER;
	if (rule->wants_privileges)
		find_privileges(task, &c);
	if (rule->wants_children)
		c.children = children_points(task);
	t = find_lock_task_mm(task);
	if (!t)
		return NEVER;
	if (t->signal->oom_score_adj == OOM_SCORE_ADJ_MIN || (t->mm->flags & MMF_OOM_SKIP) ||
	    in_vfork(t)) {
		points = NEVER;
	} else {
		c.task = t;
		c.mm = t->mm;
		points = rule->points(&c);
	}
	task_unlock(t);
	return points;
}
