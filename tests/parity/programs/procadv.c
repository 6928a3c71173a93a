/* procadv: process_madvise and process_mrelease, right and wrong: result or errno, and what the other process has after it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#define MB (1UL << 20)
static char *p;
static void say(const char *what, long r)
{
	printf("%-44s ", what);
	if (r == -1)
		puts(strerror(errno));
	else
		printf("= %ld\n", r);
	fflush(stdout);
}
static long adv(int fd, struct iovec *v, long n, int advice, unsigned flags)
{
	return syscall(440, fd, v, n, advice, flags);
}
static long rel(int fd, unsigned flags) { return syscall(448, fd, flags); }
static void state(int pid)
{
	char name[64], line[400];
	unsigned long a, b;
	long kb;
	int in = 0;
	sprintf(name, "/proc/%d/smaps", pid);
	FILE *f = fopen(name, "r");
	printf("   ");
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx ", &a, &b) == 2)
			in = a <= (unsigned long)p && b > (unsigned long)p;
		else if (in && sscanf(line, "%63[^:]: %ld", name, &kb) == 2 && kb &&
			 (!strcmp(name, "Rss") || !strcmp(name, "Swap") || !strcmp(name, "Referenced") ||
			  !strcmp(name, "LazyFree")))
			printf(" %s=%ld", name, kb);
	}
	puts("");
	if (f)
		fclose(f);
}
int main(void)
{
	p = mmap(NULL, 4 * MB, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pid = fork();
	if (!pid) {
		memset(p, 1, 4 * MB);
		for (;;)
			pause();
	}
	usleep(500000);
	int fd = syscall(SYS_pidfd_open, pid, 0), self = syscall(SYS_pidfd_open, getpid(), 0);
	struct iovec v[3] = { { p, MB }, { p + 2 * MB, MB }, { p + 8 * MB, MB } };
	state(pid);
	for (int a = 0; a <= 24; a++) {
		char t[40];
		sprintf(t, "advice %d", a);
		say(t, adv(fd, v, 0, a, 0));
	}
	say("cold 2", adv(fd, v, 2, MADV_COLD, 0));
	state(pid);
	say("pageout 2", adv(fd, v, 2, MADV_PAGEOUT, 0));
	state(pid);
	say("pageout with a hole", adv(fd, v, 3, MADV_PAGEOUT, 0));
	v[1].iov_base = p + 16 * MB;
	say("hole in the middle", adv(fd, v, 2, MADV_PAGEOUT, 0));
	say("hole first", adv(fd, v + 1, 1, MADV_PAGEOUT, 0));
	say("unaligned", adv(fd, &(struct iovec){ p + 5, 4096 }, 1, MADV_PAGEOUT, 0));
	say("length 5", adv(fd, &(struct iovec){ p, 5 }, 1, MADV_COLD, 0));
	say("length 0", adv(fd, &(struct iovec){ p, 0 }, 1, MADV_COLD, 0));
	say("4M and hole in one", adv(fd, &(struct iovec){ p, 64 * MB }, 1, MADV_COLD, 0));
	say("willneed", adv(fd, v, 1, MADV_WILLNEED, 0));
	state(pid);
	say("dontneed", adv(fd, v, 1, MADV_DONTNEED, 0));
	say("free", adv(fd, v, 1, MADV_FREE, 0));
	say("flags 1", adv(fd, v, 1, MADV_COLD, 1));
	say("fd -1", adv(-1, v, 1, MADV_COLD, 0));
	say("fd 0", adv(0, v, 1, MADV_COLD, 0));
	say("NULL vec", adv(fd, NULL, 1, MADV_COLD, 0));
	say("1025 vecs", adv(fd, v, 1025, MADV_COLD, 0));
	say("-1 vecs", adv(fd, v, -1, MADV_COLD, 0));
	say("self cold", adv(self, v, 1, MADV_COLD, 0));
	say("self dontneed", adv(self, v, 1, MADV_DONTNEED, 0));
	int m = memfd_create("x", 0);
	say("mrelease alive", rel(fd, 0));
	say("mrelease flags", rel(fd, 1));
	say("mrelease fd 0", rel(0, 0));
	say("mrelease -1", rel(-1, 0));
	say("mrelease memfd", rel(m, 0));
	say("mrelease self", rel(self, 0));
	int f2 = fork();
	if (!f2) {
		setuid(1000);
		say("unprivileged cold", adv(fd, v, 1, MADV_COLD, 0));
		say("unprivileged advice 4", adv(fd, v, 1, 4, 0));
		say("unprivileged flags", adv(fd, v, 1, MADV_COLD, 1));
		say("unprivileged mrelease", rel(fd, 0));
		_exit(0);
	}
	wait(NULL);
	kill(pid, SIGSTOP);
	usleep(100000);
	kill(pid, SIGKILL);
	int st;
	siginfo_t si;
	waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
	say("mrelease zombie", rel(fd, 0));
	say("cold zombie", adv(fd, v, 1, MADV_COLD, 0));
	waitpid(pid, &st, 0);
	say("mrelease reaped", rel(fd, 0));
	say("cold reaped", adv(fd, v, 1, MADV_COLD, 0));
	/* a victim held by vfork: it dies, its mm does not */
	pid = syscall(SYS_clone, SIGCHLD | 0x100 /* CLONE_VM */, 0, 0, 0, 0);
	if (!pid) {
		for (;;)
			syscall(SYS_pause);
	}
	fd = syscall(SYS_pidfd_open, pid, 0);
	syscall(SYS_kill, pid, SIGKILL);
	say("mrelease sharer", (rel(fd, 0), waitpid(pid, &st, 0), 0));
	return 0;
}
