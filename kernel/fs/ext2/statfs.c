/*
 * statfs.c - how full it is.
 *
 * Idea:   as Linux counts ("bsddf"): what the file system needs for itself (superblocks and their
 *         copies, bitmaps, inode tables) is no part of its size.
 * Locks:  none: the counts are read as they stand.
 * Above:  statfs(2).   In Linux: fs/ext2/super.c.
 */
#include "kernel/abi/statfs.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/string.h"

static bool is_power_of(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* Has @group a copy of the superblock? With sparse_super only 0, 1 and powers of 3, 5, 7. */
static bool has_super(const struct ext2_sb_info *sbi, u32 group)
{
	if (!(sbi->es->s_feature_ro_compat & EXT2_RO_COMPAT_SPARSE_SUPER) || group <= 1)
		return true;
	return is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

/* ext2.h */
u32 ext2_overhead(const struct ext2_sb_info *sbi)
{
	u32 blocks = sbi->first_data_block + sbi->nr_groups * (2 + sbi->itable_blocks);

	for (u32 i = 0; i < sbi->nr_groups; i++)
		if (has_super(sbi, i))
			blocks += 1 + sbi->desc_blocks;
	return blocks;
}

/* ext2.h */
int ext2_statfs(struct super_block *sb, struct statfs *st)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->es;
	u32 overhead = MIN(sbi->overhead, sbi->blocks_count);

	st->f_bsize = st->f_frsize = sb->s_blocksize;
	st->f_blocks = sbi->blocks_count - overhead;
	st->f_bfree = sbi->free_blocks;
	st->f_bavail = st->f_bfree > es->s_r_blocks_count ? st->f_bfree - es->s_r_blocks_count : 0;
	st->f_files = sbi->inodes_count;
	st->f_ffree = sbi->free_inodes;
	memcpy(&st->f_fsid, es->s_uuid, sizeof(st->f_fsid));
	return 0;
}
