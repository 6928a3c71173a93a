/*
 * fs_struct.h - root and working directory of tasks, for mounts and /proc.
 */
#pragma once

#include "kernel/fs/mount.h"

struct task_struct;
extern struct fs_struct init_fs;
void set_fs_root(struct fs_struct *fs, const struct path *to);
void set_fs_pwd(struct fs_struct *fs, const struct path *to);
bool fs_is_shared(struct fs_struct *fs);	/* another task has it, too */
/* references; -ENOENT: it exits */
int task_fs_path(struct task_struct *task, bool root, struct path *path);
/* every task that is at @from: pivot_root */
void chroot_fs_refs(const struct path *from, const struct path *to);
