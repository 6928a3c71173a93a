/*
 * sys_mount.c - mount(2), umount2(2), pivot_root(2).
 *
 * Idea:   one namespace, and no propagation: every mount is private, so the calls
 *         that only change propagation succeed and do nothing.
 * Locks:  namespace_lock around each change.
 * Above:  the system call table, main.c.   Below: namespace.c.   In Linux: fs/namespace.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount_internal.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define KEPT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | \
	MS_RELATIME | MS_STRICTATIME | MS_SYNCHRONOUS)

static unsigned int kept_flags(unsigned long flags)
{
	/* Access times are relative unless the caller says otherwise: mount(2). */
	if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
		flags |= MS_RELATIME;
	return flags & KEPT_FLAGS;
}

/*
 * Mounts on top of @where, whatever is there already. => namespace_lock held. Takes @mnt's
 * reference.
 */
static int graft(struct vfsmount *mnt, struct path *where)
{
	struct inode *inode;
	int err = 0;

	follow_mount(where);
	inode = where->dentry->d_inode;
	down_write(&inode->i_rwsem);	/* rmdir looks for a mount with it */
	if (S_ISDIR(inode->i_mode) != S_ISDIR(mnt->mnt_root->d_inode->i_mode))
		err = -ENOTDIR;
	else if (d_unhashed(where->dentry))
		err = -ENOENT;
	else if (!is_mounted(where->mnt))
		err = -EINVAL;
	else
		attach_mount(mnt, where);
	up_write(&inode->i_rwsem);
	if (err)
		mntput(mnt);
	return err;
}

/* -EAGAIN: a superblock is about to end, and its disk can be mounted after that. */
static int try_mount_new(struct path *where, const char *dev, struct file_system_type *fs,
			 unsigned long flags, const char *data)
{
	struct vfsmount *mnt;
	struct path top;
	int err;

	mutex_lock(&namespace_lock);
	top = *where;
	path_get(&top);
	follow_mount(&top);
	mnt = vfs_kern_mount(fs, flags, dev, data);
	if (IS_ERR(mnt)) {
		err = PTR_ERR(mnt);
	} else if (top.dentry == mnt->mnt_root && top.mnt->mnt_sb == mnt->mnt_sb) {
		mntput(mnt);		/* the same thing on itself */
		err = -EBUSY;
	} else {
		mnt->mnt_flags = kept_flags(flags);
		err = graft(mnt, &top);
	}
	path_put(&top);
	mutex_unlock(&namespace_lock);
	return err;
}

static int mount_new(struct path *where, const char *dev, const char *type, unsigned long flags,
		     const char *data)
{
	struct file_system_type *fs = type ? find_filesystem(type) : NULL;
	unsigned long ends;
	int err;

	if (!type)
		return -EINVAL;
	if (!fs || fs->internal)
		return -ENODEV;
	for (;;) {
		ends = count_super_ends();
		err = try_mount_new(where, dev, fs, flags, data);
		if (err != -EAGAIN)
			return err;
		err = wait_for_super_end(ends);
		if (err)
			return err;
	}
}

static int mount_bind(struct path *where, const char *dev)
{
	struct vfsmount *mnt;
	struct path from;
	int err;

	if (!dev || !*dev)
		return -EINVAL;
	err = filename_lookup(AT_FDCWD, dev, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&namespace_lock);
	mnt = clone_mount(&from);
	err = mnt ? graft(mnt, where) : -ENOMEM;
	mutex_unlock(&namespace_lock);
	path_put(&from);
	return err;
}

/* switch_root(8): the new root moves on top of the old one. */
static int mount_move(struct path *where, const char *dev)
{
	struct path from, was = { NULL, NULL };
	struct inode *inode;
	int err;

	if (!dev || !*dev)
		return -EINVAL;
	err = filename_lookup(AT_FDCWD, dev, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&namespace_lock);
	follow_mount(where);
	inode = where->dentry->d_inode;
	down_write(&inode->i_rwsem);	/* rmdir looks for a mount with it */
	if (d_unhashed(where->dentry))
		err = -ENOENT;
	else if (from.dentry != from.mnt->mnt_root || !from.mnt->mnt_parent ||
		 !is_mounted(from.mnt) || !is_mounted(where->mnt))
		err = -EINVAL;
	else if (is_submount_of(where->mnt, from.mnt))
		err = -ELOOP;
	else if (S_ISDIR(inode->i_mode) != S_ISDIR(from.dentry->d_inode->i_mode))
		err = -EINVAL;
	if (!err)
		was = move_mount(from.mnt, where);
	up_write(&inode->i_rwsem);
	mutex_unlock(&namespace_lock);
	path_put(&was);
	path_put(&from);
	return err;
}

/* The file system's part of a remount. */
static int remount_super(struct super_block *sb, bool rdonly, const char *data)
{
	if (sb->s_remount)		/* all of it is in memory */
		return sb->s_remount(sb, data);
	if (!sb->s_op || !sb->s_op->remount)
		return 0;
	return sb->s_op->remount(sb, rdonly, data);
}

static void set_mount_flags(struct vfsmount *mnt, unsigned int flags)
{
	spin_lock(&dcache_lock);
	WRITE_ONCE(mnt->mnt_flags, flags);
	spin_unlock(&dcache_lock);
}

/* All of it in memory: it is read-only as far as this mount is. */
static bool super_is_readonly(const struct vfsmount *mnt)
{
	return mnt->mnt_sb->s_rdonly || (!mnt->mnt_sb->s_op && mnt->mnt_flags & MS_RDONLY);
}

/* All of the file system becomes read-only, or writable, and this mount with it. */
static int remount_all(struct vfsmount *mnt, unsigned long flags, const char *data)
{
	struct super_block *sb = mnt->mnt_sb;
	bool rdonly = flags & MS_RDONLY;
	int err = rdonly && !super_is_readonly(mnt) ? sb_begin_readonly(sb) : 0;

	if (err)
		return err;
	err = remount_super(sb, rdonly, data);
	if (!err)
		set_mount_flags(mnt, kept_flags(flags));
	sb_end_readonly(sb);
	return err;
}

/* With MS_BIND only this mount's own flags change. */
static int remount(const struct path *where, unsigned long flags, const char *data)
{
	struct vfsmount *mnt = where->mnt;
	int err = 0;

	if (where->dentry != mnt->mnt_root)
		return -EINVAL;
	mutex_lock(&namespace_lock);
	if (!(flags & MS_BIND))
		err = remount_all(mnt, flags, data);
	else if (flags & MS_RDONLY)
		err = mnt_make_readonly(mnt, kept_flags(flags));
	else
		set_mount_flags(mnt, kept_flags(flags));
	mutex_unlock(&namespace_lock);
	return err;
}

/* mount.h. With kernel text; @type and @data may be NULL. */
int do_mount(const char *dev, const char *dir, const char *type, unsigned long flags,
	     const char *data)
{
	struct path where;
	int err;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(unsigned long)MS_MGC_MSK;
	err = filename_lookup(AT_FDCWD, dir, LOOKUP_FOLLOW, &where);
	if (err)
		return err;
	if (!fs_capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else if (flags & MS_REMOUNT)
		err = remount(&where, flags, data);
	else if (flags & MS_BIND)
		err = mount_bind(&where, dev);
	else if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		err = flags & MS_SHARED ? -EINVAL : 0;
	else if (flags & MS_MOVE)
		err = mount_move(&where, dev);
	else
		err = mount_new(&where, dev, type, flags, data);
	path_put(&where);
	return err;
}

static char *copy_string(const char __user *s)
{
	return s ? getname_flags(s, true) : NULL;
}

/* Mount options: a string of up to a page, cut there as Linux does. */
static char *copy_options(const void __user *data)
{
	char *buf;
	long n;

	if (!data)
		return NULL;
	buf = alloc_name();
	if (!buf)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(buf, data, PATH_MAX);
	if (n < 0) {
		putname(buf);
		return ERR_PTR(n);
	}
	buf[PATH_MAX - 1] = 0;
	return buf;
}

/* syscalls.h */
long sys_mount(const char __user *udev, const char __user *udir, const char __user *utype,
	       unsigned long flags, const void __user *udata)
{
	char *s[4] = { copy_string(utype), copy_string(udev), copy_options(udata), getname(udir) };
	long err = 0;

	for (int i = 0; i < 4 && !err; i++)
		if (IS_ERR(s[i]))
			err = PTR_ERR(s[i]);
	if (!err)
		err = do_mount(s[1], s[3], s[0], flags, s[2]);
	for (int i = 0; i < 4; i++)
		if (!IS_ERR(s[i]))
			putname(s[i]);
	return err;
}

/*
 * The mount under @path that is no one's root goes, if nobody uses it or @detach. =>
 * namespace_lock held.
 */
static int do_umount(const struct path *path, bool detach)
{
	struct vfsmount *mnt = path->mnt;
	struct path root;
	bool is_root;

	if (path->dentry != mnt->mnt_root || !mnt->mnt_parent || !is_mounted(mnt))
		return -EINVAL;
	get_fs_root(&root);
	is_root = root.mnt == mnt && root.dentry == mnt->mnt_root;
	path_put(&root);
	if (is_root && !detach)
		return -EBUSY;
	if (detach)
		detach_submounts(mnt);
	if (!detach_unused_mount(mnt, detach))
		return -EBUSY;
	mntput(mnt);
	return 0;
}

/* syscalls.h */
long sys_umount(const char __user *name, int flags)
{
	struct path path;
	long err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (flags & MNT_EXPIRE)
		return -EINVAL;		/* two-step expiry is not kept here */
	err = user_path_at(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	if (!fs_capable(CAP_SYS_ADMIN)) {
		err = -EPERM;
	} else {
		mutex_lock(&namespace_lock);
		err = do_umount(&path, flags & MNT_DETACH);
		mutex_unlock(&namespace_lock);
	}
	path_put(&path);
	return err;
}

/* The rules of pivot_root(2). => namespace_lock held. */
static int check_pivot(const struct path *new, const struct path *old, const struct path *root)
{
	if (new->mnt == root->mnt || old->mnt == root->mnt)
		return -EBUSY;
	if (root->mnt->mnt_root != root->dentry || !root->mnt->mnt_parent)
		return -EINVAL;		/* the rootfs cannot be moved */
	if (new->mnt->mnt_root != new->dentry || !new->mnt->mnt_parent)
		return -EINVAL;
	if (!is_mounted(new->mnt) || !is_mounted(root->mnt))
		return -EINVAL;
	if (!is_path_reachable(old, new) || !is_path_reachable(new, root))
		return -EINVAL;
	return 0;
}

static int pivot(struct path *new, struct path *old, struct path *root)
{
	struct path where, was_new = { NULL, NULL }, was_root = { NULL, NULL };
	struct inode *inode;
	int err;

	mutex_lock(&namespace_lock);
	follow_mount(old);
	inode = old->dentry->d_inode;
	down_write(&inode->i_rwsem);	/* rmdir looks for a mount with it */
	err = d_unhashed(old->dentry) ? -ENOENT : check_pivot(new, old, root);
	if (!err) {
		where = (struct path){ root->mnt->mnt_parent, root->mnt->mnt_mountpoint };
		path_get(&where);
		was_new = move_mount(new->mnt, &where);
		was_root = move_mount(root->mnt, old);
		path_put(&where);
	}
	up_write(&inode->i_rwsem);
	mutex_unlock(&namespace_lock);
	path_put(&was_new);
	path_put(&was_root);
	if (!err)
		chroot_fs_refs(root, new);
	return err;
}

/* syscalls.h */
long sys_pivot_root(const char __user *new_root, const char __user *put_old)
{
	struct path new, old, root;
	long err;

	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = user_path_at(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!err) {
		get_fs_root(&root);
		err = pivot(&new, &old, &root);
		path_put(&root);
		path_put(&old);
	}
	path_put(&new);
	return err;
}
