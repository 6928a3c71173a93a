/*
 * procmem - /proc/<pid>/mem: who may, what a tracer's hand reaches, and what is left of a process that is gone.
 * Linux's answers (6.1): runs there, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)

static int self;
/* In a page that nobody may write; volatile: the compiler thinks it knows what is in it. */
static const volatile char text_word[] = "in";

static char *map(size_t pages, int prot, int flags, int fd)
{
	char *p = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}
static char *anon(size_t pages, int prot) { return map(pages, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1); }

static ssize_t get(int fd, const void *at, void *buf, size_t n) { return pread(fd, buf, n, (uintptr_t)at); }
static ssize_t put(int fd, void *at, const void *buf, size_t n) { return pwrite(fd, buf, n, (uintptr_t)at); }

static int open_mem(pid_t pid, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	return open(path, flags);
}

/* --- data --- */

static void plain(void)
{
	char *p = anon(6, RW), *in = anon(6, RW);

	for (long i = 0; i < 5 * PAGE; i++)
		p[i] = i * 7 + i / PAGE;
	CHECK(munmap(p + 5 * PAGE, PAGE) == 0);
	CHECK(get(self, p + 3, in, 4 * PAGE) == 4 * PAGE && !memcmp(in, p + 3, 4 * PAGE));
	CHECK(get(self, p + 4 * PAGE, in, 2 * PAGE) == PAGE);		/* as far as the hole */
	FAILS(get(self, p + 5 * PAGE, in, 1), EIO);
	FAILS(get(self, 0, in, 1), EIO);
	CHECK(get(self, p, in, 0) == 0);
	memset(in, 9, 5 * PAGE);
	CHECK(put(self, p + PAGE - 5, in, 10) == 10 && p[PAGE - 5] == 9 && p[PAGE + 4] == 9 && p[PAGE + 5] != 9);
	CHECK(put(self, p + 5 * PAGE - 3, in, 10) == 3);
	FAILS(put(self, p + 5 * PAGE, in, 10), EIO);
	FAILS(get(self, p, (void *)8, 10), EFAULT);
	FAILS(put(self, p, (void *)8, 10), EFAULT);
	munmap(p, 5 * PAGE);
	munmap(in, 6 * PAGE);
}

/* What the process itself may not write or read. */
static void forced(void)
{
	char word[64] = "", path[] = "/tmp/procmem.XXXXXX", *p = anon(3, PROT_READ);
	int fd = mkstemp(path);

	CHECK(put(self, p, "one", 4) == 4 && !strcmp(p, "one"));	/* nothing was there */
	CHECK(((volatile char *)p)[PAGE] == 0);				/* the page of zeroes */
	CHECK(put(self, p + PAGE, "two", 4) == 4 && !strcmp(p + PAGE, "two") && p[2 * PAGE] == 0);
	CHECK(mprotect(p, PAGE, PROT_NONE) == 0);
	CHECK(get(self, p, word, 4) == 4 && !strcmp(word, "one"));
	CHECK(put(self, p, "six", 4) == 4 && get(self, p, word, 4) == 4 && !strcmp(word, "six"));
	CHECK(mprotect(p, PAGE, PROT_READ) == 0 && !strcmp(p, "six"));
	munmap(p, 3 * PAGE);

	CHECK(put(self, (char *)text_word, "IN", 2) == 2 && text_word[0] == 'I' && text_word[1] == 'N');

	CHECK(ftruncate(fd, 2 * PAGE) == 0);
	p = map(1, PROT_READ, MAP_PRIVATE, fd);
	CHECK(put(self, p, "copy", 5) == 5 && !strcmp(p, "copy"));
	CHECK(pread(fd, word, 5, 0) == 5 && word[0] == 0);		/* the file's page is another */
	munmap(p, PAGE);
	p = map(1, PROT_READ, MAP_SHARED, fd);
	FAILS(put(self, p, "file", 5), EIO);
	CHECK(get(self, p, word, 5) == 5 && word[0] == 0);
	munmap(p, PAGE);
	p = map(1, RW, MAP_SHARED, fd);
	CHECK(put(self, p, "file", 5) == 5 && pread(fd, word, 5, 0) == 5 && !strcmp(word, "file"));
	CHECK(mprotect(p, PAGE, PROT_NONE) == 0 && get(self, p, word, 5) == 5);
	FAILS(put(self, p, "none", 5), EIO);
	munmap(p, PAGE);
	p = map(2, RW, MAP_SHARED, fd);					/* behind the end of the file */
	CHECK(ftruncate(fd, PAGE) == 0 && get(self, p + PAGE - 2, word, 8) == 2);
	FAILS(get(self, p + PAGE, word, 8), EIO);
	munmap(p, 2 * PAGE);
	unlink(path);
	close(fd);
}

/* A page that a relative still has, though only in swap or read-only, keeps its content there. */
static void copied(void)
{
	char *p = anon(2, RW), word[8];
	int status, go[2];
	pid_t child;

	strcpy(p, "old");
	strcpy(p + PAGE, "old");
	CHECK(mprotect(p, 2 * PAGE, PROT_READ) == 0 && pipe(go) == 0);
	child = FORK_OR_EXIT();
	if (!child) {
		CHECK(read(go[0], word, 1) == 1);
		_exit(strcmp(p, "old") || strcmp(p + PAGE, "old") || failures);
	}
	madvise(p + PAGE, PAGE, 21);			/* PAGEOUT */
	CHECK(put(self, p, "new", 4) == 4 && put(self, p + PAGE, "new", 4) == 4);
	CHECK(!strcmp(p, "new") && !strcmp(p + PAGE, "new"));
	CHECK(write(go[1], "", 1) == 1 && waitpid(child, &status, 0) == child && status == 0);
	munmap(p, 2 * PAGE);
	close(go[0]);
	close(go[1]);
}

/* --- positions --- */

static void seeking(void)
{
	char *p = anon(1, RW), word[8] = "";
	struct stat st;

	strcpy(p, "abcdefg");
	CHECK(lseek(self, (off_t)(uintptr_t)p, SEEK_SET) == (off_t)(uintptr_t)p);
	CHECK(read(self, word, 2) == 2 && read(self, word + 2, 2) == 2 && !strcmp(word, "abcd"));
	CHECK(lseek(self, -3, SEEK_CUR) == (off_t)(uintptr_t)p + 1);
	CHECK(write(self, "X", 1) == 1 && p[1] == 'X');
	FAILS(lseek(self, 0, SEEK_END), EINVAL);
	/* The upper half of all addresses are offsets, too: only nobody has anything there. */
	CHECK(lseek(self, -2 * PAGE, SEEK_SET) == -2 * PAGE);
	FAILS(read(self, word, 4), EIO);
	FAILS(write(self, word, 4), EIO);
	FAILS(read(self, word, 3 * PAGE), EOVERFLOW);
	FAILS(pread(self, word, 4, -2 * PAGE), EINVAL);
	CHECK(lseek(self, 0, SEEK_SET) == 0);
	FAILS(read(self, word, 4), EIO);
	CHECK(fstat(self, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_size == 0);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self, 0), ENODEV);
	munmap(p, PAGE);
}

/* --- others --- */

static char *shared;		/* [0]: the child says that it is ready, [1]: it may go on */

static void wait_for(volatile char *flag)
{
	while (!*flag)
		usleep(1000);
}

static pid_t start(void (*what)(void))
{
	pid_t child;

	shared[0] = shared[1] = 0;
	child = FORK_OR_EXIT();
	if (!child) {
		what();
		_exit(0);
	}
	wait_for(&shared[0]);
	return child;
}

static char *data;
static void ready_and_wait(void) { shared[0] = 1; wait_for(&shared[1]); }
static void undumpable(void) { prctl(PR_SET_DUMPABLE, 0); ready_and_wait(); }
static void somebody(void) { CHECK(setuid(1000) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0); ready_and_wait(); }
static void execs(void)
{
	ready_and_wait();
	execl("/proc/self/exe", "procmem", "exec", NULL);
}

static void end(pid_t child)
{
	shared[1] = 1;
	CHECK(waitpid(child, NULL, 0) == child);
}

/* As user 1000: may @pid's memory be opened? */
static void open_as_nobody(pid_t pid, int want)
{
	pid_t child = FORK_OR_EXIT();
	int status, fd;

	if (!child) {
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
		fd = open_mem(pid, O_RDONLY);
		CHECK(want ? fd < 0 && errno == want : fd >= 0);
		_exit(failures != 0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void others(void)
{
	char word[8] = "";
	pid_t child;
	int fd;

	data = anon(1, RW);
	strcpy(data, "ours");
	child = start(ready_and_wait);
	fd = open_mem(child, O_RDWR);
	CHECK(fd >= 0 && put(fd, data, "yours", 6) == 6 && get(fd, data, word, 6) == 6);
	CHECK(!strcmp(word, "yours") && !strcmp(data, "ours"));
	open_as_nobody(child, EACCES);
	end(child);
	/* It is gone: there is nothing, and no error. */
	CHECK(get(fd, data, word, 6) == 0 && put(fd, data, "theirs", 7) == 0);
	FAILS(open_mem(child, O_RDONLY), ENOENT);
	close(fd);

	child = start(undumpable);
	fd = open_mem(child, O_RDONLY);
	CHECK(fd >= 0);					/* root may */
	close(fd);
	open_as_nobody(child, EACCES);
	end(child);

	child = start(somebody);			/* its gid is root's: not the same user */
	open_as_nobody(child, EACCES);
	end(child);

	child = start(execs);
	fd = open_mem(child, O_RDWR);
	CHECK(get(fd, data, word, 5) == 5 && !strcmp(word, "ours"));
	end(child);
	CHECK(get(fd, data, word, 5) == 0);
	close(fd);

	fd = open_mem(2, O_RDWR);			/* a thread of the kernel */
	CHECK(fd >= 0 && get(fd, data, word, 5) == 0 && put(fd, data, word, 5) == 0);
	close(fd);
	munmap(data, PAGE);
}

/* --- a race that once gave away the root's files (dirty COW) --- */

static char *target;
static _Atomic int stop;

static void *thrower(void *arg)
{
	while (!stop)
		madvise(target, PAGE, MADV_DONTNEED);
	return NULL;
}

static void raced(void)
{
	char path[] = "/tmp/procmem.XXXXXX", word[8] = "";
	int fd = mkstemp(path), ro;
	pthread_t t;

	CHECK(write(fd, "intact", 7) == 7);
	close(fd);
	ro = open(path, O_RDONLY);
	target = map(1, PROT_READ, MAP_PRIVATE, ro);
	CHECK(pthread_create(&t, NULL, thrower, NULL) == 0);
	for (int i = 0; i < 2000; i++)
		CHECK(put(self, target, "broken", 7) == 7);
	stop = 1;
	pthread_join(t, NULL);
	CHECK(pread(ro, word, 7, 0) == 7 && !strcmp(word, "intact"));
	munmap(target, PAGE);
	close(ro);
	unlink(path);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	self = open("/proc/self/mem", O_RDWR);
	CHECK(self >= 0);
	shared = map(1, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	plain();
	forced();
	copied();
	seeking();
	others();
	raced();
	return finish("procmem");
}
