/*
 * test_page_alloc.c - mm/page_alloc.c, mm_init.c, memblock.c, highmem.c and vmstat.c on machines of
 *                     64 to 1,024 MiB in fake RAM.
 */
#include "host/host.h"

#include "host/ram.h"
#include "host/stubs.h"
#include "host/zones.h"
#include "kernel/sched/task.h"
#include "kernel/x86/page.h"
#include "mm/debug.h"
#include "mm/highmem.h"
#include "mm/memblock.h"
#include "mm/mm_init.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmstat.h"

enum { MAX_PAGES = 256 << 8, MAX_HELD = 4096 };

/* What lies on the free lists, by a walk of our own. */
struct free_map {
	unsigned long blocks[MAX_NR_ZONES][MAX_ORDER];
	unsigned long pages[MAX_NR_ZONES];
	u8 is_free[MAX_PAGES];
};

static void note_block(struct free_map *map, struct page *page, enum zone_type z,
		       unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), buddy = pfn ^ (1UL << order);

	assert_int_equal(pfn & ((1UL << order) - 1), 0);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		assert_int_equal(page_zonenum(page + i), z);
		assert_int_equal(page_count(page + i), 0);
		assert_false(page_test(page + i, PG_reserved));
		assert_int_equal(map->is_free[pfn + i], 0); /* on two lists */
		map->is_free[pfn + i] = 1;
	}
	if (order < MAX_ORDER - 1 && pfn_valid(buddy) && page_zonenum(pfn_to_page(buddy)) == z)
		assert_false(page_test(pfn_to_page(buddy), PG_buddy) &&
			     pfn_to_page(buddy)->private == order);
	map->blocks[z][order]++;
	map->pages[z] += 1UL << order;
}

static void walk_free_lists(struct free_map *map)
{
	memset(map, 0, sizeof(*map));
	check_free_lists(); /* the kernel's own look */
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		for (unsigned int o = 0; o < MAX_ORDER; o++) {
			for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
				struct page *page;

				list_for_each_entry(page, &zone_of(z)->free_area[o].free_list[mt],
						    lru) note_block(map, page, z, o);
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
	unsigned long touch = 0;

	memset(is_memory, 0, N);
	memset(is_reserved, 0, N);
	for (int round = 0; round < 300; round++) {
		unsigned long start = host_below(3) ? host_below(N) : touch % N,
			      n = MIN(host_below(200) + 1, N - start), free_pages = 0;
		unsigned int what = host_below(10); /* a third begins where the last ended */
		phys_addr_t from, to, last = 0;

		touch = start + n;
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
			assert_true(from < to && (from > last || i == 1)); /* no two touch */
		last = 0;
		for (unsigned int i = 0; memblock_next_reserved_range(&i, &from, &to); last = to)
			assert_true(from < to && (from > last || i == 1));
		for (unsigned long p = 0; p < N; p++) {
			free_pages -= is_memory[p] && !is_reserved[p];
			if (p % 64 == (unsigned int)round % 64) {
				assert_int_equal(memblock_is_memory(p * PAGE + 17), is_memory[p]);
				assert_int_equal(memblock_is_reserved(p * PAGE + 17),
						 is_reserved[p]);
			}
		}
		assert_int_equal(free_pages, 0);
	}
}

static void memblock_allocates_below_its_limit(void **state)
{
	memblock_add(0x100000, 63 << 20);
	memblock_set_current_limit(48 << 20);
	assert_int_equal(memblock_phys_alloc(0x1000, 0x1000), 16 << 20); /* DMA last */
	for (int i = 0; i < 31; i++) {
		phys_addr_t p = memblock_phys_alloc(1 << 20, 1 << 20);

		assert_true(p && p % (1 << 20) == 0 && p + (1 << 20) <= 48 << 20 &&
			    memblock_is_reserved(p));
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
		assert_int_not_equal(map.is_free[pfn],
				     page_test(pfn_to_page(pfn), PG_reserved) ? 1 : 0);
	}
	assert_false(pfn_valid(max_pfn));
	assert_int_equal(map.is_free[0], 0);		     /* the BIOS' page */
	assert_int_equal(map.is_free[8], 0);		     /* the CPUs' trampoline */
	assert_int_equal(map.is_free[0xa0], 0);		     /* the hole */
	assert_int_equal(map.is_free[KERNEL_PHYS >> 12], 0); /* the kernel */
	assert_int_equal(reserved + totalram_pages(), max_pfn);
	assert_int_equal(totalhigh_pages(), 16384);
}

static void highmem_parameter_moves_the_split(void **state)
{
	static const struct {
		unsigned long mib;
		const char *cmdline;
		unsigned long low_mib;
	} cases[] = {
		{ 64, "", 64 },
		{ 512, "", 512 },
		{ 1024, "", 896 },
		{ 1024, "highmem=0", 1024 },
		{ 512, "highmem=256M", 256 },
		{ 128, "highmem=65M", 128 /* < 64 MiB are left: ignored */ },
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
	assert_int_equal(totalram_pages() - before, 16); /* host/…/page.h: 2 x 0x8000 bytes */
	check_free_lists();
	assert_non_null(strstr(host_log(), "Freeing unused kernel image (initmem) memory: 64K"));
}

/* --- the buddies --- */

struct held {
	struct page *page;
	unsigned int order;
};
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
	assert_int_equal(page->flags & ~PG_SECTION_MASK, 0);
	assert_int_equal(page->private, 0);
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
	page_set(held[i].page,
		 PG_dirty | PG_uptodate | PG_referenced); /* traces of use, which go */
	held[i].page->private = 77;
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
	for_each_populated_zone(zone)
	{
		in_pcp += zone_pcp_pages(zone);
		on_lists += map.pages[zone_idx(zone)];
	}
	assert_int_equal(on_lists + in_pcp + pages_held(), totalram_pages());
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++)
		assert_false(map.is_free[pfn] && in_use[pfn]);
}

static void random_traffic(unsigned int rounds, unsigned int max_order)
{
	static const gfp_t kinds[] = { GFP_NOWAIT,
				       GFP_NOWAIT | __GFP_RECLAIMABLE,
				       GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE,
				       GFP_NOWAIT | __GFP_MOVABLE,
				       GFP_NOWAIT | __GFP_DMA,
				       GFP_ATOMIC };
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

/* Of the pageblock around @page all pages are user's, on the LRU, but for the last @n, which are
 * free. */
static void free_part_of_pageblock(struct page *page, unsigned long n)
{
	struct page *first = pfn_to_page(page_to_pfn(page) & ~(PAGEBLOCK_PAGES - 1));

	for (unsigned long i = 0; i < PAGEBLOCK_PAGES - n; i++)
		page_set(first + i, PG_lru);
	for (unsigned long i = PAGEBLOCK_PAGES - n; i < PAGEBLOCK_PAGES; i++)
		__free_page(first + i);
	drain_all_pages();
}

/* Who steals takes the pageblock over if most of it is free or his kind; else the free pages only.
 */
static void a_stolen_pageblock_changes_sides(void **state)
{
	struct page *a = NULL, *b = NULL, *page;
	struct zone *normal;

	host_boot(64, "highmem=0", 1);
	normal = zone_of(ZONE_NORMAL);
	while ((page = alloc_page(ANY_NOWAIT | __GFP_MOVABLE | __GFP_MEMALLOC))) {
		unsigned long in_block = page_to_pfn(page) % PAGEBLOCK_PAGES;

		if (page_zone(page) == normal && in_block == 0 && page_to_pfn(page) >= 8192) {
			a = a ? a : page;
			b = page;
		}
	}
	assert_ptr_not_equal(a, b);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	free_part_of_pageblock(a, 200);
	page = alloc_page(ANY_NOWAIT | __GFP_MEMALLOC);
	assert_in_range(page_to_pfn(page), page_to_pfn(a) + 312, page_to_pfn(a) + 511);
	assert_int_equal(get_pageblock_migratetype(a), MIGRATE_MOVABLE);
	check_free_lists();
	while (alloc_page(ANY_NOWAIT | __GFP_MEMALLOC))
		;
	free_part_of_pageblock(b, 300);
	page = alloc_page(ANY_NOWAIT | __GFP_MEMALLOC);
	assert_in_range(page_to_pfn(page), page_to_pfn(b) + 212, page_to_pfn(b) + 511);
	assert_int_equal(get_pageblock_migratetype(b), MIGRATE_UNMOVABLE);
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
	assert_in_range(normal->watermark_boost, PAGEBLOCK_PAGES,
			MAX(PAGEBLOCK_PAGES, high * 15000 / 10000));
	assert_int_equal(low_wmark_pages(normal),
			 normal->watermark[WMARK_LOW] + normal->watermark_boost);
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
	page->_mapcount = 0; /* a PTE maps it */
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
	page->private = 3; /* the free list's order */
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
	assert_ptr_equal(alloc_page(GFP_NOWAIT), page); /* still warm */
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
		T(memblock_is_memory_minus_reserved),
		T(memblock_allocates_below_its_limit),
		T(boot_gives_away_what_is_free),
		T(highmem_parameter_moves_the_split),
		T(init_memory_is_freed),
		T(everything_merges_again),
		T(memory_runs_out_to_the_last_page),
		T(types_keep_to_their_pageblocks),
		T(a_stolen_pageblock_changes_sides),
		T(mixing_types_boosts_the_marks),
		T(fresh_pages_are_as_asked),
		T(references_keep_a_page),
		T(pages_in_use_are_not_freed),
		T(use_after_free_is_found),
		T(windows_show_high_pages),
		T(unmapping_out_of_order_is_found),
		T(stocks_fill_and_drain),
		T(stocks_stay_below_high),
		T(counters_add_up_over_cpus),
		T(allocations_are_counted),
	};

	return cmocka_run_group_tests_name("page_alloc", tests, host_init, NULL);
}
