/*
 * inode.c - inodes from the disk and back to it.
 *
 * Idea:   the inode table's block is read into the device's pages and copied to
 *         struct inode; writing is the way back, into those pages. What counts
 *         while the inode is in use is the copy. An inode whose last name and last user are gone
 *         gives its blocks and its number back.
 * Locks:  the caller's; writing holds sb->s_sync (inode_cache.c).
 * Above:  namei.c, inode_cache.c through super_operations.   Below: buf.c, ialloc.c, blocks.c.
 * In Linux: fs/ext2/inode.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/slab.h"

#define FAST_SYMLINK_MAX (EXT2_N_BLOCKS * 4)	/* bytes, with the NUL */
#define EXT2_XATTR_MAGIC 0xEA020000U

static struct kmem_cache *ext2_inode_cachep;

/* ext2.h */
void ext2_inode_init(void)
{
	ext2_inode_cachep = kmem_cache_create("ext2_inode_cache", sizeof(struct ext2_inode_info), 0,
					      SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

/* ext2.h */
struct ext2_inode_info *ext2_alloc_info(struct inode *inode)
{
	struct ext2_inode_info *ei =
		kmem_cache_alloc(ext2_inode_cachep, GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!ei)
		return NULL;
	mutex_init(&ei->tree, LOCK_FS_TREE);
	ei->inode = inode;
	ei->fresh = true;
	ei->first_changed = ~0U;
	inode->i_private = ei;
	return ei;
}

/* ext2.h */
loff_t ext2_inode_pos(const struct inode *inode)
{
	const struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	u32 n = inode->i_ino - 1, group = n / sbi->inodes_per_group;

	return ((loff_t)sbi->groups[group].inode_table << sbi->block_bits) +
	       (loff_t)(n % sbi->inodes_per_group) * sbi->inode_size;
}

/* Where inode @ino lies on the disk; @buf is to be released. ERR_PTR(-EINVAL, -EIO). */
static struct ext2_inode *raw_inode(struct super_block *sb, unsigned long ino, struct ext2_buf *buf)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group, offset;
	int err;

	if ((ino != EXT2_ROOT_INO && ino < sbi->first_ino) || ino > sbi->inodes_count) {
		EXT2_ERROR(sb, "bad inode number: %lu", ino);
		return ERR_PTR(-EINVAL);
	}
	group = (ino - 1) / sbi->inodes_per_group;
	offset = (ino - 1) % sbi->inodes_per_group * sbi->inode_size;
	err = ext2_bread(sb, sbi->groups[group].inode_table + (offset >> sbi->block_bits), buf);
	if (err) {
		EXT2_ERROR(sb, "unable to read inode block - inode=%lu", ino);
		return ERR_PTR(err);
	}
	return (struct ext2_inode *)(buf->data + (offset & (sb->s_blocksize - 1)));
}

/* Fast: the text is in the inode, where else the block numbers are. */
static bool is_fast_symlink(const struct inode *inode)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);
	u64 attributes = ei->file_acl ? inode->i_sb->s_blocksize >> 9 : 0;

	return S_ISLNK(inode->i_mode) && ei->blocks <= attributes;
}

/* ext2.h */
void ext2_set_ops(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &ext2_file_inode_operations;
		inode->i_fop = &ext2_file_operations;
		inode->i_data.a_ops = &ext2_aops;
		inode->i_data.bdi = &inode->i_sb->s_bdev->whole->bdi;
		inode->i_data.flags |= AS_DIRTY_ACCOUNTED;
		inode->i_data.sb_err = &inode->i_sb->s_wb_err;
		break;
	case S_IFDIR:
		inode->i_op = &ext2_dir_inode_operations;
		inode->i_fop = &ext2_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = is_fast_symlink(inode) ? &ext2_fast_symlink_inode_operations
						     : &ext2_symlink_inode_operations;
		break;
	default:
		inode->i_op = &ext2_special_inode_operations;
		init_special_inode(inode, ei->block[0] ? MKDEV(ei->block[0] >> 8 & 0xff,
							       ei->block[0] & 0xff)
						       : new_decode_dev(ei->block[1]));
	}
}

static struct timespec disk_time(u32 seconds)
{
	return (struct timespec){ .tv_sec = (s32)seconds };
}

/* What the disk says, believed only as far as it can do no harm. 0, -ESTALE, -EUCLEAN. */
static int fill_inode(struct inode *inode, const struct ext2_inode *raw)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	inode->i_mode = raw->i_mode;
	inode->i_uid = raw->i_uid | (u32)raw->i_uid_high << 16;
	inode->i_gid = raw->i_gid | (u32)raw->i_gid_high << 16;
	inode->i_nlink = raw->i_links_count;
	inode->i_size = raw->i_size;
	inode->i_atime = disk_time(raw->i_atime);
	inode->i_ctime = disk_time(raw->i_ctime);
	inode->i_mtime = disk_time(raw->i_mtime);
	ei->fresh = false;
	ei->whole_age = EXT2_SB(inode->i_sb)->evicted_age;	/* it may have been one of them */
	ei->dtime = 0;
	ei->blocks = raw->i_blocks;
	ei->flags = raw->i_flags;
	ei->generation = raw->i_generation;
	ei->file_acl = raw->i_file_acl;
	ei->group = (inode->i_ino - 1) / EXT2_SB(inode->i_sb)->inodes_per_group;
	memcpy(ei->block, raw->i_block, sizeof(ei->block));
	if (!inode->i_nlink || !inode->i_mode)
		return -ESTALE;		/* it was deleted */
	if (S_ISREG(inode->i_mode))
		inode->i_size |= (u64)raw->i_size_high << 32;
	else
		ei->dir_acl = raw->i_size_high;
	if (inode->i_size < 0)
		return -EUCLEAN;
	return 0;
}

/* ext2.h */
struct inode *ext2_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);
	struct ext2_buf buf = { NULL, NULL };
	struct ext2_inode *raw;
	int err;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW))
		return inode;
	raw = ext2_alloc_info(inode) ? raw_inode(sb, ino, &buf) : ERR_PTR(-ENOMEM);
	err = IS_ERR(raw) ? (int)PTR_ERR(raw) : fill_inode(inode, raw);
	ext2_brelse(&buf);
	if (err) {
		iget_failed(inode);
		return ERR_PTR(err);
	}
	ext2_set_ops(inode);
	unlock_new_inode(inode);
	return inode;
}

/* A file above 2 GiB: kernels that do not know such must not write here any more. */
static void note_large_file(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (sbi->es->s_rev_level == EXT2_GOOD_OLD_REV ||
	    sbi->es->s_feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE)
		return;
	mutex_lock(&sbi->alloc);
	sbi->es->s_feature_ro_compat |= EXT2_RO_COMPAT_LARGE_FILE;
	ext2_super_dirty(sb);
	mutex_unlock(&sbi->alloc);
}

static void fill_raw(struct ext2_inode *raw, const struct inode *inode)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);
	loff_t size = READ_ONCE(inode->i_size);

	raw->i_mode = inode->i_mode;
	raw->i_uid = inode->i_uid;
	raw->i_uid_high = inode->i_uid >> 16;
	raw->i_gid = inode->i_gid;
	raw->i_gid_high = inode->i_gid >> 16;
	raw->i_links_count = inode->i_nlink;
	raw->i_size = size;
	raw->i_size_high = S_ISREG(inode->i_mode) ? size >> 32 : ei->dir_acl;
	raw->i_atime = inode->i_atime.tv_sec;
	raw->i_ctime = inode->i_ctime.tv_sec;
	raw->i_mtime = inode->i_mtime.tv_sec;
	raw->i_dtime = ei->dtime;
	raw->i_blocks = ei->blocks;
	raw->i_flags = ei->flags;
	raw->i_generation = ei->generation;
	raw->i_file_acl = ei->file_acl;
	memcpy(raw->i_block, ei->block, sizeof(ei->block));
}

/*
 * The tables (of a directory: the blocks) that the inode names for the first time reach the disk
 * before it does: whoever finds it there after a crash, and believes what lies in them, may
 * repair blocks that belong to another file. => tree held
 */
static void write_new_tables(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct blk_request *open = NULL;

	if (!ei->new_tables || !inode->i_nlink)
		return;
	ext2_write_paths(inode, &open, false);
	page_io_send(&open);
	ext2_write_paths(inode, NULL, true);
	ei->new_tables = false;
}

/* ext2.h. The tree lock keeps size, count and numbers of blocks together. */
int ext2_write_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_inode *raw;
	struct ext2_buf buf;

	if (sb->s_rdonly)
		return 0;
	raw = raw_inode(sb, inode->i_ino, &buf);
	if (IS_ERR(raw))
		return PTR_ERR(raw);
	mutex_lock(&ei->tree);
	write_new_tables(inode);
	WRITE_ONCE(ei->map_changed, false);	/* before the size is read: ext2_write_end() */
	if (ei->fresh)
		memset(raw, 0, EXT2_SB(sb)->inode_size);
	ei->fresh = false;
	fill_raw(raw, inode);
	ext2_bdirty(sb, &buf);
	mutex_unlock(&ei->tree);
	ext2_brelse(&buf);
	if (S_ISREG(inode->i_mode) && inode->i_size > 0x7fffffffLL)
		note_large_file(sb);
	return 0;
}

/* The block of extended attributes, which inodes with the same ones share: one user fewer. */
static void release_attributes(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	struct { u32 magic, refcount, blocks; } *head;
	struct ext2_buf buf;
	bool last = false;

	if (!ei->file_acl || !ext2_valid_block(sbi, ei->file_acl) ||
	    ext2_bread(inode->i_sb, ei->file_acl, &buf))
		return;
	head = (void *)buf.data;
	mutex_lock(&sbi->alloc);	/* others may be giving it up, too */
	if (head->magic != EXT2_XATTR_MAGIC || head->blocks != 1) {
		EXT2_ERROR(inode->i_sb, "inode %lu: bad block %u", inode->i_ino, ei->file_acl);
	} else if (head->refcount > 1) {
		head->refcount--;
		ext2_bdirty(inode->i_sb, &buf);
	} else {
		last = true;
	}
	mutex_unlock(&sbi->alloc);
	if (last)
		ext2_free_blocks(inode, ei->file_acl, 1);
	ext2_brelse(&buf);
	ei->file_acl = 0;
}

static bool has_blocks(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) ||
	       (S_ISLNK(inode->i_mode) && !is_fast_symlink(inode));
}

/*
 * The inode goes from the disk: its blocks first, its number last. Before that it is marked as gone,
 * since a commit may begin before it has lost the last of them. If that cannot be, the disk goes on
 * naming its blocks: they stay taken, for e2fsck to find.
 */
static void delete_inode(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	ei->dtime = current_time().tv_sec;
	if (has_blocks(inode)) {
		if (ext2_write_inode(inode))
			return;
		inode->i_size = 0;
		ext2_truncate_blocks(inode, 0);
	}
	release_attributes(inode);
	if (!ext2_write_inode(inode))
		ext2_free_inode(inode);
}

/* It is forgotten what the disk does not know of it yet. */
static void remember_age(struct inode *inode)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	const struct ext2_inode_info *ei = EXT2_I(inode);

	if (!ext2_committed(sbi, ei->name_age) || !ext2_committed(sbi, ei->whole_age) ||
	    !ext2_committed(sbi, ei->dir_age) || !ext2_committed(sbi, ei->path_age))
		sbi->evicted_age = sbi->age;
}

/* ext2.h */
void ext2_evict_inode(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (!ei)
		return;
	if (!inode->i_nlink && inode->i_ino && !inode->i_sb->s_rdonly)
		delete_inode(inode);
	else
		remember_age(inode);
	kmem_cache_free(ext2_inode_cachep, ei);
	inode->i_private = NULL;
}

/* ext2.h */
int ext2_getattr(struct dentry *dentry, struct kstat *stat)
{
	struct inode *inode = dentry->d_inode;

	generic_fillattr(inode, stat);
	stat->blksize = inode->i_sb->s_blocksize;
	stat->blocks = EXT2_I(inode)->blocks;
	return 0;
}
