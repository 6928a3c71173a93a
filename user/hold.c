/*
 * hold MIB [SECONDS] - has MIB MiB of memory and sits on it: something for the
 * OOM killer to weigh, and for swap to push out. For ever without SECONDS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t len = (argc > 1 ? strtoul(argv[1], NULL, 0) : 64) << 20;
	unsigned int seconds = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (len && p == MAP_FAILED) {
		perror("hold: mmap");
		return 1;
	}
	for (size_t at = 0; at < len; at += 4096)
		*(volatile size_t *)(p + at) = at + 1;
	printf("hold %d: touched %zuM\n", getpid(), len >> 20);
	fflush(stdout);
	if (seconds)
		return sleep(seconds);
	for (;;)
		pause();
}
