/*
 * atomic.h - counters that several CPUs change, by Linux's names.
 *
 * Idea: thin covers of the compiler's builtins. New code may use C11 _Atomic
 *       fields as well; these are for the fields where Linux's names help.
 *       The plain read and set are relaxed, the value-returning ones are full barriers.
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef atomic64_t atomic_long_t;
#define ATOMIC_INIT(i) { (i) }
#define ATOMIC_LONG_INIT(i) { (i) }
#define ATOMIC64_INIT(i) { (i) }

#define DEFINE_ATOMIC_OPS(prefix, atype, ctype)                                \
static inline ctype prefix##_read(const atype *v) { return READ_ONCE(v->counter); } \
static inline void prefix##_set(atype *v, ctype i) { WRITE_ONCE(v->counter, i); } \
static inline void prefix##_add(ctype i, atype *v) { __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
static inline void prefix##_sub(ctype i, atype *v) { __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); } \
static inline void prefix##_inc(atype *v) { __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static inline void prefix##_dec(atype *v) { __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static inline ctype prefix##_add_return(ctype i, atype *v) { return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
static inline ctype prefix##_sub_return(ctype i, atype *v) { return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
static inline ctype prefix##_inc_return(atype *v) { return prefix##_add_return(1, v); } \
static inline ctype prefix##_dec_return(atype *v) { return prefix##_sub_return(1, v); } \
static inline ctype prefix##_fetch_add(ctype i, atype *v) { return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
static inline bool prefix##_dec_and_test(atype *v) { return prefix##_sub_return(1, v) == 0; } \
static inline bool prefix##_inc_and_test(atype *v) { return prefix##_add_return(1, v) == 0; } \
static inline bool prefix##_sub_and_test(ctype i, atype *v) { return prefix##_sub_return(i, v) == 0; } \
static inline bool prefix##_add_negative(ctype i, atype *v) { return prefix##_add_return(i, v) < 0; } \
static inline ctype prefix##_xchg(atype *v, ctype i) { return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST); } \
/* The value found; it was exchanged if that is @old. */ \
static inline ctype prefix##_cmpxchg(atype *v, ctype old, ctype item) \
{ \
	__atomic_compare_exchange_n(&v->counter, &old, item, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	return old; \
} \
/* Adds @a unless it is @u; true if it added. */ \
static inline bool prefix##_add_unless(atype *v, ctype a, ctype u) \
{ \
	ctype old = prefix##_read(v); \
	do { \
		if (old == u) \
			return false; \
	} while (!__atomic_compare_exchange_n(&v->counter, &old, old + a, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)); \
	return true; \
} \
static inline bool prefix##_inc_not_zero(atype *v) { return prefix##_add_unless(v, 1, 0); }

DEFINE_ATOMIC_OPS(atomic, atomic_t, int)
DEFINE_ATOMIC_OPS(atomic64, atomic64_t, s64)
DEFINE_ATOMIC_OPS(atomic_long, atomic_long_t, long)

static inline void atomic_or(int i, atomic_t *v)
{
	__atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);
}
static inline void atomic_and(int i, atomic_t *v)
{
	__atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST);
}

/* Full barriers between CPUs: smp_mb() in kernel/x86/io.h. */
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define xchg(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, item)                                                  \
	({ typeof(*(p)) cx_old = (old);                                        \
	   __atomic_compare_exchange_n(p, &cx_old, item, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	   cx_old; })
