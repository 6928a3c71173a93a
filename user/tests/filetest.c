/* filetest - files, directories, links, pipes, descriptors, poll. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void tree(void)
{
	struct stat st;
	char buf[64];

	CHECK(mkdir("/tmp/ft", 0755) == 0 && chdir("/tmp/ft") == 0);
	FAILS(mkdir("/tmp/ft", 0755), EEXIST);
	CHECK(symlink("target", "link") == 0 && readlink("link", buf, sizeof buf) == 6);
	FAILS(open("link", O_RDONLY), ENOENT);
	CHECK(close(open("target", O_CREAT | O_RDWR, 0640)) == 0);
	CHECK(stat("link", &st) == 0 && (st.st_mode & 0777) == 0640 && st.st_nlink == 1);
	CHECK(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(link("target", "second") == 0 && stat("second", &st) == 0 && st.st_nlink == 2);
	FAILS(open("target", O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(open("target/x", O_RDONLY), ENOTDIR);
	CHECK(rename("second", "third") == 0 && access("second", F_OK) == -1);
	CHECK(symlink("loop", "loop") == 0);
	FAILS(open("loop", O_RDONLY), ELOOP);
	FAILS(rmdir("/tmp/ft"), ENOTEMPTY);
	FAILS(unlink("/tmp/ft"), EISDIR);
	FAILS(open("/tmp/ft", O_WRONLY), EISDIR);
	CHECK(mkdir("sub", 0700) == 0 && rename("third", "sub/fourth") == 0);
	FAILS(rename("sub", "sub/inner"), EINVAL);
	CHECK(unlink("sub/fourth") == 0 && rmdir("sub") == 0 && unlink("target") == 0 &&
	      unlink("link") == 0 && unlink("loop") == 0);
	CHECK(getcwd(buf, sizeof buf) && !strcmp(buf, "/tmp/ft"));
	FAILS(syscall(79 /* getcwd */, buf, 3), ERANGE);
	CHECK(chdir("/") == 0 && rmdir("/tmp/ft") == 0);
}

static void contents(void)
{
	int fd = open("/tmp/f", O_CREAT | O_RDWR | O_TRUNC, 0600);
	char buf[16] = "";
	struct iovec iov[2] = { { "abc", 3 }, { "defg", 4 } };
	struct stat st;

	CHECK(writev(fd, iov, 2) == 7 && lseek(fd, 2, SEEK_SET) == 2 && read(fd, buf, 3) == 3 &&
	      !memcmp(buf, "cde", 3));
	CHECK(lseek(fd, 10000, SEEK_SET) == 10000 && write(fd, "x", 1) == 1 &&
	      fstat(fd, &st) == 0 && st.st_size == 10001);
	CHECK(pread(fd, buf, 4, 5000) == 4 && !memcmp(buf, "\0\0\0\0", 4));
	CHECK(ftruncate(fd, 3) == 0 && lseek(fd, 0, SEEK_END) == 3 && read(fd, buf, 5) == 0);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	      write(fd, "end", 3) == 3);
	CHECK(pread(fd, buf, 10, 0) == 6 && !memcmp(buf, "abcend", 6));
	unlink("/tmp/f");
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && pread(fd, buf, 1, 0) == 1);
	close(fd);
	FAILS(read(fd, buf, 1), EBADF);
}

static void pipes(void)
{
	int fd[2];
	char buf[70000] = { 0 };
	struct pollfd p;

	CHECK(pipe2(fd, O_NONBLOCK) == 0);
	FAILS(read(fd[0], buf, 1), EAGAIN);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	CHECK(poll(&p, 1, 0) == 0);
	CHECK(write(fd[1], buf, sizeof buf) == 65536);
	FAILS(write(fd[1], buf, 1), EAGAIN);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	CHECK(read(fd[0], buf, sizeof buf) == 65536);
	close(fd[0]);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(fd[1], buf, 1), EPIPE);
	p = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLERR));
	close(fd[1]);
}

static void epolls(void)
{
	int fd[2], ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 77 }, got;

	CHECK(pipe(fd) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev) == 0);
	FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev), EEXIST);
	CHECK(epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(write(fd[1], "x", 1) == 1 && epoll_wait(ep, &got, 1, 1000) == 1 &&
	      got.data.u32 == 77);
	close(fd[0]);
	close(fd[1]);
	close(ep);
}

static void descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	CHECK(dup2(fd, 50) == 50 && fcntl(50, F_GETFD) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(fcntl(fd, F_DUPFD, 60) == 60);
	FAILS(dup2(fd, 100000000), EBADF);
	FAILS(dup2(99, 5), EBADF);
	CHECK(close(50) == 0 && close(60) == 0 && close(fd) == 0);
	FAILS(close(fd), EBADF);
	CHECK(opendir("/proc/self/fd") != NULL);
}

/* A descriptor's file can be opened anew through /proc, if it is of a kind that can be. */
static void reopen(void)
{
	int fds[2], fd, set = epoll_create1(0);
	char path[64], c = 0;

	CHECK(pipe(fds) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && write(fds[1], "x", 1) == 1 && read(fd, &c, 1) == 1 && c == 'x');
	CHECK(close(fds[0]) == 0 && write(fds[1], "y", 1) == 1 && read(fd, &c, 1) == 1 && c == 'y');
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
	CHECK(close(fd) == 0);
	fd = open(path, O_WRONLY);		/* nobody reads any more: as a pipe, it does not wait */
	CHECK(fd >= 0);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(fd, "z", 1), EPIPE);
	CHECK(close(fds[1]) == 0 && close(fd) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", set);
	FAILS(open(path, O_RDONLY), ENXIO);
	close(set);
}

int main(void)
{
	tree();
	contents();
	pipes();
	epolls();
	descriptors();
	reopen();
	return finish("filetest");
}
