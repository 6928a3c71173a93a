/*
 * hash.h - spreading numbers, pointers and names over a table of 2^bits buckets.
 *
 * Idea: multiply by 2^64 / golden ratio and keep the top bits (Knuth, vol. 3, 6.4);
 *       names by FNV-1a, 64 bits.
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

#define GOLDEN_RATIO_64 0x9E3779B97F4A7C15ULL

static inline u32 hash_64(u64 val, unsigned int bits)
{
	return (val * GOLDEN_RATIO_64) >> (64 - bits);
}
static inline u32 hash_32(u32 val, unsigned int bits) { return hash_64(val, bits); }
static inline u32 hash_long(unsigned long val, unsigned int bits) { return hash_64(val, bits); }
static inline u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return hash_64((unsigned long)ptr, bits);
}
static inline u64 hash_string(const char *s, size_t len)
{
	u64 h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (u8)s[i]) * 0x100000001b3ULL;
	return h;
}
