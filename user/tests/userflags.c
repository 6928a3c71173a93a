/*
 * userflags - what a program leaves in its flags register is its own business: the kernel's string
 * instructions go forwards, and the program finds its flags as they were.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

#define PAGES 512
#define DF (1UL << 10)
#define NT (1UL << 14)
#define AC (1UL << 18)

static volatile int ticks;
static void on_alarm(int sig) { ticks++; }

/* Touches each page with @flags set; what they are afterwards. */
static unsigned long touch(char *p, unsigned long flags)
{
	unsigned long after, n = PAGES;

	__asm__ volatile("pushfq; orq %2, (%%rsp); popfq\n"
			 "1: movb $1, (%0); addq $4096, %0; decq %1; jnz 1b\n"
			 "pushfq; popq %%rax; pushfq; notq %2; andq %2, (%%rsp); popfq"
			 : "+r"(p), "+r"(n), "+r"(flags), "=a"(after)
			 :
			 : "memory", "cc");
	return after;
}

/* getppid() with @flags set; what they are afterwards. */
static unsigned long call(unsigned long flags)
{
	unsigned long after;

	__asm__ volatile("pushfq; orq %1, (%%rsp); popfq\n"
			 "mov %2, %%eax; syscall\n"
			 "pushfq; popq %0; pushfq; notq %1; andq %1, (%%rsp); popfq"
			 : "=&r"(after), "+r"(flags)
			 : "i"(SYS_getppid)
			 : "rax", "rcx", "r11", "memory", "cc");
	return after;
}

static void one(unsigned long flags)
{
	char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long wrong = 0;

	CHECK(p != MAP_FAILED);
	CHECK((touch(p, flags) & flags) == flags);
	for (int i = 0; i < PAGES * 4096; i++)
		wrong += p[i] != (i % 4096 == 0);
	CHECK(wrong == 0);
	for (int i = 0; i < 1000; i++)
		if ((call(flags) & flags) != flags)
			wrong++;
	CHECK(wrong == 0);
	munmap(p, PAGES * 4096);
}

int main(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };

	signal(SIGALRM, on_alarm);
	one(DF);
	one(NT);
	one(AC);
	one(DF | NT | AC);
	setitimer(ITIMER_REAL, &often, NULL);
	while (ticks < 100)
		one(DF);
	setitimer(ITIMER_REAL, &never, NULL);
	return finish("userflags");
}
