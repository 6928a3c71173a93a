/*
 * panic.c - the end of a system that cannot go on.
 *
 * Idea:  say why and where, stop the other CPUs, and do what panic= says.
 * Locks: none; the first CPU to panic wins, the others stop.
 * Above: everybody (kernel/lib/bug.h).   Below: dumpstack.c, smp.c, reboot.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/early_serial.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/spinlock.h"

int panic_timeout;
bool panic_in_progress;
void (*panic_dump)(void);
static int panic_cpu = -1;	/* a */

static int set_panic(const char *value)
{
	return kstrtoint(value, 10, &panic_timeout);
}
CTL_PARAM("panic", set_panic);
CTL_SYSCTL_INT("kernel.panic", panic_timeout, INT32_MIN, INT32_MAX);

static void __noreturn halt_here(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* => panic_timeout is not 0 */
static void __noreturn panic_reboot(void)
{
	if (panic_timeout > 0) {
		pr_emerg("Rebooting in %d seconds..\n", panic_timeout);
		for (int i = 0; i < panic_timeout * 100; i++)
			udelay(10000);
	}
	console_flush();
	machine_emergency_restart();
}

void panic(const char *fmt, ...)
{
	static char text[512];
	int cpu = smp_processor_id(), none = -1;
	va_list args;

	local_irq_disable();
	if (!__atomic_compare_exchange_n(&panic_cpu, &none, cpu, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (none != cpu)
			halt_here();		/* another CPU is at it */
		machine_emergency_restart();		/* a panic in the panic */
	}
	panic_in_progress = true;
	early_serial_last_resort();
	printk_panic();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pr_emerg("Kernel panic - not syncing: %s\n", text);
	dump_stack();
	smp_stop_others();
	if (panic_dump)
		panic_dump();
	if (panic_timeout)
		panic_reboot();
	pr_emerg("---[ end Kernel panic - not syncing: %s ]---\n", text);
	console_flush();
	halt_here();
}
