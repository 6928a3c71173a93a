/*
 * util.c - overcommit: how much memory may be promised.
 *
 * Idea:   every private writable mapping is a promise; Committed_AS is their
 *         sum. vm.overcommit_memory says what to do with it:
 *
 *           0  refuse only a single wish that RAM and swap together could not fill
 *           1  refuse nothing
 *           2  keep the sum under CommitLimit = RAM * ratio/100 (or kbytes) + swap,
 *              less a reserve for root and, of each process, a 32nd of its size
 *              (so that somebody can still log in and kill it)
 * Locks:  none: the sum is atomic; it is added first and taken back if refused.
 * Above:  mmap.c, mremap.c, shmem.c.   In Linux: mm/util.c.
 */
#include "mm/util.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/task.h"
#include "mm/page_alloc.h"
#include "mm/swapfile.h"
#include "mm/vmstat.h"

#define PAGES_TO_KB_SHIFT (PAGE_SHIFT - 10)
#define CAP_SYS_ADMIN 21		/* capabilities(7) */
#define USER_RESERVE_MAX_KB (1UL << 17)	/* 128 MiB: so much is enough for a shell and a few tools */
#define ADMIN_RESERVE_MAX_KB (1UL << 13)	/* 8 MiB: sshd or login, bash, top */

int sysctl_overcommit_memory = OVERCOMMIT_GUESS, sysctl_overcommit_ratio = 50;
unsigned long sysctl_overcommit_kbytes, sysctl_user_reserve_kbytes = USER_RESERVE_MAX_KB,
	      sysctl_admin_reserve_kbytes = ADMIN_RESERVE_MAX_KB;
bool (*mm_capable)(struct task_struct *task, int cap);

static _Atomic long vm_committed_as;	/* a: pages */

void vm_acct_memory(long pages)
{
	atomic_fetch_add_explicit(&vm_committed_as, pages, memory_order_relaxed);
}

unsigned long vm_memory_committed(void)
{
	long n = vm_committed_as;

	return n > 0 ? n : 0;
}

unsigned long vm_commit_limit(void)
{
	unsigned long allowed;

	if (sysctl_overcommit_kbytes)
		allowed = sysctl_overcommit_kbytes >> PAGES_TO_KB_SHIFT;
	else
		allowed = (long)totalram_pages() * sysctl_overcommit_ratio / 100;
	return allowed + total_swap_pages;
}

/* Mode 2's limit for @mm, which may lie below what is committed already. */
static long allowed_for(struct mm_struct *mm, bool is_admin)
{
	long allowed = vm_commit_limit();

	if (!is_admin)
		allowed -= sysctl_admin_reserve_kbytes >> PAGES_TO_KB_SHIFT;
	if (mm)		/* a growing process leaves others a part of what it has */
		allowed -= MIN(mm->total_vm / 32, sysctl_user_reserve_kbytes >> PAGES_TO_KB_SHIFT);
	return allowed;
}

/* @is_admin: the reserve for root is open to it. 0 or -ENOMEM. */
static int __vm_enough_memory(struct mm_struct *mm, long pages, bool is_admin)
{
	vm_acct_memory(pages);
	switch (sysctl_overcommit_memory) {
	case OVERCOMMIT_ALWAYS:
		return 0;
	case OVERCOMMIT_GUESS:
		if (pages <= (long)(totalram_pages() + total_swap_pages))
			return 0;
		break;
	default:
		if ((long)vm_memory_committed() < allowed_for(mm, is_admin))
			return 0;
	}
	pr_warn_ratelimited("%s: pid: %d, comm: %s, no enough memory for the allocation\n",
			    __func__, current->pid, current->comm);
	vm_unacct_memory(pages);
	return -ENOMEM;
}

int security_vm_enough_memory_mm(struct mm_struct *mm, long pages)
{
	return __vm_enough_memory(mm, pages, !mm_capable || mm_capable(current, CAP_SYS_ADMIN));
}

void init_reserve_kbytes(void)
{
	unsigned long free_kb = global_zone_page_state(NR_FREE_PAGES) << PAGES_TO_KB_SHIFT;

	sysctl_user_reserve_kbytes = MIN(free_kb / 32, USER_RESERVE_MAX_KB);
	sysctl_admin_reserve_kbytes = MIN(free_kb / 32, ADMIN_RESERVE_MAX_KB);
}

/* The limit is given one way or the other. */
static void overcommit_ratio_written(void) { sysctl_overcommit_kbytes = 0; }
static void overcommit_kbytes_written(void) { sysctl_overcommit_ratio = 0; }

CTL_SYSCTL_INT("vm.overcommit_memory", sysctl_overcommit_memory, OVERCOMMIT_GUESS,
	       OVERCOMMIT_NEVER);
CTL_SYSCTL_INT("vm.overcommit_ratio", sysctl_overcommit_ratio, -0x7fffffffL - 1, 0x7fffffff,
	       .after = overcommit_ratio_written);
CTL_SYSCTL_ULONG("vm.overcommit_kbytes", sysctl_overcommit_kbytes, 0, 0,
		 .after = overcommit_kbytes_written);
CTL_SYSCTL_ULONG("vm.user_reserve_kbytes", sysctl_user_reserve_kbytes, 0, 0);
CTL_SYSCTL_ULONG("vm.admin_reserve_kbytes", sysctl_admin_reserve_kbytes, 0, 0);
