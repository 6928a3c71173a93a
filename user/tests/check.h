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

static inline int finish(const char *name)
{
	if (failures)
		printf("%s: %d failed\n", name, failures);
	else
		printf("%s: all passed\n", name);
	return failures != 0;
}
