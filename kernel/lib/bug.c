/*
 * bug.c - what a failed assertion says.
 *
 * Idea: Linux's first lines ("kernel BUG at mm/swap.c:12!"), then panic(),
 *       which shows the backtrace. There is no oops: a kernel whose assertion
 *       failed has nothing left to trust.
 * Locks:  none.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"

_Atomic unsigned long kernel_tainted;

/* bug.h */
void bug_report(const char *file, int line, const char *func)
{
	pr_crit("------------[ cut here ]------------\n");
	pr_crit("kernel BUG at %s:%d!\n", file, line);
	panic("BUG in %s", func);
}

/* bug.h */
void warn_report(const char *file, int line, const char *func)
{
	pr_warn("------------[ cut here ]------------\n");
	pr_warn("WARNING: CPU: %d PID: %u at %s:%d %s\n", printk_ops.cpu ? printk_ops.cpu() : 0,
		printk_ops.caller ? printk_ops.caller() : 0, file, line, func);
	dump_stack();
	kernel_tainted |= TAINT_WARN;	/* after the report, which is of a kernel that was not yet */
	pr_warn("---[ end trace ]---\n");
}

/* bug.h */
void warn_line(const char *fmt, ...)
{
	va_list args;
	struct va_format vf = { .fmt = fmt, .va = &args };

	va_start(args, fmt);
	pr_warn("%pV", (void *)&vf);
	va_end(args);
}
