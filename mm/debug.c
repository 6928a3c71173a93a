/*
 * debug.c - a page, a VMA, an mm in words; and a walk over all free lists.
 *
 * Idea:   what failed is easier to see from the page's flags by name than from
 *         a hexadecimal number, so dump_page() spells them out.
 * Locks:  none; any context. What it prints may change under it. check_free_lists: LOCK_ZONE.
 * Above:  VM_BUG_ON_PAGE, everywhere in mm/.
 * Below:  printk.   In Linux: mm/debug.c.
 */
#include "kernel/lib/printk.h"
#include "mm/debug.h"
#include "mm/page-flags.h"
#include "mm/page_alloc.h"

/* By bit number; the order is enum pageflags's. */
static const char *const flag_names[] = {
	"locked",    "referenced",  "uptodate",	      "dirty",	  "lru",
	"active",    "workingset",  "waiters",	      "error",	  "slab",
	"reserved",  "writeback",   "head",	      "reclaim",  "swapbacked",
	"swapcache", "unevictable", "mlocked",	      "buddy",	  "table",
	"readahead", "migrating",   "anon_exclusive", "poisoned",
};

/* dump_page: two lines about @page at KERN_WARNING, and why. */
void dump_page(const struct page *page, const char *reason)
{
	char names[256];
	int len = 0;

	names[0] = 0;
	for (unsigned int bit = 0; bit < ARRAY_SIZE(flag_names); bit++)
		if (page->flags & (1UL << bit))
			len += scnprintf(names + len, sizeof(names) - len, "%s%s", len ? "|" : "",
					 flag_names[bit]);
	pr_warn("page:%px refcount:%d mapcount:%d mapping:%px index:%#lx pfn:%#lx\n", page,
		page_count(page), page_mapcount(page), page->mapping, page->index,
		page_to_pfn(page));
	pr_warn("flags: %#lx(%s|node=%d|zone=%d) private:%#lx\n", (unsigned long)page->flags, names,
		page_to_nid(page), page_zonenum(page), page->private);
	if (reason)
		pr_warn("page dumped because: %s\n", reason);
}

void dump_vma(const struct vm_area_struct *vma)
{
	pr_warn("vma %px start %lx end %lx mm %px flags %#lx pgoff %#lx anon_vma %px mapping %px\n",
		vma, vma->vm_start, vma->vm_end, vma->vm_mm, vma->vm_flags, vma->vm_pgoff,
		vma->anon_vma, vma->vm_mapping);
}

void dump_mm(const struct mm_struct *mm)
{
	pr_warn("mm %px users %d count %d map_count %d total_vm %lu pgtables_bytes %ld rss file "
		"%ld anon %ld swap %ld "
		"shmem %ld\n",
		mm, mm->mm_users, mm->mm_count, mm->map_count, mm->total_vm,
		(long)mm->pgtables_bytes, (long)mm->rss[MM_FILEPAGES], (long)mm->rss[MM_ANONPAGES],
		(long)mm->rss[MM_SWAPENTS], (long)mm->rss[MM_SHMEMPAGES]);
}

/*
 * One list: each block is marked free, of that order, aligned, and of that zone. Returns its
 * blocks.
 */
static unsigned long check_free_list(struct zone *zone, unsigned int order, struct list_head *list)
{
	unsigned long n = 0;
	struct page *page;

	list_for_each_entry(page, list, lru) {
		if (!page_test(page, PG_buddy) || page->private != order ||
		    page_zone(page) != zone || (page_to_pfn(page) & ((1UL << order) - 1)) ||
		    page_count(page)) {
			dump_page(page, "it does not belong on its free list");
			BUG();
		}
		n++;
	}
	return n;
}

void check_free_lists(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		unsigned long flags = spin_lock_irqsave(&zone->lock);
		long pages = 0;

		for (unsigned int o = 0; o < MAX_ORDER; o++) {
			unsigned long n = 0;

			for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
				n += check_free_list(zone, o, &zone->free_area[o].free_list[mt]);
			BUG_ON(n != zone->free_area[o].nr_free);
			pages += n << o;
		}
		BUG_ON(pages != zone->vm_stat[NR_FREE_PAGES]);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}
