/*
 * vmstat.c - what mm/ counts, and /proc/vmstat.
 *
 * Idea:   events are counted by each CPU alone. State (pages on a list, dirty
 *         pages) is one number a zone or node, but a CPU first gathers a small
 *         difference of its own, so that the shared line is seldom written:
 *
 *            value = vm_stat[item] + sum over CPUs of diff[item]
 *
 *         The sum is exact whenever nobody is counting at that moment.
 *         NR_FREE_PAGES changes under zone->lock only and needs no difference.
 * Locks:  none. this_cpu_add is one instruction, so interrupts do no harm.
 * Above:  everybody.   In Linux: mm/vmstat.c.
 */
#include "mm/vmstat.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"

DEFINE_PER_CPU(unsigned long[NR_VM_EVENT_ITEMS], vm_event_states);
static DEFINE_PER_CPU(int[MAX_NUMNODES][MAX_NR_ZONES][NR_VM_ZONE_STAT_ITEMS], zone_diff);
static DEFINE_PER_CPU(int[MAX_NUMNODES][NR_VM_NODE_STAT_ITEMS], node_diff);
static DEFINE_PER_CPU(unsigned long[MAX_NUMNODES][MAX_NR_ZONES][NR_VM_NUMA_EVENT_ITEMS],
		      numa_events);
/* of blocks of order n, the 2^n - 1 pages that PGALLOC has too many for a count of requests */
DEFINE_PER_CPU(unsigned long[MAX_NR_ZONES], higher_order_pages);
unsigned long (*nr_blockdev_pages)(void);

/*
 * In the enums' order; 6.1's names. What Brink has not (CMA, bounce buffers, huge pages) is left
 * out.
 */
const char *const zone_stat_names[NR_VM_ZONE_STAT_ITEMS] = {
	"nr_free_pages", "nr_zone_inactive_anon", "nr_zone_active_anon", "nr_zone_inactive_file",
	"nr_zone_active_file", "nr_zone_unevictable", "nr_zone_write_pending", "nr_mlock",
};
const char *const numa_stat_names[NR_VM_NUMA_EVENT_ITEMS] = {
	"numa_hit", "numa_miss", "numa_foreign", "numa_interleave", "numa_local", "numa_other",
};
const char *const node_stat_names[NR_VM_NODE_STAT_ITEMS] = {
	"nr_inactive_anon",
	"nr_active_anon",
	"nr_inactive_file",
	"nr_active_file",
	"nr_unevictable",
	"nr_slab_reclaimable",
	"nr_slab_unreclaimable",
	"nr_isolated_anon",
	"nr_isolated_file",
	"workingset_nodes",
	"workingset_refault_anon",
	"workingset_refault_file",
	"workingset_activate_anon",
	"workingset_activate_file",
	"workingset_restore_anon",
	"workingset_restore_file",
	"workingset_nodereclaim",
	"nr_anon_pages",
	"nr_mapped",
	"nr_file_pages",
	"nr_dirty",
	"nr_writeback",
	"nr_shmem",
	"nr_vmscan_write",
	"nr_vmscan_immediate_reclaim",
	"nr_dirtied",
	"nr_written",
	"nr_kernel_stack",
	"nr_page_table_pages",
	"nr_swapcached",
};
static const char *const event_names[NR_VM_EVENT_ITEMS] = {
	"pgpgin",
	"pgpgout",
	"pswpin",
	"pswpout",
	"pgalloc_dma",
	"pgalloc_normal",
	"pgalloc_high",
	"pgalloc_movable",
	"allocstall_dma",
	"allocstall_normal",
	"allocstall_high",
	"allocstall_movable",
	"pgskip_dma",
	"pgskip_normal",
	"pgskip_high",
	"pgskip_movable",
	"pgfree",
	"pgactivate",
	"pgdeactivate",
	"pglazyfree",
	"pgfault",
	"pgmajfault",
	"pglazyfreed",
	"pgrefill",
	"pgreuse",
	"pgsteal_kswapd",
	"pgsteal_direct",
	"pgscan_kswapd",
	"pgscan_direct",
	"pgscan_direct_throttle",
	"pgscan_anon",
	"pgscan_file",
	"pgsteal_anon",
	"pgsteal_file",
	NULL,			/* PGINODESTEAL: an inode is not taken with its pages here */
	"slabs_scanned",
	NULL,			/* KSWAPD_INODESTEAL */
	"kswapd_low_wmark_hit_quickly",
	"kswapd_high_wmark_hit_quickly",
	"pageoutrun",
	"pgrotated",
	"drop_pagecache",
	"drop_slab",
	"oom_kill",
	"pgmigrate_success",
	"pgmigrate_fail",
	"unevictable_pgs_culled",
	"unevictable_pgs_scanned",
	"unevictable_pgs_rescued",
	"unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked",
	"unevictable_pgs_cleared",
	NULL,			/* UNEVICTABLE_PGSTRANDED */
	"swap_ra",
	"swap_ra_hit",
};

/* Takes this CPU's difference @v out; what an interrupt adds meanwhile stays. */
#define FOLD(diff, v, shared)                                                  \
	do {                                                                   \
		this_cpu_add(diff, -(v));                                      \
		atomic_fetch_add_explicit(shared, v, memory_order_relaxed);    \
	} while (0)

void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)
{
	int nid = zone->node, idx = zone_idx(zone), v;

	VM_BUG_ON(item == NR_FREE_PAGES);
	this_cpu_add(zone_diff[nid][idx][item], (int)delta);
	v = this_cpu_read(zone_diff[nid][idx][item]);
	if (unlikely(v > zone->stat_threshold || v < -zone->stat_threshold))
		FOLD(zone_diff[nid][idx][item], v, &zone->vm_stat[item]);
}

void mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, long delta)
{
	int nid = pgdat->node_id, v;

	this_cpu_add(node_diff[nid][item], (int)delta);
	v = this_cpu_read(node_diff[nid][item]);
	if (unlikely(v > pgdat->stat_threshold || v < -pgdat->stat_threshold))
		FOLD(node_diff[nid][item], v, &pgdat->vm_stat[item]);
}

unsigned long zone_page_state(struct zone *zone, enum zone_stat_item item)
{
	long sum = zone->vm_stat[item];
	int cpu;

	if (item != NR_FREE_PAGES)
		for_each_online_cpu(cpu)
			sum += READ_ONCE(per_cpu(zone_diff, cpu)[zone->node][zone_idx(zone)][item]);
	return sum > 0 ? sum : 0;
}

unsigned long node_page_state(struct pglist_data *pgdat, enum node_stat_item item)
{
	long sum = pgdat->vm_stat[item];
	int cpu;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(per_cpu(node_diff, cpu)[pgdat->node_id][item]);
	return sum > 0 ? sum : 0;
}

unsigned long global_zone_page_state(enum zone_stat_item item)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		sum += zone_page_state(zone, item);
	return sum;
}

unsigned long global_node_page_state(enum node_stat_item item)
{
	unsigned long sum = 0;
	int nid;

	for_each_online_node(nid)
		sum += node_page_state(NODE_DATA(nid), item);
	return sum;
}

void count_numa(struct zone *preferred, struct zone *zone)
{
	int nid = zone->node, idx = zone_idx(zone);

	if (nid == preferred->node) {
		this_cpu_inc(numa_events[nid][idx][NUMA_HIT]);
	} else {
		this_cpu_inc(numa_events[nid][idx][NUMA_MISS]);
		this_cpu_inc(numa_events[preferred->node][zone_idx(preferred)][NUMA_FOREIGN]);
	}
	this_cpu_inc(numa_events[nid][idx][nid == numa_node_id() ? NUMA_LOCAL : NUMA_OTHER]);
}

void count_numa_interleave(struct zone *zone)
{
	this_cpu_inc(numa_events[zone->node][zone_idx(zone)][NUMA_INTERLEAVE_HIT]);
}

/* zone_numa_state: since boot. The only node hits always, and is local to all. */
unsigned long zone_numa_state(struct zone *zone, enum numa_stat_item item)
{
	bool one = nr_online_nodes == 1, counts = item == NUMA_HIT || item == NUMA_LOCAL;
	unsigned long sum = 0;
	int idx = zone_idx(zone), cpu;

	for_each_online_cpu(cpu)
		if (!one)
			sum += READ_ONCE(per_cpu(numa_events, cpu)[zone->node][idx][item]);
		else if (counts)
			sum += READ_ONCE(per_cpu(vm_event_states, cpu)[PGALLOC_DMA + idx]) -
			       READ_ONCE(per_cpu(higher_order_pages, cpu)[idx]);
	return sum;
}

unsigned long node_numa_state(struct pglist_data *pgdat, enum numa_stat_item item)
{
	unsigned long sum = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		sum += zone_numa_state(&pgdat->node_zones[i], item);
	return sum;
}

static unsigned long global_numa_state(enum numa_stat_item item)
{
	unsigned long sum = 0;
	int nid;

	for_each_online_node(nid)
		sum += node_numa_state(NODE_DATA(nid), item);
	return sum;
}

void all_vm_events(unsigned long *events)
{
	int cpu;

	for (int i = 0; i < NR_VM_EVENT_ITEMS; i++) {
		events[i] = 0;
		for_each_online_cpu(cpu)
			events[i] += READ_ONCE(per_cpu(vm_event_states, cpu)[i]);
	}
}

unsigned long zone_pcp_pages(struct zone *zone)
{
	unsigned long sum = 0;
	int cpu;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(zone->pcp[cpu].count);
	return sum;
}

/* @name NULL: a thing that Brink does not count */
static void show_line(struct seq_file *m, const char *name, unsigned long value)
{
	if (!name)
		return;
	seq_puts(m, name);
	seq_put_decimal_ull(m, " ", value);
	seq_putc(m, '\n');
}

static int show_vmstat(struct seq_file *m)
{
	unsigned long events[NR_VM_EVENT_ITEMS], background, limit;

	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		show_line(m, zone_stat_names[i], global_zone_page_state(i));
	for (int i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		show_line(m, numa_stat_names[i], global_numa_state(i));
	for (int i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		show_line(m, node_stat_names[i], global_node_page_state(i));
	global_dirty_limits(&background, &limit);
	show_line(m, "nr_dirty_threshold", limit);
	show_line(m, "nr_dirty_background_threshold", background);
	all_vm_events(events);
	events[PGPGIN] /= 2;		/* counted in sectors, shown in kB */
	events[PGPGOUT] /= 2;
	for (int i = 0; i < NR_VM_EVENT_ITEMS; i++)
		show_line(m, event_names[i], events[i]);
	return 0;
}
CTL_FILE("/proc/vmstat", .mode = 0444, .show = show_vmstat);
