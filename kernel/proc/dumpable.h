/*
 * dumpable.h - may others look into this process? PR_SET_DUMPABLE; kept in mm->flags.
 *
 * Locks:  the bit is atomic.
 */
#pragma once

#include "kernel/sched/task.h"
#include "mm/mm_types.h"

/* kernel/proc's bits of mm->flags, above enum mmf_bits */
#define MMF_DUMPABLE (1UL << 16)
#define MMF_DISABLE_THP (1UL << 17)	/* PR_SET_THP_DISABLE: kept for who asks; no huge pages here */

static inline int get_dumpable(struct mm_struct *mm) { return !!(mm->flags & MMF_DUMPABLE); }
static inline void set_dumpable(struct mm_struct *mm, int value)
{
	if (value)
		mm->flags |= MMF_DUMPABLE;
	else
		mm->flags &= ~MMF_DUMPABLE;
}
/* A kernel thread is. */
static inline bool task_dumpable(struct task_struct *t)
{
	bool yes;

	task_lock(t);
	yes = !t->mm || get_dumpable(t->mm);
	task_unlock(t);
	return yes;
}
