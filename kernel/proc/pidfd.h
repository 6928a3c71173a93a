/*
 * pidfd.h - descriptors that name a process.
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/sched/task.h"

/*
 * The process behind descriptor @fd: a reference to its leader.
 * => *flags, if asked for: the file's O_*
 * => ERR_PTR(-EBADF): no pidfd; ERR_PTR(-ESRCH): it is dead and was waited for
 */
struct task_struct *pidfd_get_task(int fd, unsigned int *flags);
/* The same; @fd may be of a process that is gone: *task is NULL then. 0, -EBADF. */
int pidfd_get_task_or_gone(int fd, struct task_struct **task, unsigned int *flags);
/* CLONE_PIDFD: a descriptor (not installed yet) and its file for the child @t. The fd, or -errno. */
int pidfd_prepare(struct task_struct *t, unsigned int flags, struct file **file);
/* => tasklist_lock held: the process that @t belonged to has died: pollers hear of it */
void do_notify_pidfd(struct task_struct *t);
