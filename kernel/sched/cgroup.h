/*
 * cgroup.h - the tree of groups (cgroup v2): which group a task is in, and what the controllers
 *            hang on each group.
 *
 * Idea:
 *          struct cgroup "/"  ──────────────  css[memory] css[cpuset] css[pids]
 *             │      └ "a"    ──────────────  css[memory]                        its parent has
 *             │         └ "b"                                                    +memory only
 *          task_struct.cgroup
 *
 *        A controller's part of a group is a struct whose first member is a
 *        cgroup_subsys_state (css). A group for which its parent has not switched the
 *        controller on has none of its own: task_css() gives the nearest ancestor's.
 *        The mechanism (tree, membership, life time) is here; the files that show it are
 *        kernel/fs/cgroup2.c; the controllers are mm/memcontrol.c, mm/cpuset.c and
 *        kernel/sched/cgroup_pids.c.
 * Locks:  cgroup_mutex (LOCK_CGROUP, sleeps): the tree's shape, which controllers are on, and
 *         every move of a task. Readers of task->cgroup need no lock but rcu_read_lock():
 *         a group and its css are freed only after synchronize_rcu().
 * In Linux: include/linux/cgroup.h, Documentation/admin-guide/cgroup-v2.rst.
 */
#pragma once

#include "kernel/lib/ctlfile.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"

struct cgroup;
struct cgroup_subsys;

/* In the order of cgroup.controllers. */
enum cgroup_subsys_id { CPUSET_CGRP, MEMORY_CGRP, PIDS_CGRP, NR_CGROUP_SUBSYS };

enum css_flags { CSS_ONLINE = 1, CSS_DYING = 2 };

/* Guards: a atomic   c set once   g cgroup_mutex */
struct cgroup_subsys_state {
	struct cgroup *cgroup;			/* c */
	const struct cgroup_subsys *ss;		/* c */
	struct cgroup_subsys_state *parent;	/* c: a reference; NULL at the root */
	_Atomic long refcnt;			/* a: 0: being freed */
	_Atomic unsigned int flags;		/* a: CSS_* */
	int nr_online_children;			/* g */
	struct cgroup_subsys_state *next_dead;	/* cgroup.c: waiting to be freed */
};

/*
 * A file of a group: "<controller>.<name>", or "cgroup.<name>". Notified by cgroup_file_notify():
 * pollers get EPOLLPRI | EPOLLERR, inotify's watchers IN_MODIFY.
 */
enum cftype_flags {
	CFTYPE_ONLY_ON_ROOT = 1,
	CFTYPE_NOT_ON_ROOT = 2,
	CFTYPE_PRESSURE = 4,
	/* may be written from inside a namespace whose root the group is (mounted with nsdelegate) */
	CFTYPE_NS_DELEGATABLE = 8,
	CFTYPE_NEEDS_PSI = 16,
};
struct file;
struct cftype {
	const char *name;		/* "max"; NULL ends the table */
	unsigned int flags;		/* CFTYPE_* */
	umode_t mode;			/* 0: 0444 and/or 0200 by what is not NULL (0644 for both) */
	/* May sleep. 0 or -errno. */
	int (*show)(struct seq_file *m, struct cgroup_subsys_state *css);
	/* @buf: the kernel's copy, NUL-terminated, blanks at both ends cut: @len or -errno. May sleep. */
	kssize_t (*write)(struct cgroup_subsys_state *css, char *buf, size_t len);
	/* the same, instead of it, for those who ask who opened the file */
	kssize_t (*write_file)(struct file *file, struct cgroup_subsys_state *css, char *buf,
			       size_t len);
	/* offset of a struct cgroup_file in the controller's struct; 0: never notified */
	size_t file_offset;
	unsigned int max_write_len;	/* if that is more than a page */
};

/* Lives in a controller's struct; says "this file has something new" to those who poll it. */
struct cgroup_file {
	struct wait_queue_head wait;
	struct hlist_head watches;	/* inotify's, fsnotify_lock */
	_Atomic unsigned int seq;	/* a: counts the news; a poller compares with what it read */
};

struct cgroup_subsys {
	const char *name;		/* "memory" */
	enum cgroup_subsys_id id;
	/* => cgroup_mutex held, may sleep. @parent NULL: the root's, at boot. ERR_PTR(-ENOMEM) */
	struct cgroup_subsys_state *(*css_alloc)(struct cgroup_subsys_state *parent);
	int (*css_online)(struct cgroup_subsys_state *css);	/* may be NULL: 0 or -errno */
	void (*css_offline)(struct cgroup_subsys_state *css);	/* may be NULL: rmdir; references stay */
	void (*css_free)(struct cgroup_subsys_state *css);	/* after the last css_put and a grace period */
	/*
	 * A task is to move: 0 or -errno; may sleep. All threads of a process are asked first, then
	 * all are moved, or all that agreed are asked to cancel. No task is made or released
	 * meanwhile; one may be exiting, and a zombie if a controller is switched on or off
	 * for its group. In can_attach task_css() is still the source. May be NULL.
	 */
	int (*can_attach)(struct cgroup_subsys_state *dst, struct task_struct *task);
	void (*cancel_attach)(struct cgroup_subsys_state *dst, struct task_struct *task);
	void (*attach)(struct cgroup_subsys_state *dst, struct cgroup_subsys_state *src,
		       struct task_struct *task);
	/* fork: 0 or -errno (pids.max: -EAGAIN); cancel_fork undoes it. May be NULL. */
	int (*can_fork)(struct cgroup_subsys_state *css, struct task_struct *child);
	void (*cancel_fork)(struct cgroup_subsys_state *css, struct task_struct *child);
	/* The task dies; the zombie is still in its group. May sleep. May be NULL. */
	void (*exit)(struct cgroup_subsys_state *css, struct task_struct *task);
	/* The zombie has been waited for. => tasklist_lock for writing. May be NULL. */
	void (*release)(struct cgroup_subsys_state *css, struct task_struct *task);
	const struct cftype *files;
};

extern struct mutex cgroup_mutex;	/* LOCK_CGROUP */

/* Registers a controller; at boot, before the first mkdir. */
void cgroup_register_subsys(const struct cgroup_subsys *ss);
void cgroup_init(void);			/* the root group and its css: needs slab */

/* => rcu_read_lock(). The effective css (never NULL after cgroup_init). */
struct cgroup_subsys_state *task_css(const struct task_struct *task, enum cgroup_subsys_id id);
/* The same with a reference, any context. */
struct cgroup_subsys_state *task_get_css(const struct task_struct *task, enum cgroup_subsys_id id);

static inline void css_get(struct cgroup_subsys_state *css) { css->refcnt++; }
bool css_tryget(struct cgroup_subsys_state *css);	/* false: it is being freed */
void css_put(struct cgroup_subsys_state *css);		/* any context: freeing is the worker's */

/*
 * Walks @root's css and those below it that are online, parents first: css = NULL begins, each
 * step drops the reference on the last and holds one on the new; NULL ends. To stop before the
 * end: css_put(). May be called with spinlocks held (it never sleeps).
 */
struct cgroup_subsys_state *css_next_descendant_pre(struct cgroup_subsys_state *css,
						    struct cgroup_subsys_state *root);
bool css_is_descendant(const struct cgroup_subsys_state *css,
		       const struct cgroup_subsys_state *ancestor);

/*
 * Calls @fn for the tasks (threads, if @threads, else group leaders) whose effective css is
 * @css's or lies below it; a true answer ends the walk. => takes tasklist_lock for reading, so
 * @fn must not sleep.
 */
void cgroup_for_each_task(struct cgroup_subsys_state *css, bool threads,
			  bool (*fn)(struct task_struct *task, void *arg), void *arg);

/* "/a/b" into @buf (NUL-terminated): its length, or -ENAMETOOLONG. Any context. */
int cgroup_path(const struct cgroup *cgroup, char *buf, size_t size);
const char *cgroup_name(const struct cgroup *cgroup);	/* "b"; "/" for the root */
/* An id that no other live group has: 1 is the root. /proc/kpagecgroup, the swap map. */
u64 cgroup_ino(const struct cgroup *cgroup);

void cgroup_file_notify(struct cgroup_file *file);	/* any context */
/* inotify's: a file that has watches has news. Any context. */
extern void (*cgroup_news_hook)(struct cgroup_file *file);

/*
 * kernel/proc's side. From cgroup_can_fork() to cgroup_cancel_fork() or cgroup_post_fork(), and
 * from cgroup_release_begin() to _end(), nobody is moved (LOCK_THREADGROUP).
 */
void cgroup_fork(struct task_struct *child);		/* has the parent's group, not yet visible */
/*
 * 0, -EAGAIN: pids.max; may sleep. @into: the group it is born into, not dead; then cgroup_mutex
 * is held until cgroup_post_fork(). NULL: its parent's.
 */
int cgroup_can_fork(struct task_struct *child, struct cgroup *into);
void cgroup_cancel_fork(struct task_struct *child);
void cgroup_post_fork(struct task_struct *child);	/* => tasklist_lock held for writing */
void cgroup_exit(struct task_struct *task);		/* may sleep */
void cgroup_release_begin(void);			/* may sleep */
void cgroup_release_end(struct task_struct *task);	/* => tasklist_lock for writing; off the lists */
void cgroup_free(struct task_struct *task);		/* the struct goes; any context */
/*
 * @task (current, or its unborn child) sees the tree from current's group downwards; may sleep.
 */
void cgroup_new_namespace(struct task_struct *task);
/* current runs no program until it leaves again: it is frozen, or stopped. Any locks but higher. */
void cgroup_enter_frozen(void);
/* !@always: if its group is frozen it stays counted, since it stops before it is in user mode again */
void cgroup_leave_frozen(bool always);
