/*
 * sort.c - heapsort, and binary search.
 *
 * Locks:  the caller's.
 */
#include "kernel/lib/sort.h"

static void swap_bytes(void *a, void *b, int size)
{
	u8 *p = a, *q = b;

	for (; size; size--, p++, q++) {
		u8 t = *p;

		*p = *q;
		*q = t;
	}
}

/* sort.h */
void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	char *b = base;
	size_t root = num / 2, end = num;

	if (!swap)
		swap = swap_bytes;
	while (end > 1) {
		size_t at, child;

		if (root) {			/* still building the heap */
			root--;
		} else {			/* the largest goes behind it */
			end--;
			swap(b, b + end * size, size);
		}
		for (at = root; (child = 2 * at + 1) < end; at = child) {
			if (child + 1 < end && cmp(b + child * size, b + (child + 1) * size) < 0)
				child++;
			if (cmp(b + at * size, b + child * size) >= 0)
				break;
			swap(b + at * size, b + child * size, size);
		}
	}
}

/* sort.h */
void *bsearch(const void *key, const void *base, size_t num, size_t size,
	      int (*cmp)(const void *key, const void *elt))
{
	const char *lo = base;

	while (num) {
		const char *mid = lo + num / 2 * size;
		int d = cmp(key, mid);

		if (!d)
			return (void *)mid;
		if (d > 0) {
			lo = mid + size;
			num -= num / 2 + 1;
		} else {
			num /= 2;
		}
	}
	return NULL;
}
