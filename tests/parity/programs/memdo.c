/* memdo STEP...: one mapping, and what is to be done to it, step by step; numbers are kB.
 *   anon N  anonf N FLAGS  shared N  shm N  file F  filep F  unmap      the mapping (anonf: with more mmap flags)
 *   w  half  r  sum                       touches all of it, or the first half
 *   adv N  fadv N  prot N  remap N  mlock  mlock2 N  munlock  mlockall N  munlockall  shmctl N    the calls
 *   smaps  rollup  pm  minc               what smaps, pagemap and mincore say of it
 *   save NAME  delta                      how far /proc/vmstat's counters went since
 *   memlock N  uid N  write F TEXT  cat F  sh TEXT  echo TEXT  fork  sleep N  pause    (fork: the child goes on) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L

static char *p;			/* the mapping */
static size_t len;
static int fd = -1, shmid = -1;
static struct { char name[40]; long value; } saved[32];
static int nr_saved;

static void say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, r);
}

/* smaps: the lines of the VMAs that meet the mapping; smaps_rollup: all. Those that are 0 are left out. */
static void smaps(const char *file, int all)
{
	char line[4096], name[64];
	unsigned long from, to;
	FILE *f = fopen(file, "r");
	int ours = all;
	long kb;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			ours = all || (from < (unsigned long)p + len && to > (unsigned long)p);
			if (ours && !all)
				printf(" vma %.4s", strchr(line, ' ') + 1);
		} else if (ours && !strncmp(line, "VmFlags:", 8)) {
			printf(" [%.*s]\n", (int)strcspn(line, "\n") - 9, line + 9);
		} else if (ours && sscanf(line, "%63[^:]: %ld kB", name, &kb) == 2 && kb &&
			   !strstr(name, "PageSize") && strcmp(name, "Referenced") && strcmp(name, "Size")) {
			printf(" %s=%ld", name, kb);
		}
	}
	if (all)
		putchar('\n');
	fclose(f);
}

static void pagemap(void)
{
	static const struct { int bit; const char *name; } bits[] = {
		{ 63, "present" }, { 62, "swap" }, { 61, "file" }, { 56, "exclusive" }, { 55, "softdirty" },
	};
	int f = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	printf(" pagemap:");
	for (int b = 0; b < 5; b++) {
		long n = 0;

		for (size_t i = 0; i < len / PAGE; i++)
			if (pread(f, &entry, 8, ((uintptr_t)p / PAGE + i) * 8) == 8)
				n += entry >> bits[b].bit & 1;
		printf(" %s %ld", bits[b].name, n);
	}
	putchar('\n');
	close(f);
}

static void resident(void)
{
	unsigned char *vec = malloc(len / PAGE + 1);
	long n = 0;

	if (mincore(p, len, vec)) {
		say("mincore", -1);
	} else {
		for (size_t i = 0; i < len / PAGE; i++)
			n += vec[i] & 1;
		printf(" mincore %ld of %ld\n", n, (long)(len / PAGE));
	}
	free(vec);
}

static long counter(const char *wanted)
{
	FILE *f = fopen("/proc/vmstat", "r");
	long value, found = -1;
	char name[99];

	while (fscanf(f, "%98s %ld", name, &value) == 2)
		if (!strcmp(name, wanted))
			found = value;
	fclose(f);
	return found;
}

static void delta(void)
{
	printf(" delta:");
	for (int i = 0; i < nr_saved; i++) {
		long now = counter(saved[i].name);

		printf(" %s=%ld", saved[i].name, now - saved[i].value);
		saved[i].value = now;
	}
	putchar('\n');
}

static void map(size_t kb, int flags, int file)
{
	len = kb * 1024;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, file, 0);
	if (p == MAP_FAILED)
		say("mmap", -1);
}

static void map_file(const char *name, int flags)
{
	struct stat st;

	fd = open(name, O_RDWR);
	fstat(fd, &st);
	map(st.st_size / 1024, flags, fd);
}

static void map_shm(size_t kb)
{
	len = kb * 1024;
	shmid = shmget(IPC_PRIVATE, len, IPC_CREAT | 0600);
	p = shmat(shmid, NULL, 0);
	say("shm", p == (void *)-1 ? -1 : 0);
}

/* "w", "half", "r", "sum" */
static void touch(const char *how)
{
	size_t end = *how == 'h' ? len / 2 : len;
	long sum = 0;

	for (size_t at = 0; at < end; at += PAGE) {
		if (*how == 'w' || *how == 'h')
			((volatile char *)p)[at] = 1;
		else
			sum += ((volatile char *)p)[at];
	}
	if (*how == 's')
		printf("sum %ld\n", sum);
}

static void write_to(const char *file, const char *text)
{
	int f = open(file, O_WRONLY);

	if (f < 0 || write(f, text, strlen(text)) < 0)
		printf("write %s: %s\n", file, strerror(errno));
	close(f);
}

static void go_on_in_child(void)
{
	int status;

	fflush(stdout);
	if (!fork())
		return;
	wait(&status);
	exit(0);
}

/* The steps with one argument. 0: none of them */
static int step1(const char *a, const char *arg)
{
	long n = strtol(arg, NULL, 0);

	if (!strcmp(a, "anon")) map(n, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	else if (!strcmp(a, "shared")) map(n, MAP_SHARED | MAP_ANONYMOUS, -1);
	else if (!strcmp(a, "shm")) map_shm(n);
	else if (!strcmp(a, "file")) map_file(arg, MAP_SHARED);
	else if (!strcmp(a, "filep")) map_file(arg, MAP_PRIVATE);
	else if (!strcmp(a, "adv")) say("madvise", madvise(p, len, n));
	else if (!strcmp(a, "fadv")) errno = posix_fadvise(fd, 0, 0, n), say("fadvise", errno ? -1 : 0);
	else if (!strcmp(a, "prot")) say("mprotect", mprotect(p, len, n));
	else if (!strcmp(a, "remap")) say("mremap", (p = mremap(p, len, n * 1024, MREMAP_MAYMOVE), len = n * 1024, p == MAP_FAILED) ? -1 : 0);
	else if (!strcmp(a, "mlock2")) say("mlock2", syscall(SYS_mlock2, p, len, n));
	else if (!strcmp(a, "mlockall")) say("mlockall", mlockall(n));
	else if (!strcmp(a, "shmctl")) say("shmctl", shmctl(shmid, n, NULL));
	else if (!strcmp(a, "save")) strcpy(saved[nr_saved].name, arg), saved[nr_saved++].value = counter(arg);
	else if (!strcmp(a, "memlock")) say("setrlimit", setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ n * 1024, n * 1024 }));
	else if (!strcmp(a, "uid")) say("setuid", setuid(n));
	else if (!strcmp(a, "sh")) system(arg);
	else if (!strcmp(a, "echo")) puts(arg);
	else if (!strcmp(a, "sleep")) sleep(n);
	else return 0;
	return 1;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "w") || !strcmp(a, "half") || !strcmp(a, "r") || !strcmp(a, "sum")) touch(a);
		else if (!strcmp(a, "smaps")) smaps("/proc/self/smaps", 0);
		else if (!strcmp(a, "rollup")) smaps("/proc/self/smaps_rollup", 1);
		else if (!strcmp(a, "pm")) pagemap();
		else if (!strcmp(a, "minc")) resident();
		else if (!strcmp(a, "delta")) delta();
		else if (!strcmp(a, "mlock")) say("mlock", mlock(p, len));
		else if (!strcmp(a, "munlock")) say("munlock", munlock(p, len));
		else if (!strcmp(a, "munlockall")) say("munlockall", munlockall());
		else if (!strcmp(a, "unmap")) munmap(p, len);
		else if (!strcmp(a, "fork")) go_on_in_child();
		else if (!strcmp(a, "pause")) pause();
		else if (!strcmp(a, "anonf") && i + 2 < argc) map(atol(argv[i + 1]), MAP_PRIVATE | MAP_ANONYMOUS | strtol(argv[i + 2], NULL, 0), -1), i += 2;
		else if (!strcmp(a, "write") && i + 2 < argc) write_to(argv[i + 1], argv[i + 2]), i += 2;
		else if (i + 1 < argc && step1(a, argv[i + 1])) i++;
		else printf("memdo: %s?\n", a);
	}
	return 0;
}
