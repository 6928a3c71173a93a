/*
 * futex.h - waiting on a word of user memory.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;
void futex_init(void);				/* the buckets */
long futex_wake_user(u32 __user *uaddr, int nr);	/* FUTEX_WAKE: how many woke, or -errno */
/* current dies or execs: its robust mutexes' waiters learn of it */
void exit_robust_list(struct task_struct *t);
