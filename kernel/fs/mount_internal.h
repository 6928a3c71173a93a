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
void detach_mount(struct vfsmount *mnt);	/* the tree's reference becomes the caller's */
/*
 * The same of one that has a parent, unless somebody has a reference besides the tree and the caller:
 * then only if @lazy, and its end is left to a worker. False: it is used, and stays.
 */
bool detach_unused_mount(struct vfsmount *mnt, bool lazy);
bool is_submount_of(struct vfsmount *mnt, struct vfsmount *ancestor);	/* or equal */
