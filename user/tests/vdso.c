/*
 * vdso - the clocks that the kernel gives to programs without a system call, held against the system
 * calls; the two mappings they live in; and whether time goes forward on all CPUs.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define PAGE 4096UL
enum { VVAR_PAGES = 4, VDSO_PAGES = 2, THREADS = 4, ROUNDS = 20000 };

static char *vdso, *vvar;

/* --- the functions, looked up as a C library does --- */

static int (*v_gettime)(clockid_t, struct timespec *), (*v_getres)(clockid_t, struct timespec *);
static int (*v_gettimeofday)(struct timeval *, struct timezone *);
static time_t (*v_time)(time_t *);
static long (*v_getcpu)(unsigned int *, unsigned int *, void *);

static void *symbol(const char *name)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)vdso;
	Elf64_Phdr *ph = (Elf64_Phdr *)(vdso + eh->e_phoff);
	const Elf64_Sym *syms = NULL;
	const Elf32_Word *hash = NULL;
	const char *strings = NULL;

	for (int i = 0; i < eh->e_phnum; i++)
		for (Elf64_Dyn *d = (Elf64_Dyn *)(vdso + ph[i].p_offset);
		     ph[i].p_type == PT_DYNAMIC && d->d_tag; d++) {
			if (d->d_tag == DT_SYMTAB)
				syms = (void *)(vdso + d->d_un.d_ptr);
			if (d->d_tag == DT_STRTAB)
				strings = vdso + d->d_un.d_ptr;
			if (d->d_tag == DT_HASH)
				hash = (void *)(vdso + d->d_un.d_ptr);
		}
	for (unsigned int i = 0; hash && i < hash[1]; i++)
		if (!strcmp(strings + syms[i].st_name, name))
			return vdso + syms[i].st_value;
	return NULL;
}

static void test_image(void)
{
	vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	CHECK(vdso && !memcmp(vdso, ELFMAG, SELFMAG));
	if (!vdso)
		return;
	vvar = vdso - VVAR_PAGES * PAGE;
	v_gettime = (int (*)(clockid_t, struct timespec *))symbol("__vdso_clock_gettime");
	v_getres = (int (*)(clockid_t, struct timespec *))symbol("__vdso_clock_getres");
	v_gettimeofday = (int (*)(struct timeval *, struct timezone *))symbol("__vdso_gettimeofday");
	v_time = (time_t (*)(time_t *))symbol("__vdso_time");
	v_getcpu = (long (*)(unsigned int *, unsigned int *, void *))symbol("__vdso_getcpu");
	CHECK(v_gettime && v_getres && v_gettimeofday && v_time && v_getcpu);
	CHECK(symbol("clock_gettime") == (void *)v_gettime && symbol("time") == (void *)v_time);
}

/* --- the clocks --- */

static long ns(const struct timespec *ts) { return ts->tv_sec * 1000000000L + ts->tv_nsec; }

/* The kernel's time, the vDSO's, and the kernel's again: in this order. */
static bool in_order(clockid_t clock)
{
	struct timespec a, b, c;

	if (syscall(SYS_clock_gettime, clock, &a) || v_gettime(clock, &b) ||
	    syscall(SYS_clock_gettime, clock, &c))
		return false;
	return ns(&a) <= ns(&b) && ns(&b) <= ns(&c) && b.tv_nsec >= 0 && b.tv_nsec < 1000000000L;
}

static bool same_resolution(clockid_t clock)
{
	struct timespec a, b;

	return !syscall(SYS_clock_getres, clock, &a) && !v_getres(clock, &b) && ns(&a) == ns(&b) &&
	       !v_getres(clock, NULL);
}

static void test_clocks(void)
{
	struct timespec fine, coarse, tick;

	for (clockid_t clock = 0; clock <= CLOCK_TAI; clock++) {
		if (clock == 10)	/* no such clock */
			continue;
		CHECK(in_order(clock));
		CHECK(same_resolution(clock));
	}
	CHECK(v_gettime(10, &fine) == -EINVAL && v_getres(10, &fine) == -EINVAL);
	CHECK(v_gettime(99, &fine) == -EINVAL && v_getres(99, &fine) == -EINVAL);
	CHECK(v_gettime(CLOCK_MONOTONIC_COARSE, &coarse) == 0 && v_gettime(CLOCK_MONOTONIC, &fine) == 0);
	CHECK(v_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0);
	CHECK(ns(&coarse) <= ns(&fine) && ns(&coarse) % ns(&tick) == 0);
}

static void test_time_of_day(void)
{
	struct timezone zone = { 123, 1 }, zero = { 0, 0 }, seen = { 9, 9 };
	struct timeval a, b, c;
	/* before the machine was on; so late that its nanoseconds would not fit 30 years from then */
	struct timespec set = { 1000000000, 0 }, early = { 0, 0 }, late = { 8277292036, 0 }, before, after;
	struct timex back = { .modes = ADJ_SETOFFSET };
	time_t now, stored;

	syscall(SYS_gettimeofday, &a, NULL);
	back.time.tv_sec = -a.tv_sec;
	v_gettimeofday(&b, &seen);
	syscall(SYS_gettimeofday, &c, NULL);
	CHECK(!timercmp(&a, &b, >) && !timercmp(&b, &c, >));
	CHECK(v_gettimeofday(NULL, NULL) == 0);
	now = v_time(&stored);
	CHECK(now == stored && now >= b.tv_sec && now <= syscall(SYS_time, NULL));

	/* the wall clock is set: seen by both at once, and no other clock jumps */
	v_gettime(CLOCK_MONOTONIC, &before);
	CHECK(clock_settime(CLOCK_REALTIME, &set) == 0);
	CHECK(v_time(NULL) - 1000000000 < 3600 && in_order(CLOCK_REALTIME));
	v_gettime(CLOCK_MONOTONIC, &after);
	CHECK(ns(&after) >= ns(&before) && in_order(CLOCK_MONOTONIC));
	CHECK(settimeofday(&a, NULL) == 0 && v_time(NULL) >= a.tv_sec);
	FAILS(clock_settime(CLOCK_REALTIME, &early), EINVAL);
	FAILS(clock_settime(CLOCK_REALTIME, &late), EINVAL);
	FAILS(adjtimex(&back), EINVAL);

	CHECK(syscall(SYS_settimeofday, NULL, &zone) == 0 && v_gettimeofday(NULL, &seen) == 0);
	CHECK(seen.tz_minuteswest == 123 && seen.tz_dsttime == 1);
	CHECK(syscall(SYS_settimeofday, NULL, &zero) == 0);
}

static void test_getcpu(void)
{
	unsigned int cpu, node, cpu2, node2;
	cpu_set_t set;
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	for (long i = 0; i < n; i++) {
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
		CHECK(v_getcpu(&cpu, &node, NULL) == 0);
		CHECK(syscall(SYS_getcpu, &cpu2, &node2, NULL) == 0);
		CHECK(cpu == (unsigned int)i && cpu2 == cpu && node2 == node);
	}
	CHECK(v_getcpu(NULL, NULL, NULL) == 0);
	CPU_ZERO(&set);
	for (long i = 0; i < n; i++)
		CPU_SET(i, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/*
 * Time goes forward from CPU to CPU: each thread reads the latest time that anybody has seen, then
 * the clock, by the vDSO or by the kernel, which must not be earlier.
 */
static _Atomic long latest;
static _Atomic int backward;

static void *tell_time(void *arg)
{
	bool by_kernel = arg != NULL;

	for (int i = 0; i < ROUNDS; i++) {
		long seen = latest, now;
		struct timespec ts;

		if (by_kernel)
			syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
		else
			v_gettime(CLOCK_MONOTONIC, &ts);
		now = ns(&ts);
		if (now < seen)
			backward++;
		while (seen < now && !atomic_compare_exchange_weak(&latest, &seen, now))
			;
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void test_forward(void)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, tell_time, i % 2 ? vdso : NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(backward == 0);
}

/* --- the mappings --- */

static sigjmp_buf again;
static siginfo_t info;

static void caught(int sig, siginfo_t *si, void *context)
{
	info = *si;
	siglongjmp(again, sig);
}

/* The signal of one access, 0: none. */
static int touch(volatile char *p, bool write)
{
	int sig = sigsetjmp(again, 1);

	if (!sig && write)
		*p = *p;
	else if (!sig)
		(void)*p;
	return sig;
}

/* The other bytes of the time page are nobody's. */
static bool rest_is_zero(void)
{
	for (unsigned long i = 64; i < PAGE; i++)
		if (vvar[i])
			return false;
	return true;
}

static void test_rights(void)
{
	struct sigaction sa = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	CHECK(touch(vvar, false) == 0 && rest_is_zero());
	for (int i = 1; i < VVAR_PAGES; i++)
		CHECK(touch(vvar + i * PAGE, false) == SIGBUS && info.si_code == BUS_ADRERR);
	CHECK(touch(vdso + PAGE, false) == 0);
	CHECK(touch(vvar, true) == SIGSEGV && info.si_code == SEGV_ACCERR);
	CHECK(touch(vdso, true) == SIGSEGV && info.si_code == SEGV_ACCERR);
	FAILS(mprotect(vvar, VVAR_PAGES * PAGE, PROT_READ | PROT_WRITE), EACCES);
	FAILS(mprotect(vvar, VVAR_PAGES * PAGE, PROT_READ | PROT_EXEC), EACCES);
	FAILS(mprotect(vvar + PAGE, PAGE, PROT_NONE), EINVAL);
	FAILS(mprotect(vdso, PAGE, PROT_READ), EINVAL);
	FAILS(munmap(vdso + PAGE, PAGE), EINVAL);
	FAILS(munmap(vvar, PAGE), EINVAL);
	FAILS(mremap(vdso, 2 * PAGE, PAGE, 0), EINVAL);
	FAILS(mremap(vdso, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE), EFAULT);
	FAILS(mremap(vdso, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x10000000), EINVAL);
}

static void test_advice(void)
{
	unsigned char there[VVAR_PAGES + VDSO_PAGES] = { 0 };
	unsigned long vvar_len = VVAR_PAGES * PAGE, vdso_len = VDSO_PAGES * PAGE;

	FAILS(madvise(vvar, vvar_len, MADV_DONTNEED), EINVAL);
	CHECK(madvise(vdso, vdso_len, MADV_DONTNEED) == 0 && touch(vdso, false) == 0);
	FAILS(madvise(vvar, vvar_len, MADV_DOFORK), EINVAL);
	FAILS(madvise(vvar, vvar_len, MADV_DODUMP), EINVAL);
	CHECK(madvise(vdso, vdso_len, MADV_COLD) == 0 && madvise(vdso, vdso_len, 21 /* PAGEOUT */) == 0);
	FAILS(madvise(vdso, vdso_len, MADV_FREE), EINVAL);
	FAILS(madvise(vdso, vdso_len, MADV_REMOVE), EINVAL);
	FAILS(madvise(vvar, vvar_len, 22 /* POPULATE_READ */), EINVAL);
	CHECK(madvise(vdso, vdso_len, 22) == 0);
	FAILS(madvise(vdso, vdso_len, 23 /* POPULATE_WRITE */), EINVAL);
	CHECK(mlock(vvar, vvar_len) == 0 && mlock(vdso, vdso_len) == 0);
	CHECK(munlock(vvar, vvar_len) == 0 && munlock(vdso, vdso_len) == 0);
	CHECK(mincore(vvar, vvar_len + vdso_len, there) == 0 && there[1] == 1 && there[5] == 1);
}

/* A copy of one's own, as for a breakpoint; another process goes on with the kernel's. */
static void test_private_copy(void)
{
	int status = 0;
	pid_t child;

	CHECK(mprotect(vdso, VDSO_PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	CHECK(touch(vdso + PAGE, true) == 0);
	vdso[PAGE + 100] = 77;
	child = fork();
	if (!child) {
		struct timespec ts;

		_exit(vdso[PAGE + 100] == 77 && !v_gettime(CLOCK_MONOTONIC, &ts) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	CHECK(status == 0);
	CHECK(mprotect(vdso, VDSO_PAGES * PAGE, PROT_READ | PROT_EXEC) == 0);
	CHECK(in_order(CLOCK_REALTIME));
}

static void test_gone(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {		/* moved together, they go on */
		char *to = (char *)0x10000000;
		struct timespec ts;
		int (*moved)(clockid_t, struct timespec *) = (void *)(to + ((char *)v_gettime - vvar));
		bool ok = mremap(vvar, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to &&
			  mremap(vdso, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 4 * PAGE) == to + 4 * PAGE &&
			  !moved(CLOCK_MONOTONIC, &ts) && ts.tv_sec >= 0;

		_exit(ok && !munmap(to, 6 * PAGE) && !touch(&(char){ 0 }, true) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	CHECK(status == 0);
}

int main(void)
{
	test_image();
	if (!v_gettime)
		return finish("vdso");
	test_clocks();
	test_time_of_day();
	test_getcpu();
	test_forward();
	test_rights();
	test_advice();
	test_private_copy();
	test_gone();
	return finish("vdso");
}
