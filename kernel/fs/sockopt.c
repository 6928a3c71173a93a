/*
 * sockopt.c - getsockopt(2), setsockopt(2), and net.core's sysctls.
 *
 * Idea:   SOL_SOCKET's options are fields of struct sock. Sizes of buffers are doubled
 *         when set, as on Linux, since overhead is charged to them, too. Options that
 *         mean nothing to AF_UNIX (keepalive, broadcast) are kept and given back.
 * Locks:  each option is one word.
 * Above:  socket.c.   In Linux: net/core/sock.c, net/core/sysctl_net_core.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/skbuff.h"
#include "kernel/fs/socket.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"

#define NSEC 1000000000LL
enum { CAP_NET_ADMIN = 12 };

/* 256 messages of 256 bytes with what is charged for each: 212992, as Linux x86-64 computes it. */
#define WMEM_DEFAULT (256U * (256 + 256 + 320))
/* One message of 2 KiB must always fit. */
enum { SOCK_MIN_RCVBUF = 2048 + 256, SOCK_MIN_SNDBUF = 2 * SOCK_MIN_RCVBUF };

unsigned int sysctl_wmem_default = WMEM_DEFAULT, sysctl_rmem_default = WMEM_DEFAULT;
unsigned int sysctl_wmem_max = WMEM_DEFAULT, sysctl_rmem_max = WMEM_DEFAULT;
unsigned int sysctl_somaxconn = 4096;
CTL_SYSCTL_INT("net.core.wmem_default", sysctl_wmem_default, SOCK_MIN_SNDBUF, INT32_MAX);
CTL_SYSCTL_INT("net.core.rmem_default", sysctl_rmem_default, SOCK_MIN_RCVBUF, INT32_MAX);
CTL_SYSCTL_INT("net.core.wmem_max", sysctl_wmem_max, SOCK_MIN_SNDBUF, INT32_MAX);
CTL_SYSCTL_INT("net.core.rmem_max", sysctl_rmem_max, SOCK_MIN_RCVBUF, INT32_MAX);
CTL_SYSCTL_INT("net.core.somaxconn", sysctl_somaxconn, 0, INT32_MAX);

/* The option's value as an int of @sk that is only kept. NULL: it is not one of those. */
static bool *flag_option(struct sock *sk, int name)
{
	switch (name) {
	case SO_DEBUG: return &sk->debug;
	case SO_REUSEADDR: return &sk->reuseaddr;
	case SO_REUSEPORT: return &sk->reuseport;
	case SO_KEEPALIVE: return &sk->keepalive;
	case SO_BROADCAST: return &sk->broadcast;
	case SO_DONTROUTE: return &sk->dontroute;
	case SO_OOBINLINE: return &sk->oobinline;
	case SO_PASSCRED: return &sk->passcred;
	default: return NULL;
	}
}

static void set_sndbuf(struct sock *sk, unsigned int val)
{
	val = MIN(val, INT32_MAX / 2U) * 2;
	WRITE_ONCE(sk->sndbuf, MAX(val, (unsigned int)SOCK_MIN_SNDBUF));
	sock_wake(sk, ~0U);		/* there may be room now */
}

static void set_rcvbuf(struct sock *sk, unsigned int val)
{
	val = MIN(val, INT32_MAX / 2U) * 2;
	WRITE_ONCE(sk->rcvbuf, MAX(val, (unsigned int)SOCK_MIN_RCVBUF));
}

static int set_timeout(s64 *timeo, const void __user *val, int len)
{
	struct timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_from_user(&tv, val, sizeof(tv)))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	/* Negative: Linux does not wait then; a nanosecond is as short. */
	*timeo = tv.tv_sec < 0 ? 1 : tv.tv_sec > INT32_MAX ? 0 :
		 tv.tv_sec * NSEC + tv.tv_usec * 1000;
	return 0;
}

static int set_linger(struct sock *sk, const void __user *val, int len)
{
	if (len < (int)sizeof(sk->linger))
		return -EINVAL;
	return copy_from_user(&sk->linger, val, sizeof(sk->linger)) ? -EFAULT : 0;
}

/* socket.h */
int sock_setsockopt(struct sock *sk, int level, int name, const void __user *uval, int len)
{
	bool *flag = flag_option(sk, name);
	int val;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (len < (int)sizeof(int))
		return -EINVAL;
	if (get_user(val, (const int __user *)uval))
		return -EFAULT;
	if (name == SO_DEBUG && val && !fs_capable(CAP_NET_ADMIN))
		return -EACCES;
	if (flag) {
		*flag = val;
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
		set_sndbuf(sk, MIN((unsigned int)val, sysctl_wmem_max));
		return 0;
	case SO_RCVBUF:
		set_rcvbuf(sk, MIN((unsigned int)val, sysctl_rmem_max));
		return 0;
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!fs_capable(CAP_NET_ADMIN))
			return -EPERM;
		if (name == SO_SNDBUFFORCE)
			set_sndbuf(sk, MAX(val, 0));
		else
			set_rcvbuf(sk, MAX(val, 0));
		return 0;
	case SO_PRIORITY:
		if ((val < 0 || val > 6) && !fs_capable(CAP_NET_ADMIN))
			return -EPERM;
		sk->priority = val;
		return 0;
	case SO_LINGER:
		return set_linger(sk, uval, len);
	case SO_RCVLOWAT:
		sk->rcvlowat = val < 0 ? INT32_MAX : MAX(val, 1);
		return 0;
	case SO_RCVTIMEO:
		return set_timeout(&sk->rcvtimeo, uval, len);
	case SO_SNDTIMEO:
		return set_timeout(&sk->sndtimeo, uval, len);
	case SO_TYPE: case SO_PROTOCOL: case SO_DOMAIN: case SO_ERROR: case SO_SNDLOWAT:
	default:
		return -ENOPROTOOPT;
	}
}

/* What getsockopt gives back; ints unless said otherwise. */
union sockopt_value {
	int i;
	struct timeval tv;
	struct linger linger;
	struct ucred cred;
};

static struct timeval timeout_value(s64 ns)
{
	return (struct timeval){ ns / NSEC, ns % NSEC / 1000 };
}

static struct ucred peer_cred(struct sock *sk)
{
	struct ucred cred;

	spin_lock(&sk->lock);
	cred = sk->peer_cred;
	spin_unlock(&sk->lock);
	return cred;
}

/* The value's size, or -ENOPROTOOPT. */
static int read_option(struct sock *sk, int name, union sockopt_value *v)
{
	bool *flag = flag_option(sk, name);

	v->i = flag ? *flag : 0;
	if (flag)
		return sizeof(int);
	switch (name) {
	case SO_TYPE: v->i = sk->type; break;
	case SO_DOMAIN: v->i = sk->ops->family; break;
	case SO_PROTOCOL: v->i = 0; break;
	case SO_ERROR: v->i = -sock_error(sk); break;
	case SO_SNDBUF: v->i = sk->sndbuf; break;
	case SO_RCVBUF: v->i = sk->rcvbuf; break;
	case SO_PRIORITY: v->i = sk->priority; break;
	case SO_RCVLOWAT: v->i = sk->rcvlowat; break;
	case SO_SNDLOWAT: v->i = 1; break;
	case SO_ACCEPTCONN: v->i = READ_ONCE(sk->state) == TCP_LISTEN; break;
	case SO_LINGER: v->linger = sk->linger; return sizeof(v->linger);
	case SO_RCVTIMEO: v->tv = timeout_value(sk->rcvtimeo); return sizeof(v->tv);
	case SO_SNDTIMEO: v->tv = timeout_value(sk->sndtimeo); return sizeof(v->tv);
	case SO_PEERCRED: v->cred = peer_cred(sk); return sizeof(v->cred);
	default: return -ENOPROTOOPT;
	}
	return sizeof(int);
}

/* socket.h */
int sock_getsockopt(struct sock *sk, int level, int name, void __user *uval, int __user *ulen)
{
	union sockopt_value v;
	int len, size;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (get_user(len, ulen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	memset(&v, 0, sizeof(v));
	size = read_option(sk, name, &v);
	if (size < 0)
		return size;
	len = MIN(len, size);
	if (copy_to_user(uval, &v, len) || put_user(len, ulen))
		return -EFAULT;
	return 0;
}
