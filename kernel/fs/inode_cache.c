/*
 * inode_cache.c - inodes of disk file systems: found by their number, kept while nobody uses them,
 *                 and written back.
 *
 * Idea:   an inode that was read stays in a hash. Its last user leaves it there,
 *         on its group's LRU list, until memory is short: then the shrinker frees it,
 *         unless it has pages (they are reclaim's) or is dirty (sync_inodes()
 *         writes it first). An inode without a name goes with its last user.
 *
 *           iget_locked ─> I_NEW ─unlock_new_inode─> in use ──iput──> LRU list ─shrinker─> freed
 *                                                      │   ^            │
 *                                 i_nlink 0: I_FREEING v   └─iget_locked┘
 *
 *         Inodes of RAM file systems are not here: inode.c.
 * Locks:  inode_lock (LOCK_INODE_SPIN) for the hash, all lists and i_state; s_sync
 *         (LOCK_SB_SYNC) around writing, so that nobody passes an inode that is being written.
 * Above:  inode.c, kernel/fs/ext2, sync.c.   Below: mm/vmscan.h's shrinkers.   In Linux: fs/inode.c,
 * fs/fs-writeback.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/mount.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/clock.h"
#include "mm/filemap.h"
#include "mm/list_lru.h"
#include "mm/slab.h"
#include "mm/vmscan.h"

#define INODE_HASH_BITS 10		/* 8 KiB */

static spinlock_t inode_lock = SPINLOCK_INIT(LOCK_INODE_SPIN);
static struct hlist_head inode_hashtable[1 << INODE_HASH_BITS];	/* inode_lock */
static struct list_lru inode_lru;			/* inode_lock */
static DECLARE_WAIT_QUEUE_HEAD(inode_wait);		/* an I_NEW or I_FREEING ended */

static struct hlist_head *bucket(const struct super_block *sb, unsigned long ino)
{
	return &inode_hashtable[hash_64((unsigned long)sb ^ ino << 20, INODE_HASH_BITS)];
}

/* => inode_lock held */
static struct inode *find_inode(const struct super_block *sb, unsigned long ino)
{
	struct inode *inode;

	hlist_for_each_entry(inode, bucket(sb, ino), i_hash)
		if (inode->i_ino == ino && inode->i_sb == sb)
			return inode;
	return NULL;
}

/* => inode_lock held */
static void leave_lru(struct inode *inode)
{
	list_lru_del(&inode_lru, inode, &inode->i_lru);
}

/* => inode_lock held */
static void insert_locked(struct inode *inode)
{
	inode->i_state |= I_NEW;
	hlist_add_head(&inode->i_hash, bucket(inode->i_sb, inode->i_ino));
	list_add_tail(&inode->i_sb_list, &inode->i_sb->s_inodes);
}

/* Waits until @inode is neither new nor going. Its memory may be gone: it is looked up anew. */
static bool settled(const struct super_block *sb, unsigned long ino)
{
	struct inode *inode;
	bool busy;

	spin_lock(&inode_lock);
	inode = find_inode(sb, ino);
	busy = inode && inode->i_state & (I_NEW | I_FREEING);
	spin_unlock(&inode_lock);
	return !busy;
}

/* The inode in the cache with a reference, or NULL. */
static struct inode *find_get_inode(struct super_block *sb, unsigned long ino)
{
	for (;;) {
		struct inode *inode;

		spin_lock(&inode_lock);
		inode = find_inode(sb, ino);
		if (!inode || !(inode->i_state & (I_NEW | I_FREEING))) {
			if (inode) {
				inode->i_count++;
				leave_lru(inode);
			}
			spin_unlock(&inode_lock);
			return inode;
		}
		spin_unlock(&inode_lock);
		wait_event(inode_wait, settled(sb, ino), "inode");
	}
}

/* inode.h */
struct inode *iget_locked(struct super_block *sb, unsigned long ino)
{
	struct inode *inode, *new;

	for (;;) {
		inode = find_get_inode(sb, ino);
		if (inode)
			return inode;
		new = new_inode(sb, 0);
		if (!new)
			return NULL;
		new->i_ino = ino;
		spin_lock(&inode_lock);
		if (!find_inode(sb, ino)) {
			insert_locked(new);
			spin_unlock(&inode_lock);
			return new;
		}
		spin_unlock(&inode_lock);	/* somebody else was faster */
		inode_free(new);
	}
}

/* inode.h */
int insert_inode_locked(struct inode *inode)
{
	int err = 0;

	wait_event(inode_wait, settled(inode->i_sb, inode->i_ino), "inode");
	spin_lock(&inode_lock);
	if (find_inode(inode->i_sb, inode->i_ino))
		err = -EIO;
	else
		insert_locked(inode);
	spin_unlock(&inode_lock);
	return err;
}

/* inode.h */
void unlock_new_inode(struct inode *inode)
{
	spin_lock(&inode_lock);
	BUG_ON(!(inode->i_state & I_NEW));
	inode->i_state &= ~I_NEW;
	spin_unlock(&inode_lock);
	wake_up_all(&inode_wait);
}

/* It goes: nobody takes it from a list any more. => inode_lock held, no reference */
static void start_freeing(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	leave_lru(inode);
	if (!list_empty(&inode->i_dirty_list))
		list_del_init(&inode->i_dirty_list);
	inode->i_state &= ~I_DIRTY;
}

/* Out of the hash and every list. => inode_lock held */
static void unhash_locked(struct inode *inode)
{
	start_freeing(inode);
	hlist_del(&inode->i_hash);
	list_del_init(&inode->i_sb_list);
}

/* inode.h */
void iget_failed(struct inode *inode)
{
	spin_lock(&inode_lock);
	BUG_ON(!(inode->i_state & I_NEW) || inode->i_count != 1);
	unhash_locked(inode);
	spin_unlock(&inode_lock);
	wake_up_all(&inode_wait);
	inode->i_nlink = 1;		/* nothing is to be freed on the disk */
	inode->i_sb->s_op->evict_inode(inode);
	inode_free(inode);
}

/*
 * The inode goes. It stays in the hash, I_FREEING, until the disk knows: whoever finds its number
 * free there must not meet the old inode here. => I_FREEING set, off the LRU list, no reference
 */
static void evict(struct inode *inode)
{
	struct kmem_cache *cache = inode_cache_of(inode);

	BUG_ON(!(inode->i_state & I_FREEING) || inode->i_count);
	if (inode->i_data.nrpages || !xa_empty(&inode->i_data.i_pages))
		truncate_inode_pages(&inode->i_data, 0);
	mapping_forget_dirty(&inode->i_data);
	BUG_ON(!list_empty(&inode->i_data.i_mmap));
	inode->i_sb->s_op->evict_inode(inode);
	spin_lock(&inode_lock);
	unhash_locked(inode);
	spin_unlock(&inode_lock);
	wake_up_all(&inode_wait);	/* evict_inodes() waits no longer: the superblock may be gone */
	inode_free_to(cache, inode);
}

/* An inode that nobody uses and that has no name, I_FREEING; or NULL. */
static struct inode *take_orphan(struct super_block *sb)
{
	struct inode *inode, *found = NULL;

	spin_lock(&inode_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		if (!inode->i_count && !inode->i_nlink && !(inode->i_state & I_FREEING)) {
			found = inode;
			start_freeing(inode);
			break;
		}
	spin_unlock(&inode_lock);
	return found;
}

static int evict_orphans(struct super_block *sb, void *unused)
{
	struct inode *inode;

	while (sb->s_op && (inode = take_orphan(sb)))
		evict(inode);
	return 0;
}

/*
 * Those whose last user was a reclaimer (the shrinker had the name in its hands as it was removed): he
 * may hold the file system's locks, which it takes to delete a file.
 */
static void do_orphans(struct work_struct *work)
{
	for_each_super(evict_orphans, NULL);
}
static struct work_struct orphans_work = WORK_INIT(orphans_work, do_orphans);

/* inode.h */
void iput_cached(struct inode *inode)
{
	bool last = false, orphan = false;

	spin_lock(&inode_lock);
	BUG_ON(inode->i_count <= 0);
	if (--inode->i_count == 0) {
		orphan = !inode->i_nlink;
		last = orphan && !(current->flags & PF_MEMALLOC);
		if (last)
			start_freeing(inode);
		else if (list_empty(&inode->i_lru))
			list_lru_add(&inode_lru, inode, &inode->i_lru);
	}
	spin_unlock(&inode_lock);
	if (last)
		evict(inode);
	else if (orphan)
		schedule_work(&orphans_work);
}

/* --- writing them --- */

/* inode.h */
void mark_inode_dirty_cached(struct inode *inode)
{
	/* As they will be read back: nobody is to see a time change by itself. */
	if (inode->i_sb->s_coarse_times)
		inode->i_atime.tv_nsec = inode->i_mtime.tv_nsec = inode->i_ctime.tv_nsec = 0;
	spin_lock(&inode_lock);
	if (!(inode->i_state & (I_DIRTY | I_FREEING))) {
		inode->i_state |= I_DIRTY;
		inode->i_dirtied_when = ktime_get_ns();
		list_add_tail(&inode->i_dirty_list, &inode->i_sb->s_dirty);
	}
	spin_unlock(&inode_lock);
}

/* The oldest dirty inode, with a reference, clean from now on; NULL: none of before @older. */
static struct inode *take_dirty(struct super_block *sb, u64 older)
{
	struct inode *inode = NULL;

	spin_lock(&inode_lock);
	if (!list_empty(&sb->s_dirty)) {
		inode = list_first_entry(&sb->s_dirty, struct inode, i_dirty_list);
		if (inode->i_dirtied_when > older)
			inode = NULL;
	}
	if (inode) {
		list_del_init(&inode->i_dirty_list);
		inode->i_state &= ~I_DIRTY;
		inode->i_count++;
		leave_lru(inode);
	}
	spin_unlock(&inode_lock);
	return inode;
}

/* inode.h */
int sync_inodes(struct super_block *sb, u64 older)
{
	struct inode *inode;
	int error = 0, ret;

	if (!older)
		older = ktime_get_ns();
	for (;;) {
		mutex_lock(&sb->s_sync);
		inode = take_dirty(sb, older);
		ret = inode ? sb->s_op->write_inode(inode) : 0;
		mutex_unlock(&sb->s_sync);
		if (!inode)
			return error;
		if (ret && !error)
			error = ret;
		iput(inode);
		cond_resched();
	}
}

/* inode.h */
int sync_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	bool dirty;
	int err;

	mutex_lock(&sb->s_sync);
	spin_lock(&inode_lock);
	dirty = inode->i_state & I_DIRTY;
	if (dirty) {
		list_del_init(&inode->i_dirty_list);
		inode->i_state &= ~I_DIRTY;
	}
	spin_unlock(&inode_lock);
	err = dirty ? sb->s_op->write_inode(inode) : 0;
	mutex_unlock(&sb->s_sync);
	return err;
}

/* The inode of @sb after @after (NULL: the first) that has pages, with a reference. */
static struct inode *next_with_pages(struct super_block *sb, struct inode *after)
{
	struct inode *inode, *found = NULL;
	struct list_head *pos;

	spin_lock(&inode_lock);
	for (pos = after ? after->i_sb_list.next : sb->s_inodes.next; pos != &sb->s_inodes;
	     pos = pos->next) {
		inode = list_entry(pos, struct inode, i_sb_list);
		if (!inode->i_data.nrpages || inode->i_state & (I_NEW | I_FREEING))
			continue;
		found = inode;
		inode->i_count++;
		leave_lru(inode);
		break;
	}
	spin_unlock(&inode_lock);
	return found;
}

/* inode.h. An inode in hand is on the list, so the next one is found from it. */
void sync_inode_pages(struct super_block *sb)
{
	struct inode *inode, *last = NULL;

	while ((inode = next_with_pages(sb, last))) {
		filemap_start_range(&inode->i_data, 0, ~0UL, true);
		filemap_wait_range(&inode->i_data, 0, ~0UL);
		iput(last);
		last = inode;
		cond_resched();
	}
	iput(last);
}

/* --- giving memory back --- */

static unsigned long count_unused(struct shrinker *s, struct mem_cgroup *memcg)
{
	return vfs_pressure_ratio(list_lru_count(&inode_lru, memcg));
}

/* May it go without any work? => inode_lock held */
static bool can_go(const struct inode *inode)
{
	return !inode->i_count && inode->i_nlink && !inode->i_data.nrpages &&
	       !(inode->i_state & (I_DIRTY | I_NEW | I_FREEING)) && list_empty(&inode->i_data.link);
}

/* Up to @nr of @memcg's LRU list are looked at; busy ones move on. */
static unsigned long prune_inodes(struct shrinker *s, struct mem_cgroup *memcg, unsigned long nr)
{
	unsigned long freed = 0;

	while (nr--) {
		struct inode *inode;
		struct list_head *first;
		bool goes;

		spin_lock(&inode_lock);
		first = list_lru_first(&inode_lru, memcg);
		if (!first) {
			spin_unlock(&inode_lock);
			break;
		}
		inode = list_entry(first, struct inode, i_lru);
		goes = can_go(inode);
		if (goes)
			start_freeing(inode);
		else
			list_lru_rotate(&inode_lru, inode, &inode->i_lru);
		spin_unlock(&inode_lock);
		if (!goes)
			continue;
		evict(inode);
		freed++;
	}
	return freed;
}

static struct shrinker inode_shrinker = {
	.count_objects = count_unused, .scan_objects = prune_inodes, .memcg_aware = true,
	.seeks = DEFAULT_SEEKS,
};

/* inode.h */
void inode_cache_init(void)
{
	list_lru_init(&inode_lru, &inode_lock);
	register_shrinker(&inode_shrinker);
}

/* Any inode of @sb that nobody uses, I_FREEING; or NULL. */
static struct inode *take_unused(struct super_block *sb)
{
	struct inode *inode, *found = NULL;

	spin_lock(&inode_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		if (!inode->i_count && !(inode->i_state & I_FREEING)) {
			found = inode;
			start_freeing(inode);
			break;
		}
	spin_unlock(&inode_lock);
	return found;
}

static bool no_inodes(struct super_block *sb)
{
	bool none = true;
	struct inode *inode;

	spin_lock(&inode_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		if (inode->i_state & I_FREEING)
			none = false;
	spin_unlock(&inode_lock);
	return none;
}

/* inode.h */
void evict_inodes(struct super_block *sb)
{
	struct inode *inode;

	while ((inode = take_unused(sb))) {
		evict(inode);
		cond_resched();
	}
	wait_event(inode_wait, no_inodes(sb), "umount");	/* the shrinker's */
	spin_lock(&inode_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		pr_err("VFS: inode %lu is in use after umount, %d times\n", inode->i_ino,
		       inode->i_count);
	spin_unlock(&inode_lock);
}

/* inode.h */
bool has_orphans(struct super_block *sb)
{
	struct inode *inode;
	bool found = false;

	spin_lock(&inode_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		found = found || !inode->i_nlink;
	spin_unlock(&inode_lock);
	return found;
}

static int call_for_mappings(struct super_block *sb, void *fn)
{
	struct inode *inode, *last = NULL;

	if (!sb->s_op)
		return 0;
	while ((inode = next_with_pages(sb, last))) {
		iput(last);
		((void (*)(struct address_space *))fn)(&inode->i_data);
		last = inode;
		cond_resched();
	}
	iput(last);
	return 0;
}

/* inode.h. By superblocks, which wait with their end until we have put their inodes. */
void for_each_cached_mapping(void (*fn)(struct address_space *mapping))
{
	for_each_super(call_for_mappings, (void *)fn);
}
