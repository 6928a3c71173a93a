/*
 * proc_fs.h - what /proc can tell the rest of the kernel.
 */
#pragma once

struct file;
struct task_struct;

/*
 * The process whose directory /proc/<pid> @file is, with a reference: it does where a pidfd is wanted
 * that nothing is to be read from. NULL: it was waited for. ERR_PTR(-EBADF): it is something else,
 * a thread's directory, too.
 */
struct task_struct *tgid_pidfd_to_task(const struct file *file);
