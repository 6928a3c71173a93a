/*
 * string.c - the C library's memory and string functions.
 *
 * Idea: block functions move quadwords with the string instructions, and the
 *       last, partial quadword by one that overlaps its neighbour: no loops,
 *       no byte tails. Under software emulation `rep stosb` costs a step a
 *       byte, `rep stosq` a step for eight.
 * Locks:  none.
 * Above:  everything.   Below: nothing; x86-64 only, as the compiler's output is.
 */
#include "kernel/lib/string.h"

/* Calls in this file are to the functions themselves. */
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef strlen
#undef strcmp

typedef u64 __attribute__((may_alias, aligned(1))) u64_any;
typedef u32 __attribute__((may_alias, aligned(1))) u32_any;

#define BYTES_01 0x0101010101010101UL
#define BYTES_80 0x8080808080808080UL
/* Bit 7 of each byte of @v that is zero; higher bytes may be wrong, the lowest never is. */
#define ZERO_BYTES(v) (((v) - BYTES_01) & ~(v) & BYTES_80)

/* As the C library's. */
void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 v = (u8)c * BYTES_01;

	if (n >= 8) {
		unsigned long words = n / 8;
		u8 *to = d;

		__asm__ volatile("rep stosq" : "+c"(words), "+D"(to) : "a"(v) : "memory");
		*(u64_any *)(d + n - 8) = v;
	} else if (n >= 4) {
		*(u32_any *)d = v;
		*(u32_any *)(d + n - 4) = v;
	} else if (n) {
		d[0] = d[n / 2] = d[n - 1] = v;
	}
	return dst;
}

/* Fewer than 8 bytes, overlapping or not: all loads come before the stores. */
static void move_small(u8 *d, const u8 *s, size_t n)
{
	if (n >= 4) {
		u32 first = *(const u32_any *)s, last = *(const u32_any *)(s + n - 4);

		*(u32_any *)d = first;
		*(u32_any *)(d + n - 4) = last;
	} else if (n) {
		u8 first = s[0], mid = s[n / 2], last = s[n - 1];

		d[0] = first;
		d[n / 2] = mid;
		d[n - 1] = last;
	}
}

/* As the C library's. */
void *memcpy(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (n >= 8) {
		unsigned long words = n / 8;
		u64 last = *(const u64_any *)(s + n - 8);
		u8 *to = d;

		__asm__ volatile("rep movsq" : "+c"(words), "+D"(to), "+S"(s) :: "memory");
		*(u64_any *)(d + n - 8) = last;
	} else {
		move_small(d, s, n);
	}
	return dst;
}

/* As the C library's. */
void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;
	u64 first;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	if (n < 8) {
		move_small(d, s, n);
		return dst;
	}
	/* Backwards, whole quadwords from the end; the first one last. */
	first = *(const u64_any *)s;
	for (; n >= 8; n -= 8) {
		*(u64_any *)(d + n - 8) = *(const u64_any *)(s + n - 8);
		barrier();	/* the compiler may not make this a call of memmove */
	}
	*(u64_any *)dst = first;
	return dst;
}

/* As the C library's. */
int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	while (n >= 8 && *(const u64_any *)p == *(const u64_any *)q) {
		p += 8;
		q += 8;
		n -= 8;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/* As the C library's. */
void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

/* As the C library's. Reads whole aligned words: never across a page's end. */
size_t strlen(const char *s)
{
	const char *p = s;
	u64 zero;

	for (; (unsigned long)p & 7; p++)
		if (!*p)
			return p - s;
	while (!(zero = ZERO_BYTES(*(const u64_any *)p)))
		p += 8;
	return p - s + __builtin_ctzl(zero) / 8;
}

/* As the C library's. */
size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end ? (size_t)(end - s) : max;
}

/* As the C library's. */
int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

/* As the C library's. */
int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

/* As the C library's, ASCII. */
int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		int d = tolower((u8)*a) - tolower((u8)*b);

		if (d || !*a)
			return d;
	}
	return 0;
}

/* As the C library's, ASCII. */
int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, ~0UL);
}

/* As the C library's. */
char *strcpy(char *dst, const char *src)
{
	memcpy(dst, src, strlen(src) + 1);
	return dst;
}

/* As the C library's: pads with NULs, may leave the result without one. */
char *strncpy(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}

/* As the C library's. */
char *strcat(char *dst, const char *src)
{
	strcpy(dst + strlen(dst), src);
	return dst;
}

/* As the C library's. */
char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

/* As the C library's. */
char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

/* As the C library's. */
char *strstr(const char *s, const char *what)
{
	size_t len = strlen(what);

	for (;; s++) {
		if (!strncmp(s, what, len))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* As the C library's. */
size_t strspn(const char *s, const char *accept)
{
	size_t n = 0;

	while (s[n] && strchr(accept, s[n]))
		n++;
	return n;
}

/* As the C library's. */
size_t strcspn(const char *s, const char *reject)
{
	size_t n = 0;

	while (s[n] && !strchr(reject, s[n]))
		n++;
	return n;
}

/* As the C library's. */
char *strpbrk(const char *s, const char *accept)
{
	s += strcspn(s, accept);
	return *s ? (char *)s : NULL;
}

/* As the C library's. */
char *strsep(char **s, const char *delim)
{
	char *start = *s, *end;

	if (!start)
		return NULL;
	end = strpbrk(start, delim);
	if (end)
		*end++ = 0;
	*s = end;
	return start;
}
