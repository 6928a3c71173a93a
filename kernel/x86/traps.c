/*
 * traps.c - exceptions.
 *
 * Idea:  from user mode they become signals (do_user_trap() above); from kernel
 *        mode there is a fixup (uaccess.h), or the kernel has a bug: die().
 * Locks: none held on entry; interrupts are off, and turned on again if they
 *        were on in what was interrupted.
 * Above: entry.asm.   Below: dumpstack.c.   Source: SDM vol. 3, 6.15.
 */
#include "kernel/x86/traps.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/io.h"
#include "kernel/x86/process.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"

#define RFLAGS_IF (1UL << 9)
void user_iret(void);
void bad_iret(void);

static void trap(struct pt_regs *regs, int vector, unsigned long error_code, const char *what)
{
	if (user_mode(regs)) {
		local_irq_enable();
		do_user_trap(regs, vector, error_code);
		return;
	}
	/* the frame was bad: SIGSEGV, from a full pt_regs */
	if (regs->rip == (u64)user_iret) {
		regs->rip = (u64)bad_iret;
		return;
	}
	if (!fixup_exception(regs))
		die(what, regs, error_code);
}

#define TRAP(name, vector, what) \
	EXC_HANDLER(name) { trap(regs, vector, error_code, what); }
TRAP(divide_error, 0, "divide error")
TRAP(debug, 1, "debug")
TRAP(int3, 3, "int3")
TRAP(overflow, 4, "overflow")
TRAP(bounds, 5, "bounds")
TRAP(invalid_op, 6, "invalid opcode")
TRAP(device_not_available, 7, "device not available")
TRAP(invalid_tss, 10, "invalid TSS")
TRAP(segment_not_present, 11, "segment not present")
TRAP(stack_segment, 12, "stack segment")
TRAP(general_protection, 13, "general protection fault")
TRAP(coprocessor_error, 16, "fpu exception")
TRAP(alignment_check, 17, "alignment check")
TRAP(simd_coprocessor_error, 19, "simd exception")
TRAP(control_protection, 21, "control protection")

EXC_HANDLER(page_fault)
{
	unsigned long address = read_cr2();

	if (regs->rflags & RFLAGS_IF)
		local_irq_enable();
	do_page_fault(regs, error_code, address);
}

void do_bad_iret(struct pt_regs *regs)
{
	do_user_trap(regs, 13, 0);
}

EXC_HANDLER(early_fatal)
{
	die("NMI, machine check or double fault while booting", regs, error_code);
}

/*
 * A push below the kernel stack hits its guard page, and so does the #PF's frame: that is a double
 * fault.
 */
EXC_HANDLER(double_fault)
{
	unsigned long address = read_cr2();
	struct thread_head *t = current_thread();

	if (t && address < t->stack && t->stack - address <= PAGE_SIZE) {
		pr_emerg("BUG: kernel stack guard page was hit at %px (stack is %px..%px)\n",
			 (void *)address, (void *)t->stack, (void *)(t->stack + KSTACK_SIZE - 1));
		die("kernel stack overflow", regs, error_code);
	}
	die("double fault", regs, error_code);
}

EXC_HANDLER(machine_check)
{
	panic("Fatal machine check");
}

EXC_HANDLER(nmi)
{
	nmi_dispatch(regs);
}
