/*
 * bench - what the common paths cost, in ticks of rdtsc: under QEMU's
 * `-icount shift=0` one tick is one guest instruction (DESIGN: "Cost").
 * Runs on Linux too. `make bench` starts it as the first process (rdinit=/bin/bench),
 * with a swap disk at /dev/vda and an ext2 file system at /dev/vdb. `bench power-on` ends after
 * its first row, `bench processes` shows only what fork and exec cost: in a process of which
 * little has been touched, so that these rows do not depend on what else this program does;
 * `bench limits` the rows that tests/boot/test_costs.py holds against a limit.
 */
#include <sched.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "bench.h"

static void bench_getppid(void)
{
	const int n = 1000;
	unsigned long start;
	long pid;

	start = ticks();
	for (int i = 0; i < n; i++)
		__asm__ volatile("syscall" : "=a"(pid) : "a"(SYS_getppid) : "rcx", "r11", "memory");
	report("getppid", ticks() - start, n);
}

static void bench_faults(void)
{
	enum { PAGES = 1024 };
	char *p = anonymous(PAGES * PAGE, MAP_PRIVATE);
	volatile char sum = 0;
	unsigned long start;

	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	p[0] = sum;	/* the page table of the first 2 MiB */
	start = ticks();
	for (int i = 1; i < 500; i++)
		sum += p[i * PAGE];
	report("read fault, zero page", ticks() - start, 499);
	start = ticks();
	for (int i = 1; i < 500; i++)
		p[i * PAGE] = 1;
	report("write fault on the zero page", ticks() - start, 499);
	start = ticks();
	for (int i = 512; i < 1012; i++)
		p[i * PAGE] = 1;
	report("write fault, anonymous 4 KiB", ticks() - start, 500);
	start = ticks();
	munmap(p, PAGES * PAGE);
	report("munmap, per touched page", ticks() - start, 1000);
}

/*
 * The same first write by a process that a memory cgroup is charged for. Without cgroup2 the row
 * is left out.
 */
static void bench_charged_fault(void)
{
	enum { PAGES = 500 };
	unsigned long start;
	char *p;

	mkdir("/cg", 0755);
	if (mount("none", "/cg", "cgroup2", 0, NULL))
		return;
	if (!put("/cg/cgroup.subtree_control", "+memory") && !mkdir("/cg/bench", 0755) &&
	    !put("/cg/bench/cgroup.procs", "0")) {
		p = anonymous(2 * PAGES * PAGE, MAP_PRIVATE);
		madvise(p, 2 * PAGES * PAGE, MADV_NOHUGEPAGE);
		for (int i = 0; i < PAGES; i++)	/* page tables, the stock */
			p[i * PAGE] = 1;
		start = ticks();
		for (int i = PAGES; i < 2 * PAGES; i++)
			p[i * PAGE] = 1;
		report("write fault, charged to a memory cgroup", ticks() - start, PAGES);
		munmap(p, 2 * PAGES * PAGE);
		put("/cg/cgroup.procs", "0");
		rmdir("/cg/bench");
	}
	umount("/cg");
}

static void bench_mmap(void)
{
	const int n = 200;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++) {
		char *p = anonymous(PAGE, MAP_PRIVATE);

		*(volatile char *)p = 1;
		munmap(p, PAGE);
	}
	report("mmap + touch + munmap of 4 KiB", ticks() - start, n);
}

static void bench_mmap_only(void)
{
	const int n = 200;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++)
		munmap(anonymous(64 * PAGE, MAP_PRIVATE), 64 * PAGE);
	report("mmap + munmap, untouched", ticks() - start, n);
}

/* One page in each 2 MiB, so that every page has a page table to itself. */
static void bench_tables(void)
{
	enum { TABLES = 64 };
	const size_t span = 2UL << 20;
	char *p = mmap(NULL, TABLES * span, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long start;

	if (p == MAP_FAILED)
		return;
	madvise(p, TABLES * span, MADV_NOHUGEPAGE);
	start = ticks();
	for (int i = 0; i < TABLES; i++)
		p[i * span] = 1;
	report("write fault with a new page table", ticks() - start, TABLES);
	start = ticks();
	munmap(p, TABLES * span);
	report("munmap, per page and its page table", ticks() - start, TABLES);
}

static void bench_mprotect(void)
{
	enum { PAGES = 512 };
	char *p = anonymous(PAGES * PAGE, MAP_PRIVATE);
	unsigned long start;

	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, PAGES * PAGE);
	start = ticks();
	for (int i = 0; i < 10; i++)
		mprotect(p, PAGES * PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
	report("mprotect, per touched page", ticks() - start, 10 * PAGES);
	start = ticks();
	madvise(p, PAGES * PAGE, MADV_DONTNEED);
	report("MADV_DONTNEED, per touched page", ticks() - start, PAGES);
	munmap(p, PAGES * PAGE);
}

static void bench_cow(void)
{
	enum { PAGES = 400 };
	char *p = anonymous(PAGES * PAGE, MAP_PRIVATE);
	unsigned long start;

	memset(p, 1, PAGES * PAGE);
	if (!fork()) {
		start = ticks();
		for (int i = 0; i < PAGES; i++)
			p[i * PAGE] = 2;
		report("copy-on-write fault", ticks() - start, PAGES);
		_exit(0);
	}
	wait(NULL);
	munmap(p, PAGES * PAGE);
}

static void bench_fork(void)
{
	const int n = 50;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	report("fork + exit + wait", ticks() - start, n);
}

/* What each touched page of a process adds to its fork and to the child's end. */
static void bench_fork_pages(void)
{
	enum { PAGES = 1024 };
	const int n = 10;
	unsigned long start, small, large;
	char *p;

	for (int i = 0; i < 2; i++) {		/* the first round warms up */
		start = ticks();
		for (int j = 0; j < n; j++) {
			if (!fork())
				_exit(0);
			wait(NULL);
		}
		small = ticks() - start;
	}
	p = anonymous(PAGES * PAGE, MAP_PRIVATE);
	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, PAGES * PAGE);
	start = ticks();
	for (int j = 0; j < n; j++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	large = ticks() - start;
	report("fork + exit, per touched page", large - small, (unsigned long)n * PAGES);
	munmap(p, PAGES * PAGE);
}

static void bench_exec(const char *self)
{
	const int n = 50;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++) {
		if (!vfork()) {
			execl(self, self, "exit", (char *)NULL);
			_exit(1);
		}
		wait(NULL);
	}
	report("vfork + exec + exit + wait", ticks() - start, n);
}

static void bench_pipe(void)
{
	const int n = 200;
	int there[2], back[2];
	unsigned long start;
	char c = 0;

	if (pipe(there) || pipe(back))
		return;
	if (!fork()) {
		for (int i = 0; i < n && read(there[0], &c, 1) == 1; i++)
			if (write(back[1], &c, 1) != 1)
				break;
		_exit(0);
	}
	start = ticks();
	for (int i = 0; i < n; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			break;
	report("pipe round trip, per switch", ticks() - start, 2 * n);
	wait(NULL);
}

static long futex(int *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

/* One process waits until the word has changed, the other changes it and wakes it; and back. */
static void bench_futex(void)
{
	enum { WAIT = 0, WAKE = 1 };
	const int n = 200;
	int *turn = (int *)anonymous(PAGE, MAP_SHARED);
	unsigned long start = ticks();

	for (int i = 0; i < n; i++)
		futex(turn, WAKE, 1);
	report("futex wake, nobody waits", ticks() - start, n);
	if (!fork()) {
		for (int i = 0; i < n; i++) {
			while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) == 0)
				futex(turn, WAIT, 0);
			__atomic_store_n(turn, 0, __ATOMIC_RELEASE);
			futex(turn, WAKE, 1);
		}
		_exit(0);
	}
	start = ticks();
	for (int i = 0; i < n; i++) {
		__atomic_store_n(turn, 1, __ATOMIC_RELEASE);
		futex(turn, WAKE, 1);
		while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) == 1)
			futex(turn, WAIT, 1);
	}
	report("futex round trip, per switch", ticks() - start, 2 * n);
	wait(NULL);
	munmap(turn, PAGE);
}

/* Through a pipe and back out of it, 32 KiB at a time: no switch in between. */
static void bench_pipe_bytes(void)
{
	enum { PAGES = 8 };
	const int n = 50;
	char *buf = anonymous(PAGES * PAGE, MAP_PRIVATE);
	unsigned long start;
	int ends[2];

	if (pipe(ends))
		return;
	start = ticks();
	for (int i = 0; i < n; i++)
		if (write(ends[1], buf, PAGES * PAGE) != PAGES * PAGE ||
		    read(ends[0], buf, PAGES * PAGE) != PAGES * PAGE)
			return;
	report("pipe, write + read of 4 KiB", ticks() - start, n * PAGES);
	close(ends[0]);
	close(ends[1]);
}

static void handler(int sig) {}

static void bench_clock(void)
{
	const int n = 500;
	struct timespec now;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &now);
	report("clock_gettime", ticks() - start, n);
}

static void bench_small_calls(void)
{
	const int n = 500;
	unsigned long start;

	bench_clock();
	start = ticks();
	for (int i = 0; i < n; i++)
		sched_yield();
	report("sched_yield, alone", ticks() - start, n);
	signal(SIGUSR1, handler);
	start = ticks();
	for (int i = 0; i < n; i++)
		kill(getpid(), SIGUSR1);
	report("signal to oneself, handled", ticks() - start, n);
}

/* --- files --- */

enum { FILE_PAGES = 256, BUFFER = 16 * PAGE };

/* The programs' buffer; not static, so that fork's figures do not depend on it. */
static char *buffer(void)
{
	static char *buf;

	if (!buf)
		memset(buf = anonymous(BUFFER, MAP_PRIVATE), 1, BUFFER);
	return buf;
}

/* A read of all of @fd, which is in the page cache. */
static void bench_read(const char *what, int fd)
{
	unsigned long start;
	char *buf = buffer();

	lseek(fd, 0, SEEK_SET);
	start = ticks();
	for (int i = 0; i < FILE_PAGES / 16; i++)
		if (read(fd, buf, BUFFER) != BUFFER)
			return;
	report(what, ticks() - start, FILE_PAGES);
}

/* Writes all of @fd, once for new pages and once over them. */
static void bench_write(const char *fresh, const char *again, int fd)
{
	char *buf = buffer();

	for (int round = 0; round < 2; round++) {
		unsigned long start = busy_ticks();

		lseek(fd, 0, SEEK_SET);
		for (int i = 0; i < FILE_PAGES / 16; i++)
			if (write(fd, buf, BUFFER) != BUFFER)
				return;
		report(round ? again : fresh, busy_ticks() - start, FILE_PAGES);
	}
}

static void bench_file_map(int fd)
{
	volatile char sum = 0;
	unsigned long start;
	char *p;

	start = ticks();
	p = mmap(NULL, FILE_PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	for (int i = 0; i < FILE_PAGES; i++)
		sum += p[i * PAGE];
	report("mapped file, read in order, per page", ticks() - start, FILE_PAGES);
	start = ticks();
	munmap(p, FILE_PAGES * PAGE);
	report("munmap of a file, per mapped page", ticks() - start, FILE_PAGES);
	p = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	start = ticks();
	for (int i = 0; i < FILE_PAGES; i++)
		p[i * PAGE] = 1;
	report("write fault, private file page", ticks() - start, FILE_PAGES);
	munmap(p, FILE_PAGES * PAGE);
}

static void bench_names(const char *dir)
{
	const int n = 100;
	char path[128];
	unsigned long start;
	struct stat st;

	strcpy(path, dir);
	for (int i = 0; i < 8; i++) {
		strcat(path, "/d");
		mkdir(path, 0755);
	}
	strcat(path, "/file");
	close(open(path, O_CREAT | O_RDWR, 0644));
	start = ticks();
	for (int i = 0; i < n; i++)
		close(open(path, O_RDONLY));
	report("open + close, 8 directories deep", ticks() - start, n);
	start = ticks();
	for (int i = 0; i < n; i++)
		stat(path, &st);
	report("stat, 8 directories deep", ticks() - start, n);
	start = ticks();
	for (int i = 0; i < n; i++)
		access("/tmp/not-there", F_OK);
	report("access of a name that is not there", ticks() - start, n);
	start = ticks();
	for (int i = 0; i < n; i++) {
		close(open("/tmp/short-lived", O_CREAT | O_RDWR, 0644));
		unlink("/tmp/short-lived");
	}
	report("create + unlink, tmpfs", ticks() - start, n);
}

static void bench_files(void)
{
	int fd;

	mkdir("/tmp", 0755);
	if (mount("tmp", "/tmp", "tmpfs", 0, NULL))
		return;
	fd = open("/tmp/file", O_CREAT | O_RDWR, 0644);
	bench_write("write of 4 KiB, tmpfs, new page", "write of 4 KiB, tmpfs, again", fd);
	bench_read("read of 4 KiB, tmpfs", fd);
	bench_file_map(fd);
	close(fd);
	bench_names("/tmp");
	umount("/tmp");
}

#define PROC_STAT "/proc/self/stat"

static void bench_proc(const char *path, const char *what)
{
	const int n = 20;
	char *buf = buffer();
	unsigned long start = ticks();

	for (int i = 0; i < n; i++) {
		int fd = open(path, O_RDONLY);

		while (read(fd, buf, BUFFER) > 0)
			;
		close(fd);
	}
	report(what, ticks() - start, n);
}

static void bench_proc_files(void)
{
	bench_proc("/proc/meminfo", "/proc/meminfo, open + read + close");
	bench_proc("/proc/vmstat", "/proc/vmstat, open + read + close");
	bench_proc("/proc/loadavg", "/proc/loadavg, open + read + close");
	bench_proc(PROC_STAT, PROC_STAT ", open + read + close");
	bench_proc("/proc/self/status", "/proc/self/status, open + read + close");
	bench_proc("/proc/self/smaps", "/proc/self/smaps, open + read + close");
}

/* A disk file, all in the page cache; its blocks are taken when a page is new. */
static void bench_disk_file(void)
{
	int fd;

	mkdir("/disk", 0755);
	if (mount("/dev/vdb", "/disk", "ext2", 0, NULL) && mount("/dev/vdb", "/disk", "ext4", 0, NULL))
		return;
	start_filler();
	fd = open("/disk/file", O_CREAT | O_RDWR, 0644);
	bench_write("write of 4 KiB, ext2, new page", "write of 4 KiB, ext2, again", fd);
	bench_read("read of 4 KiB, ext2", fd);
	close(fd);
	stop_filler();
	umount("/disk");
}

/* --- with a swap disk --- */

static unsigned long free_pages(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit / PAGE;
}

/* The sum of /proc/vmstat's lines that begin with @name, kswapd's and direct reclaim's. */
static unsigned long counted(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "r");
	unsigned long sum = 0, value;
	char line[64];

	while (f && fscanf(f, "%63s %lu", line, &value) == 2)
		if (!strncmp(line, name, strlen(name)) &&
		    (strstr(line, "_kswapd") || strstr(line, "_direct")) && !strstr(line, "throttle"))
			sum += value;
	if (f)
		fclose(f);
	return sum;
}

static void bench_swap(void)
{
	const size_t timed = 8192, settle = 8192, pages = free_pages() + settle + timed;
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long start, scanned, freed;
	volatile char sum = 0;
	size_t i = 0;

	if (p == MAP_FAILED)
		return;
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	start_filler();
	scanned = counted("pgscan_");
	freed = counted("pgsteal_");
	for (; i < pages - timed; i++)
		p[i * PAGE] = 1;
	start = busy_ticks();
	for (; i < pages; i++)
		p[i * PAGE] = 1;
	report("swap-out and fill, per page", busy_ticks() - start, timed);
	freed = counted("pgsteal_") - freed;
	report("pages scanned per 100 pages freed", 100 * (counted("pgscan_") - scanned), freed ? freed : 1);
	/* room: nothing need go out now */
	munmap(p + pages / 2 * PAGE, (pages - pages / 2) * PAGE);
	start = busy_ticks();
	for (i = 0; i < timed; i++)
		sum += p[i * PAGE];
	report("swap-in, sequential, per page", busy_ticks() - start, timed);
	munmap(p, pages / 2 * PAGE);
	stop_filler();
}

/*
 * From sysrq f to the victim's end: the choice, the report, the kill, its exit with all its pages.
 */
static void bench_oom(void)
{
	enum { PAGES = 32768 };
	int fd = open("/proc/sysrq-trigger", O_WRONLY), ready[2];
	unsigned long start;
	pid_t victim;
	char c = 0;

	if (fd < 0 || pipe(ready))
		return;
	victim = fork();
	if (!victim) {
		memset(anonymous(PAGES * PAGE, MAP_PRIVATE), 1, PAGES * PAGE);
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	if (read(ready[0], &c, 1) == 1) {
		start_filler();
		start = busy_ticks();
		if (write(fd, "f", 1) == 1)
			waitpid(victim, NULL, 0);
		report("OOM decision to memory free, per victim page", busy_ticks() - start, PAGES);
		stop_filler();
	}
	close(fd);
}

/*
 * The choice among a thousand, with the task table left out: from sysrq f to the end of a small
 * victim.
 */
static void bench_oom_choice(void)
{
	enum { TASKS = 1000 };
	pid_t *pids = (pid_t *)anonymous(TASKS * sizeof(*pids), MAP_PRIVATE);
	int fd = open("/proc/sysrq-trigger", O_WRONLY), n = 0;
	unsigned long start;
	pid_t victim;

	if (fd < 0 || put("/proc/sys/vm/oom_dump_tasks", "0"))
		return;
	victim = fork();
	if (!victim) {
		put("/proc/self/oom_score_adj", "1000");
		for (;;)
			pause();
	}
	for (; n < TASKS && (pids[n] = fork()) >= 0; n++)
		if (!pids[n])
			for (;;)
				pause();
	sleep(1);			/* all of them sleep */
	start_filler();
	start = busy_ticks();
	if (n == TASKS && write(fd, "f", 1) == 1) {
		waitpid(victim, NULL, 0);
		report("OOM decision among 1,000 processes", busy_ticks() - start, 1);
	}
	stop_filler();
	while (n--) {
		kill(pids[n], SIGKILL);
		waitpid(pids[n], NULL, 0);
	}
	put("/proc/sys/vm/oom_dump_tasks", "1");
	close(fd);
}

/* In a process of its own, fresh from exec. */
static void run_self(const char *self, const char *what)
{
	if (!vfork()) {
		execl(self, self, what, (char *)NULL);
		_exit(1);
	}
	wait(NULL);
}

static void bench_processes(const char *self)
{
	bench_fork();
	bench_exec(self);
	bench_fork_pages();
}

static void bench_limits(void)
{
	bench_getppid();
	bench_clock();
	bench_faults();
	bench_fork();
	if (getpid() == 1)
		mount_all();
	bench_proc(PROC_STAT, PROC_STAT ", open + read + close");
}

static void bench_all(const char *self)
{
	printf("ticks of rdtsc, per operation:\n");
	bench_getppid();
	bench_small_calls();
	bench_faults();
	bench_tables();
	bench_mmap();
	bench_mmap_only();
	bench_mprotect();
	bench_cow();
	run_self(self, "processes");
	bench_pipe();
	bench_pipe_bytes();
	bench_futex();
	bench_files();
	bench_charged_fault();
	if (getpid() == 1) {
		load_modules();
		mount_all();
	}
	bench_proc_files();
	bench_disk_file();
	if (!swapon("/dev/vda", 0)) {
		bench_swap();
		swapoff("/dev/vda");
	}
	bench_oom();
	bench_oom_choice();
}

int main(int argc, char **argv)
{
	unsigned long started = ticks();
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "exit"))
		return 0;
	if (getpid() == 1)
		report("power-on to /init", started, 1);
	if (!strcmp(what, "processes"))
		bench_processes(argv[0]);
	else if (!strcmp(what, "limits"))
		bench_limits();
	else if (strcmp(what, "power-on"))
		bench_all(argv[0]);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
