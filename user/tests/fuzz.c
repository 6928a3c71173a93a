/*
 * fuzz SECONDS [SEED [PROCESSES]] | fuzz clean - random system calls, as root and as nobody, from several processes of
 * several threads at once. The kernel lives; a process may die or sleep.
 *
 * Each call of the table is known by the types of its arguments (fuzz_calls.h): descriptors of every kind,
 * addresses that are mapped, pids of the family, paths of files, sockets, /proc, /sys and groups, structures
 * that could be right. One argument in eight is something else: an edge of a type, an address that leads
 * nowhere. Threads share descriptors and memory, so what one looks at another closes, unmaps and changes. In
 * one life of four all calls get such nonsense only. What would end the test rather than the process is left
 * out. The seed is printed: same seed, same calls (but not the same order among threads).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "fuzz_calls.h"

#define PLAY "/tmp/fz"				/* what lives may write, make and remove */
#define GROUPS "/sys/fs/cgroup/fz/play"		/* if it is there */
#define DISK "/mnt/fz"				/* if it is there */
enum { ARENA = 1 << 20, LAST_CALL = 451, FDS = 48, FAMILY = 64, THREADS = 3, CALLS = 2000, CHILD_CALLS = 40 };

static __thread unsigned long state;
static char *arena;
static int *family;		/* shared by all: pids of lives */
static int is_root, pid_of_life;

static unsigned long rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dUL >> 8;
}

static int chance(int one_in) { return rnd() % one_in == 0; }
#define ONE_OF(array) ((array)[rnd() % (sizeof(array) / sizeof(*(array)))])

/* --- nonsense --- */

static const unsigned long edges[] = {
	0, 1, 2, 3, 7, 8, 63, 64, 127, 255, 256, 4095, 4096, 4097, 65535, 65536, 1UL << 20, 1UL << 30,
	0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32, 0x7fffffffffffffff, 0x8000000000000000,
	0xffffffff80000000, 0xffffffff80200000, 0xffff888000001000, 0xffffc90000000000,
	0x7ffffffff000, 0x7fffffffffff, 0x800000000000, -1UL, -2UL, -4096UL, -4095UL, 0xdead000000000000,
};

/* One argument: a descriptor, an edge, a pointer into memory, one to nowhere, flags, a number. */
static unsigned long argument(void)
{
	switch (rnd() % 10) {
	case 0: case 1:
		return rnd() % FDS;
	case 2:
		return ONE_OF(edges);
	case 3: case 4: case 5:
		return (unsigned long)arena + (rnd() % ARENA & ~7UL);
	case 6:
		return (unsigned long)arena + (rnd() % (2 * ARENA / 4096)) * 4096;
	case 7:
		return 1UL << rnd() % 64;
	case 8:
		return rnd() & 0xffff;
	default:
		return rnd() % 3 ? rnd() % 4096 : rnd() << rnd() % 40;
	}
}

/* --- names --- */

/* Everybody may do everything to these. */
static const char *const own_paths[] = {
	PLAY "/f1", PLAY "/f2", PLAY "/f3", PLAY "/d1", PLAY "/d2", PLAY "/d1/d3", PLAY "/d1/f", PLAY "/d2/f", PLAY "/d1/d3/f",
	PLAY "/d2/d4", PLAY "/d2/d4/d5", PLAY "/l1", PLAY "/l2/f", PLAY "/s0", PLAY "/s1", PLAY "/p1", PLAY "/p2", PLAY "/../fz/f1",
	DISK "/f1", DISK "/f2", DISK "/d1", DISK "/d1/f", DISK "/d2", DISK "/d2/d3", DISK "/d1/d3", DISK "/l1", DISK "/s0", DISK "/p1",
	GROUPS "/a", GROUPS "/b", GROUPS "/a/c", GROUPS "/a/cgroup.procs", GROUPS "/b/cgroup.procs", GROUPS "/a/cgroup.threads",
	GROUPS "/a/cgroup.freeze", GROUPS "/a/memory.max", GROUPS "/a/memory.high", GROUPS "/a/memory.reclaim", GROUPS "/a/pids.max",
	GROUPS "/a/cgroup.type", GROUPS "/a/cgroup.subtree_control", GROUPS "/a/cgroup.kill", GROUPS "/a/memory.pressure",
	GROUPS "/a/cpuset.mems", GROUPS "/a/memory.events", GROUPS "/a/cgroup.events", GROUPS "/a/memory.oom.group",
};
/* These are looked at, and written by nobody only. */
static const char *const other_paths[] = {
	"/", "/tmp", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/ptmx", "/dev/pts/0", "/dev/pts/1", "/dev/tty", "/dev/kmsg",
	"/dev/vda", "/proc", "/proc/self", "/proc/self/maps", "/proc/self/smaps", "/proc/self/pagemap", "/proc/self/mem",
	"/proc/self/status", "/proc/self/stat", "/proc/self/environ", "/proc/self/cmdline", "/proc/self/auxv", "/proc/self/fd",
	"/proc/self/fdinfo", "/proc/self/fd/3", "/proc/self/fd/7", "/proc/self/fd/11", "/proc/self/fdinfo/9", "/proc/self/task",
	"/proc/self/exe", "/proc/self/cwd", "/proc/self/root", "/proc/self/oom_score_adj", "/proc/self/comm", "/proc/self/clear_refs",
	"/proc/self/numa_maps", "/proc/self/stack", "/proc/self/wchan", "/proc/self/io", "/proc/self/limits", "/proc/self/cgroup",
	"/proc/self/mountinfo", "/proc/self/coredump_filter", "/proc/thread-self/maps", "/proc/self/syscall", "/proc/self/sched",
	"/proc/meminfo", "/proc/vmstat", "/proc/zoneinfo", "/proc/slabinfo", "/proc/buddyinfo", "/proc/kmsg", "/proc/swaps",
	"/proc/mounts", "/proc/stat", "/proc/pressure/memory", "/proc/net/unix", "/proc/sys", "/proc/sys/vm/swappiness",
	"/proc/sys/kernel/hostname", "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/kpageflags", "/proc/kpagecount", "/sys",
	"/sys/fs/cgroup", "/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/cgroup.procs", "/sys/block", "/sys/devices/system/node/node0/meminfo",
	"/sys/kernel/tracing/trace", "/sys/kernel/mm", "", ".", "..", "relative", "d1/f", "f1", "/none/such", "/dev/null/x",
};

/* Where the caller has put a path, with a NUL; @own: nothing else than the lives' own. */
static unsigned long path(char *room, int own)
{
	if (!own && chance(12))
		snprintf(room, 300, "/proc/%d/%s", family[rnd() % FAMILY],
			 ONE_OF(((const char *[]){ "maps", "stat", "status", "smaps", "fd", "fd/4", "mem", "environ", "task", "cmdline",
						    "exe", "cwd", "pagemap", "oom_score", "numa_maps", "wchan", "stack", "io" })));
	else if (!own && chance(60))
		memset(room, 'x', 256), room[256] = 0;
	else
		strcpy(room, own || chance(3) ? ONE_OF(own_paths) : ONE_OF(other_paths));
	return (unsigned long)room;
}

/* --- structures that could be right; each has a page of the arena --- */

static unsigned long small(void) { return chance(8) ? ONE_OF(edges) : rnd() % (chance(4) ? 70000 : 200); }
static unsigned long where(void) { return (unsigned long)arena + (rnd() % (ARENA - 8192) & ~7UL); }

static unsigned long bits(void)
{
	unsigned long flags = 0;

	for (int n = rnd() % 4; n > 0; n--)
		flags |= 1UL << rnd() % (chance(4) ? 32 : 13);
	return flags;
}

static int a_pid(void)
{
	switch (rnd() % 8) {
	case 0: return 0;
	case 1: return pid_of_life;
	case 2: return -pid_of_life;
	case 3: return syscall(SYS_gettid);
	case 4: return chance(4) ? 99999 : pid_of_life;
	default: return family[rnd() % FAMILY];
	}
}

static void fill_time(long *ts, long unit)
{
	ts[0] = chance(10) ? (long)ONE_OF(edges) : 0;
	ts[1] = chance(10) ? (long)ONE_OF(edges) : (long)(rnd() % (unit / 500));
}

static unsigned long a_vector(struct iovec *v)
{
	for (int i = 0; i < 8; i++)
		v[i] = (struct iovec){ (void *)(chance(8) ? argument() : where()), small() };
	return (unsigned long)v;
}

static unsigned long an_address(struct sockaddr_un *a)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = chance(10) ? rnd() : AF_UNIX;
	if (chance(2))
		snprintf(a->sun_path, sizeof(a->sun_path), PLAY "/s%d", (int)(rnd() % 3));
	else
		snprintf(a->sun_path + 1, 10, "fz%d", (int)(rnd() % 3));
	return (unsigned long)a;
}

static socklen_t address_len(void) { return chance(6) ? small() : chance(2) ? sizeof(struct sockaddr_un) : 6; }

/* With descriptors to send, in a page. */
static unsigned long a_message(char *page)
{
	struct msghdr *m = (struct msghdr *)page;
	struct cmsghdr *c = (struct cmsghdr *)(page + 1024);
	int n = rnd() % 4;

	a_vector((struct iovec *)(page + 512));
	*m = (struct msghdr){ .msg_iov = (struct iovec *)(page + 512), .msg_iovlen = chance(20) ? rnd() : rnd() % 8,
			      .msg_control = c, .msg_controllen = chance(8) ? small() : CMSG_SPACE(n * sizeof(int)) };
	if (chance(4))
		m->msg_name = (void *)an_address((struct sockaddr_un *)(page + 256)), m->msg_namelen = address_len();
	c->cmsg_len = chance(10) ? small() : CMSG_LEN(n * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = chance(5) ? SCM_CREDENTIALS : SCM_RIGHTS;
	for (int i = 0; i < n; i++)
		((int *)CMSG_DATA(c))[i] = rnd() % FDS;
	return (unsigned long)page;
}

/* What is read as text, and as words, by who takes a plain buffer. */
static unsigned long a_buffer(char *room)
{
	static const char *const texts[] = { "0", "1", "max", "1M", "+memory", "-memory +pids", "threaded", "100000", "some 100000 1000000", "\n",
					     "-1", "0-1", "4096 swappiness=0", "fz" };

	if (chance(3))
		sprintf(room, chance(2) ? "%s" : "%s\n", ONE_OF(texts));
	else if (chance(3))
		sprintf(room, "%d\n", a_pid());
	else
		for (int i = 0; i < 8; i++)
			((unsigned long *)room)[i] = chance(2) ? small() : argument();
	return (unsigned long)room;
}

static unsigned long an_ioctl(void)
{
	static const unsigned int list[] = {
		0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5408, 0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414,
		0x5415, 0x541b, 0x5420, 0x5421, 0x5422, 0x5423, 0x5424, 0x5425, 0x5428, 0x5429, 0x542a, 0x542b, 0x5431, 0x5432, 0x5438,
		0x5441, 0x5450, 0x5451, 0x5452, 0x80045430, 0x40045431, 0x1260, 0x1261, 0x80081272, 0x80041270, 0x1268, 0x127b,
		0xc018aa3f, 0xc020aa00, 0x8010aa01, 0x8010aa02, 0xc028aa03, 0xc020aa04, 0xc018aa06, 0x80086601, 0x40086602, 0x8004700b,
	};
	return chance(10) ? rnd() : ONE_OF(list);
}

/* One argument of type @type (fuzz_calls.h), in @page if it points to something. */
static unsigned long typed(char type, char *page)
{
	unsigned long *w = (unsigned long *)page;

	if (chance(8) && !strchr("kz", type))
		return argument();
	switch (type) {
	case 'f': return rnd() % FDS;
	case 'd': return chance(2) ? (unsigned long)AT_FDCWD : rnd() % FDS;
	case 'P': return path(page, !is_root && chance(2));
	case 'b': return a_buffer(chance(2) ? page : (char *)where());
	case 'l': case 'c': return type == 'c' ? rnd() % 8 : small();
	case 'm': return (unsigned long)arena + (rnd() % (ARENA / 4096)) * 4096;
	case 'L': return (1 + rnd() % (chance(4) ? 64 : 4)) * 4096;
	case 'o': return chance(3) ? small() : rnd() % 32 * 4096;
	case 'F': return bits();
	case 'n': return rnd() % 20;
	case 'k': return a_pid();
	case 'S': return rnd() % 66;
	case 's': return 8;
	case 'T': fill_time((long *)page, 1000000000); return (unsigned long)page;
	case 'U': fill_time((long *)page, 1000000); return (unsigned long)page;
	case 'G': fill_time((long *)page, 1000000000), fill_time((long *)page + 2, 1000000000); return (unsigned long)page;
	case 'v': return a_vector((struct iovec *)page);
	case 'M': return a_message(page);
	case 'A': return an_address((struct sockaddr_un *)page);
	case 'a': return address_len();
	case 'i': w[0] = small(); return (unsigned long)page;
	case 'O': return (rnd() % 3) | (bits() & 0x3fffffc0);
	case 'r': return an_ioctl();
	case 'E': *(struct epoll_event *)page = (struct epoll_event){ .events = rnd(), .data.u64 = rnd() }; return (unsigned long)page;
	case 'Q':
		for (int i = 0; i < 8; i++)
			((struct pollfd *)page)[i] = (struct pollfd){ .fd = rnd() % FDS, .events = rnd() };
		return (unsigned long)page;
	case 'V':
		for (int i = 0; i < 5; i++)
			w[i] = i < 4 || chance(20) ? where() : 0;
		return (unsigned long)page;
	case 'H': w[0] = (rnd() % 3) | (bits() & 0x3fffc0), w[1] = chance(2) ? 0600 : 0, w[2] = rnd() & 0x1f; return (unsigned long)page;
	case 'X':
		memset(page, 0, 88);
		w[0] = bits() | (chance(2) ? 0 : bits() << 8), w[4] = SIGCHLD, w[10] = rnd() % FDS;
		w[1] = where(), w[2] = where(), w[3] = where();
		return (unsigned long)page;
	case 'y':
		return (unsigned long)strcpy(page, ONE_OF(((const char *[]){ "tmpfs", "proc", "sysfs", "devpts", "cgroup2", "ramfs", "ext2" })));
	case 'g': return 17 | (chance(2) ? bits() : bits() << 8);
	case 'z': return 0;
	default: return argument();
	}
}

/* --- one call --- */

/*
 * Paths of what is removed or written lie on the stack: in the arena another thread could make them those of
 * something that the test needs. Root writes what is the lives' own, and only reads the others.
 */
static void typed_call(char *pages)
{
	const struct call *c = &ONE_OF(calls);
	int reads = c->opens && is_root && chance(3) && c->nr != 437;
	char own[6][300], other[300];
	unsigned long a[6] = { 0 };

	if ((is_root && c->nobody_only) || (c->rare && !chance(40)))
		return;
	for (int i = 0; c->types[i]; i++) {
		char type = c->types[i];

		if (type == 'P' && reads)
			a[i] = path(other, 0), a[++i] = O_NONBLOCK;
		else if (type == 'W' || (type == 'P' && c->opens && is_root))
			a[i] = path(own[i], 1);
		else
			a[i] = typed(type, pages + 4096 * i);
	}
	syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static const struct call *find_call(long nr)
{
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

/* What the typed call does to its own only, nonsense could do to anybody. */
static int too_strong(long nr)
{
	const struct call *c = find_call(nr);

	return c && (c->rare || (is_root && (c->nobody_only || c->opens || strchr(c->types, 'W') || strchr(c->types, 'k'))) ||
		     strchr(c->types, 'k') || strchr(c->types, 'W'));
}

static void untyped_call(void)
{
	long nr = rnd() % LAST_CALL;

	if (!too_strong(nr))
		syscall(nr, argument(), argument(), argument(), argument(), argument(), argument());
}

/* --- a life --- */

static void nothing(int sig) { }

/* What blocks is interrupted: a timer for this thread. */
static void kick_me(void)
{
	struct { unsigned long value; int signo, notify, tid, pad[11]; } ev = { .signo = SIGUSR1, .notify = 4, .tid = syscall(SYS_gettid) };
	struct itimerspec every = { { 0, 7000000 }, { 0, 7000000 } };
	int id;

	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id) == 0)
		syscall(SYS_timer_settime, id, 0, &every, NULL);
}

static void open_things(void)
{
	int fds[2], master;

	for (int i = 0; i < FDS; i++)
		close(i);
	for (int i = 0; i < 3; i++)
		open("/dev/null", O_RDWR);
	if (pipe(fds) == 0)
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
	open(PLAY, O_RDONLY | O_DIRECTORY);
	open(PLAY, O_TMPFILE | O_RDWR, 0600);
	open(PLAY "/f1", O_RDWR | O_CREAT, 0666);
	open(DISK "/f1", O_RDWR | O_CREAT, 0666);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/zero", O_RDWR);
	syscall(SYS_memfd_create, "fuzz", 2);
	syscall(SYS_eventfd2, 3, O_NONBLOCK);
	syscall(SYS_epoll_create1, 0);
	syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	syscall(SYS_signalfd4, -1, &(unsigned long){ 1UL << 9 }, 8, O_NONBLOCK);
	open("/proc/self/mem", O_RDWR);
	syscall(SYS_inotify_init1, 0);
	syscall(SYS_userfaultfd, 1 | O_NONBLOCK);
	syscall(434 /* pidfd_open */, family[rnd() % FAMILY], 0);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += type == SOCK_DGRAM ? 3 : 1)
		socketpair(AF_UNIX, type, 0, fds), socket(AF_UNIX, type, 0), socket(AF_UNIX, type, 0);
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (master >= 0 && ioctl(master, TIOCSPTLCK, &(int){ 0 }) == 0)
		ioctl(master, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY);
	open(PLAY "/p1", O_RDWR | O_NONBLOCK);
	open(GROUPS "/a", O_RDONLY | O_DIRECTORY);
	open(GROUPS "/a/cgroup.procs", O_RDWR);
	open(GROUPS "/a/memory.pressure", O_RDWR);
	open("/tmp", O_PATH);
}

static void *calls_of(void *arg)
{
	unsigned long seed = (unsigned long)arg;
	int typed_life = seed % 4, left = CALLS, me = syscall(SYS_gettid);
	char *pages;

	state = seed | 1;
	for (int i = 0; i < 8; i++)
		rnd();
	kick_me();
	for (int i = 0; left-- > 0; i++) {
		pages = arena + rnd() % (ARENA / 4096 - 8) * 4096;
		if (i % 64 == 0)
			for (int k = 0; k < 512; k++)
				((unsigned long *)arena)[rnd() % (ARENA / 8)] = argument();
		if (i % 256 == 255)	/* what was unmapped or protected comes back */
			mmap(arena, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (typed_life)
			typed_call(pages);
		else
			untyped_call();
		if (me && syscall(SYS_gettid) != me) {
			me = 0;			/* a child of ours: it does a few calls, too */
			left = left < CHILD_CALLS ? left : CHILD_CALLS;
		}
	}
	if (!me)
		_exit(0);
	return NULL;
}

/* One short life: many calls, until something kills it. Its descriptors, memory and limits go with it. */
static void life(unsigned long seed, int nobody)
{
	struct rlimit few = { 64, 64 }, small_as = { 96 << 20, 96 << 20 };
	pthread_t threads[THREADS];

	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		_exit(1);
	setsid();		/* the shell's terminal is not ours */
	state = seed | 1;
	pid_of_life = family[seed % FAMILY] = getpid();
	is_root = !nobody;
	signal(SIGUSR1, nothing);
	siginterrupt(SIGUSR1, 1);
	signal(SIGPIPE, SIG_IGN);
	open_things();
	setrlimit(RLIMIT_AS, &small_as);
	setrlimit(RLIMIT_NPROC, &few);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 });
	setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){ 4096, 4096 });
	if (nobody && (setgid(65534) || setuid(65534)))
		_exit(1);
	for (int i = 1; i < THREADS; i++)
		pthread_create(&threads[i], NULL, calls_of, (void *)(seed + i * 4));
	calls_of((void *)seed);
	_exit(0);
}

/* --- whoever watches --- */

/* All processes whose parent we are, dead or alive: true if there was one. */
static int kill_children(void)
{
	char name[300], text[256];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int found = 0;

	while (proc && (entry = readdir(proc))) {
		int fd, ppid = 0, len;

		snprintf(name, sizeof(name), "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) <= 0 || (fd = open(name, O_RDONLY)) < 0)
			continue;
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[len > 0 ? len : 0] = 0;
		if (strrchr(text, ')') && sscanf(strrchr(text, ')'), ") %*c %d", &ppid) == 1 &&
		    ppid == getpid()) {
			kill(atoi(entry->d_name), SIGKILL);
			found = 1;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

/* A life's children may have left its group and session, but orphans come to us (subreaper). */
static void bury_all(void)
{
	while (kill_children()) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		usleep(2000);
	}
}

/* A group's limits, or those of memory: who watches is not their victim. */
static void spare(const char *adj)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0) {
		CHECK(write(fd, adj, strlen(adj)) > 0);
		close(fd);
	}
}

/* Life after life for @seconds; each one has two seconds, then it is killed. */
static void lives(int seconds, unsigned long seed, int n)
{
	struct timespec now;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + seconds;
	for (unsigned long i = 0; now.tv_sec < end; i++) {
		pid_t pid = fork();

		if (!pid) {
			spare("0");
			life(seed * 1000003 + n * 7919 + i * 104729, (n + i) & 1);
		}
		for (int waited = 0; pid > 0 && waited < 400; waited++) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				break;
			usleep(5000);
		}
		bury_all();
		for (int k = 0; k < FAMILY; k++)	/* the number may be somebody else's soon */
			if (family[k] == pid)
				family[k] = 99999;
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	_exit(0);
}

static void playground(void)
{
	static const char *const dirs[] = { PLAY, PLAY "/d1", PLAY "/d2", PLAY "/d1/d3", DISK "/d1", GROUPS "/a" };

	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		mkdir(dirs[i], 0777);
	chmod("/", 0755);		/* an initramfs may be root's alone */
	chmod(PLAY, 0777), chmod(PLAY "/d1", 0777), chmod(PLAY "/d2", 0777), chmod(DISK, 0777), chmod(DISK "/d1", 0777);
	chown(GROUPS, 65534, 65534), chown(GROUPS "/a", 65534, 65534), chown(GROUPS "/cgroup.procs", 65534, 65534);
	chown(GROUPS "/a/cgroup.procs", 65534, 65534), chown(GROUPS "/a/memory.pressure", 65534, 65534);
	mkfifo(PLAY "/p1", 0666);
	symlink("d1", PLAY "/l1"), symlink("../fz/d2", PLAY "/l2");
	close(open(PLAY "/f1", O_CREAT | O_RDWR, 0666));
}

/* What lives have mounted goes, then what they have made. */
static void remove_all(const char *dir)
{
	char name[600];
	struct dirent *entry;
	DIR *d;

	while (umount2(dir, MNT_DETACH) == 0)
		;
	d = opendir(dir);
	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name);
		while (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
		if (unlink(name) && errno != ENOENT && strlen(name) < 256) {
			remove_all(name);
			rmdir(name);
		}
	}
	if (d)
		closedir(d);
}

static void remove_groups(void)
{
	for (int round = 0; round < 3; round++) {
		rmdir(GROUPS "/a/c"), rmdir(GROUPS "/a"), rmdir(GROUPS "/b/c"), rmdir(GROUPS "/b");
	}
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 0, processes = argc > 3 ? atoi(argv[3]) : 4, status;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned long)time(NULL);
	pid_t pids[64];

	if (argc == 2 && !strcmp(argv[1], "clean")) {	/* after one that was killed */
		remove_all(PLAY);
		remove_all(DISK);
		remove_groups();
		return 0;
	}
	if (seconds <= 0)	/* also what a life may execute */
		return 1;
	printf("fuzz: seed %lu, %d processes, %d s\n", seed, processes, seconds);
	fflush(stdout);
	umask(0);
	playground();
	family = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(family != MAP_FAILED);
	for (int i = 0; i < FAMILY; i++)
		family[i] = 99999;
	for (int i = 0; i < processes && i < 64; i++)
		if (!(pids[i] = FORK_OR_EXIT())) {
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			setpriority(PRIO_PROCESS, 0, -5);	/* must get its turn to kill */
			spare("-1000");
			lives(seconds, seed, i);
		}
	for (int i = 0; i < processes && i < 64; i++)
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	remove_all(PLAY);
	remove_all(DISK);
	remove_groups();
	return finish("fuzz");
}
