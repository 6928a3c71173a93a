/*
 * vma.c - one VMA at a time: the tree, splitting, merging, and what is counted per kind.
 *
 * Idea:   An address space is a sorted set of ranges that do not overlap. They
 *         hang in a red-black tree (find by address) and in a list (neighbours).
 *         A change of part of a range is three simple steps: carve the part out
 *         (split), change it, and join it with its neighbours where nothing
 *         tells them apart any more (merge):
 *
 *            [......A......]   mprotect the middle   [..A..][.B.][..A..]
 *            [..A..][.B.][..A..]   and back          [......A......]
 *
 * Locks:  mmap_lock for writing; looking, for reading. Borders move under the
 *         rmap locks as well, because a walk from a page holds no mmap_lock.
 * Above:  mmap.c, mprotect.c, mremap.c, madvise.c, mlock.c, mm_struct.c.
 * Below:  rmap.c, slab.c.   In Linux: mm/mmap.c (a maple tree since 6.1).
 */
#define pr_fmt(fmt) "mmap: " fmt
#include "mm/vma.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/debug.h"
#include "mm/mempolicy.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "mm/userfaultfd.h"

/* Linux: 65,536 less some for ELF's 16-bit section numbers */
int sysctl_max_map_count = 65530;
CTL_SYSCTL_INT("vm.max_map_count", sysctl_max_map_count, 0, 0x7fffffff);

/*
 * 1 MiB below a stack stays free, so that a big frame cannot jump over the border
 * (CVE-2017-1000364).
 */
unsigned long stack_guard_gap = 256 * PAGE_SIZE;

static bool ignore_rlimit_data;
static struct kmem_cache *vma_cache;	/* c */
static _Atomic u64 vmacache_seq;

static int set_ignore_rlimit_data(const char *value)
{
	ignore_rlimit_data = true;
	return 0;
}
CTL_PARAM("ignore_rlimit_data", set_ignore_rlimit_data);

/* vma_caches_init: once, after kmem_cache_init(). */
void vma_caches_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 0,
				      SLAB_PANIC | SLAB_ACCOUNT, NULL);
}

/* A number that no address space had before: a vmacache made under another one is stale. */
u64 vmacache_next_seq(void)
{
	return ++vmacache_seq;
}

static void vma_init_nodes(struct vm_area_struct *vma)
{
	INIT_LIST_HEAD(&vma->vm_list);
	INIT_LIST_HEAD(&vma->anon_vma_node);
	INIT_LIST_HEAD(&vma->i_mmap_node);
}

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL_ACCOUNT);

	if (!vma)
		return NULL;
	memset(vma, 0, sizeof(*vma));
	vma->vm_mm = mm;
	vma_init_nodes(vma);
	return vma;
}

struct vm_area_struct *vm_area_dup(const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = kmem_cache_alloc(vma_cache, GFP_KERNEL_ACCOUNT);

	if (!copy)
		return NULL;
	*copy = *vma;
	copy->vm_policy = mpol_dup(vma->vm_policy);
	if (IS_ERR(copy->vm_policy)) {
		kmem_cache_free(vma_cache, copy);
		return NULL;
	}
	if (unlikely(copy->userfaultfd))
		userfaultfd_ctx_get(copy->userfaultfd);
	vma_init_nodes(copy);
	return copy;
}

void vm_area_free(struct vm_area_struct *vma)
{
	mpol_put(vma->vm_policy);
	if (unlikely(vma->userfaultfd))
		userfaultfd_ctx_put(vma->userfaultfd);
	kmem_cache_free(vma_cache, vma);
}

/* --- the tree --- */

struct vm_area_struct *vma_next(struct vm_area_struct *vma)
{
	if (list_is_last(&vma->vm_list, &vma->vm_mm->mmap_list))
		return NULL;
	return list_next_entry(vma, vm_list);
}

struct vm_area_struct *vma_prev(struct vm_area_struct *vma)
{
	if (list_is_first(&vma->vm_list, &vma->vm_mm->mmap_list))
		return NULL;
	return list_prev_entry(vma, vm_list);
}

unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
	unsigned long start = vma->vm_start;

	if (!(vma->vm_flags & VM_GROWSDOWN))
		return start;
	return start > stack_guard_gap ? start - stack_guard_gap : 0;
}

/*
 * find_vma: the first VMA that ends above @addr, which it may or may not contain; NULL.
 *
 * => mmap_lock held. The last one found is remembered in the task: faults come in clusters.
 */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct task_struct *task = current;
	struct vm_area_struct *vma = task->vmacache, *found = NULL;
	struct rb_node *node;

	if (vma && task->vmacache_seq == mm->vmacache_seq && vma->vm_start <= addr &&
	    addr < vma->vm_end)
		return vma;
	for (node = mm->mm_rb.rb_node; node;) {
		vma = rb_entry(node, struct vm_area_struct, vm_rb);
		if (addr >= vma->vm_end) {
			node = node->rb_right;
			continue;
		}
		found = vma;
		if (addr >= vma->vm_start) {
			task->vmacache = vma;
			task->vmacache_seq = mm->vmacache_seq;
			break;
		}
		node = node->rb_left;
	}
	return found;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

/*
 * find_vma_prev: as find_vma(), and the VMA before it (the last one if there is none at or above
 * @addr).
 */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (vma)
		*prev = vma_prev(vma);
	else
		*prev = list_empty(&mm->mmap_list)
				? NULL
				: list_last_entry(&mm->mmap_list, struct vm_area_struct, vm_list);
	return vma;
}

void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct rb_node **link = &mm->mm_rb.rb_node, *parent = NULL;
	struct list_head *before = &mm->mmap_list;

	BUG_ON(vma->vm_start >= vma->vm_end);
	while (*link) {
		struct vm_area_struct *other = rb_entry(*link, struct vm_area_struct, vm_rb);

		BUG_ON(vma->vm_start < other->vm_end && other->vm_start < vma->vm_end);
		parent = *link;
		if (vma->vm_start < other->vm_start) {
			link = &parent->rb_left;
		} else {
			before = &other->vm_list;
			link = &parent->rb_right;
		}
	}
	rb_link_node(&vma->vm_rb, parent, link);
	rb_insert_color(&vma->vm_rb, &mm->mm_rb);
	list_add(&vma->vm_list, before);
	mm->map_count++;
}

void vma_tree_remove(struct mm_struct *mm, struct vm_area_struct *vma)
{
	rb_erase(&vma->vm_rb, &mm->mm_rb);
	list_del_init(&vma->vm_list);
	mm->map_count--;
	mm->vmacache_seq = vmacache_next_seq();
}

void link_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	vma_tree_insert(mm, vma);
	vma_link_file(vma);
}

void remove_vma(struct vm_area_struct *vma)
{
	VM_BUG_ON_VMA(!list_empty(&vma->vm_list), vma);
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	vm_area_free(vma);
}

/* --- splitting and merging --- */

void vma_set_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   unsigned long pgoff)
{
	vma_rmap_lock(vma);
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_pgoff = pgoff;
	vma_rmap_unlock(vma);
}

int split_vma_unlimited(struct vm_area_struct *vma, unsigned long addr, bool new_below)
{
	unsigned long upper_pgoff = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	int error = vma_may_split(vma);
	struct vm_area_struct *part;

	VM_BUG_ON_VMA(addr <= vma->vm_start || addr >= vma->vm_end || (addr & ~PAGE_MASK), vma);
	if (unlikely(error))
		return error;
	part = vm_area_dup(vma);
	if (!part)
		return -ENOMEM;
	if (new_below) {
		part->vm_end = addr;
	} else {
		part->vm_start = addr;
		part->vm_pgoff = upper_pgoff;
	}
	if (part->vm_ops && part->vm_ops->open)
		part->vm_ops->open(part);
	/*
	 * First both are found by rmap, for a moment twice, then the old one shrinks: never is a
	 * page in neither.
	 */
	vma_link_file(part);
	anon_vma_link(part);
	if (new_below)
		vma_set_range(vma, addr, vma->vm_end, upper_pgoff);
	else
		vma_set_range(vma, vma->vm_start, addr, vma->vm_pgoff);
	vma_tree_insert(vma->vm_mm, part);
	return 0;
}

int split_vma(struct vm_area_struct *vma, unsigned long addr, bool new_below)
{
	if (vma->vm_mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	return split_vma_unlimited(vma, addr, new_below);
}

int vma_carve(struct vm_area_struct **vma, unsigned long start, unsigned long end)
{
	int error = 0;

	if (start > (*vma)->vm_start)
		error = split_vma(*vma, start, true);
	if (!error && end < (*vma)->vm_end)
		error = split_vma(*vma, end, false);
	return error;
}

/*
 * May @vma, which changes or is new, join its neighbour @near as far as anonymous pages go? As in
 * Linux 6.1: with the same family of pages, and without pages also with a neighbour that has
 * some, unless fork brought them. The other way round, to a neighbour without pages, it may not.
 */
static bool anon_mergeable(const struct vm_area_struct *near, const struct vm_area_struct *vma)
{
	return near->anon_id == vma->anon_id || (!vma->anon_id && !(near->anon_id & ANON_ID_FORKED));
}

/*
 * Is there nothing else that tells @a from the @b right behind it? Whether one is soft-dirty does
 * not count: the whole is then (vma_take_soft_dirty()).
 */
static bool can_merge(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	return a->vm_end == b->vm_start && !((a->vm_flags ^ b->vm_flags) & ~VM_SOFTDIRTY) &&
	       a->vm_file == b->vm_file && a->vm_mapping == b->vm_mapping && !(a->vm_flags & VM_SPECIAL) &&
	       b->vm_pgoff == a->vm_pgoff + ((a->vm_end - a->vm_start) >> PAGE_SHIFT) &&
	       a->userfaultfd == b->userfaultfd && mpol_equal(a->vm_policy, b->vm_policy);
}

/* @vma takes in what has @flags. Rather more pages count as written than one too few. */
static void vma_take_soft_dirty(struct vm_area_struct *vma, unsigned long flags)
{
	if (likely(!(flags & ~vma->vm_flags & VM_SOFTDIRTY)))
		return;
	vma->vm_flags |= VM_SOFTDIRTY;
	vma_set_page_prot(vma);
}

/* @a takes over the range of @b, which is freed. => can_merge(a, b) */
static void merge_pair(struct vm_area_struct *a, struct vm_area_struct *b)
{
	if (!a->anon_vma && b->anon_vma) {
		a->anon_vma = b->anon_vma;
		a->anon_id = b->anon_id;
		anon_vma_link(a);
	}
	vma_take_soft_dirty(a, b->vm_flags);
	vma_set_range(a, a->vm_start, b->vm_end, a->vm_pgoff);
	vma_tree_remove(a->vm_mm, b);
	unlink_file_vma(b);
	anon_vma_unlink(b);
	remove_vma(b);
}

/* May the neighbours of what joins them both become one? */
static bool both_join(const struct vm_area_struct *prev, const struct vm_area_struct *next)
{
	return prev->vm_ops == next->vm_ops &&
	       (prev->anon_id == next->anon_id || !prev->anon_id || !next->anon_id);
}

struct vm_area_struct *vma_merge(struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma), *prev = vma_prev(vma);
	bool to_prev = prev && can_merge(prev, vma) && prev->vm_ops == vma->vm_ops &&
		       anon_mergeable(prev, vma);
	bool to_next = next && can_merge(vma, next) && next->vm_ops == vma->vm_ops &&
		       anon_mergeable(next, vma);

	if (to_next && (!to_prev || both_join(prev, next)))
		merge_pair(vma, next);
	if (to_prev) {
		merge_pair(prev, vma);
		vma = prev;
	}
	return vma;
}

struct vm_area_struct *vma_expand(struct mm_struct *mm, const struct vm_area_struct *want)
{
	struct vm_area_struct *prev, *next = find_vma_prev(mm, want->vm_start, &prev);
	bool to_next = next && can_merge(want, next) && anon_mergeable(next, want);

	/* The neighbour behind comes first, as in Linux 6.1: the one in front joins it, or is left out. */
	if (prev && can_merge(prev, want) && anon_mergeable(prev, to_next ? next : want)) {
		vma_take_soft_dirty(prev, want->vm_flags);
		vma_set_range(prev, prev->vm_start, want->vm_end, prev->vm_pgoff);
		if (to_next && prev->vm_ops == next->vm_ops)
			merge_pair(prev, next);
		return prev;
	}
	if (to_next) {
		vma_take_soft_dirty(next, want->vm_flags);
		vma_set_range(next, want->vm_start, next->vm_end, want->vm_pgoff);
		return next;
	}
	return NULL;
}

/* --- rights and counts --- */

/*
 * vma_wants_writenotify: shared and writable, and somebody must hear of the first write to each
 * page.
 */
bool vma_wants_writenotify(const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) != (VM_WRITE | VM_SHARED))
		return false;
	if (vma->vm_ops && vma->vm_ops->page_mkwrite)
		return true;
	if (unlikely(!(vma->vm_flags & VM_SOFTDIRTY)))
		return true;		/* whoever cleared it wants to hear of the next write */
	return vma->vm_mapping && (vma->vm_mapping->flags & AS_DIRTY_ACCOUNTED);
}

void vma_set_page_prot(struct vm_area_struct *vma)
{
	unsigned long flags = vma->vm_flags;

	if (vma_wants_writenotify(vma))
		flags &= ~VM_SHARED;	/* not writable at first */
	vma->vm_page_prot = vm_get_page_prot(flags);
}

void vm_stat_account(struct mm_struct *mm, unsigned long flags, long pages)
{
	mm->total_vm += pages;
	if (is_exec_mapping(flags))
		mm->exec_vm += pages;
	else if (flags & VM_STACK)
		mm->stack_vm += pages;
	else if (is_data_mapping(flags))
		mm->data_vm += pages;
}

bool may_expand_vm(struct mm_struct *mm, unsigned long flags, unsigned long npages)
{
	unsigned long limit = rlimit(RLIMIT_DATA);

	if (mm->total_vm + npages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	if (!is_data_mapping(flags) || mm->data_vm + npages <= limit >> PAGE_SHIFT)
		return true;
	/* valgrind sets the soft limit to 0 and works below the hard one. */
	if (!limit &&
	    mm->data_vm + npages <= current->signal->rlim[RLIMIT_DATA].rlim_max >> PAGE_SHIFT)
		return true;
	pr_warn_once("%s (%d): VmData %lu exceed data ulimit %lu. Update limits%s.\n",
		     current->comm, current->pid, (mm->data_vm + npages) << PAGE_SHIFT, limit,
		     ignore_rlimit_data ? "" : " or use boot option ignore_rlimit_data");
	return ignore_rlimit_data;
}
