/*
 * skbuff.h - one message on its way through a socket.
 *
 * Idea:   a small struct from its own slab cache, a first part from kmalloc, the
 *         rest in single pages: all of it kernel (low) memory, charged to the
 *         sender until the message has been read.
 */
#pragma once

#include "kernel/abi/socket.h"
#include "kernel/lib/list.h"
#include "mm/gfp.h"

struct page;
struct scm_fp_list;
struct sock;
struct msghdr;

/* Guards: c set before it is queued   i the reader's iolock   q the queue's socket's lock */
struct sk_buff {
	struct list_head list;		/* q */
	struct sock *sk;		/* c: the sender: a reference, and the charge is his */
	unsigned int truesize;		/* c: what is charged */
	unsigned int head_len, nr_frags;	/* c */
	size_t len, consumed;		/* c; i: read already (streams) */
	char *head;			/* c */
	struct page **frags;		/* c */
	struct ucred cred;		/* c: of the sender */
	bool has_cred;			/* c: else nobody asked for it */
	struct scm_fp_list *fp;		/* i: descriptors that travel along */
};

void skb_init(void);
/* What a message of @head + @data bytes is charged. */
unsigned int skb_truesize(size_t head, size_t data);
/* Room for @head + @data bytes, not charged to anybody yet. NULL without memory; may sleep */
struct sk_buff *alloc_skb(size_t head, size_t data);
/* The charge goes to @sk, a reference is taken. */
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
/* Frees it, its descriptors too; the sender may write again. => no lock held: files are closed */
void kfree_skb(struct sk_buff *skb);
void kfree_skb_list(struct list_head *skbs);
/* All of it from @msg; @n bytes from @offset on to @msg. 0, -EFAULT */
int skb_fill(struct sk_buff *skb, struct msghdr *msg);
int skb_copy_to_msg(const struct sk_buff *skb, size_t offset, struct msghdr *msg, size_t n);
