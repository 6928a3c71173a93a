/*
 * demand - memory costs nothing until it is touched: 32 MiB are mapped, then
 * read (the shared zero page serves all of it), then written, and what the
 * process has after each step is shown.
 */
#include "show.h"

enum { MIB = 32 };

static void tell(const char *what, long faults_before)
{
	printf("%-28s RssAnon %6ld kB, minor faults +%ld\n", what,
	       proc_value("/proc/self/status", "RssAnon"), minor_faults() - faults_before);
}

int main(void)
{
	size_t len = (size_t)MIB << 20;
	long before = minor_faults();
	volatile char sum = 0;
	char *p = anonymous(len, MAP_PRIVATE);

	tell("mapped 32 MiB", before);
	before = minor_faults();
	for (size_t at = 0; at < len; at += PAGE)
		sum += p[at];
	tell("read every page", before);
	before = minor_faults();
	for (size_t at = 0; at < len; at += PAGE)
		p[at] = 1;
	tell("wrote every page", before);
	before = minor_faults();
	madvise(p, len, MADV_DONTNEED);
	tell("madvise(MADV_DONTNEED)", before);
	return 0;
}
