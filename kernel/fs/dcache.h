/*
 * dcache.h - dentries: names and their tree.
 *
 * Idea: a name that is in a directory is hashed by (parent, name) and pinned:
 *       one reference belongs to the tree. Names that were only looked for are
 *       never kept. Dentries of /proc/<pid> are not hashed at all and go with
 *       their last reference (DCACHE_DYNAMIC). Names on a disk are hashed but not pinned
 *       (DCACHE_CACHED): a cache.
 * Locks: dcache_lock, LOCK_DCACHE.
 */
#pragma once

#include "kernel/fs/fs.h"

extern spinlock_t dcache_lock;		/* names, parents, children, mounts */

struct dentry *dget(struct dentry *dentry);	/* NULL is fine; returns it */
/* NULL is fine; may sleep with the last reference */
void dput(struct dentry *dentry);
/* An unhashed, negative dentry below @parent with one reference; NULL without memory. */
struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned int len);
/* takes @inode's reference, also on failure: NULL */
struct dentry *d_make_root(struct super_block *sb, struct inode *inode);
/* "anon_inode:[eventpoll]", or "pipe:" */
struct dentry *d_alloc_pseudo(struct super_block *sb, const char *name);
/* A positive, hashed child; a reference, or NULL. */
struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned int len);
/* => dcache_lock held; no reference taken. */
struct dentry *d_lookup_locked(struct dentry *parent, const char *name, unsigned int len, u32 hash);
u32 d_hash_name(const char *name, unsigned int len);
void d_instantiate(struct dentry *dentry, struct inode *inode);	/* takes @inode's reference */
/*
 * d_instantiate, into the tree, and pinned. => the parent's i_rwsem held for writing, or the tree
 * is not public yet.
 */
void d_add(struct dentry *dentry, struct inode *inode);
/*
 * What a disk file system's lookup returns: @dentry becomes the name of @inode (takes its reference)
 * and NULL is returned; or, since another was faster, that one's dentry with a reference. @inode
 * NULL: it stays negative. ERR_PTR(-ELOOP, -EIO): the directory has a name already.
 * => the parent's i_rwsem held
 */
struct dentry *d_splice(struct dentry *dentry, struct inode *inode);
/* Out of the tree, the pin dropped. => the caller has a reference of its own; parent's i_rwsem. */
void d_delete(struct dentry *dentry);
/*
 * rename: @dentry takes @target's place and name; @target (if positive) is unhashed and unpinned.
 */
void d_move(struct dentry *dentry, struct dentry *target);
void d_exchange(struct dentry *a, struct dentry *b);
bool d_is_ancestor(struct dentry *ancestor, struct dentry *dentry);	/* or equal */
bool simple_empty(struct dentry *dentry);	/* has no child */
void d_genocide(struct dentry *root);		/* a tree that nobody uses goes: umount; may sleep */
static inline bool d_unhashed(const struct dentry *d) { return d->d_flags & DCACHE_UNHASHED; }
/* An iterate for directories whose tree is in the dcache. */
int dcache_readdir(struct file *file, struct dir_context *ctx);
char *dentry_path_locked(const struct path *path, const struct path *root, char *buf, int size);
void dcache_init(void);
/* @n unused names or inodes, as many as reclaim is to know of: vm.vfs_cache_pressure. */
unsigned long vfs_pressure_ratio(unsigned long n);
