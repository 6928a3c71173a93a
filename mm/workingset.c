/*
 * workingset.c - refault detection: was this page thrown out too early?
 *
 * Idea:   each reclaimed page leaves a shadow in the slot where it stood: the
 *         reading of a clock that ticks once for each eviction and each
 *         activation. When the page comes back, the ticks since then are its
 *         refault distance: how many pages more the inactive list would have had to hold to
 *         keep it. If that many stand on the active lists, the page competes with
 *         them, and is put among them:
 *
 *           refault distance <= active pages   ->  activate
 *
 *         The clock, and what the page competes with, are those of the memory group
 *         that was short of memory (all of the node, if it was the machine): the
 *         shadow names it by its id.
 *
 *         A shadow is an xarray value: a number, no memory of its own but for
 *         the tree's nodes. Those that hold nothing else wait on a list, oldest first, until
 *         there are too many of them:
 *
 *            [ page | shadow | page ]      a node that its pages keep
 *            [ shadow | shadow |    ]      on shadow_nodes, in its memory group's list
 *
 *         With a node for each 8 pages, 64 shadows in each, the distances
 *         that still mean something find their shadow, and 2 % of memory is spent on it.
 * Locks:  the clock is atomic; the caller holds the cache's i_lock. shadow_lock
 *         (LOCK_SHADOW_NODES, inside i_lock): which nodes are on the lists. The shrinker comes
 *         from the other side and only tries the i_lock.
 * Above:  pageout.c evicts, filemap.c and swap_state.c refault.
 * Below:  vmstat.c, swap.c.   In Linux: mm/workingset.c.
 */
#include "kernel/sched/rcu.h"
#include "mm/list_lru.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

/* A shadow's bits: clock | memory group (16) | node (4) | PG_workingset (1); 63 fit into a value. */
#define SHADOW_NODE_BITS 4
#define SHADOW_MEMCG_BITS 16
#define SHADOW_CLOCK_SHIFT (1 + SHADOW_NODE_BITS + SHADOW_MEMCG_BITS)
#define SHADOW_CLOCK_MASK (~0UL >> (1 + SHADOW_CLOCK_SHIFT))

static void *pack_shadow(int nid, u16 memcg_id, unsigned long clock, bool workingset)
{
	unsigned long v = (clock & SHADOW_CLOCK_MASK) << SHADOW_MEMCG_BITS | memcg_id;

	return xa_mk_value((v << SHADOW_NODE_BITS | (unsigned long)nid) << 1 | workingset);
}

/* The active memory that a refaulting page has to compete with, in pages. */
static unsigned long workingset_size(struct lruvec *lruvec, bool file)
{
	unsigned long size = lruvec_page_state(lruvec, NR_ACTIVE_FILE);

	if (!file)
		size += lruvec_page_state(lruvec, NR_INACTIVE_FILE);
	if (mem_cgroup_nr_swap_pages(lruvec->memcg) > 0) {
		size += lruvec_page_state(lruvec, NR_ACTIVE_ANON);
		if (file)
			size += lruvec_page_state(lruvec, NR_INACTIVE_ANON);
	}
	return size;
}

/* The clock of evictions advances, in each group above as well. */
static void age_nonresident(struct lruvec *lruvec)
{
	for (; lruvec; lruvec = parent_lruvec(lruvec))
		lruvec->nonresident_age++;
}

void *workingset_eviction(struct page *page, struct mem_cgroup *target)
{
	struct lruvec *lruvec = mem_cgroup_lruvec(target, page_pgdat(page));
	unsigned long clock = lruvec->nonresident_age;

	age_nonresident(lruvec);
	return pack_shadow(page_to_nid(page), lruvec->memcg ? lruvec->memcg->id : 0, clock,
			   page_test(page, PG_workingset));
}

/*
 * Would the page still be here, had the group that lost it had its active memory for inactive
 * pages? False as well if that group is gone (*counts: then not even the refault counts).
 */
static bool was_thrown_out_too_early(unsigned long v, bool file, bool *counts)
{
	struct pglist_data *pgdat = NODE_DATA((v >> 1) & ((1 << SHADOW_NODE_BITS) - 1));
	u16 id = v >> (1 + SHADOW_NODE_BITS);
	unsigned long distance;
	struct mem_cgroup *memcg;
	struct lruvec *lruvec;
	bool early;

	rcu_read_lock();
	memcg = id ? mem_cgroup_from_id(id) : NULL;
	*counts = !id || memcg;
	lruvec = mem_cgroup_lruvec(memcg, pgdat);
	distance = (lruvec->nonresident_age - (v >> SHADOW_CLOCK_SHIFT)) & SHADOW_CLOCK_MASK;
	early = *counts && distance <= workingset_size(lruvec, file);
	rcu_read_unlock();
	return early;
}

void workingset_refault(struct page *page, void *shadow)
{
	unsigned long v = xa_to_value(shadow);
	bool file = page_is_file_lru(page), workingset = v & 1, counts;
	bool early = was_thrown_out_too_early(v, file, &counts);

	if (counts)
		mod_page_state(page, file ? WORKINGSET_REFAULT_FILE : WORKINGSET_REFAULT_ANON, 1);
	if (!early || !page_evictable(page))
		return;
	page_set(page, PG_active);
	workingset_activation(page);
	mod_page_state(page, file ? WORKINGSET_ACTIVATE_FILE : WORKINGSET_ACTIVATE_ANON, 1);
	if (workingset) {
		page_set(page, PG_workingset);
		lru_note_cost_page(page);
		mod_page_state(page, file ? WORKINGSET_RESTORE_FILE : WORKINGSET_RESTORE_ANON, 1);
	}
}

void workingset_activation(struct page *page)
{
	age_nonresident(page_lruvec(page));
}

/* --- nodes with nothing but shadows --- */

static struct list_lru shadow_nodes;				/* shadow_lock */
static spinlock_t shadow_lock = SPINLOCK_INIT(LOCK_SHADOW_NODES);	/* irqsave */

static void count_node(struct xa_node *node, enum node_stat_item item, long n)
{
	struct page *page = virt_to_page(node);

	mod_node_page_state(page_pgdat(page), item, n);
	mod_memcg_node_state(mem_cgroup_from_slab_obj(node), page_to_nid(page), item, n);
}

static struct address_space *mapping_of(struct xa_node *node)
{
	return container_of(node->array, struct address_space, i_pages);
}

/*
 * xarray.h's watcher: a leaf joins the list, or leaves it. shmem's values are pages in swap, no
 * shadows. => i_lock held
 */
static void update_node(struct xa_node *leaf)
{
	bool listed = !list_empty(&leaf->private_list);

	if (likely((leaf->count && leaf->count == leaf->nr_values) == listed))
		return;
	if (mapping_of(leaf)->flags & AS_SWAPBACKED)
		return;
	count_node(leaf, WORKINGSET_NODES, listed ? -1 : 1);
	spin_lock(&shadow_lock);
	if (listed)
		list_lru_del(&shadow_nodes, leaf, &leaf->private_list);
	else
		list_lru_add(&shadow_nodes, leaf, &leaf->private_list);
	spin_unlock(&shadow_lock);
}

/* A group's own pages on LRU lists: what there may be refaults of. A hint: no lock is held. */
static unsigned long lru_pages(struct mem_cgroup *memcg)
{
	unsigned long pages = 0;
	int nid;

	for_each_online_node(nid) {
		struct lruvec *lruvec = mem_cgroup_lruvec(memcg, NODE_DATA(nid));

		for (int zone = 0; zone < MAX_NR_ZONES; zone++)
			for (int lru = 0; lru < NR_LRU_LISTS; lru++)
				pages += READ_ONCE(lruvec->lru_zone_size[zone][lru]);
	}
	return pages;
}

/* More than a node for 8 pages, that is 8 shadows a page, is too much. */
static unsigned long count_shadow_nodes(struct shrinker *s, struct mem_cgroup *memcg)
{
	unsigned long nodes = list_lru_count(&shadow_nodes, memcg);
	unsigned long max = nodes ? lru_pages(memcg) >> (XA_SHIFT - 3) : 0;

	return nodes > max ? nodes - max : 0;
}

/*
 * The oldest node of @memcg's, with its cache locked: as long as the node is there, the cache is.
 * NULL: there is none, or it is in use (*busy). Interrupts are off if it is not NULL.
 */
static struct xa_node *lock_oldest_node(struct mem_cgroup *memcg, unsigned long *flags, bool *busy)
{
	struct xa_node *node;
	struct list_head *first;

	*flags = spin_lock_irqsave(&shadow_lock);
	first = list_lru_first(&shadow_nodes, memcg);
	node = first ? list_entry(first, struct xa_node, private_list) : NULL;
	*busy = node && !spin_trylock(&mapping_of(node)->i_lock);
	if (*busy) {
		list_lru_rotate(&shadow_nodes, node, first);
		node = NULL;
	}
	if (node)
		spin_unlock(&shadow_lock);
	else
		spin_unlock_irqrestore(&shadow_lock, *flags);
	return node;
}

/* Up to @nr of the oldest nodes go. */
static unsigned long scan_shadow_nodes(struct shrinker *s, struct mem_cgroup *memcg,
				       unsigned long nr)
{
	unsigned long freed = 0;

	while (nr--) {
		unsigned long flags;
		bool busy;
		struct xa_node *node = lock_oldest_node(memcg, &flags, &busy);
		struct address_space *mapping;

		if (!node && !busy)
			break;
		if (!node)
			continue;
		mapping = mapping_of(node);
		count_node(node, WORKINGSET_NODERECLAIM, 1);
		xa_erase_leaf(&mapping->i_pages, node);
		spin_unlock_irqrestore(&mapping->i_lock, flags);
		freed++;
	}
	return freed;
}

static struct shrinker shadow_shrinker = {
	.count_objects = count_shadow_nodes, .scan_objects = scan_shadow_nodes,
	.memcg_aware = true, .seeks = 0,	/* without them a page is read as if for the first time */
};

/* workingset.h */
void workingset_init(void)
{
	list_lru_init(&shadow_nodes, &shadow_lock);
	xarray_leaf_changed = update_node;
	register_shrinker(&shadow_shrinker);
}
