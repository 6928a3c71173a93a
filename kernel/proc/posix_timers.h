/*
 * posix_timers.h - alarms of a process: setitimer, alarm, timer_create.
 */
#pragma once

#include "kernel/sched/task.h"

void posix_timers_init(void);
void it_real_fn(struct timer_list *t);		/* signal->real_timer's function */
/* timer_create's timers go: exit, exec. Process context. */
void exit_itimers(struct signal_struct *sig);
/* => siglock held, for both. Is one of them set that counts CPU time? */
bool posix_cpu_timers_armed(const struct signal_struct *sig);
/* The process has used so much: sends the signals of those that are due. */
void posix_cpu_timers_expire(struct signal_struct *sig, u64 utime, u64 stime);
