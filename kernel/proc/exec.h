/*
 * exec.h - a task becomes another program.
 */
#pragma once

#include "kernel/sched/task.h"

struct mm_struct;

void exec_init(void);				/* a hook of mm; called by fork_init() */
/*
 * execve(2) by the kernel itself: for init. 0: current goes to user space when it returns from its
 * function.
 */
int kernel_execve(const char *path, const char *const *argv, const char *const *envp);
/* dup_mm() with its reference to the program; NULL */
struct mm_struct *dup_mm_exe(struct mm_struct *old);

/* task->flags: this program's addresses are scattered */
enum { PF_RANDOMIZE = 0x00400000 };
