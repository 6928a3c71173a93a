/* madvtest - madvise, mlock, mincore, mremap and mmap's flags: errno, and what the counters say. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL
enum { REMOVE = 9, COLD = 20, PAGEOUT = 21, POPULATE_READ = 22, POPULATE_WRITE = 23, DONTNEED_LOCKED = 24 };

static char *map(size_t pages, int flags)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Pages of the range that mincore() says are there. */
static int resident(char *p, size_t pages)
{
	unsigned char vec[256];
	int n = 0;

	CHECK(mincore(p, pages * PAGE, vec) == 0);
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

static long field(const char *file, const char *name)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen(file, "r");
	size_t len = strlen(name);

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			kb = atol(line + len + 1);
	if (f)
		fclose(f);
	return kb;
}

static void arguments(void)
{
	char *p = map(8, 0);
	static const int all[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
				   MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
				   MADV_KEEPONFORK, COLD, PAGEOUT, POPULATE_READ, POPULATE_WRITE, DONTNEED_LOCKED };

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK(madvise(p, 8 * PAGE, all[i]) == 0);
		FAILS(madvise(p + 1, PAGE, all[i]), EINVAL);
		CHECK(madvise(p, 0, all[i]) == 0);
		FAILS(madvise(p, -PAGE + 1, all[i]), EINVAL);	/* rounds up to 0 */
		CHECK(madvise(p, 1, all[i]) == 0);		/* rounds up to a page */
	}
	FAILS(madvise(p, PAGE, 77), EINVAL);
	FAILS(madvise(p, PAGE, REMOVE), EINVAL);		/* private and anonymous */
	munmap(p + 2 * PAGE, PAGE);
	memset(p, 1, 2 * PAGE);
	memset(p + 3 * PAGE, 1, 5 * PAGE);
	FAILS(madvise(p, 8 * PAGE, MADV_DONTNEED), ENOMEM);	/* a hole: all the rest is done */
	CHECK(resident(p, 2) == 0 && resident(p + 3 * PAGE, 5) == 0 && p[7 * PAGE] == 0);
	FAILS(madvise(p, 8 * PAGE, POPULATE_WRITE), ENOMEM);
	CHECK(resident(p, 2) == 2);
	munmap(p, 8 * PAGE);
	/* what a mapping does not allow */
	p = map(4, 0);
	mprotect(p, 4 * PAGE, PROT_READ);
	FAILS(madvise(p, 4 * PAGE, POPULATE_WRITE), EINVAL);
	CHECK(madvise(p, 4 * PAGE, POPULATE_READ) == 0);
	mprotect(p, 4 * PAGE, PROT_NONE);
	FAILS(madvise(p, 4 * PAGE, POPULATE_READ), EINVAL);
	munmap(p, 4 * PAGE);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	FAILS(madvise(p, 4 * PAGE, MADV_FREE), EINVAL);
	FAILS(madvise(p, 4 * PAGE, MADV_WIPEONFORK), EINVAL);
	memset(p, 5, 4 * PAGE);
	CHECK(madvise(p, 4 * PAGE, MADV_DONTNEED) == 0 && p[0] == 5);	/* the object keeps it */
	munmap(p, 4 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("/proc/self/exe", O_RDONLY), 0);
	FAILS(madvise(p, PAGE, REMOVE), EACCES);		/* it cannot be written */
	munmap(p, PAGE);
}

static void over_fork(void)
{
	char *kept = map(1, 0), *gone = map(1, 0), *wiped = map(1, 0);
	int status;

	*kept = *gone = *wiped = 7;
	CHECK(madvise(gone, PAGE, MADV_DONTFORK) == 0 && madvise(wiped, PAGE, MADV_WIPEONFORK) == 0);
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		unsigned char vec;

		_exit(*kept != 7 || *wiped != 0 || mincore(gone, PAGE, &vec) != -1 || errno != ENOMEM);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && *wiped == 7 && *gone == 7);
	munmap(kept, PAGE);
	munmap(gone, PAGE);
	munmap(wiped, PAGE);
}

static int about(long kb, long want) { return kb <= want + 64 && kb >= want - 64; }

static void locked(void)
{
	long mlocked = field("/proc/meminfo", "Mlocked"), unevictable = field("/proc/meminfo", "Unevictable");
	char *p = map(64, 0);

	CHECK(mlock(p, 64 * PAGE) == 0 && resident(p, 64) == 64);
	CHECK(field("/proc/self/status", "VmLck") == 256);
	/* Linux counts in batches of 15 pages. */
	CHECK(about(field("/proc/meminfo", "Mlocked") - mlocked, 256));
	CHECK(about(field("/proc/meminfo", "Unevictable") - unevictable, 256));
	FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(p, PAGE, MADV_FREE), EINVAL);
	FAILS(madvise(p, PAGE, COLD), EINVAL);
	FAILS(madvise(p, PAGE, PAGEOUT), EINVAL);
	CHECK(madvise(p, 4 * PAGE, DONTNEED_LOCKED) == 0);
	CHECK(about(field("/proc/meminfo", "Mlocked") - mlocked, 240) && resident(p, 64) == 60);
	CHECK(munlock(p, 32 * PAGE) == 0 && field("/proc/self/status", "VmLck") == 128);
	CHECK(munlockall() == 0 && about(field("/proc/meminfo", "Mlocked"), mlocked));
	CHECK(about(field("/proc/meminfo", "Unevictable"), unevictable));
	munmap(p, 64 * PAGE);
	/* on fault, and all of the future */
	p = map(8, 0);
	CHECK(syscall(SYS_mlock2, p, 8 * PAGE, 1) == 0 && resident(p, 8) == 0);
	p[0] = 1;
	CHECK(resident(p, 8) == 1 && about(field("/proc/meminfo", "Mlocked") - mlocked, 4));
	FAILS(syscall(SYS_mlock2, p, PAGE, 2), EINVAL);
	munmap(p, 8 * PAGE);
	CHECK(mlockall(MCL_FUTURE) == 0);
	p = map(8, 0);
	CHECK(resident(p, 8) == 8);
	munmap(p, 8 * PAGE);
	CHECK(mlockall(MCL_FUTURE | 4) == 0);			/* MCL_ONFAULT */
	p = map(8, 0);
	CHECK(resident(p, 8) == 0);
	munmap(p, 8 * PAGE);
	FAILS(mlockall(0), EINVAL);
	FAILS(mlockall(4), EINVAL);
	FAILS(mlockall(8), EINVAL);
	CHECK(munlockall() == 0);
	CHECK(about(field("/proc/meminfo", "Mlocked"), mlocked));
	/* limits are for others than root */
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		struct rlimit r = { 4 * PAGE, 4 * PAGE };

		failures = 0;
		setrlimit(RLIMIT_MEMLOCK, &r);
		if (setuid(1000))
			_exit(9);
		p = map(8, 0);
		FAILS(mlock(p, 8 * PAGE), ENOMEM);
		CHECK(mlock(p, 4 * PAGE) == 0 && mlock(p, 4 * PAGE) == 0);
		FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
		FAILS(mlockall(MCL_CURRENT), ENOMEM);
		r.rlim_cur = 0;
		CHECK(munlockall() == 0 && setrlimit(RLIMIT_MEMLOCK, &r) == 0);
		FAILS(mlock(p, PAGE), EPERM);
		/* (musl's mmap() would say ENOMEM) */
		FAILS(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
		_exit(failures);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void mappings(void)
{
	char *p = map(16, MAP_POPULATE), *q;

	CHECK(resident(p, 16) == 16);
	FAILS(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0), EEXIST);	/* FIXED_NOREPLACE */
	munmap(p + 4 * PAGE, PAGE);
	CHECK(mmap(p + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0) == p + 4 * PAGE);
	munmap(p, 16 * PAGE);
	p = map(16, MAP_LOCKED);
	CHECK(resident(p, 16) == 16);
	munmap(p, 16 * PAGE);
	/* mremap: moved with its pages, or only the pages (DONTUNMAP) */
	p = map(8, 0);
	memset(p, 3, 8 * PAGE);
	q = mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | 4);
	CHECK(q != MAP_FAILED && q != p && q[0] == 3 && resident(q, 8) == 8);
	CHECK(resident(p, 8) == 0 && p[0] == 0);
	FAILS(mremap(q, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4), EINVAL);
	FAILS(mremap(q, 8 * PAGE, 8 * PAGE, 4), EINVAL);
	FAILS(mremap(q + 1, PAGE, PAGE, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(q, 8 * PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(q, 8 * PAGE, 8 * PAGE, MREMAP_FIXED, p), EINVAL);
	FAILS(mremap(q, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE), EINVAL);
	CHECK(mremap(q, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p && p[7 * PAGE] == 3);
	CHECK(mremap(p, 8 * PAGE, 2 * PAGE, 0) == p);
	unsigned char vec;
	FAILS(mincore(p + 2 * PAGE, PAGE, &vec), ENOMEM);
	FAILS(mincore(p + 1, PAGE, &vec), EINVAL);
	FAILS(mincore(p, PAGE, (void *)16), EFAULT);
	munmap(p, 2 * PAGE);
	FAILS(mremap(p, PAGE, PAGE * 2, MREMAP_MAYMOVE), EFAULT);
}

int main(void)
{
	arguments();
	over_fork();
	locked();
	mappings();
	return finish("madvtest");
}
