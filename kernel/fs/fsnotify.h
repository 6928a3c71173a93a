/*
 * fsnotify.h - hooks that tell watchers (inotify) what happens to files.
 *
 * Idea: each hook tests one word, the number of watches in the system: where nobody watches
 *       anything it is a load and a branch. Only then it looks at the inode, and at the
 *       directory only if some directory is watched (which takes dcache_lock).
 * Locks: hooks may be called with any sleeping lock held; they may sleep.
 */
#pragma once

#include "kernel/abi/inotify.h"
#include "kernel/fs/fs.h"

extern _Atomic int fsnotify_watches;		/* a: how many there are */
extern _Atomic int fsnotify_dir_watches;	/* a: of them on directories */

/* What is told. @mask: IN_*, with IN_ISDIR if it is about a directory. */
struct fs_event {
	u32 mask;
	u32 cookie;
	const char *name;		/* in the watched directory; NULL: the watched inode itself */
	bool unlinked;			/* the file has no such name any more: IN_EXCL_UNLINK */
};

/* --- fsnotify.c: the hooks' rare half. All may sleep. --- */
/* @dentry's inode, and its name's directory. */
void fsnotify_tell_dentry(struct dentry *dentry, u32 mask);
void fsnotify_tell_inode(struct inode *inode, u32 mask);
void fsnotify_tell_name(struct inode *dir, u32 mask, const char *name);
void fsnotify_tell_change(struct dentry *dentry, unsigned int valid);
void fsnotify_tell_removal(struct inode *dir, struct dentry *dentry);
/* @inode went from @odir to @ndir; @target: what had the new name, or NULL */
void fsnotify_tell_move(struct inode *odir, const char *oname, struct inode *ndir,
			const char *nname, struct inode *inode, struct inode *target);

/* --- inotify.c --- */
/* The watches of @inode that asked for it get @event. => a reference on @inode; may sleep */
void inotify_handle(struct inode *inode, const struct fs_event *event);
/* @inode's last name is gone: IN_DELETE_SELF, and its watches end. May sleep. */
void inotify_inode_gone(struct inode *inode);
/* The last mount of @sb went: IN_UNMOUNT, and no watch holds an inode of it any more. May sleep. */
void inotify_super_gone(struct super_block *sb);
void inotify_boot(void);			/* => memory is counted */

/* --- the hooks --- */
static inline bool fsnotify_on(void)
{
	return __builtin_expect(fsnotify_watches != 0, 0);
}
static inline void fsnotify_dentry(struct dentry *dentry, u32 mask)
{
	if (fsnotify_on())
		fsnotify_tell_dentry(dentry, mask);
}
static inline void fsnotify_file(struct file *file, u32 mask)
{
	if (fsnotify_on() && !(file->f_mode & FMODE_PATH))
		fsnotify_tell_dentry(file->f_path.dentry, mask);
}
/* @n: what the call returned */
static inline void fsnotify_access(struct file *file, kssize_t n)
{
	if (n > 0)
		fsnotify_file(file, IN_ACCESS);
}
static inline void fsnotify_modify(struct file *file, kssize_t n)
{
	if (n > 0)
		fsnotify_file(file, IN_MODIFY);
}
static inline void fsnotify_close(struct file *file)
{
	fsnotify_file(file, file->f_mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
}
/* @dentry is new in @dir, unless @err. The same. */
static inline int fsnotify_create(struct inode *dir, struct dentry *dentry, u32 mask, int err)
{
	if (!err && fsnotify_on())
		fsnotify_tell_name(dir, IN_CREATE | mask, dentry->d_name);
	return err;
}
/* @dentry was removed from @dir, unless @err. The same. */
static inline int fsnotify_remove(struct inode *dir, struct dentry *dentry, int err)
{
	if (!err && fsnotify_on())
		fsnotify_tell_removal(dir, dentry);
	return err;
}
/* notify_change() did @valid (ATTR_*), unless @err. The same. */
static inline int fsnotify_change(struct dentry *dentry, unsigned int valid, int err)
{
	if (!err && fsnotify_on())
		fsnotify_tell_change(dentry, valid);
	return err;
}
/* A name's reference to @inode (NULL: none) is about to go. */
static inline void fsnotify_inode_put(struct inode *inode)
{
	if (fsnotify_on() && inode && !inode->i_nlink)
		inotify_inode_gone(inode);
}
static inline void fsnotify_super_gone(struct super_block *sb)
{
	inotify_super_gone(sb);		/* always: a watch that just ended may hold an inode */
}
