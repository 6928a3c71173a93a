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
 *         A shadow is an xarray value (a number, no memory of its own but for
 *         the tree's nodes). So that those do not pile up, at most as many
 *         file shadows are kept as there are pages of RAM: a longer distance means nothing anyway.
 * Locks:  none; the clock is atomic. The caller holds the cache's i_lock.
 * Above:  vmscan.c evicts, filemap.c and swap_state.c refault.
 * Below:  vmstat.c, swap.c.   In Linux: mm/workingset.c.
 */
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/swapfile.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

/* A shadow's bits: clock | node (4) | PG_workingset (1); 63 fit into a value entry. */
#define SHADOW_NODE_BITS 4
#define SHADOW_CLOCK_MASK (~0UL >> (1 + SHADOW_NODE_BITS + 1))

static _Atomic long nr_file_shadows;

static void *pack_shadow(int nid, unsigned long clock, bool workingset)
{
	unsigned long v = (clock & SHADOW_CLOCK_MASK) << SHADOW_NODE_BITS | (unsigned long)nid;

	return xa_mk_value(v << 1 | workingset);
}

/* The active memory that a refaulting page has to compete with, in pages. */
static unsigned long workingset_size(struct pglist_data *pgdat, bool file)
{
	unsigned long size = node_page_state(pgdat, NR_ACTIVE_FILE);

	if (!file)
		size += node_page_state(pgdat, NR_INACTIVE_FILE);
	if (get_nr_swap_pages() > 0) {
		size += node_page_state(pgdat, NR_ACTIVE_ANON);
		if (file)
			size += node_page_state(pgdat, NR_INACTIVE_ANON);
	}
	return size;
}

void *workingset_eviction(struct page *page)
{
	struct lruvec *lruvec = page_lruvec(page);
	unsigned long clock = lruvec->nonresident_age++;

	if (page_is_file_lru(page)) {
		if (nr_file_shadows >= (long)totalram_pages())
			return NULL;
		nr_file_shadows++;
	}
	return pack_shadow(page_to_nid(page), clock, page_test(page, PG_workingset));
}

void workingset_forget(void)
{
	nr_file_shadows--;
}

void workingset_refault(struct page *page, void *shadow)
{
	unsigned long v = xa_to_value(shadow), distance;
	bool file = page_is_file_lru(page), workingset = v & 1;
	struct pglist_data *pgdat = NODE_DATA((v >> 1) & ((1 << SHADOW_NODE_BITS) - 1));

	mod_node_page_state(pgdat, file ? WORKINGSET_REFAULT_FILE : WORKINGSET_REFAULT_ANON, 1);
	distance =
	    (pgdat->lruvec.nonresident_age - (v >> (1 + SHADOW_NODE_BITS))) & SHADOW_CLOCK_MASK;
	if (distance > workingset_size(pgdat, file) || !page_evictable(page))
		return;
	page_set(page, PG_active);
	workingset_activation(page);
	mod_node_page_state(pgdat, file ? WORKINGSET_ACTIVATE_FILE : WORKINGSET_ACTIVATE_ANON, 1);
	if (workingset) {
		page_set(page, PG_workingset);
		lru_note_cost_page(page);
		mod_node_page_state(pgdat, file ? WORKINGSET_RESTORE_FILE : WORKINGSET_RESTORE_ANON,
				    1);
	}
}

void workingset_activation(struct page *page)
{
	page_lruvec(page)->nonresident_age++;
}
