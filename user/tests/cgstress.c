/*
 * cgstress SECONDS SEED - groups are made, removed, frozen, thawed and killed, controllers switched
 * on and off and tasks moved, by several processes at once, all at random. What each call answers
 * is not looked at; afterwards the books must balance: pids.current is what cgroup.procs lists,
 * no group is frozen for ever, and everything can be removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define TOP "/sys/fs/cgroup/stress"
enum { WORKERS = 4, NAMES = 3, CHILDREN = 6 };

static unsigned int seed;
static unsigned int any(unsigned int n) { return rand_r(&seed) % n; }

static int put(const char *dir, const char *file, const char *text)
{
	char path[256];
	int fd, n;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static int get(const char *dir, const char *file, char *buf, size_t size)
{
	char path[256];
	int fd, n;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return n;
}

/* A group one or two levels below TOP. */
static void pick(char *dir, size_t size)
{
	if (any(2))
		snprintf(dir, size, TOP "/g%u", any(NAMES));
	else
		snprintf(dir, size, TOP "/g%u/h%u", any(NAMES), any(NAMES));
}

static void *thread(void *arg)
{
	for (;;)
		usleep(1000);
	return arg;
}

/* Moves about, forks and makes threads, until it is killed or its time is up. */
static void child(void)
{
	char dir[128];
	pthread_t t;

	signal(SIGALRM, SIG_DFL);
	alarm(1);
	for (int i = 0; i < 40; i++) {
		pick(dir, sizeof(dir));
		put(dir, "cgroup.procs", "0");
		if (!any(8))
			pthread_create(&t, NULL, thread, NULL);
		if (!any(4) && !fork())
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}

static void worker(unsigned int number, int seconds)
{
	static const char *const controls[] = { "+pids", "-pids", "+memory", "-memory" };
	time_t end = time(NULL) + seconds;
	pid_t pids[CHILDREN] = { 0 };
	char dir[128], text[32], buf[4096];

	seed += number * 7919;
	while (time(NULL) < end) {
		unsigned int i = any(CHILDREN);

		pick(dir, sizeof(dir));
		switch (any(10)) {
		case 0: case 1: mkdir(dir, 0755); break;
		case 2: rmdir(dir); break;
		case 3: put(TOP, "cgroup.subtree_control", controls[any(4)]); break;
		case 4: put(dir, "cgroup.subtree_control", controls[any(4)]); break;
		case 5: put(dir, "cgroup.freeze", any(3) ? "0" : "1"); break;
		case 6:
			if (!any(4))
				put(dir, "cgroup.kill", "1");
			break;
		case 7:
			snprintf(text, sizeof(text), "%u", 2 + any(20));
			put(dir, "pids.max", any(3) ? "max" : text);
			break;
		case 8:
			get(dir, any(2) ? "cgroup.procs" : "cgroup.events", buf, sizeof(buf));
			get(dir, any(2) ? "cpu.stat" : "cpu.pressure", buf, sizeof(buf));
			break;
		case 9:
			snprintf(text, sizeof(text), "%d", pids[i]);
			if (pids[i] > 0)
				put(dir, "cgroup.procs", text);
			break;
		}
		if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG) == pids[i])
			pids[i] = 0;
		if (!pids[i]) {
			pids[i] = fork();
			if (!pids[i]) {
				seed += getpid();
				child();
			}
		}
	}
	for (int n = 0; n < NAMES; n++) {	/* nobody stays frozen while we wait for it */
		snprintf(dir, sizeof(dir), TOP "/g%d", n);
		put(dir, "cgroup.freeze", "0");
		for (int h = 0; h < NAMES; h++) {
			snprintf(dir, sizeof(dir), TOP "/g%d/h%d", n, h);
			put(dir, "cgroup.freeze", "0");
		}
	}
	for (int i = 0; i < CHILDREN; i++)
		if (pids[i] > 0) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	_exit(0);
}

static int count_lines(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Everybody below has gone: the books of @dir and of the groups in it, and away with them. */
static void check_and_remove(const char *dir)
{
	struct dirent *e;
	char path[512], buf[4096];
	DIR *d = opendir(dir);

	while (d && (e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			check_and_remove(path);
			rewinddir(d);
		}
	if (d)
		closedir(d);
	CHECK(get(dir, "cgroup.procs", buf, sizeof(buf)) == 0);
	if (get(dir, "pids.current", buf, sizeof(buf)) > 0)
		CHECK(!strcmp(buf, "0\n"));
	CHECK(get(dir, "cgroup.events", buf, sizeof(buf)) > 0 && strstr(buf, "populated 0"));
	CHECK(rmdir(dir) == 0);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 4;
	pid_t pids[WORKERS], sleepers[3];
	char buf[4096], text[32];

	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = argc > 2 ? atoi(argv[2]) : 1;
	put("/sys/fs/cgroup", "cgroup.subtree_control", "+pids");
	CHECK(mkdir(TOP, 0755) == 0);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = FORK_OR_EXIT();
		if (!pids[i])
			worker(i, seconds);
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
	/* What was orphaned in there; with it gone and some sleepers instead the counts are known. */
	CHECK(put(TOP, "cgroup.kill", "1") == 0);
	for (int i = 0; i < 500; i++) {
		if (get(TOP, "pids.current", buf, sizeof(buf)) > 0 && !strcmp(buf, "0\n"))
			break;
		usleep(10000);
	}
	CHECK(!strcmp(buf, "0\n"));
	put(TOP, "cgroup.subtree_control", "-memory");
	put(TOP, "cgroup.subtree_control", "-pids");
	for (int i = 0; i < 3; i++) {
		sleepers[i] = FORK_OR_EXIT();
		if (!sleepers[i])
			for (;;)
				pause();
		snprintf(text, sizeof(text), "%d", sleepers[i]);
		CHECK(put(TOP, "cgroup.procs", text) == 0);
	}
	CHECK(get(TOP, "cgroup.procs", buf, sizeof(buf)) > 0 && count_lines(buf) == 3);
	CHECK(get(TOP, "pids.current", buf, sizeof(buf)) > 0 && !strcmp(buf, "3\n"));
	CHECK(put(TOP, "cgroup.kill", "1") == 0);
	for (int i = 0; i < 3; i++)
		CHECK(waitpid(sleepers[i], NULL, 0) == sleepers[i]);
	check_and_remove(TOP);
	return finish("cgstress");
}
