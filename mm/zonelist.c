/*
 * zonelist.c - in which order an allocation looks at the zones.
 *
 * Idea:   the list of a node names its own zones first, from HighMem down to DMA,
 *         then those of the nearest other node, and so on:
 *
 *           node 0   HighMem 0, Normal 0, DMA 0, HighMem 1, Normal 1
 *           node 1   HighMem 1, Normal 1, HighMem 0, Normal 0, DMA 0
 *
 *         so that memory is near rather than of the best kind. Of nodes at one
 *         distance each asker takes another first (load[]): else all of them would
 *         overflow into the same one.
 * Locks:  none: boot.   Above: mm_init.c.   Below: numa.c.
 *         In Linux: mm/page_alloc.c's build_zonelists(), find_next_best_node().
 */
#include "mm/numa.h"

/* The best of the nodes not yet in @taken to come next after @prev in @nid's list. */
static int next_best_node(int nid, int nr_nodes, u64 taken, const int load[])
{
	int best = NUMA_NO_NODE, best_cost = 0;

	for (int n = 0; n < nr_nodes; n++) {
		int cost;

		if (taken >> n & 1)
			continue;
		/* Of equals the ones above @nid first, so that not all lists go on with node 0. */
		cost = (node_distance(nid, n) + (n < nid)) * MAX_NUMNODES * MAX_NUMNODES + load[n];
		if (best == NUMA_NO_NODE || cost < best_cost) {
			best = n;
			best_cost = cost;
		}
	}
	return best;
}

void numa_node_order(int nid, int nr_nodes, int order[], int load[])
{
	u64 taken = 1UL << nid;
	int prev = nid;

	order[0] = nid;
	for (int i = 1; i < nr_nodes; i++) {
		int n = next_best_node(nid, nr_nodes, taken, load);

		/* The first of its distance bears what overflows; the next list starts elsewhere. */
		if (node_distance(nid, n) != node_distance(nid, prev))
			load[n]++;
		order[i] = n;
		taken |= 1UL << n;
		prev = n;
	}
}

/* Zones without pages are left out. */
static void build_zonelist(pg_data_t *pgdat, const int order[])
{
	int n = 0;

	for (int i = 0; i < nr_online_nodes; i++)
		for (int z = MAX_NR_ZONES - 1; z >= 0; z--) {
			struct zone *zone = &NODE_DATA(order[i])->node_zones[z];

			if (zone->present_pages)
				pgdat->zonelist[n++] = (struct zoneref){ zone, z };
		}
	pgdat->zonelist[n].zone = NULL;
	for (int z = 0; z < MAX_NR_ZONES; z++)
		for (struct zoneref *ref = pgdat->zonelist; ref->zone; ref++)
			if (ref->zone_idx <= z) {
				pgdat->preferred_zone[z] = ref->zone;
				break;
			}
}

void build_all_zonelists(void)
{
	int order[MAX_NUMNODES], load[MAX_NUMNODES] = { 0 }, nid;

	for_each_online_node(nid) {
		numa_node_order(nid, nr_online_nodes, order, load);
		build_zonelist(NODE_DATA(nid), order);
	}
}
