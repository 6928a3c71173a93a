/*
 * rtspin CPUS SECONDS - a SCHED_FIFO process that never sleeps on each CPU, and one ordinary process
 * that counts: it gets its share, though a small one.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int cpus = argc > 1 ? atoi(argv[1]) : 1;
	double seconds = argc > 2 ? atof(argv[2]) : 2, end, cpu;
	pid_t pids[64];

	for (int i = 0; i < cpus && i < 64; i++)
		if (!(pids[i] = FORK_OR_EXIT())) {
			struct sched_param param = { .sched_priority = 50 };
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET(i, &set);
			if (sched_setaffinity(0, sizeof(set), &set) ||
			    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param))
				_exit(1);
			for (;;)
				;
		}
	for (end = now() + seconds; now() < end;)
		;
	cpu = clock() / (double)CLOCKS_PER_SEC;
	for (int i = 0; i < cpus && i < 64; i++) {
		int status;

		CHECK(waitpid(pids[i], &status, WNOHANG) == 0);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
	}
	/* how small the share is, is the host's affair: its CPUs may not run both at once */
	printf("the others ran %.3f of %.1f s\n", cpu, seconds);
	return failures;
}
