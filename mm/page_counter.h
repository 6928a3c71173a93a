/*
 * page_counter.h - pages in use by a group and all below it, held against limits.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"

/* "max": no limit. So large that the sum of two still fits into a long. */
#define PAGE_COUNTER_MAX ((unsigned long)__LONG_MAX__ / PAGE_SIZE)

/* Guards: a atomic   c set once   w whoever writes the group's files; read one word at a time */
struct page_counter {
	_Atomic long usage;		/* a: this group's and its descendants' pages */
	unsigned long min, low;		/* w: protected from reclaim: always; if it can be helped */
	unsigned long high, max;	/* w: slowed down above; never above */
	struct page_counter *parent;	/* c: NULL: the root */
	unsigned long watermark;	/* the highest usage so far; races lose a page at most */
	_Atomic unsigned long failcnt;	/* a: charges that max refused */

	/* What of usage is within min and low: so much the parent's protection is shared out for. */
	_Atomic unsigned long min_usage, low_usage;			/* a */
	_Atomic unsigned long children_min_usage, children_low_usage;	/* a: sums of the above */
	/* What is left of min and low after the ancestors' share; as of the last reclaim. */
	unsigned long emin, elow;
};

void page_counter_init(struct page_counter *counter, struct page_counter *parent);
static inline unsigned long page_counter_read(const struct page_counter *counter)
{
	long usage = counter->usage;

	return usage > 0 ? usage : 0;
}
/* Any context, all of them. */
void page_counter_charge(struct page_counter *counter, unsigned long nr_pages);
bool page_counter_try_charge(struct page_counter *counter, unsigned long nr_pages,
			     struct page_counter **fail);
void page_counter_uncharge(struct page_counter *counter, unsigned long nr_pages);
void page_counter_set_min(struct page_counter *counter, unsigned long nr_pages);
void page_counter_set_low(struct page_counter *counter, unsigned long nr_pages);
int page_counter_memparse(const char *buf, const char *max, unsigned long *nr_pages);
unsigned long page_counter_effective(unsigned long usage, unsigned long parent_usage,
				     unsigned long setting, unsigned long parent_effective,
				     unsigned long siblings_protected, bool recursive);
void page_counter_calculate_protection(struct page_counter *root, struct page_counter *counter,
				       bool recursive);
