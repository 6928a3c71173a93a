/*
 * format.c - printf's formats.
 *
 * Idea: a conversion is parsed into a struct spec; each kind of conversion is
 *       a function that emits into a bounded buffer and counts what it would
 *       have written, as C99's snprintf must say.
 * Locks:  none; any context, no state.
 * Above:  printk, seq_file, everybody.
 */
#include "kernel/lib/bitmap.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

int (*format_symbol)(char *buf, size_t size, unsigned long addr, bool offset);

struct out {
	char *buf;
	size_t size, pos;	/* pos counts on past size */
};

enum { F_LEFT = 1, F_PLUS = 2, F_SPACE = 4, F_ALT = 8, F_ZERO = 16 };
struct spec {
	unsigned int flags;
	int width, precision;	/* precision -1: none */
	char length;		/* 'l' (and ll, z, t, j), 'h', 'H' for hh, 0 */
};

static inline void emit(struct out *o, char c)
{
	if (o->pos < o->size)
		o->buf[o->pos] = c;
	o->pos++;
}

static void emit_fill(struct out *o, char c, int n)
{
	while (n-- > 0)
		emit(o, c);
}

static void emit_block(struct out *o, const char *s, int n)
{
	if (o->pos < o->size)
		memcpy(o->buf + o->pos, s, MIN((size_t)n, o->size - o->pos));
	o->pos += n;
}

static void emit_text(struct out *o, const char *s, int len, const struct spec *sp)
{
	if (!(sp->flags & F_LEFT))
		emit_fill(o, ' ', sp->width - len);
	emit_block(o, s, len);
	if (sp->flags & F_LEFT)
		emit_fill(o, ' ', sp->width - len);
}

static void emit_string(struct out *o, const char *s, const struct spec *sp)
{
	/* Linux prints what a NULL pointer is, and so do the small integers of a bad one. */
	if ((unsigned long)s < PAGE_SIZE)
		s = "(null)";
	emit_text(o, s, sp->precision < 0 ? strlen(s) : strnlen(s, sp->precision), sp);
}

/*
 * The decimal digits of @v, the last of them before @end; where the first stands. Nothing for 0.
 * Two at a time: most of what /proc costs is numbers.
 */
static char *put_decimal(char *end, u64 v)
{
	static const char pairs[200] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
		"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
		"8081828384858687888990919293949596979899";

	while (v >= 100) {
		const char *pair = pairs + 2 * (v % 100);

		v /= 100;
		*--end = pair[1];
		*--end = pair[0];
	}
	if (v >= 10) {
		*--end = pairs[2 * v + 1];
		v = (u8)pairs[2 * v] - '0';
	}
	if (v)
		*--end = (char)('0' + v);
	return end;
}

/* How many digits @v has, 0 for 0. */
static unsigned int decimal_length(u64 v)
{
	unsigned int n = 0;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 1000) + (v >= 100) + (v >= 10) + (v >= 1);
}

/* A number without flags, width and precision, as nearly all of them are. */
static void emit_plain(struct out *o, u64 v)
{
	char tmp[24];
	unsigned int n;

	if (v < 10) {
		emit(o, (char)('0' + v));
		return;
	}
	n = decimal_length(v);
	if (likely(o->pos < o->size && n <= o->size - o->pos)) {
		put_decimal(o->buf + o->pos + n, v);
		o->pos += n;
	} else {
		emit_block(o, put_decimal(tmp + sizeof(tmp), v), n);
	}
}

static void emit_number(struct out *o, u64 v, unsigned int base, const char *sign, bool upper,
			const struct spec *sp)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char tmp[24], *end = tmp + sizeof(tmp), *p = end;
	int n, prefix = strlen(sign), zeros;

	if (base == 10)
		p = put_decimal(end, v);
	else
		for (unsigned int bits = base == 16 ? 4 : 3; v; v >>= bits)
			*--p = digits[v & (base - 1)];
	n = (int)(end - p);
	zeros = (sp->precision < 0 ? 1 : sp->precision) - n;
	if (zeros < 0)
		zeros = 0;
	if ((sp->flags & (F_ZERO | F_LEFT)) == F_ZERO && sp->precision < 0 &&
	    sp->width > prefix + n + zeros)
		zeros = sp->width - prefix - n;
	if (!(sp->flags & F_LEFT))
		emit_fill(o, ' ', sp->width - prefix - zeros - n);
	emit_block(o, sign, prefix);
	emit_fill(o, '0', zeros);
	emit_block(o, p, n);
	if (sp->flags & F_LEFT)
		emit_fill(o, ' ', sp->width - prefix - zeros - n);
}

static void emit_signed(struct out *o, s64 v, const struct spec *sp)
{
	const char *sign = v < 0 ? "-" : sp->flags & F_PLUS ? "+" : sp->flags & F_SPACE ? " " : "";

	emit_number(o, v < 0 ? -(u64)v : v, 10, sign, false, sp);
}

static void emit_symbol(struct out *o, unsigned long addr, bool offset, const struct spec *sp)
{
	char name[128];
	int n = format_symbol ? format_symbol(name, sizeof(name), addr, offset) : 0;
	struct spec hex = { .precision = -1 };

	if (n > 0)
		emit_text(o, name, n, sp);
	else
		emit_number(o, addr, 16, "0x", false, &hex);
}

static int vformat(struct out *o, const char *fmt, va_list args);

/* The letters after %p; returns how many of them were ours. */
static int emit_pointer(struct out *o, const char *ext, const void *ptr, const struct spec *sp)
{
	struct spec s = *sp;
	char list[128];

	switch (*ext) {
	case 'S':
	case 'B':
		emit_symbol(o, (unsigned long)ptr, true, sp);
		return 1;
	case 's':
		emit_symbol(o, (unsigned long)ptr, false, sp);
		return 1;
	case 'e':
		emit_signed(o, PTR_ERR(ptr), sp);
		return 1;
	case 'V': {
		const struct va_format *vf = ptr;
		va_list copy;

		va_copy(copy, *vf->va);
		vformat(o, vf->fmt, copy);
		va_end(copy);
		return 1;
	}
	case 'b':
		if (ext[1] != 'l')
			break;
		bitmap_print_list(list, sizeof(list), ptr, sp->width);
		s.width = 0;
		emit_text(o, list, strlen(list), &s);
		return 2;
	}
	s.flags |= F_ZERO;
	if (s.width < 16)
		s.width = 16;
	emit_number(o, (unsigned long)ptr, 16, "", false, &s);
	return *ext == 'x' || *ext == 'K';
}

static const char *parse_flags(const char *f, struct spec *sp)
{
	for (;; f++) {
		switch (*f) {
		case '-': sp->flags |= F_LEFT; break;
		case '+': sp->flags |= F_PLUS; break;
		case ' ': sp->flags |= F_SPACE; break;
		case '#': sp->flags |= F_ALT; break;
		case '0': sp->flags |= F_ZERO; break;
		default: return f;
		}
	}
}

static const char *parse_length(const char *f, struct spec *sp)
{
	while (*f == 'l' || *f == 'h' || *f == 'z' || *f == 't' || *f == 'j' || *f == 'L') {
		if (*f == 'h')
			sp->length = sp->length == 'h' ? 'H' : 'h';
		else
			sp->length = 'l';
		f++;
	}
	return f;
}

/* Sign- or zero-extends what va_arg(int) gave, by the length modifier. */
static s64 as_signed(s64 v, char length)
{
	return length == 'l'   ? v
	       : length == 'h' ? (short)v
	       : length == 'H' ? (signed char)v
			       : (int)v;
}
static u64 as_unsigned(u64 v, char length)
{
	return length == 'l' ? v : length == 'h' ? (u16)v : length == 'H' ? (u8)v : (u32)v;
}

/* The digits of a width or a precision. */
static inline const char *parse_number(const char *f, int *n)
{
	unsigned int v = 0;

	for (; isdigit(*f); f++)
		v = v * 10 + (*f - '0');
	*n = (int)v;
	return f;
}

static int parse_star(struct spec *sp, int v)
{
	if (v < 0) {
		sp->flags |= F_LEFT;
		v = -v;
	}
	return v;
}

/* The integer conversions. */
static void emit_integer(struct out *o, char conv, u64 v, const struct spec *sp)
{
	u64 u = as_unsigned(v, sp->length);
	bool alt = (sp->flags & F_ALT) && u;

	switch (conv) {
	case 'd':
	case 'i':
		emit_signed(o, as_signed(v, sp->length), sp);
		break;
	case 'u':
		emit_number(o, u, 10, "", false, sp);
		break;
	case 'o':
		emit_number(o, u, 8, alt ? "0" : "", false, sp);
		break;
	case 'x':
		emit_number(o, u, 16, alt ? "0x" : "", false, sp);
		break;
	case 'X':
		emit_number(o, u, 16, alt ? "0X" : "", true, sp);
		break;
	}
}

/* => o->pos on return is the full length. */
static int vformat(struct out *o, const char *fmt, va_list args)
{
	for (; *fmt; fmt++) {
		struct spec sp;
		bool wide;
		char c;

		if (*fmt != '%') {
			emit(o, *fmt);
			continue;
		}
		wide = fmt[1] == 'l';
		c = fmt[1 + wide];
		if (c == 'd' || c == 'u') {	/* as nearly all are: straight to the digits */
			s64 v = wide ? va_arg(args, s64) : va_arg(args, int);

			if (c == 'u' && !wide)
				v = (u32)v;
			if (c == 'd' && v < 0) {
				emit(o, '-');
				v = -(u64)v;
			}
			emit_plain(o, v);
			fmt += 1 + wide;
			continue;
		}
		sp = (struct spec){ .precision = -1 };
		fmt = parse_flags(fmt + 1, &sp);
		if (*fmt == '*') {
			sp.width = parse_star(&sp, va_arg(args, int));
			fmt++;
		} else {
			fmt = parse_number(fmt, &sp.width);
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				sp.precision = va_arg(args, int);
				fmt++;
			} else {
				fmt = parse_number(fmt, &sp.precision);
			}
		}
		fmt = parse_length(fmt, &sp);
		switch (*fmt) {
		case 'd': case 'i': case 'u': case 'o': case 'x': case 'X':
			emit_integer(o, *fmt, sp.length == 'l' ? va_arg(args, u64) :
				     (u64)va_arg(args, unsigned int), &sp);
			break;
		case 's':
			emit_string(o, va_arg(args, const char *), &sp);
			break;
		case 'c':
			c = va_arg(args, int);
			emit_text(o, &c, 1, &sp);
			break;
		case 'p':
			fmt += emit_pointer(o, fmt + 1, va_arg(args, void *), &sp);
			break;
		case '%':
			emit(o, '%');
			break;
		case 0:
			return o->pos;
		default:	/* no such conversion: shown as it stands */
			emit(o, '%');
			emit(o, *fmt);
		}
	}
	return o->pos;
}

/* format.h */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };

	vformat(&o, fmt, args);
	if (size)
		buf[MIN(o.pos, size - 1)] = 0;
	return o.pos;
}

/* format.h */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	if (n < (int)size)
		return n;
	return size ? size - 1 : 0;
}

/* format.h */
int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

/* format.h */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

/* format.h. => @buf is large enough: the caller's promise, for constant formats. */
int sprintf(char *buf, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, INT32_MAX, fmt, args);
	va_end(args);
	return n;
}
