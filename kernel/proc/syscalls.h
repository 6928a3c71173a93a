/*
 * syscalls.h - kernel/proc's system calls, for the table (and for each other).
 *
 * All: the result, or -errno; arguments as Linux x86-64 passes them.
 */
#pragma once

#include "kernel/abi/signal.h"
#include "kernel/lib/types.h"

struct cap_user_data;
struct cap_user_header;
struct clone_args;
struct itimerspec;
struct itimerval;
struct new_utsname;
struct rlimit;
struct robust_list_head;
struct rusage;
struct sched_param;
struct siginfo;
struct sysinfo;
struct timespec;
struct timeval;
struct timezone;
struct tms;

/* fork.c */
long sys_ptrace(long request, long pid, unsigned long addr, unsigned long data);
long sys_fork(void);
long sys_vfork(void);
long sys_clone(unsigned long flags, unsigned long stack, int __user *parent_tid,
	       int __user *child_tid, unsigned long tls);
long sys_clone3(struct clone_args __user *uargs, size_t size);
long sys_set_tid_address(int __user *tidptr);
long sys_unshare(unsigned long flags);
/* exec.c */
long sys_execveat(int dfd, const char __user *upath, const char __user *const __user *argv,
		  const char __user *const __user *envp, int flags);
long sys_execve(const char __user *path, const char __user *const __user *argv,
		const char __user *const __user *envp);
/* exit.c */
long sys_exit(int code) __noreturn;
long sys_exit_group(int code) __noreturn;
/* wait.c */
long sys_wait4(kpid_t upid, int __user *status, int options, struct rusage __user *ru);
long sys_waitid(int which, kpid_t upid, struct siginfo __user *uinfo, int options,
		struct rusage __user *ru);
/* sigcalls.c */
long sys_rt_sigaction(int sig, const struct sigaction __user *uact, struct sigaction __user *uold,
		      size_t size);
long sys_rt_sigprocmask(int how, const sigset_t __user *uset, sigset_t __user *uold, size_t size);
long sys_rt_sigpending(sigset_t __user *uset, size_t size);
long sys_rt_sigtimedwait(const sigset_t __user *uset, struct siginfo __user *uinfo,
			 const struct timespec __user *uts, size_t size);
long sys_pause(void);
long sys_rt_sigsuspend(const sigset_t __user *uset, size_t size);
long sys_restart_syscall(void);
/* sigframe.c */
long sys_rt_sigreturn(void);
long sys_sigaltstack(const stack_t __user *uss, stack_t __user *uold);
/* kill.c */
long sys_kill(kpid_t pid, int sig);
long sys_tkill(kpid_t pid, int sig);
long sys_tgkill(kpid_t tgid, kpid_t pid, int sig);
long sys_rt_sigqueueinfo(kpid_t pid, int sig, const struct siginfo __user *uinfo);
long sys_rt_tgsigqueueinfo(kpid_t tgid, kpid_t pid, int sig, const struct siginfo __user *uinfo);
/* For pidfds: as kill(2) would fill it. */
void fill_kill_info(struct siginfo *info, int sig, int code);
/* With kill(2)'s permission check, to the process of @t (a reference). 0, -EPERM, -EINVAL, -ESRCH */
struct task_struct;
int kill_task_info(int sig, const struct siginfo *info, struct task_struct *t);
/* pidfd.c */
long sys_pidfd_open(kpid_t pid, unsigned int flags);
long sys_pidfd_send_signal(int pidfd, int sig, const struct siginfo __user *uinfo,
			   unsigned int flags);
long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags);
/* process_mm.c */
struct iovec;
long sys_process_madvise(int pidfd, const struct iovec __user *uvec, size_t n, int advice,
			 unsigned int flags);
long sys_process_mrelease(int pidfd, unsigned int flags);
long sys_process_vm_readv(kpid_t pid, const struct iovec __user *lvec, unsigned long ln,
			  const struct iovec __user *rvec, unsigned long rn, unsigned long flags);
long sys_process_vm_writev(kpid_t pid, const struct iovec __user *lvec, unsigned long ln,
			   const struct iovec __user *rvec, unsigned long rn, unsigned long flags);
/* futex.c */
long sys_futex(u32 __user *uaddr, int op, u32 val, unsigned long arg4, u32 __user *uaddr2,
	       u32 val3);
long sys_set_robust_list(struct robust_list_head __user *head, size_t len);
long sys_get_robust_list(int pid, void __user *__user *head, size_t __user *len);
/* setid.c */
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(kuid_t uid);
long sys_setreuid(kuid_t ruid, kuid_t euid);
long sys_setresuid(kuid_t ruid, kuid_t euid, kuid_t suid);
long sys_setgid(kgid_t gid);
long sys_setregid(kgid_t rgid, kgid_t egid);
long sys_setresgid(kgid_t rgid, kgid_t egid, kgid_t sgid);
long sys_getresuid(kuid_t __user *r, kuid_t __user *e, kuid_t __user *s);
long sys_getresgid(kgid_t __user *r, kgid_t __user *e, kgid_t __user *s);
long sys_setfsuid(kuid_t uid);
long sys_setfsgid(kgid_t gid);
long sys_getgroups(int size, kgid_t __user *list);
long sys_setgroups(int size, const kgid_t __user *list);
/* caps.c */
long sys_capget(struct cap_user_header __user *uheader, struct cap_user_data __user *data);
long sys_capset(struct cap_user_header __user *uheader, const struct cap_user_data __user *data);
/* rlimit.c */
long sys_getrusage(int who, struct rusage __user *ur);
long sys_times(struct tms __user *ubuf);
long sys_getrlimit(unsigned int resource, struct rlimit __user *ur);
long sys_setrlimit(unsigned int resource, const struct rlimit __user *ur);
long sys_prlimit64(kpid_t pid, unsigned int resource, const struct rlimit __user *unew,
		   struct rlimit __user *uold);
/* time.c */
long sys_clock_gettime(int clock, struct timespec __user *uts);
long sys_clock_settime(int clock, const struct timespec __user *uts);
long sys_clock_getres(int clock, struct timespec __user *uts);
long sys_gettimeofday(struct timeval __user *utv, struct timezone __user *utz);
long sys_settimeofday(const struct timeval __user *utv, const struct timezone __user *utz);
long sys_time(s64 __user *ut);
long sys_nanosleep(const struct timespec __user *req, struct timespec __user *rem);
long sys_clock_nanosleep(int clock, int flags, const struct timespec __user *req,
			 struct timespec __user *rem);
/* posix_timers.c */
long sys_getitimer(int which, struct itimerval __user *uvalue);
long sys_setitimer(int which, const struct itimerval __user *uvalue, struct itimerval __user *uold);
long sys_alarm(unsigned int seconds);
long sys_timer_create(int clock, sigevent_t __user *uevent, int __user *uid);
long sys_timer_delete(int id);
long sys_timer_gettime(int id, struct itimerspec __user *uvalue);
long sys_timer_getoverrun(int id);
long sys_timer_settime(int id, int flags, const struct itimerspec __user *uvalue,
		       struct itimerspec __user *uold);
/* sys_sched.c */
long sys_sched_yield(void);
long sys_getcpu(unsigned int __user *cpu, unsigned int __user *node, void __user *cache);
long sys_sched_setaffinity(kpid_t pid, unsigned int len, const u64 __user *umask);
long sys_sched_getaffinity(kpid_t pid, unsigned int len, u64 __user *umask);
long sys_setpriority(int which, int who, int nice);
long sys_getpriority(int which, int who);
long sys_sched_setscheduler(kpid_t pid, int policy, const struct sched_param __user *uparam);
long sys_sched_setparam(kpid_t pid, const struct sched_param __user *uparam);
long sys_sched_getscheduler(kpid_t pid);
long sys_sched_getparam(kpid_t pid, struct sched_param __user *uparam);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(kpid_t pid, struct timespec __user *uts);
long sys_ioprio_set(int which, int who, int ioprio);
long sys_ioprio_get(int which, int who);
/* sys_mm.c */
long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      unsigned long fd, unsigned long offset);
long sys_munmap(unsigned long addr, size_t len);
long sys_mprotect(unsigned long start, size_t len, unsigned long prot);
long sys_brk(unsigned long brk);
long sys_madvise(unsigned long start, size_t len, int advice);
long sys_mlock(unsigned long start, size_t len);
long sys_munlock(unsigned long start, size_t len);
long sys_mlockall(int flags);
long sys_munlockall(void);
long sys_mincore(unsigned long start, size_t len, u8 __user *vec);
long sys_msync(unsigned long start, size_t len, int flags);
long sys_mlock2(unsigned long start, size_t len, int flags);
long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr);
long sys_remap_file_pages(unsigned long start, size_t size, unsigned long prot, unsigned long pgoff,
			  unsigned long flags);
long sys_pkey_alloc(unsigned int flags, unsigned long rights);
long sys_pkey_free(int key);
long sys_pkey_mprotect(unsigned long start, size_t len, unsigned long prot, int key);
/* timex.c */
struct timex;
long sys_adjtimex(struct timex __user *utx);
long sys_clock_adjtime(int clock, struct timex __user *utx);
/* shm.c */
long sys_shmget(int key, size_t size, int flags);
long sys_shmat(int id, unsigned long addr, int flags);
long sys_shmdt(unsigned long addr);
long sys_shmctl(int id, int cmd, void __user *buf);
/* sem.c */
struct sembuf;
long sys_semget(int key, int nsems, int flags);
long sys_semop(int id, const struct sembuf __user *uops, size_t nsops);
long sys_semtimedop(int id, const struct sembuf __user *uops, size_t nsops,
		    const struct timespec __user *uts);
long sys_semctl(int id, int semnum, int cmd, unsigned long arg);
/* msg.c */
long sys_msgget(int key, int flags);
long sys_msgsnd(int id, const void __user *umsg, size_t size, int flags);
kssize_t sys_msgrcv(int id, void __user *umsg, size_t size, long type, int flags);
long sys_msgctl(int id, int cmd, void __user *buf);
/* sys_numa.c */
long sys_set_mempolicy(int mode, const u64 __user *umask, unsigned long maxnode);
long sys_get_mempolicy(int __user *upolicy, u64 __user *umask, unsigned long maxnode,
		       unsigned long addr, unsigned long flags);
long sys_mbind(unsigned long start, unsigned long len, unsigned long mode, const u64 __user *umask,
	       unsigned long maxnode, unsigned int flags);
long sys_set_mempolicy_home_node(unsigned long start, unsigned long len, unsigned long home_node,
				 unsigned long flags);
long sys_migrate_pages(kpid_t pid, unsigned long maxnode, const u64 __user *ufrom,
		       const u64 __user *uto);
long sys_move_pages(kpid_t pid, unsigned long nr, const u64 __user *pages, const int __user *nodes,
		    int __user *status, int flags);
/* sys_pids.c */
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_getpgrp(void);
long sys_getpgid(kpid_t pid);
long sys_getsid(kpid_t pid);
long sys_setpgid(kpid_t pid, kpid_t pgid);
long sys_setsid(void);
/* prctl.c */
long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5);
long sys_arch_prctl(int option, unsigned long arg2);
long sys_personality(unsigned int personality);
/* sys_misc.c */
long sys_uname(struct new_utsname __user *name);
long sys_sethostname(const char __user *name, int len);
long sys_setdomainname(const char __user *name, int len);
long sys_sysinfo(struct sysinfo __user *uinfo);
long sys_getrandom(char __user *buf, size_t len, unsigned int flags);
long sys_reboot(int magic1, int magic2, unsigned int cmd, void __user *arg);
long sys_syslog(int type, char __user *buf, int len);
long sys_membarrier(int cmd, unsigned int flags, int cpu);
