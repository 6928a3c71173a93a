/*
 * acpi.h - the few facts this kernel takes from the ACPI tables.
 *
 * Idea: read once while the boot tables still map the first 4 GiB 1:1, and kept
 *       as plain numbers; no AML is run (\_S5 is found by looking for its bytes).
 * Source: ACPI 6.4, chapter 5. The HPET's: IA-PC HPET 1.0a; MCFG: PCI firmware 3.2.
 * Locks: none: read-only after acpi_init().
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

enum { MAX_IOAPICS = 4, MAX_MEM_AFFINITY = 32, MAX_LOCALITIES = 32 };
struct acpi_info {
	bool found;
	phys_addr_t lapic;
	unsigned int nr_cpus;			/* enabled ones, boot CPU included, as listed */
	u32 apic_ids[MAX_CPUS];
	unsigned int nr_ioapics;
	struct { phys_addr_t base; u32 gsi_base; } ioapics[MAX_IOAPICS];
	struct { u32 gsi; bool level, active_low; } isa[16];
	phys_addr_t hpet;			/* 0: none */
	u16 pm_timer_port, pm1a_cnt, pm1b_cnt, smi_cmd;	/* 0: none */
	u8 acpi_enable;
	bool has_s5;
	u8 s5_a, s5_b;				/* SLP_TYP of power-off */
	bool has_reset;
	u8 reset_space, reset_value;		/* 0 memory, 1 I/O, 2 PCI */
	u64 reset_addr;
	/* PCI Express configuration space of segment 0, 0: none */
	phys_addr_t mcfg;
	u8 mcfg_bus_start, mcfg_bus_end;
	/* SRAT: who is near what */
	bool has_srat;
	u32 apic_node[MAX_CPUS];		/* proximity domain of apic_ids[i] */
	unsigned int nr_mem_affinity;
	struct { phys_addr_t start; u64 size; u32 node; } mem_affinity[MAX_MEM_AFFINITY];
	/* SLIT: distances between proximity domains, 10: the same; 0 localities: not told */
	unsigned int nr_localities;
	u8 distance[MAX_LOCALITIES][MAX_LOCALITIES];
};
extern struct acpi_info acpi_info;

void acpi_init(void);		/* => before paging_init() */
void dmi_init(void);		/* SMBIOS: the machine's name. => before paging_init() */
const char *dmi_hardware_name(void);	/* "QEMU Standard PC (…), BIOS … …", NULL if not known */
