/*
 * pvh.c - what QEMU's -kernel hands over: Xen's struct hvm_start_info.
 *
 * Source: Xen, public/arch-x86/hvm/start_info.h (the layout is an ABI).
 * Locks:  none.   Above: boot_info.c.
 */
#include "boot/parse.h"

#define HVM_START_MAGIC 0x336ec578

struct hvm_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist_paddr, cmdline_paddr, rsdp_paddr;
	u64 memmap_paddr;	/* version 1 and later */
	u32 memmap_entries, reserved;
};
struct hvm_modlist_entry { u64 paddr, size, cmdline_paddr, reserved; };
struct hvm_memmap_entry { u64 addr, size; u32 type, reserved; };

void pvh_parse(struct boot_info *bi, phys_addr_t start_info)
{
	const struct hvm_start_info *si = boot_ptr(start_info);
	const struct hvm_memmap_entry *map;
	const struct hvm_modlist_entry *mod;

	bi->loader = "PVH";
	bi->vga_text = true;	/* the BIOS ran before us, in mode 3 */
	if (si->magic != HVM_START_MAGIC)
		return;
	if (si->cmdline_paddr)
		boot_copy_string(bi->cmdline, boot_ptr(si->cmdline_paddr), BOOT_CMDLINE_SIZE);
	bi->rsdp = si->rsdp_paddr;
	if (si->nr_modules) {
		mod = boot_ptr(si->modlist_paddr);
		bi->initrd_start = mod->paddr;
		bi->initrd_size = mod->size;
	}
	if (si->version < 1)
		return;
	map = boot_ptr(si->memmap_paddr);
	for (u32 i = 0; i < si->memmap_entries; i++)
		boot_add_mem(bi, map[i].addr, map[i].size, map[i].type);
}
