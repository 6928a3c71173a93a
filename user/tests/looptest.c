/*
 * looptest FILE - what each ioctl of a loop device answers, and which are refused: one line each, the
 * same on Linux 6.1 (tests/boot/test_loop.py has its answers). FILE: where 1 MiB may be made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SET_FD = 0x4C00, CLR_FD, SET_STATUS, GET_STATUS, SET_STATUS64, GET_STATUS64, CHANGE_FD,
       SET_CAPACITY, SET_DIRECT_IO, SET_BLOCK_SIZE, CONFIGURE, CTL_ADD = 0x4C80, CTL_REMOVE,
       CTL_GET_FREE };
enum { READ_ONLY = 1, AUTOCLEAR = 4, PARTSCAN = 8, DIRECT_IO = 16 };
struct info64 {
	uint64_t device, inode, rdevice, offset, sizelimit;
	uint32_t number, crypt, key_size, flags;
	char file_name[64], crypt_name[64], key[32];
	uint64_t init[2];
};
struct info {
	int number;
	unsigned long device, inode, rdevice;
	int offset, crypt, key_size, flags;
	char name[64], key[32];
	unsigned long init[2];
	char reserved[4];
};
struct config { uint32_t fd, block_size; struct info64 info; uint64_t reserved[8]; };

static void say(const char *what, long ret)
{
	printf("%s: ", what);
	if (ret < 0)
		printf("%s\n", strerror(errno));
	else
		printf("%ld\n", ret);
}

/* The disk's size in KiB. */
static long size(int dev)
{
	uint64_t bytes = 0;

	ioctl(dev, 0x80081272, &bytes);
	return bytes >> 10;
}

static long block_size(int dev)
{
	int n = 0;

	ioctl(dev, 0x1268, &n);
	return n;
}

static void status(const char *what, int dev)
{
	struct info64 i;
	struct stat st;

	memset(&i, 0, sizeof(i));
	if (ioctl(dev, GET_STATUS64, &i)) {
		say(what, -1);
		return;
	}
	printf("%s: offset %lu limit %lu flags %u name %s %s\n", what, (long)i.offset, (long)i.sizelimit,
	       i.flags, i.file_name, fstat(dev, &st) || i.number != (st.st_rdev & 0xff) ? "?" : "ok");
}

static long attr(int number, const char *name)
{
	char path[99], text[99] = "-1";
	int fd;

	snprintf(path, sizeof(path), "/sys/block/loop%d/%s", number, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		perror(path);
	close(fd);
	return atol(text);
}

static void test_unbound(int dev, int file)
{
	struct info64 i = { 0 };

	say("unbound size", size(dev));
	status("unbound GET_STATUS64", dev);
	say("unbound SET_STATUS64", ioctl(dev, SET_STATUS64, &i));
	say("unbound CLR_FD", ioctl(dev, CLR_FD));
	say("unbound SET_CAPACITY", ioctl(dev, SET_CAPACITY));
	say("unbound SET_BLOCK_SIZE", ioctl(dev, SET_BLOCK_SIZE, 512));
	say("unbound CHANGE_FD", ioctl(dev, CHANGE_FD, file));
	say("unknown ioctl", ioctl(dev, 0x4C77));
	say("SET_FD of nothing", ioctl(dev, SET_FD, 99));
	say("SET_FD of itself", ioctl(dev, SET_FD, dev));
	say("SET_FD of a directory", ioctl(dev, SET_FD, open("/", O_RDONLY)));
	say("SET_FD of /dev/null", ioctl(dev, SET_FD, open("/dev/null", O_RDWR)));
}

static void test_bound(int dev, int file, int number)
{
	struct info64 i = { .offset = 4096, .file_name = "hello" };
	struct info old = { 0 };

	say("SET_FD", ioctl(dev, SET_FD, file));
	say("SET_FD again", ioctl(dev, SET_FD, file));
	say("size", size(dev));
	status("GET_STATUS64", dev);
	say("offset 4096", ioctl(dev, SET_STATUS64, &i));
	say("size", size(dev));
	i.sizelimit = 65536 + 100;
	i.flags = READ_ONLY | PARTSCAN | AUTOCLEAR | 64;
	say("limit", ioctl(dev, SET_STATUS64, &i));
	say("size", size(dev));
	status("flags set", dev);
	say("GET_STATUS", ioctl(dev, GET_STATUS, &old));
	printf("old: offset %d name %s\n", old.offset, old.name);
	say("sysfs offset", attr(number, "loop/offset"));
	say("sysfs sizelimit", attr(number, "loop/sizelimit"));
	say("sysfs autoclear", attr(number, "loop/autoclear"));
	say("sysfs partscan", attr(number, "loop/partscan"));
	i.flags = 0;
	say("flags taken away", ioctl(dev, SET_STATUS64, &i));
	status("GET_STATUS64", dev);
	i.offset = 1UL << 63;
	say("offset below 0", ioctl(dev, SET_STATUS64, &i));
	i.offset = 5UL << 20;
	say("offset beyond the end", ioctl(dev, SET_STATUS64, &i));
	say("size", size(dev));
	i.offset = i.sizelimit = 0;
	i.crypt = 1;
	say("encryption", ioctl(dev, SET_STATUS64, &i));
	i.crypt = 0;
	say("all of it", ioctl(dev, SET_STATUS64, &i));
	say("CHANGE_FD of a writable disk", ioctl(dev, CHANGE_FD, file));
	say("block size", block_size(dev));
	say("SET_BLOCK_SIZE 4096", ioctl(dev, SET_BLOCK_SIZE, 4096));
	say("block size", block_size(dev));
	say("sysfs logical_block_size", attr(number, "queue/logical_block_size"));
	say("SET_BLOCK_SIZE 1000", ioctl(dev, SET_BLOCK_SIZE, 1000));
	say("SET_BLOCK_SIZE 8192", ioctl(dev, SET_BLOCK_SIZE, 8192));
	say("SET_BLOCK_SIZE 256", ioctl(dev, SET_BLOCK_SIZE, 256));
	if (ftruncate(file, 2 << 20))
		perror("ftruncate");
	say("size, the file has grown", size(dev));
	say("SET_CAPACITY", ioctl(dev, SET_CAPACITY));
	say("size", size(dev));
	say("CLR_FD", ioctl(dev, CLR_FD));
	say("size", size(dev));
	say("block size", block_size(dev));
	say("sysfs loop/offset", attr(number, "loop/offset"));
}

static void test_configure(int dev, int file, const char *path, int number)
{
	struct config c = { .fd = file, .block_size = 1024, .info = { .flags = READ_ONLY, .offset = 512 } };
	char buf[512] = "x";
	int other;

	c.info.flags = 1 << 10;
	say("CONFIGURE with an unknown flag", ioctl(dev, CONFIGURE, &c));
	c.info.flags = READ_ONLY;
	c.block_size = 700;
	say("CONFIGURE with blocks of 700", ioctl(dev, CONFIGURE, &c));
	c.block_size = 1024;
	say("CONFIGURE read-only", ioctl(dev, CONFIGURE, &c));
	say("size in bytes / 512", size(dev) * 2);
	say("block size", block_size(dev));
	status("GET_STATUS64", dev);
	say("sysfs ro", attr(number, "ro"));
	say("write", pwrite(dev, buf, 512, 0));
	other = open(path, O_RDWR);
	say("CHANGE_FD", ioctl(dev, CHANGE_FD, other));
	if (ftruncate(other, 1 << 20))
		perror("ftruncate");
	other = open("/", O_RDONLY);
	say("CHANGE_FD of a directory", ioctl(dev, CHANGE_FD, other));
	say("CLR_FD", ioctl(dev, CLR_FD));
	c.fd = open(path, O_RDONLY);
	c.info.flags = 0;
	say("CONFIGURE with a file opened for reading", ioctl(dev, CONFIGURE, &c));
	say("sysfs ro", attr(number, "ro"));
	say("CLR_FD", ioctl(dev, CLR_FD));
	close(dev);
	snprintf(buf, sizeof(buf), "/dev/loop%d", number);
	dev = open(buf, O_RDONLY);
	say("SET_FD of a device opened for reading", ioctl(dev, SET_FD, file));
	say("sysfs ro", attr(number, "ro"));
	other = open(buf, O_RDWR);
	say("CLR_FD while somebody else has it open", ioctl(dev, CLR_FD));
	status("autoclear", dev);
	close(other);
	status("one user left", dev);
	close(dev);
	dev = open(buf, O_RDWR);
	status("after the last", dev);
	close(dev);
}

static void test_stacked(int ctl, int file)
{
	int a = ioctl(ctl, CTL_GET_FREE), b;
	char name[32], block[512] = "through both";

	snprintf(name, sizeof(name), "/dev/loop%d", a);
	a = open(name, O_RDWR);
	ioctl(a, SET_FD, file);
	b = ioctl(ctl, CTL_GET_FREE);
	snprintf(name, sizeof(name), "/dev/loop%d", b);
	b = open(name, O_RDWR);
	say("a loop device on a loop device", ioctl(b, SET_FD, a));
	say("the same size", size(b) == size(a));
	say("write through both", pwrite(b, block, 512, 4096) + fsync(b));
	say("CLR_FD", ioctl(b, CLR_FD));
	say("CLR_FD", ioctl(a, CLR_FD));
	close(b);
	close(a);
	memset(name, 0, sizeof(name));
	say("read from the file", pread(file, name, 12, 4096));
	puts(name);
}

static void test_control(int ctl)
{
	struct stat st;

	say("ADD 3", ioctl(ctl, CTL_ADD, 3));
	say("REMOVE 33", ioctl(ctl, CTL_REMOVE, 33));
	say("ADD 33", ioctl(ctl, CTL_ADD, 33));
	usleep(300000);			/* mdev, udev: who else makes nodes */
	say("its node", stat("/dev/loop33", &st));
	say("REMOVE 33", ioctl(ctl, CTL_REMOVE, 33));
	say("its node", stat("/dev/loop33", &st));
	say("ADD 33 once more", ioctl(ctl, CTL_ADD, 33));
	say("REMOVE 33", ioctl(ctl, CTL_REMOVE, 33));
	say("REMOVE -1", ioctl(ctl, CTL_REMOVE, -1));
	say("unknown", ioctl(ctl, 0x4C99));
}

int main(int argc, char **argv)
{
	int ctl = open("/dev/loop-control", O_RDWR), number = ioctl(ctl, CTL_GET_FREE), dev, file;
	char name[32];

	if (argc != 2 || number < 0) {
		perror("looptest");
		return 1;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	snprintf(name, sizeof(name), "/dev/loop%d", number);
	dev = open(name, O_RDWR);
	file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (dev < 0 || file < 0 || ftruncate(file, 1 << 20)) {
		perror("looptest");
		return 1;
	}
	test_unbound(dev, file);
	test_bound(dev, file, number);
	test_configure(dev, file, argv[1], number);
	test_stacked(ctl, file);
	test_control(ctl);
	say("free again", ioctl(ctl, CTL_GET_FREE) == number);
	unlink(argv[1]);
	return 0;
}
