/*
 * badptr - system calls with pointers that lead nowhere: EFAULT every time, and
 * the kernel lives. `badptr nosys` makes an unknown call, `badptr crash` faults.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char *const bad[] = {
	(char *)8,
	(char *)0x7ffffffff000UL,
	(char *)0xffff888000001000UL,
	(char *)0xffffffff80200000UL,
	(char *)0x8000000000000000UL,
	(char *)-1L,
	(char *)0x0000800000000000UL,
};

static void one_pointer(char *p, int fd, int *pipefd)
{
	FAILS(read(fd, p, 10), EFAULT);
	FAILS(write(pipefd[1], p, 10), EFAULT);
	FAILS(open(p, O_RDONLY), EFAULT);
	FAILS(syscall(SYS_stat, p, p), EFAULT);
	FAILS(syscall(SYS_fstat, fd, p), EFAULT);
	FAILS(syscall(SYS_pipe, p), EFAULT);
	FAILS(syscall(SYS_uname, p), EFAULT);
	FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p), EFAULT);
	FAILS(syscall(SYS_gettimeofday, p, 0), EFAULT);
	FAILS(syscall(SYS_nanosleep, p, 0), EFAULT);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, p, 0, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, p, 0, 8), EFAULT);
	FAILS(syscall(SYS_poll, p, 3, 0), EFAULT);
	FAILS(syscall(SYS_getcwd, p, 100), EFAULT);
	FAILS(syscall(SYS_writev, pipefd[1], p, 2), EFAULT);
	FAILS(syscall(SYS_getdents64, fd, p, 100), ENOTDIR);
	FAILS(syscall(SYS_execve, p, 0, 0), EFAULT);
	FAILS(syscall(SYS_futex, p, 0 /* WAIT */, 0, 0, 0, 0),
	      ((unsigned long)p & 3) ? EINVAL : EFAULT);
	FAILS(syscall(SYS_set_robust_list, p, 1), EINVAL);
	FAILS(syscall(SYS_getrlimit, 3, p), EFAULT);
	FAILS(syscall(SYS_setrlimit, 3, p), EFAULT);
	FAILS(syscall(SYS_times, p), EFAULT);
	FAILS(syscall(SYS_sysinfo, p), EFAULT);
}

/*
 * A wild stack pointer in a signal frame, a wild context in sigreturn: the process dies, no more.
 */
static void wild_sigreturn(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		__asm__ volatile("mov $0x10, %%rsp; mov $15, %%eax; syscall" ::: "memory");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Those that end, stop or clone this process, wait for ever, or switch the machine off. */
static const unsigned short not_called[] = {
	SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_pause,
	SYS_kill, SYS_tkill, SYS_tgkill, SYS_reboot, SYS_rt_sigreturn, SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait, SYS_alarm, SYS_setitimer, SYS_ptrace, SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo, SYS_wait4, SYS_waitid, SYS_umount2, SYS_swapoff, SYS_chroot,
	SYS_pivot_root, SYS_setrlimit, SYS_prlimit64, SYS_vhangup, SYS_select, SYS_poll,
	SYS_ppoll, SYS_pselect6, SYS_epoll_wait, SYS_epoll_pwait, SYS_clock_nanosleep,
	SYS_nanosleep, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_brk, SYS_futex,
	SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_close, SYS_close_range, SYS_dup2, SYS_dup3,
	SYS_mmap, SYS_shmat, SYS_msgrcv, SYS_semop, SYS_semtimedop, SYS_arch_prctl,
	SYS_madvise, SYS_read, SYS_readv, SYS_setuid, SYS_ioctl, SYS_fcntl, SYS_write,
	SYS_timer_create, SYS_seccomp, SYS_prctl, SYS_personality, SYS_syslog
};

static int left_out(unsigned long nr)
{
	for (size_t i = 0; i < sizeof(not_called) / sizeof(*not_called); i++)
		if (nr == not_called[i])
			return 1;
	return 0;
}

static void random_calls(void)
{
	unsigned long seed = 12345;
	pid_t pid = fork();
	int status;

	if (!pid) {
		alarm(20);
		for (int i = 0; i < 20000; i++) {
			unsigned long a[7];

			for (int k = 0; k < 7; k++) {
				seed = seed * 6364136223846793005UL + 1442695040888963407UL;
				a[k] = seed >> 33;
				if (a[k] & 1)
					a[k] = (unsigned long)bad[a[k] / 2 % 7];
				else if (a[k] & 2)
					a[k] &= 0xff;
			}
			a[0] = seed >> 40 & 0x1ff;
			if (left_out(a[0]))
				continue;
			syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) || (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM));
}

int main(int argc, char **argv)
{
	int fd = open("/proc/self/exe", O_RDONLY), pipefd[2];

	if (argc > 1 && !strcmp(argv[1], "nosys")) {
		FAILS(syscall(9999), ENOSYS);
		return failures;
	}
	if (argc > 1 && !strcmp(argv[1], "crash")) {
		*(volatile int *)16 = 1;
		return 0;
	}
	CHECK(fd >= 0);
	CHECK(pipe(pipefd) == 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		one_pointer(bad[i], fd, pipefd);
	wild_sigreturn();
	random_calls();
	return finish("badptr");
}
