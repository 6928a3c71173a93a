/*
 * fdcalls - select, setpriority, splice, tee, vmsplice, sendfile, timerfd, signalfd, remap_file_pages, adjtimex, openat2, as
 * their manual pages say.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int temp_file(const char *text, size_t len)
{
	char name[] = "/tmp/fdcalls.XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	unlink(name);
	CHECK(write(fd, text, len) == (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void test_splice(void)
{
	static char big[100000], back[100000];
	int a[2], b[2], file, out, null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	char buf[64] = "";
	loff_t off = 2;
	ssize_t n;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + i / 251;
	CHECK(pipe(a) == 0 && pipe(b) == 0);
	file = temp_file("0123456789", 10);
	out = temp_file("", 0);
	CHECK(splice(file, &off, a[1], NULL, 4, 0) == 4 && off == 6);
	CHECK(lseek(file, 0, SEEK_CUR) == 0);
	CHECK(splice(file, NULL, a[1], NULL, 100, 0) == 10);
	CHECK(splice(file, NULL, a[1], NULL, 100, 0) == 0);
	/* tee leaves it where it was; what is written behind it is not seen in the copy */
	CHECK(tee(a[0], b[1], 6, 0) == 6);
	CHECK(write(a[1], "xyz", 3) == 3);
	CHECK(read(b[0], buf, sizeof(buf)) == 6 && !memcmp(buf, "234501", 6));
	CHECK(splice(a[0], NULL, out, NULL, 5, 0) == 5);
	CHECK(splice(a[0], NULL, b[1], NULL, 100, 0) == 12);
	CHECK(read(b[0], buf, sizeof(buf)) == 12 && !memcmp(buf, "123456789xyz", 12));
	CHECK(pread(out, buf, 5, 0) == 5 && !memcmp(buf, "23450", 5));
	FAILS(splice(a[0], NULL, out, NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
	FAILS(splice(file, NULL, out, NULL, 5, 0), EINVAL);
	FAILS(splice(a[0], NULL, a[1], NULL, 5, 0), EINVAL);
	FAILS(splice(a[0], &off, out, NULL, 5, 0), ESPIPE);
	FAILS(splice(a[1], NULL, out, NULL, 5, 0), EBADF);
	FAILS(splice(file, NULL, a[1], NULL, 5, 0x100), EINVAL);
	FAILS(tee(file, a[1], 5, 0), EINVAL);
	/* a page that tee shares is not written over when the first pipe reuses its pages */
	CHECK(write(a[1], "old", 3) == 3 && tee(a[0], b[1], 3, 0) == 3);
	CHECK(read(a[0], buf, 3) == 3 && write(a[1], "new", 3) == 3 && read(a[0], buf, 3) == 3);
	CHECK(read(b[0], buf, 3) == 3 && !memcmp(buf, "old", 3));

	FAILS(splice(zero, NULL, a[1], NULL, 4096, 0), EINVAL);
	CHECK(write(a[1], big, 4096) == 4096);
	CHECK(splice(a[0], NULL, null, NULL, 65536, 0) == 4096);

	struct iovec vec[2] = { { big, 10000 }, { big + 10000, 30000 } };

	CHECK(vmsplice(a[1], vec, 2, 0) == 40000);
	CHECK(read(a[0], back, 40000) == 40000 && !memcmp(big, back, 40000));
	FAILS(vmsplice(file, vec, 2, 0), EBADF);
	vec[0] = (struct iovec){ big, 100000 };
	n = vmsplice(a[1], vec, 1, SPLICE_F_NONBLOCK);	/* as much as fits: whole pages, maybe cut */
	CHECK(n > 60000 && n <= 65536);
	vec[0] = (struct iovec){ back, 100000 };
	CHECK(vmsplice(a[0], vec, 1, 0) == n && !memcmp(big, back, n));
	/* The file's own page is in the pipe: a write to the file shows, one to the pipe does not reach the file. */
	CHECK(splice(file, &(loff_t){ 0 }, a[1], NULL, 4, 0) == 4 && pwrite(file, "W", 1, 1) == 1);
	CHECK(write(a[1], "pipe", 4) == 4 && read(a[0], buf, 8) == 8 && !memcmp(buf, "0W23pipe", 8));
	CHECK(pread(file, buf, 20, 0) == 10 && !memcmp(buf, "0W23456789", 10));
	/* It stays there when the file lets go of it, and is not the pipe's to write to afterwards. */
	CHECK(splice(file, &(loff_t){ 0 }, a[1], NULL, 4, 0) == 4 && tee(a[0], b[1], 4, 0) == 4);
	CHECK(ftruncate(file, 0) == 0 && read(a[0], buf, 4) == 4 && !memcmp(buf, "0W23", 4));
	CHECK(write(a[1], "pipe", 4) == 4 && read(b[0], buf, 4) == 4 && !memcmp(buf, "0W23", 4));
	CHECK(read(a[0], buf, 4) == 4 && !memcmp(buf, "pipe", 4));
	/* A hole; and a page that is spliced to another place in itself. */
	CHECK(pwrite(file, "0123456789", 10, 8192) == 10);
	n = splice(file, &(loff_t){ 4000 }, a[1], NULL, 100, 0);	/* a page is a buffer; or all of it, zeroes */
	CHECK(n == 96 || n == 100);
	CHECK(read(a[0], back, 100) == n && !back[0] && !back[n - 1]);
	CHECK(splice(file, &(loff_t){ 8192 }, a[1], NULL, 10, 0) == 10);
	CHECK(splice(a[0], NULL, file, &(loff_t){ 8210 }, 10, 0) == 10);
	CHECK(pread(file, buf, 20, 8210) == 10 && !memcmp(buf, "0123456789", 10));
	CHECK(ftruncate(file, 0) == 0 && pwrite(file, "0123456789", 10, 0) == 10);
	/* sendfile to a pipe and to a device */
	CHECK(sendfile(null, file, &(off_t){ 0 }, 10) == 10);
	CHECK(sendfile(a[1], file, &(off_t){ 5 }, 10) == 5);
	close(a[0]);
	signal(SIGPIPE, SIG_IGN);
	FAILS(splice(file, &(loff_t){ 0 }, a[1], NULL, 10, 0), EPIPE);
	CHECK(close(a[1]) == 0 && close(b[0]) == 0 && close(b[1]) == 0);
	close(file);
	close(out);
	close(null);
	close(zero);
}

static void test_timerfd(void)
{
	struct itimerspec fast = { { 0, 1000 }, { 0, 1 } }, once = { { 0, 0 }, { 0, 20000000 } }, left;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned long n;

	CHECK(fd >= 0);
	FAILS(timerfd_create(77, 0), EINVAL);
	FAILS(timerfd_create(CLOCK_REALTIME, 1), EINVAL);
	FAILS(timerfd_settime(1000, 0, &once, NULL), EBADF);
	FAILS(timerfd_settime(0, 0, &once, NULL), EINVAL);
	FAILS(read(fd, &n, 8), EAGAIN);
	CHECK(timerfd_settime(fd, 0, &once, NULL) == 0);
	CHECK(timerfd_gettime(fd, &left) == 0 && left.it_value.tv_nsec > 0);
	FAILS(read(fd, &n, 7), EINVAL);
	CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLIN);
	CHECK(read(fd, &n, 8) == 8 && n == 1);
	CHECK(timerfd_gettime(fd, &left) == 0 && !left.it_value.tv_nsec && !left.it_value.tv_sec);
	CHECK(timerfd_settime(fd, 0, &fast, NULL) == 0);
	CHECK(poll(&p, 1, 5000) == 1);
	usleep(20000);
	CHECK(read(fd, &n, 8) == 8 && n >= 20000 && n < 1000000000);
	/* in the past: at once */
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &once, NULL) == 0);
	CHECK(poll(&p, 1, 5000) == 1);
	close(fd);
}

static void test_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd, status;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(fd >= 0);
	FAILS(read(fd, &info, sizeof(info)), EAGAIN);
	FAILS(read(fd, &info, 10), EINVAL);
	FAILS(signalfd(0, &set, 0), EINVAL);
	pid = FORK_OR_EXIT();
	if (!pid) {
		union sigval v = { .sival_int = 77 };

		kill(getppid(), SIGUSR1);
		sigqueue(getppid(), SIGRTMIN, v);
		_exit(0);
	}

	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLIN);
	waitpid(pid, &status, 0);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1);
	CHECK(info.ssi_pid == (unsigned int)pid && info.ssi_code == SI_USER);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_int == 77);
	CHECK(info.ssi_signo == (unsigned int)SIGRTMIN);
	close(fd);
}

static void test_remap(void)
{
	size_t page = 4096, n = 8;
	char *p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = temp_file("", 0), wrong = 0;

	for (size_t i = 0; i < n; i++)
		p[i * page] = 'a' + i;
	for (size_t i = 0; i < n; i++)
		CHECK(syscall(SYS_remap_file_pages, p + i * page, page, 0, n - 1 - i, 0) == 0);
	for (size_t i = 0; i < n; i++)
		wrong += p[i * page] != (char)('a' + n - 1 - i);
	CHECK(wrong == 0);
	FAILS(syscall(SYS_remap_file_pages, p, page, PROT_READ, 0, 0), EINVAL);
	munmap(p, n * page);
	FAILS(syscall(SYS_remap_file_pages, p, page, 0, 0, 0), EINVAL);
	CHECK(ftruncate(fd, n * page) == 0);
	p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[3 * page] = 'x';
	CHECK(syscall(SYS_remap_file_pages, p, page, 0, 3, 0) == 0 && p[0] == 'x');
	munmap(p, n * page);
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	FAILS(syscall(SYS_remap_file_pages, p, page, 0, 3, 0), EINVAL);
	munmap(p, page);
	close(fd);
}

static void test_clock(void)
{
	struct timex tx = { 0 };

	CHECK(adjtimex(&tx) >= 0 && tx.tick == 10000);
	FAILS(adjtimex((void *)8), EFAULT);
	CHECK(setuid(65534) == 0);
	tx.modes = ADJ_SETOFFSET;
	FAILS(adjtimex(&tx), EPERM);
}

struct how { unsigned long flags, mode, resolve; };	/* struct open_how */

static int openat2(const char *path, unsigned long flags, unsigned long mode)
{
	struct how how = { flags, mode, 0 };

	return (int)syscall(437, AT_FDCWD, path, &how, sizeof(how));
}

/* RESOLVE_NO_XDEV: neither a magic link nor an absolute one leads to another mount. */
static void test_no_xdev(void)
{
	struct how how = { O_PATH, 0, 1 };
	int proc = open("/proc", O_PATH), dev = open("/dev", O_PATH), fd;

	FAILS((int)syscall(437, proc, "self/root", &how, sizeof(how)), EXDEV);
	FAILS((int)syscall(437, proc, "self/cwd/.", &how, sizeof(how)), EXDEV);
	CHECK((fd = (int)syscall(437, proc, "self/status", &how, sizeof(how))) >= 0 && close(fd) == 0);
	CHECK(symlinkat("/", dev, "fdcalls.root") == 0);
	FAILS((int)syscall(437, dev, "fdcalls.root", &how, sizeof(how)), EXDEV);
	how.resolve = 0;
	CHECK((fd = (int)syscall(437, dev, "fdcalls.root", &how, sizeof(how))) >= 0 && close(fd) == 0);
	CHECK(unlinkat(dev, "fdcalls.root", 0) == 0 && close(proc) == 0 && close(dev) == 0);
}

/* Directories are not read, and files of /sys not opened for what they cannot do. */
static void test_wrong_use(void)
{
	static const char *const dirs[] = { "/", "/proc", "/proc/self", "/proc/self/fd",
					    "/proc/self/task", "/proc/sys/vm", "/sys" };
	char c;
	int fd;

	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		CHECK((fd = open(dirs[i], O_RDONLY)) >= 0);
		FAILS(read(fd, &c, 1), EISDIR);
		close(fd);
	}
	FAILS(open("/sys/devices/system/cpu/online", O_RDWR), EACCES);
	CHECK((fd = open("/proc/meminfo", O_RDWR)) >= 0);
	FAILS(write(fd, "1", 1), EIO);
	close(fd);
	/* a range that has no end, or no beginning */
	CHECK((fd = open("/tmp/fdcalls", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && write(fd, "1", 1) == 1);
	FAILS(fcntl(fd, F_SETLK, &(struct flock){ F_WRLCK, SEEK_END, LONG_MAX, 0, 0 }), EOVERFLOW);
	FAILS(fcntl(fd, F_SETLK, &(struct flock){ F_WRLCK, SEEK_SET, LONG_MAX, 2, 0 }), EOVERFLOW);
	FAILS(fcntl(fd, F_SETLK, &(struct flock){ F_WRLCK, SEEK_SET, LONG_MIN, -1, 0 }), EINVAL);
	CHECK(close(fd) == 0 && unlink("/tmp/fdcalls") == 0);
}

/* What open(2) passes over, openat2(2) refuses. */
static void test_openat2(void)
{
	const unsigned long wrong[] = { O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_NONBLOCK };
	int fd;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		FAILS(openat2("/", O_PATH | wrong[i], 0), EINVAL);
		CHECK((fd = open("/", O_PATH | (int)wrong[i])) >= 0 && close(fd) == 0);
	}
	FAILS(openat2("/", O_RDONLY, 0600), EINVAL);
	FAILS(openat2("/tmp/none", O_CREAT | O_RDWR, 0100600), EINVAL);
	CHECK((fd = openat2("/", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)) >= 0 && close(fd) == 0);
}

/* Descriptors in several words of the sets, three things asked of each; what lies behind n is not looked at. */
static void test_select(void)
{
	struct timeval now = { 0 };
	int a[2], low, high = 130, n = high + 1;
	fd_set in, out, ex;

	CHECK(pipe(a) == 0 && write(a[1], "x", 1) == 1);
	CHECK((low = dup(a[1])) >= 0 && dup2(a[0], high) == high);
	for (int round = 0; round < 2; round++) {
		FD_ZERO(&in); FD_ZERO(&out); FD_ZERO(&ex);
		FD_SET(high, &in); FD_SET(a[1], &in); FD_SET(a[0], &in);
		FD_SET(low, &out); FD_SET(high, &out); FD_SET(high, &ex);
		/* One bit more: in the same word, of no descriptor; it counts in the second round. */
		FD_SET(high + 1, &in);
		if (round) {
			FAILS(select(n + 1, &in, &out, &ex, &now), EBADF);
			break;
		}
		CHECK(select(n, &in, &out, &ex, &now) == 3);
		CHECK(FD_ISSET(high, &in) && FD_ISSET(a[0], &in) && !FD_ISSET(a[1], &in));
		CHECK(FD_ISSET(low, &out) && !FD_ISSET(high, &out) && !FD_ISSET(high, &ex));
	}
	FD_ZERO(&in);
	FD_SET(high, &in);
	CHECK(select(high, &in, NULL, NULL, &now) == 0);	/* n is not one more than it */
	close(high);
	FD_SET(high, &in);
	FAILS(select(n, &in, NULL, NULL, &now), EBADF);
	close(low); close(a[0]); close(a[1]);
}

static void test_nice(void)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	CHECK(setpriority(PRIO_PROCESS, child, 7) == 0 && getpriority(PRIO_PROCESS, child) == 7);
	CHECK(setpriority(PRIO_PROCESS, 0, 3) == 0 && getpriority(PRIO_PROCESS, 0) == 3);
	CHECK(getpriority(PRIO_PROCESS, child) == 7);
	CHECK(getpriority(PRIO_PGRP, 0) == 0 || getpriority(PRIO_PGRP, 0) == 3);	/* the shell may be of it */
	CHECK(setpgid(child, 0) == 0 && getpriority(PRIO_PGRP, child) == 7);
	CHECK(setpriority(PRIO_PROCESS, 0, 0) == 0);
	kill(child, SIGKILL);
	CHECK(waitpid(child, NULL, 0) == child);
	FAILS(getpriority(PRIO_PROCESS, child), ESRCH);
	FAILS(setpriority(PRIO_PROCESS, child, 1), ESRCH);
	FAILS(setpriority(3, 0, 1), EINVAL);
}

int main(void)
{
	test_select();
	test_nice();
	test_splice();
	test_timerfd();
	test_signalfd();
	test_remap();
	test_no_xdev();
	test_wrong_use();
	test_clock();	/* as nobody from here on */
	test_openat2();
	return finish("fdcalls");
}
