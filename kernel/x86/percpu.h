/*
 * percpu.h - one copy of a variable for each CPU, reached through GS.
 *
 * Idea: variables in section .percpu are a template. Each CPU gets a copy at
 *       boot, and GS.base holds (copy - template), so %gs:variable is this
 *       CPU's own in one instruction, atomic against interrupts on this CPU.
 *       The boot CPU's copy is the template itself (GS.base 0) from the start.
 * Locks:  none. this_cpu_ptr() is stable only while the task cannot migrate:
 *         in the kernel a task moves only where it sleeps.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

#define DEFINE_PER_CPU(type, name) __section(".percpu") typeof(type) name
#define DECLARE_PER_CPU(type, name) extern __section(".percpu") typeof(type) name

extern unsigned long percpu_offset[MAX_CPUS];	/* c: copy - template */
DECLARE_PER_CPU(unsigned long, this_percpu_offset);
DECLARE_PER_CPU(int, cpu_number);
DECLARE_PER_CPU(int, numa_node);	/* c: its memory node; mm/numa.c */

#define this_cpu_read(var)                                                     \
	({ typeof(var) pcp_val;                                                \
	   __asm__ volatile("mov %%gs:%1, %0" : "=r"(pcp_val) : "m"(var));     \
	   pcp_val; })
#define this_cpu_write(var, val)                                               \
	do { typeof(var) pcp_val = (val);                                      \
	     __asm__ volatile("mov %1, %%gs:%0" : "=m"(var) : "r"(pcp_val) : "memory"); \
	} while (0)
/* For 4- and 8-byte integers; atomic against this CPU's interrupts. */
#define this_cpu_add(var, val)                                                 \
	do { typeof(var) pcp_val = (val);                                      \
	     __asm__ volatile("add %1, %%gs:%0" : "+m"(var) : "r"(pcp_val) : "memory", "cc"); \
	} while (0)
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_add(var, -1)
#define this_cpu_ptr(var) \
	((typeof(var) *)((unsigned long)&(var) + this_cpu_read(this_percpu_offset)))
#define per_cpu_ptr(var, cpu) \
	((typeof(var) *)((unsigned long)&(var) + percpu_offset[cpu]))
#define per_cpu(var, cpu) (*per_cpu_ptr(var, cpu))

static inline int smp_processor_id(void) { return this_cpu_read(cpu_number); }
static inline int numa_node_id(void) { return this_cpu_read(numa_node); }
static inline int cpu_to_node(int cpu) { return per_cpu(numa_node, cpu); }

extern int nr_cpus;			/* c: CPUs that came up (after smp_init) */
/* c: CPUs in the MADT, at most MAX_CPUS, maxcpus= applied */
extern int nr_cpus_possible;
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpus; (cpu)++)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpus_possible; (cpu)++)
