/*
 * attr.c - system calls that change or ask attributes: access, chmod, chown, truncate, utimes.
 *
 * Locks:  i_rwsem for writing around notify_change().
 * Above:  the system call table.   Below: inode.c.   In Linux: fs/open.c, fs/utimes.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"

/* Does @attr to what @path is; checks as notify_change, and a read-only mount. */
static long change_path(const struct path *path, struct iattr *attr)
{
	struct inode *inode = path->dentry->d_inode;
	long err;

	err = mnt_want_write(path->mnt);
	if (err)
		return err;
	down_write(&inode->i_rwsem);
	err = notify_change(path->dentry, attr, true);
	up_write(&inode->i_rwsem);
	mnt_drop_write(path->mnt);
	return err;
}

static long change_at(int dfd, const char __user *name, unsigned int lookup, struct iattr *attr)
{
	struct path path;
	long err = user_path_at(dfd, name, lookup, &path);

	if (err)
		return err;
	err = change_path(&path, attr);
	path_put(&path);
	return err;
}

static long change_fd(unsigned int fd, struct iattr *attr)
{
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = change_path(&f.file->f_path, attr);
	fdput(f);
	return err;
}

static long access_path(const struct path *path, int mode)
{
	struct inode *inode = path->dentry->d_inode;
	int err;

	if (mode & X_OK && S_ISREG(inode->i_mode) && path->mnt->mnt_flags & MS_NOEXEC)
		return -EACCES;
	err = inode_permission(inode, mode);
	if (!err && mode & W_OK && mnt_is_readonly(path->mnt) && !S_ISCHR(inode->i_mode) &&
	    !S_ISBLK(inode->i_mode) && !S_ISFIFO(inode->i_mode))
		err = -EROFS;
	return err;
}

/* System calls: syscalls.h. */
long sys_faccessat2(int dfd, const char __user *name, int mode, int flags)
{
	const struct cred *old = NULL;
	struct path path;
	long err;

	if (mode & ~(R_OK | W_OK | X_OK) ||
	    flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_EACCESS)) {
		old = fs_override_real_ids();
		if (!old)
			return -ENOMEM;
	}
	err = user_path_at(dfd, name, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			   (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &path);
	if (!err) {
		err = access_path(&path, mode);
		path_put(&path);
	}
	if (old)
		fs_revert_creds(old);
	return err;
}
long sys_faccessat(int dfd, const char __user *path, int mode)
{
	return sys_faccessat2(dfd, path, mode, 0);
}
long sys_access(const char __user *path, int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

long sys_fchmodat(int dfd, const char __user *path, umode_t mode)
{
	struct iattr attr = { .valid = ATTR_MODE, .mode = mode };

	return change_at(dfd, path, LOOKUP_FOLLOW, &attr);
}
long sys_chmod(const char __user *path, umode_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}
long sys_fchmod(unsigned int fd, umode_t mode)
{
	struct iattr attr = { .valid = ATTR_MODE, .mode = mode };

	return change_fd(fd, &attr);
}

/* -1 leaves an id as it is. */
static struct iattr chown_attr(kuid_t uid, kgid_t gid)
{
	return (struct iattr){
		.valid = (uid != (kuid_t)-1 ? ATTR_UID : 0) | (gid != (kgid_t)-1 ? ATTR_GID : 0),
		.uid = uid, .gid = gid,
	};
}
long sys_fchownat(int dfd, const char __user *path, kuid_t uid, kgid_t gid, int flags)
{
	struct iattr attr = chown_attr(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dfd, path, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			 (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &attr);
}
long sys_chown(const char __user *path, kuid_t uid, kgid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}
long sys_lchown(const char __user *path, kuid_t uid, kgid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}
long sys_fchown(unsigned int fd, kuid_t uid, kgid_t gid)
{
	struct iattr attr = chown_attr(uid, gid);

	return change_fd(fd, &attr);
}

/* => @file: the opener's, for RLIMIT_FSIZE's signal; NULL for truncate(2). */
static long do_truncate(const struct path *path, struct file *file, loff_t len)
{
	struct iattr attr = { .valid = ATTR_SIZE, .size = len };
	struct inode *inode = path->dentry->d_inode;
	long err;

	if (len > READ_ONCE(inode->i_size)) {
		kssize_t room = len ? limit_file_size(file, len - 1, 1) : 1;

		if (room < 0)
			return room;
	}
	down_write(&inode->i_rwsem);
	if (file && file->f_op->truncate) {
		err = fsnotify_change(path->dentry, ATTR_SIZE, file->f_op->truncate(file, len));
	} else {
		file_remove_privs(inode);
		err = notify_change(path->dentry, &attr, false);
	}
	up_write(&inode->i_rwsem);
	return err;
}

/* => @path is wanted for writing */
static long truncate_path(const struct path *path, loff_t len)
{
	struct inode *inode = path->dentry->d_inode;
	long err = inode_permission(inode, MAY_WRITE);

	if (!err)
		err = get_write_access(inode);
	if (err)
		return err;
	err = do_truncate(path, NULL, len);
	put_write_access(inode);
	return err;
}

long sys_truncate(const char __user *name, long len)
{
	struct inode *inode;
	struct path path;
	long err;

	if (len < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	inode = path.dentry->d_inode;
	err = S_ISDIR(inode->i_mode) ? -EISDIR : !S_ISREG(inode->i_mode) ? -EINVAL :
	      mnt_want_write(path.mnt);
	if (!err) {
		err = truncate_path(&path, len);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return err;
}

long sys_ftruncate(unsigned int fd, long len)
{
	struct fd f;
	long err;

	if (len < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->f_inode->i_mode) || !(f.file->f_mode & FMODE_WRITE))
		err = -EINVAL;
	else
		err = do_truncate(&f.file->f_path, f.file, len);
	fdput(f);
	return err;
}

static long do_fallocate(struct file *file, int mode, loff_t off, loff_t len)
{
	umode_t type = file->f_inode->i_mode;
	long err;

	if (mode & ~FALLOC_FL_ALL || (mode & FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE)))
		return -EOPNOTSUPP;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISFIFO(type))
		return -ESPIPE;
	if (S_ISDIR(type))
		return -EISDIR;
	if (!S_ISREG(type) && !S_ISBLK(type))
		return -ENODEV;
	if (off > 0x7fffffffffffffffL - len)
		return -EFBIG;
	if (!file->f_op->fallocate)
		return -EOPNOTSUPP;
	err = file->f_op->fallocate(file, mode, off, len);
	if (!err)
		fsnotify_file(file, IN_MODIFY);
	return err;
}

long sys_fallocate(int fd, int mode, loff_t off, loff_t len)
{
	struct fd f;
	long err;

	if (off < 0 || len <= 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = do_fallocate(f.file, mode, off, len);
	fdput(f);
	return err;
}

static bool valid_nsec(const struct timespec *t)
{
	return t->tv_nsec == UTIME_NOW || t->tv_nsec == UTIME_OMIT ||
	       (t->tv_nsec >= 0 && t->tv_nsec < 1000000000L);
}

/* Who may set times: the owner any, who may write only "now": utimensat(2). */
static long utimes_allowed(struct inode *inode, bool now_only)
{
	if (inode_owner_or_capable(inode))
		return 0;
	if (!now_only)
		return -EPERM;
	return inode_permission(inode, MAY_WRITE);
}

static long set_times(const struct path *path, const struct timespec *times)
{
	struct inode *inode = path->dentry->d_inode;
	struct timespec now = current_time();
	struct iattr attr = { .valid = 0 };
	bool now_only = !times || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW);
	long err;

	if (!times || times[0].tv_nsec != UTIME_OMIT) {
		attr.valid |= ATTR_ATIME;
		attr.atime = !times || times[0].tv_nsec == UTIME_NOW ? now : times[0];
	}
	if (!times || times[1].tv_nsec != UTIME_OMIT) {
		attr.valid |= ATTR_MTIME;
		attr.mtime = !times || times[1].tv_nsec == UTIME_NOW ? now : times[1];
	}
	if (!attr.valid)
		return 0;
	err = utimes_allowed(inode, now_only);
	return err ? err : change_path(path, &attr);
}

static long do_utimes(int dfd, const char __user *name, const struct timespec *times, int flags)
{
	struct path path;
	struct fd f;
	long err;

	if (times && (!valid_nsec(&times[0]) || !valid_nsec(&times[1])))
		return -EINVAL;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && dfd != AT_FDCWD) {		/* futimens(3) */
		if (flags)
			return -EINVAL;
		f = fdget(dfd);
		if (!f.file)
			return -EBADF;
		err = set_times(&f.file->f_path, times);
		fdput(f);
		return err;
	}
	err = user_path_at(dfd, name, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			   (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &path);
	if (err)
		return err;
	err = set_times(&path, times);
	path_put(&path);
	return err;
}

long sys_utimensat(int dfd, const char __user *name, struct timespec __user *utimes, int flags)
{
	struct timespec times[2];

	if (utimes && copy_from_user(times, utimes, sizeof(times)))
		return -EFAULT;
	return do_utimes(dfd, name, utimes ? times : NULL, flags);
}

long sys_futimesat(int dfd, const char __user *name, struct timeval __user *utimes)
{
	struct timespec times[2];
	struct timeval tv[2];

	if (!utimes)
		return do_utimes(dfd, name, NULL, 0);
	if (copy_from_user(tv, utimes, sizeof(tv)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i] = (struct timespec){ tv[i].tv_sec, tv[i].tv_usec * 1000 };
	}
	return do_utimes(dfd, name, times, 0);
}

long sys_utimes(const char __user *name, struct timeval __user *times)
{
	return sys_futimesat(AT_FDCWD, name, times);
}

long sys_utime(const char __user *name, struct utimbuf __user *utimes)
{
	struct timespec times[2];
	struct utimbuf buf;

	if (!utimes)
		return do_utimes(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(&buf, utimes, sizeof(buf)))
		return -EFAULT;
	times[0] = (struct timespec){ buf.actime, 0 };
	times[1] = (struct timespec){ buf.modtime, 0 };
	return do_utimes(AT_FDCWD, name, times, 0);
}
