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
 *         A shadow is an xarray value (a number, no memory of its own but for
 *         the tree's nodes). So that those do not pile up, at most as many
 *         file shadows are kept as there are pages of RAM: a longer distance means nothing anyway.
 * Locks:  none; the clock is atomic. The caller holds the cache's i_lock.
 * Above:  pageout.c evicts, filemap.c and swap_state.c refault.
 * Below:  vmstat.c, swap.c.   In Linux: mm/workingset.c.
 */
#include "kernel/sched/rcu.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/swapfile.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

/* A shadow's bits: clock | memory group (16) | node (4) | PG_workingset (1); 63 fit into a value. */
#define SHADOW_NODE_BITS 4
#define SHADOW_MEMCG_BITS 16
#define SHADOW_CLOCK_SHIFT (1 + SHADOW_NODE_BITS + SHADOW_MEMCG_BITS)
#define SHADOW_CLOCK_MASK (~0UL >> (1 + SHADOW_CLOCK_SHIFT))

static _Atomic long nr_file_shadows;

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
	if (page_is_file_lru(page)) {
		if (nr_file_shadows >= (long)totalram_pages())
			return NULL;
		nr_file_shadows++;
	}
	return pack_shadow(page_to_nid(page), lruvec->memcg ? lruvec->memcg->id : 0, clock,
			   page_test(page, PG_workingset));
}

void workingset_forget(void)
{
	nr_file_shadows--;
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
