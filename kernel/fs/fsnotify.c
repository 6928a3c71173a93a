/*
 * fsnotify.c - who is to hear of what happens to a file: its own watchers, and its directory's.
 *
 * Idea:   what happens to an open file is told to those who watch its directory, with the file's
 *         name, then to those who watch the file. What happens to a name is told to the
 *         directory's alone. The order is Linux's.
 * Locks:  dcache_lock while the directory and the name are read: a rename may change both.
 * Above:  fsnotify.h's hooks.   Below: inotify.c.   In Linux: fs/notify/fsnotify.c.
 */
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/string.h"

static u32 isdir(const struct inode *inode)
{
	return S_ISDIR(inode->i_mode) ? IN_ISDIR : 0;
}

static bool is_watched(const struct inode *inode)
{
	return READ_ONCE(inode->i_watches.first);
}

/* The directory of @dentry, if it is watched: a reference; the name into @name. Else NULL. */
static struct inode *watched_parent(struct dentry *dentry, char *name, bool *unlinked)
{
	struct inode *dir = NULL;
	struct dentry *parent;

	spin_lock(&dcache_lock);
	parent = dentry->d_parent;
	if (parent != dentry && parent->d_inode && is_watched(parent->d_inode)) {
		dir = parent->d_inode;
		ihold(dir);
		strlcpy(name, dentry->d_name, NAME_MAX + 1);
		*unlinked = d_unhashed(dentry) && !(dentry->d_flags & DCACHE_DYNAMIC);
	}
	spin_unlock(&dcache_lock);
	return dir;
}

/* fsnotify.h */
void fsnotify_tell_dentry(struct dentry *dentry, u32 mask)
{
	struct inode *inode = dentry->d_inode, *dir = NULL;
	struct fs_event event = { .mask = mask | isdir(inode) };
	char name[NAME_MAX + 1];

	if (fsnotify_dir_watches)
		dir = watched_parent(dentry, name, &event.unlinked);
	if (dir) {
		event.name = name;
		inotify_handle(dir, &event);
		iput(dir);
	}
	event.name = NULL;
	event.unlinked = false;
	if (is_watched(inode))
		inotify_handle(inode, &event);
}

/* fsnotify.h */
void fsnotify_tell_inode(struct inode *inode, u32 mask)
{
	struct fs_event event = { .mask = mask | isdir(inode) };

	if (is_watched(inode))
		inotify_handle(inode, &event);
}

static void tell_name(struct inode *dir, u32 mask, const char *name, u32 cookie)
{
	struct fs_event event = { .mask = mask, .name = name, .cookie = cookie };

	if (is_watched(dir))
		inotify_handle(dir, &event);
}

/* fsnotify.h */
void fsnotify_tell_name(struct inode *dir, u32 mask, const char *name)
{
	tell_name(dir, mask, name, 0);
}

/* fsnotify.h */
void fsnotify_tell_change(struct dentry *dentry, unsigned int valid)
{
	const unsigned int both = ATTR_ATIME | ATTR_MTIME;
	u32 mask = 0;

	if (valid & (ATTR_UID | ATTR_GID | ATTR_MODE))
		mask |= IN_ATTRIB;
	if (valid & ATTR_SIZE)
		mask |= IN_MODIFY;
	/* Both times: utimes(2). One alone: what a read or a write does. */
	if ((valid & both) == both)
		mask |= IN_ATTRIB;
	else if (valid & both)
		mask |= valid & ATTR_ATIME ? IN_ACCESS : IN_MODIFY;
	if (mask)
		fsnotify_tell_dentry(dentry, mask);
}

/* fsnotify.h. If nobody has the file open it goes now, and its watchers hear of it first. */
void fsnotify_tell_removal(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	if (!S_ISDIR(inode->i_mode))
		fsnotify_tell_inode(inode, IN_ATTRIB);	/* i_nlink */
	if (dentry->d_count == 1 && d_unhashed(dentry) && !inode->i_nlink)
		inotify_inode_gone(inode);
	fsnotify_tell_name(dir, IN_DELETE | isdir(inode), dentry->d_name);
}

/* fsnotify.h */
void fsnotify_tell_move(struct inode *odir, const char *oname, struct inode *ndir,
			const char *nname, struct inode *inode, struct inode *target)
{
	static _Atomic unsigned int last_cookie;
	u32 cookie = ++last_cookie;

	tell_name(odir, IN_MOVED_FROM | isdir(inode), oname, cookie);
	tell_name(ndir, IN_MOVED_TO | isdir(inode), nname, cookie);
	if (target)
		fsnotify_tell_inode(target, IN_ATTRIB);
	fsnotify_tell_inode(inode, IN_MOVE_SELF);
}
