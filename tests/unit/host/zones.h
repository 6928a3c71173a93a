/*
 * zones.h - the one node's zones, in short.
 */
#pragma once

#include "mm/page_alloc.h"

/* Requests that neither wait nor complain: the kernel's, and a user's. */
#define ANY_NOWAIT  (GFP_NOWAIT | __GFP_NOWARN)
#define USER_NOWAIT (__GFP_HIGHMEM | __GFP_MOVABLE | ANY_NOWAIT)

static inline struct zone *zone_of(enum zone_type i)
{
	return &NODE_DATA(0)->node_zones[i];
}
static inline long free_of(enum zone_type i)
{
	return zone_of(i)->vm_stat[NR_FREE_PAGES];
}
