/*
 * namespace.c - mounts: which tree is joined to which directory.
 *
 * Idea:   there is one namespace, a list of mounts in the order they were made.
 *         A mount knows the mount and directory it sits on; the way down goes
 *         by a flag at the directory (DCACHE_MOUNTED) and a search in the list,
 *         which is short. A mount holds its parent; the tree holds each mount.
 * Locks:  namespace_lock (a mutex, LOCK_OPEN) around each change, dcache_lock
 *         around the fields that path walks read.
 * Above:  namei.c, sys_mount.c.   Below: dcache.c.   In Linux: fs/namespace.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/statfs.h"
#include "kernel/block/block.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/mount_internal.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/slab.h"

DEFINE_MUTEX(namespace_lock, LOCK_OPEN);
LIST_HEAD(mount_list);			/* dcache_lock; namespace_lock to change */
static LIST_HEAD(file_systems);		/* only grows, at boot */
static int next_mnt_id = 1;		/* namespace_lock */
static LIST_HEAD(super_blocks);		/* sb_lock */
static spinlock_t sb_lock = SPINLOCK_INIT(LOCK_DCACHE);
static DECLARE_WAIT_QUEUE_HEAD(walker_gone);	/* an s_walkers fell to 0 */
static DECLARE_WAIT_QUEUE_HEAD(super_gone);	/* super_ends has grown */
static _Atomic unsigned long super_ends;	/* superblocks that have come to their end */
static unsigned int next_anon_dev = 1;	/* namespace_lock: minor of sb->s_dev */

/* fs.h */
int register_filesystem(struct file_system_type *type)
{
	if (find_filesystem(type->name))
		return -EBUSY;
	list_add_tail(&type->link, &file_systems);
	return 0;
}

/* mount.h */
struct file_system_type *find_filesystem(const char *name)
{
	struct file_system_type *type;

	list_for_each_entry(type, &file_systems, link)
		if (!strcmp(type->name, name))
			return type;
	return NULL;
}

/* mount.h */
struct file_system_type *next_disk_filesystem(struct file_system_type *after)
{
	struct file_system_type *type;
	bool seen = !after;

	list_for_each_entry(type, &file_systems, link) {
		if (seen && !type->nodev)
			return type;
		seen = seen || type == after;
	}
	return NULL;
}

static int filesystems_show(struct seq_file *m)
{
	struct file_system_type *type;

	list_for_each_entry(type, &file_systems, link)
		if (!type->internal || strcmp(type->name, "rootfs"))
			seq_printf(m, "%s\t%s\n", type->nodev ? "nodev" : "", type->name);
	return 0;
}
CTL_FILE("/proc/filesystems", .mode = 0444, .show = filesystems_show);

/* mount.h */
struct vfsmount *mntget(struct vfsmount *mnt)
{
	if (mnt)
		mnt->mnt_count++;
	return mnt;
}

/*
 * The last mount's reference went: nobody begins to walk any more, and who has begun is waited for, so
 * that umount(2) returns when the disk is free, and its end is not a flusher's to bring about.
 */
static void wait_for_walkers(struct super_block *sb)
{
	spin_lock(&sb_lock);		/* next_super() has counted whom it still let in */
	spin_unlock(&sb_lock);
	wait_event(walker_gone, !sb->s_walkers, "umount");
}

static void deactivate_super(struct super_block *sb)
{
	if (--sb->s_count)
		return;
	wait_for_walkers(sb);
	fsnotify_super_gone(sb);
	if (sb->s_type->kill_sb)
		sb->s_type->kill_sb(sb);
	spin_lock(&sb_lock);
	list_del_init(&sb->s_list);
	spin_unlock(&sb_lock);
	kfree(sb);
	super_ends++;
	wake_up_all(&super_gone);
}

/* A mount's reference, unless the last one is gone already. => @sb is walked, or has one */
static bool activate_super(struct super_block *sb)
{
	int count = sb->s_count;

	do {
		if (!count)
			return false;
	} while (!__atomic_compare_exchange_n((int *)&sb->s_count, &count, count + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

/* @sb may go now. */
static void put_walked(struct super_block *sb)
{
	if (sb && --sb->s_walkers == 0)
		wake_up_all(&walker_gone);
}

/* The mounted superblock after @after (NULL: the first), which waits for put_walked(); NULL. */
static struct super_block *next_super(struct super_block *after)
{
	struct super_block *sb, *found = NULL;
	bool seen = !after;

	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, s_list) {
		if (seen && sb->s_count) {
			sb->s_walkers++;
			found = sb;
			break;
		}
		seen = seen || sb == after;
	}
	spin_unlock(&sb_lock);
	return found;
}

/* mount.h */
int for_each_super(int (*fn)(struct super_block *sb, void *arg), void *arg)
{
	struct super_block *sb, *last = NULL;
	int error = 0;

	while ((sb = next_super(last))) {
		int ret = fn(sb, arg);

		if (ret && !error)
			error = ret;
		put_walked(last);
		last = sb;
	}
	put_walked(last);
	return error;
}

/* mount.h */
struct block_device *lookup_bdev(const char *name)
{
	struct block_device *bdev;
	struct inode *inode;
	struct path path;
	int err;

	if (!name || !*name)
		return ERR_PTR(-EINVAL);
	err = filename_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	if (!S_ISBLK(inode->i_mode)) {
		bdev = ERR_PTR(-ENOTBLK);
	} else {
		bdev = blkdev_get_by_dev(inode->i_rdev);
		if (!bdev || bdev->gone)
			bdev = ERR_PTR(-ENXIO);
	}
	path_put(&path);
	return bdev;
}

static int same_bdev(struct super_block *sb, void *found)
{
	struct super_block **want = found;

	if (want[1] || sb->s_bdev != want[0]->s_bdev || sb == want[0])
		return 0;
	if (activate_super(sb))
		want[1] = sb;
	return 0;
}

/* Was its last mount unmounted, and is still being written? */
static bool is_ending(const struct block_device *bdev)
{
	struct super_block *sb;
	bool found = false;

	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, s_list)
		found = found || (sb->s_bdev == bdev && !sb->s_count);
	spin_unlock(&sb_lock);
	return found;
}

/* mount_internal.h */
unsigned long count_super_ends(void)
{
	return super_ends;
}

/* mount_internal.h */
int wait_for_super_end(unsigned long seen)
{
	return wait_event_killable(super_gone, super_ends != seen, "umount");
}

/*
 * A disk that is mounted already shows the same tree again. The superblock, NULL (it is not), or
 * ERR_PTR(-EBUSY: otherwise; -EAGAIN: not any more, soon; -ENOTBLK …). => namespace_lock held
 */
static struct super_block *find_mounted(struct file_system_type *type, bool rdonly,
					const char *source)
{
	struct block_device *bdev = lookup_bdev(source);
	struct super_block key = { .s_bdev = bdev }, *want[2] = { &key, NULL }, *sb;

	if (IS_ERR(bdev))
		return ERR_PTR(PTR_ERR(bdev));
	for_each_super(same_bdev, want);
	sb = want[1];
	if (sb && (sb->s_type != type || sb->s_rdonly != rdonly)) {
		deactivate_super(sb);
		return ERR_PTR(-EBUSY);
	}
	return sb || !is_ending(bdev) ? sb : ERR_PTR(-EAGAIN);
}

static void free_mount(struct vfsmount *mnt)
{
	WARN_ON(mnt->mnt_writers);
	spin_lock(&dcache_lock);
	list_del_init(&mnt->mnt_instance);
	spin_unlock(&dcache_lock);
	dput(mnt->mnt_root);
	deactivate_super(mnt->mnt_sb);
	kfree(mnt->mnt_devname);
	kfree(mnt);
}

static void free_mount_work(struct work_struct *work)
{
	free_mount(container_of(work, struct vfsmount, mnt_work));
}

/*
 * mount.h. The last user of a lazily unmounted file system may be in the middle of anything (a
 * munmap): writing it all back is left to a worker.
 */
void mntput(struct vfsmount *mnt)
{
	if (!mnt || --mnt->mnt_count)
		return;
	BUG_ON(mnt->mnt_parent);
	if (!mnt->mnt_lazy) {
		free_mount(mnt);
		return;
	}
	mnt->mnt_work = (struct work_struct)WORK_INIT(mnt->mnt_work, free_mount_work);
	schedule_work(&mnt->mnt_work);
}

/* mount.h */
void path_get(const struct path *path)
{
	mntget(path->mnt);
	dget(path->dentry);
}

/* mount.h */
void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

/* mount.h */
bool mnt_is_readonly(const struct vfsmount *mnt)
{
	/* This one first: it is cleared when one of the others is set. */
	return READ_ONCE(mnt->mnt_sb->s_readonly_remount) ||
	       READ_ONCE(mnt->mnt_flags) & MS_RDONLY || READ_ONCE(mnt->mnt_sb->s_rdonly);
}

/* One writer more; false: just now somebody asks whether there are any. */
static bool count_writer(struct vfsmount *mnt)
{
	long count = mnt->mnt_writers;

	do {
		if (count < 0)
			return false;
	} while (!__atomic_compare_exchange_n((long *)&mnt->mnt_writers, &count, count + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

/* mount.h. Counted first, then asked: who makes it read-only does it the other way round. */
int mnt_want_write(struct vfsmount *mnt)
{
	while (!count_writer(mnt)) {
		spin_lock(&dcache_lock);	/* his */
		spin_unlock(&dcache_lock);
	}
	if (!mnt_is_readonly(mnt))
		return 0;
	mnt_drop_write(mnt);
	return -EROFS;
}

/* mount.h */
void mnt_drop_write(struct vfsmount *mnt)
{
	WARN_ON(mnt->mnt_writers-- <= 0);
}

/* None is there, and none comes before release_writers(). => dcache_lock held */
static bool hold_writers(struct vfsmount *mnt)
{
	long none = 0;

	return __atomic_compare_exchange_n((long *)&mnt->mnt_writers, &none, -1, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void release_writers(struct vfsmount *mnt)
{
	if (mnt->mnt_writers < 0)
		mnt->mnt_writers = 0;
}

/* mount_internal.h */
int mnt_make_readonly(struct vfsmount *mnt, unsigned int flags)
{
	bool held;

	spin_lock(&dcache_lock);
	held = mnt->mnt_flags & MS_RDONLY || hold_writers(mnt);
	if (held)
		WRITE_ONCE(mnt->mnt_flags, flags);
	release_writers(mnt);
	spin_unlock(&dcache_lock);
	return held ? 0 : -EBUSY;
}

/* mount_internal.h */
int sb_begin_readonly(struct super_block *sb)
{
	struct vfsmount *mnt;
	bool busy = false;

	spin_lock(&dcache_lock);
	list_for_each_entry(mnt, &sb->s_mounts, mnt_instance)
		busy = busy || !hold_writers(mnt);
	busy = busy || has_orphans(sb);
	if (!busy)
		WRITE_ONCE(sb->s_readonly_remount, true);
	list_for_each_entry(mnt, &sb->s_mounts, mnt_instance)
		release_writers(mnt);
	spin_unlock(&dcache_lock);
	return busy ? -EBUSY : 0;
}

/* mount_internal.h */
void sb_end_readonly(struct super_block *sb)
{
	WRITE_ONCE(sb->s_readonly_remount, false);
}

/* mount.h. The newest first: it hides those below. */
struct vfsmount *lookup_mnt_locked(struct vfsmount *mnt, struct dentry *dentry)
{
	struct vfsmount *m;

	list_for_each_entry_reverse(m, &mount_list, mnt_list)
		if (m->mnt_parent == mnt && m->mnt_mountpoint == dentry)
			return m;
	return NULL;
}

/* mount.h */
bool follow_mount(struct path *path)
{
	bool moved = false;

	while (path->dentry->d_flags & DCACHE_MOUNTED) {
		struct path old = *path;
		struct vfsmount *m;

		spin_lock(&dcache_lock);
		m = mntget(lookup_mnt_locked(path->mnt, path->dentry));
		spin_unlock(&dcache_lock);
		if (!m)
			break;
		path->mnt = m;
		path->dentry = dget(m->mnt_root);
		path_put(&old);
		moved = true;
	}
	return moved;
}

/* mount.h */
bool follow_up(struct path *path)
{
	struct path up = { NULL, NULL };

	spin_lock(&dcache_lock);
	if (path->mnt->mnt_parent) {
		up.mnt = path->mnt->mnt_parent;
		up.dentry = path->mnt->mnt_mountpoint;
		path_get(&up);
	}
	spin_unlock(&dcache_lock);
	if (!up.mnt)
		return false;
	path_put(path);
	*path = up;
	return true;
}

static bool reachable_locked(const struct path *path, const struct path *root)
{
	struct vfsmount *mnt = path->mnt;
	struct dentry *dentry = path->dentry;

	while (mnt != root->mnt && mnt->mnt_parent) {
		dentry = mnt->mnt_mountpoint;
		mnt = mnt->mnt_parent;
	}
	while (dentry != root->dentry && dentry->d_parent != dentry)
		dentry = dentry->d_parent;
	return mnt == root->mnt && dentry == root->dentry;
}

/* mount.h */
bool is_path_reachable(const struct path *path, const struct path *root)
{
	bool reachable;

	spin_lock(&dcache_lock);
	reachable = reachable_locked(path, root);
	spin_unlock(&dcache_lock);
	return reachable;
}

/* A superblock of @type, counted once; for singletons always the same. */
static struct super_block *get_super(struct file_system_type *type, unsigned long flags,
				     const char *source, const char *data)
{
	struct super_block *sb = type->singleton;
	int err;

	if (sb) {
		err = type->mount_again ? type->mount_again(sb, data) : 0;
		if (err)
			return ERR_PTR(err);
		sb->s_count++;
		return sb;
	}
	if (!type->nodev) {
		sb = find_mounted(type, flags & MS_RDONLY, source);
		if (sb)
			return sb;
	}
	sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->s_type = type;
	sb->s_dev = MKDEV(0, ++next_anon_dev);
	sb->s_count = 1;
	sb->s_rdonly = !type->nodev && flags & MS_RDONLY;
	mutex_init(&sb->s_sync, LOCK_SB_SYNC);
	INIT_LIST_HEAD(&sb->s_inodes);
	INIT_LIST_HEAD(&sb->s_dirty);
	INIT_LIST_HEAD(&sb->s_mounts);
	err = type->mount(sb, source, data);
	if (err) {
		kfree(sb);
		return ERR_PTR(err);
	}
	spin_lock(&sb_lock);
	list_add_tail(&sb->s_list, &super_blocks);
	spin_unlock(&sb_lock);
	if (sb->s_singleton) {
		type->singleton = sb;
		sb->s_count++;		/* it stays when the last mount goes */
	}
	return sb;
}

static struct vfsmount *alloc_mount(struct super_block *sb, struct dentry *root, const char *dev)
{
	struct vfsmount *mnt = kzalloc(sizeof(*mnt), GFP_KERNEL);

	if (!mnt)
		return NULL;
	mnt->mnt_devname = kstrdup(dev && *dev ? dev : "none", GFP_KERNEL);
	if (!mnt->mnt_devname) {
		kfree(mnt);
		return NULL;
	}
	mnt->mnt_count = 1;
	mnt->mnt_id = next_mnt_id++;
	mnt->mnt_sb = sb;
	mnt->mnt_root = dget(root);
	INIT_LIST_HEAD(&mnt->mnt_list);
	spin_lock(&dcache_lock);
	list_add_tail(&mnt->mnt_instance, &sb->s_mounts);
	spin_unlock(&dcache_lock);
	return mnt;
}

/* mount_internal.h */
struct vfsmount *vfs_kern_mount(struct file_system_type *type, unsigned long flags, const char *dev,
				const char *data)
{
	struct super_block *sb = get_super(type, flags, dev, data);
	struct vfsmount *mnt;

	if (IS_ERR(sb))
		return ERR_PTR(PTR_ERR(sb));
	mnt = alloc_mount(sb, sb->s_root, dev);
	if (!mnt) {
		deactivate_super(sb);
		return ERR_PTR(-ENOMEM);
	}
	return mnt;
}

/* mount.h */
struct vfsmount *kern_mount(struct file_system_type *type)
{
	struct vfsmount *mnt;

	mutex_lock(&namespace_lock);
	mnt = vfs_kern_mount(type, 0, type->name, NULL);
	mutex_unlock(&namespace_lock);
	return mnt;
}

/* mount_internal.h */
struct vfsmount *clone_mount(const struct path *path)
{
	struct vfsmount *mnt = alloc_mount(path->mnt->mnt_sb, path->dentry, path->mnt->mnt_devname);

	if (!mnt)
		return NULL;
	mnt->mnt_sb->s_count++;
	mnt->mnt_flags = path->mnt->mnt_flags;
	return mnt;
}

/* Takes over @where's references. => dcache_lock held */
static void link_mount_locked(struct vfsmount *mnt, const struct path *where)
{
	BUG_ON(mnt->mnt_parent);
	mnt->mnt_parent = where->mnt;
	mnt->mnt_mountpoint = where->dentry;
	where->dentry->d_flags |= DCACHE_MOUNTED;
	list_del_init(&mnt->mnt_list);
	list_add_tail(&mnt->mnt_list, &mount_list);
}

/* mount_internal.h */
bool is_mounted(struct vfsmount *mnt)
{
	bool mounted;

	spin_lock(&dcache_lock);
	while (mnt->mnt_parent)
		mnt = mnt->mnt_parent;
	mounted = !list_empty(&mnt->mnt_list);
	spin_unlock(&dcache_lock);
	return mounted;
}

/* mount_internal.h */
void attach_mount(struct vfsmount *mnt, const struct path *where)
{
	path_get(where);
	spin_lock(&dcache_lock);
	link_mount_locked(mnt, where);
	spin_unlock(&dcache_lock);
}

static bool is_mountpoint_locked(struct dentry *dentry)
{
	struct vfsmount *m;

	list_for_each_entry(m, &mount_list, mnt_list)
		if (m->mnt_mountpoint == dentry)
			return true;
	return false;
}

/* Out of the tree: where it was is to be put. => dcache_lock held */
static struct path unlink_mount_locked(struct vfsmount *mnt)
{
	struct path where = { mnt->mnt_parent, mnt->mnt_mountpoint };

	mnt->mnt_parent = NULL;
	mnt->mnt_mountpoint = NULL;
	list_del_init(&mnt->mnt_list);
	if (where.dentry && !is_mountpoint_locked(where.dentry))
		where.dentry->d_flags &= ~DCACHE_MOUNTED;
	return where;
}

/* mount_internal.h */
struct path move_mount(struct vfsmount *mnt, const struct path *where)
{
	struct path was;

	path_get(where);
	spin_lock(&dcache_lock);
	was = unlink_mount_locked(mnt);
	link_mount_locked(mnt, where);
	spin_unlock(&dcache_lock);
	return was;
}

static struct vfsmount *child_mount_locked(struct vfsmount *mnt)
{
	struct vfsmount *m;

	list_for_each_entry(m, &mount_list, mnt_list)
		if (m->mnt_parent == mnt)
			return m;
	return NULL;
}

/* mount_internal.h */
void detach_submounts(struct vfsmount *mnt)
{
	for (;;) {
		struct vfsmount *leaf = mnt, *child;
		struct path where;

		spin_lock(&dcache_lock);
		while ((child = child_mount_locked(leaf)))
			leaf = child;
		if (leaf != mnt) {
			leaf->mnt_lazy = true;
			where = unlink_mount_locked(leaf);
		}
		spin_unlock(&dcache_lock);
		if (leaf == mnt)
			return;
		path_put(&where);
		mntput(leaf);
	}
}

/*
 * mount_internal.h. A look and a deed in one: who comes in between by a path has a reference, and
 * would be the one to end the file system, wherever he is then. A mount on it refers to it as well.
 */
bool detach_unused_mount(struct vfsmount *mnt, bool lazy)
{
	struct path where;
	bool used;

	spin_lock(&dcache_lock);
	used = mnt->mnt_count > 2;
	if (!used || lazy) {
		mnt->mnt_lazy = used;
		where = unlink_mount_locked(mnt);
	}
	spin_unlock(&dcache_lock);
	if (used && !lazy)
		return false;
	path_put(&where);
	return true;
}

/* mount_internal.h */
bool is_submount_of(struct vfsmount *mnt, struct vfsmount *ancestor)
{
	spin_lock(&dcache_lock);
	while (mnt && mnt != ancestor)
		mnt = mnt->mnt_parent;
	spin_unlock(&dcache_lock);
	return mnt != NULL;
}

static const struct { unsigned long flag; const char *text; long st; } mnt_opts[] = {
	{ MS_NOSUID, ",nosuid", ST_NOSUID }, { MS_NODEV, ",nodev", ST_NODEV },
	{ MS_NOEXEC, ",noexec", ST_NOEXEC }, { MS_NOATIME, ",noatime", ST_NOATIME },
	{ MS_RELATIME, ",relatime", ST_RELATIME },
};

static void show_mnt_opts(struct seq_file *m, const struct vfsmount *mnt)
{
	seq_puts(m, mnt_is_readonly(mnt) ? "ro" : "rw");
	for (unsigned int i = 0; i < ARRAY_SIZE(mnt_opts); i++)
		if (mnt->mnt_flags & mnt_opts[i].flag)
			seq_puts(m, mnt_opts[i].text);
}

/* The place of a mount as @root sees it; NULL: outside of it. => dcache_lock held. */
static char *mount_path(struct vfsmount *mnt, const struct path *root, char *buf, int size)
{
	struct path path = { mnt, mnt->mnt_root };
	char *p;

	if (!reachable_locked(&path, root))
		return NULL;
	p = dentry_path_locked(&path, root, buf, size);
	return IS_ERR(p) ? NULL : p;
}

static void escaped(struct seq_file *m, const char *s)
{
	seq_escape(m, s, " \t\n");
}

static void show_mounts_line(struct seq_file *m, struct vfsmount *mnt, const char *where)
{
	escaped(m, mnt->mnt_devname);
	seq_putc(m, ' ');
	escaped(m, where);
	seq_printf(m, " %s ", mnt->mnt_sb->s_type->name);
	show_mnt_opts(m, mnt);
	if (mnt->mnt_sb->s_op && mnt->mnt_sb->s_op->show_options)
		mnt->mnt_sb->s_op->show_options(m, mnt->mnt_sb);
	if (mnt->mnt_sb->s_show_options)
		mnt->mnt_sb->s_show_options(m, mnt->mnt_sb);
	seq_puts(m, " 0 0\n");
}

static void show_mountinfo_line(struct seq_file *m, struct vfsmount *mnt, const char *where)
{
	seq_printf(m, "%d %d %u:%u / ", mnt->mnt_id,
		   mnt->mnt_parent ? mnt->mnt_parent->mnt_id : mnt->mnt_id,
		   MAJOR(mnt->mnt_sb->s_dev), MINOR(mnt->mnt_sb->s_dev));
	escaped(m, where);
	seq_putc(m, ' ');
	show_mnt_opts(m, mnt);
	seq_printf(m, " - %s ", mnt->mnt_sb->s_type->name);
	escaped(m, mnt->mnt_devname);
	seq_puts(m, mnt->mnt_sb->s_rdonly || (!mnt->mnt_sb->s_op && mnt->mnt_flags & MS_RDONLY) ?
			    " ro" : " rw");
	if (mnt->mnt_sb->s_op && mnt->mnt_sb->s_op->show_options)
		mnt->mnt_sb->s_op->show_options(m, mnt->mnt_sb);
	if (mnt->mnt_sb->s_show_options)
		mnt->mnt_sb->s_show_options(m, mnt->mnt_sb);
	seq_putc(m, '\n');
}

static int show_all_mounts(struct seq_file *m,
			   void (*line)(struct seq_file *, struct vfsmount *, const char *))
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *where;
	struct vfsmount *mnt;
	struct path root;

	if (!buf)
		return -ENOMEM;
	get_fs_root(&root);
	spin_lock(&dcache_lock);
	list_for_each_entry(mnt, &mount_list, mnt_list) {
		where = mount_path(mnt, &root, buf, PATH_MAX);
		if (where)
			line(m, mnt, where);
	}
	spin_unlock(&dcache_lock);
	path_put(&root);
	kfree(buf);
	return 0;
}

static int mounts_show(struct seq_file *m, struct task_struct *task)
{
	return show_all_mounts(m, show_mounts_line);
}
static int mountinfo_show(struct seq_file *m, struct task_struct *task)
{
	return show_all_mounts(m, show_mountinfo_line);
}
CTL_PID_FILE("mounts", .mode = 0444, .show = mounts_show);
CTL_PID_FILE("mountinfo", .mode = 0444, .show = mountinfo_show);

/* mount.h */
int vfs_statfs(const struct path *path, struct statfs *st)
{
	struct super_block *sb = path->mnt->mnt_sb;
	int err;

	*st = (struct statfs){
		.f_type = sb->s_magic,
		.f_bsize = PAGE_SIZE,
		.f_frsize = PAGE_SIZE,
		.f_namelen = NAME_MAX,
		.f_fsid = { (s32)new_encode_dev(sb->s_dev), 0 },
	};
	err = sb->s_statfs ? sb->s_statfs(sb, st) : 0;
	st->f_flags = ST_VALID | (mnt_is_readonly(path->mnt) ? ST_RDONLY : 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(mnt_opts); i++)
		if (path->mnt->mnt_flags & mnt_opts[i].flag)
			st->f_flags |= mnt_opts[i].st;
	return err;
}
