/*
 * hotcold anon|file FILE HOT COLD [anon|file FILE2] - a hot set of HOT MiB, used again and again, while COLD MiB go by once.
 *
 * The hot set is anonymous memory, or the beginning of FILE; the stream is FILE2 read once, or anonymous memory touched once.
 * Between two MiB of the stream all of the hot set is used. Says how much of the hot set had to be fetched again
 * (major faults, or pages that /proc/vmstat says came from the disk beyond the stream's own).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (1UL << 20)
static char buf[MIB];

static unsigned long vmstat(const char *name)
{
	char line[128];
	unsigned long value = 0;
	FILE *f = fopen("/proc/vmstat", "r");
	size_t len = strlen(name);

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			value = strtoul(line + len, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void read_mib(int fd, unsigned long at)
{
	if (pread(fd, buf, MIB, at * MIB) != (ssize_t)MIB) {
		perror("hotcold: read");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long hot, cold, pgpgin, refault_anon, refault_file, swapin;
	int hot_fd = -1, cold_fd = -1;
	char *area = NULL, *stream = NULL;
	struct rusage before, after;

	if (argc < 6)
		return 2;
	hot = strtoul(argv[3], NULL, 0);
	cold = strtoul(argv[4], NULL, 0);
	if (!strcmp(argv[1], "anon")) {
		area = mmap(NULL, hot * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(area, 1, hot * MIB);
	} else {
		hot_fd = open_or_die(argv[2]);
	}
	if (!strcmp(argv[5], "anon"))
		stream = mmap(NULL, cold * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		cold_fd = open_or_die(argv[6]);
	for (int round = 0; round < 2; round++)			/* twice: it is a working set */
		for (unsigned long at = 0; hot_fd >= 0 && at < hot; at++)
			read_mib(hot_fd, at);
	getrusage(RUSAGE_SELF, &before);
	pgpgin = vmstat("pgpgin");
	swapin = vmstat("pswpin");
	refault_anon = vmstat("workingset_refault_anon");
	refault_file = vmstat("workingset_refault_file");
	for (unsigned long i = 0; i < cold; i++) {
		if (stream)
			memset(stream + i * MIB, 2, MIB);
		else
			read_mib(cold_fd, i);
		for (unsigned long at = 0; at < hot; at++) {
			if (hot_fd >= 0)
				read_mib(hot_fd, at);
			for (unsigned long p = 0; area && p < MIB; p += 4096)
				area[at * MIB + p]++;
		}
	}
	getrusage(RUSAGE_SELF, &after);
	printf("hotcold: %lu MiB hot %s, %lu MiB cold %s: majflt +%ld, read %ld pages beyond the stream, pswpin +%lu, refaults anon +%lu file +%lu\n",
	       hot, argv[1], cold, argv[5], after.ru_majflt - before.ru_majflt,
	       (long)(vmstat("pgpgin") - pgpgin) / 4 - (cold_fd >= 0 ? (long)cold * 256 : 0) - (long)(vmstat("pswpin") - swapin),
	       vmstat("pswpin") - swapin, vmstat("workingset_refault_anon") - refault_anon,
	       vmstat("workingset_refault_file") - refault_file);
	return 0;
}
