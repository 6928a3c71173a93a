/* thousand N - N processes alive at the same time, then all of them gone. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000, alive = 0, fd[2], up[2];
	char c;

	if (pipe(fd) || pipe(up))
		return 1;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			break;
		}
		if (!pid) {
			close(fd[1]);
			/* until the parent closes its end */
			if (write(up[1], "x", 1) != 1 || read(fd[0], &c, 1) != 0)
				_exit(1);
			_exit(0);
		}
		alive++;
	}
	for (int i = 0; i < alive; i++)
		CHECK(read(up[0], &c, 1) == 1);
	printf("%d alive\n", alive);
	close(fd[0]);
	close(fd[1]);
	for (int i = 0; i < alive; i++) {
		int status;

		CHECK(wait(&status) > 0 && status == 0);
	}
	return failures || alive != n;
}
