/*
 * socket.h - socket(2) and its relatives: numbers and layouts. Linux x86-64's.
 */
#pragma once

#include "kernel/abi/uio.h"
#include "kernel/lib/types.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define PF_UNIX AF_UNIX
#define AF_MAX 46

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_MAX 11
#define SOCK_TYPE_MASK 0xf
#define SOCK_CLOEXEC 02000000
#define SOCK_NONBLOCK 04000

struct sockaddr { u16 sa_family; char sa_data[14]; };
#define UNIX_PATH_MAX 108
struct sockaddr_un { u16 sun_family; char sun_path[UNIX_PATH_MAX]; };
struct sockaddr_storage { u16 ss_family; char ss_data[126]; };
_Static_assert(sizeof(struct sockaddr_storage) == 128, "sockaddr_storage");

struct user_msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};
_Static_assert(sizeof(struct user_msghdr) == 56, "msghdr");
struct mmsghdr { struct user_msghdr msg_hdr; unsigned int msg_len; };

/* One record of ancillary data; the next begins at a multiple of 8. */
struct cmsghdr { size_t cmsg_len; int cmsg_level, cmsg_type; };
#define CMSG_ALIGN(len) (((len) + 7) & ~(size_t)7)
#define CMSG_LEN(len) (sizeof(struct cmsghdr) + (len))
#define CMSG_SPACE(len) (sizeof(struct cmsghdr) + CMSG_ALIGN(len))
#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD 253
struct ucred { kpid_t pid; kuid_t uid; kgid_t gid; };

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_CTRUNC 8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_EOR 0x80
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000
#define MSG_CMSG_COMPAT 0x80000000U

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

#define SOL_SOCKET 1
#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_PRIORITY 12
#define SO_LINGER 13
#define SO_REUSEPORT 15
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_PEERNAME 28
#define SO_ACCEPTCONN 30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
struct linger { int l_onoff, l_linger; };

#define SIOCINQ 0x541B		/* FIONREAD */
#define SIOCOUTQ 0x5411
#define SOCKFS_MAGIC 0x534F434B
