/*
 * dmi.c - the machine's name, from SMBIOS, for the "Hardware name:" line.
 *
 * Source: DMTF SMBIOS 3.4: 5.2 (entry points), 7.1 (BIOS), 7.2 (system).
 * Locks:  none: boot.   Above: dumpstack.c.
 */
#include "boot/boot_info.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/x86/acpi.h"

static char hardware_name[128];

struct dmi_header { u8 type, length; u16 handle; } __packed;
enum { DMI_BIOS = 0, DMI_SYSTEM = 1, DMI_END = 127 };

/* String @n (from 1) of the set behind the structure, which ends with two zero bytes. */
static const char *dmi_string(const struct dmi_header *h, u8 n)
{
	const char *s = (const char *)h + h->length;

	if (!n)
		return "";
	while (--n && *s)
		s += strlen(s) + 1;
	return s;
}

/* Behind @h and its strings; NULL: they do not end before @end. */
static const struct dmi_header *next_structure(const struct dmi_header *h, u64 end)
{
	const char *s = (const char *)h + h->length;

	for (; (u64)s + 2 <= end; s++)
		if (!s[0] && !s[1])
			return (const void *)(s + 2);
	return NULL;
}

static void read_table(u64 table, u32 length)
{
	const struct dmi_header *h = (const void *)table, *bios = NULL, *sys = NULL, *next;
	u64 end = table + length;
	const u8 *b, *s;

	/* what the boot tables map */
	if (!table || table >= 1UL << 32 || end > 1UL << 32)
		return;
	for (; (u64)h + sizeof(*h) < end && h->type != DMI_END && h->length >= sizeof(*h); h = next) {
		next = next_structure(h, end);
		if (!next)
			break;
		if (h->type == DMI_BIOS && !bios)
			bios = h;
		if (h->type == DMI_SYSTEM && !sys)
			sys = h;
	}
	if (!bios || !sys || bios->length < 9 || sys->length < 6)
		return;
	b = (const u8 *)bios;
	s = (const u8 *)sys;
	snprintf(hardware_name, sizeof(hardware_name), "%s %s, BIOS %s %s", dmi_string(sys, s[4]),
		 dmi_string(sys, s[5]), dmi_string(bios, b[5]), dmi_string(bios, b[8]));
}

/* Either entry point; true if it was one. */
static bool read_entry_point(const u8 *p)
{
	if (!memcmp(p, "_SM3_", 5)) {
		read_table(*(const u64 *)(p + 0x10), *(const u32 *)(p + 0x0c));
		return true;
	}
	if (!memcmp(p, "_SM_", 4) && !memcmp(p + 0x10, "_DMI_", 5)) {
		read_table(*(const u32 *)(p + 0x18), *(const u16 *)(p + 0x16));
		return true;
	}
	return false;
}

void dmi_init(void)
{
	if (boot_info.smbios >= 1UL << 32)
		return;
	if (boot_info.smbios) {
		read_entry_point((const u8 *)boot_info.smbios);
		return;
	}
	for (u64 p = 0xf0000; p < 0x100000; p += 16)
		/* "_SM_", "_SM3" */
		if (*(const u32 *)p == 0x5f4d535f || *(const u32 *)p == 0x334d535f)
			if (read_entry_point((const u8 *)p))
				return;
}

const char *dmi_hardware_name(void)
{
	return hardware_name[0] ? hardware_name : NULL;
}
