/*
 * wait.c - wait queues.
 *
 * Idea: a list of entries under a lock; waking walks it and calls each entry's
 *       function. Non-exclusive entries stand at the front and are all woken;
 *       of the exclusive ones, at the back, as many as asked for.
 * Locks:  the head's, with interrupts off.
 * Above:  everything that waits.   Below: try_to_wake_up().   In Linux: kernel/sched/wait.c.
 */
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"

/* wait.h */
void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock, LOCK_WAITQ);
	INIT_LIST_HEAD(&wq->head);
}

/* wait.h */
void init_wait(struct wait_queue_entry *entry)
{
	entry->flags = 0;
	entry->private = current;
	entry->func = autoremove_wake_function;
	INIT_LIST_HEAD(&entry->entry);
}

/* wait.h */
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &wq->head);
	else
		list_add(&entry->entry, &wq->head);
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* wait.h */
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_del_init(&entry->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

static void prepare(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state,
		    bool exclusive)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (list_empty(&entry->entry)) {
		entry->flags = exclusive ? WQ_FLAG_EXCLUSIVE : 0;
		if (exclusive)
			list_add_tail(&entry->entry, &wq->head);
		else
			list_add(&entry->entry, &wq->head);
	}
	/* Sequentially consistent: the caller's look at the condition comes after it. */
	current->__state = state;
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* wait.h */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state)
{
	prepare(wq, entry, state, false);
}

/* wait.h */
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry,
			       int state)
{
	prepare(wq, entry, state, true);
}

/*
 * wait.h. A waker may still hold the entry when the list looks empty to nobody but itself: the
 * lock decides.
 */
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	current->__state = TASK_RUNNING;
	/*
	 * Both links: a waker that unlinks the entry is done with it once prev is set
	 * (list_del_init_careful).
	 */
	if (__atomic_load_n(&entry->entry.next, __ATOMIC_ACQUIRE) != &entry->entry ||
	    __atomic_load_n(&entry->entry.prev, __ATOMIC_ACQUIRE) != &entry->entry)
		remove_wait_queue(wq, entry);
}

/* wait.h */
int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int sync, void *key)
{
	return try_to_wake_up(entry->private, mode);
}

/*
 * wait.h. The entry lies on the sleeper's stack, and the sleeper may be running
 * again as soon as it is woken: nothing of it is touched after it is unlinked.
 */
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int sync, void *key)
{
	int woken = default_wake_function(entry, mode, sync, key);

	if (woken) {
		list_unlink_entry(&entry->entry);
		entry->entry.next = &entry->entry;
		__atomic_store_n(&entry->entry.prev, &entry->entry, __ATOMIC_RELEASE);
	}
	return woken;
}

/* wait.h. @nr_exclusive 0: all of them. */
void wake_up_key(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key)
{
	struct wait_queue_entry *entry, *next;
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_for_each_entry_safe(entry, next, &wq->head, entry) {
		bool exclusive = entry->flags & WQ_FLAG_EXCLUSIVE;

		if (entry->func(entry, mode, 0, key) && exclusive && !--nr_exclusive)
			break;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* wait.h */
bool waitqueue_active(struct wait_queue_head *wq)
{
	/*
	 * The waker changed the condition just before; a waiter links, then looks. One sees the
	 * other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !list_empty(&wq->head);
}
