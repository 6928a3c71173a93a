/*
 * syscall.c - THE table of system calls.
 *
 * Idea: entry.asm saves the registers and calls do_syscall(), which indexes the
 *       table by RAX. Every entry takes its arguments in the ABI's order; a
 *       function that wants fewer or narrower ones ignores the rest, which the
 *       x86-64 calling convention allows. What is not in the table is ENOSYS.
 * Locks:  none.
 * Above:  entry.asm, through upcalls.h.
 * Below:  sys_* here and in kernel/fs.   In Linux: arch/x86/entry/syscalls/syscall_64.tbl.
 */
#define CREATE_TRACE_POINTS
#include "kernel/proc/trace.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/unistd.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/task.h"
#include "kernel/x86/upcalls.h"

typedef long (*syscall_fn)(u64, u64, u64, u64, u64, u64);
#define NR_SYSCALLS 451
#define SYS(name) [__NR_##name] = (syscall_fn)(void *)sys_##name
#define SYS_AS(name, fn) [__NR_##name] = (syscall_fn)(void *)fn

static const syscall_fn sys_call_table[NR_SYSCALLS] = {
	/* files */
	SYS(read), SYS(write), SYS(open), SYS(close), SYS_AS(stat, sys_newstat), SYS_AS(fstat, sys_newfstat),
	SYS_AS(lstat, sys_newlstat), SYS(poll), SYS(lseek), SYS(ioctl), SYS(pread64), SYS(pwrite64), SYS(readv),
	SYS(writev), SYS(access), SYS(pipe), SYS(select), SYS(dup), SYS(dup2), SYS_AS(sendfile, sys_sendfile64),
	SYS(fcntl), SYS(flock), SYS(fsync), SYS(fdatasync), SYS(truncate), SYS(ftruncate), SYS(getdents),
	SYS(getcwd), SYS(chdir), SYS(fchdir), SYS(rename), SYS(mkdir), SYS(rmdir), SYS(creat), SYS(link),
	SYS(unlink), SYS(symlink), SYS(readlink), SYS(chmod), SYS(fchmod), SYS(chown), SYS(fchown), SYS(lchown),
	SYS(umask), SYS(utime), SYS(mknod), SYS(statfs), SYS(fstatfs), SYS(pivot_root), SYS(chroot), SYS(sync),
	SYS(mount), SYS_AS(umount2, sys_umount), SYS(swapon), SYS(swapoff), SYS(readahead), SYS(getdents64),
	SYS(fadvise64), SYS(epoll_create), SYS(epoll_wait), SYS(epoll_ctl), SYS(utimes), SYS(openat), SYS(mkdirat),
	SYS(mknodat), SYS(fchownat), SYS(futimesat), SYS(newfstatat), SYS(unlinkat), SYS(renameat), SYS(linkat),
	SYS(symlinkat), SYS(readlinkat), SYS(fchmodat), SYS(faccessat), SYS(pselect6), SYS(ppoll), SYS(splice), SYS(tee), SYS(vmsplice),
	SYS(timerfd_create), SYS(timerfd_settime), SYS(timerfd_gettime), SYS(signalfd), SYS(signalfd4),
	SYS(inotify_init), SYS(inotify_init1), SYS(inotify_add_watch), SYS(inotify_rm_watch),
	SYS(sync_file_range), SYS(utimensat), SYS(epoll_pwait), SYS(eventfd), SYS(fallocate), SYS(eventfd2),
	SYS(epoll_create1), SYS(dup3), SYS(pipe2), SYS(preadv), SYS(pwritev), SYS(syncfs), SYS(renameat2),
	SYS(memfd_create), SYS(userfaultfd), SYS(copy_file_range), SYS(preadv2), SYS(pwritev2), SYS(statx), SYS(close_range),
	SYS(openat2), SYS(faccessat2), SYS(epoll_pwait2), SYS(setxattr), SYS(lsetxattr), SYS(fsetxattr),
	SYS(getxattr), SYS(lgetxattr), SYS(fgetxattr), SYS(listxattr), SYS(llistxattr), SYS(flistxattr),
	SYS(removexattr), SYS(lremovexattr), SYS(fremovexattr),

	/* sockets */
	SYS(socket), SYS(socketpair), SYS(bind), SYS(connect), SYS(listen), SYS(accept), SYS(accept4),
	SYS(getsockname), SYS(getpeername), SYS(shutdown), SYS(getsockopt), SYS(setsockopt), SYS(sendto),
	SYS(recvfrom), SYS(sendmsg), SYS(recvmsg), SYS(sendmmsg), SYS(recvmmsg),

	/* memory */
	SYS(mmap), SYS(mprotect), SYS(munmap), SYS(brk), SYS(mremap), SYS(msync), SYS(mincore), SYS(madvise),
	SYS(mlock), SYS(munlock), SYS(mlockall), SYS(munlockall), SYS(mlock2), SYS(process_madvise),
	SYS(process_mrelease), SYS(process_vm_readv), SYS(process_vm_writev), SYS(mbind),
	SYS(set_mempolicy), SYS(get_mempolicy), SYS(set_mempolicy_home_node), SYS(migrate_pages),
	SYS(move_pages),
	SYS(remap_file_pages), SYS(pkey_alloc), SYS(pkey_free), SYS(pkey_mprotect),

	/* System V IPC */
	SYS(shmget), SYS(shmat), SYS(shmdt), SYS(shmctl), SYS(semget), SYS(semop), SYS(semtimedop), SYS(semctl),
	SYS(msgget), SYS(msgsnd), SYS(msgrcv), SYS(msgctl),

	/* signals */
	SYS(rt_sigaction), SYS(rt_sigprocmask), SYS(rt_sigreturn), SYS(pause), SYS(kill), SYS(rt_sigpending),
	SYS(rt_sigtimedwait), SYS(rt_sigqueueinfo), SYS(rt_sigsuspend), SYS(sigaltstack), SYS(tkill), SYS(tgkill),
	SYS(rt_tgsigqueueinfo), SYS(restart_syscall), SYS(pidfd_open), SYS(pidfd_send_signal), SYS(pidfd_getfd), SYS(ptrace),

	/* processes */
	SYS(clone), SYS(fork), SYS(vfork), SYS(clone3), SYS(execve), SYS(execveat), SYS(exit), SYS(exit_group),
	SYS(wait4), SYS(waitid), SYS(unshare), SYS(set_tid_address), SYS(getpid), SYS(gettid), SYS(getppid),
	SYS(getpgrp), SYS(getpgid), SYS(getsid), SYS(setpgid), SYS(setsid), SYS(prctl), SYS(arch_prctl),
	SYS(personality), SYS(futex), SYS(set_robust_list), SYS(get_robust_list), SYS(membarrier),

	/* who may */
	SYS(getuid), SYS(getgid), SYS(geteuid), SYS(getegid), SYS(setuid), SYS(setgid), SYS(setreuid),
	SYS(setregid), SYS(getgroups), SYS(setgroups), SYS(setresuid), SYS(getresuid), SYS(setresgid),
	SYS(getresgid), SYS(setfsuid), SYS(setfsgid), SYS(capget), SYS(capset),

	/* scheduling, limits */
	SYS(sched_yield), SYS(getpriority), SYS(setpriority), SYS(sched_setparam), SYS(sched_getparam),
	SYS(sched_setscheduler), SYS(sched_getscheduler), SYS(sched_get_priority_max),
	SYS(sched_get_priority_min), SYS(sched_rr_get_interval), SYS(sched_setaffinity), SYS(sched_getaffinity),
	SYS(getcpu), SYS(ioprio_set), SYS(ioprio_get), SYS(getrlimit), SYS(setrlimit), SYS(prlimit64),
	SYS(getrusage), SYS(times),

	/* time */
	SYS(nanosleep), SYS(getitimer), SYS(alarm), SYS(setitimer), SYS(gettimeofday), SYS(settimeofday),
	SYS(time), SYS(timer_create), SYS(timer_settime), SYS(timer_gettime), SYS(timer_getoverrun),
	SYS(timer_delete), SYS(adjtimex), SYS(clock_adjtime), SYS(clock_settime), SYS(clock_gettime), SYS(clock_getres), SYS(clock_nanosleep),

	/* the system */
	SYS(uname), SYS(sysinfo), SYS(syslog), SYS(reboot), SYS(sethostname), SYS(setdomainname), SYS(getrandom),
};

static bool log_unknown;
static int set_log_unknown(const char *value)
{
	log_unknown = *value != '0';
	return 0;
}
CTL_PARAM("log_unknown_syscalls", set_log_unknown);

static __noinline long sys_ni_syscall(u64 nr)
{
	if (log_unknown)
		pr_info_ratelimited("unknown syscall %lu from %s[%d]\n", (unsigned long)nr, current->comm, current->pid);
	return -ENOSYS;
}

/* Out of line, so that do_syscall() keeps its few registers. */
static __noinline void trace_enter(const struct pt_regs *regs)
{
	TRACE(sys_enter, .id = regs->orig_rax,
	      .args = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 });
}
static __noinline void trace_exit(const struct pt_regs *regs)
{
	TRACE(sys_exit, .id = regs->orig_rax, .ret = regs->rax);
}

/* upcalls.h */
void do_syscall(struct pt_regs *regs)
{
	u64 nr;

	if (trace_enabled(sys_enter))
		trace_enter(regs);
	if (unlikely(test_tif(current, TIF_SYSCALL_WORK)) && !ptrace_syscall_enter(regs))
		goto out;
	nr = (u32)regs->orig_rax;	/* an int, whatever the register's upper half */
	if (likely(nr < NR_SYSCALLS && sys_call_table[nr]))
		regs->rax = sys_call_table[nr](regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);
	else
		regs->rax = sys_ni_syscall(nr);
out:
	if (unlikely(test_tif(current, TIF_SYSCALL_WORK)))
		ptrace_syscall_exit(regs);
	if (trace_enabled(sys_exit))
		trace_exit(regs);
}
