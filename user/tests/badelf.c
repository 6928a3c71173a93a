/*
 * badelf - executes damaged copies of itself: each header byte in turn replaced
 * by 0xff and 0, and files cut short. Any end is right but a dead kernel.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char image[1 << 20];
static long size;

static void put(const char *path, const char *data, long len)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);

	if (fd < 0 || write(fd, data, len) != len)
		_exit(9);
	close(fd);
}

/* The exit status, or minus the signal. */
static int run(const char *path)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rlimit cpu = { 2, 2 };

		setrlimit(RLIMIT_CPU, &cpu);
		alarm(5);
		close(1);
		execl(path, path, "child", (char *)NULL);
		_exit(100 + errno % 100);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	if (argc > 1)
		return 42;
	size = read(fd, image, sizeof image);
	CHECK(size > 1000);
	put("/tmp/elf", image, size);
	CHECK(run("/tmp/elf") == 42);
	for (int at = 0; at < 64 + 56 * 3; at++)
		for (int value = 0; value < 2; value++) {
			char old = image[at];

			image[at] = value ? 0xff : 0;
			put("/tmp/elf", image, size);
			run("/tmp/elf");
			image[at] = old;
		}
	for (long len = 0; len < size; len += 1 + len / 4) {
		put("/tmp/elf", image, len);
		int end = run("/tmp/elf");

		CHECK(end != 0);
	}
	put("/tmp/script", "#!/tmp/script\n", 14);
	CHECK(run("/tmp/script") == 100 + ELOOP % 100);
	put("/tmp/script", "#!/nowhere at all\n", 18);
	CHECK(run("/tmp/script") == 100 + ENOENT % 100);
	put("/tmp/script", "no magic", 8);
	CHECK(run("/tmp/script") == 100 + ENOEXEC % 100);
	chmod("/tmp/elf", 0600);
	CHECK(run("/tmp/elf") == 100 + EACCES % 100);
	unlink("/tmp/elf");
	unlink("/tmp/script");
	return finish("badelf");
}
