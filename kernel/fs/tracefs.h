/*
 * tracefs.h - shared by the files of tracefs: tracefs.c (what is traced), trace_read.c (what was).
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/sched/trace.h"

/*
 * LOCK_TRACE: rings are not replaced or emptied, trace_pipe has one reader at a time, events are
 * not switched.
 */
extern struct mutex trace_lock;

/* trace_read.c; i_private: the CPU's number plus 1, 0: all of them */
extern const struct file_operations trace_fops, trace_pipe_fops, trace_stats_fops;
