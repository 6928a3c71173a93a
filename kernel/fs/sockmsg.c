/*
 * sockmsg.c - sending and receiving, as user space asks for it: send, recv, sendmsg, recvmsg, their
 *             many-message forms, read and write.
 *
 * Idea:   each form becomes a struct msghdr: kernel copies of the name and of the
 *         vector, user addresses for data and control. The family takes the bytes
 *         out of it, or puts them in, and leaves in it what recvmsg returns besides.
 * Locks:  none.
 * Above:  the system call table; socket.c's file operations.
 * Below:  the family (sk->ops), readv.c's vectors.   In Linux: net/socket.c, lib/iov_iter.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/time.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/socket.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"

/* --- struct msghdr's bytes --- */

/* socket.h */
size_t msg_bytes(const struct msghdr *msg)
{
	size_t bytes = 0;

	for (size_t i = 0; i < msg->iovlen; i++)
		bytes += msg->iov[i].iov_len;
	return bytes - msg->offset;
}

/* The next piece of at most @n bytes, and past it; *addr: where. => there are @n bytes left */
static size_t msg_piece(struct msghdr *msg, size_t n, char __user **addr)
{
	while (msg->offset == msg->iov->iov_len) {
		BUG_ON(!msg->iovlen);
		msg->iov++;
		msg->iovlen--;
		msg->offset = 0;
	}
	n = MIN(n, msg->iov->iov_len - msg->offset);
	*addr = (char __user *)msg->iov->iov_base + msg->offset;
	msg->offset += n;
	return n;
}

/* socket.h */
int copy_from_msg(struct msghdr *msg, void *to, size_t n)
{
	for (size_t done = 0, piece; done < n; done += piece) {
		char __user *from;

		piece = msg_piece(msg, n - done, &from);
		if (copy_from_user((char *)to + done, from, piece))
			return -EFAULT;
	}
	return 0;
}

/* socket.h */
int copy_to_msg(struct msghdr *msg, const void *from, size_t n)
{
	for (size_t done = 0, piece; done < n; done += piece) {
		char __user *to;

		piece = msg_piece(msg, n - done, &to);
		if (copy_to_user(to, (const char *)from + done, piece))
			return -EFAULT;
	}
	return 0;
}

/* --- addresses --- */

/* socket.h: 0, -EINVAL, -EFAULT */
int move_addr_to_kernel(const void __user *uaddr, int len, struct sockaddr_storage *addr)
{
	if (len < 0 || len > (int)sizeof(*addr))
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	return len && copy_from_user(addr, uaddr, len) ? -EFAULT : 0;
}

/* socket.h: what fits; *ulen becomes the whole length. 0, -EINVAL, -EFAULT */
int move_addr_to_user(const struct sockaddr_storage *addr, int len, void __user *uaddr,
		      int __user *ulen)
{
	int room;

	if (get_user(room, ulen))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(uaddr, addr, MIN(room, len)))
		return -EFAULT;
	return put_user(len, ulen);
}

/* --- read, write --- */

static bool dont_wait(const struct file *file, unsigned int flags)
{
	return file->f_flags & O_NONBLOCK || flags & MSG_DONTWAIT;
}

/* socket.h */
kssize_t sock_read_write(struct file *file, const struct iovec *vec, size_t n, loff_t *pos,
			 bool write)
{
	struct sock *sk = file->private_data;
	struct msghdr msg = { .iov = vec, .iovlen = n };

	/* A read of nothing is nothing; a write of nothing is an empty datagram. */
	if (!write && !msg_bytes(&msg))
		return 0;
	if (write && sk->type == SOCK_SEQPACKET)
		msg.flags = MSG_EOR;
	return write ? sk->ops->sendmsg(sk, &msg, file->f_flags & O_NONBLOCK)
		     : sk->ops->recvmsg(sk, &msg, file->f_flags & O_NONBLOCK);
}

/* --- system calls: syscalls.h --- */

/* A socket and the reference to its file. ERR_PTR(-EBADF, -ENOTSOCK) */
static struct sock *get_sock(int fd, struct fd *f)
{
	struct sock *sk;

	*f = fdget(fd);
	if (!f->file)
		return ERR_PTR(-EBADF);
	sk = sock_of(f->file);
	if (!sk)
		fdput(*f);
	return sk ? sk : ERR_PTR(-ENOTSOCK);
}

/* One segment, checked. 0, -EFAULT */
static int single_range(struct iovec *vec, void __user *buf, size_t len)
{
	*vec = (struct iovec){ buf, MIN(len, MAX_RW_COUNT) };
	return access_ok(buf, vec->iov_len) ? 0 : -EFAULT;
}

long sys_sendto(int fd, const void __user *buf, size_t len, unsigned int flags,
		const struct sockaddr __user *uaddr, int addrlen)
{
	struct sockaddr_storage addr;
	struct iovec vec;
	struct msghdr msg = { .iov = &vec, .iovlen = 1, .flags = flags };
	struct fd f;
	struct sock *sk;
	long ret = single_range(&vec, (void __user *)buf, len);

	if (ret)
		return ret;
	sk = get_sock(fd, &f);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	if (uaddr) {
		ret = move_addr_to_kernel(uaddr, addrlen, &addr);
		msg.name = &addr;
		msg.namelen = addrlen;
	}
	if (!ret)
		ret = sk->ops->sendmsg(sk, &msg, dont_wait(f.file, flags));
	fdput(f);
	return ret;
}

long sys_recvfrom(int fd, void __user *buf, size_t len, unsigned int flags,
		  struct sockaddr __user *uaddr, int __user *ulen)
{
	struct sockaddr_storage addr;
	struct iovec vec;
	struct msghdr msg = { .iov = &vec, .iovlen = 1, .flags = flags,
			      .name = uaddr ? &addr : NULL };
	struct fd f;
	struct sock *sk;
	long ret = single_range(&vec, buf, len);
	int err;

	if (ret)
		return ret;
	sk = get_sock(fd, &f);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	ret = sk->ops->recvmsg(sk, &msg, dont_wait(f.file, flags));
	fdput(f);
	if (ret >= 0 && uaddr) {
		err = move_addr_to_user(&addr, msg.namelen, uaddr, ulen);
		if (err)
			return err;
	}
	return ret;
}

/* A user's msghdr, with its vector; free_iovec() follows. 0, -errno */
struct imported_msg {
	struct user_msghdr user;
	struct sockaddr_storage addr;
	struct iovec fast[UIO_FASTIOV], *vec;
	struct msghdr msg;
};

static int import_msg(const struct user_msghdr __user *umsg, struct imported_msg *m,
		      unsigned int flags)
{
	struct user_msghdr *u = &m->user;

	if (copy_from_user(u, umsg, sizeof(*u)))
		return -EFAULT;
	if (!u->msg_name)
		u->msg_namelen = 0;
	if (u->msg_namelen < 0)
		return -EINVAL;
	u->msg_namelen = MIN(u->msg_namelen, (int)sizeof(m->addr));
	if (u->msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	m->vec = import_iovec(u->msg_iov, u->msg_iovlen, m->fast);
	if (IS_ERR(m->vec))
		return PTR_ERR(m->vec);
	m->msg = (struct msghdr){ .iov = m->vec, .iovlen = u->msg_iovlen, .flags = flags,
				  .control = u->msg_control, .controllen = u->msg_controllen };
	return 0;
}

static long send_one(struct file *file, struct sock *sk, const struct user_msghdr __user *umsg,
		     unsigned int flags)
{
	struct imported_msg m;
	long ret = import_msg(umsg, &m, flags);

	if (ret)
		return ret;
	if (m.user.msg_controllen > INT32_MAX) {
		ret = -ENOBUFS;
	} else if (m.user.msg_namelen) {
		ret = move_addr_to_kernel(m.user.msg_name, m.user.msg_namelen, &m.addr);
		m.msg.name = &m.addr;
		m.msg.namelen = m.user.msg_namelen;
	}
	if (!ret)
		ret = sk->ops->sendmsg(sk, &m.msg, dont_wait(file, flags));
	free_iovec(m.vec, m.fast);
	return ret;
}

/* What recvmsg returns besides the bytes. 0, -EFAULT */
static int export_msg(struct user_msghdr __user *umsg, const struct imported_msg *m)
{
	const struct msghdr *msg = &m->msg;
	size_t control = m->user.msg_controllen - msg->controllen;

	if (m->user.msg_name &&
	    copy_to_user(m->user.msg_name, &m->addr, MIN(m->user.msg_namelen, msg->namelen)))
		return -EFAULT;
	if (m->user.msg_name && put_user(msg->namelen, &umsg->msg_namelen))
		return -EFAULT;
	return put_user(msg->flags, &umsg->msg_flags) || put_user(control, &umsg->msg_controllen)
	       ? -EFAULT : 0;
}

static long recv_one(struct file *file, struct sock *sk, struct user_msghdr __user *umsg,
		     unsigned int flags)
{
	struct imported_msg m;
	long ret = import_msg(umsg, &m, flags);

	if (ret)
		return ret;
	m.msg.name = m.user.msg_name ? &m.addr : NULL;
	ret = sk->ops->recvmsg(sk, &m.msg, dont_wait(file, flags));
	if (ret >= 0 && export_msg(umsg, &m))
		ret = -EFAULT;
	free_iovec(m.vec, m.fast);
	return ret;
}

long sys_sendmsg(int fd, const struct user_msghdr __user *umsg, unsigned int flags)
{
	struct fd f;
	struct sock *sk = get_sock(fd, &f);
	long ret;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	ret = send_one(f.file, sk, umsg, flags);
	fdput(f);
	return ret;
}

long sys_recvmsg(int fd, struct user_msghdr __user *umsg, unsigned int flags)
{
	struct fd f;
	struct sock *sk = get_sock(fd, &f);
	long ret;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	ret = recv_one(f.file, sk, umsg, flags);
	fdput(f);
	return ret;
}

/* How many were sent; an error only if it was the first. */
long sys_sendmmsg(int fd, struct mmsghdr __user *vec, unsigned int n, unsigned int flags)
{
	struct fd f;
	struct sock *sk = get_sock(fd, &f);
	unsigned int done = 0;
	long ret = 0;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	for (n = MIN(n, (unsigned int)UIO_MAXIOV); done < n; done++) {
		ret = send_one(f.file, sk, &vec[done].msg_hdr, flags);
		if (ret >= 0)
			ret = put_user((unsigned int)ret, &vec[done].msg_len);
		if (ret)
			break;
		cond_resched();
	}
	fdput(f);
	return done ? done : ret;
}

/* The time that is over at *end; 0: never. 0, -EINVAL, -EFAULT */
static int read_deadline(const struct timespec __user *uts, u64 *end)
{
	struct timespec ts;

	*end = 0;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (unsigned long)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*end = ktime_get_ns() + MIN(ts.tv_sec, (long)INT32_MAX) * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

long sys_recvmmsg(int fd, struct mmsghdr __user *vec, unsigned int n, unsigned int flags,
		  struct timespec __user *timeout)
{
	unsigned int done = 0;
	struct sock *sk;
	struct fd f;
	u64 end;
	long ret = read_deadline(timeout, &end);

	if (ret)
		return ret;
	sk = get_sock(fd, &f);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	for (n = MIN(n, (unsigned int)UIO_MAXIOV); done < n; done++) {
		ret = recv_one(f.file, sk, &vec[done].msg_hdr, flags & ~MSG_WAITFORONE);
		if (ret >= 0)
			ret = put_user((unsigned int)ret, &vec[done].msg_len);
		if (ret)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (end && ktime_get_ns() >= end) {
			done++;
			break;
		}
		cond_resched();
	}
	fdput(f);
	return done ? done : ret;
}
