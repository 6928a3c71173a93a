/*
 * oom_report.c - what the log says when memory ran out.
 *
 * Idea:   whoever reads the log afterwards has to see who asked for what, how
 *         memory stood, who there was to choose from, and who was chosen. The
 *         order and format are Linux 6.1's, to the letter, so that what is
 *         written about reading such reports is true here:
 *
 *           big_mm invoked oom-killer: gfp_mask=…      who asked
 *           the stack                                  how it came to that
 *           Mem-Info:                                  show_mem.c
 *           Unreclaimable slab info:                   if that is the problem
 *           Tasks state                                the candidates
 *           oom-kill:constraint=…,task=…,pid=…         the choice
 *
 * Locks:  oom_lock held; tasklist_lock for reading around the table.
 * Above:  oom_kill.c.   Below: show_mem.c, slab.c, kernel/x86's dump_stack().   In Linux:
 * mm/oom_kill.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "mm/cpuset.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/oom_kill.h"
#include "mm/show_mem.h"
#include "mm/slab.h"
#include "mm/vmstat.h"

static const char *const constraint_names[] = {
	[CONSTRAINT_NONE] = "CONSTRAINT_NONE",
	[CONSTRAINT_CPUSET] = "CONSTRAINT_CPUSET",
	[CONSTRAINT_MEMORY_POLICY] = "CONSTRAINT_MEMORY_POLICY",
	[CONSTRAINT_MEMCG] = "CONSTRAINT_MEMCG",
};

/* is_sysrq_oom: asked for by hand (sysrq f), not by want. */
bool is_sysrq_oom(const struct oom_control *oc)
{
	return oc->order == -1;
}

/* One line of the table. Those who cannot be chosen at all are not in it; those at -1000 are. */
static bool dump_task(struct task_struct *p, void *arg)
{
	kuid_t uid = oom_task_uid(p);	/* before task_lock, which it takes itself */
	struct task_struct *t;

	if (oom_unkillable_task(p) || !oom_cpuset_eligible(p, arg))
		return false;
	t = find_lock_task_mm(p);
	if (!t)
		return false;		/* exiting: nothing to take any more */
	pr_info("[%7d] %5u %5d %8lu %8lu %8ld %8lu         %5hd %s\n", t->pid, uid, t->tgid,
		 t->mm->total_vm, get_mm_rss(t->mm), (long)t->mm->pgtables_bytes,
		get_mm_counter(t->mm, MM_SWAPENTS), t->signal->oom_score_adj, t->comm);
	task_unlock(t);
	return false;
}

static void dump_tasks(struct oom_control *oc)
{
	struct task_struct *p;

	pr_info("Tasks state (memory values in pages):\n");
	pr_info(
	    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n");
	if (oc->memcg) {
		mem_cgroup_scan_tasks(oc->memcg, dump_task, oc);
		return;
	}
	read_lock(&tasklist_lock);
	for_each_process(p)
		dump_task(p, oc);
	read_unlock(&tasklist_lock);
}

/*
 * More kernel objects than user pages: then the users are not the problem, and the table says so.
 */
static bool should_dump_unreclaim_slab(void)
{
	static const enum node_stat_item user_pages[] = {
	    NR_ACTIVE_ANON,   NR_INACTIVE_ANON, NR_ACTIVE_FILE, NR_INACTIVE_FILE,
	    NR_ISOLATED_ANON, NR_ISOLATED_FILE, NR_UNEVICTABLE,
	};
	unsigned long nr_lru = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(user_pages); i++)
		nr_lru += global_node_page_state(user_pages[i]);
	return global_node_page_state(NR_SLAB_UNRECLAIMABLE) > nr_lru;
}

/* The choice in one line, for programs. The nodes and the cpuset are the asker's. */
static void dump_oom_summary(struct oom_control *oc, struct task_struct *victim)
{
	char mask[32] = "(null)", cpuset[128];
	static char groups[1100];	/* oom_lock */

	if (oc->nodemask)
		scnprintf(mask, sizeof(mask), "%*pbl", nodemask_list(oc->nodemask));
	cpuset_print_current_mems_allowed(cpuset, sizeof(cpuset));
	mem_cgroup_print_oom_context(groups, sizeof(groups), oc->memcg, victim);
	pr_info("oom-kill:constraint=%s,nodemask=%s,%s%s,task=%s,pid=%d,"
		"uid=%u\n",
		constraint_names[oc->constraint], mask, cpuset, groups, victim->comm, victim->pid,
		oom_task_uid(victim));
}

/*
 * dump_header: the report. @victim NULL: there is none (or a panic follows).
 *
 * => oom_lock held; may be called with no memory at all: nothing here allocates
 */
void dump_header(struct oom_control *oc, struct task_struct *victim)
{
	static char gfp_text[256];	/* oom_lock */

	print_gfp_mask(gfp_text, sizeof(gfp_text), oc->gfp_mask);
	pr_warn("%s invoked oom-killer: gfp_mask=%#x(%s), order=%d, oom_score_adj=%hd\n",
		current->comm, oc->gfp_mask, gfp_text, oc->order, current->signal->oom_score_adj);
	dump_stack();
	if (oc->memcg) {
		mem_cgroup_print_oom_meminfo(oc->memcg);
	} else {
		show_mem(1, oc->nodemask, oc->gfp_mask);
		if (should_dump_unreclaim_slab())
			dump_unreclaimable_slab();
	}
	if (sysctl_oom_dump_tasks)
		dump_tasks(oc);
	if (victim)
		dump_oom_summary(oc, victim);
}
