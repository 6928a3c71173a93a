/* wait.h - wait4(2) and waitid(2). Linux's. */
#pragma once

#define WNOHANG 0x1
#define WUNTRACED 0x2
#define WSTOPPED WUNTRACED
#define WEXITED 0x4
#define WCONTINUED 0x8
#define WNOWAIT 0x1000000
#define __WNOTHREAD 0x20000000	/* children of this thread only */
#define __WALL 0x40000000
#define __WCLONE 0x80000000U	/* children whose exit signal is not SIGCHLD */
#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3
