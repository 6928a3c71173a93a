/*
 * trace_sched.c - writes the events of tasks and signals.
 *
 * Idea:   trace_sched.h. A function each, so that the paths that call them hold one test and no
 *         more.
 * Locks:  the caller's; none is taken.
 * Above:  sched.c, signal.c; fork, exec and exit in kernel/proc.
 */
#define CREATE_TRACE_POINTS
#include "kernel/sched/trace_sched.h"

#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

/* Linux's scale: 0 … 99 real-time, 120 is nice 0. */
static int prio_of(const struct task_struct *t)
{
	return t->se.rt_priority ? 99 - t->se.rt_priority : 120 + t->static_nice;
}

static void copy_comm(char *to, const struct task_struct *t)
{
	memcpy(to, t->comm, TRACE_COMM_LEN);
	to[TRACE_COMM_LEN - 1] = '\0';
}

void trace_task_switch(struct task_struct *prev, struct task_struct *next, bool preempt)
{
	unsigned int state = prev->__state;
	struct trace_sched_switch e = {
		.prev_pid = prev->pid, .prev_prio = prio_of(prev),
		.next_pid = next->pid, .next_prio = prio_of(next),
		/* "R+": it wanted to go on; WAKEKILL has no letter; a dead one is Z or X */
		.prev_state = preempt ? 0x100 : prev->exit_state ? prev->exit_state : state & 0x7f,
	};

	copy_comm(e.prev_comm, prev);
	copy_comm(e.next_comm, next);
	trace_write(&trace_event_sched_switch, &e, sizeof(e));
}

void trace_task_wakeup(struct task_struct *t, bool is_new)
{
	struct trace_sched_wakeup e = {
		.pid = t->pid, .prio = prio_of(t), .target_cpu = t->cpu,
	};

	copy_comm(e.comm, t);
	trace_write(is_new ? &trace_event_sched_wakeup_new : &trace_event_sched_wakeup, &e,
		    sizeof(e));
}

void trace_task_fork(struct task_struct *parent, struct task_struct *child)
{
	struct trace_sched_process_fork e = { .parent_pid = parent->pid, .child_pid = child->pid };

	copy_comm(e.parent_comm, parent);
	copy_comm(e.child_comm, child);
	trace_write(&trace_event_sched_process_fork, &e, sizeof(e));
}

void trace_task_exec(struct task_struct *t, const char *filename, kpid_t old_pid)
{
	struct trace_sched_process_exec e = { .pid = t->pid, .old_pid = old_pid };

	strscpy(e.filename, filename, sizeof(e.filename));
	trace_write(&trace_event_sched_process_exec, &e, sizeof(e));
}

void trace_task_exit(struct task_struct *t)
{
	struct trace_sched_process_exit e = { .pid = t->pid, .prio = prio_of(t) };

	copy_comm(e.comm, t);
	trace_write(&trace_event_sched_process_exit, &e, sizeof(e));
}

void trace_signal(int sig, struct task_struct *to, int error, int code, bool group, int result)
{
	struct trace_signal_generate e = {
		.sig = sig, .errno = error, .code = code, .pid = to->pid, .group = group,
		.result = result,
	};

	copy_comm(e.comm, to);
	trace_write(&trace_event_signal_generate, &e, sizeof(e));
}
