/*
 * gdt.c - segments, task state segments, interrupt stacks.
 *
 * Idea:  see gdt.h. A CPU's interrupt stacks lie in the fixmap, 16 KiB apart,
 *        the lower half of each unmapped; the top 16 bytes hold the CPU's
 *        per-CPU offset, where entry.asm's PARANOID looks for it.
 * Locks: none: each CPU its own.   Below: paging.c.
 */
#include "kernel/x86/gdt.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/vdso/data.h"
#include "kernel/x86/io.h"
#include "kernel/x86/page.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"

/* SDM vol. 3, 7.7 */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_map;
} __packed;

enum { GDT_ENTRIES = 16, IST_STRIDE = 2 * IST_STACK_SIZE };
#define IST_BASE (FIXMAP_BASE + FIXMAP_SIZE - MAX_CPUS * IST_COUNT * IST_STRIDE)

DEFINE_PER_CPU(struct tss, cpu_tss) __aligned(64);
DEFINE_PER_CPU(u64, cpu_gdt)[GDT_ENTRIES] __aligned(64);

/* The lowest mapped address of an interrupt stack. */
static unsigned long ist_low(int cpu, int ist)
{
	return IST_BASE + (cpu * IST_COUNT + ist - 1) * IST_STRIDE + IST_STACK_SIZE;
}

int ist_init_cpu(int cpu)
{
	for (int ist = 1; ist <= IST_COUNT; ist++) {
		unsigned long low = ist_low(cpu, ist);
		char *page = early_alloc(IST_STACK_SIZE, PAGE_SIZE);

		if (map_kernel_range(low, virt_to_phys(page), IST_STACK_SIZE, PAGE_KERNEL))
			return -ENOMEM;
		*(u64 *)(low + IST_STACK_SIZE - 16) = percpu_offset[cpu];
		per_cpu(cpu_tss, cpu).ist[ist - 1] = low + IST_STACK_SIZE - 16;
	}
	return 0;
}

static void load_gdt(u64 *gdt, u16 size)
{
	struct { u16 limit; u64 base; } __packed ptr = { size - 1, (u64)gdt };

	__asm__ volatile("lgdt %0\n"
			 "pushq %1\n"
			 "leaq 1f(%%rip), %%rax\n"
			 "pushq %%rax\n"
			 "lretq\n"
			 "1: mov %2, %%ss\n"
			 "mov %4, %%ds; mov %4, %%es; mov %4, %%fs\n"
			 "lldt %w4\n"	/* none: after a reset there is one, at address 0 */
			 "ltr %w3" ::"m"(ptr),
			 "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(TSS_SELECTOR), "r"(0)
			 : "rax", "memory");
}

/* 7b: a segment of no use but for its limit, which LSL shows: which CPU, which node (vdso/data.h) */
void gdt_set_node(int cpu, int node)
{
	u64 limit = (u32)cpu | (u32)node << CPUNODE_BITS;

	_Static_assert(CPUNODE_SELECTOR / 8 < GDT_ENTRIES, "the last one");
	/* a present data segment of ring 3, read-only, accessed: SDM vol. 3, 3.4.5 */
	per_cpu(cpu_gdt, cpu)[CPUNODE_SELECTOR / 8] =
		(limit & 0xffff) | 0xf1UL << 40 | (limit >> 16) << 48;
}

void gdt_init_cpu(int cpu)
{
	u64 *gdt = *this_cpu_ptr(cpu_gdt);
	struct tss *tss = this_cpu_ptr(cpu_tss);
	u64 base = (u64)tss, limit = sizeof(*tss) - 1;

	gdt[1] = 0x00cf9b000000ffff;	/* 08 kernel code, 32 bits */
	gdt[2] = 0x00af9b000000ffff;	/* 10 kernel code */
	gdt[3] = 0x00cf93000000ffff;	/* 18 kernel data */
	/* 23 user code, 32 bits: only SYSRET's arithmetic needs it */
	gdt[4] = 0x00cffb000000ffff;
	gdt[5] = 0x00cff3000000ffff;	/* 2b user data */
	gdt[6] = 0x00affb000000ffff;	/* 33 user code */
	/* 40 TSS, type 9 (available), two slots: SDM vol. 3, 7.2.3 */
	gdt[8] = limit | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	gdt[9] = base >> 32;
	gdt_set_node(cpu, 0);		/* until it is known */
	tss->io_map = sizeof(*tss);	/* no port is open to user mode */
	load_gdt(gdt, GDT_ENTRIES * sizeof(u64));
}

DECLARE_PER_CPU(unsigned long, kernel_stack_top);
void set_kernel_stack(unsigned long top)
{
	this_cpu_write(kernel_stack_top, top);
	this_cpu_ptr(cpu_tss)->rsp[0] = top;
}

bool ist_stack_bounds(unsigned long rsp, unsigned long *low, unsigned long *high)
{
	if (rsp < IST_BASE || rsp >= FIXMAP_BASE + FIXMAP_SIZE || !(rsp & IST_STACK_SIZE))
		return false;
	*low = ALIGN_DOWN(rsp, IST_STACK_SIZE);
	*high = *low + IST_STACK_SIZE;
	return true;
}

const char *ist_stack_name(unsigned long rsp)
{
	static const char *const names[IST_COUNT] = { "#DF", "NMI", "#MC" };
	unsigned long low, high;

	if (!ist_stack_bounds(rsp, &low, &high))
		return NULL;
	return names[(low - IST_BASE) / IST_STRIDE % IST_COUNT];
}
