/*
 * fsyncerror DIR - "bad" in it lies on a disk that refuses to write a part of it, for ever. Who is told of that, and how often:
 * each file that was open, once, by fsync() and once more by syncfs(); one that is opened afterwards, if nobody has been told yet.
 * The lines are those of Linux 6.1 with ext4 on the same disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "check.h"

static const char *answer(int ret)
{
	return !ret ? "0" : errno == EIO ? "EIO" : errno == EINVAL ? "EINVAL" : errno == ESPIPE ? "ESPIPE" :
	       errno == EBADF ? "EBADF" : "another";
}

static void spoil(int fd)
{
	static char block[65536];

	memset(block, 'n', sizeof(block));
	if (pwrite(fd, block, sizeof(block), 0) != sizeof(block))
		exit(2);
}

/* What @call says to @fd, twice. */
static void twice(const char *what, int (*call)(int), int fd)
{
	const char *first = answer(call(fd));

	printf("%s %s %s\n", what, first, answer(call(fd)));
}

static int range_all(int fd) { return sync_file_range(fd, 0, 0, 7); }
static int wait_before(int fd) { return sync_file_range(fd, 0, 0, 1); }
static int wait_after(int fd) { return sync_file_range(fd, 0, 4096, 4); }

static void ranges(int fd, int dir)
{
	int ends[2], path = open("bad", O_PATH), null = open("/dev/null", O_RDWR);
	const struct { const char *what; int fd; off_t off, len; unsigned int flags; } calls[] = {
		{ "pipe", 0, 0, 0, 2 }, { "directory", dir, 0, 0, 2 }, { "null", null, 0, 0, 2 }, { "path", path, 0, 0, 2 },
		{ "closed", 99, 0, 0, 8 }, { "flag 8", fd, 0, 0, 8 }, { "pipe, flag 8", 0, 0, 0, 8 }, { "before 0", fd, -1, 0, 2 },
		{ "negative", fd, 0, -1, 2 }, { "beyond all", fd, 0x7fffffffffffffff, 5, 2 }, { "no flag", fd, 0, 0, 0 },
	};

	if (pipe(ends))
		exit(2);
	dup2(ends[0], 0);
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		printf("range %s: %s\n", calls[i].what,
		       answer(sync_file_range(calls[i].fd, calls[i].off, calls[i].len, calls[i].flags)));
}

int main(int argc, char **argv)
{
	int a, b, c, dir, late;

	if (argc < 2 || chdir(argv[1]))
		return 2;
	a = open("bad", O_CREAT | O_RDWR, 0600);
	b = open("bad", O_RDONLY);
	c = open("good", O_CREAT | O_RDWR, 0600);
	dir = open(".", O_RDONLY);
	spoil(a);
	twice("syncfs directory", syncfs, dir);
	twice("syncfs first", syncfs, a);
	twice("syncfs other file", syncfs, c);
	twice("fsync first", fsync, a);
	twice("fsync second", fsync, b);
	twice("fsync other file", fsync, c);
	late = open("bad", O_RDWR);
	twice("fsync later", fsync, late);
	twice("syncfs later", syncfs, late);
	close(late);
	spoil(a);
	sync();
	late = open("bad", O_RDWR);
	twice("fsync, nobody was told", fsync, late);
	twice("syncfs, nobody was told", syncfs, late);
	twice("fsync first", fsync, a);
	spoil(a);
	printf("range begun: %s\n", answer(sync_file_range(a, 0, 0, 2)));
	twice("range wait", wait_before, a);
	twice("range wait", wait_after, b);
	twice("fsync second", fsync, b);
	spoil(a);
	twice("range all", range_all, a);
	ranges(c, dir);
	return 0;
}
