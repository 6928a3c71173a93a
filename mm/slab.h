/*
 * slab.h - object caches and kmalloc.
 */
#pragma once

#include "mm/gfp.h"

struct kmem_cache;
struct mem_cgroup;
enum slab_flags {
	SLAB_HWCACHE_ALIGN = 1,
	SLAB_RECLAIM_ACCOUNT = 2,
	SLAB_PANIC = 4,
	SLAB_ACCOUNT = 8,		/* a memory group pays for each object, */
	SLAB_ACCOUNT_ASKED = 16		/* … or, with it, for those allocated with __GFP_ACCOUNT */
};

void kmem_cache_init(void);
/*
 * @ctor runs once per object of a fresh slab; may be NULL. NULL without memory (panics with
 * SLAB_PANIC).
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     unsigned int flags, void (*ctor)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);	/* all objects are free (asserted) */
/* may sleep as gfp says; __GFP_ZERO works */
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);	/* any context */
/*
 * All CPUs' stocks of free objects go back to their slabs, and empty slabs to the page allocator.
 * The pages. => interrupts on, no spinlock held
 */
unsigned long slab_drain_stocks(void);
/*
 * Who pays for @object, which is in use. NULL: the root, or nobody. => rcu_read_lock(), or a
 * spinlock: the group may be removed, and its parent pays
 */
struct mem_cgroup *mem_cgroup_from_slab_obj(void *object);
void *kmalloc(size_t size, gfp_t gfp);		/* up to 4 MiB, physically contiguous, low memory */
static inline void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | __GFP_ZERO); }
void *kcalloc(size_t n, size_t size, gfp_t gfp);	/* NULL if the product overflows */
void *krealloc(void *old, size_t size, gfp_t gfp);
char *kstrdup(const char *s, gfp_t gfp);
char *kstrndup(const char *s, size_t max, gfp_t gfp);
char *kasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);
void kfree(const void *object);			/* NULL is fine; kvmalloc's too */
size_t ksize(const void *object);
void *kvmalloc(size_t size, gfp_t gfp);		/* kmalloc, or vmalloc if it is large */
void *kvzalloc(size_t size, gfp_t gfp);
void kvfree(const void *p);
void dump_unreclaimable_slab(void);		/* OOM report: "Unreclaimable slab info:" */
