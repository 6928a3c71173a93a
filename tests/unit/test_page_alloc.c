/*
 * test_page_alloc.c - mm/page_alloc.c, page_slowpath.c, watermark.c, mm_init.c and memblock.c
 *                     on machines of 64 to 768 MiB in fake RAM.
 *
 * Figures of Linux: reference/linux-6.1/15-watermarks-{i386,amd64}.log.
 */
#include "host/host.h"

#include "host/ram.h"
#include "host/stubs.h"
#include "kernel/sched/task.h"
#include "kernel/x86/page.h"
#include "mm/debug.h"
#include "mm/highmem.h"
#include "mm/memblock.h"
#include "mm/mm_init.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmstat.h"

#define ANY_NOWAIT (GFP_NOWAIT | __GFP_NOWARN)
#define USER_NOWAIT (__GFP_HIGHMEM | __GFP_MOVABLE | ANY_NOWAIT)
enum { MAX_PAGES = 256 << 8, MAX_HELD = 4096 };

static struct zone *zone_of(enum zone_type i) { return &NODE_DATA(0)->node_zones[i]; }
static long free_of(enum zone_type i) { return zone_of(i)->vm_stat[NR_FREE_PAGES]; }

/* What lies on the free lists, by a walk of our own. */
struct free_map {
	unsigned long blocks[MAX_NR_ZONES][MAX_ORDER];
	unsigned long pages[MAX_NR_ZONES];
	u8 is_free[MAX_PAGES];
};

static void note_block(struct free_map *map, struct page *page, enum zone_type z, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), buddy = pfn ^ (1UL << order);

	assert_int_equal(pfn & ((1UL << order) - 1), 0);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		assert_int_equal(page_zonenum(page + i), z);
		assert_int_equal(page_count(page + i), 0);
		assert_false(page_test(page + i, PG_reserved));
		assert_int_equal(map->is_free[pfn + i], 0);	/* on two lists */
		map->is_free[pfn + i] = 1;
	}
	if (order < MAX_ORDER - 1 && pfn_valid(buddy) && page_zonenum(pfn_to_page(buddy)) == z)
		assert_false(page_test(pfn_to_page(buddy), PG_buddy) && pfn_to_page(buddy)->private == order);
	map->blocks[z][order]++;
	map->pages[z] += 1UL << order;
}

static void walk_free_lists(struct free_map *map)
{
	memset(map, 0, sizeof(*map));
	check_free_lists();		/* the kernel's own look */
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		for (unsigned int o = 0; o < MAX_ORDER; o++) {
			for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
				struct page *page;

				list_for_each_entry(page, &zone_of(z)->free_area[o].free_list[mt], lru)
					note_block(map, page, z, o);
			}
			assert_int_equal(map->blocks[z][o], zone_of(z)->free_area[o].nr_free);
		}
		assert_int_equal(map->pages[z], free_of(z));
	}
}

/* --- boot --- */

static void memblock_is_memory_minus_reserved(void **state)
{
	enum { N = 4096, PAGE = 4096 };
	static u8 is_memory[N], is_reserved[N];

	memset(is_memory, 0, N);
	memset(is_reserved, 0, N);
	for (int round = 0; round < 300; round++) {
		unsigned long start = host_below(N), n = MIN(host_below(200) + 1, N - start), free_pages = 0;
		unsigned int what = host_below(10);
		phys_addr_t from, to, last = 0;

		if (what < 4) {
			memblock_add(start * PAGE, n * PAGE);
			memset(is_memory + start, 1, n);
		} else if (what < 5) {
			memblock_remove(start * PAGE, n * PAGE);
			memset(is_memory + start, 0, n);
		} else if (what < 8) {
			memblock_reserve(start * PAGE, n * PAGE);
			memset(is_reserved + start, 1, n);
		} else {
			memblock_free(start * PAGE, n * PAGE);
			memset(is_reserved + start, 0, n);
		}
		for (unsigned int i = 0; memblock_next_free_range(&i, &from, &to); last = to) {
			assert_true(from >= last && from < to && to <= (phys_addr_t)N * PAGE);
			for (unsigned long p = from / PAGE; p < to / PAGE; p++)
				assert_true(is_memory[p] && !is_reserved[p]);
			free_pages += (to - from) / PAGE;
		}
		last = 0;
		for (unsigned int i = 0; memblock_next_memory_range(&i, &from, &to); last = to)
			assert_true(from < to && (from > last || i == 1));	/* no two touch */
		last = 0;
		for (unsigned int i = 0; memblock_next_reserved_range(&i, &from, &to); last = to)
			assert_true(from < to && (from > last || i == 1));
		for (unsigned long p = 0; p < N; p++) {
			free_pages -= is_memory[p] && !is_reserved[p];
			if (p % 64 == (unsigned int)round % 64) {
				assert_int_equal(memblock_is_memory(p * PAGE + 17), is_memory[p]);
				assert_int_equal(memblock_is_reserved(p * PAGE + 17), is_reserved[p]);
			}
		}
		assert_int_equal(free_pages, 0);
	}
}

static void memblock_allocates_below_its_limit(void **state)
{
	memblock_add(0x100000, 63 << 20);
	memblock_set_current_limit(48 << 20);
	assert_int_equal(memblock_phys_alloc(0x1000, 0x1000), 16 << 20);	/* DMA last */
	for (int i = 0; i < 31; i++) {
		phys_addr_t p = memblock_phys_alloc(1 << 20, 1 << 20);

		assert_true(p && p % (1 << 20) == 0 && p + (1 << 20) <= 48 << 20 && memblock_is_reserved(p));
	}
	assert_int_equal(memblock_phys_alloc(33 << 20, 8), 0);
	assert_int_equal(memblock_end_of_DRAM(), 64 << 20);
}

static void boot_gives_away_what_is_free(void **state)
{
	static struct free_map map;
	unsigned long reserved = 0;

	host_boot(128, "highmem=64M", 2);
	walk_free_lists(&map);
	for (int z = 0; z < MAX_NR_ZONES; z++)
		assert_int_equal(map.pages[z], zone_of(z)->managed_pages);
	assert_int_equal(zone_of(ZONE_DMA)->zone_start_pfn, 1);
	assert_int_equal(zone_of(ZONE_NORMAL)->zone_start_pfn, 4096);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->zone_start_pfn, 16384);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->managed_pages, 16384);
	assert_int_equal(map.blocks[ZONE_HIGHMEM][MAX_ORDER - 1], 16);
	assert_int_equal(max_low_pfn, 16384);
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++) {
		assert_true(pfn_valid(pfn));
		reserved += page_test(pfn_to_page(pfn), PG_reserved) ? 1 : 0;
		assert_int_not_equal(map.is_free[pfn], page_test(pfn_to_page(pfn), PG_reserved) ? 1 : 0);
	}
	assert_false(pfn_valid(max_pfn));
	assert_int_equal(map.is_free[0], 0);			/* the BIOS' page */
	assert_int_equal(map.is_free[8], 0);			/* the CPUs' trampoline */
	assert_int_equal(map.is_free[0xa0], 0);			/* the hole */
	assert_int_equal(map.is_free[KERNEL_PHYS >> 12], 0);	/* the kernel */
	assert_int_equal(reserved + totalram_pages(), max_pfn);
	assert_int_equal(totalhigh_pages(), 16384);
}

static void highmem_parameter_moves_the_split(void **state)
{
	static const struct { unsigned long mib; const char *cmdline; unsigned long low_mib; } cases[] = {
		{ 64, "", 64 }, { 512, "", 512 }, { 1024, "", 896 }, { 1024, "highmem=0", 1024 },
		{ 512, "highmem=256M", 256 }, { 128, "highmem=65M", 128 /* < 64 MiB are left: ignored */ },
		{ 512, "mem=200M highmem=100M", 100 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		host_reset(NULL);
		host_boot(cases[i].mib, cases[i].cmdline, 1);
		assert_int_equal(max_low_pfn, cases[i].low_mib << 8);
		check_free_lists();
	}
	assert_int_equal(max_pfn, 200 << 8);
	assert_non_null(strstr(host_log(), "100MB HIGHMEM available."));
}

static void init_memory_is_freed(void **state)
{
	unsigned long before;

	host_boot(64, "highmem=0", 1);
	assert_true(ram_is_mapped((unsigned long)__init_text_start));
	before = totalram_pages();
	free_initmem();
	assert_false(ram_is_mapped((unsigned long)__init_text_start));
	assert_true(ram_is_mapped((unsigned long)__text_start));
	drain_all_pages();
	assert_int_equal(totalram_pages() - before, 16);	/* host/…/page.h: 2 x 0x8000 bytes */
	check_free_lists();
	assert_non_null(strstr(host_log(), "Freeing unused kernel image (initmem) memory: 64K"));
}

/* --- the buddies --- */

struct held { struct page *page; unsigned int order; };
static struct held held[MAX_HELD];
static unsigned int nr_held;
static u8 in_use[MAX_PAGES];

static void take_some(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);
	unsigned long pfn, n = 1UL << order;

	if (!page)
		return;
	pfn = page_to_pfn(page);
	assert_int_equal(pfn % n, 0);
	assert_int_equal(page_count(page), 1);
	assert_false(page_mapped(page));
	assert_null(page->mapping);
	assert_true(page_zonenum(page) <= gfp_zone(gfp));
	for (unsigned long i = 0; i < n; i++) {
		assert_int_equal(in_use[pfn + i], 0);
		in_use[pfn + i] = 1;
	}
	held[nr_held++] = (struct held){ page, order };
}

static void give_back(unsigned int i)
{
	memset(in_use + page_to_pfn(held[i].page), 0, 1UL << held[i].order);
	__free_pages(held[i].page, held[i].order);
	held[i] = held[--nr_held];
}

static unsigned long pages_held(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < nr_held; i++)
		n += 1UL << held[i].order;
	return n;
}

/* No page is lost, none is in two places. */
static void check_accounts(void)
{
	static struct free_map map;
	unsigned long in_pcp = 0, on_lists = 0;
	struct zone *zone;

	walk_free_lists(&map);
	for_each_populated_zone(zone) {
		in_pcp += zone_pcp_pages(zone);
		on_lists += map.pages[zone_idx(zone)];
	}
	assert_int_equal(on_lists + in_pcp + pages_held(), totalram_pages());
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++)
		assert_false(map.is_free[pfn] && in_use[pfn]);
}

static void random_traffic(unsigned int rounds, unsigned int max_order)
{
	static const gfp_t kinds[] = { GFP_NOWAIT, GFP_NOWAIT | __GFP_RECLAIMABLE, GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE,
				       GFP_NOWAIT | __GFP_MOVABLE, GFP_NOWAIT | __GFP_DMA, GFP_ATOMIC };
	bool filling = true;

	for (unsigned int i = 0; i < rounds; i++) {
		host_run_on(host_below(nr_cpus));
		if (nr_held == 0 || (nr_held < MAX_HELD && host_below(100) < (filling ? 65 : 35))) {
			unsigned int order = host_below(4) ? 0 : host_below(max_order + 1);

			take_some(kinds[host_below(ARRAY_SIZE(kinds))] | __GFP_NOWARN, order);
		} else {
			give_back(host_below(nr_held));
		}
		if (i % 5000 == 0) {
			filling = !filling;
			check_accounts();
		}
	}
	check_accounts();
}

static void everything_merges_again(void **state)
{
	static struct free_map before, after;

	nr_held = 0;
	memset(in_use, 0, sizeof(in_use));
	host_boot(128, "highmem=64M", 3);
	walk_free_lists(&before);
	for (int round = 0; round < 3; round++) {
		random_traffic(20000, round == 0 ? 3 : MAX_ORDER - 1);
		assert_in_range(nr_held, 1, MAX_HELD);
		while (nr_held) {
			host_run_on(host_below(nr_cpus));
			give_back(host_below(nr_held));
		}
		host_run_on(0);
		drain_all_pages();
		walk_free_lists(&after);
		assert_memory_equal(before.blocks, after.blocks, sizeof(before.blocks));
		assert_memory_equal(before.is_free, after.is_free, sizeof(before.is_free));
		for (int z = 0; z < MAX_NR_ZONES; z++)
			assert_int_equal(zone_pcp_pages(zone_of(z)), 0);
	}
}

static void memory_runs_out_to_the_last_page(void **state)
{
	static struct free_map before, after;

	nr_held = 0;
	memset(in_use, 0, sizeof(in_use));
	host_boot(64, "highmem=0", 1);
	walk_free_lists(&before);
	for (int order = MAX_ORDER - 1; order >= 0; order--) {
		unsigned int was;

		do {
			was = nr_held;
			take_some(ANY_NOWAIT | __GFP_MEMALLOC, order);
			assert_in_range(nr_held, 0, MAX_HELD - 1);
		} while (nr_held > was);
		check_accounts();
	}
	assert_int_equal(free_of(ZONE_DMA) + free_of(ZONE_NORMAL), 0);
	assert_int_equal(pages_held(), totalram_pages());
	while (nr_held)
		give_back(nr_held - 1);
	drain_all_pages();
	walk_free_lists(&after);
	assert_memory_equal(before.blocks, after.blocks, sizeof(before.blocks));
}

static void types_keep_to_their_pageblocks(void **state)
{
	struct page *kernel, *user, *shrinkable;

	host_boot(128, "highmem=0", 1);
	user = alloc_page(GFP_NOWAIT | __GFP_MOVABLE);
	kernel = alloc_page(GFP_NOWAIT);
	shrinkable = alloc_page(GFP_NOWAIT | __GFP_RECLAIMABLE);
	assert_int_equal(get_pageblock_migratetype(user), MIGRATE_MOVABLE);
	assert_int_equal(get_pageblock_migratetype(kernel), MIGRATE_UNMOVABLE);
	assert_int_equal(get_pageblock_migratetype(shrinkable), MIGRATE_RECLAIMABLE);
	for (int i = 0; i < 400; i++) {
		struct page *next = alloc_page(GFP_NOWAIT);

		assert_int_equal(get_pageblock_migratetype(next), MIGRATE_UNMOVABLE);
	}
	check_free_lists();
}

static void mixing_types_boosts_the_marks(void **state)
{
	struct zone *normal;
	unsigned long high;
	int n = 0;

	host_boot(128, "highmem=0", 1);
	normal = zone_of(ZONE_NORMAL);
	high = normal->watermark[WMARK_HIGH];
	/* Break every large block up for movable pages, so that only pieces are left to steal. */
	while (normal->free_area[9].nr_free || normal->free_area[10].nr_free || n < 100) {
		assert_non_null(alloc_page(GFP_NOWAIT | __GFP_MOVABLE | __GFP_NOWARN));
		n++;
	}
	assert_int_equal(normal->watermark_boost, 0);
	host_kswapd_wakes = 0;
	while (!normal->watermark_boost)
		assert_non_null(alloc_page(ANY_NOWAIT));
	assert_in_range(normal->watermark_boost, PAGEBLOCK_PAGES, MAX(PAGEBLOCK_PAGES, high * 15000 / 10000));
	assert_int_equal(low_wmark_pages(normal), normal->watermark[WMARK_LOW] + normal->watermark_boost);
	assert_int_not_equal(host_kswapd_wakes, 0);
	assert_int_equal(host_sysctl_set("vm.watermark_boost_factor", 0), 0);
	setup_per_zone_wmarks();
	assert_int_equal(normal->watermark_boost, 0);
}

/* --- a page's first and last moments --- */

static void fresh_pages_are_as_asked(void **state)
{
	struct page *page;
	char *p;

	host_boot(128, "highmem=64M", 1);
	for (int i = 0; i < 40; i++) {
		unsigned int order = i % 4;

		page = alloc_pages(USER_NOWAIT | __GFP_ZERO | __GFP_COMP, order);
		for (unsigned long n = 0; n < 1UL << order; n++) {
			p = kmap_local_page(page + n);
			for (unsigned int b = 0; b < PAGE_SIZE; b++)
				assert_int_equal(p[b], 0);
			memset(p, 0x55, PAGE_SIZE);
			kunmap_local(p);
		}
		assert_true(page_test(page, PG_head) || order == 0 || !"PG_head");
		assert_true(order == 0 || page[1].private == order);
		__free_pages(page, order);
	}
	p = __get_free_pages(GFP_NOWAIT, 2);
	assert_ptr_equal(page_address(virt_to_page(p)), p);
	assert_true(virt_to_page(p) < pfn_to_page(max_low_pfn));
	free_pages_address(p, 2);
	free_pages_address(NULL, 0);
	assert_null(alloc_pages(ANY_NOWAIT, MAX_ORDER));
}

static void references_keep_a_page(void **state)
{
	struct page *page;
	long before;

	host_boot(64, "highmem=0", 1);
	page = alloc_pages(GFP_NOWAIT, 3);
	before = free_of(ZONE_NORMAL);
	get_page(page);
	__free_pages(page, 3);
	assert_int_equal(free_of(ZONE_NORMAL), before);
	assert_true(get_page_unless_zero(page));
	__free_pages(page, 3);
	__free_pages(page, 3);
	assert_int_equal(free_of(ZONE_NORMAL), before + 8);
	assert_false(get_page_unless_zero(page));
}

static void pages_in_use_are_not_freed(void **state)
{
	struct page *page;
	long before;

	host_boot(64, "highmem=0", 1);
	page = alloc_pages(GFP_NOWAIT, 1);
	before = free_of(ZONE_NORMAL);
	page_set(page, PG_locked);
	__free_pages(page, 1);
	assert_non_null(strstr(host_log(), "it is freed while still in use"));
	assert_non_null(strstr(host_log(), "(locked|"));
	assert_int_equal(free_of(ZONE_NORMAL), before);
	page = alloc_pages(GFP_NOWAIT, 1);
	page->_mapcount = 0;		/* a PTE maps it */
	host_clear_log();
	__free_pages(page, 1);
	assert_non_null(strstr(host_log(), "mapcount:1"));
	check_free_lists();
}

static void use_after_free_is_found(void **state)
{
	struct page *page;
	u8 *p;

	host_boot(64, "highmem=0", 1);
	page = alloc_page(GFP_NOWAIT);
	p = page_address(page);
	__free_page(page);
	p[1000] ^= 1;
	expect_panic(alloc_page(GFP_NOWAIT), "a free page was written to");
	host_boot(64, "highmem=0", 1);
	page = alloc_pages(GFP_NOWAIT, 2);
	__free_pages(page, 2);
	page->private = 3;		/* the free list's order */
	expect_panic(check_free_lists(), "does not belong on its free list");
}

/* Only a window shows a page of high memory; after it, nothing. */
static void windows_show_high_pages(void **state)
{
	struct page *a, *b;
	char *pa, *pb;

	host_boot(128, "highmem=64M", 2);
	a = alloc_page(USER_NOWAIT);
	b = alloc_page(USER_NOWAIT);
	assert_int_equal(page_zonenum(a), ZONE_HIGHMEM);
	for (int cpu = 0; cpu < 2; cpu++) {
		host_run_on(cpu);
		pa = kmap_local_page(a);
		pb = kmap_local_page(b);
		if (cpu == 0) {
			memset(pa, 'a', PAGE_SIZE);
			memset(pb, 'b', PAGE_SIZE);
		}
		assert_int_equal(pa[4095], 'a');
		assert_int_equal(pb[0], 'b');
		kunmap_local(pb);
		kunmap_local(pa);
	}
	copy_highpage(b, a);
	zero_user_segment(b, 10, 20);
	pb = kmap_local_page(b);
	assert_true(pb[9] == 'a' && pb[10] == 0 && pb[19] == 0 && pb[20] == 'a');
	kunmap_local(pb);
	expect_panic(page_address(a), "page_is_highmem(page)");
}

static void unmapping_out_of_order_is_found(void **state)
{
	struct page *a, *b;
	void *pa;

	host_boot(128, "highmem=64M", 1);
	a = alloc_page(USER_NOWAIT);
	b = alloc_page(USER_NOWAIT);
	pa = kmap_local_page(a);
	kmap_local_page(b);
	expect_panic(kunmap_local(pa), "kernel BUG at");
}

/* --- the CPUs' stocks --- */

static void stocks_fill_and_drain(void **state)
{
	struct page *page;
	struct zone *normal;

	host_boot(128, "highmem=0", 2);
	normal = zone_of(ZONE_NORMAL);
	page = alloc_page(GFP_NOWAIT);
	assert_int_equal(normal->pcp[0].count, normal->pcp[0].batch - 1);
	assert_int_equal(normal->pcp[1].count, 0);
	host_run_on(1);
	__free_page(page);
	assert_int_equal(normal->pcp[1].count, 1);
	assert_ptr_equal(alloc_page(GFP_NOWAIT), page);		/* still warm */
	__free_page(page);
	host_run_on(0);
	drain_local_pages(NULL);
	assert_int_equal(normal->pcp[0].count, 0);
	assert_int_equal(normal->pcp[1].count, 1);
	drain_all_pages();
	assert_int_equal(zone_pcp_pages(normal), 0);
	assert_int_equal(free_of(ZONE_NORMAL), normal->managed_pages);
}

static void stocks_stay_below_high(void **state)
{
	enum { N = 3000 };
	static struct page *pages[N];
	struct zone *normal;
	LIST_HEAD(list);

	host_boot(128, "highmem=0", 1);
	normal = zone_of(ZONE_NORMAL);
	for (int i = 0; i < N; i++)
		pages[i] = alloc_page(GFP_NOWAIT | __GFP_MOVABLE);
	for (int i = 0; i < N / 2; i++) {
		__free_page(pages[i]);
		assert_in_range(normal->pcp[0].count, 0, normal->pcp[0].high);
	}
	for (int i = N / 2; i < N; i++) {
		assert_true(put_page_testzero(pages[i]));
		list_add(&pages[i]->lru, &list);
	}
	free_unref_page_list(&list);
	assert_true(list_empty(&list));
	assert_in_range(normal->pcp[0].count, 1, normal->pcp[0].high);
	assert_int_equal(free_of(ZONE_NORMAL) + zone_pcp_pages(normal), normal->managed_pages);
	check_free_lists();
}

/* --- watermarks: Linux's figures --- */

struct marks { unsigned long min, low, high; };

static void assert_marks(const char *what, enum zone_type z, struct marks want)
{
	struct zone *zone = zone_of(z);

	if (zone->watermark[WMARK_MIN] != want.min || zone->watermark[WMARK_LOW] != want.low ||
	    zone->watermark[WMARK_HIGH] != want.high)
		fail_msg("%s, zone %d: min %lu low %lu high %lu, not %lu %lu %lu", what, z, zone->watermark[WMARK_MIN],
			 zone->watermark[WMARK_LOW], zone->watermark[WMARK_HIGH], want.min, want.low, want.high);
}

/* A machine whose zones manage just as many pages as the recorded one's. */
static void boot_as_recorded(unsigned long dma, unsigned long normal, unsigned long high, const char *cmdline)
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
	static const struct { int min_free; struct marks dma, normal, high; } cases[] = {
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
	static const struct { unsigned long managed, min; } cases[] = {
		{ 0, 32 }, { 1000, 32 }, { 40960, 40 }, { 130047, 126 }, { 131072, 128 }, { 1UL << 20, 128 },
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
	static const struct { int min_free, scale; struct marks dma, normal; } cases[] = {
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
		assert_marks("HighMem", ZONE_HIGHMEM, (struct marks){ 32, 32, 32 });	/* no pages */
	}
	assert_int_equal(host_sysctl_set("vm.min_free_kbytes", 0), 0);
	assert_int_equal(host_sysctl_set("vm.min_free_kbytes", -1), -22);
	assert_int_equal(host_sysctl_set("vm.watermark_scale_factor", 0), -22);
	assert_int_equal(host_sysctl_set("vm.watermark_scale_factor", 3001), -22);
	assert_int_equal(watermark_scale_factor, 3000);
}

static void reserves_of_i386(void **state)
{
	static const struct { long ratio[3]; unsigned int n; long dma[3], normal[3]; } cases[] = {
		{ { 256, 32, 0 }, 3, { 0, 217, 729 }, { 0, 0, 4096 } },
		{ { 32, 32, 0 }, 3, { 0, 1742, 5838 }, { 0, 0, 4096 } },
		{ { 1, 1, 1 }, 3, { 0, 55767, 186839 }, { 0, 0, 131072 } },
		{ { 0, 0, 0 }, 3, { 0, 0, 0 }, { 0, 0, 0 } },
		{ { 256, 32, 0 }, 3, { 0, 217, 729 }, { 0, 0, 4096 } },
		{ { 64 }, 1, { 0, 871, 2919 }, { 0, 0, 4096 } },
		{ { 64, 16 }, 2, { 0, 871, 2919 }, { 0, 0, 8192 } },
	};

	boot_as_recorded(3840, 55767, 131072, "highmem=512M");
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(host_sysctl("vm.lowmem_reserve_ratio", cases[i].n, cases[i].ratio), 0);
		for (int j = 0; j < 3; j++) {
			assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[j], cases[i].dma[j]);
			assert_int_equal(zone_of(ZONE_NORMAL)->lowmem_reserve[j], cases[i].normal[j]);
			assert_int_equal(zone_of(ZONE_HIGHMEM)->lowmem_reserve[j], 0);
		}
	}
	assert_non_null(strstr(host_read("/proc/zoneinfo"), "protection: (0, 871, 2919)"));
	host_sysctl("vm.lowmem_reserve_ratio", 3, (long[]){ -5, -5, -5 });	/* as 0 */
	assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[2], 0);
}

/* min_free_kbytes = sqrt(16 x low memory in kB), within 128 kB and 256 MiB; high memory does not count. */
static void min_free_follows_low_memory(void **state)
{
	static const struct { unsigned long dma, normal, high; int min_free; } cases[] = {
		{ 3840, 113724, 0, 2743 },	/* what amd64 had when it computed that */
		{ 3840, 54420, 131072, 1930 },
		{ 200, 50, 131072, 128 },	/* sqrt(16000) = 126 */
		{ 3840, 1UL << 20, 0, 8206 },
		{ 3840, 1UL << 34, 0, 262144 },
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
	host_sysctl_set("vm.min_free_kbytes", 5000);	/* once set by hand it stays */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 5000);
}

/* "high: 828, batch: 31" of amd64's zone with low 828 and one CPU; "high: 26, batch: 1" of its DMA. */
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
	sum = (729 + 24) + (4096 + 357) + 408;		/* largest reserve and high mark of each */
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
		fail_msg("zone %d for %d: %ld pages free, the limit is %ld", z, highest, free, limit);
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
	for (struct page *p; n < 4096 && (p = alloc_page(ANY_NOWAIT)); )
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
	assert_true(current->flags & PF_MEMALLOC);	/* its own allocations must not come here */
	if (host_reclaims >= 3)
		free_spare();
	return 1;
}

static unsigned long enough_is_reclaimable(struct zone *zone) { return 1000; }

static bool kill_spare(struct oom_control *oc)
{
	assert_true(mutex_is_locked(&oom_lock));
	assert_int_equal(oc->order, 0);
	if (host_ooms < 2)
		return true;		/* a victim that takes its time */
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
	assert_non_null(strstr(host_log(),
		"swapper/0: page allocation failure: order:0, mode:0x800(GFP_NOWAIT), nodemask=(null),cpuset=/,mems_allowed=0\n"));
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
	static const struct { gfp_t gfp; unsigned int order; const char *why; } cases[] = {
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
		drain(ANY_NOWAIT | __GFP_DMA, order);	/* DMA as well */
		if (alloc_pages(cases[i].gfp | __GFP_NOWARN, cases[i].order))
			fail_msg("a page for %s", cases[i].why);
		if (host_ooms || !host_reclaims)
			fail_msg("%s: %u reclaims, %u killings", cases[i].why, host_reclaims, host_ooms);
	}
	exhaust();
	current->flags |= PF_MEMALLOC;
	while (alloc_page(ANY_NOWAIT))
		;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));	/* reclaim itself: neither */
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
	assert_non_null(strstr(host_log(), "WARNING:"));	/* nobody to kill, and it must not fail */
	host_clear_log();
}

static void failures_are_injected_by_seed(void **state)
{
	static char mm;			/* never looked at: only whether there is one */
	char first[200], second[200];
	int failed = 0;

	for (int round = 0; round < 2; round++) {
		char *p = round ? second : first;

		host_reset(NULL);
		host_boot(64, "highmem=0 fail_page_alloc=4,77", 1);
		assert_non_null(alloc_page(GFP_KERNEL));	/* kernel threads are spared */
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

/* --- counters --- */

static void counters_add_up_over_cpus(void **state)
{
	struct zone *normal;
	unsigned long events[NR_VM_EVENT_ITEMS];
	long zone_sum = 0, node_sum = 0;

	host_boot(64, "highmem=0", 4);
	normal = zone_of(ZONE_NORMAL);
	for (int i = 0; i < 5000; i++) {
		long delta = (long)host_below(21) - 8;

		host_run_on(host_below(4));
		mod_zone_page_state(normal, NR_MLOCK, delta);
		mod_node_page_state(NODE_DATA(0), NR_FILE_DIRTY, -delta + 3);
		zone_sum += delta;
		node_sum += -delta + 3;
		assert_int_equal(zone_page_state(normal, NR_MLOCK), MAX(zone_sum, 0));
		assert_int_equal(global_node_page_state(NR_FILE_DIRTY), MAX(node_sum, 0));
		count_vm_event(PGMAJFAULT);
	}
	/* The shared figure lags by what the CPUs may keep. */
	assert_in_range(normal->vm_stat[NR_MLOCK], zone_sum - 4 * normal->stat_threshold - 20,
			zone_sum + 4 * normal->stat_threshold + 20);
	all_vm_events(events);
	assert_int_equal(events[PGMAJFAULT], 5000);
	assert_non_null(strstr(host_read("/proc/vmstat"), "\npgmajfault 5000\n"));
}

static void allocations_are_counted(void **state)
{
	unsigned long before[NR_VM_EVENT_ITEMS], after[NR_VM_EVENT_ITEMS];

	host_boot(128, "highmem=64M", 1);
	all_vm_events(before);
	__free_pages(alloc_pages(USER_NOWAIT, 4), 4);
	__free_page(alloc_page(GFP_NOWAIT));
	all_vm_events(after);
	assert_int_equal(after[PGALLOC_HIGH] - before[PGALLOC_HIGH], 16);
	assert_int_equal(after[PGALLOC_NORMAL] - before[PGALLOC_NORMAL], 1);
	assert_int_equal(after[PGFREE] - before[PGFREE], 17);
	assert_non_null(strstr(host_read("/proc/buddyinfo"), "Node 0, zone  HighMem "));
	assert_non_null(strstr(host_read("/proc/pagetypeinfo"), "Page block order: 9\n"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(memblock_is_memory_minus_reserved), T(memblock_allocates_below_its_limit),
		T(boot_gives_away_what_is_free), T(highmem_parameter_moves_the_split), T(init_memory_is_freed),
		T(everything_merges_again), T(memory_runs_out_to_the_last_page), T(types_keep_to_their_pageblocks),
		T(mixing_types_boosts_the_marks),
		T(fresh_pages_are_as_asked), T(references_keep_a_page), T(pages_in_use_are_not_freed),
		T(use_after_free_is_found), T(windows_show_high_pages), T(unmapping_out_of_order_is_found),
		T(stocks_fill_and_drain), T(stocks_stay_below_high),
		T(marks_of_i386), T(high_memory_keeps_a_token), T(marks_of_amd64), T(reserves_of_i386), T(min_free_follows_low_memory),
		T(stock_sizes_of_amd64), T(reserved_pages_add_up),
		T(zones_from_the_top_down), T(the_reserve_below_min), T(an_oom_victim_gets_half_of_min),
		T(large_blocks_need_a_large_block),
		T(nowait_returns_null_and_wakes_kswapd), T(reclaim_is_asked_while_it_helps),
		T(hopeless_reclaim_ends_in_a_killing), T(nobody_is_killed_for), T(nofail_does_not_fail),
		T(failures_are_injected_by_seed),
		T(counters_add_up_over_cpus), T(allocations_are_counted),
	};

	return cmocka_run_group_tests_name("page_alloc", tests, host_init, NULL);
}
