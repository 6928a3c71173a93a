/*
 * rwsem.c - many readers or one writer, the others sleep.
 *
 * Idea: count holds the readers, a bit for a writer and a bit for "somebody
 *       waits". While that bit is set nobody takes the lock by itself: whoever
 *       gives it up hands it to the first waiter, and to the readers right
 *       behind if that is a reader. So it is first come, first served, and a
 *       waiting writer holds back new readers. A waiter sleeps until granted.
 * Locks:  wait_lock (LOCK_WAITQ, irqsave) around the waiters and all grants.
 * Above:  mmap_lock, i_rwsem, i_mmap_rwsem, anon_vma.   In Linux: kernel/locking/rwsem.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"

enum { READER = 4, WAITING = 1, WRITER = 2 };

struct waiter {
	struct list_head entry;
	struct task_struct *task;
	bool writer;
	bool granted;
};

static inline long *count_of(struct rw_semaphore *sem) { return (long *)&sem->count; }

/* mutex.h */
void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank)
{
	sem->count = 0;
	sem->owner = NULL;
	sem->rank = rank;
	spin_lock_init(&sem->wait_lock, LOCK_WAITQ);
	INIT_LIST_HEAD(&sem->waiters);
}

/* Takes the lock if nobody has it in the way of us, and nobody waits. */
static inline bool try_read(struct rw_semaphore *sem)
{
	long c = __atomic_load_n(count_of(sem), __ATOMIC_RELAXED);

	while (likely(!(c & (WRITER | WAITING))))
		if (__atomic_compare_exchange_n(count_of(sem), &c, c + READER, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static inline bool try_write(struct rw_semaphore *sem)
{
	long c = 0;

	if (!__atomic_compare_exchange_n(count_of(sem), &c, WRITER, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	sem->owner = current;
	return true;
}

/* --- the slow way --- */

/* => wait_lock held: the waiter, which sees granted at once, takes it before it goes on */
static void grant(struct waiter *w)
{
	list_del(&w->entry);
	__atomic_store_n(&w->granted, true, __ATOMIC_RELEASE);
	wake_up_process(w->task);
}

/*
 * Hands the lock to whom it can be given. => wait_lock held; WAITING set, so that the count can
 * only fall
 */
static void grant_waiters(struct rw_semaphore *sem)
{
	struct waiter *w, *next;

	list_for_each_entry_safe(w, next, &sem->waiters, entry) {
		long c = __atomic_load_n(count_of(sem), __ATOMIC_ACQUIRE);

		if (c & WRITER || (w->writer && c >= READER))
			break;
		__atomic_fetch_add(count_of(sem), w->writer ? WRITER : READER, __ATOMIC_ACQUIRE);
		if (w->writer)
			sem->owner = w->task;
		grant(w);
	}
	if (list_empty(&sem->waiters))
		__atomic_fetch_and(count_of(sem), ~(long)WAITING, __ATOMIC_RELAXED);
}

static void hand_over(struct rw_semaphore *sem)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);

	if (!list_empty(&sem->waiters))
		grant_waiters(sem);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}

/* Gives up waiting; true: too late, it is ours. */
static bool leave_queue(struct rw_semaphore *sem, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);
	bool granted = w->granted;

	if (!granted) {
		list_del(&w->entry);
		grant_waiters(sem);	/* we may have stood in the way of those behind */
	}
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	return granted;
}

static int lock_slow(struct rw_semaphore *sem, bool writer, int state)
{
	struct waiter w = { .task = current, .writer = writer };
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);

	list_add_tail(&w.entry, &sem->waiters);
	__atomic_fetch_or(count_of(sem), WAITING, __ATOMIC_ACQ_REL);
	grant_waiters(sem);	/* it may have been given up before the bit was set */
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	for (;;) {
		current->__state = state;
		if (__atomic_load_n(&w.granted, __ATOMIC_ACQUIRE))
			break;
		if (signal_pending_state(state)) {
			current->__state = TASK_RUNNING;
			return leave_queue(sem, &w) ? 0 : -EINTR;
		}
		schedule_waiting(writer ? "rwsem_write" : "rwsem_read");
	}
	current->__state = TASK_RUNNING;
	/* Who granted it may still be waking us: our stack, and we, stay until that is done. */
	flags = spin_lock_irqsave(&sem->wait_lock);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	return 0;
}

static __always_inline int lock_read(struct rw_semaphore *sem, int state)
{
	int ret = 0;

	might_sleep();
	if (CHECKS)
		lockcheck_sleeping_acquire(sem, (enum lock_rank)sem->rank, LOCKCHECK_ORDERED,
					   (unsigned long)__builtin_return_address(0));
	if (unlikely(!try_read(sem)))
		ret = lock_slow(sem, false, state);
	if (CHECKS && ret)
		lockcheck_sleeping_release(sem);
	return ret;
}

static __always_inline int lock_write(struct rw_semaphore *sem, int state, bool nested)
{
	int ret = 0;

	might_sleep();
	if (CHECKS)
		lockcheck_sleeping_acquire(sem, (enum lock_rank)sem->rank,
					   nested ? LOCKCHECK_NESTED : LOCKCHECK_ORDERED,
					   (unsigned long)__builtin_return_address(0));
	if (unlikely(!try_write(sem)))
		ret = lock_slow(sem, true, state);
	if (CHECKS && ret)
		lockcheck_sleeping_release(sem);
	return ret;
}

/* --- mutex.h --- */

/* mutex.h */
void down_read(struct rw_semaphore *sem) { lock_read(sem, TASK_UNINTERRUPTIBLE); }
int down_read_killable(struct rw_semaphore *sem) { return lock_read(sem, TASK_KILLABLE); }
void down_write(struct rw_semaphore *sem) { lock_write(sem, TASK_UNINTERRUPTIBLE, false); }
void down_write_nested(struct rw_semaphore *sem) { lock_write(sem, TASK_UNINTERRUPTIBLE, true); }
int down_write_killable(struct rw_semaphore *sem) { return lock_write(sem, TASK_KILLABLE, false); }

/* mutex.h */
bool down_read_trylock(struct rw_semaphore *sem)
{
	if (!try_read(sem))
		return false;
	if (CHECKS)
		lockcheck_sleeping_acquire(sem, (enum lock_rank)sem->rank, LOCKCHECK_TRIED,
					   (unsigned long)__builtin_return_address(0));
	return true;
}

/* mutex.h */
bool down_write_trylock(struct rw_semaphore *sem)
{
	if (!try_write(sem))
		return false;
	if (CHECKS)
		lockcheck_sleeping_acquire(sem, (enum lock_rank)sem->rank, LOCKCHECK_TRIED,
					   (unsigned long)__builtin_return_address(0));
	return true;
}

/* mutex.h */
void up_read(struct rw_semaphore *sem)
{
	long c;

	if (CHECKS)
		lockcheck_sleeping_release(sem);
	c = __atomic_sub_fetch(count_of(sem), READER, __ATOMIC_RELEASE);
	if (CHECKS)
		BUG_ON(c < 0);
	if (unlikely(c == WAITING))	/* the last reader, and somebody waits */
		hand_over(sem);
}

/* mutex.h */
void up_write(struct rw_semaphore *sem)
{
	if (CHECKS) {
		assert_rwsem_held_write(sem);
		lockcheck_sleeping_release(sem);
	}
	sem->owner = NULL;
	if (unlikely(__atomic_sub_fetch(count_of(sem), WRITER, __ATOMIC_RELEASE) & WAITING))
		hand_over(sem);
}

/* mutex.h */
void downgrade_write(struct rw_semaphore *sem)
{
	if (CHECKS)
		assert_rwsem_held_write(sem);
	sem->owner = NULL;
	if (__atomic_add_fetch(count_of(sem), READER - WRITER, __ATOMIC_RELEASE) & WAITING)
		hand_over(sem);
}

/* mutex.h */
bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return sem->count & ~(long)WAITING;
}

/* mutex.h */
void assert_rwsem_held(const struct rw_semaphore *sem)
{
	BUG_ON(!rwsem_is_locked(sem));
}

/* mutex.h */
void assert_rwsem_held_write(const struct rw_semaphore *sem)
{
	BUG_ON(sem->owner != current);
}
