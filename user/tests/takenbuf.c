/*
 * takenbuf DIR [FILES] - writes that would make a file longer, from memory that another thread takes away.
 *
 * A write that ends before its first byte leaves the file as it was: what it has prepared behind the end
 * (blocks, a page) is gone. The caller looks at what is dirty afterwards, and checks the disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"

enum { BLOCK = 4096 };

static char *buf;
static volatile int over;

static void *taker(void *unused)
{
	while (!over) {
		mprotect(buf, BLOCK, PROT_NONE);
		mprotect(buf, BLOCK, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

/* One file of one page, and an attempt at a second that fails. Those that do not are taken back. */
static void one_file(const char *dir, int nr)
{
	static char page[BLOCK];
	char name[300];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%s/short%d", dir, nr);
	fd = open(name, O_CREAT | O_RDWR, 0600);
	CHECK(fd >= 0 && write(fd, page, BLOCK) == BLOCK);
	while ((n = pwrite(fd, buf, BLOCK, BLOCK)) >= 0) {
		CHECK(n > 0);
		CHECK(ftruncate(fd, BLOCK) == 0);
	}
	CHECK(n == -1 && errno == EFAULT);
	CHECK(fstat(fd, &st) == 0 && st.st_size == BLOCK);
	close(fd);
}

int main(int argc, char **argv)
{
	int files = argc > 2 ? atoi(argv[2]) : 100;
	pthread_t t;

	if (argc < 2)
		return 2;
	buf = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(buf != MAP_FAILED);
	memset(buf, 's', BLOCK);
	CHECK(pthread_create(&t, NULL, taker, NULL) == 0);
	for (int i = 0; i < files; i++)
		one_file(argv[1], i);
	over = 1;
	pthread_join(t, NULL);
	return finish("takenbuf");
}
