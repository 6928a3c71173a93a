/*
 * bitmap.h - arrays of bits: searching, counting, ranges, and their text.
 *
 * Locks:  none; not atomic (single bits: bitops.h).
 */
#pragma once

#include "kernel/lib/bitops.h"

/* @size if there is none. */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_last_bit(const unsigned long *map, unsigned long size);
static inline unsigned long find_first_bit(const unsigned long *map, unsigned long size)
{
	return find_next_bit(map, size, 0);
}
static inline unsigned long find_first_zero_bit(const unsigned long *map, unsigned long size)
{
	return find_next_zero_bit(map, size, 0);
}
#define for_each_set_bit(bit, map, size)                                       \
	for ((bit) = find_first_bit(map, size); (bit) < (size);                \
	     (bit) = find_next_bit(map, size, (bit) + 1))
#define for_each_clear_bit(bit, map, size)                                     \
	for ((bit) = find_first_zero_bit(map, size); (bit) < (size);           \
	     (bit) = find_next_zero_bit(map, size, (bit) + 1))
void bitmap_zero(unsigned long *map, unsigned int bits);
void bitmap_fill(unsigned long *map, unsigned int bits);
void bitmap_set(unsigned long *map, unsigned int start, unsigned int n);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n);
unsigned int bitmap_weight(const unsigned long *map, unsigned int bits);
bool bitmap_empty(const unsigned long *map, unsigned int bits);
/* The first run of @n clear bits at or after @start; @size if there is none. */
unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int n);
/* "0-3,5": the text that vsnprintf's %*pbl writes too. Bytes as snprintf. */
int bitmap_print_list(char *buf, size_t size, const unsigned long *map, unsigned int bits);
/* Reads "0-3,5,8-15:2/4"; 0 or -EINVAL, -ERANGE (too high), -EOVERFLOW (not even an int). */
int bitmap_parselist(const char *s, unsigned long *map, unsigned int bits);
