/*
 * inotify - what inotify(7) tells of files, directories, links, renames, removals and unmounting, its
 * queue's rules, and the news of a cgroup's files (argument: a directory of a mounted cgroup2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

static int ifd;
static char all[16384];		/* what was read, as text: "wd:mask:name " */

static const char *const names[] = {
	"ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "FROM", "TO", "CREATE",
	"DELETE", "DELETE_SELF", "MOVE_SELF", "?", "UNMOUNT", "OVERFLOW", "IGNORED",
};

/* Everything in the queue as text; cookies must come in pairs. */
static const char *events(void)
{
	_Alignas(8) char buf[8192];
	unsigned int cookie = 0;
	char *p = all;
	ssize_t n;

	*p = 0;
	while ((n = read(ifd, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + n;) {
			struct inotify_event *e = (void *)at;

			p += sprintf(p, "%d:", e->wd);
			for (int i = 0; i < 16; i++)
				if (e->mask & 1U << i)
					p += sprintf(p, "%s", names[i]);
			p += sprintf(p, "%s", e->mask & IN_ISDIR ? ",DIR" : "");
			CHECK(e->len % 16 == 0);
			if (e->len)
				p += sprintf(p, ":%s", e->name);
			*p++ = ' ';
			*p = 0;
			if (e->mask & IN_MOVED_FROM)
				cookie = e->cookie;
			if (e->mask & IN_MOVED_TO)
				CHECK(e->cookie && (!cookie || e->cookie == cookie));
			if (!(e->mask & IN_MOVE))
				CHECK(!e->cookie);
			at += sizeof(*e) + e->len;
		}
	CHECK(n == -1 && errno == EAGAIN);
	return all;
}

#define EVENTS(want)                                                           \
	do {                                                                   \
		const char *got = events();                                    \
		if (strcmp(got, want)) {                                       \
			printf("%d: got  %s\n     want %s\n", __LINE__, got, want); \
			failures++;                                            \
		}                                                              \
	} while (0)

static void begin(void) { CHECK((ifd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) >= 0); }
static void end(void) { CHECK(!close(ifd)); }
static int watch(const char *path, unsigned int mask) { return inotify_add_watch(ifd, path, mask); }

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void files(void)
{
	char c;
	int fd;

	begin();
	CHECK(watch("d", IN_ALL_EVENTS) == 1);
	put("d/f", "x");
	EVENTS("1:CREATE:f 1:OPEN:f 1:MODIFY:f 1:CLOSE_WRITE:f ");
	CHECK(watch("d/f", IN_ALL_EVENTS) == 2);
	fd = open("d/f", O_RDWR | O_TRUNC);
	EVENTS("1:MODIFY:f 2:MODIFY 1:OPEN:f 2:OPEN ");
	CHECK(read(fd, &c, 1) == 0);
	CHECK(write(fd, "a", 1) == 1 && pread(fd, &c, 1, 0) == 1);
	EVENTS("1:MODIFY:f 2:MODIFY 1:ACCESS:f 2:ACCESS ");
	CHECK(!fchmod(fd, 0600) && !ftruncate(fd, 0));
	EVENTS("1:ATTRIB:f 2:ATTRIB 1:MODIFY:f 2:MODIFY ");
	CHECK(!close(fd));
	EVENTS("1:CLOSE_WRITE:f 2:CLOSE_WRITE ");
	CHECK(!link("d/f", "d/g") && !symlink("f", "d/s") && !mkfifo("d/p", 0600));
	EVENTS("2:ATTRIB 1:CREATE:g 1:CREATE:s 1:CREATE:p ");
	CHECK(!mkdir("d/e", 0755) && !rename("d/e", "d/h") && !rmdir("d/h"));
	EVENTS("1:CREATE,DIR:e 1:FROM,DIR:e 1:TO,DIR:h 1:DELETE,DIR:h ");
	CHECK(!rename("d/f", "f2"));
	EVENTS("1:FROM:f 2:MOVE_SELF ");
	CHECK(!rename("f2", "d/f") && !unlink("d/g") && !unlink("d/s") && !unlink("d/p"));
	EVENTS("1:TO:f 2:MOVE_SELF 2:ATTRIB 1:DELETE:g 1:DELETE:s 1:DELETE:p ");
	put("d/n", "");
	EVENTS("1:CREATE:n 1:OPEN:n 1:CLOSE_WRITE:n ");
	CHECK(!rename("d/n", "d/f"));		/* over the watched one */
	EVENTS("1:FROM:n 1:TO:f 2:ATTRIB 2:DELETE_SELF 2:IGNORED ");
	fd = open("d/f", O_RDONLY);
	CHECK(watch("d/f", IN_ALL_EVENTS) == 3);
	EVENTS("1:OPEN:f ");
	CHECK(!unlink("d/f"));
	EVENTS("3:ATTRIB 1:DELETE:f ");
	close(fd);
	EVENTS("1:CLOSE_NOWRITE:f 3:CLOSE_NOWRITE 3:DELETE_SELF 3:IGNORED ");
	put("d/f", "");
	CHECK(watch("d/f", IN_DELETE_SELF) == 4);
	events();
	CHECK(!unlink("d/f"));
	EVENTS("4:DELETE_SELF 4:IGNORED 1:DELETE:f ");
	CHECK(!rmdir("d"));
	EVENTS("1:DELETE_SELF 1:IGNORED ");
	CHECK(!mkdir("d", 0755));
	end();
}

/* How a watch is asked for, changed and ended. */
static void watches(void)
{
	struct stat st;

	FAILS(inotify_init1(1), EINVAL);
	begin();
	put("f", "x");
	CHECK(!symlink("f", "s"));
	FAILS(watch("f", 0), EINVAL);
	FAILS(watch("none", IN_OPEN), ENOENT);
	FAILS(watch("f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	FAILS(watch("f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	FAILS(inotify_add_watch(0, "f", IN_OPEN), EINVAL);
	FAILS(inotify_add_watch(99, "f", IN_OPEN), EBADF);
	FAILS(inotify_rm_watch(ifd, 1), EINVAL);
	FAILS(inotify_add_watch(ifd, NULL, IN_OPEN), EFAULT);
	CHECK(watch("f", IN_OPEN) == 1 && watch("s", IN_MODIFY | IN_MASK_ADD) == 1);
	FAILS(watch("f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	put("f", "y");
	EVENTS("1:OPEN 1:MODIFY ");
	CHECK(watch("f", IN_CLOSE_WRITE) == 1);
	put("f", "y");
	EVENTS("1:CLOSE_WRITE ");
	CHECK(watch("s", IN_ATTRIB | IN_DONT_FOLLOW) == 2);
	CHECK(!lchown("s", 1, 1));
	EVENTS("2:ATTRIB ");
	CHECK(!inotify_rm_watch(ifd, 1));
	EVENTS("1:IGNORED ");
	CHECK(watch("f", IN_OPEN | IN_ONESHOT) == 3);
	put("f", "y");
	put("f", "y");
	EVENTS("3:OPEN 3:IGNORED ");
	CHECK(watch("d", IN_CREATE | IN_MODIFY | IN_EXCL_UNLINK | IN_ONLYDIR) == 4);
	int fd = open("d/u", O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, "a", 1) == 1 && !unlink("d/u") && write(fd, "b", 1) == 1);
	EVENTS("4:CREATE:u 4:MODIFY:u ");
	close(fd);
	CHECK(!unlink("s") && !fstat(ifd, &st));
	end();
}

static void on_alarm(int sig) { (void)sig; }

static void queue(void)
{
	struct pollfd p;
	char buf[64];
	int bytes;
	pid_t pid;

	begin();
	p = (struct pollfd){ .fd = ifd, .events = POLLIN };
	CHECK(watch("d", IN_CREATE) == 1 && poll(&p, 1, 0) == 0);
	put("d/0123456789abcdef", "");
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	CHECK(!ioctl(ifd, FIONREAD, &bytes) && bytes == 48);
	FAILS(read(ifd, buf, 47), EINVAL);
	CHECK(read(ifd, buf, 48) == 48);
	FAILS(write(ifd, buf, 48), EBADF);
	unlink("d/0123456789abcdef");
	CHECK(watch("f", IN_MODIFY) == 2);
	for (int i = 0; i < 10; i++)
		put("f", "same");
	EVENTS("2:MODIFY ");
	/* a reader that sleeps: woken by an event, or by a signal */
	CHECK(!fcntl(ifd, F_SETFL, 0));
	pid = FORK_OR_EXIT();
	if (!pid) {
		put("f", "z");
		_exit(0);
	}
	CHECK(read(ifd, buf, sizeof(buf)) == 16);
	CHECK(waitpid(pid, NULL, 0) == pid);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	alarm(1);
	FAILS(read(ifd, buf, sizeof(buf)), EINTR);
	end();
}

static int sysctl(const char *name, const char *value, char *old)
{
	char path[64];
	int fd, n;

	sprintf(path, "/proc/sys/fs/inotify/%s", name);
	fd = open(path, O_RDWR);
	n = old ? read(fd, old, 31) : 0;
	if (n > 0)
		old[n] = 0;
	n = pwrite(fd, value, strlen(value), 0);
	close(fd);
	return n > 0 ? 0 : -1;
}

static void limits(void)
{
	char old[32] = "";
	int fds[3] = { -1, -1, -1 };

	CHECK(!sysctl("max_queued_events", "3", old) && atoi(old) == 16384);
	begin();
	sysctl("max_queued_events", old, NULL);
	CHECK(watch("f", IN_OPEN | IN_CLOSE) == 1);
	for (int i = 0; i < 3; i++)
		put("f", "x");
	EVENTS("1:OPEN 1:CLOSE_WRITE 1:OPEN -1:OVERFLOW ");
	put("f", "x");
	EVENTS("1:OPEN 1:CLOSE_WRITE ");
	CHECK(!sysctl("max_user_watches", "2", old) && atoi(old) >= 8192);
	CHECK(watch("d", IN_OPEN) == 2);
	FAILS(watch(".", IN_OPEN), ENOSPC);
	sysctl("max_user_watches", old, NULL);
	end();
	CHECK(!sysctl("max_user_instances", "2", old) && atoi(old) == 128);
	CHECK((fds[0] = inotify_init()) >= 0 && (fds[1] = inotify_init()) >= 0);
	FAILS(inotify_init(), EMFILE);
	close(fds[0]);
	CHECK((fds[2] = inotify_init()) >= 0);
	close(fds[1]);
	close(fds[2]);
	sysctl("max_user_instances", old, NULL);
}

static void unmount(void)
{
	begin();
	CHECK(!mount("none", "d", "tmpfs", 0, NULL));
	put("d/f", "x");
	CHECK(watch("d/f", IN_OPEN) == 1);
	CHECK(!umount("d"));
	EVENTS("1:UNMOUNT 1:IGNORED ");
	end();
}

/* Sleeps for news until t/cgroup.events says @what: one IN_MODIFY at least each time, and no more. */
static void wait_for(const char *what)
{
	struct pollfd p = { .fd = ifd, .events = POLLIN };
	char text[128] = "";

	for (;;) {
		int fd = open("t/cgroup.events", O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		CHECK(n > 0);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		if (n <= 0 || strstr(text, what))
			return;
		if (poll(&p, 1, 20000) != 1) {
			CHECK(!"news");
			return;
		}
		EVENTS("1:MODIFY ");
	}
}

/* Processes in the group t. */
static int members(void)
{
	char text[128];
	int fd = open("t/cgroup.procs", O_RDONLY), n = 0;
	ssize_t len = read(fd, text, sizeof(text));

	for (ssize_t i = 0; i < len; i++)
		n += text[i] == '\n';
	close(fd);
	return n;
}

/* A group in the frozen t: its own switch changes nothing, and one who waits for the change is told so at once. */
static void held_from_above(void)
{
	struct pollfd p = { .events = POLLIN };
	int old = ifd;

	begin();
	p.fd = ifd;
	CHECK(!mkdir("t/u", 0755) && watch("t/u/cgroup.events", IN_MODIFY) == 1);
	put("t/u/cgroup.freeze", "1");
	CHECK(poll(&p, 1, 20000) == 1);
	EVENTS("1:MODIFY ");
	put("t/u/cgroup.freeze", "1");		/* as it was: no news */
	put("t/u/cgroup.freeze", "0");
	CHECK(poll(&p, 1, 20000) == 1);
	EVENTS("1:MODIFY ");
	end();
	ifd = old;
	CHECK(!rmdir("t/u"));
}

/* cgroup.events, waited for as Linux's own selftests do. */
static void cgroup(const char *dir)
{
	struct pollfd p;
	pid_t pid;

	CHECK(!chdir(dir) && !mkdir("t", 0755));
	begin();
	p = (struct pollfd){ .fd = ifd, .events = POLLIN };
	CHECK(watch("t/cgroup.events", IN_MODIFY) == 1);
	CHECK(watch("t/cgroup.events", IN_MODIFY) == 1);
	pid = FORK_OR_EXIT();
	if (!pid) {
		put("t/cgroup.procs", "0");
		if (!vfork())
			for (;;)
				pause();
		_exit(0);
	}
	CHECK(poll(&p, 1, 20000) == 1);	/* populated */
	EVENTS("1:MODIFY ");
	while (members() < 2)		/* a vfork's parent, which waits in the kernel, can be frozen, too */
		usleep(1000);
	put("t/cgroup.freeze", "1");
	wait_for("frozen 1");
	held_from_above();
	put("t/cgroup.kill", "1");
	wait_for("populated 0");
	CHECK(waitpid(pid, NULL, 0) == pid);
	end();
	begin();
	CHECK(watch(".", IN_DELETE) == 1 && !rmdir("t"));
	EVENTS("1:DELETE,DIR:t ");
	end();
	CHECK(!chdir("/"));
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/inotifyXXXXXX";

	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(mkdtemp(dir) && !chdir(dir) && !mkdir("d", 0755));
	files();
	watches();
	queue();
	limits();
	unmount();
	CHECK(!unlink("f") && !rmdir("d") && !chdir("/") && !rmdir(dir));
	if (argc > 1)
		cgroup(argv[1]);
	return finish("inotify");
}
