/*
 * genhd.c - partitions as devices: vda1 beside vda.
 *
 * Idea:   a partition is a struct block_device of its own, with its own pages, holder and
 *         statistics; its requests are taken from its disk's pool, and blk_submit() moves their
 *         sector. The structs stay for ever: a partition that is no more is hidden, and its
 *         struct is the next one's of that number. So a pointer never dangles, and who opens
 *         a device looks whether it is hidden once nobody can hide it any more (openers).
 * Locks:  callers keep opens out: fs/block_dev.c's lock, or it is boot.
 * Above:  blkdev.c (a new disk), fs/block_dev.c (ioctl).   Below: partitions.c, blkdev.c.
 *         In Linux: block/genhd.c, block/partitions/core.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/block/partitions.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define DISK_MINORS 16		/* Linux's virtio_blk has as many */
#define BLOCK_EXT_MAJOR 259	/* for partitions beyond: Documentation/admin-guide/devices.txt */
#define MINOR_BITS 20

static unsigned int next_ext_minor;	/* callers' lock */
static bool force_gpt;			/* c: boot parameter */

static int set_gpt(const char *value)
{
	force_gpt = true;
	return 0;
}
CTL_PARAM("gpt", set_gpt);

/* --- devices --- */

static unsigned int disk_minors(const struct block_device *disk)
{
	return disk->minors ?: DISK_MINORS;
}

static void name_partition(struct block_device *part)
{
	const char *disk = part->whole->name;
	bool digit = isdigit(disk[strlen(disk) - 1]);

	snprintf(part->name, sizeof(part->name), digit ? "%sp%u" : "%s%u", disk, part->partno);
}

/* A hidden partition @partno of @disk; NULL without memory. */
static struct block_device *alloc_partition(struct block_device *disk, unsigned int partno)
{
	struct block_device *part = kzalloc(sizeof(*part), GFP_KERNEL);

	if (!part)
		return NULL;
	part->whole = disk;
	part->partno = partno;
	part->hidden = true;
	part->ops = disk->ops;
	part->driver = disk->driver;
	part->max_segments = disk->max_segments;
	part->dev = partno < disk_minors(disk) ? disk->dev + partno
					 : (kdev_t)BLOCK_EXT_MAJOR << MINOR_BITS | next_ext_minor++;
	spin_lock_init(&part->lock, LOCK_BLOCK);	/* unused: the disk's is taken */
	init_waitqueue_head(&part->wait);
	INIT_LIST_HEAD(&part->pool);
	INIT_LIST_HEAD(&part->pending);
	name_partition(part);
	address_space_init(&part->mapping, NULL, &blkdev_aops, &part->size);
	part->mapping.bdi = &disk->bdi;
	part->mapping.flags = disk->mapping.flags;
	block_list_add(part);
	return part;
}

/* => it is not there, and lies on the disk. 0, -ENOMEM */
static int add_partition(struct block_device *disk, unsigned int partno, sector_t start,
			 sector_t size)
{
	struct block_device *part = block_find_partition(disk, partno);

	if (!part)
		part = alloc_partition(disk, partno);
	if (!part)
		return -ENOMEM;
	BUG_ON(!part->hidden || part->openers || part->holder);
	part->start = start;
	part->capacity = size;
	part->size = size << SECTOR_SHIFT;
	part->read_only = disk->read_only;
	part->gone = disk->gone;
	block_set_hidden(part, false);
	if (block_device_added)
		block_device_added(part);
	return 0;
}

/* => neither open nor claimed */
static void del_partition(struct block_device *part)
{
	BUG_ON(part->openers || part->holder);
	block_set_hidden(part, true);
	if (block_device_removed)
		block_device_removed(part);
	truncate_inode_pages(&part->mapping, 0);
}

/* The partition @partno, if there is one. */
static struct block_device *get_partition(struct block_device *disk, unsigned int partno)
{
	struct block_device *part = block_find_partition(disk, partno);

	return part && !part->hidden ? part : NULL;
}

static bool in_use(const struct block_device *part) { return part->openers || part->holder; }

/* --- the table --- */

static int read_disk_sector(struct parsed_partitions *state, u64 sector, void *buf)
{
	struct block_device *disk = state->device;
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	err = blk_rw_sync(disk, false, sector, page, 0, 1 << SECTOR_SHIFT);
	if (!err)
		memcpy(buf, page_address(page), 1 << SECTOR_SHIFT);
	__free_page(page);
	return err;
}

/* What the table says about @n, cut to the disk. A table of a larger disk is an old acquaintance. */
static void add_found(struct block_device *disk, unsigned int n, struct partition p)
{
	int err;

	if (p.start >= disk->capacity) {
		pr_warn("%s: p%u start %llu is beyond EOD, truncated\n", disk->name, n,
			(unsigned long long)p.start);
		return;
	}
	if (p.size > disk->capacity - p.start) {
		pr_warn("%s: p%u size %llu extends beyond EOD, truncated\n", disk->name, n,
			(unsigned long long)p.size);
		p.size = disk->capacity - p.start;
	}
	err = add_partition(disk, n, p.start, p.size);
	if (err)
		pr_err(" %s: p%u could not be added: %d\n", disk->name, n, err);
}

static int read_and_add(struct block_device *disk)
{
	struct parsed_partitions *state = kvzalloc(sizeof(*state), GFP_KERNEL);
	int found;

	if (!state)
		return -ENOMEM;
	state->name = disk->name;
	state->sectors = disk->capacity;
	state->force_gpt = force_gpt;
	state->read_sector = read_disk_sector;
	state->device = disk;
	found = check_partition(state);
	if (found)
		printk(KERN_INFO "%s", state->text);
	for (unsigned int n = 1; found > 0 && n < PARTITIONS_MAX; n++)
		if (state->parts[n].size)
			add_found(disk, n, state->parts[n]);
	kvfree(state);
	return found == -EIO || found == -ENOMEM ? found : 0;
}

/* block.h */
int rescan_partitions(struct block_device *disk)
{
	struct block_device *part;

	if (disk->whole != disk)
		return -EINVAL;
	for (unsigned int n = 1; n < PARTITIONS_MAX; n++) {
		part = get_partition(disk, n);
		if (part && in_use(part))
			return -EBUSY;
	}
	for (unsigned int n = 1; n < PARTITIONS_MAX; n++) {
		part = get_partition(disk, n);
		if (part)
			del_partition(part);
	}
	return disk->gone ? -EIO : disk->capacity && !disk->no_partscan ? read_and_add(disk) : 0;
}

/* --- by hand: ioctl(BLKPG) --- */

/* Does anybody else's partition lie there? */
static bool overlaps(struct block_device *disk, sector_t start, sector_t size, unsigned int except)
{
	for (unsigned int n = 1; n < PARTITIONS_MAX; n++) {
		struct block_device *p = n == except ? NULL : get_partition(disk, n);

		if (p && start < p->start + p->capacity && p->start < start + size)
			return true;
	}
	return false;
}

/* A number, a place on the disk. 0, -EINVAL */
static int check_place(struct block_device *disk, unsigned int partno, u64 start, u64 length)
{
	u64 bytes = disk->capacity << SECTOR_SHIFT;

	if (disk->whole != disk || !partno || partno >= PARTITIONS_MAX || !length ||
	    (start | length) & ((1 << SECTOR_SHIFT) - 1) || start >= bytes || length > bytes - start)
		return -EINVAL;
	return 0;
}

/* block.h */
int bdev_add_partition(struct block_device *disk, unsigned int partno, u64 start, u64 length)
{
	int err = check_place(disk, partno, start, length);

	if (err)
		return err;
	start >>= SECTOR_SHIFT;
	length >>= SECTOR_SHIFT;
	if (get_partition(disk, partno) || overlaps(disk, start, length, 0))
		return -EBUSY;
	return add_partition(disk, partno, start, length);
}

/* block.h */
int bdev_del_partition(struct block_device *disk, unsigned int partno)
{
	struct block_device *part = disk->whole == disk ? get_partition(disk, partno) : NULL;

	if (!part || !partno)
		return disk->whole == disk ? -ENXIO : -EINVAL;
	if (in_use(part))
		return -EBUSY;
	del_partition(part);
	return 0;
}

/* block.h. Its start stays where it is. */
int bdev_resize_partition(struct block_device *disk, unsigned int partno, u64 start, u64 length)
{
	int err = check_place(disk, partno, start, length);
	struct block_device *part;

	if (err)
		return err;
	part = get_partition(disk, partno);
	if (!part)
		return -ENXIO;
	start >>= SECTOR_SHIFT;
	length >>= SECTOR_SHIFT;
	if (start != part->start)
		return -EINVAL;
	if (overlaps(disk, start, length, partno))
		return -EBUSY;
	part->capacity = length;
	WRITE_ONCE(part->size, (loff_t)(length << SECTOR_SHIFT));
	return 0;
}
