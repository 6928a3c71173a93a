/*
 * sort.h - sorting an array in place. Heapsort: n log n always, no memory, no recursion.
 */
#pragma once

#include "kernel/lib/types.h"

/* => @cmp: < 0, 0, > 0. @swap NULL: bytes are exchanged. */
void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int));
void *bsearch(const void *key, const void *base, size_t num, size_t size,
	      int (*cmp)(const void *key, const void *elt));
