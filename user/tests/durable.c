/*
 * durable DIR - makes files for ever; says "durable N" when file N and its name are safe.
 *
 * File N is DIR/fN, of (N * 7919) % 60000 + 1 bytes, byte K of which is N * 31 + K * 7 + K / 256. Every third comes
 * to its name by rename. Files older than 100 are removed again, and a second process makes and
 * removes others without ever waiting for the disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP 100

static int fail(const char *what, int n)
{
	printf("durable: %s of %d failed\n", what, n);
	fflush(stdout);
	return 1;
}

static void noise(void)
{
	static char block[8192];
	char name[64];

	for (unsigned int n = 0;; n++) {
		int fd;

		snprintf(name, sizeof(name), "noise/%u", n % 50);
		if (n % 3 == 2)
			unlink(name);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		for (unsigned int i = 0; i < n % 9 && fd >= 0; i++)
			if (pwrite(fd, block, sizeof(block), (off_t)(n * 7919 % 100) * 1024) < 0)
				break;
		close(fd);
	}
}

static int make_one(int n, int dir)
{
	static unsigned char buf[60001];
	int size = (long)n * 7919 % 60000 + 1, fd;
	char name[64], old[64];

	snprintf(name, sizeof(name), n % 3 ? "f%d" : "tmp", n);
	for (int k = 0; k < size; k++)
		buf[k] = n * 31 + k * 7 + k / 256;
	fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	if (fd < 0 || write(fd, buf, size) != size)
		return fail("writing", n);
	if (fsync(fd))
		return fail("fsync", n);
	close(fd);
	if (n % 3 == 0) {
		snprintf(name, sizeof(name), "f%d", n);
		if (rename("tmp", name))
			return fail("rename", n);
	}
	if (fsync(dir))
		return fail("fsync of the directory", n);
	printf("durable %d\n", n);
	fflush(stdout);
	snprintf(old, sizeof(old), "f%d", n - KEEP);
	unlink(old);
	return 0;
}

int main(int argc, char **argv)
{
	int dir;

	if (argc < 2 || chdir(argv[1]))
		return 2;
	dir = open(".", O_RDONLY | O_DIRECTORY);
	mkdir("noise", 0700);
	if (fork() == 0)
		noise();
	for (int n = 1;; n++)
		if (make_one(n, dir))
			return 1;
}
