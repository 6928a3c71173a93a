/*
 * read_write.h - the plain file operations, and reading and writing by file.
 */
#pragma once

#include "kernel/fs/fs.h"

/* Through the page cache (file->f_mapping). */
kssize_t generic_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
kssize_t generic_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);
loff_t generic_file_llseek(struct file *file, loff_t off, int whence);
loff_t no_llseek(struct file *file, loff_t off, int whence);	/* -ESPIPE */
loff_t noop_llseek(struct file *file, loff_t off, int whence);	/* the position as it is */
/* SEEK_* within [0, max] of something that ends at @eof. */
loff_t fixed_size_llseek(struct file *file, loff_t off, int whence, loff_t eof);

/* With the checks of read(2), write(2): mode, access_ok, MAX_RW_COUNT. @pos: the caller's. */
kssize_t vfs_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
kssize_t vfs_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);
loff_t vfs_llseek(struct file *file, loff_t off, int whence);
/* RLIMIT_FSIZE: what of @len may be written at @pos: bytes, or -EFBIG (SIGXFSZ is sent). */
kssize_t limit_file_size(struct file *file, loff_t pos, size_t len);
/* Set-id bits go when the file is written by who may not keep them. => i_rwsem for writing. */
void file_remove_privs(struct inode *inode);
