/*
 * gdt.h - segments, the task state segment and the stacks it names.
 *
 * Idea: one GDT and TSS a CPU. The order of the selectors is SYSRET's
 *       (STAR + 8, STAR + 16: SDM vol. 3, 5.8.8) and Linux's, because signal
 *       frames and fault reports show them: user code 33, user data 2b.
 */
#pragma once

#include "kernel/lib/types.h"

#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER32_CS 0x23
#define USER_DS 0x2b
#define USER_CS 0x33
#define TSS_SELECTOR 0x40

/* Interrupt stacks: exceptions that may find any stack pointer. Each has a guard below. */
enum ist { IST_DF = 1, IST_NMI = 2, IST_MC = 3, IST_COUNT = 3 };
#define IST_STACK_SIZE 8192UL

/* what getcpu(3) reads on @cpu; from any CPU */
void gdt_set_node(int cpu, int node);
void gdt_init_cpu(int cpu);	/* this CPU's GDT, TSS, GS kept. => called on that CPU */
int ist_init_cpu(int cpu);	/* maps its interrupt stacks; before the CPU starts. 0 or -ENOMEM */
/* "DF" … if @rsp is on one of this CPU's, else NULL */
const char *ist_stack_name(unsigned long rsp);
bool ist_stack_bounds(unsigned long rsp, unsigned long *low, unsigned long *high);
/* where user mode's interrupts and system calls land */
void set_kernel_stack(unsigned long top);
