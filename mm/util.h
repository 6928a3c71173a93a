/*
 * util.h - overcommit: what may be promised. /proc/meminfo's CommitLimit and Committed_AS.
 */
#pragma once

#include "mm/mm_types.h"

/*
 * @pages more are promised to @mm. 0, or -ENOMEM (logged: __vm_enough_memory: …) and nothing is
 * charged.
 */
int security_vm_enough_memory_mm(struct mm_struct *mm, long pages);
void vm_acct_memory(long pages);	/* unconditionally; negative gives back */
static inline void vm_unacct_memory(long pages) { vm_acct_memory(-pages); }
unsigned long vm_commit_limit(void);	/* pages */
unsigned long vm_memory_committed(void);	/* pages */
enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };
extern int sysctl_overcommit_memory, sysctl_overcommit_ratio;
extern unsigned long sysctl_overcommit_kbytes, sysctl_user_reserve_kbytes,
	sysctl_admin_reserve_kbytes;
void init_reserve_kbytes(void);		/* at boot, from free memory */
/*
 * c, set by kernel/proc: does @task have capability @cap (CAP_* number)? => task_lock is not held:
 * it is taken
 */
extern bool (*mm_capable)(struct task_struct *task, int cap);
