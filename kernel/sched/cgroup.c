/*
 * cgroup.c - the tree of groups, and how long groups and their css's live.
 *
 * Idea:   rmdir takes a group out of the tree at once, but dead tasks, open files and charged pages
 *         may still point to it. Two counts tell when it can go (cgroup_internal.h); what
 *         reaches 0 is queued, and the worker frees it after a grace period, since readers
 *         of task->cgroup hold no reference. A css is one count: its group's, one for each
 *         group that it is effective for, and its users' own.
 *
 *           task ──users──▶ group ──effective──▶ css ──refcnt──▶ its group, the parent's css
 *
 * Locks:  cgroup_mutex for every change; cgroup_tree_lock in addition where walks go.
 * Above:  cgroup_attach.c moves tasks; kernel/fs/cgroup2.c is mkdir and rmdir.
 * Below:  rcu.c, workqueue.c.   In Linux: kernel/cgroup/cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/workqueue.h"

enum { NO_LIMIT = 0x7fffffff };

DEFINE_MUTEX(cgroup_mutex, LOCK_CGROUP);
spinlock_t cgroup_tree_lock = SPINLOCK_INIT(LOCK_CGROUP_TREE);
const struct cgroup_subsys *cgroup_subsys[NR_CGROUP_SUBSYS];
void (*cgroup_free_hook)(struct cgroup *cg);
static u64 last_id = 1;			/* cgroup_mutex */
static bool initialised;		/* boot */

struct cgroup cgroup_root = {
	.self = { .cgroup = &cgroup_root, .refcnt = 1, .flags = CSS_ONLINE },
	.name = "",
	.id = 1,
	.dom = &cgroup_root,
	.children = LIST_HEAD_INIT(cgroup_root.children),
	.sibling = LIST_HEAD_INIT(cgroup_root.sibling),
	.tasks = LIST_HEAD_INIT(cgroup_root.tasks),
	.users = 1,
	.refcnt = 1,
	.max_descendants = NO_LIMIT,
	.max_depth = NO_LIMIT,
	.events_file.wait = WAIT_QUEUE_HEAD_INIT(cgroup_root.events_file.wait),
};

/* --- the end of a css and of a group --- */

/* Its own rank is no problem: nothing is taken inside. */
static spinlock_t dead_lock = SPINLOCK_INIT(LOCK_WORKQUEUE);
static struct cgroup_subsys_state *dead_css;	/* dead_lock: by next_dead */
static struct cgroup *dead_cgroups;		/* dead_lock: by next_dead */

static void free_css(struct cgroup_subsys_state *css)
{
	struct cgroup_subsys_state *parent = css->parent;
	struct cgroup *cg = css->cgroup;

	css->ss->css_free(css);
	if (parent)
		css_put(parent);
	cgroup_put(cg);
}

static void free_cgroup(struct cgroup *cg)
{
	struct cgroup *up;

	for (up = cg->parent; up; up = up->parent)
		up->nr_dying_descendants--;
	cgroup_put(cg->parent);
	psi_cgroup_free(cg);
	if (cgroup_free_hook)
		cgroup_free_hook(cg);
	sched_free(cg);
}

/* In the worker. Freeing one may queue its parent: again, until nothing is left. */
static void free_dead(struct work_struct *work)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&dead_lock);
		struct cgroup_subsys_state *css = dead_css;
		struct cgroup *cg = dead_cgroups;

		dead_css = NULL;
		dead_cgroups = NULL;
		spin_unlock_irqrestore(&dead_lock, flags);
		if (!css && !cg)
			return;
		synchronize_rcu();
		while (css) {
			struct cgroup_subsys_state *next = css->next_dead;

			free_css(css);
			css = next;
		}
		while (cg) {
			struct cgroup *next = cg->next_dead;

			free_cgroup(cg);
			cg = next;
		}
	}
}
static struct work_struct free_work = WORK_INIT(free_work, free_dead);

/* cgroup.h */
void css_put(struct cgroup_subsys_state *css)
{
	long left = --css->refcnt;
	unsigned long flags;

	if (CHECKS)
		BUG_ON(left < 0);
	if (likely(left))
		return;
	flags = spin_lock_irqsave(&dead_lock);
	css->next_dead = dead_css;
	dead_css = css;
	spin_unlock_irqrestore(&dead_lock, flags);
	schedule_work(&free_work);
}

/* One more reference, unless the last is gone. */
static bool inc_not_zero(_Atomic long *count)
{
	long n = *count;

	while (n)
		if (__atomic_compare_exchange_n((long *)count, &n, n + 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* cgroup.h */
bool css_tryget(struct cgroup_subsys_state *css)
{
	return inc_not_zero(&css->refcnt);
}

/* cgroup_internal.h */
void cgroup_put(struct cgroup *cg)
{
	long left = --cg->refcnt;
	unsigned long flags;

	if (CHECKS)
		BUG_ON(left < 0);
	if (likely(left))
		return;
	flags = spin_lock_irqsave(&dead_lock);
	cg->next_dead = dead_cgroups;
	dead_cgroups = cg;
	spin_unlock_irqrestore(&dead_lock, flags);
	schedule_work(&free_work);
}

/* cgroup_internal.h */
bool cgroup_tryget_users(struct cgroup *cg)
{
	return inc_not_zero(&cg->users);
}

/* cgroup_internal.h */
void cgroup_put_users(struct cgroup *cg)
{
	long left = --cg->users;

	if (CHECKS)
		BUG_ON(left < 0);
	if (likely(left))
		return;
	for (int i = 0; i < NR_CGROUP_SUBSYS; i++)
		if (cg->effective[i])
			css_put(cg->effective[i]);
	cgroup_put(cg);
}

/* --- a controller's part of a group --- */

/* cgroup_internal.h */
int css_create(struct cgroup *cg, const struct cgroup_subsys *ss)
{
	struct cgroup_subsys_state *parent = cg->parent ? cg->parent->css[ss->id] : NULL, *css;
	int err;

	css = ss->css_alloc(parent);
	if (IS_ERR(css))
		return PTR_ERR(css);
	css->cgroup = cg;
	css->ss = ss;
	css->parent = parent;
	css->refcnt = 1;
	css->flags = 0;
	css->nr_online_children = 0;
	css->next_dead = NULL;
	cgroup_get(cg);
	if (parent)
		css_get(parent);
	err = ss->css_online ? ss->css_online(css) : 0;
	if (err) {
		css_put(css);
		return err;
	}
	css->flags |= CSS_ONLINE;
	if (parent)
		parent->nr_online_children++;
	WRITE_ONCE(cg->css[ss->id], css);
	return 0;
}

/* cgroup_internal.h. Its references outside of the tree may last. */
void css_kill(struct cgroup *cg, const struct cgroup_subsys *ss)
{
	struct cgroup_subsys_state *css = cg->css[ss->id];

	css->flags = (css->flags & ~CSS_ONLINE) | CSS_DYING;
	if (ss->css_offline)
		ss->css_offline(css);
	if (css->parent)
		css->parent->nr_online_children--;
	WRITE_ONCE(cg->css[ss->id], NULL);
	css_put(css);
}

/* cgroup_internal.h */
void cgroup_set_effective(struct cgroup *cg, enum cgroup_subsys_id id,
			  struct cgroup_subsys_state *css)
{
	struct cgroup *pos;

	cgroup_for_each_pre(pos, cg) {
		struct cgroup_subsys_state *old = pos->effective[id];
		struct cgroup *up = pos;

		while (up != cg && !up->css[id])
			up = up->parent;
		if (up != cg)
			continue;	/* it has its own */
		css_get(css);
		__atomic_store_n(&pos->effective[id], css, __ATOMIC_RELEASE);
		if (old)
			css_put(old);	/* readers have a grace period */
	}
}

/* --- groups --- */

static int check_limits(const struct cgroup *parent)
{
	int depth = 1;

	for (; parent; parent = parent->parent, depth++)
		if (parent->nr_descendants >= parent->max_descendants || depth > parent->max_depth)
			return -EAGAIN;
	return 0;
}

static struct cgroup *alloc_cgroup(struct cgroup *parent, const char *name)
{
	size_t len = strlen(name) + 1;
	struct cgroup *cg = sched_alloc(sizeof(*cg) + len, SCHED_ALLOC_SLEEP);

	if (!cg)
		return NULL;
	cg->name = memcpy(cg + 1, name, len);
	cg->self = (struct cgroup_subsys_state){ .cgroup = cg, .refcnt = 1, .flags = CSS_ONLINE };
	cg->parent = parent;
	cgroup_get(parent);
	cg->level = parent->level + 1;
	cg->dom = cg;
	cg->e_freeze = cg->frozen = parent->e_freeze;
	INIT_LIST_HEAD(&cg->children);
	INIT_LIST_HEAD(&cg->sibling);
	INIT_LIST_HEAD(&cg->tasks);
	cg->users = cg->refcnt = 1;
	cg->max_descendants = cg->max_depth = NO_LIMIT;
	init_waitqueue_head(&cg->events_file.wait);
	return cg;
}

static void kill_all_css(struct cgroup *cg)
{
	const struct cgroup_subsys *ss;
	int i;

	for_each_subsys(ss, i)
		if (cg->css[i])
			css_kill(cg, ss);
}

/* @cg, not in the tree yet, gets its controllers. 0 or -errno, and then it has none. */
static int create_all_css(struct cgroup *cg)
{
	const struct cgroup_subsys *ss;
	int i, err;

	for_each_subsys_in(ss, i, cg->parent->subtree_control) {
		err = css_create(cg, ss);
		if (err) {
			kill_all_css(cg);
			return err;
		}
	}
	for_each_subsys(ss, i) {
		cg->effective[i] = cg->css[i] ? cg->css[i] : cg->parent->effective[i];
		css_get(cg->effective[i]);
	}
	return 0;
}

/* cgroup_internal.h */
struct cgroup *cgroup_create(struct cgroup *parent, const char *name)
{
	struct cgroup *cg, *up;
	unsigned long flags;
	int err;

	if (parent->dead)
		return ERR_PTR(-ENODEV);
	err = check_limits(parent);
	if (err)
		return ERR_PTR(err);
	cg = alloc_cgroup(parent, name);
	if (!cg)
		return ERR_PTR(-ENOMEM);
	cg->id = ++last_id;
	err = psi_cgroup_alloc(cg);
	for (up = parent; up; up = up->parent)
		up->nr_dying_descendants++;	/* free_cgroup() takes it back; until then not shown */
	if (!err)
		err = create_all_css(cg);
	if (err) {
		cgroup_put_users(cg);
		return ERR_PTR(err);
	}
	for (up = parent; up; up = up->parent) {
		up->nr_descendants++;
		up->nr_dying_descendants--;
	}
	flags = spin_lock_irqsave(&cgroup_tree_lock);
	list_add_tail(&cg->sibling, &parent->children);
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	cgroup_get(cg);
	return cg;
}

/* cgroup_internal.h */
int cgroup_destroy(struct cgroup *cg)
{
	struct cgroup *up;
	unsigned long flags;

	BUG_ON(cg == &cgroup_root || cg->dead);
	flags = spin_lock_irqsave(&cgroup_tree_lock);
	if (cgroup_is_populated(cg) || !list_empty(&cg->children)) {
		spin_unlock_irqrestore(&cgroup_tree_lock, flags);
		return -EBUSY;
	}
	cg->dead = true;	/* under this lock: no task is on its way in */
	cg->parent->past.runtime += cg->past.runtime;
	cg->parent->past.utime += cg->past.utime;
	cg->parent->past.stime += cg->past.stime;
	list_del_init(&cg->sibling);
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	cg->parent->nr_threaded_children -= cgroup_is_threaded(cg);
	for (up = cg->parent; up; up = up->parent) {
		up->nr_descendants--;
		up->nr_dying_descendants++;
	}
	kill_all_css(cg);
	cgroup_file_notify(&cg->events_file);
	cgroup_put_users(cg);
	return 0;
}

/* cgroup_internal.h */
u32 cgroup_controllers(const struct cgroup *cg)
{
	u32 all = 0;

	if (cg->parent)
		return cg->parent->subtree_control &
		       (cgroup_is_threaded(cg) ? CGROUP_THREADED_SUBSYS : ~0U);
	for (int i = 0; i < NR_CGROUP_SUBSYS; i++)
		if (cgroup_subsys[i])
			all |= 1U << i;
	return all;
}

/* --- walks --- */

/* The first child made after number @id, or NULL: rmdir of the one before does not end a walk. */
static struct cgroup *child_after(struct cgroup *parent, u64 id)
{
	struct cgroup *child;

	list_for_each_entry(child, &parent->children, sibling)
		if (child->id > id)
			return child;
	return NULL;
}

/* The next child of the same parent; one that was removed meanwhile is on no list any more. */
static struct cgroup *next_sibling(struct cgroup *cg)
{
	if (unlikely(cg->dead))
		return child_after(cg->parent, cg->id);
	if (cg->sibling.next == &cg->parent->children)
		return NULL;
	return list_entry(cg->sibling.next, struct cgroup, sibling);
}

/* cgroup_internal.h */
struct cgroup *cgroup_next_pre(struct cgroup *pos, struct cgroup *root)
{
	struct cgroup *next;

	if (!pos)
		return root;
	next = child_after(pos, 0);
	while (!next && pos != root) {
		next = next_sibling(pos);
		pos = pos->parent;
	}
	return next;
}

/* cgroup.h. A group stands still as long as a css of it is held: so the place is kept. */
struct cgroup_subsys_state *css_next_descendant_pre(struct cgroup_subsys_state *css,
						    struct cgroup_subsys_state *root)
{
	struct cgroup_subsys_state *next = NULL;
	struct cgroup *pos = css ? css->cgroup : NULL;
	unsigned long flags = spin_lock_irqsave(&cgroup_tree_lock);

	while (!next && (pos = cgroup_next_pre(pos, root->cgroup))) {
		/* With the lock held we do not switch: what is seen here is not freed yet. */
		next = READ_ONCE(pos->css[root->ss->id]);
		if (next && (!(next->flags & CSS_ONLINE) || !css_tryget(next)))
			next = NULL;
	}
	spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	if (css)
		css_put(css);
	return next;
}

/* cgroup.h */
bool css_is_descendant(const struct cgroup_subsys_state *css,
		       const struct cgroup_subsys_state *ancestor)
{
	for (; css; css = css->parent)
		if (css == ancestor)
			return true;
	return false;
}

/* The tasks of @cg itself, until @fn has enough: true. => tasklist_lock */
static bool for_each_task_of(struct cgroup *cg, bool threads,
			     bool (*fn)(struct task_struct *task, void *arg), void *arg)
{
	struct task_struct *t;

	list_for_each_entry(t, &cg->tasks, cg_list)
		if ((threads || thread_group_leader(t)) && fn(t, arg))
			return true;
	return false;
}

/*
 * cgroup.h. Group by group, so each task is met once, however many groups there are: who has @css, or one
 * below it, lives in @css's group or below. No reference is held: as long as this CPU does not switch
 * tasks, no group that was seen is freed.
 */
void cgroup_for_each_task(struct cgroup_subsys_state *css, bool threads,
			  bool (*fn)(struct task_struct *task, void *arg), void *arg)
{
	struct cgroup *pos = NULL;
	unsigned long flags;

	read_lock(&tasklist_lock);
	rcu_read_lock();
	do {
		flags = spin_lock_irqsave(&cgroup_tree_lock);
		do
			pos = cgroup_next_pre(pos, css->cgroup);
		while (pos && (list_empty(&pos->tasks) ||
			       !css_is_descendant(pos->effective[css->ss->id], css)));
		spin_unlock_irqrestore(&cgroup_tree_lock, flags);
	} while (pos && !for_each_task_of(pos, threads, fn, arg));
	rcu_read_unlock();
	read_unlock(&tasklist_lock);
}

/* --- a task's css --- */

/* cgroup.h */
struct cgroup_subsys_state *task_css(const struct task_struct *task, enum cgroup_subsys_id id)
{
	return READ_ONCE(READ_ONCE(task->cgroup)->effective[id]);
}

/* cgroup.h */
struct cgroup_subsys_state *task_get_css(const struct task_struct *task, enum cgroup_subsys_id id)
{
	struct cgroup_subsys_state *css;

	rcu_read_lock();
	do
		css = task_css(task, id);
	while (!css_tryget(css));
	rcu_read_unlock();
	return css;
}

/* --- names --- */

/* cgroup.h */
int cgroup_path(const struct cgroup *cgroup, char *buf, size_t size)
{
	const struct cgroup *up;
	size_t len = 0, at;

	for (up = cgroup; up->parent; up = up->parent)
		len += strlen(up->name) + 1;
	if (MAX(len, (size_t)1) >= size)
		return -ENAMETOOLONG;
	if (!len)
		buf[len++] = '/';
	buf[at = len] = 0;
	for (up = cgroup; up->parent; up = up->parent) {
		size_t n = strlen(up->name);

		at -= n + 1;
		buf[at] = '/';
		memcpy(buf + at + 1, up->name, n);
	}
	return len;
}

/* cgroup.h */
const char *cgroup_name(const struct cgroup *cgroup)
{
	return cgroup->parent ? cgroup->name : "/";
}

/* cgroup.h */
u64 cgroup_ino(const struct cgroup *cgroup)
{
	return cgroup->id;
}

/* cgroup.h */
void (*cgroup_news_hook)(struct cgroup_file *file);

/* cgroup.h */
void cgroup_file_notify(struct cgroup_file *file)
{
	file->seq++;
	wake_up_all(&file->wait);
	if (!hlist_empty(&file->watches))
		cgroup_news_hook(file);
}

/* --- boot --- */

static void create_root_css(const struct cgroup_subsys *ss)
{
	BUG_ON(css_create(&cgroup_root, ss));
	css_get(cgroup_root.css[ss->id]);
	cgroup_root.effective[ss->id] = cgroup_root.css[ss->id];
}

/* cgroup.h */
void cgroup_register_subsys(const struct cgroup_subsys *ss)
{
	BUG_ON(cgroup_subsys[ss->id] || cgroup_root.nr_descendants);
	cgroup_subsys[ss->id] = ss;
	if (initialised)
		create_root_css(ss);
}

/* cgroup.h */
void cgroup_init(void)
{
	const struct cgroup_subsys *ss;
	int i;

	psi_init();
	cgroup_register_subsys(&pids_cgrp_subsys);
	for_each_subsys(ss, i)
		create_root_css(ss);
	initialised = true;
}
