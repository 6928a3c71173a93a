/*
 * traps.c - exceptions of user programs (but page faults) become signals.
 *
 * Idea: one table, vector to signal; Linux's line in the log if it will kill.
 * Locks:  none.
 * Above:  kernel/x86/traps.c, through upcalls.h.
 * Below:  force_sig_fault().   In Linux: arch/x86/kernel/traps.c. Source: SDM vol. 3, 6.15.
 */
#include "kernel/lib/printk.h"
#include "kernel/proc/signal.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/upcalls.h"
#include "mm/fault.h"

/* code 0: SI_KERNEL, no address. */
static const struct trap_kind {
	const char *name;		/* NULL: not logged */
	u8 sig, code;
	bool has_address;
} trap_kinds[] = {
	[0] = { "trap divide error", SIGFPE, FPE_INTDIV, true },
	[3] = { "trap int3", SIGTRAP, 0, false },
	[4] = { "trap overflow", SIGSEGV, 0, false },
	[5] = { "trap bounds", SIGSEGV, 0, false },
	[6] = { "trap invalid opcode", SIGILL, ILL_ILLOPN, true },
	[7] = { "trap device not available", SIGSEGV, 0, false },
	[10] = { "trap invalid TSS", SIGSEGV, 0, false },
	[11] = { "trap segment not present", SIGBUS, 0, false },
	[12] = { "trap stack segment", SIGBUS, 0, false },
	[13] = { "general protection fault", SIGSEGV, 0, false },
	[17] = { "trap alignment check", SIGBUS, BUS_ADRALN, false },
	[21] = { "control protection", SIGSEGV, 0, false },
};

static void show_signal(const char *name, int sig, const struct pt_regs *regs,
			unsigned long error_code)
{
	char where[128];

	if (!show_unhandled_signals || !unhandled_signal(current, sig) || !printk_ratelimit())
		return;
	vma_addr_suffix(where, sizeof(where), " in ", regs->rip);
	pr_info("traps: %s[%d] %s ip:%lx sp:%lx error:%lx%s\n", current->comm, current->pid, name,
		(unsigned long)regs->rip, (unsigned long)regs->rsp, error_code, where);
}

/* Which floating-point exception: the flags that are set and not masked. 0: none any more. */
static int fpe_code(int vector)
{
	u32 flags;

	if (vector == TRAP_MF) {
		u16 control, status;

		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
		flags = status & ~control;
	} else {
		u32 mxcsr;

		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		flags = mxcsr & ~(mxcsr >> 7);	/* masks: bits 7 to 12 */
	}
	if (flags & 0x01)
		return FPE_FLTINV;
	if (flags & 0x04)
		return FPE_FLTDIV;
	if (flags & 0x08)
		return FPE_FLTOVF;
	if (flags & 0x12)	/* denormal operand, underflow */
		return FPE_FLTUND;
	return flags & 0x20 ? FPE_FLTRES : 0;
}

/* upcalls.h */
void do_user_trap(struct pt_regs *regs, int vector, unsigned long error_code)
{
	const struct trap_kind *k;

	current->trap_nr = vector;
	current->trap_error = error_code;
	if (vector == TRAP_MF || vector == TRAP_XF) {
		int code = fpe_code(vector);

		if (code)
			force_sig_fault(SIGFPE, code, regs->rip);
		return;
	}
	if (vector == TRAP_DB) {
		force_sig_fault(SIGTRAP, TRAP_TRACE, regs->rip);
		return;
	}
	k = vector < (int)ARRAY_SIZE(trap_kinds) && trap_kinds[vector].name ? &trap_kinds[vector]
									    : &trap_kinds[TRAP_GP];
	show_signal(k->name, k->sig, regs, error_code);
	if (k->code)
		force_sig_fault(k->sig, k->code, k->has_address ? regs->rip : 0);
	else
		force_sig(k->sig);
}
