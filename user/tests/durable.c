/*
 * durable DIR [grow] - makes files for ever, in several ways at once, one process each; says "durable KIND N" when what
 * KIND does for the N-th time is safe. What that is, tests/boot/ext2_powerfail.py checks after a power failure.
 *
 * File N has N * 7919 % 60000 + 1 bytes, byte K of which is N * 31 + K * 7 + K / 256. What is older than KEEP is removed
 * again, and one process makes and removes files without ever waiting for the disk; with "grow" nothing is
 * removed, so that fsync() seldom has a reason to write more than the file's own: each stops at GROWN.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP 24
#define GROWN 40
#define RECORD 700		/* of a log */
#define RECORDS 60		/* in one file of it */

static unsigned char buf[60001];
static int grow;

static void must(int ok, const char *what, int n)
{
	if (ok)
		return;
	printf("durable: %s failed, %d\n", what, n);
	fflush(stdout);
	_exit(1);
}

/* The name in one of a few buffers. */
static char *name(const char *format, ...)
{
	static char names[4][64];
	static unsigned int turn;
	char *at = names[turn++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(at, 64, format, args);
	va_end(args);
	return at;
}

static int fill(int n)
{
	int size = (long)n * 7919 % 60000 + 1;

	for (int k = 0; k < size; k++)
		buf[k] = n * 31 + k * 7 + k / 256;
	return size;
}

/* File @n under @path, open; written, not synced. */
static int make(const char *path, int n)
{
	int size = fill(n), fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	must(fd >= 0 && write(fd, buf, size) == size, path, n);
	return fd;
}

static void sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	must(fd >= 0 && !fsync(fd), path, -1);
	close(fd);
}

/* Every third comes to its name by rename; the directory is synced. */
static void do_file(int n)
{
	int fd = make(n % 3 ? name("file/%d", n) : "file/tmp", n);

	must(!fsync(fd), "fsync", n);
	close(fd);
	if (n % 3 == 0)
		must(!rename("file/tmp", name("file/%d", n)), "rename", n);
	sync_dir("file");
	if (!grow)
		unlink(name("file/%d", n - KEEP));
}

/* New directories, of which fsync() is not told. Every other time one of them is renamed, with the file in it. */
static void do_tree(int n)
{
	int fd, odd = n % 2;

	must(!mkdir(name(odd ? "tree/%d" : "tree/t%d", n), 0700), "mkdir", n);
	must(!mkdir(name(odd ? "tree/%d/a" : "tree/t%d/a", n), 0700), "mkdir", n);
	fd = make(name(odd ? "tree/%d/a/f" : "tree/t%d/a/f", n), n);
	if (!odd && !grow) {
		must(!fsync(fd), "fsync", n);
		must(!rename(name("tree/t%d", n), name("tree/%d", n)), "rename", n);
	} else if (!odd) {
		must(!mkdir(name("tree/%d", n), 0700) && !mkdir(name("tree/%d/a", n), 0700), "mkdir", n);
		must(!link(name("tree/t%d/a/f", n), name("tree/%d/a/f", n)), "link", n);
	}
	must(!(n % 5 ? fsync(fd) : fdatasync(fd)), "fsync", n);
	close(fd);
	if (grow)
		return;
	unlink(name("tree/%d/a/f", n - KEEP));
	rmdir(name("tree/%d/a", n - KEEP));
	rmdir(name("tree/%d", n - KEEP));
}

/* Records are appended, each one safe by fdatasync(). */
static void do_log(int n)
{
	static int fd = -1;

	if ((n - 1) % RECORDS == 0) {
		close(fd);
		fd = open(name("log/%d", (n - 1) / RECORDS), O_CREAT | O_WRONLY | O_APPEND, 0600);
		if (!grow)
			unlink(name("log/%d", (n - 1) / RECORDS - 2));
	}
	memset(buf, n, RECORD);
	must(fd >= 0 && write(fd, buf, RECORD) == RECORD && !fdatasync(fd), "log", n);
}

/* Blocks far apart, some through a mapping: tables of tables of blocks. Cut off again at times. */
static void do_hole(int n)
{
	int fd = open(name("hole/%d", n), O_CREAT | O_RDWR, 0600);
	unsigned char *map;

	for (int i = 0; i < 6; i++) {
		memset(buf, n + i, 4096);
		must(pwrite(fd, buf, 4096, (off_t)i * 700 * 4096) == 4096, "hole", n);
		if (n % 4 == 1 && i == 4)
			must(!fsync(fd), "fsync", n);
	}
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 700 * 4096);
	must(map != MAP_FAILED, "mmap", n);
	memset(map, n + 9, 4096);
	if (n % 3 == 0)
		must(!ftruncate(fd, 5 * 700 * 4096 + 1000), "ftruncate", n);
	must(n % 2 ? !fdatasync(fd) : !msync(map, 4096, MS_SYNC) && !fsync(fd), "fsync", n);
	munmap(map, 4096);
	close(fd);
	if (!grow)
		unlink(name("hole/%d", n - KEEP));
}

/* The second name is safe with fsync() of the file, and remains when the first goes. */
static void do_link(int n)
{
	int fd = make(name("link/%da", n), n);

	must(!fsync(fd) && !link(name("link/%da", n), name("link/sub/%db", n)) && !fsync(fd), "link", n);
	close(fd);
	if (grow)
		return;
	unlink(name("link/%da", n));
	sync_dir("link");
	unlink(name("link/sub/%db", n - KEEP));
}

/* From one directory to another, at times over what was there; fsync() of the file, not of a directory. */
static void do_move(int n)
{
	int fd;

	if (n % 3 == 0)
		close(make(name("move/to/%d", n), n + 1));
	fd = make(name("move/%d", n), n);
	must(!fsync(fd) && !rename(name("move/%d", n), name("move/to/%d", n)) && !fsync(fd), "move", n);
	close(fd);
	if (!grow)
		unlink(name("move/to/%d", n - KEEP));
}

/* One file, whose blocks are written again and again in place. */
static void do_over(int n)
{
	static int fd = -1;

	if (fd < 0) {
		memset(buf, 0, sizeof(buf));
		fd = open("over", O_CREAT | O_RDWR, 0600);
		must(write(fd, buf, 60000) == 60000 && !fsync(fd), "over", n);
	}
	memset(buf, n, 1000);
	must(pwrite(fd, buf, 1000, n % 60 * 1000) == 1000 && !fdatasync(fd), "over", n);
}

static void noise(int n)
{
	char *path = name("noise/%d", n % 50);
	int fd;

	if (n % 3 == 2)
		unlink(path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < n % 9 && fd >= 0; i++)
		if (pwrite(fd, buf, 8192, (off_t)((unsigned)n * 7919 % 100) * 1024) < 0)
			break;
	close(fd);
}

static const struct kind {
	const char *name;
	void (*once)(int n);
	int times;		/* GROWN is for one that makes a file each time */
} kinds[] = {
	{ "file", do_file, 1 }, { "tree", do_tree, 1 }, { "log", do_log, 8 }, { "hole", do_hole, 1 },
	{ "link", do_link, 1 }, { "move", do_move, 1 }, { "over", do_over, 8 }, { NULL, noise, 0 },
};

int main(int argc, char **argv)
{
	static const char *const dirs[] = { "file", "tree", "log", "hole", "link", "link/sub", "move", "move/to",
		"noise" };

	if (argc < 2 || chdir(argv[1]))
		return 2;
	grow = argc > 2;
	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		mkdir(dirs[i], 0700);
	sync_dir(".");
	for (const struct kind *kind = kinds; kind < kinds + sizeof(kinds) / sizeof(*kinds); kind++) {
		if (grow && (!kind->name || !strcmp(kind->name, "move")))
			continue;
		if (fork())
			continue;
		for (int n = 1; !grow || n <= GROWN * kind->times; n++) {
			kind->once(n);
			if (!kind->name)
				continue;
			printf("durable %s %d\n", kind->name, n);
			fflush(stdout);
		}
		_exit(0);
	}
	for (;;)
		pause();
}
