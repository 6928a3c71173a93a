/*
 * test_lib.c - kernel/lib: formats, strings, bitmaps, sorting, the command line, the log.
 *
 * What libc has too is compared with libc; the rest with a simple model, under random traffic.
 */
#include "host/host.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"

/* The kernel's, where libc has the name (host/names.syms). */
int brink_vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int brink_snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
void *brink_bsearch(const void *key, const void *base, size_t n, size_t size,
		    int (*cmp)(const void *, const void *));
size_t brink_strlcpy(char *dst, const char *src, size_t size);
size_t brink_strlcat(char *dst, const char *src, size_t size);

/* --- formats --- */

/* The same text, length and limit as libc's, whatever the buffer's size. */
static void __printf(1, 2) same_as_libc(const char *fmt, ...)
{
	char ours[256], libcs[256];
	va_list args, copy;

	va_start(args, fmt);
	for (size_t size = 0; size <= sizeof(ours); size += size < 40 ? 1 : 24) {
		int n, m;

		memset(ours, '#', sizeof(ours));
		memset(libcs, '#', sizeof(libcs));
		va_copy(copy, args);
		n = brink_vsnprintf(ours, size, fmt, copy);
		va_end(copy);
		va_copy(copy, args);
		m = vsnprintf(libcs, size, fmt, copy);
		va_end(copy);
		if (n != m || memcmp(ours, libcs, sizeof(ours)))
			fail_msg("\"%s\", size %zu: %d \"%.100s\", libc has %d \"%.100s\"", fmt,
				 size, n, ours, m, libcs);
	}
	va_end(args);
}

static void integers_as_libc(void **state)
{
	static const long long values[] = { 0,
					    1,
					    -1,
					    7,
					    42,
					    -42,
					    255,
					    256,
					    65535,
					    -32768,
					    2147483647,
					    -2147483648LL,
					    4294967295LL,
					    INT64_MAX,
					    INT64_MIN,
					    0x123456789abcdefLL };
	static const char *const flags[] = { "", "0", "-", "+", " ", "#", "#0", "-#", "+0", " -" };
	static const char *const sizes[] = { "",   "1",	 "5",  "12",   "20",  "30",
					     ".0", ".1", ".5", "12.5", "3.8", "20.18" };
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };
	static const char conversions[] = "diuxXo";
	char fmt[32];

	for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++)
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++)
			for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
				for (const char *c = conversions; *c; c++) {
					/* Of "#" with o or a precision of 0 there are subtleties
					 * that nobody uses. */
					if (strchr(flags[f], '#') &&
					    (*c == 'o' || strchr(sizes[s], '.')))
						continue;
					snprintf(fmt, sizeof(fmt), "<%%%s%s%s%c>", flags[f],
						 sizes[s], lengths[l], *c);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
					same_as_libc(fmt, values[host_below(ARRAY_SIZE(values))]);
					same_as_libc(fmt, values[(f + s + l) % ARRAY_SIZE(values)]);
#pragma GCC diagnostic pop
				}
	same_as_libc("%d %u %x %lx %llu", -5, 5U, 0xbeef, 0xdeadbeefcafeUL,
		     18446744073709551615ULL);
	for (u64 power = 1; power; power = power <= UINT64_MAX / 10 ? power * 10 : 0) {
		same_as_libc("%lu %lu %lu", power - 1, power, power + 1);
		same_as_libc("%ld %d %u", -(long)power, (int)power, (unsigned int)power);
	}
	same_as_libc("%*d|%-*d|%*d", 6, 42, 6, 42, -6, 42);
	same_as_libc("%.*d|%.*x", 4, 42, 3, 7);
}

static void strings_as_libc(void **state)
{
	same_as_libc("%s|%10s|%-10s|%.3s|%10.3s|%-10.3s|%.*s", "kernel", "abc", "abc", "abcdef",
		     "abcdef", "abcdef", 2, "xyz");
	same_as_libc("%c%c%5c%-5c|", 'a', 'b', 'c', 'd');
	same_as_libc("100%% of %s%%", "it");
	same_as_libc("nothing at all");
	same_as_libc("%s", "");
}

static void the_kernels_own_conversions(void **state)
{
	unsigned long map[2] = { 0xf0f, 1 };
	char *volatile nothing = NULL;
	char buf[64];

	brink_snprintf(buf, sizeof(buf), "%px", (void *)0x1234);
	assert_string_equal(buf, "0000000000001234");
	brink_snprintf(buf, sizeof(buf), "%*pbl|", 128, map);
	assert_string_equal(buf, "0-3,8-11,64|");
	brink_snprintf(buf, sizeof(buf), "%pe", ERR_PTR(-ENOMEM));
	assert_string_equal(buf, "-12");
	brink_snprintf(buf, sizeof(buf), "%pS", (void *)0x1234); /* no symbols here */
	assert_string_equal(buf, "0x1234");
	brink_snprintf(buf, sizeof(buf), "%s", nothing);
	assert_string_equal(buf, "(null)");
	assert_int_equal(scnprintf(buf, 5, "%d", 1234567), 4);
	assert_string_equal(buf, "1234");
	assert_int_equal(scnprintf(buf, 0, "x"), 0);
}

/* --- strings --- */

void *brink_memset(void *dst, int c, size_t n);
void *brink_memcpy(void *dst, const void *src, size_t n);
void *brink_memmove(void *dst, const void *src, size_t n);
int brink_memcmp(const void *a, const void *b, size_t n);
void *brink_memchr(const void *s, int c, size_t n);
size_t brink_strlen(const char *s);
size_t brink_strnlen(const char *s, size_t max);
int brink_strcmp(const char *a, const char *b);
int brink_strncmp(const char *a, const char *b, size_t n);
int brink_strcasecmp(const char *a, const char *b);
int brink_strncasecmp(const char *a, const char *b, size_t n);
char *brink_strcpy(char *dst, const char *src);
char *brink_strncpy(char *dst, const char *src, size_t n);
char *brink_strcat(char *dst, const char *src);
char *brink_strchr(const char *s, int c);
char *brink_strrchr(const char *s, int c);
char *brink_strstr(const char *s, const char *what);
char *brink_strpbrk(const char *s, const char *accept);
size_t brink_strspn(const char *s, const char *accept);
size_t brink_strcspn(const char *s, const char *reject);
char *brink_strsep(char **s, const char *delim);

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void memory_functions_as_libc(void **state)
{
	static u8 a[600], b[600];

	for (int round = 0; round < 3000; round++) {
		size_t n = host_below(256), from = host_below(300), to = host_below(300);

		for (unsigned int i = 0; i < sizeof(a); i++)
			a[i] = b[i] = host_random();
		switch (round % 5) {
		case 0:
			assert_ptr_equal(brink_memset(a + to, from, n), a + to);
			memset(b + to, from, n);
			break;
		case 1:
			assert_ptr_equal(brink_memmove(a + to, a + from, n), a + to);
			memmove(b + to, b + from, n);
			break;
		case 2:
			from = 300 + host_below(40);
			to = host_below(40);
			assert_ptr_equal(brink_memcpy(a + to, a + from, n), a + to);
			memcpy(b + to, b + from, n);
			break;
		case 3:
			memcpy(a + 300, a, 256);
			a[300 + host_below(256)] ^= host_below(3);
			assert_int_equal(sign(brink_memcmp(a, a + 300, n)),
					 sign(memcmp(a, a + 300, n)));
			continue;
		case 4:
			assert_ptr_equal(brink_memchr(a, from & 0xff, n),
					 memchr(a, from & 0xff, n));
			continue;
		}
		assert_memory_equal(a, b, sizeof(a));
	}
}

/* A string of a few letters, so that matches are likely. */
static char *random_string(unsigned int max)
{
	size_t len = host_below(max + 1);
	char *s = malloc(len + 1);

	assert_non_null(s);
	for (size_t i = 0; i < len; i++)
		s[i] = "abAB\xe4"[host_below(5)];
	s[len] = 0;
	return s;
}

static void string_functions_as_libc(void **state)
{
	for (int round = 0; round < 4000; round++) {
		char *a = random_string(40), *b = random_string(round % 3 ? 3 : 40);
		char ours[128] = "start", libcs[128] = "start";
		size_t n = host_below(45);

		assert_int_equal(brink_strlen(a), strlen(a));
		assert_int_equal(brink_strnlen(a, n), MIN(strlen(a), n));
		assert_int_equal(sign(brink_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(brink_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		assert_ptr_equal(brink_strchr(a, 'b'), strchr(a, 'b'));
		assert_ptr_equal(brink_strchr(a, 0), strchr(a, 0));
		assert_ptr_equal(brink_strrchr(a, 'A'), strrchr(a, 'A'));
		assert_ptr_equal(brink_strstr(a, b), strstr(a, b));
		assert_ptr_equal(brink_strpbrk(a, b), strpbrk(a, b));
		assert_int_equal(brink_strspn(a, b), strspn(a, b));
		assert_int_equal(brink_strcspn(a, b), strcspn(a, b));
		assert_string_equal(brink_strcat(ours, a), strcat(libcs, a));
		assert_string_equal(brink_strcpy(ours, b), strcpy(libcs, b));
		brink_strncpy(ours, a, n);
		strncpy(libcs, a, n);
		assert_memory_equal(ours, libcs, sizeof(ours));
		free(a);
		free(b);
	}
	assert_true(brink_strcasecmp("Kernel", "kERNEL") == 0 && brink_strcasecmp("a", "B") < 0);
	assert_true(brink_strncasecmp("ABx", "aby", 2) == 0 &&
		    brink_strncasecmp("ABx", "aby", 3) < 0);
}

static void the_kernels_own_strings(void **state)
{
	char buf[8], text[] = "a,b;;c", *p = text;

	assert_int_equal(strscpy(buf, "1234567", sizeof(buf)), 7);
	assert_int_equal(strscpy(buf, "12345678", sizeof(buf)), -E2BIG);
	assert_string_equal(buf, "1234567");
	assert_int_equal(strscpy(buf, "x", 0), -E2BIG);
	assert_int_equal(brink_strlcpy(buf, "123456789", sizeof(buf)), 9);
	assert_string_equal(buf, "1234567");
	buf[3] = 0;
	assert_int_equal(brink_strlcat(buf, "abcdef", sizeof(buf)), 9);
	assert_string_equal(buf, "123abcd");
	assert_string_equal(brink_strsep(&p, ",;"), "a");
	assert_string_equal(brink_strsep(&p, ",;"), "b");
	assert_string_equal(brink_strsep(&p, ",;"), "");
	assert_string_equal(brink_strsep(&p, ",;"), "c");
	assert_null(brink_strsep(&p, ",;"));
	strcpy(buf, "  x y\n");
	assert_string_equal(strim(buf), "x y");
	assert_true(sysfs_streq("on", "on\n") && sysfs_streq("on\n", "on") &&
		    sysfs_streq("on", "on"));
	assert_false(sysfs_streq("on", "on\n\n") || sysfs_streq("on", "o") ||
		     sysfs_streq("on\nx", "on"));
	assert_ptr_equal(memchr_inv("aaab", 'a', 3), NULL);
	assert_string_equal(memchr_inv("aaab", 'a', 4), "b");
	assert_true(str_has_prefix("sysctl.vm", "sysctl.") && !str_has_prefix("sys", "sysctl."));
	assert_true(glob_match("*.c", "a.b.c") && glob_match("a?c*", "abc") && glob_match("*", ""));
	assert_false(glob_match("*.c", "a.h") || glob_match("a?", "a") || glob_match("", "x"));
	assert_string_equal(strchrnul("abc", 'x'), "");
	assert_ptr_equal(strnchr("abc", 2, 'c'), NULL);
}

static void kstrto_takes_a_whole_number(void **state)
{
	static const struct {
		const char *s;
		unsigned int base;
		int err;
		long value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "42", 10, 0, 42 },
		{ "-42", 10, 0, -42 },
		{ "+42", 10, 0, 42 },
		{ "42\n", 10, 0, 42 },
		{ "0x2a", 0, 0, 42 },
		{ "0X2A", 16, 0, 42 },
		{ "2a", 16, 0, 42 },
		{ "052", 0, 0, 42 },
		{ "-0x10", 0, 0, -16 },
		{ "9223372036854775807", 0, 0, INT64_MAX },
		{ "-9223372036854775808", 0, 0, INT64_MIN },
		{ "9223372036854775808", 0, -ERANGE, 0 },
		{ "-9223372036854775809", 0, -ERANGE, 0 },
		{ "99999999999999999999999", 0, -ERANGE, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "-", 0, -EINVAL, 0 },
		{ "x", 0, -EINVAL, 0 },
		{ "1x", 0, -EINVAL, 0 },
		{ "1 2", 0, -EINVAL, 0 },
		{ " 1", 0, -EINVAL, 0 },
		{ "1\n\n", 0, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "08", 0, -EINVAL, 0 },
		{ "2a", 10, -EINVAL, 0 },
		{ "--1", 0, -EINVAL, 0 },
		{ "\n", 0, -EINVAL, 0 },
	};
	unsigned long ul;
	unsigned int u;
	bool yes;
	char *end;
	int i;

	for (unsigned int n = 0; n < ARRAY_SIZE(cases); n++) {
		long value = 77;

		if (kstrtol(cases[n].s, cases[n].base, &value) != cases[n].err ||
		    value != (cases[n].err ? 77 : cases[n].value))
			fail_msg("kstrtol \"%s\"", cases[n].s);
	}
	assert_int_equal(kstrtoul("18446744073709551616", 0, &ul),
			 -ERANGE); /* only the last digit is too much */
	assert_int_equal(kstrtoul("18446744073709551615", 0, &ul), 0);
	assert_true(ul == ~0UL);
	assert_int_equal(kstrtoint("2147483648", 0, &i), -ERANGE);
	assert_int_equal(kstrtoint("-2147483648", 0, &i), 0);
	assert_int_equal(kstrtouint("4294967296", 0, &u), -ERANGE);
	assert_int_equal(kstrtouint("-1", 0, &u), -EINVAL);
	assert_true(!kstrtobool("on", &yes) && yes && !kstrtobool("off", &yes) && !yes &&
		    !kstrtobool("Y", &yes) && yes);
	assert_int_equal(kstrtobool("maybe", &yes), -EINVAL);
	assert_int_equal(memparse("512M", &end), 512 << 20);
	assert_int_equal(memparse("0x10k@1G", &end), 16 << 10);
	assert_string_equal(end, "@1G");
	assert_int_equal(memparse("8g", &end), 8UL << 30);
	assert_int_equal(simple_strtol("-12abc", &end, 10), -12);
	assert_string_equal(end, "abc");
}

/* --- bitmaps, sorting --- */

static void bitmaps_against_bytes(void **state)
{
	enum { N = 200 };
	u8 model[N] = { 0 };
	DECLARE_BITMAP(map, N);

	bitmap_zero(map, N);
	for (int round = 0; round < 2000; round++) {
		unsigned int start = host_below(N), n = host_below(N - start + 1), weight = 0,
			     next = N, hole = N, last = N, run = 0, area = N;

		if (host_below(2)) {
			bitmap_set(map, start, n);
			memset(model + start, 1, n);
		} else {
			bitmap_clear(map, start, n);
			memset(model + start, 0, n);
		}
		n = 1 + host_below(20);
		for (unsigned int i = 0; i < N; i++) {
			assert_int_equal(test_bit(i, map), model[i]);
			weight += model[i];
			if (model[i])
				last = i;
			if (i < start)
				continue;
			if (model[i] && next == N)
				next = i;
			if (!model[i] && hole == N)
				hole = i;
			run = model[i] ? 0 : run + 1;
			if (run == n && area == N)
				area = i + 1 - n;
		}
		assert_int_equal(bitmap_weight(map, N), weight);
		assert_int_equal(bitmap_empty(map, N), weight == 0);
		assert_int_equal(find_next_bit(map, N, start), next);
		assert_int_equal(find_next_zero_bit(map, N, start), hole);
		assert_int_equal(find_last_bit(map, N), last);
		assert_int_equal(bitmap_find_next_zero_area(map, N, start, n), area);
	}
}

static void bitmaps_as_text(void **state)
{
	DECLARE_BITMAP(map, 130);
	DECLARE_BITMAP(again, 130);
	char text[700], shorter[8];

	for (int round = 0; round < 200; round++) {
		bitmap_zero(map, 130);
		for (int i = host_below(20); i > 0; i--) {
			unsigned int at = host_below(130);

			bitmap_set(map, at, 1 + host_below(MIN(130U - at, 6U)));
		}
		bitmap_print_list(text, sizeof(text), map, 130);
		assert_int_equal(bitmap_parselist(text, again, 130), 0);
		assert_memory_equal(map, again, sizeof(map));
	}
	bitmap_fill(map, 130);
	bitmap_print_list(text, sizeof(text), map, 130);
	assert_string_equal(text, "0-129");
	bitmap_clear(map, 20, 1);
	assert_true(bitmap_print_list(shorter, sizeof(shorter), map, 130) < (int)sizeof(shorter));
	assert_int_equal(bitmap_parselist("0-130", map, 130), -ERANGE);
	assert_int_equal(bitmap_parselist("5-3", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("a", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("1-", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("3,N", map, 130), 0);
	assert_true(bitmap_weight(map, 130) == 2 && bitmap_weight(map, 129) == 1);
	assert_int_equal(bitmap_parselist("all", map, 130), 0);
	assert_int_equal(bitmap_weight(map, 130), 130);
	assert_int_equal(bitmap_parselist("ALL", map, 130), 0);
	assert_int_equal(bitmap_weight(map, 130), 130);
	assert_int_equal(bitmap_parselist("5\n6", map, 130), 0);	/* a line, as Linux reads it */
	assert_true(bitmap_weight(map, 130) == 1 && map[0] == 1 << 5);
	assert_int_equal(bitmap_parselist("allx", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("", map, 130), 0);
	assert_int_equal(bitmap_parselist("4294967296", map, 130), -EOVERFLOW);
	assert_int_equal(bitmap_parselist("18446744073709551617", map, 130), -EOVERFLOW);
	assert_int_equal(bitmap_parselist("0-4294967295", map, 130), -EINVAL);	/* Linux's + 1 wraps */
	assert_int_equal(bitmap_parselist("130x", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("0-9:2/5", map, 130), 0);
	assert_int_equal(map[0], 0x63);
	assert_int_equal(bitmap_parselist("0-9:6/5", map, 130), -EINVAL);
	assert_int_equal(bitmap_parselist("0-9:1/0", map, 130), -EINVAL);
	assert_true(bitmap_empty(map, 130));
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void sorting_as_libc(void **state)
{
	for (int round = 0; round < 200; round++) {
		size_t n = host_below(120);
		int a[120], b[120], key = host_below(60);
		int *hit;

		for (size_t i = 0; i < n; i++)
			a[i] = b[i] = host_below(60);
		sort(a, n, sizeof(int), compare_ints, NULL);
		qsort(b, n, sizeof(int), compare_ints);
		assert_memory_equal(a, b, n * sizeof(int));
		hit = brink_bsearch(&key, a, n, sizeof(int), compare_ints);
		assert_int_equal(hit != NULL,
				 bsearch(&key, a, n, sizeof(int), compare_ints) != NULL);
		assert_true(!hit || *hit == key);
	}
}

/* --- the command line --- */

static char seen[256];

static int see(const char *value)
{
	strcat(seen, "[");
	strcat(seen, value);
	strcat(seen, "]");
	return strcmp(value, "bad") ? 0 : -EINVAL;
}
CTL_PARAM("unit_test", see);

static void parameters_find_their_owners(void **state)
{
	char value[16];

	seen[0] = 0;
	parse_early_params("console=ttyS0 unit_test=1 unit-test=2 unit_test unit_test=\"a b\" "
			   "\"unit_test=c d\" unit_test=bad");
	assert_string_equal(seen, "[1][2][][a b][c d][bad]");
	assert_non_null(strstr(host_log(), "Malformed early option 'unit_test'"));
	assert_string_equal(saved_command_line,
			    "console=ttyS0 unit_test=1 unit-test=2 unit_test unit_test=\"a b\" "
			    "\"unit_test=c d\" unit_test=bad");
	assert_true(cmdline_find_option("console", value, sizeof(value)));
	assert_string_equal(value, "ttyS0");
	assert_true(cmdline_find_option("unit_test", value, sizeof(value)));
	assert_string_equal(value, "bad"); /* the last */
	assert_false(cmdline_find_option("unit", value, sizeof(value)));
}

static void the_rest_is_inits(void **state)
{
	parse_early_params("  single quiet FOO=bar  usbcore.quirks=1 x.y TERM=vt100 Q=\"two "
			   "words\" -- -x A=b unit_test=9");
	assert_string_equal(argv_init[0], "init");
	assert_string_equal(argv_init[1], "single");
	assert_string_equal(argv_init[2], "-x");
	assert_string_equal(argv_init[3], "A=b");
	assert_string_equal(argv_init[4], "unit_test=9"); /* after -- all is init's */
	assert_null(argv_init[5]);
	assert_string_equal(envp_init[0], "HOME=/");
	assert_string_equal(envp_init[1], "TERM=vt100");
	assert_string_equal(envp_init[2], "FOO=bar");
	assert_string_equal(envp_init[3], "Q=two words");
	assert_null(envp_init[4]);
	assert_int_equal(console_loglevel, CONSOLE_LOGLEVEL_QUIET);
}

static void unknown_words_are_named(void **state)
{
	parse_early_params("single FOO=bar a.b=c");
	assert_non_null(strstr(host_log(), "Unknown kernel command line parameters \"single "
					   "FOO=bar\", will be passed to user space.\n"));
}

static void too_many_words_do_no_harm(void **state)
{
	char line[COMMAND_LINE_SIZE + 100] = "";

	for (int i = 0; i < 60; i++)
		snprintf(line + strlen(line), 40, "w%d E%d=%d ", i, i, i);
	parse_early_params(line);
	assert_string_equal(argv_init[MAX_INIT_ARGS], "w31");
	assert_null(argv_init[MAX_INIT_ARGS + 1]);
	assert_null(envp_init[MAX_INIT_ARGS + 1]);
	assert_non_null(strstr(host_log(), "Too many boot env vars at 'E"));
	memset(line, 'x', sizeof(line) - 1); /* cut, as Linux does */
	host_reset(NULL);
	parse_early_params(line);
	assert_int_equal(strlen(saved_command_line), COMMAND_LINE_SIZE - 1);
}

static int apply(const char *name, const char *value)
{
	strcat(strcat(strcat(strcat(seen, name), "="), value), ";");
	return !strcmp(name, "vm.nope") ? -ENOENT : !strcmp(value, "x") ? -EINVAL : 0;
}

static void sysctls_on_the_command_line(void **state)
{
	seen[0] = 0;
	parse_early_params("sysctl.vm.swappiness=10 sysctl/vm/overcommit_memory=2 sysctl.vm.nope=1 "
			   "sysctl.vm.a=x -- sysctl.vm.b=1");
	apply_boot_sysctls(apply);
	assert_string_equal(seen, "vm.swappiness=10;vm.overcommit_memory=2;vm.nope=1;vm.a=x;");
	assert_non_null(
	    strstr(host_log(), "Failed to set sysctl parameter 'vm.nope=1': parameter not found"));
	assert_non_null(
	    strstr(host_log(), "Failed to set sysctl parameter 'vm.a=x': invalid value"));
}

/* --- files' texts --- */

static void show_much(struct seq_file *m)
{
	seq_printf(m, "MemTotal:  %8lu kB\n", 480272UL);
	seq_put_decimal_ull_width(m, "|", 42, 6);
	seq_put_decimal_ull(m, "|", 18446744073709551615ULL);
	seq_put_decimal_ll(m, "|", -9223372036854775807LL - 1);
	seq_put_hex_ll(m, "|", 0xbeef, 8);
	seq_putc(m, '|');
	seq_escape(m, "a b\\\n", " \n");
	seq_pad(m, 0, 130);
	seq_puts(m, "end\n");
}

/* With too little room nothing is written beyond it, overflow says so, and with enough the text is
 * whole. */
static void a_small_buffer_overflows_cleanly(void **state)
{
	static const char want[] =
	    "MemTotal:    480272 kB\n|    "
	    "42|18446744073709551615|-9223372036854775808|0000beef|a\\040b\\134\\012";
	struct seq_file m;
	char *buf;
	size_t len;

	for (size_t size = 0; size < 160; size++) {
		buf = malloc(size + 1);
		m = (struct seq_file){ .buf = buf, .size = size };
		show_much(&m);
		assert_true(m.count <= size);
		if (!m.overflow) {
			len = strlen(want);
			assert_true(size >= 134);
			assert_memory_equal(buf, want, len);
			assert_memory_equal(buf + 130, "end\n", 4);
			assert_int_equal(m.count, 134);
		} else {
			assert_true(size <= 134);
		}
		free(buf);
	}
}

/* printf's NUL needs room too: a piece that just does not fit is dropped whole. */
static void the_last_byte_of_a_buffer(void **state)
{
	for (size_t size = 1; size < 10; size++) {
		char *buf = malloc(size);
		struct seq_file m = { .buf = buf, .size = size };

		seq_printf(&m, "%d", 12345);
		assert_int_equal(m.overflow, size <= 5);
		assert_int_equal(m.count, size <= 5 ? 0 : 5);
		m = (struct seq_file){ .buf = buf, .size = size };
		seq_puts(&m, "12345");
		assert_int_equal(m.overflow, size < 5);
		seq_puts(&m, "");
		assert_int_equal(m.overflow, size < 5);
		free(buf);
	}
}

/* --- the log --- */

static void levels_and_consoles(void **state)
{
	console_loglevel = 5;
	printk(KERN_INFO "quiet\n");
	printk(KERN_WARNING "loud\n");
	printk("plain is a warning\n");
	printk(KERN_ERR "part one, ");
	printk(KERN_CONT "part two\n");
	assert_string_equal(host_log(), "loud\nplain is a warning\npart one, part two\n");
	console_loglevel = 4;
	host_clear_log();
	printk(KERN_WARNING "as on a quiet console\n");
	printk(KERN_ERR "error\n");
	assert_string_equal(host_log(), "error\n");
}

static void kmsg_gives_records(void **state)
{
	u64 seq = kmsg_next_seq();
	char buf[256];
	kssize_t n;

	host_clock_ns = 5140900000;
	printk(KERN_INFO "one\ttab \\\n");
	printk_store(1, 5, "from user space\n", 16);
	n = kmsg_read(&seq, buf, sizeof(buf));
	snprintf(buf + 200, 50, "6,%lu,5140900,-;one\\x09tab \\x5c\n", (unsigned long)seq - 1);
	assert_int_equal(n, strlen(buf + 200));
	assert_memory_equal(buf, buf + 200, n);
	assert_int_equal(kmsg_read(&seq, buf, 5), -EINVAL);
	n = kmsg_read(&seq, buf, sizeof(buf));
	assert_memory_equal(buf, "13,", 3);
	assert_int_equal(kmsg_read(&seq, buf, sizeof(buf)), 0);
}

static void a_full_log_forgets_the_oldest(void **state)
{
	u64 seq = kmsg_first_seq(), first;
	char buf[LOG_TEXT_MAX];
	unsigned int n = 0;

	for (int i = 0; i < 30000; i++)
		printk(KERN_DEBUG "record number %d %.*s\n", i, (int)host_below(60),
		       "0123456789012345678901234567890123456789012345678901234567890");
	assert_int_equal(kmsg_read(&seq, buf, sizeof(buf)), -EPIPE);
	first = seq;
	assert_int_equal(first, kmsg_first_seq());
	while (kmsg_read(&seq, buf, sizeof(buf)) > 0)
		n++;
	assert_int_equal(n, kmsg_next_seq() - first);
	assert_true(n > 500 && n < 30000);
	assert_non_null(strstr(buf, "record number 29999"));
}

static void syslog_texts(void **state)
{
	char buf[256];
	kssize_t n;

	host_clock_ns = 5603735000;
	syslog_clear();
	while (syslog_read(buf, sizeof(buf)) > 0)
		;
	printk_time = true;
	printk(KERN_INFO "hello\n");
	assert_int_equal(syslog_unread(), strlen("<6>[    5.603735] hello\n"));
	n = syslog_read_all(buf, sizeof(buf), true);
	assert_int_equal(n, strlen("<6>[    5.603735] hello\n"));
	assert_memory_equal(buf, "<6>[    5.603735] hello\n", n);
	assert_int_equal(syslog_read_all(buf, sizeof(buf), false), 0);
	assert_int_equal(syslog_read(buf, sizeof(buf)), n);
	assert_int_equal(syslog_read(buf, sizeof(buf)), 0);
}

static int say(void)
{
	static DEFINE_RATELIMIT_STATE(rs, 5 * 1000000000ULL, 10);

	return __ratelimit(&rs);
}

static void at_most_ten_in_five_seconds(void **state)
{
	int said = 0;

	for (int i = 0; i < 35; i++)
		said += say();
	assert_int_equal(said, 10);
	assert_string_equal(host_log(), "");
	host_clock_ns += 4999999999ULL;
	assert_false(say());
	host_clock_ns += 1;
	assert_true(say());
	assert_string_equal(host_log(), "say: 26 callbacks suppressed\n");
	host_clear_log();
	for (int i = 0; i < 9; i++)
		assert_true(say());
	assert_false(say());
}

static void random_numbers(void **state)
{
	struct rnd_state a, b;
	unsigned int hits[10] = { 0 };
	u64 before = get_random_u64();

	prandom_seed_state(&a, 42);
	prandom_seed_state(&b, 42);
	for (int i = 0; i < 100; i++)
		assert_true(prandom_u64_state(&a) == prandom_u64_state(&b));
	prandom_seed_state(&b, 43);
	assert_true(prandom_u64_state(&a) != prandom_u64_state(&b));
	for (int i = 0; i < 10000; i++)
		hits[get_random_below(10)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(hits[i], 850, 1150);
	assert_int_equal(get_random_below(0), 0);
	random_add_entropy("x", 1);
	assert_true(get_random_u64() != before);
}

#define T(f) cmocka_unit_test_setup_teardown(f, host_reset, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(integers_as_libc),
		T(strings_as_libc),
		T(the_kernels_own_conversions),
		T(memory_functions_as_libc),
		T(string_functions_as_libc),
		T(the_kernels_own_strings),
		T(kstrto_takes_a_whole_number),
		T(bitmaps_against_bytes),
		T(bitmaps_as_text),
		T(sorting_as_libc),
		T(parameters_find_their_owners),
		T(the_rest_is_inits),
		T(unknown_words_are_named),
		T(too_many_words_do_no_harm),
		T(sysctls_on_the_command_line),
		T(a_small_buffer_overflows_cleanly),
		T(the_last_byte_of_a_buffer),
		T(levels_and_consoles),
		T(kmsg_gives_records),
		T(a_full_log_forgets_the_oldest),
		T(syslog_texts),
		T(at_most_ten_in_five_seconds),
		T(random_numbers),
	};

	return cmocka_run_group_tests_name("lib", tests, host_init, NULL);
}
