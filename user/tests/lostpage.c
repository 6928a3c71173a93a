/*
 * lostpage MIB [shared] [press] [die] - fills MIB MiB, sends them to swap, says how many pages left
 * memory, waits for SIGUSR1 and reads all: counts the pages that are intact, lost (SIGBUS at that
 * page's address) and wrong. With `die` there is no handler. `shared`: MAP_SHARED | MAP_ANONYMOUS.
 * `press`: sends them out by wanting memory, which never reads them.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096UL
#define JUNK (1UL << 20)
#define MAX_JUNK 1024

static sigjmp_buf lost_page;
static volatile char *fault_addr;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	fault_addr = info->si_code == BUS_ADRERR ? info->si_addr : NULL;
	siglongjmp(lost_page, 1);
}

static unsigned long number(unsigned long page, unsigned long word)
{
	return (page << 20 ^ word) * 0x9e3779b97f4a7c15UL + 1;
}

static unsigned char in[1 << 16];	/* mincore(2)'s answer */

static size_t pages_out(char *p, size_t pages)
{
	size_t out = 0;

	if (mincore(p, pages * PAGE, in))
		return 0;
	for (size_t i = 0; i < pages; i++)
		out += !(in[i] & 1);
	return out;
}

/*
 * What was written stays in the swap cache for a while. Mapped once more it is clean, and the
 * second time it goes at once: so nobody else's pages are pressed out. Only pages that are still
 * in memory are read here: the disk is not to be asked before the test asks.
 */
static void send_out(volatile char *p, size_t pages)
{
	size_t out = 0, before = 0;

	for (int idle = 0; idle < 20 && out < pages; idle = out > before ? 0 : idle + 1) {
		before = out;
		pages_out((char *)p, pages);
		for (size_t n = 0; n < pages; n++)
			if (in[n] & 1)
				(void)p[n * PAGE];
		madvise((char *)p, pages * PAGE, MADV_PAGEOUT);
		usleep(5000);		/* the writes end meanwhile */
		out = pages_out((char *)p, pages);
	}
}

/*
 * Shared pages leave the swap cache only when somebody wants memory: a MiB at a time, as little as
 * will do.
 */
static void press(char *p, size_t pages)
{
	static char *junk[MAX_JUNK];
	int n = 0;

	while (n < MAX_JUNK && pages_out(p, pages) < pages) {
		junk[n] = mmap(NULL, JUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		if (junk[n] == MAP_FAILED)
			break;
		memset(junk[n++], 0x5a, JUNK);
	}
	while (n--)
		munmap(junk[n], JUNK);
}

static int read_all(volatile unsigned long *p, size_t pages)
{
	volatile size_t intact = 0, lost = 0, wrong = 0;

	for (volatile size_t i = 0; i < pages; i++) {
		volatile int bad = 0;

		if (sigsetjmp(lost_page, 1)) {
			if (fault_addr == (char *)&p[i * 512])
				lost++;
			else
				wrong++;
			continue;
		}
		for (size_t w = 0; w < 512; w += 73)
			bad |= p[i * 512 + w] != number(i, w);
		if (bad)
			wrong++;
		else
			intact++;
	}
	printf("lostpage: intact %zu lost %zu wrong %zu\n", intact, lost, wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	size_t pages = (argc > 1 ? strtoul(argv[1], NULL, 0) : 8) << 8;
	int shared = 0, press_out = 0, die = 0, sig;
	struct sigaction act = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	unsigned long *p;
	sigset_t usr1;

	for (int i = 2; i < argc; i++) {
		shared |= !strcmp(argv[i], "shared");
		press_out |= shared || !strcmp(argv[i], "press");
		die |= !strcmp(argv[i], "die");
	}
	/* What this program itself stands on must not be lost with the disk: only the pages below may. */
	if (mlockall(MCL_CURRENT))
		return 2;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		 (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 2;
	for (size_t i = 0; i < pages; i++)
		for (size_t w = 0; w < 512; w += 73)
			p[i * 512 + w] = number(i, w);
	madvise(p, pages * PAGE, MADV_PAGEOUT);
	if (press_out)
		press((char *)p, pages);
	else
		send_out((char *)p, pages);
	printf("lostpage: %zu of %zu pages out\n", pages_out((char *)p, pages), pages);
	fflush(stdout);
	sigwait(&usr1, &sig);
	if (!die)
		sigaction(SIGBUS, &act, NULL);
	return read_all(p, pages);
}
