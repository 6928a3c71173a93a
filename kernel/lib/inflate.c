/*
 * inflate.c - unpacking gzip.
 *
 * Idea: 64 bits of input are kept in a register and topped up once a symbol.
 *       A Huffman code is looked up by its first bits in a table; longer ones
 *       go on in a second table. Output collects in a 64 KiB buffer of which
 *       the lower half is the history that matches refer to; when it is full
 *       it is checksummed, handed on, and its upper half becomes the history.
 *       Everything lies in the caller's workspace.
 * Locks:  none; one at a time (gunzip_error).
 * Above:  the initramfs.   Format: RFC 1951 (deflate), RFC 1952 (gzip).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/inflate.h"
#include "kernel/lib/string.h"

const char *gunzip_error;

enum {
	WINDOW = 32 << 10,
	BUFFER = 2 * WINDOW,
	SLACK = 300,			/* one match, and eight bytes of overshoot */
	LIT_BITS = 10, DIST_BITS = 8,	/* what the first tables decode */
	LIT_TABLE = 1400, DIST_TABLE = 700,	/* first and second tables together: at most 1334 and 592 */
	MAX_LIT = 288, MAX_DIST = 32, MAX_BITS = 15,
};

/*
 * A table entry: value << 16 | kind or extra bits << 8 | bits of the code.
 * Kinds stand above the number of extra bits (at most 13).
 */
typedef u32 entry_t;
enum { IS_LITERAL = 0x8000, IS_END = 0x4000, IS_SUBTABLE = 0x2000, IS_BAD = 0x1000,
       IS_SPECIAL = IS_END | IS_SUBTABLE | IS_BAD, EXTRA_SHIFT = 8, EXTRA_MASK = 15,
       VALUE_SHIFT = 16, BITS_MASK = 0xff };

struct input {
	const u8 *in, *end;
	u64 bits;			/* the next input bits, lowest first */
	int nbits;			/* how many; may run past the end: see overrun */
	int overrun;			/* zero bytes supplied after the end */
};

struct state {
	struct input b;
	u8 *pos;			/* where output goes, in buffer */
	u8 *valid;			/* the oldest byte a match may refer to */
	u8 *flushed;			/* output before this was handed on */
	u32 crc;
	u64 total;
	int (*out)(void *ctx, const u8 *data, size_t n);
	void *ctx;
	int lit_bits, dist_bits;
	entry_t lit[LIT_TABLE], dist[DIST_TABLE];
	u32 crc_table[8][256];
	u8 lengths[MAX_LIT + MAX_DIST];
	u8 buffer[BUFFER + SLACK];
};
_Static_assert(sizeof(struct state) <= INFLATE_WORKSPACE, "workspace is too small");

static const u16 length_base[31] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43,
	51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const u8 length_extra[31] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
	4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const u16 dist_base[32] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385,
	513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
static const u8 dist_extra[32] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9,
	10, 10, 11, 11, 12, 12, 13, 13 };

static int fail(const char *why)
{
	gunzip_error = why;
	return -EINVAL;
}

/* --- checksum: eight bytes at a time (slicing-by-8, Kounavis and Berry 2005) --- */

static void crc_init(struct state *s)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;

		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);	/* RFC 1952, 8 */
		s->crc_table[0][i] = c;
	}
	for (u32 i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++) {
			u32 c = s->crc_table[t - 1][i];

			s->crc_table[t][i] = s->crc_table[0][c & 0xff] ^ c >> 8;
		}
}

static u32 crc_update(const struct state *s, u32 crc, const u8 *p, size_t n)
{
	const u32(*t)[256] = s->crc_table;

	for (; n >= 8; n -= 8, p += 8) {
		u64 v;

		memcpy(&v, p, 8);
		v ^= crc;
		crc = t[7][v & 0xff] ^ t[6][v >> 8 & 0xff] ^ t[5][v >> 16 & 0xff] ^
		      t[4][v >> 24 & 0xff] ^ t[3][v >> 32 & 0xff] ^ t[2][v >> 40 & 0xff] ^
		      t[1][v >> 48 & 0xff] ^ t[0][v >> 56];
	}
	for (; n; n--)
		crc = t[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return crc;
}

/* --- output --- */

/* Hands on what is new. */
static int flush(struct state *s)
{
	size_t n = s->pos - s->flushed;
	int err;

	if (!n)
		return 0;
	s->crc = crc_update(s, s->crc, s->flushed, n);
	s->total += n;
	err = s->out(s->ctx, s->flushed, n);
	s->flushed = s->pos;
	return err < 0 ? err : 0;
}

/* Flushes, and moves the last 32 KiB down to be the history. */
static int slide(struct state *s)
{
	size_t by = s->pos - (s->buffer + WINDOW);
	int err = flush(s);

	if (err)
		return err;
	memmove(s->buffer, s->buffer + by, WINDOW);
	s->pos -= by;
	s->flushed = s->pos;
	s->valid = (size_t)(s->valid - s->buffer) > by ? s->valid - by : s->buffer;
	return 0;
}

/* --- input bits --- */

/* At least 56 bits in b->bits; zeros after the end. */
static __always_inline void refill(struct input *b)
{
	if (likely(b->end - b->in >= 8)) {
		u64 v;

		memcpy(&v, b->in, 8);
		b->bits |= v << b->nbits;
		b->in += (63 - b->nbits) >> 3;
		b->nbits |= 56;
		return;
	}
	while (b->nbits < 56) {
		if (b->in < b->end)
			b->bits |= (u64)*b->in++ << b->nbits;
		else
			b->overrun++;
		b->nbits += 8;
	}
}

static __always_inline u32 take_bits(struct input *b, int n)
{
	u32 v = b->bits & ((1UL << n) - 1);

	b->bits >>= n;
	b->nbits -= n;
	return v;
}

/* Gives back whole bytes that were read ahead. False: the input ended before. */
static bool align_to_byte(struct input *b)
{
	int spare = b->nbits / 8 - b->overrun;

	if (spare < 0)
		return false;
	b->in -= spare;
	b->bits = 0;
	b->nbits = 0;
	b->overrun = 0;
	return true;
}

/* --- tables --- */

static u32 reverse_bits(u32 code, int n)
{
	u32 r = 0;

	while (n--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

static entry_t lit_entry(int sym)
{
	if (sym < 256)
		return (u32)sym << VALUE_SHIFT | IS_LITERAL;
	if (sym == 256)
		return IS_END;
	if (sym > 285)
		return IS_BAD;
	return (u32)length_base[sym - 257] << VALUE_SHIFT | length_extra[sym - 257] << EXTRA_SHIFT;
}

static entry_t dist_entry(int sym)
{
	if (sym > 29)
		return IS_BAD;
	return (u32)dist_base[sym] << VALUE_SHIFT | dist_extra[sym] << EXTRA_SHIFT;
}

static entry_t plain_entry(int sym)
{
	return (u32)sym << VALUE_SHIFT;
}

struct builder {
	entry_t *table;
	int size;		/* entries there are */
	int root;		/* bits of the first table */
	entry_t (*entry)(int sym);
};

/* Where canonical codes of each length begin; false: over-subscribed. @left: codes unused. */
static bool first_codes(const u8 *lengths, int n, u32 *code, int *left)
{
	int count[MAX_BITS + 1] = { 0 };
	u32 c = 0;

	for (int i = 0; i < n; i++)
		count[lengths[i]]++;
	count[0] = 0;
	*left = 1;
	for (int len = 1; len <= MAX_BITS; len++) {
		*left = *left * 2 - count[len];
		if (*left < 0)
			return false;
		c = (c + count[len - 1]) << 1;
		code[len] = c;
	}
	return true;
}

/* Makes a second table for each prefix that has longer codes; false: no room. */
static bool make_subtables(const struct builder *b, const u8 *lengths, int n, const u32 *first)
{
	u8 deepest[1 << LIT_BITS];
	u32 code[MAX_BITS + 1];
	int used = 1 << b->root;

	memset(deepest, 0, sizeof(deepest));
	memcpy(code, first, sizeof(code));
	for (int i = 0; i < n; i++) {
		int len = lengths[i];
		u32 prefix;

		if (!len)
			continue;
		prefix = reverse_bits(code[len]++, len) & ((1U << b->root) - 1);
		if (len > b->root && len - b->root > deepest[prefix])
			deepest[prefix] = len - b->root;
	}
	for (int p = 0; p < 1 << b->root; p++) {
		if (!deepest[p])
			continue;
		if (used + (1 << deepest[p]) > b->size)
			return false;
		b->table[p] = (u32)used << VALUE_SHIFT | IS_SUBTABLE | deepest[p] << EXTRA_SHIFT | b->root;
		for (int i = 0; i < 1 << deepest[p]; i++)
			b->table[used + i] = IS_BAD;
		used += 1 << deepest[p];
	}
	return true;
}

/* => table entry @e decodes: the bits left of a code go into its low byte */
static void fill(entry_t *table, u32 from, int bits, int table_bits, entry_t e)
{
	for (u32 i = from; i < 1U << table_bits; i += 1U << bits)
		table[i] = e | bits;
}

/* Builds the tables of @n codes. An incomplete code is allowed only if it is one single code. */
static int build(const struct builder *b, const u8 *lengths, int n)
{
	u32 code[MAX_BITS + 1] = { 0 };
	int left, codes = 0;

	for (int i = 0; i < n; i++)
		codes += lengths[i] != 0;
	if (!first_codes(lengths, n, code, &left))
		return fail("over-subscribed code");
	if (left && codes > 1)
		return fail("incomplete code");
	for (int i = 0; i < 1 << b->root; i++)
		b->table[i] = IS_BAD;
	if (!make_subtables(b, lengths, n, code))
		return fail("code too long");
	for (int i = 0; i < n; i++) {
		int len = lengths[i];
		u32 rev;
		entry_t sub;

		if (!len)
			continue;
		rev = reverse_bits(code[len]++, len);
		if (len <= b->root) {
			fill(b->table, rev, len, b->root, b->entry(i));
			continue;
		}
		sub = b->table[rev & ((1U << b->root) - 1)];
		fill(b->table + (sub >> VALUE_SHIFT), rev >> b->root, len - b->root,
		     sub >> EXTRA_SHIFT & EXTRA_MASK, b->entry(i));
	}
	return 0;
}

/* --- blocks --- */

/* Follows a code into its second table. => its first bits are still in @bits */
static __always_inline entry_t second_entry(const entry_t *table, entry_t e, u64 bits)
{
	u32 sub = (bits >> (e & BITS_MASK)) & ((1U << (e >> EXTRA_SHIFT & EXTRA_MASK)) - 1);

	return table[(e >> VALUE_SHIFT) + sub];
}

/* Copies a match; may write up to 7 bytes more. => room for them behind @to */
static __always_inline void copy_match(u8 *to, const u8 *from, u32 len)
{
	u8 *end = to + len;

	if (likely(to - from >= 8)) {
		do {
			u64 v;

			memcpy(&v, from, 8);
			memcpy(to, &v, 8);
			to += 8;
			from += 8;
		} while (to < end);
		return;
	}
	if (to - from == 1) {
		u64 v = *from * 0x0101010101010101UL;

		do {
			memcpy(to, &v, 8);
			to += 8;
		} while (to < end);
		return;
	}
	do
		*to++ = *from++;
	while (to < end);
}

/* The distance after a length; 0: invalid. */
static __always_inline u32 read_distance(const entry_t *table, struct input *b)
{
	entry_t e = table[b->bits & ((1U << DIST_BITS) - 1)];

	if (unlikely(e & IS_SUBTABLE)) {
		entry_t sub = second_entry(table, e, b->bits);

		take_bits(b, e & BITS_MASK);
		e = sub;
	}
	if (unlikely(e & IS_SPECIAL))
		return 0;
	take_bits(b, e & BITS_MASK);
	return (e >> VALUE_SHIFT) + take_bits(b, e >> EXTRA_SHIFT & EXTRA_MASK);
}

/* Where inflate_codes() stands, in registers. */
struct fast {
	struct input b;
	u8 *pos;
};

static __always_inline entry_t first_entry(const entry_t *lit, const struct fast *f)
{
	return lit[f->b.bits & ((1U << LIT_BITS) - 1)];
}

/*
 * Stores the literals that come next, at most three; the entry that is none, or the last literal's.
 * => 56 bits are there; on return, if it is no literal, again.
 */
static __always_inline entry_t literals(const entry_t *lit, struct fast *f)
{
	entry_t e = first_entry(lit, f);

	if (!(e & IS_LITERAL))
		return e;
	take_bits(&f->b, e & BITS_MASK);
	*f->pos++ = e >> VALUE_SHIFT;
	e = first_entry(lit, f);
	if (e & IS_LITERAL) {
		take_bits(&f->b, e & BITS_MASK);
		*f->pos++ = e >> VALUE_SHIFT;
		e = first_entry(lit, f);
		if (e & IS_LITERAL) {
			take_bits(&f->b, e & BITS_MASK);
			*f->pos++ = e >> VALUE_SHIFT;
			return e;
		}
	}
	refill(&f->b);
	return e;
}

/* The symbols of a block until the buffer is nearly full (1), the block ends (0), or an error. */
static int inflate_fast(struct state *s)
{
	const entry_t *lit = s->lit, *dist_table = s->dist;
	const u8 *limit = s->buffer + BUFFER - SLACK, *valid = s->valid;
	struct fast f = { .b = s->b, .pos = s->pos };
	int ret = 1;

	while (likely(f.pos < limit)) {
		entry_t e;
		u32 len, dist;

		refill(&f.b);
		e = literals(lit, &f);
		if (e & IS_LITERAL)
			continue;
		if (unlikely(e & IS_SUBTABLE)) {
			entry_t sub = second_entry(lit, e, f.b.bits);

			take_bits(&f.b, e & BITS_MASK);
			e = sub;
		}
		take_bits(&f.b, e & BITS_MASK);
		if (unlikely(e & (IS_LITERAL | IS_END | IS_BAD))) {
			if (e & IS_LITERAL) {
				*f.pos++ = e >> VALUE_SHIFT;
				continue;
			}
			ret = e & IS_END ? 0 : fail("invalid code");
			break;
		}
		len = (e >> VALUE_SHIFT) + take_bits(&f.b, e >> EXTRA_SHIFT & EXTRA_MASK);
		dist = read_distance(dist_table, &f.b);
		if (unlikely(!dist || dist > f.pos - valid)) {
			ret = fail("invalid distance");
			break;
		}
		copy_match(f.pos, f.pos - dist, len);
		f.pos += len;
	}
	s->b = f.b;
	s->pos = f.pos;
	return ret;
}

/* The symbols of one block, to its end. */
static int inflate_codes(struct state *s)
{
	for (;;) {
		int ret = inflate_fast(s);

		if (s->b.overrun > 8)
			return fail("unexpected end of file");
		if (ret <= 0)
			return ret;
		ret = slide(s);
		if (ret)
			return ret;
	}
}

static int inflate_stored(struct state *s)
{
	u32 len, check;

	if (!align_to_byte(&s->b) || s->b.end - s->b.in < 4)
		return fail("unexpected end of file");
	len = s->b.in[0] | s->b.in[1] << 8;
	check = s->b.in[2] | s->b.in[3] << 8;
	s->b.in += 4;
	if (len != (check ^ 0xffff))
		return fail("invalid stored block");
	if (s->b.end - s->b.in < len)
		return fail("unexpected end of file");
	while (len) {
		size_t room = s->buffer + BUFFER - s->pos, n = MIN((size_t)len, room);
		int err;

		memcpy(s->pos, s->b.in, n);
		s->pos += n;
		s->b.in += n;
		len -= n;
		err = s->pos == s->buffer + BUFFER ? slide(s) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int build_both(struct state *s, int nlit, int ndist)
{
	struct builder lit = { s->lit, LIT_TABLE, LIT_BITS, lit_entry };
	struct builder dist = { s->dist, DIST_TABLE, DIST_BITS, dist_entry };
	int err = build(&lit, s->lengths, nlit);

	return err ? err : build(&dist, s->lengths + nlit, ndist);
}

static int inflate_fixed(struct state *s)
{
	u8 *l = s->lengths;
	int err;

	memset(l, 8, 144);		/* RFC 1951, 3.2.6 */
	memset(l + 144, 9, 112);
	memset(l + 256, 7, 24);
	memset(l + 280, 8, 8);
	memset(l + 288, 5, 32);
	err = build_both(s, 288, 32);
	return err ? err : inflate_codes(s);
}

/* The code lengths of a dynamic block, which are themselves Huffman-coded and run-length coded. */
static int read_lengths(struct state *s, int n)
{
	int i = 0;

	while (i < n) {
		u32 sym, repeat;
		u8 value = 0;
		entry_t e;

		refill(&s->b);
		e = s->lit[s->b.bits & 127];
		if (e & IS_BAD || s->b.overrun > 8)
			return fail("invalid code lengths");
		take_bits(&s->b, e & BITS_MASK);
		sym = e >> VALUE_SHIFT;
		if (sym < 16) {
			s->lengths[i++] = sym;
			continue;
		}
		if (sym == 16 && !i)
			return fail("invalid bit length repeat");
		if (sym == 16)
			value = s->lengths[i - 1];
		repeat = sym == 16 ? 3 + take_bits(&s->b, 2) : sym == 17 ? 3 + take_bits(&s->b, 3) :
			 11 + take_bits(&s->b, 7);
		if (i + repeat > n)
			return fail("invalid bit length repeat");
		memset(s->lengths + i, value, repeat);
		i += repeat;
	}
	return 0;
}

static int inflate_dynamic(struct state *s)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	struct builder codes = { s->lit, LIT_TABLE, 7, plain_entry };
	int nlit, ndist, ncode, err;

	nlit = take_bits(&s->b, 5) + 257;
	ndist = take_bits(&s->b, 5) + 1;
	ncode = take_bits(&s->b, 4) + 4;
	if (nlit > 286 || ndist > 30)
		return fail("too many length or distance symbols");
	memset(s->lengths, 0, 19);
	for (int i = 0; i < ncode; i++) {
		refill(&s->b);
		s->lengths[order[i]] = take_bits(&s->b, 3);
	}
	err = build(&codes, s->lengths, 19);
	if (!err)
		err = read_lengths(s, nlit + ndist);
	if (!err && !s->lengths[256])
		return fail("missing end-of-block");
	if (!err)
		err = build_both(s, nlit, ndist);
	return err ? err : inflate_codes(s);
}

static int inflate_blocks(struct state *s)
{
	bool final = false;

	while (!final) {
		int err;

		refill(&s->b);
		final = take_bits(&s->b, 1);
		switch (take_bits(&s->b, 2)) {
		case 0: err = inflate_stored(s); break;
		case 1: err = inflate_fixed(s); break;
		case 2: err = inflate_dynamic(s); break;
		default: err = fail("invalid block type");
		}
		if (err)
			return err;
	}
	return align_to_byte(&s->b) ? flush(s) : fail("unexpected end of file");
}

/* --- gzip --- */

static u32 get_le32(const u8 *p) { return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24; }

/* The bytes of the member's header, or -EINVAL. RFC 1952, 2.3. */
static long skip_header(const u8 *in, size_t len)
{
	enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };
	size_t at = 10;
	u8 flags;

	if (len < 18 || in[0] != 0x1f || in[1] != 0x8b || in[2] != 8 || in[3] & RESERVED)
		return fail("bad gzip magic numbers");
	flags = in[3];
	if (flags & FEXTRA)
		at += 2 + (in[at] | in[at + 1] << 8);
	for (int names = !!(flags & FNAME) + !!(flags & FCOMMENT); names; names--) {
		while (at < len && in[at])
			at++;
		at++;
	}
	if (flags & FHCRC)
		at += 2;
	return at < len ? (long)at : fail("header past the end");
}

/* inflate.h */
long gunzip(const u8 *in, size_t in_len, int (*out)(void *ctx, const u8 *data, size_t n),
	    void *ctx, void *workspace)
{
	struct state *s = workspace;
	long header = skip_header(in, in_len);
	int err;

	if (header < 0)
		return header;
	s->b.in = in + header;
	s->b.end = in + in_len;
	s->b.bits = 0;
	s->b.nbits = 0;
	s->b.overrun = 0;
	s->pos = s->valid = s->flushed = s->buffer + WINDOW;
	s->crc = ~0U;
	s->total = 0;
	s->out = out;
	s->ctx = ctx;
	crc_init(s);
	err = inflate_blocks(s);
	if (err)
		return err;
	if (s->b.end - s->b.in < 8)
		return fail("unexpected end of file");
	if (get_le32(s->b.in) != ~s->crc)
		return fail("crc error");
	if (get_le32(s->b.in + 4) != (u32)s->total)
		return fail("length error");
	return s->b.in + 8 - in;
}
