/*
 * time.h - times of user space in nanoseconds.
 */
#pragma once

#include "kernel/abi/time.h"
#include "kernel/sched/timer.h"

#define KTIME_MAX INT64_MAX

static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && (u64)ts->tv_nsec < (u64)NSEC_PER_SEC;
}
/* Saturates. */
static inline s64 timespec_to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= KTIME_MAX / NSEC_PER_SEC)
		return KTIME_MAX;
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}
static inline bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && (u64)tv->tv_usec < 1000000;
}
static inline s64 timeval_to_ns(const struct timeval *tv)
{
	if (tv->tv_sec >= KTIME_MAX / NSEC_PER_SEC)
		return KTIME_MAX;
	return tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
}
static inline struct timespec ns_to_timespec(u64 ns)
{
	return (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}
static inline struct timeval ns_to_timeval(u64 ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };
}
/* A CPU-time clock's number: ~pid << 3 | bits; pid 0: one's own. */
#define CPUCLOCK_PERTHREAD 4
#define CPUCLOCK_KIND 3		/* 0 PROF, VIRT, 2 SCHED; 3: not a CPU clock */
#define CPUCLOCK_VIRT 1		/* user time only */
/* What @clock says now. -EINVAL: no such clock. */
int clock_now(int clock, u64 *ns);
/* Not a CPU-time clock: how far it is ahead of CLOCK_MONOTONIC now. */
s64 clock_offset(int clock);
/* The caller has the right to. 0; -EINVAL: before the machine was on, or so late that it may overflow */
int set_real_time(s64 ns);
bool clock_can_sleep(int clock);	/* monotonic, realtime, boottime and their like */
