/*
 * percpu.h - one copy of a variable for each CPU, of the unit tests' machine.
 *
 * Idea: as kernel/x86/percpu.h, with a variable in place of GS: host_cpu says
 *       which CPU the test plays at the moment (host_run_on()).
 * Locks: none: there is one thread.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

#define DEFINE_PER_CPU(type, name) __section(".percpu") typeof(type) name
#define DECLARE_PER_CPU(type, name) extern __section(".percpu") typeof(type) name

extern unsigned long percpu_offset[MAX_CPUS];
extern int host_cpu;
static inline int smp_processor_id(void) { return host_cpu; }

#define per_cpu_ptr(var, cpu) ((typeof(var) *)((unsigned long)&(var) + percpu_offset[cpu]))
#define per_cpu(var, cpu) (*per_cpu_ptr(var, cpu))
#define this_cpu_ptr(var) per_cpu_ptr(var, host_cpu)
#define this_cpu_read(var) (*this_cpu_ptr(var))
#define this_cpu_write(var, val) ((void)(*this_cpu_ptr(var) = (val)))
#define this_cpu_add(var, val) ((void)(*this_cpu_ptr(var) += (val)))
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_add(var, -1)

DECLARE_PER_CPU(int, numa_node);
static inline int numa_node_id(void) { return this_cpu_read(numa_node); }
static inline int cpu_to_node(int cpu) { return per_cpu(numa_node, cpu); }

extern int nr_cpus;
extern int nr_cpus_possible;
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpus; (cpu)++)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpus_possible; (cpu)++)
