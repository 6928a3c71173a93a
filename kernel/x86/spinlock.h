/*
 * spinlock.h - ticket spinlocks and reader-writer spinlocks, each with a rank.
 *
 * Idea: a spinlock also turns preemption off, but this kernel is not preempted
 *       inside, so taking one is the ticket and nothing else. A lock that an
 *       interrupt handler takes is taken everywhere with the _irqsave form.
 *       With CHECKS (make CHECKS=1, the tests' build) every acquisition goes
 *       past kernel/sched/lockcheck.c through two hooks.
 * Locks:  this is them; the order is kernel/lib/lock_rank.h.
 */
#pragma once

#include "kernel/lib/lock_rank.h"
#include "kernel/lib/types.h"

enum { CHECKS = BRINK_CHECKS };	/* 0 or 1, from the Makefile */

typedef struct spinlock {
	u16 next, owner;	/* the next ticket; the ticket that may enter */
	u16 rank;		/* enum lock_rank */
	s16 cpu;		/* holder's CPU + 1, 0 if free: only with CHECKS */
} spinlock_t;

/* Readers count up from 0; a writer holds it at -1 << 31 .. ; see rwlock.c */
typedef struct rwlock {
	_Atomic int value;	/* > 0 readers, -1 a writer, 0 free */
	_Atomic int writers;	/* waiting writers: new readers stand back (not those in interrupts) */
	u16 rank;
} rwlock_t;

#define SPINLOCK_INIT(rank_) { .next = 0, .owner = 0, .rank = (rank_), .cpu = 0 }
#define RWLOCK_INIT(rank_) { .value = 0, .writers = 0, .rank = (rank_) }
static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT(rank);
}

/* Hooks of kernel/sched/lockcheck.c; called only if CHECKS. */
void lockcheck_acquire(const void *lock, enum lock_rank rank, bool nested);
void lockcheck_trylocked(const void *lock, enum lock_rank rank);	/* any order is right */
void lockcheck_release(const void *lock);
void spin_wait(spinlock_t *lock, u16 ticket);	/* spins until served; a watchdog reports a deadlock */

static __always_inline unsigned long local_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; pop %0; cli" : "=rm"(flags)::"memory");
	return flags;
}
static __always_inline void local_irq_restore(unsigned long flags)
{
	if (flags & (1UL << 9))		/* RFLAGS.IF, SDM vol. 1, 3.4.3 */
		__asm__ volatile("sti" ::: "memory");
}
static __always_inline void local_irq_disable(void) { __asm__ volatile("cli" ::: "memory"); }
static __always_inline void local_irq_enable(void) { __asm__ volatile("sti" ::: "memory"); }
static __always_inline bool irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; pop %0" : "=rm"(flags));
	return !(flags & (1UL << 9));
}
static __always_inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

/* => may be called in any context; never sleeps. */
static __always_inline void spin_lock(spinlock_t *lock)
{
	u16 ticket;

	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, false);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);
	if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket))
		spin_wait(lock, ticket);
}
/* The second lock of one rank (lower address first). */
static __always_inline void spin_lock_nested(spinlock_t *lock)
{
	u16 ticket;

	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, true);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);
	if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket))
		spin_wait(lock, ticket);
}
static __always_inline bool spin_trylock(spinlock_t *lock)
{
	u16 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED), want = owner;

	if (!__atomic_compare_exchange_n(&lock->next, &want, (u16)(owner + 1), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	if (CHECKS)
		lockcheck_trylocked(lock, (enum lock_rank)lock->rank);
	return true;
}
static __always_inline void spin_unlock(spinlock_t *lock)
{
	if (CHECKS)
		lockcheck_release(lock);
	__atomic_store_n(&lock->owner, (u16)(lock->owner + 1), __ATOMIC_RELEASE);
}
static __always_inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->next) != READ_ONCE(lock->owner);
}
static __always_inline unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = local_irq_save();

	spin_lock(lock);
	return flags;
}
static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}
static __always_inline void spin_lock_irq(spinlock_t *lock) { local_irq_disable(); spin_lock(lock); }
static __always_inline void spin_unlock_irq(spinlock_t *lock) { spin_unlock(lock); local_irq_enable(); }

/* rwlock.c: process context only (no interrupt takes a rwlock); never sleep; readers may nest. */
void read_lock(rwlock_t *lock);
void read_unlock(rwlock_t *lock);
void write_lock(rwlock_t *lock);
void write_unlock(rwlock_t *lock);
