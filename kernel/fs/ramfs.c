/*
 * ramfs.c - a file system that is nothing but the page cache.
 *
 * Idea:   directories are the dentry tree (dcache.c), files are pages that are
 *         never written anywhere: AS_UNEVICTABLE keeps reclaim away from them.
 *         Mounted as "ramfs", and as the rootfs if root= names a disk; tmpfs.c is its brother that
 *         swaps.
 * Locks:  the directory's i_rwsem, held by the callers in namei.c.
 * Above:  namespace.c, initramfs.c, devfs.c (same inodes).   In Linux: fs/ramfs/inode.c,
 * fs/libfs.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/slab.h"

static int ramfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry);
static int ramfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode);
static int ramfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t rdev);
static int ramfs_symlink(struct inode *dir, struct dentry *dentry, const char *target);
static int ramfs_create(struct inode *dir, struct dentry *dentry, umode_t mode);

/* no reading, no writing: RAM is all */
static const struct address_space_operations ramfs_aops;

const struct file_operations ramfs_file_operations = {
	.read = generic_file_read,
	.write = generic_file_write,
	.read_write_vector = generic_file_vector,
	.mmap = generic_file_mmap,
};

static const struct inode_operations ramfs_file_inode_operations = {
	.setattr = simple_setattr,
};

static int ramfs_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	kssize_t n = strscpy(buf, dentry->d_inode->i_private, size);

	return n < 0 ? -ENAMETOOLONG : n;
}

static const struct inode_operations ramfs_symlink_inode_operations = {
	.readlink = ramfs_readlink,
	.setattr = simple_setattr,
};

static const struct inode_operations ramfs_dir_inode_operations = {
	.create = ramfs_create,
	.link = ramfs_link,
	.unlink = simple_unlink,
	.symlink = ramfs_symlink,
	.mkdir = ramfs_mkdir,
	.rmdir = simple_rmdir,
	.mknod = ramfs_mknod,
	.rename = simple_rename,
	.setattr = simple_setattr,
};

/* ramfs.h */
struct inode *ramfs_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
			      kdev_t rdev)
{
	struct inode *inode = new_inode(sb, mode);

	if (!inode)
		return NULL;
	if (dir && dir->i_mode & S_ISGID) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			inode->i_mode |= S_ISGID;
	}
	switch (mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &ramfs_file_inode_operations;
		inode->i_fop = &ramfs_file_operations;
		inode->i_data.a_ops = &ramfs_aops;
		inode->i_data.flags |= AS_UNEVICTABLE;
		break;
	case S_IFDIR:
		inode->i_op = &ramfs_dir_inode_operations;
		inode->i_fop = &simple_dir_fops;
		inode->i_nlink = 2;	/* its name, and "." */
		break;
	case S_IFLNK:
		inode->i_op = &ramfs_symlink_inode_operations;
		break;
	default:
		init_special_inode(inode, rdev);
	}
	return inode;
}

static int ramfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t rdev)
{
	struct inode *inode = ramfs_get_inode(dir->i_sb, dir, mode, rdev);

	if (!inode)
		return -ENOSPC;		/* as Linux's ramfs says it */
	d_add(dentry, inode);
	inode_touch(dir);
	return 0;
}

static int ramfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return ramfs_mknod(dir, dentry, mode | S_IFREG, 0);
}

static int ramfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = ramfs_mknod(dir, dentry, mode | S_IFDIR, 0);

	if (!err)
		dir->i_nlink++;
	return err;
}

static void ramfs_free_link(struct inode *inode)
{
	kfree(inode->i_private);
}

static int ramfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct inode *inode = ramfs_get_inode(dir->i_sb, dir, S_IFLNK | 0777, 0);

	if (!inode)
		return -ENOSPC;
	inode->i_private = kstrdup(target, GFP_KERNEL_ACCOUNT);
	if (!inode->i_private) {
		iput(inode);
		return -ENOSPC;
	}
	inode->i_free = ramfs_free_link;
	inode->i_size = strlen(target);
	d_add(dentry, inode);
	inode_touch(dir);
	return 0;
}

static int ramfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = old->d_inode;

	inode->i_nlink++;
	ihold(inode);
	d_add(dentry, inode);
	inode_touch(dir);
	inode_touch_ctime(inode);
	return 0;
}

/* ramfs.h */
int simple_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	inode->i_nlink--;
	inode_touch_ctime(inode);
	inode_touch(dir);
	d_delete(dentry);
	return 0;
}

/* ramfs.h */
int simple_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!simple_empty(dentry))
		return -ENOTEMPTY;
	dentry->d_inode->i_nlink = 0;
	dir->i_nlink--;
	inode_touch(dir);
	d_delete(dentry);
	return 0;
}

static int simple_exchange(struct inode *odir, struct dentry *o, struct inode *ndir,
			   struct dentry *n)
{
	bool odir_entry = S_ISDIR(o->d_inode->i_mode), ndir_entry = S_ISDIR(n->d_inode->i_mode);

	if (odir != ndir && odir_entry != ndir_entry) {
		(odir_entry ? odir : ndir)->i_nlink--;
		(odir_entry ? ndir : odir)->i_nlink++;
	}
	inode_touch_ctime(n->d_inode);
	d_exchange(o, n);
	return 0;
}

/* ramfs.h */
int simple_rename(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n,
		  unsigned int flags)
{
	bool isdir = S_ISDIR(o->d_inode->i_mode);

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (n->d_inode && !(flags & RENAME_EXCHANGE) && !simple_empty(n))
		return -ENOTEMPTY;
	inode_touch(odir);
	inode_touch(ndir);
	inode_touch_ctime(o->d_inode);
	if (flags & RENAME_EXCHANGE)
		return simple_exchange(odir, o, ndir, n);
	if (n->d_inode) {
		n->d_inode->i_nlink = isdir ? 0 : n->d_inode->i_nlink - 1;
		inode_touch_ctime(n->d_inode);
		if (isdir)
			odir->i_nlink--;
	} else if (isdir && odir != ndir) {
		odir->i_nlink--;
		ndir->i_nlink++;
	}
	d_move(o, n);
	return 0;
}

/* The value of "mode=1777" among mount options, or @otherwise. */
static umode_t mode_option(const char *data, umode_t otherwise)
{
	const char *p = data ? strstr(data, "mode=") : NULL;

	return p ? simple_strtoul(p + 5, NULL, 8) & S_IALLUGO : otherwise;
}

static int fill_super(struct super_block *sb, unsigned long magic, umode_t mode)
{
	sb->s_magic = magic;
	sb->s_root = d_make_root(sb, ramfs_get_inode(sb, NULL, S_IFDIR | mode, 0));
	return sb->s_root ? 0 : -ENOMEM;
}

/* ramfs.h */
int ramfs_fill_super(struct super_block *sb, const char *source, const char *data)
{
	return fill_super(sb, RAMFS_MAGIC, mode_option(data, 0755));
}

/* ramfs.h */
void simple_kill_sb(struct super_block *sb)
{
	d_genocide(sb->s_root);
	dput(sb->s_root);
}

static struct file_system_type ramfs_type = {
	.name = "ramfs", .nodev = true, .mount = ramfs_fill_super, .kill_sb = simple_kill_sb,
};

/* ramfs.h */
void ramfs_init(void)
{
	register_filesystem(&ramfs_type);
}
