/*
 * traps.h - the C halves of entry.asm's stubs. Called from there alone.
 */
#pragma once

#include "kernel/x86/ptregs.h"

void do_irq(struct pt_regs *regs, unsigned long vector);
void do_bad_iret(struct pt_regs *regs);
#define EXC_HANDLER(name) void exc_##name(struct pt_regs *regs, unsigned long error_code)
EXC_HANDLER(divide_error); EXC_HANDLER(debug); EXC_HANDLER(nmi); EXC_HANDLER(int3);
EXC_HANDLER(overflow); EXC_HANDLER(bounds); EXC_HANDLER(invalid_op);
EXC_HANDLER(device_not_available); EXC_HANDLER(double_fault); EXC_HANDLER(early_fatal);
EXC_HANDLER(invalid_tss); EXC_HANDLER(segment_not_present); EXC_HANDLER(stack_segment);
EXC_HANDLER(general_protection); EXC_HANDLER(page_fault); EXC_HANDLER(coprocessor_error);
EXC_HANDLER(alignment_check); EXC_HANDLER(machine_check); EXC_HANDLER(simd_coprocessor_error);
EXC_HANDLER(control_protection);

/* What an NMI is for: smp.c. */
void nmi_dispatch(struct pt_regs *regs);
