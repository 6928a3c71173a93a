/*
 * readv.c - readv(2), writev(2) and their positioned forms.
 *
 * Idea:   the vector is copied in and checked as a whole. A file with pages, and a socket,
 *         take it in one piece; for others each segment is read or written in turn until one comes
 *         back short. So, unlike on Linux, a vector written to a pipe is atomic only segment by
 *         segment.
 * Locks:  f_pos_lock, as read(2).
 * Above:  the system call table.   In Linux: fs/read_write.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/uio.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

/* read_write.h */
struct iovec *copy_iovec(const struct iovec __user *uvec, unsigned long n, struct iovec *fast)
{
	struct iovec *vec = fast;
	long err = -EFAULT;

	if (n > UIO_MAXIOV)
		return ERR_PTR(-EINVAL);
	if (n > UIO_FASTIOV) {
		vec = kmalloc(n * sizeof(*vec), GFP_KERNEL);
		if (!vec)
			return ERR_PTR(-ENOMEM);
	}
	if (copy_from_user(vec, uvec, n * sizeof(*vec)))
		goto fail;
	err = -EINVAL;
	for (unsigned long i = 0; i < n; i++)
		if ((kssize_t)vec[i].iov_len < 0)
			goto fail;
	return vec;
fail:
	free_iovec(vec, fast);
	return ERR_PTR(err);
}

/* read_write.h */
struct iovec *import_iovec(const struct iovec __user *uvec, unsigned long n, struct iovec *fast)
{
	struct iovec *vec = copy_iovec(uvec, n, fast);
	size_t total = 0;

	if (IS_ERR(vec))
		return vec;
	for (unsigned long i = 0; i < n; i++) {
		if (!access_ok(vec[i].iov_base, vec[i].iov_len)) {
			free_iovec(vec, fast);
			return ERR_PTR(-EFAULT);
		}
		vec[i].iov_len = MIN(vec[i].iov_len, MAX_RW_COUNT - total);
		total += vec[i].iov_len;
	}
	return vec;
}

/* read_write.h */
size_t iovec_bytes(const struct iovec *vec, size_t n)
{
	size_t total = 0;

	while (n--)
		total += (vec++)->iov_len;
	return total;
}

/* read_write.h */
void free_iovec(struct iovec *vec, const struct iovec *fast)
{
	if (vec != fast)
		kfree(vec);
}

/* What was done before an error counts. */
static kssize_t do_loop(struct file *file, const struct iovec *vec, unsigned long n, loff_t *pos,
			bool write)
{
	kssize_t done = 0;

	if (file->f_op->read_write_vector && !(file->f_flags & O_DIRECT)) {
		if (!(file->f_mode & (write ? FMODE_WRITE : FMODE_READ)))
			return -EBADF;
		return file->f_op->read_write_vector(file, vec, n, pos, write);
	}
	for (unsigned long i = 0; i < n; i++) {
		kssize_t part;

		if (!vec[i].iov_len)
			continue;
		part = write ? write_file(file, vec[i].iov_base, vec[i].iov_len, pos)
			     : read_file(file, vec[i].iov_base, vec[i].iov_len, pos);
		if (part < 0)
			return done ? done : part;
		done += part;
		if ((size_t)part < vec[i].iov_len)
			break;
	}
	if (!done)			/* nothing but empty segments: the mode is still checked */
		return !(file->f_mode & (write ? FMODE_WRITE : FMODE_READ)) ? -EBADF : 0;
	return done;
}

static kssize_t vfs_iov(struct file *file, const struct iovec __user *uvec, unsigned long n,
			loff_t *pos, bool write)
{
	struct iovec fast[UIO_FASTIOV], *vec;
	kssize_t ret;

	if (!(file->f_mode & (write ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	vec = import_iovec(uvec, n, fast);
	if (IS_ERR(vec))
		return PTR_ERR(vec);
	ret = do_loop(file, vec, n, pos, write);
	if (write) {
		account_write(ret);
		fsnotify_modify(file, ret);
	} else {
		account_read(ret);
		fsnotify_access(file, ret);
	}
	if (vec != fast)
		kfree(vec);
	return ret;
}

static long rw_at_file_pos(unsigned long fd, const struct iovec __user *vec, unsigned long n,
			   bool write)
{
	struct fd f = fdget_pos(fd);
	loff_t pos;
	long ret;

	if (!f.file)
		return -EBADF;
	pos = f.file->f_pos;
	ret = vfs_iov(f.file, vec, n, &pos, write);
	if (ret >= 0)
		f.file->f_pos = pos;
	fdput_pos(f);
	return ret;
}

static long rw_at(unsigned long fd, const struct iovec __user *vec, unsigned long n, loff_t pos,
		  bool write)
{
	struct fd f;
	long ret;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	ret = f.file->f_mode & FMODE_LSEEK ? vfs_iov(f.file, vec, n, &pos, write) : -ESPIPE;
	fdput(f);
	return ret;
}

/* System calls: syscalls.h. On a 64-bit machine @lo is the whole position. */
long sys_readv(unsigned long fd, const struct iovec __user *vec, unsigned long n)
{
	return rw_at_file_pos(fd, vec, n, false);
}
long sys_writev(unsigned long fd, const struct iovec __user *vec, unsigned long n)
{
	return rw_at_file_pos(fd, vec, n, true);
}
long sys_preadv(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		unsigned long lo, unsigned long hi)
{
	return rw_at(fd, vec, n, lo, false);
}
long sys_pwritev(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		 unsigned long lo, unsigned long hi)
{
	return rw_at(fd, vec, n, lo, true);
}
long sys_preadv2(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		 unsigned long lo, unsigned long hi, int flags)
{
	if (flags & ~RWF_HIPRI)
		return -EOPNOTSUPP;
	return (long)lo == -1 ? rw_at_file_pos(fd, vec, n, false) : rw_at(fd, vec, n, lo, false);
}
long sys_pwritev2(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		  unsigned long lo, unsigned long hi, int flags)
{
	if (flags & ~RWF_HIPRI)
		return -EOPNOTSUPP;
	return (long)lo == -1 ? rw_at_file_pos(fd, vec, n, true) : rw_at(fd, vec, n, lo, true);
}
