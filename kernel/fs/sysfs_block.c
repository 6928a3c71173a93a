/*
 * sysfs_block.c - /sys/block: each disk, its queue, its partitions.
 *
 * Idea:   a directory for each disk, one below it for each partition; a file is one entry of a
 *         table, found again by its name when it is read. What is not known to be
 *         true has no file. /sys/dev/block has a link to each, by its number.
 * Locks:  sysfs_lock (sysfs.c) around changes of the tree.
 * Above:  devfs.c tells of devices.   Below: proc_generic.c, kernel/block.
 *         In Linux: block/genhd.c, block/blk-sysfs.c, Documentation/ABI/stable/sysfs-block.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/block/partitions.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/slab.h"

/* Which directories have the file. */
enum where { DISK = 1, PART = 2, BOTH = 3, QUEUE = 4 };

static void number(struct seq_file *m, unsigned long n) { seq_printf(m, "%lu\n", n); }

static void size_show(struct seq_file *m, struct block_device *b) { number(m, b->capacity); }
static void ro_show(struct seq_file *m, struct block_device *b) { number(m, b->read_only); }
static void start_show(struct seq_file *m, struct block_device *b) { number(m, b->start); }
static void partition_show(struct seq_file *m, struct block_device *b) { number(m, b->partno); }
static void range_show(struct seq_file *m, struct block_device *b) { number(m, b->minors ?: 16); }
static void ext_range_show(struct seq_file *m, struct block_device *b)
{
	number(m, PARTITIONS_MAX);
}
static void zero_show(struct seq_file *m, struct block_device *b) { number(m, 0); }
static void rotational_show(struct seq_file *m, struct block_device *b)
{
	number(m, !b->solid_state);
}
static void sector_show(struct seq_file *m, struct block_device *b)
{
	number(m, bdev_block_size(b));
}
static void requests_show(struct seq_file *m, struct block_device *b)
{
	number(m, READ_ONCE(b->nr_requests));
}
static int requests_store(struct block_device *b, const char *text)
{
	unsigned long n;

	return kstrtoul(text, 10, &n) ? -EINVAL : blk_set_nr_requests(b, n);
}
static void segments_show(struct seq_file *m, struct block_device *b)
{
	number(m, b->max_segments);
}
static void segment_size_show(struct seq_file *m, struct block_device *b)
{
	number(m, b->whole->stacked ? PAGE_SIZE : BLK_MAX_BYTES);
}
static void max_kb_show(struct seq_file *m, struct block_device *b)
{
	number(m, (b->whole->stacked ? b->max_segments * PAGE_SIZE : BLK_MAX_BYTES) >> 10);
}
static void write_cache_show(struct seq_file *m, struct block_device *b)
{
	seq_puts(m, b->write_cache ? "write back\n" : "write through\n");
}
static void dev_show(struct seq_file *m, struct block_device *b)
{
	seq_printf(m, "%u:%u\n", MAJOR(b->dev), MINOR(b->dev));
}
static void uevent_show(struct seq_file *m, struct block_device *b)
{
	seq_printf(m, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", MAJOR(b->dev), MINOR(b->dev),
		   b->name, b->partno ? "partition" : "disk");
	if (b->partno)
		seq_printf(m, "PARTN=%u\n", b->partno);
}

/* Documentation/admin-guide/iostats.rst: the fields of /proc/diskstats, in columns. */
static void stat_show(struct seq_file *m, struct block_device *b)
{
	struct disk_stats s;

	block_device_stats(b, &s);
	seq_printf(m,
		   "%8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8u %8llu %8llu %8u %8u %8u %8u "
		   "%8llu %8llu\n",
		   s.ios[0], s.merges[0], s.sectors[0], s.ms[0], s.ios[1], s.merges[1],
		   s.sectors[1], s.ms[1], s.in_flight, s.busy_ms, s.total_ms, 0, 0, 0, 0,
		   s.flushes, s.flush_ms);
}

static const struct bdev_attr attrs[] = {
	{ "dev", BOTH, dev_show, NULL }, { "ro", BOTH, ro_show, NULL }, { "size", BOTH, size_show, NULL },
	{ "stat", BOTH, stat_show, NULL }, { "uevent", BOTH, uevent_show, NULL },
	{ "alignment_offset", BOTH, zero_show, NULL },
	{ "removable", DISK, zero_show, NULL }, { "range", DISK, range_show, NULL },
	{ "ext_range", DISK, ext_range_show, NULL },
	{ "start", PART, start_show, NULL }, { "partition", PART, partition_show, NULL },
	{ "queue/logical_block_size", QUEUE, sector_show, NULL },
	{ "queue/hw_sector_size", QUEUE, sector_show, NULL },
	{ "queue/physical_block_size", QUEUE, sector_show, NULL },
	{ "queue/minimum_io_size", QUEUE, sector_show, NULL },
	{ "queue/optimal_io_size", QUEUE, zero_show, NULL },
	{ "queue/discard_max_bytes", QUEUE, zero_show, NULL },
	{ "queue/rotational", QUEUE, rotational_show, NULL },
	{ "queue/nr_requests", QUEUE, requests_show, requests_store },
	{ "queue/max_segments", QUEUE, segments_show, NULL },
	{ "queue/max_segment_size", QUEUE, segment_size_show, NULL },
	{ "queue/max_sectors_kb", QUEUE, max_kb_show, NULL },
	{ "queue/max_hw_sectors_kb", QUEUE, max_kb_show, NULL },
	{ "queue/write_cache", QUEUE, write_cache_show, NULL },
};

/* Which attribute it is, the name says; which device, i_private. */
static const struct bdev_attr *attr_of(const struct dentry *d)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(attrs); i++) {
		const char *slash = strchr(attrs[i].name, '/');

		if (!strcmp(slash ? slash + 1 : attrs[i].name, d->d_name))
			return &attrs[i];
	}
	return NULL;
}

static int attr_show(struct text_file *t)
{
	const struct dentry *d = t->entry;
	const struct bdev_attr *attr = attr_of(d);

	if (attr)
		attr->show(&t->m, d->d_inode->i_private);
	return 0;
}

static kssize_t attr_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct bdev_attr *attr = attr_of(file->f_path.dentry);
	char *text;
	int err;

	if (!attr || !attr->store)
		return -EIO;
	if (!len)
		return 0;
	text = copy_text(buf, &len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = attr->store(file->f_inode->i_private, text);
	kfree(text);
	if (err)
		return err;
	*pos += len;
	return len;
}

static int group_attr_show(struct text_file *t)
{
	const struct dentry *d = t->entry;
	struct block_device *bdev = d->d_inode->i_private;

	for (unsigned int i = 0; i < bdev->group->n; i++)
		if (!strcmp(bdev->group->attrs[i].name, d->d_name))
			bdev->group->attrs[i].show(&t->m, bdev);
	return 0;
}

static int group_attr_open(struct inode *inode, struct file *file)
{
	return text_open(file, group_attr_show, file->f_path.dentry, NULL);
}

static const struct file_operations group_attr_fops = {
	.open = group_attr_open, .release = text_release, .read = text_read,
};

static int attr_open(struct inode *inode, struct file *file)
{
	return text_open(file, attr_show, file->f_path.dentry, NULL);
}

static const struct file_operations attr_fops = {
	.open = attr_open, .release = text_release, .read = text_read, .write = attr_write,
};

/* "block/vda", "block/vda/vda1" */
static int directory(const struct block_device *bdev, char *path, size_t size)
{
	return bdev->partno ? snprintf(path, size, "block/%s/%s", bdev->whole->name, bdev->name)
			    : snprintf(path, size, "block/%s", bdev->name);
}

/* "dev/block/254:0": by which programs find a device that they have open. */
static void number_path(const struct block_device *bdev, char *path, size_t size)
{
	snprintf(path, size, "dev/block/%u:%u", MAJOR(bdev->dev), MINOR(bdev->dev));
}

/* sysfs_block.c's part of sysfs.h. => sysfs_lock held */
void sysfs_add_bdev_files(struct super_block *sb, struct block_device *bdev)
{
	unsigned int mask = bdev->partno ? PART : DISK | QUEUE;
	char path[96];
	int len = directory(bdev, path, sizeof(path));

	for (unsigned int i = 0; i < ARRAY_SIZE(attrs); i++) {
		if (!(attrs[i].where & mask))
			continue;
		snprintf(path + len, sizeof(path) - len, "/%s", attrs[i].name);
		if (!tree_add(sb, path, S_IFREG | (attrs[i].store ? 0644 : 0444), &attr_fops, bdev))
			pr_warn("sysfs: no memory for %s\n", path);
	}
	path[len] = 0;
	snprintf(bdev->sysfs_target, sizeof(bdev->sysfs_target), "../../%s", path);
	number_path(bdev, path, sizeof(path));
	if (!tree_symlink(sb, path, bdev->sysfs_target))
		pr_warn("sysfs: no memory for %s\n", path);
}

/* sysfs.h. => sysfs_lock held */
void sysfs_remove_bdev_files(struct super_block *sb, struct block_device *bdev)
{
	char path[96];

	number_path(bdev, path, sizeof(path));
	tree_remove(sb, path);
	directory(bdev, path, sizeof(path));
	tree_remove(sb, path);
}

/* sysfs.h. => sysfs_lock held */
void sysfs_add_bdev_group_files(struct super_block *sb, struct block_device *bdev)
{
	const struct bdev_group *group = bdev->group;
	char path[96];

	for (unsigned int i = 0; i < group->n; i++) {
		snprintf(path, sizeof(path), "block/%s/%s/%s", bdev->name, group->name,
			 group->attrs[i].name);
		if (!tree_add(sb, path, S_IFREG | 0444, &group_attr_fops, bdev))
			pr_warn("sysfs: no memory for %s\n", path);
	}
}

/* sysfs.h. => sysfs_lock held */
void sysfs_remove_bdev_group_files(struct super_block *sb, struct block_device *bdev)
{
	char path[96];

	snprintf(path, sizeof(path), "block/%s/%s", bdev->name, bdev->group->name);
	tree_remove(sb, path);
}
