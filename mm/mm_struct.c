/*
 * mm_struct.c - an address space's life: made, copied by fork, torn down at exit.
 *
 * Idea:   Two counts. mm_users are those who run in the address space (and short
 *         users like /proc): when the last goes, its memory goes, exit_mmap().
 *         mm_count are those who need the struct only (the OOM reaper's queue):
 *         the last frees it and the top page table. All users together hold one
 *         mm_count.
 * Locks:  dup_mm: the parent's mmap_lock for writing, then the child's (_nested).
 *         exit_mmap: for reading while memory is unmapped, so that the OOM reaper
 *         may help, for writing when tables and VMAs go.
 * Above:  kernel/proc (fork, exec, exit), oom_kill.c, /proc.
 * Below:  memory_copy.c, zap.c, vma.c, rmap.c.   In Linux: kernel/fork.c, mm/mmap.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/mmu_gather.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "mm/util.h"
#include "mm/userfaultfd.h"
#include "mm/vma.h"

/*
 * Bits from 16 on belong to kernel/proc (dumpable) and pass to a child; those below are this
 * address space's own fate.
 */
#define MMF_INHERITED (~0xffffUL)

struct mm_struct init_mm = {
	.mm_users = 2,
	.mm_count = 1,
	.mmap_list = LIST_HEAD_INIT(init_mm.mmap_list),
	.mmap_lock = RWSEM_INIT(init_mm.mmap_lock, LOCK_MMAP),
	.page_table_lock = SPINLOCK_INIT(LOCK_PGD),
	.arg_lock = SPINLOCK_INIT(LOCK_MM_ARG),
};
void (*mm_release_exe_file)(struct mm_struct *mm);
static struct kmem_cache *mm_cache;	/* c */

/*
 * proc_caches_init: once, after kmem_cache_init(): all that must be there before the first address
 * space.
 */
void proc_caches_init(void)
{
	mem_init_zero_page();
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0,
				     SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
	vma_caches_init();
	anon_vma_init();
}

/*
 * What a new mm does not take over from anybody. NULL: no memory for the top table, and @mm is
 * freed.
 */
static struct mm_struct *mm_init(struct mm_struct *mm)
{
	pgd_t *pgd = pgd_alloc();

	if (!pgd) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	mm->tlb = (struct tlb_context){ .pgd = virt_to_phys(pgd) };
	mm->mm_rb = RB_ROOT;
	INIT_LIST_HEAD(&mm->mmap_list);
	mm->vmacache_seq = vmacache_next_seq();
	mm->map_count = 0;
	mm->mm_users = 1;
	mm->mm_count = 1;
	init_rwsem(&mm->mmap_lock, LOCK_MMAP);
	spin_lock_init(&mm->page_table_lock, LOCK_PGD);
	spin_lock_init(&mm->arg_lock, LOCK_MM_ARG);
	mm->pgtables_bytes = 0;
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		mm->rss[i] = 0;
	mm->locked_vm = 0;
	mm->pinned_vm = 0;
	mm->def_flags = 0;
	mm->flags &= MMF_INHERITED;
	mm->owner = NULL;
	mem_cgroup_mm_init(mm);
	return mm;
}

/* mm_alloc: an empty address space with one user; NULL without memory. For exec. */
struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	memset(mm, 0, sizeof(*mm));
	return mm_init(mm);
}

/* --- fork --- */

/*
 * The child's copy of @src, in no tree yet, charged and joined to its file and anon_vma. NULL
 * without memory.
 */
static struct vm_area_struct *dup_vma(struct mm_struct *mm, struct vm_area_struct *src)
{
	unsigned long charge = src->vm_flags & VM_ACCOUNT ? vma_pages(src) : 0;
	struct vm_area_struct *vma;

	if (charge && security_vm_enough_memory_mm(src->vm_mm, charge))
		return NULL;
	vma = vm_area_dup(src);
	if (!vma) {
		vm_unacct_memory(charge);
		return NULL;
	}
	vma->vm_mm = mm;
	vma->vm_flags &= ~VM_LOCKED_MASK;
	if (unlikely(vma->userfaultfd))
		userfaultfd_forget(vma);
	if (src->vm_flags & VM_WIPEONFORK)
		vma->anon_vma = NULL;	/* its first page will get it one of its own */
	vma->anon_id = vma->anon_vma ? (unsigned long)vma | ANON_ID_FORKED : 0;
	if (vma->vm_ops && vma->vm_ops->open)
		vma->vm_ops->open(vma);
	anon_vma_link(vma);
	return vma;
}

/*
 * One VMA with its page tables. 0, -ENOMEM, -EINTR; what was done is the caller's exit_mmap() to
 * undo.
 */
static int dup_one(struct mm_struct *mm, struct vm_area_struct *src)
{
	struct vm_area_struct *vma;

	if (src->vm_flags & VM_DONTCOPY) {
		vm_stat_account(mm, src->vm_flags, -(long)vma_pages(src));
		mm->hole_cache = mm->mmap_base;	/* a hole that the parent has not */
		mm->hole_max = 0;
		return 0;
	}
	if (fatal_signal_pending(current))	/* an OOM victim need not go on copying */
		return -EINTR;
	vma = dup_vma(mm, src);
	if (!vma)
		return -ENOMEM;
	link_vma(mm, vma);
	return src->vm_flags & VM_WIPEONFORK ? 0 : copy_page_range(vma, src);
}

/* What other threads may have changed since @mm was copied. => both mmap_locks held for writing */
static void dup_counts(struct mm_struct *mm, const struct mm_struct *old)
{
	mm->total_vm = old->total_vm;
	mm->data_vm = old->data_vm;
	mm->exec_vm = old->exec_vm;
	mm->stack_vm = old->stack_vm;
	mm->brk = old->brk;
	mm->hole_cache = old->hole_cache;
	mm->hole_max = old->hole_max;
}

static int dup_mmap(struct mm_struct *mm, struct mm_struct *old)
{
	struct vm_area_struct *vma;
	int error = 0;

	if (down_write_killable(&old->mmap_lock))
		return -EINTR;
	down_write_nested(&mm->mmap_lock);
	dup_counts(mm, old);
	for_each_vma(old, vma) {
		error = dup_one(mm, vma);
		if (error)
			break;
	}
	up_write(&mm->mmap_lock);
	/*
	 * Private pages are read-only from here on in the parent too: its CPUs must know before it
	 * writes.
	 */
	flush_tlb_context(&old->tlb);
	up_write(&old->mmap_lock);
	return error;
}

/*
 * dup_mm: fork's copy of @old, pages shared until written to.
 *
 * => NULL without memory (or killed meanwhile): everything is undone; may sleep
 * => exe_file is copied as a pointer: the caller sees to its reference
 */
struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	*mm = *old;
	mm->exe_file = NULL;	/* until success: mmput() must not drop what was not taken */
	if (!mm_init(mm))
		return NULL;
	if (dup_mmap(mm, old)) {
		mmput(mm);
		return NULL;
	}
	mm->exe_file = old->exe_file;
	mm->hiwater_rss = get_mm_rss(mm);
	mm->hiwater_vm = mm->total_vm;
	return mm;
}

/* --- references --- */

void mmget(struct mm_struct *mm)
{
	VM_BUG_ON(mm->mm_users <= 0);
	mm->mm_users++;
}

bool mmget_not_zero(struct mm_struct *mm)
{
	int old = mm->mm_users;

	while (old > 0)
		if (atomic_compare_exchange_weak(&mm->mm_users, &old, old + 1))
			return true;
	return false;
}

void mmgrab(struct mm_struct *mm)
{
	mm->mm_count++;
}

void mmdrop(struct mm_struct *mm)
{
	if (atomic_fetch_sub(&mm->mm_count, 1) != 1)
		return;
	BUG_ON(mm == &init_mm);
	WARN_ON(mm->pgtables_bytes);
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		WARN_ON(mm->rss[i]);
	pgd_free((pgd_t *)phys_to_virt(mm->tlb.pgd));
	kmem_cache_free(mm_cache, mm);
}

void mmput(struct mm_struct *mm)
{
	if (atomic_fetch_sub(&mm->mm_users, 1) != 1)
		return;
	exit_mmap(mm);
	mem_cgroup_mm_exit(mm);
	if (mm->exe_file && mm_release_exe_file)
		mm_release_exe_file(mm);
	mmdrop(mm);
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	task_lock(task);
	mm = task->mm;
	if (mm && (task->flags & PF_KTHREAD))
		mm = NULL;
	if (mm)
		mmget(mm);
	task_unlock(task);
	return mm;
}

/* --- the end --- */

/*
 * All page tables, upwards: what lies below a VMA was freed with those before it. Neighbours that
 * share a table, or nearly, go together.
 */
static void free_all_pgtables(struct mmu_gather *tlb, struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	for_each_vma(mm, vma) {
		unlink_file_vma(vma);
		anon_vma_unlink(vma);
	}
	for_each_vma(mm, vma) {
		struct vm_area_struct *next = vma_next(vma);
		unsigned long start = vma->vm_start;

		while (next && next->vm_start < vma->vm_end + PMD_SIZE) {
			vma = next;
			next = vma_next(vma);
		}
		free_pgtables(tlb, mm, start, vma->vm_end, 0, next ? next->vm_start : ~0UL);
	}
}

/* The VMAs themselves; pages of commit charge that they held. */
static unsigned long remove_all_vmas(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	unsigned long charged = 0;

	list_for_each_entry_safe(vma, next, &mm->mmap_list, vm_list) {
		if (vma->vm_flags & VM_ACCOUNT)
			charged += vma_pages(vma);
		list_del_init(&vma->vm_list);
		remove_vma(vma);
		cond_resched();
	}
	mm->mm_rb = RB_ROOT;
	mm->map_count = 0;
	mm->vmacache_seq = vmacache_next_seq();
	return charged;
}

/*
 * exit_mmap: all memory of @mm goes.
 *
 * => mm_users is 0: nobody runs in it or looks at it, but for the OOM reaper
 * => may sleep
 */
void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	struct mmu_gather tlb;
	unsigned long charged;

	VM_BUG_ON(mm->mm_users);
	/*
	 * Kernel threads, and this task itself, may still have its tables loaded; afterwards no
	 * TLB holds any of it.
	 */
	tlb_context_retire(&mm->tlb);
	down_read(&mm->mmap_lock);
	update_hiwater_rss(mm);
	tlb_gather_mmu(&tlb, mm, true);
	for_each_vma(mm, vma)
		unmap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
	tlb_flush_mmu(&tlb);
	up_read(&mm->mmap_lock);
	/*
	 * The memory is free: the OOM killer may look for somebody else, and the reaper need not
	 * come.
	 */
	mm->flags |= MMF_OOM_SKIP;
	down_write(&mm->mmap_lock);
	free_all_pgtables(&tlb, mm);
	tlb_finish_mmu(&tlb);
	charged = remove_all_vmas(mm);
	up_write(&mm->mmap_lock);
	vm_unacct_memory(charged);
}
