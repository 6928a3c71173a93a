/*
 * numa_maps.c - /proc/<pid>/numa_maps: each mapping's policy, and on which nodes its pages are.
 *
 * Locks:  mmap_lock for reading over a part of the file, LOCK_PTE a table at a time.
 * Above:  kernel/fs serves the file.   Below: pgtable.c, mempolicy.c.
 *         In Linux: fs/proc/task_mmu.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "mm/memory.h"
#include "mm/mempolicy.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/task_mmu.h"
#include "mm/vma.h"

/* Pages of one mapping, by kind and by node. */
struct numa_maps {
	unsigned long pages, anon, active, writeback, mapcount_max, dirty, swapcache;
	unsigned long node[MAX_NUMNODES];
};

static void gather_page(struct numa_maps *md, struct page *page, bool dirty)
{
	unsigned long mapcount = page_mapcount(page);

	md->pages++;
	md->dirty += dirty || page_test(page, PG_dirty);
	md->swapcache += PageSwapCache(page);
	md->active += page_test(page, PG_active | PG_unevictable);
	md->writeback += page_test(page, PG_writeback);
	md->anon += PageAnon(page);
	md->mapcount_max = MAX(md->mapcount_max, mapcount);
	md->node[page_to_nid(page)]++;
}

static void gather_vma(struct numa_maps *md, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start, next;
	pmd_t *pmd;

	while ((addr = next_present_pmd(vma->vm_mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		spinlock_t *ptl;
		pte_t *ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);

		next = pmd_addr_end(addr, vma->vm_end);
		for (; ptep && addr < next; addr += PAGE_SIZE, ptep++) {
			pte_t pte = ptep_get(ptep);
			struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

			if (page && !page_test(page, PG_reserved))
				gather_page(md, page, pte_dirty(pte));
		}
		if (ptep)
			spin_unlock(ptl);
		addr = next;
		cond_resched();
	}
}

static void show_kind(struct seq_file *m, struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;
	size_t start;

	/* the vDSO has a name, but is no file */
	if (vma->vm_ops && vma->vm_ops->show_name && vma->vm_ops->identify) {
		seq_puts(m, " file=");
		start = m->count;
		vma->vm_ops->show_name(vma, m);
		seq_escape_tail(m, start, "\t= ");	/* the line's own separators */
	} else if (vma->vm_ops) {
		return;
	} else if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk) {
		seq_puts(m, " heap");
	} else if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack) {
		seq_puts(m, " stack");
	}
}

static void show_number(struct seq_file *m, const char *name, unsigned long n)
{
	if (n)
		seq_printf(m, " %s=%lu", name, n);
}

static void show_numa_map(struct seq_file *m, struct vm_area_struct *vma, const void *task_policy)
{
	struct numa_maps md = { 0 };
	char policy[64];
	int nid;

	if (vma->vm_policy)
		mpol_to_str(policy, sizeof(policy), vma->vm_policy);
	seq_printf(m, "%08lx %s", vma->vm_start, vma->vm_policy ? policy : (const char *)task_policy);
	show_kind(m, vma);
	gather_vma(&md, vma);
	if (md.pages) {
		show_number(m, "anon", md.anon);
		show_number(m, "dirty", md.dirty);
		if (md.pages != md.anon && md.pages != md.dirty)
			show_number(m, "mapped", md.pages);
		if (md.mapcount_max > 1)
			show_number(m, "mapmax", md.mapcount_max);
		show_number(m, "swapcache", md.swapcache);
		if (md.active < md.pages)
			seq_printf(m, " active=%lu", md.active);
		show_number(m, "writeback", md.writeback);
		for_each_online_node(nid)
			if (md.node[nid])
				seq_printf(m, " N%d=%lu", nid, md.node[nid]);
		seq_printf(m, " kernelpagesize_kB=%lu", PAGE_SIZE >> 10);
	}
	seq_putc(m, '\n');
}

static int numa_maps_show(struct seq_file *m, struct task_struct *task)
{
	char task_policy[64];

	task_lock(task);
	mpol_to_str(task_policy, sizeof(task_policy), task->mempolicy);
	task_unlock(task);
	return show_vmas(m, task, task_policy, show_numa_map);
}
CTL_PID_FILE("numa_maps", .mode = 0444, .show = numa_maps_show, .needs_ptrace = true,
	     .in_parts = true);
