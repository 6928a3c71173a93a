/*
 * cputimer - RLIMIT_CPU, ITIMER_VIRTUAL, ITIMER_PROF and timers on CPU clocks: the signals come, not
 * before their time, and to who has used it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define MSEC 1000000L
#define ENOUGH (20000 * MSEC)	/* CPU time after which nothing comes any more */

static volatile sig_atomic_t came;
static void count(int sig) { came++; }

static long used(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000 * MSEC + ts.tv_nsec;
}

static long start;

/* A timer is about to be set. */
static void begin(void)
{
	came = 0;
	start = used(CLOCK_PROCESS_CPUTIME_ID);
}

/* Uses the CPU until @n signals have come; the CPU time that the process has used since begin(). */
static long spin(int n)
{
	long now = start;

	while (came < n && now - start < ENOUGH)
		now = used(CLOCK_PROCESS_CPUTIME_ID);
	CHECK(came >= n);
	return used(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static void test_itimer(int which, int sig)
{
	struct itimerval value = { { 0, 20000 }, { 0, 20000 } }, left, off = { { 0, 0 }, { 0, 0 } };

	signal(sig, count);
	begin();
	CHECK(setitimer(which, &value, NULL) == 0);
	CHECK(getitimer(which, &left) == 0 && left.it_interval.tv_usec == 20000);
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_usec > 0 && left.it_value.tv_usec <= 24000);
	CHECK(spin(3) >= 60 * MSEC);
	CHECK(setitimer(which, &off, &left) == 0 && left.it_interval.tv_usec == 20000);
	CHECK(getitimer(which, &left) == 0 && !left.it_value.tv_sec && !left.it_value.tv_usec);
	value.it_interval.tv_usec = 0;		/* once */
	begin();
	CHECK(setitimer(which, &value, NULL) == 0);
	spin(1);
	CHECK(getitimer(which, &left) == 0 && !left.it_value.tv_sec && !left.it_value.tv_usec);
	FAILS(setitimer(3, &value, NULL), EINVAL);
	FAILS(getitimer(3, &left), EINVAL);
}

static void test_timer(clockid_t clock)
{
	struct itimerspec value = { { 0, 0 }, { 0, 30 * MSEC } }, left;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t id;

	signal(SIGUSR1, count);
	if (timer_create(clock, &event, &id)) {
		CHECK(!"timer_create");
		return;
	}
	begin();
	CHECK(timer_settime(id, 0, &value, NULL) == 0);
	CHECK(timer_gettime(id, &left) == 0 && left.it_value.tv_nsec <= 30 * MSEC);
	CHECK(came || left.it_value.tv_nsec > 0);
	CHECK(spin(1) >= 30 * MSEC);
	CHECK(timer_gettime(id, &left) == 0 && !left.it_value.tv_sec && !left.it_value.tv_nsec);
	value.it_value.tv_sec = 0;		/* a time that has gone by */
	value.it_value.tv_nsec = 1;
	begin();
	CHECK(timer_settime(id, TIMER_ABSTIME, &value, NULL) == 0);
	spin(1);
	value.it_interval.tv_nsec = 10 * MSEC;
	begin();
	CHECK(timer_settime(id, 0, &value, NULL) == 0);
	spin(3);
	CHECK(timer_delete(id) == 0);
}

/* SIGXCPU at once, SIGKILL after a second. */
static void test_limit(void)
{
	struct rlimit limit = { 0, 1 }, now;
	int status = 0, ends[2];
	pid_t child;
	char c;

	CHECK(pipe(ends) == 0);
	child = FORK_OR_EXIT();
	if (!child) {
		signal(SIGXCPU, count);
		begin();
		setrlimit(RLIMIT_CPU, &limit);
		spin(1);
		getrlimit(RLIMIT_CPU, &now);	/* the soft limit has moved on */
		if (write(ends[1], now.rlim_cur == 1 && now.rlim_max == 1 ? "y" : "n", 1) != 1)
			_exit(1);
		while (used(CLOCK_PROCESS_CPUTIME_ID) - start < ENOUGH)
			;
		_exit(2);
	}
	CHECK(read(ends[0], &c, 1) == 1 && c == 'y');
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	child = FORK_OR_EXIT();
	if (!child) {		/* nobody catches it; the child of a limited one is limited, too */
		limit.rlim_max = RLIM_INFINITY;
		signal(SIGXCPU, SIG_DFL);
		setrlimit(RLIMIT_CPU, &limit);
		child = FORK_OR_EXIT();
		for (;;)
			;
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
}

int main(void)
{
	clockid_t own;
	timer_t id;

	test_itimer(ITIMER_PROF, SIGPROF);
	test_itimer(ITIMER_VIRTUAL, SIGVTALRM);
	test_timer(CLOCK_PROCESS_CPUTIME_ID);
	test_timer(CLOCK_THREAD_CPUTIME_ID);
	CHECK(clock_getcpuclockid(0, &own) == 0);
	test_timer(own);
	CHECK(clock_getcpuclockid(1, &own) == 0);
	FAILS(timer_create(own, NULL, &id), EINVAL);
	test_limit();
	return finish("cputimer");
}
