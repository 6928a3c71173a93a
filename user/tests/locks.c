/*
 * locks FILE FILE2 - takes locks of all kinds, lets others wait for them, and shows /proc/locks and fdinfo.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "check.h"

static int range(int fd, int cmd, int type, long start, long len)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &fl);
}

static int show(const char *name, char *text, size_t size)
{
	int fd = open(name, O_RDONLY), n = read(fd, text, size - 1);

	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n;
}

static void print_fdinfo(int fd)
{
	static char text[4096];
	char name[64], *lock;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	show(name, text, sizeof(text));
	lock = strstr(text, "lock:");
	printf("fd\n%s", lock ? lock : "");
}

/* Is @what in /proc/locks @times? */
static int listed(const char *what, int times)
{
	static char text[4096];
	int found = 0;

	show("/proc/locks", text, sizeof(text));
	for (char *at = text; (at = strstr(at, what)); at++)
		found++;
	return found >= times;
}

/* A child that waits for a lock; it is listed when this returns. */
static pid_t waiter(const char *file, int how, int arrows)
{
	pid_t child = fork();

	if (child == 0) {
		int fd = open(file, O_RDWR);

		if (how == 0)
			flock(fd, LOCK_EX);
		else if (how == 1)
			range(fd, F_SETLKW, F_WRLCK, 0, 0);
		else
			range(fd, F_OFD_SETLKW, F_RDLCK, 12, 1);
		for (;;)
			pause();
	}
	do
		usleep(10000);
	while (!listed("-> ", arrows));
	return child;
}

/*
 * Three processes have a byte each and ask for the next one's: the last is told so, and lets go; then
 * all get theirs, one after the other.
 */
static void deadlock(const char *file)
{
	int status[3];
	pid_t pids[3];

	for (int i = 0; i < 3; i++) {
		if (!(pids[i] = fork())) {
			int fd = open(file, O_RDWR), err;

			range(fd, F_SETLK, F_WRLCK, i, 1);
			while (i < 2 && !listed(i ? " 2 2\n" : " 1 1\n", 1))	/* the next one has its byte */
				usleep(10000);
			while (i == 2 && !listed("-> ", 2))	/* both wait */
				usleep(10000);
			err = range(fd, F_SETLKW, F_WRLCK, (i + 1) % 3, 1) ? errno : 0;
			_exit(err);
		}
	}
	for (int i = 0; i < 3; i++)
		waitpid(pids[i], &status[i], 0);
	printf("in a circle: %d %d %d\n", WEXITSTATUS(status[0]), WEXITSTATUS(status[1]), WEXITSTATUS(status[2]));
}

int main(int argc, char **argv)
{
	static char text[4096];
	pid_t children[3];
	int a, b, c;

	if (argc < 3)
		return 2;
	a = open(argv[1], O_CREAT | O_RDWR, 0600);
	b = open(argv[1], O_RDWR);
	c = open(argv[2], O_CREAT | O_RDWR, 0600);
	if (range(a, F_SETLK, F_RDLCK, 100, 0) || range(a, F_SETLK, F_WRLCK, 10, 5) ||
	    range(b, F_OFD_SETLK, F_RDLCK, 0, 4) || flock(b, LOCK_EX) || flock(c, LOCK_SH))
		return 1;
	if (range(a, F_SETLK, F_WRLCK, -2, LONG_MIN) != -1 || errno != EINVAL)
		return 3;		/* not a lock up there that ends before it begins */
	print_fdinfo(a);
	print_fdinfo(b);
	print_fdinfo(c);
	fflush(stdout);
	for (int i = 0; i < 3; i++)
		children[i] = waiter(argv[1], i, i + 1);
	show("/proc/locks", text, sizeof(text));
	printf("pids %d %d %d\n%s", getpid(), children[0], children[1], text);
	for (int i = 0; i < 3; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	close(a);
	close(b);
	close(c);
	show("/proc/locks", text, sizeof(text));
	printf("left [%s]\n", text);
	fflush(stdout);
	deadlock(argv[1]);
	return 0;
}
