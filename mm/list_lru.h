/*
 * list_lru.h - the unused objects of a cache that can shrink, by the memory group that pays for them.
 *
 * Idea: in one list for all, reclaim within a group would throw out what others have cached, and
 *       never come to what its own group has. So each group has a list of its own for each such
 *       cache, oldest first, and reclaim asks for those of the groups that it goes through:
 *
 *           dentries:   root  [ ] [ ] [ ]        inodes:   root  [ ] [ ]
 *                       /a    [ ] [ ]                      /a    [ ] [ ]
 *
 *       A group that is removed leaves its objects, and so its lists, to its parent.
 * Locks:  the cache's own, for all functions but list_lru_count() and list_lru_reparent().
 * In Linux: mm/list_lru.c.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/x86/spinlock.h"

struct mem_cgroup;

#define MAX_LIST_LRUS 4			/* caches that have such lists */

struct list_lru_one {
	struct list_head list;
	/* of a group that is being removed below zero for a moment: what it loses is counted above */
	long nr;
};
struct list_lru {
	unsigned int id;		/* c: which of a group's lists */
	spinlock_t *lock;		/* c: the cache's */
	struct list_lru_one root;	/* what no group pays for */
};

void list_lru_init(struct list_lru *lru, spinlock_t *lock);	/* boot */
void list_lru_init_group(struct list_lru_one lists[MAX_LIST_LRUS]);
/*
 * @object (of a slab cache) has become unused; @link is its own, not on a list. As the youngest. Or
 * it is used again, or goes: del does nothing if it is on none. Or it deserves another round.
 */
void list_lru_add(struct list_lru *lru, void *object, struct list_head *link);
void list_lru_del(struct list_lru *lru, void *object, struct list_head *link);
void list_lru_rotate(struct list_lru *lru, void *object, struct list_head *link);
/* The oldest of @memcg's (NULL: the root's) own; NULL: there is none. */
struct list_head *list_lru_first(struct list_lru *lru, struct mem_cgroup *memcg);
unsigned long list_lru_count(struct list_lru *lru, struct mem_cgroup *memcg);
/* @memcg's objects have become its parent's (obj_cgroup.c): so do its lists. Takes each lock. */
void list_lru_reparent(struct mem_cgroup *memcg);
