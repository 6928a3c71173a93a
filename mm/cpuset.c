/*
 * cpuset.c - the cpuset controller: a group's tasks run on some CPUs only, and take memory from some
 *            nodes only.
 *
 * Idea:   a group says what it would like (cpuset.cpus, cpuset.mems; empty: what its parent has).
 *         What it gets is the part of that which its parent has got, or, if that is nothing, what
 *         the parent has (…effective):
 *
 *            /     0-3            effective 0-3
 *            a     0-1            effective 0-1
 *            a/b   2-3            effective 0-1    nothing of it is a's
 *            a/c   (empty)        effective 0-1
 *
 *         When that changes, or a task comes in, the task's cpus_allowed and mems_allowed are
 *         written, its memory policies are mapped over to the new nodes (mempolicy.c), and its
 *         pages follow (migrate.c). The allocator looks at mems_allowed alone (mems_allowed.c).
 * Locks:  cgroup_mutex for what groups say and get; readers of a single word take none.
 * Above:  kernel/fs/cgroup2.c serves the files; kernel/proc asks before it sets an affinity.
 * Below:  kernel/sched's tree of groups and scheduler, mempolicy.c, migrate.c.
 *         In Linux: kernel/cgroup/cpuset.c.
 */
#include "mm/cpuset.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/smp.h"
#include "mm/mempolicy.h"
#include "mm/migrate.h"
#include "mm/mmap.h"
#include "mm/slab.h"

#define LINUX_MAX_NUMNODES 1024		/* larger node numbers are ERANGE, not EINVAL */

/* Guards: g cgroup_mutex; one word: readers need nothing */
struct cpuset {
	struct cgroup_subsys_state css;
	u64 cpus;			/* g: as written; 0: the parent's */
	nodemask_t mems;		/* g: as written */
	u64 effective_cpus;		/* g */
	nodemask_t effective_mems;	/* g */
};

static inline struct cpuset *cpuset_of(struct cgroup_subsys_state *css)
{
	return container_of(css, struct cpuset, css);
}

static u64 possible_cpus(void)
{
	return (1UL << nr_cpus_possible) - 1;
}

/* --- life --- */

/* A new group has what its parent has. => cgroup_mutex, or boot */
static struct cgroup_subsys_state *cpuset_css_alloc(struct cgroup_subsys_state *parent)
{
	struct cpuset *cs = kmalloc(sizeof(*cs), GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!cs)
		return ERR_PTR(-ENOMEM);
	cs->effective_cpus = parent ? cpuset_of(parent)->effective_cpus : possible_cpus();
	cs->effective_mems = parent ? cpuset_of(parent)->effective_mems : online_nodes();
	return &cs->css;
}

static int cpuset_css_online(struct cgroup_subsys_state *css)
{
	if (css->parent)
		WRITE_ONCE(cpusets_in_use, true);	/* it stays so: the test is cheap */
	return 0;
}

static void cpuset_css_free(struct cgroup_subsys_state *css)
{
	kfree(cpuset_of(css));
}

/* --- a task follows its cpuset --- */

static void set_task_mems(struct task_struct *task, nodemask_t mems)
{
	WRITE_ONCE(task->mems_allowed.bits, mems.bits);
	mpol_rebind_task(task, mems);
}

/* A set without a CPU that is up is refused by the scheduler; update_cpus() makes none. */
static void set_task_cpus(struct task_struct *task, u64 cpus)
{
	sched_setaffinity_mask(task, cpus);
}

/* Policies of @task's mappings and, if nodes were lost, its pages. => may sleep; no spinlock */
static void move_task_memory(struct task_struct *task, nodemask_t from, nodemask_t to)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return;
	mpol_rebind_mm(mm, to);
	if (!nodes_equal(from, to))
		do_migrate_pages(mm, from, to, true);
	mmput(mm);
}

/* cgroup.h: the task is in the group now. => may sleep */
static void cpuset_attach(struct cgroup_subsys_state *dst, struct cgroup_subsys_state *src,
			  struct task_struct *task)
{
	struct cpuset *to = cpuset_of(dst), *from = cpuset_of(src);

	set_task_cpus(task, to->effective_cpus);
	set_task_mems(task, to->effective_mems);
	if (thread_group_leader(task))
		move_task_memory(task, from->effective_mems, to->effective_mems);
}

void cpuset_fork(struct task_struct *child)
{
	struct cgroup_subsys_state *own;
	struct cpuset *cs;

	if (!cpusets_enabled())
		return;
	rcu_read_lock();
	own = task_css(child, CPUSET_CGRP);
	cs = cpuset_of(own);
	if (unlikely(own != task_css(current, CPUSET_CGRP))) {	/* born into another group */
		set_task_cpus(child, cs->effective_cpus);
		set_task_mems(child, cs->effective_mems);
	} else if (own->parent) {
		/* An affinity of its own, inside, is inherited; one that is outside by now is not. */
		if (child->cpus_allowed & ~cs->effective_cpus)
			set_task_cpus(child, cs->effective_cpus);
		set_task_mems(child, cs->effective_mems);
	}
	rcu_read_unlock();
}

/* --- a cpuset changes --- */

/* The task of @css's own group with the lowest pid above @after. */
struct next_task {
	struct cgroup_subsys_state *css;
	kpid_t after;
	struct task_struct *found;	/* out: a reference */
};

static bool consider_task(struct task_struct *task, void *arg)
{
	struct next_task *n = arg;

	if (task->pid <= n->after || (n->found && n->found->pid < task->pid) ||
	    task_css(task, CPUSET_CGRP) != n->css)
		return false;
	if (n->found)
		put_task_struct(n->found);
	n->found = get_task_struct(task);
	return false;
}

/*
 * Each task of @css's own group in turn, without a lock that forbids to sleep. One that is made
 * meanwhile is put right by cpuset_fork(). => cgroup_mutex: none comes in or goes to another group
 */
static void for_each_cpuset_task(struct cgroup_subsys_state *css,
				 void (*fn)(struct task_struct *task, void *arg), void *arg)
{
	struct next_task n = { .css = css };

	for (;;) {
		n.found = NULL;
		cgroup_for_each_task(css, true, consider_task, &n);
		if (!n.found)
			return;
		fn(n.found, arg);
		n.after = n.found->pid;
		put_task_struct(n.found);
	}
}

static void update_task_cpus(struct task_struct *task, void *arg)
{
	set_task_cpus(task, *(u64 *)arg);
}

struct mems_change { nodemask_t from, to; };
static void update_task_mems(struct task_struct *task, void *arg)
{
	const struct mems_change *c = arg;

	set_task_mems(task, c->to);
	if (thread_group_leader(task))
		move_task_memory(task, c->from, c->to);
}

static void update_cpus(struct cpuset *cs)
{
	u64 above = cpuset_of(cs->css.parent)->effective_cpus, now = cs->cpus & above;

	if (!(now & online_mask()))
		now = above;
	if (now == cs->effective_cpus)
		return;
	WRITE_ONCE(cs->effective_cpus, now);
	for_each_cpuset_task(&cs->css, update_task_cpus, &now);
}

static void update_mems(struct cpuset *cs)
{
	nodemask_t above = cpuset_of(cs->css.parent)->effective_mems;
	struct mems_change c = { cs->effective_mems, nodes_and(cs->mems, above) };

	if (nodes_empty(c.to))
		c.to = above;
	if (nodes_equal(c.from, c.to))
		return;
	WRITE_ONCE(cs->effective_mems.bits, c.to.bits);
	for_each_cpuset_task(&cs->css, update_task_mems, &c);
}

/* @root and those below it: parents first, so that what they have is right. => cgroup_mutex */
static void update_below(struct cpuset *root, void (*update)(struct cpuset *cs))
{
	struct cgroup_subsys_state *css = NULL;

	while ((css = css_next_descendant_pre(css, &root->css)))
		update(cpuset_of(css));
}

static bool found_one(struct task_struct *task, void *arg)
{
	return *(bool *)arg = true;
}

/* Has @css's group, or one below it, tasks? */
static bool is_populated(struct cgroup_subsys_state *css)
{
	bool any = false;

	cgroup_for_each_task(css, false, found_one, &any);
	return any;
}

/* --- files --- */

#define LIST_MAX (100 + 6 * LINUX_MAX_NUMNODES)	/* characters */

/* "0-1,3" or "". 0; -EINVAL: no list, or such a CPU cannot be; -ERANGE */
static int parse_cpus(const char *buf, u64 *cpus)
{
	unsigned long mask;
	int err = bitmap_parselist(buf, &mask, nr_cpus_possible);

	*cpus = mask;
	return err;
}

static int parse_mems(const char *buf, nodemask_t *mems)
{
	unsigned long mask[BITS_TO_LONGS(LINUX_MAX_NUMNODES)];
	int err = bitmap_parselist(buf, mask, LINUX_MAX_NUMNODES);

	if (err)
		return err;
	mems->bits = mask[0];
	if (find_next_bit(mask, LINUX_MAX_NUMNODES, MAX_NUMNODES) < LINUX_MAX_NUMNODES)
		return -EINVAL;
	return nodes_subset(*mems, online_nodes()) ? 0 : -EINVAL;
}

static kssize_t cpus_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	struct cpuset *cs = cpuset_of(css);
	u64 cpus;
	int err = parse_cpus(buf, &cpus);

	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	if (!(css->flags & CSS_ONLINE)) {
		err = -ENODEV;
	} else if (cs->cpus && !cpus && is_populated(css)) {
		err = -ENOSPC;
	} else {
		cs->cpus = cpus;
		update_below(cs, update_cpus);
	}
	mutex_unlock(&cgroup_mutex);
	return err ? err : (kssize_t)len;
}

static kssize_t mems_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	struct cpuset *cs = cpuset_of(css);
	nodemask_t mems;
	int err = parse_mems(buf, &mems);

	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	if (!(css->flags & CSS_ONLINE)) {
		err = -ENODEV;
	} else if (!nodes_empty(cs->mems) && nodes_empty(mems) && is_populated(css)) {
		err = -ENOSPC;
	} else {
		cs->mems = mems;
		update_below(cs, update_mems);
	}
	mutex_unlock(&cgroup_mutex);
	return err ? err : (kssize_t)len;
}

static int show_cpus(struct seq_file *m, unsigned long cpus)
{
	seq_printf(m, "%*pbl\n", MAX_CPUS, &cpus);
	return 0;
}
static int show_mems(struct seq_file *m, nodemask_t mems)
{
	seq_printf(m, "%*pbl\n", nodemask_list(&mems));
	return 0;
}
static int cpus_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	return show_cpus(m, cpuset_of(css)->cpus);
}
static int mems_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	return show_mems(m, cpuset_of(css)->mems);
}
static int effective_cpus_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	return show_cpus(m, cpuset_of(css)->effective_cpus & online_mask());
}
static int effective_mems_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	return show_mems(m, cpuset_of(css)->effective_mems);
}

static const struct cftype cpuset_files[] = {
	{ .name = "cpus", .flags = CFTYPE_NOT_ON_ROOT, .show = cpus_show, .write = cpus_write,
	  .max_write_len = LIST_MAX },
	{ .name = "mems", .flags = CFTYPE_NOT_ON_ROOT, .show = mems_show, .write = mems_write,
	  .max_write_len = LIST_MAX },
	{ .name = "cpus.effective", .show = effective_cpus_show },
	{ .name = "mems.effective", .show = effective_mems_show },
	{ },
};

static const struct cgroup_subsys cpuset_cgrp_subsys = {
	.name = "cpuset",
	.id = CPUSET_CGRP,
	.css_alloc = cpuset_css_alloc,
	.css_online = cpuset_css_online,
	.css_free = cpuset_css_free,
	.attach = cpuset_attach,
	.files = cpuset_files,
};

/* --- asked by others --- */

u64 cpuset_cpus_allowed(struct task_struct *task)
{
	u64 cpus;

	rcu_read_lock();
	cpus = READ_ONCE(cpuset_of(task_css(task, CPUSET_CGRP))->effective_cpus);
	rcu_read_unlock();
	return cpus;
}

static void cpuset_name(struct task_struct *task, char *buf, size_t size)
{
	rcu_read_lock();
	strscpy(buf, cgroup_name(task_css(task, CPUSET_CGRP)->cgroup), size);
	rcu_read_unlock();
}

/* cpuset_init: => cgroup_init(), before the first group is made */
void cpuset_init(void)
{
	cgroup_register_subsys(&cpuset_cgrp_subsys);
	cpuset_name_hook = cpuset_name;
}

static int cpuset_show(struct seq_file *m, struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_get_css(task, CPUSET_CGRP);
	char *path = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err = path ? cgroup_path(css->cgroup, path, PAGE_SIZE) : -ENOMEM;

	if (err > 0)
		seq_printf(m, "%s\n", path);
	kfree(path);
	css_put(css);
	return err > 0 ? 0 : err;
}
CTL_PID_FILE("cpuset", .mode = 0444, .show = cpuset_show);
