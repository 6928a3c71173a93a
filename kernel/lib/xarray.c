/*
 * xarray.c - a sparse array of pointers: a radix tree of 64-way nodes.
 *
 * Idea: a node with shift s splits the index at bits [s, s + 6). The head is a
 *       lone entry while only index 0 is used, so a one-page file costs no
 *       node. A node holds three bitmaps: which slots are in use, and one for
 *       each mark; an inner slot's bit is the OR of its child's, so searches
 *       skip what they do not want, 64 subtrees at a time.
 *       A store first counts the nodes it needs, gets them all, then acts: it
 *       fails without having changed anything.
 * Locks:  the caller's.
 * Above:  the page cache, the swap cache.   Below: node memory by xarray_alloc_node.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/lib/xarray.h"

void *(*xarray_alloc_node)(size_t size, gfp_t gfp);
void (*xarray_free_node)(void *node);
void (*xarray_leaf_changed)(struct xa_node *leaf);

enum { HEAD_IS_NODE = 2 };

static inline struct xa_node *head_node(const struct xarray *xa)
{
	unsigned long head = (unsigned long)xa->head;

	return (head & 3) == HEAD_IS_NODE ? (struct xa_node *)(head - HEAD_IS_NODE) : NULL;
}
static inline void set_head_node(struct xarray *xa, struct xa_node *node)
{
	node->parent = NULL;
	node->offset = 0;
	xa->head = (char *)node + HEAD_IS_NODE;
}
static inline unsigned int slot_of(const struct xa_node *node, unsigned long index)
{
	return (index >> node->shift) & (XA_SLOTS - 1);
}
/* Is @index above what the tree under @node covers? (A top node with shift 60 covers all.) */
static inline bool beyond(const struct xa_node *node, unsigned long index)
{
	return (index >> node->shift) >= XA_SLOTS;
}

/* The leaf that holds @index, or NULL. */
static inline struct xa_node *find_leaf(const struct xarray *xa, unsigned long index)
{
	struct xa_node *node = head_node(xa);

	if (!node || beyond(node, index))
		return NULL;
	while (node && node->shift)
		node = node->slots[slot_of(node, index)];
	return node;
}

/* xarray.h */
void *xa_load(struct xarray *xa, unsigned long index)
{
	struct xa_node *node;

	if (!head_node(xa))
		return index ? NULL : xa->head;
	node = find_leaf(xa, index);
	return node ? node->slots[index & (XA_SLOTS - 1)] : NULL;
}

/* --- nodes --- */

/* xarray.h */
bool xa_reserve_fill(struct xa_reserve *r, gfp_t gfp)
{
	for (; r->want; r->want--) {
		struct xa_node *node;

		node = xarray_alloc_node ? xarray_alloc_node(sizeof(*node), gfp) : NULL;
		if (!node)
			return false;
		node->parent = r->free;
		r->free = node;
	}
	return true;
}

/* xarray.h */
void xa_reserve_free(struct xa_reserve *r)
{
	while (r->free) {
		struct xa_node *node = r->free;

		r->free = node->parent;
		xarray_free_node(node);
	}
}

static unsigned int reserve_count(const struct xa_reserve *r)
{
	unsigned int n = 0;

	for (struct xa_node *node = r->free; node; node = node->parent)
		n++;
	return n;
}

/* => the store counted right: there is one. */
static struct xa_node *take_node(struct xarray *xa, struct xa_reserve *r, unsigned int shift)
{
	struct xa_node *node = r->free;

	BUG_ON(!node);
	r->free = node->parent;
	memset(node, 0, sizeof(*node));
	node->shift = shift;
	node->array = xa;
	INIT_LIST_HEAD(&node->private_list);
	return node;
}

/* An entry of @leaf's came, went or was replaced. */
static inline void leaf_changed(struct xa_node *leaf)
{
	if (leaf->array->flags & XA_FLAGS_WATCHED)
		xarray_leaf_changed(leaf);
}

static void set_slot(struct xa_node *node, unsigned int slot, void *entry)
{
	node->count += !node->slots[slot];
	node->slots[slot] = entry;
	node->marks[XA_PRESENT] |= 1UL << slot;
}

/* The same in a leaf, which may hold values. */
static void set_entry(struct xa_node *leaf, unsigned int slot, void *entry)
{
	leaf->nr_values += xa_is_value(entry) - xa_is_value(leaf->slots[slot]);
	set_slot(leaf, slot, entry);
	leaf_changed(leaf);
}

static void clear_slot(struct xa_node *node, unsigned int slot)
{
	node->nr_values -= !node->shift && xa_is_value(node->slots[slot]);
	node->slots[slot] = NULL;
	node->marks[XA_PRESENT] &= ~(1UL << slot);
	node->count--;
	if (!node->shift)
		leaf_changed(node);
}

static void link_child(struct xa_node *parent, unsigned int slot, struct xa_node *node)
{
	set_slot(parent, slot, node);
	node->parent = parent;
	node->offset = slot;
}

/* --- storing --- */

/* The shift of the smallest top node that covers @index. */
static unsigned int top_shift(unsigned long index)
{
	return index ? (63 - __builtin_clzl(index)) / XA_SHIFT * XA_SHIFT : 0;
}

/* How many nodes storing at @index takes. */
static unsigned int nodes_needed(const struct xarray *xa, unsigned long index)
{
	struct xa_node *node = head_node(xa);
	unsigned int want = top_shift(index);

	if (!node) {
		if (!index)
			return 0;
		/* A lone entry goes down one chain, the new one down another. */
		return want / XA_SHIFT + 1 + (xa->head ? want / XA_SHIFT : 0);
	}
	if (want > node->shift)
		return (want - node->shift) / XA_SHIFT + want / XA_SHIFT;
	while (node->shift) {
		struct xa_node *next = node->slots[slot_of(node, index)];

		if (!next)
			return node->shift / XA_SHIFT;
		node = next;
	}
	return 0;
}

/* Puts a node above the head; what was there becomes its slot 0. */
static struct xa_node *push_top(struct xarray *xa, unsigned int shift, struct xa_reserve *r)
{
	struct xa_node *node = take_node(xa, r, shift), *old = head_node(xa);

	if (old) {
		link_child(node, 0, old);
		for (int m = 0; m < XA_MARKS; m++)
			node->marks[m] = old->marks[m] != 0;
	} else if (xa->head) {
		set_entry(node, 0, xa->head);
		for (int m = 0; m < XA_MARKS; m++)
			node->marks[m] = (xa->head_marks >> m) & 1;
		xa->head_marks = 0;
	}
	set_head_node(xa, node);
	return node;
}

/* Grows the tree until it covers @index, and down to its leaf. => the nodes are in @r. */
static struct xa_node *make_leaf(struct xarray *xa, unsigned long index, struct xa_reserve *r)
{
	struct xa_node *node = head_node(xa);
	unsigned int want = top_shift(index);

	if (!node)
		node = push_top(xa, xa->head ? 0 : want, r);
	while (node->shift < want)
		node = push_top(xa, node->shift + XA_SHIFT, r);
	while (node->shift) {
		unsigned int slot = slot_of(node, index);

		if (!node->slots[slot])
			link_child(node, slot, take_node(xa, r, node->shift - XA_SHIFT));
		node = node->slots[slot];
	}
	return node;
}

/* => @entry not NULL, and @r has what nodes_needed() said */
static void *store_with(struct xarray *xa, unsigned long index, void *entry, struct xa_reserve *r)
{
	struct xa_node *node;
	void *old;

	if (!index && !head_node(xa)) {
		old = xa->head;
		xa->head = entry;
		return old;
	}
	node = make_leaf(xa, index, r);
	old = node->slots[index & (XA_SLOTS - 1)];
	set_entry(node, index & (XA_SLOTS - 1), entry);
	return old;
}

/* xarray.h */
void *xa_store_reserved(struct xarray *xa, unsigned long index, void *entry, struct xa_reserve *r)
{
	unsigned int need, have;

	if (!entry)
		return xa_erase(xa, index);
	need = nodes_needed(xa, index);
	have = need ? reserve_count(r) : 0;
	if (need > have) {
		r->want = need - have;
		return ERR_PTR(-ENOMEM);
	}
	return store_with(xa, index, entry, r);
}

/* xarray.h */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	struct xa_reserve r = XA_RESERVE_INIT;
	void *old;

	if (!entry)
		return xa_erase(xa, index);
	r.want = nodes_needed(xa, index);
	if (xa_reserve_fill(&r, gfp))
		old = store_with(xa, index, entry, &r);
	else
		old = ERR_PTR(-ENOMEM);
	xa_reserve_free(&r);
	return old;
}

/* xarray.h */
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	if (xa_load(xa, index))
		return -EBUSY;
	return xa_err(xa_store(xa, index, entry, gfp));
}

/* xarray.h */
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	void *now = xa_load(xa, index);

	return now == old ? xa_store(xa, index, entry, gfp) : now;
}

/* --- erasing --- */

static void clear_mark_up(struct xa_node *node, unsigned int slot, xa_mark_t mark)
{
	while (node) {
		node->marks[mark] &= ~(1UL << slot);
		if (node->marks[mark])
			return;
		slot = node->offset;
		node = node->parent;
	}
}

/* While only slot 0 of the top is in use, the tree is lower without it. */
static void shrink(struct xarray *xa)
{
	struct xa_node *top;

	while ((top = head_node(xa)) && top->marks[XA_PRESENT] == 1) {
		if (top->shift) {
			set_head_node(xa, top->slots[0]);
		} else {
			xa->head = top->slots[0];
			for (int m = 0; m < XA_MARKS; m++)
				xa->head_marks |= (top->marks[m] & 1) << m;
			clear_slot(top, 0);
		}
		xarray_free_node(top);
	}
}

/* @slot of @node becomes empty; nodes that hold nothing then go, from there up. */
static void drop_slot(struct xarray *xa, struct xa_node *node, unsigned int slot)
{
	for (;;) {
		struct xa_node *parent = node->parent;

		clear_slot(node, slot);
		if (node->marks[XA_PRESENT])
			break;
		slot = node->offset;
		xarray_free_node(node);
		node = parent;
		if (!node) {
			xa->head = NULL;
			return;
		}
	}
	shrink(xa);
}

/* xarray.h */
void *xa_erase(struct xarray *xa, unsigned long index)
{
	struct xa_node *node;
	unsigned int slot = index & (XA_SLOTS - 1);
	void *old;

	if (!head_node(xa)) {
		old = index ? NULL : xa->head;
		if (old) {
			xa->head = NULL;
			xa->head_marks = 0;
		}
		return old;
	}
	node = find_leaf(xa, index);
	old = node ? node->slots[slot] : NULL;
	if (!old)
		return NULL;
	for (int m = 0; m < XA_MARKS; m++)
		if (node->marks[m] & (1UL << slot))
			clear_mark_up(node, slot, m);
	drop_slot(xa, node, slot);
	return old;
}

/* xarray.h. All entries but one go at once, the last as any other. */
void xa_erase_leaf(struct xarray *xa, struct xa_node *leaf)
{
	unsigned int last = 63 - __builtin_clzl(leaf->marks[XA_PRESENT]);

	BUG_ON(leaf->shift || leaf->array != xa);
	for (int m = 0; m < XA_MARKS; m++)
		while (leaf->marks[m])
			clear_mark_up(leaf, __builtin_ctzl(leaf->marks[m]), m);
	leaf->marks[XA_PRESENT] = 1UL << last;
	leaf->count = 1;
	leaf->nr_values = xa_is_value(leaf->slots[last]);
	drop_slot(xa, leaf, last);
}

/* xarray.h. Walks down the first used slots and frees each node when it is empty. */
void xa_destroy(struct xarray *xa)
{
	struct xa_node *node = head_node(xa);

	while (node) {
		u64 used = node->marks[XA_PRESENT];

		if (node->shift && used) {
			node->marks[XA_PRESENT] = used & (used - 1);
			node = node->slots[__builtin_ctzl(used)];
		} else {
			struct xa_node *parent = node->parent;

			if (!node->shift) {
				node->marks[XA_PRESENT] = node->count = node->nr_values = 0;
				leaf_changed(node);
			}
			xarray_free_node(node);
			node = parent;
		}
	}
	xa->head = NULL;
	xa->head_marks = 0;
}

/* --- searching --- */

/* xarray.h */
void *xa_find_marked(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	struct xa_node *node = head_node(xa);
	unsigned long at = *index;
	unsigned int slot;

	if (!node) {
		bool match = filter == XA_PRESENT || (xa->head_marks >> filter) & 1;

		return at == 0 && match ? xa->head : NULL;
	}
	if (beyond(node, at))
		return NULL;
	slot = slot_of(node, at);
	for (;;) {
		u64 left = slot < XA_SLOTS ? node->marks[filter] >> slot << slot : 0;

		if (!left) {	/* nothing more below this node: the parent's next slot */
			slot = node->offset + 1;
			node = node->parent;
			if (!node)
				return NULL;
			continue;
		}
		slot = __builtin_ctzl(left);
		/* off the way to *index: from the subtree's start */
		if (slot != slot_of(node, at))
			at = (((at >> node->shift) & ~(XA_SLOTS - 1)) | slot) << node->shift;
		if (at > max)
			return NULL;
		if (!node->shift) {
			*index = at;
			return node->slots[slot];
		}
		node = node->slots[slot];
		slot = slot_of(node, at);
	}
}

/* xarray.h */
void *xa_find_after_marked(struct xarray *xa, unsigned long *index, unsigned long max,
			   xa_mark_t filter)
{
	unsigned long at = *index + 1;
	void *entry;

	if (!at || at > max)
		return NULL;
	entry = xa_find_marked(xa, &at, max, filter);
	if (entry)
		*index = at;
	return entry;
}

/* xarray.h */
unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start, unsigned long max,
			unsigned int n, xa_mark_t filter)
{
	unsigned int got = 0;
	void *entry = n ? xa_find_marked(xa, &start, max, filter) : NULL;

	while (entry) {
		dst[got++] = entry;
		if (got == n)
			break;
		entry = xa_find_after_marked(xa, &start, max, filter);
	}
	return got;
}

/* --- marks --- */

/* xarray.h */
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *node;
	unsigned int slot = index & (XA_SLOTS - 1);

	if (!head_node(xa)) {
		if (!index && xa->head)
			xa->head_marks |= 1U << mark;
		return;
	}
	node = find_leaf(xa, index);
	if (!node || !node->slots[slot])
		return;
	for (; node && !(node->marks[mark] & (1UL << slot)); node = node->parent) {
		node->marks[mark] |= 1UL << slot;
		slot = node->offset;
	}
}

/* xarray.h */
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *node;

	if (!head_node(xa)) {
		if (!index)
			xa->head_marks &= ~(1U << mark);
		return;
	}
	node = find_leaf(xa, index);
	if (node && node->marks[mark] & (1UL << (index & (XA_SLOTS - 1))))
		clear_mark_up(node, index & (XA_SLOTS - 1), mark);
}

/* xarray.h */
bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *node;

	if (!head_node(xa))
		return !index && xa->head && (xa->head_marks >> mark) & 1;
	node = find_leaf(xa, index);
	return node && (node->marks[mark] >> (index & (XA_SLOTS - 1))) & 1;
}

/* xarray.h */
bool xa_marked(const struct xarray *xa, xa_mark_t mark)
{
	const struct xa_node *node = head_node(xa);

	return node ? node->marks[mark] != 0 : (xa->head_marks >> mark) & 1;
}
