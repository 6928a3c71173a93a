/*
 * splice.c - from file to file inside the kernel: sendfile, copy_file_range, splice, tee, vmsplice.
 *
 * Idea:   between files with pages, from page to page (filemap_copy). A pipe's
 *         buffers are pages: a file's own, or written to one, or shared
 *         with another pipe (pipe.c does that). A device without pages can be a target
 *         if it takes kernel memory (write_kernel), through a bounce page; the others are EINVAL,
 *         as on Linux.
 * Locks:  a pipe's mutex, then the target's i_rwsem for each piece (kernel_write, copy_file).
 * Above:  the system call table.   Below: pipe.c.   In Linux: fs/splice.c, fs/read_write.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/uio.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"

/* pipe.h */
kssize_t splice_write(struct file *out, const void *buf, size_t len, loff_t *pos)
{
	kssize_t n;

	if (out->f_op->write_kernel)
		return out->f_op->write_kernel(out, buf, len, pos);
	n = limit_file_size(out, *pos, len);
	return n > 0 ? kernel_write(out, buf, n, pos) : n;
}

#define COPY_CHUNK (16 * PAGE_SIZE)	/* then others may write to the file, too */

/* To a device, through @buf, a page: at most that much. Both positions move. Bytes, or -errno */
static kssize_t copy_to_device(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			       size_t len, char *buf)
{
	loff_t from = *in_pos;
	kssize_t n = kernel_read(in, buf, MIN(len, PAGE_SIZE), &from);

	if (n > 0)
		n = splice_write(out, buf, n, out_pos);
	if (n > 0)
		*in_pos += n;
	return n;
}

/* Up to @len bytes; both positions move. Bytes, or -errno if none. */
static kssize_t copy_range(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			   size_t len)
{
	char *buf = out->f_op->write_kernel ? __get_free_pages(GFP_KERNEL, 0) : NULL;
	kssize_t done = 0, n = 0;

	if (out->f_op->write_kernel && !buf)
		return -ENOMEM;
	while ((size_t)done < len) {
		n = buf ? copy_to_device(in, in_pos, out, out_pos, len - done, buf)
			: copy_file(in, in_pos, out, out_pos, MIN(len - done, COPY_CHUNK));
		if (n <= 0)
			break;
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	if (buf)
		free_pages_address(buf, 0);
	fsnotify_access(in, done);
	fsnotify_modify(out, done);
	if (done)
		inode_touch(out->f_inode);
	return done ? done : n;
}

/* copy_file_range(2) is for regular files only. */
static long check_files(struct file *in, struct file *out)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISDIR(in->f_inode->i_mode) || S_ISDIR(out->f_inode->i_mode))
		return -EISDIR;
	if (!in->f_mapping || !out->f_mapping || !S_ISREG(in->f_inode->i_mode) ||
	    !S_ISREG(out->f_inode->i_mode))
		return -EINVAL;
	return IS_SWAPFILE(out->f_inode) ? -ETXTBSY : 0;
}

/* May @in be read, and @out be written, by splice? 0, -EBADF, -EINVAL */
static long check_source(const struct file *in)
{
	if (!(in->f_mode & FMODE_READ))
		return -EBADF;
	return is_pipe(in) || in->f_mapping ? 0 : -EINVAL;
}
static long check_target(const struct file *out)
{
	if (!(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (is_pipe(out) || out->f_op->write_kernel)
		return 0;
	return !out->f_mapping || out->f_flags & O_APPEND ? -EINVAL : 0;
}

static long copy_between(struct file *in, loff_t __user *uin, struct file *out, loff_t __user *uout,
			 size_t len)
{
	loff_t in_pos = in->f_pos, out_pos = out->f_pos;
	long ret;

	if ((uin && get_user(in_pos, uin)) || (uout && get_user(out_pos, uout)))
		return -EFAULT;
	if (in_pos < 0 || out_pos < 0)
		return -EINVAL;
	len = MIN(len, MAX_RW_COUNT);
	if (in->f_inode == out->f_inode && in_pos < out_pos + (loff_t)len &&
	    out_pos < in_pos + (loff_t)len)
		return -EINVAL;		/* they overlap */
	ret = copy_range(in, &in_pos, out, &out_pos, len);
	if (ret <= 0)
		return ret;
	if (uin ? put_user(in_pos, uin) : (in->f_pos = in_pos, 0))
		return -EFAULT;
	if (uout ? put_user(out_pos, uout) : (out->f_pos = out_pos, 0))
		return -EFAULT;
	return ret;
}

/* For /proc/<pid>/io a copy is a read and a write, also one that failed. */
static long account_copy(long ret)
{
	account_read(ret);
	account_write(ret);
	return ret;
}

/* System calls: syscalls.h. */
long sys_copy_file_range(int in, loff_t __user *in_off, int out, loff_t __user *out_off, size_t len,
			 unsigned int flags)
{
	struct fd fin, fout;
	long ret = -EBADF;

	if (flags)
		return -EINVAL;
	fin = fdget(in);
	if (!fin.file)
		return -EBADF;
	fout = fdget(out);
	if (fout.file) {
		ret = check_files(fin.file, fout.file);
		if (!ret && fout.file->f_flags & O_APPEND)
			ret = -EBADF;
		if (!ret)
			ret = account_copy(copy_between(fin.file, in_off, fout.file, out_off, len));
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

/* sendfile(2) into a pipe: its pages are filled directly. */
static long sendfile_to_pipe(struct file *in, loff_t __user *uoff, struct file *out, size_t len)
{
	loff_t pos = in->f_pos;
	long ret;

	if (uoff && get_user(pos, uoff))
		return -EFAULT;
	if (pos < 0)
		return -EINVAL;
	ret = file_to_pipe(in, &pos, out, MIN(len, MAX_RW_COUNT), out->f_flags & O_NONBLOCK);
	if (ret > 0 && uoff)
		return put_user(pos, uoff) ? -EFAULT : ret;
	if (ret > 0)
		in->f_pos = pos;
	return ret;
}

static long do_sendfile(struct file *in, loff_t __user *off, struct file *out, size_t len)
{
	long ret = check_source(in);

	if (!ret)
		ret = check_target(out);
	if (ret == -EBADF || (is_pipe(in) && off))
		return ret == -EBADF ? ret : -ESPIPE;
	if (!ret && (is_pipe(in) || S_ISDIR(in->f_inode->i_mode)))
		ret = -EINVAL;
	if (!ret)
		ret = is_pipe(out) ? sendfile_to_pipe(in, off, out, len)
				   : copy_between(in, off, out, NULL, len);
	return account_copy(ret);
}

long sys_sendfile64(int out, int in, loff_t __user *off, size_t count)
{
	struct fd fin = fdget(in), fout;
	long ret = -EBADF;

	if (!fin.file)
		return -EBADF;
	fout = fdget(out);
	if (fout.file) {
		ret = do_sendfile(fin.file, off, fout.file, count);
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

#define SPLICE_F_NONBLOCK 2
#define SPLICE_F_ALL 15			/* MOVE, NONBLOCK, MORE, GIFT */

/* One side is a pipe, the other a file with a position of its own or the caller's. */
static long splice_file(struct file *in, struct file *out, loff_t __user *uoff, size_t len,
			bool nonblock)
{
	struct file *file = is_pipe(in) ? out : in;
	loff_t pos = file->f_pos;
	long ret;

	if (uoff && (file->f_mode & FMODE_STREAM))
		return -EINVAL;
	if (uoff && get_user(pos, uoff))
		return -EFAULT;
	if (pos < 0)
		return -EINVAL;
	ret = is_pipe(in) ? pipe_to_file(in, out, &pos, len, nonblock)
			  : file_to_pipe(in, &pos, out, len, nonblock);
	if (ret > 0 && uoff)
		return put_user(pos, uoff) ? -EFAULT : ret;
	if (ret > 0)
		file->f_pos = pos;
	return ret;
}

static long do_splice(struct file *in, loff_t __user *in_off, struct file *out,
		      loff_t __user *out_off, size_t len, unsigned int flags)
{
	bool nonblock = flags & SPLICE_F_NONBLOCK;
	long ret;

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if ((in_off && is_pipe(in)) || (out_off && is_pipe(out)))
		return -ESPIPE;
	if (!is_pipe(in) && !is_pipe(out))
		return -EINVAL;
	ret = check_source(in);
	if (!ret)
		ret = check_target(out);
	if (ret)
		return ret;
	len = MIN(len, MAX_RW_COUNT);
	if (is_pipe(in) && is_pipe(out)) {
		if (in->private_data == out->private_data)
			return -EINVAL;
		nonblock |= (in->f_flags | out->f_flags) & O_NONBLOCK;
		return pipe_to_pipe(in, out, len, nonblock, false);
	}
	nonblock |= (is_pipe(in) ? in : out)->f_flags & O_NONBLOCK;
	return splice_file(in, out, in_off ? in_off : out_off, len, nonblock);
}

long sys_splice(int in, loff_t __user *in_off, int out, loff_t __user *out_off, size_t len,
		unsigned int flags)
{
	struct fd fin, fout;
	long ret = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	fin = fdget(in);
	if (!fin.file)
		return -EBADF;
	fout = fdget(out);
	if (fout.file) {
		ret = do_splice(fin.file, in_off, fout.file, out_off, len, flags);
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

static long do_tee(struct file *in, struct file *out, size_t len, bool nonblock)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!is_pipe(in) || !is_pipe(out) || in->private_data == out->private_data)
		return -EINVAL;
	nonblock |= (in->f_flags | out->f_flags) & O_NONBLOCK;
	return pipe_to_pipe(in, out, MIN(len, MAX_RW_COUNT), nonblock, true);
}

long sys_tee(int in, int out, size_t len, unsigned int flags)
{
	struct fd fin, fout;
	long ret = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	fin = fdget(in);
	if (!fin.file)
		return -EBADF;
	fout = fdget(out);
	if (fout.file) {
		ret = do_tee(fin.file, fout.file, len, flags & SPLICE_F_NONBLOCK);
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

/* The vector, piece by piece; what was done before an error counts. */
static long vmsplice_vector(struct file *file, struct iovec *vec, unsigned long n, bool nonblock)
{
	long done = 0;

	for (unsigned long i = 0; i < n; i++) {
		size_t len = vec[i].iov_len;
		kssize_t did = file->f_mode & FMODE_WRITE
				       ? pipe_write_user(file, vec[i].iov_base, len, nonblock)
				       : pipe_read_user(file, vec[i].iov_base, len, nonblock || done);

		if (did < 0)
			return done ? done : did;
		done += did;
		if ((size_t)did < len)
			break;
	}
	return done;
}

/* The data is copied: the caller may write to its pages at once, gift or not. */
long sys_vmsplice(int fd, const struct iovec __user *uvec, unsigned long n, unsigned int flags)
{
	struct iovec fast[UIO_FASTIOV], *vec;
	struct fd f;
	long ret = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (is_pipe(f.file) && f.file->f_mode & (FMODE_READ | FMODE_WRITE)) {
		vec = import_iovec(uvec, n, fast);
		ret = IS_ERR(vec) ? PTR_ERR(vec)
				  : vmsplice_vector(f.file, vec, n,
						    flags & SPLICE_F_NONBLOCK ||
							    f.file->f_flags & O_NONBLOCK);
		if (!IS_ERR(vec))
			free_iovec(vec, fast);
	}
	fdput(f);
	return ret;
}
