/*
 * test_structures.c - kernel/lib's trees, lists and arrays, against simple models under random
 * traffic.
 */
#include "host/host.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/xarray.h"

/* --- trees --- */

struct item {
	struct rb_node node;
	unsigned int key;
	bool in;
};

/* Black height; red nodes have black children; parents are right; in order. */
static int check_subtree(struct rb_node *n, struct rb_node *parent, unsigned int min,
			 unsigned int max, unsigned int *count)
{
	int left, right;

	if (!n)
		return 1;
	assert_ptr_equal(rb_parent(n), parent);
	assert_in_range(rb_entry(n, struct item, node)->key, min, max);
	assert_true(rb_entry(n, struct item, node)->in);
	if (!(n->parent_color & 1)) /* red */
		assert_true(parent && parent->parent_color & 1);
	(*count)++;
	left = check_subtree(n->rb_left, n, min, rb_entry(n, struct item, node)->key, count);
	right = check_subtree(n->rb_right, n, rb_entry(n, struct item, node)->key, max, count);
	assert_int_equal(left, right);
	return left + (n->parent_color & 1);
}

static void insert_item(struct rb_root_cached *root, struct item *item)
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (item->key < rb_entry(parent, struct item, node)->key) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color_cached(&item->node, root, leftmost);
	item->in = true;
}

static void check_walks(struct rb_root_cached *root, unsigned int in)
{
	unsigned int n = 0, last = 0;
	struct item *pos, *next;

	for (struct rb_node *r = rb_first(&root->rb_root); r; r = rb_next(r), n++) {
		assert_true(rb_entry(r, struct item, node)->key >= last);
		last = rb_entry(r, struct item, node)->key;
		assert_true(!rb_next(r) || rb_prev(rb_next(r)) == r);
	}
	assert_int_equal(n, in);
	assert_ptr_equal(root->rb_leftmost, rb_first(&root->rb_root));
	assert_true(!in || rb_entry(rb_last(&root->rb_root), struct item, node)->key == last);
	n = 0;
	rbtree_postorder_for_each_entry_safe(pos, next, &root->rb_root, node) n++;
	assert_int_equal(n, in);
}

static void trees_stay_balanced(void **state)
{
	enum { N = 500 };
	static struct item items[N], replacement;
	struct rb_root_cached root = RB_ROOT_CACHED;
	unsigned int in = 0;

	memset(items, 0, sizeof(items));
	for (int round = 0; round < 20000; round++) {
		struct item *item = &items[host_below(round / 5000 % 2 ? 40 : N)];
		unsigned int count = 0;

		if (item->in) {
			rb_erase_cached(&item->node, &root);
			item->in = false;
			in--;
		} else {
			item->key = host_below(300);
			insert_item(&root, item);
			in++;
		}
		if (round % 16 && in > 50)
			continue;
		check_subtree(root.rb_root.rb_node, NULL, 0, ~0U, &count);
		assert_true(!root.rb_root.rb_node || root.rb_root.rb_node->parent_color & 1);
		assert_int_equal(count, in);
		check_walks(&root, in);
	}
	assert_int_not_equal(in, 0);
	replacement = *rb_entry(root.rb_root.rb_node, struct item, node);
	rb_replace_node(root.rb_root.rb_node, &replacement.node, &root.rb_root);
	in = 0;
	check_subtree(root.rb_root.rb_node, NULL, 0, ~0U, &in);
	assert_ptr_equal(root.rb_root.rb_node, &replacement.node);
}

static void lists_keep_their_order(void **state)
{
	struct {
		struct list_head list;
		int n;
	} e[6], *pos, *next;
	LIST_HEAD(a);
	LIST_HEAD(b);
	int want = 0;

	for (int i = 0; i < 6; i++) {
		e[i].n = i;
		list_add_tail(&e[i].list, &a);
	}
	list_cut_position(&b, &a, &e[2].list); /* b: 0 1 2, a: 3 4 5 */
	list_move(&e[1].list, &a);	       /* a: 1 3 4 5 */
	list_splice_init(&b, &a);	       /* a: 0 2 1 3 4 5 */
	assert_true(list_empty(&b) && list_is_last(&e[5].list, &a) &&
		    list_is_first(&e[0].list, &a));
	list_move_tail(&e[2].list, &b);
	list_for_each_entry_safe(pos, next, &a, list)
	{
		assert_int_equal(pos->n, want);
		want += want == 1 ? 2 : 1;
		list_del(&pos->list);
		assert_ptr_equal(pos->list.next, LIST_POISON1);
	}
	assert_int_equal(want, 6);
	assert_true(list_empty(&a) && list_is_singular(&b));
}

/* --- the array --- */

static long nodes_out, nodes_left;

static void *alloc_node(size_t size, gfp_t gfp)
{
	void *p;

	if (!nodes_left)
		return NULL;
	nodes_left--;
	nodes_out++;
	p = malloc(size);
	assert_non_null(p);
	memset(p, 0xaa, size); /* the node need not be cleared */
	return p;
}

static void free_node(void *p)
{
	nodes_out--;
	free(p);
}

static void use_nodes(void)
{
	xarray_alloc_node = alloc_node;
	xarray_free_node = free_node;
	nodes_out = 0;
	nodes_left = -1; /* no limit */
}

enum { MODEL = 300 };
struct model {
	unsigned long index;
	void *entry;
	bool marks[XA_MARKS];
};

static int find_in_model(struct model *m, unsigned long index)
{
	for (int i = 0; i < MODEL; i++)
		if (m[i].index == index)
			return i;
	return -1;
}

/* The model's next entry at or after @index, with @filter. */
static struct model *next_in_model(struct model *m, unsigned long index, unsigned long max,
				   xa_mark_t filter)
{
	struct model *best = NULL;

	for (int i = 0; i < MODEL; i++)
		if (m[i].entry && m[i].index >= index && m[i].index <= max &&
		    (filter == XA_PRESENT || m[i].marks[filter]) &&
		    (!best || m[i].index < best->index))
			best = &m[i];
	return best;
}

static void compare_search(struct xarray *xa, struct model *m)
{
	unsigned long start =
	    host_below(2) ? m[host_below(MODEL)].index + host_below(3) - 1 : host_random();
	unsigned long max = host_below(3) ? ~0UL : start + host_below(100000), at = start;
	xa_mark_t filter = host_below(XA_MARKS + 1);
	struct model *want = next_in_model(m, start, max, filter);
	void *got = xa_find_marked(xa, &at, max, filter);

	assert_ptr_equal(got, want ? want->entry : NULL);
	assert_true(at == (want ? want->index : start));
	at = start;
	want = start == ~0UL ? NULL : next_in_model(m, start + 1, max, filter);
	got = xa_find_after_marked(xa, &at, max, filter);
	assert_ptr_equal(got, want ? want->entry : NULL);
	assert_true(at == (want ? want->index : start));
}

static void compare_all(struct xarray *xa, struct model *m)
{
	unsigned long index, n = 0, in_model = 0;
	bool any[XA_MARKS] = { false };
	void *entry, *some[16];

	xa_for_each(xa, index, entry)
	{
		int i = find_in_model(m, index);

		assert_true(i >= 0);
		assert_ptr_equal(m[i].entry, entry);
		for (xa_mark_t mark = 0; mark < XA_MARKS; mark++)
			assert_int_equal(xa_get_mark(xa, index, mark), m[i].marks[mark]);
		n++;
	}
	for (int i = 0; i < MODEL; i++) {
		assert_ptr_equal(xa_load(xa, m[i].index), m[i].entry);
		in_model += m[i].entry != NULL;
		for (xa_mark_t mark = 0; mark < XA_MARKS; mark++)
			any[mark] |= m[i].marks[mark];
	}
	assert_int_equal(n, in_model);
	assert_int_equal(xa_empty(xa), n == 0);
	for (xa_mark_t mark = 0; mark < XA_MARKS; mark++)
		assert_int_equal(xa_marked(xa, mark), any[mark]);
	assert_int_equal(xa_extract(xa, some, 0, ~0UL, 16, XA_PRESENT), MIN(n, 16UL));
}

static void random_step(struct xarray *xa, struct model *m)
{
	struct model *e = &m[host_below(MODEL)];
	void *entry = host_below(2) ? xa_mk_value(host_below(1 << 20))
				    : (void *)(host_below(1 << 20) << 2 | 0x1000);
	xa_mark_t mark = host_below(XA_MARKS);

	switch (host_below(8)) {
	case 0:
	case 1:
	case 2:
		assert_ptr_equal(xa_store(xa, e->index, entry, 0), e->entry);
		e->entry = entry;
		break;
	case 3:
	case 4:
		assert_ptr_equal(xa_erase(xa, e->index), e->entry);
		*e = (struct model){ .index = e->index };
		break;
	case 5:
		xa_set_mark(xa, e->index, mark);
		e->marks[mark] = e->entry != NULL;
		break;
	case 6:
		xa_clear_mark(xa, e->index, mark);
		e->marks[mark] = false;
		break;
	case 7:
		assert_int_equal(xa_insert(xa, e->index, entry, 0), e->entry ? -EBUSY : 0);
		if (!e->entry)
			e->entry = entry;
		break;
	}
	compare_search(xa, m);
}

static void arrays_against_a_model(void **state)
{
	static struct model m[MODEL];
	DEFINE_XARRAY(xa);

	use_nodes();
	memset(m, 0, sizeof(m));
	for (int i = 0; i < MODEL; i++) { /* dense, sparse, the ends; each index once */
		unsigned long index;

		do {
			index = i < 100	   ? (unsigned long)i
				: i < 180  ? 4000 + host_below(500)
				: i < 298  ? host_random() >> host_below(64)
				: i == 298 ? ~0UL
					   : 0x8000000000000000UL;
		} while (i >= 100 && find_in_model(m, index) >= 0 && find_in_model(m, index) < i);
		m[i].index = index;
	}
	for (int round = 0; round < 12000; round++) {
		random_step(&xa, m);
		if (round % 500 == 0)
			compare_all(&xa, m);
	}
	compare_all(&xa, m);
	for (int i = 0; i < MODEL; i++)
		xa_erase(&xa, m[i].index);
	assert_true(xa_empty(&xa));
	assert_int_equal(nodes_out, 0);
}

static void a_lone_first_entry_needs_no_node(void **state)
{
	DEFINE_XARRAY(xa);

	use_nodes();
	nodes_left = 0;
	assert_null(xa_store(&xa, 0, xa_mk_value(1), 0));
	assert_int_equal(xa_err(xa_store(&xa, 1, xa_mk_value(2), 0)), -ENOMEM);
	assert_true(xa_load(&xa, 0) == xa_mk_value(1) && !xa_load(&xa, 1));
	assert_ptr_equal(xa_cmpxchg(&xa, 0, xa_mk_value(9), xa_mk_value(3), 0), xa_mk_value(1));
	assert_ptr_equal(xa_cmpxchg(&xa, 0, xa_mk_value(1), xa_mk_value(3), 0), xa_mk_value(1));
	assert_int_equal(xa_to_value(xa_load(&xa, 0)), 3);
	xa_erase(&xa, 0);
}

/* A store that fails has changed nothing. */
static void a_failed_store_changes_nothing(void **state)
{
	DEFINE_XARRAY(xa);
	struct model m[MODEL] = { 0 };

	use_nodes();
	for (int i = 0; i < MODEL; i++)
		m[i].index = host_random() >> host_below(60);
	for (int round = 0; round < 2000; round++) {
		struct model *e = &m[find_in_model(m, m[host_below(MODEL)].index)];
		long before = nodes_out;
		void *old;

		nodes_left = host_below(4);
		old = xa_store(&xa, e->index, xa_mk_value(round), 0);
		if (xa_is_err(old)) {
			assert_int_equal(xa_err(old), -ENOMEM);
			assert_int_equal(nodes_out, before);
		} else {
			assert_ptr_equal(old, e->entry);
			e->entry = xa_mk_value(round);
		}
		assert_ptr_equal(xa_load(&xa, e->index), e->entry);
	}
	xa_destroy(&xa);
	assert_int_equal(nodes_out, 0);
	assert_true(xa_empty(&xa));
}

static void reserved_nodes_do_for_the_store(void **state)
{
	DEFINE_XARRAY(xa);

	use_nodes();
	for (int round = 0; round < 500; round++) {
		unsigned long index = host_random() >> host_below(64);
		struct xa_reserve r = XA_RESERVE_INIT;
		int tries = 0;
		void *old;

		nodes_left = -1;
		do {
			old = xa_store_reserved(&xa, index, xa_mk_value(7), &r);
			tries++;
		} while (xa_is_err(old) && xa_reserve_fill(&r, 0));
		assert_in_range(tries, 1, 2); /* what it wanted was enough */
		assert_false(xa_is_err(old));
		xa_reserve_free(&r);
		assert_ptr_equal(xa_load(&xa, index), xa_mk_value(7));
	}
	xa_destroy(&xa);
	assert_int_equal(nodes_out, 0);
}

/* --- watched leaves --- */

static LIST_HEAD(value_leaves); /* those that hold nothing but values */

static void watch(struct xa_node *leaf)
{
	bool listed = !list_empty(&leaf->private_list);

	assert_int_equal(leaf->shift, 0);
	assert_int_equal(leaf->count, __builtin_popcountl(leaf->marks[XA_PRESENT]));
	if (leaf->count && leaf->count == leaf->nr_values) {
		if (!listed)
			list_add(&leaf->private_list, &value_leaves);
	} else if (listed) {
		list_del_init(&leaf->private_list);
	}
}

enum { WATCHED = 64 * 20 };

/* How many leaves there should be with values only. A lone first entry has none. */
static int count_value_leaves(void **model)
{
	int leaves = 0, beyond_first = 0;

	for (int first = 0; first < WATCHED; first += 64) {
		int used = 0, values = 0;

		for (int i = first; i < first + 64; i++) {
			used += model[i] != NULL;
			values += xa_is_value(model[i]);
			beyond_first += i && model[i];
		}
		leaves += used && used == values;
	}
	return beyond_first ? leaves : 0;
}

static void watched_leaves_are_told_about(void **state)
{
	static void *model[WATCHED];
	struct xarray xa;
	struct xa_node *leaf;
	int listed, erased = 0;

	use_nodes();
	xarray_leaf_changed = watch;
	xa_init_flags(&xa, XA_FLAGS_WATCHED);
	for (int round = 0; round < 20000; round++) {
		unsigned long i = host_below(host_below(2) ? 70 : WATCHED);
		void *entry = xa_mk_value(i);

		if (host_below(90) == 0)
			entry = (void *)(i * 8 + 0x1000);
		if (host_below(3) == 0)
			entry = NULL;
		assert_ptr_equal(xa_store(&xa, i, entry, 0), model[i]);
		model[i] = entry;
		if (entry && host_below(4) == 0)
			xa_set_mark(&xa, i, host_below(XA_MARKS));
		if (host_below(64) == 0 && !list_empty(&value_leaves)) {
			leaf = list_first_entry(&value_leaves, struct xa_node, private_list);
			i = xa_to_value(leaf->slots[__builtin_ctzl(leaf->marks[XA_PRESENT])]) & ~63UL;
			xa_erase_leaf(&xa, leaf);
			for (int n = 0; n < 64; n++) {
				model[i + n] = NULL;
				assert_null(xa_load(&xa, i + n));
			}
			erased++;
		}
		listed = 0;
		list_for_each_entry(leaf, &value_leaves, private_list)
			listed++;
		assert_int_equal(listed, count_value_leaves(model));
	}
	assert_true(erased > 50);
	for (int i = 0; i < WATCHED; i++)
		assert_ptr_equal(xa_load(&xa, i), model[i]);
	xa_destroy(&xa);
	assert_true(list_empty(&value_leaves));
	assert_int_equal(nodes_out, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(trees_stay_balanced),
		T(lists_keep_their_order),
		T(arrays_against_a_model),
		T(a_lone_first_entry_needs_no_node),
		T(a_failed_store_changes_nothing),
		T(reserved_nodes_do_for_the_store),
		T(watched_leaves_are_told_about),
	};

	return cmocka_run_group_tests_name("structures", tests, host_init, NULL);
}
