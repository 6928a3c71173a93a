/*
 * stubs.h - what was asked of those who are not there, and what they answer.
 */
#pragma once

#include "kernel/lib/types.h"

struct oom_control;
struct pglist_data;
struct zone;

extern u64 host_clock_ns;
extern unsigned int host_kswapd_wakes, host_reclaims, host_ooms; /* calls */
/* Direct reclaim and the OOM killer of a test; NULL: they get nothing. */
extern unsigned long (*host_reclaim)(struct pglist_data *pgdat, int order, gfp_t gfp);
extern unsigned long (*host_reclaimable)(struct zone *zone);
extern bool (*host_oom)(struct oom_control *oc);
