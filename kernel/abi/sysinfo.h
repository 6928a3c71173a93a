/* sysinfo.h - sysinfo(2). Linux x86-64's. */
#pragma once

#include "kernel/lib/types.h"

#define SI_LOAD_SHIFT 16
struct sysinfo {
	long uptime;
	unsigned long loads[3];		/* fixed point, SI_LOAD_SHIFT */
	/* in mem_unit bytes */
	unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	unsigned long totalhigh, freehigh;
	u32 mem_unit;
};
_Static_assert(sizeof(struct sysinfo) == 112, "sysinfo");
