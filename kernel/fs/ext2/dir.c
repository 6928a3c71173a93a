/*
 * dir.c - directories: lists of names in blocks.
 *
 * Idea:   a directory's blocks are full of entries, each of which says how long it is, so that they
 *         lead from one to the next up to the block's end:
 *
 *           |12 "."  rec 12|12→parent ".." rec 12|15 "file" rec 40 ........|17 "x" rec 960 … |
 *
 *         A name goes into what an entry does not need of its length, and is
 *         removed by making the one before it longer. Entries never move, so an
 *         offset stays good. An entry is believed only after check_entry(). A search
 *         looks at one name after the other: names found are in the dcache.
 * Locks:  the directory's i_rwsem, held by the VFS.
 * Above:  namei.c, readdir.c.   Below: blocks.c, buf.c.   In Linux: fs/ext2/dir.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"

static u32 dir_blocks(const struct inode *dir)
{
	const struct ext2_sb_info *sbi = EXT2_SB(dir->i_sb);

	/* Nobody makes a directory of more than 2^32 blocks, but a disk may say so. */
	return MIN((u64)dir->i_size >> sbi->block_bits, (u64)0xffffffff);
}

static int read_block(struct inode *dir, u32 n, struct ext2_buf *buf)
{
	u32 nr;
	int err = ext2_get_block(dir, n, &nr, false, NULL);

	*buf = (struct ext2_buf){ NULL, NULL };
	if (err)
		return err;
	if (!nr) {
		EXT2_ERROR(dir->i_sb, "directory #%lu contains a hole at block %u", dir->i_ino, n);
		return -EIO;
	}
	return ext2_bread(dir->i_sb, nr, buf);
}

static struct ext2_dir_entry *entry_at(const struct ext2_buf *buf, u32 offset)
{
	return (struct ext2_dir_entry *)(buf->data + offset);
}

/* What is wrong with the entry at @offset; NULL: nothing. => offset < the block's size */
static const char *entry_fault(const struct super_block *sb, const struct ext2_buf *buf, u32 offset)
{
	const struct ext2_dir_entry *entry = entry_at(buf, offset);

	if (offset + ext2_rec_len(1) > sb->s_blocksize || entry->rec_len < ext2_rec_len(1))
		return "rec_len is smaller than minimal";
	if (entry->rec_len & 3)
		return "unaligned directory entry";
	if (entry->rec_len < ext2_rec_len(entry->name_len))
		return "rec_len is too small for name_len";
	if (offset + entry->rec_len > sb->s_blocksize)
		return "directory entry across blocks";
	if (entry->inode > EXT2_SB(sb)->inodes_count)
		return "inode out of bounds";
	return NULL;
}

/* The entry at @offset if it makes sense; NULL (logged). */
static struct ext2_dir_entry *check_entry(struct inode *dir, u32 block, const struct ext2_buf *buf,
					  u32 offset)
{
	const char *fault = entry_fault(dir->i_sb, buf, offset);
	const struct ext2_dir_entry *entry = entry_at(buf, offset);

	if (!fault)
		return entry_at(buf, offset);
	if (offset + EXT2_DIR_HEAD > dir->i_sb->s_blocksize) {
		EXT2_ERROR(dir->i_sb, "bad entry in directory #%lu: : %s - offset=%u", dir->i_ino,
			   fault, offset);
		return NULL;
	}
	EXT2_ERROR(dir->i_sb, "bad entry in directory #%lu: : %s - offset=%llu, inode=%lu, "
		   "rec_len=%d, name_len=%d", dir->i_ino, fault,
		   (unsigned long long)block * dir->i_sb->s_blocksize + offset,
		   (unsigned long)entry->inode, entry->rec_len, entry->name_len);
	return NULL;
}

/*
 * Looks for @name in the block of @pos. True: pos->entry. *err: a broken block. A name that is not
 * there is compared with all that are, so this is as short as it can be: what leads to the
 * next entry is checked here, the rest by check_entry() if it is not as it should be.
 */
static bool find_in_block(struct inode *dir, struct ext2_entry *pos, const char *name,
			  unsigned int len, int *err)
{
	u32 size = dir->i_sb->s_blocksize, rec_len;

	for (u32 off = 0; off < size; off += rec_len) {
		struct ext2_dir_entry *entry = entry_at(&pos->buf, off);

		rec_len = size - off < ext2_rec_len(1) ? 0 : entry->rec_len;
		if (unlikely(rec_len < ext2_rec_len(1) || rec_len & 3 || rec_len > size - off ||
			     rec_len < entry->name_len + EXT2_DIR_HEAD)) {
			check_entry(dir, pos->block, &pos->buf, off);	/* says so */
			*err = -EIO;
			return false;
		}
		if (entry->name_len == len && entry->name[len - 1] == name[len - 1] &&
		    entry->inode && !memcmp(entry->name, name, len)) {
			pos->entry = check_entry(dir, pos->block, &pos->buf, off);
			*err = pos->entry ? 0 : -EIO;
			return pos->entry != NULL;
		}
	}
	return false;
}

/* ext2.h */
int ext2_find_entry(struct inode *dir, const char *name, unsigned int len, struct ext2_entry *pos)
{
	u32 blocks = dir_blocks(dir);
	int err = 0;

	for (pos->block = 0; pos->block < blocks; pos->block++) {
		err = read_block(dir, pos->block, &pos->buf);
		if (err)
			return err;
		if (find_in_block(dir, pos, name, len, &err))
			return 0;
		ext2_brelse(&pos->buf);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;	/* a broken disk's directory may seem to have no end */
		cond_resched();
	}
	return -ENOENT;
}

/* ext2.h */
u32 ext2_inode_by_name(struct inode *dir, const char *name, unsigned int len, int *err)
{
	struct ext2_entry pos;
	u32 ino;

	*err = ext2_find_entry(dir, name, len, &pos);
	if (*err)
		return 0;
	ino = pos.entry->inode;
	ext2_brelse(&pos.buf);
	return ino;
}

static u8 file_type(const struct inode *inode)
{
	static const u8 types[16] = {
		[S_IFIFO >> 12] = 5, [S_IFCHR >> 12] = 3, [S_IFDIR >> 12] = 2, [S_IFBLK >> 12] = 4,
		[S_IFREG >> 12] = 1, [S_IFLNK >> 12] = 7, [S_IFSOCK >> 12] = 6,
	};

	if (!(EXT2_SB(inode->i_sb)->es->s_feature_incompat & EXT2_INCOMPAT_FILETYPE))
		return 0;
	return types[(inode->i_mode & S_IFMT) >> 12];
}

/* The directory's content changed: Linux clears the mark of an index, too. */
static void dir_changed(struct inode *dir, const struct ext2_entry *pos)
{
	ext2_bdirty(dir->i_sb, &pos->buf);
	ext2_path_changed(dir, pos->block);
	ext2_dir_changed(dir);
	if (EXT2_I(dir)->flags & EXT2_INDEX_FL)
		WRITE_ONCE(EXT2_I(dir)->map_changed, true);
	EXT2_I(dir)->flags &= ~EXT2_INDEX_FL;
	inode_touch(dir);
}

static void fill_entry(struct ext2_dir_entry *entry, const char *name, unsigned int len,
		       const struct inode *inode)
{
	entry->name_len = len;
	memcpy(entry->name, name, len);
	entry->file_type = file_type(inode);
	entry->inode = inode->i_ino;
}

/* Room for a name of @len in the block of @pos: pos->entry, made long enough. *err: a broken block. */
static bool make_room(struct inode *dir, struct ext2_entry *pos, unsigned int len, int *err)
{
	u32 need = ext2_rec_len(len);

	for (u32 off = 0; off < dir->i_sb->s_blocksize;) {
		struct ext2_dir_entry *entry = check_entry(dir, pos->block, &pos->buf, off), *rest;
		u32 used;

		if (!entry) {
			*err = -EIO;
			return false;
		}
		used = entry->inode ? ext2_rec_len(entry->name_len) : 0;
		if (entry->rec_len >= used + need) {
			pos->entry = entry;
			if (used) {
				rest = entry_at(&pos->buf, off + used);
				rest->rec_len = entry->rec_len - used;
				rest->inode = 0;
				entry->rec_len = used;
				pos->entry = rest;
			}
			return true;
		}
		off += entry->rec_len;
	}
	return false;
}

/* A new block at the directory's end, one free entry. */
static int append_block(struct inode *dir, struct ext2_entry *pos)
{
	struct super_block *sb = dir->i_sb;
	int err;
	u32 nr;

	if (dir->i_size & (sb->s_blocksize - 1) || dir->i_size > 0x7fffffffLL - sb->s_blocksize)
		return dir->i_size & (sb->s_blocksize - 1) ? -EIO : -ENOSPC;
	pos->block = dir_blocks(dir);
	err = ext2_get_block(dir, pos->block, &nr, true, NULL);
	if (!err)
		err = ext2_bnew(sb, nr, &pos->buf);
	if (err) {
		ext2_truncate_blocks(dir, dir->i_size);
		return err;
	}
	pos->entry = entry_at(&pos->buf, 0);
	pos->entry->rec_len = sb->s_blocksize;
	ext2_bdirty(sb, &pos->buf);
	dir->i_size += sb->s_blocksize;
	mark_inode_dirty(dir);
	return 0;
}

/* ext2.h. From where there was room last, so that a growing directory is not read each time. */
int ext2_add_link(struct inode *dir, const char *name, unsigned int len, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(dir);
	u32 blocks = dir_blocks(dir);
	struct ext2_entry pos;
	bool found = false;
	int err = 0;

	for (pos.block = ei->dir_hint; pos.block < blocks; pos.block++) {
		err = read_block(dir, pos.block, &pos.buf);
		if (err)
			return err;
		found = make_room(dir, &pos, len, &err);
		if (found)
			break;
		ext2_brelse(&pos.buf);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	if (!found)
		err = append_block(dir, &pos);
	if (err)
		return err;
	ei->dir_hint = pos.block;
	fill_entry(pos.entry, name, len, inode);
	dir_changed(dir, &pos);
	ext2_named(inode, dir);
	ext2_brelse(&pos.buf);
	return 0;
}

/* ext2.h */
int ext2_delete_entry(struct inode *dir, const char *name, unsigned int len)
{
	struct ext2_entry pos;
	int err = ext2_find_entry(dir, name, len, &pos);

	if (err)
		return err;
	ext2_delete_found(dir, &pos);
	ext2_brelse(&pos.buf);
	return 0;
}

/*
 * ext2.h. The one before it is looked for now: a name may have come in between since it was found.
 * The block was checked as far as that then, but somebody may be writing to /dev/vda.
 */
void ext2_delete_found(struct inode *dir, struct ext2_entry *pos)
{
	struct ext2_dir_entry *at = entry_at(&pos->buf, 0), *prev = NULL;

	while (at < pos->entry && at->rec_len >= ext2_rec_len(1)) {
		prev = at;
		at = (struct ext2_dir_entry *)((u8 *)at + at->rec_len);
	}
	if (prev && at == pos->entry)
		prev->rec_len += at->rec_len;
	pos->entry->inode = 0;
	EXT2_I(dir)->dir_hint = MIN(EXT2_I(dir)->dir_hint, pos->block);
	dir_changed(dir, pos);
}

/* ext2.h */
void ext2_set_found(struct inode *dir, struct ext2_entry *pos, struct inode *inode)
{
	const struct ext2_dir_entry *entry = pos->entry;

	pos->entry->file_type = file_type(inode);
	pos->entry->inode = inode->i_ino;
	dir_changed(dir, pos);
	if (entry->name_len != 2 || memcmp(entry->name, "..", 2))
		ext2_named(inode, dir);
}

/* ext2.h */
int ext2_make_empty(struct inode *dir, struct inode *parent)
{
	struct ext2_dir_entry *dotdot;
	struct ext2_entry pos;
	int err = append_block(dir, &pos);

	if (err)
		return err;
	fill_entry(pos.entry, ".", 1, dir);
	pos.entry->rec_len = ext2_rec_len(1);
	dotdot = entry_at(&pos.buf, ext2_rec_len(1));
	dotdot->rec_len = dir->i_sb->s_blocksize - ext2_rec_len(1);
	fill_entry(dotdot, "..", 2, parent);
	dir_changed(dir, &pos);
	ext2_brelse(&pos.buf);
	return 0;
}

static bool is_dots(const struct ext2_dir_entry *entry)
{
	return (entry->name_len == 1 && entry->name[0] == '.') ||
	       (entry->name_len == 2 && entry->name[0] == '.' && entry->name[1] == '.');
}

/* ext2.h */
int ext2_empty_dir(struct inode *dir)
{
	u32 blocks = dir_blocks(dir);
	struct ext2_buf buf;
	int err = 0;

	for (u32 n = 0; n < blocks; n++) {
		bool empty = true;

		err = read_block(dir, n, &buf);
		if (err)
			return err;
		for (u32 off = 0; off < dir->i_sb->s_blocksize && empty && !err;) {
			struct ext2_dir_entry *entry = check_entry(dir, n, &buf, off);

			if (!entry) {
				err = -EIO;
				break;
			}
			empty = !entry->inode || is_dots(entry);
			off += entry->rec_len;
		}
		ext2_brelse(&buf);
		if (err || !empty)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 1;
}

/* DT_* of an entry; 0 (unknown) if the file system does not keep it. */
static unsigned int entry_dtype(const struct super_block *sb, const struct ext2_dir_entry *entry)
{
	static const u8 dtypes[8] = { 0, 8, 4, 2, 6, 1, 12, 10 };

	if (!(EXT2_SB(sb)->es->s_feature_incompat & EXT2_INCOMPAT_FILETYPE))
		return 0;
	return entry->file_type < ARRAY_SIZE(dtypes) ? dtypes[entry->file_type] : 0;
}

/* A name that no path can have would mislead programs. */
static bool name_is_sane(const struct ext2_dir_entry *entry)
{
	return entry->name_len && !memchr(entry->name, '/', entry->name_len) &&
	       !memchr(entry->name, 0, entry->name_len);
}

/*
 * The entries of one block from ctx->pos on. 1: the actor wants no more; 0, -EIO. The walk begins
 * at the block's start: ctx->pos may be where an entry was that its neighbour has swallowed since.
 */
static int emit_block(struct inode *dir, u32 n, const struct ext2_buf *buf,
		      struct dir_context *ctx)
{
	struct super_block *sb = dir->i_sb;
	loff_t start = (loff_t)n << EXT2_SB(sb)->block_bits;

	for (u32 off = 0; off < sb->s_blocksize;) {
		struct ext2_dir_entry *entry = check_entry(dir, n, buf, off);

		if (!entry)
			return -EIO;
		if (start + off >= ctx->pos && entry->inode && name_is_sane(entry)) {
			ctx->pos = start + off;
			if (!ctx->actor(ctx, entry->name, entry->name_len, ctx->pos, entry->inode,
					entry_dtype(sb, entry)))
				return 1;
		}
		off += entry->rec_len;
		if (start + off > ctx->pos)
			ctx->pos = start + off;
	}
	return 0;
}

/* ext2.h. A block that cannot be read is skipped, after it was told once. */
int ext2_readdir(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->f_inode;
	u32 blocks = dir_blocks(dir);
	unsigned int bits = EXT2_SB(dir->i_sb)->block_bits;
	struct ext2_buf buf;
	int ret = 0;

	if (ctx->pos < 0)
		return 0;
	for (u64 n = ctx->pos >> bits; n < blocks && !ret; n++) {
		ret = read_block(dir, n, &buf);
		if (!ret)
			ret = emit_block(dir, n, &buf, ctx);
		ext2_brelse(&buf);
		if (ret < 0)
			ctx->pos = (loff_t)(n + 1) << bits;
		else if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

const struct file_operations ext2_dir_operations = {
	.read = generic_read_dir, .iterate = ext2_readdir, .fsync = ext2_fsync,
};
