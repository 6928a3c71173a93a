/* blkpg.c - partitions by hand: blkpg add|del|resize DISK NUMBER START LENGTH (bytes); blkpg size DISK.
 * blkpg send DISK FILE OFFSET LENGTH: by sendfile(2) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

struct partition { long long start, length; int pno; char devname[64], volname[64]; };
struct arg { int op, flags, datalen; void *data; };

/* What one sendfile(2) of a file to a place on the disk says. */
static int send_file(const char *disk, const char *file, long long offset, long length)
{
	int out = open(disk, O_WRONLY), in = open(file, O_RDONLY);
	long n = -1;

	if (out >= 0 && in >= 0 && lseek(out, offset, SEEK_SET) == offset)
		n = sendfile(out, in, NULL, length);
	if (n < 0)
		printf("blkpg send: %s\n", strerror(errno));
	else
		printf("blkpg send: %ld bytes\n", n);
	return n < 0;
}

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
	if (!strcmp(argv[1], "send"))
		return argc < 6 || send_file(argv[2], argv[3], atoll(argv[4]), atol(argv[5]));
	op = !strcmp(argv[1], "add") ? 1 : !strcmp(argv[1], "del") ? 2 : 3;
	struct partition p = { .pno = atoi(argv[3]), .start = argc > 4 ? atoll(argv[4]) : 0,
			       .length = argc > 5 ? atoll(argv[5]) : 0 };
	struct arg a = { .op = op, .datalen = sizeof(p), .data = &p };

	errno = 0;
	ioctl(fd, 0x1269, &a);
	printf("blkpg %s %d: %s\n", argv[1], p.pno, errno ? strerror(errno) : "done");
	return errno != 0;
}
