/*
 * filemap.c - the page cache: the pages of a file, found by their number.
 *
 * Idea:   each file (each address_space) keeps its pages in an xarray. read(2),
 *         write(2), mmap and exec all go through it, so that they see one
 *         truth. Where a page comes from is the mapping's kind:
 *
 *           read_page set     a device or disk file: read in, written back
 *           AS_SWAPBACKED     shmem: shmem_getpage() makes it or brings it from swap
 *           neither           ramfs: a missing page is zeroes; once made it never leaves
 *
 *         A page is inserted locked and not up to date; the read's end sets PG_uptodate and
 *         unlocks. Whoever locks a page must look whether page->mapping is still the one he
 *         came from: truncate may have been first.
 * Locks:  page lock, then mapping->i_lock (LOCK_I_PAGES, irqsave: a write's end clears marks).
 *         No page lock is held over a copy to or from user space that may fault: it could be on
 *         the same page.
 * Above:  kernel/fs, memory.c by vm_ops.   Below: readahead.c, swap.c, page_alloc.c.
 * In Linux: mm/filemap.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/trace.h"
#include "mm/uio.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

void (*for_each_mapping)(void (*fn)(struct address_space *));

/*
 * address_space_init: an empty mapping. @i_size: where its owner keeps the size in bytes; may
 * be NULL.
 */
void address_space_init(struct address_space *mapping, struct inode *host,
			const struct address_space_operations *ops, loff_t *i_size)
{
	memset(mapping, 0, sizeof(*mapping));
	mapping->host = host;
	xa_init_flags(&mapping->i_pages, XA_FLAGS_WATCHED);	/* workingset.c: for shadows */
	spin_lock_init(&mapping->i_lock, LOCK_I_PAGES);
	init_rwsem(&mapping->i_mmap_rwsem, LOCK_I_MMAP);
	INIT_LIST_HEAD(&mapping->i_mmap);
	INIT_LIST_HEAD(&mapping->link);
	mapping->a_ops = ops;
	mapping->i_size = i_size;
	if (ops && ops->read_page && ops->writepage)
		mapping->flags = AS_DIRTY_ACCOUNTED;	/* its pages have a home to be written to */
}

/*
 * mapping_gfp: how to allocate this mapping's pages: from HighMem first, as they are only
 * touched through windows.
 */
gfp_t mapping_gfp(struct address_space *mapping)
{
	return mapping->flags & AS_LOWMEM ? GFP_USER | __GFP_MOVABLE : GFP_HIGHUSER_MOVABLE;
}

static loff_t mapping_size(struct address_space *mapping)
{
	return mapping->i_size ? READ_ONCE(*mapping->i_size) : 0;
}

static bool page_beyond_end(struct address_space *mapping, unsigned long index)
{
	return (loff_t)index >= DIV_ROUND_UP(mapping_size(mapping), (loff_t)PAGE_SIZE);
}

/* --- finding, inserting, removing --- */

/* find_get_page: the page at @index with a reference, in whatever state; NULL. */
struct page *find_get_page(struct address_space *mapping, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	struct page *page = xa_load(&mapping->i_pages, index);

	if (xa_is_value(page))
		page = NULL;
	/*
	 * Reclaim freezes the count at 0 under i_lock and removes the page before it lets go:
	 * so it is never 0 here.
	 */
	if (page)
		get_page(page);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return page;
}

/* find_lock_page: the same, locked, and still there. */
struct page *find_lock_page(struct address_space *mapping, unsigned long index)
{
	for (;;) {
		struct page *page = find_get_page(mapping, index);

		if (!page)
			return NULL;
		lock_page(page);
		if (page->mapping == mapping)
			return page;
		unlock_page(page);	/* truncate or reclaim was first */
		put_page(page);
	}
}

static void account_page_cache(struct page *page, struct address_space *mapping, long n)
{
	if (n > 0)
		mapping->nrpages++;
	else
		mapping->nrpages--;
	mod_page_state(page, NR_FILE_PAGES, n);
	if (mapping->flags & AS_SWAPBACKED)
		mod_page_state(page, NR_SHMEM, n);
	if (n < 0 && mapping->flags & AS_PAGE_ACCOUNTED)
		shmem_uncharge(mapping);
}

/* The page's own fields, before it can be found. */
static void prepare_cache_page(struct page *page, struct address_space *mapping,
			       unsigned long index)
{
	unsigned long bits = PG_locked;

	if (mapping->flags & AS_UNEVICTABLE)
		bits |= PG_unevictable;
	if (mapping->flags & AS_SWAPBACKED)
		bits |= PG_swapbacked;
	page_set(page, bits);
	page->mapping = mapping;
	page->index = index;
}

/*
 * add_to_page_cache_lru: a fresh page joins the mapping, locked, and its LRU list.
 *
 * => the caller's reference stays his; the cache takes its own. gfp: for the tree's nodes and the
 *    charge: current's memory group pays, as the first to want the page
 * => 0; -EEXIST: another page is there (or, of shmem, in swap); -ENOMEM: the page is to be put
 */
int add_to_page_cache_lru(struct page *page, struct address_space *mapping, unsigned long index,
			  gfp_t gfp)
{
	struct xa_reserve reserve = XA_RESERVE_INIT;
	void *old;

	VM_BUG_ON_PAGE(page->mapping || page_test(page, PG_lru), page);
	if (unlikely(mem_cgroup_charge(page, current->mm, gfp)))
		return -ENOMEM;
	prepare_cache_page(page, mapping, index);
	do {
		unsigned long flags = spin_lock_irqsave(&mapping->i_lock);

		old = xa_load(&mapping->i_pages, index);
		/* A value is a shadow of a page that was here; shmem's is a page: it went to swap meanwhile. */
		if (!old || (xa_is_value(old) && !(mapping->flags & AS_SWAPBACKED)))
			old = xa_store_reserved(&mapping->i_pages, index, page, &reserve);
		else
			old = ERR_PTR(-EEXIST);
		if (!xa_is_err(old)) {
			get_page(page);
			account_page_cache(page, mapping, 1);
			if (trace_enabled(mm_filemap_add_to_page_cache))
				trace_page_cache(mapping, page, true);
		}
		spin_unlock_irqrestore(&mapping->i_lock, flags);
	} while (xa_err(old) == -ENOMEM &&
		 xa_reserve_fill(&reserve, (gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_ZERO)) |
						   __GFP_ACCOUNT));
	xa_reserve_free(&reserve);
	if (xa_is_err(old)) {
		page->mapping = NULL;
		page_clear(page, PG_locked | PG_unevictable | PG_swapbacked);
		return xa_err(old);
	}
	if (old)
		workingset_refault(page, old);
	lru_cache_add(page);
	return 0;
}

/*
 * remove_from_page_cache_locked: the page leaves its mapping; @shadow (or NULL) takes its place.
 *
 * => locked, i_lock held; the cache's reference is the caller's to drop
 */
void remove_from_page_cache_locked(struct page *page, void *shadow)
{
	struct address_space *mapping = page->mapping;
	void *old;

	if (trace_enabled(mm_filemap_delete_from_page_cache))
		trace_page_cache(mapping, page, false);
	if (shadow)
		/* in place: needs no memory */
		old = xa_store(&mapping->i_pages, page->index, shadow, GFP_NOWAIT);
	else
		old = xa_erase(&mapping->i_pages, page->index);
	BUG_ON(old != page);
	page->mapping = NULL;
	account_page_cache(page, mapping, -1);
}

/*
 * delete_from_page_cache: the page leaves its mapping, and the cache's reference goes. =>
 * locked, not mapped
 */
void delete_from_page_cache(struct page *page)
{
	struct address_space *mapping = page->mapping;
	unsigned long flags;

	VM_BUG_ON_PAGE(!page_test(page, PG_locked), page);
	flags = spin_lock_irqsave(&mapping->i_lock);
	remove_from_page_cache_locked(page, NULL);
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	if (mapping->a_ops && mapping->a_ops->free_page)
		mapping->a_ops->free_page(page);
	put_page(page);
}

/*
 * grab_cache_page: the page at @index, locked; a fresh one (not up to date, not zeroed) if
 * there was none.
 * => a reference, or NULL: no memory
 */
struct page *grab_cache_page(struct address_space *mapping, unsigned long index, gfp_t gfp)
{
	for (;;) {
		struct page *page = find_lock_page(mapping, index);
		int error;

		if (page)
			return page;
		page = alloc_page(gfp);
		if (!page)
			return NULL;
		error = add_to_page_cache_lru(page, mapping, index, gfp);
		if (!error)
			return page;
		put_page(page);
		if (error != -EEXIST)
			return NULL;
	}
}

/* --- getting a page's content --- */

/*
 * Reads @page in. => locked, a reference; both are still the caller's (the lock: taken again).
 * 0; -EIO, -EINTR: it is not locked any more
 */
static int read_locked_page(struct address_space *mapping, struct page *page)
{
	int error;

	page_clear(page, PG_error);
	error = mapping->a_ops->read_page(mapping, page);
	if (!error)
		error = lock_page_killable(page);
	if (error)
		return error;
	if (page_test(page, PG_uptodate))
		return 0;
	unlock_page(page);
	return -EIO;
}

/* A ramfs page that nobody wrote to yet: zeroes. => locked; unlocked on return */
static void make_zero_page(struct page *page)
{
	if (!page_test(page, PG_uptodate)) {
		clear_highpage(page);
		page_set(page, PG_uptodate);
	}
	unlock_page(page);
}

/*
 * read_mapping_page: the page at @index, up to date, not locked, with a reference.
 *
 * => ERR_PTR: -ENOMEM, -EIO, -EINTR (a fatal signal while waiting). May sleep.
 */
struct page *read_mapping_page(struct address_space *mapping, unsigned long index)
{
	struct page *page;
	int error;

	if (mapping->flags & AS_SWAPBACKED) {
		error = shmem_getpage(mapping, index, &page, true);
		if (error)
			return ERR_PTR(error);
		unlock_page(page);
		return page;
	}
	for (;;) {
		page = find_get_page(mapping, index);
		if (page && page_test(page, PG_uptodate))
			return page;
		if (!page)
			page = grab_cache_page(mapping, index, mapping_gfp(mapping));
		else
			lock_page(page);
		if (!page)
			return ERR_PTR(-ENOMEM);
		if (page->mapping != mapping) {	/* truncate was first */
			unlock_page(page);
			put_page(page);
			continue;
		}
		if (!mapping->a_ops || !mapping->a_ops->read_page) {
			make_zero_page(page);
			return page;
		}
		error = page_test(page, PG_uptodate) ? 0 : read_locked_page(mapping, page);
		if (error) {
			put_page(page);
			return ERR_PTR(error);
		}
		unlock_page(page);
		return page;
	}
}

/*
 * The page at @index for reading; NULL: a hole (zeroes, and no page is made for it); ERR_PTR.
 */
static struct page *page_for_read(struct address_space *mapping, unsigned long index)
{
	struct page *page;
	int error;

	if (mapping->flags & AS_SWAPBACKED) {
		error = shmem_getpage(mapping, index, &page, false);
		if (error)
			return ERR_PTR(error);
		if (page)
			unlock_page(page);
		return page;
	}
	page = find_get_page(mapping, index);
	if (page && page_test(page, PG_uptodate)) {
		if (unlikely(page_test(page, PG_readahead)))
			page_cache_async_readahead(mapping, page);
		return page;
	}
	if (page)
		put_page(page);
	if (!mapping->a_ops || !mapping->a_ops->read_page)
		return page ? read_mapping_page(mapping, index) : NULL;
	if (!page)
		page_cache_sync_readahead(mapping, index);
	return read_mapping_page(mapping, index);
}

/* --- read and write --- */

/* Bytes of the page that @pos is in which a transfer of at most @len takes. */
static size_t part_of_page(loff_t pos, size_t len)
{
	return MIN(len, PAGE_SIZE - ((size_t)pos & ~PAGE_MASK));
}

/*
 * The same of a read, which ends with the file: 0 there. The size is looked at once: a truncate
 * may come between two looks, and then less than nothing were left.
 */
static size_t part_to_read(struct address_space *mapping, loff_t pos, size_t len)
{
	loff_t size = mapping_size(mapping);

	return pos < size ? part_of_page(pos, MIN(len, (size_t)(size - pos))) : 0;
}

/* From @page (NULL: zeroes) to user space. Bytes copied. */
static size_t copy_page_to_iter(struct page *page, unsigned int offset, struct iov_iter *to,
				size_t len)
{
	size_t copied;
	char *from;

	if (!page)
		return zero_iter(len, to);
	from = kmap_local_page(page);
	copied = copy_to_iter(from + offset, len, to);
	kunmap_local(from);
	return copied;
}

/*
 * Does a read at @pos use its page once more? A page read in pieces, one after the other, is used
 * once: else each file that is read through a small buffer would be active.
 */
static bool is_new_use(struct address_space *mapping, loff_t pos, loff_t prev)
{
	if (mapping->flags & AS_SWAPBACKED)
		return !(pos & ~PAGE_MASK);
	return pos >> PAGE_SHIFT != (prev - 1) >> PAGE_SHIFT;
}

/* filemap.h */
kssize_t filemap_read(struct address_space *mapping, loff_t *pos, struct iov_iter *to, size_t len,
		      loff_t *prev)
{
	size_t done = 0;
	kssize_t error = 0;

	while (done < len && !error) {
		size_t part = part_to_read(mapping, *pos, len - done), copied;
		struct page *page;

		if (!part)
			break;
		page = page_for_read(mapping, *pos >> PAGE_SHIFT);
		if (IS_ERR(page)) {
			error = PTR_ERR(page);
			break;
		}
		copied = copy_page_to_iter(page, *pos & ~PAGE_MASK, to, part);
		if (page) {
			if (is_new_use(mapping, *pos, READ_ONCE(*prev)))
				mark_page_accessed(page);
			put_page(page);
		}
		*pos += copied;
		WRITE_ONCE(*prev, *pos);
		done += copied;
		if (copied < part)
			error = -EFAULT;
		cond_resched();
	}
	return done ? (kssize_t)done : error;
}

/* filemap.h */
struct page *filemap_get_read_page(struct address_space *mapping, loff_t pos, size_t *len)
{
	struct page *page;

	*len = part_to_read(mapping, pos, *len);
	if (!*len)
		return NULL;
	page = page_for_read(mapping, pos >> PAGE_SHIFT);
	if (page && !IS_ERR(page))
		mark_page_accessed(page);
	return page;
}

/* filemap_read_kernel: into kernel memory. Bytes, fewer at the end of the file; -errno. */
kssize_t filemap_read_kernel(struct address_space *mapping, loff_t pos, void *buf, size_t len)
{
	size_t done = 0, part;

	while (done < len && (part = part_to_read(mapping, pos, len - done))) {
		struct page *page = page_for_read(mapping, pos >> PAGE_SHIFT);

		if (IS_ERR(page))
			return done ? (kssize_t)done : PTR_ERR(page);
		if (page) {
			char *from = kmap_local_page(page);

			memcpy((char *)buf + done, from + (pos & ~PAGE_MASK), part);
			kunmap_local(from);
			mark_page_accessed(page);
			put_page(page);
		} else {
			memset((char *)buf + done, 0, part);
		}
		pos += part;
		done += part;
		cond_resched();
	}
	return done;
}

/*
 * The page to write @len bytes at @pos into: locked, a reference. With a_ops->write_begin what is
 * in it beside those bytes is its owner's care; else it is up to date. ERR_PTR.
 */
static struct page *page_for_write(struct address_space *mapping, loff_t pos, size_t len)
{
	struct page *page;
	int error;

	if (mapping->a_ops && mapping->a_ops->write_begin) {
		error = mapping->a_ops->write_begin(mapping, pos, len, &page);
		return error ? ERR_PTR(error) : page;
	}
	page = read_mapping_page(mapping, pos >> PAGE_SHIFT);
	if (!IS_ERR(page))
		lock_page(page);
	return page;
}

/*
 * @copied bytes at @pos have been put into @page: it is dirty, the file may have grown. Drops
 * the lock and the reference. Truncate cannot have been here: it needs the inode's lock, which
 * the writer holds. How many of the bytes count.
 */
static size_t finish_write(struct address_space *mapping, loff_t pos, size_t len, size_t copied,
			   struct page *page)
{
	if (mapping->a_ops && mapping->a_ops->write_end)
		copied = mapping->a_ops->write_end(mapping, pos, len, copied, page);
	else if (copied)
		set_page_dirty(page);
	if (copied && mapping->i_size && pos + (loff_t)copied > *mapping->i_size)
		WRITE_ONCE(*mapping->i_size, pos + (loff_t)copied);
	unlock_page(page);
	/*
	 * What is written is no sign that it will be read: else each log written in small pieces
	 * would be active. A tmpfs' pages have no other place to be.
	 */
	if (mapping->flags & AS_SWAPBACKED)
		mark_page_accessed(page);
	put_page(page);
	return copied;
}

/*
 * One page's part of write(2). The page stays locked from begin to end: else its write-back, which
 * zeroes what lies behind the file's end, would zero the new bytes that are to become the end. So
 * the copy must not fault (it could be on this very page): the buffer's first byte is touched
 * before, and a copy that stops at a missing page is a short one.
 * => bytes, 0: nothing yet (*part may be less now), -errno; @from moves by as much
 */
static kssize_t write_part(struct address_space *mapping, loff_t pos, struct iov_iter *from,
			   size_t *part)
{
	struct iov_iter start = *from;
	size_t copied, done;
	struct page *page;
	char *to;

	if (!fault_in_iter(from))
		return -EFAULT;
	page = page_for_write(mapping, pos, *part);
	if (IS_ERR(page))
		return PTR_ERR(page);
	to = kmap_local_page(page);
	copied = copy_from_iter_inatomic(to + (pos & ~PAGE_MASK), *part, from);
	kunmap_local(to);
	done = finish_write(mapping, pos, *part, copied, page);
	if (likely(done == copied))
		return done;
	*from = start;
	iov_iter_advance(from, done);
	if (!done)
		*part = copied;
	return done;
}

kssize_t filemap_write(struct address_space *mapping, loff_t *pos, struct iov_iter *from,
		       size_t len)
{
	size_t done = 0, part = 0;
	kssize_t n = 0;

	while (done < len) {
		if (fatal_signal_pending(current)) {
			n = -EINTR;
			break;
		}
		part = part_of_page(*pos, n || !part ? len - done : part);
		n = write_part(mapping, *pos, from, &part);
		if (n < 0)
			break;
		*pos += n;
		done += n;
		balance_dirty_pages_ratelimited(mapping);
		cond_resched();
	}
	return done ? (kssize_t)done : n;
}

/* filemap_write_kernel: from kernel memory; extends the file. Bytes or -errno. */
kssize_t filemap_write_kernel(struct address_space *mapping, loff_t *pos, const void *buf,
			      size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t part = part_of_page(*pos, len - done);
		struct page *page = page_for_write(mapping, *pos, part);
		char *to;

		if (IS_ERR(page))
			return done ? (kssize_t)done : PTR_ERR(page);
		to = kmap_local_page(page);
		/* splice's source may be this page */
		memmove(to + (*pos & ~PAGE_MASK), (const char *)buf + done, part);
		kunmap_local(to);
		finish_write(mapping, *pos, part, part, page);
		*pos += part;
		done += part;
		balance_dirty_pages_ratelimited(mapping);
		cond_resched();
	}
	return done;
}

/*
 * One page's part of a copy: @len bytes, which lie in one page of each file. The target's page is
 * locked, the source's only held: they may be the same.
 */
static kssize_t copy_part(struct address_space *in, loff_t in_pos, struct address_space *out,
			  loff_t out_pos, size_t len)
{
	struct page *from = page_for_read(in, in_pos >> PAGE_SHIFT), *to;
	char *dst, *src;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = page_for_write(out, out_pos, len);
	if (!IS_ERR(to)) {
		dst = (char *)kmap_local_page(to) + (out_pos & ~PAGE_MASK);
		if (from) {
			src = (char *)kmap_local_page(from) + (in_pos & ~PAGE_MASK);
			memmove(dst, src, len);
			kunmap_local(src);
		} else {
			memset(dst, 0, len);
		}
		kunmap_local(dst);
		finish_write(out, out_pos, len, len, to);
	}
	if (from) {
		mark_page_accessed(from);
		put_page(from);
	}
	return IS_ERR(to) ? PTR_ERR(to) : (kssize_t)len;
}

/* filemap.h */
kssize_t filemap_copy(struct address_space *in, loff_t *in_pos, struct address_space *out,
		      loff_t *out_pos, size_t len)
{
	kssize_t n = 0;
	size_t done = 0, part;

	while (done < len && !(done && signal_pending(current)) &&
	       (part = part_to_read(in, *in_pos, len - done))) {
		part = part_of_page(*out_pos, part);
		n = copy_part(in, *in_pos, out, *out_pos, part);
		if (n < 0)
			break;
		*in_pos += n;
		*out_pos += n;
		done += n;
		balance_dirty_pages_ratelimited(out);
		cond_resched();
	}
	return done ? (kssize_t)done : n;
}

/* --- faults --- */

/*
 * filemap_fault: the page that a mapped file has at vmf->pgoff.
 *
 * => mmap_lock held for reading; it stays held
 * => VM_FAULT_LOCKED and vmf->page: locked, up to date, still in the mapping and within the
 *    file, a reference; VM_FAULT_SIGBUS: beyond the end, or a read error; VM_FAULT_OOM.
 *    VM_FAULT_MAJOR if it had to be read.
 */
vm_fault_t filemap_fault(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_mapping;
	unsigned long advice = vmf->vma->vm_flags;
	vm_fault_t major = 0;

	if (mapping->flags & AS_SWAPBACKED)
		return shmem_fault(vmf);
	for (;;) {
		struct page *page;

		if (page_beyond_end(mapping, vmf->pgoff))
			return VM_FAULT_SIGBUS;
		page = find_get_page(mapping, vmf->pgoff);
		if (!page && mapping->a_ops && mapping->a_ops->read_page) {
			if (!major) {
				count_vm_event(PGMAJFAULT);
				count_memcg_event_mm(vmf->vma->vm_mm, PGMAJFAULT);
			}
			major = VM_FAULT_MAJOR;
			if (advice & VM_SEQ_READ)
				page_cache_sync_readahead(mapping, vmf->pgoff);
			else if (!(advice & VM_RAND_READ))
				page_cache_readaround(mapping, vmf->pgoff);
		} else if (page && page_test(page, PG_readahead) && !(advice & VM_RAND_READ)) {
			page_cache_async_readahead(mapping, page);
		}
		if (page)
			put_page(page);
		page = read_mapping_page(mapping, vmf->pgoff);
		if (IS_ERR(page))
			return major | (PTR_ERR(page) == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS);
		lock_page(page);
		if (page->mapping == mapping && page_test(page, PG_uptodate)) {
			vmf->page = page;
			return VM_FAULT_LOCKED | major;
		}
		unlock_page(page);	/* truncate or reclaim was first: look again */
		put_page(page);
	}
}

/*
 * filemap_page_mkwrite: a shared page is about to be writable. It is dirty from now on; the
 * next write-back takes the write permission away again, so that the following write is noticed.
 *
 * => VM_FAULT_LOCKED: vmf->page is locked; VM_FAULT_NOPAGE: it was truncated, look again;
 *    VM_FAULT_SIGBUS: the disk is full or broken
 */
vm_fault_t filemap_page_mkwrite(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_mapping;
	struct page *page = vmf->page;
	int error = 0;

	lock_page(page);
	if (page->mapping != mapping) {
		unlock_page(page);
		return VM_FAULT_NOPAGE;
	}
	if (mapping->a_ops && mapping->a_ops->page_mkwrite)
		error = mapping->a_ops->page_mkwrite(mapping, page);
	if (error) {
		unlock_page(page);
		return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	}
	set_page_dirty(page);
	wait_on_page_writeback(page);
	return VM_FAULT_LOCKED;
}
