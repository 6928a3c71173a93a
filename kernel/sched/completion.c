/*
 * completion.c - waiting for one event, and as many uses of it as were counted.
 *
 * Locks:  the wait queue's, around done: so a completion on the waiter's stack
 *         is safe, because complete() is through with it when the lock is free.
 */
#include "kernel/abi/errno.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"

enum { COMPLETE_ALL = 1U << 30 };

/* wait.h */
void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

/* Wakes the waiters, at most @nr (0: all). => c->wait.lock held */
static void wake_locked(struct completion *c, int nr)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &c->wait.head, entry)
		if (entry->func(entry, TASK_NORMAL, 0, NULL) && !--nr)
			break;
}

/* wait.h */
void complete(struct completion *c)
{
	unsigned long flags = spin_lock_irqsave(&c->wait.lock);

	if (c->done < COMPLETE_ALL)
		c->done++;
	wake_locked(c, 1);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

/* wait.h */
void complete_all(struct completion *c)
{
	unsigned long flags = spin_lock_irqsave(&c->wait.lock);

	c->done = COMPLETE_ALL;
	wake_locked(c, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

static int wait_for(struct completion *c, int state, const char *what)
{
	struct wait_queue_entry entry;
	unsigned long flags;
	int ret = 0;

	might_sleep();
	init_wait(&entry);
	flags = spin_lock_irqsave(&c->wait.lock);
	while (!c->done) {
		if (signal_pending_state(state)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (list_empty(&entry.entry))
			list_add_tail(&entry.entry, &c->wait.head);
		current->__state = state;
		spin_unlock_irqrestore(&c->wait.lock, flags);
		schedule_waiting(what);
		flags = spin_lock_irqsave(&c->wait.lock);
	}
	current->__state = TASK_RUNNING;
	list_del_init(&entry.entry);
	if (!ret && c->done < COMPLETE_ALL)
		c->done--;
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return ret;
}

/* wait.h */
void wait_for_completion(struct completion *c, const char *what)
{
	wait_for(c, TASK_UNINTERRUPTIBLE, what);
}

/* wait.h */
int wait_for_completion_killable(struct completion *c, const char *what)
{
	return wait_for(c, TASK_KILLABLE, what);
}
