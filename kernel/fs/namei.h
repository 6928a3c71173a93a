/*
 * namei.h - from a path's text to a place in the tree.
 */
#pragma once

#include "kernel/fs/dcache.h"
#include "kernel/fs/mount.h"

enum lookup_flags {
	LOOKUP_FOLLOW = 1,
	LOOKUP_DIRECTORY = 2,
	LOOKUP_EMPTY = 4,
	LOOKUP_NO_XDEV = 8,
	LOOKUP_NO_MAGICLINKS = 16,
	LOOKUP_NO_SYMLINKS = 32,
	LOOKUP_BENEATH = 64,
	LOOKUP_IN_ROOT = 128
};

/*
 * A user's path in a buffer of PATH_MAX; ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT if it is empty
 * and @empty_ok is not).
 */
char *getname_flags(const char __user *path, bool empty_ok);
static inline char *getname(const char __user *path) { return getname_flags(path, false); }
void putname(char *name);
char *alloc_name(void);			/* a buffer of PATH_MAX, or NULL; putname() frees it */

/*
 * The place of @name (kernel text); from @dfd if it is relative. References in *path. 0 or -errno.
 */
int filename_lookup(int dfd, const char *name, unsigned int flags, struct path *path);
int user_path_at(int dfd, const char __user *name, unsigned int flags, struct path *path);

/*
 * For those who make or remove the last component. @parent is its directory, @last the
 * component (in @name's copy, freed by parent_put). last_type: LAST_NORM, or what it was instead.
 */
enum last_type { LAST_NORM, LAST_DOT, LAST_DOTDOT, LAST_ROOT };
struct parent_lookup {
	struct path parent;
	char last[NAME_MAX + 1];
	unsigned int len;
	enum last_type type;
	bool trailing_slash;
};
int filename_parent(int dfd, const char *name, struct parent_lookup *pl);
/*
 * The child, positive or a fresh negative one; a reference, or ERR_PTR. => the parent's i_rwsem
 * held.
 */
struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned int len);

/* open(2)'s walk: makes the file if it has to. */
struct open_flags { int flags; umode_t mode; unsigned int lookup; bool exec; };
struct file *do_filp_open(int dfd, const char *name, const struct open_flags *op);

/* Operations on names: 0 or -errno. */
int vfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t dev);
int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode);
int vfs_unlink(struct inode *dir, struct dentry *dentry);
int vfs_rmdir(struct inode *dir, struct dentry *dentry);
/* With kernel paths, for initramfs and devfs; relative to the root. */
int do_mkdirat(int dfd, const char *name, umode_t mode);
int do_mknodat(int dfd, const char *name, umode_t mode, kdev_t dev);
/* The same, and where it is now: references in *path. */
int mknod_path(const char *name, umode_t mode, struct path *path);
int do_symlinkat(const char *target, int dfd, const char *name);
int do_linkat(int odfd, const char *oname, int ndfd, const char *nname, int flags);
int do_unlinkat(int dfd, const char *name);
int do_rmdir(int dfd, const char *name);
