/*
 * meminfo.c - /proc/meminfo, and the estimate MemAvailable.
 *
 * Idea:   Linux 6.1's fields in the order an i386 with HighMem prints them; a
 *         field whose feature Brink has not (huge pages, zswap, bounce buffers)
 *         is left out, so that every number is one.
 * Locks:  none: sums of counters.
 * Above:  kernel/fs serves the file.   In Linux: fs/proc/meminfo.c, mm/page_alloc.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/x86/page.h"
#include "mm/page_alloc.h"
#include "mm/swap_state.h"
#include "mm/swapfile.h"
#include "mm/util.h"
#include "mm/vmalloc.h"
#include "mm/vmstat.h"

/*
 * What a new program could get without swapping: what is free above the
 * reserves, and of the page cache and of reclaimable slabs the part that is
 * not needed to keep going (at least half, or all but the low marks).
 */
unsigned long si_mem_available(void)
{
	unsigned long cache, slab, low = 0;
	struct zone *zone;
	long available;

	for_each_populated_zone(zone)
		low += low_wmark_pages(zone);
	available = (long)global_zone_page_state(NR_FREE_PAGES) - (long)totalreserve_pages();
	cache = global_node_page_state(NR_ACTIVE_FILE) + global_node_page_state(NR_INACTIVE_FILE);
	available += cache - MIN(cache / 2, low);
	slab = global_node_page_state(NR_SLAB_RECLAIMABLE);
	available += slab - MIN(slab / 2, low);
	return available > 0 ? available : 0;
}

static void show_kb(struct seq_file *m, const char *label, unsigned long kb)
{
	seq_put_decimal_ull_width(m, label, kb, 8);
	seq_puts(m, " kB\n");
}
static void show_pages(struct seq_file *m, const char *label, unsigned long pages)
{
	show_kb(m, label, pages << (PAGE_SHIFT - 10));
}
static void show_node_stat(struct seq_file *m, const char *label, enum node_stat_item item)
{
	show_pages(m, label, global_node_page_state(item));
}

static void show_lru(struct seq_file *m)
{
	unsigned long n[NR_LRU_LISTS];

	for (int i = 0; i < NR_LRU_LISTS; i++)
		n[i] = global_node_page_state(NR_INACTIVE_ANON + i);
	show_pages(m, "Active:         ", n[LRU_ACTIVE_ANON] + n[LRU_ACTIVE_FILE]);
	show_pages(m, "Inactive:       ", n[LRU_INACTIVE_ANON] + n[LRU_INACTIVE_FILE]);
	show_pages(m, "Active(anon):   ", n[LRU_ACTIVE_ANON]);
	show_pages(m, "Inactive(anon): ", n[LRU_INACTIVE_ANON]);
	show_pages(m, "Active(file):   ", n[LRU_ACTIVE_FILE]);
	show_pages(m, "Inactive(file): ", n[LRU_INACTIVE_FILE]);
	show_pages(m, "Unevictable:    ", n[LRU_UNEVICTABLE]);
	show_pages(m, "Mlocked:        ", global_zone_page_state(NR_MLOCK));
}

static void show_high_low(struct seq_file *m)
{
	unsigned long high_free = 0, high = totalhigh_pages();
	struct zone *zone;

	for_each_populated_zone(zone)
		if (is_highmem(zone))
			high_free += zone_page_state(zone, NR_FREE_PAGES);
	show_pages(m, "HighTotal:      ", high);
	show_pages(m, "HighFree:       ", high_free);
	show_pages(m, "LowTotal:       ", totalram_pages() - high);
	show_pages(m, "LowFree:        ", global_zone_page_state(NR_FREE_PAGES) - high_free);
}

static void show_kernel_side(struct seq_file *m)
{
	unsigned long reclaimable = global_node_page_state(NR_SLAB_RECLAIMABLE);
	unsigned long unreclaimable = global_node_page_state(NR_SLAB_UNRECLAIMABLE);

	show_pages(m, "KReclaimable:   ", reclaimable);
	show_pages(m, "Slab:           ", reclaimable + unreclaimable);
	show_pages(m, "SReclaimable:   ", reclaimable);
	show_pages(m, "SUnreclaim:     ", unreclaimable);
	show_kb(m, "KernelStack:    ", global_node_page_state(NR_KERNEL_STACK_KB));
	show_node_stat(m, "PageTables:     ", NR_PAGETABLE);
	show_pages(m, "CommitLimit:    ", vm_commit_limit());
	show_pages(m, "Committed_AS:   ", vm_memory_committed());
	show_kb(m, "VmallocTotal:   ", VMALLOC_SIZE >> 10);
	show_kb(m, "VmallocUsed:    ", vmalloc_used_kb());
	show_kb(m, "Percpu:         ", (__percpu_end - __percpu_start) * nr_cpus >> 10);
}

static int show_meminfo(struct seq_file *m)
{
	unsigned long buffers = nr_blockdev_pages ? nr_blockdev_pages() : 0,
		      swapcache = total_swapcache_pages();
	unsigned long file = global_node_page_state(NR_FILE_PAGES), swap_total, swap_free;
	long cached = (long)file - (long)swapcache - (long)buffers;

	si_swapinfo(&swap_total, &swap_free);
	show_pages(m, "MemTotal:       ", totalram_pages());
	show_pages(m, "MemFree:        ", global_zone_page_state(NR_FREE_PAGES));
	show_pages(m, "MemAvailable:   ", si_mem_available());
	show_pages(m, "Buffers:        ", buffers);
	show_pages(m, "Cached:         ", cached > 0 ? cached : 0);
	show_pages(m, "SwapCached:     ", swapcache);
	show_lru(m);
	show_high_low(m);
	show_pages(m, "SwapTotal:      ", swap_total);
	show_pages(m, "SwapFree:       ", swap_free);
	show_node_stat(m, "Dirty:          ", NR_FILE_DIRTY);
	show_node_stat(m, "Writeback:      ", NR_WRITEBACK);
	show_node_stat(m, "AnonPages:      ", NR_ANON_MAPPED);
	show_node_stat(m, "Mapped:         ", NR_FILE_MAPPED);
	show_node_stat(m, "Shmem:          ", NR_SHMEM);
	show_kernel_side(m);
	return 0;
}
CTL_FILE("/proc/meminfo", .mode = 0444, .show = show_meminfo);
