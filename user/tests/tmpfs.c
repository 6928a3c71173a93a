/*
 * tmpfs.c - files in tmpfs: holes, fallocate, seals, O_TMPFILE, and swapped pages that come back.
 *
 * tmpfs [DIR]          the quick checks, in DIR (/tmp/t)
 * tmpfs fill FILE MIB  writes a pattern; tmpfs check FILE MIB says "pattern ok"
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "check.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef FALLOC_FL_COLLAPSE_RANGE
#define FALLOC_FL_COLLAPSE_RANGE 8
#endif
#define P 4096L

static sigjmp_buf jump;
static void on_bus(int sig) { siglongjmp(jump, 1); }

static long blocks(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return st.st_blocks / 8;
}

static void holes(const char *dir)
{
	char name[200], buf[P];
	int fd;

	snprintf(name, sizeof(name), "%s/holes", dir);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK(pwrite(fd, "x", 1, 10 * P) == 1);
	CHECK(blocks(fd) == 1);
	CHECK(lseek(fd, 0, SEEK_DATA) == 10 * P);
	CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
	CHECK(lseek(fd, 10 * P, SEEK_HOLE) == 10 * P + 1);
	FAILS(lseek(fd, 11 * P, SEEK_DATA), ENXIO);
	CHECK(pread(fd, buf, P, 3 * P) == P && !buf[0] && !buf[P - 1]);
	CHECK(blocks(fd) == 1);		/* reading a hole makes no page */
	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20 * P) == 0);
	CHECK(blocks(fd) == 20);
	CHECK(lseek(fd, 0, SEEK_END) == 10 * P + 1);
	CHECK(fallocate(fd, 0, 0, 20 * P) == 0);
	CHECK(lseek(fd, 0, SEEK_END) == 20 * P);
	CHECK(pread(fd, buf, 1, 10 * P) == 1 && buf[0] == 'x');
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, P), EOPNOTSUPP);
	FAILS(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, P), EOPNOTSUPP);
	CHECK(pwrite(fd, "abcd", 4, 2 * P - 2) == 4);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P + 10, 12 * P) == 0);
	CHECK(blocks(fd) == 20 - 11);
	CHECK(lseek(fd, P, SEEK_HOLE) == 2 * P);
	CHECK(lseek(fd, 2 * P, SEEK_DATA) == 13 * P);
	CHECK(pread(fd, buf, 4, 2 * P - 2) == 4 && !memcmp(buf, "\0\0\0", 4));
	CHECK(ftruncate(fd, 0) == 0 && blocks(fd) == 0);
	CHECK(close(fd) == 0 && unlink(name) == 0);
}

static char *private_map(int fd)
{
	return mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
}

static char *read_only_map(const char *name)
{
	int fd = open(name, O_RDONLY);
	char *map = mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	return map;
}

static void mapped(const char *dir)
{
	char name[200], *map;
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%s/mapped", dir);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	CHECK(ftruncate(fd, 8 * P) == 0);
	map = mmap(NULL, 8 * P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	memset(map, 'm', 8 * P);
	CHECK(blocks(fd) == 8);
	CHECK(madvise(map + 2 * P, 3 * P, MADV_REMOVE) == 0);
	CHECK(map[2 * P] == 0 && map[P] == 'm' && map[5 * P] == 'm');
	CHECK(blocks(fd) == 6);		/* one of the hole was looked at */
	CHECK(futimens(fd, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }) == 0);
	CHECK(madvise(map + 2 * P, P, MADV_REMOVE) == 0 && blocks(fd) == 5);
	CHECK(fstat(fd, &st) == 0 && st.st_mtime > 1);	/* as fallocate(2) would have done it */
	CHECK(map[2 * P] == 0);
	/* A mapping that may be made writable will do, one that may not will not. */
	CHECK(mprotect(map, P, PROT_READ) == 0 && madvise(map, P, MADV_REMOVE) == 0);
	CHECK(blocks(fd) == 5 && map[0] == 0);
	FAILS(madvise(private_map(fd), P, MADV_REMOVE), EACCES);
	FAILS(madvise(read_only_map(name), P, MADV_REMOVE), EACCES);
	CHECK(ftruncate(fd, 2 * P) == 0);
	if (!sigsetjmp(jump, 1)) {
		map[4 * P] = 1;
		CHECK(!"a write beyond the end");
	}
	CHECK(blocks(fd) == 2);
	CHECK(munmap(map, 8 * P) == 0 && close(fd) == 0 && unlink(name) == 0);
}

static void tmpfile_and_link(const char *dir)
{
	char name[200], from[64];
	struct stat st;
	int fd = open(dir, O_TMPFILE | O_RDWR, 0600);

	CHECK(fd >= 0);
	CHECK(write(fd, "hello", 5) == 5);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
	snprintf(name, sizeof(name), "%s/named", dir);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0);
	CHECK(stat(name, &st) == 0 && st.st_nlink == 1 && st.st_size == 5);
	CHECK(unlink(name) == 0);
	FAILS(linkat(AT_FDCWD, from, AT_FDCWD, "/nosuch/dir", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL, 0600);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	FAILS(linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
	FAILS(open(dir, O_TMPFILE | O_RDONLY, 0600), EINVAL);
	FAILS(open("/proc", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
}

static void links(const char *dir)
{
	char name[200], target[1000], got[1000];

	snprintf(name, sizeof(name), "%s/link", dir);
	for (int len = 100; len < 1000; len += 400) {
		memset(target, 'l', len);
		target[len] = 0;
		CHECK(symlink(target, name) == 0);
		CHECK(readlink(name, got, sizeof(got)) == len && !memcmp(got, target, len));
		CHECK(unlink(name) == 0);
	}
}

static void seals(void)
{
	int fd = syscall(SYS_memfd_create, "sealed", 2 /* MFD_ALLOW_SEALING */), plain;
	char *map;

	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GET_SEALS) == 0);
	CHECK(ftruncate(fd, P) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	FAILS(ftruncate(fd, 2 * P), EPERM);
	FAILS(ftruncate(fd, 0), EPERM);
	FAILS(pwrite(fd, "x", 1, P), EPERM);
	CHECK(pwrite(fd, "x", 1, 0) == 1);
	map = mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK(munmap(map, P) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	CHECK(mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	CHECK((map = mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0)) != MAP_FAILED && *map == 'x');
	CHECK(munmap(map, P) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	FAILS(fcntl(fd, F_ADD_SEALS, 1 << 20), EINVAL);
	CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
	close(fd);
	plain = syscall(SYS_memfd_create, "plain", 0);
	CHECK(fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL);
	close(plain);
	FAILS(fcntl(0, F_GET_SEALS), EINVAL);
}

/* Writes through a mapping, which is gone again at once. */
static void *write_mapped(void *arg)
{
	char *map = mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_SHARED, *(int *)arg, 0);

	CHECK(map != MAP_FAILED);
	map[100] = 'w';
	CHECK(munmap(map, P) == 0);
	return NULL;
}

/* A page that somebody writes to is his, whether an fallocate that fails has just made it or not. */
static void written_meanwhile(int fd, long too_many)
{
	pthread_t thread;
	char c;

	for (int i = 0; i < 30; i++) {
		CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, P) == 0);
		CHECK(pthread_create(&thread, NULL, write_mapped, &fd) == 0);
		FAILS(fallocate(fd, 0, 0, too_many * P), ENOSPC);
		CHECK(pthread_join(thread, NULL) == 0);
		CHECK(pread(fd, &c, 1, 100) == 1 && c == 'w');
	}
}

/* The last page cannot be had: what fallocate made before it goes again. */
static void full(const char *dir)
{
	struct statfs before, after;
	char name[200];
	int fd, other;

	snprintf(name, sizeof(name), "%s/full", dir);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	CHECK(pwrite(fd, "keep", 4, 2 * P) == 4);
	CHECK(statfs(dir, &before) == 0);
	FAILS(fallocate(fd, 0, 0, (before.f_bfree + 2) * P), ENOSPC);
	CHECK(statfs(dir, &after) == 0 && after.f_bfree == before.f_bfree);
	CHECK(blocks(fd) == 1);
	/* As many pages as the file system may have, of which one is another file's: it fails at its end. */
	other = open(dir, O_TMPFILE | O_RDWR, 0600);
	CHECK(pwrite(other, "1", 1, 0) == 1);
	written_meanwhile(fd, before.f_blocks);
	CHECK(close(other) == 0 && close(fd) == 0 && unlink(name) == 0);
}

static int pattern(const char *file, long mib, int write_it)
{
	int fd = open(file, write_it ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0600);
	static unsigned long page[P / 8];

	for (long i = 0; i < mib * 256; i++) {
		if (!write_it && read(fd, page, P) != P) {
			printf("page %ld: cannot be read: %s\n", i, strerror(errno));
			return 1;
		}
		for (long k = 0; k < P / 8; k++) {
			unsigned long want = (i * 512 + k) * 0x9e3779b97f4a7c15UL;

			if (write_it)
				page[k] = want;
			else if (page[k] != want) {
				printf("page %ld is wrong\n", i);
				return 1;
			}
		}
		if (write_it && write(fd, page, P) != P) {
			perror("write");
			return 1;
		}
	}
	printf("pattern ok\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/tmp/t";

	if (argc == 4)
		return pattern(argv[2], atol(argv[3]), !strcmp(argv[1], "fill"));
	signal(SIGBUS, on_bus);
	holes(dir);
	mapped(dir);
	tmpfile_and_link(dir);
	links(dir);
	seals();
	full(dir);
	return finish("tmpfs");
}
