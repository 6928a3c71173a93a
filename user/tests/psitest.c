/*
 * psitest FILE "some US WINDOW_US" SECONDS [BUSY] - sets a trigger, keeps BUSY processes busy, and
 * says how often it went off in SECONDS.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct pollfd fd = { .events = POLLPRI };
	int busy = argc > 4 ? atoi(argv[4]) : 0, events = 0;
	double begin, end;

	if (argc < 4)
		return 2;
	fd.fd = open(argv[1], O_RDWR | O_NONBLOCK);
	CHECK(fd.fd >= 0);
	CHECK(poll(&fd, 1, 0) == 1 && fd.revents & POLLERR);	/* nothing to wait for yet */
	CHECK(write(fd.fd, argv[2], strlen(argv[2]) + 1) == (ssize_t)strlen(argv[2]) + 1);
	FAILS(write(fd.fd, argv[2], strlen(argv[2]) + 1), EBUSY);
	signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < busy; i++)
		if (!FORK_OR_EXIT()) {
			signal(SIGTERM, SIG_DFL);
			for (;;)
				;
		}
	begin = now();
	for (end = begin + atof(argv[3]); now() < end;)
		if (poll(&fd, 1, (end - now()) * 1000 + 1) > 0) {
			CHECK(fd.revents == POLLPRI);
			events++;
		}
	if (busy)
		kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	printf("psitest: %d events in %.0f s\n", events, now() - begin);
	return finish("psitest");
}
