/*
 * parse.h - the two parsers' interface to boot/boot_info.c.
 */
#pragma once

#include "boot/boot_info.h"

void pvh_parse(struct boot_info *bi, phys_addr_t start_info);
void multiboot2_parse(struct boot_info *bi, phys_addr_t info);

/* Adds a region; more than BOOT_MEM_REGIONS are dropped (memory unused, never wrong). */
void boot_add_mem(struct boot_info *bi, phys_addr_t start, u64 size, u32 type);
void boot_copy_string(char *dst, const char *src, size_t size);
/* Early page tables map the first 4 GiB where physical = virtual. */
static inline const void *boot_ptr(phys_addr_t phys) { return (const void *)phys; }
void boot_main(enum boot_protocol protocol, phys_addr_t info) __noreturn;
