/*
 * pci.c - the PCI bus: configuration space, enumeration, MSI-X, INTx.
 *
 * Idea:   the firmware has numbered the buses and placed the BARs; this file
 *         walks the tree from bus 0 through the bridges and writes down what is
 *         there. Configuration space is reached through memory (ECAM, if ACPI's
 *         MCFG tells where) or through ports 0xcf8 and 0xcfc.
 * Locks:  LOCK_PCI for the two ports (irqsave). The list of devices and the
 *         chains of shared lines only grow, while one CPU boots.
 * Above:  virtio_pci.c.   Below: x86's irq.h, io.h; mm/vmalloc.c's ioremap.
 * Source: PCI Local Bus 3.0 chapter 6; PCI Express Base, 7.2.2 (ECAM).
 *         In Linux: drivers/pci/, arch/x86/pci/.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/pci.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/spinlock.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

enum config_offset {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_PROG_IF = 0x09,
	PCI_SUBCLASS = 0x0a,
	PCI_CLASS = 0x0b,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SECONDARY_BUS = 0x19,
	PCI_SUBSYSTEM_ID = 0x2e,
	PCI_CAPABILITIES = 0x34,
	PCI_IRQ_LINE = 0x3c,
	PCI_IRQ_PIN = 0x3d,
};
enum command_bits {
	COMMAND_IO = 1,
	COMMAND_MEMORY = 2,
	COMMAND_MASTER = 4,
	COMMAND_INTX_OFF = 1 << 10
};
enum msix_bits {
	MSIX_ENABLE = 1 << 15,
	MSIX_MASK_ALL = 1 << 14,
	MSIX_SIZE = 0x7ff,
	MSIX_ENTRY_BYTES = 16,
	MSIX_ENTRY_MASKED = 1
};
#define STATUS_CAP_LIST 0x10
#define CLASS_BRIDGE 0x06
#define SUBCLASS_PCI_BRIDGE 0x04
#define HEADER_MULTIFUNCTION 0x80

static LIST_HEAD(pci_devices);
static spinlock_t port_lock = SPINLOCK_INIT(LOCK_PCI);
/* each bus' 1 MiB, mapped when the bus is scanned; NULL: by ports */
static u8 *ecam_buses[256];

/* --- configuration space --- */

static u8 *ecam_address(u8 bus, u8 devfn, unsigned int offset)
{
	return ecam_buses[bus] ? ecam_buses[bus] + ((unsigned long)devfn << 12) + offset : NULL;
}

static u32 port_address(u8 bus, u8 devfn, unsigned int offset)
{
	return 1u << 31 | bus << 16 | devfn << 8 | (offset & 0xfc);
}

/* @size 1, 2 or 4; the access does not cross a 32-bit word. */
static u32 config_read(u8 bus, u8 devfn, unsigned int offset, unsigned int size)
{
	u8 *p = ecam_address(bus, devfn, offset);
	unsigned long flags;
	u32 value;

	if (p)
		return size == 1 ? readb(p) : size == 2 ? readw(p) : readl(p);
	flags = spin_lock_irqsave(&port_lock);
	outl(port_address(bus, devfn, offset), 0xcf8);
	value = inl(0xcfc) >> (8 * (offset & 3));
	spin_unlock_irqrestore(&port_lock, flags);
	return size == 1 ? (value & 0xff) : size == 2 ? (value & 0xffff) : value;
}

static void config_write(u8 bus, u8 devfn, unsigned int offset, unsigned int size, u32 value)
{
	u8 *p = ecam_address(bus, devfn, offset);
	unsigned long flags;

	if (p) {
		if (size == 2)
			writew(value, p);
		else
			writel(value, p);
		return;
	}
	flags = spin_lock_irqsave(&port_lock);
	outl(port_address(bus, devfn, offset), 0xcf8);
	if (size == 2)
		outw(value, 0xcfc + (offset & 2));
	else
		outl(value, 0xcfc);
	spin_unlock_irqrestore(&port_lock, flags);
}

/* Any context. */
u8 pci_read8(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev->bus, dev->devfn, offset, 1);
}
u16 pci_read16(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev->bus, dev->devfn, offset, 2);
}
u32 pci_read32(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev->bus, dev->devfn, offset, 4);
}
void pci_write16(const struct pci_dev *dev, unsigned int offset, u16 value)
{
	config_write(dev->bus, dev->devfn, offset, 2, value);
}
void pci_write32(const struct pci_dev *dev, unsigned int offset, u32 value)
{
	config_write(dev->bus, dev->devfn, offset, 4, value);
}

static void map_ecam(u8 bus)
{
	if (!acpi_info.mcfg || bus < acpi_info.mcfg_bus_start || bus > acpi_info.mcfg_bus_end)
		return;
	/* The base is bus 0's, whatever the first bus of the segment. */
	ecam_buses[bus] = ioremap(acpi_info.mcfg + ((phys_addr_t)bus << 20), 1 << 20);
}

u8 pci_find_capability(const struct pci_dev *dev, u8 id, u8 after)
{
	u8 pos = after ? pci_read8(dev, after + 1) : pci_read8(dev, PCI_CAPABILITIES);

	if (!(pci_read16(dev, PCI_STATUS) & STATUS_CAP_LIST))
		return 0;
	for (int i = 0; i < 48 && pos >= 0x40; i++) {	/* 48 fit: a broken chain ends too */
		pos &= 0xfc;
		if (pci_read8(dev, pos) == id)
			return pos;
		pos = pci_read8(dev, pos + 1);
	}
	return 0;
}

/* --- enumeration --- */

/* A BAR's size shows when ones are written to it: PCI 3.0, 6.2.5.1. => decoding is off. Returns
 * registers used. */
static unsigned int probe_bar(struct pci_dev *dev, unsigned int index)
{
	unsigned int reg = PCI_BAR0 + 4 * index;
	u32 low = pci_read32(dev, reg), high = 0, mask, mask_high = ~0u;
	bool io = low & 1, wide = !io && (low & 6) == 4;
	struct pci_bar *bar = &dev->bars[index];
	u64 size;

	pci_write32(dev, reg, ~0u);
	mask = pci_read32(dev, reg);
	pci_write32(dev, reg, low);
	if (wide && index + 1 < PCI_MAX_BARS) {
		high = pci_read32(dev, reg + 4);
		pci_write32(dev, reg + 4, ~0u);
		mask_high = pci_read32(dev, reg + 4);
		pci_write32(dev, reg + 4, high);
	}
	if (mask == 0 || mask == ~0u)
		return wide ? 2 : 1;
	size = ~((u64)mask_high << 32 | (mask & (io ? ~3u : ~15u))) + 1;
	if (io)
		size &= 0xffff;
	*bar = (struct pci_bar){ .base = io ? low & ~3u : (u64)high << 32 | (low & ~15u),
				 .size = size,
				 .io = io };
	return wide ? 2 : 1;
}

static void probe_bars(struct pci_dev *dev)
{
	unsigned int n = dev->header_type == 1 ? 2 : PCI_MAX_BARS;
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (unsigned int i = 0; i < n;)
		i += probe_bar(dev, i);
	pci_write16(dev, PCI_COMMAND, command);
}

static bool drives_something(const struct pci_dev *dev)
{
	/* virtio is all that we drive: only its BARs are worth the probing */
	return dev->vendor == 0x1af4;
}

static struct pci_dev *scan_function(u8 bus, u8 devfn)
{
	u32 id = config_read(bus, devfn, PCI_VENDOR_ID, 4);
	struct pci_dev *dev;
	char name[16];

	if ((id & 0xffff) == 0xffff)
		return NULL;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return NULL;
	dev->bus = bus;
	dev->devfn = devfn;
	dev->vendor = id;
	dev->device = id >> 16;
	dev->revision = pci_read8(dev, PCI_REVISION);
	dev->class = pci_read8(dev, PCI_CLASS);
	dev->subclass = pci_read8(dev, PCI_SUBCLASS);
	dev->prog_if = pci_read8(dev, PCI_PROG_IF);
	dev->header_type = pci_read8(dev, PCI_HEADER_TYPE) & 0x7f;
	dev->irq_line = pci_read8(dev, PCI_IRQ_LINE);
	dev->irq_pin = pci_read8(dev, PCI_IRQ_PIN);
	dev->subsystem = dev->header_type == 0 ? pci_read16(dev, PCI_SUBSYSTEM_ID) : 0;
	dev->msix_cap = pci_find_capability(dev, PCI_CAP_MSIX, 0);
	if (dev->msix_cap)
		dev->nr_msix = (pci_read16(dev, dev->msix_cap + 2) & MSIX_SIZE) + 1;
	if (drives_something(dev))
		probe_bars(dev);
	INIT_LIST_HEAD(&dev->intx_link);
	list_add_tail(&dev->link, &pci_devices);
	pr_info("pci %s: [%04x:%04x] type %02x class 0x%06x\n", pci_name(dev, name), dev->vendor,
		dev->device, dev->header_type,
		dev->class << 16 | dev->subclass << 8 | dev->prog_if);
	return dev;
}

static void scan_bus(u8 bus, unsigned int depth);

static void scan_slot(u8 bus, u8 slot, unsigned int depth)
{
	u8 functions = 1;

	for (u8 fn = 0; fn < functions; fn++) {
		struct pci_dev *dev = scan_function(bus, slot << 3 | fn);

		if (!dev)
			continue;
		if (fn == 0 && pci_read8(dev, PCI_HEADER_TYPE) & HEADER_MULTIFUNCTION)
			functions = 8;
		if (dev->class == CLASS_BRIDGE && dev->subclass == SUBCLASS_PCI_BRIDGE) {
			u8 secondary = pci_read8(dev, PCI_SECONDARY_BUS);

			/* Numbers grow downwards in the tree: a firmware's mistake cannot make
			 * us loop. */
			if (secondary > bus && depth < 16)
				scan_bus(secondary, depth + 1);
		}
	}
}

static void scan_bus(u8 bus, unsigned int depth)
{
	map_ecam(bus);
	for (u8 slot = 0; slot < 32; slot++)
		scan_slot(bus, slot, depth);
}

void pci_init(void)
{
	pr_info("PCI: Using %s for base access\n",
		acpi_info.mcfg ? "MMCONFIG" : "configuration type 1");
	scan_bus(0, 0);
}

void pci_for_each(void (*probe)(struct pci_dev *dev))
{
	struct pci_dev *dev;

	list_for_each_entry(dev, &pci_devices, link)
		probe(dev);
}

const char *pci_name(const struct pci_dev *dev, char buf[16])
{
	snprintf(buf, 16, "0000:%02x:%02x.%u", dev->bus, dev->devfn >> 3, dev->devfn & 7);
	return buf;
}

/* --- use --- */

void pci_enable_device(struct pci_dev *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND,
		    (command | COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER) & ~COMMAND_INTX_OFF);
}

void *pci_map_bar(struct pci_dev *dev, unsigned int bar, u64 offset, u64 len)
{
	const struct pci_bar *b = bar < PCI_MAX_BARS ? &dev->bars[bar] : NULL;

	if (!b || !b->size || b->io || !b->base || offset > b->size || len > b->size - offset)
		return NULL;
	return ioremap(b->base + offset, len);
}

int pci_enable_msix(struct pci_dev *dev)
{
	u32 table;

	if (!dev->msix_cap)
		return -ENODEV;
	/* offset in the BAR that the low 3 bits name */
	table = pci_read32(dev, dev->msix_cap + 4);
	dev->msix_table = pci_map_bar(dev, table & 7, table & ~7u, dev->nr_msix * MSIX_ENTRY_BYTES);
	if (!dev->msix_table)
		return -ENOMEM;
	pci_write16(dev, dev->msix_cap + 2, MSIX_ENABLE | MSIX_MASK_ALL);
	for (unsigned int i = 0; i < dev->nr_msix; i++)
		writel(MSIX_ENTRY_MASKED, (u8 *)dev->msix_table + i * MSIX_ENTRY_BYTES + 12);
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND) | COMMAND_INTX_OFF);
	pci_write16(dev, dev->msix_cap + 2, MSIX_ENABLE);
	return 0;
}

int pci_msix_request(struct pci_dev *dev, unsigned int entry, void (*handler)(void *arg), void *arg,
		     const char *name)
{
	u8 *p = (u8 *)dev->msix_table + entry * MSIX_ENTRY_BYTES;
	u64 addr;
	u32 data;
	int vector;

	if (entry >= dev->nr_msix)
		return -ENODEV;
	vector = alloc_msi_vector(handler, arg, name, &addr, &data);
	if (vector < 0)
		return vector;
	writel((u32)addr, p);
	writel((u32)(addr >> 32), p + 4);
	writel(data, p + 8);
	writel(0, p + 12);		/* unmasked */
	return 0;
}

void pci_disable_msix(struct pci_dev *dev)
{
	if (!dev->msix_table)
		return;
	pci_write16(dev, dev->msix_cap + 2, 0);
	iounmap(dev->msix_table);
	dev->msix_table = NULL;
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND) & ~COMMAND_INTX_OFF);
}

/* Called for a line: everybody on it looks at its own device. @arg: the first who asked for the
 * line. */
static void intx_interrupt(void *arg)
{
	struct pci_dev *first = arg, *dev;

	first->intx_handler(first->intx_arg);
	list_for_each_entry(dev, &first->intx_link, intx_link)
		dev->intx_handler(dev->intx_arg);
}

/*
 * The firmware's line number is an ISA interrupt, which the chipset also routes to
 * the I/O APIC (true of QEMU's pc and q35; the full truth would need AML's _PRT).
 */
int pci_request_intx(struct pci_dev *dev, void (*handler)(void *arg), void *arg, const char *name)
{
	struct pci_dev *other;
	int error;

	if (!dev->irq_pin || dev->irq_line >= 16)
		return -ENODEV;
	dev->intx_handler = handler;
	dev->intx_arg = arg;
	error = request_irq(isa_irq_to_gsi(dev->irq_line), intx_interrupt, dev, name);
	if (error != -EBUSY)
		return error;
	list_for_each_entry(other, &pci_devices, link)
		if (other != dev && other->intx_handler && other->irq_line == dev->irq_line) {
			unsigned long flags = local_irq_save();

			list_add_tail(&dev->intx_link, &other->intx_link);
			local_irq_restore(flags);
			return 0;
		}
	return -EBUSY;
}
