/*
 * dumpstack.h - registers and backtraces, in Linux's format.
 *
 * Idea: the kernel keeps frame pointers; entry.asm makes RBP = address of the
 *       pt_regs with bit 0 set, so a trace goes on through exceptions.
 * Locks: none; reads only memory that it has checked to be the stack's.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;
/* Return addresses from the frame at @rbp on; how many. Prints nothing: for NMIs. */
unsigned int save_stack_trace(unsigned long rbp, unsigned long *trace, unsigned int max);
/* CPU line, registers, and for kernel mode the call trace */
void show_regs(struct pt_regs *regs);
/* a sleeping task's trace: sysrq t */
void show_stack_of(unsigned long stack, unsigned long kernel_rsp);
/* An error of the kernel's own: "Oops: …", registers, panic. */
void die(const char *what, struct pt_regs *regs, long error_code) __noreturn;
/* The first function above the scheduler in a sleeping task: wchan. 0 if there is none. */
unsigned long stack_caller(unsigned long stack, unsigned long kernel_rsp, unsigned int depth);
