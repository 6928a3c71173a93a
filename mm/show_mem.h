/* show_mem.h - the Mem-Info block of OOM reports and sysrq m. */
#pragma once

#include "kernel/lib/nodemask.h"
#include "mm/gfp.h"

/*
 * filter 1: nodes outside @nodemask (NULL: current's mems_allowed) are left out.
 * Zones that @gfp may not use are left out; sysrq m passes GFP_HIGHUSER: all.
 */
void show_mem(unsigned int filter, const nodemask_t *nodemask, gfp_t gfp);
/* "GFP_KERNEL|__GFP_ZERO" as Linux prints it */
void print_gfp_mask(char *buf, size_t size, gfp_t gfp);
