/*
 * cpu.h - what this processor can do.
 *
 * Idea: CPUID's feature words are kept as they are; a feature is word * 32 +
 *       bit. Every CPU gets what the boot CPU has.
 * Locks: none: written by cpu_init_boot() before there are others.
 */
#pragma once

#include "kernel/lib/types.h"

enum cpuid_word {
	CPUID_1_EDX,
	CPUID_1_ECX,
	CPUID_7_EBX,
	CPUID_7_ECX,
	CPUID_7_EDX,
	CPUID_81_EDX,
	CPUID_81_ECX,
	CPUID_D1_EAX,
	CPUID_87_EDX,
	CPUID_6_EAX,
	CPUID_WORDS
};
#define FEATURE(word, bit) ((word) * 32 + (bit))
/* SDM vol. 2, CPUID; AMD's manual vol. 3, appendix E. */
enum cpu_feature {
	X86_TSC = FEATURE(CPUID_1_EDX, 4),
	X86_PGE = FEATURE(CPUID_1_EDX, 13),
	X86_FXSR = FEATURE(CPUID_1_EDX, 24),
	X86_X2APIC = FEATURE(CPUID_1_ECX, 21),
	X86_TSC_DEADLINE = FEATURE(CPUID_1_ECX, 24),
	X86_XSAVE = FEATURE(CPUID_1_ECX, 26),
	X86_AVX = FEATURE(CPUID_1_ECX, 28),
	X86_RDRAND = FEATURE(CPUID_1_ECX, 30),
	X86_HYPERVISOR = FEATURE(CPUID_1_ECX, 31),
	X86_FSGSBASE = FEATURE(CPUID_7_EBX, 0),
	X86_SMEP = FEATURE(CPUID_7_EBX, 7),
	X86_AVX512F = FEATURE(CPUID_7_EBX, 16),
	X86_RDSEED = FEATURE(CPUID_7_EBX, 18),
	X86_SMAP = FEATURE(CPUID_7_EBX, 20),
	X86_UMIP = FEATURE(CPUID_7_ECX, 2),
	X86_NX = FEATURE(CPUID_81_EDX, 20),
	X86_GBPAGES = FEATURE(CPUID_81_EDX, 26),
	X86_RDTSCP = FEATURE(CPUID_81_EDX, 27),
	X86_XSAVEOPT = FEATURE(CPUID_D1_EAX, 0),
	X86_CONSTANT_TSC = FEATURE(CPUID_87_EDX, 8),
};

/* CR4: SDM vol. 3, 2.5. */
enum cr4_bits {
	CR4_TSD = 1 << 2,
	CR4_PAE = 1 << 5,
	CR4_PGE = 1 << 7,
	CR4_OSFXSR = 1 << 9,
	CR4_OSXMMEXCPT = 1 << 10,
	CR4_UMIP = 1 << 11,
	CR4_FSGSBASE = 1 << 16,
	CR4_OSXSAVE = 1 << 18,
	CR4_SMEP = 1 << 20,
	CR4_SMAP = 1 << 21,
};

struct cpu_info {
	u32 words[CPUID_WORDS];
	char vendor[13];
	char model_name[49];		/* leading spaces cut */
	u32 max_leaf, max_ext_leaf, max_hyp_leaf;
	u32 family, model, stepping;
	u32 clflush_size, cache_kb;
	u8 phys_bits, virt_bits;
};
extern struct cpu_info cpu_info;	/* c */

static __always_inline bool cpu_has(enum cpu_feature f)
{
	return cpu_info.words[f / 32] >> (f % 32) & 1;
}

struct cpuid_regs { u32 eax, ebx, ecx, edx; };
static inline struct cpuid_regs cpuid(u32 leaf, u32 sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

void cpu_init_boot(void);	/* first thing in start_kernel(): reads CPUID, then cpu_init(0) */
void cpu_init(int cpu);		/* on each CPU: control registers, MSRs, descriptor tables, FPU */
/* The random instruction's word, false without one (RDSEED, else RDRAND). */
bool cpu_random_seed(u64 *seed);
