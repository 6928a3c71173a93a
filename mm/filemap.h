/*
 * filemap.h - the page cache: a file's pages, page locks, and read and write through them.
 */
#pragma once

#include "mm/gfp.h"
#include "mm/mm_types.h"
#include "mm/page-flags.h"

/* --- page_lock.c --- */
void pagecache_init(void);				/* before anything can wait for a page */
void lock_page(struct page *page);			/* may sleep, uninterruptible */
int lock_page_killable(struct page *page);		/* 0, -EINTR */
bool trylock_page(struct page *page);
void unlock_page(struct page *page);			/* any context */
void wait_on_page_writeback(struct page *page);
void wait_on_page_locked(struct page *page);
/* => the lock of a PTE that maps it is held; dropped */
void wait_on_page_migration(struct page *page, spinlock_t *ptl);
void end_page_writeback(struct page *page);		/* any context */
bool set_page_writeback(struct page *page);

/* --- page-writeback.c --- */
bool set_page_dirty(struct page *page);			/* true: it was clean */
/* the plain way, for a_ops->dirty_page to call */
bool set_page_dirty_nobuffers(struct page *page);
/* => locked; true: it was dirty, and is to be written */
bool clear_page_dirty_for_io(struct page *page);
void cancel_dirty_page(struct page *page);		/* => locked: it is thrown away */
/* in i_pages of a mapping with AS_DIRTY_ACCOUNTED */
#define PAGECACHE_TAG_DIRTY XA_MARK_0
#define PAGECACHE_TAG_WRITEBACK XA_MARK_1
static inline bool mapping_can_writeback(const struct address_space *mapping)
{
	return mapping->flags & AS_DIRTY_ACCOUNTED;
}

void address_space_init(struct address_space *mapping, struct inode *host,
			const struct address_space_operations *ops, loff_t *i_size);

/* a reference, or NULL; never a value entry */
struct page *find_get_page(struct address_space *mapping, unsigned long index);
struct page *find_lock_page(struct address_space *mapping, unsigned long index);
/* locks it. 0, -EEXIST, -ENOMEM */
int add_to_page_cache_lru(struct page *page, struct address_space *mapping, unsigned long index,
			  gfp_t gfp);
void delete_from_page_cache(struct page *page);		/* => locked */
/*
 * reclaim's form of it. => i_lock held, references frozen; the cache's reference is the
 * caller's. @shadow may be NULL.
 */
void remove_from_page_cache_locked(struct page *page, void *shadow);
/* locked; made if absent, not zeroed */
struct page *grab_cache_page(struct address_space *mapping, unsigned long index, gfp_t gfp);
/* The page, up to date, read if need be. ERR_PTR(-EIO, -ENOMEM, -EINTR). */
struct page *read_mapping_page(struct address_space *mapping, unsigned long index);
gfp_t mapping_gfp(struct address_space *mapping);

/*
 * read(2), write(2) of page-cache files. *pos and the place move. Bytes, or -errno if none. Short
 * on a fault. write: => inode lock held; extends *i_size. *prev is the open file's own: where its last
 * read ended, at first 0; a hint, not guarded.
 */
struct iov_iter;
kssize_t filemap_read(struct address_space *mapping, loff_t *pos, struct iov_iter *to, size_t len,
		      loff_t *prev);
kssize_t filemap_write(struct address_space *mapping, loff_t *pos, struct iov_iter *from,
		       size_t len);
/*
 * From file to file, page by page. The same; fewer bytes at @in's end, or for a signal. => inode
 * lock of the target held
 */
kssize_t filemap_copy(struct address_space *in, loff_t *in_pos, struct address_space *out,
		      loff_t *out_pos, size_t len);
/* initramfs */
kssize_t filemap_write_kernel(struct address_space *mapping, loff_t *pos, const void *buf,
			      size_t len);
/*
 * The page with the byte at @pos, up to date, with a reference; *len: how many bytes from there on it has
 * of the file, at most as many as before. NULL: a hole, or (*len 0) the end; ERR_PTR. May sleep.
 */
struct page *filemap_get_read_page(struct address_space *mapping, loff_t pos, size_t *len);
/* exec's headers */
kssize_t filemap_read_kernel(struct address_space *mapping, loff_t pos, void *buf, size_t len);
vm_fault_t filemap_fault(struct vm_fault *vmf);		/* for vm_ops->fault */
vm_fault_t filemap_page_mkwrite(struct vm_fault *vmf);
void filemap_drop_pagecache(void);			/* drop_caches; fs gives it the mappings: */
/*
 * c: kernel/fs: calls @fn for every inode's mapping (and every block device's). @fn does not sleep.
 */
extern void (*for_each_mapping)(void (*fn)(struct address_space *));

/* --- readahead.c --- */
/*
 * @index is missing: reads it and what follows if the reading looks sequential. Pages are
 * inserted locked, not returned.
 */
void page_cache_readaround(struct address_space *mapping, unsigned long index);
void page_cache_sync_readahead(struct address_space *mapping, unsigned long index);
/* @page carries the mark PG_readahead: the next window. */
void page_cache_async_readahead(struct address_space *mapping, struct page *page);

/* truncate.c */
/* all pages beyond; the partial one's tail is zeroed */
void truncate_inode_pages(struct address_space *mapping, loff_t from);
/* unmaps, then truncates */
void truncate_pagecache(struct address_space *mapping, loff_t new_size);
/* clean, unmapped ones; how many */
unsigned long invalidate_mapping_pages(struct address_space *mapping);
unsigned long invalidate_mapping_range(struct address_space *mapping, unsigned long first,
				       unsigned long last);
/*
 * Pages @first to @last go, mapped or not, whoever else holds them, if they are clean: the next
 * look is at the disk. Those of a device's mapping only if nobody holds them.
 * => 0; -EBUSY: one stayed. May sleep
 */
int invalidate_inode_pages2_range(struct address_space *mapping, unsigned long first,
				  unsigned long last);
/* pageout.c; => locked */
bool remove_mapping(struct address_space *mapping, struct page *page, bool reclaimed);

/* page-writeback.c, backing-dev.c */
struct writeback_control {
	long nr_to_write;		/* pages left to write */
	bool sync_all;			/* wait for those being written already */
	bool for_reclaim;		/* one page, for pageout.c */
	bool batch;			/* more pages follow: a request may stay in @open */
	struct blk_request *open;	/* a_ops->send() sends it */
};
/* A write of @mapping failed: fsync(2) of each open file will tell, once. Any context. */
void mapping_set_error(struct address_space *mapping, int error);
/* writepage: it cannot be written now; still locked and dirty */
#define AOP_WRITEPAGE_ACTIVATE 0x80000
int filemap_write_and_wait(struct address_space *mapping);	/* 0, or the first error */
/* the same for pages @first to @last; the mapping keeps what went wrong */
int filemap_write_range(struct address_space *mapping, unsigned long first, unsigned long last);
/*
 * The dirty pages of [first, last] are on their way; @sync_all: also those that were made dirty
 * again while being written. Errors: mapping->wb_err.
 */
void filemap_start_range(struct address_space *mapping, unsigned long first, unsigned long last,
			 bool sync_all);
/* None of its pages is dirty or being written. */
bool mapping_is_clean(struct address_space *mapping);
/* None of them is being written when it returns. */
void filemap_wait_range(struct address_space *mapping, unsigned long first, unsigned long last);
/*
 * Up to wbc->nr_to_write dirty pages, in the file's order, without waiting. 0, or the first error.
 * => the mapping stays
 */
int write_cache_pages(struct address_space *mapping, struct writeback_control *wbc);
void balance_dirty_pages_ratelimited(struct address_space *mapping);
/* pages: nr_dirty_background_threshold and nr_dirty_threshold */
void global_dirty_limits(unsigned long *background, unsigned long *limit);
/* sync(2): everything, waits; 0 or the first error */
int sync_dirty_mappings(void);
/* it is about to be freed: its disk's flusher lets go of it */
void mapping_forget_dirty(struct address_space *mapping);
