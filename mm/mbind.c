/*
 * mbind.c - a policy for a range of addresses, and what lies there already.
 *
 * Idea:   the range is carved out of its VMAs, each part gets its own copy of the
 *         policy, and neighbours that agree are joined again. Pages that are there
 *         and lie where the policy would not have put them are, as the caller wishes, left
 *         alone, a reason to refuse (STRICT), or moved (MOVE: those that nobody else
 *         maps; MOVE_ALL: all).
 * Locks:  mmap_lock for writing over all of it, so that no page comes in between.
 * Above:  kernel/proc (mbind, set_mempolicy_home_node).   Below: vma.c, mempolicy.c, migrate.c.
 *         In Linux: mm/mempolicy.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/memory.h"
#include "mm/mempolicy.h"
#include "mm/migrate.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/swap.h"
#include "mm/vma.h"

/* One mbind on its way; inputs first. */
struct mbind {
	unsigned long start, end;	/* in */
	unsigned long flags;		/* in: MPOL_MF_* */
	nodemask_t nodes;		/* in: as the user said: where pages may stay */
	struct list_head pages;		/* out: isolated, to be moved */
	bool unmovable;			/* out: some cannot be */
};

/* --- what is there --- */

/* A page that lies elsewhere. 0; -EIO: it ends the search. */
static int queue_page(struct mbind *b, struct page *page, bool migratable)
{
	if (!(b->flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)))
		return -EIO;		/* STRICT alone */
	if (!migratable) {
		b->unmovable = true;
		return 0;
	}
	if (!(b->flags & MPOL_MF_MOVE_ALL) && page_mapcount(page) > 1)
		return 0;		/* others' as well: it stays, and that is no failure */
	if (!isolate_for_migration(page, &b->pages) && (b->flags & MPOL_MF_STRICT))
		b->unmovable = true;
	return 0;
}

static int queue_pte_range(struct mbind *b, struct vm_area_struct *vma, pmd_t *pmd,
			   unsigned long addr, unsigned long end)
{
	spinlock_t *ptl;
	pte_t *ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	int error = 0;

	if (!ptep)
		return 0;
	for (; addr < end && !error; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);
		struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

		if (page && !page_test(page, PG_reserved) &&
		    !node_isset(page_to_nid(page), b->nodes))
			error = queue_page(b, page, vma_migratable(vma));
	}
	spin_unlock(ptl);
	return error;
}

static int queue_vma(struct mbind *b, struct vm_area_struct *vma)
{
	unsigned long addr = MAX(b->start, vma->vm_start), end = MIN(b->end, vma->vm_end), next;
	int error = 0;
	pmd_t *pmd;

	if (!(b->flags & MPOL_MF_VALID) || (!vma_migratable(vma) && !(b->flags & MPOL_MF_STRICT)))
		return 0;
	while (!error && (addr = next_present_pmd(vma->vm_mm, addr, end, &pmd)) < end) {
		next = pmd_addr_end(addr, end);
		error = queue_pte_range(b, vma, pmd, addr, next);
		addr = next;
		cond_resched();
	}
	return error;
}

/* All VMAs of the range. 0; -EFAULT: a hole (unless @holes_ok), or nothing at all; -EIO */
static int queue_range(struct mbind *b, struct mm_struct *mm, bool holes_ok)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, b->start, b->end);
	unsigned long at = b->start;
	int error;

	if (!vma)
		return -EFAULT;
	for (; vma && vma->vm_start < b->end; vma = vma_next(vma)) {
		if (vma->vm_start > at && !holes_ok)
			return -EFAULT;
		error = queue_vma(b, vma);
		if (error)
			return error;
		at = vma->vm_end;
	}
	return at < b->end && !holes_ok ? -EFAULT : 0;
}

/* --- the policy --- */

/* [start, end) of *@vmap gets a copy of @pol. 0, -ENOMEM; *vmap: what covers it afterwards. */
static int set_part_policy(struct vm_area_struct **vmap, unsigned long start, unsigned long end,
			   const struct mempolicy *pol)
{
	struct vm_area_struct *vma = *vmap;
	struct mempolicy *copy, *old;
	int error;

	if (mpol_equal(vma->vm_policy, pol))
		return 0;
	copy = mpol_dup(pol);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	error = vma_carve(&vma, start, end);
	if (error) {
		mpol_put(copy);
		return error;
	}
	old = vma->vm_policy;
	vma->vm_policy = copy;
	mpol_put(old);
	*vmap = vma_merge(vma);
	return 0;
}

static int mbind_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		       const struct mempolicy *pol)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	int error = 0;

	while (!error && vma && vma->vm_start < end) {
		error = set_part_policy(&vma, MAX(start, vma->vm_start), MIN(end, vma->vm_end),
					pol);
		vma = vma_next(vma);
	}
	return error;
}

/* new_page_t: where the policy wants it. */
static struct page *alloc_by_new_policy(struct page *old, void *arg)
{
	return alloc_page_for_policy(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, arg,
				     old->index);
}

/* The pages that were found misplaced. 0, -EIO: some stay though they must not. */
static int move_queued(struct mbind *b, struct mempolicy *pol)
{
	int failed = migrate_pages(&b->pages, alloc_by_new_policy, pol);

	if (b->unmovable || (failed && (b->flags & MPOL_MF_STRICT)))
		return -EIO;
	return 0;
}

/* => mmap_lock for writing */
static int mbind_locked(struct mbind *b, struct mm_struct *mm, struct mempolicy *pol)
{
	int error = queue_range(b, mm, !pol);

	if (!error)
		error = mbind_range(mm, b->start, b->end, pol);
	if (!error)
		error = move_queued(b, pol);
	putback_movable_pages(&b->pages);
	return error;
}

/* [start, start + len) as pages. 0, -EINVAL; *end == start: nothing to do */
static int check_range(unsigned long start, unsigned long len, unsigned long *end)
{
	if (start & ~PAGE_MASK)
		return -EINVAL;
	*end = start + PAGE_ALIGN(len);
	return *end < start ? -EINVAL : 0;
}

/*
 * do_mbind: mbind(2). 0; -EINVAL, -EFAULT (a hole), -EIO (misplaced pages that must not be, or do
 * not move), -EPERM, -ENOMEM, -EINTR. May sleep.
 */
long do_mbind(unsigned long start, unsigned long len, int mode, int mode_flags, nodemask_t nodes,
	      unsigned long flags, bool may_move_all)
{
	struct mbind b = { .start = start, .flags = flags, .nodes = nodes };
	struct mm_struct *mm = current->mm;
	struct mempolicy *pol;
	int error;

	INIT_LIST_HEAD(&b.pages);
	if (flags & ~(unsigned long)MPOL_MF_VALID)
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !may_move_all)
		return -EPERM;
	error = check_range(start, len, &b.end);
	if (error)
		return error;
	if (mode == MPOL_DEFAULT)
		b.flags &= ~(unsigned long)MPOL_MF_STRICT;
	if (b.end == start)
		return 0;
	pol = mpol_make(mode, mode_flags, nodes);
	if (IS_ERR(pol))
		return PTR_ERR(pol);
	if (flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		lru_add_drain_all();	/* what is in a batch cannot be isolated */
	error = -EINTR;
	if (!down_write_killable(&mm->mmap_lock)) {
		error = mbind_locked(&b, mm, pol);
		up_write(&mm->mmap_lock);
	}
	mpol_put(pol);
	return error;
}

/*
 * do_set_mempolicy_home_node: from where distances are measured for bound and preferred-many
 * ranges. 0; -EINVAL, -ENOENT (no policy there), -EOPNOTSUPP (of another kind), -ENOMEM, -EINTR.
 */
long do_set_mempolicy_home_node(unsigned long start, unsigned long len, int home_node)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long end;
	int error = check_range(start, len, &end);

	if (error || end == start)
		return error;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = -ENOENT;
	for (vma = find_vma_intersection(mm, start, end); vma && vma->vm_start < end;
	     vma = vma_next(vma)) {
		struct mempolicy *pol = mpol_dup(vma->vm_policy);

		if (!pol)
			continue;
		error = PTR_ERR(pol);
		if (IS_ERR(pol))
			break;
		error = -EOPNOTSUPP;
		if (pol->mode == MPOL_BIND || pol->mode == MPOL_PREFERRED_MANY) {
			pol->home_node = home_node;
			error = set_part_policy(&vma, MAX(start, vma->vm_start),
						MIN(end, vma->vm_end), pol);
		}
		mpol_put(pol);
		if (error)
			break;
	}
	up_write(&mm->mmap_lock);
	return error;
}
