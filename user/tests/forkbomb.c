/*
 * forkbomb SECONDS - every process forks as fast as it can, in a group of its own
 * that the first one kills when the time is up. So the first one must be there then: to the OOM
 * killer it looks like any other of them, and it asks not to be chosen.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10;
	pid_t group = fork();
	int fd;

	if (group < 0)
		return 1;
	if (!group) {
		setpgid(0, 0);
		for (;;)
			if (fork() < 0)
				usleep(1000);
	}
	setpgid(group, group);
	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "-1000", 5) < 0)
			write(1, "forkbomb: not protected\n", 24);
		close(fd);
	}
	sleep(seconds);
	/* New ones are born while the signal goes round: until the group is empty. */
	while (!kill(-group, SIGKILL))
		while (waitpid(-group, NULL, WNOHANG) > 0)
			;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return 0;
}
