/*
 * errseq.h - an error that each of many observers is told about once.
 *
 * Idea: one word holds the last error (low 12 bits), a mark that somebody has seen it, and a
 *       count of errors. An observer keeps a copy; if the word differs from it, there is an
 *       error that he has not heard of. The count only moves on if the last error was seen,
 *       so that a thousand errors nobody asks about use up nothing.
 *
 *         31 … 13 count · 12 seen · 11 … 0 errno
 * Locks:  none: one compare-and-exchange.   In Linux: lib/errseq.c.
 */
#pragma once

#include "kernel/lib/types.h"

#define ERRSEQ_SEEN (1U << 12)
#define ERRSEQ_COUNT (1U << 13)

/* An error (negative) happened. Any context. */
static inline void errseq_set(_Atomic unsigned int *eseq, int error)
{
	unsigned int old = *eseq, new;

	do {
		new = (old & ~(ERRSEQ_COUNT - 1)) | (unsigned int)-error;
		if (old & ERRSEQ_SEEN)
			new += ERRSEQ_COUNT;
	} while (!__atomic_compare_exchange_n((unsigned int *)eseq, &old, new, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* Where an observer begins: an error that nobody has seen yet is still to be told to him. */
static inline unsigned int errseq_sample(_Atomic unsigned int *eseq)
{
	unsigned int now = *eseq;

	return now & ERRSEQ_SEEN ? now : 0;
}

/* 0, or the error since *@since, which moves on: of two callers at a time one is told. */
static inline int errseq_check_and_advance(_Atomic unsigned int *eseq, unsigned int *since)
{
	unsigned int old = *eseq, known = __atomic_load_n(since, __ATOMIC_SEQ_CST), now;

	if (old == known)
		return 0;
	/* A newer error than @old may come in between: the next call tells it. */
	now = old | ERRSEQ_SEEN;
	if (!__atomic_compare_exchange_n(since, &known, now, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return 0;
	__atomic_compare_exchange_n((unsigned int *)eseq, &old, now, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return -(int)(now & (ERRSEQ_SEEN - 1));
}
