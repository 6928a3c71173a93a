/*
 * dumpstack.c - registers and backtraces, line by line as Linux prints them.
 *
 * Idea:  dumpstack.h. Every frame pointer is checked against the stack that it
 *        should lie in before it is followed: a trace of a broken stack ends early,
 *        it does not fault.
 * Locks: none.   Above: bug.h's dump_stack(), panic.c, traps.c, sysrq.
 */
#include "kernel/x86/dumpstack.h"
#include "kernel/abi/utsname.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/io.h"
#include "kernel/x86/ksyms.h"
#include "kernel/x86/page.h"
#include "kernel/x86/process.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"

enum { CODE_BYTES = 64, CODE_BEFORE = 42, MAX_FRAMES = 64, SYM_SIZE = 96 };

void dump_stack_lvl(void);

/* The stack that holds @addr: an interrupt stack, current's, or the boot stack. */
static bool stack_bounds(unsigned long addr, unsigned long *low, unsigned long *high)
{
	struct thread_head *t = current_thread();

	if (ist_stack_bounds(addr, low, high))
		return true;
	*low = t ? t->stack : (unsigned long)boot_stack;
	*high = *low + KSTACK_SIZE;
	return addr >= *low && addr < *high;
}

static bool readable(unsigned long addr, size_t size)
{
	unsigned long low, high;

	return !(addr & 7) && stack_bounds(addr, &low, &high) && addr + size <= high;
}

/*
 * "func+0x44/0x5c" of a return address: the call before it counts, it may be the function's last.
 */
static void print_call(unsigned long addr)
{
	unsigned long offset, size;	/* of addr - 1 */
	const char *name = ksym_lookup(addr - 1, &offset, &size);

	if (name)
		printk(KERN_WARNING " %s+0x%lx/0x%lx\n", name, offset + 1, size);
	else
		printk(KERN_WARNING " 0x%016lx\n", addr);
}

/* The same of an address that was being executed. */
static void print_at(unsigned long addr)
{
	char sym[SYM_SIZE];

	printk(KERN_WARNING " %s\n", ksym_format(sym, sizeof(sym), addr));
}

static void print_code(const struct pt_regs *regs)
{
	char line[8 + CODE_BYTES * 3 + 8];
	u8 code[CODE_BYTES];
	unsigned long from = regs->rip - CODE_BEFORE;
	int n = 0;
	long err = user_mode(regs) ? copy_from_user_nofault(code, (void *)from, CODE_BYTES)
				   : copy_from_kernel_nofault(code, (void *)from, CODE_BYTES);

	if (err) {
		printk(KERN_WARNING "Code: Unable to access opcode bytes at 0x%lx.\n", from);
		return;
	}
	for (int i = 0; i < CODE_BYTES; i++)
		n += scnprintf(line + n, sizeof(line) - n, i == CODE_BEFORE ? " <%02x>" : " %02x",
			       code[i]);
	printk(KERN_WARNING "Code:%s\n", line);
}

/* RIP … R15, as they stand in a report between " <TASK>" and " </TASK>". */
static void print_regs(const struct pt_regs *r)
{
	char sym[SYM_SIZE], orig[32] = "";

	if (user_mode(r))
		snprintf(sym, sizeof(sym), "0x%llx", (unsigned long long)r->rip);
	else
		ksym_format(sym, sizeof(sym), r->rip);
	if (r->orig_rax != ~0UL)
		snprintf(orig, sizeof(orig), " ORIG_RAX: %016lx", r->orig_rax);
	printk(KERN_WARNING "RIP: %04lx:%s\n", r->cs, sym);
	print_code(r);
	printk(KERN_WARNING "RSP: %04lx:%016lx EFLAGS: %08lx%s\n", r->ss, r->rsp, r->rflags, orig);
	printk(KERN_WARNING "RAX: %016lx RBX: %016lx RCX: %016lx\n", r->rax, r->rbx, r->rcx);
	printk(KERN_WARNING "RDX: %016lx RSI: %016lx RDI: %016lx\n", r->rdx, r->rsi, r->rdi);
	printk(KERN_WARNING "RBP: %016lx R08: %016lx R09: %016lx\n", r->rbp, r->r8, r->r9);
	printk(KERN_WARNING "R10: %016lx R11: %016lx R12: %016lx\n", r->r10, r->r11, r->r12);
	printk(KERN_WARNING "R13: %016lx R14: %016lx R15: %016lx\n", r->r13, r->r14, r->r15);
}

/* Follows the frames from @rbp. A frame pointer with bit 0 is a pt_regs (entry.asm). */
static void walk(unsigned long rbp)
{
	for (int n = 0; n < MAX_FRAMES && rbp; n++) {
		if (rbp & 1) {
			const struct pt_regs *regs = (const void *)(rbp - 1);

			if (!readable(rbp - 1, sizeof(*regs)))
				return;
			print_regs(regs);
			if (user_mode(regs))
				return;
			print_at(regs->rip);
			rbp = regs->rbp;
			continue;
		}
		if (!readable(rbp, 16) || !kernel_text_address(((unsigned long *)rbp)[1]))
			return;
		print_call(((unsigned long *)rbp)[1]);
		rbp = ((unsigned long *)rbp)[0];
	}
}

unsigned int save_stack_trace(unsigned long rbp, unsigned long *trace, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && rbp) {
		if (rbp & 1) {
			const struct pt_regs *regs = (const void *)(rbp - 1);

			if (!readable(rbp - 1, sizeof(*regs)) || user_mode(regs))
				break;
			trace[n++] = regs->rip;
			rbp = regs->rbp;
			continue;
		}
		if (!readable(rbp, 16) || !kernel_text_address(((unsigned long *)rbp)[1]))
			break;
		trace[n++] = ((unsigned long *)rbp)[1];
		rbp = ((unsigned long *)rbp)[0];
	}
	return n;
}

/* The two marks name the stack, as Linux's: a task's or an exception's own. */
static void print_trace(unsigned long own_address, unsigned long rbp)
{
	const char *ist = ist_stack_name((unsigned long)__builtin_frame_address(0));

	printk(KERN_WARNING "Call Trace:\n");
	printk(KERN_WARNING " <%s>\n", ist ? ist : "TASK");
	if (own_address)
		print_call(own_address);
	walk(rbp);
	printk(KERN_WARNING " </%s>\n", ist ? ist : "TASK");
}

/*
 * "CPU: 0 PID: 103 Comm: big_mm Not tainted 6.1.0-brink #1", and on which machine. Linux has a
 * letter or a blank for each of 19 taints; here G (the licence) and W can be set.
 */
static void print_who(void)
{
	kpid_t pid = 0;
	const char *comm = "swapper", *work = NULL, *machine = dmi_hardware_name();

	if (current_thread())
		describe_current(&pid, &comm, &work);
	printk(KERN_WARNING "CPU: %d PID: %d Comm: %.16s %s %s #1\n", smp_processor_id(), pid,
	       comm, kernel_tainted & TAINT_WARN ? "Tainted: G        W         " : "Not tainted",
	       UTS_RELEASE);
	if (machine)
		printk(KERN_WARNING "Hardware name: %s\n", machine);
	if (work)
		printk(KERN_WARNING "Workqueue: events %s\n", work);
}

__noinline void dump_stack_lvl(void)
{
	unsigned long here;

	__asm__ volatile("lea 0(%%rip), %0" : "=r"(here));
	print_who();
	/* Itself first, as Linux; then who called dump_stack(), whose frame is the next. */
	print_trace(here, *(unsigned long *)__builtin_frame_address(0));
}

void dump_stack(void)
{
	dump_stack_lvl();
}

void show_regs(struct pt_regs *regs)
{
	print_who();
	print_regs(regs);
	if (user_mode(regs))
		return;
	printk(KERN_WARNING "FS:  %016lx GS:%016lx knlGS:%016lx\n",
	       (unsigned long)rdmsr(MSR_FS_BASE), (unsigned long)rdmsr(MSR_GS_BASE),
	       (unsigned long)rdmsr(MSR_KERNEL_GS_BASE));
	printk(KERN_WARNING "CS:  %04lx DS: 0000 ES: 0000 CR0: %016lx\n", regs->cs,
	       (unsigned long)read_cr0());
	printk(KERN_WARNING "CR2: %016lx CR3: %016lx CR4: %016lx\n", (unsigned long)read_cr2(),
	       (unsigned long)read_cr3(), (unsigned long)read_cr4());
	print_trace(0, regs->rbp);
}

/*
 * The saved frame of a task that does not run: switch_to() pushed RBP last but one above the
 * return address.
 */
static unsigned long *saved_frame(unsigned long stack, unsigned long kernel_rsp)
{
	unsigned long frame = kernel_rsp + 5 * sizeof(u64);

	return frame >= stack && frame + 16 <= stack + KSTACK_SIZE && !(frame & 7) ? (void *)frame
										   : NULL;
}

/*
 * The @n-th return address of a sleeping task, 0 behind the last. The task may run meanwhile:
 * reads are bounded.
 */
unsigned long stack_caller(unsigned long stack, unsigned long kernel_rsp, unsigned int n)
{
	unsigned long *frame = saved_frame(stack, kernel_rsp);

	for (; frame; n--) {
		unsigned long next = READ_ONCE(frame[0]);

		if (!n)
			return kernel_text_address(READ_ONCE(frame[1])) ? READ_ONCE(frame[1]) : 0;
		if ((next & 7) || next <= (unsigned long)frame || next + 16 > stack + KSTACK_SIZE)
			break;
		frame = (unsigned long *)next;
	}
	return 0;
}

void show_stack_of(unsigned long stack, unsigned long kernel_rsp)
{
	unsigned long addr;

	printk(KERN_WARNING "Call Trace:\n");
	printk(KERN_WARNING " <TASK>\n");
	for (unsigned int n = 0; n < MAX_FRAMES && (addr = stack_caller(stack, kernel_rsp, n)); n++)
		print_call(addr);
	printk(KERN_WARNING " </TASK>\n");
}

void die(const char *what, struct pt_regs *regs, long error_code)
{
	static int count;	/* a: oopses so far */

	console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
	printk(KERN_WARNING "%s: %04lx [#%d] SMP\n", what, error_code & 0xffff,
	       __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED));
	show_regs(regs);
	panic("Fatal exception");
}
