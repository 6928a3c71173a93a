/*
 * upcalls.h - what the machine expects from above: the whole list.
 *
 * Idea: x86 is layer 1 and may not call up; these plain functions are the
 *       exception that DESIGN.md section 2 allows. Who defines each is named.
 * Locks:  none held; interrupts as said.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/ptregs.h"

/*
 * mm/fault.c. Interrupts on if they were on in the faulting context. error_code: SDM vol. 3, 4.7.
 */
void do_page_fault(struct pt_regs *regs, unsigned long error_code, unsigned long address);
/* kernel/proc/syscall.c. Interrupts on. Leaves the result in regs->rax. */
void do_syscall(struct pt_regs *regs);
/*
 * kernel/proc/signal.c. Interrupts on; on the way back to user space with TIF work pending
 * (signals, resched).
 */
void exit_to_user_mode_work(struct pt_regs *regs);
enum trap_vector { TRAP_DB = 1, TRAP_GP = 13, TRAP_PF = 14, TRAP_MF = 16, TRAP_XF = 19 };
/*
 * kernel/proc/traps.c. A user-mode exception other than a page fault becomes a signal. Interrupts
 * on.
 */
void do_user_trap(struct pt_regs *regs, int vector, unsigned long error_code);
/* kernel/sched/timer.c. Each CPU's timer interrupt. Interrupts off. @user: it hit user mode. */
void scheduler_tick(bool user);
/*
 * kernel/sched/sched.c. A reschedule IPI, or the end of an interrupt in user mode:
 * TIF_NEED_RESCHED is set already.
 */
void scheduler_ipi(void);
/*
 * kernel/sched/sched.c: called by ret_from_fork with the task that ran before. Interrupts off on
 * entry, on at return.
 */
void schedule_tail(void *prev);
/* kernel/sched/sched.c: where an application processor goes when it is up. Does not return. */
void cpu_idle_loop(void) __noreturn;
/*
 * kernel/sched/task.c. Who runs, for a report's "PID: 103 Comm: big_mm"; *work: a worker's job or
 * NULL. Any context.
 */
void describe_current(kpid_t *pid, const char **comm, const char **work);
