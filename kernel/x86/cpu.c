/*
 * cpu.c - finding out what the processor can do, and switching it on.
 *
 * Idea:  cpu.h. Each feature is used where CPUID has it: qemu64 has neither
 *        SMEP, SMAP, XSAVE nor FSGSBASE, and runs the same kernel.
 * Locks: none.   Above: kernel/main.c, smp.c.   Source: SDM vol. 3, 2.5; vol. 2, CPUID.
 */
#include "kernel/x86/cpu.h"
#include "kernel/lib/string.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/uaccess.h"

struct cpu_info cpu_info;
void entry_SYSCALL_64(void);
void entry_SYSCALL_compat(void);

enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_NXE = 1 << 11 };
/* Cleared by SYSCALL: TF, IF, DF, IOPL, NT, AC. */
#define SYSCALL_FLAGS_CLEARED 0x47700UL

static void read_feature_words(void)
{
	u32 *w = cpu_info.words;
	struct cpuid_regs r = cpuid(1, 0);
	u32 sig = r.eax;

	w[CPUID_1_EDX] = r.edx;
	w[CPUID_1_ECX] = r.ecx;
	cpu_info.clflush_size = (r.ebx >> 8 & 0xff) * 8;
	cpu_info.stepping = sig & 15;
	cpu_info.family = (sig >> 8 & 15) + ((sig >> 8 & 15) == 15 ? sig >> 20 & 0xff : 0);
	cpu_info.model = (sig >> 4 & 15) | (sig >> 12 & 0xf0);
	if (cpu_info.max_leaf >= 6)
		w[CPUID_6_EAX] = cpuid(6, 0).eax;
	if (cpu_info.max_leaf >= 7) {
		r = cpuid(7, 0);
		w[CPUID_7_EBX] = r.ebx;
		w[CPUID_7_ECX] = r.ecx;
		w[CPUID_7_EDX] = r.edx;
	}
	if (cpu_info.max_leaf >= 0xd)
		w[CPUID_D1_EAX] = cpuid(0xd, 1).eax;
	if (cpu_info.max_ext_leaf >= 0x80000001) {
		r = cpuid(0x80000001, 0);
		w[CPUID_81_EDX] = r.edx;
		w[CPUID_81_ECX] = r.ecx;
	}
	if (cpu_info.max_ext_leaf >= 0x80000007)
		w[CPUID_87_EDX] = cpuid(0x80000007, 0).edx;
}

static void read_names(void)
{
	struct cpuid_regs r = cpuid(0, 0);
	u32 brand[12];

	memcpy(cpu_info.vendor, &r.ebx, 4);
	memcpy(cpu_info.vendor + 4, &r.edx, 4);
	memcpy(cpu_info.vendor + 8, &r.ecx, 4);
	cpu_info.phys_bits = 36;
	cpu_info.virt_bits = 48;
	if (cpu_info.max_ext_leaf >= 0x80000008) {
		r = cpuid(0x80000008, 0);
		cpu_info.phys_bits = r.eax;
		cpu_info.virt_bits = r.eax >> 8;
	}
	if (cpu_info.max_ext_leaf >= 0x80000006)
		cpu_info.cache_kb = cpuid(0x80000006, 0).ecx >> 16;
	if (cpu_info.max_ext_leaf < 0x80000004)
		return;
	for (int i = 0; i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		memcpy(brand + i * 4, &r, sizeof(r));
	}
	strscpy(cpu_info.model_name, skip_spaces((char *)brand), 48);
	strim(cpu_info.model_name);
}

void cpu_init_boot(void)
{
	cpu_info.max_leaf = cpuid(0, 0).eax;
	cpu_info.max_ext_leaf = cpuid(0x80000000, 0).eax;
	read_feature_words();
	read_names();
	if (cpu_has(X86_HYPERVISOR))
		cpu_info.max_hyp_leaf = cpuid(0x40000000, 0).eax;
	supported_pte_mask = cpu_has(X86_NX) ? ~0UL : ~_PAGE_NX;
	uaccess_patch_smap();
	idt_init();
	cpu_init(0);
}

static void init_control_registers(void)
{
	u64 cr4 = read_cr4() & ~(u64)CR4_TSD;	/* user space may read the TSC */

	cr4 |= CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (cpu_has(X86_PGE))
		cr4 |= CR4_PGE;
	if (cpu_has(X86_UMIP))
		cr4 |= CR4_UMIP;
	if (cpu_has(X86_FSGSBASE))
		cr4 |= CR4_FSGSBASE;
	if (cpu_has(X86_XSAVE))
		cr4 |= CR4_OSXSAVE;
	if (cpu_has(X86_SMEP))
		cr4 |= CR4_SMEP;
	if (cpu_has(X86_SMAP))
		cr4 |= CR4_SMAP;
	write_cr4(cr4);
}

static void init_syscall(void)
{
	wrmsr(MSR_EFER, EFER_SCE | EFER_LME | (cpu_has(X86_NX) ? EFER_NXE : 0));
	wrmsr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)entry_SYSCALL_64);
	/* A program may jump to 32-bit code; what it calls there is no system call. */
	wrmsr(MSR_CSTAR, (u64)entry_SYSCALL_compat);
	wrmsr(MSR_SYSENTER_CS, 0);	/* SYSENTER faults: SDM vol. 2 */
	wrmsr(MSR_SFMASK, SYSCALL_FLAGS_CLEARED);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
}

/* => GS.base is this CPU's */
void cpu_init(int cpu)
{
	u64 gs = rdmsr(MSR_GS_BASE);

	gdt_init_cpu(cpu);
	wrmsr(MSR_GS_BASE, gs);		/* segment loads may have cleared it */
	idt_load();
	init_control_registers();
	init_syscall();
	if (cpu_has(X86_RDTSCP))
		wrmsr(MSR_TSC_AUX, cpu);
	fpu_init_cpu();
}

bool cpu_random_seed(u64 *seed)
{
	u8 ok = 0;

	for (int tries = 0; tries < 10 && !ok; tries++) {
		if (cpu_has(X86_RDSEED))
			__asm__ volatile("rdseed %0; setc %1" : "=r"(*seed), "=qm"(ok));
		else if (cpu_has(X86_RDRAND))
			__asm__ volatile("rdrand %0; setc %1" : "=r"(*seed), "=qm"(ok));
		else
			return false;
	}
	return ok;
}
