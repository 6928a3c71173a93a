/*
 * nodemask.h - a set of memory nodes.
 *
 * Idea:   one word, so that it is copied, compared and stored whole: a reader sees
 *         the old set or the new one and needs no lock. It is a struct of its own
 *         so that it is not taken for a set of CPUs.
 * Locks:  none.   Text: "0-1,3", by printf's %*pbl (nodemask_list() gives its two arguments).
 */
#pragma once

#include "kernel/lib/bitmap.h"
#include "kernel/lib/types.h"

#define MAX_NUMNODES 8		/* struct page has room for 16 */
#define NUMA_NO_NODE (-1)

typedef struct { unsigned long bits; } nodemask_t;

#define NODE_MASK_NONE ((nodemask_t){ 0 })
#define NODE_MASK_ALL ((nodemask_t){ (1UL << MAX_NUMNODES) - 1 })

static inline nodemask_t nodemask_of(int nid) { return (nodemask_t){ 1UL << nid }; }
static inline bool node_isset(int nid, nodemask_t m) { return m.bits >> nid & 1; }
static inline void node_set(int nid, nodemask_t *m) { m->bits |= 1UL << nid; }
static inline bool nodes_empty(nodemask_t m) { return !m.bits; }
static inline bool nodes_equal(nodemask_t a, nodemask_t b) { return a.bits == b.bits; }
static inline bool nodes_intersects(nodemask_t a, nodemask_t b) { return a.bits & b.bits; }
static inline bool nodes_subset(nodemask_t a, nodemask_t b) { return !(a.bits & ~b.bits); }
static inline nodemask_t nodes_and(nodemask_t a, nodemask_t b)
{
	return (nodemask_t){ a.bits & b.bits };
}
static inline unsigned int nodes_weight(nodemask_t m) { return hweight64(m.bits); }
/* MAX_NUMNODES if there is none. */
static inline int first_node(nodemask_t m) { return m.bits ? (int)__ffs(m.bits) : MAX_NUMNODES; }
/* The next after @nid, which may be -1; MAX_NUMNODES at the end. */
static inline int next_node(int nid, nodemask_t m)
{
	m.bits &= ~0UL << (nid + 1);
	return first_node(m);
}
/* The same, and round again; MAX_NUMNODES for an empty set. */
static inline int next_node_in(int nid, nodemask_t m)
{
	int next = nid >= MAX_NUMNODES ? MAX_NUMNODES : next_node(nid, m);

	return next < MAX_NUMNODES ? next : first_node(m);
}
#define for_each_node_mask(nid, mask) \
	for ((nid) = first_node(mask); (nid) < MAX_NUMNODES; (nid) = next_node(nid, mask))

/*
 * Set algebra of memory policies and cpusets.
 * nodes_onto: the nodes of @on whose place among them (0, 1, …) is in @orig.
 * nodes_fold: bit n of @orig becomes bit n % @size.
 * node_remap: @nid, if it is the n-th of @from, becomes the n-th (modulo) of @to; else it stays.
 */
nodemask_t nodes_onto(nodemask_t orig, nodemask_t on);
nodemask_t nodes_fold(nodemask_t orig, unsigned int size);
int node_remap(int nid, nodemask_t from, nodemask_t to);
nodemask_t nodes_remap(nodemask_t src, nodemask_t from, nodemask_t to);
/* "0-1,3" or "": 0, -EINVAL, -ERANGE (no such node can be). */
int nodelist_parse(const char *s, nodemask_t *mask);
/* printf's "%*pbl" */
#define nodemask_list(maskp) MAX_NUMNODES, &(maskp)->bits
