/*
 * process.c - a new task's first stack frame; user segment bases.
 *
 * Idea:  process.h; the switch itself is in entry.asm.
 * Locks: none.   Above: kernel/sched, kernel/proc/fork.c, exec.c.
 */
#include "kernel/x86/process.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/vdso/data.h"
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

/* The user's GS is the inactive one as far as its base goes: loading it must not touch ours. */
static void write_user_gs(u16 selector)
{
	__asm__ volatile("swapgs; mov %0, %%gs; swapgs" ::"r"((u32)selector) : "memory");
}

/* A debugger may have written anything: what is no segment of the user becomes 0, as on Linux. */
static u32 loadable(u16 selector)
{
	switch (selector & ~3) {
	case USER32_CS & ~3:
	case USER_DS & ~3:
	case USER_CS & ~3:
	case CPUNODE_SELECTOR & ~3:
		return selector;
	}
	return selector <= 3 ? selector : 0;
}

static __noinline void write_user_segments(union user_segments s)
{
	__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs" ::"r"(loadable(s.ds)),
			 "r"(loadable(s.es)), "r"(loadable(s.fs))
			 : "memory");
	write_user_gs(loadable(s.gs));
}

union user_segments get_user_segments(void)
{
	union user_segments s;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=m"(s.ds), "=m"(s.es), "=m"(s.fs), "=m"(s.gs));
	return s;
}

void clear_user_segments(void)
{
	unsigned long flags = local_irq_save();

	write_user_segments((union user_segments){});
	local_irq_restore(flags);
}

void save_user_state(unsigned long *fs_base, unsigned long *gs_base, union user_segments *segments,
		     struct fpu_state *fpu)
{
	if (!fpu)
		return;
	if (cpu_has(X86_FSGSBASE)) {	/* else only set_user_*_base() change them */
		*fs_base = read_fsbase();
		*gs_base = read_user_gsbase();
	}
	*segments = get_user_segments();
	if (unlikely(segments->all)) {
		if (!cpu_has(X86_FSGSBASE)) {	/* a segment brought its base: 0 */
			*fs_base = segments->fs > 3 ? 0 : *fs_base;
			*gs_base = segments->gs > 3 ? 0 : *gs_base;
		}
		write_user_segments((union user_segments){});
	}
	fpu_save(fpu);
}

void load_user_state(unsigned long fs_base, unsigned long gs_base, union user_segments segments,
		     struct fpu_state *fpu)
{
	if (!fpu)
		return;
	if (unlikely(segments.all))
		write_user_segments(segments);	/* before the bases, which it may change */
	write_fsbase(fs_base);
	write_user_gsbase(gs_base);
	fpu_restore(fpu);
}

void set_user_fs_base(unsigned long base)
{
	BUG_ON(base >= TASK_SIZE);
	__asm__ volatile("mov %0, %%fs" ::"r"(0) : "memory");
	write_fsbase(base);
}

void set_user_gs_base(unsigned long base)
{
	unsigned long flags = local_irq_save();

	BUG_ON(base >= TASK_SIZE);
	write_user_gs(0);
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
