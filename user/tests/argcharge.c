/*
 * argcharge - execve with 4.8 MB of arguments, the first of which points nowhere: all others have been copied when that
 * is found out, and were charged to the caller's group. With an argument: the same with a good one, to /bin/true.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "check.h"

int main(int argc, char **argv)
{
	enum { ARGS = 40, LENGTH = 120000 };
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	static char text[LENGTH + 1];
	char *args[ARGS + 2] = { argc > 1 ? "true" : (char *)8 };

	memset(text, 'a', LENGTH);
	for (int i = 1; i <= ARGS; i++)
		args[i] = text;
	CHECK(setrlimit(RLIMIT_STACK, &all) == 0);
	FAILS(execv("/bin/busybox", args), EFAULT);
	return finish("argcharge");
}
