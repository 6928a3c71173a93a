/*
 * trace.h - the events of memory: kmem:*, exceptions:*, vmscan:*, filemap:*, oom:*.
 *
 * Idea:  how to read a declaration stands in kernel/sched/trace.h: the system, the name, the fields,
 *        the words. Names, fields and words are Linux 6.1's (include/trace/events/), so that a
 *        script that reads a trace of Linux's reads one of Brink's.
 * Locks: none; some are written under zone->lock, lru_lock or i_lock.
 * Above: everybody in mm/ who does one of these things.
 */
#pragma once

#include "kernel/sched/trace.h"
#include "mm/mm_types.h"

/* --- for the words --- */
/* "GFP_KERNEL|__GFP_ZERO", "none" */
const char *trace_gfp(char text[TRACE_TEXT], unsigned long gfp);
const char *trace_reclaim_flags(int flags);
#define TRACE_LRU(lru)                                                                     \
	TRACE_SYMBOL(lru, { LRU_INACTIVE_ANON, "inactive_anon" }, { LRU_ACTIVE_ANON, "active_anon" }, \
		     { LRU_INACTIVE_FILE, "inactive_file" }, { LRU_ACTIVE_FILE, "active_file" },  \
		     { LRU_UNEVICTABLE, "unevictable" })
/* What mm_vmscan_* say a page or a list is, and whether its writer is waited for. */
enum { RECLAIM_WB_ANON = 1, RECLAIM_WB_FILE = 2, RECLAIM_WB_SYNC = 4, RECLAIM_WB_ASYNC = 8 };
static inline int trace_reclaim_file(bool file)
{
	return (file ? RECLAIM_WB_FILE : RECLAIM_WB_ANON) | RECLAIM_WB_ASYNC;
}

/* --- events that a function writes, called if they are on --- */
struct task_struct;
struct scan_control;
void trace_mm_rss(struct mm_struct *mm, enum rss_counter which);
struct reclaim_stat;
void trace_shrink_inactive(int nid, unsigned long scanned, unsigned long reclaimed,
			   const struct reclaim_stat *before, const struct scan_control *sc,
			   bool file);
void trace_page_cache(const struct address_space *mapping, const struct page *page, bool added);
void trace_oom_adj(const struct task_struct *task);
void trace_oom_victim(const struct task_struct *victim, const struct mm_struct *mm, kuid_t uid);
void trace_slab_free(unsigned long call_site, const void *object, const char *cache);
/* Which file a mapping is. c: set by kernel/fs; NULL: nobody knows. */
extern void (*trace_identify_mapping)(const struct address_space *mapping, kdev_t *dev,
				      unsigned long *ino);

/* --- kmem: pages --- */

TRACE_EVENT(kmem, mm_page_alloc,
	((unsigned long, pfn), (unsigned int, order), (unsigned long, gfp_flags), (int, migratetype)),
	"page=%p pfn=0x%lx order=%d migratetype=%d gfp_flags=%s",
	REC->pfn != -1UL ? pfn_to_page(REC->pfn) : NULL, REC->pfn != -1UL ? REC->pfn : 0,
	REC->order, REC->migratetype, trace_gfp(text, REC->gfp_flags))

TRACE_EVENT(kmem, mm_page_free,
	((unsigned long, pfn), (unsigned int, order)),
	"page=%p pfn=0x%lx order=%d", pfn_to_page(REC->pfn), REC->pfn, REC->order)

TRACE_EVENT(kmem, mm_page_free_batched,
	((unsigned long, pfn)),
	"page=%p pfn=0x%lx order=0", pfn_to_page(REC->pfn), REC->pfn)

TRACE_EVENT(kmem, mm_page_alloc_zone_locked,
	((unsigned long, pfn), (unsigned int, order), (int, migratetype), (int, percpu_refill)),
	"page=%p pfn=0x%lx order=%u migratetype=%d percpu_refill=%d",
	REC->pfn != -1UL ? pfn_to_page(REC->pfn) : NULL, REC->pfn != -1UL ? REC->pfn : 0,
	REC->order, REC->migratetype, REC->percpu_refill)

TRACE_EVENT(kmem, mm_page_pcpu_drain,
	((unsigned long, pfn), (unsigned int, order), (int, migratetype)),
	"page=%p pfn=0x%lx order=%d migratetype=%d", pfn_to_page(REC->pfn), REC->pfn, REC->order,
	REC->migratetype)

TRACE_EVENT(kmem, mm_page_alloc_extfrag,
	((unsigned long, pfn), (int, alloc_order), (int, fallback_order), (int, alloc_migratetype),
	 (int, fallback_migratetype), (int, change_ownership)),
	"page=%p pfn=0x%lx alloc_order=%d fallback_order=%d pageblock_order=%d alloc_migratetype=%d "
	"fallback_migratetype=%d fragmenting=%d change_ownership=%d",
	pfn_to_page(REC->pfn), REC->pfn, REC->alloc_order, REC->fallback_order, PAGEBLOCK_ORDER,
	REC->alloc_migratetype, REC->fallback_migratetype, REC->fallback_order < PAGEBLOCK_ORDER,
	REC->change_ownership)

/* --- kmem: objects --- */

TRACE_EVENT(kmem, kmalloc,
	((unsigned long, call_site), (const void *, ptr), (size_t, bytes_req), (size_t, bytes_alloc),
	 (unsigned long, gfp_flags), (int, node)),
	"call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d accounted=%s",
	(void *)REC->call_site, REC->ptr, REC->bytes_req, REC->bytes_alloc,
	trace_gfp(text, REC->gfp_flags), REC->node,
	REC->gfp_flags & __GFP_ACCOUNT ? "true" : "false")

TRACE_EVENT(kmem, kmem_cache_alloc,
	((unsigned long, call_site), (const void *, ptr), (size_t, bytes_req), (size_t, bytes_alloc),
	 (unsigned long, gfp_flags), (int, node), (bool, accounted)),
	"call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d accounted=%s",
	(void *)REC->call_site, REC->ptr, REC->bytes_req, REC->bytes_alloc,
	trace_gfp(text, REC->gfp_flags), REC->node, REC->accounted ? "true" : "false")

TRACE_EVENT(kmem, kfree,
	((unsigned long, call_site), (const void *, ptr)),
	"call_site=%pS ptr=%p", (void *)REC->call_site, REC->ptr)

TRACE_EVENT(kmem, kmem_cache_free,
	((unsigned long, call_site), (const void *, ptr), (char, name, [32])),
	"call_site=%pS ptr=%p name=%s", (void *)REC->call_site, REC->ptr, REC->name)

TRACE_EVENT(kmem, rss_stat,
	((unsigned int, mm_id), (unsigned int, curr), (int, member), (long, size)),
	"mm_id=%u curr=%d type=%s size=%ldB", REC->mm_id, REC->curr,
	TRACE_SYMBOL(REC->member, { MM_FILEPAGES, "MM_FILEPAGES" }, { MM_ANONPAGES, "MM_ANONPAGES" },
		     { MM_SWAPENTS, "MM_SWAPENTS" }, { MM_SHMEMPAGES, "MM_SHMEMPAGES" }),
	REC->size)

/* --- exceptions --- */

TRACE_EVENT(exceptions, page_fault_user,
	((unsigned long, address), (unsigned long, ip), (unsigned long, error_code)),
	"address=%ps ip=%ps error_code=0x%lx", (void *)REC->address, (void *)REC->ip,
	REC->error_code)

TRACE_EVENT(exceptions, page_fault_kernel,
	((unsigned long, address), (unsigned long, ip), (unsigned long, error_code)),
	"address=%ps ip=%ps error_code=0x%lx", (void *)REC->address, (void *)REC->ip,
	REC->error_code)

/* --- vmscan --- */

TRACE_EVENT(vmscan, mm_vmscan_kswapd_sleep, ((int, nid)), "nid=%d", REC->nid)

TRACE_EVENT(vmscan, mm_vmscan_kswapd_wake,
	((int, nid), (int, zid), (int, order)), "nid=%d order=%d", REC->nid, REC->order)

TRACE_EVENT(vmscan, mm_vmscan_wakeup_kswapd,
	((int, nid), (int, zid), (int, order), (unsigned long, gfp_flags)),
	"nid=%d order=%d gfp_flags=%s", REC->nid, REC->order, trace_gfp(text, REC->gfp_flags))

TRACE_EVENT(vmscan, mm_vmscan_direct_reclaim_begin,
	((int, order), (unsigned long, gfp_flags)),
	"order=%d gfp_flags=%s", REC->order, trace_gfp(text, REC->gfp_flags))

TRACE_EVENT(vmscan, mm_vmscan_direct_reclaim_end,
	((unsigned long, nr_reclaimed)), "nr_reclaimed=%lu", REC->nr_reclaimed)

TRACE_EVENT(vmscan, mm_vmscan_memcg_reclaim_begin,
	((int, order), (unsigned long, gfp_flags)),
	"order=%d gfp_flags=%s", REC->order, trace_gfp(text, REC->gfp_flags))

TRACE_EVENT(vmscan, mm_vmscan_memcg_reclaim_end,
	((unsigned long, nr_reclaimed)), "nr_reclaimed=%lu", REC->nr_reclaimed)

TRACE_EVENT(vmscan, mm_vmscan_lru_isolate,
	((int, highest_zoneidx), (int, order), (unsigned long, nr_requested),
	 (unsigned long, nr_scanned), (unsigned long, nr_skipped), (unsigned long, nr_taken),
	 (unsigned int, isolate_mode), (int, lru)),
	"isolate_mode=%d classzone=%d order=%d nr_requested=%lu nr_scanned=%lu nr_skipped=%lu "
	"nr_taken=%lu lru=%s",
	REC->isolate_mode, REC->highest_zoneidx, REC->order, REC->nr_requested, REC->nr_scanned,
	REC->nr_skipped, REC->nr_taken, TRACE_LRU(REC->lru))

TRACE_EVENT(vmscan, mm_vmscan_lru_shrink_inactive,
	((int, nid), (unsigned long, nr_scanned), (unsigned long, nr_reclaimed),
	 (unsigned long, nr_dirty), (unsigned long, nr_writeback), (unsigned long, nr_congested),
	 (unsigned long, nr_immediate), (unsigned int, nr_activate, [2]), (unsigned long, nr_ref_keep),
	 (unsigned long, nr_unmap_fail), (int, priority), (int, reclaim_flags)),
	"nid=%d nr_scanned=%ld nr_reclaimed=%ld nr_dirty=%ld nr_writeback=%ld nr_congested=%ld "
	"nr_immediate=%ld nr_activate_anon=%d nr_activate_file=%d nr_ref_keep=%ld nr_unmap_fail=%ld "
	"priority=%d flags=%s",
	REC->nid, REC->nr_scanned, REC->nr_reclaimed, REC->nr_dirty, REC->nr_writeback,
	REC->nr_congested, REC->nr_immediate, REC->nr_activate[0], REC->nr_activate[1],
	REC->nr_ref_keep, REC->nr_unmap_fail, REC->priority,
	trace_reclaim_flags(REC->reclaim_flags))

TRACE_EVENT(vmscan, mm_vmscan_lru_shrink_active,
	((int, nid), (unsigned long, nr_taken), (unsigned long, nr_active),
	 (unsigned long, nr_deactivated), (unsigned long, nr_referenced), (int, priority),
	 (int, reclaim_flags)),
	"nid=%d nr_taken=%ld nr_active=%ld nr_deactivated=%ld nr_referenced=%ld priority=%d flags=%s",
	REC->nid, REC->nr_taken, REC->nr_active, REC->nr_deactivated, REC->nr_referenced,
	REC->priority, trace_reclaim_flags(REC->reclaim_flags))

TRACE_EVENT(vmscan, mm_vmscan_write_folio,
	((unsigned long, pfn), (int, reclaim_flags)),
	"page=%p pfn=0x%lx flags=%s", pfn_to_page(REC->pfn), REC->pfn,
	trace_reclaim_flags(REC->reclaim_flags))

TRACE_EVENT(vmscan, mm_shrink_slab_start,
	((const void *, shr), (void *, shrink), (int, nid), (long, nr_objects_to_shrink),
	 (unsigned long, gfp_flags), (unsigned long, cache_items), (unsigned long long, delta),
	 (unsigned long, total_scan), (int, priority)),
	"%pS %p: nid: %d objects to shrink %ld gfp_flags %s cache items %ld delta %lld total_scan %ld "
	"priority %d",
	REC->shrink, REC->shr, REC->nid, REC->nr_objects_to_shrink, trace_gfp(text, REC->gfp_flags),
	REC->cache_items, REC->delta, REC->total_scan, REC->priority)

TRACE_EVENT(vmscan, mm_shrink_slab_end,
	((const void *, shr), (int, nid), (void *, shrink), (long, unused_scan), (long, new_scan),
	 (int, retval), (long, total_scan)),
	"%pS %p: nid: %d unused scan count %ld new scan count %ld total_scan %ld last shrinker return "
	"val %d",
	REC->shrink, REC->shr, REC->nid, REC->unused_scan, REC->new_scan, REC->total_scan,
	REC->retval)

TRACE_EVENT(vmscan, mm_vmscan_throttled,
	((int, nid), (int, usec_timeout), (int, usec_delayed), (int, reason)),
	"nid=%d usec_timeout=%d usect_delayed=%d reason=%s", REC->nid, REC->usec_timeout,
	REC->usec_delayed,
	TRACE_SYMBOL(REC->reason, { 1, "VMSCAN_THROTTLE_WRITEBACK" }, { 2, "VMSCAN_THROTTLE_ISOLATED" },
		     { 4, "VMSCAN_THROTTLE_NOPROGRESS" }, { 8, "VMSCAN_THROTTLE_CONGESTED" }))

/* --- filemap --- */

TRACE_EVENT(filemap, mm_filemap_add_to_page_cache,
	((unsigned long, pfn), (unsigned long, i_ino), (unsigned long, index), (unsigned int, s_dev),
	 (unsigned char, order)),
	"dev %d:%d ino %lx pfn=0x%lx ofs=%lu order=%u", REC->s_dev >> 20, REC->s_dev & 0xfffff,
	REC->i_ino, REC->pfn, REC->index << PAGE_SHIFT, REC->order)

TRACE_EVENT(filemap, mm_filemap_delete_from_page_cache,
	((unsigned long, pfn), (unsigned long, i_ino), (unsigned long, index), (unsigned int, s_dev),
	 (unsigned char, order)),
	"dev %d:%d ino %lx pfn=0x%lx ofs=%lu order=%u", REC->s_dev >> 20, REC->s_dev & 0xfffff,
	REC->i_ino, REC->pfn, REC->index << PAGE_SHIFT, REC->order)

/* --- oom --- */

TRACE_EVENT(oom, oom_score_adj_update,
	((int, pid), (char, comm, [16]), (short, oom_score_adj)),
	"pid=%d comm=%s oom_score_adj=%hd", REC->pid, REC->comm, REC->oom_score_adj)

TRACE_EVENT(oom, reclaim_retry_zone,
	((int, node), (int, zone_idx), (int, order), (unsigned long, reclaimable),
	 (unsigned long, available), (unsigned long, min_wmark), (int, no_progress_loops),
	 (bool, wmark_check)),
	"node=%d zone=%-8s order=%d reclaimable=%lu available=%lu min_wmark=%lu no_progress_loops=%d "
	"wmark_check=%d",
	REC->node,
	TRACE_SYMBOL(REC->zone_idx, { ZONE_DMA, "DMA" }, { ZONE_NORMAL, "Normal" },
		     { ZONE_HIGHMEM, "HighMem" }, { ZONE_MOVABLE, "Movable" }),
	REC->order, REC->reclaimable, REC->available, REC->min_wmark, REC->no_progress_loops,
	REC->wmark_check)

TRACE_EVENT(oom, mark_victim,
	((int, pid), (char, comm, [16]), (unsigned long, total_vm), (unsigned long, anon_rss),
	 (unsigned long, file_rss), (unsigned long, shmem_rss), (unsigned int, uid),
	 (unsigned long, pgtables), (short, oom_score_adj)),
	"pid=%d comm=%s total-vm=%lukB anon-rss=%lukB file-rss:%lukB shmem-rss:%lukB uid=%u "
	"pgtables=%lukB oom_score_adj=%hd",
	REC->pid, REC->comm, REC->total_vm, REC->anon_rss, REC->file_rss, REC->shmem_rss, REC->uid,
	REC->pgtables, REC->oom_score_adj)

TRACE_EVENT(oom, wake_reaper, ((int, pid)), "pid=%d", REC->pid)
TRACE_EVENT(oom, start_task_reaping, ((int, pid)), "pid=%d", REC->pid)
TRACE_EVENT(oom, finish_task_reaping, ((int, pid)), "pid=%d", REC->pid)
TRACE_EVENT(oom, skip_task_reaping, ((int, pid)), "pid=%d", REC->pid)
