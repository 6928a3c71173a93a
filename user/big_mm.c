/*
 * big_mm - the classic eater of memory.
 *
 * Takes blocks of MB MiB (64 unless built with -DMB=…), zeroes each, and never
 * gives one back. A refused allocation is retried, so it ends only when the
 * kernel kills it. Under default overcommit no malloc is refused: the promise
 * is free, the pages come one by one as bzero() touches them, and the bill
 * comes from the OOM killer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#ifndef MB
#define MB 64
#endif

int main(void)
{
	const size_t size = MB * 1024UL * 1024UL;
	unsigned long total = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		void *block = malloc(size);

		usleep(100000);
		if (!block)
			continue;
		bzero(block, size);
		total += MB;
		printf("alloc %lum mem\n", total);
	}
}
