/*
 * psi.h - pressure stall information: how much time tasks lose because CPU, memory or disks are
 *         short, for the whole machine and for each group.
 *
 * Idea: psi.c. A task that loses time for want of memory says so with psi_memstall_enter(); who
 *       waits for a disk says in_iowait; the scheduler knows the rest.
 * Locks: inside, the run queue's; LOCK_PSI for averages and triggers.
 * In Linux: include/linux/psi.h, Documentation/accounting/psi.rst.
 */
#pragma once

#include "kernel/lib/ctlfile.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/wait.h"

struct task_struct;
struct rq;
struct cgroup;
struct psi_group;
struct psi_trigger;

enum psi_res { PSI_IO, PSI_MEM, PSI_CPU, NR_PSI_RESOURCES };

/*
 * current stalls on memory until psi_memstall_leave(): reclaim, a page that was thrown out too
 * early, memory.high. Nests: *outer keeps whether it did already. => process context, no spinlock
 */
void psi_memstall_enter(bool *outer);
void psi_memstall_leave(const bool *outer);

bool psi_is_enabled(void);		/* no psi=0; c after boot's parameters */
/* The text of a pressure file. @group NULL: the machine's. -EOPNOTSUPP with psi=0 */
int psi_show(struct seq_file *m, struct psi_group *group, enum psi_res res);

/*
 * "some 150000 1000000": a trigger for @group (NULL: the machine), or ERR_PTR(-EINVAL, -ENOMEM,
 * -EOPNOTSUPP). @privileged: any window; others: multiples of 2 s. May sleep. The group must stay
 * until psi_trigger_destroy().
 */
struct psi_trigger *psi_trigger_create(struct psi_group *group, const char *buf, enum psi_res res,
				       bool privileged);
void psi_trigger_destroy(struct psi_trigger *t);	/* NULL is fine */
struct wait_queue_head *psi_trigger_wait(struct psi_trigger *t);
bool psi_trigger_event(struct psi_trigger *t);		/* it went off since it was asked last */

/* cgroup.c: @cg->psi. 0, -ENOMEM; with psi=0 there is none. May sleep. */
int psi_cgroup_alloc(struct cgroup *cg);
/* cgroup.pressure. => @cg->psi is not NULL; cgroup_mutex for the second */
bool psi_cgroup_is_on(const struct cgroup *cg);
void psi_cgroup_switch(struct cgroup *cg, bool on);
void psi_cgroup_free(struct cgroup *cg);		/* no task, no trigger is left; may sleep */
void psi_init(void);					/* => after sched_init(), parameters read */
