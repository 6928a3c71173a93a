/*
 * oom_kill.h - who dies.
 */
#pragma once

#include "mm/gfp.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/task.h"
#include "mm/mm_types.h"

enum oom_constraint {
	CONSTRAINT_NONE,
	CONSTRAINT_CPUSET,
	CONSTRAINT_MEMORY_POLICY,
	CONSTRAINT_MEMCG
};

/* What an OOM is about; inputs first. */
struct oom_control {
	struct zoneref *zonelist;	/* in: may be NULL (sysrq f) */
	const nodemask_t *nodemask;	/* in: NULL: all nodes */
	enum zone_type highest_zoneidx;	/* in: of the allocation */
	struct mem_cgroup *memcg;	/* in: NULL: global */
	gfp_t gfp_mask;			/* in */
	int order;			/* in: -1: sysrq f */
	unsigned long totalpages;	/* out */
	struct task_struct *chosen;	/* out: a reference, NULL, or OOM_VICTIM_DYING */
	long chosen_points;		/* out */
	enum oom_constraint constraint;	/* out */
};
/* somebody was chosen before and has not gone yet */
#define OOM_VICTIM_DYING ((struct task_struct *)-1)

/* => oom_lock held. true: a victim was found or is dying */
bool out_of_memory(struct oom_control *oc);
void pagefault_out_of_memory(void);
void exit_oom_victim(void);			/* current's mm is gone */
bool task_will_free_mem(struct task_struct *task);
/* The same, if it has @only (held by mmgrab); NULL: whatever it has. => a reference is held */
bool task_will_free_mm(struct task_struct *task, const struct mm_struct *only);
/* current is a victim, was killed otherwise or is exiting: killing more gives it no memory sooner */
bool task_is_dying(void);
static inline bool tsk_is_oom_victim(struct task_struct *task) { return task->signal->oom_mm; }
bool oom_killer_disable(signed long timeout_ns);
void oom_killer_enable(void);
void sysrq_oom(void);				/* sysrq f: queues moom_callback on the worker */
/* => task_lock held, or current; @uid: the victim's user, for the trace */
void mark_oom_victim(struct task_struct *task, kuid_t uid);

/* What a policy and the report ask about tasks. */
bool is_global_init(const struct task_struct *task);
bool oom_unkillable_task(const struct task_struct *task);	/* init and kernel threads */
bool oom_cpuset_eligible(struct task_struct *task, struct oom_control *oc);
bool oom_task_origin(const struct task_struct *task);
bool process_shares_mm(struct task_struct *process, struct mm_struct *mm);
/* a thread that still has an mm, task_lock()ed; NULL */
struct task_struct *find_lock_task_mm(struct task_struct *process);

/* oom_badness.c: the rules. */
long oom_badness(struct task_struct *task, unsigned long totalpages);	/* LONG_MIN: never */
/* c, set by kernel/proc: credentials are above mm. => task_lock is not held: it is taken */
extern kuid_t (*task_uid_hook)(struct task_struct *task);
kuid_t oom_task_uid(struct task_struct *task);

/*
 * Kernel clients that can do without some of their pages are asked before anybody is killed, in the
 * order of registration. => oom_lock held; must not allocate. What @notify returns are pages.
 */
struct oom_notifier {
	unsigned long (*notify)(struct oom_notifier *n);
	struct list_head list;		/* oom_lock */
};
void register_oom_notifier(struct oom_notifier *n);
void unregister_oom_notifier(struct oom_notifier *n);

/* oom_reaper.c */
int oom_reaper(void *unused);			/* the thread; started by main.c */
void queue_oom_reaper(struct task_struct *victim);	/* => its signal->oom_mm is set */
/* process_mrelease(2): 0, -ESRCH, -EINVAL, -EINTR */
int release_dying_mm(struct task_struct *task);

/* oom_report.c */
void dump_header(struct oom_control *oc, struct task_struct *victim);
bool is_sysrq_oom(const struct oom_control *oc);

extern struct mutex oom_lock, oom_adj_mutex;
extern int sysctl_panic_on_oom, sysctl_oom_kill_allocating_task, sysctl_oom_dump_tasks;
#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000
#define OOM_DISABLE (-17)
#define OOM_ADJUST_MAX 15
