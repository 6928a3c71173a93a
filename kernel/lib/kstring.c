/*
 * kstring.c - the string functions that are the kernel's own: bounded copies,
 *             trimming, strict numbers.
 *
 * Idea: sysctls and parameters take a number only if the whole string is one;
 *       errno values are those Linux gives (EINVAL: no number, ERANGE: too big).
 * Locks:  none.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* string.h */
kssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len;

	if (!size)
		return -E2BIG;
	len = strnlen(src, size);
	if (len < size) {
		memcpy(dst, src, len + 1);
		return len;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = 0;
	return -E2BIG;
}

/* string.h */
size_t strlcpy(char *dst, const char *src, size_t size)
{
	strscpy(dst, src, size);
	return strlen(src);
}

/* string.h */
size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t used = strnlen(dst, size);

	if (used < size)
		strscpy(dst + used, src, size - used);
	return used + strlen(src);
}

/* string.h */
void *memscan(void *s, int c, size_t n)
{
	void *at = memchr(s, c, n);

	return at ? at : (char *)s + n;
}

/* string.h */
void *memchr_inv(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

/* string.h */
char *strnchr(const char *s, size_t n, int c)
{
	for (; n-- && *s; s++)
		if (*s == (char)c)
			return (char *)s;
	return NULL;
}

/* string.h */
char *strnstr(const char *s, const char *what, size_t n)
{
	size_t len = strlen(what);

	for (; n >= len; n--, s++)
		if (!memcmp(s, what, len))
			return (char *)s;
	return NULL;
}

/* string.h */
char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

/* string.h */
char *skip_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return (char *)s;
}

/* string.h */
char *strim(char *s)
{
	size_t n = strlen(s);

	while (n && isspace(s[n - 1]))
		n--;
	s[n] = 0;
	return skip_spaces(s);
}

/* string.h */
bool sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return true;
	return (!*a && *b == '\n' && !b[1]) || (*a == '\n' && !a[1] && !*b);
}

/* string.h */
bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* string.h. Backtracks to the last star only: linear for each star. */
bool glob_match(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			resume = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int digit_value(char c)
{
	if (isdigit(c))
		return c - '0';
	if (isalpha(c))
		return tolower(c) - 'a' + 10;
	return 99;
}

/* Resolves base 0 and steps over 0x. */
static const char *number_base(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && tolower(s[1]) == 'x' && isxdigit(s[2]);

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? s + 2 : s;
}

/* string.h */
int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long v = 0;
	const char *first;
	bool overflow = false;

	if (*s == '+')
		s++;
	s = first = number_base(s, &base);
	for (; digit_value(*s) < (int)base; s++) {
		overflow |= __builtin_mul_overflow(v, base, &v);
		overflow |= __builtin_add_overflow(v, digit_value(*s), &v);
	}
	if (overflow)
		return -ERANGE;
	if (s == first)
		return -EINVAL;
	if (*s == '\n')
		s++;
	if (*s)
		return -EINVAL;
	*res = v;
	return 0;
}

/* string.h */
int kstrtoll(const char *s, unsigned int base, long long *res)
{
	bool negative = *s == '-';
	unsigned long long v;
	int err = kstrtoull(s + negative, base, &v);

	if (err)
		return err;
	if (v > (unsigned long long)INT64_MAX + negative)
		return -ERANGE;
	*res = negative ? -v : v;
	return 0;
}

/* string.h */
int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	unsigned long long v;
	int err = kstrtoull(s, base, &v);

	if (!err)
		*res = v;
	return err;
}

/* string.h */
int kstrtol(const char *s, unsigned int base, long *res)
{
	long long v;
	int err = kstrtoll(s, base, &v);

	if (!err)
		*res = v;
	return err;
}

/* string.h */
int kstrtou64(const char *s, unsigned int base, u64 *res)
{
	return kstrtoul(s, base, (unsigned long *)res);
}

/* string.h */
int kstrtos64(const char *s, unsigned int base, s64 *res)
{
	return kstrtol(s, base, (long *)res);
}

/* string.h */
int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	unsigned long long v;
	int err = kstrtoull(s, base, &v);

	if (err)
		return err;
	if (v != (unsigned int)v)
		return -ERANGE;
	*res = v;
	return 0;
}

/* string.h */
int kstrtoint(const char *s, unsigned int base, int *res)
{
	long long v;
	int err = kstrtoll(s, base, &v);

	if (err)
		return err;
	if (v != (int)v)
		return -ERANGE;
	*res = v;
	return 0;
}

/* string.h */
int kstrtobool(const char *s, bool *res)
{
	char a = tolower(s[0]), b = a ? tolower(s[1]) : 0;

	if (a == 'y' || a == 't' || a == '1' || (a == 'o' && b == 'n'))
		*res = true;
	else if (a == 'n' || a == 'f' || a == '0' || (a == 'o' && b == 'f'))
		*res = false;
	else
		return -EINVAL;
	return 0;
}

/* string.h */
unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long v = 0;

	s = number_base(s, &base);
	for (; digit_value(*s) < (int)base; s++)
		v = v * base + digit_value(*s);
	if (end)
		*end = (char *)s;
	return v;
}

/* string.h */
unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

/* string.h */
long simple_strtol(const char *s, char **end, unsigned int base)
{
	if (*s == '-')
		return -simple_strtoull(s + 1, end, base);
	return simple_strtoull(s, end, base);
}

/* string.h */
unsigned long long memparse(const char *s, char **end)
{
	static const char suffixes[] = "kmgtpe";
	char *p;
	unsigned long long v = simple_strtoull(s, &p, 0);

	for (int i = 0; suffixes[i]; i++) {
		if (tolower(*p) == suffixes[i]) {
			v <<= 10 * (i + 1);
			p++;
			break;
		}
	}
	if (end)
		*end = p;
	return v;
}
