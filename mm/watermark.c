/*
 * watermark.c - how much of each zone is kept free, and for whom.
 *
 * Idea:   three marks a zone. Below low kswapd is woken, and works up to high;
 *         below min only those may take pages who help to free some.
 *
 *            min_free_kbytes = 4 * sqrt(low memory in kB), shared out to the
 *                              low zones by size as min
 *            HighMem's min   = its size / 1024, within 32 … 128 pages
 *            low, high       = min + 1, 2 × max(min/4, size × scale_factor/10000)
 *
 *         On top of a mark comes lowmem_reserve: a request that could have had a
 *         page of a higher zone leaves so many in the lower one
 *         (pages of the zones between / lowmem_reserve_ratio).
 * Locks:  LOCK_ZONE while a zone's marks change; readers take what they see.
 * Above:  page_alloc.c, vmscan.c.   In Linux: mm/page_alloc.c. All numbers are Linux 6.1's.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "mm/int_sqrt.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmstat.h"

int min_free_kbytes = 1024, watermark_scale_factor = 10, watermark_boost_factor = 15000;
int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES] = { 256, 32, 0, 0 };
static int user_min_free_kbytes = -1;
static int percpu_pagelist_high_fraction;

static unsigned long clamp_ul(unsigned long v, unsigned long low, unsigned long high)
{
	return MIN(MAX(v, low), high);
}

/*
 * zone_watermark_ok_free: would @free pages of @z still do after taking a block of @order?
 * => @alloc_flags: HIGH may use half of what lies under @mark, HARDER a quarter of the rest, OOM
 * half of it
 */
bool zone_watermark_ok_free(struct zone *z, unsigned int order, unsigned long mark,
			    int highest_zoneidx, unsigned int alloc_flags, long free)
{
	long min = mark;

	free -= (1L << order) - 1;
	if (alloc_flags & ALLOC_HIGH)
		min -= min / 2;
	if (alloc_flags & ALLOC_OOM)
		min -= min / 2;
	else if (alloc_flags & ALLOC_HARDER)
		min -= min / 4;
	if (free <= min + z->lowmem_reserve[highest_zoneidx])
		return false;
	if (!order)
		return true;
	for (unsigned int o = order; o < MAX_ORDER; o++)
		if (z->free_area[o].nr_free)
			return true;
	return false;
}

bool zone_watermark_ok(struct zone *z, unsigned int order, unsigned long mark, int highest_zoneidx,
		       unsigned int alloc_flags)
{
	return zone_watermark_ok_free(z, order, mark, highest_zoneidx, alloc_flags,
				      zone_page_state(z, NR_FREE_PAGES));
}

bool boost_watermark(struct zone *zone)
{
	unsigned long max;

	if (!watermark_boost_factor || PAGEBLOCK_PAGES * 4 > zone->managed_pages)
		return false;
	max = zone->watermark[WMARK_HIGH] * watermark_boost_factor / 10000;
	if (!max)		/* boot: no marks yet */
		return false;
	max = MAX(PAGEBLOCK_PAGES, max);
	zone->watermark_boost = MIN(zone->watermark_boost + PAGEBLOCK_PAGES, max);
	return true;
}

unsigned long totalreserve_pages(void)
{
	unsigned long sum = 0;
	int nid;

	for_each_online_node(nid)
		sum += NODE_DATA(nid)->totalreserve_pages;
	return sum;
}

/* What a zone keeps at most: its largest lowmem_reserve and its high mark. */
static void calculate_totalreserve_pages(void)
{
	int nid;

	for_each_online_node(nid) {
		unsigned long sum = 0;

		for (int i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];
			long max = 0;

			for (int j = i; j < MAX_NR_ZONES; j++)
				max = MAX(max, zone->lowmem_reserve[j]);
			sum += MIN((unsigned long)max + high_wmark_pages(zone),
				   (unsigned long)zone->managed_pages);
		}
		NODE_DATA(nid)->totalreserve_pages = sum;
	}
}

static void setup_per_zone_lowmem_reserve(void)
{
	int nid;

	for_each_online_node(nid) {
		struct zone *zones = NODE_DATA(nid)->node_zones;

		for (int i = 0; i < MAX_NR_ZONES - 1; i++) {
			int ratio = sysctl_lowmem_reserve_ratio[i];
			bool none = ratio < 1 || !managed_zone(&zones[i]);
			unsigned long above = 0;

			for (int j = i + 1; j < MAX_NR_ZONES; j++) {
				above += zones[j].managed_pages;
				zones[i].lowmem_reserve[j] = none ? 0 : above / ratio;
			}
		}
	}
	calculate_totalreserve_pages();
}

/*
 * How many pages a CPU takes or gives at a time: about a quarter of a thousandth, 2^n - 1 (Linux:
 * cache colours).
 */
static int zone_batchsize(const struct zone *zone)
{
	unsigned long batch =
		MIN((unsigned long)zone->managed_pages >> 10, (1UL << 20) / PAGE_SIZE) / 4;

	batch = MAX(batch, 1UL);
	return MAX((int)rounddown_pow_of_two(batch + batch / 2) - 1, 1);
}

/* How many a CPU may keep: together as many as lie below the low mark. */
static int zone_highsize(const struct zone *zone, int batch)
{
	unsigned long total = percpu_pagelist_high_fraction
		? zone->managed_pages / percpu_pagelist_high_fraction
		: low_wmark_pages(zone);

	total /= nr_cpus ? nr_cpus : 1;
	return MAX((int)total, batch << 2);
}

static void zone_pcp_update(struct zone *zone)
{
	int batch = zone_batchsize(zone), high = zone_highsize(zone, batch);

	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		WRITE_ONCE(zone->pcp[cpu].batch, batch);
		WRITE_ONCE(zone->pcp[cpu].high, high);
	}
}

static unsigned long lowmem_managed(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		if (!is_highmem(zone))
			sum += zone->managed_pages;
	return MAX(sum, 1UL);
}

static void setup_zone_wmarks(struct zone *zone, unsigned long pages_min, unsigned long lowmem)
{
	unsigned long share = pages_min * zone->managed_pages / lowmem, step, flags;

	flags = spin_lock_irqsave(&zone->lock);
	if (is_highmem(zone))	/* reclaim needs none of it, so a token will do */
		zone->watermark[WMARK_MIN] =
			clamp_ul(zone->managed_pages / 1024, SWAP_CLUSTER_MAX_PAGES, 128);
	else
		zone->watermark[WMARK_MIN] = share;
	step = MAX(share / 4, (unsigned long)zone->managed_pages * watermark_scale_factor / 10000);
	zone->watermark_boost = 0;
	zone->watermark[WMARK_LOW] = zone->watermark[WMARK_MIN] + step;
	zone->watermark[WMARK_HIGH] = zone->watermark[WMARK_LOW] + step;
	zone_pcp_update(zone);
	spin_unlock_irqrestore(&zone->lock, flags);
}

void setup_per_zone_wmarks(void)
{
	unsigned long pages_min = min_free_kbytes >> (PAGE_SHIFT - 10), lowmem = lowmem_managed();
	int nid;

	for_each_online_node(nid)
		for (int i = 0; i < MAX_NR_ZONES; i++)
			setup_zone_wmarks(&NODE_DATA(nid)->node_zones[i], pages_min, lowmem);
	calculate_totalreserve_pages();
}

unsigned long nr_free_buffer_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		if (!is_highmem(zone) && zone->managed_pages > zone->watermark[WMARK_HIGH])
			sum += zone->managed_pages - zone->watermark[WMARK_HIGH];
	return sum;
}

/*
 * A difference that a CPU may keep to itself: larger on larger machines, never a watermark's size.
 */
static void refresh_zone_stat_thresholds(void)
{
	struct zone *zone;
	int nid;

	for_each_online_node(nid)
		NODE_DATA(nid)->stat_threshold = 0;
	for_each_populated_zone(zone) {
		int mem = fls64((unsigned long)zone->managed_pages >> (27 - PAGE_SHIFT));

		zone->stat_threshold = MIN(2 * fls(nr_cpus) * (1 + mem), 125);
		zone->zone_pgdat->stat_threshold =
			MAX(zone->zone_pgdat->stat_threshold, zone->stat_threshold);
	}
}

void init_per_zone_wmark_min(void)
{
	unsigned long lowmem_kb = nr_free_buffer_pages() << (PAGE_SHIFT - 10);

	if (user_min_free_kbytes < 0)
		min_free_kbytes = clamp_ul(int_sqrt(lowmem_kb * 16), 128, 262144);
	setup_per_zone_wmarks();
	refresh_zone_stat_thresholds();
	setup_per_zone_lowmem_reserve();
}

/* --- sysctls --- */

static void min_free_kbytes_changed(void)
{
	user_min_free_kbytes = min_free_kbytes;
	setup_per_zone_wmarks();
}

static void lowmem_reserve_ratio_changed(void)
{
	for (int i = 0; i < MAX_NR_ZONES; i++)
		sysctl_lowmem_reserve_ratio[i] = MAX(sysctl_lowmem_reserve_ratio[i], 0);
	setup_per_zone_lowmem_reserve();
}

/* 0 (Linux's own choice), or at least 8: no CPU keeps more than an eighth. */
static int check_high_fraction(long *value)
{
	return *value && *value < 8 ? -EINVAL : 0;
}

static void high_fraction_changed(void)
{
	struct zone *zone;

	for_each_populated_zone(zone)
		zone_pcp_update(zone);
}

CTL_SYSCTL_INT("vm.min_free_kbytes", min_free_kbytes, 0, 0x7fffffff,
	       .after = min_free_kbytes_changed);
CTL_SYSCTL_INT("vm.watermark_scale_factor", watermark_scale_factor, 1, 3000,
	       .after = setup_per_zone_wmarks);
CTL_SYSCTL_INT("vm.watermark_boost_factor", watermark_boost_factor, 0, 0x7fffffff);
CTL_SYSCTL("vm.lowmem_reserve_ratio", .mode = 0644, .type = CTL_INT_ARRAY,
	   .data = sysctl_lowmem_reserve_ratio, .len = MAX_NR_ZONES,
	   .forgiving = true, .after = lowmem_reserve_ratio_changed);
CTL_SYSCTL_INT("vm.percpu_pagelist_high_fraction", percpu_pagelist_high_fraction, 0, 0x7fffffff,
	       .check = check_high_fraction, .after = high_fraction_changed);
