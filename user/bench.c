/*
 * bench - what the common paths cost, in ticks of rdtsc: under QEMU's
 * `-icount shift=0` one tick is one guest instruction (DESIGN: "Cost").
 * Runs on Linux too. `make bench` starts it as the first process (rdinit=/bin/bench),
 * with a swap disk at /dev/vda.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <x86intrin.h>

#include "show.h"

static unsigned long ticks(void) { return __rdtsc(); }

static void report(const char *what, unsigned long total, unsigned long n)
{
	printf("%-44s %10lu\n", what, total / n);
	fflush(stdout);
}

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

static void bench_fork(const char *self)
{
	const int n = 50;
	unsigned long start = ticks();

	for (int i = 0; i < n; i++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	report("fork + exit + wait", ticks() - start, n);
	start = ticks();
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

/*
 * --- with a swap disk ---
 * While a page travels the CPU has nothing to do, and an idle CPU's ticks are no instructions. So a
 * process of lowest priority fills the gaps, and counts what it used, which is taken off.
 */
static volatile unsigned long *filler_ticks;
static pid_t filler;

static void start_filler(void)
{
	const unsigned long undisturbed = 100;	/* one turn of its loop takes 10 */
	unsigned long last, now;

	filler_ticks = (volatile unsigned long *)anonymous(PAGE, MAP_SHARED);
	*filler_ticks = 0;
	filler = fork();
	if (filler)
		return;
	setpriority(PRIO_PROCESS, 0, 19);
	for (last = ticks();; last = now) {
		now = ticks();
		if (now - last < undisturbed)
			*filler_ticks += now - last;
	}
}

static unsigned long busy_ticks(void) { return ticks() - *filler_ticks; }

static void stop_filler(void)
{
	kill(filler, SIGKILL);
	waitpid(filler, NULL, 0);
	munmap((void *)filler_ticks, PAGE);
}

static unsigned long free_pages(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit / PAGE;
}

static void bench_swap(void)
{
	const size_t timed = 8192, settle = 8192, pages = free_pages() + settle + timed;
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long start;
	volatile char sum = 0;
	size_t i = 0;

	if (p == MAP_FAILED)
		return;
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	start_filler();
	for (; i < pages - timed; i++)
		p[i * PAGE] = 1;
	start = busy_ticks();
	for (; i < pages; i++)
		p[i * PAGE] = 1;
	report("swap-out and fill, per page", busy_ticks() - start, timed);
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

static void mount_all(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
}

int main(int argc, char **argv)
{
	unsigned long started = ticks();

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	if (getpid() == 1)
		report("power-on to /init", started, 1);
	printf("ticks of rdtsc, per operation:\n");
	bench_getppid();
	bench_faults();
	bench_mmap();
	bench_cow();
	bench_fork(argv[0]);
	bench_pipe();
	if (getpid() == 1)
		mount_all();
	if (!swapon("/dev/vda", 0)) {
		bench_swap();
		swapoff("/dev/vda");
	}
	bench_oom();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
