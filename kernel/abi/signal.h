/*
 * signal.h - signals as programs see them: numbers, siginfo, sigaction. Linux x86-64's.
 */
#pragma once

#include "kernel/lib/types.h"

#define NSIG 64
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPOLL SIGIO
#define SIGPWR 30
#define SIGSYS 31
#define SIGRTMIN 32
#define SIGRTMAX NSIG

typedef void (*sighandler_t)(int);
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 0x00000001UL
#define SA_NOCLDWAIT 0x00000002UL
#define SA_SIGINFO 0x00000004UL
#define SA_UNSUPPORTED 0x00000400UL
#define SA_EXPOSE_TAGBITS 0x00000800UL
#define SA_RESTORER 0x04000000UL
#define SA_ONSTACK 0x08000000UL
#define SA_RESTART 0x10000000UL
#define SA_NODEFER 0x40000000UL
#define SA_RESETHAND 0x80000000UL
#define SA_NOMASK SA_NODEFER
#define SA_ONESHOT SA_RESETHAND

typedef u64 sigset_t;		/* bit n-1: signal n */

/* What rt_sigaction(2) reads and writes; handler and restorer are user addresses. */
struct sigaction {
	sighandler_t sa_handler;
	unsigned long sa_flags;
	unsigned long sa_restorer;
	sigset_t sa_mask;
};
struct k_sigaction {
	struct sigaction sa;
};

/* sigaltstack(2) */
typedef struct sigaltstack {
	unsigned long ss_sp;
	int ss_flags;
	size_t ss_size;
} stack_t;
#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1U << 31)
#define MINSIGSTKSZ 2048

typedef union sigval {
	int sival_int;
	void *sival_ptr;
} sigval_t;

#define SI_MAX_SIZE 128
/* 128 bytes. Which members are filled depends on si_code and si_signo: sigaction(2). */
typedef struct siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	int si_pad0;
	union {
		int si_pad[28];
		struct {			/* kill, queue, child, timer */
			union { int si_pid; int si_tid; };
			union { u32 si_uid; int si_overrun; };
			union {
				sigval_t si_value;
				int si_int;
				void *si_ptr;
				struct {
					int si_status;
					long si_utime, si_stime;	/* clock ticks */
				};
			};
		};
		struct {			/* fault */
			void *si_addr;
			union {
				short si_addr_lsb;
				struct { int si_pad1[2]; void *si_lower, *si_upper; };
				u32 si_pkey;
			};
		};
		struct {			/* poll */
			long si_band;
			int si_fd;
		};
		struct {			/* seccomp, SIGSYS */
			void *si_call_addr;
			int si_syscall;
			u32 si_arch;
		};
	};
} siginfo_t;

/* si_code: > 0 from the kernel for a reason, <= 0 from a process. */
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_ASYNCIO (-4)
#define SI_SIGIO (-5)
#define SI_TKILL (-6)
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define FPE_FLTUNK 14
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define SEGV_BNDERR 3
#define SEGV_PKUERR 4
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define BUS_MCEERR_AR 4
#define BUS_MCEERR_AO 5
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define TRAP_BRANCH 3
#define TRAP_HWBKPT 4
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6
#define SYS_SECCOMP 1

/* timer_create(2) */
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4
typedef struct sigevent {
	sigval_t sigev_value;
	int sigev_signo;
	int sigev_notify;
	union {
		int sigev_pad[12];
		int sigev_notify_thread_id;
	};
} sigevent_t;

_Static_assert(sizeof(struct siginfo) == SI_MAX_SIZE, "siginfo is 128 bytes");
_Static_assert(offsetof(struct siginfo, si_status) == 24, "siginfo: child");
_Static_assert(offsetof(struct siginfo, si_utime) == 32, "siginfo: child times");
_Static_assert(offsetof(struct siginfo, si_lower) == 32, "siginfo: bounds");
