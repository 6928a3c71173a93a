/*
 * rtc.h - the battery-backed clock.
 */
#pragma once

#include "kernel/lib/types.h"

u64 rtc_read_seconds(void);	/* since 1970, UTC; 0 if it shows nonsense */
