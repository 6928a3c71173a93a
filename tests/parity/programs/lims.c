/* lims: limits and locks at their edges: errno and VmLck after each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define MB (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)
#define PA (MAP_PRIVATE | MAP_ANONYMOUS)
static long field(const char *key)
{
	static char buf[8192];
	int f = open("/proc/self/status", O_RDONLY), n = read(f, buf, sizeof buf - 1);
	close(f);
	buf[n > 0 ? n : 0] = 0;
	char *at = strstr(buf, key);
	return at ? atol(at + strlen(key)) : -1;
}
static void say(const char *what, long r)
{
	int e = errno;
	printf("%-40s %s VmLck %ld VmData %ld\n", what, r == -1 ? strerror(e) : "ok", field("VmLck:"),
	       field("VmData:") / 1024 * 1024);
	fflush(stdout);
}
static void lim(int what, long soft)
{
	struct rlimit r;
	getrlimit(what, &r);
	r.rlim_cur = soft;
	say("setrlimit", setrlimit(what, &r));
}
static long deep(long n)
{
	volatile char a[4096];
	a[0] = n;
	return n ? deep(n - 1) + a[0] : 0;
}
static void child(const char *name, void (*f)(void))
{
	int st;
	printf("= %s\n", name);
	fflush(stdout);
	if (!fork()) {
		f();
		exit(0);
	}
	wait(&st);
	if (WIFSIGNALED(st))
		printf("signal %d\n", WTERMSIG(st));
	else
		printf("exit %d\n", WEXITSTATUS(st));
	fflush(stdout);
}
static void unpriv(void)
{
	char *p = mmap(NULL, 4 * MB, RW, PA, -1, 0), *q;
	lim(RLIMIT_MEMLOCK, 65536 * 4);
	setuid(1000);
	say("mlock 256K", mlock(p, 64 * 4096));
	say("mlock one more page", mlock(p + 64 * 4096, 1));
	say("mlock2 onfault one more", syscall(SYS_mlock2, p + 64 * 4096, 4096, 1));
	say("mlock2 flags 2", syscall(SYS_mlock2, p, 4096, 2));
	say("mlock2 flags 3", syscall(SYS_mlock2, p, 4096, 3));
	say("mlockall current", mlockall(1));
	say("mlockall future", mlockall(2));
	say("mmap with future locked 64K", (long)mmap(NULL, 65536, RW, PA, -1, 0));
	say("brk +4K", (long)sbrk(4096 * 2));
	say("munlockall", munlockall());
	say("mlockall future|onfault", mlockall(6));
	q = mmap(NULL, 65536, RW, PA, -1, 0);
	say("mmap 64K", (long)q);
	say("mmap 256K", (long)mmap(NULL, 262144, RW, PA, -1, 0));
	say("mmap 256K none", (long)mmap(NULL, 262144, PROT_NONE, PA, -1, 0));
	say("mremap 64K to 512K", (long)mremap(q, 65536, 524288, MREMAP_MAYMOVE));
	say("mlockall onfault alone", mlockall(4));
	say("mlockall 8", mlockall(8));
	say("munlock beyond", munlock(p, 1UL << 40));
	say("mlock wraps", mlock(p, -4096UL));
	say("mlock wraps by one page", mlock(p, (uintptr_t) - (uintptr_t)p + 4096));
	say("mlock of 0", mlock(p, 0));
	say("mlock of 0 unmapped", mlock((void *)0x1000, 0));
	munlockall();
	int id = shmget(IPC_PRIVATE, MB, 0600 | IPC_CREAT);
	say("shm lock 1M", shmctl(id, SHM_LOCK, 0));
	lim(RLIMIT_MEMLOCK, 0);
	say("mlock with 0", mlock(p, 4096));
	say("mlock of nothing with 0", mlock(p, 0));
	say("mlockall with 0", mlockall(1));
	say("mlockall bad with 0", mlockall(0));
	say("munlock with 0", munlock(p, 4096));
	say("MAP_LOCKED with 0", (long)mmap(NULL, 4096, RW, PA | MAP_LOCKED, -1, 0));
	say("shm lock with 0", shmctl(id, SHM_LOCK, 0));
	say("shm unlock with 0", shmctl(id, SHM_UNLOCK, 0));
	shmctl(id, IPC_RMID, 0);
}
static void data(void)
{
	char *p;
	lim(RLIMIT_DATA, 4 * MB);
	say("brk +2M", (long)sbrk(2 * MB));
	say("mmap 2M", (long)(p = mmap(NULL, 2 * MB, RW, PA, -1, 0)));
	say("mmap 1M", (long)(p = mmap(NULL, MB, RW, PA, -1, 0)));
	say("mmap 16M r", (long)(p = mmap(NULL, 16 * MB, PROT_READ, PA, -1, 0)));
	say("mprotect it rw", mprotect(p, 16 * MB, RW));
	say("mprotect 256K rw", mprotect(p, MB / 4, RW));
	say("mmap 16M shared", (long)mmap(NULL, 16 * MB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	say("mmap 16M growsdown", (long)mmap(NULL, 16 * MB, RW, PA | MAP_GROWSDOWN, -1, 0));
	say("brk +2M", (long)sbrk(2 * MB));
	say("mremap r 16M to 32M", (long)(p = mremap(p, 16 * MB, 32 * MB, 1)));
	lim(RLIMIT_DATA, 0);
	say("mmap 4K", (long)mmap(NULL, 4096, RW, PA, -1, 0));
	say("brk 0", (long)sbrk(0));
	say("brk -2M", (long)sbrk(-2 * MB));
	if (!fork())
		_exit(7);
	int st;
	wait(&st);
	printf("child %d\n", WEXITSTATUS(st));
}
static void as(void)
{
	char *p;
	long size = field("VmSize:") * 1024;
	lim(RLIMIT_AS, (size + 8 * MB) & ~4095);
	say("mmap 4M", (long)(p = mmap(NULL, 4 * MB, RW, PA, -1, 0)));
	say("mmap 5M none", (long)mmap(NULL, 5 * MB, 0, PA, -1, 0));
	say("mmap 3M fixed over it", (long)mmap(p, 3 * MB, RW, PA | MAP_FIXED, -1, 0));
	say("mmap 5M fixed over it", (long)mmap(p, 5 * MB, RW, PA | MAP_FIXED, -1, 0));
	say("mremap to 9M", (long)mremap(p, 4 * MB, 9 * MB, 1));
	say("brk +5M", (long)sbrk(5 * MB));
	say("mremap to 7M", (long)(p = mremap(p, 4 * MB, 7 * MB, 1)));
	say("shmat", (long)shmat(shmget(IPC_PRIVATE, 4 * MB, 0600 | IPC_CREAT), 0, 0));
	say("munmap hole", munmap(p + MB, 4096));
	say("deep stack 512K", deep(128));
	lim(RLIMIT_AS, 4096);
	say("mmap 4K", (long)mmap(NULL, 4096, RW, PA, -1, 0));
	deep(700);
}
static void stack(void)
{
	lim(RLIMIT_STACK, 256 * 1024);
	deep(32);
	say("32 pages deep", 0);
	deep(200);
}
static void stackgap(void)
{
	char *sp = (char *)((uintptr_t)__builtin_frame_address(0) & ~4095UL);
	lim(RLIMIT_STACK, 8 * MB);
	char *p = mmap(sp - 2 * MB, 4096, RW, PA | MAP_FIXED_NOREPLACE, -1, 0);
	say("mapping 2M below", p == sp - 2 * MB ? 0 : -1);
	deep(200);
	say("800K deep", 0);
	deep(240);
	say("960K deep", 0);
	deep(300);
	say("1200K deep", 0);
}
static void stackgapnone(void)
{
	char *sp = (char *)((uintptr_t)__builtin_frame_address(0) & ~4095UL);
	lim(RLIMIT_STACK, 8 * MB);
	char *p = mmap(sp - 2 * MB, 4096, PROT_NONE, PA | MAP_FIXED_NOREPLACE, -1, 0);
	say("PROT_NONE 2M below", p == sp - 2 * MB ? 0 : -1);
	deep(450);
	say("1800K deep", 0);
	deep(520);
	say("2080K deep", 0);
}
static void grow(void)
{
	char *p = mmap(NULL, 8 * MB, PROT_NONE, PA, -1, 0);
	munmap(p, 8 * MB);
	char *g = mmap(p + 4 * MB, 65536, RW, PA | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	say("growsdown", (long)g);
	g[-4096] = 1;
	say("one below", 0);
	g[-8192 * 4] = 1;
	say("32K below", 0);
	char *h = mmap(p + 3 * MB, 65536, RW, PA | MAP_FIXED, -1, 0);
	g[65536 - MB + 200 * 1024] = 1;
	say("700K below", 0);
	*(volatile char *)(h + 65536) = 1;
	say("just above the other", 0);
}
static void brks(void)
{
	char *b = sbrk(0);
	b = (char *)(((uintptr_t)b + 4095) & ~4095UL);
	char *p = mmap(b + MB, 4096, RW, PA | MAP_FIXED, -1, 0);
	say("mapping 1M above the break", (long)p);
	say("brk +512K", (long)sbrk(MB / 2));
	say("brk to the gap", brk(b + MB - 4096));
	say("brk to the mapping", brk(b + MB));
	say("brk over it", brk(b + MB + 4096));
	say("brk below start", brk((void *)4096));
	say("brk far", brk((void *)(1UL << 46)));
	say("brk kernel", brk((void *)(1UL << 63)));
	long old = (long)sbrk(0);
	long r = syscall(SYS_brk, 1);
	printf("raw brk(1) gives the old break: %d\n", r == old);
}
static void args(void)
{
	static char s[200000];
	memset(s, 'x', 131071);
	char *argv[] = { "true", s, NULL };
	if (!fork()) {
		execv("/bin/true", argv);
		perror("exec 131071");
		_exit(1);
	}
	int st;
	wait(&st);
	printf("%d\n", WEXITSTATUS(st));
	s[131071] = 'x';
	if (!fork()) {
		execv("/bin/true", argv);
		perror("exec 131072");
		_exit(1);
	}
	wait(&st);
	printf("%d\n", WEXITSTATUS(st));
	s[1000] = 0;
	static char *many[3000];
	for (int lim = 64; lim <= 8192; lim *= 2) {
		struct rlimit r = { lim * 1024, lim * 1024 };
		for (int n = 100; n < 3000; n += 100) {
			for (int i = 0; i < n; i++)
				many[i] = s;
			many[n] = NULL;
			if (!fork()) {
				setrlimit(RLIMIT_STACK, &r);
				execv("/bin/true", many);
				_exit(errno);
			}
			wait(&st);
			if (WIFSIGNALED(st) || WEXITSTATUS(st)) {
				printf("stack %dK: %d args: %d sig %d\n", lim, n, WEXITSTATUS(st), WTERMSIG(st));
				break;
			}
		}
	}
}
static void fork_locked(void)
{
	char *p = mmap(NULL, MB, RW, PA, -1, 0);
	say("mlock", mlock(p, MB));
	say("mlockall cur|fut|onfault", mlockall(7));
	if (!fork()) {
		say("child", 0);
		say("child maps", (long)mmap(NULL, MB, RW, PA, -1, 0));
		_exit(0);
	}
	wait(NULL);
	char *q = mmap(NULL, MB, RW, PA, -1, 0);
	say("mmap 1M onfault", (long)q);
	unsigned char v[256];
	int n = 0;
	mincore(q, MB, v);
	for (int i = 0; i < 256; i++)
		n += v[i] & 1;
	printf("resident %d\n", n);
	say("mlock part", mlock(q, 65536));
	n = 0;
	mincore(q, MB, v);
	for (int i = 0; i < 256; i++)
		n += v[i] & 1;
	printf("resident %d\n", n);
	say("dontneed", madvise(q, MB, MADV_DONTNEED));
	say("dontneed_locked", madvise(q, MB, 24));
	n = 0;
	mincore(q, MB, v);
	for (int i = 0; i < 256; i++)
		n += v[i] & 1;
	printf("resident %d\n", n);
	say("populate_write", madvise(q, MB, 23));
	n = 0;
	mincore(q, MB, v);
	for (int i = 0; i < 256; i++)
		n += v[i] & 1;
	printf("resident %d\n", n);
	say("mlockall current", mlockall(1));
	say("munmap", munmap(q, MB / 2));
	execl("/proc/self/exe", "lims", "status", NULL);
}
int main(int argc, char **argv)
{
	if (argc > 1) {
		say("after exec", 0);
		return 0;
	}
	child("unprivileged locks", unpriv);
	child("RLIMIT_DATA", data);
	child("RLIMIT_AS", as);
	child("RLIMIT_STACK", stack);
	child("stack gap", stackgap);
	child("stack gap PROT_NONE", stackgapnone);
	child("growsdown", grow);
	child("brk", brks);
	child("arguments", args);
	child("fork, exec of locked", fork_locked);
	return 0;
}
