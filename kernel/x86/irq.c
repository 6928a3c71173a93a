/*
 * irq.c - from a vector to its handler.
 *
 * Idea:  irq.h. Two tables by vector: the system's own (timer, IPIs) and
 *        devices'. A device vector is sent to one CPU, chosen in turn.
 * Locks: irq_lock (LOCK_IRQ_DESC) to change the tables; do_irq() reads without.
 * Above: drivers; entry.asm calls do_irq().
 */
#include "kernel/x86/irq.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cross.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/upcalls.h"

enum { VECTORS = 256 };

static spinlock_t irq_lock = SPINLOCK_INIT(LOCK_IRQ_DESC);

struct irq_desc {
	irq_handler handler;		/* irq_lock for writing; NULL: free */
	void *arg;
	const char *name;
	int gsi;			/* -1: a message */
	bool level;
};
static struct irq_desc irq_table[VECTORS];
static void (*system_vectors[VECTORS])(struct pt_regs *regs);	/* c */
static DEFINE_PER_CPU(u32, irq_counts)[VECTORS];	/* its CPU */
static DEFINE_PER_CPU(int, irq_depth);

/* Called by entry.asm with interrupts off. */
void do_irq(struct pt_regs *regs, unsigned long vector)
{
	const struct irq_desc *desc = &irq_table[vector];

	this_cpu_inc(irq_depth);
	(*this_cpu_ptr(irq_counts))[vector]++;
	if (system_vectors[vector])
		system_vectors[vector](regs);
	else if (desc->handler)
		desc->handler(desc->arg);
	if (vector != VECTOR_SPURIOUS)	/* it has no bit in service: SDM vol. 3, 11.9 */
		apic_eoi();
	this_cpu_dec(irq_depth);
}

bool in_interrupt(void)
{
	return this_cpu_read(irq_depth) > 0;
}

void set_system_vector(int vector, void (*fn)(struct pt_regs *regs))
{
	system_vectors[vector] = fn;
}

/* A free vector, or -ENOSPC. => irq_lock held */
static int alloc_vector(irq_handler handler, void *arg, const char *name)
{
	for (int v = VECTOR_FIRST; v <= VECTOR_LAST; v++) {
		if (irq_table[v].handler)
			continue;
		irq_table[v] = (struct irq_desc){
			.handler = handler, .arg = arg, .name = name, .gsi = -1
		};
		return v;
	}
	return -ENOSPC;
}

/* => irq_lock held */
static struct irq_desc *find_gsi(int gsi)
{
	for (int v = VECTOR_FIRST; v <= VECTOR_LAST; v++)
		if (irq_table[v].handler && irq_table[v].gsi == gsi)
			return &irq_table[v];
	return NULL;
}

static u32 next_target(void)
{
	static unsigned int turn;	/* irq_lock */

	return apic_id_of(turn++ % nr_cpus);
}

int isa_irq_to_gsi(int irq)
{
	return irq >= 0 && irq < 16 ? (int)acpi_info.isa[irq].gsi : irq;
}

static void gsi_trigger(int gsi, bool *level, bool *low)
{
	*level = *low = gsi >= 16;	/* PCI's lines: level, active low */
	for (int irq = 0; irq < 16; irq++) {
		if ((int)acpi_info.isa[irq].gsi != gsi)
			continue;
		*level = acpi_info.isa[irq].level;
		*low = acpi_info.isa[irq].active_low;
	}
}

int request_irq(int gsi, irq_handler handler, void *arg, const char *name)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	bool level, low;
	int vector = find_gsi(gsi) ? -EBUSY : alloc_vector(handler, arg, name), err;

	if (vector < 0)
		goto out;
	gsi_trigger(gsi, &level, &low);
	irq_table[vector].gsi = gsi;
	irq_table[vector].level = level;
	err = ioapic_route(gsi, vector, next_target(), level, low);
	if (err) {
		irq_table[vector].handler = NULL;
		vector = err;
	}
out:
	spin_unlock_irqrestore(&irq_lock, flags);
	return vector < 0 ? vector : 0;
}

static void mask_irq(int gsi, bool masked)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);

	ioapic_mask(gsi, masked);
	spin_unlock_irqrestore(&irq_lock, flags);
}

void disable_irq(int gsi) { mask_irq(gsi, true); }
void enable_irq(int gsi) { mask_irq(gsi, false); }

int alloc_msi_vector(irq_handler handler, void *arg, const char *name, u64 *msg_addr, u32 *msg_data)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	int vector = alloc_vector(handler, arg, name);

	if (vector >= 0) {	/* SDM vol. 3, 11.11: fixed delivery, edge, one CPU */
		*msg_addr = 0xfee00000 | (u64)(next_target() & 0xff) << 12;
		*msg_data = vector;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return vector;
}

static void handle_reschedule(struct pt_regs *regs)
{
	scheduler_ipi();
}

static void handle_timer(struct pt_regs *regs)
{
	scheduler_tick(user_mode(regs));
}

void irq_init_vectors(void)
{
	set_system_vector(VECTOR_RESCHEDULE, handle_reschedule);
	set_system_vector(VECTOR_TIMER, handle_timer);
	cross_init();
}

u64 irq_total(void)
{
	u64 sum = 0;
	int cpu;

	for_each_online_cpu(cpu)
		for (int v = 0; v < VECTORS; v++)
			sum += per_cpu(irq_counts, cpu)[v];
	return sum;
}

static void show_counts(struct seq_file *m, const char *label, int vector)
{
	int cpu;

	seq_printf(m, "%3s:", label);
	for_each_online_cpu(cpu)
		seq_printf(m, " %10u", per_cpu(irq_counts, cpu)[vector]);
}

static void show_device(struct seq_file *m, int vector, int *msi)
{
	const struct irq_desc *d = &irq_table[vector];
	char label[12];

	snprintf(label, sizeof(label), "%d", d->gsi >= 0 ? d->gsi : 24 + *msi);
	show_counts(m, label, vector);
	if (d->gsi >= 0)
		seq_printf(m, "   IO-APIC %3d-%s", d->gsi, d->level ? "fasteoi" : "edge");
	else
		seq_printf(m, "   PCI-MSI %d-edge", (*msi)++);
	seq_printf(m, "      %s\n", d->name);
}

static int interrupts_show(struct seq_file *m)
{
	static const struct { const char *label, *what; int vector; } fixed[] = {
		{ "LOC", "Local timer interrupts", VECTOR_TIMER },
		{ "SPU", "Spurious interrupts", VECTOR_SPURIOUS },
		{ "IWI", "IRQ work interrupts", VECTOR_IRQ_WORK },
		{ "RES", "Rescheduling interrupts", VECTOR_RESCHEDULE },
		{ "CAL", "Function call interrupts", VECTOR_CALL },
		{ "TLB", "TLB shootdowns", VECTOR_TLB },
	};
	int cpu, msi = 0;

	seq_puts(m, "           ");
	for_each_online_cpu(cpu)
		seq_printf(m, "CPU%-8d", cpu);
	seq_putc(m, '\n');
	for (int v = VECTOR_FIRST; v <= VECTOR_LAST; v++)
		if (irq_table[v].handler)
			show_device(m, v, &msi);
	for (unsigned int i = 0; i < ARRAY_SIZE(fixed); i++) {
		show_counts(m, fixed[i].label, fixed[i].vector);
		seq_printf(m, "   %s\n", fixed[i].what);
	}
	return 0;
}
CTL_FILE("/proc/interrupts", .mode = 0444, .show = interrupts_show);
