/*
 * fsx [-s SEED] [-n OPS] [-l KIB] [-e] [-k] [-m] [-v] FILE...: random reads, writes, truncations, mappings, fsyncs, reopenings
 * of a file, each held against a copy in memory. One process a file; FILE.n is a second name that it is renamed to and fro.
 *
 * A full disk is allowed: what was not written is as before. -e: so is a broken one (EIO, SIGBUS): from the first
 * error on contents are not looked at any more, only that calls return. -k: mappings write nothing behind the file's
 * end (on tmpfs, as on Linux's, that may come to light when the file grows). -m: more: a shared and a private mapping of
 * the whole file that live as long as the process, forked readers, O_DIRECT, vectors, splice, copy_file_range, SEEK_DATA,
 * fallocate, madvise, mlock, mremap, and reads and writes between the file and its own mapping. Ends with
 * "fsx: all passed", or says which byte differs and what was done last.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096L
#define HISTORY 24

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif

static long max_len = 256 << 10, ops = 1000;
static bool errors_allowed, keep_tail, more, verbose, had_error;
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
/* -m: the file for good: shared, private; the private one's own pages, and how much of each is known. */
static unsigned char *shared, *private, *own;
static int *own_len, direct_fd = -1;
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

/* A truncation takes private pages behind the new end, too. */
static void forget_own(long to)
{
	for (long page = (to + PAGE - 1) / PAGE; more && page < max_len / PAGE; page++)
		own_len[page] = 0;
}

static void do_truncate(long to)
{
	note("truncate %ld to %ld", size, to);
	if (ftruncate(fd, to)) {
		failed("truncate", to);
	} else {
		grow(to);
		size = to;
		forget_own(to);
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

/* --- -m: more --- */

/* A byte of a mapping: true, or false: SIGBUS. */
static bool peek(const volatile unsigned char *at)
{
	bus_armed = 1;
	if (sigsetjmp(bus, 1)) {
		bus_armed = 0;
		return false;
	}
	(void)*at;
	bus_armed = 0;
	return true;
}

/* @n bytes into a mapping, within one page. => false: SIGBUS, nothing was written: the disk is full */
static bool poke(unsigned char *at, const unsigned char *from, long n)
{
	bus_armed = 1;
	if (sigsetjmp(bus, 1)) {
		bus_armed = 0;
		return false;
	}
	memcpy(at, from, n);
	bus_armed = 0;
	return true;
}

static void check_own(long page)
{
	for (long i = 0; i < own_len[page]; i++)
		if (private[page * PAGE + i] != own[page * PAGE + i]) {
			printf("fsx %s: private page %ld byte %ld is %02x, not %02x\n", name, page, i,
			       private[page * PAGE + i], own[page * PAGE + i]);
			give_up("wrong private data", page * PAGE + i);
		}
}

/* Pages of the two lasting mappings: the file's, or SIGBUS behind its end, or what was written privately. */
static void look(long first, long n)
{
	for (long page = first; page < first + n && page < max_len / PAGE; page++) {
		long at = page * PAGE, len = size - at < PAGE ? size - at : PAGE;

		if (peek(shared + at) != (at < size))
			give_up("SIGBUS in the file, or none behind it", at);
		if (own_len[page]) {
			check_own(page);
			continue;
		}
		if (peek(private + at) != (at < size))
			give_up("private: SIGBUS in the file, or none behind it", at);
		if (len > 0) {
			compare(shared + at, at, len, "shared");
			compare(private + at, at, len, "private");
		}
	}
}

static void write_private(long page)
{
	long at = page * PAGE, len = size - at < PAGE ? size - at : PAGE;

	if (len <= 0 || page >= max_len / PAGE)
		return;
	note("write privately to page %ld", page);
	if (!own_len[page]) {
		memcpy(own + at, model + at, len);
		own_len[page] = len;
	}
	len = 1 + rnd(own_len[page]);
	fill(own + at, at + 1, len);
	memcpy(private + at, own + at, len);
	check_own(page);
}

/* Through the lasting shared mapping. */
static void write_shared(long from, long n)
{
	if (n > size - from)
		n = size - from;
	note("write to the mapping %ld +%ld of %ld", from, n, size);
	for (long part; n > 0; from += part, n -= part) {
		part = PAGE - (from & (PAGE - 1));
		if (part > n)
			part = n;
		fill(buf, from, part);
		if (poke(shared + from, buf, part))
			memcpy(model + from, buf, part);
	}
}

/* A child sees what its parent sees, and what it writes privately is its own. */
static void fork_look(void)
{
	int status;
	pid_t pid;

	note("fork");
	fflush(stdout);
	pid = FORK_OR_EXIT();
	if (!pid) {
		look(0, max_len / PAGE);
		for (int i = 0; i < 4; i++)
			write_private(rnd(max_len / PAGE));
		look(0, max_len / PAGE);
		fflush(stdout);
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		write_private(rnd(max_len / PAGE));
	look(0, max_len / PAGE);
	if (waitpid(pid, &status, 0) != pid || status)
		give_up("a child failed", status);
}

/* What a write of @got bytes of @src did to the model. */
static void wrote(const unsigned char *src, long from, long got)
{
	if (got < 0) {
		failed("write", from);
	} else if (got) {
		if (from > size)
			grow(from);
		memmove(model + from, src, got);
		if (from + got > size)
			size = from + got;
	}
	check_size();
}

static void do_direct(long from, long n, bool writing)
{
	long unit = rnd(2) ? 512 : PAGE, got, may;

	from &= ~(unit - 1);
	n = (n + unit - 1) & ~(unit - 1);
	if (from + n > max_len)
		n = max_len - from;
	if (direct_fd < 0)
		direct_fd = open(renamed ? other : name, O_RDWR | O_DIRECT);
	if (direct_fd < 0)
		return;
	note("direct %s %ld +%ld of %ld", writing ? "write" : "read", from, n, size);
	if (writing) {
		fill(buf, from, n);
		got = pwrite(direct_fd, buf, n, from);
		if (got < 0 && errno == EINVAL)
			return;	/* less than a block */
		wrote(buf, from, got);
		return;
	}
	got = pread(direct_fd, buf, n, from);
	may = from >= size ? 0 : n < size - from ? n : size - from;
	if (got < 0 && errno == EINVAL)
		return;
	if (got != may)
		give_up("a direct read of another length", got);
	compare(buf, from, got, "direct read");
}

static void do_vector(long from, long n, bool writing)
{
	struct iovec iov[3] = { { buf, n / 3 }, { buf + n / 3, n / 5 }, { buf + n / 3 + n / 5, n - n / 3 - n / 5 } };
	long got;

	note("vector %s %ld +%ld of %ld", writing ? "write" : "read", from, n, size);
	if (writing) {
		fill(buf, from, n);
		wrote(buf, from, pwritev(fd, iov, 3, from));
		return;
	}
	got = preadv(fd, iov, 3, from);
	if (got != (from >= size ? 0 : n < size - from ? n : size - from))
		give_up("a vector read of another length", got);
	compare(buf, from, got, "readv");
}

static void do_splice(long from, long n, bool writing)
{
	int pipes[2];
	long got;
	off_t at = from;

	if (n > 32 << 10)
		n = 32 << 10;
	note("splice %s %ld +%ld of %ld", writing ? "write" : "read", from, n, size);
	if (pipe(pipes))
		give_up("pipe", 0);
	if (writing) {
		fill(buf, from, n);
		if (write(pipes[1], buf, n) != n)
			give_up("write to a pipe", n);
		wrote(buf, from, splice(pipes[0], NULL, fd, &at, n, 0));
	} else {
		got = splice(fd, &at, pipes[1], NULL, n, 0);
		if (got < 0 || (from < size) != (got > 0) || (got && read(pipes[0], buf, got) != got))
			give_up("splice", got);
		compare(buf, from, got, "splice");
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* Between the file and itself, without overlap: copy_file_range, or write from and read into the lasting mapping. */
static void do_self(long from, long n)
{
	long to = rnd(max_len), got, how = rnd(3);
	off_t in = from, out = to;

	if (n > max_len - to)
		n = max_len - to;
	if (from >= size || (from < to + n && to < from + n))
		return;
	if (how && n > size - from)
		n = size - from;
	note("%s %ld +%ld to %ld of %ld", how == 0 ? "copy" : how == 1 ? "write from the mapping" : "read into the mapping",
	     from, n, to, size);
	if (how == 0) {
		wrote(model + from, to, copy_file_range(fd, &in, fd, &out, n, 0));
	} else if (how == 1) {
		wrote(model + from, to, pwrite(fd, shared + from, n, to));
	} else {
		if (to >= size)
			return;
		if (n > size - to)
			n = size - to;
		got = pread(fd, shared + to, n, from);
		if (got < 0 && errno == EFAULT)
			return;	/* a full disk: not one byte of it */
		if (got < 0)
			give_up("read into the mapping", to);
		memmove(model + to, model + from, got);
	}
}

/* Holes are zeroes; what is no zero is found. */
static void do_seek(long from)
{
	off_t data, hole;

	if (from >= size) {
		if (lseek(fd, from, SEEK_DATA) != -1 || errno != ENXIO)
			give_up("SEEK_DATA behind the end", from);
		return;
	}
	note("seek from %ld of %ld", from, size);
	data = lseek(fd, from, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		give_up("SEEK_DATA", from);
	for (long i = from; i < (data < 0 ? size : data); i++)
		if (model[i])
			give_up("data where SEEK_DATA saw a hole", i);
	hole = lseek(fd, from, SEEK_HOLE);
	if (hole < from || hole > size)
		give_up("SEEK_HOLE", hole);
}

static void do_fallocate(long from, long n)
{
	int mode = rnd(2) ? FALLOC_FL_KEEP_SIZE : 0;

	note("fallocate %d %ld +%ld of %ld", mode, from, n, size);
	if (fallocate(fd, mode, from, n)) {
		if (errno != EOPNOTSUPP)
			failed("fallocate", from);
	} else if (!mode && from + n > size) {
		grow(from + n);
	}
	check_size();
}

static void do_advise(long page, long n)
{
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, 20 /* COLD */, 21 /* PAGEOUT */, MADV_REMOVE, 22, 23 };
	int what = advice[rnd(7)];
	bool mine = what != MADV_REMOVE && what != 23 && rnd(2);

	if (page + n > max_len / PAGE)
		n = max_len / PAGE - page;
	note("madvise %d of %ld +%ld (%s)", what, page, n, mine ? "private" : "shared");
	if (madvise((mine ? private : shared) + page * PAGE, n * PAGE, what)) {
		if (what == MADV_REMOVE && (errno == EOPNOTSUPP || errno == EINVAL))
			return;
		if (what < 22 && errno != ENOSPC && errno != EINVAL)	/* EINVAL: locked */
			give_up("madvise", what);
		return;	/* populate: behind the end, or the disk is full */
	}
	for (long i = page; mine && what == MADV_DONTNEED && i < page + n; i++)
		own_len[i] = 0;
	if (what == MADV_REMOVE && page * PAGE < size)
		memset(model + page * PAGE, 0, n * PAGE < size - page * PAGE ? n * PAGE : size - page * PAGE);
}

static void do_move(long page, long n)
{
	unsigned char *to;

	note("lock, unlock or move");
	if (page + n > size / PAGE)
		n = size / PAGE - page;
	switch (rnd(3)) {
	case 0:
		if (n > 0)
			mlock(shared + page * PAGE, n * PAGE);	/* or over the limit */
		break;
	case 1:
		munlock(shared, max_len);
		break;
	default:
		munlock(shared, max_len);	/* 6.1 moves one mapping, not several */
		to = mmap(NULL, max_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (to == MAP_FAILED)
			give_up("mmap", 0);
		if (rnd(2))
			shared = mremap(shared, max_len, max_len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		else
			private = mremap(private, max_len, max_len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		if (shared == MAP_FAILED || private == MAP_FAILED)
			give_up("mremap", 0);
	}
}

static void one_more(long from, long n)
{
	unsigned int what = rnd(100);

	if (what < 20)
		look(from / PAGE, 1 + n / PAGE);
	else if (what < 32)
		write_shared(from % (size + 1), n);
	else if (what < 42)
		write_private(from / PAGE);
	else if (what < 52)
		do_direct(from, n, rnd(2));
	else if (what < 60)
		do_vector(from, n, rnd(2));
	else if (what < 68)
		do_splice(from, n, rnd(2));
	else if (what < 80)
		do_self(from, n);
	else if (what < 84)
		do_seek(from);
	else if (what < 88)
		do_fallocate(from, n);
	else if (what < 94)
		do_advise(from / PAGE, 1 + n / PAGE);
	else if (what < 97)
		do_move(from / PAGE, 1 + n / PAGE);
	else
		fork_look();
}

static void start_more(void)
{
	max_len &= ~(PAGE - 1);
	own = calloc(1, max_len);
	own_len = calloc(max_len / PAGE, sizeof(int));
	shared = mmap(NULL, max_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, max_len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (shared == MAP_FAILED || private == MAP_FAILED)
		give_up("mmap", 0);
}

static void one_step(void)
{
	long from, n;
	unsigned int what = rnd(100);

	note("nothing");
	range(max_len, &from, &n);
	if (more && rnd(2))
		one_more(from, n);
	else if (what < 20)
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
	buf = aligned_alloc(PAGE, max_len);
	sigaction(SIGBUS, &sa, NULL);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0) {
		failed("open", 0);
		return 0;
	}
	if (more)
		start_more();
	for (step = 0; step < ops; step++)
		one_step();
	if (more)
		look(0, max_len / PAGE);
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

	while ((opt = getopt(argc, argv, "s:n:l:ekmv")) != -1) {
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
		else if (opt == 'm')
			more = true;
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
