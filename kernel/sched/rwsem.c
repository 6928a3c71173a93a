/*
 * rwsem.c - many readers or one writer, the others sleep.
 *
 * Idea: count holds the readers and three bits: a writer has it, somebody waits, the first
 *       who waits is to be next. A waiter that is handed the lock while it sleeps keeps it from
 *       everybody for as long as its CPU takes to wake up; where many tasks want a lock
 *       often and briefly, nearly all of the time is spent so. Therefore:
 *
 *         a release    wakes the first waiter, and the lock stays free
 *         who runs     may take it meanwhile, if it is quite free: the waiter sleeps on
 *         after 4 ms   as the first, it is handed to it: no release is followed by a thief
 *
 *       So waiters get it first come, first served, and none waits for ever. The readers right
 *       behind a reader come along with it; who only reads does not steal it from a waiting
 *       writer as long as other readers have it, so that their stream ends.
 * Locks:  wait_lock (LOCK_WAITQ, irqsave) around the waiters and what is granted to them.
 * Above:  mmap_lock, i_rwsem, i_mmap_rwsem, anon_vma.   In Linux: kernel/locking/rwsem.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"

enum { WAITING = 1, WRITER = 2, HANDOFF = 4, READER = 8 };

#define PATIENCE (4 * NSEC_PER_MSEC)	/* Linux's */

/* On the waiting task's stack; all but granted: wait_lock. */
struct waiter {
	struct list_head entry;
	struct task_struct *task;
	u64 since;		/* it is the first, ns */
	bool writer;
	bool woken;		/* it is on its way to try */
	bool granted;		/* a */
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

/* For one who runs, while others wait and nobody has it. */
static bool steal(struct rw_semaphore *sem, bool writer)
{
	long c = __atomic_load_n(count_of(sem), __ATOMIC_RELAXED);

	while (c == 0 || c == WAITING)
		if (__atomic_compare_exchange_n(count_of(sem), &c, c + (writer ? WRITER : READER),
						false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			if (writer)
				sem->owner = current;
			return true;
		}
	return false;
}

/* => wait_lock held; @w is the first. A reader joins others. */
static bool take_for(struct rw_semaphore *sem, const struct waiter *w)
{
	long c = __atomic_load_n(count_of(sem), __ATOMIC_RELAXED);

	while (!(c & WRITER) && !(w->writer && c >= READER))
		if (__atomic_compare_exchange_n(count_of(sem), &c,
						c + (w->writer ? WRITER : READER), false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			if (w->writer)
				sem->owner = w->task;
			return true;
		}
	return false;
}

static struct waiter *first_waiter(struct rw_semaphore *sem)
{
	return list_empty(&sem->waiters) ? NULL
					 : list_first_entry(&sem->waiters, struct waiter, entry);
}

/* The first waiter is another one than before, or there is none. => wait_lock held */
static void first_changed(struct rw_semaphore *sem)
{
	struct waiter *w = first_waiter(sem);

	__atomic_fetch_and(count_of(sem), ~(long)(w ? HANDOFF : HANDOFF | WAITING),
			   __ATOMIC_RELAXED);
	if (w)
		w->since = ktime_get_ns();
}

/* => wait_lock held: the waiter, which sees granted at once, takes it before it goes on */
static void grant(struct waiter *w)
{
	list_del(&w->entry);
	__atomic_store_n(&w->granted, true, __ATOMIC_RELEASE);
	if (w->task != current)
		wake_up_process(w->task);
}

/*
 * The first waiter gets the lock if it can be given, and readers right behind one that is a reader.
 * => wait_lock held
 */
static void grant_waiters(struct rw_semaphore *sem)
{
	struct waiter *w;
	bool granted = false;

	while ((w = first_waiter(sem)) && take_for(sem, w)) {
		grant(w);
		granted = true;
	}
	if (granted)
		first_changed(sem);
}

/* It has been given up, or others may read along now. */
static void wake_waiters(struct rw_semaphore *sem)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);
	struct waiter *w = first_waiter(sem);

	if (w && ktime_get_ns() - w->since > PATIENCE) {
		__atomic_fetch_or(count_of(sem), HANDOFF, __ATOMIC_RELAXED);
		grant_waiters(sem);
	} else if (w && !w->woken) {
		w->woken = true;
		wake_up_process(w->task);
	}
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}

/* Is it ours now? => current->__state is set already: who releases it after this wakes us. */
static bool try_waiting(struct rw_semaphore *sem, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);
	bool granted;

	w->woken = false;
	if (!w->granted && first_waiter(sem) == w)
		grant_waiters(sem);
	granted = w->granted;
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	return granted;
}

/* Gives up waiting; true: too late, it is ours. */
static bool leave_queue(struct rw_semaphore *sem, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);
	bool granted = w->granted;

	if (!granted) {
		bool first = first_waiter(sem) == w;

		list_del(&w->entry);
		if (first) {		/* those behind may be able to do what we were not */
			first_changed(sem);
			grant_waiters(sem);
		}
	}
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	return granted;
}

static void join_queue(struct rw_semaphore *sem, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);

	list_add_tail(&w->entry, &sem->waiters);
	w->since = ktime_get_ns();
	__atomic_fetch_or(count_of(sem), WAITING, __ATOMIC_ACQ_REL);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}

static int lock_slow(struct rw_semaphore *sem, bool writer, int state)
{
	struct waiter w = { .task = current, .writer = writer };

	if (steal(sem, writer))
		return 0;
	join_queue(sem, &w);
	for (;;) {
		current->__state = state;
		if (try_waiting(sem, &w))	/* it may have been given up before the bit was set */
			break;
		if (signal_pending_state(state)) {
			current->__state = TASK_RUNNING;
			return leave_queue(sem, &w) ? 0 : -EINTR;
		}
		schedule_waiting(writer ? "rwsem_write" : "rwsem_read");
	}
	current->__state = TASK_RUNNING;
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
	if (CHECKS) {
		BUG_ON(c < 0);
		race_delay();
	}
	if (unlikely((c & ~(long)HANDOFF) == WAITING))	/* the last reader, and somebody waits */
		wake_waiters(sem);
}

/* mutex.h */
void up_write(struct rw_semaphore *sem)
{
	long c;

	if (CHECKS) {
		assert_rwsem_held_write(sem);
		lockcheck_sleeping_release(sem);
	}
	sem->owner = NULL;
	c = __atomic_sub_fetch(count_of(sem), WRITER, __ATOMIC_RELEASE);
	if (CHECKS)
		race_delay();
	if (unlikely(c & WAITING))
		wake_waiters(sem);
}

/* mutex.h */
void downgrade_write(struct rw_semaphore *sem)
{
	if (CHECKS)
		assert_rwsem_held_write(sem);
	sem->owner = NULL;
	if (__atomic_add_fetch(count_of(sem), READER - WRITER, __ATOMIC_RELEASE) & WAITING)
		wake_waiters(sem);
}

/* mutex.h */
bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return sem->count & ~(long)(WAITING | HANDOFF);
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
