/*
 * opcalls - what more of the system calls cost, in guest instructions: the second half of
 * `make bench WIDE=1`. opcosts.c has the first, and says how it is done.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

#include "../bench.h"

static const char *place = "";		/* where the files of a row are */

/* A row of one call, @n times. */
#define ROW(what, n, call)                                                                         \
	do {                                                                                       \
		begin();                                                                           \
		for (int row_i = 0; row_i < (n); row_i++)                                          \
			(void)!(call);                                                             \
		end(named(what, place), n);                                                        \
	} while (0)

/* --- who am I, what time is it --- */

static void questions(void)
{
	struct itimerval soon = { .it_value.tv_sec = 1000 };
	struct rusage usage;
	struct utsname name;
	struct timespec ts;
	char info[256];
	struct tms times_buf;
	cpu_set_t cpus;
	char buf[128];
	gid_t groups[8];

	ROW("getuid", 300, getuid());
	ROW("gettid", 300, syscall(SYS_gettid));
	ROW("getpgid", 300, getpgid(0));
	ROW("getgroups", 300, getgroups(8, groups));
	ROW("uname", 300, uname(&name));
	ROW("times", 300, times(&times_buf));
	ROW("getrusage", 300, getrusage(RUSAGE_SELF, &usage));
	ROW("sysinfo", 100, syscall(SYS_sysinfo, info));
	ROW("getcpu, the call", 300, syscall(SYS_getcpu, NULL, NULL, NULL));
	ROW("clock_gettime, the call", 300, syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts));
	ROW("clock_gettime of the process's CPU time", 300, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	ROW("setitimer", 300, setitimer(ITIMER_REAL, &soon, NULL));
	ROW("sched_getaffinity", 300, sched_getaffinity(0, sizeof(cpus), &cpus));
	ROW("setpriority", 300, setpriority(PRIO_PROCESS, 0, 0));
	ROW("getrlimit", 300, syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, buf));
	ROW("getcwd", 300, getcwd(buf, sizeof(buf)));
	ROW("umask", 300, (umask(022), 0));
	ROW("getrandom of 16 bytes", 300, syscall(SYS_getrandom, buf, 16, 0));
	ROW("wait4 without a child", 300, waitpid(-1, NULL, WNOHANG));
	ROW("kill with signal 0", 300, kill(getpid(), 0));
	ROW("mincore of a page", 300, mincore((void *)((unsigned long)questions & ~4095UL), PAGE, (void *)buf));
	soon.it_value.tv_sec = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* --- System V IPC --- */

static void sysv(void)
{
	struct sembuf up = { .sem_op = 1 }, down = { .sem_op = -1 };
	struct { long type; char text[64]; } msg = { .type = 1 };
	int shm = shmget(IPC_PRIVATE, 16 * PAGE, IPC_CREAT | 0600);
	int sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), back = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	const int n = 200;

	ROW("semop up + down", n, semop(sem, &up, 1) | semop(sem, &down, 1));
	ROW("msgsnd + msgrcv of 64 bytes", n, msgsnd(queue, &msg, 64, 0) | msgrcv(queue, &msg, 64, 0, 0));
	begin();
	for (int i = 0; i < n; i++) {
		char *p = shmat(shm, NULL, 0);

		*(volatile char *)p = 1;
		shmdt(p);
	}
	end("shmat + touch + shmdt", n);
	if (!fork()) {
		for (int i = 0; i < n; i++)
			semop(sem, &down, 1), semop(back, &up, 1);
		_exit(0);
	}
	sched_yield();
	begin();
	for (int i = 0; i < n; i++)
		semop(sem, &up, 1), semop(back, &down, 1);
	end("semop round trip, per switch", 2 * n);
	wait(NULL);
	semctl(back, 0, IPC_RMID);
	shmctl(shm, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
}

/* --- between processes --- */

/* @total bytes through @fds, @chunk at a time, to a child that reads as much at once. */
static void stream(const char *what, int *fds, size_t chunk, size_t total)
{
	char *buf = touched(chunk);
	pid_t reader = fork();

	if (!reader) {
		close(fds[1]);
		while (read(fds[0], buf, chunk) > 0)
			;
		_exit(0);
	}
	close(fds[0]);
	begin();
	for (size_t done = 0; done < total; done += chunk)
		if (write(fds[1], buf, chunk) != (ssize_t)chunk)
			break;
	close(fds[1]);
	waitpid(reader, NULL, 0);
	end(what, total / MIB);
	munmap(buf, chunk);
}

static void bandwidth(void)
{
	int fds[2];

	if (!pipe(fds))
		stream("pipe between processes, 64 KiB each, per MiB", fds, 65536, 4 * MIB);
	if (!pipe(fds))
		stream("pipe between processes, 4 KiB each, per MiB", fds, 4096, 4 * MIB);
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		stream("AF_UNIX stream, 64 KiB each, per MiB", fds, 65536, 4 * MIB);
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		stream("AF_UNIX stream, 4 KiB each, per MiB", fds, 4096, 4 * MIB);
}

static void connections(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0opcalls" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	const int n = 100;

	if (bind(s, (void *)&name, sizeof(name)) || listen(s, 5))
		return;
	begin();
	for (int i = 0; i < n; i++) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);

		connect(c, (void *)&name, sizeof(name));
		close(accept(s, NULL, NULL));
		close(c);
	}
	end("AF_UNIX socket + connect + accept + closes", n);
	close(s);
}

/* A token goes round @n processes by pipes; each has touched 64 KiB. */
static void ring(void)
{
	enum { PROCESSES = 16, ROUNDS = 20, ROOM = 16 * PAGE };
	int pipes[PROCESSES + 1][2];
	char c = 0, *room = touched(ROOM);
	pid_t pids[PROCESSES];

	for (int i = 0; i <= PROCESSES; i++)
		if (pipe(pipes[i]))
			return;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (;;) {
			if (read(pipes[i][0], &c, 1) != 1)
				_exit(0);
			for (int at = 0; at < ROOM; at += PAGE)
				room[at]++;
			if (write(pipes[i + 1][1], &c, 1) != 1)
				_exit(0);
		}
	}
	for (int round = -1; round < ROUNDS; round++) {
		if (!round)
			begin();
		if (write(pipes[0][1], &c, 1) != 1 || read(pipes[PROCESSES][0], &c, 1) != 1)
			return;
	}
	end("ring of 16 processes with 64 KiB, per switch", ROUNDS * (PROCESSES + 1));
	for (int i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	for (int i = 0; i <= PROCESSES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	munmap(room, ROOM);
}

static void traced(void)
{
	const int n = 100;
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (;;)
			getppid();
	}
	waitpid(child, &status, 0);
	begin();
	for (int i = 0; i < n; i++) {
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
		waitpid(child, &status, 0);
	}
	end("ptrace, single step + wait", n);
	begin();
	for (int i = 0; i < n; i++) {
		ptrace(PTRACE_SYSCALL, child, NULL, NULL);
		waitpid(child, &status, 0);
	}
	end("ptrace, to the next system call + wait", n);
	ROW("ptrace PEEKDATA", n, ptrace(PTRACE_PEEKDATA, child, &row_started, NULL));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void other_memory(void)
{
	char *here = touched(64 * PAGE);
	struct iovec a = { here, PAGE }, b = { here + 32 * PAGE, PAGE };
	const int n = 100;
	pid_t self = getpid();

	ROW("process_vm_readv of 4 KiB", n, syscall(SYS_process_vm_readv, self, &a, 1, &b, 1, 0));
	a.iov_len = b.iov_len = 32 * PAGE;
	ROW("process_vm_readv of 128 KiB", n, syscall(SYS_process_vm_readv, self, &a, 1, &b, 1, 0));
	munmap(here, 64 * PAGE);
}

static void signals_read(void)
{
	struct signalfd_siginfo info;
	const int n = 200;
	sigset_t set, old;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	fd = signalfd(-1, &set, 0);
	ROW("kill + signalfd", n, kill(getpid(), SIGUSR1) | read(fd, &info, sizeof(info)));
	ROW("kill + sigwaitinfo", n, kill(getpid(), SIGUSR1) | sigwaitinfo(&set, NULL));
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fd);
}

static void processes(void)
{
	bandwidth();
	connections();
	ring();
	traced();
	other_memory();
	signals_read();
}

/* --- files --- */

static void attributes(const char *dir)
{
	char path[64], link_name[64], buf[64], room[256];
	const int n = 100;
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 }, unlock = { .l_type = F_UNLCK, .l_len = 10 };
	int fd;

	snprintf(path, sizeof(path), "%s/attributes", dir);
	snprintf(link_name, sizeof(link_name), "%s/link", dir);
	fd = open(path, O_CREAT | O_RDWR, 0644);
	ROW("chmod", n, chmod(path, 0600));
	ROW("chown", n, chown(path, 0, 0));
	ROW("utimensat", n, utimensat(AT_FDCWD, path, NULL, 0));
	ROW("access", n, access(path, R_OK));
	ROW("statfs", n, syscall(SYS_statfs, path, room));
	ROW("link + unlink", n, link(path, link_name) | unlink(link_name));
	ROW("symlink + unlink", n, symlink(path, link_name) | unlink(link_name));
	if (!symlink(path, link_name)) {
		ROW("readlink", n, readlink(link_name, buf, sizeof(buf)));
		ROW("open + close by a symbolic link", n, close(open(link_name, O_RDONLY)));
		unlink(link_name);
	}
	ROW("open + close", n, close(open(path, O_RDONLY)));
	ROW("fcntl lock + unlock", n, fcntl(fd, F_SETLK, &lock) | fcntl(fd, F_SETLK, &unlock));
	ROW("flock + unlock", n, flock(fd, LOCK_EX) | flock(fd, LOCK_UN));
	ROW("ftruncate to the same size", n, ftruncate(fd, 0));
	close(fd);
	unlink(path);
	mkdir(path, 0755);
	ROW("chdir", n, chdir(path));
	ROW("opendir + readdir + closedir, empty", n, closedir(opendir(path)));
	(void)!chdir("/");
	rmdir(path);
}

static void watched(const char *dir)
{
	char path[64], buf[256];
	const int n = 100;
	int watch = inotify_init1(0), fd;

	snprintf(path, sizeof(path), "%s/watched", dir);
	fd = open(path, O_CREAT | O_RDWR, 0644);
	inotify_add_watch(watch, dir, IN_MODIFY);
	ROW("write of 1 byte to a watched file + read", n, pwrite(fd, path, 1, 0) | read(watch, buf, sizeof(buf)));
	close(fd);
	close(watch);
	unlink(path);
}

static void copies(const char *dir)
{
	char from_name[64], to_name[64], *buf = touched(MIB);
	struct iovec vec[16];
	int from, to, ends[2];
	const int n = 4;

	snprintf(from_name, sizeof(from_name), "%s/from", dir);
	snprintf(to_name, sizeof(to_name), "%s/to", dir);
	from = open(from_name, O_CREAT | O_RDWR | O_TRUNC, 0644);
	to = open(to_name, O_CREAT | O_RDWR | O_TRUNC, 0644);
	if (write(from, buf, MIB) != MIB || write(to, buf, MIB) != MIB || pipe(ends))
		return;
	begin();
	for (int i = 0; i < n; i++) {
		off_t at = 0;

		lseek(to, 0, SEEK_SET);
		if (sendfile(to, from, &at, MIB) != MIB)
			break;
	}
	end(named("sendfile of 1 MiB to a file", place), n);
	begin();
	for (int i = 0; i < n; i++) {
		loff_t a = 0, b = 0;

		if (copy_file_range(from, &a, to, &b, MIB, 0) != MIB)
			break;
	}
	end(named("copy_file_range of 1 MiB", place), n);
	begin();
	for (int i = 0; i < n; i++) {
		loff_t at = 0;

		lseek(to, 0, SEEK_SET);
		for (int done = 0; done < MIB; done += 65536)
			if (splice(from, &at, ends[1], NULL, 65536, 0) != 65536 ||
			    splice(ends[0], NULL, to, NULL, 65536, 0) != 65536)
				return;
	}
	end(named("splice of 1 MiB by a pipe to a file", place), n);
	for (int i = 0; i < 16; i++)
		vec[i] = (struct iovec){ buf + i * PAGE, 100 };
	ROW("readv of 16 x 100 bytes", 100, preadv(from, vec, 16, 0));
	ROW("writev of 16 x 100 bytes", 100, pwritev(to, vec, 16, 0));
	if (!ftruncate(to, 0) && !ftruncate(to, MIB))
		ROW("read of a hole of 1 MiB, first", 1, pread(to, buf, MIB, 0));
	ROW("append of 100 bytes", 100, write(from, buf, 100));
	close(ends[0]);
	close(ends[1]);
	close(from);
	close(to);
	unlink(from_name);
	unlink(to_name);
	munmap(buf, MIB);
}

static void private_mapping(const char *dir)
{
	char path[64], *buf = touched(MIB), *p;
	volatile char sum = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/mapped", dir);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
	for (int i = 0; i < 4; i++)
		if (write(fd, buf, MIB) != MIB)
			return;
	p = mmap(NULL, 4 * MIB, PROT_READ, MAP_PRIVATE, fd, 0);
	begin();
	for (size_t at = 0; at < 4 * MIB; at += 16 * PAGE)
		sum += p[at];
	end(named("read fault that maps around, each 64 KiB", place), 4 * MIB / (16 * PAGE));
	munmap(p, 4 * MIB);
	p = mmap(NULL, 4 * MIB, PROT_READ, MAP_PRIVATE, fd, 0);
	madvise(p, 4 * MIB, MADV_RANDOM);
	begin();
	for (size_t at = 0; at < 4 * MIB; at += 17 * PAGE)
		sum += p[at];
	end(named("read fault on a mapped file, random", place), 4 * MIB / (17 * PAGE) + 1);
	munmap(p, 4 * MIB);
	close(fd);
	unlink(path);
	munmap(buf, MIB);
}

static void files(const char *dir)
{
	attributes(dir);
	watched(dir);
	copies(dir);
	private_mapping(dir);
}

static void on_tmpfs(void)
{
	mkdir("/tmp", 0755);
	if (mount("tmp", "/tmp", "tmpfs", 0, NULL))
		return;
	place = "tmpfs";
	files("/tmp");
	place = "";
	umount("/tmp");
}

static void on_disk(void)
{
	mkdir("/disk", 0755);
	if (mount("/dev/vdb", "/disk", "ext2", 0, NULL) && mount("/dev/vdb", "/disk", "ext4", 0, NULL))
		return;
	start_filler();
	place = "ext2";
	files("/disk");
	place = "";
	stop_filler();
	umount("/disk");
}

/* --- /proc, with a hundred processes --- */

static void many_processes(void)
{
	enum { PROCESSES = 100 };
	static char buf[65536];
	pid_t pids[PROCESSES];
	DIR *d;

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i])
			for (;;)
				pause();
	}
	for (int i = 0; i < PROCESSES; i++)
		sched_yield();
	begin();
	d = opendir("/proc");
	while (d && readdir(d))
		;
	closedir(d);
	end("readdir of /proc, 100 processes", 1);
	begin();
	for (int i = 0; i < PROCESSES; i++) {
		int fd;

		snprintf(buf, sizeof(buf), "/proc/%d/stat", pids[i]);
		fd = open(buf, O_RDONLY);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
	end("/proc/<pid>/stat of 100 processes, each", PROCESSES);
	begin();
	for (int i = 0; i < PROCESSES; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < PROCESSES; i++)
		waitpid(pids[i], NULL, 0);
	end("kill + wait of 100 processes, each", PROCESSES);
}

/* --- in a memory group --- */

static void in_group(void)
{
	const int n = 30;
	int ends[2];
	char *p;

	mkdir("/cg", 0755);
	if (mount("none", "/cg", "cgroup2", 0, NULL))
		return;
	if (put("/cg/cgroup.subtree_control", "+memory") || mkdir("/cg/opcalls", 0755) ||
	    put("/cg/opcalls/cgroup.procs", "0"))
		return;
	begin();
	for (int i = 0; i < n; i++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	end("fork + exit + wait, in a group", n);
	begin();
	for (int i = 0; i < n; i++) {
		if (pipe(ends))
			break;
		close(ends[0]);
		close(ends[1]);
	}
	end("pipe + two closes, in a group", n);
	munmap(touched(4 * MIB), 4 * MIB);
	begin();
	p = touched(4 * MIB);
	end("write fault, in a group", 4 * MIB / PAGE);
	begin();
	munmap(p, 4 * MIB);
	end("munmap, per page, in a group", 4 * MIB / PAGE);
	put("/cg/cgroup.procs", "0");
	rmdir("/cg/opcalls");
	umount("/cg");
}

/* --- the OOM killer's choice in a group with many processes --- */

#define TRACING "/sys/kernel/tracing/"

/* The last line of the trace with @event before *@end: its time in ns, and *@end is where it begins. */
static unsigned long long event_before(char *text, char **end, const char *event)
{
	char *line = NULL, *at = text;
	unsigned long s, us;

	while ((at = strstr(at, event)) && at < *end)
		line = at++;
	if (!line)
		return 0;
	*end = line;
	while (line > text && line[-1] != '\n')
		line--;
	line = strstr(line, "] ");
	/* "[000] d..1.    12.345678: event: …" */
	return line && sscanf(line, "] %*s %lu.%lu:", &s, &us) == 2 ? s * 1000000000ULL + us * 1000 : 0;
}

/*
 * From the end of the last try to reclaim to the victim: by the trace's clock, which counts instructions,
 * too, in thousands.
 */
static void report_choice(const char *what)
{
	static char text[1 << 20];
	unsigned long long from, to;
	char *end = text;
	int fd = open(TRACING "trace", O_RDONLY);
	ssize_t n;

	while ((n = read(fd, end, text + sizeof(text) - 1 - end)) > 0)
		end += n;
	close(fd);
	*end = 0;
	to = event_before(text, &end, " mark_victim:");
	from = event_before(text, &end, " mm_vmscan_memcg_reclaim_end:");
	if (from && to)
		report(what, to - from, 1);
}

/* @n processes that sleep in group @dir. */
static int fork_into(const char *dir, int n, pid_t *pids)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		put(path, "0");
		for (;;)
			pause();
	}
	return n;
}

/* The group /cg/oom is full: he who filled it is chosen among all that are in it. */
static void exhaust(const char *dir, const char *what)
{
	char text[256];
	pid_t filler_of_group;
	int fd;

	for (int i = 0; i < 1000; i++)
		sched_yield();
	put(TRACING "trace", "");
	put(TRACING "events/vmscan/mm_vmscan_memcg_reclaim_end/enable", "1");
	put(TRACING "events/oom/mark_victim/enable", "1");
	filler_of_group = fork();
	if (!filler_of_group) {
		snprintf(text, sizeof(text), "%s/cgroup.procs", dir);
		put(text, "0");
		put("/proc/self/oom_score_adj", "1000");
		touched(64 * MIB);
		_exit(0);
	}
	waitpid(filler_of_group, NULL, 0);
	fd = open(TRACING "events/enable", O_WRONLY);
	(void)!write(fd, "0", 1);
	close(fd);
	report_choice(what);
}

static void end_all(pid_t *pids, int n)
{
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

static void group_oom(void)
{
	enum { GROUPS = 200, EACH = 5, TASKS = GROUPS * EACH, DEPTH = 10 };
	static pid_t pids[TASKS];
	char path[256] = "/cg/oom", text[300];
	int n = 0;

	mkdir("/cg", 0755);
	mount("none", "/sys", "sysfs", 0, NULL);
	mount("none", TRACING, "tracefs", 0, NULL);
	if (mount("none", "/cg", "cgroup2", 0, NULL))
		return;
	put("/proc/sys/vm/oom_dump_tasks", "0");
	put("/cg/cgroup.subtree_control", "+memory");
	mkdir("/cg/oom", 0755);
	put("/cg/oom/cgroup.subtree_control", "+memory");
	put("/cg/oom/memory.max", "48M");
	for (int i = 0; i < GROUPS; i++) {
		snprintf(path, sizeof(path), "/cg/oom/g%d", i);
		mkdir(path, 0755);
		n += fork_into(path, EACH, pids + n);
	}
	exhaust(path, "OOM among 200 groups x 5 processes");
	end_all(pids, n);
	strcpy(path, "/cg/oom");
	for (int i = 0; i < DEPTH; i++) {
		strcat(path, "/d");
		mkdir(path, 0755);
		if (i == DEPTH - 1)
			break;
		snprintf(text, sizeof(text), "%s/cgroup.subtree_control", path);
		put(text, "+memory");
	}
	n = fork_into(path, TASKS, pids);
	exhaust(path, "OOM among 1,000 processes of a group, 10 deep");
	end_all(pids, n);
	put("/proc/sys/vm/oom_dump_tasks", "1");
	umount("/cg");
}

static const struct room rooms[] = {
	{ "questions", questions }, { "sysv", sysv }, { "between", processes }, { "shm", on_tmpfs },
	{ "block", on_disk }, { "many", many_processes }, { "in_group", in_group },
	{ "group_oom", group_oom },
};

int main(void)
{
	return run_rooms(rooms, sizeof(rooms) / sizeof(*rooms));
}
