/*
 * swapcheck PROCESSES MIB ROUNDS [stay] - each process fills MIB MiB with numbers
 * that depend on process, page, word and round, checks all of them, and goes on.
 * Half of the processes fork a child that checks the same pages (copy-on-write
 * of swapped pages). With `stay` it waits for SIGUSR1 before the last check.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t go;
static sigset_t before;			/* the mask with SIGUSR1 unblocked */
static void on_usr1(int sig) { go = 1; }

/* SIGUSR1 is blocked but for here: it cannot come between the look and the sleep. */
static void wait_for_go(void)
{
	while (!go)
		sigsuspend(&before);
}

static unsigned long number(unsigned long process, unsigned long page, unsigned long word,
			    unsigned long round)
{
	return (process << 48 ^ page << 16 ^ word << 4 ^ round) * 0x9e3779b97f4a7c15UL + 1;
}

static long wrong(unsigned long *p, size_t pages, unsigned long process, unsigned long round)
{
	long bad = 0;

	for (size_t i = 0; i < pages; i++)
		for (size_t w = i % 7; w < 512; w += 61)
			if (p[i * 512 + w] != number(process, i, w, round) && bad++ < 3)
				printf("process %lu page %zu word %zu: %lx\n", process, i, w,
				       p[i * 512 + w]);
	return bad;
}

static int one(unsigned long process, size_t mib, unsigned long rounds, int stay)
{
	size_t pages = mib << 8;
	unsigned long *p =
		mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	if (p == MAP_FAILED)
		return 2;
	for (unsigned long round = 0; round < rounds; round++) {
		for (size_t i = 0; i < pages; i++)
			for (size_t w = i % 7; w < 512; w += 61)
				p[i * 512 + w] = number(process, i, w, round);
		if (process & 1) {
			pid_t child = fork();

			if (!child)
				_exit(wrong(p, pages, process, round) != 0);
			if (child > 0)
				waitpid(child, &status, 0);
		}
		if (status || wrong(p, pages, process, round))
			return 1;
	}
	if (stay)
		wait_for_go();
	return wrong(p, pages, process, rounds - 1) != 0;
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 4, bad = 0, status;
	size_t mib = argc > 2 ? strtoul(argv[2], NULL, 0) : 64;
	unsigned long rounds = argc > 3 ? strtoul(argv[3], NULL, 0) : 2;
	int stay = argc > 4;
	pid_t pids[64];

	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &before);
	signal(SIGUSR1, on_usr1);
	for (int i = 0; i < processes && i < 64; i++)
		if (!(pids[i] = FORK_OR_EXIT()))
			_exit(one((unsigned long)i, mib, rounds, stay));
	if (stay)
		wait_for_go();
	for (int i = 0; i < processes && i < 64; i++) {
		if (stay)
			kill(pids[i], SIGUSR1);
		if (waitpid(pids[i], &status, 0) != pids[i] || status) {
			printf("swapcheck: process %d: status %x\n", i, status);
			bad = 1;
		}
	}
	printf("swapcheck: %s\n", bad ? "DAMAGED" : "intact");
	return bad;
}
