/*
 * super.c - mounting and unmounting: the superblock, the groups' descriptors, errors.
 *
 * Idea:   nothing on the disk is believed before it was looked at: sizes, counts, and where each
 *         group has its bitmaps and inodes, which are then kept in memory. While it is mounted
 *         writable the superblock says so (its "valid" bit is off), so that one who
 *         finds it after a crash knows; umount sets the bit again.
 * Locks:  namespace_lock around mount, remount and umount (the VFS); sbi->alloc for the counts.
 * Above:  kernel/fs/namespace.c through file_system_type, super_operations.   Below: buf.c, inode.c.
 * In Linux: fs/ext2/super.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/block_dev.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/fs/ext2/ext2_fs.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/sync.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/errseq.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

/* --- messages --- */

static DEFINE_RATELIMIT_STATE(error_limit, DEFAULT_RATELIMIT_INTERVAL, 2 * DEFAULT_RATELIMIT_BURST);

/* ext2.h */
void ext2_msg(struct super_block *sb, const char *level, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("%sEXT2-fs (%s): %s\n", level, sb->s_bdev->name, text);
}

/* What errors= asks for. A file system that is read-only already is left as it is. */
static void handle_error(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (sbi->errors == EXT2_ERRORS_PANIC)
		panic("EXT2-fs (%s): panic forced after error", sb->s_bdev->name);
	if (sb->s_rdonly || !sbi->mounted)
		return;
	sbi->mount_state |= EXT2_ERROR_FS;
	sbi->es->s_state |= EXT2_ERROR_FS;
	ext2_super_dirty(sb);
	if (sbi->errors == EXT2_ERRORS_RO) {
		ext2_msg(sb, KERN_CRIT, "error: remounting filesystem read-only");
		WRITE_ONCE(sb->s_rdonly, true);
	}
}

/* ext2.h. A disk full of errors does not fill the log. */
void ext2_error(struct super_block *sb, const char *func, const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (ratelimit(&error_limit, "ext2_error")) {
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
		ext2_msg(sb, KERN_CRIT, "error: %s: %s", func, text);
	}
	handle_error(sb);
}

/* --- superblock and descriptors --- */

/* ext2.h */
void ext2_super_dirty(struct super_block *sb)
{
	bdev_mark_dirty(EXT2_SB(sb)->super_page, EXT2_SUPER_OFFSET, sizeof(struct ext2_super_block));
}

/* ext2.h */
struct ext2_group_desc *ext2_group_desc(struct super_block *sb, u32 group)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 per_block = sb->s_blocksize / sizeof(struct ext2_group_desc);

	BUG_ON(group >= sbi->nr_groups);
	return (struct ext2_group_desc *)sbi->descs[group / per_block].data + group % per_block;
}

/* ext2.h */
void ext2_desc_dirty(struct super_block *sb, u32 group)
{
	u32 per_block = sb->s_blocksize / sizeof(struct ext2_group_desc);

	ext2_bdirty(sb, &EXT2_SB(sb)->descs[group / per_block]);
}

/* The counts that only the descriptors keep up to date. */
static void update_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	mutex_lock(&sbi->alloc);
	sbi->es->s_free_blocks_count = sbi->free_blocks;
	sbi->es->s_free_inodes_count = sbi->free_inodes;
	sbi->es->s_wtime = current_time().tv_sec;
	ext2_super_dirty(sb);
	mutex_unlock(&sbi->alloc);
}

static int ext2_sync_fs(struct super_block *sb)
{
	if (!EXT2_SB(sb)->mounted || sb->s_rdonly)
		return 0;
	update_super(sb);
	return ext2_commit(sb);
}

/* The superblock to the medium. */
static int commit_super(struct super_block *sb)
{
	int err, ret;

	update_super(sb);
	err = filemap_write_and_wait(&sb->s_bdev->mapping);
	ret = blk_flush_sync(sb->s_bdev);
	return err ? err : ret;
}

/* From now on a crash shows. */
static int begin_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_super_block *es = sbi->es;

	if (!(sbi->mount_state & EXT2_VALID_FS))
		ext2_msg(sb, KERN_WARNING,
			 "warning: mounting unchecked fs, running e2fsck is recommended");
	else if (sbi->mount_state & EXT2_ERROR_FS)
		ext2_msg(sb, KERN_WARNING,
			 "warning: mounting fs with errors, running e2fsck is recommended");
	else if (es->s_max_mnt_count > 0 && es->s_mnt_count >= (u16)es->s_max_mnt_count)
		ext2_msg(sb, KERN_WARNING,
			 "warning: maximal mount count reached, running e2fsck is recommended");
	es->s_state &= ~EXT2_VALID_FS;
	es->s_mnt_count++;
	es->s_mtime = current_time().tv_sec;
	return commit_super(sb);
}

/* Everything is on the disk, and the superblock says so. */
static int end_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = sync_filesystem(sb), ret;

	/* Also one that the flusher met: something is missing on the disk. */
	ret = errseq_check_and_advance(&sb->s_bdev->mapping.wb_err, &sbi->wb_err);
	if (err || ret)
		return err ? err : ret;
	sbi->es->s_state = (sbi->es->s_state & ~(EXT2_VALID_FS | EXT2_ERROR_FS)) | sbi->mount_state;
	return commit_super(sb);
}

/* --- options --- */

static int parse_errors(struct ext2_sb_info *sbi, const char *value)
{
	static const char *const names[] = { "", "continue", "remount-ro", "panic" };

	for (unsigned int i = EXT2_ERRORS_CONTINUE; i <= EXT2_ERRORS_PANIC; i++)
		if (!strcmp(value, names[i])) {
			sbi->errors = i;
			sbi->errors_set = true;
			return 0;
		}
	return -EINVAL;
}

/* Those that ask for what is so in any case, or is missing here, and harmless. */
static bool is_ignored(const char *option)
{
	static const char *const names[] = { "", "rw", "ro", "defaults", "acl", "noacl",
		"user_xattr", "nouser_xattr", "nocheck", "check=none", "bsddf", "nogrpid",
		"sysvgroups", "barrier", "nobarrier", "barrier=0", "barrier=1", "nodelalloc",
		"data=ordered", "quiet" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(option, names[i]))
			return true;
	return false;
}

static int parse_options(struct super_block *sb, const char *data)
{
	char option[64];
	int err = 0;

	while (data && *data && !err) {
		size_t len = strcspn(data, ",");

		if (len >= sizeof(option))
			return -EINVAL;
		memcpy(option, data, len);
		option[len] = 0;
		if (!strncmp(option, "errors=", 7))
			err = parse_errors(EXT2_SB(sb), option + 7);
		else if (!is_ignored(option))
			err = -EINVAL;
		if (err)
			ext2_msg(sb, KERN_ERR,
				 "error: unrecognized mount option \"%s\" or missing value", option);
		data += len + (data[len] == ',');
	}
	return err;
}

static void ext2_show_options(struct seq_file *m, struct super_block *sb)
{
	static const char *const texts[] = { "", ",errors=continue", ",errors=remount-ro",
					     ",errors=panic" };
	const struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (sbi->errors_set)
		seq_puts(m, texts[sbi->errors]);
}

/* --- mounting: what is checked before it is believed --- */

static int bad(struct super_block *sb, const char *what, u64 value)
{
	ext2_msg(sb, KERN_ERR, "error: %s: %llu", what, (unsigned long long)value);
	return -EINVAL;
}

/* What this kernel cannot do with it. */
static int check_features(struct super_block *sb, bool rdonly)
{
	const struct ext2_super_block *es = EXT2_SB(sb)->es;
	u32 unknown;

	if (es->s_rev_level == EXT2_GOOD_OLD_REV)
		return 0;
	unknown = es->s_feature_incompat & ~(u32)EXT2_INCOMPAT_SUPP;
	if (unknown) {
		ext2_msg(sb, KERN_ERR,
			 "error: couldn't mount because of unsupported optional features (%x)",
			 unknown);
		return -EINVAL;
	}
	if (es->s_feature_compat & EXT2_COMPAT_HAS_JOURNAL) {
		ext2_msg(sb, KERN_ERR, "error: couldn't mount because of its journal, which this "
			 "kernel does not keep (tune2fs -O ^has_journal removes it)");
		return -EINVAL;
	}
	unknown = es->s_feature_ro_compat & ~(u32)EXT2_RO_COMPAT_SUPP;
	if (unknown && !rdonly) {
		ext2_msg(sb, KERN_ERR,
			 "error: couldn't mount RDWR because of unsupported optional features (%x)",
			 unknown);
		return -EINVAL;
	}
	return 0;
}

static int check_sizes(struct super_block *sb, const struct ext2_super_block *es)
{
	u64 blocksize;

	if (es->s_log_block_size > 2)
		return bad(sb, "unsupported blocksize 1024 <<", es->s_log_block_size);
	blocksize = 1024ULL << es->s_log_block_size;
	if (es->s_first_data_block != (es->s_log_block_size ? 0 : 1))
		return bad(sb, "bad s_first_data_block", es->s_first_data_block);
	if (es->s_blocks_per_group < 16 || es->s_blocks_per_group > blocksize * 8)
		return bad(sb, "#blocks per group too big", es->s_blocks_per_group);
	if (!es->s_inodes_per_group || es->s_inodes_per_group > blocksize * 8)
		return bad(sb, "#inodes per group too big", es->s_inodes_per_group);
	if (es->s_blocks_count <= es->s_first_data_block + 1)
		return bad(sb, "bad geometry: block count", es->s_blocks_count);
	if (es->s_blocks_count > (u64)READ_ONCE(sb->s_bdev->size) / blocksize)
		return bad(sb, "bad geometry: size of device is less than block count",
			   es->s_blocks_count);
	if (es->s_rev_level != EXT2_GOOD_OLD_REV &&
	    (es->s_inode_size < EXT2_GOOD_OLD_INODE_SIZE || es->s_inode_size > blocksize ||
	     es->s_inode_size & (es->s_inode_size - 1)))
		return bad(sb, "unsupported inode size", es->s_inode_size);
	return 0;
}

/* Numbers that follow from the superblock's. */
static int set_geometry(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->es;
	bool old = es->s_rev_level == EXT2_GOOD_OLD_REV;
	u64 tree;

	sbi->block_bits = 10 + es->s_log_block_size;
	sbi->ptrs_bits = sbi->block_bits - 2;
	sb->s_blocksize = 1U << sbi->block_bits;
	sbi->blocks_count = es->s_blocks_count;
	sbi->first_data_block = es->s_first_data_block;
	sbi->blocks_per_group = es->s_blocks_per_group;
	sbi->inodes_per_group = es->s_inodes_per_group;
	sbi->inodes_count = es->s_inodes_count;
	sbi->inode_size = old ? EXT2_GOOD_OLD_INODE_SIZE : es->s_inode_size;
	sbi->first_ino = old ? EXT2_GOOD_OLD_FIRST_INO : es->s_first_ino;
	sbi->itable_blocks = DIV_ROUND_UP(sbi->inodes_per_group * sbi->inode_size, sb->s_blocksize);
	sbi->nr_groups = DIV_ROUND_UP((u64)sbi->blocks_count - sbi->first_data_block,
				      sbi->blocks_per_group);
	sbi->desc_blocks = DIV_ROUND_UP((u64)sbi->nr_groups * sizeof(struct ext2_group_desc),
					sb->s_blocksize);
	if (sbi->first_ino < EXT2_ROOT_INO || sbi->first_ino > sbi->inodes_per_group)
		return bad(sb, "invalid first ino", sbi->first_ino);
	if ((u64)sbi->nr_groups * sbi->inodes_per_group != sbi->inodes_count)
		return bad(sb, "invalid s_inodes_count", sbi->inodes_count);
	if (sbi->desc_blocks >= sbi->blocks_count - sbi->first_data_block)
		return bad(sb, "group descriptors do not fit", sbi->desc_blocks);
	tree = EXT2_NDIR_BLOCKS + (1ULL << sbi->ptrs_bits) + (1ULL << 2 * sbi->ptrs_bits) +
	       (1ULL << 3 * sbi->ptrs_bits);
	/* i_blocks counts 512 bytes in 32 bits. */
	sbi->max_size = MIN(tree << sbi->block_bits, 0xffffffffULL << 9) & ~0xffffULL;
	return 0;
}

/* True: [nr, nr + count) lies in @group. */
static bool in_group(const struct ext2_sb_info *sbi, u32 group, u32 nr, u32 count)
{
	u32 first = ext2_group_first_block(sbi, group), blocks = ext2_group_blocks(sbi, group);

	return nr >= first && nr - first < blocks && count <= blocks - (nr - first) &&
	       nr > sbi->first_data_block;
}

static int check_descriptors(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	for (u32 i = 0; i < sbi->nr_groups; i++) {
		const struct ext2_group_desc *desc = ext2_group_desc(sb, i);
		struct ext2_group *g = &sbi->groups[i];

		*g = (struct ext2_group){ desc->bg_block_bitmap, desc->bg_inode_bitmap,
					  desc->bg_inode_table };
		if (!in_group(sbi, i, g->block_bitmap, 1) || !in_group(sbi, i, g->inode_bitmap, 1) ||
		    !in_group(sbi, i, g->inode_table, sbi->itable_blocks)) {
			ext2_msg(sb, KERN_ERR, "error: group descriptors corrupted! (group %u)", i);
			return -EINVAL;
		}
		if (desc->bg_free_inodes_count > sbi->inodes_per_group ||
		    desc->bg_used_dirs_count > sbi->inodes_per_group)
			return bad(sb, "wrong counts in the descriptor of group", i);
		sbi->free_inodes += desc->bg_free_inodes_count;
		sbi->dirs += desc->bg_used_dirs_count;
	}
	return 0;
}

static int read_descriptors(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err;

	sbi->descs = kvmalloc(sbi->desc_blocks * sizeof(*sbi->descs), GFP_KERNEL | __GFP_ZERO);
	sbi->groups = kvmalloc(sbi->nr_groups * sizeof(*sbi->groups), GFP_KERNEL);
	if (!sbi->descs || !sbi->groups)
		return -ENOMEM;
	for (u32 i = 0; i < sbi->desc_blocks; i++) {
		err = ext2_bread(sb, sbi->first_data_block + 1 + i, &sbi->descs[i]);
		if (err) {
			ext2_msg(sb, KERN_ERR, "error: unable to read group descriptors");
			return err;
		}
	}
	err = check_descriptors(sb);
	if (err)
		return err;
	sbi->free_blocks = ext2_count_free_blocks(sb, &err);
	return err;
}

/* The superblock's page: its block may be smaller than a page, so it is not ext2_bread()'s. */
static int read_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (READ_ONCE(sb->s_bdev->size) >= EXT2_SUPER_OFFSET + 1024)
		sbi->super_page = bdev_read_page(sb->s_bdev, 0);
	if (!sbi->super_page) {
		ext2_msg(sb, KERN_ERR, "error: unable to read superblock");
		return -EINVAL;
	}
	sbi->es = page_address(sbi->super_page) + EXT2_SUPER_OFFSET;
	if (sbi->es->s_magic != EXT2_SUPER_MAGIC) {
		ext2_msg(sb, KERN_ERR, "error: can't find an ext2 filesystem on dev %s.",
			 sb->s_bdev->name);
		return -EINVAL;
	}
	return 0;
}

static int make_root(struct super_block *sb)
{
	struct inode *root = ext2_iget(sb, EXT2_ROOT_INO);

	if (IS_ERR(root))
		return PTR_ERR(root);
	if (!S_ISDIR(root->i_mode) || !root->i_size || !EXT2_I(root)->blocks) {
		iput(root);
		ext2_msg(sb, KERN_ERR, "error: corrupt root inode, run e2fsck");
		return -EINVAL;
	}
	sb->s_root = d_make_root(sb, root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int fill_super(struct super_block *sb, const char *data)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = read_super(sb);

	if (err)
		return err;
	sbi->errors = sbi->es->s_errors;
	if (sbi->errors < EXT2_ERRORS_CONTINUE || sbi->errors > EXT2_ERRORS_PANIC)
		sbi->errors = EXT2_ERRORS_CONTINUE;
	err = parse_options(sb, data);
	err = err ? err : check_features(sb, sb->s_rdonly);
	err = err ? err : check_sizes(sb, sbi->es);
	err = err ? err : set_geometry(sb);
	err = err ? err : read_descriptors(sb);
	err = err ? err : make_root(sb);
	if (err)
		return err;
	sbi->mount_state = sbi->es->s_state & (EXT2_VALID_FS | EXT2_ERROR_FS);
	sbi->overhead = ext2_overhead(sbi);
	sbi->mounted = true;
	sbi->wb_err = sb->s_bdev->mapping.wb_err;
	err = sb->s_rdonly ? 0 : begin_writing(sb);
	if (err)
		return err;
	ext2_msg(sb, KERN_INFO, "mounted filesystem without journal");
	return 0;
}

static void free_info(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (sb->s_root) {
		d_genocide(sb->s_root);
		dput(sb->s_root);
		sb->s_root = NULL;
	}
	evict_inodes(sb);
	for (u32 i = 0; sbi->descs && i < sbi->desc_blocks; i++)
		ext2_brelse(&sbi->descs[i]);
	kvfree(sbi->descs);
	kvfree(sbi->groups);
	ext2_ages_free(sbi);
	if (sbi->super_page)
		put_page(sbi->super_page);
	sb->s_bdev->mapping.sb_err = NULL;
	bd_release(sb->s_bdev);
	blkdev_put(sb->s_bdev);
	kfree(sbi);
}

static int ext2_mount(struct super_block *sb, const char *source, const char *data)
{
	struct block_device *bdev = lookup_bdev(source);
	struct ext2_sb_info *sbi;
	int err;

	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	if (bdev->read_only && !sb->s_rdonly)
		return -EACCES;
	sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);
	if (!sbi)
		return -ENOMEM;
	err = bd_claim(bdev, sb);
	if (err) {
		kfree(sbi);
		return err;
	}
	blkdev_get(bdev);
	/* What somebody wrote to /dev/vda counts; what he read there is old from now on. */
	filemap_write_and_wait(&bdev->mapping);
	invalidate_mapping_pages(&bdev->mapping);
	mutex_init(&sbi->alloc, LOCK_FS_ALLOC);
	sbi->sb = sb;
	sb->s_private = sbi;
	sb->s_bdev = bdev;
	sb->s_dev = bdev->dev;
	sb->s_magic = EXT2_SUPER_MAGIC;
	sb->s_op = &ext2_sops;
	sb->s_coarse_times = true;
	sb->s_statfs = ext2_statfs;
	bdev->mapping.sb_err = &sb->s_wb_err;
	err = ext2_ages_init(sbi);
	err = err ? err : fill_super(sb, data);
	if (err)
		free_info(sb);
	return err;
}

/* umount: names and inodes first, since the last users' files without a name go with them. */
static void ext2_kill_sb(struct super_block *sb)
{
	d_genocide(sb->s_root);
	dput(sb->s_root);
	sb->s_root = NULL;
	if (!sb->s_rdonly && end_writing(sb))
		ext2_msg(sb, KERN_ERR, "error: not everything could be written before umount");
	free_info(sb);
}

/* Remounting. Read-only to writable: what mounting it so would have asked. */
static int ext2_remount(struct super_block *sb, bool rdonly, const char *data)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = parse_options(sb, data);

	if (err || rdonly == sb->s_rdonly)
		return err;
	if (rdonly) {
		err = end_writing(sb);
		if (!err)
			WRITE_ONCE(sb->s_rdonly, true);
		return err;
	}
	if (sb->s_bdev->read_only)
		return -EACCES;
	err = check_features(sb, false);
	if (err)
		return err;
	sbi->mount_state = sbi->es->s_state & (EXT2_VALID_FS | EXT2_ERROR_FS);
	err = begin_writing(sb);
	if (!err)
		WRITE_ONCE(sb->s_rdonly, false);	/* the disk says so: changes may begin */
	return err;
}

const struct super_operations ext2_sops = {
	.write_inode = ext2_write_inode,
	.evict_inode = ext2_evict_inode,
	.sync_fs = ext2_sync_fs,
	.remount = ext2_remount,
	.show_options = ext2_show_options,
};

/* One name more for the same: Linux's ext4 serves all three. */
static struct file_system_type ext2_types[] = {
	{ .name = "ext2", .mount = ext2_mount, .kill_sb = ext2_kill_sb },
	{ .name = "ext3", .mount = ext2_mount, .kill_sb = ext2_kill_sb },
	{ .name = "ext4", .mount = ext2_mount, .kill_sb = ext2_kill_sb },
};

/* ext2_fs.h */
void ext2_init(void)
{
	ext2_inode_init();
	for (unsigned int i = 0; i < ARRAY_SIZE(ext2_types); i++)
		register_filesystem(&ext2_types[i]);
}
