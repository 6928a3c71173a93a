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
#include "kernel/x86/irq.h"
#include "mm/filemap.h"
#include "mm/slab.h"
#include "mm/vmstat.h"



static LIST_HEAD(devices);		/* devices_lock */
static spinlock_t devices_lock = SPINLOCK_INIT(LOCK_BLOCK_LIST);
void (*block_device_added)(struct block_device *bdev);
void (*block_device_removed)(struct block_device *bdev);

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
	send_unsent = blk_send;
	if (fail_interval)
		pr_info("block: every %lu. transfer fails on purpose (fail_blk=)\n", fail_interval);
}

/* block.h */
int blk_alloc_pool(struct block_device *bdev)
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
	bdev->nr_requests = BLK_POOL_SIZE;
	if (!bdev->on_demand && blk_alloc_pool(bdev))
		return -ENOMEM;
	bdev->whole = bdev;
	bdi_register(&bdev->bdi);
	address_space_init(&bdev->mapping, NULL, &blkdev_aops, &bdev->size);
	bdev->mapping.bdi = &bdev->bdi;
	bdev->mapping.flags |= AS_LOWMEM;	/* file systems read their metadata in place */
	block_list_add(bdev);
	if (block_device_added)
		block_device_added(bdev);
	rescan_partitions(bdev);	/* an error is in the log; the disk itself may do */
	return 0;
}

/* block.h */
void block_list_add(struct block_device *bdev)
{
	struct list_head *at = &devices;
	struct block_device *d;

	spin_lock(&devices_lock);
	list_for_each_entry(d, &devices, link)
		if (bdev->whole != bdev && d->whole == bdev->whole && d->partno < bdev->partno)
			at = d->link.next;
	list_add_tail(&bdev->link, at);
	spin_unlock(&devices_lock);
}

/* block.h. A hidden one, too: its struct is used again. */
struct block_device *block_find_partition(struct block_device *disk, unsigned int partno)
{
	struct block_device *d, *found = NULL;

	spin_lock(&devices_lock);
	list_for_each_entry(d, &devices, link)
		if (d->whole == disk && d->partno == partno)
			found = d;
	spin_unlock(&devices_lock);
	return found;
}

/* block.h */
void block_set_hidden(struct block_device *bdev, bool hidden)
{
	spin_lock(&devices_lock);
	bdev->hidden = hidden;
	spin_unlock(&devices_lock);
}

/*
 * Devices stay in the list for ever (a vanished one as "gone", a partition that is no more as
 * "hidden"), so a pointer found stays good.
 */
static struct block_device *find_device(bool (*match)(struct block_device *, const void *),
					const void *key)
{
	struct block_device *bdev, *found = NULL;

	spin_lock(&devices_lock);
	list_for_each_entry(bdev, &devices, link)
		if (!bdev->hidden && match(bdev, key)) {
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
		struct block_device *bdev = list_entry(pos, struct block_device, link);

		if (bdev->hidden)
			continue;
		spin_unlock(&devices_lock);
		fn(bdev, arg);
		spin_lock(&devices_lock);
	}
	spin_unlock(&devices_lock);
}

/* --- requests --- */

struct blk_request *blk_try_get_request(struct block_device *bdev)
{
	struct block_device *disk = bdev->whole;
	unsigned long flags = spin_lock_irqsave(&disk->lock);
	struct blk_request *req = NULL;

	if (disk->requests_used < disk->nr_requests && !list_empty(&disk->pool)) {
		req = list_first_entry(&disk->pool, struct blk_request, link);
		list_del_init(&req->link);
		disk->requests_used++;
	}
	spin_unlock_irqrestore(&disk->lock, flags);
	if (!req)
		return NULL;
	req->bdev = bdev;
	req->nr_segments = req->nr_bytes = 0;
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
	wait_event(bdev->whole->wait, (req = blk_try_get_request(bdev)) != NULL, "blk_get_request");
	return req;
}

/* block.h. Of several that are open (a page of the device is read for a file's), the first is known. */
void blk_keep_open(struct blk_request **open, struct blk_request *req)
{
	*open = req;
	if (!current->unsent)
		current->unsent = open;
}

/* block.h */
void blk_send(struct blk_request **open)
{
	struct blk_request *req = *open;
	struct block_device *bdev;

	if (current->unsent == open)
		current->unsent = NULL;
	if (!req)
		return;
	*open = NULL;
	bdev = req->bdev;
	blk_submit(req);
	blk_kick(bdev);
}

void blk_put_request(struct blk_request *req)
{
	struct block_device *disk = req->bdev->whole;
	unsigned long flags = spin_lock_irqsave(&disk->lock);

	list_add(&req->link, &disk->pool);
	disk->requests_used--;
	spin_unlock_irqrestore(&disk->lock, flags);
	wake_up(&disk->wait);
}

/* block.h */
int blk_set_nr_requests(struct block_device *bdev, unsigned long n)
{
	unsigned long flags;

	if (n > BLK_POOL_SIZE)
		return -EINVAL;
	flags = spin_lock_irqsave(&bdev->lock);
	bdev->nr_requests = MAX(n, (unsigned long)BLK_MIN_REQUESTS);
	spin_unlock_irqrestore(&bdev->lock, flags);
	wake_up_all(&bdev->wait);
	return 0;
}

bool blk_add_page(struct blk_request *req, struct page *page, u32 offset, u32 len)
{
	if (req->nr_segments == req->bdev->max_segments)
		return false;
	req->segments[req->nr_segments++] = (struct blk_segment){ page, offset, len };
	req->nr_bytes += len;
	return true;
}

/* block.h */
bool blk_extend_run(struct blk_request *req, struct page *page, u32 offset, u32 len)
{
	struct blk_segment *last = &req->segments[req->nr_segments - 1];

	if (page_to_phys(last->page) + last->offset + last->len != page_to_phys(page) + offset ||
	    req->nr_bytes + len > BLK_MAX_BYTES || req->bdev->whole->stacked)
		return false;
	last->len += len;
	req->nr_bytes += len;
	return true;
}

/* block.h. Two runs of one page that follow each other are one segment. */
bool blk_extend_segment(struct blk_request *req, struct page *page, u32 offset, u32 len)
{
	struct blk_segment *last = &req->segments[req->nr_segments - 1];

	if (last->page != page || last->offset + last->len != offset)
		return false;
	last->len += len;
	req->nr_bytes += len;
	return true;
}

/* => the disk's lock held. The clock of io_ticks runs while anything is in flight. */
static void account_start(struct block_device *bdev, u64 now)
{
	if (bdev->in_flight++ == 0)
		bdev->busy_since = now;
}

/* => the disk's lock held. */
static void account_end(struct block_device *bdev, const struct blk_request *req, u64 now)
{
	u64 took = now - req->start_ns;

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

	if (bdev->whole->gone || should_fail(req))
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
	struct block_device *bdev = req->bdev, *disk = bdev->whole;
	bool possible = request_possible(bdev, req);
	unsigned long flags;

	BUG_ON(!req->end_io);
	if (trace_enabled(block_rq_issue))
		trace_rq_issue(req);
	if (req->op != BLK_FLUSH)
		count_vm_events(req->op == BLK_READ ? PGPGIN : PGPGOUT,
				blk_request_bytes(req) >> SECTOR_SHIFT);
	if (req->op == BLK_READ && !in_interrupt())
		current->io.read_bytes += blk_request_bytes(req);
	req->sector += bdev->start;	/* from here on, the disk's */
	flags = spin_lock_irqsave(&disk->lock);
	req->start_ns = ktime_get_ns();
	account_start(disk, req->start_ns);
	if (bdev != disk)
		account_start(bdev, req->start_ns);
	/* Behind those who wait already; "gone" once more, since block_device_gone() empties
	 * pending under the lock. */
	if (possible && !disk->gone) {
		if (!list_empty(&disk->pending) || !disk->ops->submit(disk, req))
			list_add_tail(&req->link, &disk->pending);
		spin_unlock_irqrestore(&disk->lock, flags);
		return;
	}
	spin_unlock_irqrestore(&disk->lock, flags);
	blk_end_request(req, -EIO);
}

void blk_kick(struct block_device *bdev)
{
	struct block_device *disk = bdev->whole;

	if (!disk->gone)	/* one that goes meanwhile hears it for nothing */
		disk->ops->kick(disk);
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
		req->bdev->whole->name, (unsigned long long)req->sector, req->op, names[req->op], 0,
		req->nr_segments);
}

void blk_end_request(struct blk_request *req, int error)
{
	struct block_device *bdev = req->bdev, *disk = bdev->whole;
	unsigned long flags = spin_lock_irqsave(&disk->lock);
	u64 now = ktime_get_ns();

	BUG_ON(disk->in_flight == 0);
	if (trace_enabled(block_rq_complete))
		trace_rq_complete(req, error);
	account_end(disk, req, now);
	if (bdev != disk)
		account_end(bdev, req, now);
	if (req->op == BLK_WRITE)
		WRITE_ONCE(disk->writes_ended, disk->writes_ended + 1);
	spin_unlock_irqrestore(&disk->lock, flags);
	if (unlikely(error))
		print_error(req);
	req->error = error;
	req->end_io(req);
	blk_put_request(req);
}

/* Who has one of its partitions open looks there. Interrupts may be off. */
static void mark_partitions_gone(struct block_device *disk)
{
	struct block_device *d;

	/* No lock: structs stay in the list, and new ones are linked in before they are used. */
	list_for_each_entry(d, &devices, link)
		if (d->whole == disk)
			d->gone = true;
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
		mark_partitions_gone(bdev);
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

/*
 * block.h. The cache is empty if nothing has been written since the last flush was sent; nobody
 * knows what the first one finds there.
 */
int blk_flush_sync(struct block_device *bdev)
{
	struct block_device *disk = bdev->whole;
	struct blk_request *req;
	u64 ended = READ_ONCE(disk->writes_ended) + 1;
	unsigned long flags;
	int err;

	if (!disk->write_cache || READ_ONCE(disk->writes_flushed) == ended)
		return 0;
	req = blk_get_request(bdev);
	req->op = BLK_FLUSH;
	req->sector = 0;
	err = submit_and_wait(req);
	flags = spin_lock_irqsave(&disk->lock);
	if (!err && disk->writes_flushed < ended)
		WRITE_ONCE(disk->writes_flushed, ended);
	spin_unlock_irqrestore(&disk->lock, flags);
	return err;
}

/* --- exclusive use --- */

/*
 * bd_claim: a disk and its partitions exclude each other; two partitions do not. 0, -EBUSY (also
 * if @holder has it already in another part)
 */
int bd_claim(struct block_device *bdev, void *holder)
{
	struct block_device *disk = bdev->whole;
	unsigned long flags = spin_lock_irqsave(&disk->lock);
	bool first = !bdev->holder;
	int error = 0;

	if (!first)
		error = bdev->holder == holder ? 0 : -EBUSY;
	else if (bdev == disk ? disk->part_holders != 0 : disk->holder != NULL)
		error = -EBUSY;
	if (!error)
		bdev->holder = holder;
	if (!error && first && bdev != disk)
		disk->part_holders++;
	spin_unlock_irqrestore(&disk->lock, flags);
	return error;
}

/* bd_release: => claimed before */
void bd_release(struct block_device *bdev)
{
	struct block_device *disk = bdev->whole;
	unsigned long flags = spin_lock_irqsave(&disk->lock);

	if (bdev->holder && bdev != disk)
		disk->part_holders--;
	bdev->holder = NULL;
	spin_unlock_irqrestore(&disk->lock, flags);
}

/* --- /proc --- */

#define DEV_MAJOR(dev) ((dev) >> 20)
#define DEV_MINOR(dev) ((dev) & 0xfffff)

/* block.h */
void block_device_stats(struct block_device *bdev, struct disk_stats *s)
{
	unsigned long flags = spin_lock_irqsave(&bdev->whole->lock);

	for (int op = 0; op < 2; op++) {
		s->ios[op] = bdev->nr_ios[op];
		s->merges[op] = bdev->nr_merges[op];
		s->sectors[op] = bdev->nr_sectors[op];
		s->ms[op] = bdev->nr_ns[op] / NSEC_PER_MSEC;
	}
	s->flushes = bdev->nr_flushes;
	s->flush_ms = bdev->flush_ns / NSEC_PER_MSEC;
	s->in_flight = bdev->in_flight;
	s->busy_ms = bdev->busy_ns + (bdev->in_flight ? ktime_get_ns() - bdev->busy_since : 0);
	spin_unlock_irqrestore(&bdev->whole->lock, flags);
	s->busy_ms /= NSEC_PER_MSEC;
	s->total_ms = s->ms[0] + s->ms[1] + s->flush_ms;
}

/* One line of /proc/diskstats: Documentation/admin-guide/iostats.rst. Discards (4 fields) we
 * have none. */
static void show_diskstats_line(struct block_device *bdev, void *arg)
{
	struct seq_file *m = arg;
	struct disk_stats s;

	block_device_stats(bdev, &s);
	seq_printf(m,
		   "%4u %7u %s %llu %llu %llu %llu %llu %llu %llu %llu %u %llu %llu 0 0 0 0 %llu "
		   "%llu\n",
		   DEV_MAJOR(bdev->dev), DEV_MINOR(bdev->dev), bdev->name, s.ios[0], s.merges[0],
		   s.sectors[0], s.ms[0], s.ios[1], s.merges[1], s.sectors[1], s.ms[1], s.in_flight,
		   s.busy_ms, s.total_ms, s.flushes, s.flush_ms);
}

static int show_diskstats(struct seq_file *m)
{
	for_each_block_device(show_diskstats_line, m);
	return 0;
}
CTL_FILE("/proc/diskstats", .mode = 0444, .show = show_diskstats);

static void show_partition(struct block_device *bdev, void *arg)
{
	if (!bdev->capacity)
		return;			/* a drive without a medium */
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
