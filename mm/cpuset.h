/*
 * cpuset.h - which nodes a task may take memory from, and which CPUs it may run on.
 *
 * Idea:   a cpuset (cpuset.c) writes each of its tasks' mems_allowed; the allocator
 *         looks at that word alone. While no cpuset confines anybody, it does not
 *         even look: cpusets_in_use.
 * Locks:  none: mems_allowed is one word.
 */
#pragma once

#include "kernel/sched/task.h"
#include "mm/gfp.h"
#include "mm/mmzone.h"

extern bool cpusets_in_use;		/* a: a cpuset below the root was configured */
static inline bool cpusets_enabled(void) { return unlikely(READ_ONCE(cpusets_in_use)); }

/* The nodes that exist: every policy and cpuset is a part of them. */
static inline nodemask_t online_nodes(void)
{
	return (nodemask_t){ (1UL << nr_online_nodes) - 1 };
}
static inline nodemask_t task_mems_allowed(const struct task_struct *task)
{
	return nodes_and((nodemask_t){ READ_ONCE(task->mems_allowed.bits) }, online_nodes());
}
static inline nodemask_t cpuset_current_mems_allowed(void) { return task_mems_allowed(current); }

/* cpuset.c */
void cpuset_init(void);			/* => cgroup_init() */
/* @child is in its group and on the lists, but has not run: what changed during the fork. */
void cpuset_fork(struct task_struct *child);
u64 cpuset_cpus_allowed(struct task_struct *task);	/* any context */

/* mems_allowed.c: may current take a page of @nid for @gfp? Any context. */
bool cpuset_node_allowed(int nid, gfp_t gfp);
static inline bool cpuset_zone_allowed(const struct zone *zone, gfp_t gfp)
{
	return !cpusets_enabled() || cpuset_node_allowed(zone->node, gfp);
}
/* " cpuset=/a,mems_allowed=0-1" of a report's line, without the blank. */
int cpuset_print_current_mems_allowed(char *buf, size_t size);
/* c: cpuset.c: the name of @task's cpuset ("/", "a"), NUL-terminated. NULL: there are no cpusets. */
extern void (*cpuset_name_hook)(struct task_struct *task, char *buf, size_t size);
