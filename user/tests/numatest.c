/*
 * numatest - memory policies and page migration on two nodes or more.
 *
 *   numatest policy           arguments, errno, what get_mempolicy says, where pages lie
 *   numatest split            policies of parts of a mapping, fork and exec
 *   numatest hog MASK MIB [SECS]  bound to the nodes of MASK (0: no policy), says "touched"
 *   numatest migrate [N]      threads count in pages that are moved to and fro under them; nothing is lost
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096UL
enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY };
enum { STATIC = 1 << 15, RELATIVE = 1 << 14 };
enum { F_NODE = 1, F_ADDR = 2, F_MEMS = 4, STRICT = 1, MOVE = 2, MOVE_ALL = 4 };

static long set_policy(int mode, unsigned long mask)
{
	return syscall(SYS_set_mempolicy, mode, &mask, 64L);
}
static long get_policy(int *mode, unsigned long *mask, void *addr, unsigned long flags)
{
	return syscall(SYS_get_mempolicy, mode, mask, mask ? 64L : 0L, addr, flags);
}
static long bind_range(void *p, size_t len, int mode, unsigned long mask, unsigned int flags)
{
	return syscall(SYS_mbind, p, len, mode, &mask, 64L, flags);
}
static int node_of(void *p)
{
	int status = -99;
	long r = syscall(SYS_move_pages, 0, 1L, &p, NULL, &status, 0);

	return r ? -100 : status;
}
static char *anon(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static int mode_of(void *p, unsigned long *mask)
{
	int mode = -1;

	*mask = 0;
	return get_policy(&mode, mask, p, p ? F_ADDR : 0) ? -errno : mode;
}

static void arguments(void)
{
	unsigned long mask = 0;
	char *p = anon(4 * PAGE);
	int node;

	FAILS(set_policy(BIND, 0), EINVAL);
	FAILS(set_policy(BIND, 1UL << 40), EINVAL);
	FAILS(set_policy(DEFAULT, 1), EINVAL);
	FAILS(set_policy(LOCAL, 1), EINVAL);
	FAILS(set_policy(9, 1), EINVAL);
	FAILS(set_policy(BIND | STATIC | RELATIVE, 1), EINVAL);
	FAILS(set_policy(PREFERRED | STATIC, 0), EINVAL);
	FAILS(syscall(SYS_set_mempolicy, BIND, 8L, 64L), EFAULT);
	CHECK(set_policy(BIND, 2 | 1UL << 40) == 0 && mode_of(NULL, &mask) == BIND && mask == 2);
	CHECK(set_policy(PREFERRED, 0) == 0 && mode_of(NULL, &mask) == LOCAL && mask == 0);
	CHECK(set_policy(BIND | STATIC, 2) == 0 && mode_of(NULL, &mask) == (BIND | STATIC) && mask == 2);
	CHECK(set_policy(BIND | RELATIVE, 4) == 0);	/* the third of two: the first */
	*p = 1;
	CHECK(node_of(p) == 0);
	FAILS(get_policy(&node, NULL, p, 0), EINVAL);
	FAILS(get_policy(&node, NULL, NULL, F_NODE), EINVAL);
	FAILS(get_policy(&node, NULL, NULL, 64), EINVAL);
	FAILS(get_policy(&node, NULL, (void *)16, F_ADDR), EFAULT);
	FAILS(get_policy(&node, &mask, NULL, F_MEMS | F_NODE), EINVAL);
	CHECK(get_policy(&node, &mask, NULL, F_MEMS) == 0 && (mask & 3) == 3);
	CHECK(set_policy(INTERLEAVE, 3) == 0 && get_policy(&node, NULL, NULL, F_NODE) == 0 && node <= 1);
	CHECK(set_policy(DEFAULT, 0) == 0);
	FAILS(bind_range(p + 1, PAGE, BIND, 1, 0), EINVAL);
	FAILS(bind_range(p, PAGE, BIND, 1, 8), EINVAL);
	FAILS(bind_range((void *)(1UL << 40), PAGE, BIND, 1, 0), EFAULT);
	CHECK(bind_range(p, 0, BIND, 1, 0) == 0);
	munmap(p + PAGE, PAGE);
	FAILS(bind_range(p, 3 * PAGE, BIND, 1, 0), EFAULT);
	CHECK(bind_range(p, 3 * PAGE, DEFAULT, 0, 0) == 0);
	FAILS(syscall(SYS_move_pages, 0, 1L, &p, NULL, &node, 8), EINVAL);
	node = 7;
	FAILS(syscall(SYS_move_pages, 0, 1L, &p, &node, &node, MOVE), ENODEV);
	FAILS(syscall(SYS_move_pages, 99999, 1L, &p, NULL, &node, 0), ESRCH);
	FAILS(syscall(SYS_migrate_pages, 99999, 64L, &mask, &mask), ESRCH);
	FAILS(syscall(450, p, PAGE, 0L, 0L), ENOENT);
	CHECK(bind_range(p, PAGE, INTERLEAVE, 3, 0) == 0);
	FAILS(syscall(450, p, PAGE, 0L, 0L), EOPNOTSUPP);
	FAILS(syscall(450, p, PAGE, 77L, 0L), EINVAL);
	CHECK(bind_range(p, PAGE, BIND, 3, 0) == 0 && syscall(450, p, PAGE, 1L, 0L) == 0);
	p[0] = 2;
	CHECK(node_of(p + 2 * PAGE) == -EFAULT);	/* private, and never touched */
	CHECK(node_of(p + PAGE) == -EFAULT);
	munmap(p, 4 * PAGE);
}

/* Fresh pages lie where the policy says. */
static void placement(void)
{
	unsigned long modes[][2] = { { BIND, 1 }, { BIND, 2 }, { PREFERRED, 2 }, { PREFERRED_MANY, 2 } };

	for (unsigned int i = 0; i < 4; i++) {
		char *p = anon(16 * PAGE), *q = anon(16 * PAGE);

		CHECK(set_policy(modes[i][0], modes[i][1]) == 0);
		CHECK(bind_range(q, 16 * PAGE, modes[i][0], 3 ^ modes[i][1], 0) == 0);
		for (int n = 0; n < 16; n++) {
			p[n * PAGE] = q[n * PAGE] = 1;
			CHECK(node_of(p + n * PAGE) == (int)modes[i][1] - 1);
			CHECK(node_of(q + n * PAGE) == 1 - ((int)modes[i][1] - 1));
		}
		munmap(p, 16 * PAGE);
		munmap(q, 16 * PAGE);
	}
	CHECK(set_policy(DEFAULT, 0) == 0);
}

static void interleaving(void)
{
	char *p = anon(64 * PAGE);
	int on[2] = { 0, 0 };

	CHECK(bind_range(p, 64 * PAGE, INTERLEAVE, 3, 0) == 0);
	for (int n = 63; n >= 0; n--)
		p[n * PAGE] = 1;
	for (int n = 0; n < 64; n++) {
		int node = node_of(p + n * PAGE);

		CHECK(node == 0 || node == 1);
		on[node & 1]++;
		CHECK(n == 0 || node != node_of(p + (n - 1) * PAGE));
	}
	CHECK(on[0] == 32 && on[1] == 32);
	munmap(p, 64 * PAGE);
}

static void split(void)
{
	char *p = anon(12 * PAGE);
	unsigned long mask;
	int status;
	pid_t child;

	CHECK(bind_range(p + 4 * PAGE, 4 * PAGE, BIND, 2, 0) == 0);
	CHECK(mode_of(p, &mask) == DEFAULT && mode_of(p + 8 * PAGE, &mask) == DEFAULT);
	CHECK(mode_of(p + 4 * PAGE, &mask) == BIND && mask == 2);
	CHECK(mprotect(p + 5 * PAGE, PAGE, PROT_READ) == 0);	/* splits keep it */
	CHECK(mode_of(p + 5 * PAGE, &mask) == BIND && mode_of(p + 7 * PAGE, &mask) == BIND);
	child = fork();
	if (!child) {
		p[6 * PAGE] = 1;
		_exit(mode_of(p + 6 * PAGE, &mask) == BIND && mask == 2 && node_of(p + 6 * PAGE) == 1);
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CHECK(bind_range(p, 12 * PAGE, DEFAULT, 0, 0) == 0 && mode_of(p + 4 * PAGE, &mask) == DEFAULT);
	/* A task's policy stays over fork and exec. */
	CHECK(set_policy(BIND, 2) == 0);
	child = fork();
	if (!child) {
		execl("/proc/self/exe", "numatest", "bound", NULL);
		_exit(9);
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(set_policy(DEFAULT, 0) == 0);
}

/* mbind with what is there already. */
static void misplaced(void)
{
	char *p = anon(8 * PAGE);
	unsigned long one = 1, two = 2;

	CHECK(bind_range(p, 8 * PAGE, BIND, 1, 0) == 0);
	for (int n = 0; n < 8; n++)
		p[n * PAGE] = n;
	FAILS(bind_range(p, 8 * PAGE, BIND, 2, STRICT), EIO);
	CHECK(bind_range(p, 8 * PAGE, BIND, 2, 0) == 0 && node_of(p) == 0);
	CHECK(bind_range(p, 8 * PAGE, BIND, 2, STRICT | MOVE) == 0);
	for (int n = 0; n < 8; n++)
		CHECK(node_of(p + n * PAGE) == 1 && p[n * PAGE] == n);
	CHECK(bind_range(p, 8 * PAGE, DEFAULT, 0, 0) == 0);
	CHECK(syscall(SYS_migrate_pages, 0, 64L, &two, &one) == 0);
	for (int n = 0; n < 8; n++)
		CHECK(node_of(p + n * PAGE) == 0 && p[n * PAGE] == n);
	munmap(p, 8 * PAGE);
}

/* --- migration under load --- */

enum { PAGES = 24, WRITERS = 3 };
static volatile int stop;
static char *area[3];		/* private, shared with a child, a file's */
static uint64_t counted[WRITERS];

/* Slot @id of each page of each area is counted up, page after page. */
static void count_in(int id, int areas, uint64_t *rounds)
{
	while (!stop) {
		for (int a = 0; a < areas; a++)
			for (int n = 0; n < PAGES; n++) {
				uint64_t *slot = (uint64_t *)(area[a] + n * PAGE) + id * 8;

				if (*slot != *rounds) {
					printf("FAIL area %d page %d writer %d: %lu, not %lu\n", a, n, id,
					       (unsigned long)*slot, (unsigned long)*rounds);
					_exit(1);
				}
				++*slot;
			}
		++*rounds;
	}
}
static void *writer(void *arg)
{
	int id = (int)(long)arg;

	count_in(id, 3, &counted[id]);
	return NULL;
}

static void check_filler(void)
{
	for (int a = 0; a < 3; a++)
		for (int n = 0; n < PAGES; n++)
			for (int i = 512; i < 4096; i += 8)
				if (*(uint64_t *)(area[a] + n * PAGE + i) != (uint64_t)(a << 20 | n << 12 | i)) {
					printf("FAIL area %d page %d byte %d\n", a, n, i);
					_exit(1);
				}
}

static int move_area(char *p, int node)
{
	void *pages[PAGES];
	int nodes[PAGES], status[PAGES], there = 0;

	for (int n = 0; n < PAGES; n++) {
		pages[n] = p + n * PAGE;
		nodes[n] = node;
		status[n] = -1;
	}
	syscall(SYS_move_pages, 0, (long)PAGES, pages, nodes, status, MOVE_ALL);
	for (int n = 0; n < PAGES; n++)
		there += node_of(pages[n]) == node;
	return there;
}

static void migrate(int want)
{
	pthread_t threads[WRITERS];
	int fd = memfd_create("numatest", 0), moved = 0, rounds = 0, status;
	volatile int *quit = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	CHECK(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	area[0] = anon(PAGES * PAGE);
	area[1] = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	area[2] = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int a = 0; a < 3; a++)
		for (int n = 0; n < PAGES; n++)
			for (int i = 512; i < 4096; i += 8)
				*(uint64_t *)(area[a] + n * PAGE + i) = (uint64_t)(a << 20 | n << 12 | i);
	child = fork();		/* it shares two, and has its own copy of one; reads, writes, protects */
	if (!child) {
		while (!*quit) {
			check_filler();
			mprotect(area[1], PAGES * PAGE, PROT_READ);
			mprotect(area[1], PAGES * PAGE, PROT_READ | PROT_WRITE);
			for (int n = 0; n < PAGES; n++)
				++*((uint64_t *)(area[1] + n * PAGE) + WRITERS * 8);
		}
		_exit(0);
	}
	for (long i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, writer, (void *)i);
	while (rounds < want) {
		for (int a = 0; a < 3; a++)
			moved += move_area(area[a], rounds & 1);
		if (rounds % 4 == 3) {		/* and all at once */
			unsigned long one = 1, two = 2;

			syscall(SYS_migrate_pages, 0, 64L, &two, &one);
			CHECK(bind_range(area[0], PAGES * PAGE, BIND, 2, MOVE) == 0);
			CHECK(bind_range(area[0], PAGES * PAGE, DEFAULT, 0, 0) == 0);
		}
		rounds++;
	}
	stop = *quit = 1;
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (int i = 0; i < WRITERS; i++)
		for (int a = 0; a < 3; a++)
			for (int n = 0; n < PAGES; n++)
				CHECK(*((uint64_t *)(area[a] + n * PAGE) + i * 8) == counted[i]);
	check_filler();
	printf("rounds %d, in place %d of %d, counted %lu %lu %lu\n", rounds, moved, rounds * 3 * PAGES,
	       (unsigned long)counted[0], (unsigned long)counted[1], (unsigned long)counted[2]);
	CHECK(moved > rounds * PAGES * 2);
}

/* Binds itself to the nodes of @mask, takes @mib and stays for @secs. */
static int hog(unsigned long mask, size_t mib, int secs)
{
	char *p = anon(mib << 20);

	if (p == MAP_FAILED || (mask && set_policy(BIND, mask)))
		return 1;
	for (size_t i = 0; i < mib << 20; i += PAGE)
		p[i] = 1;
	puts("touched");
	sleep(secs);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "policy";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "policy")) {
		arguments();
		placement();
		interleaving();
	} else if (!strcmp(what, "split")) {
		split();
		misplaced();
	} else if (!strcmp(what, "bound")) {
		unsigned long mask;

		return !(mode_of(NULL, &mask) == BIND && mask == 2);
	} else if (!strcmp(what, "hog") && argc > 3) {
		return hog(atoi(argv[2]), atoi(argv[3]), argc > 4 ? atoi(argv[4]) : 0);
	} else if (!strcmp(what, "migrate")) {
		migrate(argc > 2 ? atoi(argv[2]) : 4);
	} else {
		return 2;
	}
	return finish("numatest");
}
