/*
 * acpi.c - reading the ACPI tables, once.
 *
 * Idea:  acpi.h. Every table is checked (signature, length, checksum) before a
 *        field is believed; what is missing leaves its default.
 * Locks: none: boot.   Above: smp.c, apic.c, clock.c, reboot.c, mm's NUMA, PCI.
 */
#include "kernel/x86/acpi.h"
#include "boot/boot_info.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

struct acpi_info acpi_info;

struct rsdp {
	char sig[8];
	u8 sum;
	char oem[6];
	u8 revision;
	u32 rsdt, length;
	u64 xsdt;
	u8 xsum, pad[3];
} __packed;
struct sdt {
	char sig[4];
	u32 length;
	u8 revision, sum;
	char oem[6], oem_table[8];
	u32 oem_rev, creator, creator_rev;
} __packed;
struct gas { u8 space, width, offset, access; u64 addr; } __packed;
struct fadt {
	struct sdt h;
	u32 facs, dsdt;
	u8 pad0, profile;
	u16 sci;
	u32 smi_cmd;
	u8 acpi_enable, acpi_disable, s4bios, pstate;
	u32 pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_timer, gpe0, gpe1;
	u8 pad1[20];
	u32 flags;
	struct gas reset;
	u8 reset_value;
} __packed;
struct madt { struct sdt h; u32 lapic, flags; u8 entries[]; } __packed;
struct srat { struct sdt h; u32 pad0; u64 pad1; u8 entries[]; } __packed;
struct slit { struct sdt h; u64 localities; u8 entries[]; } __packed;
struct hpet_table { struct sdt h; u32 id; struct gas base; } __packed;
struct mcfg_table { struct sdt h; u64 pad; u64 base; u16 segment; u8 bus_start, bus_end; } __packed;
enum { FADT_RESET_SUPPORTED = 1 << 10, MADT_ENABLED = 1, SRAT_ENABLED = 1 };

/* The boot tables map the first 4 GiB 1:1; nothing above it is looked at. */
static const void *phys(u64 addr)
{
	return addr && addr < 1UL << 32 ? (const void *)addr : NULL;
}

static u16 le16(const u8 *p) { return p[0] | p[1] << 8; }
static u32 le32(const u8 *p) { return le16(p) | (u32)le16(p + 2) << 16; }
static u64 le64(const u8 *p) { return le32(p) | (u64)le32(p + 4) << 32; }

static bool checksum_ok(const void *p, size_t len)
{
	const u8 *b = p;
	u8 sum = 0;

	while (len--)
		sum += *b++;
	return !sum;
}

/* The table at @addr, if all of it lies below 4 GiB. NULL: there is none. */
static const struct sdt *find_table(u64 addr)
{
	const struct sdt *t = phys(addr);

	if (!t || addr + sizeof(*t) > 1UL << 32 || t->length < sizeof(*t) ||
	    addr + t->length > 1UL << 32)
		return NULL;
	return t;
}

static const struct rsdp *scan_rsdp(u64 start, u64 end)
{
	for (; start < end; start += 16)	/* on 16-byte boundaries: ACPI 6.4, 5.2.5.1 */
		if (!memcmp((const void *)start, "RSD PTR ", 8) &&
		    checksum_ok((const void *)start, 20))
			return (const void *)start;
	return NULL;
}

static const struct rsdp *find_rsdp(void)
{
	const struct rsdp *r = NULL;
	const u16 *ebda_segment = phys(0x40e);	/* in the BIOS data area */
	u64 ebda;

	if (boot_info.rsdp)
		return phys(boot_info.rsdp);
	__asm__("" : "+r"(ebda_segment));	/* an address the compiler need not judge */
	ebda = (u64)*ebda_segment << 4;
	if (ebda >= 0x80000 && ebda < 0xa0000)
		r = scan_rsdp(ebda, ebda + 1024);
	return r ? r : scan_rsdp(0xe0000, 0x100000);
}

/*
 * \_S5_ in the DSDT's bytes: NameOp "_S5_" PackageOp length count (BytePrefix)value … ACPI 6.4,
 * 20.2.
 */
static void find_s5(const struct sdt *dsdt)
{
	const u8 *p = (const u8 *)dsdt, *end = p + dsdt->length - 16;
	u8 value[2];

	for (p += sizeof(*dsdt); p < end; p++) {
		if (*p != '_' || memcmp(p, "_S5_\x12", 5))
			continue;
		p += 5;
		p += (*p >> 6) + 2;	/* the package length's extra bytes, itself, the count */
		for (int i = 0; i < 2; i++) {
			if (*p == 0x0a)	/* BytePrefix; else ZeroOp or OneOp */
				p++;
			value[i] = *p++;
		}
		acpi_info.has_s5 = true;
		acpi_info.s5_a = value[0];
		acpi_info.s5_b = value[1];
		return;
	}
}

static void parse_fadt(const struct fadt *f)
{
	const struct sdt *dsdt;

	if (f->h.length < offsetof(struct fadt, gpe0))
		return;
	dsdt = find_table(f->dsdt);
	acpi_info.pm_timer_port = f->pm_timer;
	acpi_info.pm1a_cnt = f->pm1a_cnt;
	acpi_info.pm1b_cnt = f->pm1b_cnt;
	acpi_info.smi_cmd = f->smi_cmd;
	acpi_info.acpi_enable = f->acpi_enable;
	if (f->h.length >= sizeof(*f) && (f->flags & FADT_RESET_SUPPORTED)) {
		acpi_info.has_reset = true;
		acpi_info.reset_space = f->reset.space;
		acpi_info.reset_addr = f->reset.addr;
		acpi_info.reset_value = f->reset_value;
	}
	if (dsdt && !memcmp(dsdt->sig, "DSDT", 4) && dsdt->length > 64)
		find_s5(dsdt);
}

static void add_cpu(u32 apic_id, u32 flags)
{
	if (!(flags & MADT_ENABLED))
		return;
	if (acpi_info.nr_cpus == MAX_CPUS) {
		pr_warn("ACPI: more than %d processors; APIC id %u is not used\n", MAX_CPUS,
			apic_id);
		return;
	}
	/* The same one by both kinds of entries: to start it twice would be its end. */
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.apic_ids[i] == apic_id)
			return;
	acpi_info.apic_ids[acpi_info.nr_cpus++] = apic_id;
}

static void add_override(u8 irq, u32 gsi, u16 flags)
{
	if (irq >= 16)
		return;
	acpi_info.isa[irq].gsi = gsi;
	acpi_info.isa[irq].active_low = (flags & 3) == 3;	/* ACPI 6.4, table 5.28 */
	acpi_info.isa[irq].level = (flags >> 2 & 3) == 3;
}

/* ACPI 6.4, 5.2.12: type, length, then by type. */
static void parse_madt_entry(const u8 *e)
{
	static const u8 least[] = { [0] = 8, [1] = 12, [2] = 10, [5] = 12, [9] = 16 };

	if (e[0] >= sizeof(least) || e[1] < least[e[0]])
		return;
	switch (e[0]) {
	case 0:		/* local APIC */
		add_cpu(e[3], le32(e + 4));
		break;
	case 1:		/* I/O APIC */
		if (acpi_info.nr_ioapics < MAX_IOAPICS) {
			acpi_info.ioapics[acpi_info.nr_ioapics].base = le32(e + 4);
			acpi_info.ioapics[acpi_info.nr_ioapics++].gsi_base = le32(e + 8);
		}
		break;
	case 2:		/* interrupt source override */
		add_override(e[3], le32(e + 4), le16(e + 8));
		break;
	case 5:		/* local APIC address override */
		acpi_info.lapic = le64(e + 4);
		break;
	case 9:		/* local x2APIC */
		add_cpu(le32(e + 4), le32(e + 8));
		break;
	}
}

static void set_apic_node(u32 apic_id, u32 flags, u32 node)
{
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.apic_ids[i] == apic_id && (flags & SRAT_ENABLED))
			acpi_info.apic_node[i] = node;
}

static void parse_srat_entry(const u8 *e)
{
	static const u8 least[] = { 16, 40, 24 };	/* bytes of each type */
	u32 node;

	if (e[0] >= sizeof(least) || e[1] < least[e[0]])
		return;
	switch (e[0]) {
	case 0:		/* local APIC affinity: ACPI 6.4, 5.2.16.1 */
		node = e[2] | (u32)e[9] << 8 | (u32)e[10] << 16 | (u32)e[11] << 24;
		set_apic_node(e[3], le32(e + 4), node);
		break;
	case 2:		/* local x2APIC affinity */
		set_apic_node(le32(e + 8), le32(e + 12), le32(e + 4));
		break;
	case 1:		/* memory affinity */
		if (!(le32(e + 28) & SRAT_ENABLED) || acpi_info.nr_mem_affinity == MAX_MEM_AFFINITY)
			break;
		acpi_info.mem_affinity[acpi_info.nr_mem_affinity].node = le32(e + 2);
		acpi_info.mem_affinity[acpi_info.nr_mem_affinity].start = le64(e + 8);
		acpi_info.mem_affinity[acpi_info.nr_mem_affinity++].size = le64(e + 16);
		break;
	}
}

/* ACPI 6.4, 5.2.17: an N x N table of bytes. One that is too large or cut short is no use. */
static void parse_slit(const struct slit *s)
{
	u64 n = s->localities;

	if (n > MAX_LOCALITIES || s->h.length < sizeof(*s) + n * n)
		return;
	acpi_info.nr_localities = n;
	for (u64 i = 0; i < n; i++)
		memcpy(acpi_info.distance[i], s->entries + i * n, n);
}

static void for_each_entry(const u8 *e, const u8 *end, void (*parse)(const u8 *))
{
	for (; e + 2 <= end && e[1] >= 2 && e + e[1] <= end; e += e[1])
		parse(e);
}

static const struct srat *srat;		/* read after the MADT: it names CPUs by APIC id */

static void parse_table(const struct sdt *t)
{
	const u8 *end = (const u8 *)t + t->length;

	if (!checksum_ok(t, t->length))
		return;
	if (!memcmp(t->sig, "FACP", 4)) {
		parse_fadt((const void *)t);
	} else if (!memcmp(t->sig, "APIC", 4) && t->length >= sizeof(struct madt)) {
		acpi_info.lapic = ((const struct madt *)t)->lapic;
		for_each_entry(((const struct madt *)t)->entries, end, parse_madt_entry);
	} else if (!memcmp(t->sig, "SRAT", 4)) {
		srat = (const void *)t;
	} else if (!memcmp(t->sig, "SLIT", 4) && t->length >= sizeof(struct slit)) {
		parse_slit((const void *)t);
	} else if (!memcmp(t->sig, "HPET", 4) && t->length >= sizeof(struct hpet_table)) {
		acpi_info.hpet = ((const struct hpet_table *)t)->base.addr;
	} else if (!memcmp(t->sig, "MCFG", 4) && t->length >= sizeof(struct mcfg_table)) {
		const struct mcfg_table *m = (const void *)t;

		acpi_info.mcfg = m->base;
		acpi_info.mcfg_bus_start = m->bus_start;
		acpi_info.mcfg_bus_end = m->bus_end;
	}
}

static void parse_root(const struct rsdp *rsdp)
{
	bool wide = rsdp->revision >= 2 && phys(rsdp->xsdt);
	const struct sdt *root = find_table(wide ? rsdp->xsdt : rsdp->rsdt);
	unsigned int size = wide ? 8 : 4;

	if (!root || !checksum_ok(root, root->length))
		return;
	acpi_info.found = true;
	for (u32 at = sizeof(*root); at + size <= root->length; at += size) {
		const u8 *p = (const u8 *)root + at;
		const struct sdt *t = find_table(wide ? le64(p) : le32(p));

		if (t)
			parse_table(t);
	}
	acpi_info.has_srat = srat != NULL;
	if (srat)
		for_each_entry(srat->entries, (const u8 *)srat + srat->h.length, parse_srat_entry);
}

void acpi_init(void)
{
	const struct rsdp *rsdp = find_rsdp();

	acpi_info.lapic = 0xfee00000;	/* SDM vol. 3, 11.4.1 */
	for (int i = 0; i < 16; i++)
		acpi_info.isa[i].gsi = i;
	if (rsdp)
		parse_root(rsdp);
	if (!acpi_info.found)
		pr_warn("ACPI: no tables; one CPU, no power-off\n");
}
