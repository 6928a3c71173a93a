/*
 * coredump.h - a process that dies of a signal leaves its memory in a file.
 */
#pragma once

#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"

struct file;
struct page;
struct siginfo;

/* A thread that waits, on its own stack, until the dump is done. Guard: siglock until all wait. */
struct core_thread {
	struct task_struct *task;	/* a reference; NULL: it may go on */
	struct core_thread *next;
};

/* On the dumping thread's stack; signal->core_state while the process dumps. */
struct core_state {
	_Atomic int nr_threads;		/* a: threads that are not there yet */
	struct core_thread *waiters;	/* s */
	struct completion startup;	/* all are */
};

/* One dump; inputs first. */
struct coredump_params {
	const struct siginfo *info;
	struct core_state *core;
	struct mm_struct *mm;
	struct file *file;
	unsigned long limit;		/* RLIMIT_CORE: bytes to be written, holes not counted */
	unsigned long filter;		/* MMF_DUMP_*: what of the memory */
	loff_t pos;			/* of the next byte */
	unsigned long written;
	bool hole;			/* pos stands behind a hole that nothing follows yet */
};

/* Last of all for current, which dies of @info's signal: the core file, if one is wanted. */
void do_coredump(const struct siginfo *info);
/* do_exit()'s first step: a thread of a process that dumps waits here. */
void coredump_task_exit(struct task_struct *t);

/* Below the format: true: written. False: the limit, an error, or killed: end it. May sleep. */
bool dump_emit(struct coredump_params *p, const void *data, size_t len);
/* @len bytes that read as zeroes, and take no room */
void dump_skip(struct coredump_params *p, size_t len);
bool dump_user_page(struct coredump_params *p, struct page *page);	/* NULL: a hole */

/* elfcore.c. True: a core file there is, though perhaps not all of it. */
bool elf_core_dump(struct coredump_params *p);
