/*
 * virtio_ring.c - the split virtqueue: descriptors out, used entries in.
 *
 * Idea:   a buffer is a chain of descriptors; we put the number of its first one
 *         into "avail", the device puts it into "used" when it is done.
 *         With indirect descriptors the chain lies in a table of the driver's
 *         and takes one slot of the ring. With event indices each side
 *         says at which entry it wants to be told, so a burst costs one notice.
 *         What the device writes is checked before it is believed.
 * Locks:  vq->lock, held by the caller; not for virtqueue_notify().
 * Above:  virtio_blk.c.   Source: VIRTIO 1.1, 2.6.   In Linux: drivers/virtio/virtio_ring.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/io.h"
#include "kernel/x86/page.h"
#include "mm/page_alloc.h"

/* Behind the rings: 2.6.6, 2.6.8. */
static volatile u16 *used_event(struct virtqueue *vq)
{
	return (volatile u16 *)&vq->avail->ring[vq->num];
}
static volatile u16 *avail_event(struct virtqueue *vq)
{
	return (volatile u16 *)&vq->used->ring[vq->num];
}

int virtqueue_alloc(struct virtqueue *vq, unsigned int num)
{
	BUG_ON(num == 0 || num > VIRTIO_MAX_QUEUE || (num & (num - 1)));
	spin_lock_init(&vq->lock, LOCK_VIRTQ);
	vq->num = num;
	vq->desc = get_zeroed_page(GFP_KERNEL);
	vq->avail = get_zeroed_page(GFP_KERNEL);
	vq->used = get_zeroed_page(GFP_KERNEL);
	if (!vq->desc || !vq->avail || !vq->used) {
		virtqueue_free(vq);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < num; i++)
		vq->desc[i].next = i + 1;
	vq->free_head = 0;
	vq->num_free = num;
	return 0;
}

void virtqueue_free(struct virtqueue *vq)
{
	void *parts[] = { vq->desc, vq->avail, vq->used };

	for (unsigned int i = 0; i < 3; i++)
		if (parts[i])
			free_pages_address(parts[i], 0);
	vq->desc = NULL;
	vq->avail = NULL;
	vq->used = NULL;
}

static void fill_desc(struct vring_desc *d, const struct vring_seg *seg, bool write, bool last,
		      u16 next)
{
	d->addr = seg->addr;
	d->len = seg->len;
	d->flags = (write ? VRING_DESC_WRITE : 0) | (last ? 0 : VRING_DESC_NEXT);
	d->next = last ? 0 : next;
}

/* The chain in @table, and one descriptor of the ring that names it: 2.6.5.3. */
static u16 add_indirect(struct virtqueue *vq, const struct vring_seg *segs, unsigned int out,
			unsigned int total, struct vring_desc *table, phys_addr_t table_phys)
{
	u16 head = vq->free_head;
	struct vring_desc *d = &vq->desc[head];

	for (unsigned int i = 0; i < total; i++)
		fill_desc(&table[i], &segs[i], i >= out, i == total - 1, i + 1);
	vq->free_head = d->next;
	vq->num_free--;
	d->addr = table_phys;
	d->len = total * sizeof(*table);
	d->flags = VRING_DESC_INDIRECT;
	d->next = 0;
	return head;
}

static u16 add_direct(struct virtqueue *vq, const struct vring_seg *segs, unsigned int out,
		      unsigned int total)
{
	u16 head = vq->free_head, i = head;

	for (unsigned int n = 0; n < total; n++) {
		u16 next = vq->desc[i].next;

		fill_desc(&vq->desc[i], &segs[n], n >= out, n == total - 1, next);
		i = next;
	}
	vq->free_head = i;
	vq->num_free -= total;
	return head;
}

int virtqueue_add(struct virtqueue *vq, const struct vring_seg *segs, unsigned int out,
		  unsigned int in, void *token, struct vring_desc *table, phys_addr_t table_phys)
{
	unsigned int total = out + in;
	bool indirect = vq->indirect && table && total > 1;
	u16 head;

	BUG_ON(!token || total == 0);
	if (vq->broken)
		return -EIO;
	if (vq->num_free < (indirect ? 1 : total))
		return -ENOSPC;
	head = indirect ? add_indirect(vq, segs, out, total, table, table_phys)
			: add_direct(vq, segs, out, total);
	vq->tokens[head] = token;
	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
	/* x86 keeps stores in order: the entry is there before the index */
	barrier();
	WRITE_ONCE(vq->avail->idx, ++vq->avail_idx);
	return 0;
}

bool virtqueue_kick_prepare(struct virtqueue *vq)
{
	u16 new = vq->avail_idx, old = vq->last_kick;
	bool wanted;

	if (new == old || vq->broken)
		return false;
	/* the index is seen before we look whether the device sleeps: 2.6.13.4.1 */
	mb();
	if (vq->event_idx)
		wanted = (u16)(new - *avail_event(vq) - 1) < (u16)(new - old);
	else
		wanted = !(READ_ONCE(vq->used->flags) & VRING_USED_NO_NOTIFY);
	vq->last_kick = new;
	return wanted;
}

void virtqueue_notify(struct virtqueue *vq)
{
	writew(vq->index, vq->notify);
}

/* The chain from @head goes back to the free ones. */
static void free_chain(struct virtqueue *vq, u16 head)
{
	u16 i = head;

	vq->num_free++;
	while (vq->desc[i].flags & VRING_DESC_NEXT) {
		i = vq->desc[i].next;
		vq->num_free++;
	}
	vq->desc[i].next = vq->free_head;
	vq->free_head = head;
}

void *virtqueue_get_buf(struct virtqueue *vq, u32 *len)
{
	const struct vring_used_elem *elem;
	void *token;
	u32 id;

	if (vq->broken || vq->last_used == READ_ONCE(vq->used->idx))
		return NULL;
	/* x86 keeps loads in order: the entry is read after the index */
	barrier();
	elem = &vq->used->ring[vq->last_used & (vq->num - 1)];
	id = READ_ONCE(elem->id);
	*len = READ_ONCE(elem->len);
	if (id >= vq->num || !vq->tokens[id]) {
		pr_err("virtio: the device returned descriptor %u, which it was not given\n", id);
		vq->broken = true;
		return NULL;
	}
	token = vq->tokens[id];
	vq->tokens[id] = NULL;
	free_chain(vq, id);
	vq->last_used++;
	return token;
}

bool virtqueue_enable_interrupt(struct virtqueue *vq)
{
	if (vq->broken)
		return true;
	if (vq->event_idx) {
		*used_event(vq) = vq->last_used;
		/* either the device sees the event index or we see its entry */
		mb();
	}
	return vq->last_used == READ_ONCE(vq->used->idx);
}

void *virtqueue_detach(struct virtqueue *vq)
{
	for (unsigned int i = 0; i < vq->num; i++)
		if (vq->tokens[i]) {
			void *token = vq->tokens[i];

			vq->tokens[i] = NULL;
			return token;
		}
	return NULL;
}
