/*
 * irq.h - interrupt lines and their handlers.
 *
 * Idea: every interrupt is a vector of the IDT; a table says whom to call. The
 *       I/O APIC's lines and MSI messages get a vector when a driver asks.
 *       Handlers run with interrupts off, on the interrupted task's stack.
 * Locks: LOCK_IRQ_DESC for giving vectors out.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/ptregs.h"

typedef void (*irq_handler)(void *arg);

/* Vectors 0x20 … 0xdf are given out; these are fixed. */
enum vector {
	VECTOR_FIRST = 0x30,
	VECTOR_LAST = 0xdf,
	VECTOR_TIMER = 0xec,
	VECTOR_IRQ_WORK = 0xf6,	/* to itself: what had to wait until interrupts were on */
	VECTOR_CALL = 0xfb,
	VECTOR_TLB = 0xfc,
	VECTOR_RESCHEDULE = 0xfd,
	VECTOR_ERROR = 0xfe,
	VECTOR_SPURIOUS = 0xff,
};

/*
 * The I/O APIC line of an ISA interrupt (1 keyboard, 4 serial, 12 mouse): MADT overrides applied.
 */
int isa_irq_to_gsi(int irq);
/* Routes @gsi to @handler and unmasks it. 0, -EBUSY (taken), -ENODEV (no such line), -ENOSPC. */
int request_irq(int gsi, irq_handler handler, void *arg, const char *name);
void disable_irq(int gsi);
void enable_irq(int gsi);
/* An MSI(-X) message that calls @handler. The vector, or -ENOSPC. */
int alloc_msi_vector(irq_handler handler, void *arg, const char *name, u64 *msg_addr,
		     u32 *msg_data);

u64 irq_total(void);		/* interrupts so far, all CPUs: /proc/stat's intr */
bool in_interrupt(void);	/* an interrupt handler runs on this CPU */

/* idt.c / entry.asm */
void idt_init(void);		/* builds the table */
void idt_load(void);		/* on each CPU */
void idt_set_ist(void);		/* IST stacks are mapped: use them */
void irq_init_vectors(void);
void set_system_vector(int vector, void (*fn)(struct pt_regs *regs));
