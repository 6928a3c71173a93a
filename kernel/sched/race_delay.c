/*
 * race_delay.c - races made likely (make CHECKS=1, race_delay=N).
 *
 * Idea:   a mistake between two CPUs has a window of a few instructions: one lets go of a lock and
 *         looks once more at what the lock guarded, and just then another frees it. Left
 *         alone, that is hit once in days. So at one of N such places, at random,
 *         a CPU stands still for up to some 100 us: before it takes a lock, after it has let
 *         go of one, and between that and the waking of who waits for it. What is right stays
 *         right, only slower; what is wrong meets the poison of freed memory soon.
 * Locks:  none; any context.
 * Above:  kernel/x86/spinlock.h and spinlock.c, lockcheck.c, mutex.c, rwsem.c.
 *         In Linux: kernel/kcsan stalls in much the same way.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/x86/spinlock.h"

#define LONGEST 500	/* times cpu_relax(): under QEMU a fifth of a microsecond */

static unsigned long interval;	/* boot only; 0: never */

static int set_race_delay(const char *value)
{
	char *end;

	interval = simple_strtoul(value, &end, 0);
	return !CHECKS || *end ? -EINVAL : 0;	/* the other kernel has no such places */
}
CTL_PARAM("race_delay", set_race_delay);

/* kernel/x86/spinlock.h */
void race_delay(void)
{
	if (likely(!interval) || get_random_below(interval))
		return;
	for (u64 left = get_random_below(LONGEST); left; left--)
		cpu_relax();
}
