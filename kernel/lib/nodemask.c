/*
 * nodemask.c - a set of memory nodes: its algebra and its text.
 *
 * Locks:  none.   Above: mm/mempolicy.c, mm/cpuset.c.   In Linux: lib/nodemask.c, lib/bitmap.c.
 */
#include "kernel/lib/nodemask.h"

/* The @n-th node of @m (from 0); MAX_NUMNODES if there are not so many. */
static int nth_node(unsigned int n, nodemask_t m)
{
	int nid;

	for_each_node_mask(nid, m)
		if (n-- == 0)
			return nid;
	return MAX_NUMNODES;
}

/* nodemask.h */
nodemask_t nodes_onto(nodemask_t orig, nodemask_t on)
{
	nodemask_t result = NODE_MASK_NONE;
	unsigned int place = 0;
	int nid;

	for_each_node_mask(nid, on) {
		if (node_isset(place, orig))
			node_set(nid, &result);
		place++;
	}
	return result;
}

/* nodemask.h. => @size is not 0 */
nodemask_t nodes_fold(nodemask_t orig, unsigned int size)
{
	nodemask_t result = NODE_MASK_NONE;
	int nid;

	for_each_node_mask(nid, orig)
		node_set(nid % size, &result);
	return result;
}

/* nodemask.h */
int node_remap(int nid, nodemask_t from, nodemask_t to)
{
	unsigned int place, size = nodes_weight(to);

	if (!node_isset(nid, from) || !size)
		return nid;
	place = hweight64(from.bits & ((1UL << nid) - 1));
	return nth_node(place % size, to);
}

/* nodemask.h */
nodemask_t nodes_remap(nodemask_t src, nodemask_t from, nodemask_t to)
{
	nodemask_t result = NODE_MASK_NONE;
	int nid;

	for_each_node_mask(nid, src)
		node_set(node_remap(nid, from, to), &result);
	return result;
}

/* nodemask.h */
int nodelist_parse(const char *s, nodemask_t *mask)
{
	return bitmap_parselist(s, &mask->bits, MAX_NUMNODES);
}
