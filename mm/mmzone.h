/*
 * mmzone.h - nodes, zones, and what they count.
 *
 * Idea: physical memory is a few nodes; a node has up to three zones, told
 *       apart by what the kernel can do with their pages:
 *
 *        0      16 MiB              low/high split                     end
 *        |  DMA  |      Normal       |             HighMem              |
 *        |<--- in the direct map --->|<-- only by kmap_local_page() --->|
 *
 *       Each zone has its free lists (page_alloc.c) and watermarks; each node
 *       its LRU lists (swap.c, vmscan.c) and its kswapd.
 * Locks:  letters below.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/nodemask.h"
#include "kernel/lib/types.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/spinlock.h"

#define MAX_ORDER 11			/* orders 0 … 10 */

/*
 * Movable is where a request goes that takes any page and lets it be moved: as on a Linux without
 * movablecore=, it is empty.
 */
enum zone_type { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE, MAX_NR_ZONES };

/*
 * Which pages stand together, so that movable ones do not break up big blocks. Linux's letters U M
 * E (H).
 */
enum migratetype { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_PCPTYPES,
		   MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES, MIGRATE_TYPES };

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* Counted per zone; names as /proc/vmstat prints them (vmstat.c). */
enum zone_stat_item {
	NR_FREE_PAGES,
	NR_ZONE_INACTIVE_ANON,
	NR_ZONE_ACTIVE_ANON,
	NR_ZONE_INACTIVE_FILE,
	NR_ZONE_ACTIVE_FILE,
	NR_ZONE_UNEVICTABLE,
	NR_ZONE_WRITE_PENDING,
	NR_MLOCK,
	NR_VM_ZONE_STAT_ITEMS
};

enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

/* Counted per node. The first five follow enum lru_list. */
enum node_stat_item {
	NR_INACTIVE_ANON,
	NR_ACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_UNEVICTABLE,
	NR_SLAB_RECLAIMABLE,
	NR_SLAB_UNRECLAIMABLE,
	NR_ISOLATED_ANON,
	NR_ISOLATED_FILE,
	WORKINGSET_NODES,
	WORKINGSET_REFAULT_ANON,
	WORKINGSET_REFAULT_FILE,
	WORKINGSET_ACTIVATE_ANON,
	WORKINGSET_ACTIVATE_FILE,
	WORKINGSET_RESTORE_ANON,
	WORKINGSET_RESTORE_FILE,
	WORKINGSET_NODERECLAIM,
	NR_ANON_MAPPED, /* nr_anon_pages */
	NR_FILE_MAPPED, /* nr_mapped */
	NR_FILE_PAGES,
	NR_FILE_DIRTY,
	NR_WRITEBACK,
	NR_SHMEM,
	NR_VMSCAN_WRITE,
	NR_VMSCAN_IMMEDIATE,
	NR_DIRTIED,
	NR_WRITTEN,
	NR_KERNEL_STACK_KB,
	NR_PAGETABLE,
	NR_SWAPCACHE,
	NR_VM_NODE_STAT_ITEMS
};

/* What became of requests, counted per zone by whoever asked; numa_stat_names[] (vmstat.c). */
enum numa_stat_item {
	NUMA_HIT,		/* a page of the node that was wanted */
	NUMA_MISS,		/* a page of this node, though another was wanted */
	NUMA_FOREIGN,		/* this node was wanted, another gave the page */
	NUMA_INTERLEAVE_HIT,	/* an interleaving policy got what it wanted */
	NUMA_LOCAL,		/* the asker's CPU is of this node */
	NUMA_OTHER,		/* … of another */
	NR_VM_NUMA_EVENT_ITEMS
};

/*
 * Events since boot, per CPU (vmstat.h: count_vm_event). PGALLOC, ALLOCSTALL and PGSKIP are
 * indexed by zone.
 */
enum vm_event_item {
	PGPGIN,
	PGPGOUT,
	PSWPIN,
	PSWPOUT,
	PGALLOC_DMA,
	PGALLOC_NORMAL,
	PGALLOC_HIGH,
	PGALLOC_MOVABLE,
	ALLOCSTALL_DMA,
	ALLOCSTALL_NORMAL,
	ALLOCSTALL_HIGH,
	ALLOCSTALL_MOVABLE,
	PGSKIP_DMA,
	PGSKIP_NORMAL,
	PGSKIP_HIGH,
	PGSKIP_MOVABLE,
	PGFREE,
	PGACTIVATE,
	PGDEACTIVATE,
	PGLAZYFREE,
	PGFAULT,
	PGMAJFAULT,
	PGLAZYFREED,
	PGREFILL,
	PGREUSE,
	PGSTEAL_KSWAPD,
	PGSTEAL_DIRECT,
	PGSCAN_KSWAPD,
	PGSCAN_DIRECT,
	PGSCAN_DIRECT_THROTTLE,
	PGSCAN_ANON,
	PGSCAN_FILE,
	PGSTEAL_ANON,
	PGSTEAL_FILE,
	PGINODESTEAL,
	SLABS_SCANNED,
	KSWAPD_INODESTEAL,
	KSWAPD_LOW_WMARK_HIT_QUICKLY,
	KSWAPD_HIGH_WMARK_HIT_QUICKLY,
	PAGEOUTRUN,
	PGROTATED,
	DROP_PAGECACHE,
	DROP_SLAB,
	OOM_KILL,
	PGMIGRATE_SUCCESS,
	PGMIGRATE_FAIL,
	UNEVICTABLE_PGCULLED,
	UNEVICTABLE_PGSCANNED,
	UNEVICTABLE_PGRESCUED,
	UNEVICTABLE_PGMLOCKED,
	UNEVICTABLE_PGMUNLOCKED,
	UNEVICTABLE_PGCLEARED,
	UNEVICTABLE_PGSTRANDED,
	SWAP_RA,
	SWAP_RA_HIT,
	NR_VM_EVENT_ITEMS
};

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];	/* z */
	unsigned long nr_free;				/* z: blocks */
};

/* A CPU's own stock of single pages of a zone. Guard: its CPU, interrupts off. */
struct per_cpu_pages {
	int count, high, batch;
	struct list_head lists[MIGRATE_PCPTYPES];
};

/* Guards: z zone->lock   a atomic   c set once or by a sysctl */
struct zone {
	unsigned long watermark[NR_WMARK];	/* c: pages, without the boost */
	unsigned long watermark_boost;		/* z: pages */
	/* c: pages kept from requests that could go to zone [i] */
	long lowmem_reserve[MAX_NR_ZONES];
	int node;				/* c */
	struct pglist_data *zone_pgdat;		/* c */
	const char *name;			/* c: "DMA", "Normal", "HighMem" */
	unsigned long zone_start_pfn;		/* c */
	_Atomic unsigned long managed_pages;	/* a: given to the buddy allocator */
	unsigned long spanned_pages, present_pages;	/* c */
	spinlock_t lock;			/* LOCK_ZONE, irqsave */
	struct free_area free_area[MAX_ORDER];	/* z */
	/* z: migratetype of each 2 MiB block, from pageblock of zone_start_pfn */
	u8 *pageblock_types;
	unsigned long nr_reserved_highatomic;	/* z: pages */
	_Atomic long vm_stat[NR_VM_ZONE_STAT_ITEMS];	/* a (NR_FREE_PAGES: z) */
	struct per_cpu_pages pcp[MAX_CPUS];
	/* c: a CPU's difference to a counter before it is folded in */
	int stat_threshold;
	_Atomic bool boosted;			/* a: the boost was raised: kswapd is to be woken */
	bool initialized;			/* c: has pages */
};

/* The LRU lists of a memory cgroup on a node; the root's are the node's own. Guard: lru_lock. */
struct lruvec {
	/* LOCK_LRU, irqsave (writeback's end rotates pages) */
	spinlock_t lru_lock;
	struct list_head lists[NR_LRU_LISTS];
	unsigned long lru_zone_size[MAX_NR_ZONES][NR_LRU_LISTS];	/* pages */
	unsigned long anon_cost, file_cost;
	_Atomic unsigned long nonresident_age;
	unsigned long refaults[2];
	struct pglist_data *pgdat;	/* c */
	struct mem_cgroup *memcg;	/* c: NULL: the root's */
};

struct zoneref { struct zone *zone; int zone_idx; };

typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	/* c: this node's zones from HighMem down, then those of the others; ends with NULL */
	struct zoneref zonelist[MAX_NUMNODES * MAX_NR_ZONES + 1];
	/* c: the first of them that a request up to zone [i] may use */
	struct zone *preferred_zone[MAX_NR_ZONES];
	int nr_zones;				/* c */
	unsigned long node_start_pfn, node_present_pages, node_spanned_pages;	/* c */
	int node_id;				/* c */
	struct wait_queue_head kswapd_wait, pfmemalloc_wait;
	struct task_struct *kswapd;		/* c */
	_Atomic int kswapd_order, kswapd_highest_zoneidx;	/* a: what it was woken for */
	_Atomic int kswapd_failures;		/* a: runs in a row that reclaimed nothing */
	struct lruvec lruvec;			/* the root group's pages */
	int stat_threshold;			/* c: the largest of its zones */
	unsigned long totalreserve_pages;	/* c: what its zones keep back (watermark.c) */
	_Atomic long vm_stat[NR_VM_NODE_STAT_ITEMS];	/* a, plus what CPUs still hold: vmstat.c */
} pg_data_t;

extern pg_data_t *node_data[MAX_NUMNODES];	/* c */
extern int nr_online_nodes;			/* c */
#define NODE_DATA(nid) (node_data[nid])
#define for_each_online_node(nid) for ((nid) = 0; (nid) < nr_online_nodes; (nid)++)

/* c: first page frame past all RAM, past the direct map */
extern unsigned long max_pfn, max_low_pfn;

static inline bool is_highmem(const struct zone *zone)
{
	return zone >= &zone->zone_pgdat->node_zones[ZONE_HIGHMEM];
}
static inline enum zone_type zone_idx(const struct zone *zone)
{
	return (enum zone_type)(zone - zone->zone_pgdat->node_zones);
}
static inline bool managed_zone(const struct zone *zone) { return zone->managed_pages != 0; }
static inline unsigned long wmark_pages(const struct zone *zone, enum zone_watermarks mark)
{
	return zone->watermark[mark] + zone->watermark_boost;
}
static inline unsigned long min_wmark_pages(const struct zone *z)
{
	return wmark_pages(z, WMARK_MIN);
}
static inline unsigned long low_wmark_pages(const struct zone *z)
{
	return wmark_pages(z, WMARK_LOW);
}
static inline unsigned long high_wmark_pages(const struct zone *z)
{
	return wmark_pages(z, WMARK_HIGH);
}
/* All zones that have pages, node by node, DMA first. */
struct zone *first_zone(void);
struct zone *next_zone(struct zone *zone);
#define for_each_populated_zone(zone) for (zone = first_zone(); zone; zone = next_zone(zone))
