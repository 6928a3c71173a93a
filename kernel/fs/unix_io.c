/*
 * unix_io.c - AF_UNIX: messages from one end to the other.
 *
 * Idea:   a sender builds a message in memory of his own account and links it into
 *         the receiver's queue. Of a stream, a reader takes as many bytes of as
 *         many messages as he wants, up to where descriptors or another sender's
 *         credentials begin; of datagrams, one message, all of it or its beginning.
 *         A stream's sender sleeps when what he has sent and nobody has read is as
 *         much as his SO_SNDBUF; a datagram's also when the receiver's queue is long.
 * Locks:  the receiver's lock to link and unlink; iolock while a reader copies.
 *         Messages are freed with no lock held, since that may close files.
 * Above:  socket.c, through unix.c's tables.   Below: skbuff.c, scm.c.   In Linux:
 * net/unix/af_unix.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/scm.h"
#include "kernel/fs/skbuff.h"
#include "kernel/fs/unix.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"

/* Linux's sizes: the first part fits a page with its shared info; frags come in blocks of 32 KiB. */
enum {
	SKB_MAX_HEAD = 4096 - 320,
	SKB_MAX_ALLOC = 16384 - 320,
	STREAM_MAX = SKB_MAX_HEAD + 32768,
};
#define EPOLL_READ (EPOLLIN | EPOLLRDNORM)
#define EPOLL_WRITE (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)

/* --- building a message --- */

/* Does either end want to know who sends? */
static void maybe_add_creds(struct scm_cookie *scm, struct sock *sk, struct sock *other)
{
	if (!scm->has_cred && (sk->passcred || (other && other->passcred)))
		scm_set_current(scm);
}

/* What travels beside the bytes. The descriptors go with the first message only. */
static void attach_scm(struct sk_buff *skb, struct scm_cookie *scm)
{
	skb->cred = scm->cred;
	skb->has_cred = scm->has_cred;
	skb->fp = scm->fp;
	scm->fp = NULL;
	if (skb->fp)
		unix_attach_fds(skb->fp);
}

/*
 * A message of @len bytes of @msg, charged to @sk, which may wait for room. ERR_PTR: -EAGAIN,
 * -ENOBUFS, -EFAULT, -EPIPE, -ERESTARTSYS.
 */
static struct sk_buff *make_skb(struct sock *sk, struct msghdr *msg, size_t len, size_t head,
				bool nonblock)
{
	struct sk_buff *skb;
	int err = sock_error(sk);

	if (!err)
		err = READ_ONCE(sk->shutdown) & SEND_SHUTDOWN ? -EPIPE : 0;
	if (!err)
		err = sock_wait_for_wmem(sk, nonblock);
	if (err)
		return ERR_PTR(err);
	skb = alloc_skb(MIN(head, len), len - MIN(head, len));
	if (!skb)
		return ERR_PTR(-ENOBUFS);
	skb_set_owner_w(skb, sk);
	if (skb_fill(skb, msg)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

/* => @sk's lock held */
static void queue_skb(struct sock *sk, struct sk_buff *skb)
{
	list_add_tail(&skb->list, &sk->receive_queue);
	WRITE_ONCE(sk->qlen, sk->qlen + 1);
}

/* Frees what a failed sender still has. Returns @err. */
static kssize_t give_up(struct scm_cookie *scm, kssize_t err)
{
	if (scm->fp)
		scm_destroy(scm->fp);
	scm->fp = NULL;
	return err;
}

/* --- streams --- */

/* Linux's split of @size bytes: the first part is what does not fill whole pages. */
static size_t stream_head(size_t size)
{
	size_t data = size > SKB_MAX_HEAD ? size - SKB_MAX_HEAD : 0;

	return size - MIN(size, PAGE_ALIGN(data));
}

/* Links @skb at the peer. 0, -EPIPE */
static int stream_deliver(struct sock *other, struct sk_buff *skb)
{
	int err = 0;

	spin_lock(&other->lock);
	if (other->dead || other->shutdown & RCV_SHUTDOWN)
		err = -EPIPE;
	else
		queue_skb(other, skb);
	spin_unlock(&other->lock);
	if (!err)
		sock_wake(other, EPOLL_READ);
	return err;
}

static kssize_t stream_send(struct sock *sk, struct sock *other, struct msghdr *msg,
			    struct scm_cookie *scm, bool nonblock)
{
	size_t len = msg_bytes(msg), sent = 0;

	while (sent < len) {
		size_t size = MIN(len - sent, (READ_ONCE(sk->sndbuf) >> 1) - 64UL);
		struct sk_buff *skb;
		int err;

		size = MIN(size, (size_t)STREAM_MAX);
		skb = make_skb(sk, msg, size, stream_head(size), nonblock);
		if (IS_ERR(skb))
			return sent ? (kssize_t)sent : PTR_ERR(skb);
		attach_scm(skb, scm);
		err = stream_deliver(other, skb);
		if (err) {
			kfree_skb(skb);
			return sent ? (kssize_t)sent : err;
		}
		sent += size;
	}
	return sent;
}

/* Why nothing can be sent at all; 0. */
static int stream_may_send(struct sock *sk, const struct msghdr *msg, const struct sock *other)
{
	if (msg->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (msg->namelen)
		return READ_ONCE(sk->state) == TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
	if (!other)
		return -ENOTCONN;
	return READ_ONCE(sk->shutdown) & SEND_SHUTDOWN ? -EPIPE : 0;
}

kssize_t unix_stream_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	struct sock *other;
	struct scm_cookie scm;
	kssize_t ret = scm_send(msg, &scm);

	if (ret < 0)
		return ret;
	other = unix_peer_get(sk);
	ret = stream_may_send(sk, msg, other);
	if (!ret) {
		maybe_add_creds(&scm, sk, other);
		ret = stream_send(sk, other, msg, &scm, nonblock);
	}
	if (ret == -EPIPE && !(msg->flags & MSG_NOSIGNAL))
		send_signal(SIGPIPE, NULL, current, false);
	sock_put(other);
	return give_up(&scm, ret);
}

/*
 * The first message; => iolock: it stays the first (the collector of garbage takes others, but of
 * sockets that nobody reads).
 */
static struct sk_buff *first_skb(struct sock *sk)
{
	struct sk_buff *skb;

	spin_lock(&sk->lock);
	skb = list_first_entry_or_null(&sk->receive_queue, struct sk_buff, list);
	spin_unlock(&sk->lock);
	return skb;
}

static struct sk_buff *next_skb(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *next = NULL;

	spin_lock(&sk->lock);
	if (skb->list.next != &sk->receive_queue)
		next = list_next_entry(skb, list);
	spin_unlock(&sk->lock);
	return next;
}

/* Off the queue; datagram senders that found it full may go on. => iolock */
static void unlink_skb(struct sock *sk, struct sk_buff *skb)
{
	struct unix_sock *client;
	bool was_full;

	spin_lock(&sk->lock);
	was_full = unix_recvq_full(sk);
	list_del_init(&skb->list);
	WRITE_ONCE(sk->qlen, sk->qlen - 1);
	if (was_full && !unix_recvq_full(sk))
		list_for_each_entry(client, &unix_sk(sk)->clients, client_node)
			sock_wake(&client->sk, EPOLL_WRITE);
	spin_unlock(&sk->lock);
	wake_up_interruptible_all(&unix_sk(sk)->peer_wait);
}

static bool same_sender(const struct scm_cookie *scm, const struct sk_buff *skb)
{
	return scm->has_cred == skb->has_cred &&
	       (!scm->has_cred || !memcmp(&scm->cred, &skb->cred, sizeof(skb->cred)));
}

/* One reader's progress. */
struct stream_read {
	struct msghdr *msg;
	struct scm_cookie scm;
	size_t want, done, target;
	bool peek, glued;		/* glued: scm says whose bytes these are */
	struct list_head used;		/* read to their end, to be freed without a lock */
};

/* Takes the descriptors of @skb: away from it, or copies. */
static void take_fds(struct stream_read *r, struct sk_buff *skb)
{
	if (r->peek) {
		r->scm.fp = scm_fp_dup(skb->fp);
		if (!r->scm.fp)
			r->msg->flags |= MSG_CTRUNC;	/* no memory: as if there were no room */
		unix_gc_barrier();
		return;
	}
	unix_detach_fds(skb->fp);
	r->scm.fp = skb->fp;
	skb->fp = NULL;
}

/* From the messages that are there. => iolock. True: enough, or a border; *err: -EFAULT */
static bool read_queue(struct sock *sk, struct stream_read *r, int *err)
{
	struct sk_buff *skb = first_skb(sk), *next;

	for (; skb && r->done < r->want; skb = next) {
		size_t chunk = MIN(r->want - r->done, skb->len - skb->consumed);
		bool fds = skb->fp;

		if (!r->glued) {
			r->scm.cred = skb->cred;
			r->scm.has_cred = skb->has_cred;
			r->glued = true;
		} else if (sk->passcred && !same_sender(&r->scm, skb)) {
			return true;
		}
		if (skb_copy_to_msg(skb, skb->consumed, r->msg, chunk)) {
			*err = -EFAULT;
			return true;
		}
		r->done += chunk;
		next = next_skb(sk, skb);
		if (fds)
			take_fds(r, skb);
		if (!r->peek) {
			skb->consumed += chunk;
			if (skb->consumed < skb->len)
				return true;
			unlink_skb(sk, skb);
			list_add_tail(&skb->list, &r->used);
		}
		if (fds)		/* what follows them is another message */
			return true;
	}
	return r->done >= r->target;
}

/* Nothing more is there. 1: go on; 0: the end; -errno: nothing, and why */
static int stream_wait(struct sock *sk, bool nonblock, s64 *timeo)
{
	int err = sock_error(sk);
	s64 left;

	if (err)
		return err;
	if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
		return first_skb(sk) ? 1 : 0;
	if (nonblock)
		return -EAGAIN;
#define READABLE (!list_empty(&sk->receive_queue) || sk->err || \
		  READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
	left = *timeo ? wait_event_interruptible_timeout(sk->wait, READABLE,
							 "unix_stream_read_generic", *timeo)
		      : wait_event_interruptible(sk->wait, READABLE, "unix_stream_read_generic");
#undef READABLE
	if (left < 0)
		return sock_intr_errno(*timeo);
	if (*timeo && !left)
		return -EAGAIN;
	*timeo = left;
	return 1;
}

kssize_t unix_stream_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	struct stream_read r = { .msg = msg, .want = msg_bytes(msg), .peek = msg->flags & MSG_PEEK,
				 .used = LIST_HEAD_INIT(r.used) };
	s64 timeo = sk->rcvtimeo;
	unsigned int flags = msg->flags;
	int more = 1, err = 0;

	if (READ_ONCE(sk->state) != TCP_ESTABLISHED || flags & MSG_OOB)
		return -EINVAL;
	msg->namelen = 0;
	msg->flags &= MSG_CMSG_CLOEXEC;
	r.target = flags & MSG_WAITALL ? r.want : MIN((size_t)sk->rcvlowat, r.want);
	r.target = MAX(r.target, 1UL);
	while (more > 0 && r.want) {
		bool enough;

		mutex_lock(&unix_sk(sk)->iolock);
		enough = read_queue(sk, &r, &err);
		mutex_unlock(&unix_sk(sk)->iolock);
		if (enough || (r.peek && r.done))
			break;
		more = stream_wait(sk, nonblock, &timeo);
	}
	if (msg->name && r.done) {
		struct sock *peer = unix_peer_get(sk);

		if (peer)
			msg->namelen = unix_getname_of(peer, msg->name);
		sock_put(peer);
	}
	kfree_skb_list(&r.used);
	if (r.done || (!err && !more))
		scm_recv(sk, msg, &r.scm);
	return r.done ? (kssize_t)r.done : err ? err : more < 0 ? more : 0;
}

/* --- datagrams --- */

/* Who gets it: the one named, or the peer. A reference; ERR_PTR. */
static struct sock *dgram_target(struct sock *sk, struct msghdr *msg)
{
	struct sock *other;
	int err;

	if (!msg->namelen) {
		other = unix_peer_get(sk);
		return other ? other : ERR_PTR(-ENOTCONN);
	}
	err = unix_validate_addr(msg->name, msg->namelen);
	return err ? ERR_PTR(err) : unix_find_other(msg->name, msg->namelen, sk->type);
}

/* The receiver is gone. What the sender is told; a peer that is gone is no peer any more. */
static int dgram_dead(struct sock *sk, struct sock *other)
{
	struct sock *peer;

	if (sk->type == SOCK_SEQPACKET)
		return -EPIPE;
	peer = unix_dgram_drop_peer(sk, other);
	if (peer)
		unix_dgram_disconnected(sk, peer);
	sock_put(peer);
	return -ECONNREFUSED;
}

/* One attempt to link @skb at @other. 0, -errno; 1: waited, try again */
static int dgram_deliver(struct sock *sk, struct sock *other, struct sk_buff *skb, bool nonblock,
			 s64 *timeo)
{
	s64 left;

	spin_lock(&other->lock);
	if (!unix_may_send(sk, other)) {
		spin_unlock(&other->lock);
		return -EPERM;
	}
	if (other->dead) {
		spin_unlock(&other->lock);
		return dgram_dead(sk, other);
	}
	if (other->shutdown & RCV_SHUTDOWN) {
		spin_unlock(&other->lock);
		return -EPIPE;
	}
	/* Two that talk only to each other are held back by their send buffers alone. */
	if (other != sk && unix_sk(other)->peer != sk && unix_recvq_full(other)) {
		if (nonblock) {
			spin_unlock(&other->lock);
			return -EAGAIN;
		}
		left = unix_wait_for_peer(other, *timeo);
		if (left < 0)
			return sock_intr_errno(*timeo);
		if (*timeo && !left)
			return -EAGAIN;
		*timeo = left;
		return 1;
	}
	queue_skb(other, skb);
	spin_unlock(&other->lock);
	sock_wake(other, EPOLL_READ);
	return 0;
}

static kssize_t dgram_send(struct sock *sk, struct msghdr *msg, struct scm_cookie *scm,
			   bool nonblock)
{
	size_t len = msg_bytes(msg);
	s64 timeo = sk->sndtimeo;
	struct sk_buff *skb;
	struct sock *other;
	int err;

	if (sk->passcred && !unix_sk(sk)->addr) {
		err = unix_autobind(sk);
		if (err)
			return err;
	}
	if (len > READ_ONCE(sk->sndbuf) - 32UL)
		return -EMSGSIZE;
	other = dgram_target(sk, msg);
	if (IS_ERR(other))
		return PTR_ERR(other);
	skb = make_skb(sk, msg, len, SKB_MAX_HEAD, nonblock);
	if (IS_ERR(skb)) {
		sock_put(other);
		return PTR_ERR(skb);
	}
	maybe_add_creds(scm, sk, other);
	attach_scm(skb, scm);
	do
		err = dgram_deliver(sk, other, skb, nonblock, &timeo);
	while (err > 0);
	if (err)
		kfree_skb(skb);
	sock_put(other);
	return err ? err : (kssize_t)len;
}

kssize_t unix_dgram_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	struct scm_cookie scm;
	kssize_t ret = scm_send(msg, &scm);

	if (ret < 0)
		return ret;
	ret = msg->flags & MSG_OOB ? -EOPNOTSUPP : dgram_send(sk, msg, &scm, nonblock);
	return give_up(&scm, ret);
}

/* Waits for a message and takes it. => iolock when it returns one; NULL: *err, 0 is the end */
static struct sk_buff *dgram_next(struct sock *sk, bool nonblock, int *err)
{
	s64 timeo = sk->rcvtimeo, left;
	struct sk_buff *skb;

	for (;;) {
		mutex_lock(&unix_sk(sk)->iolock);
		skb = first_skb(sk);
		if (skb)
			return skb;
		mutex_unlock(&unix_sk(sk)->iolock);
		*err = sock_error(sk);
		if (*err || READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
			return NULL;
		*err = -EAGAIN;
		if (nonblock)
			return NULL;
#define READABLE (!list_empty(&sk->receive_queue) || sk->err || \
		  READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
		left = timeo ? wait_event_interruptible_timeout(sk->wait, READABLE,
								"unix_dgram_recvmsg", timeo)
			     : wait_event_interruptible(sk->wait, READABLE, "unix_dgram_recvmsg");
#undef READABLE
		if (left < 0)
			*err = sock_intr_errno(timeo);
		if (left < 0 || (timeo && !left))
			return NULL;
		timeo = left;
	}
}

kssize_t unix_dgram_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	struct stream_read r = { .msg = msg, .peek = msg->flags & MSG_PEEK };
	unsigned int flags = msg->flags;
	struct sk_buff *skb;
	size_t size;
	kssize_t ret;
	int err = 0;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	msg->flags &= MSG_CMSG_CLOEXEC;
	msg->namelen = 0;
	skb = dgram_next(sk, nonblock, &err);
	if (!skb)
		return err;
	size = MIN(msg_bytes(msg), skb->len);
	if (size < skb->len)
		msg->flags |= MSG_TRUNC;
	ret = flags & MSG_TRUNC ? skb->len : size;
	if (!r.peek)
		unlink_skb(sk, skb);
	if (msg->name && unix_sk(skb->sk)->addr)
		msg->namelen = unix_getname_of(skb->sk, msg->name);
	r.scm.cred = skb->cred;
	r.scm.has_cred = skb->has_cred;
	err = skb_copy_to_msg(skb, 0, msg, size);
	if (!err && skb->fp)
		take_fds(&r, skb);
	mutex_unlock(&unix_sk(sk)->iolock);
	if (!r.peek)
		kfree_skb(skb);
	if (err)
		return err;
	scm_recv(sk, msg, &r.scm);
	return ret;
}

/* --- packets in sequence: datagrams over a connection --- */

kssize_t unix_seqpacket_sendmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	int err = sock_error(sk);

	if (err)
		return err;
	if (READ_ONCE(sk->state) != TCP_ESTABLISHED)
		return -ENOTCONN;
	msg->namelen = 0;
	return unix_dgram_sendmsg(sk, msg, nonblock);
}

kssize_t unix_seqpacket_recvmsg(struct sock *sk, struct msghdr *msg, bool nonblock)
{
	return READ_ONCE(sk->state) != TCP_ESTABLISHED ? -ENOTCONN
						       : unix_dgram_recvmsg(sk, msg, nonblock);
}

/* --- poll, FIONREAD --- */

static unsigned int poll_common(struct sock *sk)
{
	unsigned int mask = sk->err ? EPOLLERR : 0, shutdown = READ_ONCE(sk->shutdown);

	if (shutdown == SHUTDOWN_MASK)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLL_READ;
	if (READ_ONCE(sk->qlen))
		mask |= EPOLL_READ;
	if (unix_connected_type(sk) && READ_ONCE(sk->state) == TCP_CLOSE)
		mask |= EPOLLHUP;	/* never connected */
	return mask;
}

static bool unix_writable(const struct sock *sk)
{
	return READ_ONCE(sk->state) != TCP_LISTEN && sock_writeable(sk);
}

unsigned int unix_poll(struct file *file, struct sock *sk, struct poll_table *pt)
{
	poll_wait(file, &sk->wait, pt);
	return poll_common(sk) | (unix_writable(sk) ? EPOLL_WRITE : 0);
}

/* A datagram can be sent if the peer's queue has room, too. */
unsigned int unix_dgram_poll(struct file *file, struct sock *sk, struct poll_table *pt)
{
	unsigned int mask;
	struct sock *peer;
	bool writable;

	poll_wait(file, &sk->wait, pt);
	mask = poll_common(sk);
	writable = unix_writable(sk);
	peer = writable ? unix_peer_get(sk) : NULL;
	if (peer && READ_ONCE(unix_sk(peer)->peer) != sk && unix_recvq_full(peer))
		writable = false;
	sock_put(peer);
	return mask | (writable ? EPOLL_WRITE : 0);
}

long unix_inq(struct sock *sk)
{
	struct sk_buff *skb;
	long bytes = 0;

	if (READ_ONCE(sk->state) == TCP_LISTEN)
		return -EINVAL;
	spin_lock(&sk->lock);
	list_for_each_entry(skb, &sk->receive_queue, list) {
		bytes += skb->len - skb->consumed;
		if (sk->type == SOCK_DGRAM)
			break;		/* the next one only */
	}
	spin_unlock(&sk->lock);
	return bytes;
}
