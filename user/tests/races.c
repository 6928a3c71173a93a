/*
 * races - what threads could do to the kernel by doing two things at once, and what a program could do to
 * one with more rights. Each round is short; who loses a race must find nothing broken.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

enum { ROUNDS = 300, NOBODY = 65534 };

static _Atomic int stop_all;

/* Threads that call @fn until the main thread has had its @rounds of @turn. */
static void race(void *(*fn)(void *), int threads, void (*turn)(int), int rounds)
{
	pthread_t t[4];

	stop_all = 0;
	for (int i = 0; i < threads; i++)
		CHECK(pthread_create(&t[i], NULL, fn, (void *)(long)i) == 0);
	for (int i = 0; i < rounds; i++)
		turn(i);
	stop_all = 1;
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
}

/* --- datagram sockets: who is whose peer --- */

static int client, servers[2];
static struct sockaddr_un names[2];

static void open_server(int i)
{
	names[i].sun_family = AF_UNIX;
	snprintf(names[i].sun_path + 1, 10, "races%d", i);
	servers[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	bind(servers[i], (struct sockaddr *)&names[i], sizeof(names[i]));
}

static void *connects(void *arg)
{
	char byte;

	while (!stop_all) {
		connect(client, (struct sockaddr *)&names[rand() % 2], sizeof(names[0]));
		send(client, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		recv(client, &byte, 1, MSG_DONTWAIT | (arg ? MSG_PEEK : 0));
	}
	return NULL;
}

static void server_goes(int i)
{
	char byte;

	sendto(servers[i % 2], "y", 1, MSG_DONTWAIT, (struct sockaddr *)&names[1 - i % 2], sizeof(names[0]));
	recv(servers[i % 2], &byte, 1, MSG_DONTWAIT);
	close(servers[i % 2]);
	open_server(i % 2);
}

static void datagrams(void)
{
	client = socket(AF_UNIX, SOCK_DGRAM, 0);
	open_server(0);
	open_server(1);
	race(connects, 3, server_goes, 10 * ROUNDS);
	close(client), close(servers[0]), close(servers[1]);
}

/* --- a pipe that was full, emptied, and written to a little --- */

static int ends[2];

static void *writes_a_little(void *arg)
{
	CHECK(write(ends[1], "little", 6) == 6);
	return NULL;
}

static void full_pipe(void)
{
	static char buf[65536];
	pthread_t writer;

	for (int i = 0; i < ROUNDS; i++) {
		size_t got = 0;

		CHECK(pipe(ends) == 0);
		CHECK(write(ends[1], buf, sizeof(buf)) == sizeof(buf));
		CHECK(pthread_create(&writer, NULL, writes_a_little, NULL) == 0);
		if (i % 2)
			sched_yield();
		while (got < sizeof(buf) + 6) {		/* the second read waits for the little */
			ssize_t n = read(ends[0], buf, sizeof(buf));

			CHECK(n > 0);
			got += n > 0 ? (size_t)n : sizeof(buf);
		}
		pthread_join(writer, NULL);
		close(ends[0]), close(ends[1]);
	}
}

/* --- a lock taken while its descriptor is closed --- */

static int lock_fd;

static void *locks(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (!stop_all)
		fcntl(lock_fd, F_SETLK, &l);
	return NULL;
}

static void file_goes(int i)
{
	lock_fd = syscall(SYS_memfd_create, "races", 0);
	sched_yield();
	close(lock_fd);
}

/* --- timers --- */

static void *creates(void *arg)
{
	while (!stop_all) {
		int id;

		if (syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id) == 0)
			syscall(SYS_timer_delete, id);
	}
	return NULL;
}

static void deletes(int i)
{
	for (int id = 0; id < 8; id++)
		syscall(SYS_timer_delete, 8 * i + id);
}

static long since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000000000L + now.tv_nsec - start->tv_nsec;
}

/* A signal that waits tells of all periods when it is taken; timers that nobody hears cost nothing. */
static void timers_unheard(void)
{
	struct itimerspec every = { { 0, 1000 }, { 0, 1000 } }, left;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct timespec start;
	struct rlimit old, few = { 100, 100 };
	sigset_t set;
	siginfo_t info;
	timer_t ids[100];
	long ns;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	getrlimit(RLIMIT_SIGPENDING, &old);
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_SIGPENDING, &few);
	for (int i = 0; i < 100; i++)
		CHECK(timer_create(CLOCK_MONOTONIC, &event, &ids[i]) == 0);
	FAILS(timer_create(CLOCK_MONOTONIC, &event, &ids[0]), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 100; i++)
		CHECK(timer_settime(ids[i], 0, &every, NULL) == 0);
	while (since(&start) < 50000000)
		;
	ns = since(&start);
	CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_code == SI_TIMER);
	/* of a microsecond each: as many as have gone by, less what setting them took */
	CHECK(info.si_overrun > 0 && info.si_overrun <= since(&start) / 1000);
	CHECK(info.si_overrun >= ns / 1000 / 100);
	CHECK(timer_gettime(ids[99], &left) == 0 && left.it_interval.tv_nsec == 1000);
	for (int i = 0; i < 100; i++)
		CHECK(timer_delete(ids[i]) == 0);
	while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) > 0)
		;
	setrlimit(RLIMIT_SIGPENDING, &old);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static volatile int alarms;
static void count_alarm(int sig) { alarms++; }

/* It rests while its signal is blocked, and goes on afterwards. */
static void alarm_goes_on(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, none = { { 0, 0 }, { 0, 0 } };
	struct timespec start;
	sigset_t set;

	signal(SIGALRM, count_alarm);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (since(&start) < 20000000)
		;
	CHECK(alarms == 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	while (alarms < 10)
		pause();
	setitimer(ITIMER_REAL, &none, NULL);
}

/* --- a program with more rights --- */

static const char *self;

/* The set-id copy says who it is, in its exit status, and waits for a byte. */
static int say_who(void)
{
	char byte;

	return read(0, &byte, 1) < 0 ? 9 : geteuid() == 0 ? 1 : 2;
}

/* Runs the copy as nobody with clone(2)'s @flags; *environ: its /proc file, opened while it was like us. */
static int run_copy(const char *copy, int flags, int *environ)
{
	int to_child[2], opened[2], status, fd;
	char path[40], text[16] = "", byte;
	pid_t pid;

	CHECK(pipe(to_child) == 0 && pipe(opened) == 0);
	pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	CHECK(pid >= 0);
	if (!pid) {
		if (read(opened[0], &byte, 1) < 0)
			_exit(9);
		dup2(to_child[0], 0);
		execl(copy, "races", "who", NULL);
		_exit(8);
	}
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	*environ = open(path, O_RDONLY);
	CHECK(write(opened[1], "x", 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	do {
		usleep(1000);
		fd = open(path, O_RDONLY);
		CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
		close(fd);
	} while (fd >= 0 && strcmp(text, "races"));
	CHECK(read(*environ, path, 1) <= 0 || flags);
	CHECK(ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || flags);
	if (flags)
		ptrace(PTRACE_DETACH, pid, 0, 0), kill(pid, SIGCONT);
	CHECK(write(to_child[1], "x", 1) == 1);
	while (waitpid(pid, &status, WUNTRACED) == pid && !WIFEXITED(status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	close(to_child[0]), close(to_child[1]), close(opened[0]), close(opened[1]), close(*environ);
	return WEXITSTATUS(status);
}

static void set_id(void)
{
	const char *copy = "/tmp/races-setid";
	char buf[65536];
	int from = open(self, O_RDONLY), to = open(copy, O_CREAT | O_TRUNC | O_WRONLY, 0755), status, environ;
	ssize_t n;
	pid_t pid;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		CHECK(write(to, buf, n) == n);
	close(from), close(to);
	CHECK(chmod(copy, 04755) == 0);
	pid = FORK_OR_EXIT();
	if (!pid) {
		CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
		CHECK(run_copy(copy, 0, &environ) == 1);
		CHECK(run_copy(copy, CLONE_FS, &environ) == 2);	/* somebody could change its directory */
		exit(failures != 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	unlink(copy);
}

/* --- a thread that puts on another program, and is killed in the middle; its limits are looked at meanwhile --- */

static void *executes(void *arg)
{
	execl(self, "races", "quit", NULL);
	_exit(8);
}

static void killed_in_exec(void)
{
	pthread_t thread;

	for (int i = 0; i < ROUNDS / 3; i++) {
		struct rlimit limit;
		int status;
		pid_t pid = FORK_OR_EXIT();

		if (!pid) {
			pthread_create(&thread, NULL, executes, NULL);
			for (;;)
				pause();
		}
		for (int n = 0; n < 10 * i; n++)	/* of its threads: the numbers that follow */
			syscall(SYS_prlimit64, pid + n % 2, RLIMIT_NOFILE, NULL, &limit);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
	}
}

/* A set-group-id bit is not for who is not in the directory's group. */
static void group_bit(void)
{
	struct stat st = { 0 };
	int status;
	pid_t pid;

	CHECK(mkdir("/tmp/races-dir", 0777) == 0 && chown("/tmp/races-dir", 0, 12) == 0 && chmod("/tmp/races-dir", 02777) == 0);
	pid = FORK_OR_EXIT();
	if (!pid) {
		umask(0);
		CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
		CHECK(close(open("/tmp/races-dir/f", O_CREAT | O_RDWR, 02775)) == 0);
		exit(failures != 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(stat("/tmp/races-dir/f", &st) == 0 && st.st_gid == 12 && (st.st_mode & 07777) == 0775);
	unlink("/tmp/races-dir/f"), rmdir("/tmp/races-dir");
}

/* --- names: one file's in several directories, and a directory that goes while one is made in it --- */

static void *links(void *n)
{
	char dir[16], name[24];

	snprintf(dir, sizeof(dir), "d%ld", (long)n);
	snprintf(name, sizeof(name), "%s/name", dir);
	CHECK(mkdir(dir, 0755) == 0);
	while (!stop_all)
		if (link("file", name) == 0)
			unlink(name);
	CHECK(rmdir(dir) == 0);
	return NULL;
}

static void more_links(int i)
{
	CHECK(link("file", "other") == 0 && (i % 2 ? unlink("other") : rename("other", "other2")) == 0);
	if (i % 2)
		unlink("other2");
}

static void *makes(void *n)
{
	while (!stop_all) {
		close(open("dir/x", O_CREAT | O_WRONLY, 0644));
		unlink("dir/x");
	}
	return NULL;
}

static void dir_goes(int i)
{
	mkdir("empty", 0755);
	if (i % 2 ? rmdir("dir") : rename("empty", "dir"))
		CHECK(errno == ENOTEMPTY || errno == ENOENT);
	mkdir("dir", 0755);
}

/* On a tmpfs of its own: umount finds what was lost (and says so: the boot test sees it). */
static void link_counts(void)
{
	struct stat st = { 0 };
	struct statfs before, after;

	CHECK(mkdir("/tmp/races-names", 0755) == 0 && mount("none", "/tmp/races-names", "tmpfs", 0, NULL) == 0);
	CHECK(chdir("/tmp/races-names") == 0 && statfs(".", &before) == 0);
	CHECK(close(open("file", O_CREAT | O_WRONLY, 0644)) == 0);
	race(links, 3, more_links, 20 * ROUNDS);
	CHECK(stat("file", &st) == 0 && st.st_nlink == 1);
	race(makes, 3, dir_goes, 10 * ROUNDS);
	unlink("file"), unlink("other2"), unlink("dir/x"), rmdir("dir"), rmdir("empty");
	CHECK(statfs(".", &after) == 0 && after.f_ffree == before.f_ffree);
	CHECK(chdir("/") == 0 && umount("/tmp/races-names") == 0 && rmdir("/tmp/races-names") == 0);
}

/* --- real-time equals: who yields lets the other run --- */

static _Atomic int whose_turn;

static void *takes_turns(void *n)
{
	struct sched_param param = { .sched_priority = 10 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		while (whose_turn != (long)n)
			syscall(SYS_sched_yield);
		whose_turn = 1 - whose_turn;
	}
	return NULL;
}

static void wait_a_moment(int i)
{
	usleep(1000);
}

/* --- a word that nobody maps any more, but its waiter --- */

static int *word;
static _Atomic pid_t waiter;
static void interrupts(int sig) { }

static void *waits(void *arg)
{
	waiter = syscall(SYS_gettid);
	FAILS(syscall(SYS_futex, word, 0 /* WAIT */, 0, NULL, NULL, 0), EINTR);
	return NULL;
}

static int *new_word(void)
{
	int fd = memfd_create("word", 0);
	int *p;

	CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	return p;
}

static char state_of(pid_t tid)
{
	char path[64], text[256] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (f) {
		fgets(text, sizeof(text), f);
		fclose(f);
	}
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

/* Its file goes while it waits, and the next files may lie where that one lay: they wake nobody. */
static void forgotten_word(void)
{
	struct sigaction sa = { .sa_handler = interrupts };
	int *others[8];
	pthread_t t;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int round = 0; round < 20; round++) {
		waiter = 0;
		word = new_word();
		CHECK(pthread_create(&t, NULL, waits, NULL) == 0);
		while (!waiter || state_of(waiter) != 'S')
			sched_yield();
		munmap(word, 4096);
		for (int i = 0; i < 8; i++) {
			others[i] = new_word();
			CHECK(syscall(SYS_futex, others[i], 1 /* WAKE */, 1, NULL, NULL, 0) == 0);
		}
		for (int i = 0; i < 8; i++)
			munmap(others[i], 4096);
		pthread_kill(t, SIGUSR1);
		pthread_join(t, NULL);
	}
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc > 1)
		return strcmp(argv[1], "quit") ? say_who() : 0;
	chmod("/", 0755);		/* an initramfs may be root's alone */
	datagrams();
	full_pipe();
	race(locks, 2, file_goes, 10 * ROUNDS);
	race(creates, 2, deletes, 10 * ROUNDS);
	timers_unheard();
	alarm_goes_on();
	set_id();
	killed_in_exec();
	group_bit();
	link_counts();
	forgotten_word();
	alarm(60);		/* ends a kernel whose yield lets nobody run */
	race(takes_turns, 2, wait_a_moment, 1);
	alarm(0);
	return finish("races");
}
