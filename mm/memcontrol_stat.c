/*
 * memcontrol_stat.c - what a group's memory is used for: memory.stat, memory.numa_stat.
 *
 * Idea:   whatever changes a node's counter for a page changes its group's too, and that of
 *         each group above (memory.stat counts what lies below as well). So a file is
 *         read without a walk, and stays right when a group below is removed. The
 *         root's figures are the machine's; only what the kernel charges to groups
 *         (slab, stacks, page tables) is the sum over the groups below it, since
 *         the root's own is charged to nobody.
 * Locks:  none; each counter is atomic.
 * Above:  vmstat.c, swap.c, vmscan.c count; memcontrol_files.c and memcontrol_oom.c show.
 * Below:  vmstat.c for the root.   In Linux: mm/memcontrol.c (memory_stats).
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "mm/memcontrol.h"
#include "mm/vmstat.h"

/* --- counting. => any context --- */

/* mod_memcg_node_state: @memcg's counter of node @nid, and its ancestors'. NULL: nothing. */
void mod_memcg_node_state(struct mem_cgroup *memcg, int nid, enum node_stat_item item, long delta)
{
	for (; memcg; memcg = memcg->up)
		atomic_fetch_add_explicit(&memcg->nodeinfo[nid]->stat[item], delta,
					  memory_order_relaxed);
}

/* vmstat.h */
void mod_memcg_page_state(struct page *page, enum node_stat_item item, long delta)
{
	rcu_read_lock();
	mod_memcg_node_state(page_memcg(page), page_to_nid(page), item, delta);
	rcu_read_unlock();
}

/* memcg_node_state: => not the root. Never negative. */
unsigned long memcg_node_state(struct mem_cgroup *memcg, int nid, enum node_stat_item item)
{
	long n = memcg->nodeinfo[nid]->stat[item];

	return n > 0 ? n : 0;
}

/* mod_memcg_kmem: pages charged for the kernel. */
void mod_memcg_kmem(struct mem_cgroup *memcg, long pages)
{
	for (; memcg; memcg = memcg->up)
		memcg->kmem_pages += pages;
}

/* add_memcg_events: @n times @item. */
void add_memcg_events(struct mem_cgroup *memcg, enum vm_event_item item, unsigned long n)
{
	for (; memcg; memcg = memcg->up)
		atomic_fetch_add_explicit(&memcg->vm_events[item], n, memory_order_relaxed);
}

/* add_memcg_event_mm: once, for the group of @mm. */
void add_memcg_event_mm(struct mm_struct *mm, enum vm_event_item item)
{
	rcu_read_lock();
	add_memcg_events(READ_ONCE(mm->memcg), item, 1);
	rcu_read_unlock();
}

/* mod_lruvec_state: the node's counter and the group's. */
void mod_lruvec_state(struct lruvec *lruvec, enum node_stat_item item, long delta)
{
	mod_node_page_state(lruvec->pgdat, item, delta);
	if (unlikely(lruvec->memcg))
		mod_memcg_node_state(lruvec->memcg, lruvec->pgdat->node_id, item, delta);
}

/* lruvec_page_state: of the group with all below it; for the root's lists: of the node. */
unsigned long lruvec_page_state(struct lruvec *lruvec, enum node_stat_item item)
{
	return likely(!lruvec->memcg)
		? node_page_state(lruvec->pgdat, item)
		: memcg_node_state(lruvec->memcg, lruvec->pgdat->node_id, item);
}

/* --- reading --- */

/* What only groups are charged for: the root's is the sum over its children. */
static bool is_charged_item(enum node_stat_item item)
{
	return item == NR_SLAB_RECLAIMABLE || item == NR_SLAB_UNRECLAIMABLE ||
	       item == NR_KERNEL_STACK_KB || item == NR_PAGETABLE;
}

typedef unsigned long (*stat_fn)(struct mem_cgroup *memcg, int nid, int item);

/* The sum of @fn over the groups right below the root. May not be called with spinlocks held. */
static unsigned long sum_of_children(stat_fn fn, int nid, int item)
{
	struct mem_cgroup *memcg = NULL;
	unsigned long sum = 0;

	while ((memcg = mem_cgroup_iter(NULL, memcg)))
		if (!mem_cgroup_is_root(memcg) && !memcg->up)
			sum += fn(memcg, nid, item);
	return sum;
}

static unsigned long node_stat_of(struct mem_cgroup *memcg, int nid, int item)
{
	return memcg_node_state(memcg, nid, item);
}

static unsigned long kmem_of(struct mem_cgroup *memcg, int nid, int item)
{
	return MAX(memcg->kmem_pages, 0L);
}

static unsigned long vmalloc_of(struct mem_cgroup *memcg, int nid, int item)
{
	return MAX(memcg->vmalloc_pages, 0L);
}

/* Of one node, in the counter's own unit. */
static unsigned long read_node_stat(struct mem_cgroup *memcg, int nid, enum node_stat_item item)
{
	if (!mem_cgroup_is_root(memcg))
		return node_stat_of(memcg, nid, item);
	if (is_charged_item(item))
		return sum_of_children(node_stat_of, nid, item);
	if (item == NR_FILE_PAGES)	/* without the swap cache, as for the others */
		return node_page_state(NODE_DATA(nid), NR_FILE_PAGES) -
		       MIN(node_page_state(NODE_DATA(nid), NR_SWAPCACHE),
			   node_page_state(NODE_DATA(nid), NR_FILE_PAGES));
	return node_page_state(NODE_DATA(nid), item);
}

static unsigned long read_stat(struct mem_cgroup *memcg, enum node_stat_item item)
{
	unsigned long sum = 0;
	int nid;

	for_each_online_node(nid)
		sum += read_node_stat(memcg, nid, item);
	return sum;
}

static unsigned long read_own(struct mem_cgroup *memcg, stat_fn fn)
{
	return mem_cgroup_is_root(memcg) ? sum_of_children(fn, 0, 0) : fn(memcg, 0, 0);
}

/* --- showing --- */

/*
 * memory.stat's lines, in Linux's order. @unit: bytes of one; 0: a plain number. Where @special
 * names a figure that no node counter has, item is not looked at.
 */
enum special { COUNTER, NONE_HERE, KMEM, VMALLOC, SLAB_SUM };
static const struct stat_line {
	const char *name;
	unsigned int unit;
	enum node_stat_item item;
	enum special special;
	bool per_node;			/* stands in memory.numa_stat as well */
} lines[] = {
	{ "anon", PAGE_SIZE, NR_ANON_MAPPED, COUNTER, true },
	{ "file", PAGE_SIZE, NR_FILE_PAGES, COUNTER, true },
	{ "kernel", PAGE_SIZE, 0, KMEM, false },
	{ "kernel_stack", 1024, NR_KERNEL_STACK_KB, COUNTER, true },
	{ "pagetables", PAGE_SIZE, NR_PAGETABLE, COUNTER, true },
	{ "sec_pagetables", 0, 0, NONE_HERE, true },
	{ "percpu", 0, 0, NONE_HERE, false },
	{ "sock", 0, 0, NONE_HERE, false },
	{ "vmalloc", PAGE_SIZE, 0, VMALLOC, false },
	{ "shmem", PAGE_SIZE, NR_SHMEM, COUNTER, true },
	{ "file_mapped", PAGE_SIZE, NR_FILE_MAPPED, COUNTER, true },
	{ "file_dirty", PAGE_SIZE, NR_FILE_DIRTY, COUNTER, true },
	{ "file_writeback", PAGE_SIZE, NR_WRITEBACK, COUNTER, true },
	{ "swapcached", PAGE_SIZE, NR_SWAPCACHE, COUNTER, true },
	{ "anon_thp", 0, 0, NONE_HERE, true },
	{ "file_thp", 0, 0, NONE_HERE, true },
	{ "shmem_thp", 0, 0, NONE_HERE, true },
	{ "inactive_anon", PAGE_SIZE, NR_INACTIVE_ANON, COUNTER, true },
	{ "active_anon", PAGE_SIZE, NR_ACTIVE_ANON, COUNTER, true },
	{ "inactive_file", PAGE_SIZE, NR_INACTIVE_FILE, COUNTER, true },
	{ "active_file", PAGE_SIZE, NR_ACTIVE_FILE, COUNTER, true },
	{ "unevictable", PAGE_SIZE, NR_UNEVICTABLE, COUNTER, true },
	{ "slab_reclaimable", 1, NR_SLAB_RECLAIMABLE, COUNTER, true },
	{ "slab_unreclaimable", 1, NR_SLAB_UNRECLAIMABLE, COUNTER, true },
	{ "slab", 1, 0, SLAB_SUM, false },
	{ "workingset_refault_anon", 1, WORKINGSET_REFAULT_ANON, COUNTER, true },
	{ "workingset_refault_file", 1, WORKINGSET_REFAULT_FILE, COUNTER, true },
	{ "workingset_activate_anon", 1, WORKINGSET_ACTIVATE_ANON, COUNTER, true },
	{ "workingset_activate_file", 1, WORKINGSET_ACTIVATE_FILE, COUNTER, true },
	{ "workingset_restore_anon", 1, WORKINGSET_RESTORE_ANON, COUNTER, true },
	{ "workingset_restore_file", 1, WORKINGSET_RESTORE_FILE, COUNTER, true },
	{ "workingset_nodereclaim", 1, WORKINGSET_NODERECLAIM, COUNTER, true },
};

/* The events that follow them; pgscan and pgsteal are sums. */
static const struct event_line {
	const char *name;
	int first, second;		/* enum vm_event_item; -1: none */
} event_lines[] = {
	{ "pgscan", PGSCAN_KSWAPD, PGSCAN_DIRECT },
	{ "pgsteal", PGSTEAL_KSWAPD, PGSTEAL_DIRECT },
	{ "pgscan_kswapd", PGSCAN_KSWAPD, -1 },
	{ "pgscan_direct", PGSCAN_DIRECT, -1 },
	{ "pgsteal_kswapd", PGSTEAL_KSWAPD, -1 },
	{ "pgsteal_direct", PGSTEAL_DIRECT, -1 },
	{ "pgfault", PGFAULT, -1 },
	{ "pgmajfault", PGMAJFAULT, -1 },
	{ "pgrefill", PGREFILL, -1 },
	{ "pgactivate", PGACTIVATE, -1 },
	{ "pgdeactivate", PGDEACTIVATE, -1 },
	{ "pglazyfree", PGLAZYFREE, -1 },
	{ "pglazyfreed", PGLAZYFREED, -1 },
	{ "thp_fault_alloc", -1, -1 },
	{ "thp_collapse_alloc", -1, -1 },
};

static unsigned long line_value(struct mem_cgroup *memcg, const struct stat_line *line)
{
	switch (line->special) {
	case KMEM:
		return read_own(memcg, kmem_of) * line->unit;
	case VMALLOC:
		return read_own(memcg, vmalloc_of) * line->unit;
	case SLAB_SUM:
		return read_stat(memcg, NR_SLAB_RECLAIMABLE) +
		       read_stat(memcg, NR_SLAB_UNRECLAIMABLE);
	case NONE_HERE:
		return 0;
	case COUNTER:
		break;
	}
	return read_stat(memcg, line->item) * line->unit;
}

/* memcontrol.h */
bool mem_cgroup_dirty_state(unsigned long *dirty, unsigned long *dirtyable)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_task(current);
	unsigned long room = ~0UL;

	if (!memcg || mem_cgroup_is_root(memcg)) {
		mem_cgroup_put(memcg);
		return false;
	}
	*dirty = read_stat(memcg, NR_FILE_DIRTY) + read_stat(memcg, NR_WRITEBACK);
	*dirtyable = read_stat(memcg, NR_INACTIVE_FILE) + read_stat(memcg, NR_ACTIVE_FILE);
	for (struct mem_cgroup *up = memcg; up; up = up->up) {
		unsigned long max = MIN(READ_ONCE(up->memory.max), READ_ONCE(up->memory.high));
		unsigned long usage = page_counter_read(&up->memory);

		room = MIN(room, usage < max ? max - usage : 0);
	}
	*dirtyable += room;
	mem_cgroup_put(memcg);
	return true;
}

static void show_line(struct seq_file *m, const char *name, unsigned long value)
{
	seq_puts(m, name);
	seq_put_decimal_ull(m, " ", value);
	seq_putc(m, '\n');
}

static void show_events(struct mem_cgroup *memcg, struct seq_file *m)
{
	unsigned long events[NR_VM_EVENT_ITEMS];

	if (mem_cgroup_is_root(memcg))
		all_vm_events(events);
	else
		for (int i = 0; i < NR_VM_EVENT_ITEMS; i++)
			events[i] = memcg->vm_events[i];
	for (unsigned int i = 0; i < ARRAY_SIZE(event_lines); i++) {
		const struct event_line *line = &event_lines[i];

		show_line(m, line->name, (line->first >= 0 ? events[line->first] : 0) +
					 (line->second >= 0 ? events[line->second] : 0));
	}
}

/* memory_stat_format: the whole of memory.stat; bytes so far. The OOM report has it, too. */
size_t memory_stat_format(struct mem_cgroup *memcg, struct seq_file *m)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		show_line(m, lines[i].name, line_value(memcg, &lines[i]));
	show_events(memcg, m);
	return m->count;
}

int memory_stat_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	memory_stat_format(mem_cgroup_from_css(css), m);
	return 0;
}

int memory_numa_stat_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	int nid;

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct stat_line *line = &lines[i];

		if (!line->per_node)
			continue;
		seq_puts(m, line->name);
		for_each_online_node(nid)
			seq_printf(m, " N%d=%lu", nid,
				   line->special == COUNTER
					   ? read_node_stat(memcg, nid, line->item) * line->unit
					   : 0UL);
		seq_putc(m, '\n');
	}
	return 0;
}
