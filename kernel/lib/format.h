/*
 * format.h - printf's formats.
 *
 * Idea: one engine, vsnprintf(); C's conversions except floating point, and
 *       these of Linux: %pS %ps (symbol+offset, symbol), %px (the address),
 *       %pe (an ERR_PTR's number), %*pbl (a bitmap of that many bits as a list: 0-3,5),
 *       %pV (struct va_format). %p shows the address as %px does.
 * Locks:  none; any context.
 */
#pragma once

#include "kernel/lib/types.h"

struct va_format {
	const char *fmt;
	va_list *va;
};

/* What the result's length would be without the limit (excluding NUL), as C99. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* What was really written (excluding NUL): < size. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int sprintf(char *buf, const char *fmt, ...) __printf(2, 3);

/*
 * Set by the symbol table's owner: writes "name+0x12/0x40" (or "name" if !@offset); bytes written,
 * 0: unknown.
 */
extern int (*format_symbol)(char *buf, size_t size, unsigned long addr, bool offset);
