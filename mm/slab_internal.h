/*
 * slab_internal.h - struct kmem_cache, for slab.c (caches) and kmalloc.c (sizes).
 */
#pragma once

#include "mm/page_alloc.h"
#include "mm/slab.h"

/* A CPU's stock of free objects. Guard: its CPU, interrupts off. */
struct kmem_cache_cpu {
	void *free;		/* chained by their links */
	unsigned int count;
};

/* Guards: c set at creation   l lock   I this CPU, interrupts off */
struct kmem_cache {
	struct kmem_cache_cpu cpu[MAX_CPUS];	/* I */
	unsigned int size;		/* c: from one object to the next */
	unsigned int object_size;	/* c: what was asked for */
	unsigned int owner;		/* c: where its memory group stands (SLAB_ACCOUNT) */
	unsigned int link;		/* c: where in a free object the chain's pointer lies */
	unsigned int order, per_slab;	/* c: pages (log2) and objects of a slab … */
	unsigned int min_order;		/* c: … or so small, where memory is in pieces */
	unsigned int limit, batch;	/* c: of a CPU's stock */
	unsigned int flags;		/* c: SLAB_* */
	gfp_t gfp;			/* c: added to each request for pages */
	enum node_stat_item stat;	/* c: what its pages are counted as */
	void (*ctor)(void *);		/* c */
	const char *name;		/* c */
	spinlock_t lock;		/* LOCK_SLAB, irqsave */
	struct list_head partial, empty;	/* l: slabs with some, with all objects free */
	/* l: slabs; empty ones, and their pages; objects in slabs; of those, free ones */
	unsigned long nr_slabs, nr_empty, empty_pages, nr_objects, nr_free;
	struct list_head list;		/* slab_list_lock */
};

/* The first page of the slab that @object (any address in it) lies in. => it is in a slab */
static inline struct page *slab_of(const void *object)
{
	struct page *page = virt_to_page(object);

	return page - page->private;
}
void kmalloc_init(void);	/* kmalloc.c */
/* As kmem_cache_alloc() and kmem_cache_free(), but not seen by a trace: kmalloc.c has its own events. */
void *kmalloc_object(struct kmem_cache *s, gfp_t gfp);
void kfree_object(struct kmem_cache *s, void *object);
