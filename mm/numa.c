/*
 * numa.c - which memory and which CPUs are a node.
 *
 * Idea:   on a machine with several memory controllers some memory is nearer to
 *         a CPU than other memory. The firmware says so in two tables: the SRAT
 *         names the proximity domain of each range of RAM and of each CPU, the
 *         SLIT how far domains are apart (10: the same one). Domains that have RAM
 *         become nodes 0, 1, … in their order; a CPU in another one goes to the
 *         nearest that has. The physical address space is cut into segments:
 *
 *           pfn  0             node 0             |     node 1     | node 0 …
 *                segments[0].start                segments[1].start
 *
 *         A hole belongs to what comes before it. numa=fake=4 cuts RAM into four nodes
 *         of one size, so that all of this can be tried on any machine; numa=off: one node.
 * Locks:  none: written at boot, read by all.
 * Above:  mm_init.c makes zones of it; zonelist.c; main.c tells of CPUs.
 * Below:  memblock.c, kernel/x86/acpi.c.   In Linux: arch/x86/mm/numa.c, srat.c,
 *         numa_emulation.c.
 */
#include "mm/numa.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/page.h"
#include "mm/memblock.h"

#define BLOCK_PAGES (1UL << (MAX_ORDER - 1))	/* a segment begins where a largest block does */
#define FAKE_NODE_MIN ((32UL << 20) >> PAGE_SHIFT)	/* Linux's unit of numa=fake=N */
#define MAX_SEGMENTS (MAX_MEM_AFFINITY + 1)

/* c, all of it. Sorted; each ends where the next begins, the last never. */
static struct segment { unsigned long start; int nid; } segments[MAX_SEGMENTS];
static unsigned int nr_segments;
static u32 domain_of_node[MAX_NUMNODES];	/* the SRAT's */
static u8 distances[MAX_NUMNODES][MAX_NUMNODES];
static enum { FROM_TABLES, FAKE, OFF } numa_mode;

/* numa=fake=: so many nodes, or nodes of these sizes (pages), the last gets what is left. */
static unsigned int fake_nodes, nr_fake_sizes;
static unsigned long fake_sizes[MAX_NUMNODES];

int nr_online_nodes = 1;

/* --- parameters --- */

static int parse_fake(const char *s)
{
	while (nr_fake_sizes < MAX_NUMNODES) {
		char *end;
		u64 n = memparse(s, &end);

		if (end == s || !n)
			return -EINVAL;
		if (!nr_fake_sizes && !*end && isdigit(end[-1])) {	/* a bare number */
			fake_nodes = MIN(n, (u64)MAX_NUMNODES);
			break;
		}
		fake_sizes[nr_fake_sizes++] = n >> PAGE_SHIFT;
		if (!*end)
			break;
		if (*end != ',')
			return -EINVAL;
		s = end + 1;
	}
	numa_mode = FAKE;
	return 0;
}

static int parse_numa(const char *value)
{
	if (!strcmp(value, "off"))
		numa_mode = OFF;
	else if (!strcmp(value, "noacpi"))
		numa_mode = OFF;
	else if (!strncmp(value, "fake=", 5))
		return parse_fake(value + 5);
	else
		return -EINVAL;
	return 0;
}
CTL_PARAM("numa", parse_numa);

/* --- segments --- */

static const struct segment *segment_of(unsigned long pfn)
{
	unsigned int i = nr_segments - 1;

	while (i && segments[i].start > pfn)
		i--;
	return &segments[i];
}

int numa_pfn_nid(unsigned long pfn) { return segment_of(pfn)->nid; }

unsigned long numa_segment_end(unsigned long pfn)
{
	const struct segment *s = segment_of(pfn);

	return s + 1 < segments + nr_segments ? s[1].start : ~0UL;
}

/* From @start on it is @nid. => called in ascending order. False: too many */
static bool add_segment(unsigned long start, int nid)
{
	start &= ~(BLOCK_PAGES - 1);	/* so that no free block is of two nodes */
	if (nr_segments && segments[nr_segments - 1].nid == nid)
		return true;
	if (nr_segments && segments[nr_segments - 1].start == start)
		nr_segments--;
	if (nr_segments == MAX_SEGMENTS)
		return false;
	segments[nr_segments] = (struct segment){ nr_segments ? start : 0, nid };
	nr_segments++;
	return true;
}

static void one_node(void)
{
	nr_segments = 1;
	segments[0] = (struct segment){ 0, 0 };
	nr_online_nodes = 1;
	distances[0][0] = LOCAL_DISTANCE;
}

/* --- the firmware's tables --- */

/* The node of proximity domain @domain, NUMA_NO_NODE: it has no RAM. */
static int node_of_domain(u32 domain, int nr)
{
	for (int nid = 0; nid < nr; nid++)
		if (domain_of_node[nid] == domain)
			return nid;
	return NUMA_NO_NODE;
}

/* RAM in [start, end), in pages. */
static unsigned long ram_pages(phys_addr_t start, phys_addr_t end)
{
	unsigned long n = 0;
	phys_addr_t s, e;

	for (unsigned int i = 0; memblock_next_memory_range(&i, &s, &e); )
		if (MAX(s, start) < MIN(e, end))
			n += (MIN(e, end) - MAX(s, start)) >> PAGE_SHIFT;
	return n;
}

/* Domains with RAM, in ascending order, become nodes. How many; -1: more than there can be. */
static int number_domains(void)
{
	int nr = 0;

	for (unsigned int i = 0; i < acpi_info.nr_mem_affinity; i++) {
		u32 domain = acpi_info.mem_affinity[i].node;
		phys_addr_t start = acpi_info.mem_affinity[i].start;
		int at = nr;

		if (node_of_domain(domain, nr) != NUMA_NO_NODE ||
		    !ram_pages(start, start + acpi_info.mem_affinity[i].size))
			continue;
		if (nr == MAX_NUMNODES)
			return -1;
		for (; at && domain_of_node[at - 1] > domain; at--)
			domain_of_node[at] = domain_of_node[at - 1];
		domain_of_node[at] = domain;
		nr++;
	}
	return nr;
}

/* The SRAT's range that begins lowest at or above @from and has RAM; -1: none. */
static int next_affinity(phys_addr_t from)
{
	int best = -1;

	for (unsigned int i = 0; i < acpi_info.nr_mem_affinity; i++) {
		phys_addr_t start = acpi_info.mem_affinity[i].start;

		if (start >= from && ram_pages(start, start + acpi_info.mem_affinity[i].size) &&
		    (best < 0 || start < acpi_info.mem_affinity[best].start))
			best = i;
	}
	return best;
}

static void distances_from_slit(int nr)
{
	for (int a = 0; a < nr; a++)
		for (int b = 0; b < nr; b++) {
			u32 from = domain_of_node[a], to = domain_of_node[b];
			bool told = from < acpi_info.nr_localities && to < acpi_info.nr_localities;
			u8 d = told ? acpi_info.distance[from][to] : 0;

			if (a == b)
				d = LOCAL_DISTANCE;
			else if (d <= LOCAL_DISTANCE)	/* not told, or nonsense */
				d = REMOTE_DISTANCE;
			distances[a][b] = d;
		}
}

/* False: the tables say nothing, or nonsense. */
static bool init_from_tables(void)
{
	int nr = number_domains();
	phys_addr_t from = 0;

	if (nr < 2) {
		if (nr < 0)
			pr_warn("NUMA: more than %d nodes; the SRAT is not used\n", MAX_NUMNODES);
		return false;
	}
	for (int i; (i = next_affinity(from)) >= 0; ) {
		phys_addr_t start = acpi_info.mem_affinity[i].start;
		phys_addr_t end = start + acpi_info.mem_affinity[i].size;
		int nid = node_of_domain(acpi_info.mem_affinity[i].node, nr);

		if (end <= start || !add_segment(start >> PAGE_SHIFT, nid)) {
			pr_warn("NUMA: the SRAT's ranges make no sense; it is not used\n");
			return false;
		}
		pr_info("ACPI: SRAT: Node %d PXM %u [mem 0x%08lx-0x%08lx]\n", nid,
			acpi_info.mem_affinity[i].node, (unsigned long)start,
			(unsigned long)end - 1);
		from = start + 1;
	}
	distances_from_slit(nr);
	nr_online_nodes = nr;
	return true;
}

/* --- numa=fake= --- */

/* The pfn before which there are @pages pages of RAM; ~0: not so many. */
static unsigned long pfn_after(unsigned long pages)
{
	phys_addr_t s, e;

	for (unsigned int i = 0; memblock_next_memory_range(&i, &s, &e); ) {
		unsigned long here = (e - s) >> PAGE_SHIFT;

		if (pages < here)
			return (s >> PAGE_SHIFT) + pages;
		pages -= here;
	}
	return ~0UL;
}

/* The size of fake node @i of RAM's @total pages. */
static unsigned long fake_size(unsigned int i, unsigned long total)
{
	unsigned long each, rest;

	if (nr_fake_sizes)	/* of one size given: as many as fit */
		return fake_sizes[MIN(i, nr_fake_sizes - 1)];
	each = total / fake_nodes & ~(FAKE_NODE_MIN - 1);
	rest = (total - each * fake_nodes) / FAKE_NODE_MIN;
	return each + (i < rest ? FAKE_NODE_MIN : 0);
}

static bool init_fake(void)
{
	unsigned long total = ram_pages(0, ~0UL), before = 0;
	int nr = 0, most = fake_nodes ? (int)fake_nodes : MAX_NUMNODES;

	if (nr_fake_sizes > 1)
		most = nr_fake_sizes + 1;
	while (nr < MIN(most, MAX_NUMNODES)) {
		unsigned long start = pfn_after(before), size = fake_size(nr, total);

		if (!size) {
			pr_err("Not enough memory for each node.  NUMA emulation disabled.\n");
			return false;
		}
		if (nr && (start == ~0UL || total - before < FAKE_NODE_MIN / 2))
			break;
		add_segment(start, nr);
		pr_info("Faking node %d at 0x%lx\n", nr, nr ? start << PAGE_SHIFT : 0);
		nr++;
		before += size;
	}
	/* It is one machine's memory, after all: nothing is far. */
	memset(distances, LOCAL_DISTANCE, sizeof(distances));
	nr_online_nodes = nr;
	return nr > 1;
}

void numa_init(void)
{
	bool ok = false;

	if (numa_mode == FAKE)
		ok = init_fake();
	else if (numa_mode == FROM_TABLES && acpi_info.has_srat)
		ok = init_from_tables();
	if (!ok)
		one_node();
}

/* --- CPUs and distances --- */

int node_distance(int a, int b) { return distances[a][b]; }

/* The nearest node to a domain without RAM. */
static int nearest_node(u32 domain)
{
	int best = 0, best_distance = 256;

	for (int nid = 0; nid < nr_online_nodes; nid++) {
		u32 to = domain_of_node[nid];
		int d = domain < acpi_info.nr_localities && to < acpi_info.nr_localities
				? acpi_info.distance[domain][to]
				: REMOTE_DISTANCE;

		if (d < best_distance) {
			best_distance = d;
			best = nid;
		}
	}
	return best;
}

void numa_cpu_up(int cpu)
{
	u32 id = apic_id_of(cpu);
	int nid = 0;

	if (nr_online_nodes == 1)
		return;
	if (numa_mode == FAKE) {	/* in turn */
		per_cpu(numa_node, cpu) = cpu % nr_online_nodes;
		return;
	}
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.apic_ids[i] == id) {
			nid = node_of_domain(acpi_info.apic_node[i], nr_online_nodes);
			if (nid == NUMA_NO_NODE)
				nid = nearest_node(acpi_info.apic_node[i]);
		}
	per_cpu(numa_node, cpu) = nid;
}

u64 node_cpumask(int nid)
{
	u64 mask = 0;
	int cpu;

	for_each_online_cpu(cpu)
		if (cpu_to_node(cpu) == nid)
			mask |= 1UL << cpu;
	return mask;
}
