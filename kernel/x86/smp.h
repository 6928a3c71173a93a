/*
 * smp.h - bringing processors up, and making them do things.
 *
 * Idea: cross calls and TLB shootdowns go through one mechanism (cross.c): one
 *       call at a time in the system, a word of CPUs still to answer, an IPI.
 * Locks: LOCK_TLB. While a CPU waits for the lock or for answers it serves
 *        calls itself, so two callers with interrupts off cannot deadlock.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

#define TRAMPOLINE_PHYS 0x8000	/* a page of low memory; mm reserves it (memblock) */

struct task_struct;

/*
 * In order: after acpi_init(): counts CPUs (maxcpus=, nosmp); after memblock works: their areas
 * and stacks.
 */
void smp_count_cpus(void);
void setup_per_cpu_areas(void);
/*
 * cpu_up: starts processor @cpu (the next number) with @idle as its current task.
 * => @stack: idle's kernel stack, lowest address; idle's run queue is set up. Process context.
 * => 0 when it runs cpu_idle_loop(), -ENODEV if no further processor answers.
 */
int cpu_up(int cpu, struct task_struct *idle, unsigned long stack);
/* Logs the count. Afterwards boot's init memory may be freed. */
void smp_done(int nr_nodes);		/* all are up: gives the trampoline back, says how many */

/* Runs @fn(@arg) in the interrupt handler of each other online CPU in @mask, and on this one if it
 * is in it (interrupts off); returns when all have. */
void on_each_cpu_mask(u64 mask, void (*fn)(void *), void *arg);
void on_each_cpu(void (*fn)(void *), void *arg);
/* All other CPUs. @wait is kept for Linux's sake: it always waits. */
void smp_call_function(void (*fn)(void *), void *arg, bool wait);
void smp_send_reschedule(int cpu);
void smp_stop_others(void);		/* for panic and reboot: the others halt, for good */
void trigger_all_cpu_backtrace(void);	/* sysrq l: each CPU's registers and trace, by NMI */
u64 online_mask(void);
