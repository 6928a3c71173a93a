/*
 * spinlock.h - spinlocks of the unit tests' machine, which has one thread.
 *
 * Idea: a lock that is taken when it is wanted will never come free: that is a
 *       failed test. The order of locks is checked by the real
 *       kernel/sched/lockcheck.c. The interrupt flag is a variable.
 * Locks: this is them.
 */
#pragma once

#include "kernel/lib/bug.h"
#include "kernel/lib/lock_rank.h"
#include "kernel/lib/types.h"

enum { CHECKS = BRINK_CHECKS };

typedef struct spinlock {
	u16 rank;
	bool locked;
} spinlock_t;
typedef struct rwlock {
	_Atomic int value;	/* > 0 readers, -1 a writer, 0 free */
	u16 rank;
} rwlock_t;

#define SPINLOCK_INIT(rank_) { .rank = (rank_) }
#define RWLOCK_INIT(rank_) { .rank = (rank_) }
static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT(rank);
}

void lockcheck_acquire(const void *lock, enum lock_rank rank, bool nested);
void lockcheck_trylocked(const void *lock, enum lock_rank rank);
void lockcheck_release(const void *lock);
void race_delay(void);

extern bool host_irqs_off;
static inline unsigned long local_irq_save(void)
{
	unsigned long flags = host_irqs_off;

	host_irqs_off = true;
	return flags;
}
static inline void local_irq_restore(unsigned long flags) { host_irqs_off = flags; }
static inline void local_irq_disable(void) { host_irqs_off = true; }
static inline void local_irq_enable(void) { host_irqs_off = false; }
static inline bool irqs_disabled(void) { return host_irqs_off; }
static inline void cpu_relax(void) { }

static inline void host_spin_take(spinlock_t *lock, bool nested)
{
	lockcheck_acquire(lock, (enum lock_rank)lock->rank, nested);
	BUG_ON(lock->locked);		/* it would spin for ever */
	lock->locked = true;
}
static inline void spin_lock(spinlock_t *lock) { host_spin_take(lock, false); }
static inline void spin_lock_nested(spinlock_t *lock) { host_spin_take(lock, true); }
static inline bool spin_trylock(spinlock_t *lock)
{
	if (lock->locked)
		return false;
	lock->locked = true;
	lockcheck_trylocked(lock, (enum lock_rank)lock->rank);
	return true;
}
static inline void spin_unlock(spinlock_t *lock)
{
	lockcheck_release(lock);
	BUG_ON(!lock->locked);
	lock->locked = false;
}
static inline bool spin_is_locked(const spinlock_t *lock) { return lock->locked; }
static inline unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = local_irq_save();

	spin_lock(lock);
	return flags;
}
static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}
static inline void spin_lock_irq(spinlock_t *lock) { local_irq_disable(); spin_lock(lock); }
static inline void spin_unlock_irq(spinlock_t *lock) { spin_unlock(lock); local_irq_enable(); }

static inline void read_lock(rwlock_t *lock)
{
	lockcheck_acquire(lock, (enum lock_rank)lock->rank, true);
	BUG_ON(lock->value < 0);
	lock->value++;
}
static inline void read_unlock(rwlock_t *lock)
{
	lockcheck_release(lock);
	BUG_ON(lock->value <= 0);
	lock->value--;
}
static inline void write_lock(rwlock_t *lock)
{
	lockcheck_acquire(lock, (enum lock_rank)lock->rank, false);
	BUG_ON(lock->value);
	lock->value = -1;
}
static inline void write_unlock(rwlock_t *lock)
{
	lockcheck_release(lock);
	BUG_ON(lock->value != -1);
	lock->value = 0;
}
