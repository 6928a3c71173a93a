/*
 * mount_internal.h - the tree of mounts, for those who change it (sys_mount.c).
 * => namespace_lock held for all.
 */
#pragma once

#include "kernel/fs/mount.h"

extern struct mutex namespace_lock;
extern struct list_head mount_list;
/* detached; ERR_PTR. @flags: MS_RDONLY counts for a new superblock */
struct vfsmount *vfs_kern_mount(struct file_system_type *type, unsigned long flags, const char *dev,
				const char *data);
/* a bind mount of that place, detached; NULL */
struct vfsmount *clone_mount(const struct path *path);
/* the tree takes the caller's reference */
void attach_mount(struct vfsmount *mnt, const struct path *where);
/* The place where it was: the tree's references to that become the caller's */
struct path move_mount(struct vfsmount *mnt, const struct path *where);
/* Part of the tree, so that somebody can unmount it? Not below one that was unmounted lazily. */
bool is_mounted(struct vfsmount *mnt);
/* umount -l: all that is mounted on it goes, too, each with its last user */
void detach_submounts(struct vfsmount *mnt);
/*
 * @mnt, which has a parent, leaves the tree, whose reference becomes the caller's; unless somebody has
 * one besides the tree and the caller: then only if @lazy, and its end is left to a worker. False: it
 * is used, and stays.
 */
bool detach_unused_mount(struct vfsmount *mnt, bool lazy);
/* A mount's -EAGAIN is over when this many (+ 1) superblocks have ended. 0, -EINTR (killed) */
unsigned long count_super_ends(void);
int wait_for_super_end(unsigned long seen);
/*
 * Nobody may begin to write to @mnt, or to any mount of @sb, from now on: its flags become @flags; until
 * sb_end_readonly(), when the superblock says so itself. -EBUSY: somebody writes, or has a file
 * open for it; of @sb, also: a file without a name is to be deleted.
 */
int mnt_make_readonly(struct vfsmount *mnt, unsigned int flags);
int sb_begin_readonly(struct super_block *sb);
void sb_end_readonly(struct super_block *sb);
bool is_submount_of(struct vfsmount *mnt, struct vfsmount *ancestor);	/* or equal */
