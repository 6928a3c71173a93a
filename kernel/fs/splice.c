/*
 * splice.c - sendfile(2), copy_file_range(2): from file to file inside the kernel.
 *
 * Idea:   between files with pages, a page at a time through a bounce page. Where
 *         either side has none (a terminal, a pipe, /proc) the answer is EINVAL, as
 *         Linux says for files that cannot be spliced; programs then use read and write.
 * Locks:  the target's i_rwsem for each piece (kernel_write).
 * Above:  the system call table.   In Linux: fs/splice.c, fs/read_write.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/uio.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"

/* Up to @len bytes; both positions move. Bytes, or -errno if none. */
static kssize_t copy_range(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			   size_t len)
{
	char *buf = __get_free_pages(GFP_KERNEL, 0);
	kssize_t done = 0, n = 0;

	if (!buf)
		return -ENOMEM;
	while ((size_t)done < len) {
		size_t want = MIN(len - done, PAGE_SIZE);
		loff_t from = *in_pos;

		n = kernel_read(in, buf, want, &from);
		if (n <= 0)
			break;
		n = limit_file_size(out, *out_pos, n);
		if (n > 0)
			n = kernel_write(out, buf, n, out_pos);
		if (n <= 0)
			break;
		*in_pos += n;
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	free_pages_address(buf, 0);
	account_read(done);
	account_write(done);
	if (done)
		inode_touch(out->f_inode);
	return done ? done : n;
}

static long check_files(struct file *in, struct file *out)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISDIR(in->f_inode->i_mode) || S_ISDIR(out->f_inode->i_mode))
		return -EISDIR;
	if (!in->f_mapping || !out->f_mapping || !S_ISREG(out->f_inode->i_mode))
		return -EINVAL;
	return IS_SWAPFILE(out->f_inode) ? -ETXTBSY : 0;
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
			ret = copy_between(fin.file, in_off, fout.file, out_off, len);
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

long sys_sendfile64(int out, int in, loff_t __user *off, size_t count)
{
	struct fd fin = fdget(in), fout;
	long ret = -EBADF;

	if (!fin.file)
		return -EBADF;
	fout = fdget(out);
	if (fout.file) {
		ret = check_files(fin.file, fout.file);
		if (!ret && fout.file->f_flags & O_APPEND)
			ret = -EINVAL;
		if (!ret)
			ret = copy_between(fin.file, off, fout.file, NULL, count);
		fdput(fout);
	}
	fdput(fin);
	return ret;
}

/* Pages are not moved through pipes here: programs fall back to read and write. */
long sys_splice(int in, loff_t __user *in_off, int out, loff_t __user *out_off, size_t len,
		unsigned int flags)
{
	return -EINVAL;
}
