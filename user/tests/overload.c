/*
 * overload SECONDS SEED DIR... - everything at once until the time is up, then all of it is killed and buried.
 * overload check DIR... - are the files that it left there what was written?
 *
 * The loads run in the cgroup /sys/fs/cgroup/overload, so none gets away: `cgroup.kill` ends the round.
 * Until then a load that dies is started anew, and this program kills one at random now and then. Some
 * loads are programs (swapcheck, fuzz, ...), the others are functions here: they write files in every
 * DIR (by write and by mapping), read them back, read the disk $BADDISK that has a bad sector, read all
 * of /proc, take $SWAPFILE away and give it back, and disturb (drop_caches, sync, limits, groups).
 *
 * What is checked: a file f* is complete and every word of it the one that was written; one that a
 * SIGKILL interrupted (tmp*) has right words as far as it goes. A word of a page of the disk is its own.
 * A wrong one is told as "DAMAGE". The program itself can be hit by the injected failures,
 * so it tries again whatever fails.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define CG "/sys/fs/cgroup"
#define GROUP CG "/overload"
#define MOST GROUP "/most"		/* a group with controllers has no processes of its own */
#define SMALL GROUP "/small"		/* 16 MiB */
#define BOMB GROUP "/bomb"		/* 100 processes */
enum { FILES = 16, WORDS = 32 << 10, PAGE_WORDS = 512, TICK_US = 50000, STUCK_S = 120 };

typedef unsigned long word;

/* What all loads count together. */
static struct counts {
	word ticks, started, killed, files_written, files_checked, disk_pages, disk_errors, swapoffs, procfiles, damage;
} *counts;

static word state;
static char **dirs;
static int ndirs;

static word rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dUL >> 8;
}

static int chance(int one_in) { return rnd() % one_in == 0; }

static void count(word *counter) { __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED); }

/* One write(2), so that lines of several processes do not mix. */
static void damage(const char *format, ...)
{
	char line[300] = "DAMAGE: ";
	va_list args;

	va_start(args, format);
	vsnprintf(line + 8, sizeof(line) - 9, format, args);
	va_end(args);
	strcat(line, "\n");
	count(&counts->damage);
	if (write(1, line, strlen(line)) < 0)
		_exit(1);
}

/* true: written. What is tried again goes wrong with an injected failure only. */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text);
}

static void must_put(const char *path, const char *text)
{
	for (int i = 0; !put(path, text); i++) {
		if (i == 1000)
			damage("%s takes no %s (%s)", path, text, strerror(errno));
		usleep(10000);
	}
}

/* The text of @path in @buf, however often it takes. */
static char *get(const char *path, char *buf, size_t size)
{
	ssize_t n = -1;

	for (int i = 0; i < 1000 && n < 0; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			n = read(fd, buf, size - 1);
			close(fd);
		}
		if (n < 0)
			usleep(10000);
	}
	buf[n > 0 ? n : 0] = 0;
	return buf;
}

/* --- files --- */

/* Word @i of the file (or disk) @seed; word 0 of a file is the seed itself. */
static word content(word seed, word i)
{
	return i ? (seed ^ i << 20) * 0x9e3779b97f4a7c15UL | 1 : seed;
}

/* @n words at @have, the first of which is word @from of @what; holes: 0 is right, too. */
static int right(const char *what, word seed, const word *have, word from, size_t n, int holes)
{
	for (size_t i = 0; i < n; i++)
		if (have[i] != content(seed, from + i) && !(holes && !have[i])) {
			damage("%s: word %lu of seed %lx is %lx, not %lx", what, from + i, seed, have[i],
			       content(seed, from + i));
			return 0;
		}
	return 1;
}

/* Its pages leave the cache (if clean and unused): the next look comes from the disk. */
static void forget(int fd)
{
	if (chance(2))
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* By read(2) or by a mapping; what an injected failure leaves unread is not looked at. */
static void check_file(const char *path, int complete, int holes)
{
	static word buf[WORDS];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	word size, *map;
	ssize_t n = -1;

	if (fd < 0)
		return;
	if (fstat(fd, &st) || st.st_size > (off_t)sizeof(buf)) {
		damage("%s: size %ld", path, (long)st.st_size);
		close(fd);
		return;
	}
	forget(fd);
	size = st.st_size / 8;
	map = chance(2) ? mmap(NULL, sizeof(buf), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (map != MAP_FAILED) {
		memcpy(buf, map, size * 8);
		munmap(map, sizeof(buf));
	} else {
		n = pread(fd, buf, sizeof(buf), 0);
		size = n > 0 ? n / 8 : 0;	/* nobody truncates it: a short read is a failed allocation's */
	}
	if ((map != MAP_FAILED || n >= 0) && size) {
		if (complete && !buf[0])
			damage("%s: no seed in %lu words", path, size);
		if (buf[0] && right(path, buf[0], buf, 0, size, holes))
			count(&counts->files_checked);
	}
	close(fd);
}

/* All files of ours in @dir; @loads: in the directories of the loads in it. */
static void check_dir(const char *dir, int loads)
{
	char path[600];
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (loads && !strncmp(name, "files", 5))
			check_dir(path, 0);
		else if (!loads && strchr("ftm", name[0]))
			check_file(path, name[0] == 'f', name[0] == 'm');
	}
	if (d)
		closedir(d);
}

/* 0, or the errno: a full disk and too little memory are no damage. */
static int write_words(int fd, word seed, size_t words)
{
	static word buf[WORDS];
	size_t done = 0;

	for (size_t i = 0; i < words; i++)
		buf[i] = content(seed, i);
	while (done < words * 8) {
		size_t part = 1 + rnd() % 40000;
		ssize_t n = write(fd, (char *)buf + done, part < words * 8 - done ? part : words * 8 - done);

		if (n < 0)
			return errno;
		done += n;
	}
	return 0;
}

static int map_words(int fd, word seed, size_t words)
{
	word *map = MAP_FAILED;
	size_t pages = (words + PAGE_WORDS - 1) / PAGE_WORDS, first = rnd() % pages;

	if (ftruncate(fd, words * 8) == 0)
		map = mmap(NULL, words * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return errno;
	map[0] = seed;
	for (size_t p = 0; p < pages; p++) {
		size_t start = (first + p) % pages * PAGE_WORDS;

		for (size_t i = start; i < start + PAGE_WORDS && i < words; i++)
			map[i] = content(seed, i);
		if (chance(30))
			msync(map, words * 8, chance(2) ? MS_SYNC : MS_ASYNC);
	}
	munmap(map, words * 8);
	return 0;
}

/* One file: written under another name, made safe or not, then it comes to its name complete. */
static void make_file(const char *dir)
{
	int by_map = chance(2), fd, error;
	char tmp[300], name[300];
	size_t words = 1 + rnd() % (chance(4) ? WORDS : 4096);

	snprintf(tmp, sizeof(tmp), "%s/%s", dir, by_map ? "mtmp" : "tmp");
	snprintf(name, sizeof(name), "%s/f%lu", dir, rnd() % FILES);
	check_file(tmp, 0, by_map);
	unlink(tmp);
	fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	error = by_map ? map_words(fd, rnd() | 1, words) : write_words(fd, rnd() | 1, words);
	if (!error && chance(3) && fsync(fd)) {
		error = errno;
		if (error != ENOMEM && error != EINTR)
			damage("fsync of %s: %s", tmp, strerror(error));
	}
	close(fd);
	if (!error && rename(tmp, name) == 0)
		count(&counts->files_written);
}

static void files_load(int nr)
{
	const char *top = dirs[nr % ndirs];
	char dir[256], other[300];

	snprintf(dir, sizeof(dir), "%s/files%d", top, nr);
	mkdir(dir, 0700);
	for (;;) {
		snprintf(other, sizeof(other), "%s/f%lu", dir, rnd() % FILES);
		if (chance(3))
			make_file(dir);
		else if (chance(6))
			unlink(other);
		else
			check_file(other, 1, 0);
		if (chance(40))
			check_dir(top, 1);
	}
}

/* --- the other loads --- */

/* Every page of the disk is its own or an error, never another's. */
static void disk_load(int nr)
{
	static word buf[8 * PAGE_WORDS];
	int fd;

	while ((fd = open(getenv("BADDISK"), O_RDONLY | O_CLOEXEC)) < 0)
		usleep(10000);
	for (;;) {
		off_t pages = lseek(fd, 0, SEEK_END) / 4096, at = pages > 0 ? rnd() % pages : 0;
		ssize_t n = pread(fd, buf, (1 + rnd() % 8) * 4096, at * 4096);

		if (n < 0)
			count(&counts->disk_errors);
		else if (right("the disk", 7, buf, at * PAGE_WORDS, n / 8, 0))
			counts->disk_pages += n / 4096;
		if (chance(50))
			forget(fd);
	}
}

static void read_all(const char *path)
{
	static char buf[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	if (fd >= 0)
		close(fd);
	count(&counts->procfiles);
}

static void proc_load(int nr)
{
	static const char *const files[] = { "maps", "smaps", "smaps_rollup", "numa_maps", "status", "stat", "statm",
		"wchan", "stack", "cmdline", "environ", "cgroup", "io", "limits", "oom_score", "mountinfo", "sched" };
	static const char *const wide[] = { "/proc/meminfo", "/proc/vmstat", "/proc/zoneinfo", "/proc/buddyinfo",
		"/proc/pagetypeinfo", "/proc/slabinfo", "/proc/swaps", "/proc/stat", "/proc/mounts", "/proc/diskstats",
		"/proc/pressure/memory", "/proc/pressure/io", CG "/memory.stat", SMALL "/memory.stat",
		SMALL "/memory.numa_stat", SMALL "/cgroup.events", MOST "/cgroup.procs", SMALL "/memory.pressure" };
	char path[300];

	for (;;) {
		struct dirent *entry;
		DIR *proc = opendir("/proc");

		while (proc && (entry = readdir(proc))) {
			if (atoi(entry->d_name) <= 0)
				continue;
			snprintf(path, sizeof(path), "/proc/%s/%s", entry->d_name,
				 files[rnd() % (sizeof(files) / sizeof(*files))]);
			read_all(path);
		}
		if (proc)
			closedir(proc);
		read_all(wide[rnd() % (sizeof(wide) / sizeof(*wide))]);
		usleep(1000);
	}
}

/* The swap file comes and goes. The OOM killer's first choice is who is in swapoff. */
static void swaps_load(int nr)
{
	const char *file = getenv("SWAPFILE");

	for (;;) {
		swapon(file, SWAP_FLAG_PREFER | 5);
		usleep(rnd() % (chance(2) ? 20000 : 500000));
		if (swapoff(file) == 0)
			count(&counts->swapoffs);
	}
}

/* What an administrator may do at any time. */
static void trouble_load(int nr)
{
	char text[32];

	for (;;) {
		usleep(1000 * (20 + rnd() % 300));
		switch (rnd() % 8) {
		case 0: case 1: case 2:
			snprintf(text, sizeof(text), "%lu", 1 + rnd() % 3);
			put("/proc/sys/vm/drop_caches", text);
			break;
		case 4:
			sync();
			break;
		case 5:
			snprintf(text, sizeof(text), "%luM", 8 + rnd() % 24);
			put(SMALL "/memory.max", text);
			break;
		case 6:
			put(SMALL "/memory.reclaim", "2M");
			break;
		default:
			mkdir(GROUP "/passing", 0755);
			put(GROUP "/passing/cgroup.procs", "0");
			put(SMALL "/cgroup.procs", "0");
			put(MOST "/cgroup.procs", "0");
			rmdir(GROUP "/passing");
		}
	}
}

static const struct load {
	const char *argv[5];
	void (*run)(int nr);		/* instead of a program */
	const char *group;		/* NULL: MOST */
} loads[] = {
	{ .argv = { "swapcheck", "3", "24", "2" } },
	{ .argv = { "swapcheck", "2", "36", "1" } },
	{ .argv = { "swapcheck", "2", "12", "2" }, .group = SMALL },
	{ .argv = { "big_mm" } },
	{ .argv = { "big_mm" }, .group = SMALL },
	{ .argv = { "forkbomb", "2" }, .group = BOMB },
	{ .argv = { "fuzz", "600", "", "2" } },		/* the seed is the load's own */
	{ .argv = { "sysvipc" } },
	{ .argv = { "threads" } },
	{ .argv = { "socktest" } },
	{ .argv = { "files" }, .run = files_load },
	{ .argv = { "files" }, .run = files_load },
	{ .argv = { "files" }, .run = files_load },
	{ .argv = { "files" }, .run = files_load, .group = SMALL },
	{ .argv = { "disk" }, .run = disk_load },
	{ .argv = { "proc" }, .run = proc_load },
	{ .argv = { "swaps" }, .run = swaps_load },
	{ .argv = { "trouble" }, .run = trouble_load },
};
enum { LOADS = sizeof(loads) / sizeof(*loads) };
static pid_t pids[LOADS];
static int null;			/* /dev/null, opened while that cannot fail */

/* --- the round --- */

static void be_load(int nr)
{
	const struct load *load = &loads[nr];
	const char *argv[6];
	char seed[24], procs[100];

	state = (state + 1) * 1000003 + nr * 104729 + counts->started * 7919;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", load->group ? load->group : MOST);
	must_put(procs, "0");
	must_put("/proc/self/oom_score_adj", "0");
	setpriority(PRIO_PROCESS, 0, 0);
	/* A program whose pipe could not be made reads what it takes for it: not the shell's next command. */
	dup2(null, 0);
	if (load->run) {
		prctl(PR_SET_NAME, load->argv[0]);
		load->run(nr);
	}
	memcpy(argv, load->argv, sizeof(load->argv));
	argv[5] = NULL;
	if (argv[2] && !argv[2][0]) {
		snprintf(seed, sizeof(seed), "%lu", rnd());
		argv[2] = seed;
	}
	/* Of the programs only swapcheck tells damage; the others fail as memory does. */
	if (strcmp(argv[0], "swapcheck")) {
		dup2(null, 1);
		dup2(null, 2);
	}
	execvp(argv[0], (char **)argv);
	_exit(127);
}

/* Reaps; orphans come to us, too. */
static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		for (int i = 0; i < LOADS; i++)
			if (pids[i] == pid)
				pids[i] = 0;
}

static void start_missing(void)
{
	for (int i = 0; i < LOADS; i++)
		if (pids[i] <= 0) {
			pids[i] = fork();
			if (!pids[i])
				be_load(i);
			counts->started += pids[i] > 0;
		}
}

static void kill_one(void)
{
	static char list[8192];
	const char *p = get(chance(4) ? SMALL "/cgroup.procs" : MOST "/cgroup.procs", list, sizeof(list));
	word lines = 0, victim;

	for (const char *q = p; *q; q++)
		lines += *q == '\n';
	if (!lines)
		return;
	victim = rnd() % lines;
	while (victim--)
		p = strchr(p, '\n') + 1;
	/* As often one of ours: among the forkbomb's many they would live too long. */
	if (chance(2) && pids[victim = rnd() % LOADS] > 0)
		counts->killed += kill(pids[victim], SIGKILL) == 0;
	else if (atoi(p) > 1)
		counts->killed += kill(atoi(p), SIGKILL) == 0;
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void inject(const char *interval)
{
	char have[32], want[32];

	snprintf(want, sizeof(want), "%s\n", interval);
	do
		put("/proc/sys/vm/fail_page_alloc_interval", interval);
	while (strcmp(get("/proc/sys/vm/fail_page_alloc_interval", have, sizeof(have)), want));
	do
		put("/proc/sys/vm/failslab_interval", interval);
	while (strcmp(get("/proc/sys/vm/failslab_interval", have, sizeof(have)), want));
}

/* All of the group dies. 0: who does not is shown by the kernel. */
static int bury_all(void)
{
	static char list[8192];
	time_t start = now();

	for (;;) {
		must_put(GROUP "/cgroup.kill", "1");
		for (int i = 0; i < LOADS; i++)		/* one that has not come into the group yet */
			if (pids[i] > 0)
				kill(pids[i], SIGKILL);
		reap();
		get(GROUP "/cgroup.events", list, sizeof(list));
		if (strstr(list, "populated 0"))
			break;
		if (now() - start > STUCK_S) {
			damage("not all died within %d s:\n%.150s", STUCK_S, get(MOST "/cgroup.procs", list, sizeof(list)));
			put("/proc/sys/kernel/printk", "7");
			put("/proc/sysrq-trigger", "t");
			put("/proc/sysrq-trigger", "l");
			put("/proc/sysrq-trigger", "m");
			return 0;
		}
		usleep(20000);
	}
	reap();
	return 1;
}

static void make_groups(void)
{
	mkdir(GROUP, 0755);
	must_put(GROUP "/cgroup.subtree_control", "+memory +pids");
	mkdir(MOST, 0755);
	mkdir(SMALL, 0755);
	mkdir(BOMB, 0755);
	must_put(BOMB "/pids.max", "100");
	must_put(SMALL "/memory.max", "16M");
}

/* What lies in sockets that lie in each other's queues (files, shared memory) goes when the next socket is closed. */
static void collect_sockets(void)
{
	int fd;

	while ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		usleep(10000);
	close(fd);
}

static int remove_groups(void)
{
	rmdir(GROUP "/passing");
	if (rmdir(SMALL) || rmdir(MOST) || rmdir(BOMB) || rmdir(GROUP)) {
		damage("rmdir of the group: %s", strerror(errno));
		return 0;
	}
	return 1;
}

static int overload(int seconds, word seed)
{
	time_t end = now() + seconds;
	int ok;

	state = seed * 0x9e3779b97f4a7c15UL | 1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	must_put("/proc/self/oom_score_adj", "-1000");
	setpriority(PRIO_PROCESS, 0, -15);
	make_groups();
	inject("700");
	while (now() < end) {
		reap();
		start_missing();
		if (chance(3))
			kill_one();
		counts->ticks++;
		usleep(TICK_US);
	}
	inject("0");
	ok = bury_all() && remove_groups();
	collect_sockets();
	for (int i = 0; i < ndirs; i++)
		check_dir(dirs[i], 1);
	printf("overload: seed %lu: %lu ticks, %lu loads started, %lu killed, files %lu written %lu checked, disk pages %lu errors %lu, "
	       "%lu swapoffs, %lu proc files, damage %lu\n", seed, counts->ticks, counts->started, counts->killed,
	       counts->files_written, counts->files_checked, counts->disk_pages, counts->disk_errors, counts->swapoffs, counts->procfiles,
	       counts->damage);
	return !ok || counts->damage;
}

int main(int argc, char **argv)
{
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc < 3 || counts == MAP_FAILED)
		return 2;
	if (!strcmp(argv[1], "check")) {
		for (int i = 2; i < argc; i++)
			check_dir(argv[i], 1);
		printf("overload: %lu files checked, damage %lu\n", counts->files_checked, counts->damage);
		return counts->damage != 0;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return 2;
	dirs = argv + 3;
	ndirs = argc - 3;
	return overload(atoi(argv[1]), strtoul(argv[2], NULL, 0));
}
