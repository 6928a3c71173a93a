/*
 * task_mmu.c - an address space in words: /proc/<pid>/maps, smaps, smaps_rollup, statm, and
 * status' Vm lines.
 *
 * Idea:   maps is the list of VMAs. smaps walks each VMA's page tables and says what
 *         is there: by whom it is shared (mapcount; Pss is this process' share), whether
 *         it was written, used, swapped. Linux's lines, names and units.
 *         maps, smaps and numa_maps are shown in parts: each VMA as the reader comes to it.
 * Locks:  mmap_lock for reading for a part, LOCK_PTE a table at a time.
 * Above:  kernel/fs/proc serves the files; kernel/proc prints status.
 * Below:  pgtable.c, rmap's counts, swapfile.c.   In Linux: fs/proc/task_mmu.c.
 */
#include "mm/task_mmu.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/shmem.h"
#include "mm/swapfile.h"
#include "mm/vma.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

/* --- status, stat, statm --- */

unsigned long task_vsize(struct mm_struct *mm) { return mm->total_vm << PAGE_SHIFT; }

static void status_line(struct seq_file *m, const char *name, unsigned long kb)
{
	seq_put_decimal_ull_width(m, name, kb, 8);
	seq_puts(m, " kB\n");
}

/* task_mem: the Vm and Rss lines of /proc/<pid>/status. */
void task_mem(struct seq_file *m, struct mm_struct *mm)
{
	unsigned long anon = get_mm_counter(mm, MM_ANONPAGES),
		      file = get_mm_counter(mm, MM_FILEPAGES);
	unsigned long shmem = get_mm_counter(mm, MM_SHMEMPAGES), rss = anon + file + shmem;
	unsigned long text = PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK);
	unsigned long exec = mm->exec_vm << PAGE_SHIFT;

	text = MIN(text, exec);
	status_line(m, "VmPeak:\t", KB(MAX(mm->hiwater_vm, mm->total_vm)));
	status_line(m, "VmSize:\t", KB(mm->total_vm));
	status_line(m, "VmLck:\t", KB(mm->locked_vm));
	status_line(m, "VmPin:\t", KB(mm->pinned_vm));
	status_line(m, "VmHWM:\t", KB(MAX(mm->hiwater_rss, rss)));
	status_line(m, "VmRSS:\t", KB(rss));
	status_line(m, "RssAnon:\t", KB(anon));
	status_line(m, "RssFile:\t", KB(file));
	status_line(m, "RssShmem:\t", KB(shmem));
	status_line(m, "VmData:\t", KB(mm->data_vm));
	status_line(m, "VmStk:\t", KB(mm->stack_vm));
	status_line(m, "VmExe:\t", text >> 10);
	status_line(m, "VmLib:\t", (exec - text) >> 10);
	status_line(m, "VmPTE:\t", (unsigned long)mm->pgtables_bytes >> 10);
	status_line(m, "VmSwap:\t", KB(get_mm_counter(mm, MM_SWAPENTS)));
	status_line(m, "HugetlbPages:\t", 0);
}

static int statm_show(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long shared, text;

	if (!mm) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	shared = get_mm_counter(mm, MM_FILEPAGES) + get_mm_counter(mm, MM_SHMEMPAGES);
	text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm,
		   shared + get_mm_counter(mm, MM_ANONPAGES), shared, text,
		   mm->data_vm + mm->stack_vm);
	mmput(mm);
	return 0;
}
CTL_PID_FILE("statm", .mode = 0444, .show = statm_show);

/* --- maps --- */

/* The first line of a VMA: addresses, rights, file. Names start in column 73. */
static void show_vma_header_prefix(struct seq_file *m, unsigned long start, unsigned long end,
				   unsigned long flags, unsigned long long pgoff, kdev_t dev,
				   unsigned long ino)
{
	seq_put_hex_ll(m, "", start, 8);
	seq_put_hex_ll(m, "-", end, 8);
	seq_putc(m, ' ');
	seq_putc(m, flags & VM_READ ? 'r' : '-');
	seq_putc(m, flags & VM_WRITE ? 'w' : '-');
	seq_putc(m, flags & VM_EXEC ? 'x' : '-');
	seq_putc(m, flags & VM_MAYSHARE ? 's' : 'p');
	seq_put_hex_ll(m, " ", pgoff, 8);
	seq_put_hex_ll(m, " ", dev >> 20, 2);
	seq_put_hex_ll(m, ":", dev & 0xfffff, 2);
	seq_put_decimal_ull(m, " ", ino);
	seq_putc(m, ' ');
}

/* "[heap]", "[stack]", or NULL: nothing special. */
static const char *special_name(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

static void show_map_vma(struct seq_file *m, struct vm_area_struct *vma)
{
	const struct vm_operations_struct *ops = vma->vm_ops;
	size_t line = m->count;
	const char *name;
	unsigned long ino = 0;
	kdev_t dev = 0;

	if (ops && ops->identify)
		ops->identify(vma, &dev, &ino);
	show_vma_header_prefix(
		m, vma->vm_start, vma->vm_end, vma->vm_flags,
		ops && ops->identify ? (unsigned long long)vma->vm_pgoff << PAGE_SHIFT : 0, dev,
		ino);
	if (ops && ops->show_name) {
		seq_pad(m, line, 73);
		ops->show_name(vma, m);
	} else if (!ops) {
		name = special_name(vma);
		if (name) {
			seq_pad(m, line, 73);
			seq_puts(m, name);
		}
	}
	seq_putc(m, '\n');
}

/* task_mmu.h. The index is an address: a part begins with the first VMA that ends above it. */
int show_vmas(struct seq_file *m, struct task_struct *task, const void *arg,
	      void (*show)(struct seq_file *m, struct vm_area_struct *vma, const void *arg))
{
	struct mm_struct *mm = get_task_mm(task);
	struct vm_area_struct *vma;
	bool more = true;

	if (!mm) {
		m->index = SEQ_END;
		return 0;
	}
	if (down_read_killable(&mm->mmap_lock)) {
		mmput(mm);
		return -EINTR;
	}
	for (vma = find_vma(mm, m->index); vma && more; vma = find_vma(mm, m->index)) {
		size_t before = m->count;

		show(m, vma, arg);
		more = seq_record(m, before, vma->vm_end);
	}
	if (more)
		m->index = SEQ_END;
	up_read(&mm->mmap_lock);
	mmput(mm);
	return 0;
}

static void show_map(struct seq_file *m, struct vm_area_struct *vma, const void *arg)
{
	show_map_vma(m, vma);
}

static int maps_show(struct seq_file *m, struct task_struct *task)
{
	return show_vmas(m, task, NULL, show_map);
}
CTL_PID_FILE("maps", .mode = 0444, .show = maps_show, .needs_ptrace = true, .in_parts = true);

/* --- smaps --- */

#define PSS_SHIFT 12	/* fractions of a byte, so that a third of a page is not lost */

/* What a walk finds; bytes, Pss shifted. */
struct mem_size_stats {
	unsigned long resident, shared_clean, shared_dirty, private_clean, private_dirty,
		referenced, anonymous, lazyfree, swap;
	u64 pss, pss_anon, pss_file, pss_shmem, pss_dirty, pss_locked, swap_pss;
};

/* Which of the four a page counts as, and its share. */
static void account_sharing(struct mem_size_stats *s, struct page *page, bool dirty, bool locked)
{
	int mapcount = page_mapcount(page);
	u64 share = (u64)PAGE_SIZE << PSS_SHIFT;

	dirty |= page_test(page, PG_dirty);
	if (mapcount >= 2) {
		share /= (unsigned int)mapcount;
		*(dirty ? &s->shared_dirty : &s->shared_clean) += PAGE_SIZE;
	} else {
		*(dirty ? &s->private_dirty : &s->private_clean) += PAGE_SIZE;
	}
	s->pss += share;
	if (PageAnon(page))
		s->pss_anon += share;
	else
		*(page_test(page, PG_swapbacked) ? &s->pss_shmem : &s->pss_file) += share;
	if (dirty)
		s->pss_dirty += share;
	if (locked)
		s->pss_locked += share;
}

static void smaps_present(struct mem_size_stats *s, struct page *page, pte_t pte, bool locked)
{
	if (PageAnon(page)) {
		s->anonymous += PAGE_SIZE;
		if (!page_test(page, PG_swapbacked | PG_dirty) && !pte_dirty(pte))
			s->lazyfree += PAGE_SIZE;
	}
	s->resident += PAGE_SIZE;
	if (pte_young(pte) || page_test(page, PG_referenced))
		s->referenced += PAGE_SIZE;
	account_sharing(s, page, pte_dirty(pte), locked);
}

static void smaps_swapped(struct mem_size_stats *s, pte_t pte)
{
	int users = swp_swapcount(pte_to_swp_entry(pte));
	u64 share = (u64)PAGE_SIZE << PSS_SHIFT;

	s->swap += PAGE_SIZE;
	s->swap_pss += users >= 2 ? share / (unsigned int)users : share;
}

/* Is nothing mapped at @addr, so that a fault would go to the object? => mmap_lock for reading */
static bool falls_through(struct vm_area_struct *vma, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);

	return !pmd || pmd_none(*pmd) || pte_none(ptep_get(pte_offset(pmd, addr)));
}

/*
 * Shared memory's pages in swap: the entries are the object's, no page table has them. A private
 * mapping that may write sees those only where it has no page of its own.
 */
static void smaps_shmem_swapped(struct vm_area_struct *vma, struct mem_size_stats *s)
{
	unsigned long index = vma->vm_pgoff, last = index + vma_pages(vma) - 1;
	bool all = (vma->vm_flags & VM_SHARED) || !(vma->vm_flags & VM_WRITE);
	swp_entry_t entry;

	for (; index <= last && shmem_next_swapped(vma->vm_mapping, &index, last, &entry); index++) {
		unsigned long addr = vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);

		if (all || falls_through(vma, addr))
			s->swap += PAGE_SIZE;
		cond_resched();
	}
}

/* All of @vma's page tables. => mmap_lock for reading */
static void smap_gather_stats(struct vm_area_struct *vma, struct mem_size_stats *s)
{
	unsigned long addr = vma->vm_start, next;
	bool locked = vma->vm_flags & VM_LOCKED;
	pmd_t *pmd;

	if (vma->vm_mapping && (vma->vm_mapping->flags & AS_SWAPBACKED))
		smaps_shmem_swapped(vma, s);
	while ((addr = next_present_pmd(vma->vm_mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		spinlock_t *ptl = pte_lockptr(pmd);
		pte_t *ptep = pte_offset(pmd, addr);

		next = pmd_addr_end(addr, vma->vm_end);
		spin_lock(ptl);
		for (; addr < next; addr += PAGE_SIZE, ptep++) {
			pte_t pte = ptep_get(ptep);
			struct page *page;

			if (pte_none(pte))
				continue;
			if (!pte_present(pte)) {
				smaps_swapped(s, pte);
				continue;
			}
			page = vm_normal_page(pte);
			if (page)
				smaps_present(s, page, pte, locked);
		}
		spin_unlock(ptl);
		cond_resched();
	}
}

static void smap_line(struct seq_file *m, const char *name, u64 bytes)
{
	seq_put_decimal_ull_width(m, name, bytes >> 10, 8);
	seq_puts(m, " kB\n");
}

static void show_smap_stats(struct seq_file *m, const struct mem_size_stats *s, bool rollup)
{
	smap_line(m, "Rss:            ", s->resident);
	smap_line(m, "Pss:            ", s->pss >> PSS_SHIFT);
	smap_line(m, "Pss_Dirty:      ", s->pss_dirty >> PSS_SHIFT);
	if (rollup) {
		smap_line(m, "Pss_Anon:       ", s->pss_anon >> PSS_SHIFT);
		smap_line(m, "Pss_File:       ", s->pss_file >> PSS_SHIFT);
		smap_line(m, "Pss_Shmem:      ", s->pss_shmem >> PSS_SHIFT);
	}
	smap_line(m, "Shared_Clean:   ", s->shared_clean);
	smap_line(m, "Shared_Dirty:   ", s->shared_dirty);
	smap_line(m, "Private_Clean:  ", s->private_clean);
	smap_line(m, "Private_Dirty:  ", s->private_dirty);
	smap_line(m, "Referenced:     ", s->referenced);
	smap_line(m, "Anonymous:      ", s->anonymous);
	smap_line(m, "LazyFree:       ", s->lazyfree);
	/* Brink has pages of 4 KiB only: the zeroes are true */
	smap_line(m, "AnonHugePages:  ", 0);
	smap_line(m, "ShmemPmdMapped: ", 0);
	smap_line(m, "FilePmdMapped:  ", 0);
	smap_line(m, "Shared_Hugetlb: ", 0);
	smap_line(m, "Private_Hugetlb:", 0);
	smap_line(m, "Swap:           ", s->swap);
	smap_line(m, "SwapPss:        ", s->swap_pss >> PSS_SHIFT);
	smap_line(m, "Locked:         ", s->pss_locked >> PSS_SHIFT);
}

static void show_smap_vma_flags(struct seq_file *m, unsigned long flags)
{
	static const struct { unsigned long flag; char name[4];
	} names[] = {
		{ VM_READ, "rd " },	  { VM_WRITE, "wr " },	     { VM_EXEC, "ex " },
		{ VM_SHARED, "sh " },	  { VM_MAYREAD, "mr " },     { VM_MAYWRITE, "mw " },
		{ VM_MAYEXEC, "me " },	  { VM_MAYSHARE, "ms " },    { VM_GROWSDOWN, "gd " },
		{ VM_UFFD_MISSING, "um " },
		{ VM_PFNMAP, "pf " },	  { VM_LOCKED, "lo " },	     { VM_IO, "io " },
		{ VM_SEQ_READ, "sr " },	  { VM_RAND_READ, "rr " },   { VM_DONTCOPY, "dc " },
		{ VM_DONTEXPAND, "de " }, { VM_LOCKONFAULT, "?? " }, { VM_ACCOUNT, "ac " },
		{ VM_NORESERVE, "nr " },  { VM_WIPEONFORK, "wf " },  { VM_DONTDUMP, "dd " },
		{ VM_SOFTDIRTY, "sd " },
	};

	seq_puts(m, "VmFlags: ");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_puts(m, names[i].name);
	seq_putc(m, '\n');
}

static void show_smap(struct seq_file *m, struct vm_area_struct *vma, const void *arg)
{
	struct mem_size_stats s = { 0 };

	smap_gather_stats(vma, &s);
	show_map_vma(m, vma);
	smap_line(m, "Size:           ", vma->vm_end - vma->vm_start);
	smap_line(m, "KernelPageSize: ", PAGE_SIZE);
	smap_line(m, "MMUPageSize:    ", PAGE_SIZE);
	show_smap_stats(m, &s, false);
	seq_puts(m, "THPeligible:    0\n");
	show_smap_vma_flags(m, vma->vm_flags);
}

static int smaps_show(struct seq_file *m, struct task_struct *task)
{
	return show_vmas(m, task, NULL, show_smap);
}
CTL_PID_FILE("smaps", .mode = 0444, .show = smaps_show, .needs_ptrace = true, .in_parts = true);

static int smaps_rollup_show(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct mem_size_stats s = { 0 };
	struct vm_area_struct *vma;
	unsigned long start = 0, end = 0;
	size_t line = m->count;

	if (!mm)
		return -ESRCH;
	if (down_read_killable(&mm->mmap_lock)) {
		mmput(mm);
		return -EINTR;
	}
	for_each_vma(mm, vma) {
		if (!end)
			start = vma->vm_start;
		end = vma->vm_end;
		smap_gather_stats(vma, &s);
	}
	up_read(&mm->mmap_lock);
	mmput(mm);
	show_vma_header_prefix(m, start, end, 0, 0, 0, 0);
	seq_pad(m, line, 73);
	seq_puts(m, "[rollup]\n");
	show_smap_stats(m, &s, true);
	return 0;
}
CTL_PID_FILE("smaps_rollup", .mode = 0444, .show = smaps_rollup_show, .needs_ptrace = true);
