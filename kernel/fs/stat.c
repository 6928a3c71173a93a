/*
 * stat.c - stat(2), statx(2), readlink(2), statfs(2).
 *
 * Locks:  none: fields are read as they stand, as in Linux.
 * Above:  the system call table.   Below: namei.c, inode.c.   In Linux: fs/stat.c, fs/statfs.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"

/* fs.h */
int vfs_getattr(const struct path *path, struct kstat *stat)
{
	struct inode *inode = path->dentry->d_inode;
	int err = 0;

	generic_fillattr(inode, stat);
	if (inode->i_op->getattr)
		err = inode->i_op->getattr(path->dentry, stat);
	stat->mnt_id = path->mnt->mnt_id;
	stat->mount_root = path->dentry == path->mnt->mnt_root;
	return err;
}

static int stat_path(int dfd, const char __user *name, unsigned int flags, struct kstat *stat)
{
	struct path path;
	int err = user_path_at(dfd, name, flags, &path);

	if (err)
		return err;
	err = vfs_getattr(&path, stat);
	path_put(&path);
	return err;
}

static int stat_fd(unsigned int fd, struct kstat *stat)
{
	struct fd f = fdget_raw(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = vfs_getattr(&f.file->f_path, stat);
	fdput(f);
	return err;
}

static long copy_stat(const struct kstat *k, struct stat __user *ust)
{
	struct stat st = {
		.st_dev = new_encode_dev(k->dev), .st_ino = k->ino, .st_nlink = k->nlink,
		.st_mode = k->mode, .st_uid = k->uid, .st_gid = k->gid,
		.st_rdev = new_encode_dev(k->rdev), .st_size = k->size, .st_blksize = k->blksize,
		.st_blocks = k->blocks,
		.st_atime = k->atime.tv_sec, .st_atime_nsec = k->atime.tv_nsec,
		.st_mtime = k->mtime.tv_sec, .st_mtime_nsec = k->mtime.tv_nsec,
		.st_ctime = k->ctime.tv_sec, .st_ctime_nsec = k->ctime.tv_nsec,
	};

	return copy_to_user(ust, &st, sizeof(st)) ? -EFAULT : 0;
}

/* fstatat(2) with AT_EMPTY_PATH and "" is fstat. */
static int stat_at(int dfd, const char __user *name, int flags, struct kstat *stat)
{
	unsigned int lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	char first;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		lookup |= LOOKUP_EMPTY;
		if (dfd >= 0 && !get_user(first, name) && !first)
			return stat_fd(dfd, stat);
	}
	return stat_path(dfd, name, lookup, stat);
}

/* System calls: syscalls.h. */
long sys_newstat(const char __user *path, struct stat __user *st)
{
	struct kstat k;
	long err = stat_path(AT_FDCWD, path, LOOKUP_FOLLOW, &k);

	return err ? err : copy_stat(&k, st);
}

long sys_newlstat(const char __user *path, struct stat __user *st)
{
	struct kstat k;
	long err = stat_path(AT_FDCWD, path, 0, &k);

	return err ? err : copy_stat(&k, st);
}

long sys_newfstat(unsigned int fd, struct stat __user *st)
{
	struct kstat k;
	long err = stat_fd(fd, &k);

	return err ? err : copy_stat(&k, st);
}

long sys_newfstatat(int dfd, const char __user *path, struct stat __user *st, int flags)
{
	struct kstat k;
	long err = stat_at(dfd, path, flags, &k);

	return err ? err : copy_stat(&k, st);
}

static struct statx_timestamp statx_time(const struct timespec *t)
{
	return (struct statx_timestamp){ .tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec };
}

long sys_statx(int dfd, const char __user *path, unsigned int flags, unsigned int mask,
	       struct statx __user *ustx)
{
	struct statx stx;
	struct kstat k;
	long err;

	if (mask & STATX_RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(dfd, path, flags, &k);
	if (err)
		return err;
	stx = (struct statx){
		.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID,
		.stx_blksize = k.blksize,
		.stx_attributes = k.mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
		.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
		.stx_nlink = k.nlink,
		.stx_uid = k.uid,
		.stx_gid = k.gid,
		.stx_mode = k.mode,
		.stx_ino = k.ino,
		.stx_size = k.size,
		.stx_blocks = k.blocks,
		.stx_atime = statx_time(&k.atime),
		.stx_ctime = statx_time(&k.ctime),
		.stx_mtime = statx_time(&k.mtime),
		.stx_rdev_major = MAJOR(k.rdev),
		.stx_rdev_minor = MINOR(k.rdev),
		.stx_dev_major = MAJOR(k.dev),
		.stx_dev_minor = MINOR(k.dev),
		.stx_mnt_id = k.mnt_id,
	};
	return copy_to_user(ustx, &stx, sizeof(stx)) ? -EFAULT : 0;
}

/* The text of a link; of a magic one, the path of the place. */
static long link_text(const struct path *link, char *buf)
{
	struct inode *inode = link->dentry->d_inode;
	struct path jump = { NULL, NULL };
	long len;
	char *p;

	if (!inode->i_op->readlink)
		return -EINVAL;
	len = inode->i_op->readlink(link->dentry, buf, PATH_MAX, &jump);
	if (len < 0 || !jump.dentry)
		return len;
	p = d_path(&jump, buf, PATH_MAX);
	path_put(&jump);
	if (IS_ERR(p))
		return PTR_ERR(p);
	len = strlen(p);
	memmove(buf, p, len);
	return len;
}

long sys_readlinkat(int dfd, const char __user *name, char __user *ubuf, int size)
{
	struct path path;
	char *buf, *text;
	long len;

	if (size <= 0)
		return -EINVAL;
	text = getname_flags(name, true);
	if (IS_ERR(text))
		return PTR_ERR(text);
	len = filename_lookup(dfd, text, LOOKUP_EMPTY, &path);
	if (!len && !S_ISLNK(path.dentry->d_inode->i_mode)) {
		len = *text ? -EINVAL : -ENOENT;
		path_put(&path);
	}
	putname(text);
	if (len)
		return len;
	buf = alloc_name();
	len = buf ? link_text(&path, buf) : -ENOMEM;
	if (len > size)
		len = size;
	if (len > 0 && copy_to_user(ubuf, buf, len))
		len = -EFAULT;
	putname(buf);
	path_put(&path);
	return len;
}

long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

static long copy_statfs(const struct path *path, struct statfs __user *ust)
{
	struct statfs st;
	long err = vfs_statfs(path, &st);

	return err ? err : copy_to_user(ust, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_statfs(const char __user *name, struct statfs __user *st)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = copy_statfs(&path, st);
	path_put(&path);
	return err;
}

long sys_fstatfs(unsigned int fd, struct statfs __user *st)
{
	struct fd f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = copy_statfs(&f.file->f_path, st);
	fdput(f);
	return err;
}
