/*
 * apic.h - the local APIC of each CPU, the I/O APICs, and the dead 8259s.
 *
 * Source: SDM vol. 3, chapter 11; Intel 82093AA datasheet.
 * Locks:  local APIC: its CPU alone. I/O APIC: LOCK_IRQ_DESC.
 */
#pragma once

#include "kernel/lib/types.h"

/* maps and enables the boot CPU's; => acpi_init(), paging_init() */
void apic_init(void);
void apic_init_cpu(void);		/* the same for another CPU */
void ioapic_init(void);
u32 apic_id(void);			/* this CPU's */
u32 apic_id_of(int cpu);
void apic_eoi(void);
void apic_send_ipi(int cpu, int vector);
void apic_send_nmi(int cpu);
void apic_send_init(u32 id);
void apic_send_startup(u32 id, u8 page);
bool apic_is_x2(void);

/* The timer: counts down from @count at apic_timer_hz; 0 stops it. */
void apic_timer_set(u32 count);
u32 apic_timer_count(void);
void apic_timer_setup(bool tsc_deadline);	/* its vector and mode, on this CPU */

/* 0, -ENODEV; unmasked */
int ioapic_route(int gsi, int vector, u32 dest, bool level, bool active_low);
void ioapic_mask(int gsi, bool masked);
