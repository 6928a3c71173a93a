/*
 * shmrace MIB [GROUP] - two processes touch each page of MIB MiB of shared memory for the first time at the
 * same moment and add one to it, page by page. The one (in memory group GROUP, where a page is hard to
 * come by) is slow; the other sends the page to swap at once. Each page must be 2 in the end: a page that the
 * slow one makes must not take the place of one that went to swap meanwhile.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL

static void join(const char *group)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
}

/* Both are at page @n. */
static void meet(_Atomic unsigned long *arrived, unsigned long n)
{
	++*arrived;
	while (*arrived < 2 * (n + 1))
		sched_yield();
}

static void touch_all(char *memory, unsigned long pages, _Atomic unsigned long *arrived, int out)
{
	for (unsigned long n = 0; n < pages; n++) {
		meet(arrived, n);
		++*(_Atomic unsigned long *)(memory + n * PAGE);
		if (out)
			madvise(memory + n * PAGE, PAGE, MADV_PAGEOUT);
	}
}

int main(int argc, char **argv)
{
	unsigned long pages = strtoul(argv[1], NULL, 10) << 8, wrong = 0;
	char *memory = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_Atomic unsigned long *arrived = (void *)(memory + pages * PAGE);
	int status = 1;
	pid_t child;

	CHECK(memory != MAP_FAILED);
	*arrived = 0;
	child = FORK_OR_EXIT();
	if (!child) {
		if (argc > 2)
			join(argv[2]);
		touch_all(memory, pages, arrived, 0);
		return failures;
	}
	touch_all(memory, pages, arrived, 1);
	CHECK(waitpid(child, &status, 0) == child && !status);
	for (unsigned long n = 0; n < pages; n++)
		wrong += *(unsigned long *)(memory + n * PAGE) != 2;
	if (wrong)
		printf("shmrace: %lu of %lu pages are wrong\n", wrong, pages);
	CHECK(!wrong);
	return finish("shmrace");
}
