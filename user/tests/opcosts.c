/*
 * opcosts - what an lmbench would ask of a kernel, in guest instructions per operation: see bench.h
 * for how they are counted. Runs on Brink and on Linux; `make bench WIDE=1` starts it as the first
 * process (rdinit=/bin/opcosts), with a swap disk at /dev/vda and an ext2 file system at /dev/vdb.
 * `rooms=NAME,NAME opcosts` runs some of the rooms in the table at the end. Needs BusyBox as /bin/busybox.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/timerfd.h>
#include <time.h>

#include "../bench.h"

/* --- two processes talk --- */

/* @n bytes come back through @fds, a pair of sockets: the child is the echo. */
static void round_trips(const char *what, int *fds)
{
	const int n = 200;
	char c = 0;
	pid_t echo = fork();

	if (!echo) {
		while (read(fds[1], &c, 1) == 1 && write(fds[1], &c, 1) == 1)
			;
		_exit(0);
	}
	for (int i = -10; i < n; i++) {
		if (!i)
			begin();
		if (write(fds[0], &c, 1) != 1 || read(fds[0], &c, 1) != 1)
			break;
	}
	end(what, n);
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
	close(fds[0]);
	close(fds[1]);
}

static void yields(void)
{
	const int n = 500;
	volatile int *others = (volatile int *)anonymous(PAGE, MAP_SHARED);
	pid_t other = fork();

	if (!other)
		for (;; ++*others)
			sched_yield();
	sched_yield();
	*others = 0;
	begin();
	for (int i = 0; i < n; i++)
		sched_yield();
	end("sched_yield of two, per yield", n + *others);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	munmap((void *)others, PAGE);
}

static void events(void)
{
	const int n = 500;
	int fd = eventfd(0, 0);
	unsigned long one = 1;

	begin();
	for (int i = 0; i < n; i++)
		if (write(fd, &one, 8) != 8 || read(fd, &one, 8) != 8)
			break;
	end("eventfd, write + read", n);
	close(fd);
}

static void *futex_partner(void *word)
{
	int *turn = word;

	for (;;) {
		while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) == 0)
			syscall(SYS_futex, turn, 128, 0, NULL, NULL, 0);
		if (__atomic_load_n(turn, __ATOMIC_ACQUIRE) < 0)
			return NULL;
		__atomic_store_n(turn, 0, __ATOMIC_RELEASE);
		syscall(SYS_futex, turn, 129, 1, NULL, NULL, 0);
	}
}

/* As bench's row, but threads: no change of address space, private futexes. */
static void thread_switches(void)
{
	const int n = 200;
	static int turn;
	pthread_t partner;

	pthread_create(&partner, NULL, futex_partner, &turn);
	sched_yield();
	begin();
	for (int i = 0; i < n; i++) {
		__atomic_store_n(&turn, 1, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn, 129, 1, NULL, NULL, 0);
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 1)
			syscall(SYS_futex, &turn, 128, 1, NULL, NULL, 0);
	}
	end("futex round trip of threads, per switch", 2 * n);
	__atomic_store_n(&turn, -1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, 129, 1, NULL, NULL, 0);
	pthread_join(partner, NULL);
}

static void socket_bytes(void)
{
	enum { SIZE = 16 * PAGE, CHUNK = 4 * PAGE };
	const int n = 20;
	char *buf = touched(SIZE);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return;
	for (int i = -1; i < n; i++) {
		if (!i)
			begin();
		for (int at = 0; at < SIZE; at += CHUNK)
			if (write(fds[0], buf + at, CHUNK) != CHUNK || read(fds[1], buf + at, CHUNK) != CHUNK)
				return;
	}
	end("AF_UNIX stream, write + read of 16 KiB", n * SIZE / CHUNK);
	close(fds[0]);
	close(fds[1]);
	munmap(buf, SIZE);
}

static void talk(void)
{
	int fds[2];

	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		round_trips("AF_UNIX stream round trip", fds);
	if (!socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		round_trips("AF_UNIX datagram round trip", fds);
	socket_bytes();
	yields();
	thread_switches();
	events();
}

/* --- signals and timers --- */

static volatile int caught;
static char *guarded;

static void count_signal(int sig) { caught++; }

static void open_the_page(int sig)
{
	caught++;
	mprotect(guarded, PAGE, PROT_READ | PROT_WRITE);
}

static void signal_rows(void)
{
	const int n = 200;
	struct sigaction act = { .sa_handler = count_signal };
	pid_t self = getpid();
	sigset_t set;

	begin();
	for (int i = 0; i < n; i++)
		sigaction(SIGUSR1, &act, NULL);
	end("sigaction", n);
	sigemptyset(&set);
	begin();
	for (int i = 0; i < n; i++)
		sigprocmask(SIG_BLOCK, &set, NULL);
	end("sigprocmask", n);
	begin();
	for (int i = 0; i < n; i++)
		kill(self, SIGUSR1);
	end("kill of oneself + handler + return", n);
	guarded = touched(PAGE);
	act.sa_handler = open_the_page;
	sigaction(SIGSEGV, &act, NULL);
	begin();
	for (int i = 0; i < n; i++) {
		mprotect(guarded, PAGE, PROT_READ);
		*(volatile char *)guarded = 1;
	}
	end("SIGSEGV caught, with two mprotect", n);
	signal(SIGSEGV, SIG_DFL);
	munmap(guarded, PAGE);
}

static void timer_rows(void)
{
	const int n = 100;
	struct timespec nap = { .tv_nsec = 50000 };
	struct itimerspec soon = { .it_value = nap }, far = { .it_value.tv_sec = 1000 };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	unsigned long times;

	begin();
	for (int i = 0; i < n; i++)
		timerfd_settime(fd, 0, &far, NULL);
	end("timerfd_settime", n);
	start_filler();
	begin();
	for (int i = 0; i < n; i++)
		nanosleep(&nap, NULL);
	end("nanosleep of 50 us", n);
	begin();
	for (int i = 0; i < n; i++) {
		timerfd_settime(fd, 0, &soon, NULL);
		if (read(fd, &times, 8) != 8)
			break;
	}
	end("timerfd of 50 us, set + wait", n);
	stop_filler();
	close(fd);
}

static void signals(void)
{
	signal_rows();
	timer_rows();
}

/* --- processes --- */

extern char **environ;
static char *const true_argv[] = { "true", NULL };

static void *nothing(void *p) { return p; }

static void vfork_and_exec(void)
{
	if (!vfork()) {
		execv("/bin/busybox", true_argv);
		_exit(1);
	}
	wait(NULL);
}

static void small_processes(void)
{
	const int n = 30;
	pthread_t thread;
	pid_t pid;

	vfork_and_exec();		/* its pages come into the cache */
	begin();
	for (int i = 0; i < n; i++)
		vfork_and_exec();
	end("vfork + exec of BusyBox's true + wait", n);
	begin();
	for (int i = 0; i < n; i++) {
		posix_spawn(&pid, "/bin/busybox", NULL, NULL, true_argv, environ);
		wait(NULL);
	}
	end("posix_spawn of BusyBox's true + wait", n);
	begin();
	for (int i = 0; i < n; i++) {
		if (!fork()) {
			execl("/bin/busybox", "sh", "-c", "/bin/true", (char *)NULL);
			_exit(1);
		}
		wait(NULL);
	}
	end("fork + exec of sh -c /bin/true + wait", n);
	begin();
	for (int i = 0; i < n; i++) {
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
	}
	end("pthread_create + join", n);
}

static void large_process(void)
{
	const size_t size = 256 * MIB;
	char *p = touched(size);
	pid_t child;
	int go[2];
	char c = 0;

	begin();
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	end("fork with 256 MiB", 1);
	kill(child, SIGKILL);
	begin();
	waitpid(child, NULL, 0);
	end("exit of a child that shares 256 MiB", 1);
	munmap(p, size);
	if (pipe(go))
		return;
	child = fork();
	if (!child) {
		touched(size);
		if (write(go[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	if (read(go[0], &c, 1) == 1) {
		kill(child, SIGKILL);
		begin();
		waitpid(child, NULL, 0);
		end("exit with 256 MiB of its own", 1);
	}
	close(go[0]);
	close(go[1]);
}

static void processes(void)
{
	small_processes();
	large_process();
}

/* --- address space --- */

static void map_touch_unmap(const char *what, size_t len, int n)
{
	munmap(touched(len), len);
	begin();
	for (int i = 0; i < n; i++)
		munmap(touched(len), len);
	end(what, n);
}

static void protections(void)
{
	const int n = 200;
	char *p = touched(3 * PAGE);

	begin();
	for (int i = 0; i < n; i++)
		mprotect(p + PAGE, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
	end("mprotect that splits or joins mappings", n);
	begin();
	for (int i = 0; i < n; i++)
		mprotect(p, 3 * PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
	end("mprotect of a mapping of 3 pages", n);
	munmap(p, 3 * PAGE);
}

static void growth(void)
{
	const int n = 200;
	char *p = touched(PAGE), *top = (char *)syscall(SYS_brk, 0);

	begin();
	for (int i = 1; i < n; i++) {
		p = mremap(p, i * PAGE, (i + 1) * PAGE, MREMAP_MAYMOVE);
		p[i * PAGE] = 1;
	}
	end("mremap by a page + touch", n - 1);
	munmap(p, n * PAGE);
	p = touched(MIB);
	begin();
	for (int i = 0; i < 10; i++) {
		char *room = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		p = mremap(p, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	}
	end("mremap to elsewhere, 1 MiB touched", 10);
	munmap(p, MIB);
	begin();
	for (int i = 1; i <= n; i++) {
		syscall(SYS_brk, top + i * PAGE);
		top[(i - 1) * PAGE] = 1;
	}
	end("brk by a page + touch", n);
	begin();
	syscall(SYS_brk, top);
	end("brk back, per page", n);
}

static void locks_and_advice(void)
{
	const size_t len = 16 * MIB;
	const int n = 3;
	char *p = touched(len);

	begin();
	for (int i = 0; i < n; i++) {
		if (mlock(p, len))
			perror("mlock");
		munlock(p, len);
	}
	end("mlock + munlock, per touched page", n * len / PAGE);
	begin();
	madvise(p, len, MADV_DONTNEED);
	end("MADV_DONTNEED of 16 MiB, per page", len / PAGE);
	begin();
	if (mlock(p, len))
		perror("mlock");
	end("mlock of untouched memory, per page", len / PAGE);
	munlock(p, len);
	munmap(p, len);
	begin();
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	end("mmap with MAP_POPULATE, per page", len / PAGE);
	begin();
	madvise(p, len, MADV_FREE);
	end("MADV_FREE, per page", len / PAGE);
	munmap(p, len);
}

static void spaces(void)
{
	map_touch_unmap("mmap + touch + munmap of 4 KiB", PAGE, 200);
	map_touch_unmap("mmap + touch + munmap of 1 MiB", MIB, 20);
	map_touch_unmap("mmap + touch + munmap of 64 MiB", 64 * MIB, 2);
	protections();
	growth();
	locks_and_advice();
}

/* --- descriptors --- */

enum { FDS = 100 };

static void small_calls(void)
{
	const int n = 500;
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
	struct stat st;
	char c = 0;

	begin();
	for (int i = 0; i < n; i++)
		syscall(SYS_getpid);
	end("getpid", n);
	begin();
	for (int i = 0; i < n; i++)
		if (read(zero, &c, 1) != 1)
			return;
	end("read of 1 byte of /dev/zero", n);
	begin();
	for (int i = 0; i < n; i++)
		if (write(null, &c, 1) != 1)
			return;
	end("write of 1 byte to /dev/null", n);
	begin();
	for (int i = 0; i < n; i++)
		fstat(null, &st);
	end("fstat", n);
	begin();
	for (int i = 0; i < n; i++)
		close(dup(null));
	end("dup + close", n);
	begin();
	for (int i = 0; i < n; i++)
		fcntl(null, F_GETFL);
	end("fcntl F_GETFL", n);
	begin();
	for (int i = 0; i < n; i++)
		lseek(zero, 0, SEEK_SET);
	end("lseek", n);
	close(zero);
	close(null);
}

/* Waits for the last of a hundred pipes' ends: nothing else is ready. */
static void waiting_for_many(void)
{
	const int n = 50;
	int ends[FDS][2], ep = epoll_create1(0);
	struct pollfd polls[FDS];
	struct epoll_event event = { .events = EPOLLIN };
	struct timeval now = { 0 };
	fd_set set;

	for (int i = 0; i < FDS; i++) {
		if (pipe(ends[i]))
			return;
		polls[i] = (struct pollfd){ .fd = ends[i][0], .events = POLLIN };
	}
	if (write(ends[FDS - 1][1], "x", 1) != 1)
		return;
	begin();
	for (int i = 0; i < n; i++)
		poll(polls, FDS, 0);
	end("poll of 100 pipes", n);
	begin();
	for (int i = 0; i < n; i++) {
		FD_ZERO(&set);
		for (int j = 0; j < FDS; j++)
			FD_SET(ends[j][0], &set);
		select(ends[FDS - 1][0] + 1, &set, NULL, NULL, &now);
	}
	end("select of 100 pipes", n);
	begin();
	for (int i = 0; i < FDS; i++)
		epoll_ctl(ep, EPOLL_CTL_ADD, ends[i][0], &event);
	end("epoll_ctl ADD", FDS);
	begin();
	for (int i = 0; i < n; i++)
		epoll_wait(ep, &event, 1, 0);
	end("epoll_wait of 100 pipes", n);
	close(ep);
	for (int i = 0; i < FDS; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

static void pipes_made(void)
{
	const int n = 100;
	int ends[2];

	begin();
	for (int i = 0; i < n; i++) {
		if (pipe(ends))
			return;
		close(ends[0]);
		close(ends[1]);
	}
	end("pipe + two closes", n);
	begin();
	for (int i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
			return;
		close(ends[0]);
		close(ends[1]);
	}
	end("socketpair + two closes", n);
}

static void descriptors(void)
{
	small_calls();
	waiting_for_many();
	pipes_made();
}

/* --- files in the page cache --- */

/* Reads or writes @len bytes at a time from the start of @fd, which has them. */
static void transfer(const char *what, int fd, int writes, char *buf, size_t len, int n)
{
	begin();
	for (int i = 0; i < n; i++) {
		ssize_t done = writes ? pwrite(fd, buf, len, 0) : pread(fd, buf, len, 0);

		if (done != (ssize_t)len)
			return;
	}
	end(what, n);
}

static void contents(const char *dir, const char *where)
{
	char *buf = touched(MIB), path[64];
	volatile char sum = 0, *p;
	int fd;

	snprintf(path, sizeof(path), "%s/contents", dir);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
	transfer(named("write of a new 1 MiB", where), fd, 1, buf, MIB, 1);
	transfer(named("read of 1 byte", where), fd, 0, buf, 1, 100);
	transfer(named("read of 4 KiB", where), fd, 0, buf, PAGE, 100);
	transfer(named("read of 1 MiB", where), fd, 0, buf, MIB, 4);
	transfer(named("write of 1 byte", where), fd, 1, buf, 1, 100);
	transfer(named("write of 4 KiB", where), fd, 1, buf, PAGE, 100);
	transfer(named("write of 1 MiB", where), fd, 1, buf, MIB, 4);
	begin();
	p = mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0);
	for (size_t at = 0; at < MIB; at += PAGE)
		sum += p[at];
	munmap((void *)p, MIB);
	end(named("mmap + read + munmap of 1 MiB", where), 1);
	p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	begin();
	for (size_t at = 0; at < MIB; at += PAGE)
		p[at] = 1;
	end(named("first write to a shared page", where), MIB / PAGE);
	munmap((void *)p, MIB);
	begin();
	if (ftruncate(fd, 0))
		return;
	end(named("truncate of 1 MiB", where), 1);
	close(fd);
	unlink(path);
	munmap(buf, MIB);
}

enum { ENTRIES = 1000 };

static void names(const char *dir, const char *where)
{
	char path[128], other[128];
	const int n = 100;
	struct dirent *entry;
	struct stat st;
	int seen = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/short-lived", dir);
	snprintf(other, sizeof(other), "%s/renamed", dir);
	begin();
	for (int i = 0; i < n; i++) {
		close(open(path, O_CREAT | O_RDWR, 0644));
		unlink(path);
	}
	end(named("create + close + unlink", where), n);
	begin();
	for (int i = 0; i < n; i++) {
		mkdir(path, 0755);
		rmdir(path);
	}
	end(named("mkdir + rmdir", where), n);
	close(open(path, O_CREAT | O_RDWR, 0644));
	begin();
	for (int i = 0; i < n; i++) {
		rename(path, other);
		rename(other, path);
	}
	end(named("rename", where), 2 * n);
	unlink(path);

	snprintf(path, sizeof(path), "%s", dir);
	for (int i = 0; i < 8; i++) {
		strcat(path, "/d");
		mkdir(path, 0755);
	}
	strcat(path, "/file");
	close(open(path, O_CREAT | O_RDWR, 0644));
	begin();
	for (int i = 0; i < n; i++)
		stat(path, &st);
	end(named("stat 8 directories deep", where), n);
	begin();
	for (int i = 0; i < n; i++)
		close(open(path, O_RDONLY));
	end(named("open + close 8 directories deep", where), n);

	snprintf(path, sizeof(path), "%s/many", dir);
	mkdir(path, 0755);
	begin();
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/many/entry-%d", dir, i);
		close(open(path, O_CREAT | O_WRONLY, 0644));
	}
	end(named("create of one in 1,000", where), ENTRIES);
	snprintf(path, sizeof(path), "%s/many", dir);
	begin();
	for (d = opendir(path); d && (entry = readdir(d)); )
		seen++;
	closedir(d);
	end(named("readdir of 1,000, per entry", where), seen);
	begin();
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/many/entry-%d", dir, i);
		stat(path, &st);
	}
	end(named("stat of one in 1,000", where), ENTRIES);
	begin();
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/many/entry-%d", dir, i);
		unlink(path);
	}
	end(named("unlink of one in 1,000", where), ENTRIES);
}

static void tmpfs(void)
{
	mkdir("/tmp", 0755);
	if (mount("tmp", "/tmp", "tmpfs", 0, NULL))
		return;
	contents("/tmp", "tmpfs");
	names("/tmp", "tmpfs");
	umount("/tmp");
}

/* --- a disk's files --- */

static int mount_disk(void)
{
	mkdir("/disk", 0755);
	return mount("/dev/vdb", "/disk", "ext2", 0, NULL) && mount("/dev/vdb", "/disk", "ext4", 0, NULL);
}

static void syncs(void)
{
	const int n = 20;
	char *buf = touched(PAGE), *p;
	int fd = open("/disk/synced", O_CREAT | O_RDWR | O_TRUNC, 0644);

	for (int i = 0; i < 16; i++)
		if (write(fd, buf, PAGE) != PAGE)
			return;
	fsync(fd);
	begin();
	for (int i = 0; i < n; i++)
		if (pwrite(fd, buf, PAGE, 0) != PAGE || fsync(fd))
			return;
	end("write of 4 KiB + fsync, ext2", n);
	begin();
	for (int i = 0; i < n; i++)
		fsync(fd);
	end("fsync of a clean file, ext2", n);
	p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	begin();
	for (int i = 0; i < n; i++) {
		*(volatile char *)p = i;
		msync(p, 16 * PAGE, MS_SYNC);
	}
	end("write to a shared page + msync, ext2", n);
	munmap(p, 16 * PAGE);
	close(fd);
	munmap(buf, PAGE);
}

/* What dd does with 64 MiB, 1 MiB at a time; @flags: O_DIRECT or 0. */
static void stream(const char *writing, const char *reading, int flags)
{
	const int n = 64;
	char *buf = touched(MIB);
	int fd = open("/disk/stream", O_CREAT | O_RDWR | O_TRUNC | flags, 0644);

	begin();
	for (int i = 0; i < n; i++)
		if (write(fd, buf, MIB) != MIB) {
			perror("write");
			return;
		}
	fsync(fd);
	end(writing, n);
	begin();
	for (int i = 0; i < n; i++)
		if (pwrite(fd, buf, MIB, (off_t)i * MIB) != MIB)
			return;
	fsync(fd);
	end(named("again", writing), n);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	lseek(fd, 0, SEEK_SET);
	begin();
	for (int i = 0; i < n; i++)
		if (read(fd, buf, MIB) != MIB)
			return;
	end(reading, n);
	close(fd);
	unlink("/disk/stream");
	munmap(buf, MIB);
}

static void disk(void)
{
	if (mount_disk())
		return;
	start_filler();
	contents("/disk", "ext2");
	names("/disk", "ext2");
	syncs();
	stream("dd to a file + fsync, per MiB", "dd from a file not in the cache, per MiB", 0);
	stream("dd with O_DIRECT, per MiB", "dd from O_DIRECT, per MiB", O_DIRECT);
	stop_filler();
	umount("/disk");
}

/* --- /proc --- */

static void read_whole(const char *path, const char *what, int n)
{
	static char buf[65536];

	for (int i = -1; i < n; i++) {
		int fd = open(path, O_RDONLY);

		if (!i)
			begin();
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
	end(what, n);
}

static void proc(void)
{
	char *p;

	read_whole("/proc/self/stat", "/proc/self/stat", 20);
	read_whole("/proc/self/statm", "/proc/self/statm", 20);
	read_whole("/proc/meminfo", "/proc/meminfo", 20);
	read_whole("/proc/stat", "/proc/stat", 20);
	read_whole("/proc/zoneinfo", "/proc/zoneinfo", 5);
	p = touched(400 * PAGE);
	for (int i = 0; i < 400; i += 2)
		mprotect(p + i * PAGE, PAGE, PROT_READ);
	read_whole("/proc/self/maps", "/proc/self/maps of 400 mappings", 3);
	read_whole("/proc/self/smaps", "/proc/self/smaps of 400 mappings", 3);
	read_whole("/proc/self/smaps_rollup", "/proc/self/smaps_rollup of 400 mappings", 3);
	munmap(p, 400 * PAGE);
	p = touched(64 * MIB);
	read_whole("/proc/self/smaps_rollup", "/proc/self/smaps_rollup of 64 MiB", 1);
	munmap(p, 64 * MIB);
}

/* --- memory groups --- */

static void groups(void)
{
	const int n = 50;
	struct timespec rest = { .tv_nsec = 100000000 };
	char path[64];

	mkdir("/cg", 0755);
	if (mount("none", "/cg", "cgroup2", 0, NULL) || put("/cg/cgroup.subtree_control", "+memory"))
		return;
	mkdir("/cg/first", 0755);
	start_filler();
	begin();
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/cg/group-%d", i);
		mkdir(path, 0755);
	}
	end("memory group made", n);
	begin();
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/cg/group-%d", i);
		rmdir(path);
	}
	nanosleep(&rest, NULL);		/* kernel threads do the rest of the work */
	end("memory group removed", n);
	begin();
	for (int i = 0; i < n; i++) {
		put("/cg/first/cgroup.procs", "0");
		put("/cg/cgroup.procs", "0");
	}
	end("cgroup.procs, a process moved", 2 * n);
	stop_filler();
	read_whole("/cg/first/memory.stat", "memory.stat", 5);
	rmdir("/cg/first");
	umount("/cg");
}

/* --- swap --- */

static void swapping(void)
{
	const size_t len = 64 * MIB;
	volatile char sum = 0;
	char *p;
	int fd;

	if (swapon("/dev/vda", 0))
		return;
	start_filler();		/* first, since shared pages would stay */
	p = touched(len);
	begin();
	madvise(p, len, MADV_PAGEOUT);
	end("MADV_PAGEOUT, per page", len / PAGE);
	begin();
	for (size_t at = 0; at < len; at += PAGE)
		sum += p[at];
	end("swap-in by read, in order, per page", len / PAGE);
	madvise(p, len, MADV_PAGEOUT);
	begin();
	munmap(p, len);
	end("munmap of swapped memory, per page", len / PAGE);

	fd = memfd_create("tmpfs", 0);
	if (ftruncate(fd, len))
		return;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	begin();
	for (size_t at = 0; at < len; at += PAGE)
		p[at] = 1;
	end("first write to shared memory, per page", len / PAGE);
	begin();
	madvise(p, len, MADV_PAGEOUT);
	end("MADV_PAGEOUT of tmpfs, per page", len / PAGE);
	begin();
	for (size_t at = 0; at < len; at += PAGE)
		sum += p[at];
	end("swap-in of tmpfs, per page", len / PAGE);
	madvise(p, len, MADV_PAGEOUT);
	munmap(p, len);
	begin();
	close(fd);
	end("end of swapped tmpfs, per page", len / PAGE);
	p = touched(len);
	madvise(p, len, MADV_PAGEOUT);
	begin();
	swapoff("/dev/vda");
	end("swapoff, per page", len / PAGE);
	stop_filler();
	munmap(p, len);
}

static const struct room rooms[] = {
	{ "talk", talk }, { "signals", signals }, { "processes", processes }, { "spaces", spaces },
	{ "descriptors", descriptors }, { "tmpfs", tmpfs }, { "disk", disk }, { "proc", proc },
	{ "groups", groups }, { "swapping", swapping },
};

int main(void)
{
	return run_rooms(rooms, sizeof(rooms) / sizeof(*rooms));
}
