/*
 * bitmap.c - arrays of bits: searching, counting, ranges, and their text.
 *
 * Locks:  the caller's.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

/* The first bit at or after @start that is set in map ^ @invert. */
static inline unsigned long find_next(const unsigned long *map, unsigned long size,
				      unsigned long start, unsigned long invert)
{
	unsigned long word, bit;

	if (start >= size)
		return size;
	word = (map[BIT_WORD(start)] ^ invert) & (~0UL << (start % BITS_PER_LONG));
	start = ALIGN_DOWN(start, (unsigned long)BITS_PER_LONG);
	while (!word) {
		start += BITS_PER_LONG;
		if (start >= size)
			return size;
		word = map[BIT_WORD(start)] ^ invert;
	}
	bit = start + __ffs(word);
	return bit < size ? bit : size;
}

/* bitmap.h */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, 0);
}

/* bitmap.h */
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, ~0UL);
}

/* bitmap.h */
unsigned long find_last_bit(const unsigned long *map, unsigned long size)
{
	unsigned long n = BITS_TO_LONGS(size), last = size % BITS_PER_LONG, word;

	while (n--) {
		word = map[n];
		if (last)		/* what lies behind @size in the last word is not asked for */
			word &= (1UL << last) - 1;
		last = 0;
		if (word)
			return n * BITS_PER_LONG + BITS_PER_LONG - 1 - __builtin_clzl(word);
	}
	return size;
}

/* bitmap.h */
void bitmap_zero(unsigned long *map, unsigned int bits)
{
	memset(map, 0, BITS_TO_LONGS(bits) * sizeof(long));
}

/* Bits past @bits in the last word are left clear. */
void bitmap_fill(unsigned long *map, unsigned int bits)
{
	bitmap_zero(map, bits);
	bitmap_set(map, 0, bits);
}

/* The part of word @w that [start, end) covers. */
static unsigned long range_mask(unsigned int w, unsigned int start, unsigned int end)
{
	unsigned int lo = w * BITS_PER_LONG, hi = lo + BITS_PER_LONG;

	lo = start > lo ? start - lo : 0;
	hi = end < hi ? end - (hi - BITS_PER_LONG) : BITS_PER_LONG;
	return GENMASK(hi - 1, lo);
}

/* bitmap.h */
void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	for (unsigned int w = BIT_WORD(start); n && w <= BIT_WORD(start + n - 1); w++)
		map[w] |= range_mask(w, start, start + n);
}

/* bitmap.h */
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	for (unsigned int w = BIT_WORD(start); n && w <= BIT_WORD(start + n - 1); w++)
		map[w] &= ~range_mask(w, start, start + n);
}

/* bitmap.h */
unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < BITS_TO_LONGS(bits); w++)
		n += hweight64(map[w] & range_mask(w, 0, bits));
	return n;
}

/* bitmap.h */
bool bitmap_empty(const unsigned long *map, unsigned int bits)
{
	return find_first_bit(map, bits) == bits;
}

/* bitmap.h */
unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int n)
{
	for (;;) {
		unsigned long used;

		start = find_next_zero_bit(map, size, start);
		if (start + n > size)
			return size;
		used = find_next_bit(map, start + n, start);
		if (used == start + n)
			return start;
		start = used + 1;
	}
}

/* bitmap.h */
int bitmap_print_list(char *buf, size_t size, const unsigned long *map, unsigned int bits)
{
	size_t pos = 0;

	if (size)
		buf[0] = 0;
	for (unsigned long a = find_first_bit(map, bits); a < bits;) {
		unsigned long b = find_next_zero_bit(map, bits, a);

		pos += scnprintf(buf + pos, size - pos, b - a > 1 ? "%s%lu-%lu" : "%s%lu",
				 pos ? "," : "", a, b - 1);
		a = find_next_bit(map, bits, b);
	}
	return pos;
}

/* "3", or "N", the last of @bits; *s moves behind it. 0; -EINVAL: none; -EOVERFLOW: no int. */
static int bit_number(const char **s, unsigned int bits, unsigned int *n)
{
	unsigned long v = 0;

	if (**s == 'N') {
		*n = bits - 1;
		++*s;
		return 0;
	}
	if (!isdigit(**s))
		return -EINVAL;
	for (; isdigit(**s); ++*s) {
		v = v * 10 + (**s - '0');
		if (v > UINT32_MAX)
			return -EOVERFLOW;
	}
	*n = v;
	return 0;
}

static bool ends_region(char c)
{
	return !c || c == ',' || isspace(c);	/* a newline is one, and ends the list as well */
}

/* A part of a list: from, to, and of each @group of its bits the first @used. */
struct region { unsigned int from, to, used, group; };

/* "N", "N-M", "all", and the last two with ":USED/GROUP". *s moves behind it. 0 or -errno */
static int parse_region(const char **s, unsigned int bits, struct region *r)
{
	int err;

	if (!strncasecmp(*s, "all", 3)) {
		r->from = 0;
		r->to = bits - 1;
		*s += 3;
	} else {
		err = bit_number(s, bits, &r->from);
		if (err)
			return err;
		r->to = r->from;
		if (ends_region(**s))
			return 0;
		if (*(*s)++ != '-')
			return -EINVAL;
		err = bit_number(s, bits, &r->to);
		if (err)
			return err;
	}
	if (ends_region(**s))
		return 0;
	if (*(*s)++ != ':')
		return -EINVAL;
	err = bit_number(s, bits, &r->used);
	if (err)
		return err;
	if (*(*s)++ != '/')
		return -EINVAL;
	err = bit_number(s, bits, &r->group);
	if (err)
		return err;
	return ends_region(**s) ? 0 : -EINVAL;
}

/* bitmap.h */
int bitmap_parselist(const char *s, unsigned long *map, unsigned int bits)
{
	bitmap_zero(map, bits);
	for (;;) {
		struct region r = { .used = 1, .group = 1 };
		int err;

		while (*s == ',' || (isspace(*s) && *s != '\n'))
			s++;
		if (!*s || *s == '\n')
			return 0;
		err = parse_region(&s, bits, &r);
		if (err)
			return err;
		if (r.from > r.to || r.to == UINT32_MAX || !r.group || r.used > r.group)
			return -EINVAL;
		if (r.to >= bits)
			return -ERANGE;
		for (unsigned long at = r.from; at <= r.to; at += r.group)
			bitmap_set(map, at, MIN((unsigned long)r.used, r.to - at + 1));
	}
}
