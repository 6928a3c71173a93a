/*
 * memcontrol_oom.c - a group at its limit from which nothing can be reclaimed: events, and the
 *                    OOM killer within the group.
 *
 * Idea:   memory.max is a small machine's memory: at its end out_of_memory() runs with
 *         oc->memcg set, and then only tasks of that group and those below it are candidates,
 *         and the report is about the group. What happens to a group is counted there
 *         (events.local) and in each group above it (events); those who poll the files are told.
 * Locks:  oom_lock, as any OOM.
 * Above:  memcontrol.c's charge, memory.max's writer; oom_kill.c, oom_report.c.
 * Below:  oom_kill.c.   In Linux: mm/memcontrol.c.
 */
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/memcontrol.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"

#define K(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

/* --- events --- */

/* memcg_memory_event: @event happened to @memcg (NULL: the root, which has no such file). */
void memcg_memory_event(struct mem_cgroup *memcg, enum memcg_memory_event event)
{
	bool swap = event >= MEMCG_SWAP_HIGH;

	if (!memcg || mem_cgroup_is_root(memcg))
		return;
	memcg->memory_events_local[event]++;
	if (!swap)
		cgroup_file_notify(&memcg->events_local_file);
	for (; memcg; memcg = memcg->up) {
		memcg->memory_events[event]++;
		cgroup_file_notify(swap ? &memcg->swap_events_file : &memcg->events_file);
		if (READ_ONCE(cgroup_memory_localevents))
			break;
	}
}

/* mem_cgroup_oom_killed: a process that lived in @mm was killed by the OOM killer. */
void mem_cgroup_oom_killed(struct mm_struct *mm)
{
	rcu_read_lock();
	memcg_memory_event(READ_ONCE(mm->memcg), MEMCG_OOM_KILL);
	rcu_read_unlock();
}

/* --- the way in --- */

/*
 * mem_cgroup_out_of_memory: kills somebody in @memcg or below, if that is still needed.
 *
 * => sleeps. True: memory is on its way, charge again
 */
bool mem_cgroup_out_of_memory(struct mem_cgroup *memcg, gfp_t gfp, int order)
{
	struct oom_control oc = { .memcg = memcg, .gfp_mask = gfp, .order = order };
	bool ret = true;

	if (mutex_lock_killable(&oom_lock))
		return true;		/* dying: its own memory will do */
	if (mem_cgroup_margin(memcg) < 1UL << order)	/* else the last killing has helped */
		ret = task_is_dying() || out_of_memory(&oc);
	mutex_unlock(&oom_lock);
	return ret;
}

/* mem_cgroup_oom: a charge of @nr_pages found nothing to reclaim. As above. */
bool mem_cgroup_oom(struct mem_cgroup *memcg, gfp_t gfp, unsigned int nr_pages)
{
	int order = 0;

	while (1U << order < nr_pages)
		order++;
	if (order > PAGE_ALLOC_COSTLY_ORDER)
		return false;
	memcg_memory_event(memcg, MEMCG_OOM);
	return mem_cgroup_out_of_memory(memcg, gfp, order);
}

/* mem_cgroup_get_max: the measure of badness in @memcg: what it may have in memory and swap. */
unsigned long mem_cgroup_get_max(struct mem_cgroup *memcg)
{
	unsigned long max = READ_ONCE(memcg->memory.max);

	if (vm_swappiness)
		max += MIN(READ_ONCE(memcg->swap.max), total_swap_pages);
	return max;
}

/* mem_cgroup_scan_tasks: the processes of @memcg and below. As cgroup_for_each_task(). */
void mem_cgroup_scan_tasks(struct mem_cgroup *memcg,
			   bool (*fn)(struct task_struct *task, void *arg), void *arg)
{
	cgroup_for_each_task(&memcg->css, false, fn, arg);
}

/*
 * mem_cgroup_get_oom_group: the topmost group from the victim's up to @oom_domain (NULL: the root)
 * that wants to die as a whole (memory.oom.group).
 */
struct mem_cgroup *mem_cgroup_get_oom_group(struct task_struct *victim,
					    struct mem_cgroup *oom_domain)
{
	struct mem_cgroup *memcg, *own, *group = NULL;

	if (!memcg_groups)
		return NULL;
	own = get_mem_cgroup_from_task(victim);
	/* Moved out of the domain meanwhile: its new neighbours have done nothing. */
	if (own && mem_cgroup_is_descendant(own, oom_domain))
		for (memcg = own; memcg; memcg = memcg == oom_domain ? NULL : memcg->up)
			if (READ_ONCE(memcg->oom_group))
				group = memcg;
	if (group)
		css_get(&group->css);
	mem_cgroup_put(own);
	return group;
}

/* --- the report: => oom_lock held; nothing is allocated --- */

static char path_buf[512];		/* oom_lock */

static const char *memcg_path(struct mem_cgroup *memcg)
{
	if (cgroup_path((memcg ? memcg : root_mem_cgroup)->css.cgroup, path_buf,
			sizeof(path_buf)) < 0)
		strscpy(path_buf, "(too long)", sizeof(path_buf));
	return path_buf;
}

void mem_cgroup_print_oom_group(struct mem_cgroup *memcg)
{
	pr_info("Tasks in %s are going to be killed due to memory.oom.group set\n",
		memcg_path(memcg));
}

/* mem_cgroup_print_oom_meminfo: use and limits of the group, and its memory.stat as one record. */
void mem_cgroup_print_oom_meminfo(struct mem_cgroup *memcg)
{
	static char text[PAGE_SIZE];	/* oom_lock */
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	pr_info("memory: usage %lukB, limit %lukB, failcnt %lu\n",
		K(page_counter_read(&memcg->memory)), K(memcg->memory.max),
		(unsigned long)memcg->memory.failcnt);
	pr_info("swap: usage %lukB, limit %lukB, failcnt %lu\n", K(page_counter_read(&memcg->swap)),
		K(memcg->swap.max), (unsigned long)memcg->swap.failcnt);
	pr_info("Memory cgroup stats for %s:\n", memcg_path(memcg));
	text[memory_stat_format(memcg, &m)] = 0;
	pr_info("%s", text);
}

void mem_cgroup_print_oom_context(char *buf, size_t size, struct mem_cgroup *memcg,
				  struct task_struct *victim)
{
	struct mem_cgroup *own = NULL;
	int len;

	len = memcg ? scnprintf(buf, size, ",oom_memcg=%s", memcg_path(memcg))
		    : scnprintf(buf, size, ",global_oom");
	if (memcg_groups)
		own = get_mem_cgroup_from_task(victim);
	scnprintf(buf + len, size - len, ",task_memcg=%s", root_mem_cgroup ? memcg_path(own) : "/");
	mem_cgroup_put(own);
}
