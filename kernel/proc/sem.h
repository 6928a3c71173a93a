/*
 * sem.h - what fork and exit must know of System V semaphores: SEM_UNDO.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/* fork: @child has no undo records, or (CLONE_SYSVSEM) current's. 0, -ENOMEM. May sleep. */
int copy_semundo(struct task_struct *child, bool share);
/* exit, or fork's failure: the last user's records are applied. May sleep. */
void exit_sem(struct task_struct *t);
