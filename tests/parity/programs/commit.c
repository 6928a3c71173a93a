/* commit [UID]: what counts as committed, step by step: Committed_AS's change in kB and the errno of each request. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define MB (1UL << 20)
static long committed(void)
{
	char line[200];
	long kb = -1;
	int f = open("/proc/meminfo", O_RDONLY);
	static char buf[8192];
	int n = read(f, buf, sizeof buf - 1);
	close(f);
	buf[n > 0 ? n : 0] = 0;
	char *at = strstr(buf, "Committed_AS:");
	return at ? atol(at + 13) : -1;
}
static long last;
static void say(const char *what, long r)
{
	int e = errno;
	long now = committed();
	printf("%-44s %s %+ld\n", what, r == -1 ? strerror(e) : "ok", now - last);
	fflush(stdout);
	last = committed();
}
static char *map(const char *what, size_t len, int prot, int flags, int fd)
{
	char *p = mmap(NULL, len, prot, flags, fd, 0);
	say(what, (long)p);
	return p;
}
#define P  MAP_PRIVATE
#define A  MAP_ANONYMOUS
#define RW (PROT_READ | PROT_WRITE)
int main(int argc, char **argv)
{
	char *p, *q;
	int fd, st;
	if (argc > 1 && setuid(atoi(argv[1])))
		perror("setuid");
	printf("first line makes stdio's buffer\n");
	last = committed();
	p = map("private anon 32M rw", 32 * MB, RW, P | A, -1);
	say("mprotect to r", mprotect(p, 32 * MB, PROT_READ));
	say("mprotect to rw", mprotect(p, 32 * MB, RW));
	say("mprotect half to none", mprotect(p, 16 * MB, PROT_NONE));
	say("munmap that half", munmap(p, 16 * MB));
	say("munmap the rest", munmap(p, 32 * MB));
	p = map("private anon 32M r", 32 * MB, PROT_READ, P | A, -1);
	say("mprotect to rw", mprotect(p, 32 * MB, RW));
	say("mprotect back to none", mprotect(p, 32 * MB, PROT_NONE));
	munmap(p, 32 * MB), say("unmapped", 0);
	p = map("private anon 32M none", 32 * MB, PROT_NONE, P | A, -1);
	munmap(p, 32 * MB), say("unmapped", 0);
	p = map("private anon 32M rw noreserve", 32 * MB, RW, P | A | MAP_NORESERVE, -1);
	say("mprotect r, rw", mprotect(p, 32 * MB, PROT_READ) ?: mprotect(p, 32 * MB, RW));
	munmap(p, 32 * MB), say("unmapped", 0);
	p = map("shared anon 32M rw", 32 * MB, RW, MAP_SHARED | A, -1);
	munmap(p, 16 * MB), say("half unmapped", 0);
	munmap(p, 32 * MB), say("unmapped", 0);
	p = map("shared anon 32M rw noreserve", 32 * MB, RW, MAP_SHARED | A | MAP_NORESERVE, -1);
	memset(p, 1, MB), say("1M touched", 0);
	munmap(p, 32 * MB), say("unmapped", 0);
	fd = open("/bin/busybox", O_RDONLY);
	p = map("private file 1M r", MB, PROT_READ, P, fd);
	say("mprotect to rw", mprotect(p, MB, RW));
	munmap(p, MB), say("unmapped", 0);
	p = map("private file 1M rw", MB, RW, P, fd);
	munmap(p, MB), say("unmapped", 0);
	fd = syscall(SYS_memfd_create, "x", 0);
	say("memfd", fd);
	say("ftruncate 32M", ftruncate(fd, 32 * MB));
	p = map("shared memfd 32M", 32 * MB, RW, MAP_SHARED, fd);
	memset(p, 1, 2 * MB), say("2M touched", 0);
	q = map("private memfd 32M", 32 * MB, RW, P, fd);
	say("write 1M at 8M", pwrite(fd, p, MB, 8 * MB) == MB ? 0 : -1);
	say("ftruncate 1M", ftruncate(fd, MB));
	say("fallocate 4M", fallocate(fd, 0, 0, 4 * MB));
	say("punch hole 2M", fallocate(fd, 3, 0, 2 * MB));
	munmap(p, 32 * MB), munmap(q, 32 * MB), say("both unmapped", 0);
	close(fd), say("closed", 0);
	int id = shmget(IPC_PRIVATE, 16 * MB, 0600 | IPC_CREAT);
	say("shmget 16M", id);
	p = shmat(id, NULL, 0), say("shmat", (long)p);
	shmctl(id, IPC_RMID, NULL), say("rmid", 0);
	shmdt(p), say("shmdt", 0);
	id = shmget(IPC_PRIVATE, 16 * MB, 0600 | IPC_CREAT | 010000);
	say("shmget 16M noreserve", id);
	p = shmat(id, NULL, 0), memset(p, 1, MB), say("1M touched", 0);
	shmctl(id, IPC_RMID, NULL), shmdt(p), say("gone", 0);
	p = sbrk(0);
	say("brk +8M", (long)sbrk(8 * MB));
	say("brk -8M", brk(p));
	p = map("private anon 8M rw", 8 * MB, RW, P | A, -1);
	p = mremap(p, 8 * MB, 24 * MB, MREMAP_MAYMOVE), say("mremap to 24M", (long)p);
	p = mremap(p, 24 * MB, 4 * MB, 0), say("mremap to 4M", (long)p);
	q = mremap(p, 4 * MB, 4 * MB, MREMAP_MAYMOVE | 4), say("mremap dontunmap", (long)q);
	munmap(p, 4 * MB), munmap(q, 4 * MB), say("unmapped", 0);
	p = map("growsdown 1M", MB, RW, P | A | MAP_GROWSDOWN, -1);
	munmap(p, MB), say("unmapped", 0);
	char big[512 * 1024];
	memset(big, 1, sizeof big), say("stack 512K", 0);
	p = map("private anon 64M rw", 64 * MB, RW, P | A, -1);
	if (!(st = fork())) {
		printf("child of fork: %+ld\n", (committed() - last) / 1024 / 4 * 4);
		fflush(stdout);
		_exit(0);
	}
	wait(&st), say("child gone", 0);
	say("madvise dontfork", madvise(p, 64 * MB, MADV_DONTFORK));
	if (!fork()) {
		printf("child of fork: %+ld\n", (committed() - last) / 1024 / 4 * 4);
		fflush(stdout);
		_exit(0);
	}
	wait(&st), say("child gone", 0);
	p = mmap(NULL, 1UL << 45, RW, P | A, -1, 0), say("32T rw", (long)p);
	p = mmap(NULL, 1UL << 45, RW, P | A | MAP_NORESERVE, -1, 0), say("32T rw noreserve", (long)p);
	if ((long)p != -1)
		munmap(p, 1UL << 45);
	p = mmap(NULL, 1UL << 45, RW, MAP_SHARED | A, -1, 0), say("32T shared", (long)p);
	fd = syscall(SYS_memfd_create, "x", 0);
	say("memfd of 32T", ftruncate(fd, 1UL << 45));
	p = mmap(NULL, 1UL << 45, RW, MAP_SHARED, fd, 0), say("32T shared memfd", (long)p);
	if ((long)p != -1)
		munmap(p, 1UL << 45), last = committed();
	p = mmap(NULL, 1UL << 45, RW, P, fd, 0), say("32T private memfd", (long)p);
	id = shmget(IPC_PRIVATE, 1UL << 45, 0600 | IPC_CREAT), say("shmget of 32T", id);
	id = shmget(IPC_PRIVATE, 1UL << 45, 0600 | IPC_CREAT | 010000), say("shmget of 32T noreserve", id);
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return 0;
}
