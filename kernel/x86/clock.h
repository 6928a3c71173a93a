/*
 * clock.h - what time it is, and an interrupt at a given time.
 *
 * Idea: nanoseconds are the TSC's count times a factor, found once against the
 *       HPET or the ACPI timer if CPUID does not tell. The TSC is never written
 *       and user space may read it (CR4.TSD clear). Events come from the local
 *       APIC, by TSC deadline where it has one.
 * Locks: none: a clock is a pure function of the TSC; clockevent: this CPU.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/vdso/data.h"

/* => apic_init(), acpi_init(). @tick_ns: what the coarse clocks are counted in */
void clock_init(u64 tick_ns);
extern union vdso_data_page vdso_data_page;	/* the time page, which programs read: clock.c's */
void clockevent_init_cpu(void);		/* on each CPU, after apic_init_cpu() */
u64 ktime_get_ns(void);			/* since boot, monotonic on and across CPUs; any context */
u64 ktime_get_real_ns(void);		/* since 1970 */
void ktime_set_real_ns(u64 ns);		/* settimeofday(2) */
void clock_set_timezone(u64 zone);	/* struct timezone's two ints, for programs only */
u64 ktime_coarse(u64 ns);		/* @ns since boot, as of the last tick */
u64 ktime_get_coarse_real_ns(void);
extern u32 tsc_khz;			/* c */
/*
 * An interrupt on this CPU (scheduler_tick) at @expires_ns or soon after; replaces the last. ~0:
 * none.
 */
void clockevent_set(u64 expires_ns);
void ndelay(unsigned long ns);		/* busy */
void udelay(unsigned long us);
/* a new CPU compares its TSC with one read before on another */
void clock_check_warp(u64 seen_tsc);
