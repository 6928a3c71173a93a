/*
 * smp.c - the other processors: waking them, stopping them, asking where they are.
 *
 * Idea:  smp.h. One comes up at a time: the trampoline (boot/trampoline.asm)
 *        takes its stack, GS.base and page table from ap_boot_*, and reports by
 *        ap_started. What must reach a CPU that has interrupts off goes by NMI;
 *        the handler only takes notes, because the interrupted code may hold
 *        the log's lock, and the asker prints them.
 * Locks: none: the boot CPU alone brings others up.
 * Above: kernel/main.c, panic.c, sysrq.   Source: SDM vol. 3, 9.4.4.
 */
#include "kernel/x86/smp.h"
#include "boot/boot_info.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/ksyms.h"
#include "kernel/x86/page.h"
#include "kernel/x86/process.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/tlb.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/upcalls.h"

enum { START_TIMEOUT_US = 1000000, RESEND_US = 1000, NMI_TIMEOUT_US = 100000, POLL_US = 10 };

/* For the trampoline. */
unsigned long ap_boot_stack, ap_boot_gs, ap_boot_cr3;
u32 ap_boot_efer;
extern char trampoline_start[], trampoline_end[];
static u8 under_trampoline[512];	/* what lay there: under UEFI it may be the initramfs */
void smp_ap_main(void) __noreturn;

static volatile bool ap_started;
static u64 ap_seen_tsc;			/* the boot CPU's TSC when the AP was woken */
static unsigned int next_candidate;	/* index into acpi_info.apic_ids */
static unsigned int max_cpus = MAX_CPUS;
static u64 nmi_notes_wanted;		/* a: CPUs that shall note their registers */
static int stopping = -1;		/* a: the CPU that stops all others */
static u64 stopped;			/* a */

static int set_maxcpus(const char *value)
{
	return kstrtouint(value, 10, &max_cpus);
}
CTL_PARAM("maxcpus", set_maxcpus);
static int set_nosmp(const char *value)
{
	max_cpus = 1;
	return 0;
}
CTL_PARAM("nosmp", set_nosmp);

/* Real-mode code needs its page to be RAM. */
static bool trampoline_page_usable(void)
{
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_region *r = &boot_info.mem[i];

		if (r->type == BOOT_MEM_RAM && r->start <= TRAMPOLINE_PHYS &&
		    r->start + r->size >= TRAMPOLINE_PHYS + PAGE_SIZE)
			return true;
	}
	return false;
}

void smp_count_cpus(void)
{
	unsigned int n = MAX(acpi_info.nr_cpus, 1U);

	if (!max_cpus)
		max_cpus = 1;
	if (n > 1 && !trampoline_page_usable()) {
		pr_warn("smp: no usable page below 1 MiB, one CPU only\n");
		n = 1;
	}
	nr_cpus_possible = MIN(n, max_cpus);
}

/* --- on the new CPU --- */
void smp_ap_main(void)
{
	cpu_init(smp_processor_id());
	apic_init_cpu();
	clockevent_init_cpu();
	__atomic_fetch_or((u64 *)&init_tlb_context.cpus, 1UL << smp_processor_id(),
			  __ATOMIC_SEQ_CST);
	clock_check_warp(ap_seen_tsc);
	ap_started = true;
	cpu_idle_loop();
}

/* --- on the boot CPU --- */
static bool wait_started(unsigned int us)
{
	for (; us && !ap_started; us -= POLL_US)
		udelay(POLL_US);
	return ap_started;
}

static bool start_apic(u32 id)
{
	ap_started = false;
	ap_seen_tsc = rdtsc();
	apic_send_init(id);
	/* real ones want 10 ms: SDM vol. 3, 9.4.4.1 */
	udelay(cpu_has(X86_HYPERVISOR) ? 10 : 10000);
	apic_send_startup(id, TRAMPOLINE_PHYS >> PAGE_SHIFT);
	if (wait_started(RESEND_US))
		return true;
	apic_send_startup(id, TRAMPOLINE_PHYS >> PAGE_SHIFT);
	return wait_started(START_TIMEOUT_US);
}

static void prepare_ap(int cpu, struct task_struct *idle, unsigned long stack)
{
	per_cpu(current_task, cpu) = idle;
	ap_boot_stack = stack + KSTACK_SIZE - sizeof(struct pt_regs);
	ap_boot_gs = percpu_offset[cpu];
	ap_boot_cr3 = init_tlb_context.pgd;
	ap_boot_efer = rdmsr(MSR_EFER);
	if (cpu == 1)
		memcpy(under_trampoline, phys_to_virt(TRAMPOLINE_PHYS),
		       trampoline_end - trampoline_start);
	memcpy(phys_to_virt(TRAMPOLINE_PHYS), trampoline_start, trampoline_end - trampoline_start);
}

DECLARE_PER_CPU(unsigned long, kernel_stack_top);
int cpu_up(int cpu, struct task_struct *idle, unsigned long stack)
{
	BUG_ON(cpu != nr_cpus || cpu >= nr_cpus_possible);
	BUG_ON(trampoline_end - trampoline_start > (long)sizeof(under_trampoline));
	per_cpu(kernel_stack_top, cpu) = stack + KSTACK_SIZE;
	prepare_ap(cpu, idle, stack);
	while (next_candidate < acpi_info.nr_cpus) {
		u32 id = acpi_info.apic_ids[next_candidate++];

		if (id == apic_id())
			continue;
		if (start_apic(id)) {
			WRITE_ONCE(nr_cpus, cpu + 1);
			return 0;
		}
		pr_err("smpboot: do_boot_cpu failed(-1) to wakeup CPU#%d (APIC id %u)\n", cpu, id);
	}
	return -ENODEV;
}

void smp_done(int nr_nodes)
{
	if (nr_cpus > 1)
		memcpy(phys_to_virt(TRAMPOLINE_PHYS), under_trampoline,
		       trampoline_end - trampoline_start);
	pr_info("smp: Brought up %d node%s, %d CPU%s\n", nr_nodes, nr_nodes == 1 ? "" : "s", nr_cpus,
		nr_cpus == 1 ? "" : "s");
}

void smp_send_reschedule(int cpu)
{
	apic_send_ipi(cpu, VECTOR_RESCHEDULE);
}

/* --- NMIs --- */
enum { NOTE_DEPTH = 24 };
struct nmi_note {
	struct pt_regs regs;
	unsigned int depth;
	unsigned long trace[NOTE_DEPTH];
};
static struct nmi_note note;		/* one CPU is asked at a time */

void nmi_dispatch(struct pt_regs *regs)
{
	u64 bit = 1UL << smp_processor_id();

	if (READ_ONCE(stopping) >= 0 && READ_ONCE(stopping) != smp_processor_id()) {
		__atomic_fetch_or(&stopped, bit, __ATOMIC_SEQ_CST);
		for (;;)
			__asm__ volatile("cli; hlt");
	}
	if (__atomic_load_n(&nmi_notes_wanted, __ATOMIC_ACQUIRE) & bit) {
		note.regs = *regs;
		note.depth =
			user_mode(regs) ? 0 : save_stack_trace(regs->rbp, note.trace, NOTE_DEPTH);
		__atomic_fetch_and(&nmi_notes_wanted, ~bit, __ATOMIC_RELEASE);
	}
}

static bool wait_for(const u64 *word, u64 value)
{
	for (int us = NMI_TIMEOUT_US; us > 0; us -= POLL_US) {
		if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
			return true;
		udelay(POLL_US);
	}
	return false;
}

void smp_stop_others(void)
{
	int self = smp_processor_id(), none = -1, cpu;

	if (!__atomic_compare_exchange_n(&stopping, &none, self, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return;
	if (nr_cpus == 1)
		return;
	for_each_online_cpu(cpu)
		if (cpu != self)
			apic_send_nmi(cpu);
	wait_for(&stopped, online_mask() & ~(1UL << self));
}

static void backtrace_of(int cpu)
{
	char sym[96];

	__atomic_store_n(&nmi_notes_wanted, 1UL << cpu, __ATOMIC_SEQ_CST);
	apic_send_nmi(cpu);
	if (!wait_for(&nmi_notes_wanted, 0)) {
		pr_warn("NMI backtrace for cpu %d: no answer\n", cpu);
		return;
	}
	pr_warn("NMI backtrace for cpu %d\n", cpu);
	if (user_mode(&note.regs)) {
		pr_warn("RIP: %04lx:0x%lx\n", note.regs.cs, note.regs.rip);
		return;
	}
	pr_warn("RIP: %04lx:%s\n", note.regs.cs, ksym_format(sym, sizeof(sym), note.regs.rip));
	pr_warn("Call Trace:\n");
	pr_warn(" <TASK>\n");
	for (unsigned int i = 0; i < note.depth; i++)
		pr_warn(" %s\n", ksym_format(sym, sizeof(sym), note.trace[i]));
	pr_warn(" </TASK>\n");
}

void trigger_all_cpu_backtrace(void)
{
	int cpu, self = smp_processor_id();

	pr_warn("NMI backtrace for cpu %d\n", self);
	dump_stack();
	for_each_online_cpu(cpu)
		if (cpu != self)
			backtrace_of(cpu);
}
