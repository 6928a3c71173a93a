/*
 * cgroup_attach.c - who is in which group: fork, exit, moves, and controllers switched on and off.
 *
 * Idea:   a child is born into its parent's group; a zombie stays in its own until it is waited
 *         for, but counts as living there only until it exits. A move, and the switching of a
 *         controller, is the same thing seen by a controller: some tasks change from one css
 *         to another. All are listed, each controller concerned is asked about each task, and
 *         only if nobody refuses is anything changed.
 * Locks:  cgroup_threadgroup_rwsem for writing around a move: no task comes or goes.
 *         cgroup_tree_lock for task->cgroup and the counts.
 * Above:  kernel/proc (fork, exit), kernel/fs/cgroup2.c.   Below: cgroup.c.
 *         In Linux: kernel/cgroup/cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/psi_internal.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/signal.h"

DEFINE_RWSEM(cgroup_threadgroup_rwsem, LOCK_THREADGROUP);

/* --- populated or not --- */

/* @cg has a task more or less. => cgroup_tree_lock. How far up cgroup.events changed. */
static struct cgroup *add_tasks(struct cgroup *cg, int n)
{
	bool before = cgroup_is_populated(cg);

	cg->nr_tasks += n;
	if (CHECKS)
		BUG_ON(cg->nr_tasks < 0);
	while (cg && before != cgroup_is_populated(cg)) {
		struct cgroup *up = cg->parent;

		if (up) {
			int *count = cgroup_is_threaded(cg) ? &up->nr_populated_threaded :
							      &up->nr_populated_domains;
			bool was = cgroup_is_populated(up);

			*count += before ? -1 : 1;
			before = was;
		}
		cg = up;
	}
	return cg;
}

/* Those who poll cgroup.events of @cg and of the groups above it, short of @end. */
static void notify_events(struct cgroup *cg, const struct cgroup *end)
{
	for (; cg && cg != end; cg = cg->parent)
		cgroup_file_notify(&cg->events_file);
}

/* --- birth --- */

/* cgroup.h. => current's copy: the pointer, without the reference */
void cgroup_fork(struct task_struct *child)
{
	struct cgroup *cg;

	rcu_read_lock();
	do	/* another CPU may move current meanwhile, and the old group go */
		cg = READ_ONCE(current->cgroup);
	while (!cgroup_tryget_users(cg));
	rcu_read_unlock();
	child->cgroup = cg;
	INIT_LIST_HEAD(&child->cg_list);
	child->cgroup_exited = false;
	child->cgroup_frozen = false;
	if (unlikely(child->cgroup_ns))
		cgroup_get(child->cgroup_ns);
	child->cgroup_base = (struct cgroup_times){ 0, 0, 0 };
}

/* Undoes what can_fork of the controllers before number @n has done. */
static void cancel_fork_before(struct task_struct *child, int n)
{
	const struct cgroup_subsys *ss;
	int i;

	for_each_subsys(ss, i)
		if (i < n && ss->cancel_fork)
			ss->cancel_fork(child->cgroup->effective[i], child);
}

/* cgroup.h */
int cgroup_can_fork(struct task_struct *child, struct cgroup *into)
{
	struct cgroup *cg, *old = child->cgroup;
	const struct cgroup_subsys *ss;
	int i, err;

	down_read(&cgroup_threadgroup_rwsem);
	cg = into ? into : current->cgroup;
	if (unlikely(cg != old)) {	/* current was moved after cgroup_fork(), or it is @into */
		cg->users++;		/* current is one; @into is not dead */
		child->cgroup = cg;
		cgroup_put_users(old);
	}
	for_each_subsys(ss, i) {
		err = ss->can_fork ? ss->can_fork(cg->effective[i], child) : 0;
		if (unlikely(err)) {
			cancel_fork_before(child, i);
			up_read(&cgroup_threadgroup_rwsem);
			return err;
		}
	}
	return 0;
}

/* cgroup.h */
void cgroup_cancel_fork(struct task_struct *child)
{
	cancel_fork_before(child, NR_CGROUP_SUBSYS);
	up_read(&cgroup_threadgroup_rwsem);
}

/* cgroup.h. No news to cgroup.events where current lives itself. */
void cgroup_post_fork(struct task_struct *child)
{
	unsigned long flags = spin_lock_irqsave(&cgroup_tree_lock);
	struct cgroup *end = add_tasks(child->cgroup, 1);

	list_add_tail(&child->cg_list, &child->cgroup->tasks);
	if (unlikely(child->cgroup->e_freeze)) {
		/* It does not run yet, and will count itself: a group that is frozen stays so. */
		child->jobctl |= JOBCTL_TRAP_FREEZE;
		set_tif(child, TIF_SIGPENDING);
	}
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	notify_events(child->cgroup, end);
	up_read(&cgroup_threadgroup_rwsem);
}

/* --- death --- */

/* cgroup.h */
void cgroup_exit(struct task_struct *task)
{
	unsigned long flags = spin_lock_irqsave(&cgroup_tree_lock);
	struct cgroup *cg = task->cgroup, *end;
	const struct cgroup_subsys *ss;
	int i;

	task->cgroup_exited = true;	/* from here on it is not moved any more */
	end = add_tasks(cg, -1);
	cg->nr_frozen -= task->cgroup_frozen;
	if (unlikely(cg->e_freeze))
		cgroup_update_frozen(cg);
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	notify_events(cg, end);
	cgroup_notify_frozen(cg);
	for_each_subsys(ss, i)
		if (ss->exit) {
			struct cgroup_subsys_state *css = task_get_css(task, i);

			ss->exit(css, task);
			css_put(css);
		}
}

/* cgroup.h */
void cgroup_release_begin(void)
{
	down_read(&cgroup_threadgroup_rwsem);
}

/* cgroup.h */
void cgroup_release_end(struct task_struct *task)
{
	const struct cgroup_subsys *ss;
	int i;

	cgroup_leave_times(task);
	list_del_init(&task->cg_list);
	for_each_subsys(ss, i)
		if (ss->release)
			ss->release(task->cgroup->effective[i], task);
	up_read(&cgroup_threadgroup_rwsem);
}

/* cgroup.h */
void cgroup_free(struct task_struct *task)
{
	cgroup_put_users(task->cgroup);
	if (unlikely(task->cgroup_ns))
		cgroup_put(task->cgroup_ns);
}

/* cgroup.h */
void cgroup_new_namespace(struct task_struct *task)
{
	struct cgroup *old = task->cgroup_ns, *cg;

	mutex_lock(&cgroup_mutex);	/* current is not moved */
	cg = current->cgroup;
	cgroup_get(cg);
	WRITE_ONCE(task->cgroup_ns, cg);
	mutex_unlock(&cgroup_mutex);
	if (old)
		cgroup_put(old);
}

/* --- moves --- */

/* One task that is to move. css NULL: that controller sees no difference. */
struct move {
	struct move *next;
	struct task_struct *task;	/* a reference */
	struct cgroup *from, *to;	/* from: one of its users; NULL: the group stays the same */
	struct cgroup_subsys_state *from_css[NR_CGROUP_SUBSYS], *to_css[NR_CGROUP_SUBSYS];
};

/* The tasks that are to move; the next free node. */
struct moves { struct move *list, *unused; };

static void free_moves(struct moves *m)
{
	struct move *mv, *next;

	for (mv = m->list; mv; mv = next) {
		next = mv->next;
		put_task_struct(mv->task);
		if (mv->from)
			cgroup_put_users(mv->from);
		sched_free(mv);
	}
	for (mv = m->unused; mv; mv = next) {
		next = mv->next;
		sched_free(mv);
	}
}

/* Nodes for @n tasks; -ENOMEM. */
static int alloc_moves(struct moves *m, int n)
{
	*m = (struct moves){ };
	while (n--) {
		struct move *mv = sched_alloc(sizeof(*mv), SCHED_ALLOC_SLEEP);

		if (!mv) {
			free_moves(m);
			return -ENOMEM;
		}
		mv->next = m->unused;
		m->unused = mv;
	}
	return 0;
}

/* => tasklist_lock; threadgroup_rwsem for writing, so there are not more tasks than were counted */
static struct move *add_move(struct moves *m, struct task_struct *t)
{
	struct move *mv = m->unused;

	BUG_ON(!mv);
	m->unused = mv->next;
	mv->next = m->list;
	m->list = mv;
	mv->task = get_task_struct(t);
	return mv;
}

/* Asks the controllers; 0, or the first refusal and everybody else has been told that it is off. */
static int ask_controllers(struct moves *m)
{
	const struct cgroup_subsys *ss, *refuser;
	struct move *mv, *at;
	int i, err;

	for (mv = m->list; mv; mv = mv->next)
		for_each_subsys(ss, i) {
			if (!mv->to_css[i] || !ss->can_attach)
				continue;
			err = ss->can_attach(mv->to_css[i], mv->task);
			if (err)
				goto cancel;
		}
	return 0;
cancel:
	refuser = ss;
	for (at = m->list; at; at = at->next)
		for_each_subsys(ss, i) {
			if (at == mv && ss == refuser)
				return err;
			if (at->to_css[i] && ss->cancel_attach)
				ss->cancel_attach(at->to_css[i], at->task);
		}
	return err;
}

/* All of them agreed, and task_css() gives the new ones. */
static void tell_controllers(struct moves *m)
{
	const struct cgroup_subsys *ss;
	struct move *mv;
	int i;

	for (mv = m->list; mv; mv = mv->next)
		for_each_subsys(ss, i)
			if (mv->to_css[i] && ss->attach)
				ss->attach(mv->to_css[i], mv->from_css[i], mv->task);
}

/* The run queue of @t, which can neither wake nor be taken to another CPU meanwhile. */
static struct rq *task_lock_still(struct task_struct *t, unsigned long *flags)
{
	unsigned long in_lock;
	struct rq *rq;

	*flags = spin_lock_irqsave(&t->pi_lock);
	for (;;) {
		rq = task_rq_lock(t, &in_lock);
		if (likely(t->se.on_rq != MIGRATING))
			return rq;
		spin_unlock(&rq->lock);
		cpu_relax();
	}
}

static void task_unlock_still(struct rq *rq, struct task_struct *t, unsigned long flags)
{
	spin_unlock(&rq->lock);
	spin_unlock_irqrestore(&t->pi_lock, flags);
}

/* Into the group: the one moment of the move. False: it has begun to exit and stays where it is. */
static bool change_group(struct task_struct *t, struct cgroup *to)
{
	struct cgroup *from = t->cgroup, *end_from, *end_to;
	unsigned long flags;
	struct rq *rq;

	write_lock(&tasklist_lock);	/* who walks a group's tasks finds it in the one or the other */
	cgroup_leave_times(t);		/* and its time with the task or written down */
	rq = task_lock_still(t, &flags);
	spin_lock(&cgroup_tree_lock);
	if (t->cgroup_exited) {
		spin_unlock(&cgroup_tree_lock);
		task_unlock_still(rq, t, flags);
		write_unlock(&tasklist_lock);
		return false;
	}
	psi_leave(rq, t);
	to->users++;			/* the mutex is held, it is not dead: there is one */
	end_to = add_tasks(to, 1);	/* first: what lies above both stays populated */
	__atomic_store_n(&t->cgroup, to, __ATOMIC_RELEASE);
	list_move_tail(&t->cg_list, &to->tasks);
	end_from = add_tasks(from, -1);
	from->nr_frozen -= t->cgroup_frozen;
	to->nr_frozen += t->cgroup_frozen;
	cgroup_update_frozen(to);
	cgroup_update_frozen(from);
	psi_join(rq, t);
	spin_unlock(&cgroup_tree_lock);
	task_unlock_still(rq, t, flags);
	write_unlock(&tasklist_lock);
	notify_events(to, end_to);
	notify_events(from, end_from);
	cgroup_notify_frozen(to);
	cgroup_notify_frozen(from);
	cgroup_freeze_task(t, to->e_freeze);
	cgroup_put_users(from);
	return true;
}

/* All have agreed. One that exits just now is left behind, and its controllers are told. */
static void change_groups(struct moves *m)
{
	const struct cgroup_subsys *ss;
	struct move *mv;
	int i;

	for (mv = m->list; mv; mv = mv->next) {
		if (change_group(mv->task, mv->to))
			continue;
		for_each_subsys(ss, i) {
			if (mv->to_css[i] && ss->cancel_attach)
				ss->cancel_attach(mv->to_css[i], mv->task);
			mv->to_css[i] = NULL;
		}
	}
}

/* Lists @task, or all of its process, as going to @dst. => threadgroup_rwsem for writing */
static int list_process(struct moves *m, struct cgroup *dst, struct task_struct *task, bool group)
{
	struct task_struct *t;
	int n = group ? READ_ONCE(task->signal->nr_threads) : 1;
	int err = alloc_moves(m, n);

	if (err)
		return err;
	read_lock(&tasklist_lock);
	for_each_thread(task, t) {
		struct move *mv;

		if ((!group && t != task) || READ_ONCE(t->cgroup_exited) || t->cgroup == dst)
			continue;
		mv = add_move(m, t);
		mv->from = t->cgroup;
		mv->from->users++;	/* attach() may look at its css's afterwards */
		mv->to = dst;
		for (int i = 0; i < NR_CGROUP_SUBSYS; i++) {
			struct cgroup_subsys_state *from = t->cgroup->effective[i];

			if (from != dst->effective[i]) {
				mv->from_css[i] = from;
				mv->to_css[i] = dst->effective[i];
			}
		}
	}
	read_unlock(&tasklist_lock);
	return 0;
}

/* cgroup_internal.h */
bool cgroup_is_thread_root(const struct cgroup *cg)
{
	if (cgroup_is_threaded(cg))
		return false;
	return cg->nr_threaded_children ||
	       (READ_ONCE(cg->nr_tasks) && cg->subtree_control & CGROUP_THREADED_SUBSYS);
}

/* cgroup_internal.h */
bool cgroup_is_valid_domain(const struct cgroup *cg)
{
	if (cgroup_is_threaded(cg))
		return false;
	/* The root of all may have both: it is exempt from the rule about tasks beside children. */
	while ((cg = cg->parent))
		if (cgroup_is_threaded(cg) || (cg->parent && cgroup_is_thread_root(cg)))
			return false;
	return true;
}

/*
 * May its tasks compete with its children? In the root; and where only controllers that know how
 * are on and no process lives below: there a threaded subtree could begin.
 */
static bool can_be_thread_root(const struct cgroup *cg)
{
	return !cg->parent || (!READ_ONCE(cg->nr_populated_domains) &&
			       !(cg->subtree_control & ~CGROUP_THREADED_SUBSYS));
}

/* cgroup_internal.h */
int cgroup_enable_threaded(struct cgroup *cg)
{
	struct cgroup *parent = cg->parent, *dom = parent->dom, *pos;
	const struct cgroup_subsys *ss;
	int i;

	if (cg->dead)
		return -ENODEV;
	if (cgroup_is_threaded(cg))
		return 0;
	if (cgroup_is_populated(cg) || cg->subtree_control & ~CGROUP_THREADED_SUBSYS)
		return -EOPNOTSUPP;
	if (!cgroup_is_valid_domain(dom) || !can_be_thread_root(dom))
		return -EOPNOTSUPP;
	/* Its threaded children (it was their root until now) go along. */
	cgroup_for_each_pre(pos, cg)
		if (pos == cg || cgroup_is_threaded(pos))
			WRITE_ONCE(pos->dom, dom);
	parent->nr_threaded_children++;
	/* No task sees it: nobody is in there. */
	for_each_subsys_in(ss, i, ~CGROUP_THREADED_SUBSYS)
		if (cg->css[i]) {
			cgroup_set_effective(cg, i, parent->effective[i]);
			css_kill(cg, ss);
		}
	return 0;
}

/* cgroup_internal.h */
int cgroup_check_attach(const struct cgroup *src, const struct cgroup *dst, bool process)
{
	if (!process && src->dom != dst->dom)
		return -EOPNOTSUPP;
	if (!dst->parent)
		return 0;
	if (!cgroup_is_valid_domain(dst->dom))
		return -EOPNOTSUPP;
	/* No internal processes: a group with controllers below has tasks at its leaves only. */
	if (dst->subtree_control && !can_be_thread_root(dst) && !cgroup_is_threaded(dst))
		return -EBUSY;
	return 0;
}

/* cgroup_internal.h */
int cgroup_attach_task(struct cgroup *dst, struct task_struct *task, bool threadgroup)
{
	struct moves m;
	int err;

	if (dst->dead)
		return -ENODEV;
	err = cgroup_check_attach(task->cgroup, dst, threadgroup);
	if (err)
		return err;
	down_write(&cgroup_threadgroup_rwsem);
	err = list_process(&m, dst, task, threadgroup);
	if (!err) {
		err = ask_controllers(&m);
		if (!err) {
			change_groups(&m);
			tell_controllers(&m);
		}
		free_moves(&m);
	}
	up_write(&cgroup_threadgroup_rwsem);
	return err;
}

/* --- controllers on and off --- */

/* The css that @cg would have for @id if the children of @top had their own: theirs, or @cg's. */
static struct cgroup_subsys_state *css_below(struct cgroup *cg, struct cgroup *top, int id)
{
	struct cgroup *child = NULL;

	for (; cg != top; cg = cg->parent) {
		if (!cg)
			return NULL;	/* not below @top */
		child = cg;
	}
	return child ? child->css[id] : NULL;
}

/*
 * Lists the tasks below @top with the change of @enable and @disable as each of them sees it:
 * from the effective css to the child's own, or to @top's.
 */
static int list_below(struct moves *m, struct cgroup *top, u32 enable, u32 disable)
{
	const struct cgroup_subsys *ss;
	struct task_struct *p, *t;
	struct move *mv;
	int i, err = alloc_moves(m, nr_tasks());

	if (err)
		return err;
	read_lock(&tasklist_lock);
	for_each_process(p)
		for_each_thread(p, t) {
			struct cgroup *cg = t->cgroup, *up = cg;

			while (up && up != top)
				up = up->parent;
			if (!up || cg == top)
				continue;
			mv = add_move(m, t);
			mv->to = cg;
			for_each_subsys_in(ss, i, enable | disable) {
				mv->from_css[i] = cg->effective[i];
				mv->to_css[i] = enable & 1U << i ? css_below(cg, top, i)
								: top->effective[i];
				/* A zombie in a dead group keeps what it has; threads' groups
				 * see no difference. */
				if (cg->dead || !mv->to_css[i] || mv->to_css[i] == mv->from_css[i])
					mv->from_css[i] = mv->to_css[i] = NULL;
			}
		}
	read_unlock(&tasklist_lock);
	return 0;
}

/* A threaded group has only controllers that know how. */
static u32 may_have(const struct cgroup *cg)
{
	return cgroup_is_threaded(cg) ? CGROUP_THREADED_SUBSYS : ~0U;
}

/* Every child of @cg gets its css of the controllers of @enable, not effective yet. 0 or -errno */
static int create_below(struct cgroup *cg, u32 enable)
{
	const struct cgroup_subsys *ss;
	struct cgroup *child;
	int i, err;

	list_for_each_entry(child, &cg->children, sibling)
		for_each_subsys_in(ss, i, enable & may_have(child)) {
			err = css_create(child, ss);
			if (err)
				return err;
		}
	return 0;
}

static void kill_below(struct cgroup *cg, u32 mask)
{
	const struct cgroup_subsys *ss;
	struct cgroup *child;
	int i;

	list_for_each_entry(child, &cg->children, sibling)
		for_each_subsys_in(ss, i, mask)
			if (child->css[i])
				css_kill(child, ss);
}

/* What was created or is to go becomes, or stops being, what tasks see. */
static void publish_below(struct cgroup *cg, u32 enable, u32 disable)
{
	const struct cgroup_subsys *ss;
	struct cgroup *child;
	int i;

	list_for_each_entry(child, &cg->children, sibling) {
		for_each_subsys_in(ss, i, enable & may_have(child))
			cgroup_set_effective(child, i, child->css[i]);
		for_each_subsys_in(ss, i, disable & may_have(child))
			cgroup_set_effective(child, i, cg->effective[i]);
	}
}

/* The switch itself, as a move of all tasks below. => the css's of @enable exist */
static int switch_below(struct cgroup *cg, u32 enable, u32 disable)
{
	struct moves m;
	int err;

	down_write(&cgroup_threadgroup_rwsem);
	err = list_below(&m, cg, enable, disable);
	if (!err) {
		err = ask_controllers(&m);
		if (!err) {
			publish_below(cg, enable, disable);
			tell_controllers(&m);
		}
		free_moves(&m);
	}
	up_write(&cgroup_threadgroup_rwsem);
	return err;
}

/* What does not let @cg switch, before anything is done. */
static int check_control(struct cgroup *cg, u32 enable, u32 disable)
{
	struct cgroup *child;

	if (enable & ~cgroup_controllers(cg))
		return -ENOENT;
	list_for_each_entry(child, &cg->children, sibling)
		if (child->subtree_control & disable)
			return -EBUSY;
	if (!enable || !cg->parent)
		return 0;
	if (!cgroup_is_valid_domain(cg->dom))
		return -EOPNOTSUPP;
	if (enable & ~CGROUP_THREADED_SUBSYS) {
		if (cgroup_is_threaded(cg) || cgroup_is_thread_root(cg))
			return -EOPNOTSUPP;
	} else if (cgroup_is_threaded(cg) || can_be_thread_root(cg)) {
		return 0;
	}
	return READ_ONCE(cg->nr_tasks) ? -EBUSY : 0;
}

/* cgroup_internal.h */
int cgroup_change_control(struct cgroup *cg, u32 enable, u32 disable)
{
	int err;

	if (cg->dead)
		return -ENODEV;
	enable &= ~cg->subtree_control;
	disable &= cg->subtree_control;
	err = check_control(cg, enable, disable);
	if (err || !(enable | disable))
		return err;
	err = create_below(cg, enable);
	if (!err)
		err = switch_below(cg, enable, disable);
	kill_below(cg, err ? enable : disable);
	if (!err)
		cg->subtree_control = (cg->subtree_control | enable) & ~disable;
	return err;
}
