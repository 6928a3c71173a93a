/*
 * sync.c - sync(2), fsync(2), fadvise(2), readahead(2), drop_caches' list of mappings.
 *
 * Idea:   sync is: the files' dirty pages, then the dirty inodes and superblocks into their
 *         devices' pages, then those, then the devices' own caches. RAM files are where they
 *         are.
 * Locks:  none held.
 * Above:  the system call table.   Below: mm/filemap.h.   In Linux: fs/sync.c, mm/fadvise.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/block/block.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/sync.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/errseq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/backing-dev.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"

static void sync_one(struct block_device *bdev, void *arg)
{
	filemap_write_and_wait(&bdev->mapping);
	blk_flush_sync(bdev);
}

/* The pages of its files, then what is to be known about them. */
static int sync_super(struct super_block *sb, void *unused)
{
	int err, ret;

	if (!sb->s_op)
		return 0;
	sync_inode_pages(sb);
	err = sync_inodes(sb, 0);
	ret = sb->s_op->sync_fs && !sb->s_rdonly ? sb->s_op->sync_fs(sb) : 0;
	return err ? err : ret;
}

/* sync.h */
void ksys_sync(void)
{
	sync_dirty_mappings();
	for_each_super(sync_super, NULL);
	for_each_block_device(sync_one, NULL);
}

/* sync.h */
int sync_filesystem(struct super_block *sb)
{
	int err, ret;

	if (!sb->s_op || !sb->s_bdev)
		return 0;
	err = sync_super(sb, NULL);
	filemap_start_range(&sb->s_bdev->mapping, 0, ~0UL, true);
	filemap_wait_range(&sb->s_bdev->mapping, 0, ~0UL);
	ret = blk_flush_sync(sb->s_bdev);
	return err ? err : ret;
}

/* --- write errors, as each open file is told of them --- */

static struct address_space *pages_of(struct file *file)
{
	return file->f_mapping ? file->f_mapping : &file->f_inode->i_data;
}

/* The pages in which a file's inode and the like are kept; NULL: there are none. */
static struct address_space *metadata_of(struct file *file)
{
	struct block_device *bdev = file->f_inode->i_sb->s_bdev;

	return bdev ? &bdev->mapping : NULL;
}

/* sync.h */
void file_sample_wb_err(struct file *file)
{
	struct address_space *metadata = metadata_of(file);

	file->f_wb_err = errseq_sample(&pages_of(file)->wb_err);
	file->f_sb_err = errseq_sample(&file->f_inode->i_sb->s_wb_err);
	if (metadata)
		file->f_meta_err = errseq_sample(&metadata->wb_err);
}

/* sync.h */
int file_check_wb_err(struct file *file)
{
	struct address_space *metadata = metadata_of(file);
	int err = errseq_check_and_advance(&pages_of(file)->wb_err, &file->f_wb_err), ret = 0;

	if (metadata)
		ret = errseq_check_and_advance(&metadata->wb_err, &file->f_meta_err);
	return err ? err : ret;
}

/* --- for the rest of the kernel --- */

static void call_for_mapping(struct block_device *bdev, void *fn)
{
	((void (*)(struct address_space *))fn)(&bdev->mapping);
}

static void for_each_file_mapping(void (*fn)(struct address_space *))
{
	for_each_cached_mapping(fn);
	for_each_block_device(call_for_mapping, (void *)fn);
}

struct flush_args {
	struct backing_dev_info *bdi;
	u64 older;
};

static int flush_super(struct super_block *sb, void *arg)
{
	struct flush_args *args = arg;

	if (!sb->s_op || !sb->s_bdev || &sb->s_bdev->whole->bdi != args->bdi)
		return 0;
	return sync_inodes(sb, args->older);
}

/* For a disk's flusher. An error is told again by fsync, who looks at the device's pages. */
static void flush_dirty_inodes(struct backing_dev_info *bdi, u64 older)
{
	struct flush_args args = { bdi, older };

	for_each_super(flush_super, &args);
}

/* sync.h */
void sync_init(void)
{
	for_each_mapping = for_each_file_mapping;
	flush_inodes = flush_dirty_inodes;
}

static long fsync_file(struct file *file, bool data_only)
{
	if (file->f_op->fsync)
		return file->f_op->fsync(file, data_only);
	/* A RAM file has nothing to sync; a pipe or a terminal cannot. */
	return S_ISREG(file->f_inode->i_mode) || S_ISDIR(file->f_inode->i_mode) ? 0 : -EINVAL;
}

static long do_fsync(unsigned int fd, bool data_only)
{
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = fsync_file(f.file, data_only);
	fdput(f);
	return err;
}

/* System calls: syscalls.h. */
long sys_sync(void)
{
	ksys_sync();
	return 0;
}
long sys_fsync(unsigned int fd) { return do_fsync(fd, false); }
long sys_fdatasync(unsigned int fd) { return do_fsync(fd, true); }

long sys_syncfs(int fd)
{
	struct fd f = fdget(fd);
	struct super_block *sb;
	long err, ret;

	if (!f.file)
		return -EBADF;
	sb = f.file->f_inode->i_sb;
	err = sync_filesystem(sb);
	ret = errseq_check_and_advance(&sb->s_wb_err, &f.file->f_sb_err);
	fdput(f);
	return err ? err : ret;
}

/* Pages, and nothing that says where they are: no blocks, no size. => @off, @len checked */
static long sync_file_range(struct file *file, loff_t off, loff_t len, unsigned int flags)
{
	unsigned long first = off >> PAGE_SHIFT, last = len ? (off + len - 1) >> PAGE_SHIFT : ~0UL;
	umode_t mode = file->f_inode->i_mode;
	struct address_space *mapping = pages_of(file);
	int err = 0;

	if (!S_ISREG(mode) && !S_ISBLK(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		return -ESPIPE;
	if (flags & SYNC_FILE_RANGE_WAIT_BEFORE) {
		filemap_wait_range(mapping, first, last);
		err = errseq_check_and_advance(&mapping->wb_err, &file->f_wb_err);
		if (err)
			return err;
	}
	/* Pages that are dirty again while they are being written: only who waits for all asks. */
	if (flags & SYNC_FILE_RANGE_WRITE)
		filemap_start_range(mapping, first, last,
				    (flags & SYNC_FILE_RANGE_ALL) == SYNC_FILE_RANGE_ALL);
	if (flags & SYNC_FILE_RANGE_WAIT_AFTER) {
		filemap_wait_range(mapping, first, last);
		err = errseq_check_and_advance(&mapping->wb_err, &file->f_wb_err);
	}
	return err;
}

long sys_sync_file_range(int fd, loff_t off, loff_t len, unsigned int flags)
{
	struct fd f = fdget(fd);
	long err = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (!(flags & ~SYNC_FILE_RANGE_ALL) && off >= 0 && len >= 0 && len <= __LONG_MAX__ - off)
		err = sync_file_range(f.file, off, len, flags);
	fdput(f);
	return err;
}

#define READ_AHEAD_MAX (2L << 20)		/* Linux: no more than 2 MiB at a time */

/* => @off, @len not negative, of any size */
static void read_ahead(struct address_space *mapping, loff_t off, loff_t len)
{
	loff_t size = READ_ONCE(*mapping->i_size), end;

	/* What is not on a device is in memory already. */
	if (mapping->flags & (AS_UNEVICTABLE | AS_SWAPBACKED) || off >= size)
		return;
	len = MIN(len, size - off);
	end = off + MIN(len, READ_AHEAD_MAX);
	for (unsigned long i = off >> PAGE_SHIFT;
	     i < (unsigned long)DIV_ROUND_UP(end, (loff_t)PAGE_SIZE); i++) {
		struct page *page;

		if ((loff_t)(i << PAGE_SHIFT) >= READ_ONCE(*mapping->i_size))
			return;		/* it is shorter now */
		page = read_mapping_page(mapping, i);
		if (IS_ERR(page))
			return;
		put_page(page);
		if (fatal_signal_pending(current))
			return;
		cond_resched();
	}
}

/*
 * What is dirty begins to be written; of the pages that lie in [off, off + len) as a whole (the file's
 * last one counts as whole), those that are clean go. A page that waits in a CPU's batch has a
 * reference more, and would stay. => @len 0: to the end
 */
static void forget_pages(struct address_space *mapping, loff_t off, loff_t len)
{
	loff_t end = len && len <= __LONG_MAX__ - off ? off + len - 1 : __LONG_MAX__;
	unsigned long first = DIV_ROUND_UP((unsigned long)off, PAGE_SIZE);
	unsigned long beyond = ((unsigned long)end + 1) >> PAGE_SHIFT;

	if (mapping->flags & (AS_UNEVICTABLE | AS_SWAPBACKED))
		return;
	filemap_start_range(mapping, (unsigned long)off >> PAGE_SHIFT,
			    (unsigned long)end >> PAGE_SHIFT, false);
	if (end == READ_ONCE(*mapping->i_size) - 1)
		beyond = ((unsigned long)end >> PAGE_SHIFT) + 1;
	if (first >= beyond)
		return;
	lru_add_drain_all();
	invalidate_mapping_range(mapping, first, beyond - 1);
}

static long fadvise(struct file *file, loff_t off, size_t len, int advice)
{
	if (S_ISFIFO(file->f_inode->i_mode))
		return -ESPIPE;
	if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE || (loff_t)len < 0)
		return -EINVAL;
	if (!file->f_mapping || off < 0)
		return 0;
	if (advice == POSIX_FADV_WILLNEED)
		read_ahead(file->f_mapping, off, len ? (loff_t)len : READ_AHEAD_MAX);
	else if (advice == POSIX_FADV_DONTNEED)
		forget_pages(file->f_mapping, off, (loff_t)len);
	return 0;
}

long sys_fadvise64(int fd, loff_t off, size_t len, int advice)
{
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = fadvise(f.file, off, len, advice);
	fdput(f);
	return err;
}

long sys_readahead(int fd, loff_t off, size_t count)
{
	struct fd f = fdget(fd);
	long err = 0;

	if (!f.file)
		return -EBADF;
	if (!(f.file->f_mode & FMODE_READ))
		err = -EBADF;
	else if (!S_ISREG(f.file->f_inode->i_mode) && !S_ISBLK(f.file->f_inode->i_mode))
		err = -EINVAL;
	else if ((loff_t)count < 0)
		err = -EINVAL;
	else if (f.file->f_mapping && off >= 0)
		read_ahead(f.file->f_mapping, off, (loff_t)count);
	fdput(f);
	return err;
}
