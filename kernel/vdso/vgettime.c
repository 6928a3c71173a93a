/*
 * vgettime.c - the vDSO: clocks that a program reads without entering the kernel.
 *
 * Idea:  this file is no part of the kernel. It is linked to a small shared library of its own
 *        (vdso.ld), which every program has in its address space; C libraries find it by
 *        AT_SYSINFO_EHDR and take its functions instead of the system calls. They read the time
 *        page (data.h) that lies before the image and answer as the kernel would; what they
 *        cannot answer (CPU-time clocks, a machine whose TSC is no clock) they ask the kernel.
 * Locks: none: data.h.
 * Above: C libraries.   Below: the system calls.   In Linux: lib/vdso/, arch/x86/entry/vdso/.
 */
#include "kernel/abi/time.h"
#include "kernel/abi/unistd.h"
#include "kernel/vdso/data.h"

#define VISIBLE __attribute__((visibility("default")))
#define ALSO_NAMED(name) VISIBLE __attribute__((weak, alias(#name)))
#define HIDDEN __attribute__((visibility("hidden")))

#define NSEC 1000000000UL

extern const struct vdso_data vdso_data HIDDEN;		/* vdso.ld: the page before the image */

enum { FINE = 1 << CLOCK_REALTIME | 1 << CLOCK_MONOTONIC | 1 << CLOCK_MONOTONIC_RAW |
	      1 << CLOCK_BOOTTIME | 1 << CLOCK_TAI,
       COARSE = 1 << CLOCK_REALTIME_COARSE | 1 << CLOCK_MONOTONIC_COARSE,
       REAL = 1 << CLOCK_REALTIME | 1 << CLOCK_REALTIME_COARSE | 1 << CLOCK_TAI };

int __vdso_clock_gettime(int clock, struct timespec *ts);
int __vdso_clock_getres(int clock, struct timespec *ts);
int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
s64 __vdso_time(s64 *t);
long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static long syscall2(long nr, long a, const void *b)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

static inline u64 word(const u64 *p) { return *(const volatile u64 *)p; }
static inline u64 real_offset(void) { return word((const u64 *)&vdso_data.real_offset_ns); }
static inline bool is_a_clock(void) { return word(&vdso_data.clock_mode) == VDSO_CLOCK_TSC; }
static inline u64 monotonic_ns(void) { return vdso_tsc_to_ns(&vdso_data, rdtsc_ordered()); }

VISIBLE int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	u32 kind = (u32)clock <= CLOCK_TAI ? 1U << clock : 0;
	u64 ns;

	if (!(kind & (FINE | COARSE)) || !is_a_clock())
		return syscall2(__NR_clock_gettime, clock, ts);
	ns = monotonic_ns();
	if (kind & COARSE)
		ns -= ns % vdso_data.tick_ns;
	if (kind & REAL)
		ns += real_offset();
	ts->tv_sec = ns / NSEC;
	ts->tv_nsec = ns % NSEC;
	return 0;
}

VISIBLE int __vdso_clock_getres(int clock, struct timespec *ts)
{
	u32 kind = (u32)clock <= CLOCK_TAI ? 1U << clock : 0;

	if (!(kind & (FINE | COARSE)))
		return syscall2(__NR_clock_getres, clock, ts);
	if (ts) {
		ts->tv_sec = 0;
		ts->tv_nsec = kind & COARSE ? vdso_data.tick_ns : 1;
	}
	return 0;
}

VISIBLE int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	u64 ns, zone;

	if (!is_a_clock())
		return syscall2(__NR_gettimeofday, (long)tv, tz);
	if (tv) {
		ns = monotonic_ns() + real_offset();
		tv->tv_sec = ns / NSEC;
		tv->tv_usec = ns % NSEC / 1000;
	}
	if (tz) {
		zone = word(&vdso_data.timezone);
		tz->tz_minuteswest = (int)zone;
		tz->tz_dsttime = (int)(zone >> 32);
	}
	return 0;
}

VISIBLE s64 __vdso_time(s64 *t)
{
	s64 now;

	if (!is_a_clock())
		return syscall2(__NR_time, (long)t, NULL);
	now = (monotonic_ns() + real_offset()) / NSEC;
	if (t)
		*t = now;
	return now;
}

VISIBLE long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	u32 here;

	__asm__ volatile("lsl %1, %0" : "=r"(here) : "r"(CPUNODE_SELECTOR));
	if (cpu)
		*cpu = here & ((1U << CPUNODE_BITS) - 1);
	if (node)
		*node = here >> CPUNODE_BITS;
	return 0;
}

/* The names without a prefix are Linux's, too. */
ALSO_NAMED(__vdso_clock_gettime) int clock_gettime(int clock, struct timespec *ts);
ALSO_NAMED(__vdso_clock_getres) int clock_getres(int clock, struct timespec *ts);
ALSO_NAMED(__vdso_gettimeofday) int gettimeofday(struct timeval *tv, struct timezone *tz);
ALSO_NAMED(__vdso_time) s64 time(s64 *t);
ALSO_NAMED(__vdso_getcpu) long getcpu(unsigned int *cpu, unsigned int *node, void *unused);

/*
 * As Linux's image says which kernel it is of: an ELF note "Linux", type 0, with the version's
 * three bytes.
 */
static const struct {
	u32 namesz, descsz, type;
	char name[8];
	u32 version;
} version_note __attribute__((section(".note.linux"), used, aligned(4))) = {
	sizeof("Linux"), sizeof(u32), 0, "Linux", 6 << 16 | 1 << 8,
};
