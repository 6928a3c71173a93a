/*
 * ialloc.c - which inodes are free, and in which group a new one goes.
 *
 * Idea:   a file's inode goes to its directory's group, so that what is used together
 *         lies together. Directories of the root are spread over the groups that have
 *         more room than most; those further down stay with their parent as long as its
 *         group is not too full (Orlov's rule, in short).
 * Locks:  sbi->alloc.
 * Above:  namei.c, inode.c.   Below: buf.c.   In Linux: fs/ext2/ialloc.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/random.h"

static u32 inode_group(const struct ext2_sb_info *sbi, unsigned long ino)
{
	return (ino - 1) / sbi->inodes_per_group;
}

/* => sbi->alloc held */
static void count_inodes(struct super_block *sb, u32 group, int n, bool isdir)
{
	struct ext2_group_desc *desc = ext2_group_desc(sb, group);
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	desc->bg_free_inodes_count += n;
	sbi->free_inodes += n;
	if (isdir && (n < 0 || desc->bg_used_dirs_count)) {
		desc->bg_used_dirs_count -= n;
		sbi->dirs -= n;
	}
	ext2_desc_dirty(sb, group);
}

/* At least as much room of both kinds as the average group has? */
static bool roomy(struct super_block *sb, u32 group)
{
	const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
	const struct ext2_sb_info *sbi = EXT2_SB(sb);

	return desc->bg_free_inodes_count &&
	       (u64)desc->bg_free_inodes_count * sbi->nr_groups >= sbi->free_inodes &&
	       (u64)desc->bg_free_blocks_count * sbi->nr_groups >= sbi->free_blocks;
}

/* The group to begin with. => sbi->alloc held */
static u32 first_group(struct inode *dir, umode_t mode)
{
	struct super_block *sb = dir->i_sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 parent = EXT2_I(dir)->group;
	bool spread = dir->i_ino == EXT2_ROOT_INO;
	u32 start = spread ? sbi->next_group++ % sbi->nr_groups : parent;

	if (!S_ISDIR(mode))
		return parent;
	for (u32 n = 0; n < sbi->nr_groups; n++) {
		u32 group = (start + n) % sbi->nr_groups;

		if (roomy(sb, group))
			return group;
	}
	return parent;
}

/* Takes a free inode of @group: its number; 0: none is free. => sbi->alloc held */
static unsigned long take_in_group(struct super_block *sb, u32 group, bool isdir, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 bits = sbi->inodes_per_group, start = 0, bit;
	struct ext2_buf map;

	*err = ext2_bread(sb, sbi->groups[group].inode_bitmap, &map);
	if (*err)
		return 0;
	if (group == 0)
		start = sbi->first_ino - 1;	/* those before are the file system's own */
	bit = find_next_zero_bit((unsigned long *)map.data, bits, start);
	if (bit < bits) {
		__set_bit(bit, (unsigned long *)map.data);
		ext2_bdirty(sb, &map);
		count_inodes(sb, group, -1, isdir);
	} else if (ext2_group_desc(sb, group)->bg_free_inodes_count) {
		u32 wrong = ext2_group_desc(sb, group)->bg_free_inodes_count;

		EXT2_ERROR(sb, "group %u has no free inode, its descriptor says %u", group, wrong);
		count_inodes(sb, group, -(int)wrong, false);
	}
	ext2_brelse(&map);
	return bit < bits ? (unsigned long)group * sbi->inodes_per_group + bit + 1 : 0;
}

/* A number for a new inode; 0: *err. *was_freed: the disk may still know another by it. */
static unsigned long take_inode(struct inode *dir, umode_t mode, bool *was_freed, int *err)
{
	struct super_block *sb = dir->i_sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	unsigned long ino = 0;
	u32 group;

	mutex_lock(&sbi->alloc);
	group = first_group(dir, mode);
	*err = 0;
	for (u32 n = 0; n < sbi->nr_groups && !ino && !*err; n++) {
		if (ext2_group_desc(sb, group)->bg_free_inodes_count)
			ino = take_in_group(sb, group, S_ISDIR(mode), err);
		group = (group + 1) % sbi->nr_groups;
	}
	*was_freed = ino && ext2_was_freed(sbi, EXT2_FREED_INODE + ino);
	mutex_unlock(&sbi->alloc);
	if (!ino && !*err)
		*err = -ENOSPC;
	return ino;
}

static void give_back(struct super_block *sb, unsigned long ino, bool isdir)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group, bit;
	struct ext2_buf map;

	if (ino < sbi->first_ino || ino > sbi->inodes_count) {
		EXT2_ERROR(sb, "reserved or nonexistent inode %lu", ino);
		return;
	}
	group = inode_group(sbi, ino);
	bit = (ino - 1) % sbi->inodes_per_group;
	mutex_lock(&sbi->alloc);
	if (!ext2_bread(sb, sbi->groups[group].inode_bitmap, &map)) {
		if (__test_and_clear_bit(bit, (unsigned long *)map.data)) {
			ext2_bdirty(sb, &map);
			count_inodes(sb, group, 1, isdir);
			ext2_note_freed(sbi, EXT2_FREED_INODE + ino);
		} else {
			EXT2_ERROR(sb, "bit already cleared for inode %lu", ino);
		}
		ext2_brelse(&map);
	}
	mutex_unlock(&sbi->alloc);
}

/* ext2.h */
void ext2_free_inode(struct inode *inode)
{
	give_back(inode->i_sb, inode->i_ino, S_ISDIR(inode->i_mode));
}

/* Owner, group and mode of a new inode in @dir. */
static void inherit(struct inode *inode, const struct inode *dir)
{
	if (!(dir->i_mode & S_ISGID))
		return;
	inode->i_gid = dir->i_gid;
	if (S_ISDIR(inode->i_mode))
		inode->i_mode |= S_ISGID;
}

/* ext2.h */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode)
{
	struct super_block *sb = dir->i_sb;
	struct inode *inode = new_inode(sb, mode);
	struct ext2_inode_info *ei;
	unsigned long ino = 0;
	bool was_freed = false;
	int err = -ENOMEM;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	ei = ext2_alloc_info(inode);
	if (ei)
		ino = take_inode(dir, mode, &was_freed, &err);
	if (!ino) {
		ext2_evict_inode(inode);
		inode_free(inode);
		return ERR_PTR(err);
	}
	inode->i_ino = ino;
	if (was_freed)
		ext2_needs_all(inode);
	inherit(inode, dir);
	ei->group = inode_group(EXT2_SB(sb), ino);
	ei->flags = EXT2_I(dir)->flags & (EXT2_SYNC_FL | EXT2_NOATIME_FL);
	ei->generation = get_random_u32();
	err = insert_inode_locked(inode);
	if (err) {
		/* The number is in use: the bitmap was wrong, and is right now. */
		EXT2_ERROR(sb, "inode number already in use - inode=%lu", ino);
		inode->i_nlink = 1;
		ext2_evict_inode(inode);
		inode_free(inode);
		return ERR_PTR(err);
	}
	mark_inode_dirty(inode);
	ei->name_age = EXT2_SB(sb)->age;	/* after that: no commit has it yet */
	return inode;
}
