/*
 * mmfail ROUNDS PAGE SLAB - memory calls, one after the other, while about every PAGE-th allocation of a page
 * and SLAB-th of an object fails (0: none). Whatever a call says, what was written must be there still.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

#define P 4096UL
#define MBIND 237
#define SET_MEMPOLICY 238
#define REMAP_FILE_PAGES 216
#define USERFAULTFD 323
#define GROUP "/sys/fs/cgroup/mmfail"
enum { MPOL_BIND = 2, MPOL_INTERLEAVE = 3, MPOL_MF_MOVE = 2, DONTUNMAP = 4 };

struct range { unsigned long start, len; };
struct uffd_api { unsigned long api, features, ioctls; };
struct uffd_register { struct range range; unsigned long mode, ioctls; };
struct uffd_copy { unsigned long dst, src, len, mode; long copy; };
struct uffd_zeropage { struct range range; unsigned long mode; long zeropage; };
#define UFFDIO_API _IOWR(0xaa, 0x3f, struct uffd_api)
#define UFFDIO_REGISTER _IOWR(0xaa, 0, struct uffd_register)
#define UFFDIO_UNREGISTER _IOR(0xaa, 1, struct range)
#define UFFDIO_COPY _IOWR(0xaa, 3, struct uffd_copy)
#define UFFDIO_ZEROPAGE _IOWR(0xaa, 4, struct uffd_zeropage)

static int page_interval, slab_interval;

/* A write to a sysctl or a group may fail, too. */
static void insist(int fd, const char *value)
{
	while (pwrite(fd, value, strlen(value), 0) < 0)
		;
}

static char *map(void *at, unsigned long pages)
{
	char *p = mmap(at, pages * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void fill(char *p, unsigned long pages, char value)
{
	for (unsigned long i = 0; i < pages; i++)
		p[i * P] = value + i;
}

static void look(const char *what, char *p, unsigned long pages, char value)
{
	unsigned long wrong = 0;

	for (unsigned long i = 0; i < pages; i++)
		wrong += p[i * P] != (char)(value + i);
	if (wrong) {
		printf("%s: %lu of %lu pages are wrong\n", what, wrong, pages);
		failures++;
	}
}

/* Every way to cut, mark and move a mapping of 64 pages. */
static void change_mapping(char *p)
{
	unsigned long nodes = 1 + rand() % 3;
	unsigned char in_core[64];

	mprotect(p + 8 * P, 8 * P, PROT_READ);
	mprotect(p + 12 * P, 8 * P, PROT_READ | PROT_WRITE);
	syscall(MBIND, p + 20 * P, 10 * P, MPOL_BIND, &nodes, 9, MPOL_MF_MOVE);
	syscall(MBIND, p + 25 * P, 10 * P, MPOL_INTERLEAVE, &nodes, 9, 0);
	syscall(SET_MEMPOLICY, MPOL_INTERLEAVE, &nodes, 9);
	madvise(p + 50 * P, 10 * P, MADV_DONTFORK);
	madvise(p, 64 * P, MADV_PAGEOUT);
	mlock(p + 40 * P, 4 * P);
	mincore(p, 64 * P, in_core);
	munlockall();
}

static void private_memory(void)
{
	char *p = map(NULL, 64), *q;
	pid_t child;

	if (!p)
		return;
	fill(p, 64, 1);
	change_mapping(p);
	look("changed", p, 64, 1);
	q = mremap(p, 64 * P, 96 * P, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		q = p;
	look("grown", q, 64, 1);
	p = mremap(q, 32 * P, 32 * P, MREMAP_MAYMOVE | DONTUNMAP);
	look("moved", p == MAP_FAILED ? q : p, 32, 1);
	child = fork();
	if (!child) {
		fill(q + 32 * P, 8, 99);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	look("copied on write", q + 32 * P, 32, 33);
	syscall(SET_MEMPOLICY, 0, NULL, 0);
	munmap(q + 16 * P, 8 * P);
	munmap(q, 96 * P);
	if (p != MAP_FAILED)
		munmap(p, 32 * P);
}

/* To where there are no page tables yet. */
static void far_away(void)
{
	char *p = map((void *)(0x200000000000UL + ((unsigned long)rand() << 16 & ~(P - 1))), 4), *q;

	if (!p)
		return;
	fill(p, 4, 5);
	q = mremap(p, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
		   (void *)(0x300000000000UL + ((unsigned long)rand() << 16 & ~(P - 1))));
	q = q == MAP_FAILED ? p : q;
	look("far away", q, 4, 5);
	munmap(q, 4 * P);
}

static void shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, 8 * P, 0600);
	char *p;

	if (id < 0)
		return;
	p = shmat(id, NULL, 0);
	if (p != (char *)-1) {
		fill(p, 8, 3);
		look("segment", p, 8, 3);
		shmdt(p);
	}
	shmctl(id, IPC_RMID, NULL);
}

static void file_memory(void)
{
	int fd = memfd_create("mmfail", 0);
	char *p, *q, buf[P];
	struct iovec local = { buf, P }, remote;

	if (fd < 0)
		return;
	if (!ftruncate(fd, 40 * P)) {
		p = mmap(NULL, 40 * P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		q = mmap(NULL, 40 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED) {
			fill(p, 40, 7);
			madvise(p, 40 * P, MADV_PAGEOUT);
			msync(p, 40 * P, MS_SYNC);
			syscall(REMAP_FILE_PAGES, p, 4 * P, 0, 4, 0);
			remote = (struct iovec){ p + 20 * P, P };
			process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
			look("file", p + 20 * P, 20, 27);
		}
		if (q != MAP_FAILED) {
			fill(q, 40, 9);
			look("private copy", q, 40, 9);
			munmap(q, 40 * P);
		}
		if (p != MAP_FAILED)
			munmap(p, 40 * P);
	}
	close(fd);
}

static void user_faults(void)
{
	int fd = syscall(USERFAULTFD, O_CLOEXEC | O_NONBLOCK);
	struct uffd_api api = { .api = 0xaa };
	char *p = map(NULL, 8);
	static char src[4 * P];

	if (fd >= 0 && p && !ioctl(fd, UFFDIO_API, &api)) {
		struct uffd_register r = { .range = { (unsigned long)p + 2 * P, 4 * P }, .mode = 1 };
		struct uffd_zeropage z = { .range = { (unsigned long)p + 3 * P, P } };
		struct uffd_copy c = { (unsigned long)p + 2 * P, (unsigned long)src, 4 * P, 0, 0 };

		ioctl(fd, UFFDIO_REGISTER, &r);
		ioctl(fd, UFFDIO_ZEROPAGE, &z);
		ioctl(fd, UFFDIO_COPY, &c);
		ioctl(fd, UFFDIO_UNREGISTER, &r.range);
	}
	if (fd >= 0)
		close(fd);
	if (p)
		munmap(p, 8 * P);
}

static void in_a_group(void)
{
	int fd;

	mkdir(GROUP, 0755);
	fd = open(GROUP "/cgroup.procs", O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "0", 1) == 1)
			private_memory();
		close(fd);
		while ((fd = open("/sys/fs/cgroup/cgroup.procs", O_WRONLY)) < 0)
			;
		insist(fd, "0");
		close(fd);
	}
	rmdir(GROUP);
}

int main(int argc, char **argv)
{
	page_interval = open("/proc/sys/vm/fail_page_alloc_interval", O_WRONLY);
	slab_interval = open("/proc/sys/vm/failslab_interval", O_WRONLY);
	CHECK(argc == 4 && page_interval >= 0 && slab_interval >= 0);
	if (failures)
		return finish("mmfail");
	insist(page_interval, argv[2]);
	insist(slab_interval, argv[3]);
	for (int i = 0; i < atoi(argv[1]); i++) {
		private_memory();
		far_away();
		shared_memory();
		file_memory();
		user_faults();
		if (i % 4 == 0)
			in_a_group();
		if (i % 16 == 0) {
			swapoff("/dev/vda");
			swapon("/dev/vda", 0);
		}
	}
	insist(slab_interval, "0");
	insist(page_interval, "0");
	rmdir(GROUP);
	swapon("/dev/vda", 0);
	return finish("mmfail");
}
