/*
 * rbtree.c - red-black trees.
 *
 * Idea: (1) a red node has no red child; (2) every way from the root down
 *       passes the same number of black nodes. So no way is more than twice
 *       as long as another. Insertion may break (1), removal may break (2);
 *       each is repaired going up, with at most two or three rotations
 *       (Cormen et al., Introduction to Algorithms, ch. 13). Both mirror
 *       images are one piece of code with the side as a parameter.
 * Locks:  the caller's.
 * Above:  VMAs, timers, run queues.
 */
#include "kernel/lib/rbtree.h"

enum { RED = 0, BLACK = 1 };
enum side { LEFT, RIGHT };

static inline bool is_black(const struct rb_node *n) { return n->parent_color & BLACK; }
static inline bool is_red(const struct rb_node *n) { return n && !is_black(n); }
static inline void set_black(struct rb_node *n) { n->parent_color |= BLACK; }
static inline void set_red(struct rb_node *n) { n->parent_color &= ~(unsigned long)BLACK; }
static inline void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (unsigned long)parent | (n->parent_color & BLACK);
}
static inline struct rb_node **child(struct rb_node *n, enum side side)
{
	return side == LEFT ? &n->rb_left : &n->rb_right;
}

/* Makes @item the child of @parent that @old was. @parent NULL: the root. */
static inline void replace_child(struct rb_node *parent, struct rb_node *old, struct rb_node *item,
				 struct rb_root *root)
{
	if (!parent)
		root->rb_node = item;
	else if (parent->rb_left == old)
		parent->rb_left = item;
	else
		parent->rb_right = item;
}

/*
 *        n                 up
 *      a   up     ->     n    c       rotate(n, LEFT); RIGHT is the mirror image
 *         b  c          a b
 */
static __always_inline void rotate(struct rb_node *n, enum side side, struct rb_root *root)
{
	struct rb_node *up = *child(n, !side), *parent = rb_parent(n);
	struct rb_node *b = *child(up, side);

	*child(n, !side) = b;
	if (b)
		set_parent(b, n);
	*child(up, side) = n;
	set_parent(up, parent);
	set_parent(n, up);
	replace_child(parent, n, up, root);
}

/*
 * @node and its parent, the @side child of the grandparent, are red. True: nothing is left to do.
 */
static __always_inline bool insert_step(struct rb_node **nodep, enum side side,
					struct rb_root *root)
{
	struct rb_node *node = *nodep, *parent = rb_parent(node), *grand = rb_parent(parent);
	struct rb_node *uncle = *child(grand, !side);

	if (is_red(uncle)) {	/* push the red up two levels */
		set_black(parent);
		set_black(uncle);
		set_red(grand);
		*nodep = grand;
		return false;
	}
	if (node == *child(parent, !side)) {	/* straighten the bend */
		rotate(parent, side, root);
		parent = node;
	}
	set_black(parent);
	set_red(grand);
	rotate(grand, !side, root);
	return true;
}

/* rbtree.h */
void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent;

	while (is_red(parent = rb_parent(node))) {
		bool done;

		if (parent == rb_parent(parent)->rb_left)
			done = insert_step(&node, LEFT, root);
		else
			done = insert_step(&node, RIGHT, root);
		if (done)
			break;
	}
	set_black(root->rb_node);
}

/* The ways through *@nodep, the @side child of *@parentp, lack a black node. True: repaired. */
static __always_inline bool erase_step(struct rb_node **nodep, struct rb_node **parentp,
				       enum side side, struct rb_root *root)
{
	struct rb_node *parent = *parentp, *sibling = *child(parent, !side), *near, *far;

	if (is_red(sibling)) {	/* make the sibling black, the parent red */
		set_black(sibling);
		set_red(parent);
		rotate(parent, side, root);
		sibling = *child(parent, !side);
	}
	near = *child(sibling, side);
	far = *child(sibling, !side);
	if (!is_red(near) && !is_red(far)) {	/* take one from the sibling too; go up */
		set_red(sibling);
		*nodep = parent;
		*parentp = rb_parent(parent);
		return false;
	}
	if (!is_red(far)) {
		set_black(near);
		set_red(sibling);
		rotate(sibling, !side, root);
		far = sibling;
		sibling = near;
	}
	if (is_black(parent))
		set_black(sibling);
	else
		set_red(sibling);
	set_black(parent);
	set_black(far);
	rotate(parent, side, root);
	return true;
}

static void erase_fixup(struct rb_node *node, struct rb_node *parent, struct rb_root *root)
{
	while (parent && !is_red(node)) {
		bool done;

		if (node == parent->rb_left)
			done = erase_step(&node, &parent, LEFT, root);
		else
			done = erase_step(&node, &parent, RIGHT, root);
		if (done)
			return;
	}
	if (node)
		set_black(node);
}

/* rbtree.h */
void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *orphan, *parent, *next;
	bool lost_black;

	if (!node->rb_left || !node->rb_right) {
		orphan = node->rb_left ? node->rb_left : node->rb_right;
		parent = rb_parent(node);
		lost_black = is_black(node);
		if (orphan)
			set_parent(orphan, parent);
		replace_child(parent, node, orphan, root);
	} else {	/* the next node, which has no left child, takes its place */
		for (next = node->rb_right; next->rb_left;)
			next = next->rb_left;
		orphan = next->rb_right;
		parent = rb_parent(next);
		lost_black = is_black(next);
		if (parent == node) {
			parent = next;
		} else {
			parent->rb_left = orphan;
			if (orphan)
				set_parent(orphan, parent);
			next->rb_right = node->rb_right;
			set_parent(next->rb_right, next);
		}
		next->rb_left = node->rb_left;
		set_parent(next->rb_left, next);
		next->parent_color = node->parent_color;
		replace_child(rb_parent(node), node, next, root);
	}
	if (lost_black)
		erase_fixup(orphan, parent, root);
}

/* rbtree.h */
struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_left)
		n = n->rb_left;
	return n;
}

/* rbtree.h */
struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_right)
		n = n->rb_right;
	return n;
}

/* rbtree.h */
struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_right) {
		for (node = node->rb_right; node->rb_left;)
			node = node->rb_left;
		return (struct rb_node *)node;
	}
	while ((parent = rb_parent(node)) && node == parent->rb_right)
		node = parent;
	return (struct rb_node *)parent;
}

/* rbtree.h */
struct rb_node *rb_prev(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_left) {
		for (node = node->rb_left; node->rb_right;)
			node = node->rb_right;
		return (struct rb_node *)node;
	}
	while ((parent = rb_parent(node)) && node == parent->rb_left)
		node = parent;
	return (struct rb_node *)parent;
}

/* rbtree.h */
void rb_replace_node(struct rb_node *victim, struct rb_node *item, struct rb_root *root)
{
	*item = *victim;
	if (item->rb_left)
		set_parent(item->rb_left, item);
	if (item->rb_right)
		set_parent(item->rb_right, item);
	replace_child(rb_parent(victim), victim, item, root);
}

static struct rb_node *deepest(struct rb_node *n)
{
	while (n->rb_left || n->rb_right)
		n = n->rb_left ? n->rb_left : n->rb_right;
	return n;
}

/* rbtree.h */
struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? deepest(root->rb_node) : NULL;
}

/* rbtree.h */
struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = node ? rb_parent(node) : NULL;

	if (parent && node == parent->rb_left && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}
