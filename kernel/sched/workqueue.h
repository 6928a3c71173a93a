/*
 * workqueue.h - work for process context, done by the "kworker/0:0" thread:
 *               what an interrupt handler may not do itself (signals to a
 *               process group, a manual OOM kill).
 * Locks:  LOCK_WORKQUEUE (irqsave); functions run with none.
 */
#pragma once

#include "kernel/lib/list.h"

struct task_struct;

struct work_struct {
	struct list_head entry;
	void (*func)(struct work_struct *work);
	const char *name;		/* for "Workqueue: events <name>" */
};
#define WORK_INIT(work_name, fn) { .entry = { &(work_name).entry, &(work_name).entry }, .func = (fn), .name = #fn }
bool schedule_work(struct work_struct *work);	/* false: it was queued already. Any context. */
int worker_thread(void *unused);		/* started by kernel/main.c */
/*
 * Starts a kernel thread from any process: the worker does it, so that it shares nothing with whom
 * it is for. It never ends. => may sleep. 0, -ENOMEM
 */
int start_kernel_thread(int (*fn)(void *), void *arg, const char *name);
/* c: kernel/main.c: kernel/proc's kernel_thread() */
extern struct task_struct *(*make_kernel_thread)(int (*fn)(void *), void *arg, const char *name);
const char *current_work_name(void);		/* NULL outside a worker */
