/*
 * unix.c - AF_UNIX: names, connections, and the end of a socket.
 *
 * Idea:   a name is a socket inode of some file system, or "abstract": a string
 *         after a NUL, known only to the table here. connect() finds the listener by
 *         it and leaves a finished connection in its accept_queue: the new end is
 *         connected already, so that both may write before accept() is called.
 *
 *            listener.accept_queue -> new end <--peer--> the one that connected
 *
 * Locks:  bindlock (a mutex) around giving a name; sk->lock, two of them by address;
 *         unix_table_lock inside those for the table of names.
 * Above:  socket.c.   Below: unix_io.c (messages), unix_gc.c, namei.   In Linux: net/unix/af_unix.c.
 */
#include "kernel/fs/unix.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/stat.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/scm.h"
#include "kernel/fs/skbuff.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/slab.h"

enum { UNIX_HASH_BITS = 6, FAMILY_LEN = offsetof(struct sockaddr_un, sun_path) };

static struct hlist_head names[1 << UNIX_HASH_BITS];	/* unix_table_lock */
static LIST_HEAD(all_sockets);				/* unix_table_lock */
static spinlock_t unix_table_lock = SPINLOCK_INIT(LOCK_SOCK_TABLE);
static _Atomic long unix_nr_socks;
static struct kmem_cache *unix_cache;

static int sysctl_max_dgram_qlen = 10;
CTL_SYSCTL_INT("net.unix.max_dgram_qlen", sysctl_max_dgram_qlen, 0, INT32_MAX);

void unix_init(void)
{
	unix_cache = kmem_cache_create("UNIX", sizeof(struct unix_sock), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
}

/* --- making and freeing --- */

static void put_address(struct unix_address *addr)
{
	if (addr && !--addr->refs)
		kfree(addr);
}

/* The last reference went: nobody can see it any more. */
static void unix_free(struct sock *sk)
{
	struct unix_sock *u = unix_sk(sk);

	WARN_ON(sk->wmem_alloc || !list_empty(&sk->receive_queue) || u->inflight);
	spin_lock(&unix_table_lock);
	list_del(&u->all);
	spin_unlock(&unix_table_lock);
	put_address(u->addr);
	unix_nr_socks--;
	kmem_cache_free(unix_cache, u);
}

static struct sock *unix_alloc(const struct proto_ops *ops, int type)
{
	struct unix_sock *u;

	if ((unsigned long)++unix_nr_socks > 2 * get_max_files()) {
		unix_nr_socks--;
		return ERR_PTR(-ENFILE);
	}
	u = kmem_cache_alloc(unix_cache, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!u) {
		unix_nr_socks--;
		return ERR_PTR(-ENOMEM);
	}
	sock_init(&u->sk, ops, type);
	mutex_init(&u->bindlock, LOCK_SOCK_BIND);
	mutex_init(&u->iolock, LOCK_SOCK_IO);
	INIT_LIST_HEAD(&u->clients);
	INIT_LIST_HEAD(&u->client_node);
	INIT_LIST_HEAD(&u->accept_queue);
	INIT_LIST_HEAD(&u->accept_node);
	INIT_LIST_HEAD(&u->inflight_node);
	INIT_LIST_HEAD(&u->gc_node);
	init_waitqueue_head(&u->peer_wait);
	u->max_ack_backlog = sysctl_max_dgram_qlen;
	spin_lock(&unix_table_lock);
	list_add_tail(&u->all, &all_sockets);
	spin_unlock(&unix_table_lock);
	return &u->sk;
}

/* socket.h */
int unix_create(int type, int protocol, struct sock **sk)
{
	const struct proto_ops *ops = &unix_dgram_ops;

	if (protocol && protocol != PF_UNIX)
		return -EPROTONOSUPPORT;
	switch (type) {
	case SOCK_STREAM:
		ops = &unix_stream_ops;
		break;
	case SOCK_SEQPACKET:
		ops = &unix_seqpacket_ops;
		break;
	case SOCK_RAW:			/* BSD's old name for it */
	case SOCK_DGRAM:
		type = SOCK_DGRAM;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	*sk = unix_alloc(ops, type);
	return IS_ERR(*sk) ? PTR_ERR(*sk) : 0;
}

/* --- two at once --- */

void unix_state_double_lock(struct sock *a, struct sock *b)
{
	if (b && b < a) {
		struct sock *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->lock);
	if (b && b != a)
		spin_lock_nested(&b->lock);
}

void unix_state_double_unlock(struct sock *a, struct sock *b)
{
	if (b && b != a)
		spin_unlock(&b->lock);
	spin_unlock(&a->lock);
}

struct sock *unix_peer_get(struct sock *sk)
{
	struct sock *peer;

	spin_lock(&sk->lock);
	peer = unix_sk(sk)->peer;
	if (peer)
		sock_hold(peer);
	spin_unlock(&sk->lock);
	return peer;
}

/* Who SO_PEERCRED shall name. */
static struct ucred current_peer_cred(void)
{
	struct fs_ids ids;

	fs_current_ids(&ids);
	return (struct ucred){ current->tgid, ids.euid, ids.egid };
}

/* socket.h: => both fresh. Always succeeds. */
int unix_socketpair(struct sock *a, struct sock *b)
{
	unix_sk(a)->peer = sock_hold(b);
	unix_sk(b)->peer = sock_hold(a);
	a->peer_cred = b->peer_cred = current_peer_cred();
	if (unix_connected_type(a))
		a->state = b->state = TCP_ESTABLISHED;
	else {
		list_add(&unix_sk(a)->client_node, &unix_sk(b)->clients);
		list_add(&unix_sk(b)->client_node, &unix_sk(a)->clients);
	}
	return 0;
}

/* --- names --- */

int unix_validate_addr(const struct sockaddr_storage *addr, int len)
{
	return len <= FAMILY_LEN || len > (int)sizeof(struct sockaddr_un) ||
	       addr->ss_family != AF_UNIX ? -EINVAL : 0;
}

static struct hlist_head *name_bucket(const void *key, size_t len)
{
	return &names[hash_64(hash_string(key, len), UNIX_HASH_BITS)];
}
static struct hlist_head *inode_bucket(struct inode *inode)
{
	return name_bucket(&inode, sizeof(inode));
}

/* => unix_table_lock. No reference */
static struct unix_sock *find_abstract(const struct sockaddr_un *name, int len)
{
	struct unix_sock *u;

	hlist_for_each_entry(u, name_bucket(name, len), name_node)
		if (u->addr && u->addr->len == len && !memcmp(&u->addr->name, name, len))
			return u;
	return NULL;
}

static struct unix_address *make_address(const struct sockaddr_un *name, int len)
{
	struct unix_address *addr = kmalloc(sizeof(*addr), GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (addr) {
		addr->refs = 1;
		addr->len = len;
		memcpy(&addr->name, name, len);
	}
	return addr;
}

/* @sk has that name from now on. => its bindlock. The table takes it over. */
static void set_name(struct unix_sock *u, struct unix_address *addr, const struct path *path)
{
	spin_lock(&u->sk.lock);
	spin_lock(&unix_table_lock);
	hlist_add_head(&u->name_node, path ? inode_bucket(path->dentry->d_inode)
					   : name_bucket(&addr->name, addr->len));
	u->addr = addr;
	if (path)
		u->path = *path;
	spin_unlock(&unix_table_lock);
	spin_unlock(&u->sk.lock);
}

/* An abstract name. => bindlock, no name yet. 0, -EADDRINUSE, -ENOMEM */
static int bind_abstract(struct unix_sock *u, const struct sockaddr_un *name, int len)
{
	struct unix_address *addr = make_address(name, len);
	bool taken;

	if (!addr)
		return -ENOMEM;
	spin_lock(&u->sk.lock);
	spin_lock(&unix_table_lock);
	taken = find_abstract(name, len);
	if (!taken) {
		hlist_add_head(&u->name_node, name_bucket(name, len));
		u->addr = addr;
	}
	spin_unlock(&unix_table_lock);
	spin_unlock(&u->sk.lock);
	if (taken)
		put_address(addr);
	return taken ? -EADDRINUSE : 0;
}

int unix_autobind(struct sock *sk)
{
	static _Atomic unsigned int next;
	struct unix_sock *u = unix_sk(sk);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int err = 0;

	mutex_lock(&u->bindlock);
	while (!u->addr) {
		snprintf(name.sun_path + 1, 6, "%05x", next++ & 0xfffff);
		err = bind_abstract(u, &name, FAMILY_LEN + 6);
		if (err != -EADDRINUSE)
			break;
	}
	mutex_unlock(&u->bindlock);
	return err;
}

/* A name in a file system: makes the inode. => bindlock. 0, -EADDRINUSE, -errno of the path */
static int bind_path(struct unix_sock *u, struct sockaddr_un *name, int len)
{
	char text[UNIX_PATH_MAX + 1] = { 0 };
	struct unix_address *addr;
	struct path path;
	int err;

	memcpy(text, name->sun_path, len - FAMILY_LEN);
	addr = make_address(name, FAMILY_LEN + strlen(text) + 1);
	if (!addr)
		return -ENOMEM;
	err = mknod_path(text, S_IFSOCK | 0777, &path);
	if (err) {
		put_address(addr);
		return err == -EEXIST ? -EADDRINUSE : err;
	}
	set_name(u, addr, &path);
	return 0;
}

/* A second bind: a path that exists is noticed before the name that the socket has already. */
static bool path_is_taken(const struct sockaddr_un *name, int len)
{
	char text[UNIX_PATH_MAX + 1] = { 0 };
	struct path path;

	if (!name->sun_path[0])
		return false;
	memcpy(text, name->sun_path, len - FAMILY_LEN);
	if (filename_lookup(AT_FDCWD, text, 0, &path))
		return false;
	path_put(&path);
	return true;
}

static int unix_bind(struct sock *sk, struct sockaddr_storage *ss, int len)
{
	struct sockaddr_un *name = (struct sockaddr_un *)ss;
	struct unix_sock *u = unix_sk(sk);
	int err;

	if (len == FAMILY_LEN && name->sun_family == AF_UNIX)
		return unix_autobind(sk);
	err = unix_validate_addr(ss, len);
	if (err)
		return err;
	mutex_lock(&u->bindlock);
	if (u->addr)
		err = path_is_taken(name, len) ? -EADDRINUSE : -EINVAL;
	else
		err = name->sun_path[0] ? bind_path(u, name, len) : bind_abstract(u, name, len);
	mutex_unlock(&u->bindlock);
	return err;
}

/* The socket behind an inode, with a reference, or NULL. */
static struct unix_sock *find_by_inode(struct inode *inode)
{
	struct unix_sock *u, *found = NULL;

	spin_lock(&unix_table_lock);
	hlist_for_each_entry(u, inode_bucket(inode), name_node)
		if (u->path.dentry && u->path.dentry->d_inode == inode) {
			sock_hold(&u->sk);
			found = u;
			break;
		}
	spin_unlock(&unix_table_lock);
	return found;
}

static struct sock *find_path(const struct sockaddr_un *name, int len, int type)
{
	char text[UNIX_PATH_MAX + 1] = { 0 };
	struct unix_sock *u = NULL;
	struct path path;
	int err;

	memcpy(text, name->sun_path, len - FAMILY_LEN);
	err = filename_lookup(AT_FDCWD, text, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	err = inode_permission(path.dentry->d_inode, MAY_WRITE);
	if (!err) {
		u = S_ISSOCK(path.dentry->d_inode->i_mode) ? find_by_inode(path.dentry->d_inode)
							   : NULL;
		err = u ? 0 : -ECONNREFUSED;
	}
	path_put(&path);
	if (u && u->sk.type != type) {
		sock_put(&u->sk);
		err = -EPROTOTYPE;
	}
	return err ? ERR_PTR(err) : &u->sk;
}

struct sock *unix_find_other(struct sockaddr_storage *ss, int len, int type)
{
	const struct sockaddr_un *name = (struct sockaddr_un *)ss;
	struct unix_sock *u;

	if (name->sun_path[0])
		return find_path(name, len, type);
	spin_lock(&unix_table_lock);
	u = find_abstract(name, len);
	if (u && u->sk.type == type)
		sock_hold(&u->sk);
	else
		u = NULL;
	spin_unlock(&unix_table_lock);
	return u ? &u->sk : ERR_PTR(-ECONNREFUSED);
}

int unix_getname_of(struct sock *sk, struct sockaddr_storage *ss)
{
	struct unix_address *addr = READ_ONCE(unix_sk(sk)->addr);	/* stays while @sk does */

	memset(ss, 0, sizeof(*ss));
	if (!addr) {
		ss->ss_family = AF_UNIX;
		return FAMILY_LEN;
	}
	memcpy(ss, &addr->name, addr->len);
	return addr->len;
}

static int unix_getname(struct sock *sk, struct sockaddr_storage *ss, bool peer)
{
	struct sock *whose = peer ? unix_peer_get(sk) : sock_hold(sk);
	int len;

	if (!whose)
		return -ENOTCONN;
	len = unix_getname_of(whose, ss);
	sock_put(whose);
	return len;
}

/* --- connections --- */

bool unix_may_send(const struct sock *sk, struct sock *other)
{
	struct sock *peer = unix_sk(other)->peer;

	return !peer || peer == sk;
}

bool unix_recvq_full(struct sock *sk)
{
	return READ_ONCE(sk->qlen) > READ_ONCE(unix_sk(sk)->max_ack_backlog);
}

s64 unix_wait_for_peer(struct sock *other, s64 timeo)
{
	struct unix_sock *u = unix_sk(other);

#define MAY_GO_ON (!unix_recvq_full(other) || READ_ONCE(other->dead) || \
		   READ_ONCE(other->shutdown) & RCV_SHUTDOWN)
	spin_unlock(&other->lock);
	if (timeo)
		return wait_event_interruptible_timeout(u->peer_wait, MAY_GO_ON,
							"unix_wait_for_peer", timeo);
	return wait_event_interruptible(u->peer_wait, MAY_GO_ON, "unix_wait_for_peer");
#undef MAY_GO_ON
}

static int unix_listen(struct sock *sk, int backlog)
{
	struct unix_sock *u = unix_sk(sk);
	int err = 0;

	if (!unix_connected_type(sk))
		return -EOPNOTSUPP;
	if (!READ_ONCE(u->addr))
		return -EINVAL;
	spin_lock(&sk->lock);
	if (sk->state != TCP_CLOSE && sk->state != TCP_LISTEN) {
		err = -EINVAL;
	} else {
		WRITE_ONCE(u->max_ack_backlog, backlog);
		wake_up_interruptible_all(&u->peer_wait);	/* who waits looks without the lock */
		sk->state = TCP_LISTEN;
		sk->peer_cred = current_peer_cred();
	}
	spin_unlock(&sk->lock);
	return err;
}

/* Does the listener take one more? => its lock held. 0, -ECONNREFUSED, -EAGAIN (full) */
static int may_connect(struct sock *other)
{
	if (other->state != TCP_LISTEN || other->shutdown & RCV_SHUTDOWN)
		return -ECONNREFUSED;
	return unix_recvq_full(other) ? -EAGAIN : 0;
}

/* @sk and the fresh @item belong together; @item waits at @other for accept(). => all locks */
static void join(struct sock *sk, struct sock *other, struct sock *item)
{
	struct unix_sock *o = unix_sk(other), *n = unix_sk(item);

	n->peer = sock_hold(sk);
	unix_sk(sk)->peer = sock_hold(item);
	item->state = sk->state = TCP_ESTABLISHED;
	item->passcred = other->passcred;
	item->peer_cred = current_peer_cred();
	sk->peer_cred = other->peer_cred;
	n->addr = o->addr;
	n->addr->refs++;
	list_add_tail(&n->accept_node, &o->accept_queue);	/* the queue has the first reference */
	other->qlen++;
}

/* Finds a listener that is alive. => a reference and its lock, or ERR_PTR */
static struct sock *find_and_lock(struct sock *sk, struct sockaddr_storage *ss, int len)
{
	for (;;) {
		struct sock *other = unix_find_other(ss, len, sk->type);

		if (IS_ERR(other))
			return other;
		spin_lock(&other->lock);
		if (!other->dead)
			return other;
		spin_unlock(&other->lock);
		sock_put(other);
	}
}

/* One attempt. 0, -errno; 1: waited for room, look again; *timeo: what is left */
static int try_connect(struct sock *sk, struct sockaddr_storage *ss, int len, struct sock *item,
		       bool nonblock, s64 *timeo)
{
	struct sock *other = find_and_lock(sk, ss, len);
	int err;

	if (IS_ERR(other))
		return PTR_ERR(other);
	err = may_connect(other);
	if (err == -EAGAIN && !nonblock) {
		s64 left = unix_wait_for_peer(other, *timeo);

		err = left < 0 ? sock_intr_errno(*timeo) : *timeo && !left ? -EAGAIN : 1;
		*timeo = MAX(left, 0);
		sock_put(other);
		return err;
	}
	spin_unlock(&other->lock);
	if (err) {
		sock_put(other);
		return err;
	}
	/* Both, in order; what was true of the listener is asked again. */
	unix_state_double_lock(sk, other);
	err = other->dead ? 1 : may_connect(other);
	if (!err && sk->state != TCP_CLOSE)
		err = sk->state == TCP_ESTABLISHED ? -EISCONN : -EINVAL;
	if (!err)
		join(sk, other, item);
	unix_state_double_unlock(sk, other);
	if (!err)
		sock_wake(other, EPOLLIN | EPOLLRDNORM);
	sock_put(other);
	return err == -EAGAIN && !nonblock ? 1 : err;
}

static int unix_stream_connect(struct sock *sk, struct sockaddr_storage *ss, int len, bool nonblock)
{
	s64 timeo = sk->sndtimeo;
	struct sock *item;
	int err = unix_validate_addr(ss, len);

	if (err)
		return err;
	if (sk->passcred && !unix_sk(sk)->addr) {
		err = unix_autobind(sk);
		if (err)
			return err;
	}
	item = unix_alloc(sk->ops, sk->type);
	if (IS_ERR(item))
		return PTR_ERR(item);
	do
		err = try_connect(sk, ss, len, item, nonblock, &timeo);
	while (err > 0);
	if (err)
		sock_put(item);
	return err;
}

struct sock *unix_drop_peer(struct sock *sk)
{
	struct unix_sock *u = unix_sk(sk);
	struct sock *peer = u->peer;

	u->peer = NULL;
	sk->state = TCP_CLOSE;
	return peer;
}

/* unix.h. Who is the peer can change until both are locked. */
struct sock *unix_dgram_drop_peer(struct sock *sk, const struct sock *only)
{
	for (;;) {
		struct sock *peer = unix_peer_get(sk);
		bool same;

		if (!peer || (only && peer != only)) {
			sock_put(peer);
			return NULL;
		}
		unix_state_double_lock(sk, peer);
		same = unix_sk(sk)->peer == peer;
		if (same) {
			unix_drop_peer(sk);
			list_del_init(&unix_sk(sk)->client_node);
		}
		unix_state_double_unlock(sk, peer);
		sock_put(peer);			/* if it was the peer, that reference is left */
		if (same)
			return peer;
	}
}

void unix_dgram_disconnected(struct sock *sk, struct sock *other)
{
	LIST_HEAD(lost);
	bool tell;

	mutex_lock(&unix_sk(sk)->iolock);	/* a reader may hold the first message */
	spin_lock(&sk->lock);
	list_splice_tail_init(&sk->receive_queue, &lost);
	WRITE_ONCE(sk->qlen, 0);
	spin_unlock(&sk->lock);
	mutex_unlock(&unix_sk(sk)->iolock);
	if (list_empty(&lost))
		return;
	wake_up_interruptible_all(&unix_sk(sk)->peer_wait);
	spin_lock(&other->lock);
	tell = !other->dead && unix_sk(other)->peer == sk;
	spin_unlock(&other->lock);
	if (tell) {
		other->err = ECONNRESET;
		sock_wake(other, ~0U);
	}
	kfree_skb_list(&lost);
}

/* @other NULL: none. 0, -EPERM, -EAGAIN; 1: it was closed meanwhile, look again */
static int set_dgram_peer(struct sock *sk, struct sock *other)
{
	struct sock *old = unix_dgram_drop_peer(sk, NULL);
	int err = 0;

	if (old) {
		if (old != other)
			unix_dgram_disconnected(sk, old);
		sock_put(old);
		sock_wake(sk, EPOLLOUT);
	}
	if (!other)
		return 0;
	unix_state_double_lock(sk, other);
	if (other->dead) {
		err = 1;
	} else if (!unix_may_send(sk, other)) {
		err = -EPERM;
	} else if (unix_sk(sk)->peer) {
		err = -EAGAIN;		/* another thread was faster */
	} else {
		unix_sk(sk)->peer = sock_hold(other);
		sk->state = TCP_ESTABLISHED;
		list_add(&unix_sk(sk)->client_node, &unix_sk(other)->clients);
	}
	unix_state_double_unlock(sk, other);
	return err;
}

static int unix_dgram_connect(struct sock *sk, struct sockaddr_storage *ss, int len, bool nonblock)
{
	struct sock *other;
	int err;

	if (len < (int)sizeof(ss->ss_family))
		return -EINVAL;
	if (ss->ss_family == AF_UNSPEC)
		return set_dgram_peer(sk, NULL);
	err = unix_validate_addr(ss, len);
	if (!err && sk->passcred && !unix_sk(sk)->addr)
		err = unix_autobind(sk);
	if (err)
		return err;
	do {
		other = unix_find_other(ss, len, sk->type);
		if (IS_ERR(other))
			return PTR_ERR(other);
		err = set_dgram_peer(sk, other);
		sock_put(other);
	} while (err > 0);
	return err;
}

/* The oldest connection that waits; NULL: there is none. */
static struct sock *take_connection(struct sock *sk)
{
	struct unix_sock *u = unix_sk(sk), *item;

	spin_lock(&sk->lock);
	item = list_first_entry_or_null(&u->accept_queue, struct unix_sock, accept_node);
	if (item) {
		list_del_init(&item->accept_node);
		sk->qlen--;
	}
	spin_unlock(&sk->lock);
	if (!item)
		return NULL;
	wake_up_interruptible_all(&u->peer_wait);
	return &item->sk;
}

static struct sock *unix_accept(struct sock *sk, bool nonblock)
{
	s64 timeo = sk->rcvtimeo, left;
	struct unix_sock *u = unix_sk(sk);

	if (!unix_connected_type(sk))
		return ERR_PTR(-EOPNOTSUPP);
	if (READ_ONCE(sk->state) != TCP_LISTEN)
		return ERR_PTR(-EINVAL);
	for (;;) {
		struct sock *item = take_connection(sk);

		if (item)
			return item;
		if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
			return ERR_PTR(-EINVAL);
		if (nonblock)
			return ERR_PTR(-EAGAIN);
#define ACCEPTABLE (!list_empty(&u->accept_queue) || READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
		left = timeo ? wait_event_interruptible_timeout(sk->wait, ACCEPTABLE, "accept",
								timeo)
			     : wait_event_interruptible(sk->wait, ACCEPTABLE, "accept");
#undef ACCEPTABLE
		if (left < 0)
			return ERR_PTR(sock_intr_errno(timeo));
		if (timeo && !left)
			return ERR_PTR(-EAGAIN);
		timeo = left;
	}
}

static int unix_shutdown(struct sock *sk, int mode)
{
	int peer_mode = (mode & RCV_SHUTDOWN ? SEND_SHUTDOWN : 0) |
			(mode & SEND_SHUTDOWN ? RCV_SHUTDOWN : 0);
	struct sock *peer;

	spin_lock(&sk->lock);
	WRITE_ONCE(sk->shutdown, sk->shutdown | mode);
	peer = unix_sk(sk)->peer;
	if (peer)
		sock_hold(peer);
	spin_unlock(&sk->lock);
	if (peer && unix_connected_type(sk)) {
		spin_lock(&peer->lock);
		WRITE_ONCE(peer->shutdown, peer->shutdown | peer_mode);
		spin_unlock(&peer->lock);
		sock_wake(peer, ~0U);
	}
	sock_put(peer);
	sock_wake(sk, ~0U);
	wake_up_interruptible_all(&unix_sk(sk)->peer_wait);
	return 0;
}

/* --- the end --- */

/* The peer of a connection learns that there will be nothing more; @lost: nor was all read. */
static void hang_up_peer(struct sock *peer, bool lost)
{
	spin_lock(&peer->lock);
	WRITE_ONCE(peer->shutdown, SHUTDOWN_MASK);
	spin_unlock(&peer->lock);
	if (lost)
		peer->err = ECONNRESET;
	sock_wake(peer, ~0U);
}

static void leave_table(struct unix_sock *u)
{
	spin_lock(&unix_table_lock);
	if (!hlist_unhashed(&u->name_node))
		hlist_del_init(&u->name_node);
	spin_unlock(&unix_table_lock);
}

/* Datagram sockets connected to @sk: they may write again, and will be refused. */
static void wake_clients(struct sock *sk)
{
	struct unix_sock *client;

	spin_lock(&sk->lock);
	list_for_each_entry(client, &unix_sk(sk)->clients, client_node)
		sock_wake(&client->sk, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	while (sk->dead && !list_empty(&unix_sk(sk)->clients))
		list_del_init(unix_sk(sk)->clients.next);
	spin_unlock(&sk->lock);
}

/*
 * The file is closed (or there never was one: @embryo, a connection that nobody accepted). Drops
 * the file's reference.
 */
static void release_sock(struct sock *sk, bool embryo)
{
	struct unix_sock *u = unix_sk(sk), *item, *next;
	LIST_HEAD(messages);
	LIST_HEAD(embryos);
	struct sock *peer = NULL;
	struct path path;
	bool listener;

	leave_table(u);
	spin_lock(&sk->lock);
	sk->dead = true;
	sk->file = NULL;
	WRITE_ONCE(sk->shutdown, SHUTDOWN_MASK);
	listener = sk->state == TCP_LISTEN;
	path = u->path;
	u->path = (struct path){ NULL, NULL };
	if (unix_connected_type(sk))
		peer = unix_drop_peer(sk);
	list_splice_tail_init(&sk->receive_queue, &messages);
	list_splice_tail_init(&u->accept_queue, &embryos);
	sk->qlen = 0;
	spin_unlock(&sk->lock);
	wake_up_interruptible_all(&u->peer_wait);
	if (peer)
		hang_up_peer(peer, !list_empty(&messages) || embryo);
	if (!unix_connected_type(sk))
		peer = unix_dgram_drop_peer(sk, NULL);
	wake_clients(sk);
	sock_put(peer);
	list_for_each_entry_safe(item, next, &embryos, accept_node) {
		list_del_init(&item->accept_node);
		release_sock(&item->sk, listener);
	}
	kfree_skb_list(&messages);
	if (path.dentry)
		path_put(&path);
	sock_put(sk);
}

static void unix_release(struct sock *sk)
{
	release_sock(sk, false);
	if (unix_tot_inflight())
		unix_gc();
}

/* --- the families' tables --- */

#define UNIX_OPS \
	.family = AF_UNIX, .bind = unix_bind, .listen = unix_listen, .accept = unix_accept, \
	.getname = unix_getname, .shutdown = unix_shutdown, .inq = unix_inq, \
	.release = unix_release, .free = unix_free
const struct proto_ops unix_stream_ops = {
	UNIX_OPS, .connect = unix_stream_connect, .poll = unix_poll,
	.sendmsg = unix_stream_sendmsg, .recvmsg = unix_stream_recvmsg,
};
const struct proto_ops unix_dgram_ops = {
	UNIX_OPS, .connect = unix_dgram_connect, .poll = unix_dgram_poll,
	.sendmsg = unix_dgram_sendmsg, .recvmsg = unix_dgram_recvmsg,
};
const struct proto_ops unix_seqpacket_ops = {
	UNIX_OPS, .connect = unix_stream_connect, .poll = unix_dgram_poll,
	.sendmsg = unix_seqpacket_sendmsg, .recvmsg = unix_seqpacket_recvmsg,
};

/* --- /proc/net/unix --- */

static void show_socket(struct seq_file *m, struct unix_sock *u)
{
	enum { SS_UNCONNECTED = 1, SS_CONNECTED = 3, SO_ACCEPTCON = 0x10000 };
	struct sock *sk = &u->sk;
	const struct unix_address *addr = u->addr;

	/* The table of sockets counts as a reference on Linux. */
	seq_printf(m, "%016lx: %08X %08X %08X %04X %02X %5lu",
		   m->reader_capable ? (unsigned long)sk : 0UL, (unsigned int)sk->refs + 1, 0,
		   sk->state == TCP_LISTEN ? SO_ACCEPTCON : 0, sk->type,
		   sk->state == TCP_ESTABLISHED ? SS_CONNECTED : SS_UNCONNECTED, sk->ino);
	if (addr) {
		int len = addr->len - FAMILY_LEN - (addr->name.sun_path[0] ? 1 : 0);

		seq_putc(m, ' ');
		for (int i = 0; i < len; i++)
			seq_putc(m, addr->name.sun_path[i] ? addr->name.sun_path[i] : '@');
	}
	seq_putc(m, '\n');
}

static int show_unix(struct seq_file *m)
{
	struct unix_sock *u;

	seq_puts(m, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	spin_lock(&unix_table_lock);
	list_for_each_entry(u, &all_sockets, all)
		show_socket(m, u);
	spin_unlock(&unix_table_lock);
	return 0;
}
CTL_FILE("/proc/net/unix", .mode = 0444, .show = show_unix);
