/*
 * blocks.c - the tree of a file's blocks: from a place in the file to a place on the disk.
 *
 * Idea:   an inode names its first 12 blocks; then a block of block numbers, then a block of such
 *         blocks, then one more level. So a block of the file is a path of up to four steps:
 *
 *           ei->block[0..11] ─> data
 *           ei->block[12] ─> [numbers] ─> data
 *           ei->block[13] ─> [numbers] ─> [numbers] ─> data
 *           ei->block[14] ─> [numbers] ─> [numbers] ─> [numbers] ─> data
 *
 *         A number 0 is a hole: zeroes. Each number is checked before it is believed. As blocks that
 *         follow each other tend to be asked for one after the other, the inode remembers the run
 *         that the last one was part of; only truncation makes it untrue.
 * Locks:  ei->tree around all of it; inside: sbi->alloc and the device's pages.
 * Above:  file.c, dir.c.   Below: balloc.c, buf.c.   In Linux: fs/ext2/inode.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/sched/sched.h"

#define RUN_AHEAD 32			/* looked for behind a block that was asked for alone */

/* A path through the tree: which slot at each step. */
struct tree_path {
	unsigned int depth;		/* steps: 1 … 4 */
	u32 slot[4];			/* the first is one of ei->block */
};

/* The way to block @logical. False: files do not reach that far. */
static bool find_path(const struct ext2_sb_info *sbi, u64 logical, struct tree_path *path)
{
	unsigned int bits = sbi->ptrs_bits;
	u64 n = logical;

	if (n < EXT2_NDIR_BLOCKS) {
		*path = (struct tree_path){ .depth = 1, .slot = { n } };
		return true;
	}
	n -= EXT2_NDIR_BLOCKS;
	for (unsigned int level = 1; level <= 3; level++) {
		if (n < 1ULL << (bits * level)) {
			path->depth = level + 1;
			path->slot[0] = EXT2_NDIR_BLOCKS + level - 1;
			for (unsigned int i = 1; i <= level; i++)
				path->slot[i] = n >> (bits * (level - i)) & ((1U << bits) - 1);
			return true;
		}
		n -= 1ULL << (bits * level);
	}
	return false;
}

/* => tree held */
static void note_path(struct inode *inode, u32 logical)
{
	const struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (ext2_committed(sbi, ei->path_age)) {
		ei->first_changed = ~0U;
		ei->last_changed = 0;
	}
	ei->path_age = sbi->age;
	ei->first_changed = MIN(ei->first_changed, logical);
	ei->last_changed = MAX(ei->last_changed, logical);
	ei->nr_changes++;
}

/* ext2.h */
void ext2_path_changed(struct inode *inode, u32 logical)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	mutex_lock(&ei->tree);
	note_path(inode, logical);
	mutex_unlock(&ei->tree);
}

/*
 * Where a new block had best lie: behind the one before it (which is the table that was made for the same
 * @logical, if one was), or in the inode's group.
 */
static u32 find_goal(struct inode *inode, u64 logical, const u32 *table, u32 slot)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);

	if (ei->last_block && logical - ei->last_logical <= 1)
		return ei->last_block + 1;
	while (slot--)
		if (table[slot])
			return table[slot] + 1;
	return ext2_group_first_block(EXT2_SB(inode->i_sb), ei->group);
}

/* The slot gets a block; one of numbers (@leaf false) is empty. => tree held */
static int fill_slot(struct inode *inode, u64 logical, u32 *table, u32 slot, bool leaf)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_buf buf;
	int err;
	u32 nr = ext2_new_block(inode, find_goal(inode, logical, table, slot), &err);

	if (!nr)
		return err;
	if (!leaf) {
		err = ext2_bnew(inode->i_sb, nr, &buf);
		if (err) {
			ext2_free_blocks(inode, nr, 1);
			return err;
		}
		ext2_brelse(&buf);
	}
	table[slot] = nr;
	ei->last_logical = logical;
	ei->last_block = nr;
	return 0;
}

/* A slot on the way to @logical was filled: what of it is in blocks of metadata? => tree held */
static void slot_filled(struct inode *inode, u64 logical, const struct tree_path *path, bool leaf)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	bool metadata = !S_ISREG(inode->i_mode);

	WRITE_ONCE(ei->map_changed, true);
	if (!leaf || metadata)
		ei->new_tables = true;
	if (path->depth > 1 || metadata)
		note_path(inode, logical);
}

/* What is asked of the tree, and its answer. */
struct mapping {
	bool create;			/* in: a hole gets a block */
	bool fresh;			/* out: it did */
	u32 phys;			/* out: 0: a hole */
	u32 run;			/* in: blocks asked for; out: that many lie in a row */
};

/* How many of the @max numbers from @slot on count up by one? They are in one table of @size. */
static u32 count_run(const u32 *table, u32 slot, u32 size, u32 max)
{
	u32 n = 1;

	max = MIN(max, size - slot);
	while (n < max && table[slot + n] == table[slot] + n)
		n++;
	return n;
}

/* Is it known without a look at the tree? => tree held */
static bool map_by_run(const struct ext2_inode_info *ei, u64 logical, struct mapping *map)
{
	u64 at = logical - ei->run.logical;

	if (at >= ei->run.count)
		return false;
	map->phys = ei->run.phys + at;
	map->run = MIN(map->run, ei->run.count - (u32)at);
	return true;
}

/* The block that a leaf's slot names, and those behind it: a run, or more of one. => tree held */
static void map_leaf(struct inode *inode, u64 logical, const struct tree_path *path,
		     const u32 *table, struct mapping *map)
{
	const struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	struct ext2_run *run = &EXT2_I(inode)->run;
	u32 slot = path->slot[path->depth - 1], nr = table[slot];
	u32 size = path->depth == 1 ? EXT2_NDIR_BLOCKS : 1U << sbi->ptrs_bits;
	u32 count = count_run(table, slot, size, MAX(map->run, RUN_AHEAD));

	if (!ext2_valid_block(sbi, nr + count - 1))
		count = 1;		/* who asks for the others hears of it */
	map->phys = nr;
	map->run = MIN(map->run, count);
	if (run->count && logical == run->logical + run->count && nr == run->phys + run->count)
		run->count += count;
	else
		*run = (struct ext2_run){ logical, nr, count };
}

/* Walks @path. => tree held; map: the answer to a hole */
static int walk(struct inode *inode, u64 logical, const struct tree_path *path, struct mapping *map)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_buf at = { NULL, NULL }, next;
	u32 *table = EXT2_I(inode)->block;
	int err = 0;

	for (unsigned int step = 0; step < path->depth; step++) {
		u32 slot = path->slot[step], nr;
		bool leaf = step == path->depth - 1;

		if (!table[slot]) {
			if (!map->create)
				break;
			err = fill_slot(inode, logical, table, slot, leaf);
			if (err)
				break;
			if (at.data)
				ext2_bdirty(sb, &at);
			slot_filled(inode, logical, path, leaf);
			mark_inode_dirty(inode);	/* i_blocks, at least */
			map->fresh = leaf;
		}
		nr = table[slot];
		if (!ext2_valid_block(EXT2_SB(sb), nr)) {
			EXT2_ERROR(sb, "inode #%lu: block %llu: invalid block %u", inode->i_ino,
				   (unsigned long long)logical, nr);
			err = -EIO;
			break;
		}
		if (leaf) {
			map_leaf(inode, logical, path, table, map);
			break;
		}
		err = ext2_bread(sb, nr, &next);
		if (err)
			break;
		ext2_brelse(&at);
		at = next;
		table = (u32 *)at.data;
	}
	ext2_brelse(&at);
	return err;
}

/* Takes the tree's lock. 0; -errno: the answer is a hole */
static int map_block(struct inode *inode, u64 logical, struct mapping *map)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct tree_path path;
	int err = 0;

	mutex_lock(&ei->tree);
	/*
	 * Beyond the end there is nothing to read, and truncate may be about to give these blocks
	 * to somebody else: it lowers i_size, waits for the pages it finds, and then frees.
	 */
	if (!map->create &&
	    (loff_t)(logical << EXT2_SB(sb)->block_bits) >= READ_ONCE(inode->i_size))
		goto unlock;
	if (map_by_run(ei, logical, map))
		goto unlock;
	if (find_path(EXT2_SB(sb), logical, &path))
		err = walk(inode, logical, &path, map);
	else
		err = map->create ? -EFBIG : -EIO;
unlock:
	mutex_unlock(&ei->tree);
	return err;
}

/* ext2.h */
int ext2_get_block(struct inode *inode, u64 logical, u32 *phys, bool create, bool *fresh)
{
	struct mapping map = { .create = create, .run = 1 };
	int err = map_block(inode, logical, &map);

	*phys = map.phys;
	if (fresh)
		*fresh = map.fresh;
	return err;
}

/* ext2.h. What lies beyond the end may be told of, too: whoever asks knows where the file ends. */
int ext2_bmap(struct inode *inode, u64 logical, u64 *phys, u32 *run)
{
	struct mapping map = { .run = *run };
	int err = map_block(inode, logical, &map);

	*phys = map.phys;
	*run = map.phys ? map.run : 1;
	return err;
}

/*
 * Frees what lies at or behind block @first of the subtree that hangs on *@slot, @depth tables
 * deep; with @first 0 all of it. => tree held. A number is cleared as its block goes: a tree that
 * is no tree (a table that names itself) ends all the same.
 */
static void free_tree(struct inode *inode, u32 *slot, unsigned int depth, u64 first)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	u32 nr = *slot;

	if (!nr)
		return;
	if (depth && ext2_valid_block(sbi, nr)) {
		unsigned int bits = sbi->ptrs_bits * (depth - 1);
		u32 from = first >> bits;
		struct ext2_buf buf;

		if (!ext2_bread(inode->i_sb, nr, &buf)) {
			u32 *table = (u32 *)buf.data;

			for (u32 i = from; i < 1U << sbi->ptrs_bits; i++)
				free_tree(inode, &table[i], depth - 1,
					  i == from ? first & ((1ULL << bits) - 1) : 0);
			if (first)
				ext2_bdirty(inode->i_sb, &buf);
			ext2_brelse(&buf);
		}
		cond_resched();
	}
	if (!first) {
		*slot = 0;
		ext2_free_blocks(inode, nr, 1);
	}
}

/*
 * ext2.h. The inode is dirty before the first block is free: a commit that begins after that waits
 * for the tree, and writes what it has become.
 */
void ext2_truncate_blocks(struct inode *inode, loff_t size)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 first = ((u64)size + (1U << sbi->block_bits) - 1) >> sbi->block_bits;
	u64 base = EXT2_NDIR_BLOCKS;

	mutex_lock(&ei->tree);
	WRITE_ONCE(ei->map_changed, true);
	mark_inode_dirty(inode);
	if (first > EXT2_NDIR_BLOCKS)
		note_path(inode, MIN(first - 1, (u64)0xffffffff));	/* tables that keep a part */
	for (u64 i = first; i < EXT2_NDIR_BLOCKS; i++)
		free_tree(inode, &ei->block[i], 0, 0);
	for (unsigned int level = 1; level <= 3; level++) {
		u64 span = 1ULL << (sbi->ptrs_bits * level), from = first > base ? first - base : 0;

		if (from < span)
			free_tree(inode, &ei->block[EXT2_NDIR_BLOCKS + level - 1], level, from);
		base += span;
	}
	ei->last_logical = ei->last_block = 0;
	ei->run.count = 0;
	mutex_unlock(&ei->tree);
	mark_inode_dirty(inode);
}

/* --- writing it --- */

/* A block of metadata: goes, or is waited for. */
static void write_block(struct super_block *sb, u32 nr, struct blk_request **open, bool wait)
{
	loff_t pos = (loff_t)nr << EXT2_SB(sb)->block_bits;

	if (wait)
		bdev_wait_range(sb->s_bdev, pos, sb->s_blocksize);
	else
		bdev_write_range(sb->s_bdev, pos, sb->s_blocksize, open);
}

/*
 * The part of the subtree under block @nr, @depth tables deep, that leads to blocks [first, last]
 * of it. What is not in memory is not dirty, but what lies below it may be.
 */
static int write_subtree(struct inode *inode, u32 nr, unsigned int depth, u64 first, u64 last,
			 struct blk_request **open, bool wait)
{
	struct super_block *sb = inode->i_sb;
	unsigned int bits = EXT2_SB(sb)->ptrs_bits * (depth ? depth - 1 : 0);
	bool file = S_ISREG(inode->i_mode);
	struct ext2_buf buf;
	int err = 0;

	if (!nr || !ext2_valid_block(EXT2_SB(sb), nr) || (!depth && file))
		return 0;
	if (depth > 1 || (depth && !file)) {
		err = ext2_bread(sb, nr, &buf);
		for (u64 i = first >> bits; i <= last >> bits && !err; i++) {
			u64 base = i << bits;

			err = write_subtree(inode, ((u32 *)buf.data)[i], depth - 1,
					    MAX(first, base) - base,
					    MIN(last, base + (1ULL << bits) - 1) - base, open, wait);
		}
		ext2_brelse(&buf);
	}
	write_block(sb, nr, open, wait);
	return err;
}

/* ext2.h */
int ext2_write_paths(struct inode *inode, struct blk_request **open, bool wait)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);
	u64 first = ei->first_changed, last = ei->last_changed, base = EXT2_NDIR_BLOCKS;
	int error = 0;

	if (first > last)
		return 0;
	for (u64 i = first; i <= last && i < EXT2_NDIR_BLOCKS; i++)
		write_subtree(inode, ei->block[i], 0, 0, 0, open, wait);
	for (unsigned int level = 1; level <= 3; level++) {
		u64 span = 1ULL << (EXT2_SB(inode->i_sb)->ptrs_bits * level);
		int err = 0;

		if (first < base + span && last >= base)
			err = write_subtree(inode, ei->block[EXT2_NDIR_BLOCKS + level - 1], level,
					    MAX(first, base) - base,
					    MIN(last - base, span - 1), open, wait);
		error = error ? error : err;
		base += span;
	}
	return error;
}
