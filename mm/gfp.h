/*
 * gfp.h - "get free page" flags: who asks, from which zones, and how hard to try.
 *
 * Idea: Linux 6.1's values, since OOM reports print them (gfp_mask=0x140dca).
 */
#pragma once

#include "kernel/lib/types.h"

enum gfp_bits {
	__GFP_DMA = 0x01,
	__GFP_HIGHMEM = 0x02,
	__GFP_DMA32 = 0x04,
	__GFP_MOVABLE = 0x08,
	__GFP_RECLAIMABLE = 0x10,
	__GFP_HIGH = 0x20,		/* may use part of the reserve below min */
	__GFP_IO = 0x40,
	__GFP_FS = 0x80,
	__GFP_ZERO = 0x100,
	__GFP_ATOMIC = 0x200,
	__GFP_DIRECT_RECLAIM = 0x400,	/* may sleep */
	__GFP_KSWAPD_RECLAIM = 0x800,
	__GFP_WRITE = 0x1000,
	__GFP_NOWARN = 0x2000,
	__GFP_RETRY_MAYFAIL = 0x4000,
	__GFP_NOFAIL = 0x8000,
	__GFP_NORETRY = 0x10000,
	__GFP_MEMALLOC = 0x20000,
	__GFP_COMP = 0x40000,
	__GFP_NOMEMALLOC = 0x80000,
	__GFP_HARDWALL = 0x100000,
	__GFP_THISNODE = 0x200000,
	__GFP_ACCOUNT = 0x400000,
};

/* How hard to try, as opposed to what is wanted. */
#define __GFP_RECLAIM_MASK (__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_RETRY_MAYFAIL | \
	__GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC)
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO (__GFP_RECLAIM)
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
