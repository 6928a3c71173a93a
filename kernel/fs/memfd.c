/*
 * memfd.c - memfd_create(2): a tmpfs file without a name, which can be sealed.
 *
 * Locks:  none of its own.
 * Above:  the system call table.   Below: tmpfs.c.   In Linux: mm/memfd.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/syscalls.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/x86/uaccess.h"
#include "mm/shmem.h"
#include "mm/slab.h"

#define MFD_NAME_MAX (NAME_MAX - 6)	/* memfd_create(2): 249, "memfd:" included in NAME_MAX */

static struct file *memfd_file(const char *name)
{
	struct vfsmount *mnt;
	char *text = kasprintf(GFP_KERNEL, "/memfd:%s (deleted)", name);
	struct inode *inode = tmpfs_unnamed_file(0777, &mnt);
	struct file *file;
	struct path path;
	int err = -ENOMEM;

	if (!text || !inode)
		iput(inode);
	else
		err = pseudo_path_init(&path, mnt, text, inode);
	kfree(text);
	if (err)
		return ERR_PTR(err);
	file = alloc_file(&path, O_RDWR | O_LARGEFILE, &tmpfs_file_operations);
	if (IS_ERR(file))
		return file;
	file->f_mapping = &inode->i_data;
	file->f_mode |= FMODE_LSEEK | FMODE_ATOMIC_POS;
	if (!get_write_access(inode)) {
		BUG_ON(mnt_want_write(mnt));	/* its mount is not to be remounted */
		file->f_mode |= FMODE_WRITER;
	}
	return file;
}

/* syscalls.h */
long sys_memfd_create(const char __user *uname, unsigned int flags)
{
	char name[MFD_NAME_MAX + 1];
	struct file *file;
	long len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;		/* MFD_HUGETLB: not here */
	len = strncpy_from_user(name, uname, sizeof(name));
	if (len < 0)
		return len;
	if (len == sizeof(name))
		return -EINVAL;
	file = memfd_file(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (flags & MFD_ALLOW_SEALING)
		file->f_mapping->shmem->seals = 0;
	return receive_fd_install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
