/* maptest - mmap and its kin: protections, sharing, moving, advice, files beyond their end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096UL
static sigjmp_buf back;
static volatile int code;
static void on_fault(int sig, siginfo_t *info, void *context)
{
	code = info->si_code;
	siglongjmp(back, sig);
}
static int touch(volatile char *p, int write)
{
	int sig = sigsetjmp(back, 1);

	if (sig)
		return sig;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static char *anon(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void protections(void)
{
	char *p = anon(4 * PAGE);

	CHECK(touch(p, 1) == 0);
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	CHECK(touch(p + PAGE, 0) == 0 && touch(p + PAGE, 1) == SIGSEGV && code == SEGV_ACCERR);
	CHECK(touch(p + 2 * PAGE, 1) == 0);
	CHECK(mprotect(p, 4 * PAGE, PROT_NONE) == 0 && touch(p, 0) == SIGSEGV);
	CHECK(mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE) == 0 && p[0] == 1);
	CHECK(munmap(p + PAGE, PAGE) == 0 && touch(p + PAGE, 0) == SIGSEGV && code == SEGV_MAPERR);
	FAILS(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	FAILS(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
	CHECK(munmap(p, 4 * PAGE) == 0);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
}

static void shared_anonymous(void)
{
	int *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[0] = 1;
	if (!fork()) {
		p[0] = 42;
		p[16 * 1024] = 43;
		_exit(0);
	}
	wait(NULL);
	CHECK(p[0] == 42 && p[16 * 1024] == 43);
	munmap(p, 64 * PAGE);
}

static void files(void)
{
	int fd = open("/tmp/maptest", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *s, *p, buf[8];

	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(s != MAP_FAILED && p != MAP_FAILED && !memcmp(s, "hello", 5) && s[5] == 0);
	s[0] = 'j';
	CHECK(p[0] == 'j');
	p[1] = 'u';
	CHECK(s[1] == 'e');
	CHECK(pread(fd, buf, 5, 0) == 5 && !memcmp(buf, "jello", 5));
	CHECK(touch(s + PAGE, 0) == SIGBUS && code == BUS_ADRERR);
	CHECK(ftruncate(fd, 2 * PAGE) == 0 && touch(s + PAGE, 1) == 0);
	CHECK(ftruncate(fd, 0) == 0 && touch(s, 0) == SIGBUS);
	munmap(s, 2 * PAGE);
	munmap(p, PAGE);
	close(fd);
	fd = open("/tmp/maptest", O_RDONLY);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EACCES);
	close(fd);
	unlink("/tmp/maptest");
}

static void moving(void)
{
	char *p = anon(4 * PAGE), *q;

	memset(p, 7, 4 * PAGE);
	q = mremap(p, 4 * PAGE, 1024 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[0] == 7 && q[4 * PAGE - 1] == 7 && q[4 * PAGE] == 0);
	p = mremap(q, 1024 * PAGE, 2 * PAGE, 0);
	CHECK(p == q && touch(p + 2 * PAGE, 0) == SIGSEGV);
	FAILS((long)mremap((void *)0x10000000, PAGE, PAGE, 0), EFAULT);
	q = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q && q[0] == 7);
	CHECK(touch(p, 0) == SIGSEGV);
	munmap(q, 8 * PAGE);
}

static void advice(void)
{
	char *p = anon(16 * PAGE);
	unsigned char vec[16];

	memset(p, 3, 16 * PAGE);
	CHECK(mincore(p, 16 * PAGE, vec) == 0 && (vec[0] & 1) && (vec[15] & 1));
	CHECK(madvise(p, 8 * PAGE, MADV_DONTNEED) == 0 && p[0] == 0 && p[8 * PAGE] == 3);
	FAILS(madvise(p, PAGE, 12345), EINVAL);
	FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	CHECK(mlock(p, PAGE) == 0);
	FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	CHECK(munlock(p, PAGE) == 0);
	CHECK(madvise(p, PAGE, MADV_DONTFORK) == 0);
	if (!fork())
		_exit(touch(p, 0) == SIGSEGV ? 0 : 1);
	int status;

	wait(&status);
	CHECK(status == 0);
	munmap(p, 16 * PAGE);
}

static void breaks(void)
{
	char *start = (char *)syscall(SYS_brk, 0);

	CHECK((char *)syscall(SYS_brk, start + 10 * PAGE) == start + 10 * PAGE &&
	      touch(start + 9 * PAGE, 1) == 0);
	CHECK((char *)syscall(SYS_brk, start + 5 * PAGE) == start + 5 * PAGE);
	CHECK(touch(start + 20 * PAGE, 0) == SIGSEGV);
}

/* How many mappings lie in [@p, @p + @pages). */
static int mappings(char *p, int pages)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), f))
		n += sscanf(line, "%lx-%lx", &start, &end) == 2 && start < (unsigned long)p + pages * PAGE &&
		     end > (unsigned long)p;
	fclose(f);
	return n;
}

/* Private memory that touches no other. */
static char *alone(size_t len)
{
	char *p = mmap(NULL, len + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mmap(p + PAGE, len, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Which neighbours become one mapping, where pages have come in already. Linux 6.1's rules. */
static void families(void)
{
	char *p = alone(8 * PAGE);
	int status;

	memset(p, 1, 2 * PAGE);
	CHECK(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	if (!fork()) {		/* new memory does not join what came by fork, whoever touches it */
		memset(p, 2, 4 * PAGE);
		CHECK(mmap(p + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0) != MAP_FAILED);
		CHECK(mappings(p, 8) == 2);
		memset(p + 4 * PAGE, 2, 4 * PAGE);
		CHECK(mappings(p, 8) == 2);
		CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && mappings(p, 8) == 4);
		CHECK(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0 && mappings(p, 8) == 2);
		_exit(!!failures);
	}
	wait(&status);
	CHECK(status == 0);
	CHECK(mmap(p + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	      MAP_FAILED);
	CHECK(mappings(p, 8) == 1);
	munmap(p, 8 * PAGE);

	/* Touched while it was apart: its neighbours without pages do not take it in. */
	p = alone(6 * PAGE);
	CHECK(mprotect(p, 2 * PAGE, PROT_READ) == 0 && mprotect(p + 4 * PAGE, 2 * PAGE, PROT_READ) == 0);
	memset(p + 2 * PAGE, 1, 2 * PAGE);
	CHECK(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ) == 0 && mappings(p, 6) == 3);
	munmap(p, 6 * PAGE);
}

/* What is in memory of a file that one may not write to is not told. */
static void foreign(void)
{
	unsigned char vec[2];
	int status;

	if (!fork()) {
		int fd = open("/foreign", O_CREAT | O_RDWR, 0644);
		char *p;

		CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0 && pwrite(fd, "x", 1, PAGE) == 1);
		p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		CHECK(mincore(p, 2 * PAGE, vec) == 0 && vec[0] == 0 && vec[1] == 1);
		CHECK(unlink("/foreign") == 0 && setuid(1000) == 0);
		CHECK(mincore(p, 2 * PAGE, vec) == 0 && vec[0] == 1 && vec[1] == 1);
		_exit(!!failures);
	}
	wait(&status);
	CHECK(status == 0);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	protections();
	shared_anonymous();
	files();
	moving();
	advice();
	breaks();
	families();
	foreign();
	return finish("maptest");
}
