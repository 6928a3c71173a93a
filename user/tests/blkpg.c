/* blkpg.c - partitions by hand: blkpg add|del|resize DISK NUMBER START LENGTH (bytes); blkpg size DISK. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

struct partition { long long start, length; int pno; char devname[64], volname[64]; };
struct arg { int op, flags, datalen; void *data; };

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[2], O_RDONLY) : -1, op;

	if (fd < 0) {
		printf("blkpg: %s\n", strerror(errno));
		return 1;
	}
	if (!strcmp(argv[1], "size")) {
		unsigned long long bytes;

		if (ioctl(fd, 0x80081272, &bytes))
			return 1;
		printf("%llu bytes\n", bytes);
		return 0;
	}
	op = !strcmp(argv[1], "add") ? 1 : !strcmp(argv[1], "del") ? 2 : 3;
	struct partition p = { .pno = atoi(argv[3]), .start = argc > 4 ? atoll(argv[4]) : 0,
			       .length = argc > 5 ? atoll(argv[5]) : 0 };
	struct arg a = { .op = op, .datalen = sizeof(p), .data = &p };

	errno = 0;
	ioctl(fd, 0x1269, &a);
	printf("blkpg %s %d: %s\n", argv[1], p.pno, errno ? strerror(errno) : "done");
	return errno != 0;
}
