/*
 * apic.c - the local APIC.
 *
 * Idea:  one set of functions for both its faces: registers in memory (xAPIC)
 *        or MSRs (x2APIC, where CPUID has it: under KVM much cheaper).
 * Locks: its CPU alone; sending an IPI by xAPIC takes two writes, so interrupts
 *        are off in between.   Source: SDM vol. 3, chapter 11.
 */
#include "kernel/x86/apic.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/spinlock.h"

enum apic_reg {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR2 = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INIT = 0x380,
	APIC_TIMER_COUNT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};
enum {
	SVR_ENABLE = 1 << 8,
	LVT_MASKED = 1 << 16,
	LVT_NMI = 4 << 8,
	LVT_TSC_DEADLINE = 2 << 17,
	ICR_NMI = 4 << 8,
	ICR_INIT = 5 << 8,
	ICR_STARTUP = 6 << 8,
	ICR_ASSERT = 1 << 14,
	ICR_BUSY = 1 << 12,
	APIC_BASE_ENABLE = 1 << 11,
	APIC_BASE_X2 = 1 << 10,
	DIVIDE_BY_1 = 0xb,
};

static bool x2apic;			/* c */
static volatile char *apic_regs;	/* c: xAPIC only */
static DEFINE_PER_CPU(u32, this_apic_id);

static u32 apic_read(enum apic_reg reg)
{
	return x2apic ? rdmsr(MSR_X2APIC + (reg >> 4)) : readl(apic_regs + reg);
}
static void apic_write(enum apic_reg reg, u32 v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + (reg >> 4), v);
	else
		writel(v, apic_regs + reg);
}

u32 apic_id(void) { return this_cpu_read(this_apic_id); }
u32 apic_id_of(int cpu) { return per_cpu(this_apic_id, cpu); }
bool apic_is_x2(void) { return x2apic; }
void apic_eoi(void) { apic_write(APIC_EOI, 0); }

static void send_icr(u32 id, u32 command)
{
	unsigned long flags;

	if (x2apic) {
		/* the MSR write is not serialising: earlier stores first (SDM vol. 3, 11.12.3) */
		mb();
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)id << 32 | command);
		return;
	}
	flags = local_irq_save();
	while (apic_read(APIC_ICR) & ICR_BUSY)
		cpu_relax();
	apic_write(APIC_ICR2, id << 24);
	apic_write(APIC_ICR, command);
	local_irq_restore(flags);
}

void apic_send_ipi(int cpu, int vector) { send_icr(apic_id_of(cpu), ICR_ASSERT | vector); }
void apic_send_nmi(int cpu) { send_icr(apic_id_of(cpu), ICR_ASSERT | ICR_NMI); }
void apic_send_init(u32 id) { send_icr(id, ICR_ASSERT | ICR_INIT); }
void apic_send_startup(u32 id, u8 page) { send_icr(id, ICR_ASSERT | ICR_STARTUP | page); }

void apic_timer_setup(bool tsc_deadline)
{
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
	mb();	/* before the deadline MSR is written: SDM vol. 3, 11.5.4.1 */
}
void apic_timer_set(u32 count) { apic_write(APIC_TIMER_INIT, count); }
u32 apic_timer_count(void) { return apic_read(APIC_TIMER_COUNT); }

void apic_init_cpu(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2);
	this_cpu_write(this_apic_id, x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, smp_processor_id() ? LVT_MASKED : LVT_NMI);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
}

void apic_init(void)
{
	x2apic = cpu_has(X86_X2APIC);
	if (!x2apic) {
		apic_regs = map_fixed_device(acpi_info.lapic, PAGE_SIZE);
		BUG_ON(!apic_regs);
	}
	apic_init_cpu();
}
