/*
 * multiboot2.c - what GRUB hands over, on BIOS and on UEFI.
 *
 * Source: Multiboot2 Specification 2.0, section 3.6 (boot information format).
 * Locks:  none.   Above: boot_info.c.
 */
#include "boot/parse.h"
#include "kernel/x86/memlayout.h"

enum mb2_tag_type {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_LOADER = 2,
	MB2_MODULE = 3,
	MB2_MMAP = 6,
	MB2_FRAMEBUFFER = 8,
	MB2_EFI64 = 12,
	MB2_SMBIOS = 13,
	MB2_ACPI_OLD = 14,
	MB2_ACPI_NEW = 15,
};
enum { MB2_FB_RGB = 1, MB2_FB_EGA_TEXT = 2 };

struct mb2_tag { u32 type, size; };
struct mb2_string { struct mb2_tag tag; char text[]; };
struct mb2_module { struct mb2_tag tag; u32 start, end; char cmdline[]; };
struct mb2_mmap_entry { u64 addr, len; u32 type, zero; };
struct mb2_mmap { struct mb2_tag tag; u32 entry_size, entry_version; u8 entries[]; };
struct mb2_blob { struct mb2_tag tag; u8 bytes[]; };
struct mb2_smbios { struct mb2_tag tag; u8 major, minor, reserved[6], tables[]; };
struct mb2_efi64 { struct mb2_tag tag; u64 system_table; };
struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

/* UEFI 2.9, 4.3 and 4.6: the system table's end is a list of (GUID, address). */
struct efi_system_table { u8 unused[104]; u64 nr_tables, tables; };
struct efi_config_table { u64 guid[2], table; };
static const u64 smbios3_guid[2] = { 0x4a2c9794f2fd1544, 0x94e320cfbbe52e99 };
static const u64 smbios_guid[2] = { 0x11d32d88eb9d2d31, 0x4dc13f279000169a };

/* GRUB passes copies that may be overwritten: keep our own. */
static u8 rsdp_copy[36] __aligned(16);
static u8 smbios_copy[32] __aligned(16);
static char loader_name[64];

static phys_addr_t keep_copy(u8 *dst, const u8 *src, size_t len, size_t room)
{
	for (size_t i = 0; i < len && i < room; i++)
		dst[i] = src[i];
	return (phys_addr_t)dst - KERNEL_BASE;
}

static void parse_mmap(struct boot_info *bi, const struct mb2_mmap *map)
{
	const u8 *end = (const u8 *)map + map->tag.size;

	for (const u8 *p = map->entries; p + sizeof(struct mb2_mmap_entry) <= end;
	     p += map->entry_size) {
		const struct mb2_mmap_entry *e = (const void *)p;

		boot_add_mem(bi, e->addr, e->len, e->type);
	}
}

static void parse_framebuffer(struct boot_info *bi, const struct mb2_framebuffer *fb)
{
	bi->vga_text = fb->type == MB2_FB_EGA_TEXT;
	if (fb->type != MB2_FB_RGB)
		return;
	bi->fb = (struct boot_framebuffer){
		.addr = fb->addr, .pitch = fb->pitch, .width = fb->width, .height = fb->height,
		.bpp = fb->bpp, .red_pos = fb->red_pos, .red_size = fb->red_size,
		.green_pos = fb->green_pos, .green_size = fb->green_size,
		.blue_pos = fb->blue_pos, .blue_size = fb->blue_size,
	};
}

static void parse_efi(struct boot_info *bi, u64 system_table)
{
	const struct efi_system_table *st = boot_ptr(system_table);
	const struct efi_config_table *t;

	if (system_table >= 1UL << 32 || st->tables >= 1UL << 32)
		return;		/* out of the boot tables' reach */
	t = boot_ptr(st->tables);
	for (u64 i = 0; i < st->nr_tables; i++) {
		bool v3 = t[i].guid[0] == smbios3_guid[0] && t[i].guid[1] == smbios3_guid[1];
		bool v2 = t[i].guid[0] == smbios_guid[0] && t[i].guid[1] == smbios_guid[1];

		if (v3 || (v2 && !bi->smbios))
			bi->smbios = t[i].table;
	}
}

static void parse_tag(struct boot_info *bi, const struct mb2_tag *tag)
{
	const struct mb2_module *mod = (const void *)tag;
	const struct mb2_blob *blob = (const void *)tag;
	const struct mb2_smbios *smbios = (const void *)tag;
	const char *text = ((const struct mb2_string *)tag)->text;

	switch (tag->type) {
	case MB2_CMDLINE:
		boot_copy_string(bi->cmdline, text, BOOT_CMDLINE_SIZE);
		break;
	case MB2_LOADER:
		boot_copy_string(loader_name, text, sizeof(loader_name));
		bi->loader = loader_name;
		break;
	case MB2_MODULE:
		if (!bi->initrd_size) {		/* the first one, as an initrd= line has */
			bi->initrd_start = mod->start;
			bi->initrd_size = mod->end - mod->start;
		}
		break;
	case MB2_MMAP:
		parse_mmap(bi, (const void *)tag);
		break;
	case MB2_FRAMEBUFFER:
		parse_framebuffer(bi, (const void *)tag);
		break;
	case MB2_EFI64:
		parse_efi(bi, ((const struct mb2_efi64 *)tag)->system_table);
		break;
	case MB2_SMBIOS:
		bi->smbios = keep_copy(smbios_copy, smbios->tables, tag->size - sizeof(*smbios),
				       sizeof(smbios_copy));
		break;
	case MB2_ACPI_OLD:
		if (bi->rsdp)
			break;
		/* fall through */
	case MB2_ACPI_NEW:
		bi->rsdp = keep_copy(rsdp_copy, blob->bytes, tag->size - sizeof(*tag),
				     sizeof(rsdp_copy));
		break;
	}
}

void multiboot2_parse(struct boot_info *bi, phys_addr_t info)
{
	const u8 *p = boot_ptr(info), *end = p + *(const u32 *)p;

	bi->loader = "multiboot2";
	for (p += 8; p + sizeof(struct mb2_tag) <= end;) {
		const struct mb2_tag *tag = (const void *)p;

		if (tag->type == MB2_END)
			break;
		parse_tag(bi, tag);
		p += ALIGN_UP(tag->size, 8);	/* tags start at multiples of 8 */
	}
}
