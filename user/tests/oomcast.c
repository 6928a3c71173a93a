/*
 * oomcast WORD... - a candidate for the OOM killer, as the words say; prints "oomcast PID: ready" and stays.
 *
 *   uid=N nice=N adj=N    who it is
 *   map=MIB touch=MIB     what it maps, and what it uses of it
 *   children=N,MIB        so many children with so much each
 *   vfork                 a vfork child that sits in its parent's memory
 *   read=FILE             a thread that reads FILE (a slow disk) all the time
 *   robust                a list of robust futexes in its oldest page, which its exit reads
 *   churn=N               N threads that map, touch and unmap for ever
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *mapped(size_t mib)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("oomcast: mmap");
		exit(1);
	}
	return p;
}

static void touch(char *p, size_t mib)
{
	for (size_t at = 0; at < mib << 20; at += 4096)
		*(volatile size_t *)(p + at) = at + 1;
}

/* Empty: its head names itself. */
static void robust_list(void)
{
	struct { void *next; long offset; void *pending; } *head = (void *)mapped(1);

	head->next = head;
	if (syscall(SYS_set_robust_list, head, sizeof(*head)))
		exit(1);
}

static void *reader(void *file)
{
	static char buf[1 << 20];
	int fd = open(file, O_RDONLY);

	if (fd < 0) {
		perror(file);
		exit(1);
	}
	for (off_t at = 0;; at = (at + sizeof(buf)) & ((16 << 20) - 1))
		if (pread(fd, buf, sizeof(buf), at) < 0)
			sleep(1);
	return NULL;
}

static void *churner(void *unused)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			continue;
		touch(p, 1);
		munmap(p, 1 << 20);
	}
	return NULL;
}

static void stay(void)
{
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	size_t map = 0, used = 0, n, mib;
	int vforks = 0;
	pthread_t t;

	for (int i = 1; i < argc; i++) {
		char *eq = strchr(argv[i], '=');
		long value = eq ? strtol(eq + 1, NULL, 0) : 0;

		if (!strncmp(argv[i], "map=", 4))
			map = value;
		else if (!strncmp(argv[i], "touch=", 6))
			used = value;
		else if (!strncmp(argv[i], "uid=", 4) ? setgid(value) || setuid(value) :
			 !strncmp(argv[i], "nice=", 5) ? setpriority(PRIO_PROCESS, 0, value) : 0)
			perror(argv[i]);
		else if (!strncmp(argv[i], "adj=", 4)) {
			FILE *f = fopen("/proc/self/oom_score_adj", "w");
			if (!f || fprintf(f, "%ld", value) < 0 || fclose(f))
				perror(argv[i]);
		} else if (!strcmp(argv[i], "vfork"))
			vforks = 1;
		else if (!strncmp(argv[i], "read=", 5))
			pthread_create(&t, NULL, reader, eq + 1);
		else if (!strcmp(argv[i], "robust"))
			robust_list();
		else if (!strncmp(argv[i], "churn=", 6))
			for (long k = 0; k < value; k++)
				pthread_create(&t, NULL, churner, NULL);
		else if (sscanf(argv[i], "children=%zu,%zu", &n, &mib) == 2)
			for (size_t k = 0; k < n; k++)
				if (!fork()) {
					touch(mapped(mib), mib);
					stay();
				}
	}
	touch(mapped(map > used ? map : used ? used : 1), used);
	printf("oomcast %d: ready\n", getpid());
	fflush(stdout);
	if (vforks && !vfork())
		stay();
	stay();
}
