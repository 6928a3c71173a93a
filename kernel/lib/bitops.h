/*
 * bitops.h - bits in words and in arrays of words.
 *
 * Idea: Linux's names. The plain forms are atomic, those with two underscores
 *       are not (Linux's convention, kept because every reader knows it).
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

#define BITS_PER_LONG 64
#define BITS_PER_BYTE 8
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(h, l) ((~0UL << (l)) & (~0UL >> (BITS_PER_LONG - 1 - (h))))
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, (unsigned int)BITS_PER_LONG)
#define BIT_WORD(n) ((n) / BITS_PER_LONG)
#define BIT_MASK(n) (1UL << ((n) % BITS_PER_LONG))
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]

static inline void set_bit(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_or(&p[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST);
}
static inline void clear_bit(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_and(&p[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST);
}
static inline void change_bit(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_xor(&p[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST);
}
static inline bool test_and_set_bit(unsigned long nr, volatile unsigned long *p)
{
	return __atomic_fetch_or(&p[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}
static inline bool test_and_clear_bit(unsigned long nr, volatile unsigned long *p)
{
	return __atomic_fetch_and(&p[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}
static inline bool test_bit(unsigned long nr, const volatile unsigned long *p)
{
	return (p[BIT_WORD(nr)] >> (nr % BITS_PER_LONG)) & 1;
}
static inline void clear_bit_unlock(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_and(&p[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELEASE);
}
static inline bool test_and_set_bit_lock(unsigned long nr, volatile unsigned long *p)
{
	return __atomic_fetch_or(&p[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr);
}
static inline void __set_bit(unsigned long nr, unsigned long *p)
{
	p[BIT_WORD(nr)] |= BIT_MASK(nr);
}
static inline void __clear_bit(unsigned long nr, unsigned long *p)
{
	p[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}
static inline bool __test_and_set_bit(unsigned long nr, unsigned long *p)
{
	bool old = test_bit(nr, p);

	__set_bit(nr, p);
	return old;
}
static inline bool __test_and_clear_bit(unsigned long nr, unsigned long *p)
{
	bool old = test_bit(nr, p);

	__clear_bit(nr, p);
	return old;
}

/* ffs, fls: from 1, 0 if no bit is set. The __ forms: from 0, undefined for 0. */
static inline int ffs(int x) { return __builtin_ffs(x); }
static inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
static inline unsigned long __ffs(unsigned long x) { return __builtin_ctzl(x); }
static inline unsigned long __fls(unsigned long x) { return 63 - __builtin_clzl(x); }
static inline unsigned long ffz(unsigned long x) { return __builtin_ctzl(~x); }
static inline int ilog2(unsigned long x) { return 63 - __builtin_clzl(x); }
static inline bool is_power_of_2(unsigned long n) { return n && !(n & (n - 1)); }
static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << fls64(n - 1);
}
static inline unsigned long rounddown_pow_of_two(unsigned long n) { return 1UL << (fls64(n) - 1); }
/* The order (0 = one page) that holds @size bytes. */
static inline int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : fls64((size - 1) >> PAGE_SHIFT);
}
/* popcount without the POPCNT instruction, which -cpu qemu64 may lack. */
static inline unsigned int hweight64(u64 x)
{
	x -= (x >> 1) & 0x5555555555555555UL;
	x = (x & 0x3333333333333333UL) + ((x >> 2) & 0x3333333333333333UL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return (x * 0x0101010101010101UL) >> 56;
}
static inline unsigned int hweight32(u32 x) { return hweight64(x); }
static inline unsigned int hweight_long(unsigned long x) { return hweight64(x); }
