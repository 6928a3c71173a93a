/*
 * sys_numa.c - system calls about memory nodes: policies, and moving pages.
 *
 * Idea:   a set of nodes comes as an array of longs, of which maxnode - 1 bits count
 *         (so Linux has it); bits of nodes that cannot exist are looked at, too, since a
 *         set of nothing but those is an error other than an empty set.
 * Locks:  none here.   Above: the system call table.
 * Below:  mm/mempolicy.c, mbind.c, migrate.c; cred.c.   In Linux: mm/mempolicy.c, mm/migrate.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/nodemask.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/page.h"
#include "kernel/x86/uaccess.h"
#include "mm/cpuset.h"
#include "mm/mempolicy.h"
#include "mm/migrate.h"
#include "mm/mmap.h"
#include "mm/swap.h"

#define BITS_PER_WORD 64UL
#define LINUX_MAX_NUMNODES 1024UL	/* x86-64 Debian's: bits above it must be 0 */

/* --- sets of nodes in user memory --- */

/* One word of a set. 0, -EFAULT */
static int get_word(u64 *word, const u64 __user *umask, unsigned long i, unsigned long bits)
{
	if (copy_from_user(word, umask + i, sizeof(*word)))
		return -EFAULT;
	if (bits < (i + 1) * BITS_PER_WORD)
		*word &= (1UL << (bits - i * BITS_PER_WORD)) - 1;
	return 0;
}

/*
 * *nodes: those that may exist. *beyond: others were named as well. 0; -EINVAL (nodes that no Linux
 * has), -EFAULT
 */
static int get_nodes(nodemask_t *nodes, bool *beyond, const u64 __user *umask, unsigned long maxnode)
{
	unsigned long bits = maxnode - 1;

	*nodes = NODE_MASK_NONE;
	*beyond = false;
	if (!bits || !maxnode || !umask)
		return 0;
	if (bits > PAGE_SIZE * 8)
		return -EINVAL;
	for (unsigned long i = 0; i * BITS_PER_WORD < bits; i++) {
		u64 word;

		if (get_word(&word, umask, i, bits))
			return -EFAULT;
		if (word && i * BITS_PER_WORD >= LINUX_MAX_NUMNODES)
			return -EINVAL;
		if (i == 0)
			nodes->bits = word & NODE_MASK_ALL.bits;
		if (word & ~(i ? 0 : NODE_MASK_ALL.bits))
			*beyond = true;
	}
	return 0;
}

/* 0, -EFAULT, -EINVAL */
static int copy_nodes_to_user(u64 __user *umask, unsigned long maxnode, nodemask_t nodes)
{
	unsigned long bytes = ((maxnode - 1 + BITS_PER_WORD - 1) & ~(BITS_PER_WORD - 1)) / 8;

	if (bytes > sizeof(u64)) {
		if (bytes > PAGE_SIZE)
			return -EINVAL;
		if (clear_user((char __user *)umask + sizeof(u64), bytes - sizeof(u64)))
			return -EFAULT;
		bytes = sizeof(u64);
	}
	return copy_to_user(umask, &nodes.bits, bytes) ? -EFAULT : 0;
}

/* Nodes that do not exist make no policy by themselves, but are no mistake beside others. */
static int check_beyond(int mode, nodemask_t nodes, bool beyond)
{
	return beyond && (nodes_empty(nodes) || mode == MPOL_DEFAULT || mode == MPOL_LOCAL) ? -EINVAL
											     : 0;
}

/* --- policies --- */

long sys_set_mempolicy(int mode, const u64 __user *umask, unsigned long maxnode)
{
	nodemask_t nodes;
	bool beyond;
	int flags, err = sanitize_mpol_flags(&mode, &flags);

	if (!err)
		err = get_nodes(&nodes, &beyond, umask, maxnode);
	if (!err)
		err = check_beyond(mode, nodes, beyond);
	return err ? err : do_set_mempolicy(mode, flags, nodes);
}

long sys_get_mempolicy(int __user *upolicy, u64 __user *umask, unsigned long maxnode,
		       unsigned long addr, unsigned long flags)
{
	nodemask_t nodes;
	int policy;
	long err;

	if (umask && maxnode < (unsigned long)nr_online_nodes)
		return -EINVAL;
	err = do_get_mempolicy(&policy, &nodes, addr, flags);
	if (err)
		return err;
	if (upolicy && put_user(policy, upolicy))
		return -EFAULT;
	return umask ? copy_nodes_to_user(umask, maxnode, nodes) : 0;
}

long sys_mbind(unsigned long start, unsigned long len, unsigned long mode, const u64 __user *umask,
	       unsigned long maxnode, unsigned int flags)
{
	nodemask_t nodes;
	int imode = mode, mode_flags, err = sanitize_mpol_flags(&imode, &mode_flags);
	bool beyond;

	if (!err)
		err = get_nodes(&nodes, &beyond, umask, maxnode);
	if (!err)
		err = check_beyond(imode, nodes, beyond);
	return err ? err
		   : do_mbind(start, len, imode, mode_flags, nodes, flags, capable(CAP_SYS_NICE));
}

long sys_set_mempolicy_home_node(unsigned long start, unsigned long len, unsigned long home_node,
				 unsigned long flags)
{
	if ((start & ~PAGE_MASK) || flags || home_node >= (unsigned long)nr_online_nodes)
		return -EINVAL;
	return do_set_mempolicy_home_node(start, len, home_node);
}

/* --- moving --- */

/* The task whose memory is meant, with a reference; ERR_PTR(-ESRCH, -EPERM). */
static struct task_struct *get_moved_task(kpid_t pid)
{
	struct task_struct *t = pid ? find_get_task(pid) : get_task_struct(current);

	if (!t)
		return ERR_PTR(-ESRCH);
	if (!ptrace_may_access_real(t)) {
		put_task_struct(t);
		return ERR_PTR(-EPERM);
	}
	return t;
}

/* Its memory: asked once more, as it may have executed another program. ERR_PTR(-EINVAL, -EPERM) */
static struct mm_struct *moved_mm(struct task_struct *t)
{
	struct mm_struct *mm = mm_access(t, ptrace_may_access_real);

	if (!IS_ERR(mm))
		return mm;
	return PTR_ERR(mm) == -EACCES ? ERR_PTR(-EPERM) : ERR_PTR(-EINVAL);
}

static long migrate_task(struct task_struct *t, nodemask_t from, nodemask_t to)
{
	struct mm_struct *mm;
	long ret;

	if (!nodes_subset(to, task_mems_allowed(t)) && !capable(CAP_SYS_NICE))
		return -EPERM;
	to = nodes_and(to, cpuset_current_mems_allowed());
	if (nodes_empty(to))
		return -EINVAL;
	mm = moved_mm(t);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = do_migrate_pages(mm, from, to, capable(CAP_SYS_NICE));
	mmput(mm);
	return ret;
}

long sys_migrate_pages(kpid_t pid, unsigned long maxnode, const u64 __user *ufrom,
		       const u64 __user *uto)
{
	struct task_struct *t;
	nodemask_t from, to;
	bool beyond_from, beyond_to;
	long ret = get_nodes(&from, &beyond_from, ufrom, maxnode);

	if (!ret)
		ret = get_nodes(&to, &beyond_to, uto, maxnode);
	if (ret)
		return ret;
	t = get_moved_task(pid);
	if (IS_ERR(t))
		return PTR_ERR(t);
	ret = beyond_to && !capable(CAP_SYS_NICE) ? -EPERM : migrate_task(t, from, to);
	put_task_struct(t);
	return ret;
}

/* The node a page is to go to. 0; -ENODEV, -EACCES */
static int check_target(int node, nodemask_t allowed)
{
	if (node < 0 || node >= nr_online_nodes)
		return -ENODEV;
	return node_isset(node, allowed) ? 0 : -EACCES;
}

/* A move_pages(2) on its way. */
struct moving {
	struct mm_struct *mm;
	int __user *status;
	bool all;
	struct list_head pages;		/* queued: those of [start, …), all to one node */
	unsigned long start;
	int node;
};

/* The queue is moved, and what became of [start, end) is told. 0; how many did not move; -EFAULT */
static long flush_queue(struct moving *m, unsigned long end)
{
	int failed;

	if (list_empty(&m->pages))
		return 0;
	failed = migrate_pages_to_node(&m->pages, m->node);
	if (failed)
		return failed;
	for (; m->start < end; m->start++)
		if (put_user(m->node, m->status + m->start))
			return -EFAULT;
	return 0;
}

/* Page @i. 0; > 0: so many of those before it did not move; -errno */
static long move_one(struct moving *m, unsigned long i, unsigned long addr, int node)
{
	int result;
	long err = 0;

	if (node != m->node) {
		err = flush_queue(m, i);
		m->start = i;
		m->node = node;
	}
	if (err)
		return err;
	result = queue_page_for_node(m->mm, addr, node, m->all, &m->pages);
	if (result == PAGE_QUEUED)
		return 0;
	err = flush_queue(m, i);	/* so that the queue has no gap */
	m->start = i + 1;
	if (!err && put_user(result, m->status + i))
		err = -EFAULT;
	return err;
}

/* 0; so many did not move, or were not tried after that; -errno */
static long do_pages_move(struct moving *m, nodemask_t allowed, unsigned long nr,
			  const u64 __user *pages, const int __user *nodes)
{
	unsigned long i;
	long err = 0, last;

	lru_add_drain_all();		/* what is in a batch cannot be isolated */
	for (i = 0; i < nr && !err; i++) {
		int node;
		u64 addr;

		if (get_user(addr, pages + i) || get_user(node, nodes + i))
			err = -EFAULT;
		else
			err = check_target(node, allowed);
		if (!err)
			err = move_one(m, i, addr & PAGE_MASK, node);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	if (err > 0)
		return err + (long)(nr - i);
	last = flush_queue(m, i);
	return err ? err : last;
}

static long do_pages_stat(struct mm_struct *mm, unsigned long nr, const u64 __user *pages,
			  int __user *status)
{
	for (unsigned long i = 0; i < nr; i++) {
		u64 addr;
		int result;

		if (get_user(addr, pages + i))
			return -EFAULT;
		result = queue_page_for_node(mm, addr & PAGE_MASK, NUMA_NO_NODE, false, NULL);
		if (put_user(result, status + i))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

long sys_move_pages(kpid_t pid, unsigned long nr, const u64 __user *pages, const int __user *nodes,
		    int __user *status, int flags)
{
	struct task_struct *t;
	struct mm_struct *mm;
	nodemask_t allowed;
	long ret;

	if (flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	t = get_moved_task(pid);
	if (IS_ERR(t))
		return PTR_ERR(t);
	allowed = task_mems_allowed(t);
	mm = moved_mm(t);
	put_task_struct(t);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	if (nodes) {
		struct moving m = { .mm = mm, .status = status, .node = NUMA_NO_NODE,
				    .all = flags & MPOL_MF_MOVE_ALL };

		INIT_LIST_HEAD(&m.pages);
		ret = do_pages_move(&m, allowed, nr, pages, nodes);
	} else {
		ret = do_pages_stat(mm, nr, pages, status);
	}
	mmput(mm);
	return ret;
}
