/*
 * fsync.c - fsync(2), fdatasync(2), O_SYNC: what one file needs to be found after a crash, and whole.
 *
 * Idea:   that is a chain: the file's data and its tables of blocks; its inode; and, if its name is not
 *         known to be on the disk, the directory that has it, likewise, and so on towards the
 *         root:
 *
 *           / ──────> d, made just now ──────> f, made just now
 *           block      inode · block            inode · tables · data
 *           2nd  1st   2nd     1st              2nd     1st      1st
 *
 *         All that inodes name is written first, the inodes next, each time as many requests at
 *         once as there are. Only sectors of the chain go: what lies beside them may be half of
 *         a change whose other half is somewhere else. If anything else bears on one of the chain
 *         (commit.c's whole_age), all metadata is written instead.
 * Locks:  ei->tree while paths of a tree are looked through; no lock for the file's sake.
 * Above:  sync.c, read_write.c (O_SYNC), mmap.c (msync).   Below: commit.c, blocks.c, the device's
 * pages.   In Linux: fs/ext4/fsync.c, fs/ext2/file.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/fs/sync.h"
#include "kernel/lib/bug.h"
#include "mm/filemap.h"

#define CHAIN_MAX 16			/* deeper new paths are committed */

/* The file and those directories above it that have to be written. */
struct chain {
	unsigned int count;
	struct link {
		struct inode *inode;	/* a reference, but for the first */
		u64 name_age;		/* as it was; 0: the name is on the disk */
		u32 nr_changes;		/* the same for its paths */
		bool counted;		/* its directory has one name fewer to make safe now */
	} link[CHAIN_MAX];
};

/* Takes up @inode. The directory to go on with; 0: no more. */
static unsigned long add_link(struct chain *chain, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct link *link = &chain->link[chain->count++];
	unsigned long parent;

	mutex_lock(&ei->tree);
	*link = (struct link){ .inode = inode, .nr_changes = ei->nr_changes };
	if (!ext2_committed(EXT2_SB(inode->i_sb), ei->name_age) && inode->i_nlink)
		link->name_age = ei->name_age;
	parent = link->name_age ? ei->parent : 0;
	mutex_unlock(&ei->tree);
	return parent;
}

/* Does something that is not of the chain bear on @inode? */
static bool needs_all(const struct inode *inode)
{
	const struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	const struct ext2_inode_info *ei = EXT2_I(inode);

	return !ext2_committed(sbi, ei->whole_age) || !ext2_committed(sbi, sbi->moved_age);
}

/* A directory that is asked for by itself: are there names in it whose files are not safe? */
static bool has_unsaved(const struct inode *inode)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);

	return S_ISDIR(inode->i_mode) && ei->unsaved &&
	       !ext2_committed(EXT2_SB(inode->i_sb), ei->dir_age);
}

/* False: the chain alone will not do. put_chain() in any case. */
static bool find_chain(struct chain *chain, struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	unsigned long parent;

	chain->count = 0;
	if (needs_all(inode) || has_unsaved(inode))
		return false;
	parent = add_link(chain, inode);
	while (parent) {
		if (chain->count == CHAIN_MAX)
			return false;
		inode = ext2_iget(sb, parent);
		if (IS_ERR(inode))
			return false;	/* the file has moved, and the directory is gone */
		parent = add_link(chain, inode);
		if (needs_all(inode) || !S_ISDIR(inode->i_mode))
			return false;
	}
	return true;
}

static void put_chain(struct chain *chain)
{
	for (unsigned int i = 1; i < chain->count; i++)
		iput(chain->link[i].inode);
}

/* What the inodes name: tables, and directories' blocks. 0, -EIO */
static int write_paths(struct chain *chain)
{
	struct blk_request *open = NULL;
	int error = 0;

	for (unsigned int i = 0; i < chain->count; i++) {
		struct inode *inode = chain->link[i].inode;
		int err;

		mutex_lock(&EXT2_I(inode)->tree);
		err = ext2_write_paths(inode, &open, false);
		page_io_send(&open);	/* who holds another tree may wait for these pages */
		mutex_unlock(&EXT2_I(inode)->tree);
		error = error ? error : err;
	}
	return error;
}

static void wait_for_paths(struct chain *chain)
{
	for (unsigned int i = 0; i < chain->count; i++)
		ext2_write_paths(chain->link[i].inode, NULL, true);
}

/*
 * The sectors of all inodes of the chain that lie in the page of the one numbered @n: one request. Other
 * inodes beside them may go, too: what they name is on the disk (write_new_tables()).
 */
static unsigned int sectors_of_page(const struct chain *chain, unsigned int n)
{
	unsigned int size = EXT2_SB(chain->link[n].inode->i_sb)->inode_size, mask = 0;
	loff_t index = ext2_inode_pos(chain->link[n].inode) >> PAGE_SHIFT;

	for (unsigned int i = 0; i < chain->count; i++) {
		loff_t pos = ext2_inode_pos(chain->link[i].inode);

		if (pos >> PAGE_SHIFT == index)
			mask |= page_sector_mask(pos & ~PAGE_MASK, size);
	}
	return mask;
}

/*
 * fdatasync does not ask for times: the file's inode goes if size or blocks have changed; nor does the
 * file ask for its directory's.
 */
static bool asks_for_times(const struct chain *chain, unsigned int n, bool data_only)
{
	return n == 0 && !data_only;
}

static int write_inodes(struct chain *chain, bool data_only)
{
	struct block_device *bdev = chain->link[0].inode->i_sb->s_bdev;
	struct blk_request *open = NULL;
	int error = 0;

	for (unsigned int i = 0; i < chain->count; i++) {
		struct inode *inode = chain->link[i].inode;
		int err = 0;

		if (asks_for_times(chain, i, data_only) || chain->link[i].name_age ||
		    READ_ONCE(EXT2_I(inode)->map_changed))
			err = sync_inode(inode);
		error = error ? error : err;
	}
	for (unsigned int i = 0; i < chain->count; i++)
		bdev_write_sectors(bdev, ext2_inode_pos(chain->link[i].inode) >> PAGE_SHIFT,
				   sectors_of_page(chain, i), &open);
	page_io_send(&open);
	for (unsigned int i = 0; i < chain->count; i++)
		bdev_wait_range(bdev, ext2_inode_pos(chain->link[i].inode), 1);
	return error;
}

/* All of @link is on the disk, but for what was changed meanwhile. */
static void link_written(struct link *link)
{
	struct ext2_inode_info *ei = EXT2_I(link->inode);

	mutex_lock(&ei->tree);
	if (ei->nr_changes == link->nr_changes) {
		ei->first_changed = ~0U;
		ei->last_changed = 0;
		ei->path_age = 0;
	}
	link->counted = false;
	if (link->name_age && ei->name_age == link->name_age) {
		link->counted = ei->counted;
		ei->counted = false;
		ei->name_age = 0;
	}
	mutex_unlock(&ei->tree);
}

/* Each of the chain has one name fewer to make safe. */
static void chain_written(struct chain *chain)
{
	const struct ext2_sb_info *sbi = EXT2_SB(chain->link[0].inode->i_sb);

	for (unsigned int i = 0; i < chain->count; i++) {
		struct ext2_inode_info *dir;

		link_written(&chain->link[i]);
		if (!chain->link[i].counted || i + 1 == chain->count)
			continue;
		dir = EXT2_I(chain->link[i + 1].inode);
		mutex_lock(&dir->tree);
		/* A name of an age that was committed meanwhile is not counted any more. */
		if (!ext2_committed(sbi, chain->link[i].name_age) && dir->unsaved)
			dir->unsaved--;
		mutex_unlock(&dir->tree);
	}
}

/* The data is on its way. 0, or an error that no mapping knows of. */
static int write_chain(struct chain *chain, bool data_only)
{
	struct inode *inode = chain->link[0].inode;
	int err = write_paths(chain), ret;

	if (S_ISREG(inode->i_mode))
		filemap_wait_range(&inode->i_data, 0, ~0UL);
	wait_for_paths(chain);
	ret = write_inodes(chain, data_only);
	err = err ? err : ret;
	if (!err)
		chain_written(chain);
	return err;
}

/* @inode's metadata to the disk, and the wait for its data. */
static int save(struct inode *inode, bool data_only)
{
	struct chain chain;
	int err;

	if (find_chain(&chain, inode)) {
		err = write_chain(&chain, data_only);
	} else {
		if (S_ISREG(inode->i_mode))
			filemap_wait_range(&inode->i_data, 0, ~0UL);
		err = ext2_commit(inode->i_sb);
	}
	put_chain(&chain);
	return err;
}

/*
 * Does the disk have all of it, so that nothing need be looked for? No lock is taken: what another CPU
 * changes at this moment, fsync need not know of. Who takes the inode's mark off holds s_sync until the
 * device's page is dirty instead.
 */
static bool is_clean(const struct inode *inode, bool data_only)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);

	if (needs_all(inode) || ei->first_changed <= ei->last_changed ||
	    !ext2_committed(EXT2_SB(inode->i_sb), ei->name_age) ||
	    (data_only ? READ_ONCE(ei->map_changed) : READ_ONCE(inode->i_state) & I_DIRTY))
		return false;
	return !mutex_is_locked(&inode->i_sb->s_sync) &&
	       bdev_range_clean(inode->i_sb->s_bdev, ext2_inode_pos(inode),
				EXT2_SB(inode->i_sb)->inode_size);
}

/* ext2.h. Write errors are told by the mappings that they happened to: this file's, the device's. */
int ext2_fsync(struct file *file, bool data_only)
{
	struct inode *inode = file->f_inode;
	struct super_block *sb = inode->i_sb;
	int err = 0, ret;

	if (!S_ISREG(inode->i_mode)) {
		err = save(inode, data_only);
	} else if (!mapping_is_clean(&inode->i_data) || !is_clean(inode, data_only)) {
		filemap_start_range(&inode->i_data, 0, ~0UL, true);
		err = save(inode, data_only);
	}
	ret = blk_flush_sync(sb->s_bdev);
	err = err ? err : ret;
	ret = file_check_wb_err(file);
	return ret ? ret : err;
}
