/* mapfill FILE - writes to each page of a mapped file: SIGBUS where the disk is full. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"

int main(int argc, char **argv)
{
	int fd = open(argc > 1 ? argv[1] : "", O_RDWR);
	struct stat st;
	volatile char *p;

	if (fd < 0 || fstat(fd, &st))
		return 2;
	p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return 3;
	for (off_t i = 0; i < st.st_size; i += 4096)
		p[i] = 'm';
	return 0;
}
