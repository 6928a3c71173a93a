/*
 * read_write.c - read(2), write(2), lseek(2) and their likes.
 *
 * Idea:   checks here, then the file's own function. A position is read from
 *         the file, passed down, and stored again when the call succeeded.
 * Locks:  f_pos_lock where a position may be shared (fdget_pos); i_rwsem around
 *         a write to the page cache.
 * Above:  the system call table.   Below: mm/filemap.h.   In Linux: fs/read_write.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/uio.h"
#include "kernel/fs/block_dev.h"
#include "kernel/fs/direct_io.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/uio.h"

static kssize_t read_vector(struct file *file, const struct iovec *vec, size_t len, loff_t *pos)
{
	struct iov_iter to = { vec, 0 };

	touch_atime(file);
	if (unlikely(file->f_flags & O_DIRECT))		/* a vector of one */
		return direct_read(file, vec->iov_base, MIN(len, vec->iov_len), pos);
	return filemap_read(file->f_mapping, pos, &to, len, &file->f_prev_pos);
}

/* read_write.h */
kssize_t generic_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct iovec one = { buf, len };

	return read_vector(file, &one, len, pos);
}

/* read_write.h */
kssize_t limit_file_size(struct file *file, loff_t pos, size_t len)
{
	unsigned long limit = rlimit(RLIMIT_FSIZE);

	if (pos < 0)
		return -EINVAL;
	if (file && S_ISBLK(file->f_inode->i_mode))	/* by splice or sendfile: it ends where it ends */
		return blkdev_room(file, pos, len);
	if (limit != RLIM_INFINITY) {
		if ((unsigned long)pos >= limit) {
			send_signal(SIGXFSZ, NULL, current, false);
			return -EFBIG;
		}
		len = MIN(len, limit - pos);
	}
	if (pos > (loff_t)(0x7fffffffffffffffL - len))
		return -EFBIG;
	return len;
}

/* read_write.h */
void file_remove_privs(struct inode *inode)
{
	umode_t kill = inode->i_mode & S_ISUID;

	if ((inode->i_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		kill |= S_ISGID;
	if (kill && S_ISREG(inode->i_mode) && !fs_capable(CAP_FSETID))
		inode->i_mode &= ~kill;
}

/* O_SYNC, O_DSYNC, or a mount with "sync": what was written is on disk before the call returns. */
static kssize_t generic_write_sync(struct file *file, kssize_t n)
{
	int err;

	if (!file->f_op->fsync || !(file->f_flags & O_DSYNC ||
				    file->f_path.mnt->mnt_flags & MS_SYNCHRONOUS))
		return n;
	err = file->f_op->fsync(file, (file->f_flags & O_SYNC) != O_SYNC);
	return err ? err : n;
}

static kssize_t write_vector(struct file *file, const struct iovec *vec, size_t len, loff_t *pos)
{
	struct inode *inode = file->f_inode;
	struct iov_iter from = { vec, 0 };
	kssize_t n;

	down_write(&inode->i_rwsem);
	if (file->f_flags & O_APPEND)
		*pos = inode->i_size;
	n = len ? limit_file_size(file, *pos, len) : 0;
	if (n > 0 && IS_SWAPFILE(inode))
		n = -ETXTBSY;
	if (n > 0) {
		file_remove_privs(inode);
		n = unlikely(file->f_flags & O_DIRECT)
			? direct_write(file, vec->iov_base, MIN((size_t)n, vec->iov_len), pos)
			: filemap_write(file->f_mapping, pos, &from, n);
		if (n > 0)
			inode_touch(inode);
	}
	up_write(&inode->i_rwsem);
	return n > 0 ? generic_write_sync(file, n) : n;
}

/* read_write.h */
kssize_t generic_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct iovec one = { (void *)buf, len };

	return write_vector(file, &one, len, pos);
}

/* read_write.h */
kssize_t generic_file_vector(struct file *file, const struct iovec *vec, size_t n, loff_t *pos,
			     bool write)
{
	size_t len = iovec_bytes(vec, n);

	return write ? write_vector(file, vec, len, pos) : read_vector(file, vec, len, pos);
}

/* read_write.h */
loff_t no_llseek(struct file *file, loff_t off, int whence)
{
	return -ESPIPE;
}

/* read_write.h */
loff_t noop_llseek(struct file *file, loff_t off, int whence)
{
	return file->f_pos;
}

/* read_write.h */
loff_t fixed_size_llseek(struct file *file, loff_t off, int whence, loff_t eof)
{
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		off += file->f_pos;
		break;
	case SEEK_END:
		off += eof;
		break;
	case SEEK_DATA:
		if (off < 0 || off >= eof)
			return -ENXIO;
		break;
	case SEEK_HOLE:
		if (off < 0 || off >= eof)
			return -ENXIO;
		off = eof;
		break;
	default:
		return -EINVAL;
	}
	if (off < 0)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

/* read_write.h */
loff_t generic_file_llseek(struct file *file, loff_t off, int whence)
{
	return fixed_size_llseek(file, off, whence, READ_ONCE(file->f_inode->i_size));
}

/* read_write.h */
loff_t vfs_llseek(struct file *file, loff_t off, int whence)
{
	if (!(file->f_mode & FMODE_LSEEK))
		return -ESPIPE;
	return file->f_op->llseek ? file->f_op->llseek(file, off, whence)
				  : generic_file_llseek(file, off, whence);
}

/* read_write.h */
kssize_t vfs_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	kssize_t n = read_file(file, buf, len, pos);

	account_read(n);
	fsnotify_access(file, n);
	return n;
}

/* 0; -EINVAL: no position or length; -EOVERFLOW: beyond the last offset. */
static int check_range(const struct file *file, loff_t pos, size_t len)
{
	if ((kssize_t)len < 0)
		return -EINVAL;
	if (likely(pos >= 0))
		return 0;
	if (!(file->f_mode & FMODE_UNSIGNED_OFFSET))
		return -EINVAL;
	return len >= -(u64)pos ? -EOVERFLOW : 0;
}

/* read_write.h */
kssize_t read_file(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	int err;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!file->f_op->read)
		return -EINVAL;
	if (!access_ok(buf, len))
		return -EFAULT;
	err = check_range(file, *pos, len);
	if (err)
		return err;
	return file->f_op->read(file, buf, MIN(len, MAX_RW_COUNT), pos);
}

/* read_write.h */
kssize_t vfs_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	kssize_t n = write_file(file, buf, len, pos);

	account_write(n);
	fsnotify_modify(file, n);
	return n;
}

/* read_write.h */
kssize_t write_file(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!file->f_op->write)
		return -EINVAL;
	if (!access_ok(buf, len))
		return -EFAULT;
	err = check_range(file, *pos, len);
	if (err)
		return err;
	return file->f_op->write(file, buf, MIN(len, MAX_RW_COUNT), pos);
}

/* System calls: syscalls.h. */
long sys_read(unsigned int fd, char __user *buf, size_t len)
{
	struct fd f = fdget_pos(fd);
	loff_t pos;
	long ret;

	if (!f.file)
		return -EBADF;
	pos = f.file->f_pos;
	ret = vfs_read(f.file, buf, len, &pos);
	if (ret >= 0)
		f.file->f_pos = pos;
	fdput_pos(f);
	return ret;
}

long sys_write(unsigned int fd, const char __user *buf, size_t len)
{
	struct fd f = fdget_pos(fd);
	loff_t pos;
	long ret;

	if (!f.file)
		return -EBADF;
	pos = f.file->f_pos;
	ret = vfs_write(f.file, buf, len, &pos);
	if (ret >= 0)
		f.file->f_pos = pos;
	fdput_pos(f);
	return ret;
}

long sys_pread64(unsigned int fd, char __user *buf, size_t len, loff_t pos)
{
	struct fd f;
	long ret;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	ret = f.file->f_mode & FMODE_LSEEK ? vfs_read(f.file, buf, len, &pos) : -ESPIPE;
	fdput(f);
	return ret;
}

long sys_pwrite64(unsigned int fd, const char __user *buf, size_t len, loff_t pos)
{
	struct fd f;
	long ret;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	ret = f.file->f_mode & FMODE_LSEEK ? vfs_write(f.file, buf, len, &pos) : -ESPIPE;
	fdput(f);
	return ret;
}

long sys_lseek(unsigned int fd, loff_t off, unsigned int whence)
{
	struct fd f = fdget_pos(fd);
	long ret;

	if (!f.file)
		return -EBADF;
	ret = whence <= SEEK_HOLE ? vfs_llseek(f.file, off, whence) : -EINVAL;
	fdput_pos(f);
	return ret;
}

/* fs.h. Page-cache files only. */
kssize_t kernel_read(struct file *file, void *buf, size_t len, loff_t *pos)
{
	kssize_t n;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!file->f_mapping)
		return -EINVAL;
	n = filemap_read_kernel(file->f_mapping, *pos, buf, len);
	if (n > 0)
		*pos += n;
	return n;
}

/* read_write.h */
kssize_t copy_file(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len)
{
	kssize_t n = limit_file_size(out, *out_pos, len);

	if (n <= 0)
		return n;
	down_write(&out->f_inode->i_rwsem);
	if (IS_SWAPFILE(out->f_inode)) {
		n = -ETXTBSY;
	} else {
		file_remove_privs(out->f_inode);
		n = filemap_copy(in->f_mapping, in_pos, out->f_mapping, out_pos, n);
	}
	up_write(&out->f_inode->i_rwsem);
	return n > 0 ? generic_write_sync(out, n) : n;
}

/* fs.h. Page-cache files only. */
kssize_t kernel_write(struct file *file, const void *buf, size_t len, loff_t *pos)
{
	kssize_t n;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!file->f_mapping)
		return -EINVAL;
	down_write(&file->f_inode->i_rwsem);
	n = IS_SWAPFILE(file->f_inode) ? -ETXTBSY : 0;
	if (!n) {
		file_remove_privs(file->f_inode);
		n = filemap_write_kernel(file->f_mapping, pos, buf, len);
	}
	up_write(&file->f_inode->i_rwsem);
	return n > 0 ? generic_write_sync(file, n) : n;
}
