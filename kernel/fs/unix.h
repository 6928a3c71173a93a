/*
 * unix.h - AF_UNIX's part of a socket, for unix.c (names, connections), unix_io.c (messages) and
 *          unix_gc.c (descriptors that only queues hold).
 */
#pragma once

#include "kernel/fs/socket.h"
#include "kernel/sched/mutex.h"

struct sk_buff;

/* A name. Shared with the sockets that a listener's connections become. */
struct unix_address {
	_Atomic int refs;
	int len;			/* of @name, its family included */
	struct sockaddr_un name;
};

/* Guards: l sk.lock   t unix_table_lock   b bindlock   c set once   g unix_gc_lock */
struct unix_sock {
	struct sock sk;
	struct mutex bindlock;		/* LOCK_SOCK_BIND: one bind at a time */
	struct mutex iolock;		/* LOCK_SOCK_IO: one reader at a time */
	struct unix_address *addr;	/* l for writing once; read after a look for NULL */
	struct path path;		/* l: of a name in the file system */
	struct hlist_node name_node;	/* t: by inode or abstract name */
	struct list_head all;		/* t: /proc/net/unix */
	struct sock *peer;		/* l: a reference; a datagram's also under the peer's lock */
	struct list_head clients;	/* l: datagram sockets connected to us … */
	struct list_head client_node;	/* the peer's l, in only with ours, too: our place there */
	struct list_head accept_queue;	/* l: a listener's connections, by accept_node */
	struct list_head accept_node;	/* the listener's l */
	unsigned int max_ack_backlog;	/* l: messages or connections that may wait */
	struct wait_queue_head peer_wait;	/* those who found it full */
	unsigned int inflight;		/* g: how often our file is in flight */
	struct list_head inflight_node;	/* g */
	struct list_head gc_node;	/* g: in gc_reached */
	int gc_count;			/* g: scratch */
	u8 gc_state;			/* g: scratch */
};
static inline struct unix_sock *unix_sk(struct sock *sk)
{
	return container_of(sk, struct unix_sock, sk);
}
static inline bool unix_connected_type(const struct sock *sk) { return sk->type != SOCK_DGRAM; }

extern const struct proto_ops unix_stream_ops, unix_dgram_ops, unix_seqpacket_ops;

/* Two at once, in the order of their addresses. @b NULL or equal to @a: one. */
void unix_state_double_lock(struct sock *a, struct sock *b);
void unix_state_double_unlock(struct sock *a, struct sock *b);
struct sock *unix_peer_get(struct sock *sk);	/* a reference, or NULL */
/* 0, -EINVAL: family and length of a name to bind or connect to */
int unix_validate_addr(const struct sockaddr_storage *addr, int len);
/* Who has that name, with a reference; ERR_PTR(-ECONNREFUSED, -EPROTOTYPE, -ENOENT, -EACCES …) */
struct sock *unix_find_other(struct sockaddr_storage *addr, int len, int type);
/* => @other's lock held. May @sk send to it: it is connected to nobody else. */
bool unix_may_send(const struct sock *sk, struct sock *other);
bool unix_recvq_full(struct sock *sk);	/* => its lock held, or a hint */
/* Waits until @other has room. => its lock held, dropped; time left, or -ERESTARTSYS */
s64 unix_wait_for_peer(struct sock *other, s64 timeo);
int unix_autobind(struct sock *sk);
/* => sk's lock held: the peer, whose reference goes to the caller (NULL: there is none) */
struct sock *unix_drop_peer(struct sock *sk);
/* The same of a datagram socket, which its peer knows as a client. => no lock. @only: if it is that */
struct sock *unix_dgram_drop_peer(struct sock *sk, const struct sock *only);
/*
 * @sk and @other were each other's: what was still to be read from it is lost, and it is told. => no
 * lock held; may sleep
 */
void unix_dgram_disconnected(struct sock *sk, struct sock *other);
int unix_getname_of(struct sock *sk, struct sockaddr_storage *addr);	/* the length */
/* unix_io.c */
kssize_t unix_stream_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
kssize_t unix_stream_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
kssize_t unix_dgram_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
kssize_t unix_dgram_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
kssize_t unix_seqpacket_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
kssize_t unix_seqpacket_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock);
unsigned int unix_poll(struct file *file, struct sock *sk, struct poll_table *pt);
unsigned int unix_dgram_poll(struct file *file, struct sock *sk, struct poll_table *pt);
long unix_inq(struct sock *sk);
