/*
 * timex.h - adjtimex(2). Linux x86-64's layout.
 */
#pragma once

#include "kernel/abi/time.h"

struct timex {
	u32 modes, pad0;
	s64 offset, freq, maxerror, esterror;
	s32 status, pad1;
	s64 constant, precision, tolerance;
	struct timeval time;
	s64 tick, ppsfreq, jitter;
	s32 shift, pad2;
	s64 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai, pad3[11];
};
_Static_assert(sizeof(struct timex) == 208, "adjtimex(2)");

#define ADJ_SETOFFSET 0x0100
#define ADJ_NANO 0x2000
#define ADJ_OFFSET_SINGLESHOT 0x8001
#define ADJ_OFFSET_SS_READ 0xa001
#define STA_UNSYNC 0x0040
#define TIME_ERROR 5			/* the clock is not synchronized */
