/*
 * userflags - what a program leaves in its flags register is its own business: the kernel's string
 * instructions go forwards, and the program finds its flags as they were. And what it calls from 32-bit
 * code is no system call.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
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

/*
 * int in_32_bits(far, sp, stack): goes on at *@far (offset, segment) in 32 bits, on @stack; the 64-bit code
 * that it jumps to fetches *@sp and returns.
 */
int in_32_bits(const void *far, void **sp, void *stack);
__asm__(".pushsection .text\n"
	"in_32_bits: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"lea 1f(%rip), %rax; push %rax; mov %rsp, (%rsi); mov %rdx, %rsp\n"
	"ljmpl *(%rdi)\n"
	"1: pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
	".popsection");

/* On AMD's processors the kernel is entered, on Intel's it is no instruction. */
static void call_from_32_bits(void)
{
	static const unsigned char call[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xea },	/* mov, syscall, ljmp */
				   back[] = { 0x48, 0x8b, 0x24, 0x25 };			/* mov (…), %rsp; ret */
	unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned int start = (unsigned int)(unsigned long)p, there = start + 64, sp = start + 128;
	int status;
	pid_t child;

	CHECK(p != MAP_FAILED);
	memcpy(p, call, sizeof(call));
	memcpy(p + sizeof(call), &there, 4);
	memcpy(p + sizeof(call) + 4, "\x33", 2);
	memcpy(p + 64, back, sizeof(back));
	memcpy(p + 64 + sizeof(back), &sp, 4);
	p[64 + sizeof(back) + 4] = 0xc3;
	memcpy(p + 136, &start, 4);
	memcpy(p + 140, "\x23", 2);
	child = FORK_OR_EXIT();
	if (!child) {
		for (int i = 0; i < 1000; i++)
			if (in_32_bits(p + 136, (void **)(p + 128), p + 4096) != -ENOSYS)
				_exit(1);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGILL));
	munmap(p, 4096);
}

int main(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };

	signal(SIGALRM, on_alarm);
	one(DF);
	one(NT);
	one(AC);
	one(DF | NT | AC);
	call_from_32_bits();
	setitimer(ITIMER_REAL, &often, NULL);
	while (ticks < 100)
		one(DF);
	setitimer(ITIMER_REAL, &never, NULL);
	return finish("userflags");
}
