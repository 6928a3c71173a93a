/*
 * ioapic.c - the I/O APICs' redirection entries, and silencing the 8259s.
 *
 * Source: Intel 82093AA datasheet, 3.2; 8259A datasheet.
 * Locks:  ioapic_lock (LOCK_IRQ_DESC is irq.c's; it is held around these calls).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/io.h"
#include "kernel/x86/paging.h"

enum { IOREGSEL = 0, IOWIN = 0x10, IOAPIC_VERSION = 1, IOAPIC_REDIRECT = 0x10 };
enum { REDIRECT_LOW = 1 << 13, REDIRECT_LEVEL = 1 << 15, REDIRECT_MASKED = 1 << 16 };

static struct ioapic {
	volatile char *regs;
	u32 gsi_base, lines;
} ioapics[MAX_IOAPICS];			/* c; registers: irq.c's lock */

static u32 ioapic_read(struct ioapic *io, u32 reg)
{
	writel(reg, io->regs + IOREGSEL);
	return readl(io->regs + IOWIN);
}
static void ioapic_write(struct ioapic *io, u32 reg, u32 v)
{
	writel(reg, io->regs + IOREGSEL);
	writel(v, io->regs + IOWIN);
}

static struct ioapic *find_ioapic(u32 gsi)
{
	for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[i];

		if (io->regs && gsi >= io->gsi_base && gsi - io->gsi_base < io->lines)
			return io;
	}
	return NULL;
}

int ioapic_route(int gsi, int vector, u32 dest, bool level, bool active_low)
{
	struct ioapic *io = find_ioapic(gsi);
	u32 reg;

	if (!io || dest > 0xff)		/* the entry's destination has eight bits */
		return -ENODEV;
	reg = IOAPIC_REDIRECT + 2 * (gsi - io->gsi_base);
	ioapic_write(io, reg, REDIRECT_MASKED);
	ioapic_write(io, reg + 1, dest << 24);
	ioapic_write(io, reg,
		     vector | (level ? REDIRECT_LEVEL : 0) | (active_low ? REDIRECT_LOW : 0));
	return 0;
}

void ioapic_mask(int gsi, bool masked)
{
	struct ioapic *io = find_ioapic(gsi);
	u32 reg, v;

	if (!io)
		return;
	reg = IOAPIC_REDIRECT + 2 * (gsi - io->gsi_base);
	v = ioapic_read(io, reg);
	ioapic_write(io, reg, masked ? v | REDIRECT_MASKED : v & ~(u32)REDIRECT_MASKED);
}

/* The 8259s: away from the exceptions' vectors, and silent. */
static void disable_pics(void)
{
	outb(0x11, 0x20);
	outb(0x11, 0xa0);
	outb(0x20, 0x21);
	outb(0x28, 0xa1);
	outb(4, 0x21);
	outb(2, 0xa1);
	outb(1, 0x21);
	outb(1, 0xa1);
	outb(0xff, 0x21);
	outb(0xff, 0xa1);
}

void ioapic_init(void)
{
	disable_pics();
	for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[i];

		io->gsi_base = acpi_info.ioapics[i].gsi_base;
		io->regs = map_fixed_device(acpi_info.ioapics[i].base, PAGE_SIZE);
		if (!io->regs)
			continue;
		io->lines = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (u32 n = 0; n < io->lines; n++)
			ioapic_write(io, IOAPIC_REDIRECT + 2 * n, REDIRECT_MASKED);
	}
}
