/*
 * machine.c - the machine that the kernel under test runs on.
 *
 * Idea:  RAM is a file (ram.c); the kernel's mappings are mappings of it: the
 *        direct map of low memory, struct pages, vmalloc, and kmap's windows. A
 *        page of high memory is reached only through a window, else it crashes.
 *        What the kernel asks of kernel/x86 is answered here by its own names.
 * Locks: none: one thread, which may play each CPU in turn.
 */
#include "host/machine.h"

#include "boot/boot_info.h"
#include "host/ram.h"
#include "host/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/page.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/tlb.h"

enum { MAX_MIB = 2048 };
#define VMALLOC_CLAIMED (256UL << 20)
#define VMEMMAP_CLAIMED ((unsigned long)MAX_MIB * 256 * 64)
#define IMAGE_SIZE	((unsigned long)(__kernel_end - __kernel_start))
#define IMAGE_IN_DIRECT (DIRECT_BASE + KERNEL_PHYS)
#define KMAP_CLAIMED	((unsigned long)MAX_CPUS * KMAP_SLOTS * PAGE_SIZE)

extern char host_percpu_start[], host_percpu_end[];

/* mm/: not all programs have it */
void mm_early_init(void) __attribute__((weak));
void mm_init_zones(void) __attribute__((weak));
void mem_init(void) __attribute__((weak));
void kmap_init(void) __attribute__((weak));
extern unsigned long max_low_pfn __attribute__((weak));

struct boot_info boot_info;
unsigned long percpu_offset[MAX_CPUS];
int host_cpu, nr_cpus = 1, nr_cpus_possible = 1;
DEFINE_PER_CPU(int, numa_node);
bool host_irqs_off;
u64 host_clock_ns = 1000000000;
u64 supported_pte_mask = ~0UL;
u64 *kernel_pgd;
void *(*early_alloc)(u64 size, u64 align);
phys_addr_t (*alloc_kernel_table)(void);
struct tlb_context init_tlb_context;

static struct task_struct idle_tasks[MAX_CPUS]; /* [0] is init_task, not used here */
static char percpu_copies[MAX_CPUS][64 << 10] __aligned(64);
static u64 kmap_table[MAX_CPUS * KMAP_SLOTS];
static phys_addr_t vmalloc_table[VMALLOC_CLAIMED / PAGE_SIZE]; /* the page, 0: none */
static u64 image_table[256]; /* the direct map's entries for the image */
static unsigned long ram_pages;

/* --- RAM and mappings --- */

void machine_init(void)
{
	ram_claim(DIRECT_BASE, (unsigned long)MAX_MIB << 20);
	ram_claim(VMEMMAP_BASE, VMEMMAP_CLAIMED);
	ram_claim(VMALLOC_BASE, VMALLOC_CLAIMED);
	ram_claim(KMAP_BASE, KMAP_CLAIMED);
	ram_claim((unsigned long)__kernel_start, IMAGE_SIZE);
}

void machine_reset(void)
{
	ram_unmap(DIRECT_BASE, (unsigned long)MAX_MIB << 20);
	ram_unmap(VMEMMAP_BASE, VMEMMAP_CLAIMED);
	ram_unmap(VMALLOC_BASE, VMALLOC_CLAIMED);
	ram_unmap(KMAP_BASE, KMAP_CLAIMED);
	ram_unmap((unsigned long)__kernel_start, IMAGE_SIZE);
}

int map_kernel_page(unsigned long va, phys_addr_t pa, u64 prot)
{
	return map_kernel_range(va, pa, PAGE_SIZE, prot);
}

int map_kernel_range(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot)
{
	BUG_ON((va | pa | size) & (PAGE_SIZE - 1));
	BUG_ON((pa + size) >> PAGE_SHIFT > ram_pages);
	if (va - VMALLOC_BASE < VMALLOC_CLAIMED)
		for (unsigned long at = 0; at < size; at += PAGE_SIZE) {
			phys_addr_t *entry = &vmalloc_table[(va - VMALLOC_BASE + at) >> PAGE_SHIFT];

			BUG_ON(*entry); /* => it is empty */
			*entry = pa + at;
		}
	ram_map(va, pa, size, prot & _PAGE_RW);
	return 0;
}

int map_kernel_range_large(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot)
{
	BUG_ON((va | pa | size) & ((1UL << PMD_SHIFT) - 1));
	return map_kernel_range(va, pa, size, prot);
}

/* Unlike the machine, whose TLB may remember it, the host forgets at once. */
phys_addr_t unmap_kernel_page(unsigned long va)
{
	phys_addr_t pa;

	if (va - (unsigned long)__kernel_start < IMAGE_SIZE) {
		ram_unmap(va, PAGE_SIZE);
		return va - KERNEL_BASE;
	}
	BUG_ON(va - VMALLOC_BASE >= VMALLOC_CLAIMED);
	pa = vmalloc_table[(va - VMALLOC_BASE) >> PAGE_SHIFT];
	vmalloc_table[(va - VMALLOC_BASE) >> PAGE_SHIFT] = 0;
	if (pa)
		ram_unmap(va, PAGE_SIZE);
	return pa;
}

bool kernel_va_to_phys(unsigned long va, phys_addr_t *pa)
{
	phys_addr_t page;

	if (va - VMALLOC_BASE >= VMALLOC_CLAIMED)
		return false;
	page = vmalloc_table[(va - VMALLOC_BASE) >> PAGE_SHIFT];
	*pa = page | (va & (PAGE_SIZE - 1));
	return page;
}

/* Of kmap's windows, and of the image in the direct map. */
u64 *kernel_pte(unsigned long va)
{
	if (va - IMAGE_IN_DIRECT < IMAGE_SIZE)
		return &image_table[(va - IMAGE_IN_DIRECT) >> PAGE_SHIFT];
	BUG_ON(va - KMAP_BASE >= KMAP_CLAIMED);
	return &kmap_table[(va - KMAP_BASE) >> PAGE_SHIFT];
}

void flush_tlb_local_page(unsigned long va)
{
	u64 pte = *kernel_pte(va);

	if (pte & _PAGE_PRESENT)
		ram_map(va, pte & PTE_PFN_MASK, PAGE_SIZE, pte & _PAGE_RW);
	else
		ram_unmap(va, PAGE_SIZE);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	for (unsigned long va = start; va < end; va += PAGE_SIZE)
		if (va - IMAGE_IN_DIRECT < IMAGE_SIZE)
			flush_tlb_local_page(va);
}

/* What paging_init() does: low memory, the image, and no writing to text by either way. */
static void map_memory(unsigned long low_pages)
{
	ram_map(DIRECT_BASE, 0, low_pages << PAGE_SHIFT, true);
	BUG_ON(IMAGE_SIZE >> PAGE_SHIFT > ARRAY_SIZE(image_table));
	for (unsigned long at = 0; at < IMAGE_SIZE; at += PAGE_SIZE) {
		u64 prot = __kernel_start + at < __data_start ? PAGE_KERNEL_RO : PAGE_KERNEL;

		image_table[at >> PAGE_SHIFT] = (KERNEL_PHYS + at) | prot;
		ram_map((unsigned long)__kernel_start + at, KERNEL_PHYS + at, PAGE_SIZE,
			prot & _PAGE_RW);
	}
	flush_tlb_kernel_range(IMAGE_IN_DIRECT, IMAGE_IN_DIRECT + IMAGE_SIZE);
}

void flush_tlb_page(struct tlb_context *ctx, unsigned long addr) {}
void flush_tlb_range(struct tlb_context *ctx, unsigned long start, unsigned long end) {}
void flush_tlb_context(struct tlb_context *ctx) {}
void tlb_settle(struct tlb_context *ctx) {}

/* --- CPUs --- */

static void cpus_init(int cpus)
{
	size_t size = host_percpu_end - host_percpu_start;

	BUG_ON(size > sizeof(percpu_copies[0]));
	nr_cpus = nr_cpus_possible = cpus;
	for (int cpu = 1; cpu < cpus; cpu++) {
		struct task_struct *idle = &idle_tasks[cpu];

		state_copy(percpu_copies[cpu], host_percpu_start, size);
		percpu_offset[cpu] = percpu_copies[cpu] - host_percpu_start;
		state_copy((char *)idle, (char *)&init_task, sizeof(*idle));
		idle->cpu = cpu;
		per_cpu(current_task, cpu) = idle;
	}
}

bool in_interrupt(void)
{
	return false;
}

void on_each_cpu_mask(u64 mask, void (*fn)(void *), void *arg)
{
	int me = host_cpu;

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		unsigned long flags;

		if (!(mask >> cpu & 1))
			continue;
		host_cpu = cpu;
		flags = local_irq_save();
		fn(arg);
		local_irq_restore(flags);
	}
	host_cpu = me;
}

void on_each_cpu(void (*fn)(void *), void *arg)
{
	on_each_cpu_mask(~0UL, fn, arg);
}

u64 ktime_get_ns(void)
{
	return host_clock_ns;
}
bool machine_irqs_off(void)
{
	return host_irqs_off;
}
int machine_windows_open(void)
{
	return current->kmap_depth;
}
unsigned int machine_locks_held(void)
{
	return current->held.n;
}

/* --- printing --- */

static char log_text[1 << 20]; /* part of the state */
static size_t log_len;

static void log_write(struct console *con, const char *text, size_t len)
{
	if (len > sizeof(log_text) - 1 - log_len)
		log_len = 0;
	memcpy(log_text + log_len, text, len);
	log_len += len;
	log_text[log_len] = '\0';
}

static struct console log_console = { .name = "test", .write = log_write };

static u32 current_pid(void)
{
	return current->pid;
}

void machine_console_init(void)
{
	printk_ops.clock = ktime_get_ns;
	printk_ops.cpu = smp_processor_id;
	printk_ops.caller = current_pid;
	printk_time = false;
	register_console(&log_console);
}

const char *machine_log(void)
{
	return log_text;
}
void machine_clear_log(void)
{
	log_len = 0;
	log_text[0] = '\0';
}

void panic(const char *fmt, ...)
{
	char message[256];
	va_list args;

	va_start(args, fmt);
	vscnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	pr_emerg("Kernel panic - not syncing: %s\n", message);
	host_panic(message);
}

void dump_stack(void)
{
	pr_warn("(stack)\n");
}

/* --- files and sysctls --- */

const char *machine_read_file(const char *path)
{
	static char text[64 << 10];

	for (const struct ctl_file *f = __ctl_file_start; f < __ctl_file_end; f++) {
		struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

		if (strcmp(f->path, path))
			continue;
		f->show(&m);
		BUG_ON(m.overflow);
		text[m.count] = '\0';
		return text;
	}
	return NULL;
}

static void sysctl_store(const struct ctl_sysctl *s, unsigned int i, long value)
{
	if (s->type == CTL_ULONG)
		((unsigned long *)s->data)[i] = value;
	else
		((int *)s->data)[i] = value;
}

int machine_sysctl(const char *name, unsigned int n, const long *values)
{
	for (const struct ctl_sysctl *s = __ctl_sysctl_start; s < __ctl_sysctl_end; s++) {
		if (strcmp(s->name, name))
			continue;
		if (s->write) {
			char text[32];
			int len = scnprintf(text, sizeof(text), "%ld", values[0]);

			len = s->write(s, text, len);
			return len < 0 ? len : 0;
		}
		for (unsigned int i = 0; i < n; i++) {
			long value = values[i];
			bool out = (s->min || s->max) && (value < s->min || value > s->max);
			int err = i >= s->len || out ? -EINVAL : s->check ? s->check(&value) : 0;

			if (err)
				return err;
			sysctl_store(s, i, value);
		}
		if (s->after)
			s->after();
		return 0;
	}
	return -ENOENT;
}

/* --- booting --- */

/* A PC's map: a hole below 1 MiB, the rest in one piece. */
static void fill_boot_info(unsigned long mib, const char *cmdline)
{
	boot_info.loader = "cmocka";
	boot_info.nr_mem = 3;
	boot_info.mem[0] = (struct boot_mem_region){ 0, 0x9fc00, BOOT_MEM_RAM };
	boot_info.mem[1] = (struct boot_mem_region){ 0x9fc00, 0x60400, BOOT_MEM_RESERVED };
	boot_info.mem[2] = (struct boot_mem_region){ 1 << 20, (mib - 1) << 20, BOOT_MEM_RAM };
	strscpy(boot_info.cmdline, cmdline, sizeof(boot_info.cmdline));
}

/* As start_kernel(), up to and with mem_init(). */
void machine_boot(unsigned long mib, const char *cmdline, int cpus)
{
	BUG_ON(mib > MAX_MIB || cpus > MAX_CPUS);
	ram_pages = mib << (20 - PAGE_SHIFT);
	ram_create(mib << 20);
	fill_boot_info(mib, cmdline);
	parse_early_params(boot_info.cmdline);
	ram_map(DIRECT_BASE, 0, mib << 20, true); /* the boot tables' */
	mm_early_init();
	cpus_init(cpus);
	ram_unmap(DIRECT_BASE, mib << 20);
	map_memory(max_low_pfn);
	mm_init_zones();
	mem_init();
	kmap_init();
}
