/*
 * mmap.h - a process's VMAs.
 */
#pragma once

#include "mm/mm_types.h"

/* What mmap(2) asks for, decoded: kernel/proc/sys_mm.c. */
struct mmap_request {
	unsigned long addr, len, prot, flags, pgoff;	/* in; flags: MAP_*, pgoff in pages */
	struct file *file;		/* in: opaque; NULL: anonymous */
	struct address_space *mapping;	/* in: the file's pages; NULL: anonymous */
	bool file_readable, file_writable, file_noexec;
	unsigned long max_pages;	/* in: what a file can hold; 0: no such limit (devices) */
	/* in: sets vma->vm_ops and takes the file's reference; 0 or -errno. NULL if anonymous. */
	int (*setup)(struct vm_area_struct *vma, struct file *file);
	unsigned long extra_vm_flags;
	/* out: MAP_POPULATE or VM_LOCKED: fault it in after the lock is dropped */
	bool populate;
};
/* => mmap_lock for writing. Address or -errno. */
unsigned long do_mmap(struct mm_struct *mm, struct mmap_request *req);
/* => mmap_lock for writing. 0, -EINVAL, -ENOMEM */
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len);
/* @len page aligned; address or -errno */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags);
/* takes current's mmap_lock, populates; for exec and mmap(2) */
unsigned long vm_mmap(struct mmap_request *req);
int vm_munmap(unsigned long start, size_t len);
/* exec's bss: 0 or -errno. Takes the lock. */
int vm_brk_flags(unsigned long addr, unsigned long len, unsigned long flags);
/* the first with addr < vm_end, or NULL */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end);
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **prev);
/* Downwards to the page of @addr. => mmap_lock held for WRITING. 0, -ENOMEM (limits, guard gap) */
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/*
 * The VMA that contains @addr, mmap_lock held for reading; a stack is grown to it if need be.
 * NULL, and nothing held: there is none.
 */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, unsigned long addr);
/*
 * exec, when the stack stands: room for 128 KiB more (within @stack_rlimit), as Linux does. 0,
 * -EFAULT. => mmap_lock for writing
 */
int setup_stack_room(struct vm_area_struct *vma, unsigned long stack_rlimit);
/* the slab caches of mm_struct, vm_area_struct, anon_vma; after kmem_cache_init() */
void proc_caches_init(void);
struct mm_struct *mm_alloc(void);		/* empty, users 1; NULL */
/* fork: a copy with COW; NULL (and -ENOMEM for the caller) */
struct mm_struct *dup_mm(struct mm_struct *old);
void mmput(struct mm_struct *mm);		/* the last user: exit_mmap; may sleep */
void mmget(struct mm_struct *mm);
bool mmget_not_zero(struct mm_struct *mm);
void mmgrab(struct mm_struct *mm);
/* the last reference frees the struct and the pgd */
void mmdrop(struct mm_struct *mm);
/* a reference (mmput), or NULL: kernel thread, exiting */
struct mm_struct *get_task_mm(struct task_struct *task);
void exit_mmap(struct mm_struct *mm);
/* c: kernel/proc/exec.c puts exe_file */
extern void (*mm_release_exe_file)(struct mm_struct *mm);
/* A stack VMA for exec below @top; 0 or -errno. */
int setup_stack_vma(struct mm_struct *mm, unsigned long top, struct vm_area_struct **vma);
/*
 * ASLR for exec: the stack's top below @top (16 GiB of room), the heap's start above @brk (1 GiB).
 */
unsigned long randomize_stack_top(unsigned long top), arch_randomize_brk(unsigned long brk);
/* sets mmap_base */
void mm_pick_mmap_layout(struct mm_struct *mm, unsigned long stack_rlimit, bool randomize);
unsigned long do_brk(unsigned long brk);	/* brk(2) */
/* 0 or -errno; takes the lock: mprotect.c */
int do_mprotect(unsigned long start, size_t len, unsigned long prot);
int do_remap_file_pages(unsigned long start, size_t size, unsigned long prot, unsigned long pgoff,
			unsigned long flags);
unsigned long do_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
			unsigned long flags, unsigned long new_addr);
int do_madvise(struct mm_struct *mm, unsigned long start, size_t len, int advice);
int do_mlock(unsigned long start, size_t len, bool onfault),
	do_munlock(unsigned long start, size_t len), do_mlockall(int flags), do_munlockall(void);
int do_mincore(unsigned long start, size_t len, unsigned char __user *vec);
int do_msync(unsigned long start, size_t len, int flags);
extern int sysctl_max_map_count;
extern int randomize_va_space;			/* kernel.randomize_va_space; norandmaps sets 0 */
static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}
#define for_each_vma(mm, vma) list_for_each_entry(vma, &(mm)->mmap_list, vm_list)
