/*
 * virtio_pci.c - a virtio device on the PCI bus, as of version 1.0.
 *
 * Idea:   vendor capabilities tell in which BARs four groups of registers lie:
 *         the common ones, the doorbells, the interrupt status, the device's
 *         own. Interrupts are MSI-X messages, one for the configuration and
 *         one for the queue; without MSI-X both come by the shared line and the
 *         status register tells them apart.
 * Locks:  none of its own: set-up is single-threaded.
 * Above:  virtio_blk.c.   Below: pci.c, virtio_ring.c.
 * Source: VIRTIO 1.1, 3.1 and 4.1.   In Linux: drivers/virtio/virtio_pci_modern.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/page.h"

#define VIRTIO_VENDOR 0x1af4
enum { VIRTIO_CAP_COMMON = 1, VIRTIO_CAP_NOTIFY = 2, VIRTIO_CAP_ISR = 3, VIRTIO_CAP_DEVICE = 4 };
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };
#define VIRTIO_NO_VECTOR 0xffff

/* Offsets in the common configuration: 4.1.4.3. */
enum common_config {
	COMMON_DEVICE_FEATURE_SELECT = 0,
	COMMON_DEVICE_FEATURE = 4,
	COMMON_DRIVER_FEATURE_SELECT = 8,
	COMMON_DRIVER_FEATURE = 12,
	COMMON_MSIX_CONFIG = 16,
	COMMON_NUM_QUEUES = 18,
	COMMON_STATUS = 20,
	COMMON_GENERATION = 21,
	COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24,
	COMMON_QUEUE_VECTOR = 26,
	COMMON_QUEUE_ENABLE = 28,
	COMMON_QUEUE_NOTIFY_OFF = 30,
	COMMON_QUEUE_DESC = 32,
	COMMON_QUEUE_DRIVER = 40,
	COMMON_QUEUE_DEVICE = 48,
	COMMON_BYTES = 56,
};

static unsigned int nr_virtio;		/* names given out; boot only */

/* Maps the group that vendor capability @cap describes: 4.1.4. */
static void map_capability(struct virtio_device *vdev, u8 cap)
{
	struct pci_dev *pci = vdev->pci;
	u8 type = pci_read8(pci, cap + 3), bar = pci_read8(pci, cap + 4);
	u32 offset = pci_read32(pci, cap + 8), len = pci_read32(pci, cap + 12);
	u8 **where = type == VIRTIO_CAP_COMMON	 ? &vdev->common
		     : type == VIRTIO_CAP_NOTIFY ? &vdev->notify
		     : type == VIRTIO_CAP_ISR	 ? &vdev->isr
		     : type == VIRTIO_CAP_DEVICE ? &vdev->config
						 : NULL;

	if (!where || *where || (type == VIRTIO_CAP_COMMON && len < COMMON_BYTES))
		return;			/* the first of a kind that we can use counts */
	*where = pci_map_bar(pci, bar, offset, len);
	if (*where && type == VIRTIO_CAP_NOTIFY) {
		vdev->notify_multiplier = pci_read32(pci, cap + 16);
		vdev->notify_len = len;
	}
	if (*where && type == VIRTIO_CAP_DEVICE)
		vdev->config_len = len;
}

int virtio_pci_probe(struct pci_dev *pci, struct virtio_device *vdev)
{
	char name[16];
	u8 cap = 0;
	int left = 48;			/* as many fit: the chain may be a ring */

	if (pci->vendor != VIRTIO_VENDOR || pci->device < 0x1000 || pci->device > 0x107f)
		return -ENODEV;
	/* Transitional devices (4.1.2.3) name their type in the subsystem id. */
	vdev->type = pci->device >= 0x1040 ? pci->device - 0x1040 : pci->subsystem;
	vdev->pci = pci;
	pci_enable_device(pci);
	while (left-- && (cap = pci_find_capability(pci, PCI_CAP_VENDOR, cap)))
		map_capability(vdev, cap);
	if (!vdev->common || !vdev->notify || !vdev->isr) {
		pr_err("virtio-pci %s: no modern (1.0) interface\n", pci_name(pci, name));
		return -ENODEV;
	}
	snprintf(vdev->name, sizeof(vdev->name), "virtio%u", nr_virtio++);
	virtio_reset(vdev);
	return 0;
}

static u8 status(struct virtio_device *vdev) { return readb(vdev->common + COMMON_STATUS); }
static void add_status(struct virtio_device *vdev, u8 bits)
{
	writeb(status(vdev) | bits, vdev->common + COMMON_STATUS);
}

/* Waits, not for ever, until the device says that it is reset: 4.1.4.3.2. */
void virtio_reset(struct virtio_device *vdev)
{
	writeb(0, vdev->common + COMMON_STATUS);
	for (int i = 0; i < 10000 && status(vdev) != 0 && status(vdev) != 0xff; i++)
		udelay(10);
}

/*
 * => DRIVER_OK was set. Where a device was pulled out, reads give ones or (QEMU) zeroes; one
 *    without DRIVER_OK was reset behind our back.
 */
bool virtio_device_lost(struct virtio_device *vdev)
{
	u8 s = status(vdev);

	return s == 0xff || s & VIRTIO_NEEDS_RESET || !(s & VIRTIO_DRIVER_OK);
}

void virtio_fail(struct virtio_device *vdev) { add_status(vdev, VIRTIO_FAILED); }
void virtio_device_ready(struct virtio_device *vdev) { add_status(vdev, VIRTIO_DRIVER_OK); }

static u64 device_features(struct virtio_device *vdev)
{
	u32 low, high;

	writel(0, vdev->common + COMMON_DEVICE_FEATURE_SELECT);
	low = readl(vdev->common + COMMON_DEVICE_FEATURE);
	writel(1, vdev->common + COMMON_DEVICE_FEATURE_SELECT);
	high = readl(vdev->common + COMMON_DEVICE_FEATURE);
	return (u64)high << 32 | low;
}

static void write_features(struct virtio_device *vdev, u64 features)
{
	writel(0, vdev->common + COMMON_DRIVER_FEATURE_SELECT);
	writel((u32)features, vdev->common + COMMON_DRIVER_FEATURE);
	writel(1, vdev->common + COMMON_DRIVER_FEATURE_SELECT);
	writel((u32)(features >> 32), vdev->common + COMMON_DRIVER_FEATURE);
}

int virtio_negotiate(struct virtio_device *vdev, u64 wanted)
{
	add_status(vdev, VIRTIO_ACKNOWLEDGE);
	add_status(vdev, VIRTIO_DRIVER);
	vdev->features = device_features(vdev) & (wanted | VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	if (!(vdev->features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1)))
		return -ENODEV;
	write_features(vdev, vdev->features);
	add_status(vdev, VIRTIO_FEATURES_OK);
	return status(vdev) & VIRTIO_FEATURES_OK ? 0 : -ENODEV;
}

/* --- interrupts --- */

static void queue_message(void *arg)
{
	struct virtio_device *vdev = arg;

	vdev->queue_interrupt(vdev->vq);
}

static void config_message(void *arg)
{
	struct virtio_device *vdev = arg;

	if (vdev->config_changed)
		vdev->config_changed(vdev);
}

/* Reading the status acknowledges it: 4.1.4.5. */
static void line_interrupt(void *arg)
{
	struct virtio_device *vdev = arg;
	u8 isr = readb(vdev->isr);

	if (isr & ISR_CONFIG)
		config_message(vdev);
	if (isr & ISR_QUEUE)
		queue_message(vdev);
}

static bool try_msix(struct virtio_device *vdev)
{
	struct pci_dev *pci = vdev->pci;

	if (pci->nr_msix < 2 || pci_enable_msix(pci))
		return false;
	if (pci_msix_request(pci, 0, config_message, vdev, vdev->name) ||
	    pci_msix_request(pci, 1, queue_message, vdev, vdev->name))
		goto no;
	writew(0, vdev->common + COMMON_MSIX_CONFIG);
	if (readw(vdev->common + COMMON_MSIX_CONFIG) != 0)
		goto no;
	return true;
no:
	writew(VIRTIO_NO_VECTOR, vdev->common + COMMON_MSIX_CONFIG);
	pci_disable_msix(pci);
	return false;
}

static int setup_interrupts(struct virtio_device *vdev)
{
	vdev->msix = try_msix(vdev);
	if (vdev->msix)
		return 0;
	pr_info("virtio_pci %s: no MSI-X, interrupts come by line %u\n", vdev->name,
		vdev->pci->irq_line);
	return pci_request_intx(vdev->pci, line_interrupt, vdev, vdev->name);
}

static void write_address(struct virtio_device *vdev, unsigned int reg, const void *p)
{
	phys_addr_t phys = virt_to_phys(p);

	writel((u32)phys, vdev->common + reg);
	writel((u32)(phys >> 32), vdev->common + reg + 4);
}

int virtio_setup_queue(struct virtio_device *vdev, struct virtqueue *vq, u16 index)
{
	unsigned int num;
	u64 notify_off;
	int error;

	writew(index, vdev->common + COMMON_QUEUE_SELECT);
	num = readw(vdev->common + COMMON_QUEUE_SIZE);
	notify_off = (u64)readw(vdev->common + COMMON_QUEUE_NOTIFY_OFF) * vdev->notify_multiplier;
	/* four: the shortest chain of a transfer, which takes three */
	if (num < 4 || (num & (num - 1)) || notify_off + 2 > vdev->notify_len)
		return -ENODEV;
	if (num > VIRTIO_MAX_QUEUE)
		num = VIRTIO_MAX_QUEUE;
	error = virtqueue_alloc(vq, num);
	if (error)
		return error;
	vq->index = index;
	vq->indirect = vdev->features & VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
	vq->event_idx = vdev->features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	vq->notify = vdev->notify + notify_off;
	vdev->vq = vq;
	error = setup_interrupts(vdev);
	if (error) {
		virtqueue_free(vq);
		return error;
	}
	writew(num, vdev->common + COMMON_QUEUE_SIZE);
	writew(vdev->msix ? 1 : VIRTIO_NO_VECTOR, vdev->common + COMMON_QUEUE_VECTOR);
	write_address(vdev, COMMON_QUEUE_DESC, vq->desc);
	write_address(vdev, COMMON_QUEUE_DRIVER, vq->avail);
	write_address(vdev, COMMON_QUEUE_DEVICE, vq->used);
	writew(1, vdev->common + COMMON_QUEUE_ENABLE);
	return 0;
}

/* --- the device's own configuration --- */

u32 virtio_config_read32(struct virtio_device *vdev, unsigned int offset)
{
	return vdev->config && offset + 4 <= vdev->config_len ? readl(vdev->config + offset) : 0;
}

/* Two halves: read again if the device changed them meanwhile (2.4.1). */
u64 virtio_config_read64(struct virtio_device *vdev, unsigned int offset)
{
	u64 value;
	u8 generation;

	do {
		generation = readb(vdev->common + COMMON_GENERATION);
		value = virtio_config_read32(vdev, offset);
		value |= (u64)virtio_config_read32(vdev, offset + 4) << 32;
	} while (readb(vdev->common + COMMON_GENERATION) != generation);
	return value;
}
