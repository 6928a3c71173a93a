/*
 * ksyms.c - function names.
 *
 * Idea:  ksyms.h. The table (section .ksyms) is two arrays of 32-bit offsets,
 *        addresses from KERNEL_BASE and names in a string area; weak, so that the first
 *        link works without it.
 * Locks: none.
 */
#include "kernel/x86/ksyms.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/x86/memlayout.h"
#include "kernel/x86/page.h"

extern const u32 ksyms_count __attribute__((weak));
/* sorted; one more than count: the end */
extern const u32 ksyms_addresses[] __attribute__((weak));
extern const u32 ksyms_names[] __attribute__((weak));
extern const char ksyms_strings[] __attribute__((weak));

static u32 table_size(void)
{
	return &ksyms_count ? ksyms_count : 0;
}

const char *ksym_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	u32 low = 0, high = table_size(), key = addr - KERNEL_BASE;

	if (!high || !kernel_text_address(addr) || key < ksyms_addresses[0])
		return NULL;
	while (high - low > 1) {	/* addresses[low] <= key < addresses[high] */
		u32 mid = low + (high - low) / 2;

		if (ksyms_addresses[mid] <= key)
			low = mid;
		else
			high = mid;
	}
	if (offset)
		*offset = key - ksyms_addresses[low];
	if (size)
		*size = ksyms_addresses[low + 1] - ksyms_addresses[low];
	return ksyms_strings + ksyms_names[low];
}

char *ksym_format(char *buf, size_t size, unsigned long addr)
{
	unsigned long offset, len;
	const char *name = ksym_lookup(addr, &offset, &len);

	if (name)
		snprintf(buf, size, "%s+0x%lx/0x%lx", name, offset, len);
	else
		snprintf(buf, size, "0x%lx", addr);
	return buf;
}

unsigned long ksym_address(const char *name)
{
	for (u32 i = 0; i < table_size(); i++)
		if (!strcmp(ksyms_strings + ksyms_names[i], name))
			return KERNEL_BASE + ksyms_addresses[i];
	return 0;
}

static int format(char *buf, size_t size, unsigned long addr, bool with_offset)
{
	unsigned long offset, len;
	const char *name = ksym_lookup(addr, &offset, &len);

	if (!name)
		return 0;
	return with_offset ? scnprintf(buf, size, "%s+0x%lx/0x%lx", name, offset, len)
			   : scnprintf(buf, size, "%s", name);
}

void ksyms_init(void)
{
	format_symbol = format;
}
