/*
 * seq.c - building the text of a /proc file (ctlfile.h).
 *
 * Idea: everything appends to one buffer. What does not fit sets overflow and
 *       is dropped whole; the file system then calls show again with a larger
 *       buffer, so nothing here allocates.
 * Locks:  none; the seq_file is the caller's.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

/* ctlfile.h */
void seq_vprintf(struct seq_file *m, const char *fmt, va_list args)
{
	size_t room = m->size - m->count;
	size_t n;

	if (m->overflow)
		return;
	n = vsnprintf(m->buf + m->count, room, fmt, args);
	if (n >= room)
		m->overflow = true;
	else
		m->count += n;
}

/* ctlfile.h */
void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seq_vprintf(m, fmt, args);
	va_end(args);
}

/* ctlfile.h */
void seq_write(struct seq_file *m, const void *data, size_t len)
{
	if (m->overflow || len > m->size - m->count) {
		m->overflow = true;
		return;
	}
	memcpy(m->buf + m->count, data, len);
	m->count += len;
}

/* ctlfile.h */
void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

/* ctlfile.h */
void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

/* ctlfile.h */
void seq_escape(struct seq_file *m, const char *s, const char *esc)
{
	for (; *s; s++) {
		if (*s == '\\' || strchr(esc, *s))
			seq_printf(m, "\\%03o", (u8)*s);
		else
			seq_putc(m, *s);
	}
}

/* ctlfile.h */
void seq_escape_tail(struct seq_file *m, size_t start, const char *esc)
{
	size_t from = m->count, to = from;

	for (size_t i = start; i < from; i++)
		to += strchr(esc, m->buf[i]) ? 3 : 0;
	if (m->overflow || to > m->size) {
		m->overflow = true;
		return;
	}
	m->count = to;
	while (to > from) {	/* else nothing that is left needs it */
		char c = m->buf[--from];

		m->buf[--to] = c;
		if (!strchr(esc, c))
			continue;
		m->buf[to--] = (char)('0' + (c & 7));
		m->buf[to--] = (char)('0' + ((u8)c >> 3 & 7));
		m->buf[to--] = (char)('0' + ((u8)c >> 6));
		m->buf[to] = '\\';
	}
}

/* @digits hold @n characters, right-aligned in @size: @pad in front up to @width, and out. */
static void put_padded(struct seq_file *m, char *digits, unsigned int size, unsigned int n,
		       unsigned int width, char pad)
{
	width = MIN(width, size);
	if (n < width) {
		memset(digits + size - width, pad, width - n);
		n = width;
	}
	seq_write(m, digits + size - n, n);
}

/* ctlfile.h */
void seq_put_decimal_ull_width(struct seq_file *m, const char *delimiter, u64 num,
			       unsigned int width)
{
	char digits[64], *p = digits + sizeof(digits);

	do {
		u64 rest = num / 10;

		*--p = (char)('0' + (num - rest * 10));
		num = rest;
	} while (num);
	seq_puts(m, delimiter);
	put_padded(m, digits, sizeof(digits), digits + sizeof(digits) - p, width, ' ');
}

/* ctlfile.h */
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, u64 num)
{
	seq_put_decimal_ull_width(m, delimiter, num, 0);
}

/* ctlfile.h */
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, s64 num)
{
	if (num < 0) {
		seq_puts(m, delimiter);
		delimiter = "-";
		num = -num;
	}
	seq_put_decimal_ull_width(m, delimiter, num, 0);
}

/* ctlfile.h */
void seq_put_hex_ll(struct seq_file *m, const char *delimiter, u64 v, unsigned int width)
{
	char digits[16];
	unsigned int n = sizeof(digits);

	do {
		digits[--n] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	seq_puts(m, delimiter);
	put_padded(m, digits, sizeof(digits), sizeof(digits) - n, width, '0');
}

/* ctlfile.h */
bool seq_record(struct seq_file *m, size_t before, u64 next)
{
	if (!m->overflow) {
		m->index = next;
		return true;
	}
	if (before) {
		m->count = before;
		m->overflow = false;
	}
	return false;
}

/* ctlfile.h */
void seq_pad(struct seq_file *m, size_t line_start, size_t width)
{
	while (!m->overflow && m->count - line_start < width)
		seq_putc(m, ' ');
}
