/*
 * topology.c - which core and which package a CPU is a thread of.
 *
 * Idea:  an APIC id is three numbers side by side, package | core | thread. CPUID
 *        leaf 0x0b says how many low bits the thread has, and thread and core
 *        together (SDM vol. 3, 9.9.3); without it each CPU is a package of its own.
 * Locks: none: constants.   Above: kernel/fs/sysfs_topology.c.
 */
#include "kernel/x86/topology.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

enum { LEAF_TOPOLOGY = 0x0b, LEVEL_SMT = 1, LEVEL_CORE = 2 };

/* Low bits of an APIC id below the one after @level; 0: not told. */
static unsigned int level_shift(u32 level)
{
	if (cpu_info.max_leaf < LEAF_TOPOLOGY)
		return 0;
	for (u32 sub = 0; sub < 8; sub++) {
		struct cpuid_regs r = cpuid(LEAF_TOPOLOGY, sub);

		if (!(r.ecx >> 8 & 0xff))
			break;		/* no more levels */
		if ((r.ecx >> 8 & 0xff) == level)
			return r.eax & 0x1f;
	}
	return 0;
}

unsigned int cpu_package_id(int cpu) { return apic_id_of(cpu) >> level_shift(LEVEL_CORE); }

unsigned int cpu_core_id(int cpu)
{
	unsigned int package = level_shift(LEVEL_CORE);

	return (apic_id_of(cpu) & ((1U << package) - 1)) >> level_shift(LEVEL_SMT);
}

u64 cpu_package_mask(int cpu)
{
	u64 mask = 0;
	int other;

	for_each_online_cpu(other)
		if (cpu_package_id(other) == cpu_package_id(cpu))
			mask |= 1UL << other;
	return mask;
}

u64 cpu_core_mask(int cpu)
{
	u64 mask = 0;
	int other;

	for_each_online_cpu(other)
		if (cpu_package_id(other) == cpu_package_id(cpu) &&
		    cpu_core_id(other) == cpu_core_id(cpu))
			mask |= 1UL << other;
	return mask;
}
