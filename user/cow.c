/*
 * cow - fork copies nothing: parent and child share 32 MiB until one of them
 * writes. MemFree tells how much is really used after each step.
 */
#include "show.h"

enum { MIB = 32 };

static void tell(const char *what)
{
	printf("%-36s MemFree %7ld kB\n", what, proc_value("/proc/meminfo", "MemFree"));
	fflush(stdout);
}

int main(void)
{
	size_t len = (size_t)MIB << 20;
	char *p = anonymous(len, MAP_PRIVATE);

	memset(p, 1, len);
	tell("parent wrote 32 MiB");
	if (!fork()) {
		long before = minor_faults();

		tell("forked: the same pages, twice mapped");
		for (size_t at = 0; at < len / 2; at += PAGE)
			p[at] = 2;
		tell("child wrote half of them");
		printf("%-36s %ld\n", "child's copy-on-write faults", minor_faults() - before);
		fflush(stdout);
		_exit(p[len - 1] == 1 ? 0 : 1);
	}
	int status;

	wait(&status);
	tell("child is gone");
	if (status || p[0] != 1) {
		printf("cow: a write showed through\n");
		return 1;
	}
	return 0;
}
