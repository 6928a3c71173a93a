/* socktest - AF_UNIX sockets: pairs, names, connections, messages, descriptors and credentials. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "check.h"

static socklen_t name(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (path[0] == '@') {
		memcpy(a->sun_path + 1, path + 1, strlen(path) - 1);
		return offsetof(struct sockaddr_un, sun_path) + strlen(path);
	}
	strcpy(a->sun_path, path);
	return sizeof(*a);
}

static int option(int fd, int opt)
{
	int v = -99;
	socklen_t len = sizeof(v);

	CHECK(getsockopt(fd, SOL_SOCKET, opt, &v, &len) == 0 && len == sizeof(v));
	return v;
}

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	poll(&p, 1, 0);
	return p.revents;
}

static void creation(void)
{
	int sv[2], fd;
	char text[64];
	struct stat st;

	FAILS(socket(AF_INET, SOCK_STREAM | 0x100, 0), EINVAL);
	FAILS(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(46, SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(AF_UNIX, 7, 0), ESOCKTNOSUPPORT);
	FAILS(socket(AF_UNIX, 12, 0), EINVAL);
	FAILS(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT);
	FAILS(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 16), EFAULT);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	CHECK(fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
	char link[64] = "", want[64];
	CHECK(readlink(text, link, sizeof(link) - 1) > 0);
	snprintf(want, sizeof(want), "socket:[%lu]", (unsigned long)st.st_ino);
	CHECK(!strcmp(link, want));
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	FAILS(read(fd, text, 1), EINVAL);
	FAILS(write(fd, text, 1), ENOTCONN);
	FAILS(accept(fd, NULL, NULL), EINVAL);
	FAILS(listen(fd, 1), EINVAL);			/* it has no name */
	FAILS(bind(0, NULL, 0), ENOTSOCK);
	FAILS(bind(99, NULL, 0), EBADF);
	CHECK(events(fd) == (POLLOUT | POLLHUP));
	close(fd);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (type == 4)
			continue;
		CHECK(socketpair(AF_UNIX, type, 0, sv) == 0);
		CHECK(option(sv[0], SO_TYPE) == (type == SOCK_RAW ? SOCK_DGRAM : type));
		close(sv[0]);
		close(sv[1]);
	}
}

static void stream_pair(void)
{
	char buf[100];
	int sv[2], n;
	struct iovec v[2] = { { "abc", 3 }, { "defgh", 5 } };

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK(events(sv[0]) == POLLOUT);
	CHECK(writev(sv[0], v, 2) == 8);
	CHECK(ioctl(sv[1], FIONREAD, &n) == 0 && n == 8);
	CHECK(ioctl(sv[0], TIOCOUTQ, &n) == 0 && n == 768);
	CHECK(events(sv[1]) == (POLLIN | POLLOUT));
	CHECK(recv(sv[1], buf, 4, MSG_PEEK) == 4 && !memcmp(buf, "abcd", 4));
	CHECK(read(sv[1], buf, 2) == 2 && !memcmp(buf, "ab", 2));
	CHECK(write(sv[0], "XYZ", 3) == 3);
	CHECK(recv(sv[1], buf, sizeof(buf), MSG_PEEK) == 9);	/* over the border of two messages */
	CHECK(read(sv[1], buf, sizeof(buf)) == 9 && !memcmp(buf, "cdefghXYZ", 9));
	CHECK(ioctl(sv[0], TIOCOUTQ, &n) == 0 && n == 0);
	FAILS(recv(sv[1], buf, 1, MSG_DONTWAIT), EAGAIN);
	FAILS(recv(sv[1], buf, 1, MSG_OOB), EINVAL);
	CHECK(read(sv[1], buf, 0) == 0);
	/* half closed */
	CHECK(shutdown(sv[0], SHUT_WR) == 0);
	CHECK(events(sv[1]) == (POLLIN | POLLOUT | POLLRDHUP));
	CHECK(read(sv[1], buf, 1) == 0);
	FAILS(send(sv[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK(write(sv[1], "back", 4) == 4 && read(sv[0], buf, 9) == 4);
	FAILS(shutdown(sv[0], 3), EINVAL);
	/* closed with something unread: the other end is told */
	CHECK(write(sv[1], "lost", 4) == 4);
	close(sv[0]);
	CHECK(events(sv[1]) == (POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP));
	CHECK(option(sv[1], SO_ERROR) == ECONNRESET && option(sv[1], SO_ERROR) == 0);
	CHECK(read(sv[1], buf, 1) == 0);
	FAILS(send(sv[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		if (write(sv[1], "x", 1) < 0)
			_exit(1);
		_exit(0);
	}
	CHECK(waitpid(pid, &n, 0) == pid && WIFSIGNALED(n) && WTERMSIG(n) == SIGPIPE);
	close(sv[1]);
}

/* How much fits: what each message is charged decides, not its bytes. */
static void accounting(void)
{
	static char big[300000];
	int sv[2], n = 0, val = 0;
	long total = 0, got;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sv) == 0);
	CHECK(option(sv[0], SO_SNDBUF) == 212992 && option(sv[0], SO_RCVBUF) == 212992);
	while (send(sv[0], big, 1500, 0) == 1500)
		n++;
	CHECK(errno == EAGAIN && n == 93);
	CHECK(ioctl(sv[0], TIOCOUTQ, &val) == 0 && val == 93 * 2304);
	CHECK(events(sv[0]) == 0);
	CHECK(recv(sv[1], big, 10, 0) == 10);
	CHECK(recv(sv[1], big, 10, MSG_TRUNC) == 1500);
	CHECK(send(sv[0], big, 1500, 0) == 1500 && send(sv[0], big, 1500, 0) == 1500);
	FAILS(send(sv[0], big, 1500, 0), EAGAIN);
	for (n = 0; recv(sv[1], big, sizeof(big), 0) == 1500; n++)
		;
	CHECK(n == 93 && events(sv[0]) == POLLOUT);
	for (n = 0; send(sv[0], big, 1, 0) == 1; n++)
		;
	CHECK(n == 278);
	close(sv[1]);
	FAILS(send(sv[0], big, 1, 0), ECONNREFUSED);
	close(sv[0]);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	FAILS(send(sv[0], big, 212961, 0), EMSGSIZE);
	CHECK(send(sv[0], big, 212960, 0) == 212960);
	CHECK(recv(sv[1], big, sizeof(big), 0) == 212960);
	CHECK(send(sv[0], big, 0, 0) == 0);			/* an empty one is one */
	CHECK(ioctl(sv[1], FIONREAD, &n) == 0 && n == 0 && events(sv[1]) == (POLLIN | POLLOUT));
	CHECK(recv(sv[1], big, 10, 0) == 0);
	close(sv[0]);
	close(sv[1]);
	/* a stream's bytes arrive whole, whatever the pieces */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	for (unsigned int i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + i / 251;
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		close(sv[1]);
		for (int i = 0; i < 10; i++)
			if (write(sv[0], big, sizeof(big)) != sizeof(big))
				_exit(1);
		_exit(0);
	}
	close(sv[0]);
	static char in[70001];
	for (val = 0; (got = read(sv[1], in, 1 + (total * 31) % 70000)) > 0; total += got)
		for (long i = 0; i < got; i++)
			val += in[i] != big[(total + i) % sizeof(big)];
	CHECK(total == 10 * (long)sizeof(big) && val == 0);
	CHECK(waitpid(pid, &n, 0) == pid && n == 0);
	close(sv[1]);
	/* SO_SNDBUF: doubled, within limits */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == 0);
	val = 10000;
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &val, sizeof(val)) == 0 && option(sv[0], SO_SNDBUF) == 20000);
	val = 1;
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &val, sizeof(val)) == 0 && option(sv[0], SO_SNDBUF) == 4608);
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_RCVBUF, &val, sizeof(val)) == 0 && option(sv[0], SO_RCVBUF) == 2304);
	val = 1 << 30;
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &val, sizeof(val)) == 0 && option(sv[0], SO_SNDBUF) == 425984);
	FAILS(setsockopt(sv[0], SOL_SOCKET, SO_TYPE, &val, sizeof(val)), ENOPROTOOPT);
	FAILS(setsockopt(sv[0], SOL_SOCKET, 999, &val, sizeof(val)), ENOPROTOOPT);
	FAILS(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &val, 3), EINVAL);
	FAILS(setsockopt(sv[0], 6, 1, &val, sizeof(val)), EOPNOTSUPP);
	CHECK(option(sv[0], SO_DOMAIN) == AF_UNIX && option(sv[0], SO_ACCEPTCONN) == 0);
	close(sv[0]);
	close(sv[1]);
}

static void names_and_connections(const char *path)
{
	struct sockaddr_un a, b;
	socklen_t len = name(&a, path), got;
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c, s, other, d;
	char buf[10];
	struct ucred cred;

	FAILS(connect(l, (void *)&a, len), path[0] == '@' ? ECONNREFUSED : ENOENT);
	FAILS(bind(l, (void *)&a, 1), EINVAL);
	CHECK(bind(l, (void *)&a, len) == 0);
	FAILS(bind(l, (void *)&a, len), path[0] == '@' ? EINVAL : EADDRINUSE);
	FAILS(bind(l, (void *)&b, name(&b, "@another")), EINVAL);
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(bind(other, (void *)&a, len), EADDRINUSE);
	FAILS(connect(other, (void *)&a, len), ECONNREFUSED);	/* nobody listens */
	got = sizeof(b);
	CHECK(getsockname(l, (void *)&b, &got) == 0);
	CHECK(got == (path[0] == '@' ? len : offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1));
	CHECK(!memcmp(&a, &b, got));
	got = sizeof(b);
	CHECK(getsockname(other, (void *)&b, &got) == 0 && got == 2 && b.sun_family == AF_UNIX);
	FAILS(getpeername(other, (void *)&b, &got), ENOTCONN);
	CHECK(listen(l, 1) == 0 && option(l, SO_ACCEPTCONN) == 1);
	CHECK(events(l) == 0);
	fcntl(l, F_SETFL, O_NONBLOCK);
	FAILS(accept(l, NULL, NULL), EAGAIN);
	d = socket(AF_UNIX, SOCK_DGRAM, 0);
	FAILS(connect(d, (void *)&a, len), path[0] == '@' ? ECONNREFUSED : EPROTOTYPE);
	FAILS(listen(d, 1), EOPNOTSUPP);
	FAILS(accept(d, NULL, NULL), EOPNOTSUPP);
	close(d);
	/* connected before it is accepted: both may write */
	CHECK(connect(other, (void *)&a, len) == 0);
	FAILS(connect(other, (void *)&a, len), EISCONN);
	CHECK(write(other, "early", 5) == 5);
	CHECK(events(l) == POLLIN);
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK(connect(c, (void *)&a, len) == 0);
	int third = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FAILS(connect(third, (void *)&a, len), EAGAIN);		/* backlog 1: two may wait */
	got = sizeof(b);
	s = accept4(l, (void *)&b, &got, SOCK_CLOEXEC);
	CHECK(s >= 0 && got == 2 && fcntl(s, F_GETFD) == FD_CLOEXEC);
	CHECK(read(s, buf, 10) == 5);
	got = sizeof(b);
	CHECK(getpeername(other, (void *)&b, &got) == 0 && got > 2 && !memcmp(&a, &b, got));
	got = sizeof(b);
	CHECK(getsockname(s, (void *)&b, &got) == 0 && !memcmp(&a, &b, got));
	got = sizeof(cred);
	CHECK(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &got) == 0 && cred.pid == getpid() && cred.uid == 0);
	/* the listener goes: who has not been accepted is reset, later ones are refused */
	close(l);
	FAILS(read(c, buf, 1), ECONNRESET);
	FAILS(connect(third, (void *)&a, len), ECONNREFUSED);
	CHECK(write(s, "on", 2) == 2 && read(other, buf, 10) == 2);	/* others live on */
	close(s);
	CHECK(read(other, buf, 1) == 0);
	close(other);
	close(c);
	close(third);
	if (path[0] != '@') {
		FAILS(open(path, O_RDONLY), ENXIO);
		CHECK(unlink(path) == 0);
	}
}

static void datagrams(void)
{
	struct sockaddr_un ra, sa, from;
	socklen_t rlen = name(&ra, "@receiver"), slen = name(&sa, "@sender"), got;
	int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), n, x;
	char buf[10];

	CHECK(bind(r, (void *)&ra, rlen) == 0);
	FAILS(send(s, "x", 1, 0), ENOTCONN);
	CHECK(sendto(s, "one", 3, 0, (void *)&ra, rlen) == 3);
	got = sizeof(from);
	CHECK(recvfrom(r, buf, 10, 0, (void *)&from, &got) == 3 && got == 0);	/* it has no name */
	CHECK(bind(s, (void *)&sa, slen) == 0 && connect(s, (void *)&ra, rlen) == 0);
	CHECK(send(s, "two", 3, 0) == 3);
	got = sizeof(from);
	CHECK(recvfrom(r, buf, 10, 0, (void *)&from, &got) == 3 && got == slen && !memcmp(&from, &sa, got));
	/* the receiver's queue: max_dgram_qlen 10, and one more */
	for (n = 0; send(s, "x", 1, 0) == 1; n++)
		;
	CHECK(errno == EAGAIN && n == 11 && events(s) == 0);
	CHECK(recv(r, buf, 1, 0) == 1 && events(s) == POLLOUT);
	/* connected to one, it hears only that one */
	CHECK(connect(r, (void *)&sa, slen) == 0);
	x = socket(AF_UNIX, SOCK_DGRAM, 0);
	FAILS(sendto(x, "x", 1, 0, (void *)&ra, rlen), EPERM);
	FAILS(connect(x, (void *)&ra, rlen), EPERM);
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	CHECK(connect(r, &un, sizeof(un)) == 0);
	close(x);
	struct sockaddr_un bad = { .sun_family = AF_UNIX };
	FAILS(sendto(s, "x", 1, 0, (void *)&bad, 2), EINVAL);
	FAILS(sendto(s, "x", 1, 0, (void *)&bad, 111), EINVAL);
	/* autobind */
	x = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(bind(x, (void *)&bad, 2) == 0);
	got = sizeof(from);
	CHECK(getsockname(x, (void *)&from, &got) == 0 && got == 8 && from.sun_path[0] == 0);
	close(x);
	close(r);
	FAILS(send(s, "x", 1, 0), ECONNRESET);		/* r let go of it with messages unread */
	FAILS(send(s, "x", 1, 0), ECONNREFUSED);
	FAILS(send(s, "x", 1, 0), ENOTCONN);
	close(s);
}

static void seqpackets(void)
{
	int sv[2];
	char buf[10];
	struct iovec v = { buf, 2 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	CHECK(write(sv[0], "abc", 3) == 3 && write(sv[0], "de", 2) == 2);
	CHECK(recvmsg(sv[1], &m, 0) == 2 && m.msg_flags & MSG_TRUNC);
	CHECK(read(sv[1], buf, 10) == 2 && !memcmp(buf, "de", 2));
	close(sv[0]);
	CHECK(read(sv[1], buf, 10) == 0);
	FAILS(send(sv[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(sv[1]);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	FAILS(write(fd, "x", 1), ENOTCONN);
	FAILS(read(fd, buf, 1), ENOTCONN);
	close(fd);
}

/* Sends @n descriptors with one byte. */
static ssize_t send_fds(int to, const int *fds, int n)
{
	union { struct cmsghdr c; char space[CMSG_SPACE(300 * sizeof(int))]; } u = { };
	struct iovec v = { "f", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = u.space,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	u.c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&u.c), fds, n * sizeof(int));
	return syscall(SYS_sendmsg, to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);	/* musl has a limit of its own */
}

/* Receives with room for @room descriptors; how many came, in @fds. */
static int recv_fds(int from, int *fds, int room, int flags, int *out)
{
	union { struct cmsghdr c; char space[CMSG_SPACE(16 * sizeof(int))]; } u = { };
	char byte[4];
	struct iovec v = { byte, sizeof(byte) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room < 0 ? NULL : u.space,
			    .msg_controllen = room < 0 ? 0 : CMSG_LEN(room * sizeof(int)) };
	int n;

	if (recvmsg(from, &m, flags) < 0)
		return -1;
	*out = m.msg_flags;
	if (m.msg_controllen < sizeof(u.c) || u.c.cmsg_type != SCM_RIGHTS)
		return 0;
	n = (u.c.cmsg_len - sizeof(struct cmsghdr)) / sizeof(int);
	memcpy(fds, CMSG_DATA(&u.c), n * sizeof(int));
	return n;
}

static void descriptors(int type)
{
	int sv[2], p[2], fds[16], flags, many[254];
	char c;

	CHECK(socketpair(AF_UNIX, type, 0, sv) == 0 && pipe(p) == 0);
	CHECK(send_fds(sv[0], p, 2) == 1);
	CHECK(recv_fds(sv[1], fds, 2, MSG_PEEK, &flags) == 2);		/* a peek makes copies */
	close(fds[0]);
	close(fds[1]);
	CHECK(recv_fds(sv[1], fds, 2, MSG_CMSG_CLOEXEC, &flags) == 2 && flags == MSG_CMSG_CLOEXEC);
	CHECK(fcntl(fds[0], F_GETFD) == FD_CLOEXEC);
	close(p[0]);
	close(p[1]);
	CHECK(write(fds[1], "!", 1) == 1 && read(fds[0], &c, 1) == 1 && c == '!');
	/* too little room, none at all: the rest is closed */
	CHECK(send_fds(sv[0], fds, 2) == 1);
	CHECK(recv_fds(sv[1], p, 1, 0, &flags) == 1 && flags & MSG_CTRUNC);
	close(p[0]);
	CHECK(send_fds(sv[0], fds, 2) == 1);
	CHECK(recv_fds(sv[1], p, -1, 0, &flags) == 0 && flags & MSG_CTRUNC);
	/* a message that is never read keeps the pipe open, until the socket goes */
	CHECK(send_fds(sv[0], fds + 1, 1) == 1);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	FAILS(read(fds[0], &c, 1), EAGAIN);
	close(sv[1]);
	CHECK(read(fds[0], &c, 1) == 0);
	close(sv[0]);
	close(fds[0]);
	/* bad ones */
	CHECK(socketpair(AF_UNIX, type, 0, sv) == 0);
	fds[0] = 99;
	FAILS(send_fds(sv[0], fds, 1), EBADF);
	for (int i = 0; i < 254; i++)
		many[i] = sv[0];
	FAILS(send_fds(sv[0], many, 254), EINVAL);
	CHECK(send_fds(sv[0], many, 253) == 1);
	close(sv[0]);
	close(sv[1]);
	if (type != SOCK_STREAM)
		return;
	/* descriptors end a read: what follows belongs to another message */
	CHECK(socketpair(AF_UNIX, type, 0, sv) == 0);
	CHECK(write(sv[0], "ab", 2) == 2 && send_fds(sv[0], sv, 1) == 1 && write(sv[0], "cd", 2) == 2);
	char buf[10];
	CHECK(recv(sv[1], buf, 10, 0) == 3 && recv(sv[1], buf, 10, 0) == 2);
	close(sv[0]);
	close(sv[1]);
}

static void credentials(void)
{
	union { struct cmsghdr c; char space[CMSG_SPACE(sizeof(struct ucred))]; } u;
	struct iovec v = { "c", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u };
	struct ucred cred;
	int sv[2], one = 1, status;
	char c;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK(write(sv[0], "x", 1) == 1);			/* before anybody asked */
	CHECK(setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) == 0);
	CHECK(write(sv[0], "y", 1) == 1);
	v.iov_base = &c;
	m.msg_controllen = sizeof(u);
	CHECK(recvmsg(sv[1], &m, 0) == 1 && c == 'x' && u.c.cmsg_type == SCM_CREDENTIALS);
	memcpy(&cred, CMSG_DATA(&u.c), sizeof(cred));
	CHECK(cred.pid == 0 && cred.uid == 65534 && cred.gid == 65534);
	m.msg_controllen = sizeof(u);
	CHECK(recvmsg(sv[1], &m, 0) == 1 && c == 'y');
	memcpy(&cred, CMSG_DATA(&u.c), sizeof(cred));
	CHECK(cred.pid == getpid() && cred.uid == 0);
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		failures = 0;
		if (setgid(1000) || setuid(1000))
			_exit(9);
		u.c = (struct cmsghdr){ CMSG_LEN(sizeof(cred)), 0, SOL_SOCKET, SCM_CREDENTIALS };
		m.msg_controllen = CMSG_LEN(sizeof(cred));
		cred = (struct ucred){ getpid(), 0, 1000 };
		memcpy(CMSG_DATA(&u.c), &cred, sizeof(cred));
		FAILS(sendmsg(sv[0], &m, 0), EPERM);		/* it is not root */
		cred = (struct ucred){ getppid(), 1000, 1000 };
		memcpy(CMSG_DATA(&u.c), &cred, sizeof(cred));
		FAILS(sendmsg(sv[0], &m, 0), EPERM);
		cred = (struct ucred){ getpid(), 1000, 1000 };
		memcpy(CMSG_DATA(&u.c), &cred, sizeof(cred));
		CHECK(sendmsg(sv[0], &m, 0) == 1);
		_exit(failures);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	m.msg_control = &u;
	m.msg_controllen = sizeof(u);
	CHECK(recvmsg(sv[1], &m, 0) == 1);
	memcpy(&cred, CMSG_DATA(&u.c), sizeof(cred));
	CHECK(cred.uid == 1000 && cred.gid == 1000);	/* (its pid is gone by now) */
	close(sv[0]);
	close(sv[1]);
}

/* Sockets that only hold each other: their pages must come back (the caller counts). */
static void cycles(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		static char load[30000];
		int sv[2], chain[2], prev = -1;

		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		CHECK(write(sv[0], load, sizeof(load)) == sizeof(load));
		CHECK(send_fds(sv[0], sv, 2) == 1 && send_fds(sv[1], sv, 2) == 1);
		close(sv[0]);
		close(sv[1]);
		/* and a chain, each in the queue of the next */
		for (int n = 0; n < 50; n++) {
			CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, chain) == 0);
			if (prev >= 0) {
				CHECK(send_fds(chain[0], &prev, 1) == 1);
				close(prev);
			}
			close(chain[0]);
			prev = chain[1];
		}
		close(prev);
	}
}

static void *blocked_reader(void *arg)
{
	char c;

	return (void *)(long)(read(*(int *)arg, &c, 1) == 1 && c == 'w');
}

static void *closer(void *arg)
{
	usleep(100000);
	shutdown(*(int *)arg, SHUT_RDWR);
	return NULL;
}

static void blocking(void)
{
	int sv[2];
	pthread_t t;
	void *ok;
	char c;
	struct timeval tv = { 0, 60000 }, back;
	socklen_t len = sizeof(back);

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pthread_create(&t, NULL, blocked_reader, &sv[1]);
	usleep(50000);
	CHECK(write(sv[0], "w", 1) == 1);
	pthread_join(t, &ok);
	CHECK(ok);
	CHECK(setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(getsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &back, &len) == 0 && back.tv_usec == 60000);
	FAILS(read(sv[1], &c, 1), EAGAIN);
	tv.tv_usec = 0;
	CHECK(setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	pthread_create(&t, NULL, closer, &sv[0]);
	CHECK(read(sv[1], &c, 1) == 0);			/* woken by the end */
	pthread_join(t, NULL);
	close(sv[0]);
	close(sv[1]);
	/* a full stream: the writer sleeps until somebody reads */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		static char much[1 << 20];

		_exit(write(sv[0], much, sizeof(much)) != sizeof(much));
	}
	static char in[4096];
	long total = 0;
	usleep(50000);
	while (total < 1 << 20)
		total += read(sv[1], in, sizeof(in));
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(sv[0]);
	close(sv[1]);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "cycles")) {
		cycles(atoi(argv[2]));
		return finish("cycles");
	}
	if (argc > 1) {			/* a name for /proc/net/unix to show */
		struct sockaddr_un a;
		int l = socket(AF_UNIX, SOCK_STREAM, 0);

		CHECK(bind(l, (void *)&a, name(&a, argv[1])) == 0 && listen(l, 5) == 0);
		return system("cat /proc/net/unix") || failures;
	}
	creation();
	stream_pair();
	accounting();
	names_and_connections("@abstract name");
	names_and_connections("/tmp/socktest.socket");
	datagrams();
	seqpackets();
	descriptors(SOCK_STREAM);
	descriptors(SOCK_DGRAM);
	descriptors(SOCK_SEQPACKET);
	credentials();
	blocking();
	cycles(3);
	return finish("socktest");
}
