/*
 * fault.h - what a bad access of user space says in the log. (do_page_fault: kernel/x86/upcalls.h.)
 */
#pragma once

#include "kernel/lib/types.h"

extern int show_unhandled_signals;	/* debug.exception-trace */
/*
 * " in segv[401000+5000]" after @prefix's word: the file mapped at (or next above) @ip of current;
 * "" if there is none. Its length.
 */
int vma_addr_suffix(char *buf, size_t size, const char *prefix, unsigned long ip);
