/*
 * slab.c - object caches and kmalloc.
 *
 * Idea:   a cache cuts slabs (blocks of pages) into objects of one size. Free
 *         objects are chained through themselves, in three places:
 *
 *            CPU's stock  <-- batch --  slab's own chain  <--  alloc_pages
 *            (no lock)                  (cache's lock)
 *
 *         A slab is full (on no list), partial or empty; a few empty ones are
 *         kept, the rest goes back at once. kmalloc is a row of caches by size.
 *         A slab is as large as wastes little; where no such block is free, as small as holds
 *         one object: slabs of both sizes stand side by side in a cache.
 *         An object's slab is found from its address: every page of a slab knows
 *         how far back the first one is (page->private).
 *
 *         With CHECKS an object is followed by a red zone, which also tells a free
 *         object from one in use, and a free one is filled with 0x6b:
 *            | object ...... | red zone | memory group (SLAB_ACCOUNT) | link |
 * Locks:  a CPU's stock: interrupts off. LOCK_SLAB; LOCK_SLAB_LIST for the list of caches.
 * Above:  everybody.  Below: page_alloc.c.   In Linux: mm/slub.c, mm/slab_common.c.
 */
#include "mm/slab.h"

#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/xarray.h"
#include "kernel/sched/task.h"
#include "kernel/x86/smp.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/page_alloc_internal.h"
#include "mm/slab_internal.h"
#include "mm/trace.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

enum { SLAB_MAX_ORDER = 3, SLAB_KEEP_EMPTY = 1 };
#define POISON_FREE 0x6b		/* every byte of a free object */
#define POISON_END 0xa5			/* its last one */
#define RED_ACTIVE 0xccccccccccccccccUL	/* behind an object in use */
#define RED_INACTIVE 0xbbbbbbbbbbbbbbbbUL

static struct kmem_cache cache_of_caches;
static LIST_HEAD(slab_caches);		/* slab_list_lock: newest first */
static spinlock_t slab_list_lock = SPINLOCK_INIT(LOCK_SLAB_LIST);

/* --- an object --- */

static inline void **link_of(const struct kmem_cache *s, void *object)
{
	return (void **)((char *)object + s->link);
}

/* Whose an object of a SLAB_ACCOUNT cache is; NULL: the root group's. */
static inline struct obj_cgroup **owner_of(const struct kmem_cache *s, void *object)
{
	return (struct obj_cgroup **)((char *)object + s->owner);
}

static inline u64 *red_zone(const struct kmem_cache *s, void *object)
{
	return (u64 *)((char *)object + ALIGN_UP(s->object_size, 8));
}

static void object_error(const struct kmem_cache *s, void *object, const char *what)
{
	pr_err("BUG %s: %s, object %px, red zone %lx\n", s->name, what, object,
	       *red_zone(s, object));
	for (unsigned int i = 0; i < MIN(s->object_size, 64U); i += 8)
		pr_err("  %px: %016lx\n", (char *)object + i, *(u64 *)((char *)object + i));
	BUG();
}

static void poison_object(struct kmem_cache *s, void *object)
{
	*red_zone(s, object) = RED_INACTIVE;
	if (s->ctor)
		return;		/* it stays constructed */
	memset(object, POISON_FREE, s->object_size - 1);
	((u8 *)object)[s->object_size - 1] = POISON_END;
}

static void check_alloc(struct kmem_cache *s, void *object)
{
	const u8 *p = object;

	if (*red_zone(s, object) != RED_INACTIVE)
		object_error(s, object, "red zone of a free object overwritten");
	*red_zone(s, object) = RED_ACTIVE;
	if (s->ctor)
		return;
	if (memchr_inv(p, POISON_FREE, s->object_size - 1) || p[s->object_size - 1] != POISON_END)
		object_error(s, object, "use after free: poison overwritten");
}

static void check_free(struct kmem_cache *s, void *object)
{
	struct page *slab = slab_of(object);

	if (!page_test(slab, PG_slab) || slab->slab_cache != s ||
	    ((char *)object - (char *)page_address(slab)) % s->size)
		object_error(s, object, "freed to the wrong cache, or not an object");
	if (*red_zone(s, object) == RED_INACTIVE)
		object_error(s, object, "double free");
	if (*red_zone(s, object) != RED_ACTIVE)
		object_error(s, object, "written beyond its end");
	poison_object(s, object);
}

/* --- slabs --- */

/*
 * Pages for a slab: the block that wastes least, if one is free: no effort, no reserve, no word in
 * the log is worth it. Else the smallest that holds an object, by all means that @gfp allows.
 * *order: which it is. NULL: no memory
 */
static struct page *alloc_slab_pages(struct kmem_cache *s, gfp_t gfp, unsigned int *order)
{
	gfp &= ~(__GFP_ZERO | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_COMP | __GFP_ACCOUNT);
	gfp |= s->gfp;
	*order = s->order;
	if (s->order > s->min_order) {
		gfp_t light = (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY | __GFP_NOWARN;
		struct page *slab;

		if (gfp & __GFP_DIRECT_RECLAIM)
			light = (light & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC;
		slab = alloc_pages(light, s->order);
		if (likely(slab))
			return slab;
		*order = s->min_order;
	}
	return alloc_pages(gfp, *order);
}

/* A new slab, all objects free and chained by address; NULL without memory. */
static struct page *new_slab(struct kmem_cache *s, gfp_t gfp)
{
	unsigned int order;
	struct page *slab = alloc_slab_pages(s, gfp, &order);
	char *base, *object;

	if (!slab)
		return NULL;
	for (unsigned int i = 0; i < 1U << order; i++) {
		page_set(slab + i, PG_slab);
		slab[i].private = i;
	}
	slab->slab_cache = s;
	slab->inuse = 0;
	slab->objects = (PAGE_SIZE << order) / s->size;
	slab->slab_order = order;
	slab->freelist = NULL;
	base = page_address(slab);
	for (int i = slab->objects - 1; i >= 0; i--) {
		object = base + (size_t)i * s->size;
		if (s->ctor)
			s->ctor(object);
		if (CHECKS)
			poison_object(s, object);
		*link_of(s, object) = slab->freelist;
		slab->freelist = object;
	}
	mod_node_page_state(page_pgdat(slab), s->stat, 1L << order);
	return slab;
}

static void free_slab(struct kmem_cache *s, struct page *slab)
{
	unsigned int order = slab->slab_order;

	if (CHECKS)
		BUG_ON(slab->inuse || !page_test(slab, PG_slab));
	mod_node_page_state(page_pgdat(slab), s->stat, -(1L << order));
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += 1UL << order;
	slab->memcg = NULL;
	slab->freelist = NULL;
	for (unsigned int i = 0; i < 1U << order; i++) {
		page_clear(slab + i, PG_slab);
		slab[i].private = 0;
	}
	__free_pages(slab, order);
}

/* Returns the pages. */
static unsigned long free_slabs(struct kmem_cache *s, struct list_head *slabs)
{
	struct page *slab, *next;
	unsigned long pages = 0;

	list_for_each_entry_safe(slab, next, slabs, lru) {
		pages += 1UL << slab->slab_order;
		free_slab(s, slab);
	}
	return pages;
}

/* => s->lock held. @slab, all free, joins the empty ones, or leaves them. */
static void count_empty_slab(struct kmem_cache *s, const struct page *slab, int n)
{
	s->nr_empty += n;
	s->empty_pages += (long)n << slab->slab_order;
}

/* => s->lock held. @slab, all free, becomes the cache's, or is its no more. */
static void count_slab(struct kmem_cache *s, const struct page *slab, int n)
{
	s->nr_slabs += n;
	s->nr_objects += n * (long)slab->objects;
	s->nr_free += n * (long)slab->objects;
}

/* => s->lock held. A free object out of some slab, or NULL. */
static void *take_object(struct kmem_cache *s)
{
	struct page *slab = list_first_entry_or_null(&s->partial, struct page, lru);
	void *object;

	if (!slab) {
		slab = list_first_entry_or_null(&s->empty, struct page, lru);
		if (!slab)
			return NULL;
		count_empty_slab(s, slab, -1);
		list_move(&slab->lru, &s->partial);
	}
	object = slab->freelist;
	slab->freelist = *link_of(s, object);
	slab->inuse++;
	s->nr_free--;
	if (!slab->freelist)
		list_del(&slab->lru);
	return object;
}

/* => s->lock held. @object back to its slab; a slab too many that is empty now goes to @spare. */
static void give_object(struct kmem_cache *s, void *object, struct list_head *spare)
{
	struct page *slab = slab_of(object);
	bool was_full = !slab->freelist;

	*link_of(s, object) = slab->freelist;
	slab->freelist = object;
	s->nr_free++;
	if (--slab->inuse) {
		if (was_full)
			list_add(&slab->lru, &s->partial);
		return;
	}
	if (!was_full)
		list_del(&slab->lru);
	if (s->nr_empty < SLAB_KEEP_EMPTY) {
		list_add(&slab->lru, &s->empty);
		count_empty_slab(s, slab, 1);
		return;
	}
	count_slab(s, slab, -1);
	list_add(&slab->lru, spare);
}

/* --- a CPU's stock --- */

/* => interrupts off. @n objects of this CPU's stock back to their slabs. Pages that got free. */
static __noinline unsigned long flush_stock(struct kmem_cache *s, struct kmem_cache_cpu *c,
					    unsigned int n)
{
	LIST_HEAD(spare);

	spin_lock(&s->lock);
	for (; n && c->free; n--) {
		void *object = c->free;

		c->free = *link_of(s, object);
		c->count--;
		give_object(s, object, &spare);
	}
	spin_unlock(&s->lock);
	return free_slabs(s, &spare);
}

static void flush_this_cpu(void *cache)
{
	struct kmem_cache *s = cache;
	unsigned long flags = local_irq_save();
	struct kmem_cache_cpu *c = &s->cpu[smp_processor_id()];

	flush_stock(s, c, c->count);
	local_irq_restore(flags);
}

/*
 * The stock is empty: one object for the caller, up to a batch more for the stock. NULL: all slabs
 * are full.
 */
static void *refill_stock(struct kmem_cache *s)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	struct kmem_cache_cpu *c = &s->cpu[smp_processor_id()];
	void *first = take_object(s), *object;

	for (unsigned int n = 1; first && n < s->batch; n++) {
		object = take_object(s);
		if (!object)
			break;
		*link_of(s, object) = c->free;
		c->free = object;
		c->count++;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return first;
}

static void add_slab(struct kmem_cache *s, struct page *slab)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);

	list_add(&slab->lru, &s->empty);
	count_empty_slab(s, slab, 1);
	count_slab(s, slab, 1);
	spin_unlock_irqrestore(&s->lock, flags);
}

static __noinline void *alloc_slowpath(struct kmem_cache *s, gfp_t gfp)
{
	for (;;) {
		void *object = refill_stock(s);
		struct page *slab;

		if (object)
			return object;
		slab = new_slab(s, gfp);
		if (!slab)
			return NULL;
		add_slab(s, slab);	/* another CPU may be quicker: then once more */
	}
}

/* The memory group of the process that @object is for pays. False: it cannot; @object is free. */
static inline bool account_object(struct kmem_cache *s, void *object, gfp_t gfp)
{
	struct obj_cgroup **owner = owner_of(s, object);

	*owner = NULL;
	if (likely(!memcg_groups) ||
	    (s->flags & SLAB_ACCOUNT_ASKED && !(gfp & __GFP_ACCOUNT)) ||
	    mem_cgroup_charge_object(owner, s->size, gfp, page_to_nid(virt_to_page(object)),
				     s->stat))
		return true;
	kfree_object(s, object);
	return false;
}

/* slab.h */
struct mem_cgroup *mem_cgroup_from_slab_obj(void *object)
{
	const struct kmem_cache *s = slab_of(object)->slab_cache;
	struct obj_cgroup *objcg = s->flags & SLAB_ACCOUNT ? *owner_of(s, object) : NULL;

	return objcg ? READ_ONCE(objcg->memcg) : NULL;
}

static __always_inline void *alloc_object(struct kmem_cache *s, gfp_t gfp)
{
	struct kmem_cache_cpu *c;
	unsigned long flags;
	void *object;

	if (unlikely(failslab_interval) && should_failslab(gfp))
		return NULL;
	flags = local_irq_save();
	c = &s->cpu[smp_processor_id()];
	object = c->free;
	if (likely(object)) {
		c->free = *link_of(s, object);
		c->count--;
		local_irq_restore(flags);
	} else {
		local_irq_restore(flags);
		object = alloc_slowpath(s, gfp);
		if (unlikely(!object))
			return NULL;
	}
	if (CHECKS)
		check_alloc(s, object);
	if ((s->flags & SLAB_ACCOUNT) && !account_object(s, object, gfp))
		return NULL;
	if (unlikely(gfp & __GFP_ZERO))
		memset(object, 0, s->object_size);
	return object;
}

/* Out of line, as trace_slab_free(). */
static __noinline void trace_slab_alloc(unsigned long call_site, const void *object,
					const struct kmem_cache *s, gfp_t gfp)
{
	TRACE(kmem_cache_alloc, .call_site = call_site, .ptr = object, .bytes_req = s->object_size,
	      .bytes_alloc = s->size, .gfp_flags = gfp, .node = -1,
	      .accounted = gfp & __GFP_ACCOUNT);
}

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	void *object = alloc_object(s, gfp);

	if (trace_enabled(kmem_cache_alloc))
		trace_slab_alloc((unsigned long)__builtin_return_address(0), object, s, gfp);
	return object;
}

/* slab_internal.h */
void *kmalloc_object(struct kmem_cache *s, gfp_t gfp)
{
	return alloc_object(s, gfp);
}

static __always_inline void free_object(struct kmem_cache *s, void *object)
{
	struct kmem_cache_cpu *c;
	unsigned long flags;

	if (CHECKS)
		check_free(s, object);
	if ((s->flags & SLAB_ACCOUNT) && unlikely(*owner_of(s, object)))
		mem_cgroup_uncharge_object(*owner_of(s, object), s->size,
					   page_to_nid(virt_to_page(object)), s->stat);
	flags = local_irq_save();
	c = &s->cpu[smp_processor_id()];
	if (unlikely(c->count >= s->limit))
		flush_stock(s, c, s->batch);
	*link_of(s, object) = c->free;
	c->free = object;
	c->count++;
	local_irq_restore(flags);
}

void kmem_cache_free(struct kmem_cache *s, void *object)
{
	if (trace_enabled(kmem_cache_free))
		trace_slab_free((unsigned long)__builtin_return_address(0), object, s->name);
	free_object(s, object);
}

/* slab_internal.h */
void kfree_object(struct kmem_cache *s, void *object)
{
	free_object(s, object);
}

/* --- caches --- */

/*
 * The smallest block of which at most an eighth is wasted; else the smallest that holds one
 * object, which is also what there is to fall back to.
 */
static void choose_order(struct kmem_cache *s)
{
	int best = -1;

	s->min_order = 0;
	while ((PAGE_SIZE << s->min_order) < s->size)
		s->min_order++;

	for (unsigned int o = 0; o <= SLAB_MAX_ORDER; o++) {
		unsigned long bytes = PAGE_SIZE << o, n = bytes / s->size;

		if (!n)
			continue;
		if (best < 0)
			best = o;
		if ((bytes - n * s->size) * 8 <= bytes) {
			best = o;
			break;
		}
	}
	BUG_ON(best < 0);
	s->order = best;
	s->per_slab = (PAGE_SIZE << best) / s->size;
}

/* What a CPU may hoard: about a page or two of small objects, a few large ones. */
static void choose_limits(struct kmem_cache *s)
{
	s->limit = s->size <= 128 ? 64 : s->size <= 512 ? 32 : s->size <= 2048 ? 12 : 6;
	s->batch = s->limit / 2;
}

static unsigned int choose_align(unsigned int size, unsigned int align, unsigned int flags)
{
	unsigned int line = 64;

	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2)	/* several small ones share a line */
			line /= 2;
		align = MAX(align, line);
	}
	return MAX(align, 8U);
}

static void init_cache(struct kmem_cache *s, const char *name, unsigned int size,
		       unsigned int align, unsigned int flags, void (*ctor)(void *))
{
	unsigned long irq;

	align = choose_align(size, align, flags);
	BUG_ON(!size || (align & (align - 1)) || align > PAGE_SIZE);
	s->name = name;
	s->object_size = size;
	s->flags = flags;
	s->ctor = ctor;
	s->owner = ALIGN_UP(size, 8) + (CHECKS ? 8 : 0);
	s->link = s->owner + (flags & SLAB_ACCOUNT ? 8 : 0);
	s->size = s->link + 8;
	if (!CHECKS && !ctor) {		/* the link lies in the free object itself */
		s->link = 0;
		s->size = flags & SLAB_ACCOUNT ? s->owner + 8 : MAX(size, 8U);
	}
	s->size = ALIGN_UP(s->size, align);
	s->gfp = flags & SLAB_RECLAIM_ACCOUNT ? __GFP_RECLAIMABLE : 0;
	s->stat = flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE;
	choose_order(s);
	choose_limits(s);
	spin_lock_init(&s->lock, LOCK_SLAB);
	INIT_LIST_HEAD(&s->partial);
	INIT_LIST_HEAD(&s->empty);
	irq = spin_lock_irqsave(&slab_list_lock);
	list_add(&s->list, &slab_caches);
	spin_unlock_irqrestore(&slab_list_lock, irq);
}

/* => @name lives as long as the cache */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     unsigned int flags, void (*ctor)(void *))
{
	struct kmem_cache *s = kmem_cache_alloc(&cache_of_caches, GFP_KERNEL | __GFP_ZERO);

	if (s)
		init_cache(s, name, size, align, flags, ctor);
	else if (flags & SLAB_PANIC)
		panic("kmem_cache_create: no memory for %s", name);
	return s;
}

/* Every empty slab goes back. Returns the pages. */
static unsigned long shrink_cache(struct kmem_cache *s)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	struct page *slab;
	LIST_HEAD(spare);

	list_for_each_entry(slab, &s->empty, lru)
		count_slab(s, slab, -1);
	list_splice_init(&s->empty, &spare);
	s->nr_empty = s->empty_pages = 0;
	spin_unlock_irqrestore(&s->lock, flags);
	return free_slabs(s, &spare);
}

void kmem_cache_destroy(struct kmem_cache *s)
{
	unsigned long flags;

	if (!s)
		return;
	on_each_cpu(flush_this_cpu, s);
	shrink_cache(s);
	if (WARN(s->nr_slabs, "kmem_cache_destroy %s: objects are still in use\n", s->name))
		return;
	flags = spin_lock_irqsave(&slab_list_lock);
	list_del(&s->list);
	spin_unlock_irqrestore(&slab_list_lock, flags);
	kmem_cache_free(&cache_of_caches, s);
}

/* --- under pressure --- */

static unsigned long count_empty(struct shrinker *unused, struct mem_cgroup *root)
{
	unsigned long flags = spin_lock_irqsave(&slab_list_lock), pages = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		pages += READ_ONCE(s->empty_pages);
	spin_unlock_irqrestore(&slab_list_lock, flags);
	return pages;
}

/*
 * Caches are hardly ever destroyed, and never one that another user knows: the list is walked
 * under its lock.
 */
static unsigned long scan_empty(struct shrinker *unused, struct mem_cgroup *root, unsigned long nr)
{
	unsigned long flags = spin_lock_irqsave(&slab_list_lock), pages = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list) {
		pages += shrink_cache(s);
		if (pages >= nr)
			break;
	}
	spin_unlock_irqrestore(&slab_list_lock, flags);
	return pages;
}

/* On each CPU: its stocks of all caches. @pages: _Atomic unsigned long, those that got free. */
static void flush_all_of_this_cpu(void *pages)
{
	unsigned long flags = spin_lock_irqsave(&slab_list_lock), n = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list) {
		struct kmem_cache_cpu *c = &s->cpu[smp_processor_id()];

		if (c->count)
			n += flush_stock(s, c, c->count);
	}
	spin_unlock_irqrestore(&slab_list_lock, flags);
	*(_Atomic unsigned long *)pages += n;
}

/* slab.h */
unsigned long slab_drain_stocks(void)
{
	_Atomic unsigned long pages = 0;

	on_each_cpu(flush_all_of_this_cpu, &pages);
	return pages + scan_empty(NULL, NULL, ~0UL);
}

static struct shrinker slab_shrinker = { .count_objects = count_empty,
					 .scan_objects = scan_empty,
					 .seeks = 1 };

/* --- start --- */

static struct kmem_cache *xa_node_cache;

static void *alloc_xa_node(size_t size, gfp_t gfp)
{
	return kmem_cache_alloc(xa_node_cache, gfp);
}
static void free_xa_node(void *node)
{
	kmem_cache_free(xa_node_cache, node);
}

/* gfp 0: under any lock, so kswapd cannot be woken; a reserve is there for it. */
static void *alloc_for_sched(size_t size, gfp_t gfp)
{
	if (gfp == SCHED_ALLOC_SLEEP)
		return kzalloc(size, GFP_KERNEL_ACCOUNT);
	return kmalloc(size, gfp ? gfp : (__GFP_HIGH | __GFP_ATOMIC | __GFP_NOWARN));
}
static void free_for_sched(void *p)
{
	kfree(p);
}

void kmem_cache_init(void)
{
	init_cache(&cache_of_caches, "kmem_cache", sizeof(struct kmem_cache), 0, SLAB_HWCACHE_ALIGN,
		   NULL);
	kmalloc_init();
	xa_node_cache = kmem_cache_create("radix_tree_node", sizeof(struct xa_node), 0,
					  SLAB_RECLAIM_ACCOUNT | SLAB_PANIC | SLAB_ACCOUNT |
						  SLAB_ACCOUNT_ASKED,
					  NULL);
	xarray_alloc_node = alloc_xa_node;
	xarray_free_node = free_xa_node;
	sched_alloc = alloc_for_sched;
	sched_free = free_for_sched;
	register_shrinker(&slab_shrinker);
}

/* --- figures --- */

struct slab_figures { unsigned long objects, active, slabs, active_slabs; };

static struct slab_figures cache_figures(struct kmem_cache *s)
{
	unsigned long flags = spin_lock_irqsave(&s->lock), idle = s->nr_free;
	struct slab_figures f = { .slabs = s->nr_slabs, .active_slabs = s->nr_slabs - s->nr_empty };
	int cpu;

	for_each_online_cpu(cpu)
		idle += READ_ONCE(s->cpu[cpu].count);
	f.objects = s->nr_objects;
	f.active = f.objects > idle ? f.objects - idle : 0;
	spin_unlock_irqrestore(&s->lock, flags);
	return f;
}

static int show_slabinfo(struct seq_file *m)
{
	unsigned long flags;
	struct kmem_cache *s;

	seq_puts(m, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> <objperslab> "
		    "<pagesperslab> : tunables <limit> "
		    "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> "
		    "<sharedavail>\n");
	flags = spin_lock_irqsave(&slab_list_lock);
	list_for_each_entry(s, &slab_caches, list) {
		struct slab_figures f = cache_figures(s);

		seq_printf(m,
			   "%-17s %6lu %6lu %6u %4u %4d : tunables %4u %4u %4u : slabdata %6lu "
			   "%6lu %6lu\n",
			   s->name, f.active, f.objects, s->size, s->per_slab, 1 << s->order,
			   s->limit, s->batch, 0, f.active_slabs, f.slabs, 0UL);
	}
	spin_unlock_irqrestore(&slab_list_lock, flags);
	return 0;
}
CTL_FILE("/proc/slabinfo", .mode = 0400, .show = show_slabinfo);

void dump_unreclaimable_slab(void)
{
	unsigned long flags = spin_lock_irqsave(&slab_list_lock);
	struct kmem_cache *s;

	pr_info("Unreclaimable slab info:\n");
	pr_info("Name                      Used          Total\n");
	list_for_each_entry(s, &slab_caches, list) {
		struct slab_figures f = cache_figures(s);

		if (!(s->flags & SLAB_RECLAIM_ACCOUNT) && f.objects)
			pr_info("%-17s %10luKB %10luKB\n", s->name, f.active * s->size / 1024,
				f.objects * s->size / 1024);
	}
	spin_unlock_irqrestore(&slab_list_lock, flags);
}
