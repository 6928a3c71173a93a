/*
 * show_mem.c - Mem-Info: where all the memory is, at the moment it ran out.
 *
 * Idea:   first the sums in pages, then each node in kB, each zone with its
 *         marks, each zone's free blocks by order; swap; and the totals. Lines,
 *         order and units are Linux 6.1's (i386, one node).
 * Locks:  LOCK_ZONE while a zone's blocks are counted.
 * Above:  oom_kill.c, page_slowpath.c's warning, sysrq m.
 *         In Linux: mm/page_alloc.c's show_free_areas, lib/show_mem.c.
 */
#include "mm/show_mem.h"

#include "kernel/lib/printk.h"
#include "mm/cpuset.h"
#include "mm/page_alloc.h"
#include "mm/swap_state.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

#define K(pages) ((pages) << (PAGE_SHIFT - 10))

/* Composite names first: what they cover is not named again. Linux's list. */
static const struct { gfp_t mask; const char *name; } gfp_names[] = {
	{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
	{ GFP_HIGHUSER, "GFP_HIGHUSER" },
	{ GFP_USER, "GFP_USER" },
	{ GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT" },
	{ GFP_KERNEL, "GFP_KERNEL" },
	{ GFP_NOFS, "GFP_NOFS" },
	{ GFP_ATOMIC, "GFP_ATOMIC" },
	{ GFP_NOIO, "GFP_NOIO" },
	{ GFP_NOWAIT, "GFP_NOWAIT" },
	{ __GFP_DMA, "GFP_DMA" },
	{ __GFP_HIGHMEM, "__GFP_HIGHMEM" },
	{ __GFP_DMA32, "GFP_DMA32" },
	{ __GFP_HIGH, "__GFP_HIGH" },
	{ __GFP_ATOMIC, "__GFP_ATOMIC" },
	{ __GFP_IO, "__GFP_IO" },
	{ __GFP_FS, "__GFP_FS" },
	{ __GFP_NOWARN, "__GFP_NOWARN" },
	{ __GFP_RETRY_MAYFAIL, "__GFP_RETRY_MAYFAIL" },
	{ __GFP_NOFAIL, "__GFP_NOFAIL" },
	{ __GFP_NORETRY, "__GFP_NORETRY" },
	{ __GFP_COMP, "__GFP_COMP" },
	{ __GFP_ZERO, "__GFP_ZERO" },
	{ __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC" },
	{ __GFP_MEMALLOC, "__GFP_MEMALLOC" },
	{ __GFP_HARDWALL, "__GFP_HARDWALL" },
	{ __GFP_THISNODE, "__GFP_THISNODE" },
	{ __GFP_RECLAIMABLE, "__GFP_RECLAIMABLE" },
	{ __GFP_MOVABLE, "__GFP_MOVABLE" },
	{ __GFP_ACCOUNT, "__GFP_ACCOUNT" },
	{ __GFP_WRITE, "__GFP_WRITE" },
	{ __GFP_RECLAIM, "__GFP_RECLAIM" },
	{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
	{ __GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM" },
};

void print_gfp_mask(char *buf, size_t size, gfp_t gfp)
{
	int len = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(gfp_names) && gfp; i++) {
		if ((gfp & gfp_names[i].mask) != gfp_names[i].mask)
			continue;
		gfp &= ~gfp_names[i].mask;
		len += scnprintf(buf + len, size - len, "%s%s", len ? "|" : "", gfp_names[i].name);
	}
	if (gfp)
		scnprintf(buf + len, size - len, "%s%#x", len ? "|" : "", gfp);
}

static void show_sums(void)
{
	unsigned long pcp = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		pcp += zone_pcp_pages(zone);
	pr_warn("active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n"
		" active_file:%lu inactive_file:%lu isolated_file:%lu\n"
		" unevictable:%lu dirty:%lu writeback:%lu\n"
		" slab_reclaimable:%lu slab_unreclaimable:%lu\n"
		" mapped:%lu shmem:%lu pagetables:%lu\n"
		" sec_pagetables:0 bounce:0\n"
		" kernel_misc_reclaimable:0\n"
		" free:%lu free_pcp:%lu free_cma:0\n",
		global_node_page_state(NR_ACTIVE_ANON), global_node_page_state(NR_INACTIVE_ANON),
		global_node_page_state(NR_ISOLATED_ANON), global_node_page_state(NR_ACTIVE_FILE),
		global_node_page_state(NR_INACTIVE_FILE), global_node_page_state(NR_ISOLATED_FILE),
		global_node_page_state(NR_UNEVICTABLE), global_node_page_state(NR_FILE_DIRTY),
		global_node_page_state(NR_WRITEBACK), global_node_page_state(NR_SLAB_RECLAIMABLE),
		global_node_page_state(NR_SLAB_UNRECLAIMABLE),
		global_node_page_state(NR_FILE_MAPPED), global_node_page_state(NR_SHMEM),
		global_node_page_state(NR_PAGETABLE), global_zone_page_state(NR_FREE_PAGES), pcp);
}

static unsigned long node_kb(pg_data_t *pgdat, enum node_stat_item item)
{
	return K(node_page_state(pgdat, item));
}

static void show_node(pg_data_t *p)
{
	pr_warn("Node %d active_anon:%lukB inactive_anon:%lukB active_file:%lukB "
		"inactive_file:%lukB unevictable:%lukB "
		"isolated(anon):%lukB isolated(file):%lukB mapped:%lukB dirty:%lukB "
		"writeback:%lukB shmem:%lukB "
		"shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 0kB writeback_tmp:0kB "
		"kernel_stack:%lukB "
		"pagetables:%lukB sec_pagetables:0kB all_unreclaimable? %s\n",
		p->node_id, node_kb(p, NR_ACTIVE_ANON), node_kb(p, NR_INACTIVE_ANON),
		node_kb(p, NR_ACTIVE_FILE), node_kb(p, NR_INACTIVE_FILE),
		node_kb(p, NR_UNEVICTABLE), node_kb(p, NR_ISOLATED_ANON),
		node_kb(p, NR_ISOLATED_FILE), node_kb(p, NR_FILE_MAPPED), node_kb(p, NR_FILE_DIRTY),
		node_kb(p, NR_WRITEBACK), node_kb(p, NR_SHMEM),
		node_page_state(p, NR_KERNEL_STACK_KB), node_kb(p, NR_PAGETABLE),
		pgdat_all_unreclaimable(p) ? "yes" : "no");
}

static unsigned long zone_kb(struct zone *zone, enum zone_stat_item item)
{
	return K(zone_page_state(zone, item));
}

/* "Node 1 Normal" where there are several nodes; the i386 reports that Brink's are read beside have one. */
static const char *zone_title(const struct zone *z, char *buf, size_t size)
{
	if (nr_online_nodes > 1)
		scnprintf(buf, size, "Node %d %s", z->node, z->name);
	else
		scnprintf(buf, size, "%s", z->name);
	return buf;
}

static void show_zone(struct zone *z)
{
	char line[80], title[24];
	int len = 0;

	pr_warn("%s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB "
		"reserved_highatomic:%luKB active_anon:%lukB "
		"inactive_anon:%lukB active_file:%lukB inactive_file:%lukB unevictable:%lukB "
		"writepending:%lukB "
		"present:%lukB managed:%lukB mlocked:%lukB bounce:0kB free_pcp:%lukB "
		"local_pcp:%ukB free_cma:0kB\n",
		zone_title(z, title, sizeof(title)), zone_kb(z, NR_FREE_PAGES), K(z->watermark_boost), K(min_wmark_pages(z)),
		K(low_wmark_pages(z)), K(high_wmark_pages(z)), K(z->nr_reserved_highatomic),
		zone_kb(z, NR_ZONE_ACTIVE_ANON), zone_kb(z, NR_ZONE_INACTIVE_ANON),
		zone_kb(z, NR_ZONE_ACTIVE_FILE), zone_kb(z, NR_ZONE_INACTIVE_FILE),
		zone_kb(z, NR_ZONE_UNEVICTABLE), zone_kb(z, NR_ZONE_WRITE_PENDING),
		K(z->present_pages), K((unsigned long)z->managed_pages), zone_kb(z, NR_MLOCK),
		K(zone_pcp_pages(z)), K(z->pcp[smp_processor_id()].count));
	for (int i = 0; i < MAX_NR_ZONES; i++)
		len += scnprintf(line + len, sizeof(line) - len, " %ld", z->lowmem_reserve[i]);
	pr_warn("lowmem_reserve[]:%s\n", line);
}

/*
 * "3*4kB (UME) ": how many free blocks of @order, and in which types' lists. Returns the bytes
 * written.
 */
static int format_order(char *buf, size_t size, struct zone *zone, unsigned int order)
{
	static const char letters[MIGRATE_TYPES] = { 'U', 'M', 'E', 'H' };
	const struct free_area *area = &zone->free_area[order];
	int len = scnprintf(buf, size, "%lu*%lukB ", area->nr_free, K(1UL) << order);
	char types[MIGRATE_TYPES + 1], *t = types;

	if (!area->nr_free)
		return len;
	for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
		if (!list_empty(&area->free_list[mt]))
			*t++ = letters[mt];
	*t = '\0';
	return len + scnprintf(buf + len, size - len, "(%s) ", types);
}

static void show_zone_blocks(struct zone *zone)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock), total = 0;
	char line[320], title[24];
	int len = 0;

	for (unsigned int o = 0; o < MAX_ORDER; o++) {
		len += format_order(line + len, sizeof(line) - len, zone, o);
		total += zone->free_area[o].nr_free << o;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	pr_warn("%s: %s= %lukB\n", zone_title(zone, title, sizeof(title)), line, K(total));
}

static void show_swap_cache_info(void)
{
	pr_warn("%lu pages in swap cache\n", total_swapcache_pages());
	pr_warn("Free swap  = %ldkB\n", K((long)get_nr_swap_pages()));
	pr_warn("Total swap = %lukB\n", K(total_swap_pages));
}

static void show_totals(void)
{
	unsigned long total = 0, high = 0, managed = 0;
	struct zone *zone;

	for_each_populated_zone(zone) {
		total += zone->present_pages;
		managed += zone->managed_pages;
		if (is_highmem(zone))
			high += zone->present_pages;
	}
	pr_warn("%lu pages RAM\n", total);
	pr_warn("%lu pages HighMem/MovableOnly\n", high);
	pr_warn("%lu pages reserved\n", total - managed);
	pr_warn("0 pages hwpoisoned\n");
}

/* Has @pgdat a zone that the request could have used? Else its lines would say nothing. */
static bool highest_has_pages(pg_data_t *pgdat, enum zone_type highest)
{
	for (int i = 0; i <= (int)highest; i++)
		if (managed_zone(&pgdat->node_zones[i]))
			return true;
	return false;
}

void show_mem(unsigned int filter, const nodemask_t *nodemask, gfp_t gfp)
{
	nodemask_t nodes = online_nodes();
	enum zone_type highest = gfp_zone(gfp);
	struct zone *zone;
	int nid;

	if (filter)
		nodes = nodemask ? *nodemask : cpuset_current_mems_allowed();

	pr_warn("Mem-Info:\n");
	show_sums();
	for_each_node_mask(nid, nodes)
		if (highest_has_pages(NODE_DATA(nid), highest))
			show_node(NODE_DATA(nid));
	for_each_populated_zone(zone)
		if (zone_idx(zone) <= highest && node_isset(zone->node, nodes))
			show_zone(zone);
	for_each_populated_zone(zone)
		if (zone_idx(zone) <= highest && node_isset(zone->node, nodes))
			show_zone_blocks(zone);
	for_each_node_mask(nid, nodes)
		pr_warn("Node %d hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
			"hugepages_size=2048kB\n",
			nid);
	pr_warn("%lu total pagecache pages\n", global_node_page_state(NR_FILE_PAGES));
	show_swap_cache_info();
	show_totals();
}
