/*
 * fsyncerror FILE - the file lies on a disk that refuses to write a part of it. fsync() must tell each of two open files
 * about it, once; a third that is opened afterwards hears nothing.
 */
#include <fcntl.h>

#include "check.h"

static const char *answer(int fd)
{
	return fsync(fd) ? errno == EIO ? "EIO" : "another" : "0";
}

int main(int argc, char **argv)
{
	static char block[65536];
	const char *name = argc > 1 ? argv[1] : "", *first, *again, *second, *again2;
	int a = open(name, O_RDWR), b = open(name, O_RDONLY), c;

	memset(block, 'n', sizeof(block));
	if (a < 0 || b < 0 || write(a, block, sizeof(block)) != sizeof(block))
		return 2;
	first = answer(a);
	again = answer(a);
	second = answer(b);
	again2 = answer(b);
	c = open(name, O_RDONLY);
	printf("first %s %s, second %s %s, later %s\n", first, again, second, again2, answer(c));
	return 0;
}
