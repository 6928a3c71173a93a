/*
 * idt.c - the interrupt descriptor table: one for all CPUs.
 *
 * Idea:  32 exceptions with names of their own, 224 interrupts with numbered
 *        stubs. Built once; idt_set_ist() gives NMI, #DF and #MC their stacks
 *        as soon as those are mapped.
 * Locks: none: written by the boot CPU alone.   Source: SDM vol. 3, 6.14.1.
 */
#include "kernel/x86/gdt.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/page.h"

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};
enum { GATE_INTERRUPT = 0x8e, GATE_USER = 0xee, VECTORS = 256, FIRST_IRQ = 32, STUB_SIZE = 16 };

static struct gate idt[VECTORS] __aligned(4096);

#define STUB(name) void asm_exc_##name(void)
STUB(divide_error);
STUB(debug);
STUB(nmi);
STUB(int3);
STUB(overflow);
STUB(bounds);
STUB(invalid_op);
STUB(device_not_available); STUB(double_fault); STUB(early_fatal); STUB(invalid_tss);
STUB(segment_not_present); STUB(stack_segment); STUB(general_protection); STUB(page_fault);
STUB(coprocessor_error); STUB(alignment_check); STUB(machine_check); STUB(simd_coprocessor_error);
STUB(control_protection);
extern char irq_stubs[];

static void set_gate(int vector, const void *entry, u8 type, u8 ist)
{
	u64 a = (u64)entry;

	idt[vector] = (struct gate){
		.offset_low = a, .offset_mid = a >> 16, .offset_high = a >> 32,
		.selector = KERNEL_CS, .ist = ist, .type = type,
	};
}

void idt_init(void)
{
	static void (*const stubs[FIRST_IRQ])(void) = {
		[0] = asm_exc_divide_error, [1] = asm_exc_debug, [2] = asm_exc_early_fatal,
		[3] = asm_exc_int3, [4] = asm_exc_overflow, [5] = asm_exc_bounds,
		[6] = asm_exc_invalid_op, [7] = asm_exc_device_not_available,
		[8] = asm_exc_early_fatal, [10] = asm_exc_invalid_tss,
		[11] = asm_exc_segment_not_present, [12] = asm_exc_stack_segment,
		[13] = asm_exc_general_protection, [14] = asm_exc_page_fault,
		[16] = asm_exc_coprocessor_error, [17] = asm_exc_alignment_check,
		[18] = asm_exc_early_fatal, [19] = asm_exc_simd_coprocessor_error,
		[21] = asm_exc_control_protection,
	};

	for (int v = 0; v < FIRST_IRQ; v++)
		if (stubs[v])
			set_gate(v, stubs[v], v == 3 || v == 4 ? GATE_USER : GATE_INTERRUPT, 0);
	for (int v = FIRST_IRQ; v < VECTORS; v++)
		set_gate(v, irq_stubs + (v - FIRST_IRQ) * STUB_SIZE, GATE_INTERRUPT, 0);
}

/* => ist_init_cpu() was called for every CPU that may take one of them */
void idt_set_ist(void)
{
	set_gate(2, asm_exc_nmi, GATE_INTERRUPT, IST_NMI);
	set_gate(8, asm_exc_double_fault, GATE_INTERRUPT, IST_DF);
	set_gate(18, asm_exc_machine_check, GATE_INTERRUPT, IST_MC);
}

void idt_load(void)
{
	struct { u16 limit; u64 base; } __packed ptr = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" ::"m"(ptr));
}
