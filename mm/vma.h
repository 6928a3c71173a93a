/*
 * vma.h - one VMA at a time: in and out of the tree, split, merged, counted. For mm/'s own files.
 */
#pragma once

#include "kernel/sched/task.h"
#include "mm/mm_types.h"
#include "mm/util.h"

void vma_caches_init(void);
/*
 * Zeroed but for vm_mm and its list heads; NULL without memory. vm_area_free: => in no tree, no
 * rmap list.
 */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm);
/* a copy in no tree and no list; NULL */
struct vm_area_struct *vm_area_dup(const struct vm_area_struct *vma);
void vm_area_free(struct vm_area_struct *vma);

/* => mmap_lock held for writing, for all that follow. */
void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *vma);	/* overlap is asserted */
void vma_tree_remove(struct mm_struct *mm, struct vm_area_struct *vma);	/* vmacaches become stale */
void link_vma(struct mm_struct *mm, struct vm_area_struct *vma);	/* tree and file's list */
/*
 * Leaves file's list and anon_vma, its file reference goes, and it is freed. => out of the tree,
 * its pages unmapped
 */
void remove_vma(struct vm_area_struct *vma);
/* 0, or the error of its owner, who wants it whole. */
static inline int vma_may_split(struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->may_split ? vma->vm_ops->may_split(vma) : 0;
}
/*
 * Cuts @vma in two at @addr; the new one is the part below, or the part from @addr on. 0, -ENOMEM
 * (max_map_count, memory), -EINVAL (vma_may_split).
 */
int split_vma(struct vm_area_struct *vma, unsigned long addr, bool new_below);
/* munmap may pass max_map_count */
int split_vma_unlimited(struct vm_area_struct *vma, unsigned long addr, bool new_below);
/* Makes *@vma exactly [start, end), a part of it, by up to two splits. 0, -ENOMEM, -EINVAL. */
int vma_carve(struct vm_area_struct **vma, unsigned long start, unsigned long end);
/*
 * Joins @vma with its neighbours where nothing tells them apart; the VMA that covers its range
 * now.
 */
struct vm_area_struct *vma_merge(struct vm_area_struct *vma);
/*
 * A neighbour grows over the free range that @want describes (start, end, flags, file, mapping,
 * pgoff, anon_vma); NULL: none can.
 */
struct vm_area_struct *vma_expand(struct mm_struct *mm, const struct vm_area_struct *want);
/* The borders change; rmap walks see the old or the new, nothing between. */
void vma_set_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   unsigned long pgoff);

/* NULL at the end; mmap_lock for reading is enough */
struct vm_area_struct *vma_next(struct vm_area_struct *vma);
struct vm_area_struct *vma_prev(struct vm_area_struct *vma);
/* Lowest address that must stay free for @vma: its start, less the guard gap of a stack. */
unsigned long vm_start_gap(const struct vm_area_struct *vma);
extern unsigned long stack_guard_gap;		/* c: bytes; 256 pages */
extern u64 vmacache_next_seq(void);

/* total, data, exec, stack */
void vm_stat_account(struct mm_struct *mm, unsigned long flags, long pages);
/* RLIMIT_AS and RLIMIT_DATA allow @npages more of kind @flags. */
bool may_expand_vm(struct mm_struct *mm, unsigned long flags, unsigned long npages);
void vma_set_page_prot(struct vm_area_struct *vma);	/* after vm_flags changed */
bool vma_wants_writenotify(const struct vm_area_struct *vma);
static inline bool is_data_mapping(unsigned long flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE;
}
static inline bool is_exec_mapping(unsigned long flags)
{
	return (flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC;
}
/* Private and writable: every page of it may need memory or swap one day. */
static inline bool accountable_mapping(unsigned long flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}
#define VM_DATA_DEFAULT_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_STACK_FLAGS (VM_STACK | VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT)
/* What keeps a VMA from growing or merging. */
#define VM_SPECIAL (VM_IO | VM_DONTEXPAND | VM_PFNMAP)
#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)

extern int sysctl_max_map_count;
extern unsigned long mmap_min_addr;		/* vm.mmap_min_addr */
/* Before kernel/proc has said who may do what, there is only the kernel: it may. */
static inline bool mm_capable_current(int cap) { return !mm_capable || mm_capable(current, cap); }
