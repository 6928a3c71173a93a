/*
 * sigframe.c - the stack frame of a signal handler, and the way back.
 *
 * Idea: Linux x86-64's layout, since debuggers and language runtimes read it:
 *
 *         rsp - 128 (red zone), or the top of the alternate stack
 *           FPU image           64-byte aligned
 *           struct rt_sigframe  pretcode, ucontext, siginfo; 16n + 8, as after a CALL
 *
 *       sigreturn takes nothing on trust: flags are masked, segments are fixed,
 *       blocked signals filtered, and the FPU image is checked by fpu.c.
 * Locks:  none: current's own registers and stack.
 * Above:  signal.c, the system call table.   Below: fpu.c.   In Linux: arch/x86/kernel/signal.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/sigcontext.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/uaccess.h"

#define RED_ZONE 128		/* System V ABI, x86-64: 3.2.2 */

/*
 * The lowest address of the frame; *fp: where the FPU image goes. 0: the alternate stack is too
 * small.
 */
static unsigned long get_sigframe(const struct ksignal *ksig, const struct pt_regs *regs,
				  unsigned long *fp)
{
	unsigned long sp = regs->rsp - RED_ZONE;
	bool nested = on_sig_stack(sp), entering = false;

	if (ksig->ka.sa.sa_flags & SA_ONSTACK && sas_ss_flags(sp) == 0) {
		sp = current->sas_ss_sp + current->sas_ss_size;
		entering = true;
	}
	*fp = ALIGN_DOWN(sp - fpu_sigframe_size(), 64UL);
	sp = ALIGN_DOWN(*fp - sizeof(struct rt_sigframe), 16UL) - 8;
	if ((nested || entering) &&
	    !(sp > current->sas_ss_sp && sp - current->sas_ss_sp <= current->sas_ss_size)) {
		pr_info_ratelimited("signal: %s[%d] overflowed sigaltstack\n", current->comm,
				    current->pid);
		return 0;
	}
	return sp;
}

static void fill_sigcontext(struct sigcontext *sc, const struct pt_regs *r)
{
	sc->r8 = r->r8, sc->r9 = r->r9, sc->r10 = r->r10, sc->r11 = r->r11;
	sc->r12 = r->r12, sc->r13 = r->r13, sc->r14 = r->r14, sc->r15 = r->r15;
	sc->di = r->rdi, sc->si = r->rsi, sc->bp = r->rbp, sc->bx = r->rbx;
	sc->dx = r->rdx, sc->ax = r->rax, sc->cx = r->rcx, sc->sp = r->rsp;
	sc->ip = r->rip;
	sc->flags = r->rflags;
	sc->cs = r->cs;
	sc->ss = r->ss;
	sc->oldmask = current->blocked;
	/* of the last exception, whatever signal this is: as Linux has it */
	sc->trapno = current->trap_nr;
	sc->err = current->trap_error;
	sc->cr2 = current->fault_address;
}

int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	struct rt_sigframe frame, __user *uframe;
	unsigned long fp, sp = get_sigframe(ksig, regs, &fp);

	if (!sp || !(ksig->ka.sa.sa_flags & SA_RESTORER))
		return -EFAULT;
	uframe = (struct rt_sigframe *)sp;
	if (!access_ok(uframe, sizeof(frame)) || fpu_to_sigframe((void *)fp, current->fpu))
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	frame.pretcode = ksig->ka.sa.sa_restorer;
	frame.uc.uc_flags =
		UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_has(X86_XSAVE) ? UC_FP_XSTATE : 0);
	frame.uc.uc_stack.ss_sp = current->sas_ss_sp;
	frame.uc.uc_stack.ss_size = current->sas_ss_size;
	frame.uc.uc_stack.ss_flags =
		sas_ss_flags(regs->rsp) | (current->sas_ss_flags & SS_AUTODISARM);
	fill_sigcontext(&frame.uc.uc_mcontext, regs);
	frame.uc.uc_mcontext.fpstate = fp;
	frame.uc.uc_sigmask =
		test_tif(current, TIF_RESTORE_SIGMASK) ? current->saved_sigmask : current->blocked;
	if (ksig->ka.sa.sa_flags & SA_SIGINFO)
		frame.info = ksig->info;
	if (copy_to_user(uframe, &frame, sizeof(frame)))
		return -EFAULT;
	/* The handler starts with a fresh FPU; the old state is in the frame. */
	fpu_flush_current(current->fpu);
	regs->rdi = ksig->sig;
	regs->rsi = (u64)&uframe->info;
	regs->rdx = (u64)&uframe->uc;
	regs->rax = 0;
	regs->rip = (u64)ksig->ka.sa.sa_handler;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	return 0;
}

/* A RIP that is not an address makes IRET fault, which entry.asm turns into SIGSEGV. */
static void restore_regs(struct pt_regs *r, const struct sigcontext *sc)
{
	r->r8 = sc->r8, r->r9 = sc->r9, r->r10 = sc->r10, r->r11 = sc->r11;
	r->r12 = sc->r12, r->r13 = sc->r13, r->r14 = sc->r14, r->r15 = sc->r15;
	r->rdi = sc->di, r->rsi = sc->si, r->rbp = sc->bp, r->rbx = sc->bx;
	r->rdx = sc->dx, r->rax = sc->ax, r->rcx = sc->cx, r->rsp = sc->sp;
	r->rip = sc->ip;
	r->rflags = (r->rflags & ~USER_FLAGS) | (sc->flags & USER_FLAGS);
	r->cs = USER_CS;
	r->ss = USER_DS;
	r->orig_rax = -1;	/* not a system call that could be restarted */
}

long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct rt_sigframe __user *uframe = (struct rt_sigframe *)(regs->rsp - sizeof(u64));
	struct ucontext uc;

	if (copy_from_user(&uc, &uframe->uc, sizeof(uc)))
		goto bad;
	set_current_blocked(uc.uc_sigmask);
	restore_regs(regs, &uc.uc_mcontext);
	if (fpu_from_sigframe((void *)uc.uc_mcontext.fpstate, current->fpu))
		goto bad;
	/* its errors are not the frame's, as in Linux */
	do_sigaltstack(&uc.uc_stack, NULL, regs->rsp);
	return regs->rax;
bad:
	pr_info_ratelimited("%s[%d] bad frame in rt_sigreturn frame:%px ip:%lx sp:%lx orax:%lx\n",
			    current->comm, current->pid, uframe, (unsigned long)regs->rip,
			    (unsigned long)regs->rsp, (unsigned long)regs->orig_rax);
	force_sig(SIGSEGV);
	return 0;
}

int do_sigaltstack(const stack_t *ss, stack_t *old, unsigned long sp)
{
	int mode;

	if (old) {
		memset(old, 0, sizeof(*old));	/* the hole in it goes to the user, too */
		old->ss_sp = current->sas_ss_sp;
		old->ss_size = current->sas_ss_size;
		old->ss_flags = sas_ss_flags(sp) | (current->sas_ss_flags & SS_AUTODISARM);
	}
	if (!ss)
		return 0;
	mode = ss->ss_flags & ~SS_AUTODISARM;
	if (on_sig_stack(sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && ss->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	current->sas_ss_sp = mode == SS_DISABLE ? 0 : ss->ss_sp;
	current->sas_ss_size = mode == SS_DISABLE ? 0 : ss->ss_size;
	current->sas_ss_flags = ss->ss_flags;
	return 0;
}

long sys_sigaltstack(const stack_t __user *uss, stack_t __user *uold)
{
	stack_t ss, old;
	int err;

	if (uss && copy_from_user(&ss, uss, sizeof(ss)))
		return -EFAULT;
	err = do_sigaltstack(uss ? &ss : NULL, &old, current_pt_regs()->rsp);
	if (!err && uold && copy_to_user(uold, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}
