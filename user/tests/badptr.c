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
			/*
			 * Not those that end, stop or clone this process, sleep for ever or switch
			 * the machine off.
			 */
			switch (a[0]) {
			case SYS_exit:
			case SYS_exit_group:
			case SYS_fork:
			case SYS_vfork:
			case SYS_clone:
			case SYS_clone3:
			case SYS_pause:
			case SYS_kill:
			case SYS_tkill:
			case SYS_tgkill:
			case SYS_reboot:
			case SYS_rt_sigreturn:
			case SYS_rt_sigsuspend:
			case SYS_rt_sigtimedwait:
			case SYS_alarm:
			case SYS_setitimer:
			case SYS_ptrace:
			case SYS_rt_sigqueueinfo:
			case SYS_rt_tgsigqueueinfo:
			case SYS_wait4:
			case SYS_waitid:
			case SYS_umount2:
			case SYS_swapoff:
			case SYS_chroot:
			case SYS_pivot_root:
			case SYS_setrlimit:
			case SYS_prlimit64:
			case SYS_vhangup:
			case SYS_select:
			case SYS_poll:
			case SYS_ppoll:
			case SYS_pselect6:
			case SYS_epoll_wait:
			case SYS_epoll_pwait:
			case SYS_clock_nanosleep:
			case SYS_nanosleep:
			case SYS_munmap:
			case SYS_mremap:
			case SYS_mprotect:
			case SYS_brk:
			case SYS_futex:
			case SYS_rt_sigprocmask:
			case SYS_rt_sigaction:
			case SYS_close:
			case SYS_close_range:
			case SYS_dup2:
			case SYS_dup3:
			case SYS_mmap:
			case SYS_shmat:
			case SYS_msgrcv:
			case SYS_semop:
			case SYS_semtimedop:
			case SYS_arch_prctl:
			case SYS_madvise:
			case SYS_read:
			case SYS_readv:
			case SYS_setuid:
			case SYS_ioctl:
			case SYS_fcntl:
			case SYS_write:
			case SYS_timer_create:
			case SYS_seccomp:
			case SYS_prctl:
			case SYS_personality:
			case SYS_syslog:
				continue;
			}
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
