/*
 * thrash [MIB [ROUNDS]] - walks through MIB MiB again and again (default: all
 * of MemTotal and half of it more), checking what it wrote: more than fits, so
 * every round swaps. Shows major faults and time per round.
 */
#include <time.h>

#include "show.h"

static unsigned long stamp(size_t page, unsigned long round)
{
	return (page + 1) * 0x9e3779b97f4a7c15UL ^ round;
}

int main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 0)
			      : (size_t)proc_value("/proc/meminfo", "MemTotal") * 3 / 2 / 1024;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 3;
	size_t pages = (mib << 20) / PAGE;
	char *p = anonymous(mib << 20, MAP_PRIVATE);

	for (unsigned long round = 0; round < rounds; round++) {
		struct timespec from, to;
		long before = major_faults();

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (size_t i = 0; i < pages; i++) {
			unsigned long *word = (unsigned long *)(p + i * PAGE + i * 8 % PAGE);

			if (round && *word != stamp(i, round - 1)) {
				printf("thrash: page %zu is not what was written\n", i);
				return 1;
			}
			*word = stamp(i, round);
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("round %lu: %zu MiB, %ld major faults, %.2f s\n", round + 1, mib,
		       major_faults() - before,
		       (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9);
		fflush(stdout);
	}
	return 0;
}
