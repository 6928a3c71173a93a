/*
 * cgroup_internal.h - struct cgroup, and what the mechanism's own files and kernel/fs/cgroup2.c
 *                     do with it. Controllers need cgroup.h only.
 *
 * Locks:  cgroup_mutex, then cgroup_threadgroup_rwsem, then (spinning) tasklist_lock, a run
 *         queue's lock, cgroup_tree_lock.
 */
#pragma once

#include "kernel/sched/cgroup.h"

/*
 * Two counts. users: the group exists, a task is or was in it: while it is not 0 the effective
 * css's stay. refcnt: users is not 0, a css of it is left, a file is open: the struct stays.
 *
 * Guards: g cgroup_mutex   T cgroup_tree_lock   R changed under g, read under rcu_read_lock()
 *         a atomic   c set once
 */
struct cgroup {
	struct cgroup_subsys_state self;	/* c: stands for the group in its own files; ss NULL */
	struct psi_group *psi;		/* c: its pressure; NULL with psi=0 */
	struct cgroup *parent;		/* c: a reference (refcnt); NULL: the root */
	const char *name;		/* c: behind the struct */
	u64 id;				/* c: rises with each group made; 1: the root */
	int level;			/* c: 0: the root */
	struct cgroup *dom;		/* g: whose processes' resources are used: itself; or it is
					 * threaded, and this is the root of its threaded subtree */
	struct list_head children;	/* g and T to change, either to read: by id */
	struct list_head sibling;	/* g and T to change, either to read */
	_Atomic long users;		/* a */
	_Atomic long refcnt;		/* a */
	bool dead;			/* g and T: rmdir'ed */
	struct cgroup_subsys_state *css[NR_CGROUP_SUBSYS];	/* g: own ones, a reference */
	struct cgroup_subsys_state *effective[NR_CGROUP_SUBSYS];	/* R: own or an ancestor's */
	u32 subtree_control;		/* g: bit n: the children have controller n */
	/* tasklist_lock: threads, in the order they came, zombies included */
	struct list_head tasks;
	int nr_tasks;			/* T: threads in it that have not begun to exit */
	int nr_populated_domains;	/* T: children that are populated and no threaded groups */
	int nr_populated_threaded;	/* T: … and those that are */
	int nr_threaded_children;	/* g */
	int nr_descendants;		/* g */
	_Atomic int nr_dying_descendants;	/* a: rmdir'ed, but something still holds them */
	int max_descendants, max_depth;	/* g: INT_MAX: no limit */
	struct cgroup_file events_file;
	/* cgroup_freezer.c's */
	bool freeze;			/* g: cgroup.freeze */
	bool e_freeze;			/* g and T: its own or a group's above */
	bool frozen, frozen_news;	/* T; a: cgroup.events has changed */
	int nr_frozen;			/* T: of its nr_tasks */
	struct cgroup_times past;	/* T: cgroup_stat.c: of those who left and of removed children */
	struct cgroup *next_dead;	/* cgroup.c: waiting to be freed */
	/* cgroup2.c's */
	kuid_t uid;			/* g: who made it, and so owns its files */
	kgid_t gid;			/* g */
	struct file_owner *file_owners;	/* g: of the files whose owner or mode was changed */
};
extern struct cgroup cgroup_root;
extern const struct cgroup_subsys *cgroup_subsys[NR_CGROUP_SUBSYS];	/* c after boot; may be NULL */
extern void (*cgroup_free_hook)(struct cgroup *cg);	/* c: cgroup2.c frees what it hung on @cg */
extern struct rw_semaphore cgroup_threadgroup_rwsem;	/* LOCK_THREADGROUP: readers: fork, release */
extern spinlock_t cgroup_tree_lock;	/* LOCK_CGROUP_TREE, irqsave */

#define for_each_subsys(ss, i) \
	for ((i) = 0; (i) < NR_CGROUP_SUBSYS; (i)++) if (((ss) = cgroup_subsys[i]))
#define for_each_subsys_in(ss, i, mask) for_each_subsys(ss, i) if ((mask) & 1U << (i))

/* Those that know how to divide between tasks and child groups (Linux's "threaded" ones). */
#define CGROUP_THREADED_SUBSYS (1U << CPUSET_CGRP | 1U << PIDS_CGRP)

/* Controllers that may be switched on below @cg: its own (the root has all). => cgroup_mutex */
u32 cgroup_controllers(const struct cgroup *cg);
/* Has it, or has something below it, a living task? => cgroup_tree_lock or a guess */
static inline bool cgroup_is_populated(const struct cgroup *cg)
{
	return READ_ONCE(cg->nr_tasks) || READ_ONCE(cg->nr_populated_domains) ||
	       READ_ONCE(cg->nr_populated_threaded);
}
/* Its members are threads, of processes whose other threads may be in other groups below @dom. */
static inline bool cgroup_is_threaded(const struct cgroup *cg) { return cg->dom != cg; }
static inline void cgroup_get(struct cgroup *cg) { cg->refcnt++; }
void cgroup_put(struct cgroup *cg);	/* any context with no lock above LOCK_WORKQUEUE */
/* Users: a task in it, a move to it. False: the last one has gone. */
bool cgroup_tryget_users(struct cgroup *cg);
void cgroup_put_users(struct cgroup *cg);	/* as cgroup_put() */

/* cgroup.c. All => cgroup_mutex held, may sleep. */
/* @parent's new child with one reference. ERR_PTR: -ENODEV @parent is dead, -EAGAIN, -ENOMEM. */
struct cgroup *cgroup_create(struct cgroup *parent, const char *name);
int cgroup_destroy(struct cgroup *cg);	/* 0, -EBUSY: it has tasks or children */
/* The group after @pos below @root, parents first; NULL @pos begins with @root. => also T alone */
struct cgroup *cgroup_next_pre(struct cgroup *pos, struct cgroup *root);
#define cgroup_for_each_pre(pos, root) \
	for ((pos) = cgroup_next_pre(NULL, root); (pos); (pos) = cgroup_next_pre(pos, root))
/* A css of @cg for @ss, online but not effective yet: 0 or -errno. And back. */
int css_create(struct cgroup *cg, const struct cgroup_subsys *ss);
void css_kill(struct cgroup *cg, const struct cgroup_subsys *ss);
/* @cg's tasks and those of groups below that have none of their own see @css from now on. */
void cgroup_set_effective(struct cgroup *cg, enum cgroup_subsys_id id,
			  struct cgroup_subsys_state *css);

/* cgroup_attach.c. => cgroup_mutex held, may sleep */
/*
 * It has threaded children, or tasks of its own beside children with controllers: only threads of
 * its processes can live below, so no group below is a valid domain for processes.
 */
bool cgroup_is_thread_root(const struct cgroup *cg);
bool cgroup_is_valid_domain(const struct cgroup *cg);
/*
 * @cg becomes a threaded group, for good. 0; -EOPNOTSUPP: it is populated, gives domain controllers
 * to its children, or its parent cannot be the root of a threaded subtree. -ENODEV
 */
int cgroup_enable_threaded(struct cgroup *cg);
/*
 * May a task of @src live in @dst? @process: with all its threads. 0; -EBUSY: @dst gives controllers
 * to its children; -EOPNOTSUPP: no valid domain, or a thread would leave its process's.
 */
int cgroup_check_attach(const struct cgroup *src, const struct cgroup *dst, bool process);
/*
 * Moves @task, or its whole process (@task leads it), to @dst. 0; what cgroup_check_attach() says;
 * -ENODEV: removed; -ENOMEM; a controller's refusal (then nothing has moved).
 */
int cgroup_attach_task(struct cgroup *dst, struct task_struct *task, bool threadgroup);
/*
 * Switches controllers on and off for @cg's children. 0; -ENOENT: not in @cg's own; -EBUSY: used
 * further below, or @cg has tasks; -ENOMEM
 */
int cgroup_change_control(struct cgroup *cg, u32 enable, u32 disable);

/* cgroup_freezer.c */
/* => cgroup_mutex, not the root. There are news of cgroup.events in any case, unless @on is what it was */
void cgroup_freeze(struct cgroup *cg, bool on);
void cgroup_kill(struct cgroup *cg);		/* SIGKILL to every process in it and below */
static inline bool cgroup_is_frozen(const struct cgroup *cg) { return READ_ONCE(cg->frozen); }
void cgroup_update_frozen(struct cgroup *cg);	/* => cgroup_tree_lock: a count changed */
void cgroup_notify_frozen(struct cgroup *cg);	/* afterwards, no lock held */
/* => it is in no queue for it twice: may be repeated; tasklist_lock or a reference */
void cgroup_freeze_task(struct task_struct *t, bool on);

/* cgroup_stat.c */
/* @t's time since it came is its group's. => tasklist_lock for writing, or cgroup_mutex */
void cgroup_leave_times(struct task_struct *t);
/* Of @cg and all below, since they were made. => cgroup_mutex */
void cgroup_cpu_times(struct cgroup *cg, struct cgroup_times *sum);

extern const struct cgroup_subsys pids_cgrp_subsys;
