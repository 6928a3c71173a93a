/*
 * swapfile.c - swap slots: who gets one, who counts on it, when it is free again.
 *
 * Idea:   an area is an array of page-sized slots. map[slot] counts the PTEs
 *         (and shmem objects) that name it, plus one bit if the swap cache holds
 *         a page for it; 0 is free:
 *
 *             bit 15          14 … 0
 *           HAS_CACHE     number of users        0x7fff: bad block
 *
 *         Slots are given out from clusters of 256 that were wholly free,
 *         one after the other, so that pages reclaimed together lie together
 *         on the disk and go out, and come back, as one transfer. Areas of
 *         higher priority are filled first; equal ones take turns.
 * Locks:  swap_lock (LOCK_SWAP) guards the set of areas; each area's lock its
 *         map. Taken under page-table locks, never in interrupts. An area's struct is
 *         static and its map only valid while SWP_USED is set, under its lock: so a stale
 *         entry is noticed, not followed.
 * Above:  swap_state.c (the cache), memory.c and rmap.c (PTEs), shmem.c, swapon.c.
 * Below:  -.   In Linux: mm/swapfile.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/swap_state.h"
#include "mm/swapfile.h"

struct swap_info_struct swap_info[MAX_SWAPFILES];
unsigned int nr_swapfiles;
spinlock_t swap_lock = SPINLOCK_INIT(LOCK_SWAP);
_Atomic long nr_swap_pages;
unsigned long total_swap_pages;
static LIST_HEAD(swap_avail);		/* swap_lock: areas with a free slot, by priority */

/* given out before the next area of the same priority has its turn */
#define TURN_SLOTS 64

/* --- looking an entry up --- */

/*
 * The area of @entry, locked; NULL (and a line in the log, as it means a broken page table) if
 * there is none.
 */
static struct swap_info_struct *swap_info_get(swp_entry_t entry, const char *who)
{
	unsigned int type = swp_type(entry);
	unsigned long offset = swp_offset(entry);
	struct swap_info_struct *si;

	if (type < MAX_SWAPFILES) {
		si = &swap_info[type];
		spin_lock(&si->lock);
		if ((si->flags & SWP_USED) && offset && offset < si->max)
			return si;
		spin_unlock(&si->lock);
	}
	pr_err_ratelimited("%s: Bad swap file entry %08lx\n", who, entry.val);
	return NULL;
}

/* swap_address_space: the part of the swap cache that @entry belongs to. */
struct address_space *swap_address_space(swp_entry_t entry)
{
	VM_BUG_ON(swp_type(entry) >= MAX_SWAPFILES);
	return &swapper_spaces[swp_type(entry)];
}

/* swap_area_device: where the slot lies. => it is in use, so its area cannot go */
struct swap_device *swap_area_device(swp_entry_t entry, u64 *pos)
{
	*pos = (u64)swp_offset(entry) << PAGE_SHIFT;
	return &swap_info[swp_type(entry)].dev;
}

/* --- giving slots out --- */

/* swap_avail_add: in among the areas with room, behind those of its own priority. */
void swap_avail_add(struct swap_info_struct *si)
{
	struct swap_info_struct *other;

	BUG_ON(!list_empty(&si->avail));
	list_for_each_entry(other, &swap_avail, avail)
		if (other->prio < si->prio)
			break;
	list_add_tail(&si->avail, &other->avail);
	si->turn = 0;
}

/* swap_avail_del: no slot of it is given out from now on. */
void swap_avail_del(struct swap_info_struct *si)
{
	list_del_init(&si->avail);
}

/* The last cluster of an area may be cut short; it is not given out as one. */
static bool is_whole_cluster(const struct swap_info_struct *si, unsigned long offset)
{
	return offset / SWAPFILE_CLUSTER < si->max / SWAPFILE_CLUSTER;
}

/* The start of a cluster with no slot in use, the search beginning at @from; 0: there is none. */
static unsigned long find_free_cluster(struct swap_info_struct *si, unsigned long from)
{
	unsigned long nr = si->max / SWAPFILE_CLUSTER, c = from / SWAPFILE_CLUSTER;

	if (!si->free_clusters)
		return 0;
	for (unsigned long i = 0; i < nr; i++, c++) {
		if (c >= nr)
			c = 0;
		if (si->cluster_used[c] == 0)
			return c * SWAPFILE_CLUSTER;
	}
	return 0;
}

/*
 * Any free slot at or after @from, around the end; clusters that are full are stepped over. 0:
 * none.
 */
static unsigned long find_free_slot(struct swap_info_struct *si, unsigned long from)
{
	unsigned long offset = from;

	for (unsigned long seen = 0; seen <= si->max + SWAPFILE_CLUSTER;) {
		if (offset >= si->max)
			offset = 0;
		if (si->map[offset] == 0)
			return offset;
		if (si->cluster_used[offset / SWAPFILE_CLUSTER] == SWAPFILE_CLUSTER) {
			unsigned long end = ALIGN_UP(offset + 1, SWAPFILE_CLUSTER);

			seen += end - offset;
			offset = end;
		} else {
			seen++;
			offset++;
		}
	}
	return 0;
}

/*
 * A slot of @si, marked as the cache's. => its lock held. 0: it is full.
 * Slot 0 is the header: it is never free, so 0 can mean none.
 */
static unsigned long alloc_slot(struct swap_info_struct *si)
{
	unsigned long offset = si->next;

	if (si->inuse_pages == si->pages)
		return 0;
	if (offset % SWAPFILE_CLUSTER == 0 || offset >= si->max || si->map[offset]) {
		unsigned long cluster = find_free_cluster(si, offset);

		offset = cluster ? cluster : find_free_slot(si, offset);
	}
	BUG_ON(!offset || si->map[offset]);
	si->map[offset] = SWAP_HAS_CACHE;
	if (si->cluster_used[offset / SWAPFILE_CLUSTER]++ == 0 && is_whole_cluster(si, offset))
		si->free_clusters--;
	si->inuse_pages++;
	si->next = offset + 1;
	nr_swap_pages--;
	return offset;
}

/*
 * get_swap_page: a free slot, its count set for the cache. val 0: none.
 *
 * => @page: for whom: its memory group pays for the slot, and may be refused one
 */
swp_entry_t get_swap_page(struct page *page)
{
	swp_entry_t entry = { 0 };

	if (nr_swap_pages <= 0) {
		mem_cgroup_swap_failed(page);
		return entry;
	}
	spin_lock(&swap_lock);
	while (!entry.val && !list_empty(&swap_avail)) {
		struct swap_info_struct *si =
		    list_first_entry(&swap_avail, struct swap_info_struct, avail);
		unsigned long offset;

		spin_lock(&si->lock);
		offset = alloc_slot(si);
		spin_unlock(&si->lock);
		if (!offset) {
			swap_avail_del(si);	/* full; it comes back when a slot is freed */
			continue;
		}
		entry = swp_entry(si - swap_info, offset);
		if (++si->turn >= TURN_SLOTS) {
			swap_avail_del(si);
			swap_avail_add(si);
		}
	}
	spin_unlock(&swap_lock);
	if (!entry.val) {
		mem_cgroup_swap_failed(page);
	} else if (mem_cgroup_charge_swap(page, entry)) {
		swapcache_free(entry);
		entry.val = 0;
	}
	return entry;
}

/* swapfile.h. => the slot is in use; its charge is changed by the holder of the cache's claim */
u16 swap_slot_memcg(swp_entry_t entry)
{
	struct swap_info_struct *si = &swap_info[swp_type(entry)];
	u16 id = 0;

	if (swp_is_lost(entry))
		return 0;
	spin_lock(&si->lock);
	if ((si->flags & SWP_USED) && swp_offset(entry) < si->max)
		id = si->memcg_ids[swp_offset(entry)];
	spin_unlock(&si->lock);
	return id;
}

void swap_slot_set_memcg(swp_entry_t entry, u16 id)
{
	struct swap_info_struct *si = &swap_info[swp_type(entry)];

	spin_lock(&si->lock);
	si->memcg_ids[swp_offset(entry)] = id;
	spin_unlock(&si->lock);
}

/* --- counting users --- */

/*
 * A full area has a slot again: back among those with room. Called without its lock (the order
 * is swap_lock first).
 */
static void area_has_room(struct swap_info_struct *si)
{
	spin_lock(&swap_lock);
	if ((si->flags & SWP_WRITEOK) && list_empty(&si->avail))
		swap_avail_add(si);
	spin_unlock(&swap_lock);
}

/* The last claim went. => lock held. True: the area was full, so area_has_room() must follow. */
static bool slot_becomes_free(struct swap_info_struct *si, unsigned long offset)
{
	bool was_full = si->inuse_pages == si->pages;

	si->map[offset] = 0;
	BUG_ON(!si->cluster_used[offset / SWAPFILE_CLUSTER] || !si->inuse_pages);
	if (--si->cluster_used[offset / SWAPFILE_CLUSTER] == 0 && is_whole_cluster(si, offset))
		si->free_clusters++;
	si->inuse_pages--;
	nr_swap_pages++;
	clear_shadow_from_swap_cache(swp_entry(si - swap_info, offset));
	if (unlikely(si->memcg_ids[offset])) {
		mem_cgroup_uncharge_swap(si->memcg_ids[offset]);
		si->memcg_ids[offset] = 0;
	}
	return was_full;
}

/*
 * Takes one user, or the cache's claim, from @entry. What is left of the count; 0: the slot is
 * free now (or never was in use).
 */
static unsigned int drop_claim(swp_entry_t entry, bool cache, const char *who)
{
	struct swap_info_struct *si = swp_is_lost(entry) ? NULL : swap_info_get(entry, who);
	unsigned long offset = swp_offset(entry);
	unsigned int left = 0;
	bool was_full = false;

	if (!si)
		return 0;
	left = si->map[offset];
	if (left == 0 || left == SWAP_MAP_BAD || (cache && !(left & SWAP_HAS_CACHE)) ||
	    (!cache && left == SWAP_HAS_CACHE)) {
		spin_unlock(&si->lock);
		pr_err_ratelimited("%s: Unused swap offset entry %08lx\n", who, entry.val);
		return 0;
	}
	left -= cache ? SWAP_HAS_CACHE : 1;
	if (left)
		si->map[offset] = left;
	else
		was_full = slot_becomes_free(si, offset);
	spin_unlock(&si->lock);
	if (was_full)
		area_has_room(si);
	return left;
}

/* swap_free: one user (a PTE) less. => may be called under a page table's lock */
void swap_free(swp_entry_t entry)
{
	drop_claim(entry, false, __func__);
}

/* swapcache_free: the cache's claim goes. */
void swapcache_free(swp_entry_t entry)
{
	drop_claim(entry, true, __func__);
}

/* swap_duplicate: one user more. 0; -ENOMEM at the count's limit; -EINVAL: no such slot in use. */
int swap_duplicate(swp_entry_t entry)
{
	struct swap_info_struct *si;
	unsigned int count;
	int ret = 0;

	if (swp_is_lost(entry))
		return 0;		/* lost for the child as well */
	si = swap_info_get(entry, __func__);
	if (!si)
		return -EINVAL;
	count = si->map[swp_offset(entry)];
	if (count == 0 || count == SWAP_MAP_BAD)
		ret = -EINVAL;
	else if ((count & ~SWAP_HAS_CACHE) >= SWAP_MAP_MAX)
		ret = -ENOMEM;
	else
		si->map[swp_offset(entry)] = count + 1;
	spin_unlock(&si->lock);
	return ret;
}

/*
 * swapcache_prepare: claims the slot for the cache, before a page is read into it.
 *
 * => 0; -EEXIST: somebody else did; -ENOENT: the slot is free or bad (readahead asks blindly)
 */
int swapcache_prepare(swp_entry_t entry)
{
	struct swap_info_struct *si = &swap_info[swp_type(entry)];
	unsigned long offset = swp_offset(entry);
	int ret = -ENOENT;

	if (swp_type(entry) >= MAX_SWAPFILES)
		return -ENOENT;
	spin_lock(&si->lock);
	if ((si->flags & SWP_USED) && offset < si->max) {
		unsigned int count = si->map[offset];

		if (count & SWAP_HAS_CACHE) {
			ret = -EEXIST;
		} else if (count && count != SWAP_MAP_BAD) {
			si->map[offset] = count | SWAP_HAS_CACHE;
			ret = 0;
		}
	}
	spin_unlock(&si->lock);
	return ret;
}

/*
 * swap_slot_count_locked_hint: the raw count; 0 for what is no slot in use. It may change at once.
 */
int swap_slot_count_locked_hint(swp_entry_t entry)
{
	struct swap_info_struct *si;
	int count = 0;

	if (swp_type(entry) >= MAX_SWAPFILES)
		return 0;
	si = &swap_info[swp_type(entry)];
	spin_lock(&si->lock);
	if ((si->flags & SWP_USED) && swp_offset(entry) < si->max)
		count = si->map[swp_offset(entry)];
	spin_unlock(&si->lock);
	return count == SWAP_MAP_BAD ? 0 : count;
}

/* swp_swapcount: how many PTEs (and shmem objects) name the slot. */
int swp_swapcount(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_is_lost(entry) ? NULL : swap_info_get(entry, __func__);
	int count;

	if (!si)
		return 0;
	count = si->map[swp_offset(entry)] & ~SWAP_HAS_CACHE;
	spin_unlock(&si->lock);
	return count;
}

/* --- giving slots back early --- */

/*
 * try_to_free_swap: the page leaves the swap cache, and its slot becomes free, if nobody else
 * names it. The page is the only copy then, so it is dirty.
 *
 * => page locked. True: done.
 */
bool try_to_free_swap(struct page *page)
{
	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	if (!PageSwapCache(page) || page_test(page, PG_writeback))
		return false;
	if (swp_swapcount((swp_entry_t){ page->private }))
		return false;
	delete_from_swap_cache(page);
	set_page_dirty(page);
	return true;
}

/*
 * reuse_swap_page: may the one PTE that maps @page be made writable without a copy? Yes, if no
 * other PTE and no slot's user shares it; then the slot is given back too.
 *
 * => page locked
 */
bool reuse_swap_page(struct page *page)
{
	int users = page_mapcount(page);

	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	if (users > 1)
		return false;
	if (PageSwapCache(page)) {
		users += swp_swapcount((swp_entry_t){ page->private });
		if (users == 1 && !page_test(page, PG_writeback)) {
			delete_from_swap_cache(page);
			set_page_dirty(page);
		}
	}
	return users <= 1;
}

/*
 * free_swap_and_cache: a swap PTE goes (zap): one user less, and if only the cache is left, its
 * page goes too.
 *
 * => may be called under a page table's lock: it only tries
 */
void free_swap_and_cache(swp_entry_t entry)
{
	struct page *page;

	if (drop_claim(entry, false, __func__) != SWAP_HAS_CACHE)
		return;
	page = find_get_page(swap_address_space(entry), swp_offset(entry));
	if (!page)
		return;
	if (trylock_page(page)) {
		if (PageSwapCache(page) && page->private == entry.val && !page_mapped(page))
			try_to_free_swap(page);
		unlock_page(page);
	}
	put_page(page);
}

/* --- totals --- */

/* get_nr_swap_pages: free slots; negative while a used area is being switched off. */
long get_nr_swap_pages(void)
{
	return nr_swap_pages;
}

/*
 * swap_area_is_full: more than half of swap is in use: copies in memory of what is on disk are
 * no longer worth slots.
 */
bool swap_area_is_full(void)
{
	return nr_swap_pages * 2 < (long)total_swap_pages;
}

/*
 * si_swapinfo: pages in all, and free ones; what is still to come back from a closing area
 * counts as neither.
 */
void si_swapinfo(unsigned long *total, unsigned long *free)
{
	unsigned long closing = 0;

	spin_lock(&swap_lock);
	for (unsigned int type = 0; type < nr_swapfiles; type++)
		if ((swap_info[type].flags & (SWP_USED | SWP_WRITEOK)) == SWP_USED)
			closing += swap_info[type].inuse_pages;
	*total = total_swap_pages + closing;
	*free = nr_swap_pages + closing;
	spin_unlock(&swap_lock);
}

/* swap_kick_all: sends what page_io.c gathered. => process context */
void swap_kick_all(void)
{
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];
		bool kick;

		spin_lock(&si->lock);
		kick = (si->flags & SWP_USED) && si->inuse_pages && si->dev.ops->kick;
		si->kicking += kick;	/* swapoff does not release the device meanwhile */
		spin_unlock(&si->lock);
		if (!kick)
			continue;
		si->dev.ops->kick(si->dev.dev);
		spin_lock(&si->lock);
		si->kicking--;
		spin_unlock(&si->lock);
	}
}

static int swaps_show(struct seq_file *m)
{
	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	spin_lock(&swap_lock);
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];
		unsigned long kb = si->pages << (PAGE_SHIFT - 10),
			      used = si->inuse_pages << (PAGE_SHIFT - 10);
		int len = strlen(si->dev.path);

		if (!(si->flags & SWP_USED) || !si->map)
			continue;
		seq_escape(m, si->dev.path, " \t\n\\");
		seq_printf(m, "%*s%s\t%lu\t%s%lu\t%s%d\n", len < 40 ? 40 - len : 1, " ",
			   si->dev.is_file ? "file\t" : "partition", kb, kb < 10000000 ? "\t" : "",
			   used, used < 10000000 ? "\t" : "", si->prio);
	}
	spin_unlock(&swap_lock);
	return 0;
}
CTL_FILE("/proc/swaps", .mode = 0444, .show = swaps_show);
