/*
 * ksyms.h - function names at run time, for backtraces.
 *
 * Idea: the image is linked twice; build/ksyms.S (tools in the Makefile) holds
 *       the sorted addresses and names of the first link, placed behind all
 *       text so that no function moves. Without it addresses stay numbers.
 * Locks: none, read-only.
 */
#pragma once

#include "kernel/lib/types.h"

/* The function that holds @addr, or NULL. Any of the two pointers may be NULL. */
const char *ksym_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);
/* "func+0x44/0x5c" or "0xffffffff80201234" into @buf; returns @buf. */
char *ksym_format(char *buf, size_t size, unsigned long addr);
void ksyms_init(void);	/* from now on printf knows %pS */
/* The address of function @name, 0 if there is none. */
unsigned long ksym_address(const char *name);
