/*
 * pidfd - descriptors that name processes: open, poll, wait, signal, getfd, CLONE_PIDFD; and what
 * they reach: process_madvise, process_mrelease, process_vm_readv and _writev.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define MIB (1UL << 20)

static int pidfd_open(pid_t pid, unsigned int flags) { return syscall(434, pid, flags); }
static int pidfd_send_signal(int fd, int sig, siginfo_t *info, unsigned int flags)
{
	return syscall(424, fd, sig, info, flags);
}
static int pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	return syscall(438, pidfd, fd, flags);
}
static long process_madvise(int pidfd, const struct iovec *v, size_t n, int advice, unsigned int f)
{
	return syscall(440, pidfd, v, n, advice, f);
}
static int process_mrelease(int pidfd, unsigned int flags) { return syscall(448, pidfd, flags); }

static int readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

static pid_t sleeper(void)
{
	pid_t pid = FORK_OR_EXIT();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void *thread(void *arg)
{
	*(pid_t *)arg = syscall(SYS_gettid);
	sleep(1000);
	return NULL;
}

static void opening(void)
{
	pid_t pid = sleeper(), tid = 0;
	int fd = pidfd_open(pid, 0);
	char line[64], path[64];
	pthread_t t;
	FILE *f;

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	line[readlink(path, line, sizeof(line) - 1)] = 0;
	CHECK(!strcmp(line, "anon_inode:[pidfd]"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	int shown = 0, value = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid:\t%d", &value) == 1)
			shown = value;
	CHECK(f && shown == pid);
	fclose(f);
	FAILS(read(fd, line, 1), EINVAL);
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	FAILS(pidfd_open(0, 0), EINVAL);
	FAILS(pidfd_open(-1, 0), EINVAL);
	FAILS(pidfd_open(pid, 1), EINVAL);
	FAILS(pidfd_open(999999, 0), ESRCH);
	pthread_create(&t, NULL, thread, &tid);
	while (!*(volatile pid_t *)&tid)
		sched_yield();
	FAILS(pidfd_open(tid, 0), EINVAL);	/* a thread is not a process */
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void polling_and_waiting(void)
{
	pid_t pid = sleeper();
	int fd = pidfd_open(pid, 0), nb, dir, thread;
	siginfo_t info = { };
	char path[64];

	sprintf(path, "/proc/%d/task/%d", pid, pid);
	thread = open(path, O_RDONLY | O_DIRECTORY);
	sprintf(path, "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(pidfd_send_signal(dir, 0, NULL, 0) == 0);		/* does as well */
	FAILS(pidfd_send_signal(thread, 0, NULL, 0), EBADF);
	FAILS(waitid(P_PIDFD, dir, &info, WEXITED), EBADF);	/* … but only there */
	CHECK(!readable(fd));
	CHECK(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
	nb = pidfd_open(pid, O_NONBLOCK);
	FAILS(waitid(P_PIDFD, nb, &info, WEXITED), EAGAIN);
	CHECK(pidfd_send_signal(fd, SIGTERM, NULL, 0) == 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	CHECK(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
	CHECK(pidfd_send_signal(fd, 0, NULL, 0) == 0);		/* a zombie is still there */
	CHECK(waitid(P_PIDFD, fd, &info, WEXITED | WNOWAIT) == 0);
	CHECK(waitid(P_PIDFD, fd, &info, WEXITED) == 0);
	CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
	CHECK(readable(fd));
	FAILS(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
	FAILS(pidfd_send_signal(fd, 0, NULL, 0), ESRCH);
	FAILS(pidfd_send_signal(dir, 0, NULL, 0), ESRCH);
	close(dir);
	close(thread);
	FAILS(pidfd_getfd(fd, 0, 0), ESRCH);
	FAILS(waitid(P_PIDFD, 0, &info, WEXITED), EBADF);	/* not a pidfd */
	FAILS(waitid(P_PIDFD, -1, &info, WEXITED), EINVAL);
	FAILS(waitid(P_PIDFD, 99, &info, WEXITED), EBADF);
	close(fd);
	close(nb);
}

static void exec_keeps_it(void)
{
	pid_t pid = FORK_OR_EXIT();
	int fd;

	if (!pid) {
		pid_t tid = 0;
		pthread_t t;

		/* execve in a process with threads, from a thread that leads it */
		pthread_create(&t, NULL, thread, &tid);
		while (!*(volatile pid_t *)&tid)
			sched_yield();
		execl("/proc/self/exe", "pidfd", "sleep", NULL);
		_exit(1);
	}
	fd = pidfd_open(pid, 0);
	usleep(200000);
	CHECK(fd >= 0 && !readable(fd));
	CHECK(pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0);
	CHECK(waitid(P_PIDFD, fd, NULL, WEXITED) == 0);
	CHECK(readable(fd));
	close(fd);
}

static void signalling(void)
{
	pid_t pid = sleeper();
	int fd = pidfd_open(pid, 0), self = pidfd_open(getpid(), 0);
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };

	FAILS(pidfd_send_signal(fd, SIGUSR1, NULL, 1), EINVAL);
	FAILS(pidfd_send_signal(fd, 65, NULL, 0), EINVAL);
	FAILS(pidfd_send_signal(0, SIGUSR1, NULL, 0), EBADF);
	FAILS(pidfd_send_signal(fd, SIGUSR2, &info, 0), EINVAL);	/* not the same signal */
	FAILS(pidfd_send_signal(fd, SIGUSR1, &info, 0), EPERM);	/* pretends to be kill() */
	FAILS(pidfd_send_signal(fd, SIGUSR1, (siginfo_t *)16, 0), EFAULT);
	signal(SIGUSR1, SIG_IGN);
	CHECK(pidfd_send_signal(self, SIGUSR1, &info, 0) == 0);	/* to oneself one may */
	info.si_code = SI_QUEUE;
	CHECK(pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0);
	waitpid(pid, NULL, 0);
	close(fd);
	close(self);
}

static void getting_descriptors(void)
{
	int pipe_fds[2], ready[2], got, fd;
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = FORK_OR_EXIT();
	if (!pid) {
		if (pipe(pipe_fds) || write(pipe_fds[1], "x", 1) != 1)
			_exit(1);
		dup2(pipe_fds[0], 100);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	fd = pidfd_open(pid, 0);
	got = pidfd_getfd(fd, 100, 0);
	CHECK(got >= 0 && fcntl(got, F_GETFD) == FD_CLOEXEC);
	CHECK(read(got, &c, 1) == 1 && c == 'x');
	FAILS(pidfd_getfd(fd, 101, 0), EBADF);
	FAILS(pidfd_getfd(fd, 100, 1), EINVAL);
	FAILS(pidfd_getfd(0, 100, 0), EBADF);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(got);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

static void from_clone(void)
{
	int fd = -1, tid;
	long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);

	if (!pid)
		_exit(7);
	CHECK(pid > 0 && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	siginfo_t info;
	CHECK(waitid(P_PIDFD, fd, &info, WEXITED) == 0 && info.si_status == 7 && info.si_pid == pid);
	close(fd);
	struct { unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, size, tls; } a = {
		.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (unsigned long)&fd,
		.parent_tid = (unsigned long)&tid, .exit_signal = SIGCHLD };
	pid = syscall(435, &a, sizeof(a));
	if (!pid)
		_exit(8);
	CHECK(pid > 0 && tid == pid);
	CHECK(waitid(P_PIDFD, fd, &info, WEXITED) == 0 && info.si_status == 8);
	close(fd);
	a.parent_tid = a.pidfd;
	FAILS(syscall(435, &a, sizeof(a)), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, &fd, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 16, 0, 0), EFAULT);
	FAILS(waitpid(-1, NULL, 0), ECHILD);	/* none of the refused was born */
}

/* kB of one of @pid's lines in its status. */
static long status_kb(pid_t pid, const char *name)
{
	char path[64], line[128];
	size_t len = strlen(name);
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			kb = atol(line + len + 1);
	if (f)
		fclose(f);
	return kb;
}

/* The child's view of 4 MiB that both know the place of. */
static char *area;

static void reading_and_writing(pid_t pid)
{
	struct iovec here[3], there[3], many[1025] = { };
	char buf[16384];

	here[0] = (struct iovec){ buf, 3 };
	here[1] = (struct iovec){ buf + 3, sizeof(buf) - 3 };
	there[0] = (struct iovec){ area + 4090, 9000 };
	there[1] = (struct iovec){ area + 3 * MIB - 5, 7384 };
	CHECK(process_vm_readv(pid, here, 2, there, 2, 0) == sizeof(buf) && buf[16383] == 'p');
	memset(buf, 'q', sizeof(buf));
	CHECK(process_vm_writev(pid, here, 2, there, 2, 0) == sizeof(buf));
	CHECK(area[4090] == 'p');			/* ours was copied on write */
	memset(buf, 0, sizeof(buf));
	CHECK(process_vm_readv(pid, here, 2, there, 2, 0) == sizeof(buf));
	CHECK(buf[0] == 'q' && buf[2] == 'q' && buf[3] == 'q' && buf[16383] == 'q');
	there[0] = (struct iovec){ area + MIB - 100, 200 };		/* into the hole */
	CHECK(process_vm_readv(pid, here, 2, there, 1, 0) == 100);
	/* Our own side ends in it: what came until there counts, and the other's bytes behind it are as before. */
	here[2] = (struct iovec){ area + MIB - 100, 200 };
	there[0] = (struct iovec){ area + 3 * MIB - 50, 200 };
	memset(area + MIB - 100, 'w', 100);
	CHECK(process_vm_writev(pid, here + 2, 1, there, 1, 0) == 100);
	CHECK(process_vm_readv(pid, here, 2, there, 1, 0) == 200);
	CHECK(buf[0] == 'w' && buf[99] == 'w' && buf[100] == 'q' && buf[199] == 'q');
	CHECK(process_vm_readv(pid, here + 2, 1, there, 1, 0) == 100);
	CHECK(area[MIB - 1] == 'w');
	there[0] = (struct iovec){ area + MIB, 200 };
	FAILS(process_vm_readv(pid, here, 2, there, 1, 0), EFAULT);
	FAILS(process_vm_readv(pid, here, 2, there, 1, 1), EINVAL);
	FAILS(process_vm_readv(999999, here, 2, there, 1, 0), ESRCH);
	FAILS(process_vm_readv(pid, here, 2, many, 1025, 0), EINVAL);
	FAILS(process_vm_readv(pid, (struct iovec *)16, 1, there, 1, 0), EFAULT);
	FAILS(process_vm_readv(pid, here, 1, (struct iovec *)16, 1, 0), EFAULT);
	CHECK(process_vm_readv(pid, here, 0, (struct iovec *)16, 1, 0) == 0);
	CHECK(process_vm_readv(pid, here, 1, there, 0, 0) == 0);
	FAILS(process_vm_readv(2, here, 1, there, 1, 0), ESRCH);	/* a kernel thread */
}

/* The third and the fourth MiB of @area. */
static void upper_half(struct iovec there[2])
{
	there[0] = (struct iovec){ area + 2 * MIB, MIB };
	there[1] = (struct iovec){ area + 3 * MIB, MIB };
}

static void advice(pid_t pid, int fd, int have_swap)
{
	struct iovec there[3];

	upper_half(there);
	CHECK(process_madvise(fd, there, 2, MADV_COLD, 0) == (long)(2 * MIB));
	FAILS(process_madvise(fd, there, 2, MADV_DONTNEED, 0), EINVAL);
	FAILS(process_madvise(fd, there, 2, MADV_FREE, 0), EINVAL);
	FAILS(process_madvise(fd, there, 2, MADV_COLD, 1), EINVAL);
	FAILS(process_madvise(0, there, 2, MADV_COLD, 0), EBADF);
	there[2] = (struct iovec){ area + 1, 4096 };
	CHECK(process_madvise(fd, there, 3, MADV_COLD, 0) == (long)(2 * MIB));
	FAILS(process_madvise(fd, there + 2, 1, MADV_COLD, 0), EINVAL);
	there[2] = (struct iovec){ area + MIB, 4096 };
	FAILS(process_madvise(fd, there + 2, 1, MADV_COLD, 0), ENOMEM);
	if (have_swap) {
		/* What the child alone has goes; pages still shared by fork stay. */
		for (unsigned long at = 0; at < MIB; at += 4096) {
			struct iovec one = { "z", 1 }, dst = { area + 2 * MIB + at, 1 };

			CHECK(process_vm_writev(pid, &one, 1, &dst, 1, 0) == 1);
		}
		CHECK(status_kb(pid, "VmSwap") == 0);
		CHECK(process_madvise(fd, there, 1, MADV_PAGEOUT, 0) == (long)MIB);
		CHECK(status_kb(pid, "VmSwap") == 1024);
	}
}

static void without_rights(pid_t pid, int fd)
{
	struct iovec there[2], here[1];
	char buf[16];

	upper_half(there);
	here[0] = (struct iovec){ buf, sizeof(buf) };
	pid_t other = FORK_OR_EXIT();
	if (!other) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		FAILS(process_vm_readv(pid, here, 1, there, 1, 0), EPERM);
		FAILS(process_madvise(fd, there, 1, MADV_COLD, 0), EACCES);
		FAILS(pidfd_getfd(fd, 0, 0), EPERM);
		FAILS(pidfd_send_signal(fd, SIGTERM, NULL, 0), EPERM);
		int own = pidfd_open(getpid(), 0);
		FAILS(process_madvise(own, there, 1, MADV_COLD, 0), EPERM);	/* no CAP_SYS_NICE */
		_exit(failures);
	}
	int status;
	CHECK(waitpid(other, &status, 0) == other && status == 0);
}

/* The memory of a process that is dying. */
/* Who hid his memory while he lived is hidden as he dies, when the memory is gone. */
static void dead(int dumpable)
{
	pid_t pid = FORK_OR_EXIT();
	siginfo_t info;
	size_t len;
	void *head;
	long ret;
	int fd;

	if (!pid) {
		prctl(PR_SET_DUMPABLE, dumpable);
		_exit(0);
	}
	CHECK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
	fd = pidfd_open(pid, 0);
	ret = syscall(SYS_get_robust_list, pid, &head, &len);
	CHECK(dumpable ? ret == 0 : ret == -1 && errno == EPERM);
	FAILS(pidfd_getfd(fd, 0, 0), dumpable ? ESRCH : EPERM);
	close(fd);
	waitpid(pid, NULL, 0);
}

static void the_dead(void)
{
	int status;
	pid_t pid = FORK_OR_EXIT();

	if (!pid) {
		CHECK(setgid(1000) == 0 && setuid(1000) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
		dead(1);
		dead(0);
		exit(failures != 0);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0);
}

static void releasing(pid_t pid, int fd)
{
	struct iovec there[2];

	upper_half(there);
	FAILS(process_mrelease(fd, 1), EINVAL);
	FAILS(process_mrelease(0, 0), EBADF);
	FAILS(process_mrelease(fd, 0), EINVAL);		/* it is not dying */
	CHECK(status_kb(pid, "RssAnon") > 0);
	kill(pid, SIGKILL);
	int ret = process_mrelease(fd, 0);
	CHECK(ret == 0 || (ret == -1 && errno == ESRCH));	/* ESRCH: it was faster */
	waitpid(pid, NULL, 0);
	FAILS(process_mrelease(fd, 0), ESRCH);
	FAILS(process_madvise(fd, there, 1, MADV_COLD, 0), ESRCH);
}

static void others_memory(int have_swap)
{
	pid_t pid;
	int fd;

	area = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(area, 'p', 4 * MIB);
	munmap(area + MIB, 4096);
	pid = sleeper();
	fd = pidfd_open(pid, 0);
	reading_and_writing(pid);
	advice(pid, fd, have_swap);
	without_rights(pid, fd);
	releasing(pid, fd);
	close(fd);
	munmap(area, 4 * MIB);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sleep"))
		for (;;)
			pause();
	from_clone();
	opening();
	polling_and_waiting();
	exec_keeps_it();
	signalling();
	getting_descriptors();
	the_dead();
	others_memory(argc > 1 && !strcmp(argv[1], "swap"));
	return finish("pidfd");
}
