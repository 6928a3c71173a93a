/*
 * trace.c - the events of memory themselves, and what writes the larger ones.
 *
 * Idea:   mm/trace.h declares them; here, with CREATE_TRACE_POINTS, they are made. Events whose
 *         values take more than an expression are written by a function each, so that the paths
 *         that call them hold one test and no more.
 * Locks:  the caller's; none is taken.
 * Above:  everybody in mm/.   Below: kernel/sched/trace.c.
 */
#define CREATE_TRACE_POINTS
#include "mm/page_alloc_internal.h"
#include "mm/trace.h"

#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/memory.h"
#include "mm/show_mem.h"
#include "mm/scan_control.h"

#define K(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

void (*trace_identify_mapping)(const struct address_space *mapping, kdev_t *dev,
			       unsigned long *ino);

const char *trace_gfp(char text[TRACE_TEXT], unsigned long gfp)
{
	if (!gfp)
		return "none";
	print_gfp_mask(text, TRACE_TEXT, gfp);
	return text;
}

const char *trace_reclaim_flags(int flags)
{
	const char *name = TRACE_SYMBOL(
		flags, { RECLAIM_WB_ANON | RECLAIM_WB_ASYNC, "RECLAIM_WB_ANON|RECLAIM_WB_ASYNC" },
		{ RECLAIM_WB_FILE | RECLAIM_WB_ASYNC, "RECLAIM_WB_FILE|RECLAIM_WB_ASYNC" },
		{ RECLAIM_WB_ANON | RECLAIM_WB_SYNC, "RECLAIM_WB_ANON|RECLAIM_WB_SYNC" },
		{ RECLAIM_WB_FILE | RECLAIM_WB_SYNC, "RECLAIM_WB_FILE|RECLAIM_WB_SYNC" });

	return *name ? name : "RECLAIM_WB_NONE";
}

/* kmem:rss_stat: a counter of @mm's has changed. The id is the same as long as the mm lives. */
void trace_mm_rss(struct mm_struct *mm, enum rss_counter which)
{
	struct trace_rss_stat e = {
		.mm_id = hash_long((unsigned long)mm, 32),
		.curr = current->mm == mm,
		.member = which,
		.size = (long)get_mm_counter(mm, which) << PAGE_SHIFT,
	};

	trace_write(&trace_event_rss_stat, &e, sizeof(e));
}

/* filemap:*: @page joins @mapping, or leaves it. => i_lock held */
void trace_page_cache(const struct address_space *mapping, const struct page *page, bool added)
{
	struct trace_mm_filemap_add_to_page_cache e = {
		.pfn = page_to_pfn(page), .index = page->index,
	};
	kdev_t dev = 0;

	if (trace_identify_mapping)
		trace_identify_mapping(mapping, &dev, &e.i_ino);
	e.s_dev = dev;
	trace_write(added ? &trace_event_mm_filemap_add_to_page_cache
			  : &trace_event_mm_filemap_delete_from_page_cache, &e, sizeof(e));
}

/* vmscan:mm_vmscan_lru_shrink_inactive: what has become of the pages since @before. */
void trace_shrink_inactive(int nid, unsigned long scanned, unsigned long reclaimed,
			   const struct reclaim_stat *before, const struct scan_control *sc,
			   bool file)
{
	const struct reclaim_stat *now = &sc->nr;
	struct trace_mm_vmscan_lru_shrink_inactive e = {
		.nid = nid,
		.nr_scanned = scanned,
		.nr_reclaimed = reclaimed,
		.nr_dirty = now->dirty - before->dirty,
		.nr_writeback = now->writeback - before->writeback,
		.nr_immediate = now->immediate - before->immediate,
		.nr_activate = { now->activated[0] - before->activated[0],
				 now->activated[1] - before->activated[1] },
		.nr_ref_keep = now->ref_keep - before->ref_keep,
		.nr_unmap_fail = now->unmap_fail - before->unmap_fail,
		.priority = sc->priority,
		.reclaim_flags = trace_reclaim_file(file),
	};

	trace_write(&trace_event_mm_vmscan_lru_shrink_inactive, &e, sizeof(e));
}

void trace_oom_adj(const struct task_struct *task)
{
	struct trace_oom_score_adj_update e = {
		.pid = task->pid, .oom_score_adj = task->signal->oom_score_adj,
	};

	strscpy(e.comm, task->comm, sizeof(e.comm));
	trace_write(&trace_event_oom_score_adj_update, &e, sizeof(e));
}

/* oom:mark_victim. => its task_lock held, or it is current */
void trace_oom_victim(const struct task_struct *victim, const struct mm_struct *mm, kuid_t uid)
{
	struct trace_mark_victim e = {
		.pid = victim->pid,
		.total_vm = K(mm->total_vm),
		.anon_rss = K(get_mm_counter((struct mm_struct *)mm, MM_ANONPAGES)),
		.file_rss = K(get_mm_counter((struct mm_struct *)mm, MM_FILEPAGES)),
		.shmem_rss = K(get_mm_counter((struct mm_struct *)mm, MM_SHMEMPAGES)),
		.uid = uid,
		.pgtables = (unsigned long)mm->pgtables_bytes >> 10,
		.oom_score_adj = victim->signal->oom_score_adj,
	};

	strscpy(e.comm, victim->comm, sizeof(e.comm));
	trace_write(&trace_event_mark_victim, &e, sizeof(e));
}

void trace_slab_free(unsigned long call_site, const void *object, const char *cache)
{
	struct trace_kmem_cache_free e = { .call_site = call_site, .ptr = object };

	strscpy(e.name, cache, sizeof(e.name));
	trace_write(&trace_event_kmem_cache_free, &e, sizeof(e));
}
