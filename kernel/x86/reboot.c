/*
 * reboot.c - power off, reset, halt.
 *
 * Idea:  ACPI's way first, then the older ones: keyboard controller, port cf9,
 *        and a triple fault, which no machine survives.
 * Locks: none: the other CPUs are stopped.
 * Source: ACPI 6.4, 4.8.3.2 (PM1 control), 4.8.3.6 (reset register).
 */
#include "kernel/x86/reboot.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/spinlock.h"

enum {
	PM1_SCI_EN = 1,
	PM1_SLP_EN = 1 << 13,
	PM1_SLP_SHIFT = 10,
	KBC_STATUS_FULL = 2,
	KBC_RESET = 0xfe
};

static void __noreturn halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void stop_everything(void)
{
	console_flush();
	local_irq_disable();
	smp_stop_others();
}

/* Firmware hands the power hardware over to us, if it has not yet. */
static void acpi_enable(void)
{
	if ((inw(acpi_info.pm1a_cnt) & PM1_SCI_EN) || !acpi_info.smi_cmd || !acpi_info.acpi_enable)
		return;
	outb(acpi_info.acpi_enable, acpi_info.smi_cmd);
	for (int i = 0; i < 300 && !(inw(acpi_info.pm1a_cnt) & PM1_SCI_EN); i++)
		udelay(1000);
}

void machine_power_off(void)
{
	pr_emerg("reboot: Power down\n");
	stop_everything();
	if (acpi_info.has_s5 && acpi_info.pm1a_cnt) {
		acpi_enable();
		outw(acpi_info.s5_a << PM1_SLP_SHIFT | PM1_SLP_EN, acpi_info.pm1a_cnt);
		if (acpi_info.pm1b_cnt)
			outw(acpi_info.s5_b << PM1_SLP_SHIFT | PM1_SLP_EN, acpi_info.pm1b_cnt);
		udelay(100000);
	}
	pr_emerg("reboot: this machine has no power-off that we know; it is safe to switch it "
		 "off\n");
	console_flush();
	halt_forever();
}

void machine_halt(void)
{
	pr_emerg("reboot: System halted\n");
	stop_everything();
	halt_forever();
}

static void acpi_reset(void)
{
	if (acpi_info.has_reset && acpi_info.reset_space == 1)
		outb(acpi_info.reset_value, acpi_info.reset_addr);
}

static void keyboard_reset(void)
{
	for (int i = 0; i < 1000 && (inb(0x64) & KBC_STATUS_FULL); i++)
		udelay(10);
	outb(KBC_RESET, 0x64);
}

void machine_emergency_restart(void)
{
	struct { u16 limit; u64 base; } __packed none = { 0, 0 };

	stop_everything();
	acpi_reset();
	udelay(10000);
	keyboard_reset();
	udelay(10000);
	outb(0x06, 0xcf9);	/* full reset: Intel chipsets' reset control register */
	udelay(10000);
	__asm__ volatile("lidt %0; int3" ::"m"(none));
	halt_forever();
}

void machine_restart(void)
{
	pr_emerg("reboot: Restarting system\n");
	machine_emergency_restart();
}
