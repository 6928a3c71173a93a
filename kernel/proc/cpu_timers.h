/*
 * cpu_timers.h - what a process is to hear when it has used so much CPU time: RLIMIT_CPU,
 * ITIMER_VIRTUAL, ITIMER_PROF.
 */
#pragma once

#include "kernel/abi/time.h"
#include "kernel/sched/task.h"

void cpu_timers_init(void);
/* After a change of a limit or a timer: must the tick look? => siglock, or @sig is new */
void cpu_timers_update(struct signal_struct *sig);
/* setitimer(2) and getitimer(2) with ITIMER_VIRTUAL or ITIMER_PROF, in ns; of current's process */
void cpu_itimer_get(int which, struct itimerval *value);
void cpu_itimer_set(int which, u64 value, u64 interval);
