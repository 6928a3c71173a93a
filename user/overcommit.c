/*
 * overcommit - asks for one mapping after another without touching any, until
 * refused: how much the kernel promises compared with what there is.
 */
#include "show.h"

int main(void)
{
	const size_t piece = 64UL << 20;
	unsigned long pieces = 0;

	printf("MemTotal %ld kB, SwapTotal %ld kB, CommitLimit %ld kB\n",
	       proc_value("/proc/meminfo", "MemTotal"), proc_value("/proc/meminfo", "SwapTotal"),
	       proc_value("/proc/meminfo", "CommitLimit"));
	while (pieces < 1024 && mmap(NULL, piece, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		pieces++;
	printf("promised %lu MiB%s; Committed_AS %ld kB\n", pieces * 64,
	       pieces == 1024 ? " and would go on" : ", then refused",
	       proc_value("/proc/meminfo", "Committed_AS"));
	return 0;
}
