/* oomadj [N]: who shares oom_score_adj with whom: threads, vfork, CLONE_VM, fork, exec; zombies; odd writes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static char stack[4][65536] __attribute__((aligned(16)));
static const char *get(const char *fmt, int pid, int tid)
{
	static char buf[4][32];
	static int i;
	char *b = buf[i++ & 3], name[64];
	sprintf(name, fmt, pid, tid);
	int f = open(name, O_RDONLY), n;
	if (f < 0)
		return strerror(errno);
	n = read(f, b, 31);
	if (n < 0) {
		close(f);
		return strerror(errno);
	}
	b[n] = 0;
	b[strcspn(b, "\n")] = 0;
	close(f);
	return b;
}
static const char *put(const char *fmt, int pid, int tid, const char *s)
{
	char name[64];
	sprintf(name, fmt, pid, tid);
	int f = open(name, O_WRONLY);
	if (f < 0)
		return strerror(errno);
	const char *r = write(f, s, strlen(s)) < 0 ? strerror(errno) : "ok";
	close(f);
	return r;
}
#define ADJ  "/proc/%d/oom_score_adj"
#define TADJ "/proc/%d/task/%d/oom_score_adj"
static int tid;
static void *thread(void *x)
{
	tid = syscall(SYS_gettid);
	pause();
	return 0;
}
static int child(void *x)
{
	for (;;)
		pause();
	return 0;
}
int main(int argc, char **argv)
{
	int me = getpid(), st;
	if (argc > 1 && setuid(atoi(argv[1])))
		perror("setuid");
	if (argc > 2) {
		printf("after exec %s\n", get(ADJ, me, 0));
		return 0;
	}
	pthread_t t;
	pthread_create(&t, 0, thread, 0);
	while (!tid)
		usleep(1000);
	printf("put 100: %s\n", put(ADJ, me, 0, "100"));
	printf("thread by task: %s\n", get(TADJ, me, tid));
	printf("thread by pid: %s\n", get(ADJ, tid, 0));
	printf("put 200 to thread: %s\n", put(TADJ, me, tid, "200"));
	printf("process: %s\n", get(ADJ, me, 0));
	printf("put to thread by proc/tid: %s, process %s\n", put(ADJ, tid, 0, "210"), get(ADJ, me, 0));
	int pid = fork();
	if (!pid)
		child(0);
	printf("child of fork: %s\n", get(ADJ, pid, 0));
	printf("put 300 to it: %s; ours %s\n", put(ADJ, pid, 0, "300"), get(ADJ, me, 0));
	kill(pid, SIGKILL);
	waitid(P_PID, pid, 0, WEXITED | WNOWAIT);
	printf("zombie: read %s, oom_adj %s, score %s\n", get(ADJ, pid, 0), get("/proc/%d/oom_adj", pid, 0),
	       get("/proc/%d/oom_score", pid, 0));
	printf("zombie: write %s\n", put(ADJ, pid, 0, "5"));
	printf("zombie: read again %s\n", get(ADJ, pid, 0));
	waitpid(pid, &st, 0);
	printf("gone: %s\n", get(ADJ, pid, 0));
	pid = clone(child, stack[0] + 65536, CLONE_VM | SIGCHLD, 0);
	printf("CLONE_VM: %s; put 400 to it: %s; ours %s\n", get(ADJ, pid, 0), put(ADJ, pid, 0, "400"),
	       get(ADJ, me, 0));
	printf("put 450 to us: %s; its %s\n", put(ADJ, me, 0, "450"), get(ADJ, pid, 0));
	printf("oom_adj 15 to it: %s; ours %s\n", put("/proc/%d/oom_adj", pid, 0, "15"), get(ADJ, me, 0));
	printf("score ours %d its %d\n", atoi(get("/proc/%d/oom_score", me, 0)) > 0,
	       atoi(get("/proc/%d/oom_score", pid, 0)) > 0);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	printf("put -500: %s, %s\n", put(ADJ, me, 0, "-500"), get(ADJ, me, 0));
	pid = vfork();
	if (!pid) {
		printf("vfork: %s, put 600 %s; ours %s, parent's %s\n", get(ADJ, getpid(), 0),
		       put(ADJ, getpid(), 0, "600"), get(ADJ, getpid(), 0), get(ADJ, me, 0));
		fflush(stdout);
		execl("/proc/self/exe", "oomadj", argc > 1 ? argv[1] : "0", "x", NULL);
		_exit(1);
	}
	waitpid(pid, &st, 0);
	printf("after vfork: %s\n", get(ADJ, me, 0));
	if (!fork()) {
		execl("/proc/self/exe", "oomadj", "1000", "x", NULL);
		_exit(1);
	}
	wait(&st);
	printf("kernel thread 2: %s %s, score %s\n", get(ADJ, 2, 0), put(ADJ, 2, 0, "7"),
	       get("/proc/%d/oom_score", 2, 0));
	printf("init: %s %s, score %s\n", get(ADJ, 1, 0), put(ADJ, 1, 0, "7"), get("/proc/%d/oom_score", 1, 0));
	put(ADJ, 1, 0, "0");
	put(ADJ, 2, 0, "0");
	/* oom_adj and oom_score_adj by thread */
	printf("oom_adj by task: %s %s\n", get("/proc/%d/task/%d/oom_adj", me, tid),
	       put("/proc/%d/task/%d/oom_adj", me, tid, "-3"));
	printf("oom_score by task: %d\n", atoi(get("/proc/%d/task/%d/oom_score", me, tid)) > 0);
	return 0;
}
