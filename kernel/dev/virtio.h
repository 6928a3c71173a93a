/*
 * virtio.h - virtio devices over PCI and their rings.
 *
 * Locks: vq->lock (LOCK_VIRTQ, irqsave) is taken by the driver around the ring's functions.
 * Source: Virtual I/O Device (VIRTIO) 1.1, OASIS; section numbers at the code.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/spinlock.h"

struct pci_dev;

enum virtio_status {			/* 2.1 */
	VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64, VIRTIO_FAILED = 128,
};
enum virtio_feature { /* bit numbers: 6 */
		      VIRTIO_F_INDIRECT_DESC = 28,
		      VIRTIO_F_EVENT_IDX = 29,
		      VIRTIO_F_VERSION_1 = 32,
		      VIRTIO_F_ACCESS_PLATFORM = 33,
};
#define VIRTIO_FEATURE(bit) (1UL << (bit))
#define VIRTIO_MAX_QUEUE 256		/* descriptors: then each of the three parts fits a page */

/* 2.6.5 */
struct vring_desc { u64 addr; u32 len; u16 flags, next; };
enum vring_desc_flags { VRING_DESC_NEXT = 1, VRING_DESC_WRITE = 2, VRING_DESC_INDIRECT = 4 };
struct vring_avail { u16 flags, idx, ring[]; };		/* then used_event */
struct vring_used_elem { u32 id, len; };
struct vring_used { u16 flags, idx; struct vring_used_elem ring[]; };	/* then avail_event */
enum { VRING_AVAIL_NO_INTERRUPT = 1, VRING_USED_NO_NOTIFY = 1 };

struct vring_seg { phys_addr_t addr; u32 len; };

/* Guards: l lock   c set once */
struct virtqueue {
	spinlock_t lock;
	unsigned int num;		/* c: descriptors, a power of two */
	bool indirect, event_idx;	/* c: negotiated */
	bool broken;			/* l: the device wrote nonsense or vanished */
	struct vring_desc *desc;	/* l */
	struct vring_avail *avail;	/* l */
	struct vring_used *used;	/* written by the device */
	u16 free_head, num_free;	/* l: chain of free descriptors */
	u16 avail_idx;			/* l: what avail->idx is */
	u16 last_kick;			/* l: avail_idx at the last kick */
	u16 last_used;			/* l: used entries taken */
	void *tokens[VIRTIO_MAX_QUEUE];	/* l: by first descriptor */
	void *notify;			/* c: register */
	u16 index;			/* c */
};

/*
 * virtqueue_add: offers a buffer: @out segments that the device reads, then @in that it writes.
 * @table: room for out + in descriptors at physical @table_phys, used if indirect descriptors are
 * on; may be NULL.
 * => lock held. 0; -ENOSPC: no descriptors; -EIO: broken.
 */
int virtqueue_add(struct virtqueue *vq, const struct vring_seg *segs, unsigned int out,
		  unsigned int in, void *token, struct vring_desc *table, phys_addr_t table_phys);
/* => lock held. Does the device want to know of what was added? Then virtqueue_notify() follows. */
bool virtqueue_kick_prepare(struct virtqueue *vq);
/* => lock not needed: the device may take its time */
void virtqueue_notify(struct virtqueue *vq);
/* => lock held. A token that is done; NULL */
void *virtqueue_get_buf(struct virtqueue *vq, u32 *len);
/* => lock held. false: more is done already, go on */
bool virtqueue_enable_interrupt(struct virtqueue *vq);
/* => lock held, broken. A token not given back; NULL */
void *virtqueue_detach(struct virtqueue *vq);
int virtqueue_alloc(struct virtqueue *vq, unsigned int num);	/* 0, -ENOMEM */
void virtqueue_free(struct virtqueue *vq);

struct virtio_device {
	struct pci_dev *pci;
	char name[16];			/* "virtio0" */
	u16 type;			/* 2 block, 4 entropy … (5) */
	u64 features;			/* negotiated */
	u8 *common, *notify, *isr, *config;	/* mapped registers; config may be NULL */
	u32 notify_multiplier, notify_len, config_len;
	bool msix;
	void (*config_changed)(struct virtio_device *vdev);	/* interrupt context */
	void (*queue_interrupt)(struct virtqueue *vq);		/* interrupt context */
	struct virtqueue *vq;		/* one queue for now */
	void *driver;
};

/* virtio_pci.c */
/* maps and resets it. 0, -ENODEV: not ours or not modern */
int virtio_pci_probe(struct pci_dev *pci, struct virtio_device *vdev);
/* ACKNOWLEDGE … FEATURES_OK with what @wanted and the device have in common. 0, -ENODEV */
int virtio_negotiate(struct virtio_device *vdev, u64 wanted);
/* with its interrupt. 0, -errno */
int virtio_setup_queue(struct virtio_device *vdev, struct virtqueue *vq, u16 index);
void virtio_device_ready(struct virtio_device *vdev);	/* DRIVER_OK */
void virtio_fail(struct virtio_device *vdev);		/* gives up: FAILED */
void virtio_reset(struct virtio_device *vdev);
/* reads as all ones, or wants a reset; any context */
bool virtio_device_lost(struct virtio_device *vdev);
/* 0 beyond its end */
u32 virtio_config_read32(struct virtio_device *vdev, unsigned int offset);
u64 virtio_config_read64(struct virtio_device *vdev, unsigned int offset);

/* virtio_blk.c */
void virtio_init(void);			/* => pci_init, block_init: probes all virtio devices */
