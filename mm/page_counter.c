/*
 * page_counter.c - how many pages a group uses, with all groups below it, and
 *                  how much of that is protected.
 *
 * Idea:   a charge is added to the group's counter and to each ancestor's. Any
 *         of them may refuse, and then what was added below it is taken back:
 *
 *              root      ↑ usage += n
 *               └ a      ↑ usage += n     > max?  undo, and say "a"
 *                  └ b   ↑ usage += n
 *
 *         min and low say how much of a group reclaim must leave alone. Children
 *         may promise themselves more than their parent has: then each gets a
 *         part of the parent's protection, in proportion to what it really uses
 *         of its own. That is the effective protection (emin, elow), computed
 *         from the top down while reclaim walks the groups. To know the sum over
 *         the children without a walk, each counter reports to its parent how
 *         many of its used pages are within its own min and low.
 * Locks:  none; all is atomic, and a reader may see a charge half way up.
 * Above:  memcontrol.c.   In Linux: mm/page_counter.c, mm/memcontrol.c (effective_protection).
 */
#include "mm/page_counter.h"

#include <stdatomic.h>

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"

/* page_counter_init: nothing used, nothing limited, nothing protected. */
void page_counter_init(struct page_counter *counter, struct page_counter *parent)
{
	memset(counter, 0, sizeof(*counter));
	counter->high = counter->max = PAGE_COUNTER_MAX;
	counter->parent = parent;
}

/*
 * The part of @usage that is within @limit is @own; if it has changed, the
 * parent's sum follows. Two CPUs may do this at once: each adds the difference
 * to what it replaced, so that the sum comes out right.
 */
static void report_protected(unsigned long usage, unsigned long limit, _Atomic unsigned long *own,
			     _Atomic unsigned long *sum)
{
	unsigned long within = MIN(usage, limit), old;

	if (likely(*own == within))
		return;
	old = atomic_exchange(own, within);
	*sum += within - old;
}

static void propagate_protected(struct page_counter *c, unsigned long usage)
{
	if (!c->parent)
		return;
	report_protected(usage, READ_ONCE(c->min), &c->min_usage, &c->parent->children_min_usage);
	report_protected(usage, READ_ONCE(c->low), &c->low_usage, &c->parent->children_low_usage);
}

static void note_usage(struct page_counter *c, long usage)
{
	propagate_protected(c, usage);
	if (usage > (long)READ_ONCE(c->watermark))
		WRITE_ONCE(c->watermark, usage);
}

/* page_counter_charge: @nr_pages more, whatever the limits say. */
void page_counter_charge(struct page_counter *counter, unsigned long nr_pages)
{
	for (struct page_counter *c = counter; c; c = c->parent)
		note_usage(c, atomic_fetch_add(&c->usage, nr_pages) + (long)nr_pages);
}

static void uncharge_one(struct page_counter *c, unsigned long nr_pages)
{
	long usage = atomic_fetch_sub(&c->usage, nr_pages) - (long)nr_pages;

	WARN_ON_ONCE(usage < 0);
	propagate_protected(c, usage > 0 ? usage : 0);
}

/* page_counter_uncharge: @nr_pages less, up to the root. */
void page_counter_uncharge(struct page_counter *counter, unsigned long nr_pages)
{
	for (struct page_counter *c = counter; c; c = c->parent)
		uncharge_one(c, nr_pages);
}

/*
 * page_counter_try_charge: @nr_pages more, if no limit is passed on the way up.
 *
 * => true; or false, nothing is charged and *fail is the counter that refused
 * => a charge that fits may be refused while a larger one is being taken back: reclaim and retry
 */
bool page_counter_try_charge(struct page_counter *counter, unsigned long nr_pages,
			     struct page_counter **fail)
{
	struct page_counter *c;

	for (c = counter; c; c = c->parent) {
		long usage = atomic_fetch_add(&c->usage, nr_pages) + (long)nr_pages;

		if (usage > (long)READ_ONCE(c->max)) {
			atomic_fetch_sub(&c->usage, nr_pages);
			c->failcnt++;
			*fail = c;
			break;
		}
		note_usage(c, usage);
	}
	if (likely(!c))
		return true;
	for (struct page_counter *below = counter; below != c; below = below->parent)
		uncharge_one(below, nr_pages);
	return false;
}

/* The protection of @counter has changed, so what it and its ancestors report may, too. */
static void report_upwards(struct page_counter *counter)
{
	for (struct page_counter *c = counter; c; c = c->parent)
		propagate_protected(c, page_counter_read(c));
}

/* page_counter_set_min: memory.min. */
void page_counter_set_min(struct page_counter *counter, unsigned long nr_pages)
{
	WRITE_ONCE(counter->min, nr_pages);
	report_upwards(counter);
}

/* page_counter_set_low: memory.low. */
void page_counter_set_low(struct page_counter *counter, unsigned long nr_pages)
{
	WRITE_ONCE(counter->low, nr_pages);
	report_upwards(counter);
}

/*
 * page_counter_memparse: what was written to a limit's file: bytes with K, M, G …, or the word
 * @max. Bytes are rounded down to pages.
 *
 * => 0 or -EINVAL ("1.5M", "-1", "x")
 */
int page_counter_memparse(const char *buf, const char *max, unsigned long *nr_pages)
{
	unsigned long long bytes;
	char *end;

	if (!strcmp(buf, max)) {
		*nr_pages = PAGE_COUNTER_MAX;
		return 0;
	}
	bytes = memparse(buf, &end);
	if (*end)
		return -EINVAL;
	*nr_pages = MIN(bytes / PAGE_SIZE, PAGE_COUNTER_MAX);
	return 0;
}

/* --- protection --- */

/*
 * page_counter_effective: how many of @usage pages are protected, when the group asks for
 * @setting.
 *
 * => @parent_effective: what the parent has to give; @siblings_protected: what all its children
 *    together use within their own settings
 * => @recursive (the mount option memory_recursiveprot): what the children leave of the parent's
 *    protection goes to them too, by how much each uses beyond its own
 */
unsigned long page_counter_effective(unsigned long usage, unsigned long parent_usage,
				     unsigned long setting, unsigned long parent_effective,
				     unsigned long siblings_protected, bool recursive)
{
	unsigned long own = MIN(usage, setting), spare;

	/* Promised more often than it is there: shared out by real use. */
	if (siblings_protected > parent_effective)
		return own * parent_effective / siblings_protected;
	/* All ask for no more than there is: each gets what it asks for. */
	if (!recursive || parent_usage <= siblings_protected || usage <= own)
		return own;
	/* More than the parent uses protects no more; and no product here exceeds 64 bits. */
	spare = MIN(parent_effective, parent_usage) - siblings_protected;
	return own + spare * (usage - own) / (parent_usage - siblings_protected);
}

/*
 * page_counter_calculate_protection: emin and elow of @counter, for a reclaim whose root is @root.
 *
 * => the parent's have been computed by the same walk (unless it is @root)
 * => @root itself has none: it is to give memory
 */
void page_counter_calculate_protection(struct page_counter *root, struct page_counter *counter,
				       bool recursive)
{
	unsigned long usage = page_counter_read(counter), parent_usage;
	struct page_counter *parent = counter->parent;

	if (counter == root || !parent || !usage)
		return;
	if (parent == root) {
		counter->emin = READ_ONCE(counter->min);
		counter->elow = READ_ONCE(counter->low);
		return;
	}
	parent_usage = page_counter_read(parent);
	WRITE_ONCE(counter->emin,
		   page_counter_effective(usage, parent_usage, READ_ONCE(counter->min),
					  READ_ONCE(parent->emin), parent->children_min_usage,
					  recursive));
	WRITE_ONCE(counter->elow,
		   page_counter_effective(usage, parent_usage, READ_ONCE(counter->low),
					  READ_ONCE(parent->elow), parent->children_low_usage,
					  recursive));
}
