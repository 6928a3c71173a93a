/*
 * cross.h - one CPU makes others run a function: the mechanism of smp.h and tlb.c.
 */
#pragma once

#include "kernel/lib/types.h"

enum cross_kind { CROSS_CALL, CROSS_TLB };	/* which vector, for /proc/interrupts */
void cross_call(u64 mask, void (*fn)(void *), void *arg, enum cross_kind kind);
void cross_init(void);		/* the vectors' handlers */
