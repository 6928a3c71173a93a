/*
 * socket.h - sockets: what all families share. The only family is AF_UNIX (unix.c).
 */
#pragma once

#include "kernel/abi/socket.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/list.h"
#include "kernel/sched/wait.h"

struct poll_table;
struct scm_cookie;

enum sock_state { TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10 };
enum { RCV_SHUTDOWN = 1, SEND_SHUTDOWN = 2, SHUTDOWN_MASK = 3 };

/* A message as the kernel sees it: where the bytes, the name and the control data are. */
struct msghdr {
	struct sockaddr_storage *name;	/* a kernel buffer; NULL: not wanted, or none was given */
	int namelen;
	const struct iovec *iov;	/* user addresses, checked */
	size_t iovlen, offset;		/* segments left; into the first */
	void __user *control;
	size_t controllen;
	unsigned int flags;		/* MSG_*: in for sending and receiving; out: truncated … */
};
size_t msg_bytes(const struct msghdr *msg);
/* The next @n bytes of it; the message moves on. 0, -EFAULT */
int copy_from_msg(struct msghdr *msg, void *to, size_t n);
int copy_to_msg(struct msghdr *msg, const void *from, size_t n);

struct proto_ops;

/*
 * One end.
 * Guards: l lock   a atomic   c set once   w written by setsockopt, a word, read without a lock
 */
struct sock {
	_Atomic int refs;		/* a: the file, the peer, queued messages, look-ups */
	const struct proto_ops *ops;	/* c */
	u8 type;			/* c: SOCK_* */
	u8 state;			/* l: enum sock_state */
	u8 shutdown;			/* l: *_SHUTDOWN */
	bool dead;			/* l: the file is gone */
	spinlock_t lock;		/* LOCK_SOCK; a second one by address, _NESTED */
	_Atomic int err;		/* a: reported once */
	struct wait_queue_head wait;	/* readers, writers, pollers */
	_Atomic unsigned int wmem_alloc;	/* a: truesize of what we sent and nobody has read */
	unsigned int sndbuf, rcvbuf;	/* w */
	int rcvlowat, priority;		/* w */
	s64 sndtimeo, rcvtimeo;		/* w: ns; 0: for ever */
	bool passcred, reuseaddr, reuseport, keepalive, broadcast, oobinline, debug, dontroute;
	struct linger linger;		/* w */
	struct ucred peer_cred;		/* l: who connected, or listened; pid 0: nobody */
	struct list_head receive_queue;	/* l: struct sk_buff */
	unsigned int qlen;		/* l: messages in it; for a listener: connections to accept */
	struct file *file;		/* c, l: NULL: not accepted yet. No reference */
	unsigned long ino;		/* c: 0: no file */
};

/* A family's part. Addresses are kernel copies. -errno, or what the call returns. */
struct proto_ops {
	int family;
	int (*bind)(struct sock *sk, struct sockaddr_storage *addr, int len);
	int (*connect)(struct sock *sk, struct sockaddr_storage *addr, int len, bool nonblock);
	int (*listen)(struct sock *sk, int backlog);
	/* the next connection, with a reference; ERR_PTR */
	struct sock *(*accept)(struct sock *sk, bool nonblock);
	/* the length; @peer: of the other end, -ENOTCONN */
	int (*getname)(struct sock *sk, struct sockaddr_storage *addr, bool peer);
	int (*shutdown)(struct sock *sk, int mode);
	kssize_t (*sendmsg)(struct sock *sk, struct msghdr *msg, bool nonblock);
	kssize_t (*recvmsg)(struct sock *sk, struct msghdr *msg, bool nonblock);
	unsigned int (*poll)(struct file *file, struct sock *sk, struct poll_table *pt);
	long (*inq)(struct sock *sk);	/* FIONREAD: bytes, -EINVAL */
	void (*release)(struct sock *sk);	/* the file is closed; drops its reference */
	void (*free)(struct sock *sk);	/* the last reference went */
};

extern unsigned int sysctl_wmem_default, sysctl_rmem_default, sysctl_wmem_max, sysctl_rmem_max;
extern unsigned int sysctl_somaxconn;

void sock_init(struct sock *sk, const struct proto_ops *ops, int type);	/* one reference */
static inline struct sock *sock_hold(struct sock *sk) { sk->refs++; return sk; }
void sock_put(struct sock *sk);			/* NULL is fine; may sleep */
struct sock *sock_of(struct file *file);	/* NULL: not a socket */
static inline bool sock_writeable(const struct sock *sk)
{
	return sk->wmem_alloc << 2 <= sk->sndbuf;
}
/* Wakes who waits at @sk for one of @events (EPOLL*). */
void sock_wake(struct sock *sk, unsigned int events);
/* Takes the pending error: 0 or -errno. */
int sock_error(struct sock *sk);
/* What an interrupted wait returns: a restart would begin the time anew. */
int sock_intr_errno(s64 timeo);
/* Waits for sndbuf to have room. 0, -EAGAIN, -EPIPE, -ERESTARTSYS, sk->err */
int sock_wait_for_wmem(struct sock *sk, bool nonblock);

/* sockopt.c */
int sock_getsockopt(struct sock *sk, int level, int name, void __user *val, int __user *len);
int sock_setsockopt(struct sock *sk, int level, int name, const void __user *val, int len);
/* sockmsg.c */
int move_addr_to_kernel(const void __user *uaddr, int len, struct sockaddr_storage *addr);
int move_addr_to_user(const struct sockaddr_storage *addr, int len, void __user *uaddr,
		      int __user *ulen);
kssize_t sock_read_write(struct file *file, const struct iovec *vec, size_t n, loff_t *pos,
			 bool write);
/* unix.c */
int unix_create(int type, int protocol, struct sock **sk);	/* 0, -errno */
int unix_socketpair(struct sock *a, struct sock *b);
void unix_init(void);
/* socket.c */
void sock_fs_init(void);
