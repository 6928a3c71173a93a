/*
 * fsstress [-s SEED] [-n OPS] [-p PROCESSES] DIR: random operations on names, by several processes in the same few
 * directories at once. Nobody can say what each call must return; but none may be an error that does not belong there,
 * and e2fsck has the last word.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static unsigned int seed;
static char data[32768];

static unsigned int rnd(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8 ^ seed << 13) % below;
}

/* One of 4 directories, each with up to 24 names and one directory below. */
static const char *path(char *to)
{
	char part[24];

	strcpy(to, ".");
	for (unsigned int depth = 1 + rnd(2), i = 0; i < depth; i++) {
		snprintf(part, sizeof(part), "/d%u", rnd(4));
		strcat(to, part);
	}
	snprintf(part, sizeof(part), rnd(8) ? "/f%u" : "/d%u", rnd(24));
	strcat(to, part);
	return to;
}

static void file_io(const char *name)
{
	int fd = open(name, O_RDWR | (rnd(2) ? O_CREAT : 0) | (rnd(8) ? 0 : O_TRUNC) | (rnd(8) ? 0 : O_APPEND), 0644);
	off_t at = rnd(2) ? rnd(100000) : rnd(5) * 1048576L;
	char *p;

	if (fd < 0)
		return;
	switch (rnd(6)) {
	case 0:
	case 1:
		if (pwrite(fd, data, rnd(sizeof(data)), at) < 0)
			break;
		if (!rnd(4))
			fsync(fd);
		break;
	case 2:
		(void)!pread(fd, data, sizeof(data), at);
		break;
	case 3:
		(void)!ftruncate(fd, at);
		break;
	case 4:		/* a mapping of what may be truncated meanwhile: through write(2), which has no SIGBUS */
		p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			break;
		(void)!pread(fd, p, 4096, 0);
		(void)!pwrite(fd, p + 4096, 8192, at);
		msync(p, 16384, rnd(2) ? MS_SYNC : MS_ASYNC);
		munmap(p, 16384);
		break;
	default:
		unlink(name);	/* in use */
		(void)!pwrite(fd, data, rnd(sizeof(data)), at);
	}
	close(fd);
}

static void list(const char *name)
{
	DIR *dir = opendir(name);

	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

static int one(void)
{
	char a[128], b[128];
	struct stat st;

	path(a);
	path(b);
	errno = 0;
	switch (rnd(14)) {
	case 0: return mkdir(a, 0755);
	case 1: return rmdir(a);
	case 2: return link(a, b);
	case 3: return symlink(b, a);
	case 4: return unlink(a);
	case 5: return rename(a, b);
	case 6: return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, rnd(3));
	case 7: return truncate(a, rnd(3000000));
	case 8: return mknod(a, rnd(2) ? S_IFIFO | 0600 : S_IFREG | 0644, 0);
	case 9: list("."); list("./d1"); return 0;
	case 10: return lstat(a, &st) || chmod(a, 0700 + rnd(64));
	case 11:
		if (!rnd(8))
			sync();
		return 0;
	default: file_io(a); errno = 0; return 0;
	}
}

static bool belongs(int error)
{
	static const int fine[] = { 0, ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, EPERM, ENOSPC, EXDEV, ELOOP, EMLINK,
				    EBUSY, ENXIO, EACCES, EIO, EROFS, ENOMEM, EUCLEAN, ESPIPE };

	for (unsigned int i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		if (fine[i] == error)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int opt, status, processes = 4, first = 1;
	long ops = 1000;

	while ((opt = getopt(argc, argv, "s:n:p:")) != -1) {
		if (opt == 's')
			first = atoi(optarg);
		else if (opt == 'n')
			ops = atol(optarg);
		else if (opt == 'p')
			processes = atoi(optarg);
	}
	if (optind >= argc || chdir(argv[optind])) {
		perror("fsstress");
		return 1;
	}
	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (int i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "d%d", i);
		mkdir(name, 0755);
	}
	for (int i = 0; i < processes; i++) {
		if (FORK_OR_EXIT() == 0) {
			seed = first * 7919 + i * 104729;
			memset(data, 'a' + i, sizeof(data));
			for (long n = 0; n < ops; n++)
				if (one() < 0 && !belongs(errno)) {
					printf("fsstress: errno %d (%s)\n", errno, strerror(errno));
					fflush(stdout);
					_exit(1);
				}
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	return finish("fsstress");
}
