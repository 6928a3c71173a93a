/*
 * kmalloc.c - memory by size: a row of caches, whole pages above 8 KiB, and
 *             vmalloc for what need not be contiguous.
 *
 * Idea:   sizes are powers of two, and 96 and 192 between the small ones. A
 *         power of two is aligned to itself. kfree() tells from the page what
 *         the object was. What a memory group is charged for (__GFP_ACCOUNT) comes from
 *         a row of its own, whose objects know their group.
 * Locks:  none of its own.
 * Above:  everybody.  Below: slab.c, page_alloc.c, vmalloc.c.   In Linux: mm/slab_common.c,
 * mm/util.c.
 */
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "mm/memcontrol.h"
#include "mm/slab_internal.h"
#include "mm/trace.h"
#include "mm/vmalloc.h"
#include "mm/vmstat.h"

#define KMALLOC_MAX_CACHED 8192UL
#define KMALLOC_MAX (PAGE_SIZE << (MAX_ORDER - 1))

static const struct { unsigned int size; const char *name, *cg_name;
} sizes[] = {
	{ 8, "kmalloc-8", "kmalloc-cg-8" }, { 16, "kmalloc-16", "kmalloc-cg-16" },
	{ 32, "kmalloc-32", "kmalloc-cg-32" }, { 64, "kmalloc-64", "kmalloc-cg-64" },
	{ 96, "kmalloc-96", "kmalloc-cg-96" }, { 128, "kmalloc-128", "kmalloc-cg-128" },
	{ 192, "kmalloc-192", "kmalloc-cg-192" }, { 256, "kmalloc-256", "kmalloc-cg-256" },
	{ 512, "kmalloc-512", "kmalloc-cg-512" }, { 1024, "kmalloc-1k", "kmalloc-cg-1k" },
	{ 2048, "kmalloc-2k", "kmalloc-cg-2k" }, { 4096, "kmalloc-4k", "kmalloc-cg-4k" },
	{ 8192, "kmalloc-8k", "kmalloc-cg-8k" },
};
static struct kmem_cache *caches[ARRAY_SIZE(sizes)], *cg_caches[ARRAY_SIZE(sizes)];
/* Index into sizes for (size - 1) / 8, up to 192. */
static const u8 small_index[24] = { 0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
				    5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6 };

void kmalloc_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int size = sizes[i].size;

		caches[i] = kmem_cache_create(
			sizes[i].name, size,
			is_power_of_2(size) ? MIN(size, (unsigned int)PAGE_SIZE) : 0, SLAB_PANIC,
			NULL);
		cg_caches[i] = kmem_cache_create(sizes[i].cg_name, size, 0,
						 SLAB_PANIC | SLAB_ACCOUNT, NULL);
	}
}

static inline struct kmem_cache *cache_for(size_t size, gfp_t gfp)
{
	struct kmem_cache **row = unlikely(gfp & __GFP_ACCOUNT) ? cg_caches : caches;

	return row[size <= 192 ? small_index[(size - 1) / 8] : fls64(size - 1) - 1];
}

/* Groups count their slab memory in bytes. */
static void account_large(struct page *page, long pages)
{
	mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE, pages);
	if (unlikely(page->memcg))
		mod_memcg_page_state(page, NR_SLAB_UNRECLAIMABLE, pages * (long)PAGE_SIZE);
}

/* Whole pages; counted as slab memory, as Linux does. */
static __noinline void *kmalloc_large(size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size);
	struct page *page = alloc_pages((gfp & ~__GFP_HIGHMEM) | (order ? __GFP_COMP : 0), order);

	if (!page)
		return NULL;
	account_large(page, 1L << order);
	return page_address(page);
}

static unsigned int large_order(const struct page *page)
{
	return page_test(page, PG_head) ? page[1].private : 0;
}

/* Out of line, so that the common case does not pay for it. */
static __noinline void trace_kmalloc(unsigned long call_site, const void *p, size_t size, gfp_t gfp)
{
	TRACE(kmalloc, .call_site = call_site, .ptr = p, .bytes_req = size,
	      .bytes_alloc = size > KMALLOC_MAX_CACHED ? PAGE_ALIGN(size) : cache_for(size, gfp)->size,
	      .gfp_flags = gfp, .node = -1);
}
static __noinline void trace_kfree(unsigned long call_site, const void *p)
{
	TRACE(kfree, .call_site = call_site, .ptr = p);
}

/* => not a pointer that was returned for size 0: there is none, size 0 yields NULL */
void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	if (unlikely(!size || size > KMALLOC_MAX_CACHED || (gfp & __GFP_DMA))) {
		if (!size || WARN_ON_ONCE(size > KMALLOC_MAX && !(gfp & __GFP_NOWARN)) ||
		    size > KMALLOC_MAX)
			return NULL;
		p = kmalloc_large(size, gfp);
		if (trace_enabled(kmalloc))
			trace_kmalloc((unsigned long)__builtin_return_address(0), p, size, gfp);
		return p;
	}
	p = kmalloc_object(cache_for(size, gfp), gfp);
	if (trace_enabled(kmalloc))
		trace_kmalloc((unsigned long)__builtin_return_address(0), p, size, gfp);
	return p;
}

void kfree(const void *object)
{
	struct page *page;

	if (trace_enabled(kfree))
		trace_kfree((unsigned long)__builtin_return_address(0), object);
	if (unlikely(!object))
		return;
	if (unlikely(is_vmalloc_addr(object))) {
		vfree(object);
		return;
	}
	page = virt_to_page(object);
	if (likely(page_test(page, PG_slab))) {
		kfree_object((page - page->private)->slab_cache, (void *)object);
		return;
	}
	account_large(page, -(1L << large_order(page)));
	__free_pages(page, large_order(page));
}

size_t ksize(const void *object)
{
	struct page *page;

	if (!object)
		return 0;
	page = virt_to_page(object);
	return page_test(page, PG_slab) ? (page - page->private)->slab_cache->object_size
					: PAGE_SIZE << large_order(page);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, gfp | __GFP_ZERO);
}

/* => @old is NULL or kmalloc's. NULL: @old is as it was (size 0: it is freed) */
void *krealloc(void *old, size_t size, gfp_t gfp)
{
	void *p;

	if (!size) {
		kfree(old);
		return NULL;
	}
	if (ksize(old) >= size)
		return old;
	p = kmalloc(size, gfp);
	if (p && old) {
		memcpy(p, old, ksize(old));
		kfree(old);
	}
	return p;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t len;
	char *p;

	if (!s)
		return NULL;
	len = strnlen(s, max);
	p = kmalloc(len + 1, gfp);
	if (p) {
		memcpy(p, s, len);
		p[len] = '\0';
	}
	return p;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return kstrndup(s, ~0UL, gfp);
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	int len;
	char *p;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	p = kmalloc(len + 1, gfp);
	if (!p)
		return NULL;
	va_start(args, fmt);
	vsnprintf(p, len + 1, fmt, args);
	va_end(args);
	return p;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	/* Contiguous pages are nice to have, no reason to reclaim or to warn. */
	gfp_t try = size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp;
	void *p = size <= KMALLOC_MAX ? kmalloc(size, try) : NULL;

	if (p || size <= PAGE_SIZE)
		return p;
	return vmalloc_gfp(size, gfp | __GFP_HIGHMEM);
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

void kvfree(const void *p)
{
	kfree(p);
}
