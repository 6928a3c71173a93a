/*
 * skbuff.c - messages in sockets: their memory, and who pays for it.
 *
 * Idea:   Linux charges a sender the "truesize" of each message until it is read:
 *         the struct, the kmalloc bucket and the pages, not just the bytes. SO_SNDBUF
 *         counts in it, so it decides how many messages fit into a socket, and the
 *         same sum is used here. (What is really allocated is a little less: our struct is
 *         smaller, and there is no shared info behind the data.)
 * Locks:  none; wmem_alloc is atomic.
 * Above:  unix_io.c.   Below: mm's slab and pages.   In Linux: net/core/skbuff.c, net/core/sock.c.
 */
#include "kernel/fs/skbuff.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/fs/scm.h"
#include "kernel/fs/socket.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

/* Linux x86-64's sizes, which are part of every truesize. */
enum { SKB_STRUCT = 256, SKB_SHARED_INFO = 320 };
/* As Linux asks for message data: it may fail, and the caller has something to say then. */
#define SKB_GFP (GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NOMEMALLOC)

static struct kmem_cache *skb_cache;

void skb_init(void)
{
	skb_cache = kmem_cache_create("skbuff_head_cache", sizeof(struct sk_buff), 0,
				      SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
}

/* skbuff.h */
unsigned int skb_truesize(size_t head, size_t data)
{
	size_t bytes = ALIGN_UP(head, 64UL) + SKB_SHARED_INFO;

	return roundup_pow_of_two(bytes) + SKB_STRUCT + PAGE_ALIGN(data);
}

static void free_data(struct sk_buff *skb)
{
	for (unsigned int i = 0; i < skb->nr_frags; i++)
		put_page(skb->frags[i]);
	kfree(skb->frags);
	kfree(skb->head);
	kmem_cache_free(skb_cache, skb);
}

/* The pages of the second part. False: no memory; what there is, is in the skb. */
static bool alloc_frags(struct sk_buff *skb, size_t data)
{
	unsigned int n = PAGE_ALIGN(data) >> PAGE_SHIFT;

	skb->frags = kcalloc(n, sizeof(*skb->frags), SKB_GFP);
	if (!skb->frags)
		return false;
	for (; skb->nr_frags < n; skb->nr_frags++) {
		skb->frags[skb->nr_frags] = alloc_page(SKB_GFP);
		if (!skb->frags[skb->nr_frags])
			return false;
	}
	return true;
}

/* skbuff.h */
struct sk_buff *alloc_skb(size_t head, size_t data)
{
	struct sk_buff *skb = kmem_cache_alloc(skb_cache, SKB_GFP | __GFP_ZERO);

	if (!skb)
		return NULL;
	INIT_LIST_HEAD(&skb->list);
	skb->truesize = skb_truesize(head, data);
	skb->len = head + data;
	skb->head_len = head;
	skb->head = head ? kmalloc(head, SKB_GFP) : NULL;
	if ((head && !skb->head) || (data && !alloc_frags(skb, data))) {
		free_data(skb);
		return NULL;
	}
	return skb;
}

/* skbuff.h */
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	skb->sk = sock_hold(sk);
	sk->wmem_alloc += skb->truesize;
}

/* skbuff.h */
void kfree_skb(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	if (skb->fp)
		scm_destroy(skb->fp);
	if (sk) {
		sk->wmem_alloc -= skb->truesize;
		if (sock_writeable(sk))
			sock_wake(sk, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
		sock_put(sk);
	}
	free_data(skb);
}

/* skbuff.h */
void kfree_skb_list(struct list_head *skbs)
{
	while (!list_empty(skbs)) {
		struct sk_buff *skb = list_first_entry(skbs, struct sk_buff, list);

		list_del_init(&skb->list);
		kfree_skb(skb);
	}
}

/* The kernel address of byte @offset, and in *n how many follow it in one piece. */
static char *skb_piece(const struct sk_buff *skb, size_t offset, size_t *n)
{
	if (offset < skb->head_len) {
		*n = skb->head_len - offset;
		return skb->head + offset;
	}
	offset -= skb->head_len;
	*n = PAGE_SIZE - (offset & ~PAGE_MASK);
	return (char *)page_address(skb->frags[offset >> PAGE_SHIFT]) + (offset & ~PAGE_MASK);
}

/* skbuff.h */
int skb_fill(struct sk_buff *skb, struct msghdr *msg)
{
	for (size_t at = 0, n; at < skb->len; at += n) {
		char *to = skb_piece(skb, at, &n);

		n = MIN(n, skb->len - at);
		if (copy_from_msg(msg, to, n))
			return -EFAULT;
	}
	return 0;
}

/* skbuff.h */
int skb_copy_to_msg(const struct sk_buff *skb, size_t offset, struct msghdr *msg, size_t n)
{
	BUG_ON(offset + n > skb->len);
	for (size_t end = offset + n, piece; offset < end; offset += piece) {
		const char *from = skb_piece(skb, offset, &piece);

		piece = MIN(piece, end - offset);
		if (copy_to_msg(msg, from, piece))
			return -EFAULT;
	}
	return 0;
}
