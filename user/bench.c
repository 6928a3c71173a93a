/*
 * bench - what the common paths cost, in ticks of rdtsc: under QEMU's
 * `-icount shift=0` one tick is one guest instruction (DESIGN: "Cost").
 * Runs on Linux too. `make bench` starts it as the first process (rdinit=/bin/bench).
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
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
		reboot(RB_POWER_OFF);
	return 0;
}
