/*
 * test_inflate.c - kernel/lib/inflate.c: what gzip packs is unpacked, what is damaged is refused.
 *
 * The inputs are made by the Makefile (GZ_DIR).
 */
#include "host/host.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/inflate.h"

struct sink {
	u8 *data;
	size_t len, max;
};

static int sink_write(void *ctx, const u8 *data, size_t n)
{
	struct sink *s = ctx;

	if (n > s->max - s->len)
		return -ENOSPC;
	memcpy(s->data + s->len, data, n);
	s->len += n;
	return 0;
}

static u8 *read_whole(const char *name, size_t *len)
{
	char path[512];
	FILE *f;
	u8 *data;

	snprintf(path, sizeof(path), "%s/%s", GZ_DIR, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is missing", path);
	data = malloc(4 << 20);
	*len = fread(data, 1, 4 << 20, f);
	fclose(f);
	return realloc(data, *len ? *len : 1); /* exactly, so that ASan sees a step too far */
}

static long unpack(const u8 *in, size_t len, struct sink *s)
{
	void *work = malloc(INFLATE_WORKSPACE);
	long n;

	memset(work, 0x5a, INFLATE_WORKSPACE);
	s->len = 0;
	gunzip_error = NULL;
	n = gunzip(in, len, sink_write, s, work);
	free(work);
	assert_true(n < 0 || (size_t)n <= len);
	assert_true(n >= 0 || n == -ENOSPC || gunzip_error);
	return n;
}

static const char *const inputs[] = { "empty", "hello", "zeros", "numbers", "source", "noise" };

static void what_gzip_packs_is_unpacked(void **state)
{
	struct sink s = { malloc(4 << 20), 0, 4 << 20 };

	for (unsigned int i = 0; i < ARRAY_SIZE(inputs); i++) {
		size_t len, packed_len;
		u8 *plain = read_whole(inputs[i], &len), *packed;

		for (int level = 1; level <= 9; level++) {
			char name[32];

			snprintf(name, sizeof(name), "%s.%d.gz", inputs[i], level);
			packed = read_whole(name, &packed_len);
			if (unpack(packed, packed_len, &s) != (long)packed_len)
				fail_msg("%s: %s", name, gunzip_error ? gunzip_error : "cut short");
			assert_int_equal(s.len, len);
			assert_memory_equal(s.data, plain, len);
			free(packed);
		}
		free(plain);
	}
	free(s.data);
}

static void damaged_input_is_found_out(void **state)
{
	static const char *const names[] = { "hello.9.gz", "numbers.6.gz", "source.1.gz",
					     "source.9.gz", "noise.5.gz" };
	struct sink s = { malloc(4 << 20), 0, 4 << 20 };
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len, plain_len;
		u8 *packed = read_whole(names[i], &len), *plain, *bad;

		assert_int_equal(unpack(packed, len, &s), len);
		plain_len = s.len;
		plain = memcpy(malloc(plain_len), s.data, plain_len);
		for (int round = 0; round < 250; round++) {
			size_t at = host_below(round % 2 ? len : MIN(len, (size_t)200)),
			       bad_len = len;

			if (round % 5 == 0)
				bad_len = at; /* cut off */
			bad = memcpy(malloc(bad_len + !bad_len), packed, bad_len);
			if (bad_len == len)
				for (unsigned int n = 1 + round % 3; n; n--, at = host_below(len))
					bad[at] ^= 1 << host_below(8);
			if (unpack(bad, bad_len, &s) >=
			    0) { /* time and system in the header do not matter */
				assert_int_equal(s.len, plain_len);
				assert_memory_equal(s.data, plain, plain_len);
			} else {
				refused++;
			}
			free(bad);
		}
		free(plain);
		free(packed);
	}
	assert_true(refused > 1000);
	free(s.data);
}

/* Deflate streams of noise: no crash, no endless output. */
static void noise_is_no_deflate(void **state)
{
	struct sink s = { malloc(1 << 20), 0, 1 << 20 };

	for (int round = 0; round < 2000; round++) {
		size_t len = 18 + host_below(300);
		u8 *in = malloc(len);

		for (size_t i = 0; i < len; i++)
			in[i] = host_random();
		memcpy(in, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
		if (round % 3 == 0)
			in[3] = host_below(32);
		in[10] = (in[10] & ~7) | (host_below(3) << 1) | 1;
		assert_true(unpack(in, len, &s) < 0);
		free(in);
	}
	free(s.data);
}

/* Deflate streams made by hand, bit by bit from the lowest: blanks are for the reader. */
static size_t put_bits(u8 *out, const char *bits)
{
	unsigned int n = 0;

	for (const char *p = bits; *p; p++) {
		if (*p != '0' && *p != '1')
			continue;
		out[n / 8] |= (*p - '0') << n % 8;
		n++;
	}
	return (n + 7) / 8;
}

#define DYNAMIC_16_AND_18                                                                          \
	"1 01 00000 00000 0000 100 000 100 000 " /* 257 + 1 codes; lengths' codes: 16 is 0, 18 is  \
						    1 */
static void each_mistake_has_its_name(void **state)
{
	static const struct {
		const char *bits, *error;
	} cases[] = {
		{ "1 11", "invalid block type" },
		{ "1 00 00000 10000000 00000000 10000000 00000000", "invalid stored block" },
		{ "1 01 01111 00000 0000", "too many length or distance symbols" },
		{ "1 01 00000 01111 0000", "too many length or distance symbols" },
		{ DYNAMIC_16_AND_18 "0 00", "invalid bit length repeat" }, /* nothing before it */
		{ DYNAMIC_16_AND_18 "1 1111111 1 1111111",
		  "invalid bit length repeat" }, /* 276 of 258 */
		{ DYNAMIC_16_AND_18 "1 1111111 1 1011011",
		  "missing end-of-block" }, /* 138 + 120: all unused */
		{ "1 10 0000001 00000",
		  "invalid distance" }, /* fixed codes: 3 bytes from before the start */
	};
	struct sink s = { malloc(1 << 16), 0, 1 << 16 };

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 in[80] = "\x1f\x8b\x08\0\0\0\0\0\0\3";
		size_t n = put_bits(in + 10, cases[i].bits);

		assert_int_equal(unpack(in, 10 + n + 30, &s), -EINVAL);
		if (strcmp(gunzip_error, cases[i].error))
			fail_msg("case %u: \"%s\", not \"%s\"", i, gunzip_error, cases[i].error);
	}
	free(s.data);
}

static void sums_are_checked(void **state)
{
	struct sink s = { malloc(4 << 20), 0, 4 << 20 };
	size_t len;
	u8 *packed = read_whole("source.9.gz", &len);

	for (size_t i = len - 8; i < len; i++) {
		packed[i] ^= 0x10;
		assert_int_equal(unpack(packed, len, &s), -EINVAL);
		assert_string_equal(gunzip_error, i < len - 4 ? "crc error" : "length error");
		packed[i] ^= 0x10;
	}
	free(packed);
	free(s.data);
}

/* Extra field, name, comment and header checksum are stepped over; after the member something else
 * may follow. */
static void gzip_headers(void **state)
{
	struct sink s = { malloc(1 << 16), 0, 1 << 16 };
	size_t len, n = 0;
	u8 *packed = read_whole("hello.9.gz", &len), *in = malloc(len + 64);

	assert_int_equal(packed[3], 0); /* gzip -n */
	memcpy(in, packed, 10);
	in[3] = 2 | 4 | 8 | 16;
	n = 10;
	memcpy(in + n,
	       "\3\0abc"
	       "name\0"
	       "a comment\0"
	       "hc",
	       22);
	n += 22;
	memcpy(in + n, packed + 10, len - 10);
	n += len - 10;
	memcpy(in + n, "more", 4);
	assert_int_equal(unpack(in, n + 4, &s), n);
	assert_int_equal(s.len, 6);
	assert_memory_equal(s.data, "hello\n", 6);
	s.max = 3;
	assert_int_equal(unpack(packed, len, &s), -ENOSPC);
	in[1] = 0;
	assert_true(unpack(in, n, &s) < 0);
	assert_string_equal(gunzip_error, "bad gzip magic numbers");
	free(s.data);
	free(in);
	free(packed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_gzip_packs_is_unpacked),
		T(damaged_input_is_found_out),
		T(noise_is_no_deflate),
		T(each_mistake_has_its_name),
		T(sums_are_checked),
		T(gzip_headers),
	};

	return cmocka_run_group_tests_name("inflate", tests, host_init, NULL);
}
