/*
 * namei_ops.c - making and removing names: mknod, mkdir, unlink, rmdir, symlink, link, rename.
 *
 * Idea:   each walks to the parent directory, locks it, looks the last component
 *         up, checks what may be done, and asks the file system to do it.
 * Locks:  the parent's i_rwsem for writing. rename between two directories:
 *         rename_lock first, so that the shape of the tree stands still, then the ancestor, then
 *         the other (by address if neither is one). Inside, that of the inode whose names
 *         become more or fewer: a file's names may stand in several directories, so these do not
 *         guard its i_nlink; and a directory that is to go must stay empty until it is gone.
 * Above:  system calls, initramfs.c, devfs.c.   Below: namei.c.   In Linux: fs/namei.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

static DEFINE_MUTEX(rename_lock, LOCK_RENAME);

static umode_t current_umask(void)
{
	return current->fs->umask;
}

/*
 * The directory locked and a negative dentry for the new name, its mount wanted for writing, or an error.
 * @mkdir: a trailing slash is allowed.
 */
static struct dentry *start_create(int dfd, const char *name, struct parent_lookup *pl, bool mkdir)
{
	struct dentry *dentry;
	int err = filename_parent(dfd, name, pl);

	if (err)
		return ERR_PTR(err);
	if (pl->type != LAST_NORM) {
		path_put(&pl->parent);
		return ERR_PTR(-EEXIST);
	}
	down_write(&pl->parent.dentry->d_inode->i_rwsem);
	dentry = lookup_one(pl->parent.dentry, pl->last, pl->len);
	if (IS_ERR(dentry))
		goto unlock;
	err = dentry->d_inode ? -EEXIST :
	      pl->trailing_slash && !mkdir ? -ENOENT :
	      mnt_want_write(pl->parent.mnt);
	if (!err)
		return dentry;
	dput(dentry);
	dentry = ERR_PTR(err);
unlock:
	up_write(&pl->parent.dentry->d_inode->i_rwsem);
	path_put(&pl->parent);
	return dentry;
}

static void end_create(struct parent_lookup *pl, struct dentry *dentry)
{
	dput(dentry);
	up_write(&pl->parent.dentry->d_inode->i_rwsem);
	mnt_drop_write(pl->parent.mnt);
	path_put(&pl->parent);
}

/* namei.h */
int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = may_create(dir, dentry);

	if (err)
		return err;
	if (!dir->i_op->create)
		return -EACCES;
	err = dir->i_op->create(dir, dentry, mode_strip_sgid(dir, (mode & S_IALLUGO) | S_IFREG));
	return fsnotify_create(dir, dentry, 0, err);
}

/* namei.h */
int vfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t dev)
{
	int err = may_create(dir, dentry);

	if (err)
		return err;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !fs_capable(CAP_MKNOD))
		return -EPERM;
	mode = mode_strip_sgid(dir, mode);
	err = dir->i_op->mknod ? dir->i_op->mknod(dir, dentry, mode, dev) : -EPERM;
	return fsnotify_create(dir, dentry, 0, err);
}

/* namei.h */
int do_mknodat(int dfd, const char *name, umode_t mode, kdev_t dev)
{
	struct parent_lookup pl;
	struct dentry *dentry;
	struct inode *dir;
	int err;

	if (S_ISDIR(mode))
		return -EPERM;
	if ((mode & S_IFMT) == 0)
		mode |= S_IFREG;
	if (!S_ISREG(mode) && !S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode) &&
	    !S_ISSOCK(mode))
		return -EINVAL;
	dentry = start_create(dfd, name, &pl, false);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dir = pl.parent.dentry->d_inode;
	mode &= ~current_umask();
	err = S_ISREG(mode) ? vfs_create(dir, dentry, mode) : vfs_mknod(dir, dentry, mode, dev);
	end_create(&pl, dentry);
	return err;
}

/* namei.h */
int mknod_path(const char *name, umode_t mode, struct path *path)
{
	struct parent_lookup pl;
	struct dentry *dentry = start_create(AT_FDCWD, name, &pl, false);
	int err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = vfs_mknod(pl.parent.dentry->d_inode, dentry, mode & ~current_umask(), 0);
	if (!err)
		*path = (struct path){ mntget(pl.parent.mnt), dget(dentry) };
	end_create(&pl, dentry);
	return err;
}

/* namei.h */
int do_mkdirat(int dfd, const char *name, umode_t mode)
{
	struct parent_lookup pl;
	struct dentry *dentry = start_create(dfd, name, &pl, true);
	struct inode *dir;
	int err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dir = pl.parent.dentry->d_inode;
	err = may_create(dir, dentry);
	if (!err)
		err = dir->i_op->mkdir ? dir->i_op->mkdir(dir, dentry, mode & (0777 | S_ISVTX) &
							  ~current_umask()) : -EPERM;
	fsnotify_create(dir, dentry, IN_ISDIR, err);
	end_create(&pl, dentry);
	return err;
}

/* namei.h */
int do_symlinkat(const char *target, int dfd, const char *name)
{
	struct parent_lookup pl;
	struct dentry *dentry = start_create(dfd, name, &pl, false);
	struct inode *dir;
	int err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dir = pl.parent.dentry->d_inode;
	err = may_create(dir, dentry);
	if (!err)
		err = dir->i_op->symlink ? dir->i_op->symlink(dir, dentry, target) : -EPERM;
	fsnotify_create(dir, dentry, 0, err);
	end_create(&pl, dentry);
	return err;
}

static int vfs_link(struct path *old, struct parent_lookup *pl, struct dentry *dentry)
{
	struct inode *dir = pl->parent.dentry->d_inode, *inode = old->dentry->d_inode;
	int err = may_create(dir, dentry);

	if (err)
		return err;
	if (old->mnt != pl->parent.mnt || inode->i_sb != dir->i_sb)
		return -EXDEV;
	if (S_ISDIR(inode->i_mode) || !dir->i_op->link)
		return -EPERM;
	down_write_nested(&inode->i_rwsem);
	err = !inode->i_nlink && !inode->i_unnamed ? -ENOENT :
						     dir->i_op->link(old->dentry, dir, dentry);
	up_write(&inode->i_rwsem);
	if (!err && fsnotify_on())
		fsnotify_tell_inode(inode, IN_ATTRIB);	/* i_nlink */
	return fsnotify_create(dir, dentry, 0, err);
}

/* namei.h */
int do_linkat(int odfd, const char *oname, int ndfd, const char *nname, int flags)
{
	struct parent_lookup pl;
	struct dentry *dentry;
	struct path old;
	int err;

	err = filename_lookup(odfd, oname, (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
			      (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &old);
	if (err)
		return err;
	dentry = start_create(ndfd, nname, &pl, false);
	err = PTR_ERR(dentry);
	if (!IS_ERR(dentry)) {
		err = vfs_link(&old, &pl, dentry);
		end_create(&pl, dentry);
	}
	path_put(&old);
	return err;
}

/* may_delete() has asked, but only now nothing is mounted there any more. => its i_rwsem held */
static bool is_mounted_on(const struct dentry *dentry)
{
	return dentry->d_flags & DCACHE_MOUNTED;
}

/*
 * The name goes, by the file system's @op. => the directory's i_rwsem held, and a reference to the
 * dentry, which keeps the inode
 */
static int remove_by(int (*op)(struct inode *dir, struct dentry *dentry), struct inode *dir,
		     struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	int err;

	if (!op)
		return -EPERM;
	down_write_nested(&inode->i_rwsem);
	err = is_mounted_on(dentry) ? -EBUSY : op(dir, dentry);
	up_write(&inode->i_rwsem);
	return fsnotify_remove(dir, dentry, err);
}

/* namei.h */
int vfs_unlink(struct inode *dir, struct dentry *dentry)
{
	int err = may_delete(dir, dentry, false);

	return err ? err : remove_by(dir->i_op->unlink, dir, dentry);
}

/* namei.h */
int vfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int err = may_delete(dir, dentry, true);

	return err ? err : remove_by(dir->i_op->rmdir, dir, dentry);
}

/* "file/": a name with a slash after it is a directory's. */
static int unlink_slash_error(const struct dentry *dentry)
{
	if (!dentry->d_inode)
		return -ENOENT;
	return S_ISDIR(dentry->d_inode->i_mode) ? -EISDIR : -ENOTDIR;
}

static int remove_last(struct parent_lookup *pl, bool isdir)
{
	struct inode *dir = pl->parent.dentry->d_inode;
	struct dentry *dentry;
	int err = mnt_want_write(pl->parent.mnt);

	if (err)
		return err;
	down_write(&dir->i_rwsem);
	dentry = lookup_one(pl->parent.dentry, pl->last, pl->len);
	if (IS_ERR(dentry)) {
		err = PTR_ERR(dentry);
	} else {
		if (!dentry->d_inode)
			err = -ENOENT;
		else if (isdir)
			err = vfs_rmdir(dir, dentry);
		else
			err = pl->trailing_slash ? unlink_slash_error(dentry)
						 : vfs_unlink(dir, dentry);
	}
	up_write(&dir->i_rwsem);
	if (!IS_ERR(dentry))
		dput(dentry);		/* the inode's pages go here, without the lock */
	mnt_drop_write(pl->parent.mnt);
	return err;
}

/* namei.h */
int do_unlinkat(int dfd, const char *name)
{
	struct parent_lookup pl;
	int err = filename_parent(dfd, name, &pl);

	if (err)
		return err;
	err = pl.type == LAST_NORM ? remove_last(&pl, false) : -EISDIR;
	path_put(&pl.parent);
	return err;
}

/* namei.h */
int do_rmdir(int dfd, const char *name)
{
	struct parent_lookup pl;
	int err = filename_parent(dfd, name, &pl);

	if (err)
		return err;
	err = pl.type == LAST_NORM ? remove_last(&pl, true) :
	      pl.type == LAST_DOT ? -EINVAL : pl.type == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
	path_put(&pl.parent);
	return err;
}

static void lock_rename(struct dentry *a, struct dentry *b)
{
	struct dentry *first = a < b ? a : b, *second = a < b ? b : a;

	if (a == b) {
		down_write(&a->d_inode->i_rwsem);
		return;
	}
	mutex_lock(&rename_lock);
	if (d_is_ancestor(a, b)) {
		first = a;
		second = b;
	} else if (d_is_ancestor(b, a)) {
		first = b;
		second = a;
	}
	down_write(&first->d_inode->i_rwsem);
	down_write_nested(&second->d_inode->i_rwsem);
}

static void unlock_rename(struct dentry *a, struct dentry *b)
{
	up_write(&a->d_inode->i_rwsem);
	if (a != b) {
		up_write(&b->d_inode->i_rwsem);
		mutex_unlock(&rename_lock);
	}
}

/* The rules about the two names alone. => both directories locked. */
static int check_rename(struct parent_lookup *o, struct dentry *od, struct parent_lookup *n,
			struct dentry *nd, unsigned int flags)
{
	bool isdir = od->d_inode && S_ISDIR(od->d_inode->i_mode);

	if (!od->d_inode)
		return -ENOENT;
	if (flags & RENAME_NOREPLACE && nd->d_inode)
		return -EEXIST;
	if (flags & RENAME_EXCHANGE && !nd->d_inode)
		return -ENOENT;
	if (!isdir && (o->trailing_slash || (!(flags & RENAME_EXCHANGE) && n->trailing_slash)))
		return -ENOTDIR;
	if (flags & RENAME_EXCHANGE && n->trailing_slash && !S_ISDIR(nd->d_inode->i_mode))
		return -ENOTDIR;
	if (d_is_ancestor(od, n->parent.dentry))
		return -EINVAL;		/* into itself */
	if (d_is_ancestor(nd, o->parent.dentry))
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int vfs_rename(struct inode *odir, struct dentry *od, struct inode *ndir, struct dentry *nd,
		      unsigned int flags)
{
	bool isdir = S_ISDIR(od->d_inode->i_mode);
	struct inode *replaced = flags & RENAME_EXCHANGE ? NULL : nd->d_inode;
	int err;

	if (od->d_inode == nd->d_inode)
		return 0;		/* two names of one file: nothing happens, says POSIX */
	err = may_delete(odir, od, isdir);
	if (err)
		return err;
	if (!nd->d_inode)
		err = may_create(ndir, nd);
	else if (flags & RENAME_EXCHANGE)
		err = may_delete(ndir, nd, S_ISDIR(nd->d_inode->i_mode));
	else
		err = may_delete(ndir, nd, isdir);
	if (err)
		return err;
	/* A directory that moves gets a new "..": it must be writable. */
	if (isdir && odir != ndir) {
		err = inode_permission(od->d_inode, MAY_WRITE);
		if (err)
			return err;
	}
	if (!odir->i_op->rename)
		return -EPERM;
	if (replaced)
		down_write_nested(&replaced->i_rwsem);
	err = replaced && is_mounted_on(nd) ? -EBUSY :
					      odir->i_op->rename(odir, od, ndir, nd, flags);
	if (replaced)
		up_write(&replaced->i_rwsem);
	return err;
}

/* A rename was done: od and nd have changed places, or od has taken nd's. */
static void tell_rename(struct parent_lookup *o, struct inode *moved, struct parent_lookup *n,
			struct inode *target, unsigned int flags)
{
	struct inode *odir = o->parent.dentry->d_inode, *ndir = n->parent.dentry->d_inode;
	bool exchange = flags & RENAME_EXCHANGE;

	if (!fsnotify_on() || moved == target)
		return;
	fsnotify_tell_move(odir, o->last, ndir, n->last, moved, exchange ? NULL : target);
	if (exchange)
		fsnotify_tell_move(ndir, n->last, odir, o->last, target, NULL);
}

static int rename_locked(struct parent_lookup *o, struct parent_lookup *n, unsigned int flags)
{
	struct dentry *od, *nd;
	int err;

	lock_rename(o->parent.dentry, n->parent.dentry);
	od = lookup_one(o->parent.dentry, o->last, o->len);
	nd = lookup_one(n->parent.dentry, n->last, n->len);
	err = IS_ERR(od)   ? PTR_ERR(od)
	      : IS_ERR(nd) ? PTR_ERR(nd)
			   : check_rename(o, od, n, nd, flags);
	if (!err)
		err = vfs_rename(o->parent.dentry->d_inode, od, n->parent.dentry->d_inode, nd,
				 flags);
	if (!err)
		tell_rename(o, od->d_inode, n, nd->d_inode, flags);
	unlock_rename(o->parent.dentry, n->parent.dentry);
	if (!IS_ERR(od))
		dput(od);
	if (!IS_ERR(nd))
		dput(nd);
	return err;
}

static int do_renameat2(int odfd, const char *oname, int ndfd, const char *nname,
			unsigned int flags)
{
	struct parent_lookup o, n;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE))
		return -EINVAL;
	err = filename_parent(odfd, oname, &o);
	if (err)
		return err;
	err = filename_parent(ndfd, nname, &n);
	if (err)
		goto put_old;
	if (o.parent.mnt != n.parent.mnt)
		err = -EXDEV;
	else if (o.type != LAST_NORM)
		err = -EBUSY;
	else if (n.type != LAST_NORM)
		err = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	else
		err = mnt_want_write(o.parent.mnt);
	if (!err) {
		err = rename_locked(&o, &n, flags);
		mnt_drop_write(o.parent.mnt);
	}
	path_put(&n.parent);
put_old:
	path_put(&o.parent);
	return err;
}

/* Runs @call with two user paths as kernel text in a and b. */
#define WITH_NAMES(apath, bpath, call)                                         \
	({ char *a = getname_flags(apath, true), *b;                           \
	   long wn_ret = PTR_ERR(a);                                           \
	   if (!IS_ERR(a)) {                                                   \
		b = getname(bpath);                                            \
		wn_ret = PTR_ERR(b);                                           \
		if (!IS_ERR(b)) {                                              \
			wn_ret = (call);                                       \
			putname(b);                                            \
		}                                                              \
		putname(a);                                                    \
	   }                                                                   \
	   wn_ret; })
#define WITH_NAME(path, call)                                                  \
	({ char *a = getname(path);                                            \
	   long wn_ret = PTR_ERR(a);                                           \
	   if (!IS_ERR(a)) {                                                   \
		wn_ret = (call);                                               \
		putname(a);                                                    \
	   }                                                                   \
	   wn_ret; })

/* System calls: syscalls.h. */
long sys_mknodat(int dfd, const char __user *path, umode_t mode, unsigned int dev)
{
	return WITH_NAME(path, do_mknodat(dfd, a, mode, new_decode_dev(dev)));
}
long sys_mknod(const char __user *path, umode_t mode, unsigned int dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}
long sys_mkdirat(int dfd, const char __user *path, umode_t mode)
{
	return WITH_NAME(path, do_mkdirat(dfd, a, mode));
}
long sys_mkdir(const char __user *path, umode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}
long sys_rmdir(const char __user *path)
{
	return WITH_NAME(path, do_rmdir(AT_FDCWD, a));
}
long sys_unlink(const char __user *path)
{
	return WITH_NAME(path, do_unlinkat(AT_FDCWD, a));
}
long sys_unlinkat(int dfd, const char __user *path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return WITH_NAME(path, flags & AT_REMOVEDIR ? do_rmdir(dfd, a) : do_unlinkat(dfd, a));
}
long sys_symlinkat(const char __user *target, int dfd, const char __user *path)
{
	return WITH_NAMES(target, path, *a ? do_symlinkat(a, dfd, b) : -ENOENT);
}
long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}
long sys_linkat(int odfd, const char __user *opath, int ndfd, const char __user *npath, int flags)
{
	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && !fs_capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	return WITH_NAMES(opath, npath, do_linkat(odfd, a, ndfd, b, flags));
}
long sys_link(const char __user *opath, const char __user *npath)
{
	return sys_linkat(AT_FDCWD, opath, AT_FDCWD, npath, 0);
}
long sys_renameat2(int odfd, const char __user *opath, int ndfd, const char __user *npath,
		   unsigned int flags)
{
	return WITH_NAMES(opath, npath, do_renameat2(odfd, a, ndfd, b, flags));
}
long sys_renameat(int odfd, const char __user *opath, int ndfd, const char __user *npath)
{
	return sys_renameat2(odfd, opath, ndfd, npath, 0);
}
long sys_rename(const char __user *opath, const char __user *npath)
{
	return sys_renameat2(AT_FDCWD, opath, AT_FDCWD, npath, 0);
}
