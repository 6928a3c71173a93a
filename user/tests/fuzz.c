/*
 * fuzz SECONDS [SEED [PROCESSES]] - random system calls with random, mostly odd arguments, as root and
 * as nobody, from several processes at once. The kernel lives; a process may die or sleep.
 *
 * Each process has memory, files and pipes of its own to be clumsy with, and draws its arguments
 * from them, from edges of types, and from addresses that lead nowhere. What would end the test
 * rather than the process is left out. The seed is printed: same seed, same calls.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define ARENA (1UL << 20)
#define LAST_CALL 451

static unsigned long state;
static char *arena;

static unsigned long rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dUL >> 8;
}

static const unsigned long edges[] = {
	0, 1, 2, 3, 7, 8, 63, 64, 127, 255, 256, 4095, 4096, 4097, 65535, 65536, 1UL << 20, 1UL << 30,
	0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32, 0x7fffffffffffffff, 0x8000000000000000,
	0xffffffff80000000, 0xffffffff80200000, 0xffff888000001000, 0xffffc90000000000,
	0x7ffffffff000, 0x7fffffffffff, 0x800000000000, -1UL, -2UL, -4096UL, -4095UL, 0xdead000000000000,
};

/* One argument: a descriptor, an edge, a pointer into memory, one to nowhere, flags, a number. */
static unsigned long argument(void)
{
	switch (rnd() % 10) {
	case 0: case 1:
		return rnd() % 24;
	case 2:
		return edges[rnd() % (sizeof(edges) / sizeof(*edges))];
	case 3: case 4: case 5:
		return (unsigned long)arena + (rnd() % ARENA & ~7UL);
	case 6:
		return (unsigned long)arena + (rnd() % (2 * ARENA / 4096)) * 4096;
	case 7:
		return 1UL << rnd() % 64;
	case 8:
		return rnd() & 0xffff;
	default:
		return rnd() % 3 ? rnd() % 4096 : rnd() << rnd() % 40;
	}
}

/* Calls that would stop the test instead of testing: the whole machine, or other processes. */
static int left_out(long call)
{
	switch (call) {
	case SYS_reboot: case SYS_kexec_load: case SYS_kexec_file_load: case SYS_vhangup:
	case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo: case SYS_pidfd_send_signal:
	case SYS_swapoff: case SYS_swapon: case SYS_umount2: case SYS_mount: case SYS_pivot_root:
	case SYS_chroot: case SYS_unlink: case SYS_unlinkat: case SYS_rename: case SYS_renameat:
	case SYS_renameat2: case SYS_rmdir: case SYS_syslog: case SYS_sched_setscheduler:
	case 448 /* process_mrelease */: case SYS_sched_setattr: case SYS_clock_settime: case SYS_settimeofday: case SYS_clock_adjtime:
	case SYS_adjtimex: case SYS_mlockall:
		return 1;
	}
	return 0;
}

/* Root may do these to any process: the shell's console, its memory, its limits would be the fuzz's. */
static int reaches_others(long call)
{
	switch (call) {
	case SYS_ptrace: case SYS_process_vm_writev: case 438 /* pidfd_getfd */: case SYS_prlimit64:
	case SYS_setpriority: case SYS_sched_setparam: case SYS_sched_setaffinity: case SYS_ioprio_set:
	case SYS_migrate_pages: case SYS_move_pages:
		return 1;
	}
	return 0;
}

/* The arena is filled with small numbers, own addresses, and text: structures for the kernel. */
static void fill_arena(void)
{
	unsigned long *word = (unsigned long *)arena;

	for (int i = 0; i < 512; i++)
		word[rnd() % (ARENA / 8)] = argument();
	for (int i = 0; i < 16; i++)
		snprintf(arena + rnd() % (ARENA / 4096) * 4096, 64, "%s",
			 (const char *[]){ "/proc/self/maps", "/tmp", "/dev/zero", "fuzzed", "/tmp/f",
					   "/proc/self/fd/11", "", "/proc/self/fd", "/proc/self/fd/3",
					   "/proc/self/fd/4", "/proc/self/fd/9", "/proc/self/fd/13",
					   "/proc/self/exe", "/proc/self/mem" }[rnd() % 14]);
}

static void open_things(void)
{
	int fds[2];

	for (int i = 0; i < 24; i++)
		close(i);
	open("/dev/null", O_RDWR);
	open("/dev/null", O_RDWR);
	open("/dev/null", O_RDWR);
	if (pipe(fds) == 0)
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
	open("/tmp", O_RDONLY | O_DIRECTORY);
	open("/tmp", O_TMPFILE | O_RDWR, 0600);
	open("/tmp/fuzz", O_RDWR | O_CREAT, 0666);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/zero", O_RDWR);
	syscall(SYS_memfd_create, "fuzz", 0);
	syscall(SYS_eventfd2, 3, O_NONBLOCK);
	syscall(SYS_epoll_create1, 0);
	syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	syscall(SYS_signalfd4, -1, &(unsigned long){ 1UL << 9 }, 8, O_NONBLOCK);
	open("/proc/self/mem", O_RDWR);
}

/*
 * One short life: many calls, until something kills it or the alarm does. Its descriptors, memory and
 * limits go with it, and so do its children (a process group of its own).
 */
static void life(unsigned long seed, int nobody)
{
	struct itimerval second = { { 0, 20000 }, { 1, 0 } };
	struct rlimit few = { 64, 64 }, small = { 64 << 20, 64 << 20 };

	state = seed | 1;
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		_exit(1);
	setpgid(0, 0);
	open_things();
	setrlimit(RLIMIT_AS, &small);
	setrlimit(RLIMIT_NPROC, &few);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 });
	if (nobody && (setgid(65534) || setuid(65534)))
		_exit(1);
	setitimer(ITIMER_REAL, &second, NULL);
	for (int i = 0; i < 3000; i++) {
		long call = rnd() % LAST_CALL;

		if (i % 64 == 0)
			fill_arena();
		if (!left_out(call) && (nobody || !reaches_others(call)))
			syscall(call, argument(), argument(), argument(), argument(), argument(),
				argument());
	}
	_exit(0);
}

/* All processes whose parent we are, dead or alive: true if there was one. */
static int kill_children(void)
{
	char path[300], text[256];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int found = 0;

	while (proc && (entry = readdir(proc))) {
		int fd, ppid = 0, len;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) <= 0 || (fd = open(path, O_RDONLY)) < 0)
			continue;
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[len > 0 ? len : 0] = 0;
		if (strrchr(text, ')') && sscanf(strrchr(text, ')'), ") %*c %d", &ppid) == 1 &&
		    ppid == getpid()) {
			kill(atoi(entry->d_name), SIGKILL);
			found = 1;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

/* A life's children may have left its group and session, but orphans come to us (subreaper). */
static void bury_all(void)
{
	while (kill_children()) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		usleep(2000);
	}
}

/* Life after life for @seconds; each one has two seconds, then it is killed. */
static void lives(int seconds, unsigned long seed, int n)
{
	struct timespec now;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + seconds;
	for (unsigned long i = 0; now.tv_sec < end; i++) {
		pid_t pid = fork();

		if (!pid)
			life(seed * 1000003 + n * 7919 + i * 104729, (n + i) & 1);
		for (int waited = 0; pid > 0 && waited < 400; waited++) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				break;
			usleep(5000);
		}
		bury_all();
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10, processes = argc > 3 ? atoi(argv[3]) : 4, status;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned long)time(NULL);
	pid_t pids[64];

	printf("fuzz: seed %lu, %d processes, %d s\n", seed, processes, seconds);
	fflush(stdout);
	for (int i = 0; i < processes && i < 64; i++)
		if (!(pids[i] = FORK_OR_EXIT())) {
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			setpriority(PRIO_PROCESS, 0, -5);	/* must get its turn to kill */
			lives(seconds, seed, i);
		}
	for (int i = 0; i < processes && i < 64; i++)
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	return finish("fuzz");
}
