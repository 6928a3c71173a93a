/*
 * stubs.c - functions of rooms and files that a test program does not contain.
 *
 * Idea:  all are weak: a program that has the real file uses that. Whoever would
 *        sleep has nobody to wake him, so that is a failed test; whoever would be
 *        woken is counted.
 * Locks: none.
 */
#include "host/stubs.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/sched/psi_internal.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/trace.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "mm/memcontrol.h"
#include "mm/mempolicy.h"
#include "mm/oom_kill.h"
#include "mm/show_mem.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"

#define stub __attribute__((weak))

/* --- kernel/x86 --- */
stub struct acpi_info acpi_info;
stub u32 apic_id_of(int cpu)
{
	return cpu;
}
stub char boot_stack[16];

/* --- kernel/sched --- */
stub void trace_write(const struct trace_event *event, const void *entry, size_t size)
{
	panic("trace event %s:%s is on", event->system, event->name);
}
stub const char *trace_symbol(long value, const struct trace_symbol *symbols, unsigned int n)
{
	return "";
}
stub const char *current_work_name(void)
{
	return NULL;
}
stub DEFINE_PER_CPU(int, rcu_readers);
stub void synchronize_rcu(void) {}	/* one thread: no reader but us */
stub bool schedule_work(struct work_struct *work)
{
	work->func(work);
	return true;
}
stub void psi_memstall_enter(bool *outer) {}
stub void psi_memstall_leave(const bool *outer) {}
stub int psi_cgroup_alloc(struct cgroup *cg)
{
	return 0;
}
stub void psi_cgroup_free(struct cgroup *cg) {}
stub void psi_init(void) {}
stub void psi_leave(struct rq *rq, struct task_struct *t) {}
stub void psi_join(struct rq *rq, struct task_struct *t) {}
stub struct rq *task_rq_lock(struct task_struct *t, unsigned long *flags)
{
	static struct rq rq;

	spin_lock(&rq.lock);
	return &rq;
}
stub void cgroup_update_frozen(struct cgroup *cg) {}
stub void cgroup_notify_frozen(struct cgroup *cg) {}
stub void cgroup_freeze_task(struct task_struct *t, bool on) {}
stub void cgroup_leave_times(struct task_struct *t) {}
stub void io_schedule_waiting(const char *what)
{
	schedule_waiting(what);
}
stub unsigned long nr_forks(void)
{
	return 1;
} /* boot is over: might_sleep() means it */
stub void schedule(void)
{
	panic("schedule() with nobody to wake us");
}
stub void cond_resched_slow(void) {}
stub void schedule_waiting(const char *what)
{
	panic("would wait for %s", what);
}
stub s64 schedule_timeout_ns(s64 ns, const char *what)
{
	host_clock_ns += ns;
	current->__state = TASK_RUNNING;
	return 0;
}
stub bool signal_pending_state(int state)
{
	return false;
}
stub bool try_to_wake_up(struct task_struct *t, unsigned int state)
{
	return false;
}
stub bool wake_up_process(struct task_struct *t)
{
	return try_to_wake_up(t, TASK_NORMAL);
}
stub void migrate_disable(void)
{
	current->migrate_disabled++;
}
stub void migrate_enable(void)
{
	current->migrate_disabled--;
}

/* --- mm --- */
unsigned int host_kswapd_wakes, host_reclaims, host_ooms;
unsigned long (*host_reclaim)(struct pglist_data *pgdat, int order, gfp_t gfp);
unsigned long (*host_reclaimable)(struct zone *zone);
bool (*host_oom)(struct oom_control *oc);

stub struct mutex oom_lock = MUTEX_INIT(oom_lock, LOCK_OOM);
stub void wakeup_kswapd(struct zone *zone, gfp_t gfp, int order, enum zone_type highest)
{
	host_kswapd_wakes++;
}
stub unsigned long try_to_free_pages(struct pglist_data *pgdat, int order, gfp_t gfp,
				       const nodemask_t *nodemask)
{
	host_reclaims++;
	return host_reclaim ? host_reclaim(pgdat, order, gfp) : 0;
}
stub unsigned long zone_reclaimable_pages(struct zone *zone)
{
	return host_reclaimable ? host_reclaimable(zone) : 0;
}
stub bool pgdat_all_unreclaimable(struct pglist_data *pgdat)
{
	return false;
}
stub bool out_of_memory(struct oom_control *oc)
{
	host_ooms++;
	return host_oom ? host_oom(oc) : false;
}
__attribute__((weak)) struct page *__alloc_pages(gfp_t gfp, unsigned int order, int nid,
						     const nodemask_t *nodemask);
stub struct page *alloc_pages_current(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order, numa_node_id(), NULL);
}
stub bool mempolicy_in_oom_domain(struct task_struct *task, nodemask_t nodes)
{
	return true;
}
stub void register_shrinker(struct shrinker *s) {}
stub unsigned long total_swap_pages;
stub long get_nr_swap_pages(void)
{
	return 0;
}
stub unsigned long total_swapcache_pages(void)
{
	return 0;
}

/* --- mm/memcontrol*.c: there are no groups --- */
stub _Atomic int memcg_groups;
stub struct mem_cgroup *root_mem_cgroup;
stub int mem_cgroup_charge_kmem_page(struct page *page, gfp_t gfp, unsigned int order)
{
	return 0;
}
stub void mem_cgroup_free_page(struct page *page, unsigned int order)
{
	panic("a page without a group is uncharged");
}
stub bool mem_cgroup_charge_object(struct obj_cgroup **owner, unsigned int size, gfp_t gfp, int nid,
				   enum node_stat_item item)
{
	return true;
}
stub void mem_cgroup_uncharge_object(struct obj_cgroup *objcg, unsigned int size, int nid,
				     enum node_stat_item item)
{
	panic("an object without a group is uncharged");
}
stub void mem_cgroup_count_vmalloc(struct page *page, long pages) {}
stub void mod_memcg_node_state(struct mem_cgroup *memcg, int nid, enum node_stat_item item,
			       long delta)
{
}
stub unsigned long slab_drain_stocks(void) { return 0; }
stub void mod_memcg_page_state(struct page *page, enum node_stat_item item, long delta) {}
stub void memcg_memory_event(struct mem_cgroup *memcg, enum memcg_memory_event event) {}
stub void mem_cgroup_oom_killed(struct mm_struct *mm) {}
stub unsigned long mem_cgroup_get_max(struct mem_cgroup *memcg)
{
	return 0;
}
stub struct mem_cgroup *mem_cgroup_get_oom_group(struct task_struct *victim,
						 struct mem_cgroup *oom_domain)
{
	return NULL;
}
stub void mem_cgroup_print_oom_group(struct mem_cgroup *memcg) {}
stub void mem_cgroup_print_oom_meminfo(struct mem_cgroup *memcg) {}
stub void mem_cgroup_print_oom_context(char *buf, size_t size, struct mem_cgroup *memcg,
				       struct task_struct *victim)
{
	scnprintf(buf, size, ",global_oom,task_memcg=/");
}
stub void mem_cgroup_scan_tasks(struct mem_cgroup *memcg,
				bool (*fn)(struct task_struct *task, void *arg), void *arg)
{
}

stub void global_dirty_limits(unsigned long *background, unsigned long *limit)
{
	*background = *limit = 0;
}
