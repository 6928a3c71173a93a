/*
 * pci.h - PCI functions: found, described, and their interrupts.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define PCI_MAX_BARS 6

struct pci_bar { phys_addr_t base; u64 size; bool io; };	/* size 0: none */

struct pci_dev {
	struct list_head link;		/* c: all functions */
	u8 bus, devfn;			/* devfn: device << 3 | function */
	u16 vendor, device, subsystem;
	u8 class, subclass, prog_if, revision;
	u8 header_type;			/* 0 a device, 1 a bridge */
	u8 irq_line, irq_pin;		/* as the firmware left them; pin 0: no INTx */
	struct pci_bar bars[PCI_MAX_BARS];
	u8 msix_cap;			/* offset, 0: none */
	unsigned int nr_msix;		/* entries of its table */
	void *msix_table;		/* mapped by pci_enable_msix */
	struct list_head intx_link;	/* those who share a line */
	void (*intx_handler)(void *arg);
	void *intx_arg;
};

void pci_init(void);			/* => acpi_init, kmalloc, ioremap; logs each function */
/* Calls @probe for each function found, in the order of their addresses. */
void pci_for_each(void (*probe)(struct pci_dev *dev));
const char *pci_name(const struct pci_dev *dev, char buf[16]);	/* "0000:00:04.0" */

u8 pci_read8(const struct pci_dev *dev, unsigned int offset);
u16 pci_read16(const struct pci_dev *dev, unsigned int offset);
u32 pci_read32(const struct pci_dev *dev, unsigned int offset);
void pci_write16(const struct pci_dev *dev, unsigned int offset, u16 value);
void pci_write32(const struct pci_dev *dev, unsigned int offset, u32 value);

enum { PCI_CAP_VENDOR = 0x09, PCI_CAP_MSIX = 0x11 };
/* The first capability @id after @after (0: from the start): its offset, 0 if there is none. */
u8 pci_find_capability(const struct pci_dev *dev, u8 id, u8 after);
void pci_enable_device(struct pci_dev *dev);	/* memory, I/O and bus mastering */
/* Part of a memory BAR, uncached. NULL: not a memory BAR, or out of range, or no room. */
void *pci_map_bar(struct pci_dev *dev, unsigned int bar, u64 offset, u64 len);

/* MSI-X: turned on with all entries masked; then one entry at a time. 0, -ENODEV, -ENOMEM,
 * -ENOSPC. */
int pci_enable_msix(struct pci_dev *dev);
int pci_msix_request(struct pci_dev *dev, unsigned int entry, void (*handler)(void *arg), void *arg,
		     const char *name);
void pci_disable_msix(struct pci_dev *dev);
/* INTx: handlers on a shared line are all called. 0, -ENODEV … */
int pci_request_intx(struct pci_dev *dev, void (*handler)(void *arg), void *arg, const char *name);
