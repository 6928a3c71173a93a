/* oddwrite [-q] FILE...: writes odd texts to each file, one write(2) on a fresh descriptor each, and prints what the
 * call said and, if it changed, what the file holds then (digits behind a letter, so that they are compared as text);
 * then writes the old text back. -q: not what it holds, only what the call said. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Texts with their lengths: some have NULs. */
static const struct text { const char *s; int len; } texts[] = {
#define T(s) { s, sizeof(s) - 1 }
	T(""), T("\n"), T(" "), T("abc"), T("-1"), T("0"), T("1\n"), T("0x10"), T("010"), T("08"), T("0x"), T("+5"), T("- 5"),
	T("--5"), T("5,6"), T("5.5"), T("1e3"), T("5abc"), T("5k"), T("5 k"), T("  5"), T("5  "), T("5 6"), T("5\n6"), T("\v5"),
	T("5\0"), T("5\0 7"), T("\0"), T("100"), T("201"), T("max"), T(" max\n"), T("MAX"), T("4294967296"), T("2147483648"),
	T("-2147483648"), T("-2147483649"), T("9223372036854775807"), T("18446744073709551615"), T("99999999999999999999"),
};
/* One digit and blanks up to so many bytes; and zeroes before the digit. */
static const int lengths[] = { 25, 70, 4095, 4096, 5000 };

static int get(const char *file, char *buf, int size)
{
	int fd = open(file, O_RDONLY), n = fd < 0 ? -1 : read(fd, buf, size - 1);

	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return n;
}

static int put(const char *file, const char *s, int len)
{
	int fd = open(file, O_WRONLY), n = fd < 0 ? -1 : write(fd, s, len), error = errno;

	close(fd);
	return n < 0 ? -error : n;
}

/* "v5_6": a number behind a letter is text to those who compare. */
static void show(const char *s)
{
	putchar('v');
	for (; *s; s++)
		putchar(*s == '\t' || *s == ' ' ? '_' : *s == '-' ? 'm' : *s == '\n' ? '.' : *s);
}

static void try(const char *file, const char *label, const char *s, int len, int quiet)
{
	static char before[20000], after[20000];
	int size = get(file, before, sizeof(before)), n = put(file, s, len);

	get(file, after, sizeof(after));
	printf("%s %s: ", strrchr(file, '/') + 1, label);
	if (n < 0)
		printf("%s", n == -EINVAL ? "EINVAL" : strerror(-n));
	else
		printf("r%d", n);
	if (strcmp(before, after)) {
		if (!quiet) {
			putchar(' ');
			show(after);
		}
		put(file, before, size);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static char many[8192], label[200];
	int quiet = argc > 1 && !strcmp(argv[1], "-q");

	for (int f = 1 + quiet; f < argc; f++) {
		for (unsigned t = 0; t < sizeof(texts) / sizeof(*texts); t++) {
			char *to = label;

			for (int i = 0; i < texts[t].len; i++) {
				unsigned char c = texts[t].s[i];

				to += sprintf(to, c > ' ' ? "_%c" : "_x%02x", c);
			}
			*to = 0;
			try(argv[f], label, texts[t].s, texts[t].len, quiet);
		}
		for (unsigned l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
			memset(many, ' ', lengths[l]);
			many[0] = '1';
			sprintf(label, "_1 and blanks, b%d", lengths[l]);
			try(argv[f], label, many, lengths[l], quiet);
			memset(many, '0', lengths[l]);
			many[lengths[l] - 1] = '1';
			sprintf(label, "_zeroes and 1, b%d", lengths[l]);
			try(argv[f], label, many, lengths[l], quiet);
		}
	}
	return 0;
}
