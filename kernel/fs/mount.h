/*
 * mount.h - file systems joined into one tree; current's root and working directory.
 *
 * Locks: the tree of mounts: dcache_lock. Changing it: namespace_lock (namespace.c).
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/sched/workqueue.h"

/* Guards: d dcache_lock   c set once   a atomic */
struct vfsmount {
	_Atomic int mnt_count;		/* a */
	int mnt_id;			/* c */
	unsigned int mnt_flags;		/* d: MS_RDONLY … */
	struct dentry *mnt_root;	/* c: a reference */
	struct super_block *mnt_sb;	/* c */
	struct vfsmount *mnt_parent;	/* d: NULL: detached or the first */
	struct dentry *mnt_mountpoint;	/* d: a reference */
	struct list_head mnt_list;	/* d: all mounts, in order */
	char *mnt_devname;		/* c */
	struct list_head mnt_instance;	/* d: sb->s_mounts */
	/* a: changes under way, files open for writing; < 0, for a moment: nobody may begin to */
	_Atomic long mnt_writers;
	bool mnt_lazy;			/* d: umount -l: its end comes later, from anywhere */
	struct work_struct mnt_work;	/* which then is a worker's to do */
};

/* current's own; shared by threads with CLONE_FS. */
struct fs_struct {
	_Atomic int users;
	spinlock_t lock;		/* LOCK_FS: all below */
	int umask;
	struct path root, pwd;
};

void path_get(const struct path *path);
void path_put(const struct path *path);
static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}
struct vfsmount *mntget(struct vfsmount *mnt);
void mntput(struct vfsmount *mnt);	/* may sleep */
/* => dcache_lock held. The mount on that place, or NULL; no reference. */
struct vfsmount *lookup_mnt_locked(struct vfsmount *mnt, struct dentry *dentry);
/*
 * Goes from a mount point to the top of what is mounted there; keeps the references right. True:
 * it moved.
 */
bool follow_mount(struct path *path);
bool follow_up(struct path *path);	/* from a mount's root to its mount point */
/*
 * Before a change of what is in @mnt, and after it: a remount to read-only is refused in between. 0;
 * -EROFS: nothing is to be put. Does not sleep. => no spinlock of dcache_lock's rank or above is held
 */
int mnt_want_write(struct vfsmount *mnt);
void mnt_drop_write(struct vfsmount *mnt);
bool mnt_is_readonly(const struct vfsmount *mnt);	/* the mount, or its file system */
/* A mount of its own that programs cannot reach: pipefs. ERR_PTR. */
struct vfsmount *kern_mount(struct file_system_type *type);
void get_fs_root(struct path *root);
void get_fs_pwd(struct path *pwd);
int do_mount(const char *dev, const char *dir, const char *type, unsigned long flags,
	     const char *data);
int vfs_statfs(const struct path *path, struct statfs *st);
struct file_system_type *find_filesystem(const char *name);
/* The next one after @after (NULL: the first) that lives on block devices; NULL. */
struct file_system_type *next_disk_filesystem(struct file_system_type *after);
void mnt_init(void);
/* The block device that @path names, for a mount: ERR_PTR(-ENOENT …, -ENOTBLK, -ENXIO). */
struct block_device *lookup_bdev(const char *path);
/* @fn for every superblock, in the order of mounting. May sleep. The first error. */
int for_each_super(int (*fn)(struct super_block *sb, void *arg), void *arg);
bool is_path_reachable(const struct path *path, const struct path *root);
