/*
 * main.c - start_kernel(): the order in which everything comes up.
 *
 * Idea:   read it as a table of contents. start_kernel() runs on the boot
 *         CPU's idle task, where nothing may sleep; kernel_init() is process 1
 *         and does the rest, then becomes /init. Every kernel thread is started
 *         here.
 * Locks:  none: one CPU, until smp_init().
 * Above:  boot/boot_info.c calls start_kernel().   Below: everything.
 *         In Linux: init/main.c.
 */
#include "boot/boot_info.h"
#include "kernel/block/block.h"
#include "kernel/dev/console.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/loop.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/virtio.h"
#include "kernel/dev/vt.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/posix_timers.h"
#include "kernel/proc/init.h"
#include "kernel/proc/utsname.h"
#include "kernel/proc/vdso.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/early_serial.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/ksyms.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/upcalls.h"
#include "mm/backing-dev.h"
#include "mm/cpuset.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/mm_init.h"
#include "mm/mmap.h"
#include "mm/numa.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/swap_state.h"
#include "mm/util.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"
#include "mm/workingset.h"

void start_kernel(void) __noreturn;

/* The machine, as far as it can be known without memory to write it down in. */
static void __section(".init.text") setup_arch(void)
{
	cpu_init_boot();
	early_serial_init();
	pr_notice("%s\n", brink_banner);
	parse_early_params(boot_info.cmdline);
	console_init();
	ksyms_init();
	acpi_init();
	dmi_init();
	smp_count_cpus();
}

/* From the loader's memory map to allocators of pages, objects and mappings. */
static void __section(".init.text") mm_init(void)
{
	mm_early_init();
	setup_per_cpu_areas();
	paging_init(max_low_pfn);
	mm_init_zones();
	pagecache_init();
	kswapd_init();
	for (int cpu = 0; cpu < nr_cpus_possible; cpu++)
		if (ist_init_cpu(cpu))
			panic("no memory for the interrupt stacks of CPU %d", cpu);
	idt_set_ist();
	mem_init();
	kmem_cache_init();
	workingset_init();
	vmalloc_init();
	kmap_init();

	proc_caches_init();
	swap_cache_init();
	init_reserve_kbytes();
}

static void __section(".init.text") interrupts_and_time_init(void)
{
	irq_init_vectors();
	apic_init();
	ioapic_init();
	numa_cpu_up(0);
	gdt_set_node(0, cpu_to_node(0));
	clock_init(TICK_NSEC);
}

/* The other processors. => CPU 0, process 1 */
static void __section(".init.text") smp_init(void)
{
	for (int cpu = 1; cpu < nr_cpus_possible; cpu++) {
		struct task_struct *idle = fork_idle(cpu);
		int up = nr_cpus;

		if (!idle || cpu_up(up, idle, idle->stack)) {
			pr_err("CPU %d does not come up\n", cpu);
			continue;
		}
		numa_cpu_up(up);
		gdt_set_node(up, cpu_to_node(up));
	}
	smp_done(nr_online_nodes);
	kswapd_bind();
	sysfs_link_cpus();
	init_per_zone_wmark_min();
}

static void __section(".init.text") start_kernel_threads(void)
{
	int nid;

	kernel_thread(worker_thread, NULL, "kworker/0:0");
	kernel_thread(oom_reaper, NULL, "oom_reaper");
	for_each_online_node(nid) {
		char name[TASK_COMM_LEN];

		snprintf(name, sizeof(name), "kswapd%d", nid);
		NODE_DATA(nid)->kswapd = kernel_thread(kswapd, NODE_DATA(nid), name);
	}
	watchdog_init();
}

static void __section(".init.text") start_flusher(struct block_device *bdev, void *unused)
{
	char name[TASK_COMM_LEN];

	if (bdev->whole != bdev || bdev->on_demand)
		return;
	snprintf(name, sizeof(name), "flush-%u:%u", MAJOR(bdev->dev), MINOR(bdev->dev));
	kernel_thread(flusher_thread, &bdev->bdi, name);
}

static void __section(".init.text") drivers_init(void)
{
	tty_init();
	pty_init();
	vt_init();		/* first: without a screen the serial line is the console */
	serial_init();
	vt_tty_init();
	keyboard_init();
	pci_init();
	virtio_init();
	make_kernel_thread = kernel_thread;
	loop_init();
}

/* Everything of boot's that process 1 still needs; afterwards its memory is given back. */
static void __section(".init.text") kernel_init_early(void)
{
	start_kernel_threads();
	smp_init();
	tracefs_boot_events();
	drivers_init();
	for_each_block_device(start_flusher, NULL);
	default_rootfs();
	populate_rootfs();
	apply_boot_sysctls(sysctl_write_by_name);
}

static struct completion kthreadd_done;

static int kernel_init(void *unused)
{
	wait_for_completion(&kthreadd_done, "kthreadd");
	kernel_init_early();
	free_initmem();
	return run_init();	/* becomes /init when it returns, or panics */
}

/*
 * The last of boot: from here on this is CPU 0's idle task. Not in .init.text,
 * which process 1 may give back while this task waits for its turn.
 */
static void __noinline __noreturn rest_init(void)
{
	init_completion(&kthreadd_done);
	local_irq_enable();
	kernel_thread(kernel_init, NULL, "init");	/* process 1 */
	kernel_thread(kthreadd, NULL, "kthreadd");	/* 2: parent of the kernel's threads */
	complete(&kthreadd_done);
	cpu_idle_loop();
}

void __section(".init.text") start_kernel(void)
{
	setup_arch();
	mm_init();
	interrupts_and_time_init();
	sched_init();
	cgroup_init();
	cpuset_init();
	mem_cgroup_init();
	cred_init();
	fork_init();
	vdso_init();
	futex_init();
	posix_timers_init();
	vfs_init();
	procfs_init();
	sysfs_init();
	tracefs_init();
	cgroup2_init();
	devfs_init();
	block_init();
	rest_init();
}
