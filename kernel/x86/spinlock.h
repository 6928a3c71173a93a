/*
 * spinlock.h - spinlocks and reader-writer spinlocks, each with a rank.
 *
 * Idea: a spinlock also turns preemption off, but this kernel is not preempted
 *       inside, so taking one is one exchange and nothing else. Whoever runs when
 *       it is free gets it: the CPUs are virtual, and a queue would hand it to
 *       one that the host has put aside while others spin (measured: with
 *       tickets the demo took four CPUs on a busy host 100 s and more, now 25 s;
 *       Linux does without its queue in a virtual machine, too). A lock that an
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
	u32 locked;		/* a: 1: taken */
	u16 rank;		/* enum lock_rank */
	s16 cpu;		/* holder's CPU + 1, 0 if free: only with CHECKS */
} spinlock_t;

/* Readers count up from 0; a writer holds it at -1 << 31 .. ; see spinlock.c */
typedef struct rwlock {
	_Atomic int value;	/* > 0 readers, -1 a writer, 0 free */
	/* waiting writers: new readers stand back (not those in interrupts) */
	_Atomic int writers;
	u16 rank;
} rwlock_t;

#define SPINLOCK_INIT(rank_) { .locked = 0, .rank = (rank_), .cpu = 0 }
#define RWLOCK_INIT(rank_) { .value = 0, .writers = 0, .rank = (rank_) }
static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT(rank);
}

/* Hooks of kernel/sched/lockcheck.c; called only if CHECKS. */
void lockcheck_acquire(const void *lock, enum lock_rank rank, bool nested);
void lockcheck_trylocked(const void *lock, enum lock_rank rank);	/* any order is right */
void lockcheck_release(const void *lock);
void race_delay(void);	/* kernel/sched/race_delay.c: others may run on, if the kernel was told so */
void spin_wait(spinlock_t *lock);	/* spins until it is ours; a watchdog reports a deadlock */

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

static __always_inline bool spin_try(spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}
/* => may be called in any context; never sleeps. */
static __always_inline void spin_lock(spinlock_t *lock)
{
	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, false);
	if (unlikely(!spin_try(lock)))
		spin_wait(lock);
}
/* The second lock of one rank (lower address first). */
static __always_inline void spin_lock_nested(spinlock_t *lock)
{
	if (CHECKS)
		lockcheck_acquire(lock, (enum lock_rank)lock->rank, true);
	if (unlikely(!spin_try(lock)))
		spin_wait(lock);
}
static __always_inline bool spin_trylock(spinlock_t *lock)
{
	if (READ_ONCE(lock->locked) || !spin_try(lock))
		return false;
	if (CHECKS)
		lockcheck_trylocked(lock, (enum lock_rank)lock->rank);
	return true;
}
static __always_inline void spin_unlock(spinlock_t *lock)
{
	if (CHECKS)
		lockcheck_release(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	if (CHECKS)
		race_delay();
}
static __always_inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->locked);
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
static __always_inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	spin_lock(lock);
}
static __always_inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	local_irq_enable();
}

/* spinlock.c: process context only (no interrupt takes a rwlock); never sleep; readers may nest. */
void read_lock(rwlock_t *lock);
void read_unlock(rwlock_t *lock);
void write_lock(rwlock_t *lock);
void write_unlock(rwlock_t *lock);
