/*
 * spinlock.c - the slow halves of the spinning locks.
 *
 * Idea:  spinlock.h. A wait of several seconds can only be a deadlock: it is
 *        reported once, with a backtrace, and the wait goes on.
 * Locks: this is them.
 */
#include "kernel/x86/spinlock.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/io.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/reboot.h"

/* About 10 s at 2 GHz; under emulation a virtual CPU may not run for a while. */
#define LOCKUP_TSC_TICKS 20000000000UL

/* One round of waiting; says so when it has lasted too long. @start: 0 at first. */
static void spin_round(u64 *start, const void *lock, int rank)
{
	u64 now = rdtsc();

	cpu_relax();
	if (!*start)
		*start = now;
	if (now - *start < LOCKUP_TSC_TICKS || panic_in_progress)
		return;
	*start = now;
	pr_emerg("BUG: spinlock lockup suspected on CPU#%d, lock %px rank %d\n", smp_processor_id(),
		 lock, rank);
	dump_stack();
}

/* Looks before it tries again: reading leaves the cache line with the holder. */
void spin_wait(spinlock_t *lock)
{
	u64 start = 0;

	do {
		while (READ_ONCE(lock->locked))
			spin_round(&start, lock, lock->rank);
	} while (!spin_try(lock));
}

/*
 * Read locks held by this CPU: a nested reader must not stand back for a writer that waits for it.
 */
static DEFINE_PER_CPU(int, read_locks);

void read_lock(rwlock_t *lock)
{
	u64 start = 0;
	int v;

	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, true);
	for (;;) {
		v = lock->value;
		if (v >= 0 && (!lock->writers || this_cpu_read(read_locks)) &&
		    __atomic_compare_exchange_n((int *)&lock->value, &v, v + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			break;
		spin_round(&start, lock, lock->rank);
	}
	this_cpu_inc(read_locks);
}

void read_unlock(rwlock_t *lock)
{
	if (CHECKS)
		lockcheck_release(lock);
	this_cpu_dec(read_locks);
	__atomic_fetch_sub((int *)&lock->value, 1, __ATOMIC_RELEASE);
	if (CHECKS)
		race_delay();
}

void write_lock(rwlock_t *lock)
{
	u64 start = 0;
	int free = 0;

	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, false);
	__atomic_fetch_add((int *)&lock->writers, 1, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n((int *)&lock->value, &free, -1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		free = 0;
		spin_round(&start, lock, lock->rank);
	}
	__atomic_fetch_sub((int *)&lock->writers, 1, __ATOMIC_RELAXED);
}

void write_unlock(rwlock_t *lock)
{
	if (CHECKS)
		lockcheck_release(lock);
	__atomic_store_n((int *)&lock->value, 0, __ATOMIC_RELEASE);
	if (CHECKS)
		race_delay();
}
