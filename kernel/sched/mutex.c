/*
 * mutex.c - one holder at a time, the others sleep.
 *
 * Idea: the owner word is the holder's address; bit 0 says that somebody may be
 *       waiting, so that an uncontended unlock wakes nobody. A waiter that gets
 *       the mutex keeps the bit set, because others may wait behind it: at the
 *       worst one wake-up is for nothing. Waiters are exclusive entries of a
 *       wait queue, first come first woken.
 * Locks:  the wait queue's, inside.
 * Above:  everything.   In Linux: kernel/locking/mutex.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"

enum { WAITERS = 1 };

static inline unsigned long *owner_word(struct mutex *m) { return (unsigned long *)&m->owner; }

/* mutex.h */
void mutex_init(struct mutex *m, enum lock_rank rank)
{
	m->owner = NULL;
	m->rank = rank;
	init_waitqueue_head(&m->wait);
}

static inline bool try_owner(struct mutex *m, unsigned long old, unsigned long item)
{
	return __atomic_compare_exchange_n(owner_word(m), &old, item, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* One try of a waiter: takes the mutex, or leaves word that somebody waits. */
static bool take_or_mark(struct mutex *m)
{
	for (;;) {
		unsigned long old = __atomic_load_n(owner_word(m), __ATOMIC_RELAXED);

		if (!(old & ~(unsigned long)WAITERS)) {
			if (try_owner(m, old, (unsigned long)current | WAITERS))
				return true;
		} else if (old & WAITERS || try_owner(m, old, old | WAITERS)) {
			return false;
		}
	}
}

static int lock_slow(struct mutex *m, int state)
{
	struct wait_queue_entry entry;
	int ret = 0;

	init_wait(&entry);
	for (;;) {
		prepare_to_wait_exclusive(&m->wait, &entry, state);
		if (take_or_mark(m))
			break;
		if (signal_pending_state(state)) {
			ret = -EINTR;
			break;
		}
		schedule_waiting("mutex");
	}
	finish_wait(&m->wait, &entry);
	if (ret)	/* a wake-up meant for us is passed on */
		wake_up(&m->wait);
	return ret;
}

static __always_inline int lock(struct mutex *m, int state, bool nested)
{
	int ret = 0;

	might_sleep();
	if (CHECKS)
		lockcheck_sleeping_acquire(m, (enum lock_rank)m->rank,
					   nested ? LOCKCHECK_NESTED : LOCKCHECK_ORDERED,
					   (unsigned long)__builtin_return_address(0));
	if (unlikely(!try_owner(m, 0, (unsigned long)current)))
		ret = lock_slow(m, state);
	if (CHECKS && ret)
		lockcheck_sleeping_release(m);
	return ret;
}

/* mutex.h */
void mutex_lock(struct mutex *m) { lock(m, TASK_UNINTERRUPTIBLE, false); }
void mutex_lock_nested(struct mutex *m) { lock(m, TASK_UNINTERRUPTIBLE, true); }
int mutex_lock_killable(struct mutex *m) { return lock(m, TASK_KILLABLE, false); }
int mutex_lock_interruptible(struct mutex *m) { return lock(m, TASK_INTERRUPTIBLE, false); }

/* mutex.h. Keeps a waiters' bit that it finds. */
bool mutex_trylock(struct mutex *m)
{
	unsigned long old = __atomic_load_n(owner_word(m), __ATOMIC_RELAXED);

	if (old & ~(unsigned long)WAITERS || !try_owner(m, old, (unsigned long)current | old))
		return false;
	if (CHECKS)
		lockcheck_sleeping_acquire(m, (enum lock_rank)m->rank, LOCKCHECK_TRIED,
					   (unsigned long)__builtin_return_address(0));
	return true;
}

/* mutex.h */
void mutex_unlock(struct mutex *m)
{
	unsigned long old;

	if (CHECKS)
		lockcheck_sleeping_release(m);
	old = __atomic_exchange_n(owner_word(m), 0, __ATOMIC_RELEASE);
	BUG_ON((old & ~(unsigned long)WAITERS) != (unsigned long)current);
	if (CHECKS)
		race_delay();
	if (unlikely(old & WAITERS))
		wake_up(&m->wait);
}

/* mutex.h */
bool mutex_is_locked(const struct mutex *m)
{
	return ((unsigned long)m->owner & ~(unsigned long)WAITERS) != 0;
}
