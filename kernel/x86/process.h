/*
 * process.h - the machine's part of a task: its kernel stack's first frame,
 *             the switch, user segments' bases.
 *
 * Idea: a new task's stack is laid out so that switch_to() "returns" into
 *       ret_from_fork, which runs schedule_tail() and then either the kernel
 *       thread's function or the return to user space by the pt_regs at the top.
 *
 *         stack + 16 KiB  +----------------+
 *                         | pt_regs        |  stack_pt_regs()
 *                         | ret_from_fork  |
 *                         | rbp … r15      |  <- kernel_rsp
 *                         +----------------+
 * Locks: none; the caller owns the task.
 * Above: kernel/sched/sched.c switches, kernel/proc/fork.c creates.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/ptregs.h"

struct task_struct;
struct fpu_state;

/*
 * The first fields of struct task_struct, all that layer 1 knows of it (asserted in
 * asm-offsets.c.in).
 */
struct thread_head {
	unsigned long kernel_rsp;
	unsigned long stack;
	_Atomic unsigned int tif;
	int preempt_depth;
};

DECLARE_PER_CPU(struct task_struct *, current_task);
static inline struct thread_head *current_thread(void)
{
	return (struct thread_head *)this_cpu_read(current_task);
}

#define KSTACK_SIZE (KSTACK_PAGES * PAGE_SIZE)
extern char boot_stack[KSTACK_SIZE];	/* init_task's stack */

/* The user registers of the task whose stack starts at @stack (task->stack). */
static inline struct pt_regs *stack_pt_regs(unsigned long stack)
{
	return (struct pt_regs *)(stack + KSTACK_SIZE) - 1;
}
#define task_pt_regs(t) stack_pt_regs((t)->stack)
#define current_pt_regs() stack_pt_regs(current_thread()->stack)

/*
 * The first frame of a new task on the stack at @stack; returns its kernel_rsp.
 * fork_frame:    a copy of @regs with rax 0, and rsp @user_sp if that is not 0.
 * kthread_frame: runs fn(arg). If fn returns, the task goes to user space by its
 *                pt_regs (start_thread() must have filled them), so a thread that has none must
 *                exit.
 */
unsigned long fork_frame(unsigned long stack, const struct pt_regs *regs, unsigned long user_sp);
unsigned long kthread_frame(unsigned long stack, int (*fn)(void *), void *arg);

/* execve: clears the registers and sets where user space starts. */
void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp);

/*
 * switch_to: saves @prev's callee-saved registers, sets current_task, TSS and system-call
 * stack to @next's, and returns - as @next - the task that ran before it.
 * => interrupts off. FS/GS, FPU and CR3 are switched beforehand: save_user_state(),
 * load_user_state(), switch_tlb_context().
 */
struct task_struct *switch_to(struct task_struct *prev, struct task_struct *next);

/*
 * What the switch needs besides the stack: user's segments, their bases and the FPU. While no
 * program's state is loaded the data segment registers are 0.
 * => interrupts off. NULL fpu: a kernel thread, nothing of it is saved or loaded.
 */
void save_user_state(unsigned long *fs_base, unsigned long *gs_base, union user_segments *segments,
		     struct fpu_state *fpu);
void load_user_state(unsigned long fs_base, unsigned long gs_base, union user_segments segments,
		     struct fpu_state *fpu);
/* the data segment registers of this CPU, now: read; all emptied (the bases may be lost) */
union user_segments get_user_segments(void);
void clear_user_segments(void);
/*
 * arch_prctl, execve: the registers of this CPU, now. Setting a base empties its selector.
 * => user canonical (< TASK_SIZE)
 */
void set_user_fs_base(unsigned long base);
void set_user_gs_base(unsigned long base);
unsigned long get_user_fs_base(void);
unsigned long get_user_gs_base(void);
