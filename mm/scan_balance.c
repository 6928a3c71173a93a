/*
 * scan_balance.c - how much of each list reclaim looks at.
 *
 * Idea:   three questions before each pass over a group's lists:
 *
 *           is it protected?        memory.min, memory.low: all of it, or a part
 *           anonymous or file?      vm.swappiness, and what reclaiming each has cost of late
 *           active or inactive?     the inactive list must be long enough to judge pages by
 *
 *         The answers are numbers of pages per list, which vmscan.c then works through.
 * Locks:  none: counters are read as they are.
 * Above:  vmscan.c.
 * Below:  vmstat.c, memcontrol.c, page_counter.c.   In Linux: mm/vmscan.c (get_scan_count).
 */
#include "mm/int_sqrt.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/vmstat.h"

/* Pages on a list in zones up to @max_zone. */
static unsigned long lruvec_lru_size(struct lruvec *lruvec, enum lru_list lru,
				     enum zone_type max_zone)
{
	unsigned long size = 0;

	for (int zid = 0; zid <= (int)max_zone; zid++)
		size += READ_ONCE(lruvec->lru_zone_size[zid][lru]);
	return size;
}

/*
 * inactive_is_low: has the inactive list (of a group: with those below it) become too short for its
 * active one? The larger the memory, the smaller a share of it need be inactive: 1:1 up to 1 GiB,
 * 1:3 at 1 GiB, 1:10 at 10 GiB (Linux's table).
 */
bool inactive_is_low(struct lruvec *lruvec, enum lru_list inactive_lru)
{
	unsigned long inactive =
	    lruvec_page_state(lruvec, (enum node_stat_item)(NR_INACTIVE_ANON + inactive_lru));
	unsigned long active =
	    lruvec_page_state(lruvec, (enum node_stat_item)(NR_ACTIVE_ANON + inactive_lru));
	unsigned long gb = (inactive + active) >> (30 - PAGE_SHIFT);
	unsigned long ratio = gb ? int_sqrt(10 * gb) : 1;

	return inactive * ratio < active;
}

/*
 * scan_protected: does memory.min or memory.low keep @memcg's pages from this reclaim?
 *
 * => its parent has been asked just before (the walk goes from the top down)
 */
bool scan_protected(struct mem_cgroup *memcg, struct scan_control *sc)
{
	struct mem_cgroup *target = sc->target_memcg ? sc->target_memcg : root_mem_cgroup;
	unsigned long usage = page_counter_read(&memcg->memory);

	if (memcg == target || mem_cgroup_is_root(memcg))
		return false;
	page_counter_calculate_protection(&target->memory, &memcg->memory,
					  cgroup_memory_recursiveprot);
	if (READ_ONCE(memcg->memory.emin) >= usage && READ_ONCE(memcg->memory.emin))
		return true;
	if (READ_ONCE(memcg->memory.elow) < usage || !READ_ONCE(memcg->memory.elow))
		return false;
	if (!sc->memcg_low_reclaim) {
		sc->memcg_low_skipped = true;
		return true;
	}
	memcg_memory_event(memcg, MEMCG_LOW);
	return false;
}

/*
 * prepare_scan_count: looks at the node, or the group that is at its limit, before a pass: which
 * active lists should give pages, and is the page cache so plentiful, or so scarce, that the
 * balance need not be asked?
 */
void prepare_scan_count(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct lruvec *lruvec = mem_cgroup_lruvec(sc->target_memcg, pgdat);
	unsigned long file, anon, free = 0, high = 0;

	sc->anon_cost = lruvec->anon_cost;
	sc->file_cost = lruvec->file_cost;
	/* Also while refaults say that the inactive list is where the working set now is. */
	sc->deactivate_anon =
	    inactive_is_low(lruvec, LRU_INACTIVE_ANON) ||
	    lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_ANON) != lruvec->refaults[0];
	sc->deactivate_file =
	    inactive_is_low(lruvec, LRU_INACTIVE_FILE) ||
	    lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_FILE) != lruvec->refaults[1];
	file = lruvec_page_state(lruvec, NR_INACTIVE_FILE);
	sc->cache_trim_mode = (file >> sc->priority) && !sc->deactivate_file;
	sc->file_is_tiny = false;
	if (sc->target_memcg)
		return;		/* what is free on the machine says nothing about a group */
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		if (!managed_zone(&pgdat->node_zones[z]))
			continue;
		free += zone_page_state(&pgdat->node_zones[z], NR_FREE_PAGES);
		high += high_wmark_pages(&pgdat->node_zones[z]);
	}
	file += node_page_state(pgdat, NR_ACTIVE_FILE);
	anon = node_page_state(pgdat, NR_INACTIVE_ANON);
	sc->file_is_tiny = file + free <= high && !sc->deactivate_anon && (anon >> sc->priority);
}

enum scan_balance { SCAN_EQUAL, SCAN_FRACT, SCAN_ANON, SCAN_FILE };

static enum scan_balance choose_balance(struct lruvec *lruvec, struct scan_control *sc)
{
	if (!sc->may_swap || !can_reclaim_anon_pages(lruvec->memcg))
		return SCAN_FILE;
	if (sc->target_memcg && !vm_swappiness)
		return SCAN_FILE;
	if (!sc->priority && vm_swappiness)
		/* the last pass before OOM takes whatever there is */
		return SCAN_EQUAL;
	if (sc->file_is_tiny)
		return SCAN_ANON;
	if (sc->cache_trim_mode)
		return SCAN_FILE;
	return SCAN_FRACT;
}

/*
 * How many of a list's pages are open to reclaim: what memory.min protects of the group (and
 * memory.low, unless nothing else is left) is taken off in proportion.
 */
static unsigned long unprotected_size(struct lruvec *lruvec, unsigned long size,
				      struct scan_control *sc)
{
	struct mem_cgroup *memcg = lruvec->memcg;
	unsigned long min, low, protection, usage;

	if (likely(!memcg) || memcg == sc->target_memcg)
		return size;
	min = READ_ONCE(memcg->memory.emin);
	low = READ_ONCE(memcg->memory.elow);
	if (!min && !low)
		return size;
	protection = min;
	if (!sc->memcg_low_reclaim && low > min) {
		protection = low;
		sc->memcg_low_skipped = true;
	}
	usage = MAX(page_counter_read(&memcg->memory), protection);
	return MAX(size - size * protection / (usage + 1), SWAP_CLUSTER_MAX);
}

/* How much of list @lru to look at, before it is known how the families share. */
static unsigned long scan_target(struct lruvec *lruvec, enum lru_list lru, struct scan_control *sc)
{
	unsigned long size = lruvec_lru_size(lruvec, lru, sc->reclaim_idx);
	unsigned long scan = unprotected_size(lruvec, size, sc) >> sc->priority;

	/* A removed group's pages: nobody else will ever make its lists longer. */
	if (!scan && unlikely(lruvec->memcg) && !(lruvec->memcg->css.flags & CSS_ONLINE))
		scan = MIN(size, SWAP_CLUSTER_MAX);
	return scan;
}

/*
 * get_scan_count: nr[]: how many pages of each list to look at. For SCAN_FRACT a family's share is
 * its weight (swappiness for anonymous, 200 - swappiness for file pages) divided by what
 * reclaiming it has cost.
 */
void get_scan_count(struct lruvec *lruvec, struct scan_control *sc,
			   unsigned long nr[NR_LRU_LISTS])
{
	enum scan_balance balance = choose_balance(lruvec, sc);
	unsigned long total = sc->anon_cost + sc->file_cost;
	unsigned long anon_cost = total + sc->anon_cost, file_cost = total + sc->file_cost;
	unsigned long fraction[2], denominator;

	total = anon_cost + file_cost;
	fraction[0] = (unsigned long)vm_swappiness * (total + 1) / (anon_cost + 1);
	fraction[1] = (200UL - vm_swappiness) * (total + 1) / (file_cost + 1);
	denominator = fraction[0] + fraction[1];
	for (int lru = LRU_INACTIVE_ANON; lru <= LRU_ACTIVE_FILE; lru++) {
		bool file = is_file_lru((enum lru_list)lru);
		unsigned long scan = scan_target(lruvec, (enum lru_list)lru, sc);

		if (balance == SCAN_FRACT)
			scan = denominator ? scan * fraction[file] / denominator : 0;
		else if ((balance == SCAN_FILE && !file) || (balance == SCAN_ANON && file))
			scan = 0;
		nr[lru] = scan;
	}
}
