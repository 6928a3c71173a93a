/*
 * memfd.c - memfd_create(2): a RAM file without a name. Seals are not kept.
 *
 * Locks:  none of its own.
 * Above:  the system call table.   Below: ramfs.c.   In Linux: mm/memfd.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/memfd.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define MFD_NAME_MAX (NAME_MAX - 6)	/* memfd_create(2): 249, "memfd:" included in NAME_MAX */

static struct vfsmount *memfd_mnt;	/* c: a ramfs that nobody can reach */

/* memfd.h */
void memfd_init(void)
{
	memfd_mnt = kern_mount(&rootfs_type);
	BUG_ON(IS_ERR(memfd_mnt));
}

static struct file *memfd_file(const char *name)
{
	char *text = kasprintf(GFP_KERNEL, "/memfd:%s (deleted)", name);
	struct inode *inode = ramfs_get_inode(memfd_mnt->mnt_sb, NULL, S_IFREG | 0777, 0);
	struct file *file;
	struct path path;
	int err = -ENOMEM;

	if (!text || !inode) {
		iput(inode);
	} else {
		inode->i_nlink = 0;
		err = pseudo_path_init(&path, memfd_mnt, text, inode);
	}
	kfree(text);
	if (err)
		return ERR_PTR(err);
	file = alloc_file(&path, O_RDWR | O_LARGEFILE, &ramfs_file_operations);
	if (IS_ERR(file))
		return file;
	file->f_mapping = &inode->i_data;
	file->f_mode |= FMODE_LSEEK | FMODE_ATOMIC_POS;
	if (!get_write_access(inode))
		file->f_mode |= FMODE_WRITER;
	return file;
}

/* syscalls.h */
long sys_memfd_create(const char __user *uname, unsigned int flags)
{
	char name[MFD_NAME_MAX + 1];
	struct file *file;
	long len;

	if (flags & ~MFD_CLOEXEC)
		return -EINVAL;		/* MFD_ALLOW_SEALING, MFD_HUGETLB: not here */
	len = strncpy_from_user(name, uname, sizeof(name));
	if (len < 0)
		return len;
	if (len == sizeof(name))
		return -EINVAL;
	file = memfd_file(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return receive_fd_install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
