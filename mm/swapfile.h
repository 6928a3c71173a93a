/*
 * swapfile.h - swap areas and their slots.
 */
#pragma once

#include "mm/mm_types.h"

/*
 * Of an entry's 32 types four are not areas: Linux keeps three for migration, and SWP_LOST. The
 * LTP computes the same number from /proc/config.gz.
 */
#define MAX_SWAPFILES 28
/*
 * No area: an entry of this type stands for a page that swapoff could not read. Whoever needs
 * it gets SIGBUS. (Linux: make_swapin_error_entry().)
 */
#define SWP_LOST MAX_SWAPFILES
#define SWP_TYPE_SHIFT 58
static inline swp_entry_t swp_entry(unsigned int type, unsigned long offset)
{
	return (swp_entry_t){(unsigned long)type << SWP_TYPE_SHIFT | offset};
}
static inline unsigned int swp_type(swp_entry_t e) { return e.val >> SWP_TYPE_SHIFT; }
static inline unsigned long swp_offset(swp_entry_t e)
{
	return e.val & ((1UL << SWP_TYPE_SHIFT) - 1);
}
static inline swp_entry_t swp_lost_entry(void) { return swp_entry(SWP_LOST, 1); }
static inline bool swp_is_lost(swp_entry_t e) { return swp_type(e) == SWP_LOST; }

/* What an area lies on; the block layer implements it (kernel/block/swap_dev.c). */
struct swap_device_ops {
	/*
	 * Starts the transfer of one page at byte offset @pos; calls @done(page, 0 or -EIO)
	 * when it ends, from any context. Must not allocate memory that it could wait for:
	 * requests are set aside beforehand. May sleep until a request is free. 0, or -EIO at
	 * once (done is not called).
	 */
	int (*rw_page)(void *dev, struct page *page, u64 pos, bool write,
		       void (*done)(struct page *page, int error));
	void (*kick)(void *dev);	/* send what was gathered */
	int (*read_sync)(void *dev, void *buf, u64 pos, size_t len);	/* swapon: the header */
	void (*release)(void *dev);	/* swapoff is done */
	u64 (*sector)(void *dev, u64 pos);	/* of the disk, for messages */
};
struct swap_device {
	const struct swap_device_ops *ops;
	void *dev;
	u64 size; /* bytes */
	bool is_file;
	char path[256];
	kdev_t id;			/* of the device, for messages */
	const void *key;		/* what it is, of all devices and files: never followed */
	/* of a file: how many pages have a place on the disk; in how many runs, and over how many */
	unsigned long mapped, span;
	unsigned int extents;
	const void *header;		/* of a file: its first page, while do_swapon() runs */
};

/*
 * swapon(2): 0; -EINVAL (header; the reason is logged as Linux does), -EBUSY, -ENOMEM, -EIO;
 * -EPERM is the caller's. May sleep.
 * => @dev is taken over: copied if it succeeds, given back through its release() if not.
 */
int do_swapon(struct swap_device *dev, int swap_flags);
/* 0, -EINVAL (not in use), -ENOMEM, -EINTR */
int do_swapoff(const void *key);

/* a free slot, its count set for the cache; val 0: none */
swp_entry_t get_swap_page(struct page *page);
/* fork: 0, -ENOMEM at the count's limit, -EINVAL if it is bad */
int swap_duplicate(swp_entry_t entry);
/* the cache's claim: 0, -EEXIST, -ENOENT (slot is free) */
int swapcache_prepare(swp_entry_t entry);
void swap_free(swp_entry_t entry);		/* one PTE less */
void swapcache_free(swp_entry_t entry);		/* the cache's claim goes */
int swp_swapcount(swp_entry_t entry);		/* PTEs, the cache not counted */
/* PTEs and cache; 0 if it is free: for heuristics */
int swap_slot_count_locked_hint(swp_entry_t entry);
/* zap: swap_free, and the cache's page if nobody else needs it */
void free_swap_and_cache(swp_entry_t entry);
/* => page locked: gives the slot back if only the cache holds it */
bool try_to_free_swap(struct page *page);
bool reuse_swap_page(struct page *page);	/* => page locked */
/* free slots; negative while a used area is being switched off */
long get_nr_swap_pages(void);
extern unsigned long total_swap_pages;
struct address_space *swap_address_space(swp_entry_t entry);
void si_swapinfo(unsigned long *total, unsigned long *free);
struct swap_device *swap_area_device(swp_entry_t entry, u64 *pos);	/* where that slot lies */
/* over half of all slots are in use: do not keep copies */
bool swap_area_is_full(void);
/* Whom the slot is charged to (memcontrol_swap.c); 0: nobody, or no such slot. */
u16 swap_slot_memcg(swp_entry_t entry);
void swap_slot_set_memcg(swp_entry_t entry, u16 id);
void swap_kick_all(void);			/* sends the transfers that were gathered */
/* swap_state.c: the swap cache, one for each area */
extern struct address_space swapper_spaces[MAX_SWAPFILES];

/* Between swapfile.c (slots) and swapon.c (areas). */
#define SWAP_HAS_CACHE 0x8000		/* in a slot's count: the swap cache holds it */
#define SWAP_MAP_BAD 0x7fff		/* never given out */
#define SWAP_MAP_MAX 0x7ffe
#define SWAPFILE_CLUSTER 256UL		/* slots given out in a row: 1 MiB */

enum { SWP_USED = 1, SWP_WRITEOK = 2 };
/*
 * One area. Guards: S swap_lock   s lock   c set by swapon
 */
struct swap_info_struct {
	spinlock_t lock;		/* LOCK_SWAP_AREA */
	unsigned int flags;		/* S and s to change: SWP_* */
	short prio;			/* S */
	struct list_head avail;		/* S: in swap_avail, highest priority first */
	u16 *map;			/* s: a count for each slot */
	u16 *memcg_ids;			/* s: the memory group each slot is charged to; 0: none */
	u16 *cluster_used;		/* s: slots in use of each cluster */
	unsigned long free_clusters;	/* s: those with no slot in use */
	unsigned long max;		/* c: slots, the header's included */
	unsigned long pages;		/* c: usable ones */
	unsigned long inuse_pages;	/* s */
	unsigned int kicking;		/* s: CPUs in dev.ops->kick */
	unsigned long next;		/* s: where the search goes on */
	/* S: slots given out since it was last moved back among its equals */
	unsigned int turn;
	struct swap_device dev;		/* c */
};
extern struct swap_info_struct swap_info[MAX_SWAPFILES];
extern unsigned int nr_swapfiles;	/* S: types ever used */
extern spinlock_t swap_lock;		/* LOCK_SWAP */
extern _Atomic long nr_swap_pages;	/* a: free slots */
void swap_avail_add(struct swap_info_struct *si);	/* => swap_lock held */
void swap_avail_del(struct swap_info_struct *si);

