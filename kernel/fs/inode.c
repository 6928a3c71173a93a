/*
 * inode.c - inodes: making, counting, freeing; their attributes.
 *
 * Idea:   an inode lives as long as somebody refers to it: its dentries, and
 *         through them open files and mappings. Those of disk file systems live on in a
 *         cache (inode_cache.c).
 * Locks:  i_rwsem for attributes; i_count is atomic.
 * Above:  all of kernel/fs.   Below: mm/filemap.h.   In Linux: fs/inode.c, fs/attr.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "mm/filemap.h"
#include "mm/slab.h"

#define RELATIME_DAY (24 * 60 * 60)	/* an access time older than this is renewed: mount(8), relatime */

static struct kmem_cache *inode_cache;
const struct inode_operations special_inode_operations = { .setattr = simple_setattr };
static const struct address_space_operations empty_aops;

/* inode.h */
void inode_init(void)
{
	inode_cache_init();
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0,
					SLAB_PANIC | SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, NULL);
}

/* inode.h */
struct timespec current_time(void)
{
	u64 ns = ktime_get_real_ns();

	return (struct timespec){ .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
}

static struct kmem_cache *cache_of(const struct super_block *sb)
{
	return sb->s_inode_cache ?: inode_cache;
}

/* inode.h */
struct inode *new_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = kmem_cache_alloc(cache_of(sb), GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!inode)
		return NULL;
	inode->i_mode = mode;
	inode->i_uid = fs_current_fsuid();
	inode->i_gid = fs_current_fsgid();
	inode->i_nlink = 1;
	inode->i_ino = ++sb->s_next_ino;
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time();
	inode->i_count = 1;
	init_rwsem(&inode->i_rwsem, LOCK_INODE);
	inode->i_op = &special_inode_operations;
	inode->i_fop = &no_open_fops;
	inode->i_sb = sb;
	INIT_LIST_HEAD(&inode->i_sb_list);
	INIT_LIST_HEAD(&inode->i_lru);
	INIT_LIST_HEAD(&inode->i_dirty_list);
	address_space_init(&inode->i_data, inode, &empty_aops, &inode->i_size);
	return inode;
}

/* inode.h */
void ihold(struct inode *inode)
{
	BUG_ON(inode->i_count <= 0);
	inode->i_count++;
}

/* inode.h */
struct kmem_cache *inode_cache_of(const struct inode *inode)
{
	return cache_of(inode->i_sb);
}

/* inode.h */
void inode_free_to(struct kmem_cache *cache, struct inode *inode)
{
	locks_free_context(inode);
	if (inode->i_free)
		inode->i_free(inode);
	xa_destroy(&inode->i_data.i_pages);
	kmem_cache_free(cache, inode);
}

/* inode.h */
void inode_free(struct inode *inode)
{
	inode_free_to(inode_cache_of(inode), inode);
}

/* inode.h */
void iput(struct inode *inode)
{
	if (!inode)
		return;
	if (inode->i_sb->s_op) {
		iput_cached(inode);
		return;
	}
	if (--inode->i_count)
		return;
	if (inode->i_data.nrpages || inode->i_data.flags & AS_SWAPBACKED)
		truncate_inode_pages(&inode->i_data, 0);
	BUG_ON(!list_empty(&inode->i_data.i_mmap));
	inode_free(inode);
}

/* inode.h */
void init_special_inode(struct inode *inode, kdev_t rdev)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFCHR:
		inode->i_fop = &def_chr_fops;
		inode->i_rdev = rdev;
		break;
	case S_IFBLK:
		inode->i_fop = &def_blk_fops;
		inode->i_rdev = rdev;
		break;
	case S_IFIFO:
		inode->i_fop = &fifo_fops;
		break;
	default:
		inode->i_fop = &no_open_fops;	/* a socket: ENXIO */
	}
}

static bool time_before_eq(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec <= b->tv_nsec;
}

/* relatime: is the old access time one that nobody could mistake for a new one? */
static bool atime_is_new(const struct inode *inode, const struct timespec *now)
{
	return !time_before_eq(&inode->i_atime, &inode->i_mtime) &&
	       !time_before_eq(&inode->i_atime, &inode->i_ctime) &&
	       now->tv_sec - inode->i_atime.tv_sec < RELATIME_DAY;
}

/* inode.h. A torn time under a race is harmless: nothing depends on it. */
void touch_atime(struct file *file)
{
	struct vfsmount *mnt = file->f_path.mnt;
	struct inode *inode = file->f_inode;
	struct timespec now;

	if (file->f_flags & O_NOATIME)
		return;
	if (mnt && (mnt->mnt_flags & MS_NOATIME || mnt_is_readonly(mnt) ||
		    (S_ISDIR(inode->i_mode) && mnt->mnt_flags & MS_NODIRATIME)))
		return;
	now = current_time();
	if (mnt && !(mnt->mnt_flags & MS_STRICTATIME) && atime_is_new(inode, &now))
		return;
	if (mnt && mnt_want_write(mnt))
		return;
	inode->i_atime = now;
	mark_inode_dirty(inode);
	if (mnt)
		mnt_drop_write(mnt);
}

/* inode.h */
void inode_touch_ctime(struct inode *inode)
{
	inode->i_ctime = current_time();
	mark_inode_dirty(inode);
}

/* inode.h */
void inode_touch(struct inode *inode)
{
	inode->i_mtime = inode->i_ctime = current_time();
	mark_inode_dirty(inode);
}

/* inode.h */
int simple_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;

	if (attr->valid & ATTR_SIZE) {
		if (!S_ISREG(inode->i_mode))
			return -EINVAL;
		loff_t old = inode->i_size;

		WRITE_ONCE(inode->i_size, attr->size);	/* first: faults beyond it end */
		if (attr->size != old)
			truncate_pagecache(&inode->i_data, attr->size);
	}
	/* The mode first: execve() reads the other way round, and must not see old bits with a new owner. */
	if (attr->valid & ATTR_MODE)
		WRITE_ONCE(inode->i_mode, (inode->i_mode & S_IFMT) | (attr->mode & S_IALLUGO));
	if (attr->valid & ATTR_UID)
		WRITE_ONCE(inode->i_uid, attr->uid);
	if (attr->valid & ATTR_GID)
		WRITE_ONCE(inode->i_gid, attr->gid);
	if (attr->valid & ATTR_ATIME)
		inode->i_atime = attr->atime;
	if (attr->valid & ATTR_MTIME)
		inode->i_mtime = attr->mtime;
	if (attr->valid & ATTR_CTIME)
		inode->i_ctime = attr->ctime;
	mark_inode_dirty(inode);
	return 0;
}

static bool may_chown(struct inode *inode, kuid_t uid)
{
	return (fs_current_fsuid() == inode->i_uid && uid == inode->i_uid) || fs_capable(CAP_CHOWN);
}

static bool may_chgrp(struct inode *inode, kgid_t gid)
{
	if (fs_current_fsuid() == inode->i_uid && (gid == inode->i_gid || fs_in_group(gid)))
		return true;
	return fs_capable(CAP_CHOWN);
}

/* The rules of chmod(2) and chown(2). Takes set-id bits away where Linux does. */
static int setattr_prepare(struct inode *inode, struct iattr *attr)
{
	if (attr->valid & ATTR_UID && !may_chown(inode, attr->uid))
		return -EPERM;
	if (attr->valid & ATTR_GID && !may_chgrp(inode, attr->gid))
		return -EPERM;
	if (attr->valid & ATTR_MODE) {
		kgid_t gid = attr->valid & ATTR_GID ? attr->gid : inode->i_gid;

		if (!inode_owner_or_capable(inode))
			return -EPERM;
		if (!fs_in_group(gid) && !fs_capable(CAP_FSETID))
			attr->mode &= ~S_ISGID;
	}
	if (attr->valid & (ATTR_UID | ATTR_GID) && !(attr->valid & ATTR_MODE) &&
	    !S_ISDIR(inode->i_mode) && inode->i_mode & (S_ISUID | S_ISGID)) {
		attr->valid |= ATTR_MODE;
		attr->mode = inode->i_mode & ~S_ISUID;
		if (attr->mode & S_IXGRP)
			attr->mode &= ~S_ISGID;
	}
	return 0;
}

/* inode.h */
int notify_change(struct dentry *dentry, struct iattr *attr, bool check)
{
	struct inode *inode = dentry->d_inode;
	int err = check ? setattr_prepare(inode, attr) : 0;

	if (err)
		return err;
	if (!inode->i_op->setattr)
		return -EPERM;
	if (attr->valid & ATTR_SIZE && IS_SWAPFILE(inode))
		return -ETXTBSY;
	if (attr->valid & ATTR_SIZE && !(attr->valid & ATTR_MTIME)) {
		attr->valid |= ATTR_MTIME;
		attr->mtime = current_time();
	}
	attr->valid |= ATTR_CTIME;
	attr->ctime = current_time();
	err = inode->i_op->setattr(dentry, attr);
	return fsnotify_change(dentry, attr->valid, err);
}

/* inode.h */
void generic_fillattr(struct inode *inode, struct kstat *stat)
{
	*stat = (struct kstat){
		.dev = inode->i_sb->s_dev,
		.rdev = inode->i_rdev,
		.ino = inode->i_ino,
		.mode = inode->i_mode,
		.nlink = inode->i_nlink,
		.uid = inode->i_uid,
		.gid = inode->i_gid,
		.size = READ_ONCE(inode->i_size),
		.blksize = PAGE_SIZE,
		.blocks = inode->i_data.nrpages * (PAGE_SIZE / 512),
		.atime = inode->i_atime,
		.mtime = inode->i_mtime,
		.ctime = inode->i_ctime,
	};
}

/* inode.h */
int get_write_access(struct inode *inode)
{
	int count = inode->i_writecount;

	do {
		if (count < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n((int *)&inode->i_writecount, &count, count + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return 0;
}

/* inode.h */
void put_write_access(struct inode *inode)
{
	WARN_ON(inode->i_writecount-- <= 0);
}

/* inode.h */
int deny_write_access(struct inode *inode)
{
	int count = inode->i_writecount;

	do {
		if (count > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n((int *)&inode->i_writecount, &count, count - 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return 0;
}

/* fs.h */
void allow_write_access(struct file *file)
{
	if (file)
		WARN_ON(file->f_inode->i_writecount++ >= 0);
}
