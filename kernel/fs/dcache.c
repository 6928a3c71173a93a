/*
 * dcache.c - dentries: the names of things, hashed, and the tree that they form.
 *
 * Idea:   here the tree IS the directory: a name that exists is in its parent's
 *         list and in the hash, and one reference (the pin) belongs to the tree.
 *         So a dentry whose count falls to 0 is in no list and no hash, nobody
 *         can find it any more, and dput() frees it without a lock.
 *
 *            d_alloc ──> negative, private ──d_add──> in the tree (+1 pin)
 *                             │ dput                     │ d_delete (-1)
 *                             └────────> freed <─────────┘
 *
 *         Names on a disk (DCACHE_CACHED) are not pinned: with its last reference such a dentry
 *         goes to its group's LRU list, still hashed, and the shrinker frees it when memory is
 *         short. So its count goes to and from 0 under dcache_lock only. A dentry holds its
 *         parent: the leaves go first.
 *
 * Locks:  dcache_lock for names, parents, lists and the hash. Who changes a
 *         directory holds its inode's i_rwsem as well.
 * Above:  namei.c, ramfs.c, proc_base.c.   Below: inode.c.   In Linux: fs/dcache.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "mm/list_lru.h"
#include "mm/slab.h"
#include "mm/vmscan.h"

#define DCACHE_HASH_BITS 12	/* 32 KiB; an initramfs has some 600 names, a disk many thousand */

spinlock_t dcache_lock = SPINLOCK_INIT(LOCK_DCACHE);
static struct hlist_head dentry_hashtable[1 << DCACHE_HASH_BITS];	/* dcache_lock */
static struct kmem_cache *dentry_cache;
static u64 dentry_seq;			/* dcache_lock: order of creation */
static struct list_lru dentry_lru;	/* dcache_lock */

static struct hlist_head *d_bucket(struct dentry *parent, u32 hash)
{
	return &dentry_hashtable[hash_64((unsigned long)parent ^ (u64)hash << 24,
					 DCACHE_HASH_BITS)];
}

u32 d_hash_name(const char *name, unsigned int len)
{
	u64 h = hash_string(name, len);

	return h ^ h >> 32;
}

static struct dentry *d_alloc_any(struct super_block *sb, const char *name, unsigned int len)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL_ACCOUNT);

	if (!d)
		return NULL;
	d->d_name = d->d_iname;
	if (len >= sizeof(d->d_iname)) {
		d->d_name = kmalloc(len + 1, GFP_KERNEL_ACCOUNT);
		if (!d->d_name) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
	}
	memcpy(d->d_name, name, len);
	d->d_name[len] = 0;
	d->d_count = 1;
	d->d_parent = d;
	d->d_inode = NULL;
	d->d_hash = (struct hlist_node){ NULL, NULL };
	INIT_LIST_HEAD(&d->d_child);
	INIT_LIST_HEAD(&d->d_subdirs);
	INIT_LIST_HEAD(&d->d_lru);
	d->d_seq = 0;
	d->d_flags = DCACHE_UNHASHED;
	d->d_namehash = 0;
	d->d_sb = sb;
	d->d_fsdata = NULL;
	return d;
}

/* dcache.h */
struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned int len)
{
	struct dentry *d = d_alloc_any(parent->d_sb, name, len);

	if (!d)
		return NULL;
	d->d_namehash = d_hash_name(name, len);
	d->d_parent = dget(parent);
	if (parent->d_sb->s_op)
		d->d_flags |= DCACHE_CACHED;
	return d;
}

/* dcache.h */
struct dentry *d_make_root(struct super_block *sb, struct inode *inode)
{
	struct dentry *d;

	if (!inode)
		return NULL;
	d = d_alloc_any(sb, "/", 1);
	if (!d) {
		iput(inode);
		return NULL;
	}
	d->d_flags = 0;
	d->d_inode = inode;
	return d;
}

/* dcache.h */
struct dentry *d_alloc_pseudo(struct super_block *sb, const char *name)
{
	struct dentry *d = d_alloc_any(sb, name, strlen(name));

	if (d)
		d->d_flags = DCACHE_PSEUDO;
	return d;
}

/* dcache.h */
struct dentry *dget(struct dentry *dentry)
{
	if (dentry) {
		BUG_ON(dentry->d_count < 0);
		dentry->d_count++;
	}
	return dentry;
}

static void d_free(struct dentry *d)
{
	BUG_ON(!list_empty(&d->d_subdirs));
	BUG_ON(!(d->d_flags & DCACHE_UNHASHED) && d->d_parent != d &&
	       !(d->d_flags & DCACHE_PSEUDO));
	if (d->d_name != d->d_iname)
		kfree(d->d_name);
	kmem_cache_free(dentry_cache, d);
}

/* => dcache_lock held */
static void leave_lru(struct dentry *d)
{
	list_lru_del(&dentry_lru, d, &d->d_lru);
}

/* A cached dentry's reference goes. True: it was the last of one that no directory has. */
static bool dput_cached(struct dentry *d)
{
	int count = d->d_count;
	bool last = false;

	while (count > 1)
		if (__atomic_compare_exchange_n((int *)&d->d_count, &count, count - 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return false;
	spin_lock(&dcache_lock);
	if (--d->d_count == 0) {
		if (d->d_flags & DCACHE_UNHASHED) {
			leave_lru(d);
			last = true;
		} else if (list_empty(&d->d_lru)) {
			list_lru_add(&dentry_lru, d, &d->d_lru);
		}
	}
	spin_unlock(&dcache_lock);
	return last;
}

static bool dput_was_last(struct dentry *d)
{
	if (d->d_flags & DCACHE_CACHED)
		return dput_cached(d);
	return --d->d_count == 0;
}

/* dcache.h. A loop, not a recursion: the last name in a removed tree frees its ancestors. */
void dput(struct dentry *dentry)
{
	while (dentry && dput_was_last(dentry)) {
		struct dentry *parent = dentry->d_parent != dentry ? dentry->d_parent : NULL;

		fsnotify_inode_put(dentry->d_inode);
		iput(dentry->d_inode);
		d_free(dentry);
		dentry = parent;
	}
}

/* dcache.h */
struct dentry *d_lookup_locked(struct dentry *parent, const char *name, unsigned int len, u32 hash)
{
	struct dentry *d;

	hlist_for_each_entry(d, d_bucket(parent, hash), d_hash)
		if (d->d_namehash == hash && d->d_parent == parent &&
		    !strncmp(d->d_name, name, len) && !d->d_name[len])
			return d;
	return NULL;
}

/* dcache.h */
struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned int len)
{
	u32 hash = d_hash_name(name, len);
	struct dentry *d;

	spin_lock(&dcache_lock);
	d = dget(d_lookup_locked(parent, name, len, hash));
	if (d && d->d_flags & DCACHE_CACHED)
		d->d_flags |= DCACHE_REFERENCED;
	spin_unlock(&dcache_lock);
	return d;
}

/* dcache.h */
void d_instantiate(struct dentry *dentry, struct inode *inode)
{
	BUG_ON(dentry->d_inode);
	dentry->d_inode = inode;
}

static void d_rehash_locked(struct dentry *d)
{
	if (d->d_flags & DCACHE_CACHED && S_ISDIR(d->d_inode->i_mode))
		d->d_inode->i_alias = d;
	hlist_add_head(&d->d_hash, d_bucket(d->d_parent, d->d_namehash));
	list_add_tail(&d->d_child, &d->d_parent->d_subdirs);
	d->d_seq = ++dentry_seq;
	d->d_flags &= ~DCACHE_UNHASHED;
}

static void d_unhash_locked(struct dentry *d)
{
	hlist_del(&d->d_hash);
	list_del_init(&d->d_child);
	d->d_flags |= DCACHE_UNHASHED;
	if (d->d_flags & DCACHE_CACHED)
		d->d_inode->i_alias = NULL;
}

/* The tree's own reference. => dcache_lock held, which never is while one is dropped */
static void d_pin(struct dentry *d)
{
	if (!(d->d_flags & DCACHE_CACHED))
		dget(d);
}

static void d_unpin(struct dentry *d)
{
	if (!(d->d_flags & DCACHE_CACHED))
		dput(d);
}

/* dcache.h */
void d_add(struct dentry *dentry, struct inode *inode)
{
	spin_lock(&dcache_lock);
	BUG_ON(!d_unhashed(dentry));
	d_instantiate(dentry, inode);
	d_pin(dentry);
	d_rehash_locked(dentry);
	spin_unlock(&dcache_lock);
}

/*
 * Why @inode, a directory, must not get the name @dentry: it has one already, which only a broken
 * file system can bring about. 0, -ELOOP, -EIO. => dcache_lock held
 */
static int second_name_error(struct dentry *dentry, struct inode *inode)
{
	struct dentry *up, *alias = inode->i_alias;

	if (inode == dentry->d_sb->s_root->d_inode)
		return -ELOOP;
	if (!S_ISDIR(inode->i_mode) || !alias)
		return 0;
	for (up = dentry; up->d_parent != up; up = up->d_parent)
		if (up == alias)
			return -ELOOP;
	return -EIO;
}

/* dcache.h */
struct dentry *d_splice(struct dentry *dentry, struct inode *inode)
{
	struct dentry *other;
	int err = 0;

	if (!inode)
		return NULL;
	spin_lock(&dcache_lock);
	other = dget(d_lookup_locked(dentry->d_parent, dentry->d_name, strlen(dentry->d_name),
				     dentry->d_namehash));
	if (!other)
		err = second_name_error(dentry, inode);
	if (!other && !err) {
		d_instantiate(dentry, inode);
		d_rehash_locked(dentry);
	}
	spin_unlock(&dcache_lock);
	if (err)
		pr_warn_ratelimited("VFS: Lookup of '%s' in %s would have caused loop\n",
				    dentry->d_name, dentry->d_sb->s_type->name);
	if (other || err)
		iput(inode);
	return err ? ERR_PTR(err) : other;
}

/* dcache.h */
void d_delete(struct dentry *dentry)
{
	spin_lock(&dcache_lock);
	BUG_ON(d_unhashed(dentry));
	d_unhash_locked(dentry);
	spin_unlock(&dcache_lock);
	d_unpin(dentry);
}

static void d_swap_names(struct dentry *a, struct dentry *b)
{
	char iname[sizeof(a->d_iname)];
	char *aname = a->d_name, *bname = b->d_name;
	bool a_inline = aname == a->d_iname, b_inline = bname == b->d_iname;
	u32 hash = a->d_namehash;

	memcpy(iname, a->d_iname, sizeof(iname));
	memcpy(a->d_iname, b->d_iname, sizeof(iname));
	memcpy(b->d_iname, iname, sizeof(iname));
	a->d_name = b_inline ? a->d_iname : bname;
	b->d_name = a_inline ? b->d_iname : aname;
	a->d_namehash = b->d_namehash;
	b->d_namehash = hash;
}

static void d_swap_places(struct dentry *a, struct dentry *b)
{
	struct dentry *parent = a->d_parent;

	d_swap_names(a, b);
	a->d_parent = b->d_parent;
	b->d_parent = parent;
}

/* dcache.h */
void d_move(struct dentry *dentry, struct dentry *target)
{
	bool replaced = false;

	spin_lock(&dcache_lock);
	BUG_ON(d_unhashed(dentry));
	d_unhash_locked(dentry);
	if (!d_unhashed(target)) {
		d_unhash_locked(target);
		replaced = true;
	}
	d_swap_places(dentry, target);
	d_rehash_locked(dentry);
	spin_unlock(&dcache_lock);
	if (replaced)
		d_unpin(target);
}

/* dcache.h */
void d_exchange(struct dentry *a, struct dentry *b)
{
	spin_lock(&dcache_lock);
	BUG_ON(d_unhashed(a) || d_unhashed(b));
	d_unhash_locked(a);
	d_unhash_locked(b);
	d_swap_places(a, b);
	d_rehash_locked(a);
	d_rehash_locked(b);
	spin_unlock(&dcache_lock);
}

/* dcache.h */
bool d_is_ancestor(struct dentry *ancestor, struct dentry *dentry)
{
	bool found;

	spin_lock(&dcache_lock);
	while (dentry != ancestor && dentry->d_parent != dentry)
		dentry = dentry->d_parent;
	found = dentry == ancestor;
	spin_unlock(&dcache_lock);
	return found;
}

/* dcache.h */
bool simple_empty(struct dentry *dentry)
{
	bool empty;

	spin_lock(&dcache_lock);
	empty = list_empty(&dentry->d_subdirs);
	spin_unlock(&dcache_lock);
	return empty;
}

/* --- giving memory back --- */

static DECLARE_WAIT_QUEUE_HEAD(pruned);	/* a superblock's s_pruning fell to 0 */

/* Names and inodes beside pages: reclaim hears of so many per cent of them; 0: of none. */
static int vfs_cache_pressure = 100;
CTL_SYSCTL_INT("vm.vfs_cache_pressure", vfs_cache_pressure, 0, __INT_MAX__);

/* dcache.h */
unsigned long vfs_pressure_ratio(unsigned long n)
{
	return n / 100 * vfs_cache_pressure + n % 100 * vfs_cache_pressure / 100;
}

static unsigned long count_unused(struct shrinker *s, struct mem_cgroup *memcg)
{
	return vfs_pressure_ratio(list_lru_count(&dentry_lru, memcg));
}

/*
 * The first of @memcg's LRU list, if it may go, unhashed and with a reference; NULL: the one looked at is
 * in use or was lately. *any: the list was not empty. A file without a link (its count on disk is
 * wrong) would have to be deleted with its last name, which nobody may do here. Who is given a name
 * says pruning_done() when it is put: umount waits for that.
 */
static struct dentry *take_unused(struct mem_cgroup *memcg, bool *any)
{
	struct list_head *first;
	struct dentry *d;

	spin_lock(&dcache_lock);
	first = list_lru_first(&dentry_lru, memcg);
	*any = first;
	if (!first) {
		spin_unlock(&dcache_lock);
		return NULL;
	}
	d = list_entry(first, struct dentry, d_lru);
	if (d->d_count || (d->d_flags & DCACHE_REFERENCED) || !d->d_inode->i_nlink) {
		d->d_flags &= ~DCACHE_REFERENCED;
		if (d->d_count)
			leave_lru(d);
		else
			list_lru_rotate(&dentry_lru, d, &d->d_lru);
		d = NULL;
	} else {
		leave_lru(d);
		dget(d);
		d_unhash_locked(d);
		d->d_sb->s_pruning++;
	}
	spin_unlock(&dcache_lock);
	return d;
}

/* The last that the shrinker does to @sb. */
static void pruning_done(struct super_block *sb)
{
	if (--sb->s_pruning == 0 && waitqueue_active(&pruned))
		wake_up_all(&pruned);
}

static unsigned long prune_dcache(struct shrinker *s, struct mem_cgroup *memcg, unsigned long nr)
{
	unsigned long freed = 0;
	bool any = true;

	while (nr-- && any) {
		struct dentry *d = take_unused(memcg, &any);
		struct super_block *sb;

		if (!d)
			continue;
		sb = d->d_sb;
		dput(d);
		pruning_done(sb);
		freed++;
	}
	return freed;
}

/* A leaf of the tree below @root, out of it; its reference is the caller's. NULL: there is none. */
static struct dentry *take_leaf(struct dentry *root)
{
	struct dentry *d = root;

	spin_lock(&dcache_lock);
	while (!list_empty(&d->d_subdirs))
		d = list_first_entry(&d->d_subdirs, struct dentry, d_child);
	if (d != root) {
		if (d->d_flags & DCACHE_CACHED)
			dget(d);
		d_unhash_locked(d);
	}
	spin_unlock(&dcache_lock);
	return d == root ? NULL : d;
}

/*
 * dcache.h. Leaves first, each found from the root: what held its parent may have been the leaf
 * alone, and the shrinker is at work meanwhile. What that has taken out of the tree before holds
 * inodes still: they are put when this returns. The root's own reference is the caller's to put.
 */
void d_genocide(struct dentry *root)
{
	struct dentry *d;

	while ((d = take_leaf(root))) {
		dput(d);
		cond_resched();
	}
	wait_event(pruned, !root->d_sb->s_pruning, "umount");
}

static struct shrinker dcache_shrinker = {
	.count_objects = count_unused, .scan_objects = prune_dcache, .memcg_aware = true,
	.seeks = DEFAULT_SEEKS,
};

/* dcache.h */
void dcache_init(void)
{
	list_lru_init(&dentry_lru, &dcache_lock);
	register_shrinker(&dcache_shrinker);
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0,
					 SLAB_PANIC | SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, NULL);
}

static unsigned char inode_dtype(const struct inode *inode)
{
	return (inode->i_mode & S_IFMT) >> 12;	/* DT_* are these bits */
}

/* The next child whose number is at least @seq; a reference, or NULL. */
static struct dentry *next_child(struct dentry *dir, u64 seq)
{
	struct dentry *d;

	spin_lock(&dcache_lock);
	list_for_each_entry(d, &dir->d_subdirs, d_child)
		if (d->d_seq >= seq) {
			dget(d);
			spin_unlock(&dcache_lock);
			return d;
		}
	spin_unlock(&dcache_lock);
	return NULL;
}

/* The one after @d, faster than a search while @d is still there; puts @d. */
static struct dentry *following_child(struct dentry *dir, struct dentry *d)
{
	struct dentry *next = NULL;

	spin_lock(&dcache_lock);
	if (!d_unhashed(d) && d->d_parent == dir) {
		if (!list_is_last(&d->d_child, &dir->d_subdirs))
			next = dget(list_next_entry(d, d_child));
		spin_unlock(&dcache_lock);
	} else {
		spin_unlock(&dcache_lock);
		next = next_child(dir, d->d_seq + 1);
	}
	dput(d);
	return next;
}

/* A rename of @dir changes its parent, and the old one may be freed then. */
static u64 parent_ino(struct dentry *dir)
{
	u64 ino;

	spin_lock(&dcache_lock);
	ino = dir->d_parent->d_inode->i_ino;
	spin_unlock(&dcache_lock);
	return ino;
}

/*
 * dcache.h. A position is 0 for ".", 1 for "..", or the child's number + 1, so
 * that entries may come and go between two calls. 1: the actor wants no more.
 * => the directory's i_rwsem held for reading.
 */
int dcache_readdir(struct file *file, struct dir_context *ctx)
{
	struct dentry *dir = file->f_path.dentry, *d;

	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, dir->d_inode->i_ino, 4))
			return 1;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->actor(ctx, "..", 2, 1, parent_ino(dir), 4))
			return 1;
		ctx->pos = 2;
	}
	for (d = next_child(dir, ctx->pos - 1); d; d = following_child(dir, d)) {
		ctx->pos = d->d_seq + 1;
		if (!ctx->actor(ctx, d->d_name, strlen(d->d_name), ctx->pos, d->d_inode->i_ino,
				inode_dtype(d->d_inode))) {
			dput(d);
			return 1;
		}
		ctx->pos = d->d_seq + 2;
	}
	return 0;
}

static int prepend(char **p, int *room, const char *s, int len)
{
	*room -= len;
	if (*room < 0)
		return -ENAMETOOLONG;
	*p -= len;
	memcpy(*p, s, len);
	return 0;
}

static char *pseudo_path(struct dentry *d, char *buf, int size)
{
	size_t len = strlen(d->d_name);
	int n;

	if (len && d->d_name[len - 1] == ':')
		n = snprintf(buf, size, "%s[%lu]", d->d_name, d->d_inode->i_ino);
	else
		n = snprintf(buf, size, "%s", d->d_name);
	return n < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

/*
 * dcache.h. From the name up to @root; what lies outside of it starts without "/",
 * as Linux shows a detached place. => dcache_lock held.
 */
char *dentry_path_locked(const struct path *path, const struct path *root, char *buf, int size)
{
	struct path at = *path;
	char *p = buf + size - 1;
	int room = size - 1;

	*p = 0;
	while (!path_equal(&at, root)) {
		struct dentry *d = at.dentry;

		if (d == at.mnt->mnt_root || d->d_parent == d) {
			if (!at.mnt->mnt_parent)
				break;
			at.dentry = at.mnt->mnt_mountpoint;
			at.mnt = at.mnt->mnt_parent;
			continue;
		}
		if (prepend(&p, &room, d->d_name, strlen(d->d_name)) || prepend(&p, &room, "/", 1))
			return ERR_PTR(-ENAMETOOLONG);
		at.dentry = d->d_parent;
	}
	if (!*p && prepend(&p, &room, "/", 1))
		return ERR_PTR(-ENAMETOOLONG);
	return p;
}

static bool is_deleted(const struct dentry *d)
{
	return d_unhashed(d) && !(d->d_flags & DCACHE_DYNAMIC);
}

/* fs.h: as current's root sees it. */
char *d_path(const struct path *path, char *buf, int size)
{
	static const char deleted[] = " (deleted)";
	struct path root;
	char *p;

	if (path->dentry->d_flags & DCACHE_PSEUDO)
		return pseudo_path(path->dentry, buf, size);
	get_fs_root(&root);
	spin_lock(&dcache_lock);
	if (is_deleted(path->dentry)) {
		size -= sizeof(deleted) - 1;
		p = size > 1 ? dentry_path_locked(path, &root, buf, size) : ERR_PTR(-ENAMETOOLONG);
		if (!IS_ERR(p))
			memcpy(buf + size - 1, deleted, sizeof(deleted));
	} else {
		p = dentry_path_locked(path, &root, buf, size);
	}
	spin_unlock(&dcache_lock);
	path_put(&root);
	return p;
}

/* fs.h */
char *file_path(struct file *file, char *buf, int size)
{
	return d_path(&file->f_path, buf, size);
}
