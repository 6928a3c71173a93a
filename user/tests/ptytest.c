/*
 * ptytest.c - pseudo terminals.
 *
 * ptytest            the checks
 * ptytest sh WORDS   runs `sh` on a pty, types each word as a line, and prints what comes (as script(1) does)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "check.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static int open_master(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	CHECK(fd >= 0);
	CHECK(grantpt(fd) == 0);
	CHECK(ptsname_r(fd, name, size) == 0);
	return fd;
}

static int readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* What comes until @end has come (or 5 s have passed). */
static char *read_until(int fd, const char *end)
{
	static char buf[8192];
	size_t n = 0;

	buf[0] = 0;
	while (!strstr(buf, end) && n + 1 < sizeof(buf) && readable(fd, 5000) & POLLIN) {
		ssize_t got = read(fd, buf + n, sizeof(buf) - 1 - n);

		if (got <= 0)
			break;
		buf[n += got] = 0;
	}
	return buf;
}

static void names_and_locks(void)
{
	char name[64], other[64];
	struct stat st;
	int m = open_master(name, sizeof(name)), s, m2, locked = -1;

	CHECK(stat(name, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev >> 8 == 136);
	FAILS(open(name, O_RDWR | O_NOCTTY), EIO);	/* locked still */
	CHECK(ioctl(m, 0x80045439 /* TIOCGPTLCK */, &locked) == 0 && locked == 1);
	CHECK(unlockpt(m) == 0);
	s = open(name, O_RDWR | O_NOCTTY);
	CHECK(s >= 0 && isatty(s));
	CHECK(ttyname_r(s, other, sizeof(other)) == 0 && !strcmp(name, other));
	m2 = open_master(other, sizeof(other));
	CHECK(strcmp(name, other));
	close(m2);
	FAILS(stat(other, &st), ENOENT);
	int peer = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CHECK(peer >= 0 && fstat(peer, &st) == 0 && S_ISCHR(st.st_mode));
	close(peer);
	close(s);
	close(m);
	FAILS(open(name, O_RDWR), ENOENT);
}

static void bytes_go_through(void)
{
	char name[64], buf[16384];
	int m = open_master(name, sizeof(name)), s, n = 0;
	struct termios t;
	struct winsize ws = { 24, 80, 0, 0 }, got;

	CHECK(unlockpt(m) == 0);
	CHECK(!(readable(m, 0) & POLLHUP));	/* nobody came yet */
	s = open(name, O_RDWR | O_NOCTTY);
	CHECK(write(m, "hello\n", 6) == 6);
	CHECK(read(s, buf, sizeof(buf)) == 6 && !memcmp(buf, "hello\n", 6));
	CHECK(!strcmp(read_until(m, "\n"), "hello\r\n"));	/* the echo */
	CHECK(write(s, "a\nb\n", 4) == 4);
	CHECK(!strcmp(read_until(m, "b\r\n"), "a\r\nb\r\n"));
	CHECK(tcgetattr(m, &t) == 0 && t.c_lflag & ECHO);	/* a master shows the slave's modes */
	cfmakeraw(&t);
	CHECK(tcsetattr(s, TCSANOW, &t) == 0);
	CHECK(ioctl(m, TIOCSWINSZ, &ws) == 0 && ioctl(s, TIOCGWINSZ, &got) == 0 && got.ws_col == 80);
	/* More than any buffer holds: the writer waits, nothing is lost. */
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		for (int i = 0; i < 100; i++) {
			memset(buf, 'a' + i % 26, 1000);
			if (write(s, buf, 1000) != 1000)
				_exit(1);
		}
		_exit(0);
	}
	while (n < 100000) {
		int k = read(m, buf, sizeof(buf));

		if (k <= 0)
			break;
		for (int i = 0; i < k; i++, n++)
			if (buf[i] != 'a' + n / 1000 % 26) {
				CHECK(!"a byte of another");
				n = 1 << 30;
			}
	}
	CHECK(n == 100000);
	waitpid(pid, &n, 0);
	CHECK(n == 0);
	/* And the other way, with nobody reading at first. */
	CHECK(fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
	memset(buf, 'x', sizeof(buf));
	while ((n = write(m, buf, sizeof(buf))) > 0)
		;
	CHECK(n == -1 && errno == EAGAIN);
	CHECK(read(s, buf, 4096) > 0);
	CHECK(tcflush(s, TCIFLUSH) == 0);
	close(s);
	FAILS(read(m, buf, 1), EIO);
	CHECK(readable(m, 0) & POLLHUP);
	s = open(name, O_RDWR | O_NOCTTY);	/* it may come back */
	CHECK(s >= 0);
	FAILS(read(m, buf, 1), EAGAIN);
	close(m);
	CHECK(read(s, buf, 1) == 0);		/* hung up */
	FAILS(write(s, "x", 1), EIO);
	close(s);
}

static void packets(void)
{
	char name[64], buf[100];
	int m = open_master(name, sizeof(name)), s, on = 1;

	CHECK(unlockpt(m) == 0);
	s = open(name, O_RDWR | O_NOCTTY);
	CHECK(ioctl(m, TIOCPKT, &on) == 0);
	CHECK(write(s, "data", 4) == 4);
	CHECK(read(m, buf, sizeof(buf)) == 5 && buf[0] == 0 && !memcmp(buf + 1, "data", 4));
	CHECK(tcflush(s, TCOFLUSH) == 0);
	CHECK(read(m, buf, sizeof(buf)) == 1 && buf[0] & TIOCPKT_FLUSHWRITE);
	CHECK(tcflow(s, TCOOFF) == 0);
	CHECK(read(m, buf, sizeof(buf)) == 1 && buf[0] & TIOCPKT_STOP);
	CHECK(tcflow(s, TCOON) == 0);
	CHECK(read(m, buf, sizeof(buf)) == 1 && buf[0] & TIOCPKT_START);
	close(s);
	close(m);
}

/* A session on the pty: ^C reaches its foreground group, a closed master hangs it up. */
static void sessions(void)
{
	char name[64];
	int m = open_master(name, sizeof(name)), status;
	pid_t pid, pgrp = 0;

	CHECK(unlockpt(m) == 0);
	pid = FORK_OR_EXIT();
	if (!pid) {
		setsid();
		int s = open(name, O_RDWR);	/* becomes the controlling terminal */
		signal(SIGINT, SIG_DFL);
		close(m);
		if (tcgetpgrp(s) != getpid() || open("/dev/tty", O_RDWR) < 0)
			_exit(2);
		write(s, "ready", 5);
		for (;;)
			pause();
	}
	CHECK(!strcmp(read_until(m, "ready"), "ready"));
	CHECK(ioctl(m, TIOCGPGRP, &pgrp) == 0 && pgrp == pid);
	CHECK(write(m, "\003", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	close(m);
	m = open_master(name, sizeof(name));
	CHECK(unlockpt(m) == 0);
	pid = FORK_OR_EXIT();
	if (!pid) {
		setsid();
		int s = open(name, O_RDWR);
		close(m);
		write(s, "ready", 5);
		for (;;)
			pause();
	}
	read_until(m, "ready");
	close(m);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
}

/* Two session leaders open a terminal that is nobody's: it becomes one's. */
static void one_of_two(void)
{
	_Atomic int *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char name[64];
	int status, m, got;

	for (int round = 0; round < 50; round++) {
		m = open_master(name, sizeof(name));
		CHECK(unlockpt(m) == 0);
		at[0] = at[1] = 0;
		for (int i = 0; i < 2; i++)
			if (!FORK_OR_EXIT()) {
				signal(SIGHUP, SIG_IGN);
				setsid();
				at[0]++;
				while (at[0] < 2)
					sched_yield();
				got = open(name, O_RDWR) >= 0 && open("/dev/tty", O_RDWR) >= 0;
				at[1]++;	/* as one goes, the terminal is free again */
				while (at[1] < 2)
					sched_yield();
				_exit(got);
			}
		got = 0;
		for (int i = 0; i < 2; i++) {
			CHECK(wait(&status) > 0 && WIFEXITED(status));
			got += WEXITSTATUS(status);
		}
		CHECK(got == 1);
		close(m);
	}
	munmap((void *)at, 4096);
}

static void many(void)
{
	int fd[64];
	char name[64];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 64; i++)
			fd[i] = open_master(name, sizeof(name));
		for (int i = 0; i < 64; i++)
			close(fd[i]);
	}
}

static int script(int argc, char **argv)
{
	char name[64], line[300];
	int m = open_master(name, sizeof(name)), status;
	pid_t pid;

	unlockpt(m);
	pid = FORK_OR_EXIT();
	if (!pid) {
		setsid();
		int s = open(name, O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(s, i);
		execlp(argv[1], argv[1], NULL);
		_exit(127);
	}
	for (int i = 2; i < argc; i++) {
		snprintf(line, sizeof(line), "%s; echo do''ne%d\n", argv[i], i);
		write(m, line, strlen(line));
		snprintf(line, sizeof(line), "done%d\r\n", i);
		fputs(read_until(m, line), stdout);
	}
	write(m, "exit 3\n", 7);
	waitpid(pid, &status, 0);
	printf("shell's exit status %d\n", WEXITSTATUS(status));
	return 0;
}

/* As struct termios of the ioctls, which the C library's is not. */
struct modes {
	unsigned int i, o, c, l;
	unsigned char line, cc[19];
};
#define GET_LOCKED 0x5456	/* TIOCGLCKTRMIOS */
#define SET_LOCKED 0x5457	/* TIOCSLCKTRMIOS */

static void locked_modes(void)
{
	char name[64];
	int m = open_master(name, sizeof(name)), s, p[2];
	struct modes none = { 0 }, lock = { .l = ECHO | ICANON, .i = ~0u, .cc = { [VINTR] = 1 } }, got;
	struct termios before, t;

	unlockpt(m);
	s = open(name, O_RDWR | O_NOCTTY);
	CHECK(ioctl(s, GET_LOCKED, &got) == 0 && !memcmp(&got, &none, sizeof(got)));
	CHECK(ioctl(s, SET_LOCKED, &lock) == 0);
	CHECK(ioctl(m, GET_LOCKED, &got) == 0 && !memcmp(&got, &lock, sizeof(got)));
	FAILS(ioctl(s, SET_LOCKED, 8), EFAULT);
	FAILS(ioctl(s, GET_LOCKED, 8), EFAULT);
	CHECK(pipe(p) == 0);
	FAILS(ioctl(p[0], SET_LOCKED, &lock), ENOTTY);

	tcgetattr(s, &before);
	t = before;
	cfmakeraw(&t);
	t.c_cc[VINTR] = 'x';
	t.c_cc[VEOF] = 'y';
	CHECK(ioctl(s, TCSETS, &t) == 0);	/* root, too */
	tcgetattr(s, &t);
	CHECK(t.c_iflag == before.c_iflag && (t.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON));
	CHECK(t.c_cc[VINTR] == before.c_cc[VINTR] && t.c_cc[VEOF] == 'y');
	CHECK(!(t.c_oflag & OPOST));
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		CHECK(setuid(1000) == 0);
		FAILS(ioctl(s, SET_LOCKED, 8), EPERM);
		FAILS(ioctl(m, SET_LOCKED, &none), EPERM);
		CHECK(ioctl(s, GET_LOCKED, &got) == 0 && got.l == lock.l);
		_exit(failures != 0);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(ioctl(m, SET_LOCKED, &none) == 0);
	cfmakeraw(&t);
	CHECK(ioctl(s, TCSETS, &t) == 0);
	tcgetattr(s, &t);
	CHECK(!t.c_iflag && !(t.c_lflag & (ECHO | ICANON)));
	CHECK(ioctl(m, SET_LOCKED, &lock) == 0);
	close(s);
	close(m);
	m = open_master(name, sizeof(name));	/* the next pair has none */
	CHECK(ioctl(m, GET_LOCKED, &got) == 0 && !memcmp(&got, &none, sizeof(got)));
	close(m);
	close(p[0]);
	close(p[1]);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return script(argc, argv);
	names_and_locks();
	bytes_go_through();
	packets();
	sessions();
	one_of_two();
	locked_modes();
	many();
	return finish("ptytest");
}
