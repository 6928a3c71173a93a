/*
 * shmem.h - shared anonymous memory: a page cache whose backing store is swap.
 */
#pragma once

#include "mm/mm_types.h"

struct writeback_control;

/* How many pages (in memory or in swap) a mounted tmpfs may have. Guards: a atomic */
struct shmem_pool {
	_Atomic unsigned long used;	/* a */
	_Atomic unsigned long max;	/* a: 0: no limit */
};
/* What a tmpfs file has beside its pages. Guards: a atomic   c set once   i the inode's lock */
struct shmem_inode_info {
	struct shmem_pool *pool;	/* c */
	_Atomic unsigned long swapped;	/* a: pages that are in swap */
	_Atomic long writable_maps;	/* a: shared mappings that may write; -1: none may be made */
	unsigned int seals;		/* i: F_SEAL_* */
};
/* A page or a swap entry of a mapping with AS_PAGE_ACCOUNTED is gone. Any context. */
void shmem_uncharge(struct address_space *mapping);

extern const struct address_space_operations shmem_aops;
/* The page at @index, locked, up to date (zeroed, swapped in): 0, -ENOMEM, -ENOSPC, -EIO, -EINTR. */
int shmem_getpage(struct address_space *mapping, unsigned long index, struct page **pagep,
		  bool create);
/* Is the page at @index in swap? Then *entry is where. */
bool shmem_swap_entry(struct address_space *mapping, unsigned long index, swp_entry_t *entry);
/*
 * The first page of @mapping from *index to @last that is in swap: *index and *entry say which.
 * False: none is, or it is no such mapping. A look, which holds nothing: it may change at once.
 */
bool shmem_next_swapped(struct address_space *mapping, unsigned long *index, unsigned long last,
			swp_entry_t *entry);
vm_fault_t shmem_fault(struct vm_fault *vmf);
/*
 * For MAP_SHARED | MAP_ANONYMOUS: an object of its own, counted by its VMAs. Sets vm_ops,
 * vm_mapping, accounts. 0, -ENOMEM.
 */
int shmem_zero_setup(struct vm_area_struct *vma);
/*
 * An object that is kept by whoever made it, and by the VMAs that map it: @size bytes, page
 * aligned; @noreserve: its pages are charged as they come. NULL: no memory, or overcommit says no.
 */
struct shmem_object *shmem_object_new(loff_t size, bool noreserve);
void shmem_object_get(struct shmem_object *object);
void shmem_object_put(struct shmem_object *object);	/* the last frees its pages; may sleep */
struct address_space *shmem_object_mapping(struct shmem_object *object);
/* How many of its pages are in memory, and in swap. */
void shmem_object_pages(struct shmem_object *object, unsigned long *present, unsigned long *swapped);
/* SHM_LOCK: no page of it is reclaimed until it is unlocked. May sleep. */
void shmem_object_lock(struct shmem_object *object, bool lock);
void shmem_truncate(struct address_space *mapping, loff_t from);
/* The bytes [from, end) become a hole; unmapped by the caller already. May sleep. */
void shmem_punch_hole(struct address_space *mapping, loff_t from, loff_t end);
/* The page at @index goes if nobody maps it and it is all zeroes, as a hole is. May sleep. */
void shmem_drop_unused(struct address_space *mapping, unsigned long index);
/* The first page at or after @index that is there (in memory or swap); ~0UL: none. */
unsigned long shmem_next_page(struct address_space *mapping, unsigned long index);
int shmem_writepage(struct page *page, struct writeback_control *wbc);
/* swapoff: brings all pages of an area back; false: *error says why not */
bool shmem_unuse_type(unsigned int type, int *error);
