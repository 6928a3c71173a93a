/*
 * virtio_blk.c - disks of a virtual machine: vda, vdb …
 *
 * Idea:   a request becomes a header (what, where), the data pages by their
 *         physical addresses, and a status byte that the device writes. Headers,
 *         status bytes and indirect tables are made at probe, one slot for each
 *         request of the block layer's pool, so that I/O allocates nothing.
 *         A device that vanished (all registers read ones) or that asks for a
 *         reset is given up: all it had ends with -EIO.
 * Locks:  vq->lock (LOCK_VIRTQ, irqsave) guards the ring and the slots; the
 *         block layer's lock is taken before it, never the other way.
 * Above:  kernel/block calls submit and kick.   Below: virtio_ring.c, virtio_pci.c.
 * Source: VIRTIO 1.1, 5.2.   In Linux: drivers/block/virtio_blk.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/page.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define VIRTIO_ID_BLOCK 2
#define VIRTBLK_MAJOR 254
#define MINORS_PER_DISK 16
enum blk_feature { BLK_F_SIZE_MAX = 1, BLK_F_SEG_MAX = 2, BLK_F_RO = 5, BLK_F_FLUSH = 9 };
enum blk_config { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12 };
enum blk_type { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2, STATUS_PENDING = 0xff };

/* What the device reads and writes besides the data. Lies within one page. */
struct slot_dma {
	struct { u32 type, reserved; u64 sector; } header;
	struct vring_desc table[BLK_MAX_SEGMENTS + 2];
	u8 status;
} __aligned(16);
#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(struct slot_dma))

struct slot { struct blk_request *req; struct slot_dma *dma; };

struct virtio_blk {
	struct virtio_device vdev;
	struct virtqueue vq;
	struct block_device bdev;
	struct slot slots[BLK_POOL_SIZE];	/* vq.lock */
	u64 free_slots;				/* vq.lock: bit n: slot n */
	struct timer_list watchdog;		/* looks whether the device is still there */
	bool watching;				/* vq.lock */
};
_Static_assert(BLK_POOL_SIZE == 64, "free_slots is one word");

#define WATCHDOG_NSEC (2 * NSEC_PER_SEC)

static unsigned int nr_disks;		/* boot only */

/* --- submission --- */

static void arm_watchdog(struct virtio_blk *vb)
{
	mod_timer(&vb->watchdog, ktime_get_ns() + WATCHDOG_NSEC);
}

/* The request's buffers in @segs; *out: those that the device reads. Returns their number. */
static unsigned int build_segments(const struct blk_request *req, struct slot_dma *dma,
				   struct vring_seg *segs, unsigned int *out)
{
	unsigned int n = 0;

	segs[n++] = (struct vring_seg){ virt_to_phys(&dma->header), sizeof(dma->header) };
	for (unsigned int i = 0; i < req->nr_segments; i++) {
		const struct blk_segment *s = &req->segments[i];

		segs[n++] = (struct vring_seg){ page_to_phys(s->page) + s->offset, s->len };
	}
	*out = req->op == BLK_WRITE ? n : 1;
	segs[n++] = (struct vring_seg){ virt_to_phys(&dma->status), 1 };
	return n;
}

/* ops->submit. => bdev->lock held. */
static bool virtblk_submit(struct block_device *bdev, struct blk_request *req)
{
	static const u32 types[] = {
		[BLK_READ] = TYPE_IN, [BLK_WRITE] = TYPE_OUT, [BLK_FLUSH] = TYPE_FLUSH
	};
	struct virtio_blk *vb = bdev->driver;
	struct vring_seg segs[BLK_MAX_SEGMENTS + 2];
	unsigned int i, n, out;
	struct slot_dma *dma;
	unsigned long flags = spin_lock_irqsave(&vb->vq.lock);
	bool ok = false;

	if (!vb->free_slots)
		goto unlock;
	i = __builtin_ctzll(vb->free_slots);
	dma = vb->slots[i].dma;
	dma->header.type = types[req->op];
	dma->header.sector = req->op == BLK_FLUSH ? 0 : req->sector;
	dma->status = STATUS_PENDING;
	n = build_segments(req, dma, segs, &out);
	if (virtqueue_add(&vb->vq, segs, out, n - out, &vb->slots[i], dma->table,
			  virt_to_phys(dma->table)))
		goto unlock;
	vb->free_slots &= vb->free_slots - 1;
	vb->slots[i].req = req;
	ok = true;
	if (!vb->watching) {
		vb->watching = true;
		arm_watchdog(vb);
	}
unlock:
	spin_unlock_irqrestore(&vb->vq.lock, flags);
	return ok;
}

static void virtblk_kick(struct block_device *bdev)
{
	struct virtio_blk *vb = bdev->driver;
	unsigned long flags = spin_lock_irqsave(&vb->vq.lock);
	bool wanted = virtqueue_kick_prepare(&vb->vq);

	spin_unlock_irqrestore(&vb->vq.lock, flags);
	if (wanted)		/* leaves the virtual machine: nobody should wait for that */
		virtqueue_notify(&vb->vq);
}

static const struct block_device_operations virtblk_ops = { .submit = virtblk_submit,
							    .kick = virtblk_kick };

/* --- completion --- */

/* => vq.lock held. The slot is free again; its request, with the error it ends with. */
static struct blk_request *finish_slot(struct virtio_blk *vb, struct slot *slot, bool lost)
{
	struct blk_request *req = slot->req;
	u8 status = READ_ONCE(slot->dma->status);

	BUG_ON(!req);
	req->error = lost		       ? -EIO
		     : status == STATUS_OK     ? 0
		     : status == STATUS_UNSUPP ? -EOPNOTSUPP
					       : -EIO;
	slot->req = NULL;
	vb->free_slots |= 1UL << (slot - vb->slots);
	return req;
}

static void end_all(struct list_head *done)
{
	struct blk_request *req, *next;

	list_for_each_entry_safe(req, next, done, link) {
		list_del_init(&req->link);
		blk_end_request(req, req->error);
	}
}

static void virtblk_lost(struct virtio_blk *vb);

/* A message: the device finished something. */
static void virtblk_interrupt(struct virtqueue *vq)
{
	struct virtio_blk *vb = container_of(vq, struct virtio_blk, vq);
	LIST_HEAD(done);
	unsigned long flags;
	struct slot *slot;
	bool broken;
	u32 len;

	flags = spin_lock_irqsave(&vq->lock);
	do {
		while ((slot = virtqueue_get_buf(vq, &len)))
			list_add_tail(&finish_slot(vb, slot, false)->link, &done);
	} while (!virtqueue_enable_interrupt(vq));
	broken = vq->broken;
	spin_unlock_irqrestore(&vq->lock, flags);
	end_all(&done);
	if (unlikely(broken))
		virtblk_lost(vb);
	/* a hint: filled under bdev->lock by whom submit() refused */
	else if (!list_empty(&vb->bdev.pending))
		blk_run_pending(&vb->bdev);
}

/*
 * The device is no more. Nothing it does is looked at from here on; it might still
 * write to the pages of its last requests, if it is not gone but mad, so it is reset first.
 */
static void virtblk_lost(struct virtio_blk *vb)
{
	LIST_HEAD(done);
	struct slot *slot;
	unsigned long flags;

	virtio_reset(&vb->vdev);
	block_device_gone(&vb->bdev);
	flags = spin_lock_irqsave(&vb->vq.lock);
	vb->vq.broken = true;
	while ((slot = virtqueue_detach(&vb->vq)))
		list_add_tail(&finish_slot(vb, slot, true)->link, &done);
	spin_unlock_irqrestore(&vb->vq.lock, flags);
	end_all(&done);
}

/* Every two seconds while anything is in flight: a device that was pulled out raises no
 * interrupt. */
static void virtblk_watchdog(struct timer_list *t)
{
	struct virtio_blk *vb = container_of(t, struct virtio_blk, watchdog);
	bool lost = !vb->bdev.gone && virtio_device_lost(&vb->vdev);
	unsigned long flags = spin_lock_irqsave(&vb->vq.lock);

	vb->watching = !lost && !vb->vq.broken && vb->free_slots != ~0UL;
	if (vb->watching)
		arm_watchdog(vb);
	spin_unlock_irqrestore(&vb->vq.lock, flags);
	if (lost)
		virtblk_lost(vb);
}

/* "1.07 GB", "256 MiB": three digits, as Linux's string_get_size(). */
static void format_size(char *buf, size_t size, u64 bytes, unsigned int unit,
			const char *const *names)
{
	unsigned int i = 0;
	u64 rest = 0, hundredths;

	while (bytes >= unit) {
		rest = bytes % unit;
		bytes /= unit;
		i++;
	}
	hundredths = rest * 100 / unit;
	if (bytes >= 100 || i == 0)
		snprintf(buf, size, "%llu %s", (unsigned long long)bytes, names[i]);
	else if (bytes >= 10)
		snprintf(buf, size, "%llu.%llu %s", (unsigned long long)bytes,
			 (unsigned long long)hundredths / 10, names[i]);
	else
		snprintf(buf, size, "%llu.%02llu %s", (unsigned long long)bytes,
			 (unsigned long long)hundredths, names[i]);
}

static void print_capacity(struct virtio_blk *vb, sector_t sectors, const char *prefix)
{
	static const char *const units10[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	static const char *const units2[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	char dec[16], bin[16];

	format_size(dec, sizeof(dec), sectors << SECTOR_SHIFT, 1000, units10);
	format_size(bin, sizeof(bin), sectors << SECTOR_SHIFT, 1024, units2);
	pr_notice("virtio_blk %s: [%s] %s%llu 512-byte logical blocks (%s/%s)\n", vb->vdev.name,
		  vb->bdev.name, prefix, (unsigned long long)sectors, dec, bin);
}

/* The configuration changed: a new size, or the device asks for a reset. Interrupt context. */
static void virtblk_config_changed(struct virtio_device *vdev)
{
	struct virtio_blk *vb = vdev->driver;
	sector_t sectors;

	if (virtio_device_lost(vdev)) {
		virtblk_lost(vb);
		return;
	}
	sectors = virtio_config_read64(vdev, CONFIG_CAPACITY);
	if (sectors != vb->bdev.capacity)
		print_capacity(vb, sectors, "new size: ");
	blk_set_capacity(&vb->bdev, sectors);
}

/* --- probe --- */

static int alloc_slots(struct virtio_blk *vb)
{
	char *page = NULL;

	for (unsigned int i = 0; i < BLK_POOL_SIZE; i++) {
		if (i % SLOTS_PER_PAGE == 0) {
			page = get_zeroed_page(GFP_KERNEL);
			if (!page)
				return -ENOMEM;
		}
		vb->slots[i].dma = (struct slot_dma *)page + i % SLOTS_PER_PAGE;
	}
	vb->free_slots = ~0UL;
	return 0;
}

static void free_slots(struct virtio_blk *vb)
{
	for (unsigned int i = 0; i < BLK_POOL_SIZE; i += SLOTS_PER_PAGE)
		if (vb->slots[i].dma)
			free_pages_address(vb->slots[i].dma, 0);
}

static void fill_bdev(struct virtio_blk *vb)
{
	struct block_device *bdev = &vb->bdev;
	u32 seg_max = virtio_config_read32(&vb->vdev, CONFIG_SEG_MAX);

	bdev->ops = &virtblk_ops;
	bdev->driver = vb;
	snprintf(bdev->name, sizeof(bdev->name), "vd%c", 'a' + nr_disks);
	bdev->dev = (kdev_t)VIRTBLK_MAJOR << 20 | nr_disks * MINORS_PER_DISK;
	bdev->capacity = virtio_config_read64(&vb->vdev, CONFIG_CAPACITY);
	bdev->write_cache = vb->vdev.features & VIRTIO_FEATURE(BLK_F_FLUSH);
	bdev->read_only = vb->vdev.features & VIRTIO_FEATURE(BLK_F_RO);
	bdev->max_segments =
		vb->vdev.features & VIRTIO_FEATURE(BLK_F_SEG_MAX) && seg_max ? seg_max : 1;
	bdev->max_segments = MIN(bdev->max_segments, BLK_MAX_SEGMENTS);
	if (!vb->vq.indirect)		/* a chain must fit the ring */
		bdev->max_segments = MIN(bdev->max_segments, vb->vq.num - 2);
}

static int start_disk(struct virtio_blk *vb)
{
	u64 wanted = VIRTIO_FEATURE(BLK_F_SEG_MAX) | VIRTIO_FEATURE(BLK_F_RO) |
		     VIRTIO_FEATURE(BLK_F_FLUSH) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) |
		     VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	int error = virtio_negotiate(&vb->vdev, wanted);

	if (error)
		return error;
	error = alloc_slots(vb);
	if (error)
		return error;
	timer_setup(&vb->watchdog, virtblk_watchdog);
	vb->vdev.driver = vb;
	vb->vdev.queue_interrupt = virtblk_interrupt;
	vb->vdev.config_changed = NULL;	/* until there is a device to change */
	error = virtio_setup_queue(&vb->vdev, &vb->vq, 0);
	if (error)
		return error;
	fill_bdev(vb);
	virtio_device_ready(&vb->vdev);
	print_capacity(vb, vb->bdev.capacity, "");
	error = register_block_device(&vb->bdev);
	if (error)
		return error;
	vb->vdev.config_changed = virtblk_config_changed;
	nr_disks++;
	return 0;
}

static void probe_disk(struct pci_dev *pci)
{
	struct virtio_blk *vb;
	int error;

	if (pci->vendor != 0x1af4 || nr_disks == 26)
		return;
	vb = kzalloc(sizeof(*vb), GFP_KERNEL);
	if (!vb)
		return;
	error = virtio_pci_probe(pci, &vb->vdev);
	if (!error && vb->vdev.type == VIRTIO_ID_BLOCK) {
		error = start_disk(vb);
		if (!error)
			return;
		pr_err("virtio_blk %s: probe failed with error %d\n", vb->vdev.name, error);
		/* Its interrupt may be routed already: the struct stays, reset and unused. */
		virtio_reset(&vb->vdev);
		virtio_fail(&vb->vdev);
		free_slots(vb);
		return;
	}
	kfree(vb);
}

void virtio_init(void)
{
	pci_for_each(probe_disk);
}
