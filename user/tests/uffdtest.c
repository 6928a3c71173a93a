/*
 * uffdtest - userfaultfd: one thread touches missing pages, another brings them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

struct uffdio_api { uint64_t api, features, ioctls; };
struct range { uint64_t start, len; };
struct uffdio_register { struct range range; uint64_t mode, ioctls; };
struct uffdio_copy { uint64_t dst, src, len, mode; int64_t copy; };
struct uffdio_zeropage { struct range range; uint64_t mode; int64_t zeropage; };
struct msg { uint8_t event, pad[7]; uint64_t flags, address; uint32_t ptid, pad2; };
#define API _IOWR(0xaa, 0x3f, struct uffdio_api)
#define REGISTER _IOWR(0xaa, 0, struct uffdio_register)
#define UNREGISTER _IOR(0xaa, 1, struct range)
#define WAKE _IOR(0xaa, 2, struct range)
#define COPY _IOWR(0xaa, 3, struct uffdio_copy)
#define ZEROPAGE _IOWR(0xaa, 4, struct uffdio_zeropage)
#define PAGE 4096UL
#define PAGES 64

static char *area;
static int uffd;

static int open_uffd(uint64_t features)
{
	struct uffdio_api api = { 0xaa, features, 0 };
	int fd = syscall(323, O_CLOEXEC | O_NONBLOCK);

	CHECK(fd >= 0);
	CHECK(!ioctl(fd, API, &api));
	CHECK((api.ioctls & (1 | 2 | 1UL << 63)) == (1 | 2 | 1UL << 63));
	return fd;
}

static int reg(int fd, void *start, uint64_t len, uint64_t mode)
{
	struct uffdio_register r = { { (uint64_t)start, len }, mode, 0 };
	int ret = ioctl(fd, REGISTER, &r);

	if (!ret)
		CHECK((r.ioctls & 0x1c) == 0x1c);
	return ret;
}

static int unregister(int fd, void *start, uint64_t len)
{
	struct range r = { (uint64_t)start, len };

	return ioctl(fd, UNREGISTER, &r);
}

static int64_t copy(int fd, void *dst, const void *src, uint64_t len)
{
	struct uffdio_copy c = { (uint64_t)dst, (uint64_t)src, len, 0, 0 };

	return ioctl(fd, COPY, &c) ? (c.copy < 0 ? c.copy : -1) : c.copy;
}

static int64_t zeropage(int fd, void *dst, uint64_t len)
{
	struct uffdio_zeropage z = { { (uint64_t)dst, len }, 0, 0 };

	return ioctl(fd, ZEROPAGE, &z) ? z.zeropage : z.zeropage;
}

static struct msg wait_fault(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct msg m = { 0 };

	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	CHECK(read(fd, &m, sizeof(m)) == sizeof(m));
	CHECK(m.event == 0x12);
	return m;
}

/* Every page: read or written, in a thread of its own; a sum says what was found. */
static void *toucher(void *arg)
{
	long sum = 0;

	for (int i = 0; i < PAGES; i++) {
		sum += area[i * PAGE + 7];
		area[i * PAGE] = 1;
	}
	*(long *)arg = sum;
	return NULL;
}

static void test_pages(void)
{
	static char page[PAGE] __attribute__((aligned(4096)));
	pthread_t thread;
	long sum = -1, expected = 0;

	memset(page, 3, sizeof(page));
	CHECK(!pthread_create(&thread, NULL, toucher, &sum));
	for (int i = 0; i < PAGES; i++) {
		struct msg m = wait_fault(uffd);

		CHECK(m.address == (uint64_t)area + i * PAGE && !(m.flags & 1));
		if (i % 2) {
			CHECK(zeropage(uffd, (void *)m.address, PAGE) == PAGE);
		} else {
			CHECK(copy(uffd, (void *)m.address, page, PAGE) == PAGE);
			expected += 3;
		}
	}
	pthread_join(thread, NULL);
	CHECK(sum == expected);
	CHECK(copy(uffd, area, page, PAGE) == -EEXIST);
	CHECK(zeropage(uffd, area, PAGE) == -EEXIST);
	CHECK(copy(uffd, page, area, PAGE) == -ENOENT);
}

/* The kernel's own access waits, too; and what was thrown away is missing again. */
static void *reader(void *arg)
{
	char byte = 5;
	struct iovec from = { &byte, 1 }, to = { area + 3 * PAGE, 1 };

	*(long *)arg = write(open("/dev/null", O_WRONLY), area, 1) == 1 &&
		       pwrite(open("/tmp/uffdtest", O_RDWR | O_CREAT | O_TRUNC, 0600), area + PAGE, 2 * PAGE, 0) == 2 * PAGE &&
		       process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 1;	/* by the page, not the address */
	return NULL;
}

static void test_kernel_access(void)
{
	static char pages[2 * PAGE] __attribute__((aligned(4096)));
	pthread_t thread;
	long done = 0;

	CHECK(!madvise(area, PAGES * PAGE, MADV_DONTNEED));
	CHECK(zeropage(uffd, area, PAGE) == PAGE);
	CHECK(!pthread_create(&thread, NULL, reader, &done));
	CHECK(wait_fault(uffd).address == (uint64_t)area + PAGE);
	CHECK(copy(uffd, area + PAGE, pages, 2 * PAGE) == 2 * PAGE);
	CHECK(wait_fault(uffd).address == (uint64_t)area + 3 * PAGE);
	CHECK(zeropage(uffd, area + 3 * PAGE, PAGE) == PAGE);
	pthread_join(thread, NULL);
	CHECK(done == 1 && area[3 * PAGE] == 5);
	unlink("/tmp/uffdtest");
}

static void *touch_one(void *arg)
{
	*(volatile char *)arg = 5;
	return NULL;
}

/* Unregistered, or the file closed: who waits goes on, and gets an ordinary page. */
static void test_letting_go(void)
{
	pthread_t thread;
	int fd = open_uffd(0);
	char *other = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(!reg(fd, other, 4 * PAGE, 1));
	FAILS(reg(uffd, other, 4 * PAGE, 1), EBUSY);
	CHECK(!pthread_create(&thread, NULL, touch_one, other + PAGE));
	CHECK(wait_fault(fd).flags & 1);
	CHECK(!unregister(fd, other + PAGE, PAGE));
	pthread_join(thread, NULL);
	CHECK(other[PAGE] == 5);
	/* Whose it is does not matter: he who waits there is woken by the one who unregisters. */
	CHECK(!pthread_create(&thread, NULL, touch_one, other + 3 * PAGE));
	wait_fault(fd);
	CHECK(!unregister(uffd, other + 3 * PAGE, PAGE));
	pthread_join(thread, NULL);
	CHECK(other[3 * PAGE] == 5);
	CHECK(!pthread_create(&thread, NULL, touch_one, other + 2 * PAGE));
	wait_fault(fd);
	close(fd);
	pthread_join(thread, NULL);
	CHECK(other[2 * PAGE] == 5 && other[0] == 0);
	munmap(other, 4 * PAGE);
}

/* fork's child has ordinary memory; a process that waits can be killed. */
static void test_fork_and_kill(void)
{
	int status;
	pid_t pid;

	CHECK(!madvise(area, PAGES * PAGE, MADV_DONTNEED));
	pid = FORK_OR_EXIT();
	if (!pid)
		_exit(area[0] == 0 ? 4 : 5);
	waitpid(pid, &status, 0);
	CHECK(status == 4 << 8);
	pid = FORK_OR_EXIT();
	if (!pid) {
		int fd = open_uffd(0);

		reg(fd, area, PAGES * PAGE, 1);
		alarm(1);		/* nobody else is there to bring the page */
		_exit(area[0]);
	}
	waitpid(pid, &status, 0);
	CHECK(status == SIGALRM);
}

static int set;

static void *waits_into_area(void *arg)
{
	return (void *)(long)epoll_wait(set, (struct epoll_event *)area, 1, -1);
}

static void *waits(void *arg)
{
	struct epoll_event events[2];

	return (void *)(long)epoll_wait(set, events, 2, 20000);
}

/* Who takes events from a set waits for the page they go to: other sets live on, and what he leaves is for the next. */
static void test_epoll(void)
{
	static char page[PAGE] __attribute__((aligned(4096)));
	int fds[2] = { eventfd(1, 0), eventfd(1, 0) }, other = epoll_create1(0);
	struct epoll_event in = { .events = EPOLLIN }, got;
	pthread_t first, second;
	void *n;

	set = epoll_create1(0);
	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &in) == 0 && epoll_ctl(set, EPOLL_CTL_ADD, fds[1], &in) == 0);
	CHECK(madvise(area, PAGE, MADV_DONTNEED) == 0);
	CHECK(!pthread_create(&first, NULL, waits_into_area, NULL));
	wait_fault(uffd);
	CHECK(epoll_ctl(other, EPOLL_CTL_ADD, fds[0], &in) == 0 && epoll_wait(other, &got, 1, 0) == 1);
	CHECK(!pthread_create(&second, NULL, waits, NULL));
	usleep(50000);		/* it may have come to the set by now, or not: it finds something */
	CHECK(copy(uffd, area, page, PAGE) == PAGE);
	CHECK(!pthread_join(first, &n) && n == (void *)1);
	CHECK(!pthread_join(second, &n) && (long)n >= 1);
	CHECK(((struct epoll_event *)area)->events == EPOLLIN && madvise(area, PAGE, MADV_DONTNEED) == 0);
	close(set), close(other), close(fds[0]), close(fds[1]);
}

static void on_sigbus(int sig) { _exit(sig); }

static void test_sigbus(void)
{
	pid_t pid = FORK_OR_EXIT();
	int status;

	if (!pid) {
		int fd = open_uffd(1 << 7);

		signal(SIGBUS, on_sigbus);
		reg(fd, area, PAGES * PAGE, 1);
		_exit(area[0]);
	}
	waitpid(pid, &status, 0);
	CHECK(status == SIGBUS << 8);
}

static void test_errors(void)
{
	struct uffdio_api api = { 0xab, 0, 0 };
	int fd = syscall(323, 0);
	char *ro;
	struct msg m;

	FAILS(syscall(323, 0x1000000), EINVAL);
	FAILS(reg(fd, area, PAGE, 1), EINVAL);		/* no UFFDIO_API yet */
	FAILS(ioctl(fd, API, &api), EINVAL);
	CHECK(!api.api);
	close(fd);
	FAILS(reg(uffd, area + 1, PAGE, 1), EINVAL);
	FAILS(reg(uffd, area, PAGE + 1, 1), EINVAL);
	FAILS(reg(uffd, area, PAGE, 0), EINVAL);
	FAILS(reg(uffd, (void *)(1UL << 40), PAGE, 1), EINVAL);
	FAILS(read(uffd, &m, sizeof(m) - 1), EINVAL);
	FAILS(read(uffd, &m, sizeof(m)), EAGAIN);
	ro = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("/bin/busybox", O_RDONLY), 0);
	FAILS(reg(uffd, ro, PAGE, 2), EINVAL);
	munmap(ro, PAGE);
}

int main(void)
{
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uffd = open_uffd(0);
	test_errors();
	CHECK(!reg(uffd, area, PAGES * PAGE, 1));
	test_pages();
	test_kernel_access();
	test_letting_go();
	test_fork_and_kill();
	test_epoll();
	test_sigbus();
	return finish("uffdtest");
}
