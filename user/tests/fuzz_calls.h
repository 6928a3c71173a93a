/*
 * fuzz_calls.h - the system calls and what their arguments are, a letter each, for fuzz.c:
 *
 *   f descriptor   d directory's descriptor   P any path   W a path of the lives' own   b plain buffer   l its length
 *   m page of memory   L pages' length   o offset   F flags   n small number   k pid of the family   S signal   s 8
 *   T timespec   U timeval   G itimerspec   v iovec   c how many   M msghdr   A socket address   a its length   i int
 *   O open flags   r ioctl   E epoll_event   Q pollfds   V argv   H open_how   X clone_args   g clone flags   y file system
 *   z zero   x anything
 */
#pragma once

#include <sys/syscall.h>

struct call {
	long nr;
	const char *types;
	char nobody_only, opens, rare;	/* root could end the test; gives a descriptor of a path; ends or replaces a life */
};

#define C(name, types) { SYS_##name, types, 0, 0, 0 }
#define NOBODY(name, types) { SYS_##name, types, 1, 0, 0 }
#define OPENS(name, types) { SYS_##name, types, 0, 1, 0 }
#define RARE(name, types) { SYS_##name, types, 0, 0, 1 }
#define N(nr, types) { nr, types, 0, 0, 0 }

static const struct call calls[] = {
	/* files */
	C(read, "fbl"), C(write, "fbl"), OPENS(open, "POx"), RARE(close, "f"), C(stat, "Pb"), C(fstat, "fb"), C(lstat, "Pb"), C(poll, "Qcn"),
	C(lseek, "fon"), C(ioctl, "frb"), C(pread64, "fblo"), C(pwrite64, "fblo"), C(readv, "fvc"), C(writev, "fvc"), C(access, "Pn"),
	C(pipe, "b"), C(select, "nbbbU"), C(dup, "f"), C(dup2, "ff"), C(sendfile, "ffzl"), C(fcntl, "fnx"), C(fcntl, "fnf"), C(flock, "fn"),
	C(fsync, "f"), C(fdatasync, "f"), C(truncate, "Wo"), C(ftruncate, "fo"), C(getdents, "fbl"), C(getdents64, "fbl"), C(getcwd, "bl"),
	C(chdir, "W"), C(fchdir, "f"), C(rename, "WW"), C(mkdir, "Wx"), C(rmdir, "W"), OPENS(creat, "Px"), C(link, "WW"), C(unlink, "W"),
	C(symlink, "WW"), C(readlink, "Pbl"), C(chmod, "Wx"), C(fchmod, "fx"), C(chown, "Wnn"), C(fchown, "fnn"), C(lchown, "Wnn"),
	C(umask, "z"), C(utime, "Wb"), C(mknod, "Wxx"), C(statfs, "Pb"), C(fstatfs, "fb"), NOBODY(pivot_root, "WW"), RARE(chroot, "W"),
	RARE(sync, ""), C(mount, "WWyFz"), C(mount, "WWyFb"), C(umount2, "Wn"), NOBODY(swapon, "PF"), NOBODY(swapoff, "P"),
	C(readahead, "fol"), C(fadvise64, "foln"), C(epoll_create, "n"), C(epoll_wait, "fbcn"), C(epoll_ctl, "fnfE"), C(utimes, "WU"),
	OPENS(openat, "dPOx"), C(mkdirat, "dWx"), C(mknodat, "dWxx"), C(fchownat, "dWnnF"), C(futimesat, "dWU"), C(newfstatat, "dPbF"),
	C(unlinkat, "dWF"), C(renameat, "dWdW"), C(linkat, "dWdWF"), C(symlinkat, "WdW"), C(readlinkat, "dPbl"), C(fchmodat, "dWx"),
	C(faccessat, "dPn"), C(pselect6, "nbbbTb"), C(ppoll, "QcTbs"), C(splice, "fzfzlF"), C(splice, "fififl"), C(tee, "fflF"),
	C(vmsplice, "fvcF"), C(timerfd_create, "nF"), C(timerfd_settime, "fnGb"), C(timerfd_gettime, "fb"), C(signalfd, "fbs"),
	C(signalfd4, "fbsF"), C(inotify_init, ""), C(inotify_init1, "F"), C(inotify_add_watch, "fPF"), C(inotify_rm_watch, "fn"),
	C(sync_file_range, "folF"), C(utimensat, "dWTF"), C(epoll_pwait, "fbcnbs"), C(eventfd, "n"), C(eventfd2, "nF"),
	C(fallocate, "fFol"), C(epoll_create1, "F"), C(dup3, "ffF"), C(pipe2, "bF"), C(preadv, "fvcoz"), C(pwritev, "fvcoz"),
	C(preadv2, "fvcozF"), C(pwritev2, "fvcozF"), C(syncfs, "f"), C(renameat2, "dWdWF"), C(memfd_create, "bF"), C(userfaultfd, "F"),
	C(copy_file_range, "fififl"), C(copy_file_range, "fzfzlz"), C(statx, "dPFxb"), RARE(close_range, "ffF"), OPENS(openat2, "dPHn"),
	N(439, "dPnF"), C(setxattr, "Wbbln"), C(fsetxattr, "fbbln"), C(getxattr, "Pbbl"), C(listxattr, "Pbl"), C(removexattr, "Wb"),
	N(441 /* epoll_pwait2 */, "fbcTbs"), N(437, "dWHn"),
	/* sockets */
	C(socket, "nnz"), C(socketpair, "nnzb"), C(bind, "fAa"), C(connect, "fAa"), C(connect, "fAa"), C(listen, "fn"), C(accept, "fbi"),
	C(accept4, "fbiF"), C(getsockname, "fbi"), C(getpeername, "fbi"), C(shutdown, "fn"), C(getsockopt, "fnnbi"), C(setsockopt, "fnnbl"),
	C(sendto, "fblFAa"), C(sendto, "fblFzz"), C(recvfrom, "fblFbi"), C(sendmsg, "fMF"), C(sendmsg, "fMF"), C(recvmsg, "fMF"), C(recvmsg, "fMF"),
	C(sendmmsg, "fMcF"), C(recvmmsg, "fMcFT"),
	/* memory */
	C(mmap, "mLnFfo"), C(mmap, "mLnFfo"), C(mprotect, "mLn"), C(munmap, "mL"), C(brk, "x"), C(mremap, "mLLnm"), C(msync, "mLn"),
	C(mincore, "mLb"), C(madvise, "mLn"), C(mlock, "mL"), C(munlock, "mL"), C(mlockall, "n"), C(munlockall, ""), C(mlock2, "mLn"),
	N(440, "fvcnz"), N(448, "fz"), C(process_vm_readv, "kvcvcz"), C(process_vm_writev, "kvcvcz"), C(mbind, "mLnblF"),
	C(set_mempolicy, "nbn"), C(get_mempolicy, "bblmF"), N(450, "mLnz"), C(migrate_pages, "klbb"), C(move_pages, "kcbbbF"),
	C(remap_file_pages, "mLzoF"), C(pkey_alloc, "Fn"), C(pkey_free, "n"), C(pkey_mprotect, "mLnn"),
	/* System V IPC */
	C(shmget, "nLx"), C(shmat, "nmF"), C(shmdt, "m"), C(shmctl, "nnb"), C(semget, "nnx"), C(semop, "nbc"), C(semtimedop, "nbcT"),
	C(semctl, "nnnb"), C(msgget, "nx"), C(msgsnd, "nblF"), C(msgrcv, "nblnF"), C(msgctl, "nnb"),
	/* signals */
	C(rt_sigaction, "Szbs"), C(rt_sigaction, "Sbbs"), C(rt_sigprocmask, "nbbs"), RARE(rt_sigreturn, ""), RARE(pause, ""), C(rt_sigpending, "bs"),
	C(rt_sigtimedwait, "bbTs"), C(rt_sigqueueinfo, "kSb"), RARE(rt_sigsuspend, "bs"), C(sigaltstack, "bb"), RARE(kill, "kS"), RARE(tkill, "kS"),
	RARE(tgkill, "kkS"), C(rt_tgsigqueueinfo, "kkSb"), C(restart_syscall, ""), N(434, "kz"), N(424, "fSbz"), N(438, "ffz"),
	C(ptrace, "nkmb"), C(ptrace, "nkbb"), { SYS_ptrace, "xkxb", 0, 0, 0 },
	/* processes */
	RARE(clone, "gzbbz"), RARE(clone, "gmbbb"), RARE(fork, ""), RARE(vfork, ""), { 435 /* clone3 */, "Xl", 0, 0, 1 }, RARE(execve, "PVV"),
	RARE(execveat, "dPVVF"), RARE(exit, "n"), RARE(exit_group, "n"), C(wait4, "kbFb"), C(waitid, "nkbFb"), C(unshare, "g"),
	C(set_tid_address, "b"), C(getpid, ""), C(gettid, ""), C(getppid, ""), C(getpgrp, ""), C(getpgid, "k"), C(getsid, "k"),
	C(setpgid, "kk"), RARE(setsid, ""), C(prctl, "nxxxx"), C(arch_prctl, "xx"), C(personality, "F"), C(futex, "bnnTbn"), C(futex, "bnnxbn"),
	C(set_robust_list, "bl"), C(get_robust_list, "kbb"), C(membarrier, "Fnn"),
	/* who may: root stays root, or nothing is tried as root any more */
	C(getuid, ""), C(getresuid, "bbb"), C(getresgid, "bbb"), C(getgroups, "nb"), NOBODY(setuid, "n"), NOBODY(setgid, "n"), NOBODY(setreuid, "nn"),
	NOBODY(setregid, "nn"), NOBODY(setresuid, "nnn"), NOBODY(setresgid, "nnn"), C(setgroups, "nb"), RARE(setfsuid, "n"), RARE(setfsgid, "n"),
	C(capget, "bb"), RARE(capset, "bb"),
	/* scheduling, limits */
	C(sched_yield, ""), C(getpriority, "nk"), C(setpriority, "nkn"), C(sched_setparam, "kb"), C(sched_getparam, "kb"),
	NOBODY(sched_setscheduler, "knb"), C(sched_getscheduler, "k"), C(sched_get_priority_max, "n"), C(sched_rr_get_interval, "kb"),
	C(sched_setaffinity, "klb"), C(sched_getaffinity, "klb"), C(getcpu, "bbz"), C(ioprio_set, "nkn"), C(ioprio_get, "nk"),
	C(getrlimit, "nb"), NOBODY(setrlimit, "nb"), C(prlimit64, "knzb"), NOBODY(prlimit64, "knbb"), C(getrusage, "nb"), C(times, "b"),
	/* time */
	C(nanosleep, "Tb"), C(getitimer, "nb"), RARE(alarm, "n"), C(setitimer, "nbb"), C(gettimeofday, "bb"), NOBODY(settimeofday, "bb"), C(time, "b"),
	C(timer_create, "nbb"), C(timer_settime, "nnGb"), C(timer_gettime, "nb"), C(timer_getoverrun, "n"), C(timer_delete, "n"),
	NOBODY(adjtimex, "b"), NOBODY(clock_adjtime, "nb"), NOBODY(clock_settime, "nT"), C(clock_gettime, "nb"), C(clock_getres, "nb"),
	C(clock_nanosleep, "nnTb"),
	/* the system */
	C(uname, "b"), C(sysinfo, "b"), NOBODY(syslog, "nbl"), NOBODY(reboot, "xxxx"), C(sethostname, "bl"), C(setdomainname, "bl"),
	C(getrandom, "blF"),
};
