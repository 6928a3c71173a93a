/*
 * zoneinfo.c - /proc/zoneinfo, /proc/buddyinfo and /proc/pagetypeinfo: the zones as page_alloc.c
 * sees them.
 *
 * Locks:  LOCK_ZONE, while the blocks of a list are counted; else none.
 * Above:  kernel/fs serves the files.   In Linux: mm/vmstat.c.
 */
#include "kernel/lib/ctlfile.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

static void show_protection(struct seq_file *m, const struct zone *zone)
{
	seq_printf(m, "\n        protection: (%ld", zone->lowmem_reserve[0]);
	for (int i = 1; i < MAX_NR_ZONES; i++)
		seq_printf(m, ", %ld", zone->lowmem_reserve[i]);
	seq_putc(m, ')');
}

static void show_pagesets(struct seq_file *m, struct zone *zone)
{
	int cpu;

	seq_puts(m, "\n  pagesets");
	for_each_online_cpu(cpu) {
		const struct per_cpu_pages *pcp = &zone->pcp[cpu];

		seq_printf(m,
			   "\n    cpu: %i\n              count: %i\n              high:  %i\n      "
			   "        batch: %i",
			   cpu, pcp->count, pcp->high, pcp->batch);
		seq_printf(m, "\n  vm stats threshold: %d", zone->stat_threshold);
	}
}

static void show_zone(struct seq_file *m, struct zone *zone, bool with_node)
{
	pg_data_t *pgdat = zone->zone_pgdat;

	seq_printf(m, "Node %d, zone %8s", pgdat->node_id, zone->name);
	if (with_node) {
		seq_puts(m, "\n  per-node stats");
		for (int i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
			if (node_stat_names[i])
				seq_printf(m, "\n      %-12s %lu", node_stat_names[i],
					   node_page_state(pgdat, i));
	}
	seq_printf(m,
		   "\n  pages free     %lu\n        boost    %lu\n        min      %lu\n        "
		   "low      %lu"
		   "\n        high     %lu\n        spanned  %lu\n        present  %lu\n        "
		   "managed  %lu",
		   zone_page_state(zone, NR_FREE_PAGES), zone->watermark_boost,
		   min_wmark_pages(zone), low_wmark_pages(zone), high_wmark_pages(zone),
		   zone->spanned_pages, zone->present_pages, (unsigned long)zone->managed_pages);
	show_protection(m, zone);
	if (!zone->present_pages) {
		seq_putc(m, '\n');
		return;
	}
	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		seq_printf(m, "\n      %-12s %lu", zone_stat_names[i], zone_page_state(zone, i));
	for (int i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		seq_printf(m, "\n      %-12s %lu", numa_stat_names[i], zone_numa_state(zone, i));
	show_pagesets(m, zone);
	seq_printf(m, "\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n",
		   pgdat_all_unreclaimable(pgdat), zone->zone_start_pfn);
}

static int show_zoneinfo(struct seq_file *m)
{
	int nid;

	for_each_online_node(nid) {
		bool first = true;

		for (int i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			show_zone(m, zone, first && zone->present_pages);
			first = first && !zone->present_pages;
		}
	}
	return 0;
}
CTL_FILE("/proc/zoneinfo", .mode = 0444, .show = show_zoneinfo);

static int show_buddyinfo(struct seq_file *m)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		seq_printf(m, "Node %d, zone %8s ", zone->node, zone->name);
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			seq_printf(m, "%6lu ", READ_ONCE(zone->free_area[o].nr_free));
		seq_putc(m, '\n');
	}
	return 0;
}
CTL_FILE("/proc/buddyinfo", .mode = 0444, .show = show_buddyinfo);

static const char *const type_names[MIGRATE_TYPES] = { "Unmovable", "Movable", "Reclaimable",
						       "HighAtomic" };

static unsigned long count_blocks(struct zone *zone, unsigned int order, int mt)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock), n = 0;
	struct list_head *pos;

	list_for_each(pos, &zone->free_area[order].free_list[mt])
		n++;
	spin_unlock_irqrestore(&zone->lock, flags);
	return n;
}

static void show_pageblocks(struct seq_file *m, struct zone *zone)
{
	unsigned long n[MIGRATE_TYPES] = { 0 };
	unsigned long first = zone->zone_start_pfn >> PAGEBLOCK_ORDER;
	unsigned long last = (zone->zone_start_pfn + zone->spanned_pages - 1) >> PAGEBLOCK_ORDER;

	for (unsigned long b = first; b <= last; b++)
		if (pfn_valid(MAX(b << PAGEBLOCK_ORDER, zone->zone_start_pfn)))
			n[zone->pageblock_types[b - first]]++;
	seq_printf(m, "Node %d, zone %8s ", zone->node, zone->name);
	for (int mt = 0; mt < MIGRATE_TYPES; mt++)
		seq_printf(m, "%12lu ", n[mt]);
	seq_putc(m, '\n');
}

static int show_pagetypeinfo(struct seq_file *m)
{
	struct zone *zone;

	seq_printf(m, "Page block order: %d\nPages per block:  %lu\n\n", PAGEBLOCK_ORDER,
		   PAGEBLOCK_PAGES);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		seq_printf(m, "%6u ", o);
	seq_putc(m, '\n');
	for_each_populated_zone(zone)
		for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
			seq_printf(m, "Node %4d, zone %8s, type %12s ", zone->node, zone->name,
				   type_names[mt]);
			for (unsigned int o = 0; o < MAX_ORDER; o++)
				seq_printf(m, "%6lu ", count_blocks(zone, o, mt));
			seq_putc(m, '\n');
		}
	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (int mt = 0; mt < MIGRATE_TYPES; mt++)
		seq_printf(m, "%12s ", type_names[mt]);
	seq_putc(m, '\n');
	for_each_populated_zone(zone)
		show_pageblocks(m, zone);
	return 0;
}
CTL_FILE("/proc/pagetypeinfo", .mode = 0400, .show = show_pagetypeinfo);
