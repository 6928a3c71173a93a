/*
 * swapon.c - switching swap areas on and off.
 *
 * Idea:   swapon reads the header that mkswap(8) wrote and builds the map of
 *         slots. swapoff stops giving slots out and then brings every page
 *         home: shmem objects, then each process's page tables, then what
 *         only the cache still has, until no slot is in use. It needs as much free memory
 *         as comes back; while it runs its process is the OOM killer's first choice.
 *
 *         Header, one page (mkswap(8), SWAPSPACE2):
 *           1024 version  1028 last_page  1032 nr_badpages  1536 badpages[]   4086 "SWAPSPACE2"
 * Locks:  swapon_mutex (LOCK_SWAPON): one at a time; then swap_lock and the area's.
 * Above:  kernel/proc's swapon(2) and swapoff(2), which check rights and find the device.
 * Below:  swapfile.c, swap_state.c.   In Linux: mm/swapfile.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/util.h"
#include "mm/vmalloc.h"

static DEFINE_MUTEX(swapon_mutex, LOCK_SWAPON);
/* swap_lock: the lowest given out by default; the first area gets -2 */
static int least_priority = -1;

#define SWAP_FLAG_PREFER 0x8000		/* swapon(2) */
#define SWAP_FLAG_PRIO_MASK 0x7fff
#define SWAP_FLAGS_VALID 0x7ffff

struct swap_header {
	u8 bootbits[1024];		/* a disk label may stand here */
	u32 version, last_page, nr_badpages;
	u8 uuid[16], volume[16];
	u32 padding[117];
	u32 badpages[(4086 - 1536) / 4];
	u8 rest[2];
	char magic[10];
} __packed;
BUILD_BUG_ON(sizeof(struct swap_header) != PAGE_SIZE);
BUILD_BUG_ON(offsetof(struct swap_header, badpages) != 1536);
#define MAX_SWAP_BADPAGES ARRAY_SIZE(((struct swap_header *)NULL)->badpages)

/* --- on --- */

/* mkswap on a machine of the other byte order. */
static void swab_header(struct swap_header *h)
{
	h->version = __builtin_bswap32(h->version);
	h->last_page = __builtin_bswap32(h->last_page);
	h->nr_badpages = MIN(__builtin_bswap32(h->nr_badpages), (u32)MAX_SWAP_BADPAGES + 1);
	for (u32 i = 0; i < MIN(h->nr_badpages, (u32)MAX_SWAP_BADPAGES); i++)
		h->badpages[i] = __builtin_bswap32(h->badpages[i]);
}

/* Slots according to the header, its own included; 0 (and a line in the log): it is none. */
static unsigned long read_swap_header(struct swap_header *h, const struct swap_device *dev)
{
	if (memcmp(h->magic, "SWAPSPACE2", 10)) {
		pr_err("Unable to find swap-space signature\n");
		return 0;
	}
	if (h->version == __builtin_bswap32(1))
		swab_header(h);
	if (h->version != 1) {
		pr_warn("Unable to handle swap header version %d\n", h->version);
		return 0;
	}
	if (!h->last_page) {
		pr_warn("Empty swap-file\n");
		return 0;
	}
	if ((u64)h->last_page + 1 > dev->size >> PAGE_SHIFT) {
		pr_warn("Swap area shorter than signature indicates\n");
		return 0;
	}
	if (h->nr_badpages && (dev->is_file || h->nr_badpages > MAX_SWAP_BADPAGES))
		return 0;
	return (unsigned long)h->last_page + 1;
}

/* The header and the bad blocks are in use for ever. 0, -EINVAL */
static int mark_unusable(struct swap_info_struct *si, const struct swap_header *h)
{
	si->map[0] = SWAP_MAP_BAD;
	si->cluster_used[0]++;
	si->pages = si->max - 1;
	for (u32 i = 0; i < h->nr_badpages; i++) {
		u32 slot = h->badpages[i];

		if (slot == 0 || slot >= si->max)
			return -EINVAL;
		if (si->map[slot] == SWAP_MAP_BAD)
			continue;
		si->map[slot] = SWAP_MAP_BAD;
		si->cluster_used[slot / SWAPFILE_CLUSTER]++;
		si->pages--;
	}
	si->free_clusters = 0;
	for (unsigned long c = 0; c < si->max / SWAPFILE_CLUSTER; c++)
		si->free_clusters += si->cluster_used[c] == 0;
	if (!si->pages) {
		pr_warn("Empty swap-file\n");
		return -EINVAL;
	}
	return 0;
}

/*
 * The maps of @si for @max slots, from the header. 0, -ENOMEM, -EINVAL. Nothing is left behind
 * on failure.
 */
static int setup_maps(struct swap_info_struct *si, const struct swap_header *h, unsigned long max)
{
	int error = -ENOMEM;

	si->max = max;
	si->map = vzalloc(max * sizeof(*si->map));
	si->memcg_ids = vzalloc(max * sizeof(*si->memcg_ids));
	si->cluster_used = vzalloc(DIV_ROUND_UP(max, SWAPFILE_CLUSTER) * sizeof(*si->cluster_used));
	if (si->map && si->memcg_ids && si->cluster_used)
		error = mark_unusable(si, h);
	if (error) {
		vfree(si->map);
		vfree(si->memcg_ids);
		vfree(si->cluster_used);
		si->map = si->memcg_ids = si->cluster_used = NULL;
		si->max = 0;
	}
	return error;
}

/* Gives out its slots from now on. => swapon_mutex held */
static void enable_swap_info(struct swap_info_struct *si)
{
	spin_lock(&swap_lock);
	spin_lock(&si->lock);
	si->flags = SWP_USED | SWP_WRITEOK;
	spin_unlock(&si->lock);
	nr_swap_pages += si->pages - si->inuse_pages;
	total_swap_pages += si->pages;
	swap_avail_add(si);
	spin_unlock(&swap_lock);
}

static struct swap_info_struct *find_area(const void *key)
{
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];

		if ((si->flags & SWP_USED) && si->dev.key == key)
			return si;
	}
	return NULL;
}

/* An unused type; NULL if all are taken. */
static struct swap_info_struct *alloc_swap_info(void)
{
	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		if (!(swap_info[type].flags & SWP_USED)) {
			if (type >= nr_swapfiles)
				nr_swapfiles = type + 1;
			return &swap_info[type];
		}
	return NULL;
}

/* What is checked and built before anything is visible. 0 or -errno */
static int prepare_area(struct swap_info_struct *si, const struct swap_device *dev)
{
	struct swap_header *h = get_zeroed_page(GFP_KERNEL);
	unsigned long max;
	int error;

	if (!h)
		return -ENOMEM;
	error = dev->size < PAGE_SIZE ? -EINVAL :
		dev->header ? 0 : dev->ops->read_sync(dev->dev, h, 0, PAGE_SIZE);
	if (dev->header)
		memcpy(h, dev->header, PAGE_SIZE);
	if (!error) {
		max = read_swap_header(h, dev);
		if (dev->is_file)
			max = MIN(max, dev->mapped);	/* a badly scattered file has fewer */
		error = max ? setup_maps(si, h, max) : -EINVAL;
	}
	free_pages_address(h, 0);
	return error;
}

int do_swapon(struct swap_device *dev, int swap_flags)
{
	struct swap_info_struct *si = NULL;
	int error;

	mutex_lock(&swapon_mutex);
	if (swap_flags & ~SWAP_FLAGS_VALID)
		error = -EINVAL;
	else if (find_area(dev->key))
		error = -EBUSY;
	else if (!(si = alloc_swap_info()))
		error = -EPERM;
	else
		error = prepare_area(si, dev);
	if (error) {
		mutex_unlock(&swapon_mutex);
		if (dev->ops->release)
			dev->ops->release(dev->dev);
		return error;
	}
	si->dev = *dev;
	si->dev.header = NULL;
	si->inuse_pages = 0;
	si->next = 1;
	si->prio =
	    swap_flags & SWAP_FLAG_PREFER ? swap_flags & SWAP_FLAG_PRIO_MASK : --least_priority;
	enable_swap_info(si);
	pr_info("Adding %luk swap on %s.  Priority:%d extents:%u across:%luk \n",
		si->pages << (PAGE_SHIFT - 10), si->dev.path, si->prio,
		si->dev.is_file ? si->dev.extents : 1,
		(si->dev.is_file ? si->dev.span : si->max - 1) << (PAGE_SHIFT - 10));
	mutex_unlock(&swapon_mutex);
	return 0;
}

/* --- off: bringing pages home --- */

/*
 * The PTE at @addr, if it still names @entry, maps @page instead; if the device could not read
 * the page, the PTE says from now on that it is lost.
 * => page locked, mmap_lock held for reading
 */
static void unuse_pte(struct vm_area_struct *vma, pmd_t *pmd, unsigned long addr, swp_entry_t entry,
		     struct page *page)
{
	spinlock_t *ptl;
	pte_t *pte = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl), old, new;

	if (!pte)
		return;
	old = ptep_get(pte);
	if (pte_swp_clear_soft_dirty(old).val != swp_entry_to_pte(entry).val) {
		pte_unmap_unlock(pte, ptl);
		return;
	}
	if (page_test(page, PG_uptodate)) {
		get_page(page);
		page_add_anon_rmap(page, vma, addr);
		new = pte_mkold(mk_pte(page, vma->vm_page_prot));
		set_pte(pte, pte_soft_dirty(old) ? pte_mksoft_dirty(new) : new);
		add_mm_counter(vma->vm_mm, MM_SWAPENTS, -1);
		add_mm_counter(vma->vm_mm, MM_ANONPAGES, 1);
	} else {
		set_pte(pte, swp_entry_to_pte(swp_lost_entry()));
	}
	swap_free(entry);
	pte_unmap_unlock(pte, ptl);
}

/* One swap PTE that was seen at @addr. 0 or -errno */
static int unuse_entry(struct vm_area_struct *vma, pmd_t *pmd, unsigned long addr,
		       swp_entry_t entry)
{
	struct vm_fault vmf = { .vma = vma, .address = addr };
	struct page *page = lookup_swap_cache(entry);

	if (!page)
		page = swapin_readahead(entry, GFP_HIGHUSER_MOVABLE, &vmf);
	if (!page)
		return swap_slot_count_locked_hint(entry) ? -ENOMEM : 0;
	lock_page(page);
	wait_on_page_writeback(page);
	/* If reclaim was first, the walk finds the entry once more. */
	if (PageSwapCache(page) && page->private == entry.val)
		unuse_pte(vma, pmd, addr, entry, page);
	try_to_free_swap(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

/*
 * The first swap PTE of @type in [*addr, end), all within one page table. True: found, *addr is
 * where.
 */
static bool find_swap_pte(struct mm_struct *mm, pmd_t *pmd, unsigned long *addr, unsigned long end,
			  unsigned int type, swp_entry_t *entry)
{
	spinlock_t *ptl;
	pte_t *pte = pte_offset_map_lock(mm, pmd, *addr, &ptl);
	bool found = false;

	if (!pte)
		return false;
	for (pte_t *p = pte; *addr < end; p++, *addr += PAGE_SIZE) {
		pte_t val = ptep_get(p);

		if (!pte_is_swap(val))
			continue;
		*entry = pte_to_swp_entry(val);
		if (swp_type(*entry) == type) {
			found = true;
			break;
		}
	}
	pte_unmap_unlock(pte, ptl);
	return found;
}

static int unuse_vma(struct vm_area_struct *vma, unsigned int type)
{
	unsigned long addr = vma->vm_start;

	while (addr < vma->vm_end) {
		unsigned long next = MIN(ALIGN_UP(addr + 1, PMD_SIZE), vma->vm_end);
		pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
		swp_entry_t entry;

		while (pmd && addr < next &&
		       find_swap_pte(vma->vm_mm, pmd, &addr, next, type, &entry)) {
			int error = unuse_entry(vma, pmd, addr, entry);

			if (error)
				return error;
			if (signal_pending(current))
				return -EINTR;
			cond_resched();
		}
		addr = next;
		cond_resched();
	}
	return 0;
}

static int unuse_mm(struct mm_struct *mm, unsigned int type)
{
	struct vm_area_struct *vma;
	int error = 0;

	down_read(&mm->mmap_lock);
	for_each_vma(mm, vma) {
		if (vma->anon_vma)
			error = unuse_vma(vma, type);
		if (error)
			break;
	}
	up_read(&mm->mmap_lock);
	return error;
}

/* A thread's mm that has pages in swap. => tasklist_lock held */
static bool process_has_swap(struct task_struct *p)
{
	struct task_struct *t;
	bool has = false;

	for_each_thread(p, t) {
		task_lock(t);
		has = t->mm && get_mm_counter(t->mm, MM_SWAPENTS);
		task_unlock(t);
		if (has)
			break;
	}
	return has;
}

/* A reference (mmput) to the mm of a thread of @p that has swap; NULL. => tasklist_lock held */
static struct mm_struct *process_swapped_mm(struct task_struct *p)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	for_each_thread(p, t) {
		task_lock(t);
		if (t->mm && get_mm_counter(t->mm, MM_SWAPENTS) && mmget_not_zero(t->mm))
			mm = t->mm;
		task_unlock(t);
		if (mm)
			break;
	}
	return mm;
}

/* The next process (by pid, after *pid) with swap; NULL at the end. */
static struct mm_struct *next_swapped_mm(kpid_t *pid)
{
	struct task_struct *p, *best = NULL;
	struct mm_struct *mm = NULL;

	read_lock(&tasklist_lock);
	for_each_process(p)
		if (p->pid > *pid && (!best || p->pid < best->pid) && process_has_swap(p))
			best = p;
	if (best) {
		*pid = best->pid;
		mm = process_swapped_mm(best);
	}
	read_unlock(&tasklist_lock);
	return mm;
}

static int unuse_processes(unsigned int type)
{
	struct mm_struct *mm;
	kpid_t pid = 0;
	int error = 0;

	while (!error && (mm = next_swapped_mm(&pid))) {
		error = unuse_mm(mm, type);
		mmput(mm);
		if (!error && signal_pending(current))
			error = -EINTR;
		cond_resched();
	}
	return error;
}

/* Slots that only the cache holds: nobody will fault on them. */
static int unuse_cache(struct swap_info_struct *si)
{
	unsigned int type = si - swap_info;

	for (unsigned long offset = 1; offset < si->max && si->inuse_pages; offset++) {
		struct page *page;

		if (!(READ_ONCE(si->map[offset]) & SWAP_HAS_CACHE))
			continue;
		page = find_get_page(&swapper_spaces[type], offset);
		if (!page)
			continue;
		lock_page(page);
		wait_on_page_writeback(page);
		if (PageSwapCache(page) && page->private == swp_entry(type, offset).val)
			try_to_free_swap(page);
		unlock_page(page);
		put_page(page);
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * Until no slot is in use. Several rounds: a fork may copy an entry behind our back, an exiting
 * process may hold some that no walk finds.
 */
static int try_to_unuse(struct swap_info_struct *si)
{
	unsigned int type = si - swap_info;
	int error = 0;

	while (READ_ONCE(si->inuse_pages)) {
		unsigned long before = si->inuse_pages;

		if (!shmem_unuse_type(type, &error))
			return error;
		error = unuse_processes(type);
		if (!error)
			error = unuse_cache(si);
		if (!error && signal_pending(current))
			error = -EINTR;
		if (error)
			return error;
		/* others must move first: an exit, a fork, a read */
		if (si->inuse_pages == before) {
			current->__state = TASK_INTERRUPTIBLE;
			schedule_timeout_ns(NSEC_PER_MSEC, "swapoff");
		}
	}
	return 0;
}

/* Default priorities close ranks when one of them goes. => swap_lock held */
static void close_ranks(struct swap_info_struct *si)
{
	if (si->prio >= 0)
		return;
	for (unsigned int type = 0; type < nr_swapfiles; type++)
		if ((swap_info[type].flags & SWP_USED) && swap_info[type].prio < si->prio)
			swap_info[type].prio++;
	least_priority++;
}

/* No slot of it is given out any more; it no longer counts as room. */
static void disable_swap_info(struct swap_info_struct *si)
{
	spin_lock(&swap_lock);
	close_ranks(si);
	if (!list_empty(&si->avail))
		swap_avail_del(si);
	nr_swap_pages -= si->pages;
	total_swap_pages -= si->pages;
	spin_lock(&si->lock);
	si->flags &= ~SWP_WRITEOK;
	spin_unlock(&si->lock);
	spin_unlock(&swap_lock);
}

/* swapoff gave up: the area is in service again, with the priority it would get now. */
static void reinsert_swap_info(struct swap_info_struct *si)
{
	spin_lock(&swap_lock);
	if (si->prio < 0)
		si->prio = --least_priority;
	/* while closing it counted as pages fewer; slots in use never counted as free */
	nr_swap_pages += si->pages;
	total_swap_pages += si->pages;
	spin_lock(&si->lock);
	si->flags |= SWP_WRITEOK;
	spin_unlock(&si->lock);
	swap_avail_add(si);
	spin_unlock(&swap_lock);
}

/* The empty area's maps and device go. */
static void free_area(struct swap_info_struct *si)
{
	struct swap_device dev = si->dev;
	u16 *map = si->map, *ids = si->memcg_ids, *clusters = si->cluster_used;
	struct address_space *cache = &swapper_spaces[si - swap_info];
	unsigned long flags;

	while (READ_ONCE(si->kicking)) {	/* none begins any more: no slot is in use */
		current->__state = TASK_UNINTERRUPTIBLE;
		schedule_timeout_ns(NSEC_PER_MSEC, "swapoff");
	}
	spin_lock(&swap_lock);
	spin_lock(&si->lock);
	BUG_ON(si->inuse_pages);
	si->flags = 0;
	si->map = si->memcg_ids = si->cluster_used = NULL;
	si->max = si->pages = 0;
	spin_unlock(&si->lock);
	spin_unlock(&swap_lock);
	/* A fault that saw one of its entries long ago may be looking here still. */
	flags = spin_lock_irqsave(&cache->i_lock);
	xa_destroy(&cache->i_pages);
	spin_unlock_irqrestore(&cache->i_lock, flags);
	vfree(map);
	vfree(ids);
	vfree(clusters);
	if (dev.ops->release)
		dev.ops->release(dev.dev);
}

int do_swapoff(const void *key)
{
	struct swap_info_struct *si;
	int error = 0;

	mutex_lock(&swapon_mutex);
	si = find_area(key);
	if (!si) {
		error = -EINVAL;
		goto out;
	}
	/* Would what is committed still be covered without it? (Only overcommit mode 2 says no.) */
	if (security_vm_enough_memory_mm(current->mm, si->pages)) {
		error = -ENOMEM;
		goto out;
	}
	vm_unacct_memory(si->pages);
	disable_swap_info(si);
	current->signal->oom_flag_origin = true;
	error = try_to_unuse(si);
	current->signal->oom_flag_origin = false;
	if (error)
		reinsert_swap_info(si);
	else
		free_area(si);
out:
	mutex_unlock(&swapon_mutex);
	return error;
}
