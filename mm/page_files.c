/*
 * page_files.c - every page of the machine, and of a process, for programs that ask: /proc/kpageflags,
 *                kpagecount, kpagecgroup and /proc/<pid>/pagemap.
 *
 * Idea:   arrays of 64-bit words, read at eight times the page's number: of a page frame in
 *         kpage*, of a virtual page in pagemap. So a program reads pagemap at an address, finds the
 *         frame, and asks kpageflags what kind of page it is. Bits are Linux's
 *         (Documentation/admin-guide/mm/pagemap).
 *
 *           pagemap:  63 present · 62 swapped · 61 a file's or shared · 56 nobody else maps it
 *                     55 soft-dirty: written to since 4 was written to clear_refs
 *                     54…0 the frame, for CAP_SYS_ADMIN only; or area (4…0) and slot (54…5)
 *
 * Locks:  pagemap: mmap_lock for reading, LOCK_PTE a table at a time. kpage*: none; a page may
 *         change while it is looked at.
 * Above:  kernel/fs/proc serves them.   In Linux: fs/proc/page.c, fs/proc/task_mmu.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/page_files.h"
#include "mm/pgtable.h"
#include "mm/swapfile.h"
#include "mm/vma.h"

#define WORD sizeof(u64)

/* --- page frames --- */

enum kpf {
	KPF_LOCKED, KPF_ERROR, KPF_REFERENCED, KPF_UPTODATE, KPF_DIRTY, KPF_LRU, KPF_ACTIVE, KPF_SLAB,
	KPF_WRITEBACK, KPF_RECLAIM, KPF_BUDDY, KPF_MMAP, KPF_ANON, KPF_SWAPCACHE, KPF_SWAPBACKED,
	KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL,
	KPF_UNEVICTABLE = 18, KPF_NOPAGE = 20, KPF_ZERO_PAGE = 24, KPF_PGTABLE = 26,
	KPF_RESERVED = 32, KPF_MLOCKED = 33,
};

/* page_files.h */
u64 stable_page_flags(const struct page *page)
{
	static const struct { unsigned long flag; enum kpf kpf; } bits[] = {
		{ PG_locked, KPF_LOCKED }, { PG_error, KPF_ERROR }, { PG_referenced, KPF_REFERENCED },
		{ PG_uptodate, KPF_UPTODATE }, { PG_dirty, KPF_DIRTY }, { PG_lru, KPF_LRU },
		{ PG_active, KPF_ACTIVE }, { PG_slab, KPF_SLAB }, { PG_writeback, KPF_WRITEBACK },
		{ PG_reclaim, KPF_RECLAIM }, { PG_buddy, KPF_BUDDY },
		{ PG_swapcache, KPF_SWAPCACHE }, { PG_swapbacked, KPF_SWAPBACKED },
		{ PG_head, KPF_COMPOUND_HEAD }, { PG_unevictable, KPF_UNEVICTABLE },
		{ PG_table, KPF_PGTABLE }, { PG_reserved, KPF_RESERVED }, { PG_mlocked, KPF_MLOCKED },
	};
	unsigned long flags = page->flags;
	u64 u = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++)
		if (flags & bits[i].flag)
			u |= 1UL << bits[i].kpf;
	if (!(flags & (PG_slab | PG_buddy | PG_table))) {	/* else the fields mean other things */
		if (page_mapped(page))
			u |= 1UL << KPF_MMAP;
		if (PageAnon(page))
			u |= 1UL << KPF_ANON;
	}
	if (page == zero_page)
		u |= 1UL << KPF_ZERO_PAGE;
	return u;
}

static u64 page_flags_word(unsigned long pfn)
{
	return pfn_valid(pfn) ? stable_page_flags(pfn_to_page(pfn)) : 1UL << KPF_NOPAGE;
}

static u64 page_count_word(unsigned long pfn)
{
	const struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	return page && !page_test(page, PG_slab | PG_buddy | PG_table) ? page_mapcount(page) : 0;
}

/* One word for each page frame from *@pos on. Bytes, 0 behind the last frame, -EINVAL: not on words */
static kssize_t read_frames(void *buf, size_t len, loff_t pos, u64 (*word)(unsigned long pfn))
{
	u64 *out = buf;
	unsigned long pfn = pos / WORD, n = 0;

	if (pos % WORD || len % WORD)
		return -EINVAL;
	while (n < len / WORD && pfn < max_pfn)
		out[n++] = word(pfn++);
	return n * WORD;
}

static kssize_t read_kpageflags(void *buf, size_t len, loff_t pos)
{
	return read_frames(buf, len, pos, page_flags_word);
}
static kssize_t read_kpagecount(void *buf, size_t len, loff_t pos)
{
	return read_frames(buf, len, pos, page_count_word);
}

/* The group that a page is charged to, by its directory's inode number; 0: none. */
static u64 page_cgroup_word(unsigned long pfn)
{
	return pfn_valid(pfn) ? page_memcg_ino(pfn_to_page(pfn)) : 0;
}
static kssize_t read_kpagecgroup(void *buf, size_t len, loff_t pos)
{
	return read_frames(buf, len, pos, page_cgroup_word);
}
CTL_FILE("/proc/kpagecgroup", .mode = 0400, .read_at = read_kpagecgroup);
CTL_FILE("/proc/kpageflags", .mode = 0400, .read_at = read_kpageflags);
CTL_FILE("/proc/kpagecount", .mode = 0400, .read_at = read_kpagecount);

/* --- a process's pages --- */

#define PM_SOFT_DIRTY (1UL << 55)
#define PM_MMAP_EXCLUSIVE (1UL << 56)
#define PM_FILE (1UL << 61)
#define PM_SWAP (1UL << 62)
#define PM_PRESENT (1UL << 63)
#define PM_SWAP_OFFSET_SHIFT 5

static u64 pagemap_entry(pte_t pte, bool shows_frames)
{
	struct page *page;
	swp_entry_t entry;
	u64 v;

	if (pte_none(pte))
		return 0;
	if (!pte_present(pte)) {
		entry = pte_to_swp_entry(pte);
		v = PM_SWAP | (pte_soft_dirty(pte) ? PM_SOFT_DIRTY : 0);
		if (shows_frames)
			v |= swp_type(entry) | (u64)swp_offset(entry) << PM_SWAP_OFFSET_SHIFT;
		return v;
	}
	v = PM_PRESENT | (shows_frames ? pte_pfn(pte) : 0) |
	    (pte_soft_dirty(pte) ? PM_SOFT_DIRTY : 0);
	page = vm_normal_page(pte);
	if (page && !PageAnon(page))
		v |= PM_FILE;
	if (page && page_mapcount(page) == 1)
		v |= PM_MMAP_EXCLUSIVE;
	return v;
}

/* The words of [start, end), zeroed before. => mmap_lock for reading */
static void fill_range(struct mm_struct *mm, unsigned long start, unsigned long end, u64 *out,
		       bool shows_frames)
{
	unsigned long addr = start, next;
	pmd_t *pmd;

	while ((addr = next_present_pmd(mm, addr, end, &pmd)) < end) {
		spinlock_t *ptl = pte_lockptr(pmd);
		pte_t *ptep = pte_offset(pmd, addr);

		next = pmd_addr_end(addr, end);
		spin_lock(ptl);
		for (; addr < next; addr += PAGE_SIZE, ptep++)
			out[(addr - start) >> PAGE_SHIFT] = pagemap_entry(ptep_get(ptep), shows_frames);
		spin_unlock(ptl);
	}
}

/* A mapping that is new since the last clearing is soft-dirty as a whole. => as fill_range() */
static void mark_new_mappings(struct mm_struct *mm, unsigned long start, unsigned long end, u64 *out)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		unsigned long stop = MIN(vma->vm_end, end);

		if (!(vma->vm_flags & VM_SOFTDIRTY))
			continue;
		for (unsigned long at = MAX(vma->vm_start, start); at < stop; at += PAGE_SIZE)
			out[(at - start) >> PAGE_SHIFT] |= PM_SOFT_DIRTY;
	}
}

/* => may sleep; 0 behind the end of user memory, -EINVAL: not on words */
static kssize_t read_pagemap(struct task_struct *task, void *buf, size_t len, loff_t pos,
			     bool capable)
{
	unsigned long first = pos / WORD, n = len / WORD, end;
	struct mm_struct *mm;

	if (pos % WORD || len % WORD)
		return -EINVAL;
	if (first >= TASK_SIZE >> PAGE_SHIFT)
		return 0;
	n = MIN(n, (TASK_SIZE >> PAGE_SHIFT) - first);
	mm = get_task_mm(task);
	if (!mm)
		return 0;
	if (down_read_killable(&mm->mmap_lock)) {
		mmput(mm);
		return -EINTR;
	}
	end = (first + n) << PAGE_SHIFT;
	for (unsigned long i = 0; i < n; i++)
		((u64 *)buf)[i] = 0;
	fill_range(mm, first << PAGE_SHIFT, end, buf, capable);
	mark_new_mappings(mm, first << PAGE_SHIFT, end, buf);
	up_read(&mm->mmap_lock);
	mmput(mm);
	return n * WORD;
}
CTL_PID_FILE("pagemap", .mode = 0400, .read_at = read_pagemap, .needs_ptrace = true);
