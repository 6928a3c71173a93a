/*
 * workqueue.c - one list of work, one thread that does it.
 *
 * Locks:  work_lock (LOCK_WORKQUEUE, irqsave).
 * Above:  interrupt handlers, sysrq.   Started by kernel/main.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"

static spinlock_t work_lock = SPINLOCK_INIT(LOCK_WORKQUEUE);
static LIST_HEAD(work_list);		/* work_lock */
static DECLARE_WAIT_QUEUE_HEAD(work_wait);
struct task_struct *(*make_kernel_thread)(int (*fn)(void *), void *arg, const char *name);
static struct task_struct *worker;	/* c once it runs */
static const char *work_name;		/* u: the worker's */

/* workqueue.h */
bool schedule_work(struct work_struct *work)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	bool idle = list_empty(&work->entry);

	if (idle)
		list_add_tail(&work->entry, &work_list);
	spin_unlock_irqrestore(&work_lock, flags);
	if (idle)
		wake_up(&work_wait);
	return idle;
}

static struct work_struct *next_work(void)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	struct work_struct *work = NULL;

	if (!list_empty(&work_list)) {
		work = list_first_entry(&work_list, struct work_struct, entry);
		list_del_init(&work->entry);
	}
	spin_unlock_irqrestore(&work_lock, flags);
	return work;
}

/* The function may free its work, or queue it again. Not inlined: traces name it, as Linux's. */
static __noinline void process_one_work(struct work_struct *work)
{
	work_name = work->name;
	work->func(work);
	work_name = NULL;
}

/* workqueue.h */
int worker_thread(void *unused)
{
	worker = current;
	current->flags |= PF_WQ_WORKER;
	for (;;) {
		struct work_struct *work;

		wait_event_interruptible(work_wait, !list_empty(&work_list), "worker_thread");
		while ((work = next_work())) {
			process_one_work(work);
			cond_resched();
		}
	}
}

/* workqueue.h */
const char *current_work_name(void)
{
	return current == worker ? work_name : NULL;
}

struct thread_request {
	struct work_struct work;
	int (*fn)(void *);
	void *arg;
	const char *name;
	int error;
	struct completion done;
};

static void make_thread(struct work_struct *work)
{
	struct thread_request *req = container_of(work, struct thread_request, work);
	struct task_struct *task = make_kernel_thread(req->fn, req->arg, req->name);

	req->error = IS_ERR(task) ? PTR_ERR(task) : 0;
	complete(&req->done);
}

/* workqueue.h */
int start_kernel_thread(int (*fn)(void *), void *arg, const char *name)
{
	struct thread_request req = { .work = WORK_INIT(req.work, make_thread),
				      .fn = fn, .arg = arg, .name = name };

	BUG_ON(!make_kernel_thread);
	init_completion(&req.done);
	schedule_work(&req.work);
	wait_for_completion(&req.done, "start_kernel_thread");
	return req.error;
}
