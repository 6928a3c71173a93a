/*
 * cgmember - who is in which group, as system calls see it: clone3's CLONE_INTO_CGROUP, threads in
 * threaded groups, whose rights count for cgroup.procs, cgroup namespaces.
 *
 *   cgmember DIRECTORY     in an empty group of a cgroup2 mounted with nsdelegate; run as root
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#define INTO_CGROUP 0x200000000ULL

struct args { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };

static pid_t clone_into(int fd, size_t size)
{
	struct args a = { .flags = INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = fd };
	pid_t pid = syscall(435, &a, size);

	if (!pid) {
		static volatile char untouched[8192];

		for (untouched[4096] = 1; untouched[4096];)
			pause();
	}
	return pid;
}

static void kill_and_wait(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

/* The file's text, or "" if it cannot be read; errno tells. */
static const char *text_of(const char *path)
{
	static char buf[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	int error = errno;

	buf[n > 0 ? n : 0] = 0;
	close(fd);
	errno = error;
	return buf;
}

static const char *group_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	return text_of(path);
}

static ssize_t put_fd(int fd, const char *text)
{
	return write(fd, text, strlen(text));
}

static ssize_t put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error;
	ssize_t n = fd < 0 ? -1 : put_fd(fd, text);

	error = errno;
	close(fd);
	errno = error;
	return n;
}

static void test_into(void)
{
	struct pollfd p;
	int fd, events;
	pid_t pid;

	mkdir("a", 0755);
	fd = open("a", O_PATH | O_DIRECTORY);
	events = open("a/cgroup.events", O_RDONLY);
	CHECK(fd >= 0 && events >= 0);
	p = (struct pollfd){ .fd = events, .events = POLLPRI };
	CHECK(strstr(text_of("a/cgroup.events"), "populated 0"));
	CHECK(read(events, (char[64]){ 0 }, 64) > 0 && poll(&p, 1, 0) == 0);
	pid = clone_into(fd, sizeof(struct args));
	CHECK(pid > 0);
	CHECK(strstr(group_of(pid), "/a\n"));
	CHECK(strstr(text_of("a/cgroup.events"), "populated 1"));
	CHECK(poll(&p, 1, 0) == 1);
	CHECK(atoi(text_of("a/cgroup.procs")) == pid);
	/* What it touches is charged there. */
	while (!access("a/memory.current", F_OK) && !atol(text_of("a/memory.current")))
		sched_yield();
	kill_and_wait(pid);
	/* Born frozen, it runs when the group thaws. */
	CHECK(put("a/cgroup.freeze", "1") == 1);
	pid = clone_into(fd, sizeof(struct args));
	while (!strstr(text_of("a/cgroup.events"), "frozen 1"))
		sched_yield();
	CHECK(put("a/cgroup.freeze", "0") == 1);
	kill_and_wait(pid);
	/* A bad descriptor; one that is no group's; a size without the field. */
	FAILS(clone_into(99, sizeof(struct args)), EBADF);
	FAILS(clone_into(events, sizeof(struct args)), EBADF);
	FAILS(clone_into(fd, offsetof(struct args, cgroup)), EINVAL);
	CHECK(!rmdir("a"));
	FAILS(clone_into(fd, sizeof(struct args)), ENOENT);
	close(fd);
	close(events);
}

/* Who is nobody makes children in his own groups, from there. */
static void test_unprivileged(void)
{
	pid_t pid;
	int fd;

	mkdir("u", 0755);
	mkdir("u/x", 0755);
	CHECK(!chown("u/x", 1000, 1000) && !chown("u/x/cgroup.procs", 1000, 1000));
	pid = FORK_OR_EXIT();
	if (!pid) {
		failures = 0;
		CHECK(!setresuid(1000, 1000, 1000));
		fd = open("u/x", O_RDONLY | O_DIRECTORY);
		FAILS(clone_into(fd, sizeof(struct args)), EACCES);	/* into it from outside */
		FAILS(put("u/x/cgroup.procs", "0"), EACCES);
		_exit(failures);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	pid = FORK_OR_EXIT();
	if (!pid) {
		failures = 0;
		CHECK(put("u/x/cgroup.procs", "0") == 1);
		CHECK(!setresuid(1000, 1000, 1000));
		CHECK(!mkdir("u/x/y", 0755));
		fd = open("u/x/y", O_RDONLY | O_DIRECTORY);
		pid_t child = clone_into(fd, sizeof(struct args));
		CHECK(child > 0);
		CHECK(strstr(group_of(child), "/u/x/y\n"));
		kill_and_wait(child);
		CHECK(put("u/x/y/cgroup.procs", "0") == 1);
		_exit(failures);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK(!rmdir("u/x/y") && !rmdir("u/x") && !rmdir("u"));
}

static pthread_barrier_t barrier;
static pid_t tid;
static void *thread(void *unused)
{
	tid = syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_threads(void)
{
	char number[16];
	pthread_t t;

	mkdir("t", 0755);
	mkdir("t/1", 0755);
	mkdir("t/2", 0755);
	CHECK(put("t/1/cgroup.type", "threaded") == 8 && put("t/2/cgroup.type", "threaded") == 8);
	CHECK(!strcmp(text_of("t/cgroup.type"), "domain threaded\n"));
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		failures = 0;
		CHECK(put("t/cgroup.procs", "0") == 1);
		pthread_barrier_init(&barrier, NULL, 2);
		CHECK(!pthread_create(&t, NULL, thread, NULL));
		pthread_barrier_wait(&barrier);
		snprintf(number, sizeof(number), "%d", tid);
		CHECK(put("t/1/cgroup.threads", number) > 0);
		CHECK(put("t/2/cgroup.threads", "0") > 0);
		CHECK(strstr(group_of(getpid()), "/t/2\n") && strstr(group_of(tid), "/t/1\n"));
		CHECK(atoi(text_of("t/1/cgroup.threads")) == tid);
		/* The process is the root's, whoever of it is where. */
		CHECK(atoi(text_of("t/cgroup.procs")) == getpid());
		text_of("t/1/cgroup.procs");
		CHECK(errno == EOPNOTSUPP);
		FAILS(put("cgroup.threads", "0"), EOPNOTSUPP);	/* a thread does not leave alone */
		/* Both come along, from two groups into one. */
		CHECK(put("t/1/cgroup.procs", "0") == 1);
		CHECK(strstr(group_of(getpid()), "/t/1\n") && strstr(group_of(tid), "/t/1\n"));
		CHECK(put("t/2/cgroup.threads", number) > 0);
		CHECK(put("cgroup.procs", "0") == 1);
		CHECK(!strstr(group_of(tid), "/t"));
		pthread_barrier_wait(&barrier);
		pthread_join(t, NULL);
		_exit(failures);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK(!rmdir("t/1") && !rmdir("t/2") && !rmdir("t"));
}

/* A descriptor gives its opener's rights, in a set-uid program as well. */
static void test_opener(void)
{
	int fd, status;

	mkdir("o", 0755);
	mkdir("o/1", 0755);
	CHECK(!chown("o/1/cgroup.procs", 1000, 1000));
	CHECK(!seteuid(1000));
	fd = open("o/1/cgroup.procs", O_RDWR);
	CHECK(fd >= 0 && !seteuid(0));
	FAILS(put_fd(fd, "0"), EACCES);
	close(fd);
	/* Inside a namespace only what lies inside is seen. */
	pid_t pid = FORK_OR_EXIT();
	if (!pid) {
		failures = 0;
		int outside = open("cgroup.procs", O_WRONLY);

		CHECK(put("o/1/cgroup.procs", "0") == 1);
		CHECK(!unshare(CLONE_NEWCGROUP));
		CHECK(!strcmp(group_of(getpid()), "0::/\n"));
		/* /.. for o, /.. for what is above it */
		CHECK(!strncmp(group_of(getppid()), "0::/../..", 9));
		FAILS(put("cgroup.procs", "0"), ENOENT);
		FAILS(put("o/1/cgroup.max.depth", "3"), EPERM);
		CHECK(put("o/cgroup.max.depth", "3") == 1);
		CHECK(!mkdir("o/1/2", 0755) && put("o/1/2/cgroup.procs", "0") == 1);
		CHECK(!strcmp(group_of(getpid()), "0::/2\n"));
		CHECK(put("o/1/2/cgroup.max.depth", "3") == 1);
		CHECK(put_fd(outside, "0") == 1);	/* opened before: the old namespace counts */
		CHECK(!strncmp(group_of(getpid()), "0::/../..", 9));
		_exit(failures);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK(!rmdir("o/1/2") && !rmdir("o/1") && !rmdir("o"));
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1])) {
		fprintf(stderr, "usage: cgmember DIRECTORY\n");
		return 2;
	}
	test_into();
	test_unprivileged();
	test_threads();
	test_opener();
	return finish("cgmember");
}
