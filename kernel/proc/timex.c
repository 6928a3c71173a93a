/*
 * timex.c - adjtimex(2), clock_adjtime(2): how the clock keeps time.
 *
 * Idea:   nothing here steers the clock's rate, so it is told as it is: unsynchronized, at its
 *         nominal rate. A jump by an offset is done, adjtime(3)'s slow one all at once; the other
 *         modes, which would steer, are EINVAL.
 * Locks:  none.
 * Above:  the system call table.   In Linux: kernel/time/ntp.c, timekeeping.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/timex.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"

#define MAX_ERROR_US 16000000		/* what an unsynchronized clock says of itself */
#define MAX_FREQ 32768000		/* 500 ppm, scaled by 2^16 */

/* Moves the time of day by tx->time: its fraction is never negative. 0, -EINVAL */
static int jump(const struct timex *tx)
{
	s64 unit = tx->modes & ADJ_NANO ? 1 : NSEC_PER_USEC, now = ktime_get_real_ns();
	s64 limit = INT64_MAX / NSEC_PER_SEC / 2;

	if (tx->time.tv_usec < 0 || tx->time.tv_usec >= NSEC_PER_SEC / unit ||
	    tx->time.tv_sec < -limit || tx->time.tv_sec > limit)
		return -EINVAL;
	return set_real_time(now + tx->time.tv_sec * NSEC_PER_SEC + tx->time.tv_usec * unit);
}

/* adjtime(3)'s request, in microseconds, as a jump. */
static struct timex singleshot(const struct timex *tx)
{
	s64 us = tx->offset % 1000000, s = tx->offset / 1000000;

	if (us < 0) {
		us += 1000000;
		s--;
	}
	return (struct timex){ .modes = ADJ_SETOFFSET, .time = { s, us } };
}

/* syscalls.h */
long sys_clock_adjtime(int clock, struct timex __user *utx)
{
	struct timex tx, answer;
	u64 now;
	int err;

	if (copy_from_user(&tx, utx, sizeof(tx)))
		return -EFAULT;
	if (clock != CLOCK_REALTIME)
		return clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ? -EOPNOTSUPP : -EINVAL;
	if (tx.modes && tx.modes != ADJ_OFFSET_SS_READ) {
		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		if (tx.modes == ADJ_OFFSET_SINGLESHOT)
			tx = singleshot(&tx);
		if ((tx.modes & ~ADJ_NANO) != ADJ_SETOFFSET)
			return -EINVAL;
		err = jump(&tx);
		if (err)
			return err;
	}
	now = ktime_get_real_ns();
	answer = (struct timex){ .modes = tx.modes, .maxerror = MAX_ERROR_US, .esterror = MAX_ERROR_US,
				 .status = STA_UNSYNC, .constant = 2, .precision = 1,
				 .tolerance = MAX_FREQ, .tick = 1000000 / USER_HZ };
	answer.time.tv_sec = now / NSEC_PER_SEC;
	answer.time.tv_usec = now % NSEC_PER_SEC / NSEC_PER_USEC;
	return copy_to_user(utx, &answer, sizeof(answer)) ? -EFAULT : TIME_ERROR;
}

/* syscalls.h */
long sys_adjtimex(struct timex __user *utx)
{
	return sys_clock_adjtime(CLOCK_REALTIME, utx);
}
