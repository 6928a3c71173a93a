/*
 * locks.h - advisory locks: flock(2), and fcntl(2)'s record locks.
 */
#pragma once

#include "kernel/fs/fs.h"

struct files_struct;
void locks_free_context(struct inode *inode);		/* the inode goes */
void locks_remove_posix(struct file *file, struct files_struct *owner);	/* a close(2) by @owner */
void locks_remove_file(struct file *file);		/* the last reference to @file goes */
/* The "lock:" lines of /proc/<pid>/fdinfo: those set by @file, by itself or by the owner of @files. */
void locks_show_fdinfo(struct seq_file *m, struct file *file, const struct files_struct *files);
long fcntl_getlk(struct file *file, unsigned int cmd, unsigned long arg);
long fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd, unsigned long arg);
