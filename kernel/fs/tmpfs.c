/*
 * tmpfs.c - a file system in memory and swap: its names, its limits, its inodes.
 *
 * Idea:   directories are the dentry tree, as in ramfs.c; a file's pages are a shmem object
 *         (mm/shmem.c), so reclaim can swap them. Two limits stand for the disk that is not
 *         there:
 *
 *           size, nr_blocks    pages, in memory or in swap: the pool, counted by shmem.c
 *           nr_inodes          inodes, and further names of one: counted here
 *
 *         Half of memory each, unless the mount says otherwise; 0 is no limit. A full file
 *         system is ENOSPC to write(2), SIGBUS to who touches a mapping.
 * Locks:  the directory's i_rwsem, held by the callers in namei.c; the limits are atomic.
 * Above:  namespace.c, memfd.c.   Below: tmpfs_file.c, tmpfs_options.c, mm/shmem.c, ramfs.c (simple_*).
 *         In Linux: mm/shmem.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/tmpfs_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/slab.h"

#define BOGO_DIRENT_SIZE 20	/* what a name adds to its directory's size, as Linux shows it */
#define SHORT_SYMLINK_LEN 128	/* a longer target lies in a page of its own, and counts as one */

static struct kmem_cache *shmem_inode_cache;
static struct vfsmount *shm_mnt;	/* c: memfds live here; no limits */

/* --- inodes --- */

static bool take_inode(struct tmpfs_sb *ts)
{
	unsigned long max = ts->max_inodes;

	if (ts->used_inodes++ < max || !max)
		return true;
	ts->used_inodes--;
	return false;
}

static void give_inode(struct tmpfs_sb *ts)
{
	WARN_ON(ts->used_inodes-- == 0);
}

/* The last use of an inode: after its pages went. */
static void tmpfs_free_inode(struct inode *inode)
{
	kfree(inode->i_private);	/* a short link's text */
	kfree(inode->i_data.shmem);
	give_inode(tmpfs_sb(inode->i_sb));
}

/* Its pages are a shmem object. False: no memory. */
static bool make_shmem(struct inode *inode)
{
	struct shmem_inode_info *info = kzalloc(sizeof(*info), GFP_KERNEL_ACCOUNT);

	if (!info)
		return false;
	info->pool = &tmpfs_sb(inode->i_sb)->pool;
	info->seals = F_SEAL_SEAL;	/* only a memfd's can be added to */
	inode->i_data.shmem = info;
	inode->i_data.a_ops = &tmpfs_aops;
	inode->i_data.flags |= AS_SWAPBACKED | AS_PAGE_ACCOUNTED;
	return true;
}

static const struct inode_operations tmpfs_dir_inode_operations;

static void set_operations(struct inode *inode, kdev_t rdev)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &tmpfs_file_inode_operations;
		inode->i_fop = &tmpfs_file_operations;
		break;
	case S_IFDIR:
		inode->i_op = &tmpfs_dir_inode_operations;
		inode->i_fop = &simple_dir_fops;
		inode->i_nlink = 2;	/* its name, and "." */
		inode->i_size = 2 * BOGO_DIRENT_SIZE;
		break;
	case S_IFLNK:
		inode->i_op = &tmpfs_symlink_inode_operations;
		break;
	default:
		init_special_inode(inode, rdev);
	}
}

/* An inode of any kind, counted. @dir: for set-group-id, may be NULL. NULL: no room, no memory. */
static struct inode *tmpfs_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
				     kdev_t rdev)
{
	struct tmpfs_sb *ts = tmpfs_sb(sb);
	struct inode *inode;

	if (!take_inode(ts))
		return NULL;
	inode = new_inode(sb, mode);
	if (!inode) {
		give_inode(ts);
		return NULL;
	}
	inode->i_free = tmpfs_free_inode;
	if (dir && dir->i_mode & S_ISGID) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			inode->i_mode |= S_ISGID;
	}
	if ((S_ISREG(mode) || S_ISLNK(mode)) && !make_shmem(inode)) {
		iput(inode);
		return NULL;
	}
	set_operations(inode, rdev);
	return inode;
}

/* --- names --- => the directories' i_rwsem held for writing */

static void add_name(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	d_add(dentry, inode);
	dir->i_size += BOGO_DIRENT_SIZE;
	inode_touch(dir);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t rdev)
{
	struct inode *inode = tmpfs_get_inode(dir->i_sb, dir, mode, rdev);

	if (!inode)
		return -ENOSPC;
	add_name(dir, dentry, inode);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return tmpfs_mknod(dir, dentry, mode | S_IFREG, 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = tmpfs_mknod(dir, dentry, mode | S_IFDIR, 0);

	if (!err)
		dir->i_nlink++;
	return err;
}

/* A link's text: beside the inode, or, if it is long, in a page. 0, -ENOSPC, -ENOMEM */
static int store_target(struct inode *inode, const char *target)
{
	size_t len = strlen(target);
	loff_t pos = 0;
	kssize_t n;

	inode->i_size = 0;
	if (len >= SHORT_SYMLINK_LEN) {
		n = filemap_write_kernel(&inode->i_data, &pos, target, len);
		return n < 0 ? n : n < (kssize_t)len ? -ENOSPC : 0;
	}
	inode->i_private = kstrdup(target, GFP_KERNEL_ACCOUNT);
	inode->i_size = len;
	return inode->i_private ? 0 : -ENOMEM;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct inode *inode = tmpfs_get_inode(dir->i_sb, dir, S_IFLNK | 0777, 0);
	int err;

	if (!inode)
		return -ENOSPC;
	err = store_target(inode, target);
	if (err) {
		iput(inode);
		return err;
	}
	add_name(dir, dentry, inode);
	return 0;
}

/* A file's second name counts as an inode, too; the first name of an O_TMPFILE does not. */
static int tmpfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = old->d_inode;

	if (inode->i_nlink && !take_inode(tmpfs_sb(dir->i_sb)))
		return -ENOSPC;
	inode->i_nlink++;
	ihold(inode);
	add_name(dir, dentry, inode);
	inode_touch_ctime(inode);
	return 0;
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	if (inode->i_nlink > 1 && !S_ISDIR(inode->i_mode))
		give_inode(tmpfs_sb(dir->i_sb));
	dir->i_size -= BOGO_DIRENT_SIZE;
	return simple_unlink(dir, dentry);
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int err = simple_rmdir(dir, dentry);

	if (!err)
		dir->i_size -= BOGO_DIRENT_SIZE;
	return err;
}

static int tmpfs_rename(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n,
			unsigned int flags)
{
	struct inode *replaced = flags & RENAME_EXCHANGE ? NULL : n->d_inode;
	bool second_name = replaced && !S_ISDIR(replaced->i_mode) && replaced->i_nlink > 1;
	int err = simple_rename(odir, o, ndir, n, flags);

	if (err || flags & RENAME_EXCHANGE)
		return err;
	odir->i_size -= BOGO_DIRENT_SIZE;
	if (!replaced)
		ndir->i_size += BOGO_DIRENT_SIZE;
	if (second_name)
		give_inode(tmpfs_sb(ndir->i_sb));
	return 0;
}

/* O_TMPFILE: a file in this directory that has no name yet; linkat(2) may give it one. */
static struct inode *tmpfs_tmpfile(struct inode *dir, umode_t mode)
{
	struct inode *inode = tmpfs_get_inode(dir->i_sb, dir, mode, 0);

	if (!inode)
		return ERR_PTR(-ENOSPC);
	inode->i_nlink = 0;
	return inode;
}

static const struct inode_operations tmpfs_dir_inode_operations = {
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.symlink = tmpfs_symlink,
	.mkdir = tmpfs_mkdir,
	.rmdir = tmpfs_rmdir,
	.mknod = tmpfs_mknod,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.setattr = simple_setattr,
};

/* --- the file system --- */

static int tmpfs_statfs(struct super_block *sb, struct statfs *st)
{
	struct tmpfs_sb *ts = tmpfs_sb(sb);
	unsigned long used = ts->pool.used, inodes = ts->used_inodes;

	if (ts->pool.max) {
		st->f_blocks = ts->pool.max;
		st->f_bfree = st->f_bavail = ts->pool.max - MIN(used, (unsigned long)ts->pool.max);
	}
	if (ts->max_inodes) {
		st->f_files = ts->max_inodes;
		st->f_ffree = ts->max_inodes - MIN(inodes, (unsigned long)ts->max_inodes);
	}
	return 0;
}

/* A superblock with the limits and the root directory that @opt says. Takes nothing over. */
static int fill_super(struct super_block *sb, const struct tmpfs_options *opt)
{
	struct tmpfs_sb *ts = kzalloc(sizeof(*ts), GFP_KERNEL);
	struct inode *root;

	if (!ts)
		return -ENOMEM;
	ts->pool.max = opt->blocks;
	ts->max_inodes = opt->inodes;
	ts->mode = opt->mode;
	ts->uid = opt->uid;
	ts->gid = opt->gid;
	sb->s_private = ts;
	sb->s_magic = TMPFS_MAGIC;
	sb->s_inode_cache = shmem_inode_cache;
	sb->s_statfs = tmpfs_statfs;
	sb->s_remount = tmpfs_remount;
	sb->s_show_options = tmpfs_show_options;
	root = tmpfs_get_inode(sb, NULL, S_IFDIR | opt->mode, 0);
	if (root) {
		root->i_uid = opt->uid;
		root->i_gid = opt->gid;
	}
	sb->s_root = d_make_root(sb, root);
	if (sb->s_root)
		return 0;
	kfree(ts);
	return -ENOMEM;
}

/* tmpfs.h */
int tmpfs_fill_super(struct super_block *sb, const char *source, const char *data)
{
	struct tmpfs_options opt;
	int err;

	tmpfs_default_options(&opt);
	err = tmpfs_parse_options(data, &opt);
	return err ? err : fill_super(sb, &opt);
}

/* The kernel's own, for memfds: no limits but memory's. */
static int shm_mount(struct super_block *sb, const char *source, const char *data)
{
	struct tmpfs_options opt;

	tmpfs_default_options(&opt);
	opt.blocks = opt.inodes = 0;
	return fill_super(sb, &opt);
}

/* No file is open or mapped any more: each holds the mount. */
static void tmpfs_kill_sb(struct super_block *sb)
{
	struct tmpfs_sb *ts = tmpfs_sb(sb);

	simple_kill_sb(sb);
	WARN_ON(ts->pool.used || ts->used_inodes);
	kfree(ts);
}

/* tmpfs.h */
struct inode *tmpfs_unnamed_file(umode_t mode, struct vfsmount **mnt)
{
	struct inode *inode = tmpfs_get_inode(shm_mnt->mnt_sb, NULL, S_IFREG | mode, 0);

	if (inode)
		inode->i_nlink = 0;
	*mnt = shm_mnt;
	return inode;
}

static struct file_system_type tmpfs_type = {
	.name = "tmpfs", .nodev = true, .mount = tmpfs_fill_super, .kill_sb = tmpfs_kill_sb,
};
static struct file_system_type shm_type = {
	.name = "tmpfs", .nodev = true, .mount = shm_mount, .internal = true,
};

/* tmpfs.h */
void tmpfs_init(void)
{
	/* nothing can take an inode back but who removes the file: not reclaimable */
	shmem_inode_cache = kmem_cache_create("shmem_inode_cache", sizeof(struct inode), 0,
					      SLAB_PANIC | SLAB_ACCOUNT, NULL);
	register_filesystem(&tmpfs_type);
	shm_mnt = kern_mount(&shm_type);
	BUG_ON(IS_ERR(shm_mnt));
}
