/*
 * lockcheck.h - the lock checker's calls for the room's own sleeping locks and
 *               the scheduler. Spinlocks call it through kernel/x86/spinlock.h.
 *               All are called only if CHECKS.
 */
#pragma once

#include "kernel/lib/lock_rank.h"
#include "kernel/lib/types.h"

struct task_struct;
/* @ip: who takes it, for the report. */
enum lockcheck_how { LOCKCHECK_ORDERED, LOCKCHECK_NESTED, LOCKCHECK_TRIED };
void lockcheck_sleeping_acquire(const void *lock, enum lock_rank rank, enum lockcheck_how how,
				unsigned long ip);
void lockcheck_sleeping_release(const void *lock);
void lockcheck_schedule(void);			/* complains if a spinlock is held */
void lockcheck_show_held(const struct task_struct *t);	/* "  holds …" lines */
