/* check.h - CHECK() counts, and finish() says "NAME: all passed" or how many failed. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("%s:%d: %s failed (errno %d, %s)\n", __FILE__, __LINE__, #cond, errno, strerror(errno)); \
			failures++;                                            \
		}                                                              \
	} while (0)
/* A call that must fail with this errno. */
#define FAILS(call, want)                                                      \
	do {                                                                   \
		errno = 0;                                                     \
		long fails_ret = (long)(call);                                 \
		if (fails_ret != -1 || errno != (want)) {                      \
			printf("%s:%d: %s gave %ld, errno %d, not %d\n", __FILE__, __LINE__, #call, fails_ret, errno, want); \
			failures++;                                            \
		}                                                              \
	} while (0)

/* fork() for tests that signal the child: kill(-1) would mean everybody. */
#define FORK_OR_EXIT()                                                         \
	({                                                                     \
		pid_t forked = fork();                                         \
		if (forked < 0) {                                              \
			printf("%s:%d: fork failed (errno %d, %s)\n", __FILE__, __LINE__, errno, strerror(errno)); \
			exit(1);                                               \
		}                                                              \
		forked;                                                        \
	})

/* The verdict is one write: what others say at the same time cannot come in between. */
static inline int finish(const char *name)
{
	char line[80];
	int len = failures ? snprintf(line, sizeof(line), "%s: %d failed\n", name, failures)
			   : snprintf(line, sizeof(line), "%s: all passed\n", name);

	fflush(stdout);
	return write(1, line, len) != len || failures;
}
