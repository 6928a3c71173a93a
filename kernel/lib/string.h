/*
 * string.h - memory and strings.
 *
 * Idea: the C library's functions (string.c) and the kernel's own (kstring.c);
 *       the second file alone is linked into the host's unit tests, which have
 *       the first from their libc. Small constant sizes are expanded in place
 *       by the compiler through the macros at the end.
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

/* string.c */
void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t n);
char *strcat(char *dst, const char *src);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
char *strpbrk(const char *s, const char *accept);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strsep(char **s, const char *delim);

/* kstring.c */
/* Copies and always terminates. The length copied, or -E2BIG if @src was cut. */
kssize_t strscpy(char *dst, const char *src, size_t size);
size_t strlcpy(char *dst, const char *src, size_t size);	/* returns strlen(src) */
size_t strlcat(char *dst, const char *src, size_t size);
void *memscan(void *s, int c, size_t n);	/* the end if there is none */
void *memchr_inv(const void *s, int c, size_t n);	/* the first byte that is not @c, or NULL */
char *strnchr(const char *s, size_t n, int c);
char *strnstr(const char *s, const char *what, size_t n);
char *strchrnul(const char *s, int c);		/* the terminator if there is none */
char *skip_spaces(const char *s);
/* cuts trailing spaces in place, skips leading ones */
char *strim(char *s);
bool sysfs_streq(const char *a, const char *b);	/* equal, but for one trailing newline */
bool str_has_prefix(const char *s, const char *prefix);
bool glob_match(const char *pattern, const char *s);	/* * and ? */

/*
 * The whole string is one number (one trailing newline is allowed, a leading
 * '+' too; base 0: 0x, 0 and decimal). 0, -EINVAL, or -ERANGE if it does not fit.
 */
int kstrtoull(const char *s, unsigned int base, unsigned long long *res);
/* So much of what a program wrote is looked at (kstrtouint_from_user, kstrtoul_from_user). */
#define KSTRTO_INT_MAX 34
#define KSTRTO_LONG_MAX 66
int kstrtoll(const char *s, unsigned int base, long long *res);
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtol(const char *s, unsigned int base, long *res);
int kstrtouint(const char *s, unsigned int base, unsigned int *res);
int kstrtoint(const char *s, unsigned int base, int *res);
int kstrtou64(const char *s, unsigned int base, u64 *res);
int kstrtos64(const char *s, unsigned int base, s64 *res);
int kstrtobool(const char *s, bool *res);	/* y n 1 0 on off */
/* A number at the front of @s; *end is what follows it. No overflow check. */
unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
long simple_strtol(const char *s, char **end, unsigned int base);
/* "512M": a number with K M G T P E; *end is what follows. */
unsigned long long memparse(const char *s, char **end);

/* ctype, ASCII */
static inline bool isdigit(int c) { return c >= '0' && c <= '9'; }
static inline bool isupper(int c) { return c >= 'A' && c <= 'Z'; }
static inline bool islower(int c) { return c >= 'a' && c <= 'z'; }
static inline bool isalpha(int c) { return isupper(c) || islower(c); }
static inline bool isalnum(int c) { return isalpha(c) || isdigit(c); }
static inline bool isspace(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline bool isprint(int c) { return c >= 0x20 && c < 0x7f; }
static inline bool isxdigit(int c)
{
	return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
static inline int tolower(int c) { return isupper(c) ? c + 32 : c; }
static inline int toupper(int c) { return islower(c) ? c - 32 : c; }

/* -fno-builtin is for our own definitions; calls may be expanded in place. */
#define memset(d, c, n) __builtin_memset(d, c, n)
#define memcpy(d, s, n) __builtin_memcpy(d, s, n)
#define memmove(d, s, n) __builtin_memmove(d, s, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
#define strlen(s) __builtin_strlen(s)
#define strcmp(a, b) __builtin_strcmp(a, b)
