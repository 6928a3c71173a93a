/*
 * sigcontext.h - what stands on the user's stack while a handler runs. Linux x86-64's.
 */
#pragma once

#include "kernel/abi/signal.h"
#include "kernel/lib/types.h"

/*
 * Magic numbers of the XSAVE area in a frame (struct fpx_sw_bytes at offset 464 of the FXSAVE
 * image).
 */
#define FP_XSTATE_MAGIC1 0x46505853U
#define FP_XSTATE_MAGIC2 0x46505845U
#define FP_XSTATE_MAGIC2_SIZE 4
struct fpx_sw_bytes {
	u32 magic1;
	u32 extended_size;	/* of the whole area, MAGIC2 included */
	u64 xfeatures;
	u32 xstate_size;
	u32 padding[7];
};

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;		/* user address of the FPU image, 64-byte aligned; 0: none */
	u64 reserved1[8];
};

#define UC_FP_XSTATE 1UL
#define UC_SIGCONTEXT_SS 2UL
#define UC_STRICT_RESTORE_SS 4UL
struct ucontext {
	unsigned long uc_flags;
	u64 uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
};

struct rt_sigframe {
	u64 pretcode;		/* the handler returns here: sa_restorer */
	struct ucontext uc;
	struct siginfo info;
};

_Static_assert(sizeof(struct sigcontext) == 256, "sigcontext");
_Static_assert(sizeof(struct ucontext) == 304, "ucontext");
_Static_assert(sizeof(struct fpx_sw_bytes) == 48, "fpx_sw_bytes");
