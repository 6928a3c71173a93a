/*
 * blkdev.c - block devices: their list, their requests, and their statistics.
 *
 * Idea:   each device owns a fixed pool of requests, made when it is
 *         registered, so that no I/O ever waits for memory: a caller who finds
 *         the pool empty sleeps until a request ends. A request goes
 *
 *           pool -> caller -> blk_submit -> driver (or pending, if its ring is full)
 *                                             -> blk_end_request -> end_io -> pool
 *
 *         A device that vanished takes nothing more: what is queued, in flight
 *         or submitted later ends with -EIO.
 * Locks:  LOCK_BLOCK (irqsave) guards pool, pending and statistics; the driver's
 *         submit runs under it. kick and end_io run without.
 * Above:  swap_dev.c, bdev_cache.c, fs's device nodes; kernel/dev/virtio_blk.c drives.
 * Below:  mm/slab.c for the pool, once.   In Linux: block/blk-core.c, genhd.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/block/trace.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"
#include "mm/filemap.h"
#include "mm/slab.h"
#include "mm/vmstat.h"



static LIST_HEAD(devices);		/* devices_lock */
static spinlock_t devices_lock = SPINLOCK_INIT(LOCK_BLOCK_LIST);
void (*block_device_added)(struct block_device *bdev);

/* fail_blk=<interval>[,<seed>]: on average every interval-th transfer fails. Guard: fail_lock. */
static unsigned long fail_interval;
static struct rnd_state fail_state;
static spinlock_t fail_lock = SPINLOCK_INIT(LOCK_IRQ_DESC);

static int set_fail_blk(const char *value)
{
	char *end;

	fail_interval = simple_strtoul(value, &end, 0);
	prandom_seed_state(&fail_state, *end == ',' ? simple_strtoul(end + 1, &end, 0) : 1);
	return *end ? -EINVAL : 0;
}
CTL_PARAM("fail_blk", set_fail_blk);

static bool should_fail(const struct blk_request *req)
{
	unsigned long flags;
	bool fail;

	if (likely(!fail_interval) || req->op == BLK_FLUSH)
		return false;
	flags = spin_lock_irqsave(&fail_lock);
	fail = prandom_u64_state(&fail_state) % fail_interval == 0;
	spin_unlock_irqrestore(&fail_lock, flags);
	return fail;
}

/* Nothing to set up but the check that the request fits its purpose; kept for start_kernel()'s
 * table of contents. */
void block_init(void)
{
	BUILD_BUG_ON(BLK_MAX_SEGMENTS < 1);
	bdev_cache_init();
	if (fail_interval)
		pr_info("block: every %lu. transfer fails on purpose (fail_blk=)\n", fail_interval);
}

static int alloc_pool(struct block_device *bdev)
{
	bdev->requests = kvmalloc(BLK_POOL_SIZE * sizeof(*bdev->requests), GFP_KERNEL | __GFP_ZERO);
	if (!bdev->requests)
		return -ENOMEM;
	for (unsigned int i = 0; i < BLK_POOL_SIZE; i++) {
		bdev->requests[i].bdev = bdev;
		list_add_tail(&bdev->requests[i].link, &bdev->pool);
	}
	return 0;
}

int register_block_device(struct block_device *bdev)
{
	if (blkdev_get_by_dev(bdev->dev) || blkdev_get_by_name(bdev->name))
		return -EEXIST;
	spin_lock_init(&bdev->lock, LOCK_BLOCK);
	init_waitqueue_head(&bdev->wait);
	INIT_LIST_HEAD(&bdev->pool);
	INIT_LIST_HEAD(&bdev->pending);
	if (!bdev->max_segments || bdev->max_segments > BLK_MAX_SEGMENTS)
		bdev->max_segments = BLK_MAX_SEGMENTS;
	bdev->size = bdev->capacity << SECTOR_SHIFT;
	if (alloc_pool(bdev))
		return -ENOMEM;
	address_space_init(&bdev->mapping, NULL, &blkdev_aops, &bdev->size);
	bdev->mapping.flags |= AS_LOWMEM;	/* file systems read their metadata in place */

	spin_lock(&devices_lock);
	list_add_tail(&bdev->link, &devices);
	spin_unlock(&devices_lock);
	if (block_device_added)
		block_device_added(bdev);
	return 0;
}

/* Devices stay registered for ever (a vanished one as "gone"), so a pointer found stays good. */
static struct block_device *find_device(bool (*match)(struct block_device *, const void *),
					const void *key)
{
	struct block_device *bdev, *found = NULL;

	spin_lock(&devices_lock);
	list_for_each_entry(bdev, &devices, link)
		if (match(bdev, key)) {
			found = bdev;
			break;
		}
	spin_unlock(&devices_lock);
	return found;
}

static bool match_dev(struct block_device *bdev, const void *key)
{
	return bdev->dev == *(const kdev_t *)key;
}
static bool match_name(struct block_device *bdev, const void *key)
{
	return !strcmp(bdev->name, key);
}

/* => may be called in process context only, as the next one. */
struct block_device *blkdev_get_by_dev(kdev_t dev) { return find_device(match_dev, &dev); }
struct block_device *blkdev_get_by_name(const char *name) { return find_device(match_name, name); }

/* @fn may sleep: the list only grows, so the walk holds the lock just to step. */
void for_each_block_device(void (*fn)(struct block_device *bdev, void *arg), void *arg)
{
	struct list_head *pos;

	spin_lock(&devices_lock);
	for (pos = devices.next; pos != &devices; pos = pos->next) {
		spin_unlock(&devices_lock);
		fn(list_entry(pos, struct block_device, link), arg);
		spin_lock(&devices_lock);
	}
	spin_unlock(&devices_lock);
}

/* --- requests --- */

struct blk_request *blk_try_get_request(struct block_device *bdev)
{
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	struct blk_request *req = NULL;

	if (!list_empty(&bdev->pool)) {
		req = list_first_entry(&bdev->pool, struct blk_request, link);
		list_del_init(&req->link);
	}
	spin_unlock_irqrestore(&bdev->lock, flags);
	if (!req)
		return NULL;
	req->nr_segments = 0;
	req->error = 0;
	req->end_io = NULL;
	req->private = req->swap_done = NULL;
	return req;
}

struct blk_request *blk_get_request(struct block_device *bdev)
{
	struct blk_request *req = blk_try_get_request(bdev);

	if (likely(req))
		return req;
	/* what was submitted must move for a request to come back */
	blk_kick(bdev);
	wait_event(bdev->wait, (req = blk_try_get_request(bdev)) != NULL, "blk_get_request");
	return req;
}

void blk_put_request(struct blk_request *req)
{
	struct block_device *bdev = req->bdev;
	unsigned long flags = spin_lock_irqsave(&bdev->lock);

	list_add(&req->link, &bdev->pool);
	spin_unlock_irqrestore(&bdev->lock, flags);
	wake_up(&bdev->wait);
}

bool blk_add_page(struct blk_request *req, struct page *page, u32 offset, u32 len)
{
	if (req->nr_segments == req->bdev->max_segments)
		return false;
	req->segments[req->nr_segments++] = (struct blk_segment){ page, offset, len };
	return true;
}

/* => bdev->lock held. The clock of io_ticks runs while anything is in flight. */
static void account_start(struct block_device *bdev, struct blk_request *req)
{
	req->start_ns = ktime_get_ns();
	if (bdev->in_flight++ == 0)
		bdev->busy_since = req->start_ns;
}

/* => bdev->lock held. */
static void account_end(struct block_device *bdev, const struct blk_request *req)
{
	u64 now = ktime_get_ns(), took = now - req->start_ns;

	if (--bdev->in_flight == 0)
		bdev->busy_ns += now - bdev->busy_since;
	if (req->op == BLK_FLUSH) {
		bdev->nr_flushes++;
		bdev->flush_ns += took;
		return;
	}
	bdev->nr_ios[req->op]++;
	bdev->nr_sectors[req->op] += blk_request_bytes(req) >> SECTOR_SHIFT;
	bdev->nr_merges[req->op] += req->nr_segments - 1;
	bdev->nr_ns[req->op] += took;
}

/* True: the request lies on the device and the device may do it. */
static bool request_possible(const struct block_device *bdev, const struct blk_request *req)
{
	sector_t sectors = blk_request_bytes(req) >> SECTOR_SHIFT;

	if (bdev->gone || should_fail(req))
		return false;
	if (req->op == BLK_FLUSH)
		return true;
	if (req->op == BLK_WRITE && bdev->read_only)
		return false;
	return sectors && sectors <= bdev->capacity && req->sector <= bdev->capacity - sectors;
}

/*
 * blk_submit: gives the request to the driver.
 *
 * => op, sector, segments and end_io are set; any context, no lock of LOCK_BLOCK or above held
 * => blk_kick() must follow, by the caller or somebody on its behalf
 * => a request that cannot be done ends with -EIO before this returns
 */
void blk_submit(struct blk_request *req)
{
	struct block_device *bdev = req->bdev;
	bool possible = request_possible(bdev, req);
	unsigned long flags;

	BUG_ON(!req->end_io);
	if (trace_enabled(block_rq_issue))
		trace_rq_issue(req);
	if (req->op != BLK_FLUSH)
		count_vm_events(req->op == BLK_READ ? PGPGIN : PGPGOUT,
				blk_request_bytes(req) >> SECTOR_SHIFT);
	flags = spin_lock_irqsave(&bdev->lock);
	account_start(bdev, req);
	/* Behind those who wait already; "gone" once more, since block_device_gone() empties
	 * pending under the lock. */
	if (possible && !bdev->gone) {
		if (!list_empty(&bdev->pending) || !bdev->ops->submit(bdev, req))
			list_add_tail(&req->link, &bdev->pending);
		spin_unlock_irqrestore(&bdev->lock, flags);
		return;
	}
	spin_unlock_irqrestore(&bdev->lock, flags);
	blk_end_request(req, -EIO);
}

void blk_kick(struct block_device *bdev)
{
	if (!bdev->gone)	/* one that goes meanwhile hears it for nothing */
		bdev->ops->kick(bdev);
}

void blk_run_pending(struct block_device *bdev)
{
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	bool any = false;

	while (!list_empty(&bdev->pending) && !bdev->gone) {
		struct blk_request *req =
			list_first_entry(&bdev->pending, struct blk_request, link);

		list_del_init(&req->link);
		if (!bdev->ops->submit(bdev, req)) {
			list_add(&req->link, &bdev->pending);
			break;
		}
		any = true;
	}
	spin_unlock_irqrestore(&bdev->lock, flags);
	if (any)
		blk_kick(bdev);
}

static void print_error(const struct blk_request *req)
{
	static const char *const names[] = { "READ", "WRITE", "FLUSH" };

	printk_ratelimited(
		KERN_ERR
		"I/O error, dev %s, sector %llu op 0x%x:(%s) flags 0x%x phys_seg %u prio class 2\n",
		req->bdev->name, (unsigned long long)req->sector, req->op, names[req->op], 0,
		req->nr_segments);
}

void blk_end_request(struct blk_request *req, int error)
{
	struct block_device *bdev = req->bdev;
	unsigned long flags = spin_lock_irqsave(&bdev->lock);

	BUG_ON(bdev->in_flight == 0);
	if (trace_enabled(block_rq_complete))
		trace_rq_complete(req, error);
	account_end(bdev, req);
	spin_unlock_irqrestore(&bdev->lock, flags);
	if (unlikely(error))
		print_error(req);
	req->error = error;
	req->end_io(req);
	blk_put_request(req);
}

/*
 * block_device_gone: the device does not answer any more.
 *
 * => the driver has ended, or will end with -EIO, the requests that it had taken
 */
void block_device_gone(struct block_device *bdev)
{
	LIST_HEAD(dead);
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	bool first = !atomic_exchange(&bdev->gone, true);

	list_splice_init(&bdev->pending, &dead);
	spin_unlock_irqrestore(&bdev->lock, flags);
	if (first)
		pr_err("%s: device is gone, its I/O fails from now on\n", bdev->name);
	while (!list_empty(&dead)) {
		struct blk_request *req = list_first_entry(&dead, struct blk_request, link);

		list_del_init(&req->link);
		blk_end_request(req, -EIO);
	}
}

void blk_set_capacity(struct block_device *bdev, sector_t sectors)
{
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	sector_t old = bdev->capacity;

	bdev->capacity = sectors;
	WRITE_ONCE(bdev->size, sectors << SECTOR_SHIFT);
	spin_unlock_irqrestore(&bdev->lock, flags);
	if (old != sectors)
		pr_info("%s: detected capacity change from %llu to %llu\n", bdev->name,
			(unsigned long long)old, (unsigned long long)sectors);
}

/* --- waiting for one --- */

struct sync_io { struct completion done; int error; };

static void sync_end_io(struct blk_request *req)
{
	struct sync_io *sync = req->private;

	sync->error = req->error;
	complete(&sync->done);
}

static int submit_and_wait(struct blk_request *req)
{
	struct block_device *bdev = req->bdev;
	struct sync_io sync = { .error = 0 };

	init_completion(&sync.done);
	req->private = &sync;
	req->end_io = sync_end_io;
	blk_submit(req);
	blk_kick(bdev);
	current->in_iowait = true;
	wait_for_completion(&sync.done, "blk_rw_sync");
	current->in_iowait = false;
	return sync.error;
}

int blk_rw_sync(struct block_device *bdev, bool write, sector_t sector, struct page *page,
		u32 offset, u32 len)
{
	struct blk_request *req;

	BUG_ON(len == 0 || len % 512 || offset % 512 || offset + len > PAGE_SIZE);
	req = blk_get_request(bdev);
	req->op = write ? BLK_WRITE : BLK_READ;
	req->sector = sector;
	blk_add_page(req, page, offset, len);
	return submit_and_wait(req);
}

int blk_flush_sync(struct block_device *bdev)
{
	struct blk_request *req;

	if (!bdev->write_cache)
		return 0;
	req = blk_get_request(bdev);
	req->op = BLK_FLUSH;
	req->sector = 0;
	return submit_and_wait(req);
}

/* --- exclusive use --- */

int bd_claim(struct block_device *bdev, void *holder)
{
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	int error = bdev->holder && bdev->holder != holder ? -EBUSY : 0;

	if (!error)
		bdev->holder = holder;
	spin_unlock_irqrestore(&bdev->lock, flags);
	return error;
}

void bd_release(struct block_device *bdev)
{
	unsigned long flags = spin_lock_irqsave(&bdev->lock);

	bdev->holder = NULL;
	spin_unlock_irqrestore(&bdev->lock, flags);
}

/* --- /proc --- */

#define DEV_MAJOR(dev) ((dev) >> 20)
#define DEV_MINOR(dev) ((dev) & 0xfffff)

/* One line of /proc/diskstats: Documentation/admin-guide/iostats.rst. Discards (4 fields) we
 * have none. */
static void show_diskstats_line(struct block_device *bdev, void *arg)
{
	struct seq_file *m = arg;
	unsigned long flags = spin_lock_irqsave(&bdev->lock);
	u64 ms[2] = { bdev->nr_ns[0] / NSEC_PER_MSEC, bdev->nr_ns[1] / NSEC_PER_MSEC };
	u64 ios[2] = { bdev->nr_ios[0], bdev->nr_ios[1] },
	    merges[2] = { bdev->nr_merges[0], bdev->nr_merges[1] };
	u64 sectors[2] = { bdev->nr_sectors[0], bdev->nr_sectors[1] };
	u64 flushes = bdev->nr_flushes, flush_ms = bdev->flush_ns / NSEC_PER_MSEC;
	u64 busy = bdev->busy_ns + (bdev->in_flight ? ktime_get_ns() - bdev->busy_since : 0);
	unsigned int in_flight = bdev->in_flight;

	spin_unlock_irqrestore(&bdev->lock, flags);
	seq_printf(m,
		   "%4u %7u %s %llu %llu %llu %llu %llu %llu %llu %llu %u %llu %llu 0 0 0 0 %llu "
		   "%llu\n",
		   DEV_MAJOR(bdev->dev), DEV_MINOR(bdev->dev), bdev->name,
		   (unsigned long long)ios[0], (unsigned long long)merges[0],
		   (unsigned long long)sectors[0], (unsigned long long)ms[0],
		   (unsigned long long)ios[1], (unsigned long long)merges[1],
		   (unsigned long long)sectors[1], (unsigned long long)ms[1], in_flight,
		   (unsigned long long)(busy / NSEC_PER_MSEC),
		   (unsigned long long)(ms[0] + ms[1] + flush_ms), (unsigned long long)flushes,
		   (unsigned long long)flush_ms);
}

static int show_diskstats(struct seq_file *m)
{
	for_each_block_device(show_diskstats_line, m);
	return 0;
}
CTL_FILE("/proc/diskstats", .mode = 0444, .show = show_diskstats);

static void show_partition(struct block_device *bdev, void *arg)
{
	seq_printf(arg, "%4u  %7u %10llu %s\n", DEV_MAJOR(bdev->dev), DEV_MINOR(bdev->dev),
		   (unsigned long long)bdev->capacity >> 1, bdev->name);
}

static int show_partitions(struct seq_file *m)
{
	seq_puts(m, "major minor  #blocks  name\n\n");
	for_each_block_device(show_partition, m);
	return 0;
}
CTL_FILE("/proc/partitions", .mode = 0444, .show = show_partitions);
