/* nodes STEP...: memory policies of one mapping and of the task, by the raw system calls.
 *   pol MODE MASK  mbind MODE MASK FLAGS  get  getat FLAGS     MODE with MPOL_F_* in it: 2 bind, 3 interleave ...
 *   alloc KB  touch  maps                                      the mapping, all of it written, its lines of numa_maps
 *   movepages NODE  status  migrate FROM TO  fork  sleep N     (masks; fork: the child goes on) */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define MAX_PAGES 64

static char *p;
static size_t len;

static void say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: v%ld\n", what, r);
}

/* Digits behind a letter are compared as text. */
static void numa_maps(void)
{
	FILE *f = fopen("/proc/self/numa_maps", "r");
	char line[999];
	unsigned long at;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx", &at) == 1 && at >= (unsigned long)p && at < (unsigned long)p + len) {
			for (char *s = strchr(line, ' ') + 1; *s; s++)
				if (s[-1] == '=' || s[-1] == ':')
					printf("v%c", *s);
				else
					putchar(*s);
		}
	fclose(f);
}

static void alloc(size_t kb)
{
	len = kb * 1024;
	p = mmap(NULL, len + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p += PAGE;		/* no neighbour merges with it */
	mprotect(p, len, PROT_READ | PROT_WRITE);
}

static void get(unsigned long flags)
{
	unsigned long mask[16] = { 0 };
	int mode = -1;

	say("get_mempolicy", syscall(SYS_get_mempolicy, &mode, mask, 1024L, flags & 2 ? p : NULL, flags));
	printf(" mode v%x mask v%lx\n", mode, mask[0]);
}

/* @node -1000: only asks */
static void move_pages(int node)
{
	long n = len / PAGE < MAX_PAGES ? len / PAGE : MAX_PAGES;
	int nodes[MAX_PAGES], status[MAX_PAGES];
	void *pages[MAX_PAGES];

	for (long i = 0; i < n; i++) {
		pages[i] = p + i * PAGE;
		nodes[i] = node;
		status[i] = -99;
	}
	say("move_pages", syscall(SYS_move_pages, 0, n, pages, node == -1000 ? NULL : nodes, status, 2));
	printf(" status v%d v%d\n", status[0], status[n - 1]);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		unsigned long n[3] = { 0 };

		for (int k = 0; k < 3 && i + 1 + k < argc; k++)
			n[k] = strtol(argv[i + 1 + k], NULL, 0);
		if (!strcmp(a, "pol")) say("set_mempolicy", syscall(SYS_set_mempolicy, n[0], &n[1], 64L)), i += 2;
		else if (!strcmp(a, "mbind")) say("mbind", syscall(SYS_mbind, p, len, n[0], &n[1], 64L, n[2])), i += 3;
		else if (!strcmp(a, "migrate")) say("migrate_pages", syscall(SYS_migrate_pages, 0, 64L, &n[0], &n[1])), i += 2;
		else if (!strcmp(a, "get")) get(0);
		else if (!strcmp(a, "getat")) get(n[0]), i++;
		else if (!strcmp(a, "alloc")) alloc(n[0]), i++;
		else if (!strcmp(a, "touch")) memset(p, 1, len);
		else if (!strcmp(a, "maps")) numa_maps();
		else if (!strcmp(a, "movepages")) move_pages(n[0]), i++;
		else if (!strcmp(a, "status")) move_pages(-1000);
		else if (!strcmp(a, "sleep")) sleep(n[0]), i++;
		else if (!strcmp(a, "fork")) {
			fflush(stdout);
			if (fork())
				return wait(NULL) < 0;
		} else printf("nodes: %s?\n", a);
	}
	return 0;
}
