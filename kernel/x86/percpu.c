/*
 * percpu.c - the per-CPU areas.
 *
 * Idea:  percpu.h. Made before anything has changed the template, so that every
 *        CPU starts with the same values; the boot CPU goes on with the template.
 * Locks: none: one CPU.   Above: kernel/main.c.
 */
#include "kernel/x86/percpu.h"
#include "kernel/lib/string.h"
#include "kernel/x86/page.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"

unsigned long percpu_offset[MAX_CPUS];
DEFINE_PER_CPU(unsigned long, this_percpu_offset);
DEFINE_PER_CPU(int, cpu_number);
DEFINE_PER_CPU(int, numa_node);
int nr_cpus = 1, nr_cpus_possible = 1;

/* => early_alloc is set, smp_count_cpus() was called */
void setup_per_cpu_areas(void)
{
	size_t size = __percpu_end - __percpu_start;

	for (int cpu = 1; cpu < nr_cpus_possible; cpu++) {
		char *area = early_alloc(size, 64);

		memcpy(area, __percpu_start, size);
		percpu_offset[cpu] = area - __percpu_start;
		per_cpu(this_percpu_offset, cpu) = percpu_offset[cpu];
		per_cpu(cpu_number, cpu) = cpu;
	}
}
