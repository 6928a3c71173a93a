/*
 * test_numa.c - sets of nodes, the order of zonelists, nodes from tables and from numa=fake=, and
 *               allocations that are held to some of them.
 */
#include "host/host.h"

#include "host/zones.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/nodemask.h"
#include "kernel/x86/acpi.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/numa.h"
#include "mm/page_alloc_internal.h"
#include "mm/vmstat.h"

static nodemask_t mask(unsigned long bits) { return (nodemask_t){ bits }; }

static void sets_have_a_text(void **state)
{
	static const struct { const char *text; int err; unsigned long bits; const char *back; } t[] = {
		{ "0", 0, 1, "0" },	      { "0-1,3", 0, 0xb, "0-1,3" }, { "", 0, 0, "" },
		{ "1,0\n", 0, 3, "0-1" },     { "7", 0, 0x80, "7" },	    { "8", -ERANGE, 0, NULL },
		{ "3-1", -EINVAL, 0, NULL },  { "x", -EINVAL, 0, NULL },    { "1,,", 0, 2, NULL },
		{ "0-7", 0, 0xff, "0-7" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		nodemask_t m;
		char buf[32];
		int err = nodelist_parse(t[i].text, &m);

		if (!t[i].back && !t[i].err)
			continue;	/* how lenient it is, is bitmap_parselist()'s affair */
		assert_int_equal(err, t[i].err);
		if (err)
			continue;
		assert_int_equal(m.bits, t[i].bits);
		bitmap_print_list(buf, sizeof(buf), &m.bits, MAX_NUMNODES);
		assert_string_equal(buf, t[i].back);
	}
}

static void sets_can_be_walked(void **state)
{
	int nid, seen = 0;

	for_each_node_mask(nid, mask(0xa4))
		seen = seen * 10 + nid;
	assert_int_equal(seen, 257);
	assert_int_equal(first_node(mask(0)), MAX_NUMNODES);
	assert_int_equal(next_node_in(7, mask(0x84)), 2);
	assert_int_equal(next_node_in(2, mask(0x84)), 7);
	assert_int_equal(next_node_in(NUMA_NO_NODE, mask(0x84)), 2);
	assert_int_equal(next_node_in(3, mask(0)), MAX_NUMNODES);
	assert_int_equal(nodes_weight(mask(0xa4)), 3);
	assert_true(nodes_subset(mask(4), mask(6)) && !nodes_subset(mask(5), mask(6)));
}

static void sets_map_onto_each_other(void **state)
{
	/* relative: the n-th of those allowed, round and round */
	assert_int_equal(nodes_onto(mask(0x5), mask(0xf0)).bits, 0x50);
	assert_int_equal(nodes_fold(mask(0x12), 3).bits, 0x2);
	assert_int_equal(nodes_onto(nodes_fold(mask(0x4), 2), mask(0x3)).bits, 0x1);
	/* a cpuset moves from 0-1 to 2-3 */
	assert_int_equal(node_remap(1, mask(3), mask(0xc)), 3);
	assert_int_equal(node_remap(5, mask(3), mask(0xc)), 5);
	assert_int_equal(nodes_remap(mask(3), mask(3), mask(0x4)).bits, 0x4);
	assert_int_equal(nodes_remap(mask(2), mask(3), mask(0)).bits, 0x2);
}

/* Four domains of 64 MiB; distances as on a ring: 0-1-2-3-0. */
static void make_tables(void)
{
	acpi_info.has_srat = true;
	acpi_info.nr_mem_affinity = 4;
	acpi_info.nr_localities = 4;
	for (unsigned int i = 0; i < 4; i++) {
		acpi_info.mem_affinity[i].start = (u64)(3 - i) * (64UL << 20);	/* in no order */
		acpi_info.mem_affinity[i].size = 64UL << 20;
		acpi_info.mem_affinity[i].node = 3 - i;
		for (unsigned int j = 0; j < 4; j++)
			acpi_info.distance[i][j] = i == j ? 10 : (i + j) % 2 ? 20 : 30;
	}
	acpi_info.nr_cpus = 4;
	for (unsigned int i = 0; i < 4; i++) {
		acpi_info.apic_ids[i] = i;
		acpi_info.apic_node[i] = 3 - i;
	}
}

static void tables_make_nodes(void **state)
{
	make_tables();
	host_boot(256, "highmem=64M", 4);
	assert_int_equal(nr_online_nodes, 4);
	assert_int_equal(node_distance(0, 2), 30);
	assert_int_equal(node_distance(3, 0), 20);
	for (int nid = 0; nid < 4; nid++) {
		numa_cpu_up(nid);
		assert_int_equal(cpu_to_node(nid), 3 - nid);
		assert_int_equal(page_to_nid(pfn_to_page(nid * 16384UL + 5000)), nid);
		assert_in_range(NODE_DATA(nid)->node_present_pages, nid ? 16384 : 16200, 16384);
	}
	assert_int_equal(node_cpumask(1), 1 << 2);
	/* low memory is 192 MiB: node 3 has HighMem only */
	assert_false(managed_zone(&NODE_DATA(3)->node_zones[ZONE_NORMAL]));
	assert_int_equal(NODE_DATA(3)->node_zones[ZONE_HIGHMEM].managed_pages, 16384);
	check_free_lists();
}

static void broken_tables_make_one_node(void **state)
{
	make_tables();
	for (unsigned int i = 0; i < 4; i++)
		acpi_info.mem_affinity[i].node = 5;	/* one domain */
	host_boot(256, "highmem=0", 1);
	assert_int_equal(nr_online_nodes, 1);
	assert_int_equal(node_distance(0, 0), 10);
}

static void numa_off_makes_one_node(void **state)
{
	make_tables();
	host_boot(256, "highmem=0 numa=off", 1);
	assert_int_equal(nr_online_nodes, 1);
}

static void fake_nodes_share_what_there_is(void **state)
{
	static const struct { const char *cmdline; int nodes; unsigned long first; } t[] = {
		{ "highmem=0 numa=fake=2", 2, 128 }, { "highmem=0 numa=fake=3", 3, 96 },
		{ "highmem=0 numa=fake=64M", 4, 64 }, { "highmem=0 numa=fake=32M,96M", 3, 32 },
		{ "highmem=0 numa=fake=99", 1, 256 },	/* less than 32 MiB each */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		unsigned long sum = 0;
		int nid;

		host_reset(state);	/* parameters add up */
		host_boot(256, t[i].cmdline, 2);
		assert_int_equal(nr_online_nodes, t[i].nodes);
		for_each_online_node(nid)
			sum += NODE_DATA(nid)->node_present_pages;
		assert_in_range(sum, (256 << 8) - 200, 256 << 8);
		assert_in_range(NODE_DATA(0)->node_present_pages, (t[i].first - 4) << 8,
				(t[i].first + 4) << 8);
		check_free_lists();
	}
}

/* "Normal1 DMA0 …" of a node's list. */
static void expect_list(int nid, const char *want)
{
	char buf[256] = "";
	size_t len = 0;

	for (struct zoneref *z = NODE_DATA(nid)->zonelist; z->zone; z++)
		len += snprintf(buf + len, sizeof(buf) - len, "%s%s%d", len ? " " : "",
				z->zone->name, z->zone->node);
	assert_string_equal(buf, want);
}

static void zonelists_go_by_distance(void **state)
{
	make_tables();
	host_boot(256, "highmem=64M", 1);
	/* nearer ones first; of equals, those above first, and each list another one */
	expect_list(0, "Normal0 DMA0 Normal1 HighMem3 Normal2");
	expect_list(1, "Normal1 Normal2 Normal0 DMA0 HighMem3");
	expect_list(2, "Normal2 HighMem3 Normal1 Normal0 DMA0");
	expect_list(3, "HighMem3 Normal0 DMA0 Normal2 Normal1");
	for (int nid = 0; nid < 4; nid++) {
		const pg_data_t *pgdat = NODE_DATA(nid);

		assert_int_equal(pgdat->preferred_zone[ZONE_MOVABLE]->node, nid);
		assert_string_equal(pgdat->preferred_zone[ZONE_DMA]->name, "DMA");
		assert_false(is_highmem(pgdat->preferred_zone[ZONE_NORMAL]));
	}
}

static struct page *take(gfp_t gfp, int nid, const nodemask_t *nodes)
{
	return __alloc_pages(gfp | ANY_NOWAIT, 0, nid, nodes);
}

static void the_nearest_node_serves(void **state)
{
	struct page *page;
	nodemask_t two = mask(4);

	make_tables();
	host_boot(256, "highmem=64M", 1);
	page = take(__GFP_HIGHMEM | __GFP_MOVABLE, 3, NULL);
	assert_int_equal(page_to_nid(page), 3);
	assert_int_equal(node_numa_state(NODE_DATA(3), NUMA_HIT), 1);
	assert_int_equal(node_numa_state(NODE_DATA(3), NUMA_OTHER), 1);	/* our CPU is in node 0 */
	__free_page(page);
	page = take(0, 3, NULL);	/* node 3 has no low memory */
	assert_int_equal(page_to_nid(page), 0);
	__free_page(page);
	page = take(0, 0, &two);
	assert_int_equal(page_to_nid(page), 2);
	__free_page(page);
	assert_null(take(__GFP_THISNODE, 3, NULL));
}

static void a_full_node_overflows_unless_bound(void **state)
{
	struct page *held[20000], *page;
	nodemask_t one = mask(2);
	unsigned int n = 0;

	make_tables();
	host_boot(256, "highmem=0", 1);
	while (n < 20000 && (page = take(0, 1, &one))) {
		assert_int_equal(page_to_nid(page), 1);
		held[n++] = page;
	}
	assert_in_range(n, 15000, 16384);
	assert_null(take(0, 1, &one));
	page = take(0, 1, NULL);
	assert_int_equal(page_to_nid(page), 2);		/* the nearest above */
	assert_int_equal(node_numa_state(NODE_DATA(2), NUMA_MISS), 1);
	assert_int_equal(node_numa_state(NODE_DATA(1), NUMA_FOREIGN), 1);
	__free_page(page);
	while (n)
		__free_page(held[--n]);
	check_free_lists();
}

static void cpusets_hold_users_not_the_kernel(void **state)
{
	struct page *page;

	make_tables();
	host_boot(256, "highmem=0", 1);
	cpusets_in_use = true;
	current->mems_allowed = mask(2);
	page = take(__GFP_HARDWALL, 0, NULL);
	assert_int_equal(page_to_nid(page), 1);
	__free_page(page);
	assert_true(cpuset_node_allowed(1, __GFP_HARDWALL));
	assert_false(cpuset_node_allowed(0, __GFP_HARDWALL));
	assert_true(cpuset_node_allowed(0, 0));		/* the kernel's own may spill over */
	current->tif |= TIF_MEMDIE;
	assert_true(cpuset_node_allowed(0, __GFP_HARDWALL));
	current->tif &= ~TIF_MEMDIE;
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sets_have_a_text),
		T(sets_can_be_walked),
		T(sets_map_onto_each_other),
		T(tables_make_nodes),
		T(broken_tables_make_one_node),
		T(numa_off_makes_one_node),
		T(fake_nodes_share_what_there_is),
		T(zonelists_go_by_distance),
		T(the_nearest_node_serves),
		T(a_full_node_overflows_unless_bound),
		T(cpusets_hold_users_not_the_kernel),
	};

	return cmocka_run_group_tests_name("numa", tests, host_init, NULL);
}
