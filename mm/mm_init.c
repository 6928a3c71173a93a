/*
 * mm_init.c - from the loader's memory map to zones full of free pages.
 *
 * Idea:   four steps, each before something of kernel/x86 that needs it:
 *
 *           mm_early_init()   memory map -> memblock; where does low memory end?
 *           (paging_init)     the direct map of low memory
 *           mm_init_zones()   struct pages for what exists, zones
 *           mem_init()        what memblock has free goes to the buddy lists
 *
 *         struct pages exist in units of a largest buddy block (4 MiB), so that a
 *         buddy can always be looked at; what is no RAM among them is reserved.
 *         Each struct page is written once here: two stores.
 * Locks:  none: one CPU.
 * Above:  kernel/main.c.  Below: memblock.c, page_alloc.c.
 *         In Linux: mm/page_alloc.c, arch/x86/mm/init_32.c.
 */
#include "mm/mm_init.h"

#include "boot/boot_info.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/page.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/tlb.h"
#include "mm/memblock.h"
#include "mm/numa.h"
#include "mm/page_alloc_internal.h"

#define BLOCK_PAGES (1UL << (MAX_ORDER - 1))		/* 4 MiB: the unit of struct pages */
#define VMEMMAP_LARGE_PAGES ((2UL << 20) / sizeof(struct page))	/* struct pages in a 2 MiB page: 128 MiB */
#define LOWMEM_DEFAULT (896UL << 20)			/* i386's split: 1 GiB of kernel space less 128 MiB */
#define LOWMEM_LEAST (64UL << 20)			/* i386 ignores a highmem= that leaves less */
#define DMA_END_PFN ((16UL << 20) >> PAGE_SHIFT)	/* what an ISA device can reach */

pg_data_t *node_data[MAX_NUMNODES];
unsigned long max_pfn, max_low_pfn;

static u64 mem_limit = ~0UL;
static u64 highmem_size = ~0UL;			/* ~0: not given */
static unsigned long *valid_blocks;		/* bit: this 4 MiB has struct pages. c */
static phys_addr_t vmemmap_bytes;

static int parse_size(const char *value, u64 *size)
{
	char *end;

	*size = memparse(value, &end);
	return end == value || *end ? -EINVAL : 0;
}
static int parse_mem(const char *value) { return parse_size(value, &mem_limit); }
static int parse_highmem(const char *value) { return parse_size(value, &highmem_size); }
CTL_PARAM("mem", parse_mem);
CTL_PARAM("highmem", parse_highmem);

/* --- the map --- */

static void add_ram(void)
{
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_region *r = &boot_info.mem[i];
		phys_addr_t start = PAGE_ALIGN(r->start), end = (r->start + r->size) & PAGE_MASK;

		if (r->type == BOOT_MEM_RAM && end > start)
			memblock_add(start, end - start);
	}
	/* what overlaps RAM and says it is none, wins */
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_region *r = &boot_info.mem[i];
		phys_addr_t start = r->start & PAGE_MASK;

		if (r->type != BOOT_MEM_RAM)
			memblock_remove(start, PAGE_ALIGN(r->start + r->size) - start);
	}
	if (mem_limit != ~0UL)
		memblock_remove(mem_limit & PAGE_MASK, ~0UL - (mem_limit & PAGE_MASK));
	memblock_remove(0, PAGE_SIZE);		/* page 0: the BIOS' data, and nobody's pointer */
}

static void reserve_taken(void)
{
	memblock_reserve(virt_to_phys(__kernel_start), __kernel_end - __kernel_start);
	memblock_reserve(TRAMPOLINE_PHYS, PAGE_SIZE);
	if (boot_info.initrd_size) {
		phys_addr_t start = boot_info.initrd_start & PAGE_MASK;

		memblock_reserve(start, PAGE_ALIGN(boot_info.initrd_start + boot_info.initrd_size) -
						start);
	}
}

/* Where the last @pages pages of RAM begin. */
static unsigned long top_pages_start(unsigned long pages)
{
	phys_addr_t start, end;
	unsigned int n = 0, i;

	for (i = 0; memblock_next_memory_range(&i, &start, &end); )
		n = i;
	while (n-- > 0) {
		unsigned long here;

		i = n;
		memblock_next_memory_range(&i, &start, &end);
		here = (end - start) >> PAGE_SHIFT;
		if (pages <= here)
			return (end >> PAGE_SHIFT) - pages;
		pages -= here;
	}
	return 0;
}

/* highmem=SIZE: so much of the top is HighMem; else everything above 896 MiB. */
static void find_low_high_split(void)
{
	max_pfn = memblock_end_of_DRAM() >> PAGE_SHIFT;
	max_low_pfn = MIN(max_pfn, LOWMEM_DEFAULT >> PAGE_SHIFT);
	if (highmem_size == 0)
		max_low_pfn = max_pfn;
	else if (highmem_size != ~0UL) {
		unsigned long split = top_pages_start(highmem_size >> PAGE_SHIFT);

		if (split >= LOWMEM_LEAST >> PAGE_SHIFT)
			max_low_pfn = split;
		else
			pr_err("highmem size (%luMB) results in <64MB lowmem, ignoring it!\n",
			       highmem_size >> 20);
	}
}

void mm_early_init(void)
{
	early_alloc = memblock_alloc;
	add_ram();
	reserve_taken();
	numa_init();
	find_low_high_split();
	/* what the boot tables map */
	memblock_set_current_limit(MIN(max_low_pfn << PAGE_SHIFT, 1UL << 30));
	if (max_pfn > max_low_pfn)
		pr_notice("%luMB HIGHMEM available.\n",
			  (max_pfn - max_low_pfn) >> (20 - PAGE_SHIFT));
	pr_notice("%luMB LOWMEM available.\n", max_low_pfn >> (20 - PAGE_SHIFT));
}

/* --- struct pages --- */

bool pfn_valid(unsigned long pfn)
{
	return pfn < max_pfn && test_bit(pfn / BLOCK_PAGES, valid_blocks);
}

static void mark_valid_blocks(void)
{
	unsigned long blocks = DIV_ROUND_UP(max_pfn, BLOCK_PAGES);
	phys_addr_t start, end;

	valid_blocks = memblock_alloc(BITS_TO_LONGS(blocks) * sizeof(long), sizeof(long));
	for (unsigned int i = 0; memblock_next_memory_range(&i, &start, &end); )
		for (unsigned long b = (start >> PAGE_SHIFT) / BLOCK_PAGES;
		     b * BLOCK_PAGES < end >> PAGE_SHIFT; b++)
			__set_bit(b, valid_blocks);
}

/* Memory for the struct pages of [pfn, end), in small pages. */
static void map_vmemmap_small(unsigned long pfn, unsigned long end)
{
	unsigned long size = (end - pfn) * sizeof(struct page);
	phys_addr_t at = memblock_phys_alloc(size, PAGE_SIZE);

	if (!at || map_kernel_range((unsigned long)pfn_to_page(pfn), at, size, PAGE_KERNEL))
		panic("no memory for struct pages");
	vmemmap_bytes += size;
}

/* One 2 MiB page if most of its 128 MiB exist, else what is needed in small ones. */
static void map_vmemmap_section(unsigned long section)
{
	unsigned long blocks = VMEMMAP_LARGE_PAGES / BLOCK_PAGES, first = section * blocks, n = 0;
	unsigned long last = MIN(first + blocks, DIV_ROUND_UP(max_pfn, BLOCK_PAGES));

	for (unsigned long b = first; b < last; b++)
		n += test_bit(b, valid_blocks);
	if (n == blocks) {
		phys_addr_t at = memblock_phys_alloc(2UL << 20, 2UL << 20);

		if (at && !map_kernel_range_large((unsigned long)pfn_to_page(first * BLOCK_PAGES),
						  at, 2UL << 20, PAGE_KERNEL)) {
			vmemmap_bytes += 2UL << 20;
			return;
		}
		if (at)
			memblock_free(at, 2UL << 20);
	}
	for (unsigned long b = first; b < last; b++) {
		unsigned long run = b;

		while (run < last && test_bit(run, valid_blocks))
			run++;
		if (run > b)
			map_vmemmap_small(b * BLOCK_PAGES, run * BLOCK_PAGES);
		b = run;
	}
}

static void vmemmap_init(void)
{
	mark_valid_blocks();
	for (unsigned long s = 0; s * VMEMMAP_LARGE_PAGES < max_pfn; s++)
		map_vmemmap_section(s);
}

static enum zone_type pfn_zone(unsigned long pfn)
{
	return pfn < DMA_END_PFN ? ZONE_DMA : pfn < max_low_pfn ? ZONE_NORMAL : ZONE_HIGHMEM;
}

/* The first pfn past what is of @pfn's zone and node. */
static unsigned long zone_end(unsigned long pfn)
{
	unsigned long segment = numa_segment_end(pfn);

	switch (pfn_zone(pfn)) {
	case ZONE_DMA:
		return MIN(DMA_END_PFN, segment);
	case ZONE_NORMAL:
		return MIN(max_low_pfn, segment);
	default:
		return segment;
	}
}

/*
 * [pfn, end), all of one zone and node: a few stores each. Free pages have refcount 0; the others are
 * nobody's, for ever or until freed.
 */
static void init_struct_pages(unsigned long pfn, unsigned long end, bool is_free)
{
	unsigned long flags = (unsigned long)pfn_zone(pfn) << PG_ZONE_SHIFT |
			      (unsigned long)numa_pfn_nid(pfn) << PG_NODE_SHIFT |
			      (is_free ? 0 : PG_reserved);
	struct page *page = pfn_to_page(pfn), *last = pfn_to_page(end);

	for (; page < last; page++) {
		atomic_store_explicit(&page->flags, flags, memory_order_relaxed);
		atomic_store_explicit(&page->_mapcount, -1, memory_order_relaxed);
		atomic_store_explicit(&page->_refcount, is_free ? 0 : 1, memory_order_relaxed);
		page->memcg = NULL;	/* what RAM holds at power-on is anything */
	}
}

static void init_pages_by_zone(unsigned long pfn, unsigned long end, bool is_free)
{
	while (pfn < end) {
		unsigned long stop = MIN(end, zone_end(pfn));

		init_struct_pages(pfn, stop, is_free);
		pfn = stop;
	}
}

/* What is no RAM, or taken: the valid blocks' part of [pfn, end). */
static void init_reserved_pages(unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		unsigned long stop = MIN(end, (pfn / BLOCK_PAGES + 1) * BLOCK_PAGES);

		if (test_bit(pfn / BLOCK_PAGES, valid_blocks))
			init_pages_by_zone(pfn, stop, false);
		pfn = stop;
	}
}

/* --- zones --- */

struct zone *first_zone(void)
{
	struct zone *zone = &node_data[0]->node_zones[0];

	return zone->present_pages ? zone : next_zone(zone);
}

struct zone *next_zone(struct zone *zone)
{
	int nid = zone->node, idx = zone_idx(zone) + 1;

	for (; nid < nr_online_nodes; nid++, idx = 0)
		for (; idx < MAX_NR_ZONES; idx++)
			if (NODE_DATA(nid)->node_zones[idx].present_pages)
				return &NODE_DATA(nid)->node_zones[idx];
	return NULL;
}

/*
 * Node @nid's RAM in [*start, end); *start moves to the first page that exists, *last is past the
 * last one.
 */
static unsigned long present_in(int nid, unsigned long *start, unsigned long end,
				unsigned long *last)
{
	unsigned long low = *start, n = 0;
	phys_addr_t s, e;

	*last = low;
	for (unsigned int i = 0; memblock_next_memory_range(&i, &s, &e); ) {
		unsigned long from = MAX(s >> PAGE_SHIFT, low), to = MIN(e >> PAGE_SHIFT, end), stop;

		for (; from < to; from = stop) {
			stop = MIN(to, numa_segment_end(from));
			if (numa_pfn_nid(from) != nid)
				continue;
			if (!n)
				*start = from;
			n += stop - from;
			*last = stop;
		}
	}
	return n;
}

static void init_zone(pg_data_t *pgdat, enum zone_type idx, unsigned long start, unsigned long end)
{
	static const char *const names[MAX_NR_ZONES] = { "DMA", "Normal", "HighMem", "Movable" };
	struct zone *zone = &pgdat->node_zones[idx];
	unsigned long last, blocks;

	zone->name = names[idx];
	zone->zone_pgdat = pgdat;
	zone->node = pgdat->node_id;
	zone->stat_threshold = 1;
	page_alloc_init_zone(zone);
	zone->present_pages = present_in(zone->node, &start, end, &last);
	if (!zone->present_pages)
		return;
	zone->zone_start_pfn = start;
	zone->spanned_pages = last - start;
	zone->initialized = true;
	blocks = ((last - 1) >> PAGEBLOCK_ORDER) - (start >> PAGEBLOCK_ORDER) + 1;
	zone->pageblock_types = memblock_alloc(ALIGN_UP(blocks, 8UL), 8);
	memset(zone->pageblock_types, MIGRATE_MOVABLE, blocks);
	if (!pgdat->node_present_pages)
		pgdat->node_start_pfn = start;
	pgdat->node_spanned_pages = last - pgdat->node_start_pfn;
	pgdat->node_present_pages += zone->present_pages;
	pgdat->nr_zones = idx + 1;
}

/* lruvec_init: empty lists of @memcg (NULL: the root) on @pgdat. */
void lruvec_init(struct lruvec *lruvec, struct pglist_data *pgdat, struct mem_cgroup *memcg)
{
	spin_lock_init(&lruvec->lru_lock, LOCK_LRU);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		INIT_LIST_HEAD(&lruvec->lists[i]);
	lruvec->pgdat = pgdat;
	lruvec->memcg = memcg;
}

static void init_node(int nid)
{
	static pg_data_t node0;
	pg_data_t *pgdat = nid ? memblock_alloc(ALIGN_UP(sizeof(node0), 64UL), 64) : &node0;

	node_data[nid] = pgdat;
	pgdat->node_id = nid;
	pgdat->stat_threshold = 1;
	init_waitqueue_head(&pgdat->kswapd_wait);
	init_waitqueue_head(&pgdat->pfmemalloc_wait);
	lruvec_init(&pgdat->lruvec, pgdat, NULL);
	init_zone(pgdat, ZONE_DMA, 1, MIN(DMA_END_PFN, max_low_pfn));
	init_zone(pgdat, ZONE_NORMAL, MIN(DMA_END_PFN, max_low_pfn), max_low_pfn);
	init_zone(pgdat, ZONE_HIGHMEM, max_low_pfn, max_pfn);
	init_zone(pgdat, ZONE_MOVABLE, max_pfn, max_pfn);
}

/* What kind of memory lies where, over all nodes; then, if there are several, whose it is. */
static void print_zone_ranges(void)
{
	int nid;

	pr_info("Zone ranges:\n");
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		unsigned long start = ~0UL, end = 0;

		for_each_online_node(nid) {
			const struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (!zone->present_pages)
				continue;
			start = MIN(start, zone->zone_start_pfn);
			end = MAX(end, zone->zone_start_pfn + zone->spanned_pages);
		}
		if (!end)
			pr_info("  %-8s empty\n", NODE_DATA(0)->node_zones[i].name);
		else
			pr_info("  %-8s [mem 0x%016lx-0x%016lx]\n",
				NODE_DATA(0)->node_zones[i].name, start << PAGE_SHIFT,
				(end << PAGE_SHIFT) - 1);
	}
	if (nr_online_nodes == 1)
		return;
	for_each_online_node(nid) {
		const pg_data_t *pgdat = NODE_DATA(nid);

		pr_info("Initmem setup node %d [mem 0x%016lx-0x%016lx]\n", nid,
			pgdat->node_start_pfn << PAGE_SHIFT,
			((pgdat->node_start_pfn + pgdat->node_spanned_pages) << PAGE_SHIFT) - 1);
	}
}

static unsigned long present_pages(void)
{
	unsigned long sum = 0;
	int nid;

	for_each_online_node(nid)
		sum += NODE_DATA(nid)->node_present_pages;
	return sum;
}

void mm_init_zones(void)
{
	int nid;

	memblock_set_current_limit(max_low_pfn << PAGE_SHIFT);
	vmemmap_init();
	for_each_online_node(nid)
		init_node(nid);
	print_zone_ranges();
	build_all_zonelists();
	pr_info("Built %d zonelists, mobility grouping on.  Total pages: %lu\n", nr_online_nodes,
		present_pages());
}

/* --- handing over --- */

/* early_alloc once memblock is closed: whoever is late gets whole blocks of low pages. */
static void *late_alloc(u64 size, u64 align)
{
	void *p = __get_free_pages(GFP_KERNEL | __GFP_ZERO, get_order(MAX(size, align)));

	if (!p)
		panic("late_alloc: no %lu bytes", size);
	return p;
}

static phys_addr_t alloc_kernel_table_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	return page ? page_to_phys(page) : 0;
}

static void print_memory_line(void)
{
	unsigned long all = present_pages() << (PAGE_SHIFT - 10),
		      avail = totalram_pages() << (PAGE_SHIFT - 10);
	unsigned long init = (__init_text_end - __init_text_start) + (__init_end - __init_start);

	pr_info("Memory: %luK/%luK available (%luK kernel code, %luK rwdata, %luK rodata, %luK "
		"init, %luK bss, "
		"%luK struct pages, %luK reserved, %luK highmem)\n",
		avail, all, (unsigned long)(__text_end - __text_start) >> 10,
		(unsigned long)(__init_start - __data_start) >> 10,
		(unsigned long)(__rodata_end - __rodata_start) >> 10, init >> 10,
		(unsigned long)(__bss_end - __bss_start) >> 10, vmemmap_bytes >> 10, all - avail,
		totalhigh_pages() << (PAGE_SHIFT - 10));
}

/*
 * Every struct page is initialised on the way, and every free page given away. memblock is closed
 * afterwards.
 */
void mem_init(void)
{
	unsigned long pos = 0;
	phys_addr_t start, end;
	unsigned int i;

	/* All struct pages first: a block that is given away looks at its neighbours. */
	for (i = 0; memblock_next_free_range(&i, &start, &end); ) {
		unsigned long from = PAGE_ALIGN(start) >> PAGE_SHIFT, to = end >> PAGE_SHIFT;

		if (from >= to)
			continue;
		init_reserved_pages(pos, from);
		init_pages_by_zone(from, to, true);
		pos = to;
	}
	init_reserved_pages(pos, ALIGN_UP(max_pfn, BLOCK_PAGES));
	for (i = 0; memblock_next_free_range(&i, &start, &end); ) {
		unsigned long from = PAGE_ALIGN(start) >> PAGE_SHIFT, to = end >> PAGE_SHIFT;

		while (from < to) {
			unsigned long stop = MIN(to, zone_end(from));

			free_boot_range(page_zone(pfn_to_page(from)), from, stop);
			from = stop;
		}
	}
	early_alloc = late_alloc;
	alloc_kernel_table = alloc_kernel_table_page;
	init_per_zone_wmark_min();
	print_memory_line();
}

/*
 * [start, end) of the image: no longer mapped there, writable in the direct map (text was not),
 * then free.
 */
static void free_init_range(char *start, char *end)
{
	unsigned long direct = (unsigned long)phys_to_virt(virt_to_phys(start)), size = end - start;

	for (unsigned long off = 0; off < size; off += PAGE_SIZE) {
		u64 *pte = kernel_pte(direct + off);

		BUG_ON(!pte);
		unmap_kernel_page((unsigned long)start + off);
		WRITE_ONCE(*pte, (virt_to_phys(start) + off) | (PAGE_KERNEL & supported_pte_mask));
	}
	flush_tlb_kernel_range(direct, direct + size);
	flush_tlb_kernel_range((unsigned long)start, (unsigned long)end);
	free_reserved_area(virt_to_phys(start), virt_to_phys(end), NULL);
}

void free_initrd_mem(phys_addr_t start, phys_addr_t end)
{
	/* SeaBIOS may have grown, for its disks, into the place where QEMU put the end. */
	while (end > start && !memblock_is_memory(end - PAGE_SIZE))
		end -= PAGE_SIZE;
	free_reserved_area(start, end, "initrd");
}

void free_initmem(void)
{
	unsigned long before = totalram_pages();

	free_init_range(__init_text_start, __init_text_end);
	free_init_range(__init_start, __init_end);
	pr_info("Freeing unused kernel image (initmem) memory: %luK\n",
		(totalram_pages() - before) << (PAGE_SHIFT - 10));
}

unsigned long totalhigh_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		if (is_highmem(zone))
			sum += zone->managed_pages;
	return sum;
}
