/*
 * namei.c - path walk: from a name to a place in the tree.
 *
 * Idea:   one loop takes a component at a time: may I search this directory?
 *         which child? is something mounted on it? is it a symbolic link? A
 *         link's target is put in front of what is left of the name, and the
 *         loop goes on with the new text: no recursion, and Linux's limit of
 *         40 links. Callers who make or remove names stop one component early.
 *
 *             "a/b/c" ──> at a ──> at b ──> last = "c"
 *
 * Locks:  dcache_lock for a moment at each step; the i_rwsem of the directory
 *         whose entry is made (namei_ops.c, open.c).
 * Above:  open.c, namei_ops.c, stat.c, sys_mount.c.   Below: dcache.c, namespace.c.
 *         In Linux: fs/namei.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/nameidata.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define MAXSYMLINKS 40		/* path_resolution(7) */

static struct kmem_cache *names_cache;

/* nameidata.h */
void namei_init(void)
{
	names_cache = kmem_cache_create("names_cache", PATH_MAX, 0, SLAB_PANIC, NULL);
}

/* namei.h */
char *alloc_name(void)
{
	return kmem_cache_alloc(names_cache, GFP_KERNEL);
}

/* namei.h */
void putname(char *name)
{
	if (name)
		kmem_cache_free(names_cache, name);
}

/* namei.h */
char *getname_flags(const char __user *path, bool empty_ok)
{
	char *name = alloc_name();
	long len;

	if (!name)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(name, path, PATH_MAX);
	if (len < 0 || len >= PATH_MAX || (!len && !empty_ok)) {
		putname(name);
		return ERR_PTR(len < 0 ? len : len ? -ENAMETOOLONG : -ENOENT);
	}
	return name;
}

static int start_at_fd(struct nameidata *nd, int dfd)
{
	struct fd f;
	int err = 0;

	if (dfd == AT_FDCWD) {
		get_fs_pwd(&nd->path);
		return 0;
	}
	f = fdget_raw(dfd);
	if (!f.file)
		return -EBADF;
	if (*nd->name && !S_ISDIR(f.file->f_inode->i_mode)) {
		err = -ENOTDIR;
	} else {
		nd->path = f.file->f_path;
		path_get(&nd->path);
	}
	fdput(f);
	return err;
}

/* nameidata.h */
int nd_start(struct nameidata *nd, int dfd, const char *name, unsigned int flags)
{
	int err;

	*nd = (struct nameidata){ .name = name, .flags = flags };
	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	if (flags & LOOKUP_BENEATH && *name == '/')
		return -EXDEV;
	if (flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
		err = start_at_fd(nd, dfd);
		if (err)
			return err;
		nd->root = nd->path;
		path_get(&nd->root);
		return 0;
	}
	get_fs_root(&nd->root);
	if (*name == '/') {
		nd->path = nd->root;
		path_get(&nd->path);
		return 0;
	}
	err = start_at_fd(nd, dfd);
	if (err)
		path_put(&nd->root);
	return err;
}

/* nameidata.h */
void nd_end(struct nameidata *nd)
{
	path_put(&nd->path);
	path_put(&nd->root);
	kfree(nd->buf);
}

static int check_xdev(const struct nameidata *nd, const struct vfsmount *mnt)
{
	return nd->flags & LOOKUP_NO_XDEV && mnt != nd->path.mnt ? -EXDEV : 0;
}

/* ".." : not above the root; from the root of a mount to the directory it sits on first. */
static int walk_dotdot(struct nameidata *nd)
{
	struct vfsmount *mnt = nd->path.mnt;
	struct dentry *old, *parent;

	for (;;) {
		if (path_equal(&nd->path, &nd->root)) {
			if (nd->flags & LOOKUP_BENEATH)
				return -EXDEV;
			break;
		}
		old = nd->path.dentry;
		if (old != nd->path.mnt->mnt_root) {
			spin_lock(&dcache_lock);
			parent = dget(old->d_parent);
			spin_unlock(&dcache_lock);
			nd->path.dentry = parent;
			dput(old);
			break;
		}
		if (!follow_up(&nd->path))
			break;
	}
	follow_mount(&nd->path);
	/* A rename may have taken where we were out of the root, which ".." then never meets. */
	if (nd->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT) && !is_path_reachable(&nd->path, &nd->root))
		return -EAGAIN;
	return nd->flags & LOOKUP_NO_XDEV && nd->path.mnt != mnt ? -EXDEV : 0;
}

static struct dentry *lookup_dynamic(struct dentry *parent, const char *name, unsigned int len)
{
	struct inode *dir = parent->d_inode;
	struct dentry *dentry = d_alloc(parent, name, len), *other;

	if (!dentry)
		return ERR_PTR(-ENOMEM);
	if (!dir->i_op->lookup)
		return dentry;
	other = dir->i_op->lookup(dir, dentry);
	if (other) {
		dput(dentry);
		return other;
	}
	return dentry;
}

/* namei.h */
struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned int len)
{
	struct dentry *dentry;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	dentry = d_lookup(parent, name, len);
	return dentry ? dentry : lookup_dynamic(parent, name, len);
}

/* The child of a directory that nobody has looked for yet, or that is not there. */
static struct dentry *lookup_slow(struct dentry *parent, const char *name, unsigned int len)
{
	struct inode *dir = parent->d_inode;
	struct dentry *dentry;

	if (!dir->i_sb->s_op)
		return lookup_dynamic(parent, name, len);
	down_read(&dir->i_rwsem);
	dentry = lookup_one(parent, name, len);
	up_read(&dir->i_rwsem);
	return dentry;
}

/*
 * The positive child of where we are, with mounts followed: a place with references in @out.
 * @cached_only: a disk is not asked.
 */
static int lookup_component(struct nameidata *nd, const char *name, unsigned int len,
			    bool cached_only, struct path *out)
{
	struct dentry *parent = nd->path.dentry, *dentry = d_lookup(parent, name, len);

	if (!dentry) {
		if (!parent->d_inode->i_op->lookup ||
		    (cached_only && parent->d_inode->i_sb->s_op))
			return -ENOENT;
		dentry = lookup_slow(parent, name, len);
		if (IS_ERR(dentry))
			return PTR_ERR(dentry);
		if (!dentry->d_inode) {
			dput(dentry);
			return -ENOENT;
		}
	}
	out->mnt = mntget(nd->path.mnt);
	out->dentry = dentry;
	if (dentry->d_flags & DCACHE_MOUNTED) {
		follow_mount(out);
		if (check_xdev(nd, out->mnt)) {
			path_put(out);
			return -EXDEV;
		}
	}
	return 0;
}

static void move_to(struct nameidata *nd, const struct path *to)
{
	path_put(&nd->path);
	nd->path = *to;
}

/* A link that is a place, not a text: /proc/<pid>/cwd. Takes @jump's references. */
static int follow_magic(struct nameidata *nd, const struct path *jump, const char *rest)
{
	if (nd->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT) ||
	    check_xdev(nd, jump->mnt)) {
		path_put(jump);
		return nd->flags & LOOKUP_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	}
	move_to(nd, jump);
	nd->name = rest;
	nd->jumped = true;
	return 0;
}

/* nameidata.h. The new text is the target and then what was left. */
int nd_follow_link(struct nameidata *nd, struct dentry *link, const char *rest)
{
	size_t rest_len = strlen(rest);
	struct path jump = { NULL, NULL };
	char *buf;
	int len;

	if (nd->flags & LOOKUP_NO_SYMLINKS || ++nd->links > MAXSYMLINKS)
		return -ELOOP;
	if (!link->d_inode->i_op->readlink)
		return -EINVAL;
	buf = kmalloc(PATH_MAX + rest_len + 1, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = link->d_inode->i_op->readlink(link, buf, PATH_MAX, &jump);
	if (len < 0 || jump.dentry) {
		kfree(buf);
		return len < 0 ? len : follow_magic(nd, &jump, rest);
	}
	if (!len || (*buf == '/' && (nd->flags & LOOKUP_BENEATH || check_xdev(nd, nd->root.mnt)))) {
		kfree(buf);
		return len ? -EXDEV : -ENOENT;
	}
	memcpy(buf + len, rest, rest_len + 1);
	kfree(nd->buf);
	nd->buf = buf;
	nd->name = buf;
	if (*buf == '/') {
		path_get(&nd->root);
		move_to(nd, &nd->root);
	}
	return 0;
}

/* One ordinary component; @rest is the text after it. */
static int walk_component(struct nameidata *nd, const char *name, unsigned int len,
			  const char *rest)
{
	struct path child;
	int err = lookup_component(nd, name, len, false, &child);

	if (err)
		return err;
	if (S_ISLNK(child.dentry->d_inode->i_mode) && (*rest || nd->flags & LOOKUP_FOLLOW)) {
		err = nd_follow_link(nd, child.dentry, rest);
		path_put(&child);
		return err;
	}
	move_to(nd, &child);
	nd->name = rest;
	return 0;
}

static enum last_type component_type(const char *name, unsigned int len)
{
	if (name[0] != '.' || len > 2)
		return LAST_NORM;
	return len == 1 ? LAST_DOT : name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

static void set_last(struct nameidata *nd, const char *name, unsigned int len,
		     enum last_type type, bool slash)
{
	nd->last = name;
	nd->last_len = len;
	nd->last_type = type;
	nd->trailing_slash = slash;
}

/*
 * nameidata.h. Walks nd->name; with @parent it stops before the last component,
 * which is left in nd->last.
 */
int nd_walk(struct nameidata *nd, bool parent)
{
	int err;

	set_last(nd, "", 0, LAST_ROOT, false);
	for (;;) {
		struct inode *dir = nd->path.dentry->d_inode;
		const char *name = nd->name, *rest;
		enum last_type type;
		unsigned int len;
		bool slash;

		slash = *name == '/';
		while (*name == '/')
			name++;
		if (!*name) {
			if (slash && !S_ISDIR(dir->i_mode))
				return -ENOTDIR;
			return 0;
		}
		if (!S_ISDIR(dir->i_mode))
			return -ENOTDIR;
		err = inode_permission(dir, MAY_EXEC);
		if (err)
			return err;
		rest = strchrnul(name, '/');
		len = rest - name;
		type = component_type(name, len);
		if (parent && !rest[strspn(rest, "/")]) {
			set_last(nd, name, len, type, *rest);
			return 0;
		}
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		nd->name = rest;
		err = type == LAST_NORM ? walk_component(nd, name, len, rest) :
		      type == LAST_DOTDOT ? walk_dotdot(nd) : 0;
		if (err)
			return err;
	}
}

/* nameidata.h */
int nd_last_dots(struct nameidata *nd)
{
	return nd->last_type == LAST_DOTDOT ? walk_dotdot(nd) : 0;
}

/* nameidata.h */
int nd_lookup_last(struct nameidata *nd, struct path *out)
{
	if (nd->last_len > NAME_MAX)
		return -ENAMETOOLONG;
	return lookup_component(nd, nd->last, nd->last_len, false, out);
}

/* nameidata.h */
int nd_lookup_cached(struct nameidata *nd, struct path *out)
{
	if (nd->last_len > NAME_MAX)
		return -ENAMETOOLONG;
	return lookup_component(nd, nd->last, nd->last_len, true, out);
}

/* namei.h */
int filename_lookup(int dfd, const char *name, unsigned int flags, struct path *path)
{
	struct nameidata nd;
	int err = nd_start(&nd, dfd, name, flags);

	if (err)
		return err;
	err = nd_walk(&nd, false);
	if (!err && flags & LOOKUP_DIRECTORY && !S_ISDIR(nd.path.dentry->d_inode->i_mode))
		err = -ENOTDIR;
	if (!err) {
		*path = nd.path;
		path_get(path);
	}
	nd_end(&nd);
	return err;
}

/* namei.h */
int user_path_at(int dfd, const char __user *uname, unsigned int flags, struct path *path)
{
	char *name = getname_flags(uname, flags & LOOKUP_EMPTY);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = filename_lookup(dfd, name, flags, path);
	putname(name);
	return err;
}

/* namei.h */
int filename_parent(int dfd, const char *name, struct parent_lookup *pl)
{
	struct nameidata nd;
	int err = nd_start(&nd, dfd, name, 0);

	if (err)
		return err;
	err = nd_walk(&nd, true);
	if (!err && nd.last_len > NAME_MAX)
		err = -ENAMETOOLONG;
	if (!err) {
		memcpy(pl->last, nd.last, nd.last_len);
		pl->last[nd.last_len] = 0;
		pl->len = nd.last_len;
		pl->type = nd.last_type;
		pl->trailing_slash = nd.trailing_slash;
		pl->parent = nd.path;
		path_get(&pl->parent);
	}
	nd_end(&nd);
	return err;
}
