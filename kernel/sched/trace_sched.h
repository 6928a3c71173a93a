/*
 * trace_sched.h - the events of tasks and signals: sched:* and signal:*. How to read: trace.h.
 *
 * Idea:  events that hold a name are written by a function each (trace_sched.c), which is called
 *        only if they are on: if (trace_enabled(sched_switch)) trace_task_switch(…).
 * Locks: the caller's; none is taken.
 */
#pragma once

#include "kernel/sched/trace.h"

struct task_struct;
struct siginfo;
void trace_task_switch(struct task_struct *prev, struct task_struct *next, bool preempt);
void trace_task_wakeup(struct task_struct *t, bool is_new);
void trace_task_fork(struct task_struct *parent, struct task_struct *child);
void trace_task_exec(struct task_struct *t, const char *filename, kpid_t old_pid);
void trace_task_exit(struct task_struct *t);
void trace_signal(int sig, struct task_struct *to, int error, int code, bool group, int result);
/* signal_generate's res */
enum trace_signal_result {
	TRACE_SIGNAL_DELIVERED,
	TRACE_SIGNAL_IGNORED,
	TRACE_SIGNAL_ALREADY_PENDING,
	TRACE_SIGNAL_OVERFLOW_FAIL,
	TRACE_SIGNAL_LOSE_INFO,
};

TRACE_EVENT(sched, sched_switch,
	((char, prev_comm, [16]), (int, prev_pid), (int, prev_prio), (long, prev_state),
	 (char, next_comm, [16]), (int, next_pid), (int, next_prio)),
	"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s next_pid=%d next_prio=%d",
	REC->prev_comm, REC->prev_pid, REC->prev_prio,
	TRACE_SYMBOL(REC->prev_state & 0xff, { 0, "R" }, { 1, "S" }, { 2, "D" }, { 4, "T" },
		     { 0x10, "X" }, { 0x20, "Z" }),
	REC->prev_state & 0x100 ? "+" : "", REC->next_comm, REC->next_pid, REC->next_prio)

TRACE_EVENT(sched, sched_wakeup,
	((char, comm, [16]), (int, pid), (int, prio), (int, target_cpu)),
	"comm=%s pid=%d prio=%d target_cpu=%03d", REC->comm, REC->pid, REC->prio, REC->target_cpu)

TRACE_EVENT(sched, sched_wakeup_new,
	((char, comm, [16]), (int, pid), (int, prio), (int, target_cpu)),
	"comm=%s pid=%d prio=%d target_cpu=%03d", REC->comm, REC->pid, REC->prio, REC->target_cpu)

TRACE_EVENT(sched, sched_process_fork,
	((char, parent_comm, [16]), (int, parent_pid), (char, child_comm, [16]), (int, child_pid)),
	"comm=%s pid=%d child_comm=%s child_pid=%d", REC->parent_comm, REC->parent_pid,
	REC->child_comm, REC->child_pid)

TRACE_EVENT(sched, sched_process_exec,
	((char, filename, [256]), (int, pid), (int, old_pid)),
	"filename=%s pid=%d old_pid=%d", REC->filename, REC->pid, REC->old_pid)

TRACE_EVENT(sched, sched_process_exit,
	((char, comm, [16]), (int, pid), (int, prio)),
	"comm=%s pid=%d prio=%d", REC->comm, REC->pid, REC->prio)

TRACE_EVENT(signal, signal_generate,
	((int, sig), (int, errno), (int, code), (char, comm, [16]), (int, pid), (int, group),
	 (int, result)),
	"sig=%d errno=%d code=%d comm=%s pid=%d grp=%d res=%d", REC->sig, REC->errno, REC->code,
	REC->comm, REC->pid, REC->group, REC->result)

TRACE_EVENT(signal, signal_deliver,
	((int, sig), (int, errno), (int, code), (unsigned long, sa_handler), (unsigned long, sa_flags)),
	"sig=%d errno=%d code=%d sa_handler=%lx sa_flags=%lx", REC->sig, REC->errno, REC->code,
	REC->sa_handler, REC->sa_flags)
