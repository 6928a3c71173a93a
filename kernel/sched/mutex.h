/*
 * mutex.h - the sleeping locks: mutex, and rw_semaphore (many readers or one writer).
 *
 * Idea: fast path is one atomic; the slow path queues, first come first served, but who runs may
 *       take a free lock before a waiter has woken up. A waiting writer holds back new
 *       readers. The _killable forms give up with -EINTR on a fatal signal.
 * Locks:  inside, LOCK_WAITQ.  => may sleep: not under spinlocks, not in interrupts.
 */
#pragma once

#include "kernel/sched/wait.h"

struct mutex {
	_Atomic(struct task_struct *) owner;	/* a: NULL: free. Bit 0: waiters */
	u16 rank;
	struct wait_queue_head wait;
};
#define MUTEX_INIT(name, rank_) { .owner = NULL, .rank = (rank_), .wait = WAIT_QUEUE_HEAD_INIT((name).wait) }
#define DEFINE_MUTEX(name, rank_) struct mutex name = MUTEX_INIT(name, rank_)
void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_lock(struct mutex *m);
void mutex_lock_nested(struct mutex *m);	/* the second of one rank */
int mutex_lock_killable(struct mutex *m);
int mutex_lock_interruptible(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(const struct mutex *m);

struct rw_semaphore {
	_Atomic long count;		/* a: readers, a writer, and who waits: rwsem.c */
	_Atomic(struct task_struct *) owner;	/* a: the writer, for the task dump */
	u16 rank;
	spinlock_t wait_lock;		/* LOCK_WAITQ */
	struct list_head waiters;	/* wait_lock */
};
#define RWSEM_INIT(name, rank_) { .count = 0, .rank = (rank_), .wait_lock = SPINLOCK_INIT(LOCK_WAITQ), \
	.waiters = { &(name).waiters, &(name).waiters } }
#define DEFINE_RWSEM(name, rank_) struct rw_semaphore name = RWSEM_INIT(name, rank_)
void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank);
void down_read(struct rw_semaphore *sem);
int down_read_killable(struct rw_semaphore *sem);
bool down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
void down_write_nested(struct rw_semaphore *sem);
int down_write_killable(struct rw_semaphore *sem);
bool down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem);
bool rwsem_is_locked(const struct rw_semaphore *sem);
void assert_rwsem_held(const struct rw_semaphore *sem);
void assert_rwsem_held_write(const struct rw_semaphore *sem);
