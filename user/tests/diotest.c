/*
 * diotest DIR [DEVICE] - O_DIRECT: what is aligned enough, what a mixture with the page cache sees. One line for
 * each answer, the same on Linux 6.1 (tests/boot/test_direct_io.py has its answers).
 * diotest DIR random SEED STEPS - a file written, read, mapped and cut at random, by both ways, against a copy in memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (256 << 10)
static char *buf, *other;
static char path[256];

static void say(const char *what, long ret)
{
	if (ret < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, ret);
}

static long size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_size;
}

static int same(int fd, char c, long at, long len)
{
	if (pread(fd, other, len, at) != len)
		return 0;
	for (long i = 0; i < len; i++)
		if (other[i] != c)
			return 0;
	return 1;
}

static void test_alignment(int fd)
{
	memset(buf, 'a', 65536);
	say("write 64 KiB", pwrite(fd, buf, 65536, 0));
	say("write 512 at 512", pwrite(fd, buf, 512, 512));
	say("write at 100", pwrite(fd, buf, 512, 100));
	say("write of 100", pwrite(fd, buf, 100, 0));
	say("write from an odd address", pwrite(fd, buf + 1, 512, 0));
	say("write from an address of 256", pwrite(fd, buf + 256, 512, 0));
	say("write from an address of 512", pwrite(fd, buf + 512, 512, 0));
	say("write of nothing", pwrite(fd, buf, 0, 0));
	say("read 512 at 1024", pread(fd, buf, 512, 1024));
	say("read at 100", pread(fd, buf, 512, 100));
	say("read of 100", pread(fd, buf, 100, 0));
	say("read to an odd address", pread(fd, buf + 1, 512, 0));
	say("read to an address of 512", pread(fd, buf + 512, 4096, 0));
	say("read of nothing", pread(fd, buf, 0, 0));
	say("read at the end", pread(fd, buf, 512, 65536));
	say("read at an odd place behind the end", pread(fd, buf, 512, 70001));
	say("read across the end", pread(fd, buf, 8192, 61440));
}

static void test_end(int fd)
{
	say("cut to 1000", ftruncate(fd, 1000));
	say("read 4096", pread(fd, buf, 4096, 0));
	say("read 512 at 512", pread(fd, buf, 512, 512));
	say("read 512 at 1024", pread(fd, buf, 512, 1024));
	memset(buf, 'b', 4096);
	say("write 512 at 512", pwrite(fd, buf, 512, 512));
	say("size", size_of(fd));
	say("write behind a hole", pwrite(fd, buf, 4096, 40960));
	say("size", size_of(fd));
	memset(buf, 'x', 8192);
	say("read the hole", pread(fd, buf, 8192, 16384));
	say("it is zeroes", buf[0] == 0 && !memcmp(buf, buf + 1, 8191));
	memset(buf, 'c', 4096);
	say("write into the hole", pwrite(fd, buf, 4096, 20480));
	say("size", size_of(fd));
}

static void test_mixture(int fd, int plain)
{
	char *map;

	memset(buf, 'd', 16384);
	say("plain write", pwrite(plain, buf, 10000, 0));
	memset(buf, 0, 16384);
	say("direct read", pread(fd, buf, 8192, 0));
	say("sees it", buf[0] == 'd' && !memcmp(buf, buf + 1, 8191));
	memset(buf, 'e', 4096);
	say("direct write", pwrite(fd, buf, 4096, 4096));
	say("plain read sees it", same(plain, 'e', 4096, 4096) && same(plain, 'd', 0, 4096));
	map = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, plain, 0);
	say("mapping sees it", map[4096] == 'e' && map[0] == 'd');
	map[5000] = 'f';
	say("direct read", pread(fd, buf, 4096, 4096));
	say("sees the mapping's", buf[5000 - 4096] == 'f');
	memset(buf, 'g', 4096);
	say("direct write", pwrite(fd, buf, 4096, 4096));
	say("mapping sees it", map[4096] == 'g' && map[5000] == 'g' && map[8191] == 'g');
	say("direct write from the mapping of the same file", pwrite(fd, map + 4096, 4096, 0));
	say("it is there", same(plain, 'g', 0, 8192));
	memset(map, 'h', 16384);
	say("direct read into the mapping of the same file", pread(fd, map + 8192, 4096, 0));
	say("it is there", map[8192] == 'h');
	munmap(map, 16384);
}

static void test_bad_addresses(int fd)
{
	char *hole = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(hole + 8192, 8192);
	say("read to nowhere", pread(fd, (char *)8192, 4096, 0));
	say("write from nowhere", pwrite(fd, (char *)8192, 4096, 0));
	say("read to where it ends", pread(fd, hole, 16384, 0));
	say("write from where it ends", pwrite(fd, hole, 16384, 0));
	say("read to read-only memory", pread(fd, ro, 4096, 0));
	say("write from memory never touched", pwrite(fd, ro, 4096, 0));
	munmap(ro, 4096);
}

static void test_vectors(int fd)
{
	struct iovec v[3] = { { buf, 512 }, { buf + 8192, 4096 }, { buf + 4096, 512 } };

	memset(buf, 'v', 16384);
	say("lseek", lseek(fd, 0, SEEK_SET));
	say("writev", writev(fd, v, 3));
	say("position", lseek(fd, 0, SEEK_CUR));
	v[1].iov_len = 100;
	say("writev with a piece of 100", writev(fd, v + 1, 1));
	v[1].iov_len = 1024;
	say("preadv", preadv(fd, v, 3, 512));
}

static void test_append(void)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_APPEND | O_TRUNC, 0600);

	memset(buf, 'p', 4096);
	say("append", write(fd, buf, 4096));
	say("append", write(fd, buf, 512));
	say("size", size_of(fd));
	close(fd);
}

static void test_flags(const char *dir)
{
	int fd = open("/tmp/diotest", O_RDWR | O_CREAT, 0600), plain = open(path, O_RDWR);

	say("F_SETFL on tmpfs", fcntl(fd, F_SETFL, O_DIRECT));
	say("open on tmpfs", open("/tmp/diotest", O_RDWR | O_DIRECT));
	unlink("/tmp/diotest");
	say("open of a directory", open(dir, O_RDONLY | O_DIRECT) >= 0 ? 0 : -1);
	say("F_SETFL on the disk", fcntl(plain, F_SETFL, O_DIRECT));
	say("F_GETFL", fcntl(plain, F_GETFL) & O_DIRECT ? 1 : 0);
	say("read of 100", pread(plain, buf, 100, 0));
	say("F_SETFL back", fcntl(plain, F_SETFL, 0));
	say("read of 100", pread(plain, buf, 100, 0));
	close(fd);
	close(plain);
}

static void test_device(const char *name)
{
	int fd = open(name, O_RDWR | O_DIRECT), plain = open(name, O_RDWR);

	memset(buf, 'q', 8192);
	say("device: plain write", pwrite(plain, buf, 8192, 4096));
	say("direct read", pread(fd, other, 8192, 4096));
	say("sees it", !memcmp(buf, other, 8192));
	memset(buf, 'r', 4096);
	say("direct write of 512", pwrite(fd, buf, 512, 4608));
	say("plain read sees it", same(plain, 'r', 4608, 512) && same(plain, 'q', 4096, 512));
	say("write at 100", pwrite(fd, buf, 512, 100));
	say("write of 100", pwrite(fd, buf, 100, 0));
	say("read to an odd address", pread(fd, buf + 1, 512, 0));
	say("write behind the end", pwrite(fd, buf, 512, 1L << 40));
	say("read behind the end", pread(fd, buf, 512, 1L << 40));
}

/* --- at random --- */

static int random_test(unsigned int seed, int steps)
{
	static char copy[SIZE], out[SIZE + 4096];
	int direct = open(path, O_RDWR | O_DIRECT), plain = open(path, O_RDWR);
	long size = 0;

	srand(seed);
	for (int i = 0; i < steps; i++) {
		int op = rand() % 7, aligned = op < 3;
		long at = rand() % SIZE, len = rand() % (i % 3 ? 8192 : 65536) + 1;
		long ret;

		if (aligned) {
			at &= ~511L;
			len = (len + 511) & ~511L;
		}
		if (at + len > SIZE)
			len = SIZE - at;
		switch (op) {
		case 0: case 1: case 3:
			for (long j = 0; j < len; j++)
				buf[j] = rand();
			ret = pwrite(op == 3 ? plain : direct, buf, len, at);
			if (ret != len) {
				printf("step %d: write of %ld at %ld: %ld (%s)\n", i, len, at, ret, strerror(errno));
				return 1;
			}
			memcpy(copy + at, buf, len);
			size = at + len > size ? at + len : size;
			break;
		case 2: case 4:
			ret = pread(op == 4 ? plain : direct, other, len, at);
			len = at >= size ? 0 : at + len > size ? size - at : len;
			if (ret != len || memcmp(copy + at, other, len)) {
				printf("step %d: %s read of %ld at %ld (size %ld): %ld\n", i,
				       op == 4 ? "plain" : "direct", len, at, size, ret);
				return 1;
			}
			break;
		case 5:
			if (rand() % 8)
				break;
			if (ftruncate(plain, at))
				return 1;
			if (at < size)
				memset(copy + at, 0, SIZE - at);
			size = at;
			break;
		case 6:
			if (at + len <= size) {
				long from = at & ~4095L;
				char *map = mmap(NULL, at + len - from, PROT_READ | PROT_WRITE, MAP_SHARED, plain, from);

				if (memcmp(map + (at - from), copy + at, len)) {
					printf("step %d: mapping of %ld at %ld\n", i, len, at);
					return 1;
				}
				map[at - from] = copy[at] = i;
				munmap(map, at + len - from);
			}
		}
	}
	if (pread(plain, out, SIZE, 0) != size || memcmp(out, copy, size)) {
		puts("the file is another");
		return 1;
	}
	printf("random: %d steps, all as expected\n", steps);
	return 0;
}

int main(int argc, char **argv)
{
	int fd, plain;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (posix_memalign((void **)&buf, 4096, SIZE) || posix_memalign((void **)&other, 4096, SIZE))
		return 1;
	snprintf(path, sizeof(path), "%s/file%d", argc > 1 ? argv[1] : ".", getpid());
	fd = open(path, O_RDWR | O_DIRECT | O_CREAT | O_TRUNC, 0600);
	plain = open(path, O_RDWR);
	if (fd < 0 || plain < 0) {
		perror("diotest: open");
		return 1;
	}
	if (argc > 4) {
		int bad = random_test(atoi(argv[3]), atoi(argv[4]));

		unlink(path);
		return bad;
	}
	test_alignment(fd);
	test_end(fd);
	test_mixture(fd, plain);
	test_bad_addresses(fd);
	test_vectors(fd);
	test_append();
	test_flags(argv[1]);
	if (argc > 2)
		test_device(argv[2]);
	unlink(path);
	return 0;
}
