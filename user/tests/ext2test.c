/* ext2test DIR [NAMES [alone]] - what a disk file system must do with names, sizes, holes, mappings and attributes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "check.h"

#ifndef RENAME_EXCHANGE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static long rename2(const char *a, const char *b, int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static int make(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0644);

	if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		failures++;
	return fd;
}

static struct stat st_of(const char *name)
{
	struct stat st = { 0 };

	CHECK(lstat(name, &st) == 0);
	return st;
}

/* The byte at @pos; -1: none. */
static int byte_at(int fd, off_t pos)
{
	unsigned char c;

	return pread(fd, &c, 1, pos) == 1 ? c : -1;
}

static void holes_and_sizes(void)
{
	static const off_t far[] = { 5000, 50 << 10, 300 << 10, 5L << 20, 70L << 20, 3L << 30 };
	int fd = make("sparse", "start");
	struct stat st;

	for (unsigned int i = 0; i < sizeof(far) / sizeof(*far); i++)
		CHECK(pwrite(fd, "x", 1, far[i]) == 1);
	for (unsigned int i = 0; i < sizeof(far) / sizeof(*far); i++) {
		CHECK(byte_at(fd, far[i]) == 'x');
		CHECK(byte_at(fd, far[i] - 1) == 0);
	}
	st = st_of("sparse");
	CHECK(st.st_size == (3L << 30) + 1);
	CHECK(st.st_blocks < 400);
	CHECK(fsync(fd) == 0);
	CHECK(ftruncate(fd, 5001) == 0);
	CHECK(st_of("sparse").st_blocks <= 16);
	CHECK(byte_at(fd, 5000) == 'x' && byte_at(fd, 5001) == -1);
	CHECK(ftruncate(fd, 3) == 0 && ftruncate(fd, 9000) == 0);
	CHECK(byte_at(fd, 0) == 's' && byte_at(fd, 3) == 0 && byte_at(fd, 5000) == 0 && byte_at(fd, 8999) == 0);
	CHECK(lseek(fd, 0, SEEK_END) == 9000);
	FAILS(ftruncate(fd, 0x7ffffffffffff000), EFBIG);
	FAILS(fallocate(fd, 0, 0, 4096), EOPNOTSUPP);
	close(fd);
}

/* O_TMPFILE: a file without a name, which may get one, or (with O_EXCL) may not. */
static void unnamed_file(void)
{
	char self[32];
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	CHECK(fd >= 0 && write(fd, "later", 5) == 5);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 5);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, self, AT_FDCWD, "unnamed", AT_SYMLINK_FOLLOW) == 0);
	CHECK(fsync(fd) == 0 && close(fd) == 0);
	CHECK(st_of("unnamed").st_nlink == 1 && st_of("unnamed").st_size == 5);
	CHECK(unlink("unnamed") == 0);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, "never", 5) == 5 && fsync(fd) == 0);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	FAILS(linkat(AT_FDCWD, self, AT_FDCWD, "unnamed", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
}

/* A truncated block's tail is zeroes on the disk, not only in memory. */
static void tail_is_zeroed(void)
{
	char buf[3000];
	int fd = make("tail", "");

	memset(buf, 'A', sizeof(buf));
	CHECK(write(fd, buf, sizeof(buf)) == sizeof(buf));
	CHECK(fsync(fd) == 0 && ftruncate(fd, 100) == 0 && fsync(fd) == 0 && ftruncate(fd, 2000) == 0 && fsync(fd) == 0);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	CHECK(byte_at(fd, 99) == 'A' && byte_at(fd, 100) == 0 && byte_at(fd, 1999) == 0);
	close(fd);
}

/* POSIX_FADV_DONTNEED lets go of whole pages; the file's last one counts as whole. @alone: nobody else reclaims. */
static void forgets(int alone)
{
	enum { PAGES = 11 };
	static const struct { off_t off, len; const char *left; } steps[] = {
		{ 4096 + 100, 3 * 4096, "YY..YYYYYYY" },	/* of four pages the two between */
		{ 5 * 4096 + 1, 4094, "YY..YYYYYYY" },		/* no whole one */
		{ 9 * 4096, 4096 + 100, "YY..YYYYY.." },	/* to the end */
		{ 7 * 4096, 0, "YY..YYY...." },
		{ 0, 0, "..........." },
	};
	char page[4096] = "text";
	unsigned char vec[PAGES];
	int fd = make("forgets", "");
	char *map;

	for (int i = 0; i < PAGES; i++)
		CHECK(write(fd, page, i < PAGES - 1 ? 4096 : 100) > 0);
	map = mmap(NULL, PAGES * 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && fsync(fd) == 0);
	for (unsigned int s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		CHECK(posix_fadvise(fd, steps[s].off, steps[s].len, POSIX_FADV_DONTNEED) == 0);
		CHECK(mincore(map, PAGES * 4096, vec) == 0);
		for (int i = 0; i < PAGES; i++)
			CHECK(vec[i] & 1 ? steps[s].left[i] == 'Y' : !alone || steps[s].left[i] == '.');
	}
	munmap(map, PAGES * 4096);
	close(fd);
}

/*
 * Who renames is killed, again and again, in a directory of many blocks: the file has one name, and that
 * one's count.
 */
static void killed_renames(void)
{
	char name[256];
	struct stat st;

	CHECK(mkdir("renames", 0755) == 0 && chdir("renames") == 0);
	close(make("first", ""));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%0200d", i);
		CHECK(link("first", name) == 0);
	}
	close(make("odd", ""));
	for (int i = 0; i < 30; i++) {
		pid_t pid = FORK_OR_EXIT();

		while (!pid)
			if (rename("odd", "even") && rename("even", "odd"))
				_exit(1);
		usleep(rand() % 3000);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, NULL, 0) == pid);
		CHECK((access("odd", F_OK) == 0) + (access("even", F_OK) == 0) == 1);
	}
	CHECK(rename("even", "odd") == 0 || errno == ENOENT);
	CHECK(stat("odd", &st) == 0 && st.st_nlink == 1 && unlink("odd") == 0);
	FAILS(unlink("even"), ENOENT);
	CHECK(chdir("..") == 0);
	system("rm -r renames");
}

/* POSIX_FADV_WILLNEED of however much reads 2 MiB at most. @alone: and nobody takes them away again. */
static void reads_ahead(int alone)
{
	enum { PAGES = 768, READ = 512 };
	static const off_t lengths[] = { PAGES * 4096, 0x7fffffffffffffff, 0 };
	unsigned char vec[PAGES];
	int fd = make("ahead", "");
	char *map;

	CHECK(ftruncate(fd, PAGES * 4096) == 0);
	map = mmap(NULL, PAGES * 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		CHECK(posix_fadvise(fd, 4096, lengths[i], POSIX_FADV_WILLNEED) == 0);
		CHECK(posix_fadvise(fd, 0x7ffffffffffff000, lengths[i], POSIX_FADV_WILLNEED) == 0);
		CHECK(mincore(map, PAGES * 4096, vec) == 0);
		CHECK(!alone || (vec[1] & 1 && vec[READ] & 1));
		CHECK(!(vec[0] & 1) && !(vec[READ + 1] & 1) && !(vec[PAGES - 1] & 1));
		CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	}
	munmap(map, PAGES * 4096);
	close(fd);
}

static volatile sig_atomic_t got_sigbus;

static void on_sigbus(int sig)
{
	got_sigbus = 1;
	_exit(7);
}

static void mappings(void)
{
	int fd = make("mapped", "0123456789"), status;
	char *shared, *private;
	pid_t child;

	CHECK(ftruncate(fd, 20000) == 0);
	shared = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	CHECK(st_of("mapped").st_blocks <= 8);
	shared[0] = 'S';
	shared[9000] = 'H';		/* a hole gets its block */
	private[1] = 'P';
	shared[1] = 'T';
	CHECK(byte_at(fd, 0) == 'S' && byte_at(fd, 9000) == 'H' && byte_at(fd, 1) == 'T');
	CHECK(private[1] == 'P' && private[9000] == 'H');
	CHECK(msync(shared, 20480, MS_SYNC) == 0);
	CHECK(st_of("mapped").st_blocks > 2);
	shared[20100] = 'Z';		/* behind the end, within its page */
	CHECK(fsync(fd) == 0 && ftruncate(fd, 20400) == 0);
	CHECK(byte_at(fd, 20100) == 0);
	CHECK(ftruncate(fd, 4000) == 0);
	child = FORK_OR_EXIT();
	if (!child) {
		signal(SIGBUS, on_sigbus);
		_exit(shared[8192]);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	munmap(shared, 20480);
	munmap(private, 20480);
	close(fd);
}

static void names(void)
{
	char longest[256], text[2000];
	ssize_t n;
	int fd;

	memset(longest, 'n', 255);
	longest[255] = 0;
	close(make(longest, "long"));
	CHECK(unlink(longest) == 0);
	FAILS(unlink(longest), ENOENT);
	close(make("a", "A"));
	CHECK(link("a", "b") == 0 && st_of("a").st_nlink == 2 && st_of("b").st_ino == st_of("a").st_ino);
	FAILS(link("a", "b"), EEXIST);
	FAILS(link(".", "c"), EPERM);
	CHECK(rename("a", "b") == 0 && st_of("a").st_nlink == 2);	/* one file: nothing happens */
	CHECK(unlink("b") == 0 && st_of("a").st_nlink == 1);
	CHECK(symlink("a", "short") == 0 && readlink("short", text, sizeof(text)) == 1);
	memset(text, 'l', sizeof(text));
	text[900] = 0;
	CHECK(symlink(text, "long") == 0);
	n = readlink("long", text, sizeof(text));
	CHECK(n == 900 && text[0] == 'l' && text[899] == 'l' && st_of("long").st_size == 900);
	text[59] = 0;
	CHECK(symlink(text, "fast") == 0 && st_of("fast").st_blocks == 0 && st_of("fast").st_size == 59);
	CHECK(mkdir("dir", 0755) == 0 && mkdir("dir/sub", 0700) == 0 && st_of("dir").st_nlink == 3);
	FAILS(rmdir("dir"), ENOTEMPTY);
	FAILS(unlink("dir"), EISDIR);
	FAILS(rmdir("a"), ENOTDIR);
	FAILS(mkdir("dir", 0755), EEXIST);
	CHECK(mkfifo("fifo", 0600) == 0 && S_ISFIFO(st_of("fifo").st_mode));
	CHECK(mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0 && st_of("null").st_rdev == makedev(1, 3));
	CHECK(mknod("far", S_IFCHR | 0666, makedev(300, 70000)) == 0 && st_of("far").st_rdev == makedev(300, 70000));
	fd = open("null", O_RDWR);
	CHECK(fd >= 0 && read(fd, text, 1) == 0);
	close(fd);
}

static void renames(void)
{
	close(make("r1", "one"));
	close(make("r2", "two"));
	FAILS(rename2("r1", "r2", RENAME_NOREPLACE), EEXIST);
	CHECK(rename2("r1", "r3", RENAME_NOREPLACE) == 0);
	CHECK(rename2("r3", "r2", RENAME_EXCHANGE) == 0);
	CHECK(st_of("r2").st_size == 3);
	CHECK(rename("r3", "r2") == 0);
	FAILS(unlink("r3"), ENOENT);
	CHECK(mkdir("d1", 0755) == 0 && mkdir("d2", 0755) == 0 && mkdir("d1/x", 0755) == 0);
	CHECK(rename("d1/x", "d2/y") == 0 && st_of("d1").st_nlink == 2 && st_of("d2").st_nlink == 3);
	FAILS(rename("d2", "d2/y/z"), EINVAL);
	FAILS(rename("d1", "d2"), ENOTEMPTY);
	FAILS(rename("r2", "d1"), EISDIR);
	FAILS(rename("d1", "r2"), ENOTDIR);
	close(make("d2/y/f", "f"));
	CHECK(rename2("d1", "d2/y", RENAME_EXCHANGE) == 0);
	CHECK(st_of("d1/f").st_size == 1 && st_of("d2/y").st_nlink == 2);
	CHECK(st_of("d1/..").st_ino == st_of(".").st_ino && st_of("d2/y/..").st_ino == st_of("d2").st_ino);
	CHECK(unlink("d1/f") == 0 && rename("d2/y", "d1") == 0);
	CHECK(rmdir("d1") == 0 && rmdir("d2") == 0);
}

static void attributes(void)
{
	struct timespec times[2] = { { 1000, 0 }, { 2000000000, 0 } };
	struct stat st;
	int fd = make("attr", "x");
	char c;

	CHECK(chmod("attr", 04751) == 0 && (st_of("attr").st_mode & 07777) == 04751);
	CHECK(chown("attr", 70000, 80000) == 0);
	st = st_of("attr");
	CHECK(st.st_uid == 70000 && st.st_gid == 80000 && (st.st_mode & 07777) == 0751);
	CHECK(utimensat(AT_FDCWD, "attr", times, 0) == 0);
	st = st_of("attr");
	CHECK(st.st_atime == 1000 && st.st_mtime == 2000000000);
	FAILS(getxattr("attr", "user.x", &c, 1), EOPNOTSUPP);
	close(fd);
}

/* An open file without a name is there until it is closed; then (if nobody else is about) its blocks are free again. */
static void orphan(int alone)
{
	static char buf[100000];
	struct statvfs before, open_now, after;
	int fd;

	CHECK(statvfs(".", &before) == 0);
	fd = make("orphan", "");
	CHECK(write(fd, buf, sizeof(buf)) == sizeof(buf) && unlink("orphan") == 0);
	CHECK(pwrite(fd, "still", 5, 0) == 5 && byte_at(fd, 0) == 's');
	CHECK(statvfs(".", &open_now) == 0 && (!alone || open_now.f_bfree < before.f_bfree));
	close(fd);
	CHECK(statvfs(".", &after) == 0);
	CHECK(!alone || (after.f_bfree == before.f_bfree && after.f_ffree == before.f_ffree));
}

/* Thousands of names; removing while reading misses none. */
static void big_directory(int n)
{
	char name[32];
	struct dirent *e;
	int seen = 0, left = 0;
	DIR *d;

	CHECK(mkdir("many", 0755) == 0 && chdir("many") == 0);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	d = opendir(".");
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			CHECK(e->d_type == DT_REG);
			seen++;
			if (seen % 2)
				CHECK(unlink(e->d_name) == 0);
		}
	CHECK(seen == n);
	rewinddir(d);
	while ((e = readdir(d)))
		left += e->d_name[0] != '.';
	CHECK(left == n / 2);
	closedir(d);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		unlink(name);
	}
	CHECK(chdir("..") == 0 && rmdir("many") == 0);
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]))
		return 2;
	holes_and_sizes();
	tail_is_zeroed();
	unnamed_file();
	mappings();
	names();
	renames();
	attributes();
	orphan(argc > 3);
	forgets(argc > 3);
	reads_ahead(argc > 3);
	killed_renames();
	big_directory(argc > 2 ? atoi(argv[2]) : 1000);
	return finish("ext2test");
}
