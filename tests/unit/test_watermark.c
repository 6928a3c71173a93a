/*
 * test_watermark.c - mm/watermark.c and page_slowpath.c: how much is kept free, for whom, and what
 *                    is done when that is all there is.
 *
 * Figures of Linux: reference/linux-6.1/15-watermarks-{i386,amd64}.log.
 */
#include "host/host.h"

#include "host/stubs.h"
#include "host/zones.h"
#include "kernel/sched/task.h"
#include "mm/debug.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmstat.h"

/* --- watermarks: Linux's figures --- */

struct marks {
	unsigned long min, low, high;
};

static void assert_marks(const char *what, enum zone_type z, struct marks want)
{
	struct zone *zone = zone_of(z);

	if (zone->watermark[WMARK_MIN] != want.min || zone->watermark[WMARK_LOW] != want.low ||
	    zone->watermark[WMARK_HIGH] != want.high)
		fail_msg("%s, zone %d: min %lu low %lu high %lu, not %lu %lu %lu", what, z,
			 zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
			 zone->watermark[WMARK_HIGH], want.min, want.low, want.high);
}

/* A machine whose zones manage just as many pages as the recorded one's. */
static void boot_as_recorded(unsigned long dma, unsigned long normal, unsigned long high,
			     const char *cmdline)
{
	host_boot(768, cmdline, 1);
	zone_of(ZONE_DMA)->managed_pages = dma;
	zone_of(ZONE_NORMAL)->managed_pages = normal;
	zone_of(ZONE_HIGHMEM)->managed_pages = high;
	setup_per_zone_wmarks();
	host_sysctl("vm.lowmem_reserve_ratio", 3, (long[]){ 256, 32, 0 });
}

/* 15-watermarks-i386.log: 256 MiB of low memory, 512 of high. */
static void marks_of_i386(void **state)
{
	static const struct {
		int min_free;
		struct marks dma, normal, high;
	} cases[] = {
		{ 1024, { 16, 20, 24 }, { 239, 298, 357 }, { 128, 268, 408 } },
		{ 8192, { 131, 163, 195 }, { 1916, 2395, 2874 }, { 128, 1253, 2378 } },
		{ 16384, { 263, 328, 393 }, { 3832, 4790, 5748 }, { 128, 2379, 4630 } },
		{ 65536, { 1055, 1318, 1581 }, { 15328, 19160, 22992 }, { 128, 9134, 18140 } },
	};

	boot_as_recorded(3840, 55767, 131072, "highmem=512M");
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(host_sysctl_set("vm.min_free_kbytes", cases[i].min_free), 0);
		assert_marks("DMA", ZONE_DMA, cases[i].dma);
		assert_marks("Normal", ZONE_NORMAL, cases[i].normal);
		assert_marks("HighMem", ZONE_HIGHMEM, cases[i].high);
	}
}

/* High memory's min is its size / 1024, within 32 and 128 pages. */
static void high_memory_keeps_a_token(void **state)
{
	static const struct {
		unsigned long managed, min;
	} cases[] = {
		{ 0, 32 },	 { 1000, 32 },	  { 40960, 40 },
		{ 130047, 126 }, { 131072, 128 }, { 1UL << 20, 128 },
	};

	boot_as_recorded(3840, 55767, 131072, "highmem=512M");
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		zone_of(ZONE_HIGHMEM)->managed_pages = cases[i].managed;
		setup_per_zone_wmarks();
		assert_int_equal(zone_of(ZONE_HIGHMEM)->watermark[WMARK_MIN], cases[i].min);
	}
}

/* 15-watermarks-amd64.log; its DMA32 is our Normal. */
static void marks_of_amd64(void **state)
{
	static const struct {
		int min_free, scale;
		struct marks dma, normal;
	} cases[] = {
		{ 1024, 10, { 8, 11, 14 }, { 247, 363, 479 } },
		{ 8192, 10, { 65, 81, 97 }, { 1982, 2477, 2972 } },
		{ 131072, 10, { 1047, 1308, 1569 }, { 31720, 39650, 47580 } },
		{ 2743, 10, { 21, 26, 31 }, { 663, 828, 993 } },
		{ 2743, 1, { 21, 26, 31 }, { 663, 828, 993 } },
		{ 2743, 100, { 21, 59, 97 }, { 663, 1825, 2987 } },
		{ 2743, 1000, { 21, 405, 789 }, { 663, 12286, 23909 } },
		{ 2743, 3000, { 21, 1173, 2325 }, { 663, 35532, 70401 } },
	};

	boot_as_recorded(3840, 116231, 0, "highmem=0");
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(host_sysctl_set("vm.watermark_scale_factor", cases[i].scale), 0);
		assert_int_equal(host_sysctl_set("vm.min_free_kbytes", cases[i].min_free), 0);
		assert_marks("DMA", ZONE_DMA, cases[i].dma);
		assert_marks("Normal", ZONE_NORMAL, cases[i].normal);
		assert_marks("HighMem", ZONE_HIGHMEM, (struct marks){ 32, 32, 32 }); /* no pages */
	}
	assert_int_equal(host_sysctl_set("vm.min_free_kbytes", 0), 0);
	assert_int_equal(host_sysctl_set("vm.min_free_kbytes", -1), -22);
	assert_int_equal(host_sysctl_set("vm.watermark_scale_factor", 0), -22);
	assert_int_equal(host_sysctl_set("vm.watermark_scale_factor", 3001), -22);
	assert_int_equal(watermark_scale_factor, 3000);
}

static void reserves_of_i386(void **state)
{
	static const struct {
		long ratio[4];
		unsigned int n;
		long dma[4], normal[4];
	} cases[] = {
		{ { 256, 32, 0, 0 }, 4, { 0, 217, 729, 729 }, { 0, 0, 4096, 4096 } },
		{ { 32, 32, 0, 0 }, 4, { 0, 1742, 5838, 5838 }, { 0, 0, 4096, 4096 } },
		{ { 1, 1, 1, 1 }, 4, { 0, 55767, 186839, 186839 }, { 0, 0, 131072, 131072 } },
		{ { 0, 0, 0, 0 }, 4, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
		{ { 256, 32, 0, 0 }, 4, { 0, 217, 729, 729 }, { 0, 0, 4096, 4096 } },
		{ { 64 }, 1, { 0, 871, 2919, 2919 }, { 0, 0, 4096, 4096 } },
		{ { 64, 16 }, 2, { 0, 871, 2919, 2919 }, { 0, 0, 8192, 8192 } },
	};

	boot_as_recorded(3840, 55767, 131072, "highmem=512M");
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(host_sysctl("vm.lowmem_reserve_ratio", cases[i].n, cases[i].ratio),
				 0);
		for (int j = 0; j < MAX_NR_ZONES; j++) {
			assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[j], cases[i].dma[j]);
			assert_int_equal(zone_of(ZONE_NORMAL)->lowmem_reserve[j],
					 cases[i].normal[j]);
			assert_int_equal(zone_of(ZONE_HIGHMEM)->lowmem_reserve[j], 0);
		}
	}
	assert_non_null(strstr(host_read("/proc/zoneinfo"), "protection: (0, 871, 2919, 2919)"));
	host_sysctl("vm.lowmem_reserve_ratio", 3, (long[]){ -5, -5, -5 }); /* as 0 */
	assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[2], 0);
}

/* min_free_kbytes = sqrt(16 x low memory in kB), within 128 kB and 256 MiB; high memory does not
 * count. */
static void min_free_follows_low_memory(void **state)
{
	static const struct {
		unsigned long dma, normal, high;
		int min_free;
	} cases[] = {
		{ 3840, 113724, 0, 2743 }, /* what amd64 had when it computed that */
		{ 3840, 54420, 131072, 1930 }, { 200, 50, 131072, 128 }, /* sqrt(16000) = 126 */
		{ 3840, 1UL << 20, 0, 8206 },  { 3840, 1UL << 34, 0, 262144 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		host_reset(NULL);
		host_boot(768, "highmem=512M", 1);
		for (int z = 0; z < MAX_NR_ZONES; z++)
			zone_of(z)->watermark[WMARK_HIGH] = 0;
		zone_of(ZONE_DMA)->managed_pages = cases[i].dma;
		zone_of(ZONE_NORMAL)->managed_pages = cases[i].normal;
		zone_of(ZONE_HIGHMEM)->managed_pages = cases[i].high;
		init_per_zone_wmark_min();
		assert_int_equal(min_free_kbytes, cases[i].min_free);
	}
	host_sysctl_set("vm.min_free_kbytes", 5000); /* once set by hand it stays */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 5000);
}

/* "high: 828, batch: 31" of amd64's zone with low 828 and one CPU; "high: 26, batch: 1" of its DMA.
 */
static void stock_sizes_of_amd64(void **state)
{
	boot_as_recorded(3840, 116231, 0, "highmem=0");
	host_sysctl_set("vm.min_free_kbytes", 2743);
	assert_int_equal(zone_of(ZONE_NORMAL)->pcp[0].high, 828);
	assert_int_equal(zone_of(ZONE_NORMAL)->pcp[0].batch, 31);
	assert_int_equal(zone_of(ZONE_DMA)->pcp[0].high, 26);
	assert_int_equal(zone_of(ZONE_DMA)->pcp[0].batch, 1);
	assert_int_equal(host_sysctl_set("vm.percpu_pagelist_high_fraction", 8), 0);
	assert_int_equal(zone_of(ZONE_NORMAL)->pcp[0].high, 116231 / 8);
	assert_int_equal(host_sysctl_set("vm.percpu_pagelist_high_fraction", 7), -22);
	assert_int_equal(host_sysctl_set("vm.percpu_pagelist_high_fraction", 0), 0);
	assert_int_equal(zone_of(ZONE_NORMAL)->pcp[0].high, 828);
}

static void reserved_pages_add_up(void **state)
{
	unsigned long sum = 0;

	boot_as_recorded(3840, 55767, 131072, "highmem=512M");
	host_sysctl_set("vm.min_free_kbytes", 1024);
	sum = (729 + 24) + (4096 + 357) + 408; /* largest reserve and high mark of each */
	assert_int_equal(totalreserve_pages(), sum);
	assert_int_equal(nr_free_buffer_pages(), 3840 - 24 + 55767 - 357);
}

/* --- who gets what, and who does not --- */

/* Single pages until there are no more; their zones in the order they came, "HNDHND". */
static unsigned long drain(gfp_t gfp, char *order)
{
	unsigned long n = 0;
	struct page *page;
	char last = 0, *p = order;

	while ((page = alloc_page(gfp))) {
		char now = "DNH"[page_zonenum(page)];

		if (now != last && p - order < 30)
			*p++ = last = now;
		n++;
	}
	*p = '\0';
	return n;
}

/* Who asked for zone @highest is not served from @z any more, with so much of min left to him. */
static void assert_at_mark(enum zone_type z, enum zone_type highest, long mark)
{
	long limit = mark + zone_of(z)->lowmem_reserve[highest], free = free_of(z);

	if (free > limit || free + zone_of(z)->pcp[0].batch < limit)
		fail_msg("zone %d for %d: %ld pages free, the limit is %ld", z, highest, free,
			 limit);
}

/* Mixing page types raises the marks for a while; not here, where they are measured. */
static void no_boost(void)
{
	assert_int_equal(host_sysctl_set("vm.watermark_boost_factor", 0), 0);
}

static void zones_from_the_top_down(void **state)
{
	char order[32];
	long min[MAX_NR_ZONES];

	host_boot(128, "highmem=64M", 1);
	no_boost();
	for (int z = 0; z < MAX_NR_ZONES; z++)
		min[z] = zone_of(z)->watermark[WMARK_MIN];
	/* First to the low marks, then (slow path) to the min marks. */
	assert_int_not_equal(drain(USER_NOWAIT, order), 0);
	assert_string_equal(order, "HNDHND");
	for (int z = 0; z <= ZONE_HIGHMEM; z++)
		assert_at_mark(z, ZONE_MOVABLE, min[z]);
	/* What was kept from users is there for the kernel. */
	assert_true(zone_of(ZONE_NORMAL)->lowmem_reserve[ZONE_HIGHMEM] >= 16384 / 32);
	assert_true(drain(ANY_NOWAIT, order) >= 16384 / 32);
	assert_memory_equal(order, "ND", 2);
	assert_null(strchr(order, 'H'));
	assert_at_mark(ZONE_NORMAL, ZONE_NORMAL, min[ZONE_NORMAL]);
	assert_at_mark(ZONE_DMA, ZONE_NORMAL, min[ZONE_DMA]);
	/* And some of DMA for those who need DMA. */
	assert_int_not_equal(drain(ANY_NOWAIT | __GFP_DMA, order), 0);
	assert_string_equal(order, "D");
	assert_at_mark(ZONE_DMA, ZONE_DMA, min[ZONE_DMA]);
	assert_null(alloc_page(USER_NOWAIT));
	check_free_lists();
}

static void the_reserve_below_min(void **state)
{
	char order[32];
	long min;

	host_boot(128, "highmem=0", 1);
	no_boost();
	min = zone_of(ZONE_NORMAL)->watermark[WMARK_MIN];
	drain(ANY_NOWAIT, order);
	assert_at_mark(ZONE_NORMAL, ZONE_NORMAL, min);
	drain(ANY_NOWAIT | __GFP_HIGH, order);
	assert_at_mark(ZONE_NORMAL, ZONE_NORMAL, min - min / 2);
	drain(GFP_ATOMIC | __GFP_NOWARN, order);
	assert_at_mark(ZONE_NORMAL, ZONE_NORMAL, min - min / 2 - (min - min / 2) / 4);
	/* An OOM victim: half of min. With GFP_HIGH half of that: already gone. */
	set_tif(current, TIF_MEMDIE);
	assert_null(alloc_page(ANY_NOWAIT));
	drain(ANY_NOWAIT | __GFP_HIGH, order);
	clear_tif(current, TIF_MEMDIE);
	/* Whoever frees memory gets all of it; unless he says no. */
	current->flags |= PF_MEMALLOC;
	assert_true(gfp_pfmemalloc_allowed(ANY_NOWAIT));
	assert_false(gfp_pfmemalloc_allowed(ANY_NOWAIT | __GFP_NOMEMALLOC));
	assert_null(alloc_page(ANY_NOWAIT | __GFP_NOMEMALLOC));
	assert_int_not_equal(drain(ANY_NOWAIT, order), 0);
	current->flags &= ~PF_MEMALLOC;
	assert_int_equal(free_of(ZONE_NORMAL) + free_of(ZONE_DMA), 0);
	check_free_lists();
}

static void an_oom_victim_gets_half_of_min(void **state)
{
	char order[32];
	long min;

	host_boot(128, "highmem=0", 1);
	no_boost();
	min = zone_of(ZONE_NORMAL)->watermark[WMARK_MIN];
	drain(ANY_NOWAIT, order);
	set_tif(current, TIF_MEMDIE);
	assert_int_not_equal(drain(ANY_NOWAIT, order), 0);
	clear_tif(current, TIF_MEMDIE);
	assert_at_mark(ZONE_NORMAL, ZONE_NORMAL, min - min / 2);
}

static void large_blocks_need_a_large_block(void **state)
{
	struct page *keep[4096];
	unsigned int n = 0;
	struct zone *normal;

	host_boot(64, "highmem=0", 1);
	normal = zone_of(ZONE_NORMAL);
	assert_true(zone_watermark_ok(normal, 10, normal->watermark[WMARK_LOW], ZONE_NORMAL, 0));
	/* Half of all memory is free, but every other page is not. */
	for (struct page *p; n < 4096 && (p = alloc_page(ANY_NOWAIT));)
		keep[n++] = p;
	for (unsigned int i = 0; i < n; i++)
		if (page_to_pfn(keep[i]) & 1)
			__free_page(keep[i]);
	drain_all_pages();
	assert_true(free_of(ZONE_NORMAL) > 1500);
	if (normal->free_area[4].nr_free == 0)
		assert_false(zone_watermark_ok(normal, 4, 0, ZONE_NORMAL, 0));
	assert_true(zone_watermark_ok(normal, 0, normal->watermark[WMARK_LOW], ZONE_NORMAL, 0));
	/* Free pages count less the block itself. */
	assert_false(zone_watermark_ok(normal, 0, free_of(ZONE_NORMAL), ZONE_NORMAL, 0));
	assert_true(zone_watermark_ok(normal, 0, free_of(ZONE_NORMAL) - 1, ZONE_NORMAL, 0));
}

/* --- the slow path --- */

static struct page *spare[64];
static unsigned int nr_spare;

static void free_spare(void)
{
	while (nr_spare)
		__free_page(spare[--nr_spare]);
	drain_all_pages();
}

/* Gets little, and at the third call enough. */
static unsigned long reclaim_spare(struct pglist_data *pgdat, int order, gfp_t gfp)
{
	assert_true(current->flags & PF_MEMALLOC); /* its own allocations must not come here */
	if (host_reclaims >= 3)
		free_spare();
	return 1;
}

static unsigned long enough_is_reclaimable(struct zone *zone)
{
	return 1000;
}

static bool kill_spare(struct oom_control *oc)
{
	assert_true(mutex_is_locked(&oom_lock));
	assert_int_equal(oc->order, 0);
	if (host_ooms < 2)
		return true; /* a victim that takes its time */
	free_spare();
	return true;
}

static void exhaust(void)
{
	char order[32];

	host_boot(64, "highmem=0", 1);
	no_boost();
	for (nr_spare = 0; nr_spare < ARRAY_SIZE(spare); nr_spare++)
		spare[nr_spare] = alloc_page(GFP_NOWAIT);
	drain(ANY_NOWAIT, order);
	host_reclaims = host_ooms = host_kswapd_wakes = 0;
	host_reclaim = NULL;
	host_oom = NULL;
	host_reclaimable = NULL;
	host_clear_log();
}

static void nowait_returns_null_and_wakes_kswapd(void **state)
{
	exhaust();
	assert_null(alloc_page(GFP_NOWAIT));
	assert_int_equal(host_reclaims, 0);
	assert_int_equal(host_ooms, 0);
	assert_int_not_equal(host_kswapd_wakes, 0);
	assert_non_null(strstr(
	    host_log(), "swapper/0: page allocation failure: order:0, mode:0x800(GFP_NOWAIT), "
			"nodemask=(null),cpuset=/,mems_allowed=0\n"));
	assert_non_null(strstr(host_log(), "Mem-Info:"));
	host_clear_log();
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	assert_string_equal(host_log(), "");
	host_kswapd_wakes = 0;
	assert_null(alloc_page(__GFP_NOWARN));
	assert_int_equal(host_kswapd_wakes, 0);
}

static void reclaim_is_asked_while_it_helps(void **state)
{
	exhaust();
	host_reclaim = reclaim_spare;
	host_reclaimable = enough_is_reclaimable;
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(host_reclaims, 3);
	assert_int_equal(host_ooms, 0);
	assert_false(current->flags & PF_MEMALLOC);
}

static void hopeless_reclaim_ends_in_a_killing(void **state)
{
	exhaust();
	host_reclaim = NULL;
	host_oom = kill_spare;
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(host_ooms, 2);
	assert_true(host_reclaims >= 2);
	assert_false(mutex_is_locked(&oom_lock));
}

static void nobody_is_killed_for(void **state)
{
	static const struct {
		gfp_t gfp;
		unsigned int order;
		const char *why;
	} cases[] = {
		{ GFP_KERNEL | __GFP_NORETRY, 0, "NORETRY" },
		{ GFP_KERNEL | __GFP_RETRY_MAYFAIL, 0, "RETRY_MAYFAIL" },
		{ GFP_KERNEL, PAGE_ALLOC_COSTLY_ORDER + 1, "a costly order" },
		{ GFP_KERNEL | __GFP_DMA, 0, "DMA" },
		{ GFP_KERNEL | __GFP_THISNODE, 0, "one node" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		char order[32];

		host_reset(NULL);
		exhaust();
		drain(ANY_NOWAIT | __GFP_DMA, order); /* DMA as well */
		if (alloc_pages(cases[i].gfp | __GFP_NOWARN, cases[i].order))
			fail_msg("a page for %s", cases[i].why);
		if (host_ooms || !host_reclaims)
			fail_msg("%s: %u reclaims, %u killings", cases[i].why, host_reclaims,
				 host_ooms);
	}
	exhaust();
	current->flags |= PF_MEMALLOC;
	while (alloc_page(ANY_NOWAIT))
		;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN)); /* reclaim itself: neither */
	assert_int_equal(host_reclaims + host_ooms, 0);
	current->flags &= ~PF_MEMALLOC;
}

static bool kill_at_third(struct oom_control *oc)
{
	if (host_ooms < 3)
		return false;
	free_spare();
	return true;
}

static void nofail_does_not_fail(void **state)
{
	exhaust();
	while (free_of(ZONE_NORMAL) + free_of(ZONE_DMA))
		alloc_page(ANY_NOWAIT | __GFP_MEMALLOC);
	host_oom = kill_at_third;
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_int_equal(host_ooms, 3);
	assert_non_null(strstr(host_log(), "WARNING:")); /* nobody to kill, and it must not fail */
	host_clear_log();
}

static void failures_are_injected_by_seed(void **state)
{
	static char mm; /* never looked at: only whether there is one */
	char first[200], second[200];
	int failed = 0;

	for (int round = 0; round < 2; round++) {
		char *p = round ? second : first;

		host_reset(NULL);
		host_boot(64, "highmem=0 fail_page_alloc=4,77", 1);
		assert_non_null(alloc_page(GFP_KERNEL)); /* kernel threads are spared */
		current->mm = (struct mm_struct *)&mm;
		current->flags &= ~PF_KTHREAD;
		current->pid = 42;
		for (int i = 0; i < 200; i++)
			p[i] = alloc_page(GFP_KERNEL) ? '.' : 'F';
		for (int i = 0; i < 200; i++)
			assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
		for (int i = 0; i < 200; i++)
			assert_non_null(alloc_page(GFP_NOWAIT));
	}
	assert_memory_equal(first, second, sizeof(first));
	for (int i = 0; i < 200; i++)
		failed += first[i] == 'F';
	assert_in_range(failed, 25, 80);
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(marks_of_i386),
		T(high_memory_keeps_a_token),
		T(marks_of_amd64),
		T(reserves_of_i386),
		T(min_free_follows_low_memory),
		T(stock_sizes_of_amd64),
		T(reserved_pages_add_up),
		T(zones_from_the_top_down),
		T(the_reserve_below_min),
		T(an_oom_victim_gets_half_of_min),
		T(large_blocks_need_a_large_block),
		T(nowait_returns_null_and_wakes_kswapd),
		T(reclaim_is_asked_while_it_helps),
		T(hopeless_reclaim_ends_in_a_killing),
		T(nobody_is_killed_for),
		T(nofail_does_not_fail),
		T(failures_are_injected_by_seed),
	};

	return cmocka_run_group_tests_name("watermark", tests, host_init, NULL);
}
