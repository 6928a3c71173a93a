/*
 * commit.c - what of the metadata is on the disk: ages, and writing all of it.
 *
 * Idea:   fsync(2) is to write what one file needs, and no more. That is safe as long as nothing else
 *         that is only in memory bears on it. So time is cut into ages; a commit ends one, writes all
 *         metadata, and then what was changed in that age is on the disk. Inodes remember
 *         in which age something happened to them:
 *
 *           name_age   a name was given to it: the directory is to be written, too (fsync.c)
 *           whole_age  more than that hangs on it: a name was taken from the directory, the file
 *                      has two names or came from another directory, or it got a block (or is an
 *                      inode) that was free for less than an age, so that on the disk
 *                      it may still be somebody else's: only a commit makes it safe
 *
 *         ages:      … 5 ────────┤ 6 ──────────┤ 7 …            age 7
 *         on the disk:      5 committed ┘   6 being written     committed 5
 *
 *         What was freed is known by two filters of bits, this age's and that of the age being
 *         written: a bit that is set by chance costs a commit, and no more.
 * Locks:  sbi->commit (LOCK_FS_COMMIT): one commit at a time; an age ends under sbi->alloc.
 * Above:  fsync.c, super.c, namei.c.   Below: inode_cache.c, the device's pages.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/slab.h"

#define FILTER_SHIFT 15			/* bits: 4 KiB; a file of 8 MiB that went fills a quarter */
#define FILTER_BYTES (1U << (FILTER_SHIFT - 3))

/* ext2.h */
int ext2_ages_init(struct ext2_sb_info *sbi)
{
	mutex_init(&sbi->commit, LOCK_FS_COMMIT);
	sbi->age = 1;
	for (unsigned int i = 0; i < 2; i++) {
		sbi->freed[i] = kzalloc(FILTER_BYTES, GFP_KERNEL);
		if (!sbi->freed[i])
			return -ENOMEM;
	}
	return 0;
}

/* ext2.h */
void ext2_ages_free(struct ext2_sb_info *sbi)
{
	kfree(sbi->freed[0]);
	kfree(sbi->freed[1]);
}

/* ext2.h */
void ext2_note_freed(struct ext2_sb_info *sbi, u64 what)
{
	u32 bit = hash_64(what, FILTER_SHIFT);

	BUG_ON(!mutex_is_locked(&sbi->alloc));
	sbi->freed[0][bit / 64] |= 1ULL << bit % 64;
}

/* ext2.h */
bool ext2_was_freed(const struct ext2_sb_info *sbi, u64 what)
{
	u32 bit = hash_64(what, FILTER_SHIFT);

	return (sbi->freed[0][bit / 64] | sbi->freed[1][bit / 64]) >> bit % 64 & 1;
}

/*
 * ext2.h. A directory counts the names of inodes that the disk may not have: with these
 * it cannot be written alone. => the directory's i_rwsem held for writing
 */
void ext2_named(struct inode *inode, struct inode *dir)
{
	struct ext2_sb_info *sbi = EXT2_SB(dir->i_sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	bool saved;

	mutex_lock(&ei->tree);
	saved = ext2_committed(sbi, ei->name_age);	/* the disk has the inode: the name will do */
	ei->parent = dir->i_ino;
	ei->name_age = sbi->age;
	ei->counted = !saved;
	mutex_unlock(&ei->tree);
	mutex_lock(&EXT2_I(dir)->tree);
	EXT2_I(dir)->unsaved += !saved;
	mutex_unlock(&EXT2_I(dir)->tree);
}

/* ext2.h. => the directory's i_rwsem held for writing */
void ext2_dir_changed(struct inode *dir)
{
	struct ext2_sb_info *sbi = EXT2_SB(dir->i_sb);
	struct ext2_inode_info *ei = EXT2_I(dir);

	mutex_lock(&ei->tree);
	if (ext2_committed(sbi, ei->dir_age))
		ei->unsaved = 0;	/* what was counted has been written since */
	ei->dir_age = sbi->age;
	mutex_unlock(&ei->tree);
}

/* A new age begins; the one before it, whose number it returns, is about to be written. */
static u64 end_age(struct ext2_sb_info *sbi)
{
	u64 *filter;

	mutex_lock(&sbi->alloc);
	filter = sbi->freed[0];
	sbi->freed[0] = sbi->freed[1];	/* empty: the last commit left it so */
	sbi->freed[1] = filter;
	mutex_unlock(&sbi->alloc);
	return sbi->age++;
}

/* It is on the disk; or not, and what was freed in it counts for the next one. */
static void age_written(struct ext2_sb_info *sbi, u64 age, bool written)
{
	mutex_lock(&sbi->alloc);
	for (unsigned int i = 0; i < FILTER_BYTES / 8 && !written; i++)
		sbi->freed[0][i] |= sbi->freed[1][i];
	memset(sbi->freed[1], 0, FILTER_BYTES);
	mutex_unlock(&sbi->alloc);
	if (written)
		sbi->committed = age;
}

/*
 * Blocks of metadata first, as far as they are known, so that few inodes have to wait for theirs
 * (write_new_tables()); then the inodes, then what is dirty by then.
 */
static int write_age(struct super_block *sb)
{
	struct writeback_control wbc = { .nr_to_write = __LONG_MAX__ };
	int err, ret;

	/* What failed before is known to those that it was told to, and is not to be mended. */
	sb->s_bdev->mapping.flags &= ~(unsigned long)(AS_EIO | AS_ENOSPC);
	write_cache_pages(&sb->s_bdev->mapping, &wbc);
	err = sync_inodes(sb, 0);
	ret = filemap_write_and_wait(&sb->s_bdev->mapping);
	return err ? err : ret;
}

/* ext2.h. Who waits while another commits may find his own changes written by that. */
int ext2_commit(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u64 wanted = sbi->age, age;
	int err = 0;

	mutex_lock(&sbi->commit);
	if (!ext2_committed(sbi, wanted)) {
		age = end_age(sbi);
		err = write_age(sb);
		age_written(sbi, age, !err);
	}
	mutex_unlock(&sbi->commit);
	return err;
}
