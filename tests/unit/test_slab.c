/*
 * test_slab.c - mm/slab.c, kmalloc.c and vmalloc.c on a machine in fake RAM.
 */
#include "host/host.h"

#include "host/ram.h"
#include "kernel/sched/task.h"
#include "mm/debug.h"
#include "mm/page_alloc_internal.h"
#include "mm/slab.h"
#include "mm/slab_internal.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

enum { MAX_HELD = 3000, CPUS = 3 };

static struct shrinker *shrinker;
void register_shrinker(struct shrinker *s)
{
	shrinker = s;
}

static int boot(void **state)
{
	host_reset(state);
	host_boot(128, "highmem=64M", CPUS);
	kmem_cache_init();
	vmalloc_init();
	return 0;
}

/* Pages in use that are neither free nor in a CPU's stock. */
static unsigned long pages_in_use(void)
{
	unsigned long n = totalram_pages() - global_zone_page_state(NR_FREE_PAGES);
	struct zone *zone;

	for_each_populated_zone(zone) n -= zone_pcp_pages(zone);
	return n;
}

static unsigned long slab_pages(void)
{
	return global_node_page_state(NR_SLAB_RECLAIMABLE) +
	       global_node_page_state(NR_SLAB_UNRECLAIMABLE);
}

/* Empty slabs too many are given back at once; the few that are kept go when the shrinker is asked.
 */
static void shrink_all(void)
{
	shrinker->scan_objects(shrinker, NULL, 100000);
	assert_int_equal(shrinker->count_objects(shrinker, NULL), 0);
}

/* --- one cache --- */

static void objects_are_apart_and_aligned(void **state)
{
	static const struct {
		unsigned int size, align, flags, want;
	} cases[] = {
		{ 1, 0, 0, 8 },
		{ 24, 0, 0, 8 },
		{ 100, 64, 0, 64 },
		{ 300, 0, SLAB_HWCACHE_ALIGN, 64 },
		{ 20, 0, SLAB_HWCACHE_ALIGN, 32 },
		{ 4096, 4096, 0, 4096 },
		{ 5000, 0, 0, 8 },
		{ 16000, 16, 0, 16 },
	};

	for (unsigned int c = 0; c < ARRAY_SIZE(cases); c++) {
		struct kmem_cache *s =
		    kmem_cache_create("test", cases[c].size, cases[c].align, cases[c].flags, NULL);
		u8 *objects[100];

		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
			assert_non_null(objects[i]);
			assert_int_equal((unsigned long)objects[i] % cases[c].want, 0);
			assert_true(page_test(virt_to_page(objects[i]), PG_slab));
			memset(objects[i], i, cases[c].size);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			for (unsigned int b = 0; b < cases[c].size; b++)
				assert_int_equal(objects[i][b], i);
			kmem_cache_free(s, objects[i]);
		}
		kmem_cache_destroy(s);
	}
}

static void zeroed_if_asked(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 200, 0, 0, NULL);

	for (int i = 0; i < 200; i++) {
		u8 *p = kmem_cache_alloc(s, GFP_KERNEL | __GFP_ZERO);

		for (int b = 0; b < 200; b++)
			assert_int_equal(p[b], 0);
		memset(p, 0xff, 200);
		if (i % 3)
			kmem_cache_free(s, p);
	}
}

static int constructed;
static void construct(void *p)
{
	constructed++;
	memset(p, 0x11, 100);
}

/* A constructor runs once per object of a new slab; a freed object stays as it was left. */
static void constructed_once(void **state)
{
	struct kmem_cache *s;
	u8 *p, *q;

	constructed = 0;
	s = kmem_cache_create("test", 100, 0, 0, construct);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(constructed, s->per_slab);
	for (int b = 0; b < 100; b++)
		assert_int_equal(p[b], 0x11);
	p[5] = 0x22;
	kmem_cache_free(s, p);
	q = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(p, q);
	assert_int_equal(q[5], 0x22);
	assert_int_equal(constructed, s->per_slab);
}

/* --- memory in pieces --- */

/*
 * Low memory has no two free pages side by side: objects whose slabs would be blocks come from
 * single pages, as far as one holds an object. Slabs of both sizes are counted, and given back.
 */
static void smaller_slabs_where_memory_is_in_pieces(void **state)
{
	struct kmem_cache *s = kmem_cache_create("pieces", 1500, 0, 0, NULL);
	struct kmem_cache *large = kmem_cache_create("large", 5000, 0, 0, NULL);
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	enum { MAX_PAGES = 128 << 8, OBJECTS = 50 };
	static struct page *pages[MAX_PAGES];
	void *objects[OBJECTS], *whole = kmem_cache_alloc(s, GFP_KERNEL);
	unsigned long n = 0, small = 0, used;

	assert_true(s->order > 0 && s->min_order == 0 && large->min_order == 1);
	assert_int_equal(slab_of(whole)->slab_order, s->order);
	while (n < MAX_PAGES && (pages[n] = alloc_page(gfp | __GFP_MEMALLOC)))
		n++;
	for (unsigned long i = 0; i < n; i++)
		if (page_to_pfn(pages[i]) & 1) {
			__free_page(pages[i]);
			pages[i] = NULL;
		}
	used = slab_pages();
	for (int i = 0; i < OBJECTS; i++) {
		objects[i] = kmem_cache_alloc(s, gfp);
		assert_non_null(objects[i]);
		memset(objects[i], i, 1500);
		if (slab_of(objects[i])->slab_order == 0)
			small++;
	}
	assert_true(small > 0);
	assert_true(s->nr_objects >= OBJECTS + 1);
	assert_true(slab_pages() > used);
	/* what no page holds needs a block, and there is none */
	assert_null(kmem_cache_alloc(large, gfp));
	for (int i = 0; i < OBJECTS; i++)
		for (int b = 0; b < 1500; b++)
			assert_int_equal(((u8 *)objects[i])[b], i);
	for (int i = 0; i < OBJECTS; i++)
		kmem_cache_free(s, objects[i]);
	kmem_cache_free(s, whole);
	for (unsigned long i = 0; i < n; i++)
		if (pages[i])
			__free_page(pages[i]);
	kmem_cache_destroy(s);
	kmem_cache_destroy(large);
	shrink_all();
	assert_true(slab_pages() <= used);
}

/* What one CPU has freed keeps no slab from going back, whoever asks; what is in use stays. */
static void stocks_go_back(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 1000, 0, 0, NULL);
	void *objects[3 * CPUS];
	unsigned long used, got;

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		host_run_on(i % CPUS);
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
	}
	for (unsigned int i = 1; i < ARRAY_SIZE(objects); i++) {
		host_run_on(i % CPUS);
		kmem_cache_free(s, objects[i]);
	}
	host_run_on(0);
	used = slab_pages();
	shrink_all();
	assert_int_equal(slab_pages(), used);		/* all of it lies in stocks */
	got = slab_drain_stocks();
	assert_true(got > 0);
	assert_int_equal(slab_pages(), used - got);
	assert_int_equal(s->nr_slabs, 1);
	assert_int_equal(s->nr_objects - s->nr_free, 1);
	assert_int_equal(slab_drain_stocks(), 0);
	kmem_cache_free(s, objects[0]);
	assert_int_equal(slab_drain_stocks(), 1UL << s->order);
	kmem_cache_destroy(s);
}

/* --- random traffic --- */

struct held {
	u8 *p;
	struct kmem_cache *s;
	size_t size;
	u8 fill;
};
static struct held held[MAX_HELD];
static unsigned int nr_held;

static void give_back(unsigned int i)
{
	for (size_t b = 0; b < held[i].size; b += 1 + held[i].size / 64)
		assert_int_equal(held[i].p[b], held[i].fill); /* nobody else has written there */
	if (held[i].s)
		kmem_cache_free(held[i].s, held[i].p);
	else
		kfree(held[i].p);
	held[i] = held[--nr_held];
}

static size_t random_size(void)
{
	switch (host_below(10)) {
	case 0:
		return 1 + host_below(20000);
	case 1:
	case 2:
		return 1 + host_below(2048);
	default:
		return 1 + host_below(256);
	}
}

static void traffic(struct kmem_cache **caches, unsigned int n, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		struct held *h = &held[nr_held];

		host_run_on(host_below(CPUS));
		if (nr_held &&
		    (nr_held == MAX_HELD || host_below(100) < (i / 3000 % 2 ? 55 : 35))) {
			give_back(host_below(nr_held));
			continue;
		}
		h->s = host_below(2) ? caches[host_below(n)] : NULL;
		h->size = h->s ? h->s->object_size : random_size();
		h->p = h->s ? kmem_cache_alloc(h->s, GFP_KERNEL) : kmalloc(h->size, GFP_KERNEL);
		assert_non_null(h->p);
		assert_true(h->s || ksize(h->p) >= h->size);
		h->fill = host_random();
		memset(h->p, h->fill, h->size);
		nr_held++;
	}
}

static void check_figures(struct kmem_cache *s)
{
	unsigned long in_use = 0, in_slabs = 0, empty = 0, idle = s->nr_free;
	struct page *slab;

	for (unsigned int i = 0; i < nr_held; i++)
		in_use += held[i].s == s;
	for (int cpu = 0; cpu < CPUS; cpu++) {
		assert_in_range(s->cpu[cpu].count, 0, s->limit);
		idle += s->cpu[cpu].count;
	}
	list_for_each_entry(slab, &s->partial, lru)
	{
		assert_true(slab->inuse > 0 && slab->inuse < slab->objects);
		in_slabs += slab->objects - slab->inuse;
	}
	list_for_each_entry(slab, &s->empty, lru)
	{
		assert_int_equal(slab->inuse, 0);
		in_slabs += slab->objects;
		empty++;
	}
	assert_int_equal(in_slabs, s->nr_free);
	assert_int_equal(empty, s->nr_empty);
	assert_int_equal(in_use + idle, s->nr_slabs * s->per_slab);
}

static void everything_comes_back(void **state)
{
	unsigned long before, slabs_before;
	struct kmem_cache *caches[4];

	nr_held = 0;
	shrink_all();
	before = pages_in_use();
	slabs_before = slab_pages();
	caches[0] = kmem_cache_create("a", 24, 0, 0, NULL);
	caches[1] = kmem_cache_create("b", 192, 0, SLAB_HWCACHE_ALIGN, NULL);
	caches[2] = kmem_cache_create("c", 1000, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	caches[3] = kmem_cache_create("d", 6000, 0, 0, NULL);
	for (int round = 0; round < 4; round++) {
		traffic(caches, 4, 6000);
		for (int c = 0; c < 4; c++)
			check_figures(caches[c]);
		check_free_lists();
	}
	assert_true(nr_held > 100);
	while (nr_held)
		give_back(host_below(nr_held));
	host_run_on(0);
	for (int c = 0; c < 4; c++) {
		check_figures(caches[c]);
		kmem_cache_destroy(caches[c]);
	}
	/* What the CPUs hoard of the kmalloc caches is all that may be left. */
	shrink_all();
	assert_in_range(slab_pages(), slabs_before, slabs_before + 13 * CPUS * 8 * 4);
	assert_int_equal(pages_in_use() - before, slab_pages() - slabs_before);
	assert_int_equal(global_node_page_state(NR_SLAB_RECLAIMABLE), 0);
	assert_null(strstr(host_log(), "WARNING"));
}

static void empty_slabs_go_back(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 512, 0, 0, NULL);
	static void *objects[4000];
	unsigned long peak;

	for (int i = 0; i < 4000; i++)
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
	peak = s->nr_slabs;
	assert_true(peak >= 4000 / s->per_slab);
	for (int i = 0; i < 4000; i++)
		kmem_cache_free(s, objects[i]);
	assert_in_range(s->nr_slabs, 1, 1 + 2 * s->limit); /* not even under pressure */
	assert_true(s->nr_slabs < peak / 2);
	kmem_cache_destroy(s);
}

/* What one CPU allocates, another may free. */
static void objects_wander_between_cpus(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 64, 0, 0, NULL);

	for (int i = 0; i < 5000; i++) {
		void *p;

		host_run_on(i % CPUS);
		p = kmem_cache_alloc(s, GFP_KERNEL);
		host_run_on((i + 1) % CPUS);
		kmem_cache_free(s, p);
	}
	nr_held = 0;
	check_figures(s);
	assert_in_range(s->nr_slabs, 1, 20);
	host_run_on(0);
	kmem_cache_destroy(s);
}

static void out_of_memory_is_null(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 2000, 0, 0, NULL);
	void *first = NULL, *p;
	unsigned int n = 0;

	while ((p = kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN))) {
		*(void **)p = first; /* chained through themselves */
		first = p;
		n++;
	}
	assert_true(n > 20000);
	assert_null(kmalloc(2000, GFP_NOWAIT | __GFP_NOWARN));
	assert_null(kmalloc(100000, GFP_NOWAIT | __GFP_NOWARN));
	assert_null(vmalloc_gfp(16 << 20, GFP_NOWAIT | __GFP_NOWARN));
	for (; first; first = p) {
		p = *(void **)first;
		kmem_cache_free(s, first);
	}
	kmem_cache_destroy(s);
	check_free_lists();
	assert_int_equal(vmalloc_used_kb(), 0);
}

/* --- mistakes --- */

static void use_after_free(struct kmem_cache *s, unsigned int at)
{
	u8 *p = kmem_cache_alloc(s, GFP_KERNEL);

	kmem_cache_free(s, p);
	p[at] = 1;
	kmem_cache_alloc(s, GFP_KERNEL);
}

static void mistakes_are_found(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test", 100, 0, 0, NULL), *other;
	static u8 *p; /* longjmp() may change others */

	expect_panic(use_after_free(s, 0), "BUG test: use after free: poison overwritten");
	boot(state);
	s = kmem_cache_create("test", 100, 0, 0, NULL);
	expect_panic(use_after_free(s, 99), "use after free");
	boot(state);
	s = kmem_cache_create("test", 100, 0, 0, NULL);
	expect_panic(use_after_free(s, 104), "red zone of a free object overwritten");
	boot(state);
	s = kmem_cache_create("test", 100, 0, 0, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, p);
	expect_panic(kmem_cache_free(s, p), "BUG test: double free");
	boot(state);
	p = kmalloc(64, GFP_KERNEL);
	p[64] = 0;
	expect_panic(kfree(p), "BUG kmalloc-64: written beyond its end");
	boot(state);
	p = kmalloc(64, GFP_KERNEL);
	expect_panic(kfree(p + 8), "not an object");
	boot(state);
	s = kmem_cache_create("test", 100, 0, 0, NULL);
	other = kmem_cache_create("other", 100, 0, 0, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	expect_panic(kmem_cache_free(other, p), "freed to the wrong cache");
	boot(state);
	p = __get_free_pages(GFP_KERNEL, 0);
	p[1] = 2;
	free_pages_address(p, 0);
	p[1] = 3;
	expect_panic(__get_free_pages(GFP_KERNEL, 0), "a free page was written to");
}

static void a_leak_is_told(void **state)
{
	struct kmem_cache *s = kmem_cache_create("leaky", 100, 0, 0, NULL);

	kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_destroy(s);
	assert_non_null(strstr(host_log(), "kmem_cache_destroy leaky: objects are still in use"));
	host_clear_log();
}

/* --- kmalloc --- */

static void sizes_and_alignment(void **state)
{
	static const size_t sizes[] = { 8,   16,  32,	64,   96,   128, 192,
					256, 512, 1024, 2048, 4096, 8192 };
	unsigned int c = 0;

	for (size_t size = 1; size <= 8192; size++) {
		u8 *p = kmalloc(size, GFP_KERNEL);

		while (sizes[c] < size)
			c++;
		assert_int_equal(ksize(p), sizes[c]);
		if ((sizes[c] & (sizes[c] - 1)) == 0)
			assert_int_equal((unsigned long)p % MIN(sizes[c], PAGE_SIZE), 0);
		memset(p, 0xee, sizes[c]); /* all of it is ours */
		kfree(p);
	}
	for (unsigned int order = 2; order < MAX_ORDER; order++) {
		u8 *p = kmalloc((PAGE_SIZE << order) - 1, GFP_KERNEL);

		assert_int_equal(ksize(p), PAGE_SIZE << order);
		assert_int_equal((unsigned long)p % (PAGE_SIZE << order), 0);
		p[(PAGE_SIZE << order) - 1] = 1;
		kfree(p);
	}
	assert_null(kmalloc(0, GFP_KERNEL));
	assert_null(kmalloc((4 << 20) + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kcalloc((1UL << 62) + 2, 4, GFP_KERNEL)); /* 8, if it were not looked at */
	kfree(NULL);
	assert_int_equal(ksize(NULL), 0);
}

static void strings_and_growth(void **state)
{
	char *s = kstrdup("overcommit", GFP_KERNEL), *t = kstrndup(s, 4, GFP_KERNEL), *u;

	assert_string_equal(s, "overcommit");
	assert_string_equal(t, "over");
	u = kasprintf(GFP_KERNEL, "%s-%d", t, 42);
	assert_string_equal(u, "over-42");
	for (size_t n = 16; n < 100000; n *= 3) {
		s = krealloc(s, n, GFP_KERNEL);
		assert_true(ksize(s) >= n);
		assert_string_equal(s, "overcommit");
	}
	assert_null(krealloc(s, 0, GFP_KERNEL));
	assert_null(kstrdup(NULL, GFP_KERNEL));
	s = kzalloc(5000, GFP_KERNEL);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(s[i], 0);
	kfree(s);
	kfree(t);
	kfree(u);
}

static void large_blocks_are_counted(void **state)
{
	unsigned long before = global_node_page_state(NR_SLAB_UNRECLAIMABLE);
	void *p = kmalloc(100000, GFP_KERNEL);

	assert_int_equal(global_node_page_state(NR_SLAB_UNRECLAIMABLE) - before, 32);
	kfree(p);
	assert_int_equal(global_node_page_state(NR_SLAB_UNRECLAIMABLE), before);
}

static void slabinfo(void **state)
{
	struct kmem_cache *s = kmem_cache_create("a_test", 100, 0, 0, NULL);
	char line[64];
	void *p[3];

	for (int i = 0; i < 3; i++)
		p[i] = kmem_cache_alloc(s, GFP_KERNEL);
	snprintf(line, sizeof(line), "%-17s %6d %6d ", "a_test", 3, (int)s->per_slab);
	assert_non_null(strstr(host_read("/proc/slabinfo"), line));
	host_clear_log();
	dump_unreclaimable_slab();
	assert_non_null(
	    strstr(host_log(),
		   "Unreclaimable slab info:\nName                      Used          Total\n"));
	assert_non_null(strstr(host_log(), "a_test"));
	for (int i = 0; i < 3; i++)
		kmem_cache_free(s, p[i]);
}

/* --- vmalloc --- */

static void areas_have_guards(void **state)
{
	unsigned long before = pages_in_use();
	u8 *a = vmalloc(3 * PAGE_SIZE), *b = vzalloc(1);

	memset(a, 0xaa, 3 * PAGE_SIZE);
	assert_int_equal(b[PAGE_SIZE - 1], 0);
	assert_int_equal((unsigned long)a % PAGE_SIZE, 0);
	assert_true(ram_is_mapped((unsigned long)a + 3 * PAGE_SIZE - 1));
	assert_false(ram_is_mapped((unsigned long)a + 3 * PAGE_SIZE));
	assert_true(b >= a + 4 * PAGE_SIZE);
	assert_int_equal(vmalloc_used_kb(), 16);
	assert_int_equal(page_zonenum(vmalloc_to_page(a)),
			 ZONE_HIGHMEM); /* it need not be low memory */
	assert_ptr_not_equal(vmalloc_to_page(a), vmalloc_to_page(a + PAGE_SIZE));
	assert_true(is_vmalloc_addr(a) && !is_vmalloc_addr(a - 1));
	vfree(a);
	assert_false(ram_is_mapped((unsigned long)a));
	vfree(b);
	vfree(NULL);
	assert_int_equal(vmalloc_used_kb(), 0);
	shrink_all();
	assert_in_range(pages_in_use() - before, 0, 2); /* a slab of vmap_area */
}

static void holes_are_used_again(void **state)
{
	enum { N = 60 };
	u8 *area[N] = { NULL };
	unsigned long size[N] = { 0 };

	for (int round = 0; round < 3000; round++) {
		int i = host_below(N);

		if (area[i]) {
			assert_int_equal(area[i][0], i);
			assert_int_equal(area[i][size[i] - 1], i);
			vfree(area[i]);
			area[i] = NULL;
			continue;
		}
		size[i] = 1 + host_below(12 * PAGE_SIZE);
		area[i] = vmalloc(size[i]);
		assert_non_null(area[i]);
		area[i][0] = area[i][size[i] - 1] = i;
		assert_true((unsigned long)area[i] + size[i] < VMALLOC_BASE + N * 14 * PAGE_SIZE);
		for (int j = 0; j < N; j++) /* apart, with a guard between */
			assert_true(j == i || !area[j] || area[j] >= area[i] + size[i] + 1 ||
				    area[i] >= area[j] + size[j] + 1);
	}
	for (int i = 0; i < N; i++)
		vfree(area[i]);
	assert_int_equal(vmalloc_used_kb(), 0);
	area[0] = vmalloc(1);
	assert_int_equal((unsigned long)area[0], VMALLOC_BASE);
	vfree(area[0]);
}

static void large_kvmalloc_is_vmalloc(void **state)
{
	u8 *small = kvmalloc(100, GFP_KERNEL), *large = kvzalloc(9 << 20, GFP_KERNEL);

	assert_false(is_vmalloc_addr(small));
	assert_true(is_vmalloc_addr(large));
	assert_int_equal(large[(9 << 20) - 1], 0);
	kvfree(small);
	kvfree(large);
	assert_int_equal(vmalloc_used_kb(), 0);
	assert_null(vmalloc(1UL << 40));
}

#define T(f) cmocka_unit_test_setup_teardown(f, boot, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(objects_are_apart_and_aligned),
		T(zeroed_if_asked),
		T(constructed_once),
		T(smaller_slabs_where_memory_is_in_pieces),
		T(stocks_go_back),
		T(everything_comes_back),
		T(empty_slabs_go_back),
		T(objects_wander_between_cpus),
		T(out_of_memory_is_null),
		T(mistakes_are_found),
		T(a_leak_is_told),
		T(sizes_and_alignment),
		T(strings_and_growth),
		T(large_blocks_are_counted),
		T(slabinfo),
		T(areas_have_guards),
		T(holes_are_used_again),
		T(large_kvmalloc_is_vmalloc),
	};

	return cmocka_run_group_tests_name("slab", tests, host_init, NULL);
}
