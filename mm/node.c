/*
 * node.c - what /sys/devices/system/node says: numactl's and lscpu's source.
 *
 * Idea:   the sums of /proc/meminfo and /proc/vmstat, of one node; a field whose
 *         feature Brink has not is left out, as there.
 * Locks:  none: sums of counters.
 * Above:  kernel/fs/sysfs_topology.c.   Below: vmstat.c, numa.c.   In Linux: drivers/base/node.c.
 */
#include "mm/node.h"

#include "kernel/x86/page.h"
#include "mm/numa.h"
#include "mm/page_alloc.h"
#include "mm/vmstat.h"

static void line(struct seq_file *m, int nid, const char *label, unsigned long kb)
{
	seq_printf(m, "Node %d %-15s %8lu kB\n", nid, label, kb);
}
static void pages_line(struct seq_file *m, int nid, const char *label, unsigned long pages)
{
	line(m, nid, label, pages << (PAGE_SHIFT - 10));
}
static void stat_line(struct seq_file *m, int nid, const char *label, enum node_stat_item item)
{
	pages_line(m, nid, label, node_page_state(NODE_DATA(nid), item));
}

/* Sums over the node's zones: all of them, or HighMem and above only. */
static unsigned long zones_sum(int nid, enum zone_stat_item item, bool high_only)
{
	unsigned long sum = 0;

	for (int i = high_only ? ZONE_HIGHMEM : 0; i < MAX_NR_ZONES; i++)
		sum += zone_page_state(&NODE_DATA(nid)->node_zones[i], item);
	return sum;
}

static unsigned long managed_sum(int nid, bool high_only)
{
	unsigned long sum = 0;

	for (int i = high_only ? ZONE_HIGHMEM : 0; i < MAX_NR_ZONES; i++)
		sum += NODE_DATA(nid)->node_zones[i].managed_pages;
	return sum;
}

static void show_lru(struct seq_file *m, int nid)
{
	unsigned long n[NR_LRU_LISTS];

	for (int i = 0; i < NR_LRU_LISTS; i++)
		n[i] = node_page_state(NODE_DATA(nid), NR_INACTIVE_ANON + i);
	pages_line(m, nid, "Active:", n[LRU_ACTIVE_ANON] + n[LRU_ACTIVE_FILE]);
	pages_line(m, nid, "Inactive:", n[LRU_INACTIVE_ANON] + n[LRU_INACTIVE_FILE]);
	pages_line(m, nid, "Active(anon):", n[LRU_ACTIVE_ANON]);
	pages_line(m, nid, "Inactive(anon):", n[LRU_INACTIVE_ANON]);
	pages_line(m, nid, "Active(file):", n[LRU_ACTIVE_FILE]);
	pages_line(m, nid, "Inactive(file):", n[LRU_INACTIVE_FILE]);
	pages_line(m, nid, "Unevictable:", n[LRU_UNEVICTABLE]);
	pages_line(m, nid, "Mlocked:", zones_sum(nid, NR_MLOCK, false));
}

int node_show_meminfo(struct seq_file *m, int nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	unsigned long total = managed_sum(nid, false), free = zones_sum(nid, NR_FREE_PAGES, false);
	unsigned long high = managed_sum(nid, true), high_free = zones_sum(nid, NR_FREE_PAGES, true);
	unsigned long reclaimable = node_page_state(pgdat, NR_SLAB_RECLAIMABLE);
	unsigned long unreclaimable = node_page_state(pgdat, NR_SLAB_UNRECLAIMABLE);

	pages_line(m, nid, "MemTotal:", total);
	pages_line(m, nid, "MemFree:", free);
	pages_line(m, nid, "MemUsed:", total - free);
	stat_line(m, nid, "SwapCached:", NR_SWAPCACHE);
	show_lru(m, nid);
	pages_line(m, nid, "HighTotal:", high);
	pages_line(m, nid, "HighFree:", high_free);
	pages_line(m, nid, "LowTotal:", total - high);
	pages_line(m, nid, "LowFree:", free - high_free);
	stat_line(m, nid, "Dirty:", NR_FILE_DIRTY);
	stat_line(m, nid, "Writeback:", NR_WRITEBACK);
	stat_line(m, nid, "FilePages:", NR_FILE_PAGES);
	stat_line(m, nid, "Mapped:", NR_FILE_MAPPED);
	stat_line(m, nid, "AnonPages:", NR_ANON_MAPPED);
	stat_line(m, nid, "Shmem:", NR_SHMEM);
	line(m, nid, "KernelStack:", node_page_state(pgdat, NR_KERNEL_STACK_KB));
	stat_line(m, nid, "PageTables:", NR_PAGETABLE);
	pages_line(m, nid, "KReclaimable:", reclaimable);
	pages_line(m, nid, "Slab:", reclaimable + unreclaimable);
	pages_line(m, nid, "SReclaimable:", reclaimable);
	pages_line(m, nid, "SUnreclaim:", unreclaimable);
	return 0;
}

int node_show_numastat(struct seq_file *m, int nid)
{
	static const char *const names[NR_VM_NUMA_EVENT_ITEMS] = {
		"numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node",
		"other_node",
	};

	for (int i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		seq_printf(m, "%s %lu\n", names[i], node_numa_state(NODE_DATA(nid), i));
	return 0;
}

int node_show_vmstat(struct seq_file *m, int nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);

	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		seq_printf(m, "%s %lu\n", zone_stat_names[i], zones_sum(nid, i, false));
	for (int i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		seq_printf(m, "%s %lu\n", numa_stat_names[i], node_numa_state(pgdat, i));
	for (int i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		if (node_stat_names[i])
			seq_printf(m, "%s %lu\n", node_stat_names[i], node_page_state(pgdat, i));
	return 0;
}

int node_show_distance(struct seq_file *m, int nid)
{
	int other;

	for_each_online_node(other)
		seq_printf(m, "%s%d", other ? " " : "", node_distance(nid, other));
	seq_putc(m, '\n');
	return 0;
}

int node_show_cpulist(struct seq_file *m, int nid)
{
	unsigned long cpus = node_cpumask(nid);

	seq_printf(m, "%*pbl\n", MAX_CPUS, &cpus);
	return 0;
}

void seq_print_mask(struct seq_file *m, u64 mask, int bits)
{
	if (bits > 32)
		seq_printf(m, "%0*lx,%08lx", (bits - 32 + 3) / 4, (unsigned long)(mask >> 32),
			   (unsigned long)(u32)mask);
	else
		seq_printf(m, "%0*lx", (bits + 3) / 4, (unsigned long)mask);
}

int node_show_cpumap(struct seq_file *m, int nid)
{
	seq_print_mask(m, node_cpumask(nid), nr_cpus_possible);
	seq_putc(m, '\n');
	return 0;
}
