/*
 * migrate.h - a page's content moves to another frame; its users notice nothing.
 */
#pragma once

#include "kernel/lib/nodemask.h"
#include "mm/mm_types.h"

/* A frame to move @old to; NULL: none. => may sleep */
typedef struct page *(*new_page_t)(struct page *old, void *arg);

/*
 * Takes @page off its LRU list onto @list, for migrate_pages(). => a reference is held, and stays.
 * False: somebody else has it.
 */
bool isolate_for_migration(struct page *page, struct list_head *list);
/*
 * Moves the isolated pages on @from; those that could not be moved are left there. How many those
 * are. => may sleep; no page lock held
 */
int migrate_pages(struct list_head *from, new_page_t get_new, void *arg);
void putback_movable_pages(struct list_head *pages);	/* … go back to their LRU lists */
/* new_page_t: a frame of node *(int *)@arg, or none. */
struct page *alloc_migration_target(struct page *old, void *arg);

/*
 * migrate_pages(2), cpusets: @mm's pages on nodes of @from go to those of @to, node by node. @all:
 * also pages that others map. How many did not move, or -errno. => may sleep
 */
long do_migrate_pages(struct mm_struct *mm, nodemask_t from, nodemask_t to, bool all);
/*
 * move_pages(2), one page: it is queued on @list to go to @node (PAGE_QUEUED), or is there already
 * (@node), or cannot: -ENOENT: no page; -EFAULT: no such mapping; -EACCES: shared, and not @all;
 * -EBUSY: somebody else has it. @node NUMA_NO_NODE: only where it is.
 */
#define PAGE_QUEUED MAX_NUMNODES
int queue_page_for_node(struct mm_struct *mm, unsigned long addr, int node, bool all,
			struct list_head *list);
/* How many did not move; @pages is empty afterwards. */
int migrate_pages_to_node(struct list_head *pages, int node);
bool vma_migratable(const struct vm_area_struct *vma);
