/*
 * wait.h - wait queues, and sleeping on them in words.
 *
 * Idea: a waiter links an entry, sets its state, tests the condition, and calls
 *       schedule(); a waker walks the list and calls each entry's function.
 *       Poll, and everything else that wants a call at a wake-up, supplies its
 *       own function. Linux's names.
 * Locks:  wait_queue_head.lock, LOCK_WAITQ (irqsave): wake_up may be called from interrupts.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/x86/spinlock.h"

struct task_struct;
struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int sync,
				 void *key);

enum { WQ_FLAG_EXCLUSIVE = 1 };
struct wait_queue_entry {
	unsigned int flags;
	void *private;			/* the task, for the default function */
	wait_queue_func_t func;
	struct list_head entry;		/* the head's lock */
};
struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
#define WAIT_QUEUE_HEAD_INIT(name) \
	{ .lock = SPINLOCK_INIT(LOCK_WAITQ), .head = { &(name).head, &(name).head } }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = WAIT_QUEUE_HEAD_INIT(name)

void init_waitqueue_head(struct wait_queue_head *wq);
void init_wait(struct wait_queue_entry *entry);	/* for current, autoremove */
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry,
			       int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry);
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int sync,
			     void *key);
int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int sync, void *key);
void wake_up_key(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key);
bool waitqueue_active(struct wait_queue_head *wq);	/* a hint, without the lock */
#define wake_up(wq) wake_up_key(wq, 3 /* TASK_NORMAL */, 1, NULL)
#define wake_up_all(wq) wake_up_key(wq, 3, 0, NULL)
#define wake_up_interruptible(wq) wake_up_key(wq, 1, 1, NULL)
#define wake_up_interruptible_all(wq) wake_up_key(wq, 1, 0, NULL)
#define wake_up_poll(wq, events) wake_up_key(wq, 3, 1, (void *)(unsigned long)(events))

/*
 * Sleep until @cond. @what names it for /proc/<pid>/wchan and the task dump.
 * wait_event: uninterruptible. The _interruptible and _killable forms: 0, or -ERESTARTSYS on a
 * signal.
 * The _timeout form: ns left (at least 1) if the condition came true, 0 if time ran out,
 * -ERESTARTSYS.
 */
#define wait_event_state(wq, cond, what, state)                                \
	({ long we_ret = 0;                                                    \
	   if (!(cond)) {                                                      \
		struct wait_queue_entry we_entry;                              \
		init_wait(&we_entry);                                          \
		for (;;) {                                                     \
			prepare_to_wait(&(wq), &we_entry, state);              \
			if (cond)                                              \
				break;                                         \
			if (signal_pending_state(state)) {                     \
				we_ret = -512 /* -ERESTARTSYS */;              \
				break;                                         \
			}                                                      \
			schedule_waiting(what);                                \
		}                                                              \
		finish_wait(&(wq), &we_entry);                                 \
	   }                                                                   \
	   we_ret; })
#define wait_event(wq, cond, what) ((void)wait_event_state(wq, cond, what, 2))
#define wait_event_interruptible(wq, cond, what) wait_event_state(wq, cond, what, 1)
#define wait_event_killable(wq, cond, what) wait_event_state(wq, cond, what, 0x102)
#define wait_event_timeout_state(wq, cond, what, state, ns)                    \
	({ s64 wt_left = (ns);                                                 \
	   struct wait_queue_entry wt_entry;                                   \
	   init_wait(&wt_entry);                                               \
	   for (;;) {                                                          \
		prepare_to_wait(&(wq), &wt_entry, state);                      \
		if (cond) {                                                    \
			if (wt_left < 1) wt_left = 1;                          \
			break;                                                 \
		}                                                              \
		if (wt_left <= 0)                                              \
			break;                                                 \
		if (signal_pending_state(state)) {                             \
			wt_left = -512;                                        \
			break;                                                 \
		}                                                              \
		wt_left = schedule_timeout_ns(wt_left, what);                  \
	   }                                                                   \
	   finish_wait(&(wq), &wt_entry);                                      \
	   wt_left; })
#define wait_event_timeout(wq, cond, what, ns) wait_event_timeout_state(wq, cond, what, 2, ns)
#define wait_event_interruptible_timeout(wq, cond, what, ns) wait_event_timeout_state(wq, cond, what, 1, ns)

bool signal_pending_state(int state);		/* sched/signal.c: for current */
void schedule_waiting(const char *what);	/* sched/sched.c: schedule() with wchan set */
struct blk_request;
/* c: set by kernel/block. What current keeps open for more to join is sent before it sleeps. */
extern void (*send_unsent)(struct blk_request **open);
/* sched/timer.c: state set by the caller; ns left, 0 if it ran out */
s64 schedule_timeout_ns(s64 ns, const char *what);

/* completion.c */
struct completion { unsigned int done; struct wait_queue_head wait; };
void init_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c, const char *what);
/* 0 or -ERESTARTSYS */
int wait_for_completion_killable(struct completion *c, const char *what);
