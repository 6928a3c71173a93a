/*
 * trace.h - the events of system calls: raw_syscalls:*. How to read: kernel/sched/trace.h.
 *
 * Locks: none.
 */
#pragma once

#include "kernel/sched/trace.h"

TRACE_EVENT(raw_syscalls, sys_enter,
	((long, id), (unsigned long, args, [6])),
	"NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)", REC->id, REC->args[0], REC->args[1], REC->args[2],
	REC->args[3], REC->args[4], REC->args[5])

TRACE_EVENT(raw_syscalls, sys_exit, ((long, id), (long, ret)), "NR %ld = %ld", REC->id, REC->ret)
