/*
 * boot_info.h - everything a loader told us, in one form.
 *
 * Idea:   PVH (boot/pvh.c) and multiboot2 (boot/multiboot2.c) fill the same
 *         struct before start_kernel(); nothing later asks how we were booted.
 *         Strings are copied, so the loader's memory may be reused at once;
 *         only the initramfs still lies where the loader put it.
 * Locks:  none: written before there is a second CPU, read-only afterwards.
 * Above:  kernel/main.c, mm/memblock.c, kernel/x86/acpi.c, kernel/dev's screen.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOOT_CMDLINE_SIZE 2048	/* as Linux's COMMAND_LINE_SIZE on x86 */
#define BOOT_MEM_REGIONS 128	/* as E820_MAX_ENTRIES */

/* Types of memory as the BIOS' E820 and ACPI 6.4, table 15.6, number them. */
enum boot_mem_type {
	BOOT_MEM_RAM = 1,
	BOOT_MEM_RESERVED = 2,
	BOOT_MEM_ACPI = 3,	/* tables: may be reused once they are read */
	BOOT_MEM_NVS = 4,
	BOOT_MEM_UNUSABLE = 5,
};

struct boot_mem_region {
	phys_addr_t start;
	u64 size;		/* bytes */
	u32 type;		/* enum boot_mem_type */
};

struct boot_framebuffer {
	phys_addr_t addr;	/* 0: there is none */
	u32 pitch;		/* bytes in a line */
	u32 width, height;	/* pixels */
	u8 bpp;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;	/* bits */
};

struct boot_info {
	const char *loader;		/* "PVH" or the boot loader's name */
	struct boot_mem_region mem[BOOT_MEM_REGIONS];	/* by rising address */
	unsigned int nr_mem;
	char cmdline[BOOT_CMDLINE_SIZE];
	phys_addr_t initrd_start;	/* meaningless if initrd_size is 0 */
	u64 initrd_size;
	phys_addr_t rsdp;		/* 0: look in the BIOS area */
	phys_addr_t smbios;		/* SMBIOS entry point, 0: look in the BIOS area */
	struct boot_framebuffer fb;
	bool vga_text;			/* 80x25 text at 0xb8000 is on the screen */
};

extern struct boot_info boot_info;

enum boot_protocol { BOOT_PVH = 1, BOOT_MULTIBOOT2 = 2 };	/* boot/entry.asm passes it */
