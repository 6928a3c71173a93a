/*
 * edges - corners of the memory calls that programs made to test a kernel look into: what is refused and
 * with which errno, what a call leaves behind that failed. "edges swap DIRECTORY": shared memory in swap, in the group
 * whose files are in DIRECTORY.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL
#define MAP_HUGE_2MB_BITS (21UL << 26)

static void *map(size_t len, int flags, int fd, off_t off)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, off);
}

static void mappings(void)
{
	int fd = open("/tmp/edges", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *first, *again;

	CHECK(fd >= 0 && !ftruncate(fd, PAGE));
	/* offsets are signed: a mapping ends where the largest file ends */
	FAILS(map(PAGE, MAP_SHARED, fd, -(off_t)PAGE), EOVERFLOW);
	FAILS(map(2 * PAGE, MAP_PRIVATE, fd, INT64_MAX & ~(PAGE - 1)), EOVERFLOW);
	CHECK(map(PAGE, MAP_SHARED, fd, (INT64_MAX & ~(PAGE - 1)) - PAGE) != MAP_FAILED);
	/* the size of huge pages is a flag that MAP_SHARED_VALIDATE knows, what they come from is not there */
	CHECK(map(PAGE, MAP_SHARED_VALIDATE | MAP_HUGE_2MB_BITS, fd, 0) != MAP_FAILED);
	FAILS(map(PAGE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
	FAILS(map(2UL << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0), EINVAL);
	/* what a refused mapping would have taken goes to the next */
	first = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(first != MAP_FAILED);
	FAILS(map(PAGE, 0, fd, 0), EINVAL);
	again = map(PAGE, MAP_SHARED, fd, 0);
	CHECK(again == first - PAGE);
	close(fd);
	unlink("/tmp/edges");
}

static void low_mappings(void)
{
	char *low = map(3 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *more = map(3 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK((uintptr_t)low >= 1UL << 30 && (uintptr_t)low + 3 * PAGE <= 2UL << 30);
	CHECK((uintptr_t)more >= 1UL << 30 && (uintptr_t)more + 3 * PAGE <= 2UL << 30);
	CHECK(more != low);
	low[0] = more[0] = 1;
	FAILS(map(2UL << 30, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0), ENOMEM);
}

static void heap_end(void)
{
	unsigned long brk = syscall(SYS_brk, 0);

	CHECK((unsigned long)syscall(SYS_brk, brk + 3 * PAGE) == brk + 3 * PAGE);
	/* rounding up must not wrap: the heap, and all above it, would be gone */
	CHECK((unsigned long)syscall(SYS_brk, ~0UL) == brk + 3 * PAGE);
	CHECK((unsigned long)syscall(SYS_brk, 1UL << 47) == brk + 3 * PAGE);
	*(volatile char *)(brk + PAGE) = 1;
	CHECK((unsigned long)syscall(SYS_brk, brk) == brk);
}

/* move_pages(2) says what it found: memory that was never touched is no page. */
static void untouched(void)
{
	char *anon = map(2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = map(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *pages[] = { anon, anon + PAGE, shared, (void *)PAGE };
	int status[4] = { 99, 99, 99, 99 };

	anon[0] = 1;
	CHECK(syscall(SYS_move_pages, 0, 4, pages, NULL, status, 0) == 0);
	CHECK(status[0] >= 0);
	CHECK(status[1] == -EFAULT);
	CHECK(status[2] == -ENOENT);
	CHECK(status[3] == -EFAULT);
}

static long sysctl_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	close(fd);
	return n;
}

static int sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = fd < 0 ? -1 : write(fd, value, strlen(value));

	close(fd);
	return n == (ssize_t)strlen(value) ? 0 : -1;
}

static void segments(void)
{
	struct shmid_ds ds;
	char max[64];
	int id;

	CHECK(!sysctl_write("/proc/sys/kernel/shm_next_id", "98765"));
	id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	CHECK(id == 98765);
	CHECK(sysctl_read("/proc/sys/kernel/shm_next_id", max, sizeof(max)) > 0 && !strcmp(max, "-1\n"));
	CHECK(!shmctl(id, IPC_STAT, &ds));
	ds.shm_perm.uid = -1;
	FAILS(shmctl(id, IPC_SET, &ds), EINVAL);
	CHECK(!shmctl(id, IPC_RMID, NULL));
	CHECK((id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600)) != 98765);
	CHECK(!shmctl(id, IPC_RMID, NULL));
	/* what a limit is by default can be put back */
	CHECK(sysctl_read("/proc/sys/kernel/shmmax", max, sizeof(max)) > 0);
	CHECK(!sysctl_write("/proc/sys/kernel/shmmax", "8192"));
	FAILS(shmget(IPC_PRIVATE, 8193, IPC_CREAT | 0600), EINVAL);
	CHECK(!sysctl_write("/proc/sys/kernel/shmmax", max));
	CHECK((id = shmget(IPC_PRIVATE, 8193, IPC_CREAT | 0600)) >= 0);
	CHECK(!shmctl(id, IPC_RMID, NULL));
}

static void wishes(void)
{
	int status;
	pid_t child;

	FAILS(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL);
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	child = FORK_OR_EXIT();
	if (!child)
		_exit(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1);
	CHECK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0);
}

/* kB of the mapping at @addr that smaps says are in swap. */
static long smaps_swap(const void *addr)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool ours = false;
	char line[512];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			ours = (uintptr_t)addr >= start && (uintptr_t)addr < end;
		else if (ours && sscanf(line, "Swap: %ld", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

#define SIZE (16UL << 20)
#define WANTED (4UL << 20)

static bool all_resident(char *p, size_t len)
{
	static unsigned char vec[SIZE / PAGE];

	CHECK(!mincore(p, len, vec));
	for (size_t i = 0; i < len / PAGE; i++)
		if (!(vec[i] & 1))
			return false;
	return true;
}

/* Twice what the group may have, shared: half of it at least is in swap, and WILLNEED brings it back. */
static void swapped(const char *group)
{
	char path[256], pid[32], *p;
	long kb;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", getpid());
	CHECK(!sysctl_write(path, pid));
	p = map(SIZE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < SIZE; i += PAGE)
		p[i] = (char)(i / PAGE);
	kb = smaps_swap(p);
	printf("%ld kB of shared memory are in swap\n", kb);
	CHECK(kb >= (long)(SIZE / 2 >> 10));
	CHECK(!all_resident(p, WANTED));
	while (!all_resident(p, WANTED)) {	/* the reads end some time */
		CHECK(!madvise(p, WANTED, MADV_WILLNEED));
		usleep(1000);
	}
	for (size_t i = 0; i < SIZE; i += PAGE)
		CHECK(p[i] == (char)(i / PAGE));
	CHECK(!madvise(p, WANTED, MADV_PAGEOUT));
	CHECK(!munmap(p, SIZE));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3) {
		swapped(argv[2]);
		return finish("edges swap");
	}
	mappings();
	low_mappings();
	heap_end();
	untouched();
	segments();
	wishes();
	return finish("edges");
}
