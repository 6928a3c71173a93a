/*
 * process.c - a new task's first stack frame; user segment bases.
 *
 * Idea:  process.h; the switch itself is in entry.asm.
 * Locks: none.   Above: kernel/sched, kernel/proc/fork.c, exec.c.
 */
#include "kernel/x86/process.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/io.h"
#include "kernel/x86/spinlock.h"

/* As switch_to() pops it. */
struct switch_frame { u64 r15, r14, r13, r12, rbx, rbp, rip; };

void ret_from_fork(void);

static struct switch_frame *new_frame(unsigned long stack)
{
	struct switch_frame *f = (struct switch_frame *)stack_pt_regs(stack) - 1;

	memset(f, 0, sizeof(*f));
	f->rip = (u64)ret_from_fork;
	return f;
}

unsigned long fork_frame(unsigned long stack, const struct pt_regs *regs, unsigned long user_sp)
{
	struct pt_regs *child = stack_pt_regs(stack);
	struct switch_frame *f = new_frame(stack);

	*child = *regs;
	child->rax = 0;
	if (user_sp)
		child->rsp = user_sp;
	f->rbp = (u64)child | 1;
	return (unsigned long)f;
}

unsigned long kthread_frame(unsigned long stack, int (*fn)(void *), void *arg)
{
	struct switch_frame *f = new_frame(stack);

	memset(stack_pt_regs(stack), 0, sizeof(struct pt_regs));
	f->rbx = (u64)fn;
	f->r12 = (u64)arg;
	return (unsigned long)f;
}

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = regs->rcx = ip;
	regs->rflags = regs->r11 = 0x202;	/* IF, and bit 1, which is always 1 */
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->orig_rax = -1;
}

static u64 read_fsbase(void)
{
	u64 v;

	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}
/* The user's GS.base is the inactive one in the kernel. => interrupts off */
static u64 read_user_gsbase(void)
{
	u64 v;

	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v)::"memory");
	return v;
}
static void write_fsbase(u64 v)
{
	if (cpu_has(X86_FSGSBASE))
		__asm__ volatile("wrfsbase %0" ::"r"(v));
	else
		wrmsr(MSR_FS_BASE, v);
}
static void write_user_gsbase(u64 v)
{
	if (cpu_has(X86_FSGSBASE))
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(v) : "memory");
	else
		wrmsr(MSR_KERNEL_GS_BASE, v);
}

void save_user_state(unsigned long *fs_base, unsigned long *gs_base, struct fpu_state *fpu)
{
	if (!fpu)
		return;
	if (cpu_has(X86_FSGSBASE)) {	/* else only set_user_*_base() change them */
		*fs_base = read_fsbase();
		*gs_base = read_user_gsbase();
	}
	fpu_save(fpu);
}

void load_user_state(unsigned long fs_base, unsigned long gs_base, struct fpu_state *fpu)
{
	if (!fpu)
		return;
	write_fsbase(fs_base);
	write_user_gsbase(gs_base);
	fpu_restore(fpu);
}

void set_user_fs_base(unsigned long base)
{
	BUG_ON(base >= TASK_SIZE);
	write_fsbase(base);
}

void set_user_gs_base(unsigned long base)
{
	unsigned long flags = local_irq_save();

	BUG_ON(base >= TASK_SIZE);
	write_user_gsbase(base);
	local_irq_restore(flags);
}

unsigned long get_user_fs_base(void)
{
	return cpu_has(X86_FSGSBASE) ? read_fsbase() : rdmsr(MSR_FS_BASE);
}

unsigned long get_user_gs_base(void)
{
	unsigned long flags = local_irq_save(), base;

	base = cpu_has(X86_FSGSBASE) ? read_user_gsbase() : rdmsr(MSR_KERNEL_GS_BASE);
	local_irq_restore(flags);
	return base;
}
