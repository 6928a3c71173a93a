/*
 * mempolicy.h - from which nodes a task's, and a mapping's, pages come.
 */
#pragma once

#include "kernel/abi/mempolicy.h"
#include "kernel/lib/nodemask.h"
#include "mm/mm_types.h"
#include "mm/page_alloc.h"

/* Guards: a atomic   c set once   o its owner's: task_lock, or mmap_lock for writing */
struct mempolicy {
	_Atomic int refcnt;		/* a */
	unsigned short mode, flags;	/* c: MPOL_* */
	nodemask_t nodes;		/* o: one word; cpusets move it */
	int home_node;			/* c: NUMA_NO_NODE: none */
	/* o: of STATIC and RELATIVE what the user said, else the cpuset's nodes it was made for */
	nodemask_t user_nodemask;
};

/* A page for @addr of @vma, by its policy, else the task's. => as alloc_pages() */
struct page *vma_alloc_page_policy(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr);
static inline struct page *vma_alloc_page(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr)
{
	if (likely(nr_online_nodes == 1))
		return __alloc_pages(gfp, 0, 0, NULL);
	return vma_alloc_page_policy(gfp, vma, addr);
}

/* The same for page @n of a mapping with @pol. */
struct page *alloc_page_for_policy(gfp_t gfp, const struct mempolicy *pol, unsigned long n);

/* NULL is a policy, too: none. */
void mpol_put(struct mempolicy *pol);
struct mempolicy *mpol_dup(const struct mempolicy *pol);	/* ERR_PTR(-ENOMEM); may sleep */
bool mpol_equal(const struct mempolicy *a, const struct mempolicy *b);
/*
 * A policy of @mode for @nodes; NULL: MPOL_DEFAULT. => may sleep. ERR_PTR(-EINVAL, -ENOMEM).
 * Inside current's cpuset.
 */
struct mempolicy *mpol_make(int mode, int flags, nodemask_t nodes);
/* "bind=static:0-1" */
void mpol_to_str(char *buf, size_t size, const struct mempolicy *pol);
/* Splits MPOL_F_* off *mode. 0, -EINVAL. */
int sanitize_mpol_flags(int *mode, int *flags);

long do_set_mempolicy(int mode, int flags, nodemask_t nodes);
/* get_mempolicy(2). 0, -EINVAL, -EFAULT. May sleep. */
long do_get_mempolicy(int *policy, nodemask_t *nodes, unsigned long addr, unsigned long flags);
/* mbind.c */
long do_mbind(unsigned long start, unsigned long len, int mode, int mode_flags, nodemask_t nodes,
	      unsigned long flags, bool may_move_all);
long do_set_mempolicy_home_node(unsigned long start, unsigned long len, int home_node);

/* kernel/proc: fork. => @child is a copy of current, not visible yet. 0, -ENOMEM */
int mpol_fork(struct task_struct *child);
/* The nodes that @task's cpuset, or @mm's, allows have changed to @nodes. cpuset.c */
void mpol_rebind_task(struct task_struct *task, nodemask_t nodes);
void mpol_rebind_mm(struct mm_struct *mm, nodemask_t nodes);	/* may sleep */
/* oom_kill.c: may @task have taken pages of @nodes? */
bool mempolicy_in_oom_domain(struct task_struct *task, nodemask_t nodes);
