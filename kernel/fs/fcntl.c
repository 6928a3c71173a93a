/*
 * fcntl.c - fcntl(2) and ioctl(2): what is not one file's own business.
 *
 * Locks:  none; f_flags is changed by whole-word stores.
 * Above:  the system call table.   Below: fd.c, locks.c.   In Linux: fs/fcntl.c, fs/ioctl.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/fs/direct_io.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/syscalls.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/x86/uaccess.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)	/* fcntl(2), F_SETFL */

static long setfl(struct file *file, unsigned long arg)
{
	if (arg & O_NOATIME && !(file->f_flags & O_NOATIME) &&
	    file->f_inode->i_uid != fs_current_fsuid() && !fs_capable(CAP_FOWNER))
		return -EPERM;
	if (arg & O_DIRECT && !can_direct_io(file->f_inode))
		return -EINVAL;
	WRITE_ONCE(file->f_flags, (arg & SETFL_MASK) | (file->f_flags & ~SETFL_MASK));
	return 0;
}

static long do_fcntl(unsigned int fd, struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return fcntl_dupfd(fd, cmd, arg);
	case F_GETFD:
	case F_SETFD:
		return fcntl_fd_flags(fd, cmd, arg);
	case F_GETFL:
		return file->f_flags & ~O_CLOEXEC;
	case F_SETFL:
		return setfl(file, arg);
	case F_GETLK:
	case F_OFD_GETLK:
		return fcntl_getlk(file, cmd, arg);
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_setlk(fd, file, cmd, arg);
	case F_GETOWN:
		return file->f_owner;
	case F_SETOWN:
		file->f_owner = arg;
		return 0;
	case F_GETSIG:
		return 0;
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		return pipe_fcntl(file, cmd, arg);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return tmpfs_fcntl_seals(file, cmd, arg);
	default:
		return -EINVAL;
	}
}

static bool allowed_on_path_fd(unsigned int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD ||
	       cmd == F_GETFL;
}

/* syscalls.h */
long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget_raw(fd);
	long ret = -EBADF;

	if (!f.file)
		return ret;
	if (!(f.file->f_mode & FMODE_PATH) || allowed_on_path_fd(cmd))
		ret = do_fcntl(fd, f.file, cmd, arg);
	fdput(f);
	return ret;
}

static long ioctl_fionbio(struct file *file, int __user *arg)
{
	int on;

	if (get_user(on, arg))
		return -EFAULT;
	WRITE_ONCE(file->f_flags, on ? file->f_flags | O_NONBLOCK : file->f_flags & ~O_NONBLOCK);
	return 0;
}

/* FIBMAP: the disk's block behind a file's block; 0: a hole. For the administrator (swap, boot). */
static long ioctl_fibmap(struct inode *inode, int __user *arg)
{
	int block, err;
	u64 phys = 0;
	u32 run = 1;

	if (!fs_capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (get_user(block, arg))
		return -EFAULT;
	if (block < 0 || !inode->i_op->bmap)
		return -EINVAL;
	err = inode->i_op->bmap(inode, block, &phys, &run);
	if (!err && phys > INT32_MAX)
		err = -ERANGE;
	if (put_user(err ? 0 : (int)phys, arg))
		return -EFAULT;
	return err;
}

static long ioctl_figetbsz(struct inode *inode, int __user *arg)
{
	unsigned int size = inode->i_sb->s_blocksize;

	return put_user(size ? (int)size : (int)PAGE_SIZE, arg);
}

static long do_ioctl(unsigned int fd, struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	switch (cmd) {
	case FIOCLEX:
		return fcntl_fd_flags(fd, F_SETFD, FD_CLOEXEC);
	case FIONCLEX:
		return fcntl_fd_flags(fd, F_SETFD, 0);
	case FIONBIO:
		return ioctl_fionbio(file, (int __user *)arg);
	case FIGETBSZ:
		return ioctl_figetbsz(file->f_inode, (int __user *)arg);
	case FIBMAP:
		if (S_ISREG(file->f_inode->i_mode))
			return ioctl_fibmap(file->f_inode, (int __user *)arg);
		break;
	case FIONREAD:
		if (S_ISREG(file->f_inode->i_mode))
			return put_user((int)(READ_ONCE(file->f_inode->i_size) - file->f_pos),
					(int __user *)arg);
		break;
	}
	ret = file->f_op->ioctl ? file->f_op->ioctl(file, cmd, arg) : -ENOTTY;
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/* syscalls.h */
long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget(fd);
	long ret;

	if (!f.file)
		return -EBADF;
	ret = do_ioctl(fd, f.file, cmd, arg);
	fdput(f);
	return ret;
}
