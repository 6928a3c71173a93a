/*
 * open.c - open(2): from a name and flags to an open file.
 *
 * Idea:   walk to the parent; look the last name up; make it if O_CREAT says so;
 *         follow it if it is a link, which starts the walk anew with the link's
 *         text; then check what may be done with it and let its kind open itself.
 * Locks:  the parent's i_rwsem while a name is made.
 * Above:  system calls, exec.   Below: namei.c, file_table.c.   In Linux: fs/open.c, fs/namei.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/direct_io.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/sync.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/nameidata.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

static const struct file_operations path_fops;	/* O_PATH: nothing works */

static int no_open(struct inode *inode, struct file *file)
{
	return -ENXIO;			/* a socket's name */
}
const struct file_operations no_open_fops = { .open = no_open };

/* inode.h */
kssize_t generic_read_dir(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return -EISDIR;
}
const struct file_operations simple_dir_fops = {
	.read = generic_read_dir,
	.iterate = dcache_readdir,
};

static int acc_mode(int flags)
{
	static const u8 mode[4] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
				    MAY_READ | MAY_WRITE };

	return mode[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);
}

static int may_open_exec(const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;

	if (!S_ISREG(inode->i_mode) || path->mnt->mnt_flags & MS_NOEXEC)
		return -EACCES;
	return inode_permission(inode, MAY_EXEC);
}

/* May current open what is at @path? @created: it has just made it, so modes are not asked. */
static int may_open(const struct path *path, const struct open_flags *op, bool created)
{
	struct inode *inode = path->dentry->d_inode;
	int acc = created ? 0 : acc_mode(op->flags), err;

	switch (inode->i_mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (acc & MAY_WRITE || op->flags & O_CREAT)
			return -EISDIR;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (path->mnt->mnt_flags & MS_NODEV)
			return -EACCES;
		break;
	case S_IFREG:
		if (acc & MAY_WRITE && mnt_is_readonly(path->mnt))
			return -EROFS;
		break;
	}
	if (op->exec)
		return may_open_exec(path);
	err = inode_permission(inode, acc);
	if (err)
		return err;
	if (op->flags & O_NOATIME && !inode_owner_or_capable(inode))
		return -EPERM;
	if (op->flags & O_DIRECT && !can_direct_io(inode))
		return -EINVAL;
	return 0;
}

/* Who writes to @path's file, which is regular, is counted. 0, -EROFS, -ETXTBSY */
static int begin_file_write(const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;
	int err = get_write_access(inode);

	if (err)
		return err;
	err = mnt_want_write(path->mnt);
	if (err)
		put_write_access(inode);
	return err;
}

static int do_truncate(struct file *file)
{
	struct iattr attr = { .valid = ATTR_SIZE, .size = 0 };
	struct inode *inode = file->f_inode;
	int err = 0;

	down_write(&inode->i_rwsem);
	if (file->f_op->truncate)
		err = fsnotify_change(file->f_path.dentry, ATTR_SIZE,
				      file->f_op->truncate(file, 0));
	else if (inode->i_op->setattr)
		err = notify_change(file->f_path.dentry, &attr, false);
	up_write(&inode->i_rwsem);
	return err;
}

/* O_TRUNC, also of a file that is opened only for reading. */
static int handle_truncate(struct file *file)
{
	struct inode *inode = file->f_inode;
	int err;

	if (!S_ISREG(inode->i_mode) || !(file->f_flags & O_TRUNC))
		return 0;
	err = begin_file_write(&file->f_path);
	if (err)
		return err;
	err = do_truncate(file);
	put_write_access(inode);
	mnt_drop_write(file->f_path.mnt);
	return err;
}

static void set_mode_bits(struct file *file)
{
	umode_t mode = file->f_inode->i_mode;

	if (S_ISREG(mode) || S_ISDIR(mode))
		file->f_mode |= FMODE_ATOMIC_POS | FMODE_LSEEK;
	else if (!S_ISFIFO(mode))
		file->f_mode |= FMODE_LSEEK;
}

/* Fills @file in and lets its kind open it. On failure the caller fput()s. */
static int do_dentry_open(struct file *file)
{
	struct inode *inode = file->f_inode;
	int err;

	if (file->f_mode & FMODE_PATH) {
		file->f_op = &path_fops;
		return 0;
	}
	if (file->f_mode & FMODE_WRITE && S_ISREG(inode->i_mode)) {
		err = begin_file_write(&file->f_path);
		if (err)
			return err;
		file->f_mode |= FMODE_WRITER;
	}
	set_mode_bits(file);
	file->f_op = inode->i_fop;
	if (S_ISREG(inode->i_mode))
		file->f_mapping = &inode->i_data;
	if (file->f_op->open) {
		err = file->f_op->open(inode, file);
		if (err)
			return err;
	}
	file_sample_wb_err(file);
	if (file->f_op->llseek == no_llseek)	/* pread(2) and pwrite(2) are refused, too */
		file->f_mode &= ~FMODE_LSEEK;
	file->f_mode |= FMODE_OPENED;
	file->f_flags &= ~(O_CREAT | O_EXCL | O_NOCTTY);
	return 0;
}

/* The place of a file without a name: in @dir's mount, called after its number. */
static int unnamed_path(const struct path *dir, struct inode *inode, struct path *out)
{
	char *buf = alloc_name(), *where, *text = NULL;
	int err = -ENOMEM;

	where = buf ? d_path(dir, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	if (!IS_ERR(where))
		text = kasprintf(GFP_KERNEL, "%s/#%lu (deleted)", where[1] ? where : "",
				 inode->i_ino);
	if (text)
		err = pseudo_path_init(out, dir->mnt, text, inode);
	else
		iput(inode);
	kfree(text);
	if (buf)
		putname(buf);
	return err;
}

/* => @dir is wanted for writing */
static struct file *make_tmpfile(const struct path *dir, const struct open_flags *op)
{
	struct inode *parent = dir->dentry->d_inode, *inode;
	struct file *file;
	struct path path;
	int err;

	err = inode_permission(parent, MAY_WRITE | MAY_EXEC);
	if (err)
		return ERR_PTR(err);
	if (!parent->i_op->tmpfile)
		return ERR_PTR(-EOPNOTSUPP);
	inode = parent->i_op->tmpfile(parent, mode_strip_sgid(parent, S_IFREG | (op->mode &
								      ~current->fs->umask)));
	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	err = unnamed_path(dir, inode, &path);
	if (err)
		return ERR_PTR(err);
	file = alloc_empty_file(op->flags & ~O_TMPFILE);
	if (IS_ERR(file)) {
		path_put(&path);
		return file;
	}
	file->f_path = path;
	file->f_inode = inode;
	file->f_flags |= O_TMPFILE;
	inode->i_unnamed = !(op->flags & O_EXCL);
	err = do_dentry_open(file);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/* O_TMPFILE: @dir is where the file will be, if it ever gets a name. */
static struct file *open_tmpfile(const struct path *dir, const struct open_flags *op)
{
	struct file *file;
	int err;

	if (!S_ISDIR(dir->dentry->d_inode->i_mode))
		return ERR_PTR(-ENOTDIR);
	err = mnt_want_write(dir->mnt);
	if (err)
		return ERR_PTR(err);
	file = make_tmpfile(dir, op);
	mnt_drop_write(dir->mnt);
	return file;
}

/* Opens the place where the walk stands. */
static struct file *open_here(const struct path *path, const struct open_flags *op, bool created)
{
	struct inode *inode = path->dentry->d_inode;
	struct file *file;
	int err;

	if ((op->flags & O_TMPFILE) == O_TMPFILE)
		return open_tmpfile(path, op);
	if (op->flags & O_DIRECTORY && !S_ISDIR(inode->i_mode))
		return ERR_PTR(-ENOTDIR);
	if (!(op->flags & O_PATH)) {
		err = may_open(path, op, created);
		if (err)
			return ERR_PTR(err);
	}
	file = alloc_empty_file(op->flags);
	if (IS_ERR(file))
		return file;
	file->f_path = *path;
	path_get(path);
	file->f_inode = inode;
	err = do_dentry_open(file);
	if (!err && !created && file->f_mode & FMODE_OPENED)
		err = handle_truncate(file);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	file->f_flags &= ~O_TRUNC;
	return file;
}

static int create_last(struct nameidata *nd, const struct open_flags *op, struct dentry *dentry)
{
	struct inode *dir = nd->path.dentry->d_inode;
	int err = mnt_want_write(nd->path.mnt);

	if (err)
		return err;
	err = vfs_create(dir, dentry, op->mode & ~current->fs->umask);
	if (err)
		mnt_drop_write(nd->path.mnt);
	return err;
}

/*
 * Looks the last name up, making it with O_CREAT. A place in *out with references.
 * 0 or -errno; *created tells: then the mount is wanted for writing, until the file is open.
 */
static int lookup_or_create(struct nameidata *nd, const struct open_flags *op, struct path *out,
			    bool *created)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *dentry;
	int err = op->flags & O_CREAT ? nd_lookup_cached(nd, out) : nd_lookup_last(nd, out);

	*created = false;
	if (err != -ENOENT || !(op->flags & O_CREAT))
		return err;
	down_write(&dir->i_rwsem);
	dentry = lookup_one(nd->path.dentry, nd->last, nd->last_len);
	if (IS_ERR(dentry)) {
		up_write(&dir->i_rwsem);
		return PTR_ERR(dentry);
	}
	if (!dentry->d_inode) {
		err = create_last(nd, op, dentry);
		*created = !err;
	} else {
		err = 0;		/* somebody else was faster */
	}
	up_write(&dir->i_rwsem);
	if (err) {
		dput(dentry);
		return err;
	}
	out->mnt = mntget(nd->path.mnt);
	out->dentry = dentry;
	follow_mount(out);
	return 0;
}

/*
 * The last component of an open: a file, an error, or NULL: it was a link, walk on.
 */
static struct file *open_last(struct nameidata *nd, const struct open_flags *op)
{
	struct file *file;
	struct path path;
	bool created;
	const char *rest = nd->trailing_slash ? "/" : "";
	int err;

	if (nd->last_type != LAST_NORM) {
		if (op->flags & O_CREAT && !(op->flags & O_PATH) && !nd->jumped)
			return ERR_PTR(-EISDIR);
		err = nd_last_dots(nd);
		return err ? ERR_PTR(err) : open_here(&nd->path, op, false);
	}
	if (op->flags & O_CREAT && nd->trailing_slash)
		return ERR_PTR(-EISDIR);
	err = lookup_or_create(nd, op, &path, &created);
	if (err)
		return ERR_PTR(err);
	if (op->flags & O_CREAT && op->flags & O_EXCL && !created) {
		file = ERR_PTR(-EEXIST);
	} else if (S_ISLNK(path.dentry->d_inode->i_mode) &&
		   (nd->trailing_slash || !(op->flags & O_NOFOLLOW))) {
		err = nd_follow_link(nd, path.dentry, rest);
		file = err ? ERR_PTR(err) : NULL;
	} else if (nd->trailing_slash && !S_ISDIR(path.dentry->d_inode->i_mode)) {
		file = ERR_PTR(-ENOTDIR);
	} else {
		file = open_here(&path, op, created);
		if (created)
			mnt_drop_write(nd->path.mnt);
	}
	path_put(&path);
	return file;
}

/* namei.h */
struct file *do_filp_open(int dfd, const char *name, const struct open_flags *op)
{
	struct nameidata nd;
	struct file *file;
	int err = nd_start(&nd, dfd, name, op->lookup);

	if (err)
		return ERR_PTR(err);
	do {
		err = nd_walk(&nd, true);
		file = err ? ERR_PTR(err) : open_last(&nd, op);
	} while (!file);
	nd_end(&nd);
	return file;
}

/* What O_PATH leaves of the flags. */
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

/* The rules about flags alone: open(2), openat2(2). */
static int build_open_flags(const struct open_how *how, struct open_flags *op)
{
	u64 flags = how->flags;

	if (flags & ~(u64)VALID_OPEN_FLAGS)
		return -EINVAL;
	if (flags & (O_TMPFILE & ~O_DIRECTORY) &&
	    ((flags & O_TMPFILE) != O_TMPFILE || flags & O_CREAT || !(acc_mode(flags) & MAY_WRITE)))
		return -EINVAL;
	if (how->resolve & ~(u64)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
				  RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED))
		return -EINVAL;
	if ((how->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
	    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how->resolve & RESOLVE_CACHED)
		return -EAGAIN;		/* "not without sleeping": openat2(2) allows it always */
	if (flags & O_PATH)
		flags &= O_PATH_FLAGS;
	*op = (struct open_flags){ .flags = flags, .mode = how->mode & S_IALLUGO };
	op->lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW);
	if (how->resolve & RESOLVE_NO_XDEV)
		op->lookup |= LOOKUP_NO_XDEV;
	if (how->resolve & RESOLVE_NO_MAGICLINKS)
		op->lookup |= LOOKUP_NO_MAGICLINKS;
	if (how->resolve & RESOLVE_NO_SYMLINKS)
		op->lookup |= LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGICLINKS;
	if (how->resolve & RESOLVE_BENEATH)
		op->lookup |= LOOKUP_BENEATH;
	if (how->resolve & RESOLVE_IN_ROOT)
		op->lookup |= LOOKUP_IN_ROOT;
	return 0;
}

static long do_sys_open(int dfd, const char __user *uname, const struct open_how *how)
{
	struct open_flags op;
	struct file *file;
	char *name;
	int err = build_open_flags(how, &op), fd;

	if (err)
		return err;
	name = getname(uname);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd_flags(op.flags);
	if (fd >= 0) {
		file = do_filp_open(dfd, name, &op);
		if (IS_ERR(file)) {
			put_unused_fd(fd);
			fd = PTR_ERR(file);
		} else {
			fsnotify_file(file, IN_OPEN);
			fd_install(fd, file);
		}
	}
	putname(name);
	return fd;
}

/* System calls: syscalls.h. */
long sys_openat(int dfd, const char __user *path, int flags, umode_t mode)
{
	struct open_how how = { .flags = (u32)flags & VALID_OPEN_FLAGS, .mode = mode };

	return do_sys_open(dfd, path, &how);
}

long sys_open(const char __user *path, int flags, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char __user *path, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_openat2(int dfd, const char __user *path, struct open_how __user *uhow, size_t size)
{
	struct open_how how;
	int err;

	if (size < sizeof(how))
		return -EINVAL;
	err = copy_struct_from_user(&how, sizeof(how), uhow, size);
	if (err)
		return err;
	if (how.mode && !(how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		return -EINVAL;
	/* what open(2) would pass over */
	if (how.mode & ~(u64)S_IALLUGO || (how.flags & O_PATH && how.flags & ~(u64)O_PATH_FLAGS))
		return -EINVAL;
	return do_sys_open(dfd, path, &how);
}

/* fs.h */
struct file *filp_open(const char *path, int flags, umode_t mode)
{
	struct open_how how = { .flags = (u32)flags & VALID_OPEN_FLAGS, .mode = mode };
	struct open_flags op;
	int err = build_open_flags(&how, &op);

	return err ? ERR_PTR(err) : do_filp_open(AT_FDCWD, path, &op);
}

/* fs.h */
struct file *open_exec_at(int dfd, const char *path, bool follow, bool empty)
{
	struct open_flags op = { .flags = O_RDONLY | (follow ? 0 : O_NOFOLLOW), .exec = true };
	struct file *file;
	int err;

	op.lookup = (follow ? LOOKUP_FOLLOW : 0) | (empty ? LOOKUP_EMPTY : 0);
	file = do_filp_open(dfd, path, &op);
	if (IS_ERR(file))
		return file;
	err = deny_write_access(file->f_inode);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	file->f_mode |= FMODE_EXEC;
	fsnotify_file(file, IN_OPEN);
	return file;
}

/* fs.h */
struct file *open_exec(const char *path)
{
	return open_exec_at(AT_FDCWD, path, true, false);
}
