/*
 * shortwrite FILE - write(2) from a buffer that ends in the middle of a page of the file; vectors of buffers;
 * copy_file_range.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>

#include "check.h"

#define PAGE 4096

static char before[4 * PAGE], now[5 * PAGE];

/* @len bytes from a buffer of which @there can be read, to @at: so many are written, nothing else changes. */
static void one(int fd, const char *end, size_t at, size_t len, size_t there)
{
	ssize_t n = pwrite(fd, end - there, len, at);
	size_t took = n < 0 ? 0 : n;
	struct stat st;

	CHECK(there ? n > 0 && took <= there : n == -1 && errno == EFAULT);
	memset(now, 0, sizeof(now));
	CHECK(pread(fd, now, sizeof(now), 0) >= (ssize_t)sizeof(before));
	for (size_t i = 0; i < sizeof(before); i++)
		if (now[i] != (i >= at && i < at + took ? 'n' : before[i])) {
			printf("byte %zu is %#x after a write of %zu (%zu there) at %zu gave %zd\n", i, now[i], len, there, at, n);
			failures++;
			break;
		}
	CHECK(fstat(fd, &st) == 0);
	CHECK((size_t)st.st_size == (at + took > sizeof(before) ? at + took : sizeof(before)));
	CHECK(pwrite(fd, before, sizeof(before), 0) == sizeof(before) && ftruncate(fd, sizeof(before)) == 0);
}

/*
 * The same into holes: what is behind the bytes that could be read are zeroes, in the page and on the
 * disk, and not what the disk had there before. @fd's blocks are somebody's old ones.
 */
static void into_holes(int fd, const char *end)
{
	static const char zeroes[PAGE];
	char old[4 * PAGE];

	memset(old, 'o', sizeof(old));
	CHECK(pwrite(fd, old, sizeof(old), 0) == sizeof(old) && fsync(fd) == 0);
	CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, sizeof(old)) == 0);
	CHECK(pwrite(fd, end - 1000, PAGE, PAGE) == 1000);
	CHECK(pwrite(fd, end - 1, PAGE, 2 * PAGE) == 1);
	FAILS(pwrite(fd, end, PAGE, 3 * PAGE), EFAULT);
	for (int round = 0; round < 2; round++) {
		CHECK(pread(fd, now, sizeof(old), 0) == sizeof(old));
		CHECK(!memcmp(now, zeroes, PAGE) && !memcmp(now + 3 * PAGE, zeroes, PAGE));
		CHECK(!memcmp(now + PAGE, end - 1000, 1000));
		CHECK(!memcmp(now + PAGE + 1000, zeroes, PAGE - 1000));
		CHECK(now[2 * PAGE] == end[-1] && !memcmp(now + 2 * PAGE + 1, zeroes, PAGE - 1));
		CHECK(fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	}
}

/* Many small buffers in one call, over page boundaries; one that is empty, one that is nowhere. */
static void vectors(int fd, char *end)
{
	enum { N = 40, EACH = 250 };
	static char text[N * EACH], back[N * EACH + 1];
	struct iovec out[N], in[N];

	for (int i = 0; i < N * EACH; i++)
		text[i] = i * 7 + i / 251;
	for (int i = 0; i < N; i++) {
		out[i] = (struct iovec){ text + i * EACH, EACH };
		in[i] = (struct iovec){ back + (N - 1 - i) * EACH, EACH };
	}
	CHECK(ftruncate(fd, 0) == 0 && pwritev(fd, out, N, 100) == N * EACH);
	CHECK(pread(fd, back, sizeof(back), 100) == N * EACH && !memcmp(back, text, N * EACH));
	CHECK(preadv(fd, in, N, 100) == N * EACH);
	for (int i = 0; i < N; i++)
		CHECK(!memcmp(in[i].iov_base, text + i * EACH, EACH));
	/* The end of the file, an empty one, and addresses that are not there. */
	CHECK(preadv(fd, in, N, N * EACH) == 100);
	out[1].iov_len = in[1].iov_len = 0;
	CHECK(pwritev(fd, out, 3, 0) == 2 * EACH && pread(fd, back, 2 * EACH, 0) == 2 * EACH);
	CHECK(!memcmp(back, text, EACH) && !memcmp(back + EACH, text + 2 * EACH, EACH));
	out[2] = in[2] = (struct iovec){ end - 10, EACH };
	memset(end - 10, 'e', 10);
	CHECK(pwritev(fd, out, 3, 50) == EACH + 10 && pread(fd, back, 20, 50 + EACH) == 20);
	CHECK(!memcmp(back, end - 10, 10) && back[10] == text[2 * EACH + 60]);
	CHECK(preadv(fd, in, 3, 50) == EACH + 10);
	in[0].iov_base = out[0].iov_base = end;
	FAILS(preadv(fd, in, 3, 0), EFAULT);
	FAILS(pwritev(fd, out, 3, 0), EFAULT);
	CHECK(pwritev(fd, out, 0, 0) == 0);
}

/* copy_file_range: from page to page, whatever the offsets; holes; within one page of one file. */
static void copies(int fd, const char *name)
{
	static char text[3 * PAGE], back[3 * PAGE];
	char other[64];
	loff_t from = 100, to = 5000;
	int out;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i * 5 + i / 255;
	snprintf(other, sizeof(other), "%s.copy", name);
	out = open(other, O_CREAT | O_RDWR | O_TRUNC, 0644);
	CHECK(out >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, text, sizeof(text), 0) == sizeof(text));
	CHECK(copy_file_range(fd, &from, out, &to, 2 * PAGE, 0) == 2 * PAGE);
	CHECK(from == 100 + 2 * PAGE && to == 5000 + 2 * PAGE && lseek(out, 0, SEEK_END) == to);
	CHECK(pread(out, back, 2 * PAGE, 5000) == 2 * PAGE && !memcmp(back, text + 100, 2 * PAGE));
	CHECK(pread(out, back, 5000, 0) == 5000 && !back[0] && !back[4999]);
	CHECK(copy_file_range(fd, &from, out, &to, 3 * PAGE, 0) == PAGE - 100);	/* the end */
	CHECK(copy_file_range(fd, &from, out, &to, 1, 0) == 0);
	from = 0, to = 1000;			/* one page, locked once */
	CHECK(copy_file_range(fd, &from, fd, &to, 500, 0) == 500);
	CHECK(pread(fd, back, 500, 1000) == 500 && !memcmp(back, text, 500));
	from = 0, to = 0;			/* a hole in place of what was there */
	CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, PAGE) == 0);
	CHECK(copy_file_range(fd, &from, out, &to, PAGE, 0) == PAGE);
	memset(text, 0, PAGE);
	CHECK(pread(out, back, PAGE, 0) == PAGE && !memcmp(back, text, PAGE));
	close(out);
	unlink(other);
}

/* sysinfo(2) and /proc/meminfo tell the same of the disk's own pages, unless they change meanwhile. */
static void buffers(void)
{
	struct sysinfo one, two;
	char line[128];
	long told = -1;
	FILE *f;

	CHECK(sysinfo(&one) == 0 && (f = fopen("/proc/meminfo", "r")));
	while (fgets(line, sizeof(line), f) && sscanf(line, "Buffers: %ld", &told) != 1)
		;
	fclose(f);
	CHECK(sysinfo(&two) == 0);
	CHECK(one.bufferram != two.bufferram || one.bufferram * one.mem_unit == (unsigned long)told << 10);
}

int main(int argc, char **argv)
{
	int fd = open(argv[1], O_CREAT | O_RDWR | O_TRUNC, 0644);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(before, 'b', sizeof(before));
	CHECK(p != MAP_FAILED && pwrite(fd, before, sizeof(before), 0) == sizeof(before));
	memset(p, 'n', 2 * PAGE);
	munmap(p + 2 * PAGE, PAGE);
	p += 2 * PAGE;
	one(fd, p, 0, PAGE, 0);
	one(fd, p, 0, PAGE, 100);
	one(fd, p, 0, 2 * PAGE, PAGE + 1000);
	one(fd, p, 700, 3000, 1);
	one(fd, p, PAGE - 50, 1000, 700);
	one(fd, p, 3 * PAGE, 2 * PAGE, PAGE + 10);
	one(fd, p, 4 * PAGE, PAGE, 10);
	/* The same, but nothing of it in memory. */
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	one(fd, p, PAGE, PAGE, 100);
	into_holes(fd, p);
	vectors(fd, p);
	copies(fd, argv[1]);
	buffers();
	CHECK(pwrite(fd, before, sizeof(before), 0) == sizeof(before));
	/* From the file itself. */
	p = mmap(NULL, sizeof(before), PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	madvise(p, sizeof(before), MADV_DONTNEED);
	CHECK(pwrite(fd, p, sizeof(before), 0) == sizeof(before));
	CHECK(pwrite(fd, p + 10, 2 * PAGE, 500) == 2 * PAGE);
	close(fd);
	return finish("shortwrite");
}
