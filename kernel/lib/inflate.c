/*
 * inflate.c - unpacking gzip.
 *
 * Idea: 64 bits of input are kept in a register and topped up once a symbol.
 *       A Huffman code is looked up by its first bits in a table; longer ones
 *       go on in a second table. A short length's extra bits are looked up with
 *       its code: most entries say all there is to know. Output collects in a 64 KiB buffer of
 *       which
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
	/* first and second tables together: at most 1334 and 592 */
	LIT_TABLE = 1400, DIST_TABLE = 700,
	MAX_LIT = 288, MAX_DIST = 32, MAX_BITS = 15,
};

/*
 * A table entry: value << 16 | kind | bits of the code << 8 | bits to drop, extra bits included.
 * No bits of the code in it: the extra bits are in the value already.
 */
typedef u32 entry_t;
enum {
	IS_LITERAL = 0x8000,
	IS_END = 0x4000,
	IS_SUBTABLE = 0x2000,
	IS_BAD = 0x1000,
	CODE_MASK = 0xf00,
	CODE_SHIFT = 8,
	VALUE_SHIFT = 16,
	DROP_MASK = 0x3f
};

struct input {
	const u8 *in, *end;
	u64 bits;			/* the next input bits, lowest first */
	/* its low byte: how many; may run past the end: see overrun */
	u32 nbits;
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

static const u16 length_base[31] = { 3,	 4,  5,	 6,   7,   8,	9,   10,  11, 13,
				     15, 17, 19, 23,  27,  31,	35,  43,  51, 59,
				     67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const u8 length_extra[31] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
	4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const u16 dist_base[32] = { 1,	 2,    3,    4,	   5,	 7,    9,    13,    17,	   25,
				   33,	 49,   65,   97,   129,	 193,  257,  385,   513,   769,
				   1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
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
		u32 a, b;

		memcpy(&a, p, 4);
		memcpy(&b, p + 4, 4);
		a ^= crc;
		crc = t[7][a & 0xff] ^ t[6][a >> 8 & 0xff] ^ t[5][a >> 16 & 0xff] ^ t[4][a >> 24] ^
		      t[3][b & 0xff] ^ t[2][b >> 8 & 0xff] ^ t[1][b >> 16 & 0xff] ^ t[0][b >> 24];
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

static __always_inline u32 bits_left(const struct input *b) { return (u8)b->nbits; }

/* At least 56 bits in b->bits. => eight bytes of input are left */
static __always_inline void refill_fast(struct input *b)
{
	u64 v;

	memcpy(&v, b->in, 8);
	b->bits |= v << (b->nbits & 63);
	b->in += 7 - (b->nbits >> 3 & 7);
	b->nbits |= 56;
}

/* The same at the end of the input: zeros follow it. */
static void refill(struct input *b)
{
	while (bits_left(b) < 56) {
		if (b->in < b->end)
			b->bits |= (u64)*b->in++ << bits_left(b);
		else
			b->overrun++;
		b->nbits += 8;
	}
}

static __always_inline void top_up(struct input *b, bool at_end)
{
	if (at_end)
		refill(b);
	else
		refill_fast(b);
}

/*
 * Takes away the bits that @e decoded. What the subtraction does to the upper bytes of nbits is of
 * no interest.
 */
static __always_inline void drop(struct input *b, entry_t e)
{
	b->bits >>= e & DROP_MASK;
	b->nbits -= e;
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
	int spare = (int)bits_left(b) / 8 - b->overrun;

	if (spare < 0)
		return false;
	b->in -= spare;
	b->bits = 0;
	b->nbits = 0;
	b->overrun = 0;
	return true;
}

/* --- tables --- */

/*
 * What a symbol decodes to: value, kind and, where the bits of the code will be, the number of its
 * extra bits.
 */
static entry_t lit_entry(int sym)
{
	if (sym < 256)
		return (u32)sym << VALUE_SHIFT | IS_LITERAL;
	if (sym == 256)
		return IS_END;
	if (sym > 285)
		return IS_BAD;
	return (u32)length_base[sym - 257] << VALUE_SHIFT | length_extra[sym - 257] << CODE_SHIFT;
}

static entry_t dist_entry(int sym)
{
	if (sym > 29)
		return IS_BAD;
	return (u32)dist_base[sym] << VALUE_SHIFT | dist_extra[sym] << CODE_SHIFT;
}

static entry_t plain_entry(int sym)
{
	return (u32)sym << VALUE_SHIFT;
}

struct builder {
	entry_t *table;
	int size;		/* entries there are */
	int root;		/* bits of the first table */
	/* the first table's values include their extra bits where these fit */
	bool resolve;
	entry_t (*entry)(int sym);
	u16 count[MAX_BITS + 1];	/* codes of each length that are still to come */
	u16 sorted[MAX_LIT];	/* symbols in the order of their codes */
	int used;		/* entries in use */
	u32 sub_prefix;		/* the second table being filled: which first bits lead to it, */
	entry_t *sub;		/* where it is, NULL: none yet, */
	int sub_bits;		/* and its size */
};

/*
 * Sorts the symbols by code: by length, then by number. Codes of that length left unused, -1:
 * over-subscribed.
 */
static int sort_symbols(struct builder *b, const u8 *lengths, int n)
{
	u16 at[MAX_BITS + 2];
	int left = 1;

	memset(b->count, 0, sizeof(b->count));
	for (int i = 0; i < n; i++)
		b->count[lengths[i]]++;
	b->count[0] = 0;
	at[1] = 0;
	for (int len = 1; len <= MAX_BITS; len++) {
		left = left * 2 - b->count[len];
		if (left < 0)
			return -1;
		at[len + 1] = at[len] + b->count[len];
	}
	for (int i = 0; i < n; i++)
		if (lengths[i])
			b->sorted[at[lengths[i]]++] = i;
	return left;
}

/*
 * The code after @code, which is @len bits long, the first bit lowest: one is added at the far
 * end.
 */
static u32 next_code(u32 code, int len)
{
	u32 bit = 1U << (len - 1);

	while (code & bit)
		bit >>= 1;
	return (code & (bit - 1)) | bit;
}

/* All places of the first table where @code comes first. */
static void fill_first(struct builder *b, u32 code, int len, entry_t e)
{
	int extra = (e & CODE_MASK) >> CODE_SHIFT, bits = len + extra;
	entry_t *table = b->table;
	u32 end = 1U << b->root;

	if (extra && (!b->resolve || bits > b->root)) {
		e = (e & ~CODE_MASK) | len << CODE_SHIFT | bits;
		bits = len;
		extra = 0;
	} else {
		e = (e & ~CODE_MASK) | (b->resolve ? 0 : len << CODE_SHIFT) | bits;
	}
	for (u32 v = 0; v < 1U << extra; v++, e += 1U << VALUE_SHIFT)
		for (u32 i = code | v << len; i < end; i += 1U << bits)
			table[i] = e;
}

/*
 * A second table for the codes that begin like @code, as large as those still to come need. False:
 * no room.
 */
static bool open_second(struct builder *b, u32 code, int len)
{
	int bits = len - b->root, left = 1 << bits;

	for (; bits + b->root < MAX_BITS; bits++, left <<= 1) {
		left -= b->count[bits + b->root];
		if (left <= 0)
			break;
	}
	if (b->used + (1 << bits) > b->size)
		return false;
	b->sub_prefix = code & ((1U << b->root) - 1);
	b->table[b->sub_prefix] =
		(u32)b->used << VALUE_SHIFT | IS_SUBTABLE | bits << CODE_SHIFT | b->root;
	b->sub = b->table + b->used;
	b->sub_bits = bits;
	b->used += 1 << bits;
	for (int i = 0; i < 1 << bits; i++)
		b->sub[i] = IS_BAD;	/* one single code does not fill it */
	return true;
}

static bool fill_second(struct builder *b, u32 code, int len, entry_t e)
{
	int extra = (e & CODE_MASK) >> CODE_SHIFT, rest = len - b->root;

	if ((!b->sub || (code & ((1U << b->root) - 1)) != b->sub_prefix) &&
	    !open_second(b, code, len))
		return false;
	e = (e & ~CODE_MASK) | rest << CODE_SHIFT | (rest + extra);
	for (u32 i = code >> b->root; i < 1U << b->sub_bits; i += 1U << rest)
		b->sub[i] = e;
	return true;
}

/* Builds the tables of @n codes. An incomplete code is allowed only if it is one single code. */
static int build(struct builder *b, const u8 *lengths, int n)
{
	int left = sort_symbols(b, lengths, n);
	u32 code = 0;

	if (left < 0)
		return fail("over-subscribed code");
	b->used = 1 << b->root;
	b->sub = NULL;
	/* A complete code fills all of the table. */
	for (int i = 0; left && i < 1 << b->root; i++)
		b->table[i] = IS_BAD;
	for (int i = 0, len = 1; len <= MAX_BITS; len++)
		for (; b->count[len]; b->count[len]--, i++) {
			if (left && i)
				return fail("incomplete code");
			if (len <= b->root)
				fill_first(b, code, len, b->entry(b->sorted[i]));
			else if (!fill_second(b, code, len, b->entry(b->sorted[i])))
				return fail("code too long");
			code = next_code(code, len);
		}
	return 0;
}

/* --- blocks --- */

/* Follows a code into its second table. */
static __always_inline entry_t second_entry(const entry_t *table, entry_t e, struct input *b)
{
	drop(b, e);
	return table[(e >> VALUE_SHIFT) +
		     (b->bits & ((1U << ((e & CODE_MASK) >> CODE_SHIFT)) - 1))];
}

/*
 * The value of @e with its extra bits, which follow the code in @bits. => the bits of the code are
 * in it
 */
static __always_inline u32 full_value(entry_t e, u64 bits)
{
	return (e >> VALUE_SHIFT) +
	       ((bits & ((1UL << (e & DROP_MASK)) - 1)) >> ((e & CODE_MASK) >> CODE_SHIFT));
}

/* Copies a match; may write up to 7 bytes more. => room for them behind @to */
static __always_inline void copy_match(u8 *to, const u8 *from, u32 len)
{
	u8 *end = to + len;

	if (likely(to - from >= 8)) {
		for (;;) {
			u64 v;

			memcpy(&v, from, 8);
			memcpy(to, &v, 8);
			to += 8;
			if (to >= end)
				return;
			from += 8;
		}
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

/* Where inflate_symbols() stands, in registers. */
struct fast {
	struct input b;
	u8 *pos;
};

static __always_inline entry_t first_entry(const entry_t *lit, const struct fast *f)
{
	return lit[f->b.bits & ((1U << LIT_BITS) - 1)];
}

static __always_inline void put_literal(struct fast *f, entry_t e)
{
	drop(&f->b, e);
	*f->pos++ = e >> VALUE_SHIFT;
}

/*
 * Stores the literals that come next, at most three; the entry that is none, or the last
 * literal's. => 56 bits are there
 */
static __always_inline entry_t literals(const entry_t *lit, struct fast *f)
{
	entry_t e = first_entry(lit, f);

	if (!(e & IS_LITERAL))
		return e;
	put_literal(f, e);
	e = first_entry(lit, f);
	if (!(e & IS_LITERAL))
		return e;
	put_literal(f, e);
	e = first_entry(lit, f);
	if (e & IS_LITERAL)
		put_literal(f, e);
	return e;
}

/* The most that a match can need: 15 + 5 bits for the length, 15 + 13 for the distance. */
#define MATCH_BITS 48

/*
 * The symbols of a block until the buffer is nearly full (1), the block ends (0), or an error.
 * => @at_end: for the last bytes of the input; else it returns 1 when it gets there
 */
static __always_inline int inflate_symbols(struct state *s, bool at_end)
{
	const entry_t *lit = s->lit, *dist_table = s->dist;
	const u8 *limit = s->buffer + BUFFER - SLACK, *valid = s->valid, *last = s->b.end - 16;
	struct fast f = { .b = s->b, .pos = s->pos };
	int ret = 1;

	while (likely(f.pos < limit) && (at_end || likely(f.b.in <= last))) {
		entry_t e;
		u32 len, dist;

		top_up(&f.b, at_end);
		e = literals(lit, &f);
		if (e & IS_LITERAL)
			continue;
		if (unlikely(bits_left(&f.b) < MATCH_BITS))
			top_up(&f.b, at_end);
		if (likely(!(e & (IS_SUBTABLE | IS_END | IS_BAD | CODE_MASK)))) {
			len = e >> VALUE_SHIFT;
		} else {
			if (e & IS_SUBTABLE)
				e = second_entry(lit, e, &f.b);
			if (e & IS_LITERAL) {
				put_literal(&f, e);
				continue;
			}
			if (e & (IS_END | IS_BAD)) {
				drop(&f.b, e);
				ret = e & IS_END ? 0 : fail("invalid code");
				break;
			}
			len = full_value(e, f.b.bits);
		}
		drop(&f.b, e);
		e = dist_table[f.b.bits & ((1U << DIST_BITS) - 1)];
		if (unlikely(e & IS_SUBTABLE))
			e = second_entry(dist_table, e, &f.b);
		dist = full_value(e, f.b.bits);
		if (unlikely(e & IS_BAD || f.pos - dist < valid)) {
			ret = fail("invalid distance");
			break;
		}
		drop(&f.b, e);
		copy_match(f.pos, f.pos - dist, len);
		f.pos += len;
	}
	s->b = f.b;
	s->pos = f.pos;
	return ret;
}

static __noinline int inflate_fast(struct state *s) { return inflate_symbols(s, false); }
static __noinline int inflate_end(struct state *s) { return inflate_symbols(s, true); }

/* The symbols of one block, to its end. */
static int inflate_codes(struct state *s)
{
	for (;;) {
		int ret = s->b.end - s->b.in > 16 ? inflate_fast(s) : inflate_end(s);

		if (s->b.overrun > 8)
			return fail("unexpected end of file");
		if (ret <= 0)
			return ret;
		if (s->pos < s->buffer + BUFFER - SLACK)
			continue;	/* only the last bytes of the input are left */
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
	struct builder lit = { .table = s->lit,
			       .size = LIT_TABLE,
			       .root = LIT_BITS,
			       .resolve = true,
			       .entry = lit_entry };
	struct builder dist = {
		.table = s->dist, .size = DIST_TABLE, .root = DIST_BITS, .entry = dist_entry
	};
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
		drop(&s->b, e);
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
	static const u8 order[19] = { 16, 17, 18, 0, 8,	 7, 9,	6, 10, 5,
				      11, 4,  12, 3, 13, 2, 14, 1, 15 };
	struct builder codes = {
		.table = s->lit, .size = LIT_TABLE, .root = 7, .entry = plain_entry
	};
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
