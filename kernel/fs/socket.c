/*
 * socket.c - sockets as files, and the system calls that make and join them.
 *
 * Idea:   a socket is an inode of sockfs ("socket:[12]") whose file's private_data
 *         is a struct sock. The calls here find it, copy addresses, and let the
 *         family (struct proto_ops) do the rest; read and write are recvmsg and
 *         sendmsg without the trimmings. AF_UNIX is the only family: it needs no
 *         network, and its queues are the classic way to fill kernel memory.
 *
 *            fd -> file -> sock <-peer-> sock <- file <- fd
 *                           └ receive_queue: sk_buffs, charged to their sender
 *
 * Locks:  none here; sk->lock is the family's.
 * Above:  the system call table.
 * Below:  unix.c, sockmsg.c, sockopt.c.   In Linux: net/socket.c, net/core/sock.c.
 */
#include "kernel/fs/socket.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/skbuff.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

static struct vfsmount *sock_mnt;	/* c */

static int sockfs_mount(struct super_block *sb, const char *source, const char *data)
{
	sb->s_magic = SOCKFS_MAGIC;
	sb->s_root = d_make_root(sb, new_inode(sb, S_IFDIR | 0555));
	return sb->s_root ? 0 : -ENOMEM;
}
static struct file_system_type sock_fs_type = {
	.name = "sockfs", .nodev = true, .mount = sockfs_mount, .internal = true,
};

void sock_fs_init(void)
{
	register_filesystem(&sock_fs_type);
	sock_mnt = kern_mount(&sock_fs_type);
	BUG_ON(IS_ERR(sock_mnt));
	skb_init();
	unix_init();
}

/* --- struct sock --- */

/* socket.h */
void sock_init(struct sock *sk, const struct proto_ops *ops, int type)
{
	sk->refs = 1;
	sk->ops = ops;
	sk->type = type;
	sk->state = TCP_CLOSE;
	spin_lock_init(&sk->lock, LOCK_SOCK);
	init_waitqueue_head(&sk->wait);
	INIT_LIST_HEAD(&sk->receive_queue);
	sk->sndbuf = sysctl_wmem_default;
	sk->rcvbuf = sysctl_rmem_default;
	sk->rcvlowat = 1;
	sk->peer_cred = (struct ucred){ .pid = 0, .uid = -1, .gid = -1 };
}

/* socket.h */
void sock_put(struct sock *sk)
{
	if (sk && !--sk->refs)
		sk->ops->free(sk);
}

/* socket.h */
void sock_wake(struct sock *sk, unsigned int events)
{
	wake_up_key(&sk->wait, TASK_INTERRUPTIBLE, 0, (void *)(unsigned long)events);
}

/* socket.h */
int sock_error(struct sock *sk)
{
	return sk->err ? -__atomic_exchange_n((int *)&sk->err, 0, __ATOMIC_SEQ_CST) : 0;
}

/* socket.h */
int sock_intr_errno(s64 timeo)
{
	return timeo ? -EINTR : -ERESTARTSYS;
}

/* socket.h */
int sock_wait_for_wmem(struct sock *sk, bool nonblock)
{
	s64 timeo = sk->sndtimeo;
	long ret = 1;

#define HAS_ROOM (sk->wmem_alloc < READ_ONCE(sk->sndbuf) || sk->err || \
		  READ_ONCE(sk->shutdown) & SEND_SHUTDOWN)
	if (!HAS_ROOM && nonblock)
		return -EAGAIN;
	if (timeo)
		ret = wait_event_interruptible_timeout(sk->wait, HAS_ROOM, "sock_alloc_send_pskb",
						       timeo);
	else if (wait_event_interruptible(sk->wait, HAS_ROOM, "sock_alloc_send_pskb"))
		ret = -ERESTARTSYS;
#undef HAS_ROOM
	if (ret < 0)
		return sock_intr_errno(timeo);
	if (!ret)
		return -EAGAIN;
	ret = sock_error(sk);
	return ret ? ret : READ_ONCE(sk->shutdown) & SEND_SHUTDOWN ? -EPIPE : 0;
}

/* --- the file --- */

static kssize_t sock_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return sock_read_write(file, &(struct iovec){ buf, len }, 1, pos, false);
}
static kssize_t sock_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return sock_read_write(file, &(struct iovec){ (void *)buf, len }, 1, pos, true);
}

static unsigned int sock_poll(struct file *file, struct poll_table *pt)
{
	struct sock *sk = file->private_data;

	return sk->ops->poll(file, sk, pt);
}

static long sock_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = file->private_data;
	long n;

	switch (cmd) {
	case SIOCINQ:
		n = sk->ops->inq(sk);
		break;
	case SIOCOUTQ:
		n = sk->wmem_alloc;
		break;
	default:
		return -ENOIOCTLCMD;
	}
	return n < 0 ? n : put_user((int)n, (int __user *)arg);
}

static int sock_release(struct inode *inode, struct file *file)
{
	struct sock *sk = file->private_data;

	sk->ops->release(sk);
	return 0;
}

static const struct file_operations socket_file_ops = {
	.read = sock_read, .write = sock_write, .read_write_vector = sock_read_write,
	.poll = sock_poll, .ioctl = sock_ioctl, .release = sock_release, .llseek = no_llseek,
};

/* socket.h */
struct sock *sock_of(struct file *file)
{
	return file->f_op == &socket_file_ops ? file->private_data : NULL;
}

/* A file for @sk, whose reference it takes over; ERR_PTR: it is still the caller's. */
static struct file *sock_alloc_file(struct sock *sk, unsigned int flags)
{
	struct inode *inode = new_inode(sock_mnt->mnt_sb, S_IFSOCK | 0777);
	struct file *file;
	struct path path;
	int err;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_fop = &socket_file_ops;
	err = pseudo_path_init(&path, sock_mnt, "socket:", inode);
	if (err)
		return ERR_PTR(err);
	file = alloc_file(&path, O_RDWR | (flags & O_NONBLOCK), &socket_file_ops);
	if (IS_ERR(file))
		return file;		/* it let go of the path */
	file->f_mode |= FMODE_STREAM;
	file->private_data = sk;
	sk->ino = inode->i_ino;
	spin_lock(&sk->lock);
	sk->file = file;
	spin_unlock(&sk->lock);
	return file;
}

/* Before it has a file: the socket goes as if it had been closed. */
static void sock_abandon(struct sock *sk)
{
	sk->ops->release(sk);
}

/* Splits @type: 0, -EINVAL. */
static int split_type(int *type, unsigned int *flags)
{
	*flags = *type & ~SOCK_TYPE_MASK;
	*type &= SOCK_TYPE_MASK;
	return *flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

static int sock_create(int family, int type, int protocol, struct sock **sk)
{
	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	return family == AF_UNIX ? unix_create(type, protocol, sk) : -EAFNOSUPPORT;
}

/* --- system calls: syscalls.h --- */

long sys_socket(int family, int type, int protocol)
{
	unsigned int flags;
	struct file *file;
	struct sock *sk;
	int fd, err = split_type(&type, &flags);

	if (!err)
		err = sock_create(family, type, protocol, &sk);
	if (err)
		return err;
	fd = get_unused_fd_flags(flags);
	if (fd < 0) {
		sock_abandon(sk);
		return fd;
	}
	file = sock_alloc_file(sk, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		sock_abandon(sk);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* Two connected sockets as files. 0, -errno */
static int make_pair(int family, int type, int protocol, unsigned int flags, struct file *ends[2])
{
	struct sock *a, *b;
	int err = sock_create(family, type, protocol, &a);

	if (err)
		return err;
	err = sock_create(family, type, protocol, &b);
	if (err) {
		sock_abandon(a);
		return err;
	}
	unix_socketpair(a, b);
	ends[0] = sock_alloc_file(a, flags);
	if (IS_ERR(ends[0])) {
		sock_abandon(a);
		sock_abandon(b);
		return PTR_ERR(ends[0]);
	}
	ends[1] = sock_alloc_file(b, flags);
	if (IS_ERR(ends[1])) {
		fput(ends[0]);
		sock_abandon(b);
		return PTR_ERR(ends[1]);
	}
	return 0;
}

long sys_socketpair(int family, int type, int protocol, int __user *ufds)
{
	int fds[2], err;
	unsigned int flags;
	struct file *ends[2] = { NULL, NULL };

	err = split_type(&type, &flags);
	if (err)
		return err;
	fds[0] = get_unused_fd_flags(flags);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = get_unused_fd_flags(flags);
	if (fds[1] < 0) {
		put_unused_fd(fds[0]);
		return fds[1];
	}
	/* The numbers first: then nothing that follows has to be undone. */
	err = copy_to_user(ufds, fds, sizeof(fds)) ? -EFAULT : 0;
	if (!err)
		err = make_pair(family, type, protocol, flags, ends);
	if (err) {
		put_unused_fd(fds[0]);
		put_unused_fd(fds[1]);
		return err;
	}
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;
}

/* Descriptor @fd as a socket; fdput() must follow. ERR_PTR(-EBADF, -ENOTSOCK): nothing to put. */
static struct sock *sockfd_lookup(int fd, struct fd *f)
{
	struct sock *sk;

	*f = fdget(fd);
	if (!f->file)
		return ERR_PTR(-EBADF);
	sk = sock_of(f->file);
	if (sk)
		return sk;
	fdput(*f);
	return ERR_PTR(-ENOTSOCK);
}

long sys_bind(int fd, const struct sockaddr __user *uaddr, int len)
{
	struct sockaddr_storage addr;
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = move_addr_to_kernel(uaddr, len, &addr);
	if (!err)
		err = sk->ops->bind(sk, &addr, len);
	fdput(f);
	return err;
}

long sys_connect(int fd, const struct sockaddr __user *uaddr, int len)
{
	struct sockaddr_storage addr;
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = move_addr_to_kernel(uaddr, len, &addr);
	if (!err)
		err = sk->ops->connect(sk, &addr, len, f.file->f_flags & O_NONBLOCK);
	fdput(f);
	return err;
}

long sys_listen(int fd, int backlog)
{
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = sk->ops->listen(sk, (unsigned int)backlog > sysctl_somaxconn ? (int)sysctl_somaxconn
									   : backlog);
	fdput(f);
	return err;
}

/* The next connection as a file, its peer's name in *addr. ERR_PTR */
static struct file *do_accept(struct sock *sk, bool nonblock, unsigned int flags,
			      struct sockaddr_storage *addr, int *len)
{
	struct sock *item = sk->ops->accept(sk, nonblock);
	struct file *file;

	if (IS_ERR(item))
		return (struct file *)item;
	file = sock_alloc_file(item, flags);
	if (IS_ERR(file)) {
		sock_abandon(item);
		return file;
	}
	*len = item->ops->getname(item, addr, true);
	if (*len < 0) {			/* it has hung up already */
		addr->ss_family = AF_UNIX;
		*len = sizeof(addr->ss_family);
	}
	return file;
}

long sys_accept4(int fd, struct sockaddr __user *uaddr, int __user *ulen, int flags)
{
	struct sockaddr_storage addr;
	struct fd f;
	struct sock *sk;
	struct file *file;
	int newfd, len = 0, err = 0;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	sk = sockfd_lookup(fd, &f);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	newfd = get_unused_fd_flags(flags);
	if (newfd < 0) {
		fdput(f);
		return newfd;
	}
	file = do_accept(sk, f.file->f_flags & O_NONBLOCK, flags, &addr, &len);
	fdput(f);
	if (IS_ERR(file)) {
		put_unused_fd(newfd);
		return PTR_ERR(file);
	}
	if (uaddr)
		err = move_addr_to_user(&addr, len, uaddr, ulen);
	if (err) {
		put_unused_fd(newfd);
		fput(file);
		return err;
	}
	fd_install(newfd, file);
	return newfd;
}

long sys_accept(int fd, struct sockaddr __user *uaddr, int __user *ulen)
{
	return sys_accept4(fd, uaddr, ulen, 0);
}

static long do_getname(int fd, struct sockaddr __user *uaddr, int __user *ulen, bool peer)
{
	struct sockaddr_storage addr;
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int len;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	len = sk->ops->getname(sk, &addr, peer);
	fdput(f);
	return len < 0 ? len : move_addr_to_user(&addr, len, uaddr, ulen);
}

long sys_getsockname(int fd, struct sockaddr __user *uaddr, int __user *ulen)
{
	return do_getname(fd, uaddr, ulen, false);
}
long sys_getpeername(int fd, struct sockaddr __user *uaddr, int __user *ulen)
{
	return do_getname(fd, uaddr, ulen, true);
}

long sys_shutdown(int fd, int how)
{
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : sk->ops->shutdown(sk, how + 1);
	fdput(f);
	return err;
}

long sys_getsockopt(int fd, int level, int name, void __user *val, int __user *len)
{
	struct fd f;
	struct sock *sk = sockfd_lookup(fd, &f);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = sock_getsockopt(sk, level, name, val, len);
	fdput(f);
	return err;
}

long sys_setsockopt(int fd, int level, int name, const void __user *val, int len)
{
	struct fd f;
	struct sock *sk;
	int err;

	if (len < 0)
		return -EINVAL;
	sk = sockfd_lookup(fd, &f);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = sock_setsockopt(sk, level, name, val, len);
	fdput(f);
	return err;
}
