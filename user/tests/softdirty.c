/*
 * softdirty - which pages were written since clear_refs was told 4: pagemap's bit 55, smaps' sd, and what becomes of
 * the bit in swap, in a fork, by mprotect and mremap. Linux's answers (6.1, CONFIG_MEM_SOFT_DIRTY): runs there, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL
#define RW (PROT_READ | PROT_WRITE)
enum { PAGEOUT = 21 };

static int pagemap;

static uint64_t entry(const volatile char *p)
{
	uint64_t e = 0;

	CHECK(pread(pagemap, &e, 8, (uintptr_t)p / PAGE * 8) == 8);
	return e;
}
static int soft(const volatile char *p) { return entry(p) >> 55 & 1; }
static int swapped(const volatile char *p) { return entry(p) >> 62 & 1; }
static uint64_t frame(const volatile char *p) { return entry(p) & ((1UL << 55) - 1); }

static void clear_refs(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	CHECK(write(fd, what, strlen(what)) == (ssize_t)strlen(what));
	close(fd);
}
static void clear(void) { clear_refs("4"); }

/* Between two pages that are nobody's: what merges with a new mapping counts as new as a whole. */
static char *map(size_t pages, int flags, int fd)
{
	char *room = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	CHECK(room != MAP_FAILED);
	p = mmap(room + PAGE, pages * PAGE, RW, flags | MAP_FIXED, fd, 0);
	CHECK(p == room + PAGE);
	return p;
}
static char *anon(size_t pages) { return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1); }

/* Does the VMA that holds @p say @flag? */
static int vmflag(const char *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	char line[512];
	int in = 0, has = -1;

	while (f && has < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start <= (uintptr_t)p && (uintptr_t)p < end;
		else if (in && !strncmp(line, "VmFlags:", 8))
			has = !!strstr(line, flag);
	}
	if (f)
		fclose(f);
	return has;
}

static void plain(void)
{
	volatile char *p = anon(8);
	uint64_t was;
	struct rusage a, b;

	for (int i = 0; i < 8; i++)
		CHECK(soft(p + i * PAGE));		/* new: all of it, touched or not */
	CHECK(vmflag((char *)p, " sd") == 1);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	clear();
	CHECK(vmflag((char *)p, " sd") == 0);
	for (int i = 0; i < 8; i++)
		CHECK(!soft(p + i * PAGE));
	was = frame(p + PAGE);
	(void)p[2 * PAGE];
	(void)p[5 * PAGE];				/* the page of zeroes */
	getrusage(RUSAGE_SELF, &a);
	p[PAGE] = 2;
	p[6 * PAGE] = 2;
	p[PAGE] = 3;
	getrusage(RUSAGE_SELF, &b);
	CHECK(b.ru_minflt - a.ru_minflt == 2);		/* one to notice each, no more */
	CHECK(frame(p + PAGE) == was);			/* and nothing is copied */
	for (int i = 0; i < 8; i++)
		CHECK(soft(p + i * PAGE) == (i == 1 || i == 6));
	CHECK(p[0] == 1 && p[PAGE] == 3 && p[5 * PAGE] == 0);
	clear();
	CHECK(pread(pagemap, (char *)p + 3 * PAGE, 8, 0) == 8);	/* the kernel writes, too */
	CHECK(soft(p + 3 * PAGE) && !soft(p + PAGE));
	CHECK(madvise((char *)p, 4 * PAGE, MADV_DONTNEED) == 0 && !soft(p + 3 * PAGE));
	munmap((char *)p, 8 * PAGE);
	clear_refs(" 4\n");
	FAILS(write(open("/proc/self/clear_refs", O_WRONLY), "6", 1), EINVAL);
}

static void remapped(void)
{
	char *p = anon(4), *q;

	memset(p, 1, 4 * PAGE);
	clear();
	CHECK(mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK(soft(p + PAGE));				/* other memory, in the place of the old */
	clear();
	p[0] = 2;
	q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, anon(8));
	CHECK(q != MAP_FAILED && q != p);
	CHECK(soft(q) && soft(q + 2 * PAGE));		/* moved pages count as written */
	CHECK(!soft(q + 7 * PAGE));
	munmap(q, 8 * PAGE);

	p = anon(1);
	p[0] = 1;
	clear();
	CHECK(mprotect(p, PAGE, PROT_READ) == 0 && !soft(p));
	CHECK(mprotect(p, PAGE, RW) == 0 && !soft(p));
	p[0] = 2;
	CHECK(soft(p));
	clear();
	CHECK(mprotect(p, PAGE, PROT_NONE) == 0 && mprotect(p, PAGE, RW) == 0 && !soft(p));
	p[0] = 3;
	CHECK(soft(p));
	munmap(p, PAGE);
}

static void shared(void)
{
	char path[] = "/tmp/softdirty.XXXXXX";
	int fd = mkstemp(path), flags[] = { MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED, MAP_PRIVATE };

	CHECK(ftruncate(fd, 4 * PAGE) == 0);
	for (int i = 0; i < 3; i++) {
		char *p = map(4, flags[i], i ? fd : -1);

		p[0] = p[PAGE] = 1;
		CHECK(soft(p) && soft(p + 2 * PAGE));
		clear();
		CHECK(!soft(p) && !soft(p + 2 * PAGE));
		CHECK(((volatile char *)p)[3 * PAGE] == 0 && !soft(p + 3 * PAGE));
		p[PAGE] = 2;
		p[2 * PAGE] = 2;		/* not mapped before */
		for (int n = 0; n < 4; n++)
			CHECK(soft(p + n * PAGE) == (n == 1 || n == 2));
		p[3 * PAGE] = 2;		/* mapped by the reading */
		CHECK(soft(p + 3 * PAGE));
		munmap(p, 4 * PAGE);
		CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, 4 * PAGE) == 0);
	}
	unlink(path);
	close(fd);
}

static void forked(void)
{
	char *p = anon(4);
	int status;
	pid_t child;

	memset(p, 1, 4 * PAGE);
	clear();
	p[0] = 2;
	child = FORK_OR_EXIT();
	if (!child) {
		pagemap = open("/proc/self/pagemap", O_RDONLY);
		CHECK(soft(p) && !soft(p + PAGE) && vmflag(p, " sd") == 0);
		p[PAGE] = 3;
		CHECK(soft(p + PAGE) && !soft(p + 2 * PAGE));
		_exit(failures);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(soft(p) && !soft(p + PAGE) && p[PAGE] == 1);
	p[2 * PAGE] = 3;
	CHECK(soft(p + 2 * PAGE) && p[2 * PAGE] == 3);
	munmap(p, 4 * PAGE);
}

/* Where nothing is swapped out (no swap), there is nothing to see. */
static void in_swap(void)
{
	volatile char *p = anon(4);

	memset((char *)p, 1, 4 * PAGE);
	clear();
	p[0] = p[PAGE] = 2;
	madvise((char *)p, 4 * PAGE, PAGEOUT);
	for (int tries = 0; tries < 100 && !swapped(p); tries++)
		madvise((char *)p, 4 * PAGE, PAGEOUT);
	if (!swapped(p) || !swapped(p + PAGE) || !swapped(p + 2 * PAGE)) {
		printf("nothing in swap\n");
		return;
	}
	CHECK(soft(p) && soft(p + PAGE) && !soft(p + 2 * PAGE) && !soft(p + 3 * PAGE));
	CHECK(p[0] == 2 && p[2 * PAGE] == 1);		/* read back */
	CHECK(!swapped(p) && soft(p) && !swapped(p + 2 * PAGE) && !soft(p + 2 * PAGE));
	clear();
	CHECK(!soft(p) && (!swapped(p + PAGE) || !soft(p + PAGE)));
	CHECK(p[PAGE] == 2 && !soft(p + PAGE));
	p[3 * PAGE] = 4;
	CHECK(soft(p + 3 * PAGE) && p[3 * PAGE] == 4);
	munmap((char *)p, 4 * PAGE);
	printf("swap seen\n");
}

/* --- no write is missed while others clear --- */

#define CELLS 16
static _Atomic unsigned long *cells[CELLS];
static _Atomic int stop;

static void *writer(void *arg)
{
	while (!stop)
		for (long i = (long)arg; i < CELLS; i += 2)
			(*cells[i])++;
	return NULL;
}

static void raced(void)
{
	char *p = anon(CELLS);
	unsigned long seen[CELLS], now;
	pthread_t t[2];

	memset(p, 0, CELLS * PAGE);
	for (int i = 0; i < CELLS; i++)
		cells[i] = (void *)(p + i * PAGE);
	for (long i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, writer, (void *)i) == 0);
	for (int round = 0; round < 30; round++) {
		clear();
		for (int i = 0; i < CELLS; i++)
			seen[i] = *cells[i];
		for (int i = 0; i < CELLS; i++) {
			now = *cells[i];
			CHECK(now == seen[i] || soft(p + i * PAGE));
		}
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	munmap(p, CELLS * PAGE);
}

int main(void)
{
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	CHECK(pagemap >= 0);
	plain();
	remapped();
	shared();
	forked();
	in_swap();
	raced();
	return finish("softdirty");
}
