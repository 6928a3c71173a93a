/*
 * boot_info.c - the first C code: what the loader said becomes boot_info.
 *
 * Idea:   entry.asm brings the CPU to long mode with the first 4 GiB mapped
 *         1:1 and the kernel at KERNEL_BASE, and calls boot_main().
 * Locks:  none: one CPU, interrupts off.
 * Above:  kernel/main.c's start_kernel().   Below: pvh.c, multiboot2.c.
 */
#include "boot/parse.h"

struct boot_info boot_info;
void start_kernel(void) __noreturn;

void boot_add_mem(struct boot_info *bi, phys_addr_t start, u64 size, u32 type)
{
	unsigned int i;

	if (!size || bi->nr_mem == BOOT_MEM_REGIONS)
		return;
	for (i = bi->nr_mem++; i > 0 && bi->mem[i - 1].start > start; i--)
		bi->mem[i] = bi->mem[i - 1];
	bi->mem[i] = (struct boot_mem_region){ start, size, type };
}

void boot_copy_string(char *dst, const char *src, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && src[i]; i++)
		dst[i] = src[i];
	dst[i] = '\0';
}

/* Called by entry.asm. => @info is below 4 GiB */
void boot_main(enum boot_protocol protocol, phys_addr_t info)
{
	if (protocol == BOOT_PVH)
		pvh_parse(&boot_info, info);
	else
		multiboot2_parse(&boot_info, info);
	start_kernel();
}
