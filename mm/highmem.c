/*
 * highmem.c - kmap_local_page(): the kernel's windows onto high memory.
 *
 * Idea:   each CPU has KMAP_SLOTS page-sized windows at fixed addresses, used as
 *         a stack: a task's n-th open window is slot n of its CPU. An interrupt
 *         goes on where the task stands and is done before the task goes on.
 *
 *           KMAP_BASE  | CPU 0: 0 1 2 … 15 | CPU 1: 0 1 … | …
 *
 *         A task with a window open stays on its CPU. If it is switched out,
 *         others may use its slots; switched in again, it gets its entries
 *         back from task->kmap_pte. So only this CPU's TLB ever knows a slot. A
 *         slot that shows the wanted page already is used as it is.
 * Locks:  none: this CPU only.
 * Above:  everybody who touches a user's page.  Below: kernel/x86/paging.h.
 *         In Linux: mm/highmem.c.
 */
#include "mm/highmem.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/x86/paging.h"
#include "mm/debug.h"

static u64 *kmap_ptes;		/* c: the entry of CPU 0's slot 0; the others follow */

static unsigned long slot_address(int cpu, int n)
{
	return KMAP_BASE + ((unsigned long)cpu * KMAP_SLOTS + n) * PAGE_SIZE;
}

static void set_slot(int cpu, int n, u64 pte)
{
	u64 *entry = &kmap_ptes[cpu * KMAP_SLOTS + n];

	if (*entry == pte)
		return;
	WRITE_ONCE(*entry, pte);
	flush_tlb_local_page(slot_address(cpu, n));
}

void *kmap_high_pfn(unsigned long pfn)
{
	struct task_struct *task = current;
	u64 pte = ((u64)pfn << PAGE_SHIFT | PAGE_KERNEL) & supported_pte_mask;
	int n, cpu;

	task->migrate_disabled++;	/* migrate_disable(), without the call */
	n = task->kmap_depth++;
	BUG_ON(n >= KMAP_SLOTS);
	cpu = smp_processor_id();
	set_slot(cpu, n, pte);
	if (n < KMAP_SLEEP_DEPTH)
		task->kmap_pte[n] = pte;
	return (void *)slot_address(cpu, n);
}

/* => the last window opened */
void kunmap_high(const void *addr)
{
	struct task_struct *task = current;
	int n = task->kmap_depth - 1;

	VM_BUG_ON(((unsigned long)addr & PAGE_MASK) != slot_address(smp_processor_id(), n));
	if (CHECKS)
		set_slot(smp_processor_id(), n, 0);	/* a use after this faults */
	task->kmap_depth = n;
	task->migrate_disabled--;
}

/* The scheduler: @task with windows open stops running. Its entries are in the task already. */
static void switch_out(struct task_struct *task)
{
	BUG_ON(task->kmap_depth > KMAP_SLEEP_DEPTH);
}

/* It runs again, on the same CPU. */
static void switch_in(struct task_struct *task)
{
	for (int n = 0; n < task->kmap_depth; n++)
		set_slot(smp_processor_id(), n, task->kmap_pte[n]);
}

void kmap_init(void)
{
	/* one table, so the entries lie in a row */
	BUILD_BUG_ON(MAX_CPUS * KMAP_SLOTS > PTRS_PER_TABLE);
	BUILD_BUG_ON(ARRAY_SIZE(((struct task_struct *)0)->kmap_pte) != KMAP_SLEEP_DEPTH);
	kmap_ptes = kernel_pte(KMAP_BASE);
	BUG_ON(!kmap_ptes);
	kmap_switch_out = switch_out;
	kmap_switch_in = switch_in;
}

void copy_highpage(struct page *to, struct page *from)
{
	void *src = kmap_local_page(from), *dst = kmap_local_page(to);

	copy_page(dst, src);
	kunmap_local(dst);
	kunmap_local(src);
}

void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	char *p;

	BUG_ON(start > end || end > PAGE_SIZE);
	p = kmap_local_page(page);
	memset(p + start, 0, end - start);
	kunmap_local(p);
}
