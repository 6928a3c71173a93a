/*
 * poll.h - waiting for many files at once: poll, select, epoll.
 *
 * Idea: a file's poll function names its wait queue with poll_wait() and
 *       returns what is ready now. NULL table: just asking.
 */
#pragma once

#include "kernel/abi/poll.h"
#include "kernel/sched/wait.h"

struct file;
struct poll_table {
	void (*queue)(struct file *file, struct wait_queue_head *wq, struct poll_table *pt);
};
static inline void poll_wait(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(file, wq, pt);
}
