/*
 * fsx [-s SEED] [-n OPS] [-l KIB] [-e] [-k] [-v] FILE...: random reads, writes, truncations, mappings, fsyncs and reopenings
 * of a file, each held against a copy in memory. One process a file; FILE.n is a second name that it is renamed to and fro.
 *
 * A full disk is allowed: what was not written is as before. -e: so is a broken one (EIO, SIGBUS): from the first
 * error on contents are not looked at any more, only that calls return. -k: mappings write nothing behind the file's
 * end (on tmpfs, as on Linux's, that may come to light when the file grows). Ends with "fsx: all passed", or says which
 * byte differs and what was done last.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096L
#define HISTORY 24

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif

static long max_len = 256 << 10, ops = 1000;
static bool errors_allowed, keep_tail, verbose, had_error;
static unsigned int seed;
static const char *name;
static char other[4096];
static bool renamed;
static int fd;
static unsigned char *model, *buf;	/* max_len bytes: what the file is; a buffer */
static long size;			/* of the file, in the model */
static char history[HISTORY][80];
static long step;
static sigjmp_buf bus;
static volatile sig_atomic_t bus_armed;

static unsigned int rnd(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return below ? (seed >> 8 ^ seed << 13) % below : 0;
}

static void note(const char *format, ...)
{
	va_list args;
	char *line = history[step % HISTORY];

	va_start(args, format);
	vsnprintf(line, sizeof(history[0]), format, args);
	va_end(args);
	if (verbose)
		printf("%ld: %s\n", step, line);
}

static void give_up(const char *what, long at)
{
	printf("fsx %s: step %ld: %s at %ld (errno %d, %s)\n", name, step, what, at, errno, strerror(errno));
	for (long i = step < HISTORY ? 0 : step - HISTORY + 1; i <= step; i++)
		printf("  %ld: %s\n", i, history[i % HISTORY]);
	fflush(stdout);
	_exit(1);
}

/* A call failed: may it? */
static void failed(const char *what, long at)
{
	if (errno == ENOSPC)
		return;
	if (errors_allowed && (errno == EIO || errno == EROFS || errno == EUCLEAN)) {
		had_error = true;
		return;
	}
	give_up(what, at);
}

static void on_bus(int sig)
{
	if (!bus_armed) {
		static const char text[] = "fsx: a SIGBUS that nothing explains\n";

		write(1, text, sizeof(text) - 1);
		_exit(1);
	}
	siglongjmp(bus, 1);
}

static void compare(const unsigned char *got, long from, long n, const char *how)
{
	if (had_error)
		return;
	for (long i = 0; i < n; i++)
		if (got[i] != model[from + i]) {
			long bad = i;

			while (bad < n && got[bad] != model[from + bad])
				bad++;
			printf("fsx %s: %s: byte %ld (block of 1 KiB %ld) is %02x, not %02x; %ld in a row; size %ld\n", name, how,
			       from + i, (from + i) >> 10, got[i], model[from + i], bad - i, size);
			give_up("wrong data", from + i);
		}
}

static void check_size(void)
{
	struct stat st;

	if (fstat(fd, &st))
		give_up("fstat", 0);
	if (st.st_size != size && !had_error) {
		printf("fsx %s: the size is %ld, not %ld\n", name, (long)st.st_size, size);
		give_up("wrong size", st.st_size);
	}
	size = st.st_size;
	if (size > max_len)
		give_up("wrong size", size);
}

/* Fresh bytes, each tells its step and place. */
static void fill(unsigned char *to, long from, long n)
{
	for (long i = 0; i < n; i++)
		to[i] = (unsigned char)(step * 7 + (from + i) * 3 + ((from + i) >> 9)) | 1;
}

/* A range: mostly short, at times page-aligned, at times large. */
static void range(long limit, long *from, long *n)
{
	long most = rnd(4) ? 3 * PAGE : 64 << 10;

	*from = rnd(limit);
	if (!rnd(4))
		*from &= ~(PAGE - 1);
	*n = 1 + rnd(most);
	if (!rnd(4))
		*n = (*n + PAGE - 1) & ~(PAGE - 1);
	if (*from + *n > limit)
		*n = limit - *from;
}

/* The model's file grew: what was not written is zeroes. */
static void grow(long to)
{
	if (to > size) {
		memset(model + size, 0, to - size);
		size = to;
	}
}

static void do_read(long from, long n)
{
	long got;

	note("read %ld +%ld of %ld", from, n, size);
	got = pread(fd, buf, n, from);
	if (got < 0) {
		failed("read", from);
		return;
	}
	if (got != (from >= size ? 0 : n < size - from ? n : size - from) && !had_error && !errors_allowed)
		give_up("a read of another length", got);
	compare(buf, from, got, "read");
}

static void do_write(long from, long n)
{
	long got;

	fill(buf, from, n);
	got = pwrite(fd, buf, n, from);
	note("write %ld +%ld of %ld: %ld", from, n, size, got);
	if (got < 0) {
		failed("write", from);
	} else {
		if (from > size && got)
			grow(from);
		memcpy(model + from, buf, got);
		if (from + got > size)
			size = from + got;
	}
	check_size();
}

static void do_truncate(long to)
{
	note("truncate %ld to %ld", size, to);
	if (ftruncate(fd, to)) {
		failed("truncate", to);
	} else {
		grow(to);
		size = to;
	}
	check_size();
}

static void do_map(long from, long n, bool writing)
{
	long start = from & ~(PAGE - 1), len;
	unsigned char *p;

	if (from >= size)
		return;
	if (n > size - from)
		n = size - from;
	len = from + n - start;
	note("map%s %ld +%ld of %ld", writing ? "write" : "read", from, n, size);
	p = mmap(NULL, len, writing ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, start);
	if (p == MAP_FAILED)
		give_up("mmap", from);
	if (writing)
		fill(buf, from, n);
	for (volatile long done = 0; done < n;) {
		volatile long part = PAGE - ((from + done) & (PAGE - 1));

		if (part > n - done)
			part = n - done;
		bus_armed = 1;
		if (!sigsetjmp(bus, 1)) {
			if (writing) {
				memcpy(p + (from - start) + done, buf + done, part);
				bus_armed = 0;
				memcpy(model + from + done, buf + done, part);
			} else {
				memcpy(buf, p + (from - start) + done, part);
				bus_armed = 0;
				compare(buf, from + done, part, "map");
			}
		} else {
			bus_armed = 0;
			if (errors_allowed)
				had_error = true;
			else if (!writing)
				give_up("SIGBUS", from + done);
			/* writing: the disk is full, and that page is as before */
		}
		done += part;
	}
	/* Behind the end there is nothing that anybody may see later. */
	if (writing && from + n == size && size % PAGE && !keep_tail && !rnd(3)) {
		bus_armed = 1;
		if (!sigsetjmp(bus, 1))
			memset(p + (size - start), 0xee, PAGE - size % PAGE);
		bus_armed = 0;
	}
	if (writing && !rnd(4) && msync(p, len, rnd(2) ? MS_SYNC : MS_ASYNC))
		failed("msync", from);
	munmap(p, len);
}

static void do_punch(long from, long n)
{
	static bool none;

	if (none || from >= size)
		return;
	note("punch %ld +%ld of %ld", from, n, size);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, n)) {
		if (errno == EOPNOTSUPP)
			none = true;
		else
			failed("punch", from);
		return;
	}
	memset(model + from, 0, n < size - from ? n : size - from);
}

static void do_sync(void)
{
	unsigned int how = rnd(5);
	int ret;

	note("sync, way %u", how);
	ret = how == 0 ? fsync(fd) : how == 1 ? fdatasync(fd) : how == 2 ? sync_file_range(fd, 0, 0, 7) :
	      how == 3 ? posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) : syncfs(fd);
	if (ret && how != 3)
		failed("sync", how);
}

static void do_reopen(void)
{
	note("reopen");
	if (close(fd))
		failed("close", 0);
	if (!rnd(3)) {
		if (rename(renamed ? other : name, renamed ? name : other))
			failed("rename", 0);
		else
			renamed = !renamed;
	}
	fd = open(renamed ? other : name, O_RDWR);
	if (fd < 0) {
		failed("open", 0);
		exit(0);	/* the disk is broken: no more to be had */
	}
	check_size();
}

static void one_step(void)
{
	long from, n;
	unsigned int what = rnd(100);

	note("nothing");
	range(max_len, &from, &n);
	if (what < 20)
		do_read(from, n);
	else if (what < 45)
		do_write(from, n);
	else if (what < 50)
		do_write(size, n < max_len - size ? n : max_len - size);	/* append */
	else if (what < 65)
		do_map(from % (size + 1), n, false);
	else if (what < 82)
		do_map(from % (size + 1), n, true);
	else if (what < 90)
		do_truncate(rnd(6) ? rnd(max_len) : 0);
	else if (what < 93)
		do_punch(from, n);
	else if (what < 97)
		do_sync();
	else
		do_reopen();
}

static int run(void)
{
	struct sigaction sa = { .sa_handler = on_bus };

	snprintf(other, sizeof(other), "%s.n", name);
	model = calloc(1, max_len);
	buf = malloc(max_len);
	sigaction(SIGBUS, &sa, NULL);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0) {
		failed("open", 0);
		return 0;
	}
	for (step = 0; step < ops; step++)
		one_step();
	note("the end");
	for (long at = 0; at < size; at += 64 << 10)
		do_read(at, 64 << 10);
	if (close(fd))
		failed("close", 0);
	return 0;
}

int main(int argc, char **argv)
{
	int opt, status;
	unsigned int first = 1;

	while ((opt = getopt(argc, argv, "s:n:l:ekv")) != -1) {
		if (opt == 's')
			first = atoi(optarg);
		else if (opt == 'n')
			ops = atol(optarg);
		else if (opt == 'l')
			max_len = atol(optarg) << 10;
		else if (opt == 'e')
			errors_allowed = true;
		else if (opt == 'k')
			keep_tail = true;
		else if (opt == 'v')
			verbose = true;
	}
	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (int i = optind; i < argc; i++) {
		if (FORK_OR_EXIT() == 0) {
			seed = first * 7919 + i;
			name = argv[i];
			status = run();
			fflush(stdout);
			_exit(status);
		}
	}
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("fsx: a process ended with status %#x\n", status);
			failures++;
		}
	return finish("fsx");
}
