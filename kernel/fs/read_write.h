/*
 * read_write.h - the plain file operations, and reading and writing by file.
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/sched/task.h"

struct iovec;

/* Through the page cache (file->f_mapping). */
kssize_t generic_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
kssize_t generic_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);
kssize_t generic_file_vector(struct file *file, const struct iovec *vec, size_t n, loff_t *pos,
			     bool write);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);
loff_t generic_file_llseek(struct file *file, loff_t off, int whence);
loff_t no_llseek(struct file *file, loff_t off, int whence);	/* -ESPIPE */
loff_t noop_llseek(struct file *file, loff_t off, int whence);	/* the position as it is */
/* SEEK_* within [0, max] of something that ends at @eof. */
loff_t fixed_size_llseek(struct file *file, loff_t off, int whence, loff_t eof);

/* With the checks of read(2), write(2): mode, access_ok, MAX_RW_COUNT. @pos: the caller's. */
kssize_t vfs_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
kssize_t vfs_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);
/* The same, not counted for /proc/<pid>/io; the caller counts a call of several parts once. */
kssize_t read_file(struct file *file, char __user *buf, size_t len, loff_t *pos);
kssize_t write_file(struct file *file, const char __user *buf, size_t len, loff_t *pos);
/* A call that read or wrote has ended with @n: bytes or -errno. */
static inline void account_read(kssize_t n)
{
	if (n > 0)
		current->io.rchar += n;
	current->io.syscr++;
}
static inline void account_write(kssize_t n)
{
	if (n > 0)
		current->io.wchar += n;
	current->io.syscw++;
}
/*
 * From one page-cache file to another, or to another part of the same: both positions move. Bytes,
 * fewer at @in's end or for a signal; -errno if none.
 */
kssize_t copy_file(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len);
loff_t vfs_llseek(struct file *file, loff_t off, int whence);
/* RLIMIT_FSIZE: what of @len may be written at @pos: bytes, or -EFBIG (SIGXFSZ is sent). */
kssize_t limit_file_size(struct file *file, loff_t pos, size_t len);
/* Set-id bits go when the file is written by who may not keep them. => i_rwsem for writing. */
void file_remove_privs(struct inode *inode);

/*
 * readv.c: a vector of user space as a kernel copy, in @fast (UIO_FASTIOV elements) or allocated.
 * => ERR_PTR(-EINVAL): too many, or a negative length; -EFAULT, -ENOMEM
 * => import_iovec also checks the addresses and clips the lengths to MAX_RW_COUNT in all
 */
#define UIO_FASTIOV 8
struct iovec *copy_iovec(const struct iovec __user *uvec, unsigned long n, struct iovec *fast);
struct iovec *import_iovec(const struct iovec __user *uvec, unsigned long n, struct iovec *fast);
void free_iovec(struct iovec *vec, const struct iovec *fast);
size_t iovec_bytes(const struct iovec *vec, size_t n);		/* in all */
