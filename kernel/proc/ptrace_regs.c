/*
 * ptrace_regs.c - the registers of a stopped task, read and written by its tracer.
 *
 * Idea:   all of them lie in memory while a task sleeps: what entry.asm pushed at the top of its
 *         kernel stack, the segment bases and the FPU's state in its task_struct. Whoever
 *         writes may give nonsense, but never more than the program could do itself: the
 *         code and stack segments stay, of the flags only the user's change, bases are user addresses. An
 *         instruction pointer that is none faults on the way back.
 * Locks:  none: the task is stopped and frozen (JOBCTL_PTRACE_FROZEN).
 * Above:  ptrace.c.   Below: kernel/x86.   In Linux: arch/x86/kernel/ptrace.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/process.h"
#include "kernel/x86/uaccess.h"

#define X86_FLAGS_TF (1UL << 8)
#define REG(name) (offsetof(struct user_regs_struct, name) / sizeof(u64))
#define NR_REGS (sizeof(struct user_regs_struct) / sizeof(u64))

_Static_assert(offsetof(struct user_regs_struct, fs_base) == sizeof(struct pt_regs),
	       "user_regs_struct begins as pt_regs");

/* ptrace.h */
void set_single_step(struct task_struct *t, bool on)
{
	struct pt_regs *regs = task_pt_regs(t);

	if (on) {
		if (!(regs->rflags & X86_FLAGS_TF))
			t->ptrace |= PT_FORCED_TF;
		regs->rflags |= X86_FLAGS_TF;
		set_tif(t, TIF_SINGLESTEP);
		return;
	}
	clear_tif(t, TIF_SINGLESTEP);
	if (t->ptrace & PT_FORCED_TF)
		regs->rflags &= ~X86_FLAGS_TF;
	t->ptrace &= ~PT_FORCED_TF;
}

static u64 get_reg(struct task_struct *t, unsigned int nr)
{
	const struct pt_regs *regs = task_pt_regs(t);

	switch (nr) {
	case REG(fs_base):
		return t->fs_base;
	case REG(gs_base):
		return t->gs_base;
	case REG(ds):
		return t->segments.ds;
	case REG(es):
		return t->segments.es;
	case REG(fs):
		return t->segments.fs;
	case REG(gs):
		return t->segments.gs;
	case REG(eflags):
		return t->ptrace & PT_FORCED_TF ? regs->rflags & ~X86_FLAGS_TF : regs->rflags;
	}
	return ((const u64 *)regs)[nr];
}

static void put_flags(struct task_struct *t, u64 value)
{
	struct pt_regs *regs = task_pt_regs(t);

	if (value & X86_FLAGS_TF)
		t->ptrace &= ~PT_FORCED_TF;	/* it is the program's now */
	else if (t->ptrace & PT_FORCED_TF)
		value |= X86_FLAGS_TF;
	regs->rflags = (regs->rflags & ~USER_FLAGS) | (value & USER_FLAGS);
}

/*
 * Of the value 16 bits count. A selector is 0 or says it is the user's; whether there is such a
 * segment is seen as it is loaded.
 */
static int put_segment(u16 *to, u16 value)
{
	if (value && (value & 3) != 3)
		return -EIO;
	*to = value;
	return 0;
}

/* 0 or -EIO */
static int put_reg(struct task_struct *t, unsigned int nr, u64 value)
{
	switch (nr) {
	case REG(cs):
	case REG(ss):
		return value == get_reg(t, nr) ? 0 : -EIO;
	case REG(ds):
		return put_segment(&t->segments.ds, value);
	case REG(es):
		return put_segment(&t->segments.es, value);
	case REG(fs):
		return put_segment(&t->segments.fs, value);
	case REG(gs):
		return put_segment(&t->segments.gs, value);
	case REG(fs_base):
	case REG(gs_base):
		if (value >= TASK_SIZE)
			return -EIO;
		*(nr == REG(fs_base) ? &t->fs_base : &t->gs_base) = value;
		return 0;
	case REG(eflags):
		put_flags(t, value);
		return 0;
	}
	((u64 *)task_pt_regs(t))[nr] = value;
	return 0;
}

/* Brink keeps no hardware breakpoints for a program: those registers are 0, and stay so. */
static bool is_debug_reg(unsigned long addr)
{
	return addr >= USER_DEBUGREG && addr < USER_DEBUGREG + 8 * sizeof(u64);
}

/* ptrace.h */
int ptrace_peek_user(struct task_struct *t, unsigned long addr, u64 *value)
{
	if (addr % sizeof(u64) || addr >= USER_STRUCT_SIZE)
		return -EIO;
	*value = addr < sizeof(struct user_regs_struct) ? get_reg(t, addr / sizeof(u64)) : 0;
	return 0;
}

/* ptrace.h */
int ptrace_poke_user(struct task_struct *t, unsigned long addr, u64 value)
{
	if (addr % sizeof(u64) || addr >= USER_STRUCT_SIZE)
		return -EIO;
	if (addr < sizeof(struct user_regs_struct))
		return put_reg(t, addr / sizeof(u64), value);
	return is_debug_reg(addr) && !value ? 0 : -EIO;
}

/* ptrace.h */
void task_user_regs(struct task_struct *t, struct user_regs_struct *to)
{
	for (unsigned int i = 0; i < NR_REGS; i++)
		((u64 *)to)[i] = get_reg(t, i);
}

/* ptrace.h */
int ptrace_get_regs(struct task_struct *t, void __user *to, size_t len)
{
	struct user_regs_struct regs;

	task_user_regs(t, &regs);
	return copy_to_user(to, &regs, MIN(len, sizeof(regs))) ? -EFAULT : 0;
}

/* ptrace.h. As far as @len goes; a register that is refused ends it, those before it are set. */
int ptrace_set_regs(struct task_struct *t, const void __user *from, size_t len)
{
	u64 regs[NR_REGS];
	int err = 0;

	len = MIN(len, sizeof(regs));
	if (copy_from_user(regs, from, len))
		return -EFAULT;
	for (unsigned int i = 0; i < len / sizeof(u64) && !err; i++)
		err = put_reg(t, i, regs[i]);
	return err;
}

/* What the system call is, or what it gave: as the stop that @t is in says. The info's length. */
static size_t fill_syscall_info(struct task_struct *t, struct ptrace_syscall_info *info)
{
	const struct pt_regs *regs = task_pt_regs(t);
	const size_t head = offsetof(struct ptrace_syscall_info, entry);

	info->arch = AUDIT_ARCH_X86_64;
	info->instruction_pointer = regs->rip;
	info->stack_pointer = regs->rsp;
	if (!t->last_siginfo || t->last_siginfo->si_code != (SIGTRAP | 0x80))
		return head;
	if (t->ptrace_message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		info->op = PTRACE_SYSCALL_INFO_ENTRY;
		info->entry.nr = regs->orig_rax;
		info->entry.args[0] = regs->rdi;
		info->entry.args[1] = regs->rsi;
		info->entry.args[2] = regs->rdx;
		info->entry.args[3] = regs->r10;
		info->entry.args[4] = regs->r8;
		info->entry.args[5] = regs->r9;
		return head + sizeof(info->entry);
	}
	info->op = PTRACE_SYSCALL_INFO_EXIT;
	info->exit.rval = regs->rax;
	info->exit.is_error = (s64)regs->rax < 0 && (s64)regs->rax >= -4095;
	return offsetof(struct ptrace_syscall_info, exit.is_error) + 1;
}

/* ptrace.h */
long ptrace_syscall_info(struct task_struct *t, size_t size, void __user *to)
{
	struct ptrace_syscall_info info;
	size_t len;

	memset(&info, 0, sizeof(info));
	len = fill_syscall_info(t, &info);
	return copy_to_user(to, &info, MIN(size, len)) ? -EFAULT : (long)len;
}
