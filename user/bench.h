/*
 * bench.h - how the programs that count instructions do it, on Brink and on Linux: ticks of rdtsc,
 * which under QEMU's `-icount shift=0` are guest instructions, and a filler for the idle time.
 */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <x86intrin.h>

#include "show.h"

static inline unsigned long ticks(void) { return __rdtsc(); }

static inline void report(const char *what, unsigned long total, unsigned long n)
{
	printf("%-44s %10lu\n", what, total / n);
	fflush(stdout);
}

/* Writes @text to file @path: 0 or -1. */
static inline int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), bad;

	bad = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return bad;
}

/*
 * While a page travels, or a task sleeps, the CPU has nothing to do, and an idle CPU's ticks are no
 * instructions. So a process of lowest priority fills the gaps, and counts what it used, which is
 * taken off.
 */
static volatile unsigned long *filler_ticks;	/* NULL: there is no filler */
static pid_t filler;

static inline void start_filler(void)
{
	const unsigned long undisturbed = 100;	/* one turn of its loop takes 10 */
	unsigned long last, now;

	filler_ticks = (volatile unsigned long *)anonymous(PAGE, MAP_SHARED);
	*filler_ticks = 0;
	filler = fork();
	if (filler)
		return;
	setpriority(PRIO_PROCESS, 0, 19);
	for (last = ticks();; last = now) {
		now = ticks();
		if (now - last < undisturbed)
			*filler_ticks += now - last;
	}
}

static inline unsigned long busy_ticks(void) { return ticks() - (filler_ticks ? *filler_ticks : 0); }

static inline void stop_filler(void)
{
	kill(filler, SIGKILL);
	waitpid(filler, NULL, 0);
	munmap((void *)filler_ticks, PAGE);
	filler_ticks = NULL;
}

/* --- rows: what lies between begin() and end() --- */

enum { MIB = 1 << 20 };

static unsigned long row_started;

static inline void begin(void) { row_started = busy_ticks(); }
static inline void end(const char *what, unsigned long n)
{
	report(what, busy_ticks() - row_started, n);
}

/* "@what, @where" */
static inline const char *named(const char *what, const char *where)
{
	static char row[80];

	snprintf(row, sizeof(row), "%s%s%s", what, *where ? ", " : "", where);
	return row;
}

/* Private memory, all of it written to. */
static inline char *touched(size_t len)
{
	char *p = anonymous(len, MAP_PRIVATE);

	madvise(p, len, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < len; at += PAGE)
		p[at] = 1;
	return p;
}

/* Debian's kernel has its disk driver in modules; `make bench LINUX=1` puts them into /mod. */
static inline void load_modules(void)
{
	static const char *const names[] = {
		"/mod/virtio_ring.ko", "/mod/virtio.ko", "/mod/virtio_pci_legacy_dev.ko",
		"/mod/virtio_pci_modern_dev.ko", "/mod/virtio_pci.ko", "/mod/virtio_blk.ko"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int fd = open(names[i], O_RDONLY);

		if (fd >= 0)
			syscall(SYS_finit_module, fd, "", 0);
		close(fd);
	}
}

static inline void mount_all(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
}

/* Rows that belong together. */
struct room { const char *name; void (*run)(void); };

/* main() of a program of rooms: all, or those that `rooms` names; a kernel parameter gets here, too. */
static inline int run_rooms(const struct room *rooms, size_t n)
{
	const char *wanted = getenv("rooms");

	if (getpid() == 1) {
		load_modules();
		mount_all();
	}
	for (size_t i = 0; i < n; i++)
		if (!wanted || strstr(wanted, rooms[i].name))
			rooms[i].run();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
