/*
 * swap_dev.c - a block device, or the places of a file on one, as what a swap area lies on.
 *
 * Idea:   reclaim hands over pages one by one, mostly to neighbouring slots.
 *         A few requests per area are kept open; a page that continues one of
 *         them joins it, so that 32 pages go out as one transfer. kick() sends
 *         what is open; a timer does so if nobody kicks. Pages travel by
 *         their physical address, HighMem or not, and nothing is allocated.
 * Locks:  swap_bdev.lock (LOCK_SWAP_DEV, irqsave) guards the
 *         open requests; they are submitted after it is dropped.
 * Above:  mm/page_io.c through struct swap_device_ops.
 * Below:  blkdev.c.   In Linux: mm/page_io.c and the block layer's plug.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/swapfile.h"
#include "mm/vmalloc.h"

#define NR_OPEN 4			/* as many reclaimers as usually run at once */
#define SECTORS_PER_PAGE (PAGE_SIZE >> SECTOR_SHIFT)

typedef void (*page_done_t)(struct page *page, int error);

struct swap_bdev {
	struct block_device *bdev;	/* c */
	spinlock_t lock;
	struct blk_request *open[NR_OPEN];	/* lock: NULL: none */
	unsigned int victim;		/* lock: which one goes next if all are open */
	struct timer_list timer;	/* sends what nobody kicked */
	/* c: of a file: where its pages lie; NULL: the device itself is the area */
	struct swap_extent *extents;
	unsigned int nr_extents;
	void (*released)(void *arg);	/* c: whom to tell */
	void *arg;
};

#define OPEN_NSEC (4 * NSEC_PER_MSEC)

/* The transfer ended: each page's owner is told. Any context. */
static void swap_end_io(struct blk_request *req)
{
	page_done_t done = (page_done_t)req->swap_done;

	for (unsigned int i = 0; i < req->nr_segments; i++)
		done(req->segments[i].page, req->error);
}

/* Sends all open requests. False: there was none. Any context. */
static bool submit_open(struct swap_bdev *sb)
{
	struct blk_request *list[NR_OPEN];
	unsigned long flags = spin_lock_irqsave(&sb->lock);
	bool any = false;

	memcpy(list, sb->open, sizeof(list));
	memset(sb->open, 0, sizeof(sb->open));
	spin_unlock_irqrestore(&sb->lock, flags);
	for (int i = 0; i < NR_OPEN; i++)
		if (list[i]) {
			blk_submit(list[i]);
			any = true;
		}
	if (any)
		blk_kick(sb->bdev);
	return any;
}

/*
 * Sends what is open. Requests that filled up were submitted but not kicked, so the device is
 * kicked in any case.
 */
static void send_all(struct swap_bdev *sb)
{
	if (!submit_open(sb))
		blk_kick(sb->bdev);
}

static void open_timeout(struct timer_list *t)
{
	send_all(container_of(t, struct swap_bdev, timer));
}

/* Where the page at byte @pos of the area lies on the device. */
static sector_t sector_of(const struct swap_bdev *sb, u64 pos)
{
	unsigned long page = pos >> PAGE_SHIFT;
	unsigned int low = 0, high = sb->nr_extents;

	if (!sb->extents)
		return pos >> SECTOR_SHIFT;
	while (high - low > 1) {
		unsigned int mid = (low + high) / 2;

		if (sb->extents[mid].first <= page)
			low = mid;
		else
			high = mid;
	}
	BUG_ON(page - sb->extents[low].first >= sb->extents[low].pages);
	return sb->extents[low].sector + (page - sb->extents[low].first) * SECTORS_PER_PAGE;
}

static u64 swap_sector(void *dev, u64 pos)
{
	struct swap_bdev *sb = dev;

	return sb->bdev->start + sector_of(sb, pos);
}

static bool continues(const struct blk_request *req, enum blk_op op, sector_t sector,
		      page_done_t done)
{
	return req->op == op && req->swap_done == (void *)done &&
	       req->sector + req->nr_segments * SECTORS_PER_PAGE == sector;
}

/*
 * Adds the page to an open request that it continues. *full: the request, closed, to be submitted
 * by the
 * caller. => true: it joined.
 */
static bool join_open(struct swap_bdev *sb, struct page *page, sector_t sector, enum blk_op op,
		      page_done_t done, struct blk_request **full)
{
	unsigned long flags = spin_lock_irqsave(&sb->lock);
	bool joined = false;

	for (int i = 0; i < NR_OPEN && !joined; i++) {
		struct blk_request *req = sb->open[i];

		if (!req || !continues(req, op, sector, done))
			continue;
		joined = blk_add_page(req, page, 0, PAGE_SIZE);
		BUG_ON(!joined);	/* a full one is never left open */
		if (req->nr_segments == sb->bdev->max_segments) {
			*full = req;
			sb->open[i] = NULL;
		}
	}
	spin_unlock_irqrestore(&sb->lock, flags);
	return joined;
}

/*
 * Leaves @req open, for the timer to send if nobody kicks. The one it displaces, or NULL.
 * The timer is set before the lock goes: after that somebody may send the request, its page's slot may
 * be given back, and swapoff may free @sb.
 */
static struct blk_request *open_request(struct swap_bdev *sb, struct blk_request *req)
{
	struct blk_request *displaced;
	unsigned long flags = spin_lock_irqsave(&sb->lock);
	int slot = -1;

	for (int i = 0; i < NR_OPEN; i++)
		if (!sb->open[i])
			slot = i;
	if (slot < 0)
		slot = sb->victim++ % NR_OPEN;
	displaced = sb->open[slot];
	sb->open[slot] = req;
	if (!timer_pending(&sb->timer))
		mod_timer(&sb->timer, ktime_get_ns() + OPEN_NSEC);
	spin_unlock_irqrestore(&sb->lock, flags);
	return displaced;
}

static struct blk_request *new_request(struct swap_bdev *sb)
{
	struct blk_request *req = blk_try_get_request(sb->bdev);

	if (req)
		return req;
	/* the pool is empty: those we sit on must not be what is missing */
	submit_open(sb);
	return blk_get_request(sb->bdev);
}

static int swap_rw_page(void *dev, struct page *page, u64 pos, bool write, page_done_t done)
{
	struct swap_bdev *sb = dev;	/* there as long as the page's transfer has not ended */
	struct block_device *bdev = sb->bdev;
	sector_t sector = sector_of(sb, pos);
	enum blk_op op = write ? BLK_WRITE : BLK_READ;
	struct blk_request *full = NULL, *req;

	if (bdev->gone)
		return -EIO;
	if (!join_open(sb, page, sector, op, done, &full)) {
		req = new_request(sb);
		req->op = op;
		req->sector = sector;
		req->swap_done = (void *)done;
		req->end_io = swap_end_io;
		blk_add_page(req, page, 0, PAGE_SIZE);
		full = bdev->max_segments == 1 ? req : open_request(sb, req);
	}
	if (full) {
		blk_submit(full);
		/* the timer may have run out before it was submitted */
		blk_kick(bdev);
	}
	return 0;
}

static void swap_kick(void *dev)
{
	send_all(dev);
}

/* Through a page of its own: @buf may lie anywhere in kernel memory. */
static int swap_read_sync(void *dev, void *buf, u64 pos, size_t len)
{
	struct swap_bdev *sb = dev;
	struct page *page = alloc_page(GFP_KERNEL);
	int error = 0;

	if (!page)
		return -ENOMEM;
	while (len && !error) {
		u32 skip = pos % PAGE_SIZE, part = MIN(len, PAGE_SIZE - skip);
		u32 bytes = MIN(PAGE_SIZE, ALIGN_UP((u64)skip + part, 512));

		error = blk_rw_sync(sb->bdev, false, (pos - skip) >> SECTOR_SHIFT, page, 0, bytes);
		if (!error)
			memcpy(buf, (char *)page_address(page) + skip, part);
		buf = (char *)buf + part;
		pos += part;
		len -= part;
	}
	__free_page(page);
	return error;
}

static void swap_release(void *dev)
{
	struct swap_bdev *sb = dev;

	/*
	 * Whose page another sent may still be at the end of swap_rw_page(), or kick: nobody sleeps
	 * there once the page is in a request.
	 */
	synchronize_rcu();
	submit_open(sb);
	del_timer_sync(&sb->timer);
	if (sb->extents)
		kvfree(sb->extents);	/* the device is its file system's */
	else
		bd_release(sb->bdev);
	if (sb->released)
		sb->released(sb->arg);
	kfree(sb);
}

static const struct swap_device_ops swap_bdev_ops = {
	.rw_page = swap_rw_page,
	.kick = swap_kick,
	.read_sync = swap_read_sync,
	.release = swap_release,
	.sector = swap_sector,
};

static struct swap_bdev *alloc_swap_bdev(struct block_device *bdev)
{
	struct swap_bdev *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

	if (!sb)
		return NULL;
	sb->bdev = bdev;
	spin_lock_init(&sb->lock, LOCK_SWAP_DEV);
	timer_setup(&sb->timer, open_timeout);
	return sb;
}

/* Who reclaims must not wait for a task that may itself be waiting for memory. 0, -EIO, -EINVAL */
static int check_swappable(const struct block_device *bdev)
{
	if (bdev->whole->gone)
		return -EIO;
	if (!bdev->whole->stacked)
		return 0;
	pr_err("swapon: %s is made of a file, and could not be written to without memory\n",
	       bdev->name);
	return -EINVAL;
}

int swap_device_for_bdev(struct block_device *bdev, struct swap_device *dev)
{
	struct swap_bdev *sb;
	int error = check_swappable(bdev);

	if (error)
		return error;
	sb = alloc_swap_bdev(bdev);
	if (!sb)
		return -ENOMEM;
	error = bd_claim(bdev, sb);
	if (error) {
		kfree(sb);
		return error;
	}
	*dev = (struct swap_device){ .ops = &swap_bdev_ops,
				     .dev = sb,
				     .size = READ_ONCE(bdev->size),
				     .is_file = false,
				     .id = bdev->dev,
				     .key = bdev };
	snprintf(dev->path, sizeof(dev->path), "/dev/%s", bdev->name);
	return 0;
}

int swap_device_for_extents(struct block_device *bdev, struct swap_extent *extents, unsigned int n,
			    void (*release)(void *arg), void *arg, struct swap_device *dev)
{
	struct swap_bdev *sb;
	int error = check_swappable(bdev);

	if (error)
		return error;
	sb = alloc_swap_bdev(bdev);
	if (!sb)
		return -ENOMEM;
	sb->extents = extents;
	sb->nr_extents = n;
	sb->released = release;
	sb->arg = arg;
	dev->ops = &swap_bdev_ops;
	dev->dev = sb;
	dev->id = bdev->dev;
	dev->extents = n;
	return 0;
}
