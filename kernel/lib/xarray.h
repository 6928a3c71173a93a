/*
 * xarray.h - an array of pointers, indexed by any unsigned long, mostly empty.
 *
 * Idea: a radix tree of 64-way nodes (xarray.c), a subset of Linux's API. An
 *       entry is a pointer (4-byte aligned) or a value (xa_mk_value, bit 0
 *       set). Two marks an entry are kept up the tree, so that the next
 *       marked entry is found without looking at the others.
 * Locks:  the caller's, for all functions, look-ups included.
 *
 * Storing may need nodes. Where sleeping is allowed, xa_store(…, gfp). Under a
 * spinlock, either xa_store(…, GFP_NOWAIT) and live with -ENOMEM, or:
 *
 *	struct xa_reserve r = XA_RESERVE_INIT;
 *	do {
 *		lock(); old = xa_store_reserved(xa, index, entry, &r); unlock();
 *	} while (xa_is_err(old) && xa_reserve_fill(&r, gfp));
 *	xa_reserve_free(&r);
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

typedef unsigned int xa_mark_t;
#define XA_MARK_0 0U
#define XA_MARK_1 1U
#define XA_PRESENT 2U		/* for xa_find: any entry */
#define XA_MARKS 2
#define XA_SHIFT 6		/* 64 slots a node */
#define XA_SLOTS (1UL << XA_SHIFT)

struct xa_node {
	u8 shift;		/* bits of the index below this node: 0 at the leaves */
	u8 offset;		/* its slot in the parent */
	u8 count;		/* slots in use */
	u8 nr_values;		/* … by values. Of a leaf; of others 0 */
	struct xa_node *parent;	/* NULL: the top */
	/* bit n: slot n, or something below it, is marked; XA_PRESENT: is in use */
	u64 marks[XA_MARKS + 1];
	struct xarray *array;	/* c: whose it is */
	/* free for who watches the leaves (XA_FLAGS_WATCHED); on no list in a fresh one */
	struct list_head private_list;
	void *slots[XA_SLOTS];
};

struct xarray {
	/* NULL, an entry (only index 0 is in use), or a node with bit 1 set */
	void *head;
	u32 flags;		/* c: XA_FLAGS_* */
	u32 head_marks;		/* marks of a lone entry in head */
};
#define XA_FLAGS_WATCHED 1U	/* xarray_leaf_changed() is told */
#define XARRAY_INIT { .head = NULL, .flags = 0, .head_marks = 0 }
#define DEFINE_XARRAY(name) struct xarray name = XARRAY_INIT

static inline void xa_init_flags(struct xarray *xa, u32 flags)
{
	xa->head = NULL;
	xa->flags = flags;
	xa->head_marks = 0;
}
static inline void xa_init(struct xarray *xa) { xa_init_flags(xa, 0); }
static inline bool xa_empty(const struct xarray *xa) { return !xa->head; }

static inline void *xa_mk_value(unsigned long v) { return (void *)((v << 1) | 1); }
static inline unsigned long xa_to_value(const void *entry) { return (unsigned long)entry >> 1; }
static inline bool xa_is_value(const void *entry) { return (unsigned long)entry & 1; }
static inline bool xa_is_err(const void *entry) { return IS_ERR(entry); }
static inline int xa_err(const void *entry) { return IS_ERR(entry) ? (int)PTR_ERR(entry) : 0; }

/* NULL if there is none. */
void *xa_load(struct xarray *xa, unsigned long index);
/*
 * The old entry (NULL: none), or an xa_is_err() value: -ENOMEM. @entry NULL erases. Marks of a
 * replaced entry stay.
 */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
/* Stores only where nothing is: 0, -EBUSY, -ENOMEM. */
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
/* Stores if the present entry is @old; the entry found, or an error. */
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);
/* the old entry; never fails, marks go too */
void *xa_erase(struct xarray *xa, unsigned long index);
/* frees all nodes; entries are the caller's */
void xa_destroy(struct xarray *xa);
/* Erases all that @leaf, one of @xa's nodes with shift 0, holds; it is freed. */
void xa_erase_leaf(struct xarray *xa, struct xa_node *leaf);

/*
 * The first entry at or after *@index and at most @max (with mark @filter, or XA_PRESENT); *@index
 * is where. NULL: none.
 */
void *xa_find_marked(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);
/* The same, after *@index. */
void *xa_find_after_marked(struct xarray *xa, unsigned long *index, unsigned long max,
			   xa_mark_t filter);
static inline void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max)
{
	return xa_find_marked(xa, index, max, XA_PRESENT);
}
static inline void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max)
{
	return xa_find_after_marked(xa, index, max, XA_PRESENT);
}
#define xa_for_each_range(xa, index, entry, start, last)                       \
	for (index = (start), entry = xa_find(xa, &index, last); entry;        \
	     entry = xa_find_after(xa, &index, last))
#define xa_for_each(xa, index, entry) xa_for_each_range(xa, index, entry, 0UL, ~0UL)
#define xa_for_each_marked(xa, index, entry, filter)                           \
	for (index = 0, entry = xa_find_marked(xa, &index, ~0UL, filter); entry; \
	     entry = xa_find_after_marked(xa, &index, ~0UL, filter))
/* Up to @n entries from @start to @max into @dst; how many. */
unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start, unsigned long max,
			unsigned int n, xa_mark_t filter);

/* => there is an entry at @index (setting a mark elsewhere does nothing). */
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
bool xa_marked(const struct xarray *xa, xa_mark_t mark);	/* any entry */

/* Nodes set aside before a lock is taken. */
struct xa_reserve {
	struct xa_node *free;	/* chained by parent */
	unsigned int want;	/* nodes the failed store still needed */
};
#define XA_RESERVE_INIT { .free = NULL, .want = 0 }
void *xa_store_reserved(struct xarray *xa, unsigned long index, void *entry, struct xa_reserve *r);
bool xa_reserve_fill(struct xa_reserve *r, gfp_t gfp);	/* false: no memory */
void xa_reserve_free(struct xa_reserve *r);

/* Node memory, set by mm/slab.c before the first store. The node need not be cleared. */
extern void *(*xarray_alloc_node)(size_t size, gfp_t gfp);
extern void (*xarray_free_node)(void *node);
/*
 * Of a watched array: the count of @leaf's entries, or of the values among them, is another. If
 * it holds none any more, it is freed next.
 */
extern void (*xarray_leaf_changed)(struct xa_node *leaf);
