/*
 * fault.c - from the CPU's error code to a VMA, and what becomes of an access that has none.
 *
 * Idea:   A page fault is one of three things. A promise to be kept: the address is
 *         in a VMA that allows the access, and handle_mm_fault() brings the page.
 *         A mistake of user space: SIGSEGV, or SIGBUS if the page cannot be had. Or
 *         the kernel's own access to user memory that failed: its instruction has an
 *         entry in the exception table and returns -EFAULT. Anything else is a bug
 *         in the kernel, and the last thing it does is say so.
 * Locks:  takes mmap_lock for reading (lock_mm_and_find_vma).
 * Above:  entry.asm (upcalls.h).
 * Below:  memory.c, stack.c, oom_kill.c; sched/signal.c.   In Linux: arch/x86/mm/fault.c.
 */
#include "mm/fault.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/trace.h"
#include "mm/vma.h"

/* The error code's bits: SDM vol. 3, 4.7. */
enum x86_pf_error_code {
	X86_PF_PROT = 1 << 0,		/* the page was there, its rights were not */
	X86_PF_WRITE = 1 << 1,
	X86_PF_USER = 1 << 2,
	X86_PF_RSVD = 1 << 3,		/* a reserved bit in a page table */
	X86_PF_INSTR = 1 << 4,
};
#define X86_EFLAGS_IF (1UL << 9)
#define X86_EFLAGS_AC (1UL << 18)

int show_unhandled_signals = 1;
CTL_SYSCTL_INT("debug.exception-trace", show_unhandled_signals, -0x7fffffff - 1, 0x7fffffff);

/* --- what the log says --- */

int vma_addr_suffix(char *buf, size_t size, const char *prefix, unsigned long ip)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	char path[256], *name;
	struct seq_file m = { .buf = path, .size = sizeof(path) - 1 };
	int len = 0;

	buf[0] = 0;
	if (!mm || !down_read_trylock(&mm->mmap_lock))
		return 0;
	vma = find_vma(mm, ip);
	if (vma && vma->vm_file && vma->vm_ops && vma->vm_ops->show_name) {
		vma->vm_ops->show_name(vma, &m);
		path[m.count] = 0;
		name = strrchr(path, '/');
		len = scnprintf(buf, size, "%s%s[%lx+%lx]", prefix, name ? name + 1 : path,
				vma->vm_start, vma->vm_end - vma->vm_start);
	}
	up_read(&mm->mmap_lock);
	return len;
}

#define OPCODES_BEFORE 42	/* as many as Linux shows */
#define OPCODES_SHOWN 64

/* The bytes around the instruction, for whoever has a disassembler. */
static void show_opcodes(struct pt_regs *regs)
{
	u8 code[OPCODES_SHOWN];
	unsigned long from = regs->rip - OPCODES_BEFORE;
	char line[OPCODES_SHOWN * 3 + 8];
	int len = 0;

	if (!access_ok((void *)from, sizeof(code)) ||
	    copy_from_user_nofault(code, (void *)from, sizeof(code))) {
		pr_info("Code: Unable to access opcode bytes at 0x%lx.\n", from);
		return;
	}
	for (int i = 0; i < OPCODES_SHOWN; i++)
		len += scnprintf(line + len, sizeof(line) - len,
				 i == OPCODES_BEFORE ? " <%02x>" : " %02x", code[i]);
	pr_info("Code:%s\n", line);
}

static bool unhandled_signal(struct task_struct *task, int sig)
{
	sighandler_t handler = task->sighand->action[sig - 1].sa.sa_handler;

	return task->tgid == 1 || handler == SIG_IGN || handler == SIG_DFL;
}

static void show_signal_msg(struct pt_regs *regs, unsigned long error_code, unsigned long address)
{
	int cpu = smp_processor_id();
	char where[320];

	if (!show_unhandled_signals || !unhandled_signal(current, SIGSEGV) || !printk_ratelimit())
		return;
	vma_addr_suffix(where, sizeof(where), " in ", regs->rip);
	printk("%s%s[%d]: segfault at %lx ip %016lx sp %016lx error %lx%s likely on CPU %d (core "
	       "%d, socket %d)\n",
	       current->pid == 1 ? KERN_EMERG : KERN_INFO, current->comm, current->pid, address,
	       regs->rip, regs->rsp, error_code, where, cpu, cpu, 0);
	show_opcodes(regs);
}

/* --- the ends of a fault that could not be served --- */

static void page_fault_oops(struct pt_regs *regs, unsigned long error_code,
			    unsigned long address) __noreturn;
static void page_fault_oops(struct pt_regs *regs, unsigned long error_code, unsigned long address)
{
	const char *what = error_code & X86_PF_INSTR ? "instruction fetch" :
			   error_code & X86_PF_WRITE ? "write access" : "read access";

	if (address < PAGE_SIZE && !user_mode(regs))
		pr_alert("BUG: kernel NULL pointer dereference, address: %016lx\n", address);
	else
		pr_alert("BUG: unable to handle page fault for address: %016lx\n", address);
	pr_alert("#PF: %s %s in %s mode\n", error_code & X86_PF_USER ? "user" : "supervisor", what,
		 user_mode(regs) ? "user" : "kernel");
	pr_alert("#PF: error_code(0x%04lx) - %s\n", error_code,
		 error_code & X86_PF_RSVD ? "reserved bit violation" :
		 error_code & X86_PF_PROT ? "permissions violation" : "not-present page");
	die("Oops", regs, (long)error_code);
}

/* The kernel's access has no page: its fixup, or the end. */
static void kernelmode_fixup_or_oops(struct pt_regs *regs, unsigned long error_code,
				     unsigned long address)
{
	if (!fixup_exception(regs))
		page_fault_oops(regs, error_code, address);
}

/*
 * For the signal frame; => the error code that a user may see. Whether a kernel address is mapped
 * is none of user space's business: it always "was there".
 */
static unsigned long note_fault(unsigned long error_code, unsigned long address)
{
	if (address >= TASK_SIZE)
		error_code |= X86_PF_PROT;
	current->trap_nr = TRAP_PF;
	current->trap_error = error_code;
	current->fault_address = address;
	return error_code;
}

/* => no lock held */
static void bad_area_nosemaphore(struct pt_regs *regs, unsigned long error_code,
				 unsigned long address, int si_code)
{
	if (!user_mode(regs)) {
		kernelmode_fixup_or_oops(regs, error_code, address);
		return;
	}
	error_code = note_fault(error_code, address);
	show_signal_msg(regs, error_code, address);
	force_sig_fault(SIGSEGV, si_code, address);
}

static void do_sigbus(struct pt_regs *regs, unsigned long error_code, unsigned long address)
{
	if (!user_mode(regs)) {
		kernelmode_fixup_or_oops(regs, error_code, address);
		return;
	}
	note_fault(error_code, address);
	force_sig_fault(SIGBUS, BUS_ADRERR, address);
}

static void mm_fault_error(struct pt_regs *regs, unsigned long error_code, unsigned long address,
			   vm_fault_t fault)
{
	if (fatal_signal_pending(current) && !user_mode(regs)) {
		kernelmode_fixup_or_oops(regs, error_code, address);
	} else if (!(fault & VM_FAULT_ERROR)) {
		return;
	} else if (fault & VM_FAULT_OOM) {
		if (!user_mode(regs))
			kernelmode_fixup_or_oops(regs, error_code, address);
		else
			/* somebody will die; then the access is tried again */
			pagefault_out_of_memory();
	} else if (fault & VM_FAULT_SIGBUS) {
		do_sigbus(regs, error_code, address);
	} else {
		bad_area_nosemaphore(regs, error_code, address, SEGV_MAPERR);
	}
}

/* --- the way in --- */

/* True: the VMA's rights forbid this access. */
static inline bool access_error(unsigned long error_code, const struct vm_area_struct *vma)
{
	if (error_code & X86_PF_WRITE)
		return !(vma->vm_flags & VM_WRITE);
	if (error_code & X86_PF_PROT)	/* read or fetched, and it was there */
		return true;
	return !(vma->vm_flags & VM_ACCESS_FLAGS);
}

/*
 * May the kernel sleep for a page here? Not with interrupts off, not between pagefault_disable()
 * and _enable().
 */
static inline bool kernel_may_wait(const struct pt_regs *regs)
{
	return current->mm && (regs->rflags & X86_EFLAGS_IF) && !pagefault_disabled();
}

/*
 * With SMAP, only uaccess.h's instructions may touch user memory: anything else is a stray pointer
 * of ours.
 */
static inline bool stray_access(const struct pt_regs *regs)
{
	return cpu_has(X86_SMAP) && !(regs->rflags & X86_EFLAGS_AC);
}

static inline unsigned int fault_flags(const struct pt_regs *regs, unsigned long error_code)
{
	return FAULT_FLAG_ALLOW_RETRY | (user_mode(regs) ? FAULT_FLAG_USER : 0) |
	       (error_code & X86_PF_WRITE ? FAULT_FLAG_WRITE : 0);
}

/* Out of line: the common case should not pay for its arguments. */
static __noinline void trace_fault(const struct pt_regs *regs, unsigned long error_code,
				   unsigned long address)
{
	if (user_mode(regs))
		TRACE(page_fault_user, .address = address, .ip = regs->rip,
		      .error_code = error_code);
	else
		TRACE(page_fault_kernel, .address = address, .ip = regs->rip,
		      .error_code = error_code);
}

static __noinline void do_user_addr_fault(struct pt_regs *regs, unsigned long error_code,
					  unsigned long address)
{
	struct mm_struct *mm = current->mm;
	unsigned int flags = fault_flags(regs, error_code);
	struct vm_area_struct *vma;
	vm_fault_t fault;

	if (trace_enabled(page_fault_user) || trace_enabled(page_fault_kernel))
		trace_fault(regs, error_code, address);
	if (unlikely(error_code & X86_PF_RSVD))
		page_fault_oops(regs, error_code, address);
	if (!user_mode(regs)) {
		if (unlikely(stray_access(regs)))
			page_fault_oops(regs, error_code, address);
		if (!kernel_may_wait(regs)) {
			kernelmode_fixup_or_oops(regs, error_code, address);
			return;
		}
	}
	for (;;) {
		vma = lock_mm_and_find_vma(mm, address);
		if (unlikely(!vma)) {
			bad_area_nosemaphore(regs, error_code, address, SEGV_MAPERR);
			return;
		}
		if (unlikely(access_error(error_code, vma))) {
			up_read(&mm->mmap_lock);
			bad_area_nosemaphore(regs, error_code, address, SEGV_ACCERR);
			return;
		}
		fault = handle_mm_fault(vma, address, flags, regs);
		if (likely(!(fault & VM_FAULT_RETRY)))
			break;
		/* It waited without the lock; whoever was killed meanwhile need not go on. */
		if (fatal_signal_pending(current)) {
			if (!user_mode(regs))
				kernelmode_fixup_or_oops(regs, error_code, address);
			return;
		}
		/* A signal's handler may come first: the access is tried again after it. */
		if (user_mode(regs) && signal_pending(current))
			return;
		flags |= FAULT_FLAG_TRIED;
	}
	up_read(&mm->mmap_lock);
	/*
	 * NOPAGE may be the answer to one that is killed: in the kernel it would try again for ever, and on
	 * this CPU nobody else's turn would come, not even that of the page's owner.
	 */
	if (unlikely(fault & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)))
		mm_fault_error(regs, error_code, address, fault);
}

/* The kernel's half is in every process' table: nothing to bring in there. */
static __noinline void do_kern_addr_fault(struct pt_regs *regs, unsigned long error_code,
					  unsigned long address)
{
	trace_fault(regs, error_code, address);
	bad_area_nosemaphore(regs, error_code, address, SEGV_MAPERR);
}

/*
 * do_page_fault: the CPU could not reach @address.
 *
 * => interrupts as they were where it happened
 * => returns to try the access again, or to a fixup or a signal
 */
void do_page_fault(struct pt_regs *regs, unsigned long error_code, unsigned long address)
{
	if (likely(address < TASK_SIZE))
		do_user_addr_fault(regs, error_code, address);
	else
		do_kern_addr_fault(regs, error_code, address);
}
