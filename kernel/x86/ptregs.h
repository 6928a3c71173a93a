/*
 * ptregs.h - the registers of user space (or of an interrupted kernel), as
 *            entry.asm pushes them. Linux's struct pt_regs.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	/* system call number, -1 for an exception or interrupt; error code on entry */
	u64 orig_rax;
	u64 rip, cs, rflags, rsp, ss;	/* pushed by the CPU: SDM vol. 3, 6.14 */
};

/* What a program has put into its data segment registers: nothing, as a rule. */
union user_segments {
	struct {
		u16 ds, es, fs, gs;
	};
	u64 all;
};

static inline bool user_mode(const struct pt_regs *regs) { return (regs->cs & 3) == 3; }
