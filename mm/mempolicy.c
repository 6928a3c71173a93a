/*
 * mempolicy.c - from which nodes pages come: a task's policy, a mapping's, or the nearest.
 *
 * Idea:   an allocation looks at the mapping's policy, then the task's, else it
 *         wants the node of its CPU:
 *
 *           default, local   this CPU's node, then by distance
 *           preferred        that node, then by distance from it
 *           preferred many   those nodes; if they are full, by distance
 *           bind             those nodes or nothing (an OOM of these nodes)
 *           interleave       those nodes in turn: by the page's place in its mapping,
 *                            without a mapping by the task's own turn (il_prev)
 *
 *         What a user names is cut to what its cpuset allows; when that changes, the nodes are
 *         mapped over (mpol_rebind_policy), unless he said STATIC (his own node numbers) or
 *         RELATIVE (the n-th of the allowed ones).
 * Locks:  a task's policy: task_lock, and only the task itself sets it; a mapping's: mmap_lock.
 *         An allocation reads without: it is the task's own, or mmap_lock is held.
 * Above:  page_alloc.h's alloc_pages(), memory.c.   Below: page_alloc.c.   Beside: mbind.c.
 *         In Linux: mm/mempolicy.c.
 */
#include "mm/mempolicy.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/gup.h"
#include "mm/mmap.h"
#include "mm/slab.h"
#include "mm/vma.h"
#include "mm/vmstat.h"

/* --- making them --- */

void mpol_put(struct mempolicy *pol)
{
	if (pol && --pol->refcnt == 0)
		kfree(pol);
}

struct mempolicy *mpol_dup(const struct mempolicy *pol)
{
	struct mempolicy *copy;

	if (likely(!pol))
		return NULL;
	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	*copy = *pol;
	copy->refcnt = 1;
	return copy;
}

static bool store_user_nodemask(const struct mempolicy *pol)
{
	return pol->flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);
}

bool mpol_equal(const struct mempolicy *a, const struct mempolicy *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->mode != b->mode || a->flags != b->flags || a->home_node != b->home_node)
		return false;
	if (store_user_nodemask(a) && !nodes_equal(a->user_nodemask, b->user_nodemask))
		return false;
	return a->mode == MPOL_LOCAL || nodes_equal(a->nodes, b->nodes);
}

int sanitize_mpol_flags(int *mode, int *flags)
{
	*flags = *mode & MPOL_MODE_FLAGS;
	*mode &= ~MPOL_MODE_FLAGS;
	if ((unsigned int)*mode >= MPOL_MAX)
		return -EINVAL;
	if ((*flags & MPOL_F_STATIC_NODES) && (*flags & MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	if ((*flags & MPOL_F_NUMA_BALANCING) && *mode != MPOL_BIND)
		return -EINVAL;
	return 0;
}

/* The n-th, … of the allowed nodes, round and round. */
static nodemask_t relative_nodes(nodemask_t user, nodemask_t allowed)
{
	if (nodes_empty(allowed))
		return NODE_MASK_NONE;
	return nodes_onto(nodes_fold(user, nodes_weight(allowed)), allowed);
}

/* Which mode an empty or a filled set of nodes makes of @mode; -EINVAL: they do not go together. */
static int check_mode(int mode, int flags, bool empty)
{
	bool placed = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	switch (mode) {
	case MPOL_DEFAULT:
		return empty ? mode : -EINVAL;
	case MPOL_LOCAL:
		return empty && !placed ? mode : -EINVAL;
	case MPOL_PREFERRED:
		if (empty)
			return placed ? -EINVAL : MPOL_LOCAL;
		return mode;
	default:
		return empty ? -EINVAL : mode;
	}
}

struct mempolicy *mpol_make(int mode, int flags, nodemask_t nodes)
{
	nodemask_t allowed = cpuset_current_mems_allowed(), use = nodes_and(nodes, allowed);
	struct mempolicy *pol;

	mode = check_mode(mode, flags, nodes_empty(nodes));
	if (mode < 0)
		return ERR_PTR(mode);
	if (mode == MPOL_DEFAULT)
		return NULL;
	if (flags & MPOL_F_RELATIVE_NODES)
		use = relative_nodes(nodes, allowed);
	if (mode != MPOL_LOCAL && nodes_empty(use))
		return ERR_PTR(-EINVAL);
	if (mode == MPOL_PREFERRED)
		use = nodemask_of(first_node(use));
	pol = kmalloc(sizeof(*pol), GFP_KERNEL);
	if (!pol)
		return ERR_PTR(-ENOMEM);
	*pol = (struct mempolicy){ .refcnt = 1, .mode = mode, .flags = flags, .nodes = use,
				   .home_node = NUMA_NO_NODE, .user_nodemask = allowed };
	if (store_user_nodemask(pol))
		pol->user_nodemask = nodes;
	return pol;
}

/* --- the text --- */

void mpol_to_str(char *buf, size_t size, const struct mempolicy *pol)
{
	static const char *const names[MPOL_MAX] = {
		"default", "prefer", "bind", "interleave", "local", "prefer (many)",
	};
	int len = scnprintf(buf, size, "%s", names[pol ? pol->mode : MPOL_DEFAULT]);

	if (!pol)
		return;
	if (pol->flags & MPOL_MODE_FLAGS)
		len += scnprintf(buf + len, size - len, "=%s",
				 pol->flags & MPOL_F_STATIC_NODES     ? "static"
				 : pol->flags & MPOL_F_RELATIVE_NODES ? "relative"
								      : "balancing");
	if (pol->mode != MPOL_LOCAL && !nodes_empty(pol->nodes))
		scnprintf(buf + len, size - len, ":%*pbl", nodemask_list(&pol->nodes));
}

/* --- a page by policy --- */

/*
 * Policies are about the memory users see: what only low memory serves is not held to them, if
 * there is HighMem (it would often be nowhere on the nodes named).
 */
static bool apply_policy_zone(const struct mempolicy *pol, gfp_t gfp)
{
	int nid;

	if (gfp_zone(gfp) >= ZONE_HIGHMEM)
		return true;
	for_each_node_mask(nid, pol->nodes)
		if (managed_zone(&NODE_DATA(nid)->node_zones[ZONE_HIGHMEM]))
			return false;
	return true;
}

/* The nodes that may serve at all; NULL: all. */
static const nodemask_t *policy_nodemask(gfp_t gfp, const struct mempolicy *pol)
{
	if (pol->mode != MPOL_BIND || !apply_policy_zone(pol, gfp))
		return NULL;
	/* A cpuset that moved away from under the policy counts more. */
	if (cpusets_enabled() && !nodes_intersects(pol->nodes, cpuset_current_mems_allowed()))
		return NULL;
	return &pol->nodes;
}

/* The node whose zonelist is gone through. */
static int policy_node(const struct mempolicy *pol)
{
	if (pol->mode == MPOL_PREFERRED)
		return first_node(pol->nodes);
	if (pol->home_node != NUMA_NO_NODE)
		return pol->home_node;
	return numa_node_id();
}

/* Those nodes first, without reclaiming for them; then all. */
static struct page *alloc_preferred_many(gfp_t gfp, unsigned int order, const struct mempolicy *pol)
{
	gfp_t light = (gfp | __GFP_NOWARN) & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL);
	struct page *page = __alloc_pages(light, order, policy_node(pol), &pol->nodes);

	return page ? page : __alloc_pages(gfp, order, policy_node(pol), NULL);
}

static struct page *alloc_interleaved(gfp_t gfp, unsigned int order, int nid)
{
	struct page *page = __alloc_pages(gfp, order, nid, NULL);

	if (page && page_to_nid(page) == nid)
		count_numa_interleave(page_zone(page));
	return page;
}

/* Whose turn it is: the task's own sequence. */
static int interleave_nodes(const struct mempolicy *pol)
{
	int next = next_node_in(current->il_prev, pol->nodes);

	if (next < MAX_NUMNODES)
		current->il_prev = next;
	return next;
}

/* The same for page @n of a mapping: whoever touches it first, it lies where it belongs. */
static int offset_il_node(const struct mempolicy *pol, unsigned long n)
{
	nodemask_t nodes = pol->nodes;
	unsigned int count = nodes_weight(nodes);
	int nid = first_node(nodes);

	for (unsigned int i = count ? n % count : 0; i; i--)
		nid = next_node(nid, nodes);
	return nid;
}

static struct page *alloc_by_policy(gfp_t gfp, unsigned int order, const struct mempolicy *pol)
{
	if (!pol)
		return __alloc_pages(gfp, order, numa_node_id(), NULL);
	if (pol->mode == MPOL_PREFERRED_MANY)
		return alloc_preferred_many(gfp, order, pol);
	return __alloc_pages(gfp, order, policy_node(pol), policy_nodemask(gfp, pol));
}

/* alloc_pages() where there are several nodes. => as __alloc_pages() */
struct page *alloc_pages_current(gfp_t gfp, unsigned int order)
{
	const struct mempolicy *pol = NULL;

	if (!in_interrupt() && !(gfp & __GFP_THISNODE))
		pol = current->mempolicy;
	if (pol && pol->mode == MPOL_INTERLEAVE)
		return alloc_interleaved(gfp, order, interleave_nodes(pol));
	return alloc_by_policy(gfp, order, pol);
}

struct page *alloc_page_for_policy(gfp_t gfp, const struct mempolicy *pol, unsigned long n)
{
	if (!pol)
		pol = current->mempolicy;
	if (pol && pol->mode == MPOL_INTERLEAVE)
		return alloc_interleaved(gfp, 0, offset_il_node(pol, n));
	return alloc_by_policy(gfp, 0, pol);
}

/* => mmap_lock held, if @vma is not NULL */
struct page *vma_alloc_page_policy(gfp_t gfp, struct vm_area_struct *vma, unsigned long addr)
{
	if (!vma)
		return alloc_pages_current(gfp, 0);
	return alloc_page_for_policy(gfp, vma->vm_policy,
				     vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
}

/* --- a task's --- */

long do_set_mempolicy(int mode, int flags, nodemask_t nodes)
{
	struct mempolicy *pol = mpol_make(mode, flags, nodes), *old;

	if (IS_ERR(pol))
		return PTR_ERR(pol);
	task_lock(current);
	old = current->mempolicy;
	current->mempolicy = pol;
	if (pol && pol->mode == MPOL_INTERLEAVE)
		current->il_prev = MAX_NUMNODES - 1;
	task_unlock(current);
	mpol_put(old);
	return 0;
}

int mpol_fork(struct task_struct *child)
{
	struct mempolicy *pol = mpol_dup(current->mempolicy);

	child->mempolicy = IS_ERR(pol) ? NULL : pol;
	return IS_ERR(pol) ? PTR_ERR(pol) : 0;
}

/* The node of the page at @addr, which is faulted in. -EFAULT. => mmap_lock for reading */
static int lookup_node(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = get_user_page(vma, addr & PAGE_MASK, 0);
	int nid;

	if (!page)
		return -EFAULT;
	nid = page_to_nid(page);
	put_page(page);
	return nid;
}

/* What get_mempolicy(2) says of @pol (NULL: default). */
static void describe(const struct mempolicy *pol, int *policy, nodemask_t *nodes)
{
	*policy = pol ? pol->mode | (pol->flags & MPOL_MODE_FLAGS) : MPOL_DEFAULT;
	*nodes = NODE_MASK_NONE;
	if (pol && store_user_nodemask(pol))
		*nodes = pol->user_nodemask;
	else if (pol && pol->mode != MPOL_LOCAL)
		*nodes = pol->nodes;
}

/* MPOL_F_ADDR. 0, -EFAULT, -EINTR */
static long get_vma_policy_at(int *policy, nodemask_t *nodes, unsigned long addr, bool node)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	long error = 0;

	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	vma = find_vma_intersection(mm, addr, addr + 1);
	if (!vma) {
		up_read(&mm->mmap_lock);
		return -EFAULT;
	}
	describe(vma->vm_policy, policy, nodes);
	if (node) {
		*policy = lookup_node(vma, addr);
		error = *policy < 0 ? *policy : 0;
	}
	up_read(&mm->mmap_lock);
	return error;
}

long do_get_mempolicy(int *policy, nodemask_t *nodes, unsigned long addr, unsigned long flags)
{
	const struct mempolicy *pol = current->mempolicy;

	if (flags & ~(unsigned long)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		if (flags & (MPOL_F_NODE | MPOL_F_ADDR))
			return -EINVAL;
		*policy = 0;
		*nodes = cpuset_current_mems_allowed();
		return 0;
	}
	if (flags & MPOL_F_ADDR)
		return get_vma_policy_at(policy, nodes, addr, flags & MPOL_F_NODE);
	if (addr)
		return -EINVAL;
	describe(pol, policy, nodes);
	if (flags & MPOL_F_NODE) {	/* where the next page would go */
		if (!pol || pol->mode != MPOL_INTERLEAVE)
			return -EINVAL;
		*policy = next_node_in(current->il_prev, pol->nodes);
	}
	return 0;
}

/* --- when a cpuset's nodes change --- */

/* => the owner's lock. Readers see the old set or the new one. */
static void mpol_rebind_policy(struct mempolicy *pol, nodemask_t allowed)
{
	nodemask_t nodes;

	if (!pol || pol->mode == MPOL_LOCAL)
		return;
	if (pol->flags & MPOL_F_STATIC_NODES) {
		nodes = nodes_and(pol->user_nodemask, allowed);
	} else if (pol->flags & MPOL_F_RELATIVE_NODES) {
		nodes = relative_nodes(pol->user_nodemask, allowed);
	} else {
		if (nodes_equal(pol->user_nodemask, allowed))
			return;
		nodes = nodes_remap(pol->nodes, pol->user_nodemask, allowed);
		pol->user_nodemask = allowed;
	}
	if (pol->mode == MPOL_PREFERRED)
		return;			/* a wish only: it may lie outside */
	WRITE_ONCE(pol->nodes.bits, nodes_empty(nodes) ? allowed.bits : nodes.bits);
}

void mpol_rebind_task(struct task_struct *task, nodemask_t nodes)
{
	task_lock(task);
	mpol_rebind_policy(task->mempolicy, nodes);
	task_unlock(task);
}

void mpol_rebind_mm(struct mm_struct *mm, nodemask_t nodes)
{
	struct vm_area_struct *vma;

	down_write(&mm->mmap_lock);
	for_each_vma(mm, vma)
		mpol_rebind_policy(vma->vm_policy, nodes);
	up_write(&mm->mmap_lock);
}

/* --- OOM --- */

/*
 * Only who is bound elsewhere cannot have any. A task without a policy may have taken pages
 * anywhere; looking for them would cost too much here.
 */
bool mempolicy_in_oom_domain(struct task_struct *task, nodemask_t nodes)
{
	bool in = true;

	task_lock(task);
	if (task->mempolicy && task->mempolicy->mode == MPOL_BIND)
		in = nodes_intersects(task->mempolicy->nodes, nodes);
	task_unlock(task);
	return in;
}
