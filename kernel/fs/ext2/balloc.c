/*
 * balloc.c - which blocks are free: bitmaps of the groups, and their counts.
 *
 * Idea:   a new block goes where its caller wants it, behind the file's last one;
 *         if that is taken, to the next free byte of the bitmap (eight blocks
 *         that belong to nobody, so that two growing files do not
 *         mix), to the next free bit, or to another group. The descriptors say which
 *         groups to skip. Whatever the bitmap says, a group's own bitmaps and
 *         inode table are never given out or taken back.
 * Locks:  sbi->alloc around all of it.
 * Above:  blocks.c, dir.c, inode.c.   Below: buf.c.   In Linux: fs/ext2/balloc.c.
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/sched.h"

static u32 block_group(const struct ext2_sb_info *sbi, u32 nr)
{
	return (nr - sbi->first_data_block) / sbi->blocks_per_group;
}

/* ext2.h */
bool ext2_in_system_zone(const struct ext2_sb_info *sbi, u32 nr)
{
	const struct ext2_group *g = &sbi->groups[block_group(sbi, nr)];

	return nr == g->block_bitmap || nr == g->inode_bitmap ||
	       (nr >= g->inode_table && nr - g->inode_table < sbi->itable_blocks) ||
	       nr <= sbi->first_data_block + sbi->desc_blocks;
}

/* => sbi->alloc held */
static void count_blocks(struct super_block *sb, u32 group, int n)
{
	struct ext2_group_desc *desc = ext2_group_desc(sb, group);

	desc->bg_free_blocks_count += n;
	EXT2_SB(sb)->free_blocks += n;
	ext2_desc_dirty(sb, group);
}

/* Are there blocks for this caller? The last few are root's. => sbi->alloc held */
static bool has_free_blocks(const struct ext2_sb_info *sbi)
{
	const struct ext2_super_block *es = sbi->es;

	if (sbi->free_blocks > es->s_r_blocks_count)
		return true;
	if (!sbi->free_blocks)
		return false;
	return fs_capable(CAP_SYS_RESOURCE) || fs_current_fsuid() == es->s_def_resuid ||
	       (es->s_def_resgid && fs_in_group(es->s_def_resgid));
}

/* A free bit of @map, best one at or behind @start; @bits: none. */
static u32 find_free_bit(const u8 *map, u32 bits, u32 start)
{
	const unsigned long *words = (const unsigned long *)map;
	u32 near = MIN(bits, (start + 63) & ~63U), bit;

	if (start) {
		bit = find_next_zero_bit(words, near, start);
		if (bit < near)
			return bit;
	}
	for (u32 byte = (start + 7) / 8; byte < bits / 8; byte++)
		if (!map[byte])
			return byte * 8;
	bit = find_next_zero_bit(words, bits, start);
	return bit < bits ? bit : (u32)find_next_zero_bit(words, bits, 0);
}

/*
 * Takes a block in @group, near its block number @start. 0: there is none; *err if that is the
 * disk's fault. => sbi->alloc held
 */
static u32 take_in_group(struct super_block *sb, u32 group, u32 start, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 bits = ext2_group_blocks(sbi, group), bit, nr = 0;
	struct ext2_buf map;

	*err = ext2_bread(sb, sbi->groups[group].block_bitmap, &map);
	if (*err)
		return 0;
	while ((bit = find_free_bit(map.data, bits, start)) < bits) {
		__set_bit(bit, (unsigned long *)map.data);
		nr = ext2_group_first_block(sbi, group) + bit;
		if (!ext2_in_system_zone(sbi, nr))
			break;
		EXT2_ERROR(sb, "Allocating block in system zone - block = %u", nr);
		nr = 0;
	}
	if (nr) {
		ext2_bdirty(sb, &map);
		count_blocks(sb, group, -1);
	} else if (ext2_group_desc(sb, group)->bg_free_blocks_count) {
		EXT2_ERROR(sb, "group %u has no free block, its descriptor says %u", group,
			   ext2_group_desc(sb, group)->bg_free_blocks_count);
		count_blocks(sb, group, -(int)ext2_group_desc(sb, group)->bg_free_blocks_count);
	}
	ext2_brelse(&map);
	return nr;
}

/* => sbi->alloc held */
static u32 take_block(struct super_block *sb, u32 goal, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group, start, nr;

	if (!ext2_valid_block(sbi, goal))
		goal = sbi->first_data_block;
	group = block_group(sbi, goal);
	start = (goal - sbi->first_data_block) % sbi->blocks_per_group;
	*err = 0;
	for (u32 n = 0; n <= sbi->nr_groups && !*err; n++) {
		if (!has_free_blocks(sbi))
			break;
		if (ext2_group_desc(sb, group)->bg_free_blocks_count) {
			nr = take_in_group(sb, group, start, err);
			if (nr)
				return nr;
		}
		group = (group + 1) % sbi->nr_groups;
		start = 0;
	}
	if (!*err)
		*err = -ENOSPC;
	return 0;
}

/* ext2.h */
u32 ext2_new_block(struct inode *inode, u32 goal, int *err)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 nr;

	mutex_lock(&sbi->alloc);
	nr = take_block(sb, goal, err);
	if (nr && ext2_was_freed(sbi, nr))
		ext2_needs_all(inode);
	mutex_unlock(&sbi->alloc);
	if (!nr)
		return 0;
	/* What its page of the device still holds is another file's, or a directory's, past. */
	bdev_forget(sb->s_bdev, (loff_t)nr << sbi->block_bits, sb->s_blocksize);
	EXT2_I(inode)->blocks += sb->s_blocksize >> 9;
	return nr;
}

/* Blocks of one group. => sbi->alloc held */
static u32 free_in_group(struct super_block *sb, u32 group, u32 bit, u32 count)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 freed = 0, first = ext2_group_first_block(sbi, group);
	struct ext2_buf map;

	if (ext2_bread(sb, sbi->groups[group].block_bitmap, &map))
		return 0;
	for (u32 i = bit; i < bit + count; i++) {
		if (ext2_in_system_zone(sbi, first + i))
			EXT2_ERROR(sb, "Freeing blocks in system zones - Block = %u", first + i);
		else if (!__test_and_clear_bit(i, (unsigned long *)map.data))
			EXT2_ERROR(sb, "bit already cleared for block %u", first + i);
		else
			freed++;
		ext2_note_freed(sbi, first + i);
	}
	if (freed) {
		ext2_bdirty(sb, &map);
		count_blocks(sb, group, freed);
	}
	ext2_brelse(&map);
	return freed;
}

/* ext2.h */
void ext2_free_blocks(struct inode *inode, u32 nr, u32 count)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 size;

	if (!ext2_valid_block(sbi, nr) || count > sbi->blocks_count - nr) {
		EXT2_ERROR(sb, "Freeing blocks not in datazone - block = %u, count = %u", nr, count);
		return;
	}
	while (count) {
		u32 group = block_group(sbi, nr);
		u32 bit = (nr - sbi->first_data_block) % sbi->blocks_per_group;
		u32 part = MIN(count, sbi->blocks_per_group - bit);

		mutex_lock(&sbi->alloc);
		size = (u64)free_in_group(sb, group, bit, part) * (sb->s_blocksize >> 9);
		mutex_unlock(&sbi->alloc);
		ei->blocks -= MIN(size, ei->blocks);
		nr += part;
		count -= part;
	}
}

/* ext2.h */
u64 ext2_count_free_blocks(struct super_block *sb, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u64 sum = 0;

	*err = 0;
	for (u32 i = 0; i < sbi->nr_groups; i++) {
		u32 count = ext2_group_desc(sb, i)->bg_free_blocks_count;

		if (count > ext2_group_blocks(sbi, i)) {
			EXT2_ERROR(sb, "group %u: %u free blocks of %u", i, count,
				   ext2_group_blocks(sbi, i));
			*err = -EINVAL;
		}
		sum += count;
	}
	return sum;
}
